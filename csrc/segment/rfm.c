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
 * The saved file: kind "rfm", sections bins (int64), recency, frequency, monetary (float64: the cut points) and, where they
 * were given, columns.recency, columns.frequency, columns.monetary (text: where the figures come from). */
#include "patron/segment.h"

#include "base/file.h"
#include "base/sort.h"
#include "data/log_file.h"

#include <math.h>
#include <string.h>

enum { RECENCY = 0, FREQUENCY = 1, MONETARY = 2, N_FIGURES = 3, MIN_BINS = 2, MAX_BINS = 100, MAX_CUTS = MAX_BINS - 1 };
enum { CHUNK = 1 << 16, FILE_VERSION = 1 };

static const char *const figure_names[N_FIGURES] = {"recency", "frequency", "monetary"};

struct patron_rfm {
    patron_ctx *ctx;
    int bins;
    int n_cuts[N_FIGURES]; /* 1 .. MAX_CUTS */
    double cuts[N_FIGURES][MAX_CUTS];
    char *columns[N_FIGURES]; /* NULL: not said */
};

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
    const double *of[N_FIGURES];
} figures;

static bool bought(const figures *x, int64_t i) {
    return x->of[FREQUENCY][i] > 0 && !isnan(x->of[RECENCY][i]) && !isnan(x->of[MONETARY][i]);
}

static patron_status check_rows(const figures *x, int64_t first, int64_t end, patron_error *error) {
    for (int64_t i = first; i < end; i++) {
        for (int f = 0; f < N_FIGURES; f++)
            if (isinf(x->of[f][i]))
                return pt_fail(error, PATRON_ERR_INVALID, "%s of row %lld is %g; expected a finite number, or NaN for none",
                               figure_names[f], (long long)i, x->of[f][i]);
        if (x->of[FREQUENCY][i] < 0)
            return pt_fail(error, PATRON_ERR_INVALID, "frequency of row %lld is %.17g; expected 0 or more", (long long)i,
                           x->of[FREQUENCY][i]);
    }
    return PATRON_OK;
}

static patron_status check_arrays(int64_t n, const figures *x, patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "n is %lld; expected 0 or more customers", (long long)n);
    for (int f = 0; f < N_FIGURES; f++)
        if (n > 0 && x->of[f] == NULL)
            return pt_fail(error, PATRON_ERR_INVALID, "%s is NULL; expected %lld numbers", figure_names[f], (long long)n);
    return PATRON_OK;
}

/* ---- fitting ---- */

void patron_rfm_options_init(patron_rfm_options *options) {
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->bins = 5;
}

/* NULL: all is well; else what is wrong with cut *at. Fitted cuts may repeat, those given by hand may not. */
static const char *find_fault(int n, const double *cuts, bool may_repeat, int *at) {
    for (*at = 0; *at < n; ++*at) {
        if (!isfinite(cuts[*at])) return "expected a finite number";
        if (*at > 0 && cuts[*at] < cuts[*at - 1]) return "expected no less than the one before";
        if (*at > 0 && cuts[*at] == cuts[*at - 1] && !may_repeat) return "expected more than the one before";
    }
    return NULL;
}

