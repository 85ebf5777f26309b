/* base/ratio.c: a correctly rounded quotient of wide integers.
 *
 * The numerator is shifted to its full 128 bits, so that the whole-number quotient has at least 128 - 72 = 56 bits: the 53 of
 * a double, one to round by, and at least two more, the last of which also takes the remainder ("sticky": set when anything is
 * left). Turning that integer into a double is then the only rounding, and the shift is undone exactly. */
#include "base/ratio.h"

#include <math.h>

double pt_ratio_wide(__int128 numerator, unsigned __int128 denominator) {
    if (numerator == 0) return 0.0;
    unsigned __int128 n = numerator < 0 ? -(unsigned __int128)numerator : (unsigned __int128)numerator;
    uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;
    int shift = high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll(low);
    n <<= shift;
    unsigned __int128 quotient = n / denominator;
    quotient |= quotient * denominator != n;
    double result = ldexp((double)quotient, -shift);
    return numerator < 0 ? -result : result;
}
