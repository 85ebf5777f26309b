/* segment/rfm.c: recency, frequency, monetary: the oldest way to sort customers, and still the first one looked at.
 *
 * Idea: rank the customers by each of three figures, cut each ranking into `bins` classes, and name regions of the result.
 * Hughes, Strategic Database Marketing, 1994; the customary names of segments are those of the mail-order trade, drawn on
 * recency against the mean of the other two.
 *
 * Cut points. With m customers who bought, sorted values x_1 <= ... <= x_m and b bins, cut k (k = 1 .. b - 1) is
 *
 *     c_k = x_ceil(k m / b)        the inverse of the empirical distribution (Hyndman and Fan 1996, type 1,
 *                                  doi:10.1080/00031305.1996.10473566): always a value that a customer has
 *
 * and a value scores 1 + #{k : c_k < x} for frequency and monetary, b - #{k : c_k < x} for recency, where less is better.
 *
 * Ties. A score depends on the value alone, so customers with equal values get equal scores and the order of rows cannot matter
 * (ranking ties by row or by id, as some tools do, splits equal customers at random). Where many customers share a value,
 * several cuts fall on it. They are kept, each counting, which gives a score its meaning back:
 *
 *     frequency score s  <=>  at least (s - 1) / b of the customers have less, and fewer than s / b
 *
 * so when 70 % bought once, they all score 1, and who bought twice has more than 70 % and scores 4 of 5. (Dropping repeated
 * cuts would give him 2, and a best score that differs from shop to shop.) One case is left: where more than 1/b of the
 * customers share the largest value, the last cuts fall on the maximum and nobody is above. Such cuts are lowered to the
 * largest value below the maximum. So whenever a figure takes two values at all, its least value has the worst score and its
 * best value the best, 1 and b; the classes between may be empty. Where all customers are equal, all score 1 (recency: b).
 *
 * Segments. A score s of n becomes a position (s - 1) / (n - 1) in [0, 1], the positions of f and m are averaged, and either
 * axis is divided into five levels by 1 + 4 position, rounded half up. With five bins r is its own level and fm is (f + m) / 2.
 * Every (r, f, m), for any number of bins, falls on exactly one place of the map:
 *
 *     fm 5 | cannot lose   cannot lose   loyal            loyal                 champions
 *        4 | at risk       at risk       loyal            loyal                 champions
 *        3 | at risk       at risk       need attention   potential loyalists   potential loyalists
 *        2 | lost          hibernating   about to sleep   potential loyalists   potential loyalists
 *        1 | lost          hibernating   about to sleep   promising             new customers
 *          +----------------------------------------------------------------------------------------
 *        r   1             2             3                4                     5
 *
 * Saving and loading are in segment/rfm_file.c. */
#include "segment/rfm.h"

#include "base/options.h"
#include "base/sort.h"
#include "data/column.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

const char *const pt_rfm_figures[RFM_FIGURES] = {"recency", "frequency", "monetary"};

/* [level of fm - 1][level of r - 1] */
static const uint8_t map[5][5] = {
    {PATRON_RFM_LOST, PATRON_RFM_HIBERNATING, PATRON_RFM_ABOUT_TO_SLEEP, PATRON_RFM_PROMISING, PATRON_RFM_NEW_CUSTOMERS},
    {PATRON_RFM_LOST, PATRON_RFM_HIBERNATING, PATRON_RFM_ABOUT_TO_SLEEP, PATRON_RFM_POTENTIAL_LOYALISTS,
     PATRON_RFM_POTENTIAL_LOYALISTS},
    {PATRON_RFM_AT_RISK, PATRON_RFM_AT_RISK, PATRON_RFM_NEED_ATTENTION, PATRON_RFM_POTENTIAL_LOYALISTS,
     PATRON_RFM_POTENTIAL_LOYALISTS},
    {PATRON_RFM_AT_RISK, PATRON_RFM_AT_RISK, PATRON_RFM_LOYAL, PATRON_RFM_LOYAL, PATRON_RFM_CHAMPIONS},
    {PATRON_RFM_CANNOT_LOSE, PATRON_RFM_CANNOT_LOSE, PATRON_RFM_LOYAL, PATRON_RFM_LOYAL, PATRON_RFM_CHAMPIONS},
};

const char *patron_rfm_segment_name(int segment) {
    static const char *const names[PATRON_RFM_N_SEGMENTS] = {
        "none",           "champions",      "loyal",   "potential loyalists", "new customers", "promising",
        "need attention", "about to sleep", "at risk", "cannot lose",         "hibernating",   "lost"};
    return segment >= 0 && segment < PATRON_RFM_N_SEGMENTS ? names[segment] : NULL;
}

