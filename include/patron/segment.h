/* patron/segment.h: which group a customer belongs to.
 *
 *     double days[4] = {3, 40, 200, 380}, orders[4] = {9, 2, 4, 1}, spent[4] = {700, 80, 310, 25};
 *     uint8_t segment[4];
 *     patron_rfm *rfm = NULL;
 *     if (patron_rfm_fit(ctx, 4, days, orders, spent, NULL, &rfm, &error) != PATRON_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     patron_rfm_predict(rfm, 4, days, orders, spent, NULL, NULL, NULL, segment, &error);
 *     puts(patron_rfm_segment_name(segment[0]));
 *     patron_rfm_destroy(rfm);
 *
 * Threads: models are immutable and shared without a lock.
 * Ownership: `fit` and `load` hand over a model that the caller ends with `destroy`; it needs nothing of the arrays it learned
 * from. What a model returns is the model's.
 * Errors: PATRON_ERR_INVALID names the figure, row and value at fault.
 */
#ifndef PATRON_SEGMENT_H
#define PATRON_SEGMENT_H

#include "patron/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- RFM: recency, frequency, monetary (Hughes 1994) ------------------------------------------------------------- */

/* Segments by the scores, in pinned numbers. With five bins, r the score of recency and fm the mean of the other two, rounded
 * half up, they are the places of this map; other numbers of bins are first brought to five levels.
 *
 *     fm 5 | cannot lose   cannot lose   loyal            loyal                 champions
 *        4 | at risk       at risk       loyal            loyal                 champions
 *        3 | at risk       at risk       need attention   potential loyalists   potential loyalists
 *        2 | lost          hibernating   about to sleep   potential loyalists   potential loyalists
 *        1 | lost          hibernating   about to sleep   promising             new customers
 *          +----------------------------------------------------------------------------------------
 *        r   1             2             3                4                     5
 */
typedef enum patron_rfm_segment {
    PATRON_RFM_NONE = 0,                /* never bought: recency is NaN or frequency 0 */
    PATRON_RFM_CHAMPIONS = 1,           /* bought lately, often, much */
    PATRON_RFM_LOYAL = 2,               /* buy often, not long ago */
    PATRON_RFM_POTENTIAL_LOYALISTS = 3, /* lately, so far a few times */
    PATRON_RFM_NEW_CUSTOMERS = 4,       /* just now, for the first time */
    PATRON_RFM_PROMISING = 5,           /* not long ago, little */
    PATRON_RFM_NEED_ATTENTION = 6,      /* in the middle of everything */
    PATRON_RFM_ABOUT_TO_SLEEP = 7,      /* were seldom here, and not lately */
    PATRON_RFM_AT_RISK = 8,             /* bought often, but long ago */
    PATRON_RFM_CANNOT_LOSE = 9,         /* were among the best, and stay away */
    PATRON_RFM_HIBERNATING = 10,        /* were seldom here, long ago */
    PATRON_RFM_LOST = 11,               /* seldom, longest ago */
    PATRON_RFM_N_SEGMENTS = 12          /* how many there are, NONE included */
} patron_rfm_segment;

/* A model: the thresholds of the three figures. */
typedef struct patron_rfm patron_rfm;

/* How the model is made. All of it is copied. */
typedef struct patron_rfm_options {
    size_t struct_size;
    int bins; /* scores 1 .. bins; 2 to 100, 5 by default */
    /* Cut points given by hand, strictly rising; n of them (1 to 99) make n + 1 scores, whatever `bins` says; a value on a cut
     * point lies below it. NULL, and n 0: quantiles of the fitted customers. Scores rise with frequency and monetary and fall
     * with recency. */
    const double *recency_cuts, *frequency_cuts, *monetary_cuts;
    int n_recency_cuts, n_frequency_cuts, n_monetary_cuts;
    /* Columns of the profiles that the figures are taken from: kept with the model and in its file, so that who loads it scores
     * the same columns; UTF-8. NULL: not kept. */
    const char *recency_column, *frequency_column, *monetary_column;
} patron_rfm_options;

/* Fills `options` with the defaults: 5 bins, quantiles; `size` is that of the caller's struct. */
PATRON_API void patron_rfm_options_init_sized(patron_rfm_options *options, size_t size);
static inline void patron_rfm_options_init(patron_rfm_options *options) {
    patron_rfm_options_init_sized(options, sizeof *options);
}

