/* RFM against slow twins, its promises on ties, and its file. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "contexts.h"
#include "file_samples.h"
#include "patron.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH(array) (int64_t)(sizeof(array) / sizeof *(array))

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t below(uint64_t *state, int64_t n) { return (int64_t)(next_random(state) % (uint64_t)n); }

typedef struct customers {
    int64_t n;
    double *x[3];
    uint8_t *scores[4]; /* r, f, m, segment */
} customers;

/* Few distinct values, some customers who never bought, negative money. */
static customers random_customers(uint64_t *seed, int64_t n, int64_t variety) {
    customers c = {.n = n};
    for (int k = 0; k < 3; k++) c.x[k] = calloc((size_t)n, sizeof(double));
    for (int k = 0; k < 4; k++) c.scores[k] = calloc((size_t)n, 1);
    for (int64_t i = 0; i < n; i++) {
        c.x[0][i] = (double)below(seed, variety) / 8;
        c.x[1][i] = (double)(1 + below(seed, variety) * below(seed, 2));
        c.x[2][i] = (double)(below(seed, variety) - 3) * 1.25;
        if (c.x[2][i] == 0 && below(seed, 2)) c.x[2][i] = -0.0;
        int64_t lot = below(seed, 20);
        if (lot == 0) c.x[0][i] = NAN;
        if (lot == 1) c.x[1][i] = 0;
        if (lot == 2) c.x[2][i] = NAN;
        if (lot == 3) c.x[1][i] = NAN;
    }
    return c;
}

static void customers_free(customers *c) {
    for (int k = 0; k < 3; k++) free(c->x[k]);
    for (int k = 0; k < 4; k++) free(c->scores[k]);
}

static patron_rfm *fit(patron_ctx *ctx, const customers *c, int bins) {
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.bins = bins;
    patron_rfm *rfm = NULL;
    patron_error error = {0};
    if (patron_rfm_fit(ctx, c->n, c->x[0], c->x[1], c->x[2], &options, &rfm, &error) != PATRON_OK)
        fail_msg("%s", error.message);
    return rfm;
}

static void predict(const patron_rfm *rfm, customers *c) {
    patron_error error = {0};
    if (patron_rfm_predict(rfm, c->n, c->x[0], c->x[1], c->x[2], c->scores[0], c->scores[1], c->scores[2], c->scores[3],
                           &error) != PATRON_OK)
        fail_msg("%s", error.message);
}

static bool bought(const customers *c, int64_t i) {
    return !isnan(c->x[0][i]) && !isnan(c->x[1][i]) && !isnan(c->x[2][i]) && c->x[1][i] != 0;
}

/* By counting: how many of the customers have less, how many values there are. */
static int twin_score(const customers *c, int figure, int64_t i, int bins) {
    const double *x = c->x[figure];
    int64_t m = 0, less = 0;
    double largest = -INFINITY, least = INFINITY;
    for (int64_t j = 0; j < c->n; j++) {
        if (!bought(c, j)) continue;
        m++;
        less += x[j] < x[i];
        if (x[j] > largest) largest = x[j];
        if (x[j] < least) least = x[j];
    }
    int64_t classes = less * bins / m;                          /* full classes that lie below */
    if (x[i] == largest && largest > least) classes = bins - 1; /* nobody is above */
    return figure == 0 ? bins - (int)classes : 1 + (int)classes;
}

static int twin_level(double position) { return 1 + (int)floor(4 * position + 0.5 + 1e-9); }

static const char *twin_segment(int bins, int r, int f, int m) {
    const double top = bins - 1;
    const int x = twin_level((r - 1) / top), y = twin_level(((f - 1) / top + (m - 1) / top) / 2);
    if (x == 5 && y >= 4) return "champions";
    if (x >= 3 && y >= 4) return "loyal";
    if (x >= 4 && y >= 2) return "potential loyalists";
    if (x == 5) return "new customers";
    if (x == 4) return "promising";
    if (x == 3) return y == 3 ? "need attention" : "about to sleep";
    if (y == 5) return "cannot lose";
    if (y >= 3) return "at risk";
    return x == 2 ? "hibernating" : "lost";
}

