/* patron/log.h: the event log: a shop's events, cleaned once, coded once, sorted by (user, time) once.
 *
 *     patron_log_options options;
 *     patron_log_options_init(&options);
 *     options.user = "customer";          // names of columns in the table; only user and time are required
 *     options.time = "date";
 *     options.amount = "spend";
 *     patron_log *log = NULL;
 *     if (patron_log_build(ctx, table, &options, &log, &error) != PATRON_OK) ...
 *     printf("%lld events of %lld users\n", (long long)patron_log_n_events(log), (long long)patron_log_n_users(log));
 *     patron_log_destroy(log);
 *
 * Time is int64 microseconds UTC, every interval half-open [start, end). Money and other measures are int64 millionths.
 * Ids are the caller's own, integers or UTF-8 text; inside, users, items and other names are dense codes that follow the
 * sorted ids, -1 for none. Events of one user at one instant are ordered by `seq` if given, then by content, so the
 * order of input rows never matters: any permutation of rows, and any split into logs that are merged again, gives the same
 * bytes.
 *
 * Threads: a log is immutable; any number of threads may read it. Ownership: what a log returns is the log's; a log needs
 * nothing of the table it was built from. Limits: 2^32 - 1 events, 2^31 - 1 distinct values a column, 2^16 - 64 unknown
 * event names; more is refused with PATRON_ERR_LIMIT.
 */
#ifndef PATRON_LOG_H
#define PATRON_LOG_H

#include "patron/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct patron_log patron_log;

/* Kinds of events. Numbers are pinned. Names in lower case ("remove_cart"); names that are not here are kept as they are and
 * numbered from PATRON_KIND_OTHER in the order of their bytes. */
typedef enum patron_kind {
    PATRON_KIND_IMPRESSION = 0,
    PATRON_KIND_VIEW = 1,
    PATRON_KIND_SEARCH = 2,
    PATRON_KIND_CART = 3,
    PATRON_KIND_REMOVE_CART = 4,
    PATRON_KIND_PURCHASE = 5,
    PATRON_KIND_RETURN = 6,
    PATRON_KIND_REVIEW = 7,
    PATRON_KIND_SHARE = 8,
    PATRON_KIND_LOGIN = 9,
    PATRON_KIND_REFER = 10,
    PATRON_KIND_CONTACT = 11,
    PATRON_KIND_CLICK = 12,
    PATRON_KIND_FAVORITE = 13,
    PATRON_KIND_SIGNUP = 14,
    PATRON_KIND_DELIVERY = 15,
    PATRON_KIND_COMPLAINT = 16,
    PATRON_KIND_CANCEL = 17,
    PATRON_KIND_OTHER = 64
} patron_kind;

/* A time zone as its transitions: made from e.g. Python's zoneinfo by the caller. */
typedef struct patron_timezone {
    const char *name; /* "Asia/Shanghai" */
    int64_t n_transitions;
    const int64_t *transitions; /* instants, microseconds UTC, rising */
    const int32_t *offsets;     /* seconds east of UTC from transitions[i] on */
    int32_t first_offset;       /* seconds east of UTC before transitions[0] */
} patron_timezone;

/* One rewriting of an event name: `from` as it stands in the data, `to` a kind's name. */
typedef struct patron_kind_name {
    const char *from, *to;
} patron_kind_name;

/* Which column plays which role, and how to read it. NULL: the table has no such column. */
typedef struct patron_log_options {
    size_t struct_size;
    const char *user; /* integers or text */
    const char *time; /* timestamps, dates, ISO 8601 text, text with time_format, integers with time_unit or time_format */
    const char *item, *order, *category, *brand, *seller, *channel, *campaign, *surface; /* integers or text */
    const char *query, *text, *currency;                                                 /* text */
    const char *event;    /* names of kinds; without it every row is a purchase */
    const char *event_id; /* integers or text; rows that share one are duplicates */
    const char *amount;   /* line total in units of money; negative on a purchase makes it a return */
    const char *quantity; /* negative on a purchase makes it a return */
    const char *discount; /* units of money */
    const char *rating;
    const char *seq;               /* integers: the order within one instant */
    const char *const *properties; /* further columns to carry along: numbers, text, booleans, timestamps */
    int64_t n_properties;
    const patron_kind_name *kinds;
    int64_t n_kinds;
    const char *time_format;    /* strptime directives; NULL: none */
    patron_time_unit time_unit; /* of an integer time column; used when has_time_unit */
    int has_time_unit;
    const patron_timezone *timezone; /* NULL: UTC; naive times are local ones of it */
    int has_time_range;              /* 0: a time outside [1970, 2200) is an error; else rows outside the range are dropped */
    int64_t time_from, time_to;      /* the range, half-open */
    int drop_duplicates;             /* 0: exact duplicates are counted and kept */
    int trim_ids;                    /* strip white space around text ids */
    int winsorize;                   /* cap outlying amounts at the fence; the raw ones stay in amount_raw */
} patron_log_options;

PATRON_API void patron_log_options_init(patron_log_options *options);

/* Cleans, codes and sorts the rows of `table`. O(n). Errors: a missing or ill-typed column, a time that cannot be read at all,
 * two currencies, no row left. Rows that are dropped or changed are counted in the audit, by rule. */
