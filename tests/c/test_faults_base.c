/* Every function of patron/base.h and patron/file.h survives every refused allocation and every failing file operation. Arrays
 * are long enough for the pool, and for sorting and summing over more than one level. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults_sweep.h"

enum { N = 140000 };

typedef struct arrays {
    double x[N];
    int64_t keys[N];
} arrays;

static void make(world *w) {
    arrays *in = malloc(sizeof *in);
    uint64_t draw = 88172645463325252u;
    assert_non_null(in);
    for (int i = 0; i < N; i++) {
        draw ^= draw << 13, draw ^= draw >> 7, draw ^= draw << 17;
        in->x[i] = (double)(draw >> 40) / 65536 + 0.5;
        in->keys[i] = i % 3 == 0 ? (int64_t)(draw >> 8) : (int64_t)(draw >> 62);
    }
    w->in = in;
    w->n_values = N * sizeof(double);
    w->values = malloc(w->n_values);
    snprintf(w->path, sizeof w->path, "%s/any.patron", w->folder);
    assert_int_equal(sample_save(w->ctx, 1, w->path, NULL), PATRON_OK);
}

static void end(world *w) { free(w->in); }

static patron_status creating_a_context(world *w, patron_error *error) {
    patron_allocator allocator = faults_allocator(&w->memory);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.allocator = &allocator;
    options.threads = 3;
    return patron_ctx_create(&options, &w->out.ctx, error);
}

static patron_status setting_threads(world *w, patron_error *error) { return patron_ctx_set_threads(w->ctx, 2, error); }

static uint64_t subject_threads(world *w) { return (uint64_t)patron_ctx_threads(w->ctx); }

static patron_status exponentials(world *w, patron_error *error) {
    return patron_math_exp(w->ctx, N, ((arrays *)w->in)->x, (double *)(void *)w->values, error);
}

static patron_status logarithms(world *w, patron_error *error) {
    return patron_math_log(w->ctx, N, ((arrays *)w->in)->x, (double *)(void *)w->values, error);
}

static patron_status log_gammas(world *w, patron_error *error) {
    return patron_math_log_gamma(w->ctx, N, ((arrays *)w->in)->x, (double *)(void *)w->values, error);
}

static patron_status summing(world *w, patron_error *error) {
    return patron_math_sum(w->ctx, N, ((arrays *)w->in)->x, (double *)(void *)w->values, error);
}

static patron_status sorting(world *w, patron_error *error) {
    return patron_sort_order(w->ctx, N, ((arrays *)w->in)->keys, (int64_t *)(void *)w->values, error);
}

static patron_status drawing(world *w, patron_error *error) {
    return patron_random_uniform(w->ctx, 1, 2, 3, N, (double *)(void *)w->values, error);
}

static patron_status inspecting(world *w, patron_error *error) {
    return patron_file_inspect(w->ctx, w->path, &w->out.info, error);
}

static patron_status verifying(world *w, patron_error *error) { return patron_file_verify(w->ctx, w->path, error); }

/* `optional`: the pool, without which the calling thread does it all. */
static const scenario scenarios[] = {
    {.function = "patron_ctx_create", .call = creating_a_context},
    {.function = "patron_ctx_set_threads", .call = setting_threads, .subject = subject_threads, .nothing = true},
    {.function = "patron_math_exp", .call = exponentials, .optional = 1},
    {.function = "patron_math_log", .call = logarithms, .optional = 1},
    {.function = "patron_math_log_gamma", .call = log_gammas, .optional = 1},
    {.function = "patron_math_sum", .call = summing, .optional = 1},
    {.function = "patron_sort_order", .call = sorting, .optional = 1},
    {.function = "patron_random_uniform", .call = drawing, .optional = 1},
    {.function = "patron_file_inspect", .call = inspecting},
    {.function = "patron_file_verify", .call = verifying},
};

int main(void) { return SWEEP("patron/base.h, patron/file.h", scenarios, make, end); }
