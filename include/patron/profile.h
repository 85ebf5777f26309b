/* patron/profile.h: one row for every user: who this customer is, as of an instant.
 *
 *     const char *windows[] = {"30D", "365D"};
 *     patron_profile_options options;
 *     patron_profile_options_init(&options);
 *     options.windows = windows;
 *     options.n_windows = 2;
 *     patron_table *profiles = NULL;
 *     if (patron_profile_compute(log, &options, &profiles, &error) != PATRON_OK) ...
 *
 * `as_of = t` sees events with time < t and nothing else; a user without any yet still has a row, with counts 0 and the rest
 * null. A window "30D" ends at as_of and begins thirty local days before it, at the same clock time. Money is gross of returns
 * unless a name says net. Every column has a definition: name, meaning, unit, when it is null, and whether it is order-free
 * (merges over any split of the events) or sequential (needs a user's events in one place).
 *
 * Threads: calls share a log freely. Ownership: the table is the caller's.
 */
#ifndef PATRON_PROFILE_H
#define PATRON_PROFILE_H

#include "patron/log.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct patron_profile_options {
    size_t struct_size;
    const char *const *windows; /* local days or hours, e.g. "7D"; NULL with n_windows 0: totals only */
    int64_t n_windows;
    int has_as_of; /* 0: as of the log's end */
    int64_t as_of; /* microseconds UTC */
} patron_profile_options;

PATRON_API void patron_profile_options_init(patron_profile_options *options);

/* The profile of every user of the log, in the order of user codes; first column "user". O(events + users × columns). */
PATRON_API patron_status patron_profile_compute(const patron_log *log, const patron_profile_options *options,
                                                patron_table **out, patron_error *error);

/* What the columns mean, for these windows: name, family, meaning, unit, null_rule, merge ("order-free" or "sequential"). */
PATRON_API patron_status patron_profile_definitions(patron_ctx *ctx, const patron_profile_options *options, patron_table **out,
                                                    patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
