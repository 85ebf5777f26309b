/* base/elementary.c: exp, log and log_gamma with the same bits at every vector width.
 *
 * Each function is one straight line of arithmetic without branches or tables: cases are computed side by side and selected, so
 * that the compiler can turn a loop over lanes into vectors (base/levels.h tells why the bits agree). Coefficients are
 * interpolations at Chebyshev nodes made with mpmath by tests/golden/make_elementary.py --coefficients; errors below are
 * those of the polynomials, measured errors of the whole functions follow in brackets.
 *
 * exp      x = k ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts of which the first has 42 bits, so that k times it is exact
 *          (Cody and Waite 1980, Software Manual for the Elementary Functions). What r loses in rounding is kept and added at
 *          the end: e^r = 1 + r + r^2 P(r), P of degree 10, error 3e-19, the sum 1 + r made exact. 2^k is applied in two
 *          factors, so that results round once when they become subnormal. [0.65 ulp, 0.77 where the result is subnormal]
 * log      x = 2^k m, sqrt(1/2) <= m < sqrt(2), f = m - 1, s = f / (2 + f): log m = 2 s + s^3 R(s^2)
 *          = f - f^2/2 + s (f^2/2 + s^2 R(s^2)), R of degree 6, error 5e-18 relative (the form of Ng's log in fdlibm,
 *          derived again). k ln 2 + f is summed exactly. [0.84 ulp]
 * log_gamma, x in
 *    (0, 0.5)     t = x          t P(t) - log(x (x + 1))        where t P(t) = log_gamma(2 + t), |t| <= 1/2,
 *    [0.5, 1.5)   t = x - 1      t P(t) - log(x)                P of degree 19, error 2e-17;
 *    [1.5, 8.5)   t = x - 2 - n  t P(t) + log((x-1)...(x-n))    n = floor(x - 1.5), an empty product being 1;
 *    [8.5, inf]   Stirling: (x - 1/2)(log x - 1) + (log(2 pi) - 1)/2 + W(1/x^2)/x, W of degree 5, error 2e-17.
 *          t is always exact, so the zeros at 1 and 2 keep their relative accuracy, and there is one log whatever the case.
 *          [6e-16 relative]
 *
 * Limits: rounding to nearest is assumed; floating-point exception flags mean nothing; every NaN comes out as the same one. */
#include "base/elementary.h"

#include "base/fill.h"
#include "base/levels.h"

#include <math.h>
#include <string.h>

static const double LN2_HIGH = 0x1.62e42fefa3800p-1, LN2_LOW = 0x1.ef35793c76730p-45, LOG2_E = 0x1.71547652b82fep+0;
static const double SHIFT = 0x1.8p52; /* adding it rounds to an integer, which then stands in the low bits */