/* ---- the three figures of many customers ---- */

typedef struct figures {
    const double *of[RFM_FIGURES];
} figures;

static bool bought(const figures *x, int64_t i) {
    return x->of[RFM_FREQUENCY][i] > 0 && !isnan(x->of[RFM_RECENCY][i]) && !isnan(x->of[RFM_MONETARY][i]);
}

static patron_status check_rows(const figures *x, int64_t first, int64_t end, patron_error *error) {
    char shown[PT_DOUBLE_TEXT];
    for (int64_t i = first; i < end; i++) {
        for (int f = 0; f < RFM_FIGURES; f++)
            if (isinf(x->of[f][i]))
                return pt_fail(error, PATRON_ERR_INVALID, "%s of row %lld is %s; expected a finite number, or NaN for none",
                               pt_rfm_figures[f], (long long)i, pt_show_double(x->of[f][i], shown));
        if (x->of[RFM_FREQUENCY][i] < 0)
            return pt_fail(error, PATRON_ERR_INVALID, "frequency of row %lld is %s; expected 0 or more", (long long)i,
                           pt_show_double(x->of[RFM_FREQUENCY][i], shown));
    }
    return PATRON_OK;
}

static patron_status check_arrays(int64_t n, const figures *x, patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "n is %lld; expected 0 or more customers", (long long)n);
    for (int f = 0; f < RFM_FIGURES; f++)
        if (n > 0 && x->of[f] == NULL)
            return pt_fail(error, PATRON_ERR_INVALID, "%s is NULL; expected %lld numbers", pt_rfm_figures[f], (long long)n);
    return PATRON_OK;
}

/* ---- fitting ---- */

static const patron_rfm_options defaults = {.struct_size = sizeof defaults, .bins = 5};

void patron_rfm_options_init_sized(patron_rfm_options *options, size_t size) {
    pt_options_init(options, size, &defaults, sizeof defaults);
}

const char *pt_rfm_find_fault(int n, const double *cuts, bool may_repeat, int *at) {
    for (*at = 0; *at < n; ++*at) {
        if (!isfinite(cuts[*at])) return "expected a finite number";
        if (*at > 0 && cuts[*at] < cuts[*at - 1]) return "expected no less than the one before";
        if (*at > 0 && cuts[*at] == cuts[*at - 1] && !may_repeat) return "expected more than the one before";
    }
    return NULL;
}

static patron_status take_cuts(patron_rfm *rfm, int figure, int n, const double *cuts, patron_error *error) {
    const char *name = pt_rfm_figures[figure];
    char shown[PT_DOUBLE_TEXT];
    if (cuts == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "n_%s_cuts is %d and %s_cuts is NULL; expected as many cut points, or 0",
                       name, n, name);
    if (n < 1 || n > RFM_MAX_CUTS)
        return pt_fail(error, PATRON_ERR_INVALID, "There are %d cut points of %s; expected 1 to %d", n, name, RFM_MAX_CUTS);
    int at;
    const char *fault = pt_rfm_find_fault(n, cuts, false, &at);
    if (fault != NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "Cut point %d of %s is %s; %s", at, name, pt_show_double(cuts[at], shown),
                       fault);
    rfm->n_cuts[figure] = n;
    for (int k = 0; k < n; k++) rfm->cuts[figure][k] = cuts[k] + 0.0; /* no negative zero */
    return PATRON_OK;
}

