/* base/merge_sort.h: a stable sort by comparison, for what a radix sort cannot see: long text, ties broken on content. */
#ifndef PT_BASE_MERGE_SORT_H
#define PT_BASE_MERGE_SORT_H

#include "base/ctx.h"

/* Negative, zero or positive as item a comes before, with or after item b. */
typedef int (*pt_compare)(const void *state, uint64_t a, uint64_t b);

/* Sorts n items; scratch has room for n. poll: asked for cancel now and then when called on the calling thread, else NULL. */
patron_status pt_merge_sort(patron_ctx *poll, int64_t n, uint64_t *items, uint64_t *scratch, pt_compare compare,
                            const void *state, patron_error *error);

#endif
