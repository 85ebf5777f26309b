/* base/reduce.c: floating-point sums in a fixed order.
 *
 * Addition does not associate, so the order of the additions is part of the result and is fixed here, by the data alone:
 *
 *     values    x0 x1 x2 ... x15 | x16 x17 ... x31 | ...                 one chunk: up to 65,536 values
 *     lane l    ((x[l] + x[l + 16]) + x[l + 32]) + ...                   sixteen lanes, each starting from +0
 *     chunk     lane l + lane l + 8, then + 4, + 2, + 1                  a tree over the lanes
 *     sum       the chunks' results, in chunk order, are summed by the same rule, until one is left
 *
 * Sixteen lanes fill two AVX-512 registers, four of AVX2, eight of SSE2 or NEON. A last row that is not full adds +0 to the
 * other lanes, which changes nothing since no lane can be -0. A sum that is NaN is always the same NaN. */
#include "base/reduce.h"

#include "base/levels.h"

#include <string.h>

static PT_INLINE double sum_body(int64_t n, const double *x) {
    double lanes[PT_LANES] = {0};
    int64_t i = 0;
    for (; i + PT_LANES <= n; i += PT_LANES)
        for (int l = 0; l < PT_LANES; l++) lanes[l] += x[i + l];
    double last[PT_LANES] = {0};
    if (i < n) memcpy(last, x + i, (size_t)(n - i) * sizeof *x);
    for (int l = 0; l < PT_LANES; l++) lanes[l] += last[l];
    for (int width = PT_LANES / 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lanes[l] += lanes[l + width];
    return lanes[0] != lanes[0] ? PT_NAN : lanes[0];
}

static double sum_plain(int64_t n, const double *x) { return sum_body(n, x); }
PT_AVX2 static double sum_avx2(int64_t n, const double *x) { return sum_body(n, x); }
PT_AVX512 static double sum_avx512(int64_t n, const double *x) { return sum_body(n, x); }

double pt_sum(pt_cpu cpu, int64_t n, const double *x) { return PT_LEVEL(cpu, sum)(n, x); }

typedef struct job {
    pt_cpu cpu;
    int64_t n;
    const double *x;
    double *parts;
} job;

static patron_status sum_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const job *work = arg;
    int64_t first = chunk * PT_SUM_CHUNK;
    int64_t n = work->n - first < PT_SUM_CHUNK ? work->n - first : PT_SUM_CHUNK;
    work->parts[chunk] = pt_sum(work->cpu, n, work->x + first);
    return PATRON_OK;
}

patron_status patron_math_sum(patron_ctx *ctx, int64_t n, const double *x, double *out, patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "sum of %lld values; expected 0 or more", (long long)n);
    if (n > 0 && x == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "sum of %lld values: x is NULL; expected an array", (long long)n);
    patron_status status = PATRON_OK;
    double *parts = NULL, *above = NULL;
    while (n > PT_SUM_CHUNK) {
        int64_t n_parts = pt_chunks(n, PT_SUM_CHUNK);
        PT_TRY(pt_alloc(ctx, &above, n_parts, sizeof *above, error));
        job work = {ctx->cpu, n, x, above};
        PT_TRY(pt_parallel(ctx, n_parts, sum_chunk, &work, error));
        pt_free(ctx, parts);
        parts = above;
        above = NULL;
        x = parts;
        n = n_parts;
    }
    *out = pt_sum(ctx->cpu, n, x);
cleanup:
    pt_free(ctx, above);
    pt_free(ctx, parts);
    return status;
}
