/* Every function of patron/profile.h survives every refused allocation: text ids, many roles, orders that overlap, a window
 * of days and one of hours. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults_sweep.h"
#include "log_made.h"

/* Purchases of three users, at instants of their own, in orders that go on while others begin. */
static void make(world *w) {
    enum { N = 60 };
    made_row rows[N];
    uint64_t random = 4;
    const patron_log_options options = made_options(false);
    made_draw(rows, N, &(made_shape){3, 40, false, false, false}, &random);
    for (int i = 0; i < N; i++)
        if (i % 4 != 0) rows[i].event = 1;
    w->in = made_log_of(w->ctx, rows, N, AS_UTF8, 1, &options);
}

static void end(world *w) { patron_log_destroy(w->in); }

static patron_profile_options windows(void) {
    static const char *const names[] = {"2D", "36H"};
    patron_profile_options options;
    patron_profile_options_init(&options);
    options.windows = names;
    options.n_windows = 2;
    return options;
}

static patron_status computing(world *w, patron_error *error) {
    const patron_profile_options options = windows();
    return patron_profile_compute(w->in, &options, &w->out.table, error);
}

static patron_status defining(world *w, patron_error *error) {
    const patron_profile_options options = windows();
    return patron_profile_definitions(w->ctx, &options, &w->out.table, error);
}

static const scenario scenarios[] = {
    {.function = "patron_profile_compute", .call = computing},
    {.function = "patron_profile_definitions", .call = defining},
};

int main(void) { return SWEEP("patron/profile.h", scenarios, make, end); }