/* A double as an integer of the same order, and back. */
static uint64_t order_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t order) {
    const uint64_t bits = order >> 63 ? order & ~(UINT64_C(1) << 63) : ~order;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* m >= 1 values in ascending order. */
static void cut_quantiles(patron_rfm *rfm, int figure, int64_t m, const uint64_t *sorted) {
    int64_t below = m; /* values below the largest */
    while (below > 0 && sorted[below - 1] == sorted[m - 1]) below--;
    for (int k = 1; k < rfm->bins; k++) {
        int64_t rank = m / rfm->bins * k + (m % rfm->bins * k + rfm->bins - 1) / rfm->bins; /* ceil(k m / bins) */
        if (rank > below && below > 0) rank = below;
        rfm->cuts[figure][k - 1] = value_of(sorted[rank - 1]);
    }
    rfm->n_cuts[figure] = rfm->bins - 1;
}

/* Learns the cuts of the figures that have none yet. */
static patron_status fit_quantiles(patron_rfm *rfm, int64_t n, const figures *x, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_ctx *ctx = rfm->ctx;
    uint64_t *block = NULL;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % CHUNK == 0) PT_TRY(pt_poll(ctx, error));
        m += bought(x, i);
    }
    if (m == 0)
        return pt_fail(error, PATRON_ERR_INVALID,
                       "None of the %lld customers has bought; quantiles need one with recency, frequency and monetary",
                       (long long)n);
    PT_TRY(pt_alloc(ctx, &block, m, 4 * sizeof *block, error));
    for (int f = 0; f < RFM_FIGURES; f++) {
        if (rfm->n_cuts[f] > 0) continue;
        for (int64_t i = 0, to = 0; i < n; i++) {
            if (i % CHUNK == 0) PT_TRY(pt_poll(ctx, error));
            if (!bought(x, i)) continue;
            block[to] = order_of(x->of[f][i] + 0.0); /* no negative zero */
            block[m + to++] = 0;
        }
        PT_TRY(pt_sort_pairs(ctx, m, block, block + m, block + 2 * m, block + 3 * m, error));
        cut_quantiles(rfm, f, m, block);
    }
cleanup:
    pt_free(ctx, block);
    return status;
}

patron_status pt_rfm_create(patron_ctx *ctx, patron_rfm **out, patron_error *error) {
    patron_status status = pt_alloc_zero(ctx, out, 1, sizeof **out, error);
    if (status == PATRON_OK) (*out)->ctx = pt_ctx_retain(ctx);
    return status;
}

void patron_rfm_destroy(patron_rfm *rfm) {
    if (rfm == NULL) return;
    patron_ctx *ctx = rfm->ctx;
    for (int f = 0; f < RFM_FIGURES; f++) pt_free(ctx, rfm->columns[f]);
    pt_free(ctx, rfm);
    patron_ctx_destroy(ctx);
}

patron_status patron_rfm_fit(patron_ctx *ctx, int64_t n, const double *recency, const double *frequency, const double *monetary,
                             const patron_rfm_options *caller, patron_rfm **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_rfm_options options = defaults;
    patron_rfm *rfm = NULL;
    const figures x = {{recency, frequency, monetary}};
    PT_TRY(pt_options_read("patron_rfm_options", caller, &options, sizeof options, error));
    if (options.bins < RFM_MIN_BINS || options.bins > RFM_MAX_BINS)
        return pt_fail(error, PATRON_ERR_INVALID, "bins is %d; expected %d to %d", options.bins, RFM_MIN_BINS, RFM_MAX_BINS);
    const double *given[RFM_FIGURES] = {options.recency_cuts, options.frequency_cuts, options.monetary_cuts};
    const int n_given[RFM_FIGURES] = {options.n_recency_cuts, options.n_frequency_cuts, options.n_monetary_cuts};
    const char *columns[RFM_FIGURES] = {options.recency_column, options.frequency_column, options.monetary_column};
    PT_TRY(check_arrays(n, &x, error));
    PT_TRY(pt_rfm_create(ctx, &rfm, error));
    rfm->bins = options.bins;
    for (int f = 0; f < RFM_FIGURES; f++) {
        char option[24];
        snprintf(option, sizeof option, "%s_column", pt_rfm_figures[f]);
        PT_TRY(pt_check_text(option, columns[f], error));
        PT_TRY(pt_strdup(ctx, columns[f], &rfm->columns[f], error));
    }
    bool learn = false;
    for (int f = 0; f < RFM_FIGURES; f++) {
        if (given[f] != NULL || n_given[f] != 0)
            PT_TRY(take_cuts(rfm, f, n_given[f], given[f], error));
        else
            learn = true;
    }
    for (int64_t first = 0; first < n; first += CHUNK) {
        PT_TRY(check_rows(&x, first, n - first < CHUNK ? n : first + CHUNK, error));
        PT_TRY(pt_poll(ctx, error));
    }
    if (learn) PT_TRY(fit_quantiles(rfm, n, &x, error));
    *out = rfm;
    rfm = NULL;
cleanup:
    patron_rfm_destroy(rfm);
    return status;
}

/* ---- scoring ---- */

static int count_below(const patron_rfm *rfm, int figure, double value) {
    const double *cuts = rfm->cuts[figure];
    int n = 0;
    for (int k = 0; k < rfm->n_cuts[figure]; k++) n += cuts[k] < value;
    return n;
}

