/* patron/segment.h: which group a customer belongs to.
 *
 *     patron_rfm *rfm = NULL;
 *     if (patron_rfm_fit(ctx, n, recency, frequency, monetary, NULL, &rfm, &error) != PATRON_OK) ...
 *     patron_rfm_predict(rfm, n, recency, frequency, monetary, r, f, m, segment, &error);
 *     puts(patron_rfm_segment_name(segment[0]));
 *     patron_rfm_destroy(rfm);
 *
 * Threads: models are immutable and shared without a lock.
 * Ownership: `fit` and `load` hand over a model that the caller destroys.
 */
#ifndef PATRON_SEGMENT_H
#define PATRON_SEGMENT_H

#include "patron/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- RFM: recency, frequency, monetary (Hughes 1994) ------------------------------------------------------------- */

/* Segments by the scores, in pinned numbers. */
typedef enum patron_rfm_segment {
    PATRON_RFM_NONE = 0, /* never bought: recency is NaN or frequency 0 */
    PATRON_RFM_CHAMPIONS = 1,
    PATRON_RFM_LOYAL = 2,
    PATRON_RFM_POTENTIAL_LOYALISTS = 3,
    PATRON_RFM_NEW_CUSTOMERS = 4,
    PATRON_RFM_PROMISING = 5,
    PATRON_RFM_NEED_ATTENTION = 6,
    PATRON_RFM_ABOUT_TO_SLEEP = 7,
    PATRON_RFM_AT_RISK = 8,
    PATRON_RFM_CANNOT_LOSE = 9,
    PATRON_RFM_HIBERNATING = 10,
    PATRON_RFM_LOST = 11,
    PATRON_RFM_N_SEGMENTS = 12
} patron_rfm_segment;

typedef struct patron_rfm patron_rfm;

typedef struct patron_rfm_options {
    size_t struct_size;
    int bins; /* scores 1 .. bins; 2 to 100, 5 by default */
    /* Cut points given by hand, strictly rising; n of them (1 to 99) make n + 1 scores, whatever `bins` says; a value on a cut
     * point lies below it. NULL: quantiles of the fitted customers. Scores rise with frequency and monetary and fall with
     * recency. */
    const double *recency_cuts, *frequency_cuts, *monetary_cuts;
    int n_recency_cuts, n_frequency_cuts, n_monetary_cuts;
    /* Columns of the profiles that the figures are taken from: kept with the model and in its file, so that who loads it scores
     * the same columns. NULL: not kept. */
    const char *recency_column, *frequency_column, *monetary_column;
} patron_rfm_options;

PATRON_API void patron_rfm_options_init(patron_rfm_options *options);

/* Learns thresholds from n customers: recency in days, frequency in orders, monetary in money. Rows that never bought (recency
 * or monetary NaN, frequency NaN or 0) are left out. Threshold k of bins - 1 is the value that k / bins of the customers
 * do not pass: always a value of the data. Equal values always get equal scores, whatever the order of rows: a score counts the
 * thresholds below the value (from the other end for recency). Where many customers share a value, thresholds repeat and
 * each counts, so score s of frequency or monetary says that at least (s - 1) / bins of the customers have less; scores
 * between may then be unused. The least value always has score 1 and the largest score `bins` (recency: the other way round)
 * unless all are equal. Rules in full: csrc/segment/rfm.c. Errors: an infinite value, a negative frequency, nobody who bought
 * where quantiles are wanted, cut points that do not rise. O(n). */
PATRON_API patron_status patron_rfm_fit(patron_ctx *ctx, int64_t n, const double *recency, const double *frequency,
                                        const double *monetary, const patron_rfm_options *options, patron_rfm **out,
                                        patron_error *error);
/* Scores (0 for customers who never bought) and segments of n customers, by the fitted thresholds. Outputs may be NULL. Up to
 * 65,536 customers need no memory. */
PATRON_API patron_status patron_rfm_predict(const patron_rfm *rfm, int64_t n, const double *recency, const double *frequency,
                                            const double *monetary, uint8_t *r, uint8_t *f, uint8_t *m, uint8_t *segment,
                                            patron_error *error);
/* The thresholds of "recency", "frequency" or "monetary": *n of them, none below the one before; the
 * model's. */
PATRON_API patron_status patron_rfm_thresholds(const patron_rfm *rfm, const char *which, const double **out, int *n,
                                               patron_error *error);
PATRON_API int patron_rfm_bins(const patron_rfm *rfm);
/* The column that "recency", "frequency" or "monetary" was said to be taken from, NULL when nothing was said; the model's. */
PATRON_API const char *patron_rfm_column(const patron_rfm *rfm, const char *which);
/* "champions", "loyal", "potential loyalists", ... "lost", "none"; NULL beyond. */
PATRON_API const char *patron_rfm_segment_name(int segment);
PATRON_API patron_status patron_rfm_save(const patron_rfm *rfm, const char *path, patron_error *error);
PATRON_API patron_status patron_rfm_load(patron_ctx *ctx, const char *path, patron_rfm **out, patron_error *error);
PATRON_API patron_status patron_rfm_to_bytes(const patron_rfm *rfm, patron_bytes **out, patron_error *error);
PATRON_API patron_status patron_rfm_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_rfm **out,
                                               patron_error *error);
PATRON_API void patron_rfm_destroy(patron_rfm *rfm);

#ifdef __cplusplus
}
#endif
#endif