/* Learns thresholds from n customers, one number of each figure a customer: recency in days since the last purchase, frequency
 * in orders, monetary in money; `options` NULL means the defaults. Rows that never bought (recency or monetary NaN, frequency
 * NaN or 0) are left out. The columns "recency_days", "orders" and "revenue" of a profile, read with patron_table_get_float64,
 * are such figures: their nulls come as NaN. Threshold k of bins - 1 is the value that k / bins of the customers do not pass:
 * always a value of the data. Equal values always get equal scores, whatever the order of rows: a score counts the thresholds
 * below the value (from the other end for recency). Where many customers share a value, thresholds repeat and each counts, so
 * score s of frequency or monetary says that at least (s - 1) / bins of the customers have less; scores between may then be
 * unused. The least value always has score 1 and the largest score `bins` (recency: the other way round) unless all are equal.
 * Rules in full: csrc/segment/rfm.c. O(n). Errors: PATRON_ERR_INVALID for an infinite value, a negative frequency, nobody who
 * bought where quantiles are wanted, bins outside 2 .. 100, cut points that do not rise or are NULL with n above 0, and names
 * of columns that are not UTF-8. */
PATRON_API patron_status patron_rfm_fit(patron_ctx *ctx, int64_t n, const double *recency, const double *frequency,
                                        const double *monetary, const patron_rfm_options *options, patron_rfm **out,
                                        patron_error *error);
/* Scores r, f and m (0 for customers who never bought) and the segment (a patron_rfm_segment) of n customers, by the fitted
 * thresholds; recency, frequency and monetary as in patron_rfm_fit. Each output holds n numbers or is NULL. O(n); up to 65,536
 * customers need no memory. Errors: PATRON_ERR_INVALID for an infinite value and a negative frequency. */
PATRON_API patron_status patron_rfm_predict(const patron_rfm *rfm, int64_t n, const double *recency, const double *frequency,
                                            const double *monetary, uint8_t *r, uint8_t *f, uint8_t *m, uint8_t *segment,
                                            patron_error *error);
/* The thresholds of `which` ("recency", "frequency" or "monetary"): *out points to *n of them, none below the one before; the
 * model's. Errors: PATRON_ERR_NOT_FOUND for another word. */
PATRON_API patron_status patron_rfm_thresholds(const patron_rfm *rfm, const char *which, const double **out, int *n,
                                               patron_error *error);
/* The number of bins that was asked for; cut points by hand make scores of their own number. */
PATRON_API int patron_rfm_bins(const patron_rfm *rfm);
/* The column that `which` ("recency", "frequency" or "monetary") was said to be taken from, NULL when nothing was said; the
 * model's. */
PATRON_API const char *patron_rfm_column(const patron_rfm *rfm, const char *which);
/* The name of a `segment`: "champions", "loyal", "potential loyalists", ... "lost", "none"; NULL beyond. Static. */
PATRON_API const char *patron_rfm_segment_name(int segment);
/* Saves to the file `path`, which is replaced whole or not at all (patron/file.h). Errors: PATRON_ERR_IO. */
PATRON_API patron_status patron_rfm_save(const patron_rfm *rfm, const char *path, patron_error *error);
/* The model in the file at `path`, every byte of which is verified.
 * Errors: PATRON_ERR_IO; PATRON_ERR_FORMAT for a file that is damaged, no such model, or newer. */
PATRON_API patron_status patron_rfm_load(patron_ctx *ctx, const char *path, patron_rfm **out, patron_error *error);
/* The bytes of the file, in memory: *out is the caller's, ended with patron_bytes_destroy. Errors: none but
 * PATRON_ERR_NO_MEMORY. */
PATRON_API patron_status patron_rfm_to_bytes(const patron_rfm *rfm, patron_bytes **out, patron_error *error);
/* The model in the `size` bytes at `data`, which are copied and verified like a file's. Errors as of patron_rfm_load. */
PATRON_API patron_status patron_rfm_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_rfm **out,
                                               patron_error *error);
/* Gives up the caller's reference; NULL is legal. */
PATRON_API void patron_rfm_destroy(patron_rfm *rfm);

#ifdef __cplusplus
}
#endif
#endif
