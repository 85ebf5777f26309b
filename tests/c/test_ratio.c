/* Quotients of wide integers: the double that comes back must be no farther from the truth than its neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ratio.h"

#include <math.h>
#include <stdbool.h>

typedef unsigned __int128 wide;

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Long division, bit by bit, until the quotient has 53 bits; then rounds by looking at what is left. */
static double twin(wide numerator, wide denominator) {
    if (numerator == 0) return 0;
    int exponent = 0;
    while (numerator / denominator >= UINT64_C(1) << 53) {
        if (denominator >> 126) return NAN; /* out of this twin's reach */
        denominator <<= 1;
        exponent++;
    }
    wide quotient = numerator / denominator, left = numerator % denominator;
    while (quotient < UINT64_C(1) << 52) {
        left <<= 1;
        quotient = quotient << 1 | (left >= denominator);
        if (left >= denominator) left -= denominator;
        exponent--;
    }
    if (2 * left > denominator || (2 * left == denominator && quotient & 1)) quotient++;
    return ldexp((double)(uint64_t)quotient, exponent);
}

static void quotients_are_rounded_once(void **state) {
    (void)state;
    uint64_t seed = 5;
    int64_t inside = 0;
    for (int i = 0; i < 200000; i++) {
        wide numerator = ((wide)next_random(&seed) << 64 | next_random(&seed)) >> (1 + next_random(&seed) % 127);
        wide denominator = ((wide)next_random(&seed) << 64 | next_random(&seed)) >> (56 + next_random(&seed) % 72);
        if (i % 4 == 0) denominator = 1000000;
        if (i % 4 == 1) denominator = (wide)1 << next_random(&seed) % 20; /* ties are common */
        if (denominator == 0) continue;
        double wanted = twin(numerator, denominator);
        if (isnan(wanted)) continue;
        inside++;
        assert_true(pt_ratio((__int128)numerator, denominator) == wanted);
        assert_true(pt_ratio(-(__int128)numerator, denominator) == -wanted);
        assert_true(pt_ratio_wide((__int128)numerator, denominator) == wanted);
    }
    assert_true(inside > 150000);
}

static void the_ends_of_the_range_are_right(void **state) {
    (void)state;
    const __int128 largest = (__int128)(((wide)1 << 127) - 1);
    assert_true(pt_ratio(0, 7) == 0 && !signbit(pt_ratio(0, 7)));
    assert_true(pt_ratio_wide(0, 7) == 0);
    assert_true(pt_ratio(largest, 1) == ldexp(1, 127));
    assert_true(pt_ratio(-largest - 1, 1) == -ldexp(1, 127));
    assert_true(pt_ratio(1, ((wide)1 << 72) - 1) == ldexp(1, -72));
    assert_true(pt_ratio((INT64_C(1) << 53) + 1, 1) == 0x1p53);     /* a tie goes to even */
    assert_true(pt_ratio((INT64_C(1) << 53) + 3, 1) == 0x1p53 + 4); /* also upwards */
    assert_true(pt_ratio(1999999, 1000000) == 1.999999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotients_are_rounded_once),
        cmocka_unit_test(the_ends_of_the_range_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
