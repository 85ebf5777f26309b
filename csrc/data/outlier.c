/* data/outlier.c: amounts that stand far out, by Tukey's outer fences on the logarithm.
 *
 * Spend is heavy-tailed, so the fence is set on log amount: above log Q3 + 3 (log Q3 - log Q1), that is Q3 (Q3 / Q1)^3 (Tukey
 * 1977, Exploratory Data Analysis). Quartiles are order statistics of the positive amounts of purchases, found exactly: a
 * histogram over the leading sixteen bits of the amounts as floats, then a sort of the two bins that hold the quartiles. Q1 =
 * Q3 says nothing about spread, so then nothing is flagged. Flagging changes nothing; capping happens only when asked for, and
 * keeps the raw amounts in amount_raw. */
#include "data/events.h"

#include "base/sort.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 65536, BINS = 32768, PART_ROWS = 1 << 20, MAX_PARTS = 64 };

typedef struct survey {
    const patron_log *log;
    const int64_t *amount;
    int64_t part_rows; /* rows a histogram of its own covers */
    int64_t (*counts)[BINS];
    int64_t fence;
    int64_t *capped; /* NULL: only count */
    _Atomic int64_t n_outlying;
} survey;

static bool counts_as_spend(const survey *s, int64_t i) { return s->log->kinds[i] == PATRON_KIND_PURCHASE && s->amount[i] > 0; }

/* Rises with the amount: sign, exponent and four bits of the fraction. */
static int bin_of(int64_t amount) {
    double x = (double)amount;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (int)(bits >> 48);
}

static patron_status count_task(void *arg, int64_t part, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    survey *s = arg;
    int64_t end = s->log->n < (part + 1) * s->part_rows ? s->log->n : (part + 1) * s->part_rows;
    int64_t *counts = s->counts[part];
    for (int64_t i = part * s->part_rows; i < end; i++)
        if (counts_as_spend(s, i)) counts[bin_of(s->amount[i])]++;
    return PATRON_OK;
}

static patron_status flag_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    survey *s = arg;
    int64_t end = s->log->n < (block + 1) * BLOCK ? s->log->n : (block + 1) * BLOCK, n = 0;
    for (int64_t i = block * BLOCK; i < end; i++) {
        bool outlying = counts_as_spend(s, i) && s->amount[i] > s->fence;
        n += outlying;
        if (s->capped != NULL) s->capped[i] = outlying ? s->fence : s->amount[i];
    }
    if (n > 0) atomic_fetch_add_explicit(&s->n_outlying, n, memory_order_relaxed);
    return PATRON_OK;
}

/* The rank-th smallest (from 0) of the amounts, given the histogram of all. */
static patron_status select_rank(const survey *s, const int64_t *histogram, int64_t rank, int64_t *out, patron_error *error) {
    patron_ctx *ctx = s->log->ctx;
    int bin = 0;
    while (rank >= histogram[bin]) rank -= histogram[bin++];
    uint64_t *keys = NULL, *spare = NULL;
    patron_status status;
    int64_t n = 0, count = histogram[bin];
    PT_TRY(pt_alloc(ctx, &keys, count, sizeof *keys, error));
    PT_TRY(pt_alloc(ctx, &spare, 3 * count, sizeof *spare, error));
    for (int64_t i = 0; i < s->log->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (counts_as_spend(s, i) && bin_of(s->amount[i]) == bin) keys[n++] = (uint64_t)s->amount[i];
    }
    memset(spare, 0, (size_t)count * sizeof *spare);
    PT_TRY(pt_sort_pairs(ctx, n, keys, spare, spare + count, spare + 2 * count, error));
    *out = (int64_t)keys[rank];
cleanup:
    pt_free(ctx, keys);
    pt_free(ctx, spare);
    return status;
}