static patron_status take_cuts(patron_rfm *rfm, int figure, int n, const double *cuts, patron_error *error) {
    const char *name = figure_names[figure];
    if (n < 1 || n > MAX_CUTS)
        return pt_fail(error, PATRON_ERR_INVALID, "There are %d cut points of %s; expected 1 to %d", n, name, MAX_CUTS);
    int at;
    const char *fault = find_fault(n, cuts, false, &at);
    if (fault != NULL) return pt_fail(error, PATRON_ERR_INVALID, "Cut point %d of %s is %.17g; %s", at, name, cuts[at], fault);
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
    for (int f = 0; f < N_FIGURES; f++) {
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

static patron_status rfm_create(patron_ctx *ctx, patron_rfm **out, patron_error *error) {
    patron_status status = pt_alloc_zero(ctx, out, 1, sizeof **out, error);
    if (status == PATRON_OK) (*out)->ctx = pt_ctx_retain(ctx);
    return status;
}

void patron_rfm_destroy(patron_rfm *rfm) {
    if (rfm == NULL) return;
    patron_ctx *ctx = rfm->ctx;
    for (int f = 0; f < N_FIGURES; f++) pt_free(ctx, rfm->columns[f]);
    pt_free(ctx, rfm);
    patron_ctx_destroy(ctx);
}

patron_status patron_rfm_fit(patron_ctx *ctx, int64_t n, const double *recency, const double *frequency, const double *monetary,
                             const patron_rfm_options *caller, patron_rfm **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_rfm_options options;
    patron_rfm *rfm = NULL;
    const figures x = {{recency, frequency, monetary}};
    patron_rfm_options_init(&options);
    if (caller != NULL) {
        if (caller->struct_size == 0 || caller->struct_size > sizeof options)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "patron_rfm_options.struct_size is %zu; expected at most %zu: fill it with patron_rfm_options_init",
                           caller->struct_size, sizeof options);
        memcpy(&options, caller, caller->struct_size);
    }
    if (options.bins < MIN_BINS || options.bins > MAX_BINS)
        return pt_fail(error, PATRON_ERR_INVALID, "bins is %d; expected %d to %d", options.bins, MIN_BINS, MAX_BINS);
    const double *given[N_FIGURES] = {options.recency_cuts, options.frequency_cuts, options.monetary_cuts};
    const int n_given[N_FIGURES] = {options.n_recency_cuts, options.n_frequency_cuts, options.n_monetary_cuts};
    const char *columns[N_FIGURES] = {options.recency_column, options.frequency_column, options.monetary_column};
    PT_TRY(check_arrays(n, &x, error));
    PT_TRY(rfm_create(ctx, &rfm, error));
    rfm->bins = options.bins;
    for (int f = 0; f < N_FIGURES; f++) PT_TRY(pt_strdup(ctx, columns[f], &rfm->columns[f], error));
    bool learn = false;
    for (int f = 0; f < N_FIGURES; f++) {
        if (given[f] != NULL)
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
static uint8_t segment_of(const int n_cuts[N_FIGURES], int r, int f, int m) {
    const int both = n_cuts[FREQUENCY] * n_cuts[MONETARY];
    const int r_level = (8 * r + n_cuts[RECENCY]) / (2 * n_cuts[RECENCY]);
    const int fm_level = (4 * (f * n_cuts[MONETARY] + m * n_cuts[FREQUENCY]) + both) / (2 * both);
    return map[fm_level][r_level];
}

typedef struct scores {
    uint8_t *r, *f, *m, *segment; /* any may be NULL */
} scores;

static void score_row(const patron_rfm *rfm, const figures *x, int64_t i, const scores *out) {
    int r = -1, f = -1, m = -1;
    uint8_t segment = PATRON_RFM_NONE;
    if (bought(x, i)) {
        r = rfm->n_cuts[RECENCY] - count_below(rfm, RECENCY, x->of[RECENCY][i]);
        f = count_below(rfm, FREQUENCY, x->of[FREQUENCY][i]);
        m = count_below(rfm, MONETARY, x->of[MONETARY][i]);
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
    for (int f = 0; f < N_FIGURES; f++)
        if (which != NULL && strcmp(which, figure_names[f]) == 0) {
            *out = rfm->cuts[f];
            *n = rfm->n_cuts[f];
            return PATRON_OK;
        }
    return pt_fail(error, PATRON_ERR_NOT_FOUND, "There are no thresholds of '%s'; expected recency, frequency or monetary",
                   which != NULL ? which : "NULL");
}

const char *patron_rfm_column(const patron_rfm *rfm, const char *which) {
    for (int f = 0; f < N_FIGURES; f++)
        if (which != NULL && strcmp(which, figure_names[f]) == 0) return rfm->columns[f];
    return NULL;
}

/* ---- files ---- */

static patron_status write_rfm(const patron_rfm *rfm, pt_writer **out, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_writer *writer = NULL;
    PT_TRY(pt_writer_create(rfm->ctx, "rfm", FILE_VERSION, &writer, error));
    PT_TRY(pt_writer_add_int64(writer, "bins", rfm->bins, error));
    for (int f = 0; f < N_FIGURES; f++)
        PT_TRY(pt_writer_add(writer, figure_names[f], PATRON_SECTION_FLOAT64, rfm->cuts[f], rfm->n_cuts[f], error));
    PT_TRY(pt_writer_enter(writer, "columns", -1, error));
    for (int f = 0; f < N_FIGURES; f++)
        if (rfm->columns[f] != NULL) PT_TRY(pt_writer_add_text(writer, figure_names[f], rfm->columns[f], error));
    pt_writer_leave(writer);
    *out = writer;
    writer = NULL;
cleanup:
    pt_writer_destroy(writer);
    return status;
}

patron_status patron_rfm_save(const patron_rfm *rfm, const char *path, patron_error *error) {
    pt_writer *writer = NULL;
    patron_status status = write_rfm(rfm, &writer, error);
    if (status == PATRON_OK) status = pt_writer_save(writer, path, error);
    pt_writer_destroy(writer);
    return status;
}

patron_status patron_rfm_to_bytes(const patron_rfm *rfm, patron_bytes **out, patron_error *error) {
    pt_writer *writer = NULL;
    patron_status status = write_rfm(rfm, &writer, error);
    if (status == PATRON_OK) status = pt_writer_to_bytes(writer, out, error);
    pt_writer_destroy(writer);
    return status;
}

static patron_status read_cuts(const pt_reader *reader, patron_rfm *rfm, int figure, patron_error *error) {
    const char *name = figure_names[figure];
    const double *cuts;
    int64_t n;
    int at;
    patron_status status = pt_reader_section(reader, name, PATRON_SECTION_FLOAT64, &cuts, &n, error);
    if (status != PATRON_OK) return status;
    if (n < 1 || n > MAX_CUTS)
        return pt_reader_refuse(reader, name, error, "has %lld cut points; expected 1 to %d", (long long)n, MAX_CUTS);
    const char *fault = find_fault((int)n, cuts, true, &at);
    if (fault != NULL) return pt_reader_refuse(reader, name, error, "has cut point %d at %.17g; %s", at, cuts[at], fault);
    memcpy(rfm->cuts[figure], cuts, (size_t)n * sizeof *cuts);
    rfm->n_cuts[figure] = (int)n;
    return PATRON_OK;
}

static patron_status read_columns(pt_reader *reader, patron_rfm *rfm, patron_error *error) {
    patron_status status = pt_reader_enter(reader, "columns", -1, error);
    if (status != PATRON_OK) return status;
    for (int f = 0; f < N_FIGURES; f++) {
        const char *name;
        if (!pt_reader_has(reader, figure_names[f])) continue;
        PT_TRY(pt_reader_utf8(reader, figure_names[f], &name, error));
        PT_TRY(pt_strdup(rfm->ctx, name, &rfm->columns[f], error));
    }
cleanup:
    pt_reader_leave(reader);
    return status;
}

/* Takes over the reader. */
static patron_status read_rfm(patron_ctx *ctx, pt_reader *reader, patron_rfm **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_rfm *rfm = NULL;
    int64_t bins;
    PT_TRY(rfm_create(ctx, &rfm, error));
    PT_TRY(pt_reader_int64(reader, "bins", MIN_BINS, MAX_BINS, &bins, error));
    rfm->bins = (int)bins;
    for (int f = 0; f < N_FIGURES; f++) PT_TRY(read_cuts(reader, rfm, f, error));
    PT_TRY(read_columns(reader, rfm, error));
    *out = rfm;
    rfm = NULL;
cleanup:
    patron_rfm_destroy(rfm);
    pt_reader_destroy(reader);
    return status;
}

patron_status patron_rfm_load(patron_ctx *ctx, const char *path, patron_rfm **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_open(ctx, path, "rfm", FILE_VERSION, &reader, error);
    return status == PATRON_OK ? read_rfm(ctx, reader, out, error) : status;
}

patron_status patron_rfm_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_rfm **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_from_bytes(ctx, data, size, "rfm", FILE_VERSION, &reader, error);
    return status == PATRON_OK ? read_rfm(ctx, reader, out, error) : status;
}