static void scores_and_segments_equal_the_twins(void **state) {
    (void)state;
    static const int bins[] = {2, 3, 4, 5, 7, 10, 100};
    static const int64_t sizes[] = {1, 2, 3, 7, 40, 300}, varieties[] = {1, 2, 4, 30, 100000};
    patron_ctx *ctx = new_ctx(2);
    uint64_t seed = 3;
    for (int64_t b = 0; b < LENGTH(bins); b++)
        for (int64_t s = 0; s < LENGTH(sizes); s++)
            for (int64_t v = 0; v < LENGTH(varieties); v++) {
                customers c = random_customers(&seed, sizes[s], varieties[v]);
                c.x[0][0] = 3;
                c.x[1][0] = 1;
                c.x[2][0] = 2; /* somebody bought */
                patron_rfm *rfm = fit(ctx, &c, bins[b]);
                predict(rfm, &c);
                for (int64_t i = 0; i < c.n; i++) {
                    if (!bought(&c, i)) {
                        for (int k = 0; k < 4; k++) assert_int_equal(c.scores[k][i], 0);
                        continue;
                    }
                    for (int k = 0; k < 3; k++) assert_int_equal(c.scores[k][i], twin_score(&c, k, i, bins[b]));
                    assert_string_equal(patron_rfm_segment_name(c.scores[3][i]),
                                        twin_segment(bins[b], c.scores[0][i], c.scores[1][i], c.scores[2][i]));
                }
                patron_rfm_destroy(rfm);
                customers_free(&c);
            }
    patron_ctx_destroy(ctx);
}

static void best_and_worst_values_take_the_ends_of_the_scale_however_many_share_them(void **state) {
    (void)state;
    enum { N = 100 };
    patron_ctx *ctx = new_ctx(2);
    for (int64_t at_top = 1; at_top < N; at_top += 7) {
        double x[N];
        uint8_t r[N], f[N], m[N];
        for (int64_t i = 0; i < N; i++) x[i] = i < N - at_top ? 1.0 + (double)(i % 2) : 9;
        if (at_top == N - 1) x[0] = 1;
        patron_rfm *rfm = NULL;
        assert_int_equal(patron_rfm_fit(ctx, N, x, x, x, NULL, &rfm, NULL), PATRON_OK);
        assert_int_equal(patron_rfm_predict(rfm, N, x, x, x, r, f, m, NULL, NULL), PATRON_OK);
        assert_int_equal(r[0], 5);
        assert_int_equal(f[0], 1);
        assert_int_equal(m[0], 1);
        assert_int_equal(r[N - 1], 1);
        assert_int_equal(f[N - 1], 5);
        assert_int_equal(m[N - 1], 5);
        patron_rfm_destroy(rfm);
    }
    patron_ctx_destroy(ctx);
}

