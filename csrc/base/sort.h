/* base/sort.h: a stable parallel sort of (key, payload) pairs. How it works is in sort.c. */
#ifndef PT_BASE_SORT_H
#define PT_BASE_SORT_H

#include "base/ctx.h"

/* Sorts n pairs by key, ascending; pairs of equal keys keep their order. The result is in keys and payload; the two scratch
 * arrays (room for n each) hold garbage afterwards, and after a failure (no memory, cancelled) all four do. The order of the
 * result is fixed by the keys alone, so threads cannot change it. O(n) for keys spread over any one range; each further
 * level of crowding (many keys within 1/2048 of a range) costs one more pass. Input that is sorted already costs one pass.
 *
 * To sort by (major, minor): one call on major << b | minor where both fit in 64 bits together (subtract the minimum first),
 * which is several times cheaper than sorting by minor, gathering, and sorting by major. */
patron_status pt_sort_pairs(patron_ctx *ctx, int64_t n, uint64_t *keys, uint64_t *payload, uint64_t *scratch_keys,
                            uint64_t *scratch_payload, patron_error *error);

/* The same on the calling thread alone, for n <= PT_SORT_LOCAL: for a task that sorts its own chunk. Cannot fail. */
enum { PT_SORT_LOCAL = 1 << 16 };
void pt_sort_pairs_local(int64_t n, uint64_t *keys, uint64_t *payload, uint64_t *scratch_keys, uint64_t *scratch_payload);

/* A signed integer as an unsigned one of the same order. */
static inline uint64_t pt_order_int64(int64_t x) { return (uint64_t)x ^ (UINT64_C(1) << 63); }

#endif