/* Q3 (Q3 / Q1)^3 in whole millionths; INT64_MAX where that is beyond all amounts or says nothing. */
static int64_t fence_of(int64_t q1, int64_t q3) {
    if (q1 == q3) return INT64_MAX;
    double ratio = (double)q3 / (double)q1;
    double fence = (double)q3 * ratio * ratio * ratio;
    return fence < 9.2e18 ? (int64_t)fence : INT64_MAX;
}

static patron_status find_fence(survey *s, patron_error *error) {
    patron_ctx *ctx = s->log->ctx;
    patron_status status;
    s->part_rows = pt_chunks(s->log->n, MAX_PARTS) > PART_ROWS ? pt_chunks(s->log->n, MAX_PARTS) : PART_ROWS;
    int64_t n_parts = pt_chunks(s->log->n, s->part_rows);
    PT_TRY(pt_alloc_zero(ctx, &s->counts, n_parts, sizeof *s->counts, error));
    PT_TRY(pt_parallel(ctx, n_parts, count_task, s, error));
    int64_t *histogram = s->counts[0], n = 0, q1, q3;
    for (int64_t part = 1; part < n_parts; part++)
        for (int bin = 0; bin < BINS; bin++) histogram[bin] += s->counts[part][bin];
    for (int bin = 0; bin < BINS; bin++) n += histogram[bin];
    if (n < 8) goto cleanup; /* too few to speak of a tail */
    PT_TRY(select_rank(s, histogram, (n - 1) / 4, &q1, error));
    PT_TRY(select_rank(s, histogram, n - 1 - (n - 1) / 4, &q3, error));
    s->fence = fence_of(q1, q3);
cleanup:
    pt_free(ctx, s->counts);
    s->counts = NULL;
    return status;
}

/* The capped amounts take the place of the raw ones, which become a column of their own behind them. */
static patron_status put_capped(patron_log *log, pt_log_column *amount, pt_buffer *capped, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    patron_status status;
    pt_log_column *columns = NULL;
    char *name = NULL;
    PT_TRY(pt_strdup(ctx, "amount_raw", &name, error));
    PT_TRY(pt_alloc(ctx, &columns, log->n_columns + 1, sizeof *columns, error));
    int64_t at = amount - log->columns + 1;
    memcpy(columns, log->columns, (size_t)at * sizeof *columns);
    columns[at] = (pt_log_column){.name = name, .store = PT_MICROS, .data = amount->data, .keep = amount->keep};
    memcpy(columns + at + 1, log->columns + at, (size_t)(log->n_columns - at) * sizeof *columns);
    columns[at - 1].data = capped->data;
    columns[at - 1].keep = pt_buffer_retain(capped);
    pt_free(ctx, log->columns);
    log->columns = columns;
    log->n_columns++;
    return PATRON_OK;
cleanup:
    pt_free(ctx, name);
    return status;
}

patron_status pt_log_flag_outliers(patron_log *log, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    pt_log_column *amount = (pt_log_column *)(uintptr_t)pt_log_find(log, "amount");
    if (amount == NULL) return PATRON_OK;
    patron_status status;
    survey s = {.log = log, .amount = amount->data, .fence = INT64_MAX};
    pt_buffer *capped = NULL;
    if (log->n > 0) PT_TRY(find_fence(&s, error));
    if (log->recipe->winsorize) {
        PT_TRY(pt_buffer_create(ctx, log->n * 8, &capped, error));
        s.capped = capped->data;
    }
    if (s.fence != INT64_MAX || capped != NULL) PT_TRY(pt_parallel(ctx, pt_chunks(log->n, BLOCK), flag_task, &s, error));
    char action[96];
    snprintf(action, sizeof action, "%s %lld.%02lld", capped != NULL ? "capped at" : "flagged, kept: above",
             (long long)(s.fence / 1000000), (long long)(s.fence % 1000000 / 10000)); /* %g would ask the locale */
    PT_TRY(pt_audit_add(ctx, &log->audit, "outlying amount", log->recipe->amount, s.n_outlying, action, NULL, error));
    if (capped != NULL) PT_TRY(put_capped(log, amount, capped, error));
cleanup:
    pt_buffer_release(capped);
    return status;
}