static void the_worked_example_of_many_single_orders_holds(void **state) {
    (void)state;
    double x[100];
    uint8_t f[100];
    for (int i = 0; i < 100; i++) x[i] = i < 70 ? 1 : i < 90 ? 2 : 3;
    patron_ctx *ctx = new_ctx(2);
    patron_rfm *rfm = NULL;
    assert_int_equal(patron_rfm_fit(ctx, 100, x, x, x, NULL, &rfm, NULL), PATRON_OK);
    assert_int_equal(patron_rfm_predict(rfm, 100, x, x, x, NULL, f, NULL, NULL, NULL), PATRON_OK);
    assert_int_equal(f[0], 1);
    assert_int_equal(f[70], 4);
    assert_int_equal(f[99], 5);
    const double *cuts;
    int n;
    const double wanted[] = {1, 1, 1, 2};
    assert_int_equal(patron_rfm_thresholds(rfm, "frequency", &cuts, &n, NULL), PATRON_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(cuts, wanted, sizeof wanted);
    patron_rfm_destroy(rfm);
    patron_ctx_destroy(ctx);
}

static patron_bytes *bytes_of(const patron_rfm *rfm) {
    patron_bytes *bytes = NULL;
    assert_int_equal(patron_rfm_to_bytes(rfm, &bytes, NULL), PATRON_OK);
    return bytes;
}

static void the_order_of_rows_and_the_sign_of_zero_change_nothing(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    uint64_t seed = 4;
    customers c = random_customers(&seed, 5000, 40);
    for (int64_t i = 0; i < c.n; i += 3) c.x[2][i] = i % 30 == 0 ? 0.0 : -0.0; /* enough for a threshold */
    patron_rfm *rfm = fit(ctx, &c, 5);
    patron_bytes *bytes = bytes_of(rfm);
    for (int round = 0; round < 5; round++) {
        for (int64_t i = c.n; i-- > 1;) {
            int64_t j = below(&seed, i + 1);
            for (int k = 0; k < 3; k++) {
                double swap = c.x[k][i];
                c.x[k][i] = c.x[k][j];
                c.x[k][j] = swap;
            }
        }
        for (int64_t i = 0; i < c.n; i++)
            if (c.x[2][i] == 0) c.x[2][i] = -c.x[2][i];
        patron_rfm *again = fit(ctx, &c, 5);
        patron_bytes *same = bytes_of(again);
        assert_int_equal(patron_bytes_size(bytes), patron_bytes_size(same));
        assert_memory_equal(patron_bytes_data(bytes), patron_bytes_data(same), (size_t)patron_bytes_size(bytes));
        patron_bytes_destroy(same);
        patron_rfm_destroy(again);
    }
    patron_bytes_destroy(bytes);
    patron_rfm_destroy(rfm);
    customers_free(&c);
    patron_ctx_destroy(ctx);
}

static void cut_points_by_hand_are_used_as_they_are(void **state) {
    (void)state;
    static const double days[] = {30, 90}, orders[] = {1, 2, 5, 9}, money[] = {100};
    const double recency[] = {30, 30.5, 91, 0}, frequency[] = {1, 2, 6, 10}, monetary[] = {100, 100.01, -5, 1e9};
    static const uint8_t r[] = {3, 2, 1, 3}, f[] = {1, 2, 4, 5}, m[] = {1, 2, 1, 2};
    uint8_t got[4][4];
    patron_ctx *ctx = new_ctx(2);
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.recency_cuts = days;
    options.n_recency_cuts = 2;
    options.frequency_cuts = orders;
    options.n_frequency_cuts = 4;
    options.monetary_cuts = money;
    options.n_monetary_cuts = 1;
    patron_rfm *rfm = NULL;
    assert_int_equal(patron_rfm_fit(ctx, 0, NULL, NULL, NULL, &options, &rfm, NULL), PATRON_OK); /* needs no customers */
    assert_int_equal(patron_rfm_predict(rfm, 4, recency, frequency, monetary, got[0], got[1], got[2], got[3], NULL), PATRON_OK);
    assert_memory_equal(got[0], r, 4);
    assert_memory_equal(got[1], f, 4);
    assert_memory_equal(got[2], m, 4);
    /* levels of recency 5 3 1 5 (two cuts: three scores); of the mean of (0, 1/4, 3/4, 1) and (0, 1, 0, 1): 1 4 3 5 */
    static const char *const segments[] = {"new customers", "loyal", "at risk", "champions"};
    for (int i = 0; i < 4; i++) assert_string_equal(patron_rfm_segment_name(got[3][i]), segments[i]);
    patron_rfm_destroy(rfm);
    patron_ctx_destroy(ctx);
}

static void every_combination_of_scores_has_one_segment_and_all_are_reached(void **state) {
    (void)state;
    static const double cuts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    patron_ctx *ctx = new_ctx(2);
    for (int n = 4; n <= 9; n++) {
        patron_rfm_options options;
        patron_rfm_options_init(&options);
        options.recency_cuts = options.frequency_cuts = options.monetary_cuts = cuts;
        options.n_recency_cuts = options.n_frequency_cuts = options.n_monetary_cuts = n;
        patron_rfm *rfm = NULL;
        assert_int_equal(patron_rfm_fit(ctx, 0, NULL, NULL, NULL, &options, &rfm, NULL), PATRON_OK);
        int64_t count[PATRON_RFM_N_SEGMENTS] = {0};
        for (int r = 0; r <= n; r++)
            for (int f = 0; f <= n; f++)
                for (int m = 0; m <= n; m++) {
                    const double x[] = {n - r + 0.5, f + 0.5, m + 0.5};
                    uint8_t s[4];
                    assert_int_equal(patron_rfm_predict(rfm, 1, &x[0], &x[1], &x[2], &s[0], &s[1], &s[2], &s[3], NULL),
                                     PATRON_OK);
                    assert_int_equal(s[0], r + 1);
                    assert_int_equal(s[1], f + 1);
                    assert_int_equal(s[2], m + 1);
                    assert_string_equal(patron_rfm_segment_name(s[3]), twin_segment(n + 1, r + 1, f + 1, m + 1));
                    count[s[3]]++;
                }
        assert_int_equal(count[PATRON_RFM_NONE], 0);
        for (int s = 1; s < PATRON_RFM_N_SEGMENTS; s++) assert_true(count[s] > 0);
        patron_rfm_destroy(rfm);
    }
    assert_null(patron_rfm_segment_name(-1));
    assert_null(patron_rfm_segment_name(PATRON_RFM_N_SEGMENTS));
    patron_ctx_destroy(ctx);
}

static void many_customers_score_as_one_by_one(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    uint64_t seed = 6;
    customers c = random_customers(&seed, 200001, 1000);
    patron_rfm *rfm = fit(ctx, &c, 10);
    predict(rfm, &c);
    for (int64_t i = 0; i < c.n; i += 37) {
        uint8_t s[4];
        assert_int_equal(patron_rfm_predict(rfm, 1, &c.x[0][i], &c.x[1][i], &c.x[2][i], &s[0], &s[1], &s[2], &s[3], NULL),
                         PATRON_OK);
        for (int k = 0; k < 4; k++) assert_int_equal(s[k], c.scores[k][i]);
    }
    patron_rfm_destroy(rfm);
    customers_free(&c);
    patron_ctx_destroy(ctx);
}

/* ---- errors ---------------------------------------------------------------------------------------------------------------
 */

static void bad_numbers_are_refused_by_row_and_outputs_stay(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    uint64_t seed = 7;
    customers c = random_customers(&seed, 200000, 1000);
    patron_rfm *rfm = fit(ctx, &c, 5), *none = NULL;
    patron_error error = {0};
    for (int64_t n = 3; n <= c.n; n += c.n - 3) { /* with and without a block of its own */
        const double kept = c.x[2][n - 1];
        c.x[2][n - 1] = -INFINITY;
        memset(c.scores[0], 77, (size_t)c.n);
        assert_int_equal(patron_rfm_predict(rfm, n, c.x[0], c.x[1], c.x[2], c.scores[0], NULL, NULL, NULL, &error),
                         PATRON_ERR_INVALID);
        char said[64];
        snprintf(said, sizeof said, "monetary of row %lld is -inf", (long long)(n - 1));
        assert_non_null(strstr(error.message, said));
        for (int64_t i = 0; i < n; i++) assert_int_equal(c.scores[0][i], 77);
        assert_int_equal(patron_rfm_fit(ctx, n, c.x[0], c.x[1], c.x[2], NULL, &none, &error), PATRON_ERR_INVALID);
        assert_non_null(strstr(error.message, said));
        c.x[2][n - 1] = kept;
    }
    c.x[1][1] = -2;
    assert_int_equal(patron_rfm_predict(rfm, 3, c.x[0], c.x[1], c.x[2], c.scores[0], NULL, NULL, NULL, &error),
                     PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "frequency of row 1 is -2"));
    assert_int_equal(patron_rfm_fit(ctx, 3, c.x[0], NULL, c.x[2], NULL, &none, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "frequency is NULL"));
    for (int64_t i = 0; i < 3; i++) c.x[1][i] = 0;
    assert_int_equal(patron_rfm_fit(ctx, 3, c.x[0], c.x[1], c.x[2], NULL, &none, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "None of the 3 customers has bought"));
    const double *cuts;
    int n;
    assert_int_equal(patron_rfm_thresholds(rfm, "money", &cuts, &n, &error), PATRON_ERR_NOT_FOUND);
    assert_null(none);
    patron_rfm_destroy(rfm);
    customers_free(&c);
    patron_ctx_destroy(ctx);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    static const double falling[] = {3, 2}, twice[] = {2, 2}, no_number[] = {2, NAN}, infinite[] = {2, INFINITY};
    const struct {
        int bins, n;
        const double *cuts;
        const char *said;
    } bad[] = {{1, 0, NULL, "bins is 1"},
               {101, 0, NULL, "bins is 101"},
               {5, 2, falling, "Cut point 1 of frequency is 2;"},
               {5, 2, twice, "expected more than the one before"},
               {5, 2, no_number, "Cut point 1 of frequency is"},
               {5, 2, infinite, "Cut point 1 of frequency is inf"},
               {5, 0, falling, "There are 0 cut points of frequency"},
               {5, 3, NULL, "n_frequency_cuts is 3 and frequency_cuts is NULL; expected as many cut points, or 0"},
               {5, -1, NULL, "n_frequency_cuts is -1 and frequency_cuts is NULL"},
               {5, 100, falling, "There are 100 cut points of frequency"}};
    const double x[] = {1, 2, 3};
    patron_ctx *ctx = new_ctx(2);
    patron_rfm *rfm = NULL;
    patron_error error = {0};
    for (int64_t k = 0; k < LENGTH(bad); k++) {
        patron_rfm_options options;
        patron_rfm_options_init(&options);
        options.bins = bad[k].bins;
        options.frequency_cuts = bad[k].cuts;
        options.n_frequency_cuts = bad[k].n;
        assert_int_equal(patron_rfm_fit(ctx, 3, x, x, x, &options, &rfm, &error), PATRON_ERR_INVALID);
        assert_non_null(strstr(error.message, bad[k].said));
        assert_null(rfm);
    }
    patron_ctx_destroy(ctx);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------
 */

static void saved_models_score_the_same(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    uint64_t seed = 8;
    customers c = random_customers(&seed, 3000, 50), d = random_customers(&seed, 3000, 80), e = d;
    for (int k = 0; k < 4; k++) e.scores[k] = calloc(3000, 1);
    patron_rfm *rfm = fit(ctx, &c, 7), *loaded = NULL, *copied = NULL;
    char path[] = "rfm-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(patron_rfm_save(rfm, path, NULL), PATRON_OK);
    assert_int_equal(patron_rfm_load(ctx, path, &loaded, NULL), PATRON_OK);
    unlink(path);
    patron_bytes *bytes = bytes_of(rfm);
    assert_int_equal(patron_rfm_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &copied, NULL), PATRON_OK);
    assert_int_equal(patron_rfm_bins(loaded), 7);
    predict(rfm, &d);
    predict(loaded, &e);
    for (int k = 0; k < 4; k++) assert_memory_equal(d.scores[k], e.scores[k], 3000);
    predict(copied, &e);
    for (int k = 0; k < 4; k++) assert_memory_equal(d.scores[k], e.scores[k], 3000);
    for (int k = 0; k < 4; k++) free(e.scores[k]);
    patron_bytes_destroy(bytes);
    patron_rfm_destroy(rfm);
    patron_rfm_destroy(loaded);
    patron_rfm_destroy(copied);
    customers_free(&c);
    customers_free(&d);
    patron_ctx_destroy(ctx);
}

