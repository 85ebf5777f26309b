/* Every function of patron/segment.h survives every refused allocation and every failing file operation. There are more
 * customers than are scored without room of their own. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults_sweep.h"

enum { N = 140000 };

typedef struct customers {
    double recency[N], frequency[N], monetary[N];
    patron_rfm *rfm, *other;
    patron_bytes *bytes; /* of `other` */
    char saved[192];     /* where they are */
} customers;

static patron_rfm *fit(patron_ctx *ctx, const customers *in, int bins) {
    patron_rfm *rfm = NULL;
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.bins = bins;
    assert_int_equal(patron_rfm_fit(ctx, 1000, in->recency, in->frequency, in->monetary, &options, &rfm, NULL), PATRON_OK);
    return rfm;
}

static void make(world *w) {
    customers *in = malloc(sizeof *in);
    assert_non_null(in);
    for (int i = 0; i < N; i++) {
        in->recency[i] = i * 7 % 365;
        in->frequency[i] = i * 3 % 11;
        in->monetary[i] = i * 13 % 1009 / 4.0;
    }
    in->rfm = fit(w->ctx, in, 5);
    in->other = fit(w->ctx, in, 4);
    assert_int_equal(patron_rfm_to_bytes(in->other, &in->bytes, NULL), PATRON_OK);
    snprintf(in->saved, sizeof in->saved, "%s/saved.patron", w->folder);
    world_put(in->saved, patron_bytes_data(in->bytes), (size_t)patron_bytes_size(in->bytes));
    w->in = in;
    w->n_values = 4 * (size_t)N;
    w->values = malloc(w->n_values);
}

static void end(world *w) {
    customers *in = w->in;
    patron_bytes_destroy(in->bytes);
    patron_rfm_destroy(in->rfm);
    patron_rfm_destroy(in->other);
    free(in);
}

static void over_another(world *w) {
    const customers *in = w->in;
    snprintf(w->path, sizeof w->path, "%s/rfm.patron", w->folder);
    world_put(w->path, patron_bytes_data(in->bytes), (size_t)patron_bytes_size(in->bytes));
}

static void for_the_first_time(world *w) {
    snprintf(w->path, sizeof w->path, "%s/rfm.patron", w->folder);
    unlink(w->path);
}

static void what_was_saved(world *w) { memcpy(w->path, ((const customers *)w->in)->saved, sizeof w->path); }

static patron_status fitting(world *w, patron_error *error) {
    const customers *in = w->in;
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.recency_column = "days";
    options.frequency_column = "orders";
    options.monetary_column = "avg_basket";
    return patron_rfm_fit(w->ctx, N, in->recency, in->frequency, in->monetary, &options, &w->out.rfm, error);
}

static patron_status predicting(world *w, patron_error *error) {
    const customers *in = w->in;
    return patron_rfm_predict(in->rfm, N, in->recency, in->frequency, in->monetary, w->values, w->values + N, w->values + 2 * N,
                              w->values + 3 * N, error);
}

static patron_status thresholds(world *w, patron_error *error) {
    return patron_rfm_thresholds(((customers *)w->in)->rfm, "monetary", &w->out.cuts, &w->out.n_cuts, error);
}

static patron_status saving(world *w, patron_error *error) {
    return patron_rfm_save(((customers *)w->in)->rfm, w->path, error);
}

static patron_status loading(world *w, patron_error *error) { return patron_rfm_load(w->ctx, w->path, &w->out.rfm, error); }

static patron_status to_bytes(world *w, patron_error *error) {
    return patron_rfm_to_bytes(((customers *)w->in)->rfm, &w->out.bytes, error);
}

static patron_status from_bytes(world *w, patron_error *error) {
    const patron_bytes *bytes = ((customers *)w->in)->bytes;
    return patron_rfm_from_bytes(w->ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &w->out.rfm, error);
}

/* `optional`: the pool, without which the calling thread does it all. */
static const scenario scenarios[] = {
    {.function = "patron_rfm_fit", .call = fitting, .optional = 1},
    {.function = "patron_rfm_predict", .call = predicting, .optional = 1},
    {.function = "patron_rfm_thresholds", .call = thresholds, .nothing = true},
    {.function = "patron_rfm_save", .what = "over another", .call = saving, .ready = over_another},
    {.function = "patron_rfm_save", .what = "for the first time", .call = saving, .ready = for_the_first_time},
    {.function = "patron_rfm_load", .call = loading, .ready = what_was_saved},
    {.function = "patron_rfm_to_bytes", .call = to_bytes},
    {.function = "patron_rfm_from_bytes", .call = from_bytes},
};

int main(void) { return SWEEP("patron/segment.h", scenarios, make, end); }
