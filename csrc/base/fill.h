/* base/fill.h: filling a caller's array in parallel, all of it or nothing. */
#ifndef PT_BASE_FILL_H
#define PT_BASE_FILL_H

#include "base/ctx.h"

/* Computes out[0 .. n), values first .. first + n of the whole, on any thread. */
typedef void (*pt_fill)(const void *arg, int64_t first, int64_t n, double *out);

/* Fills out[0 .. n), which `arg` may name as an input of the same index too. When the work fails or is cancelled, out is
 * untouched: work that can be cancelled is gathered in a block of its own (8 n bytes) and copied at the end. */
patron_status pt_fill_doubles(patron_ctx *ctx, int64_t n, pt_fill fill, const void *arg, double *out, patron_error *error);

#endif