static void the_names_of_columns_are_kept(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    const double x[] = {1, 2, 3};
    patron_rfm *rfm = NULL, *loaded = NULL;
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.frequency_column = "\xe5\x8d\x95"; /* 单 */
    options.monetary_column = "avg_basket";
    assert_int_equal(patron_rfm_fit(ctx, 3, x, x, x, &options, &rfm, NULL), PATRON_OK);
    patron_bytes *bytes = bytes_of(rfm);
    assert_int_equal(patron_rfm_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &loaded, NULL), PATRON_OK);
    for (int k = 0; k < 2; k++) {
        const patron_rfm *model = k == 0 ? rfm : loaded;
        assert_null(patron_rfm_column(model, "recency"));
        assert_string_equal(patron_rfm_column(model, "frequency"), "\xe5\x8d\x95");
        assert_string_equal(patron_rfm_column(model, "monetary"), "avg_basket");
        assert_null(patron_rfm_column(model, "money"));
        assert_null(patron_rfm_column(model, NULL));
    }
    patron_rfm_destroy(loaded);
    patron_rfm_destroy(rfm);
    patron_bytes_destroy(bytes);
    patron_ctx_destroy(ctx);
}

/* What is accepted comes back: a model whose file nobody can load would be lost. */
static void a_model_that_is_made_is_one_that_can_be_loaded(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(2);
    static const char *const names[] = {NULL, "", "spent", "\xe5\x8d\x95", "a\nb", "\xff", "day\xc3", "\xed\xa0\x80"};
    enum { N = LENGTH(names), FIRST_BAD = 5 };
    const double x[] = {1, 2, 3};
    for (int at = 0; at < N * N * N; at++) {
        const int k[] = {at % N, at / N % N, at / N / N};
        patron_rfm *rfm = NULL, *loaded = NULL;
        patron_rfm_options options;
        patron_error error = {0};
        patron_rfm_options_init(&options);
        options.recency_column = names[k[0]];
        options.frequency_column = names[k[1]];
        options.monetary_column = names[k[2]];
        const patron_status status = patron_rfm_fit(ctx, 3, x, x, x, &options, &rfm, &error);
        const int bad = k[0] >= FIRST_BAD ? 0 : k[1] >= FIRST_BAD ? 1 : k[2] >= FIRST_BAD ? 2 : -1;
        assert_int_equal(status, bad < 0 ? PATRON_OK : PATRON_ERR_INVALID);
        if (bad >= 0) {
            static const char *const figures[] = {"recency", "frequency", "monetary"}, *const shown[] = {"?", "day?", "???"};
            char message[128];
            snprintf(message, sizeof message, "%s_column is '%s', which is not valid UTF-8", figures[bad],
                     shown[k[bad] - FIRST_BAD]);
            assert_string_equal(error.message, message);
            assert_null(rfm);
            continue;
        }
        patron_bytes *bytes = bytes_of(rfm);
        assert_int_equal(patron_rfm_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &loaded, NULL),
                         PATRON_OK);
        patron_bytes *again = bytes_of(loaded);
        assert_int_equal(patron_bytes_size(bytes), patron_bytes_size(again));
        assert_memory_equal(patron_bytes_data(bytes), patron_bytes_data(again), (size_t)patron_bytes_size(bytes));
        patron_bytes_destroy(bytes);
        patron_bytes_destroy(again);
        patron_rfm_destroy(loaded);
        patron_rfm_destroy(rfm);
    }
    patron_ctx_destroy(ctx);
}