/* r, f, m count from 0 to what n_cuts holds. */
static uint8_t segment_of(const int n_cuts[RFM_FIGURES], int r, int f, int m) {
    const int both = n_cuts[RFM_FREQUENCY] * n_cuts[RFM_MONETARY];
    const int r_level = (8 * r + n_cuts[RFM_RECENCY]) / (2 * n_cuts[RFM_RECENCY]);
    const int fm_level = (4 * (f * n_cuts[RFM_MONETARY] + m * n_cuts[RFM_FREQUENCY]) + both) / (2 * both);
    return map[fm_level][r_level];
}

typedef struct scores {
    uint8_t *r, *f, *m, *segment; /* any may be NULL */
} scores;

static void score_row(const patron_rfm *rfm, const figures *x, int64_t i, const scores *out) {
    int r = -1, f = -1, m = -1;
    uint8_t segment = PATRON_RFM_NONE;
    if (bought(x, i)) {
        r = rfm->n_cuts[RFM_RECENCY] - count_below(rfm, RFM_RECENCY, x->of[RFM_RECENCY][i]);
        f = count_below(rfm, RFM_FREQUENCY, x->of[RFM_FREQUENCY][i]);
        m = count_below(rfm, RFM_MONETARY, x->of[RFM_MONETARY][i]);
        segment = segment_of(rfm->n_cuts, r, f, m);
    }
    if (out->r != NULL) out->r[i] = (uint8_t)(r + 1);
    if (out->f != NULL) out->f[i] = (uint8_t)(f + 1);
    if (out->m != NULL) out->m[i] = (uint8_t)(m + 1);
    if (out->segment != NULL) out->segment[i] = segment;
}

typedef struct scoring {
    const patron_rfm *rfm;
    int64_t n;
    figures x;
    scores out;
} scoring;

static patron_status score_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    const scoring *self = arg;
    const int64_t first = chunk * CHUNK, end = self->n - first < CHUNK ? self->n : first + CHUNK;
    patron_status status = check_rows(&self->x, first, end, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = first; i < end; i++) score_row(self->rfm, &self->x, i, &self->out);
    return PATRON_OK;
}

static void copy_scores(uint8_t *to, const uint8_t *from, int64_t n) {
    if (to != NULL) memcpy(to, from, (size_t)n);
}

patron_status patron_rfm_predict(const patron_rfm *rfm, int64_t n, const double *recency, const double *frequency,
                                 const double *monetary, uint8_t *r, uint8_t *f, uint8_t *m, uint8_t *segment,
                                 patron_error *error) {
    patron_status status = PATRON_OK;
    uint8_t *block = NULL; /* a bad row may turn up after others are scored, and outputs stay untouched on failure */
    scoring self = {rfm, n, {{recency, frequency, monetary}}, {r, f, m, segment}};
    PT_TRY(check_arrays(n, &self.x, error));
    if (n <= CHUNK) return n == 0 ? PATRON_OK : score_chunk(&self, 0, 0, error); /* checks its rows first */
    PT_TRY(pt_alloc(rfm->ctx, &block, n, 4, error));
    self.out = (scores){block, block + n, block + 2 * n, block + 3 * n};
    PT_TRY(pt_parallel_named(rfm->ctx, "rfm", pt_chunks(n, CHUNK), score_chunk, &self, error));
    copy_scores(r, self.out.r, n);
    copy_scores(f, self.out.f, n);
    copy_scores(m, self.out.m, n);
    copy_scores(segment, self.out.segment, n);
cleanup:
    pt_free(rfm->ctx, block);
    return status;
}

/* ---- reading ---- */

int patron_rfm_bins(const patron_rfm *rfm) { return rfm->bins; }

patron_status patron_rfm_thresholds(const patron_rfm *rfm, const char *which, const double **out, int *n, patron_error *error) {
    for (int f = 0; f < RFM_FIGURES; f++)
        if (which != NULL && strcmp(which, pt_rfm_figures[f]) == 0) {
            *out = rfm->cuts[f];
            *n = rfm->n_cuts[f];
            return PATRON_OK;
        }
    return pt_fail(error, PATRON_ERR_NOT_FOUND, "There are no thresholds of '%s'; expected recency, frequency or monetary",
                   which != NULL ? which : "NULL");
}

const char *patron_rfm_column(const patron_rfm *rfm, const char *which) {
    for (int f = 0; f < RFM_FIGURES; f++)
        if (which != NULL && strcmp(which, pt_rfm_figures[f]) == 0) return rfm->columns[f];
    return NULL;
}
