/* base/ratio.h: exact integer sums become one floating-point number, rounded once. */
#ifndef PT_BASE_RATIO_H
#define PT_BASE_RATIO_H

#include <stdint.h>

/* numerator / denominator, rounded to nearest, ties to even. 0 < denominator < 2^72; any numerator. */
double pt_ratio_wide(__int128 numerator, unsigned __int128 denominator);

static inline double pt_ratio(__int128 numerator, unsigned __int128 denominator) {
    const int64_t exact = INT64_C(1) << 53; /* both are doubles as they stand, and a division of doubles rounds once */
    if (numerator <= exact && numerator >= -exact && denominator <= (uint64_t)exact)
        return (double)(int64_t)numerator / (double)(int64_t)denominator;
    return pt_ratio_wide(numerator, denominator);
}

#endif