static PT_INLINE uint64_t bits_of(double x) {
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static PT_INLINE double from_bits(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* condition ? a : b, by masks: a compiler that sees a choice may compute one side in a branch, and then cannot vectorise. */
static PT_INLINE double select(bool condition, double a, double b) {
    uint64_t mask = -(uint64_t)condition;
    return from_bits((bits_of(a) & mask) | (bits_of(b) & ~mask));
}

static PT_INLINE double exp_one(double x) {
    double bounded = select(x > 800, 800, select(x < -800, -800, x)); /* beyond, the result is infinite or zero already */
    double shifted = fma(bounded, LOG2_E, SHIFT);
    double k = shifted - SHIFT;
    double high = fma(-k, LN2_HIGH, bounded); /* exact */
    double low = k * LN2_LOW;
    double r = high - low;
    double rest = (high - r) - low;
    double p = 0x1.1f72fc83bcbc7p-29;
    p = fma(p, r, 0x1.af4ddda1c08cdp-26);
    p = fma(p, r, 0x1.27e4db67ac2b0p-22);
    p = fma(p, r, 0x1.71de0237484cdp-19);
    p = fma(p, r, 0x1.a01a01a6d7831p-16);
    p = fma(p, r, 0x1.a01a01abe6323p-13);
    p = fma(p, r, 0x1.6c16c16c162d6p-10);
    p = fma(p, r, 0x1.11111111100dfp-7);
    p = fma(p, r, 0x1.5555555555556p-5);
    p = fma(p, r, 0x1.5555555555557p-3);
    p = fma(p, r, 0.5);
    double tail = fma(r * r, p, rest);
    double sum = 1 + r;
    double mantissa = sum + (((1 - sum) + r) + tail);
    uint64_t biased = bits_of(shifted) - bits_of(SHIFT) + 2048; /* k + 2048 > 0 */
    uint64_t half = biased >> 1;
    double y = mantissa * from_bits((half - 1) << 52) * from_bits((biased - half - 1) << 52);
    return select(x != x, PT_NAN, y);
}

static PT_INLINE double log_one(double x) {
    double normal = select(x < 0x1p-1022, x * 0x1p54, x);
    uint64_t u = bits_of(normal);
    uint64_t split = u - (UINT64_C(0x3fe6a09e667f3bcd) - (UINT64_C(1023) << 52)); /* exponent field: 1023 + k */
    double m = from_bits(u - (split & UINT64_C(0xfff0000000000000)) + (UINT64_C(1023) << 52));
    double k = from_bits((split >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    k -= select(x < 0x1p-1022, 54, 0);
    double f = m - 1;
    double s = f / (2 + f);
    double z = s * s;
    double p = 0x1.2b584e280d258p-3;
    p = fma(p, z, 0x1.39fe601d4a8bep-3);
    p = fma(p, z, 0x1.7462b4ad593f7p-3);
    p = fma(p, z, 0x1.c71c62e5786e8p-3);
    p = fma(p, z, 0x1.2492492df14ecp-2);
    p = fma(p, z, 0x1.99999999952e2p-2);
    p = fma(p, z, 0x1.5555555555558p-1);
    double square = 0.5 * f * f;
    double correction = fma(s, fma(z, p, square), k * LN2_LOW);
    double high = k * LN2_HIGH; /* exact */
    double sum = high + f;
    double rest = (high - sum) + f;
    double y = sum + ((correction - square) + rest);
    y = select(x == (double)INFINITY, x, y);
    y = select(x == 0, -(double)INFINITY, y);
    return select(x >= 0, y, PT_NAN);
}

static PT_INLINE double log_gamma_one(double x) {
    double t = select(x < 0.5, x, select(x < 1.5, x - 1, x - 2));
    double product = select(x < 0.5, x * (x + 1), select(x < 1.5, x, 1));
    for (int j = 1; j <= 6; j++) {
        product *= select(x >= j + 1.5, x - j, 1);
        t -= select(x >= j + 1.5, 1, 0);
    }
    double logarithm = log_one(select(x < 8.5, product, x));

    double p = 0x1.11fa5e7c86f7bp-24;
    p = fma(p, t, -0x1.2009c1a550d0dp-23);
    p = fma(p, t, 0x1.b40adb09a1e12p-23);
    p = fma(p, t, -0x1.ce17528bcf460p-22);
    p = fma(p, t, 0x1.012012be3900ap-20);
    p = fma(p, t, -0x1.1276ebd557fb0p-19);
    p = fma(p, t, 0x1.258f3057730fap-18);
    p = fma(p, t, -0x1.3cb3be36ad88bp-17);
    p = fma(p, t, 0x1.580e0afa55850p-16);
    p = fma(p, t, -0x1.78de9ab752b81p-15);
    p = fma(p, t, 0x1.a127afee53e7dp-14);
    p = fma(p, t, -0x1.d3fd4b679c1c4p-13);
    p = fma(p, t, 0x1.0b36af8779ca0p-11);
    p = fma(p, t, -0x1.38ac5c2d48207p-10);
    p = fma(p, t, 0x1.7add6eadb5317p-9);
    p = fma(p, t, -0x1.e404fc218dbaep-8);
    p = fma(p, t, 0x1.51322ac7d848ap-6);
    p = fma(p, t, -0x1.13e001a55760ap-4);
    p = fma(p, t, 0x1.4a34cc4a60fa6p-2);
    p = fma(p, t, 0x1.b0ee6072093cep-2);
    double small = fma(t, p, select(x < 1.5, -logarithm, logarithm));

    double z = 1 / x;
    double y = z * z;
    double w = -0x1.b84f79b69de1ap-10;
    w = fma(w, y, 0x1.b772ce6c2e4fdp-11);
    w = fma(w, y, -0x1.381020169c426p-11);
    w = fma(w, y, 0x1.a019fed813bdfp-11);
    w = fma(w, y, -0x1.6c16c16be0ed7p-9);
    w = fma(w, y, 0x1.5555555555554p-4);
    double large = fma(x - 0.5, logarithm - 1, fma(z, w, 0x1.acfe390c97d69p-2));

    return select(x >= 0, select(x < 8.5, small, large), PT_NAN);
}

double pt_exp(double x) { return exp_one(x); }
double pt_log(double x) { return log_one(x); }
double pt_log_gamma(double x) { return log_gamma_one(x); }

/* The array kernels: sixteen values at a time by way of a local array, so that x and y may be the same; the last ones padded.
 * Loops copy, not memcpy: a compiler may copy in narrower pieces than the vectors that follow, and each then waits for them. */
#define ARRAY_BODY(name)                                                                                                       \
    static PT_INLINE void name##_body(int64_t n, const double *x, double *y) {                                                 \
        double lanes[PT_LANES];                                                                                                \
        int64_t i = 0;                                                                                                         \
        for (; i + PT_LANES <= n; i += PT_LANES) {                                                                             \
            for (int l = 0; l < PT_LANES; l++) lanes[l] = name##_one(x[i + l]);                                                \
            for (int l = 0; l < PT_LANES; l++) y[i + l] = lanes[l];                                                            \
        }                                                                                                                      \
        if (i == n) return;                                                                                                    \
        for (int l = 0; l < PT_LANES; l++) lanes[l] = i + l < n ? x[i + l] : 0;                                                \
        for (int l = 0; l < PT_LANES; l++) lanes[l] = name##_one(lanes[l]);                                                    \
        for (int l = 0; i + l < n; l++) y[i + l] = lanes[l];                                                                   \
    }                                                                                                                          \
    static void name##_plain(int64_t n, const double *x, double *y) { name##_body(n, x, y); }                                  \
    PT_AVX2 static void name##_avx2(int64_t n, const double *x, double *y) { name##_body(n, x, y); }                           \
    PT_AVX512 static void name##_avx512(int64_t n, const double *x, double *y) { name##_body(n, x, y); }                       \
    void pt_##name##_array(pt_cpu cpu, int64_t n, const double *x, double *y) { PT_LEVEL(cpu, name)(n, x, y); }

ARRAY_BODY(exp)
ARRAY_BODY(log)
ARRAY_BODY(log_gamma)

typedef struct request {
    void (*kernel)(pt_cpu cpu, int64_t n, const double *x, double *y);
    pt_cpu cpu;
    const double *x;
} request;

static void fill_values(const void *arg, int64_t first, int64_t n, double *out) {
    const request *work = arg;
    work->kernel(work->cpu, n, work->x + first, out);
}

static patron_status apply(patron_ctx *ctx, const char *what, void (*kernel)(pt_cpu, int64_t, const double *, double *),
                           int64_t n, const double *x, double *y, patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "%s of %lld values; expected 0 or more", what, (long long)n);
    if (n > 0 && (x == NULL || y == NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "%s of %lld values: %s is NULL; expected an array", what, (long long)n,
                       x == NULL ? "x" : "y");
    request work = {kernel, ctx->cpu, x};
    return pt_fill_doubles(ctx, n, fill_values, &work, y, error);
}

patron_status patron_math_exp(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error) {
    return apply(ctx, "exp", pt_exp_array, n, x, y, error);
}

patron_status patron_math_log(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error) {
    return apply(ctx, "log", pt_log_array, n, x, y, error);
}

patron_status patron_math_log_gamma(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error) {
    return apply(ctx, "log_gamma", pt_log_gamma_array, n, x, y, error);
}
