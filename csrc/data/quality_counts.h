/* data/quality_counts.h: what a stretch of a log holds, counted for data/quality.c. */
#ifndef PT_DATA_QUALITY_COUNTS_H
#define PT_DATA_QUALITY_COUNTS_H

#include "data/log.h"

typedef struct pt_window_counts {
    int64_t n;         /* events */
    int64_t user_days; /* pairs of a user and a local day on which the user has events */
    int64_t new_users; /* of them those whose first event ever lies in the stretch */
    int64_t *kinds;    /* by number of kind */
    int64_t *missing;  /* by column of the log */
    int64_t *distinct; /* by column of the log; 0 where it has no codes */
} pt_window_counts;

/* Counts the events with start <= time < end. known (may be NULL): known[user] >= 0 says that the user was seen elsewhere
 * before. Ended with pt_window_counts_fini. */
patron_status pt_window_count(const patron_log *log, int64_t start, int64_t end, const int32_t *known, pt_window_counts *out,
                              patron_error *error);
void pt_window_counts_fini(patron_ctx *ctx, pt_window_counts *counts);

/* The time of day of a local time, in microseconds. */
static inline int64_t pt_clock_of(int64_t local) { return local % PT_DAY + (local % PT_DAY < 0 ? PT_DAY : 0); }

/* counts[d] += events with start <= time < end on local day first_day + d, d < n_days, whose local time of day lies in
 * [clock_from, clock_to) microseconds. */
patron_status pt_count_days(const patron_log *log, int64_t start, int64_t end, int64_t first_day, int64_t n_days,
                            int64_t clock_from, int64_t clock_to, int64_t *counts, patron_error *error);

#endif
