/* profile/code_set.h: which codes a user has had, each with a number of the caller's choice.
 *
 * A table of open addressing that is emptied by counting up a generation, not by writing: an entry whose generation is an older
 * one is free. It is as wide as this user needs (at least two places a code), so the few codes of most users stay in the
 * first-level cache, whatever the heaviest user once needed. */
#ifndef PT_PROFILE_CODE_SET_H
#define PT_PROFILE_CODE_SET_H

#include "base/ctx.h"

typedef struct pt_code_set {
    uint64_t *entries; /* generation << 32 | code */
    uint32_t *numbers;
    int64_t capacity; /* a power of two */
    uint32_t generation;
    int shift; /* 64 - log2(places in use now) */
} pt_code_set;

/* Makes it empty, with room for n_codes. Fewer than 2^32 - 1 times in a life. */
static inline patron_status pt_code_set_begin(patron_ctx *ctx, pt_code_set *set, int64_t n_codes, patron_error *error) {
    int log2 = 4;
    while ((INT64_C(1) << log2) < 2 * n_codes) log2++;
    const int64_t places = INT64_C(1) << log2;
    if (places > set->capacity) {
        uint64_t *entries;
        uint32_t *numbers;
        patron_status status = pt_alloc_zero(ctx, &entries, places, sizeof *entries, error);
        if (status != PATRON_OK) return status;
        status = pt_alloc(ctx, &numbers, places, sizeof *numbers, error);
        if (status != PATRON_OK) {
            pt_free(ctx, entries);
            return status;
        }
        pt_free(ctx, set->entries);
        pt_free(ctx, set->numbers);
        *set = (pt_code_set){entries, numbers, places, 0, 0};
    }
    set->generation++;
    set->shift = 64 - log2;
    return PATRON_OK;
}

static inline void pt_code_set_fini(patron_ctx *ctx, pt_code_set *set) {
    pt_free(ctx, set->entries);
    pt_free(ctx, set->numbers);
}

/* The number of a code: `fresh`, which it keeps from now on, when it is new. */
static inline uint32_t pt_code_set_add(pt_code_set *set, int32_t code, uint32_t fresh) {
    const uint64_t entry = (uint64_t)set->generation << 32 | (uint32_t)code, mask = ~UINT64_C(0) >> set->shift;
    for (uint64_t at = ((uint64_t)(uint32_t)code * UINT64_C(0x9e3779b97f4a7c15)) >> set->shift;; at = (at + 1) & mask) {
        if (set->entries[at] == entry) return set->numbers[at];
        if (set->entries[at] >> 32 != set->generation) {
            set->entries[at] = entry;
            return set->numbers[at] = fresh;
        }
    }
}

#endif