PATRON_API patron_status patron_log_build(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                                          patron_log **out, patron_error *error);
PATRON_API void patron_log_destroy(patron_log *log);

/* Builds a log of `table` by the options `log` was built with and merges the two. */
PATRON_API patron_status patron_log_append(const patron_log *log, const patron_table *table, patron_log **out,
                                           patron_error *error);
/* The log of the events of both, equal byte for byte to one built from all their rows. Both need the same roles, kinds of
 * ids, time zone and currency. Attributes are united. */
PATRON_API patron_status patron_log_merge(const patron_log *a, const patron_log *b, patron_log **out, patron_error *error);
/* The events with start <= time < end, and the users who have any. */
PATRON_API patron_status patron_log_between(const patron_log *log, int64_t start, int64_t end, patron_log **out,
                                            patron_error *error);

/* Adds attributes: a table with a key column of user (item) ids, any other columns, and if `valid_from` is not NULL a time
 * column from which on a row holds. Keys without an event stay, and are counted in the audit. Replaces what was there. */
PATRON_API patron_status patron_log_with_users(const patron_log *log, const patron_table *table, const char *key,
                                               const char *valid_from, patron_log **out, patron_error *error);
PATRON_API patron_status patron_log_with_items(const patron_log *log, const patron_table *table, const char *key,
                                               const char *valid_from, patron_log **out, patron_error *error);
/* The attributes of every user (item) of the log in code order, as of an instant: of each key the last row with valid_from <
 * as_of. The first column is "user" ("item"). */
PATRON_API patron_status patron_log_users(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error);
PATRON_API patron_status patron_log_items(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error);

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

PATRON_API int64_t patron_log_n_events(const patron_log *log);
PATRON_API int64_t patron_log_n_users(const patron_log *log);
PATRON_API int64_t patron_log_n_items(const patron_log *log);
/* The first event's time, and the last one's plus one microsecond: [start, end) holds every event. 0, 0 for an empty log. */
PATRON_API int64_t patron_log_start(const patron_log *log);
PATRON_API int64_t patron_log_end(const patron_log *log);
PATRON_API const char *patron_log_timezone(const patron_log *log);
/* NULL: none given. */
PATRON_API const char *patron_log_currency(const patron_log *log);

/* Events of user u are rows offsets[u] .. offsets[u + 1] - 1; n_users + 1 numbers. */
PATRON_API const int64_t *patron_log_offsets(const patron_log *log);
PATRON_API const int64_t *patron_log_times(const patron_log *log);
PATRON_API const uint16_t *patron_log_kinds(const patron_log *log);
/* The name of a kind of this log, NULL if it has no such kind. */
PATRON_API const char *patron_log_kind_name(const patron_log *log, int kind);
/* A measure (amount, quantity, discount, rating; a role's name) in millionths, INT64_MIN where missing; NULL: no such column.
 */
PATRON_API const int64_t *patron_log_micros(const patron_log *log, const char *role);
/* Codes of a role or text property, -1 where missing; NULL: no such column. *n_codes (may be NULL): how many there are. */
PATRON_API const int32_t *patron_log_codes(const patron_log *log, const char *name, int64_t *n_codes);

/* An id as the caller gave it: text (not terminated; owned by the log) when `text` is set, else `number`; an unsigned id above
 * 2^63 - 1 is the number with the same bits. */
typedef struct patron_id {
    const char *text;
    int64_t length;
    int64_t number;
} patron_id;

/* The id behind a code of "user", "item" or another coded column. */
PATRON_API patron_status patron_log_id(const patron_log *log, const char *name, int64_t code, patron_id *out,
                                       patron_error *error);
/* The code of a user, -1 if the log has no such user. O(log n). */
PATRON_API int64_t patron_log_find_user(const patron_log *log, const patron_id *id);

/* Every event as a table in log order: user, time, event, then the roles and properties that the log has, under the role's own
 * name. */
PATRON_API patron_status patron_log_events(const patron_log *log, patron_table **out, patron_error *error);
/* What cleaning found: rule, column, rows, action, example. Counts add up over merges. */
PATRON_API patron_status patron_log_audit(const patron_log *log, patron_table **out, patron_error *error);
/* The state of the data: check, column, value, previous, status ("ok", "watch", "alarm"), note: freshness, volume against
 * expectation, missing shares, columns and values that came or went. `previous` (may be NULL): the log of the load before. */
PATRON_API patron_status patron_log_quality(const patron_log *log, const patron_log *previous, patron_table **out,
                                            patron_error *error);

/* The options the log was built with (of a merged log, the first one's), so that the next load is read the same way. The log's;
 * timezone is NULL in them, see patron_log_timezone. */
PATRON_API const patron_log_options *patron_log_recipe(const patron_log *log);

/* ---- files -------------------------------------------------------------------------------------------------------------- */

PATRON_API patron_status patron_log_save(const patron_log *log, const char *path, patron_error *error);
/* Maps the file; every checksum and index is verified. */
PATRON_API patron_status patron_log_load(patron_ctx *ctx, const char *path, patron_log **out, patron_error *error);
/* The bytes of the file, in memory: *out is the caller's, ended with patron_bytes_destroy. */
PATRON_API patron_status patron_log_to_bytes(const patron_log *log, patron_bytes **out, patron_error *error);
PATRON_API patron_status patron_log_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_log **out,
                                               patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
