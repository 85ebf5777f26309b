/* base/exact.h: exact sums of 64-bit integers in 128 bits.
 *
 * What merges is held in integers (money in millionths of a unit), so a sum does not depend on the order or the grouping of
 * what went in, and what is taken out leaves no trace. 2^64 additions of any int64 fit. The struct is two plain words,
 * least significant first, without padding: it goes into files as it is.
 *
 *     pt_sum128 sum = {0};
 *     for (int64_t i = 0; i < n; i++) pt_sum128_add(&sum, millionths[i]);
 *     double total = pt_sum128_over(sum, PT_MILLION), mean = pt_sum128_over(sum, PT_MILLION * (uint64_t)n);
 */
#ifndef PT_BASE_EXACT_H
#define PT_BASE_EXACT_H

#include "base/ratio.h"

#include <stdint.h>

#define PT_MILLION UINT64_C(1000000)

typedef struct pt_sum128 {
    uint64_t low;
    int64_t high;
} pt_sum128;

static inline __int128 pt_sum128_value(pt_sum128 s) { return (__int128)((unsigned __int128)(uint64_t)s.high << 64 | s.low); }

static inline pt_sum128 pt_sum128_from(__int128 value) {
    return (pt_sum128){(uint64_t)value, (int64_t)(uint64_t)((unsigned __int128)value >> 64)};
}

static inline void pt_sum128_merge(pt_sum128 *s, pt_sum128 other) {
    unsigned __int128 sum = (unsigned __int128)pt_sum128_value(*s) + (unsigned __int128)pt_sum128_value(other);
    *s = pt_sum128_from((__int128)sum);
}

static inline void pt_sum128_add(pt_sum128 *s, int64_t x) { pt_sum128_merge(s, (pt_sum128){(uint64_t)x, x < 0 ? -1 : 0}); }

/* Takes back what was added or merged. */
static inline void pt_sum128_remove(pt_sum128 *s, pt_sum128 other) {
    unsigned __int128 sum = (unsigned __int128)pt_sum128_value(*s) - (unsigned __int128)pt_sum128_value(other);
    *s = pt_sum128_from((__int128)sum);
}

static inline void pt_sum128_subtract(pt_sum128 *s, int64_t x) {
    pt_sum128_remove(s, (pt_sum128){(uint64_t)x, x < 0 ? -1 : 0});
}

/* -1, 0 or 1 as a is less than, equal to or greater than b. */
static inline int pt_sum128_compare(pt_sum128 a, pt_sum128 b) {
    __int128 x = pt_sum128_value(a), y = pt_sum128_value(b);
    return (x > y) - (x < y);
}

/* s / divisor, correctly rounded (to nearest, ties to even); divisor > 0. */
static inline double pt_sum128_over(pt_sum128 s, uint64_t divisor) { return pt_ratio(pt_sum128_value(s), divisor); }

#endif