/* The message of a log of a float32 column as user. */
static void describe_a_float(patron_ctx *ctx, float value, patron_error *error) {
    patron_table *table = NULL;
    patron_log *log = NULL;
    patron_log_options options;
    patron_log_options_init(&options);
    options.user = options.time = "u";
    assert_int_equal(patron_table_create(ctx, 1, &table, NULL), PATRON_OK);
    const patron_column column = {.type = PATRON_TYPE_FLOAT32, .values = &value};
    assert_int_equal(patron_table_borrow_column(table, "u", &column, NULL), PATRON_OK);
    assert_int_equal(patron_log_build(ctx, table, &options, &log, error), PATRON_ERR_TYPE);
    patron_table_destroy(table);
}

/* Numbers in messages have a point where the host's locale has a comma, or a mark of two bytes. The locales are made here: few
 * machines have them. */
static void numbers_in_messages_do_not_follow_the_locale(void **state) {
    (void)state;
    static const char *const locales[] = {"C", "de_DE", "ps_AF"}, *const halves[] = {"0.5", "0,5", "0\u066b5"};
    char folder[128], text[400];
    sample_folder(folder);
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    patron_ctx *ctx = new_ctx(2);
    const double x[] = {1, 2, 3}, bad[] = {-1.5, 1, 1}, falling[] = {2.25, 1e-7};
    patron_rfm_options options;
    patron_rfm_options_init(&options);
    options.monetary_cuts = falling;
    options.n_monetary_cuts = 2;
    int64_t n = 0;
    for (; n < LENGTH(locales); n++) {
        patron_rfm *rfm = NULL;
        patron_error error = {0};
        snprintf(text, sizeof text, "localedef -i %s -f UTF-8 %s/%s >/dev/null 2>&1", locales[n], folder, locales[n]);
        if (n > 0) (void)!system(text);
        if (setlocale(LC_NUMERIC, locales[n]) == NULL) break;
        snprintf(text, sizeof text, "%.1f", 0.5);
        assert_string_equal(text, halves[n]);
        assert_int_equal(patron_rfm_fit(ctx, 3, x, bad, x, NULL, &rfm, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, "frequency of row 0 is -1.5; expected 0 or more");
        assert_int_equal(patron_rfm_fit(ctx, 3, x, x, x, &options, &rfm, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, "Cut point 1 of monetary is 1e-07; expected no less than the one before");
        assert_null(rfm);
        describe_a_float(ctx, 0.1f, &error);
        assert_non_null(strstr(error.message, "row 0: 0.1 is a float32"));
        describe_a_float(ctx, 1.0f / 3, &error);
        assert_non_null(strstr(error.message, "row 0: 0.3333333432674408 is a float32"));
    }
    setlocale(LC_NUMERIC, "C");
    snprintf(text, sizeof text, "rm -r %s", folder);
    assert_int_equal(system(text), 0);
    patron_ctx_destroy(ctx);
    if (n < LENGTH(locales)) skip(); /* this machine cannot make locales */
}

/* A file that is whole and yet makes no sense: every checksum is right. */
static void well_formed_files_of_nonsense_are_refused(void **state) {
    (void)state;
    static const double fine[] = {1, 2, 2, 3}, falling[] = {1, 3, 2}, no_number[] = {1, NAN}, infinite[] = {1, INFINITY};
    double many[100];
    for (int i = 0; i < 100; i++) many[i] = i;
    const struct {
        const char *kind;
        int64_t bins;
        const double *cuts;
        int64_t n;
        bool all;
        const char *column, *words; /* NULL: it is fine */
    } files[] = {
        {"rfm", 5, fine, 4, true, "days", NULL},
        {"rfm", 1, fine, 4, true, "days", "section \"bins\" is 1; expected 2 to 100"},
        {"rfm", 101, fine, 4, true, "days", "section \"bins\" is 101; expected 2 to 100"},
        {"rfm", -5, fine, 4, true, "days", "section \"bins\" is -5; expected 2 to 100"},
        {"rfm", 5, falling, 3, true, "days",
         "section \"frequency\" has cut point 2 at 2; expected no less than the one before"},
        {"rfm", 5, no_number, 2, true, "days", "section \"frequency\" has cut point 1 at nan; expected a finite number"},
        {"rfm", 5, infinite, 2, true, "days", "section \"frequency\" has cut point 1 at inf; expected a finite number"},
        {"rfm", 5, fine, 0, true, "days", "section \"frequency\" has 0 cut points; expected 1 to 99"},
        {"rfm", 5, many, 100, true, "days", "section \"frequency\" has 100 cut points; expected 1 to 99"},
        {"rfm", 5, fine, 4, false, "days", "section \"monetary\" is missing; expected one of type float64"},
        {"rfm", 5, fine, 4, true, "\xc3", "section \"columns.recency\" has text that is not UTF-8"},
        {"log", 5, fine, 4, true, "days", "is of kind \"log\"; expected kind \"rfm\""}};
    patron_ctx *ctx = new_ctx(2);
    for (int64_t k = 0; k < LENGTH(files); k++) {
        pt_writer *writer = NULL;
        pt_buffer *bytes = NULL;
        patron_rfm *loaded = NULL;
        patron_error error = {0};
        assert_int_equal(pt_writer_create(ctx, files[k].kind, 1, &writer, NULL), PATRON_OK);
        pt_writer_add_int64(writer, "bins", files[k].bins);
        pt_writer_add(writer, "recency", PATRON_SECTION_FLOAT64, fine, 4);
        pt_writer_add(writer, "frequency", PATRON_SECTION_FLOAT64, files[k].cuts, files[k].n);
        if (files[k].all) pt_writer_add(writer, "monetary", PATRON_SECTION_FLOAT64, fine, 4);
        pt_writer_add_text(writer, "columns.recency", files[k].column);
        assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
        patron_status status = patron_rfm_from_bytes(ctx, bytes->data, bytes->size, &loaded, &error);
        assert_int_equal(status, files[k].words == NULL ? PATRON_OK : PATRON_ERR_FORMAT);
        assert_int_equal(loaded != NULL, files[k].words == NULL);
        if (files[k].words != NULL && strstr(error.message, files[k].words) == NULL) fail_msg("%s", error.message);
        patron_rfm_destroy(loaded);
        patron_bytes_destroy(bytes);
        pt_writer_destroy(writer);
    }
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_and_segments_equal_the_twins),
        cmocka_unit_test(best_and_worst_values_take_the_ends_of_the_scale_however_many_share_them),
        cmocka_unit_test(the_worked_example_of_many_single_orders_holds),
        cmocka_unit_test(the_order_of_rows_and_the_sign_of_zero_change_nothing),
        cmocka_unit_test(cut_points_by_hand_are_used_as_they_are),
        cmocka_unit_test(every_combination_of_scores_has_one_segment_and_all_are_reached),
        cmocka_unit_test(many_customers_score_as_one_by_one),
        cmocka_unit_test(bad_numbers_are_refused_by_row_and_outputs_stay),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(saved_models_score_the_same),
        cmocka_unit_test(the_names_of_columns_are_kept),
        cmocka_unit_test(a_model_that_is_made_is_one_that_can_be_loaded),
        cmocka_unit_test(numbers_in_messages_do_not_follow_the_locale),
        cmocka_unit_test(well_formed_files_of_nonsense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
