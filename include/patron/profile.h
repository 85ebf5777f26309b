/* patron/profile.h: one row for every user: who this customer is, as of an instant.
 *
 *     const char *windows[] = {"30D", "365D"};
 *     patron_profile_options options;
 *     patron_profile_options_init(&options);
 *     options.windows = windows;
 *     options.n_windows = 2;
 *     patron_table *profiles = NULL;
 *     if (patron_profile_compute(log, &options, &profiles, &error) != PATRON_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     double spent;
 *     patron_table_get_float64(profiles, patron_table_find(profiles, "revenue_30d"), 0, 1, &spent, NULL, &error);
 *     patron_table_destroy(profiles);
 *
 * `as_of = t` sees events with time < t and nothing else; a user without any yet still has a row, with counts and sums 0 and
 * the rest null. A window "30D" ends at as_of and begins thirty local days before it, at the same clock time; its columns carry
 * it as a suffix in lower case: revenue_30d. Money is gross of returns unless a name says net; missing amounts count as 0. Sums
 * are exact and rounded once; no cell is ever NaN. A column that needs a role the log does not have (amount, item ...) is left
 * out. Every column has a definition: name, meaning, unit, when it is null, and whether it is order-free (merges over any split
 * of the events) or sequential (needs a user's events in one place): patron_profile_definitions lists them all.
 *
 * Threads: calls share a log freely.
 * Ownership: the tables are the caller's, ended with patron_table_destroy; they need nothing of the log.
 * Errors: PATRON_ERR_INVALID for a window that cannot be read, spans nothing or is there twice (7D and 1W are one), and for
 * n_windows below 0; PATRON_ERR_LIMIT for more than 256 of them.
 */
#ifndef PATRON_PROFILE_H
#define PATRON_PROFILE_H

#include "patron/log.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which windows, as of when. All of it is copied. */
typedef struct patron_profile_options {
    size_t struct_size;
    /* Each a whole number and a unit: local days or weeks ("30D", "12W"), or "h", "min", "s", "ms", "us"; capitals do not
     * matter, 10,000 years at most. NULL with n_windows 0: totals only. */
    const char *const *windows;
    int64_t n_windows; /* how many; 0 to 256 */
    int has_as_of;     /* 0: as of the log's end */
    int64_t as_of;     /* microseconds UTC */
} patron_profile_options;

/* Fills `options` with the defaults: totals only, as of the log's end; `size` is that of the caller's struct. */
PATRON_API void patron_profile_options_init_sized(patron_profile_options *options, size_t size);
static inline void patron_profile_options_init(patron_profile_options *options) {
    patron_profile_options_init_sized(options, sizeof *options);
}

/* The profile of every user of the log, in the order of user codes; first column "user" (the ids: string, int64, or uint64
 * where one is above 2^63 - 1), then the totals, then window by window as given in `options` (NULL: the defaults). Counts are
 * int64, times timestamps in the log's time zone, the rest float64. O(events + users × columns). Errors as stated above. */
PATRON_API patron_status patron_profile_compute(const patron_log *log, const patron_profile_options *options,
                                                patron_table **out, patron_error *error);

/* What the columns mean, for the windows of `options` (NULL: the defaults), in their order: name, family, meaning, unit,
 * null_rule, merge ("order-free" or "sequential"), needs (the role without which a log has no such column, "" for none); all
 * text. Errors as stated above. */
PATRON_API patron_status patron_profile_definitions(patron_ctx *ctx, const patron_profile_options *options, patron_table **out,
                                                    patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
