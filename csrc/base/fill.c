/* base/fill.c: filling a caller's array in parallel, all of it or nothing.
 *
 * A chunk is 2^14 values: under 2 ms for the slowest kernel at its slowest level. One chunk needs neither the pool nor a
 * block: between its beginning and its end nobody asks whether to stop. Without a cancel callback nothing can fail
 * once the work has begun, so the values go straight to their place. */
#include "base/fill.h"

#include <string.h>

enum { CHUNK = 1 << 14 };

typedef struct job {
    pt_fill fill;
    const void *arg;
    int64_t n;
    double *out;
} job;

static patron_status fill_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const job *work = arg;
    int64_t first = chunk * CHUNK;
    int64_t n = work->n - first < CHUNK ? work->n - first : CHUNK;
    work->fill(work->arg, first, n, work->out + first);
    return PATRON_OK;
}

patron_status pt_fill_doubles(patron_ctx *ctx, int64_t n, pt_fill fill, const void *arg, double *out, patron_error *error) {
    if (n <= CHUNK) {
        if (n > 0) fill(arg, 0, n, out);
        return PATRON_OK;
    }
    patron_status status;
    double *block = NULL;
    if (ctx->cancelled != NULL) PT_TRY(pt_alloc(ctx, &block, n, sizeof *block, error));
    job work = {fill, arg, n, block != NULL ? block : out};
    PT_TRY(pt_parallel(ctx, pt_chunks(n, CHUNK), fill_chunk, &work, error));
    if (block != NULL) memcpy(out, block, (size_t)n * sizeof *out);
cleanup:
    pt_free(ctx, block);
    return status;
}
