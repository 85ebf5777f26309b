/* patron/log.h: the event log: a shop's events, cleaned once, coded once, sorted by (user, time) once.
 *
 *     patron_log_options options;
 *     patron_log_options_init(&options);
 *     options.user = "customer";          // names of columns in the table; only user and time are required
 *     options.time = "date";
 *     options.amount = "spend";
 *     patron_log *log = NULL;
 *     if (patron_log_build(ctx, table, &options, &log, &error) != PATRON_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     printf("%lld events of %lld users\n", (long long)patron_log_n_events(log), (long long)patron_log_n_users(log));
 *     patron_log_destroy(log);
 *
 * Time is int64 microseconds UTC, every interval half-open [start, end). Money and other measures are int64 millionths.
 * Ids are the caller's own, integers or UTF-8 text; inside, users, items and other names are dense codes that follow the
 * sorted ids, -1 for none. Events of one user at one instant are ordered by `seq` if given, then by content, so the
 * order of input rows never matters: any permutation of rows, and any split into logs that are merged again, gives the same
 * bytes.
 *
 * Threads: a log is immutable; any number of threads may read it.
 * Ownership: `build`, `append`, `merge`, `between`, `with_...` and `load` hand over a log that the caller ends with `destroy`,
 * tables likewise with patron_table_destroy. Arrays and texts that a log returns are the log's and live as long; a log needs
 * nothing of the tables and logs it was made from.
 * Errors: PATRON_ERR_INVALID, PATRON_ERR_TYPE and PATRON_ERR_NOT_FOUND name the column and, where one is at fault, the row and
 * value. PATRON_ERR_LIMIT: more than 2^32 - 1 events, 2^31 - 1 distinct values a column or 2^16 - 64 unknown event names. What
 * is built can be loaded again: texts that are not UTF-8 and numbers that mean nothing are refused when they are given.
 */
#ifndef PATRON_LOG_H
#define PATRON_LOG_H

#include "patron/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A log. */
typedef struct patron_log patron_log;

/* Kinds of events. Numbers are pinned. The names are these in lower case ("remove_cart"); in the data any case will do. */
typedef enum patron_kind {
    PATRON_KIND_IMPRESSION = 0,  /* an item was shown */
    PATRON_KIND_VIEW = 1,        /* an item was looked at */
    PATRON_KIND_SEARCH = 2,      /* `query` was searched for */
    PATRON_KIND_CART = 3,        /* put into the cart */
    PATRON_KIND_REMOVE_CART = 4, /* taken out of it */
    PATRON_KIND_PURCHASE = 5,    /* one line of an order */
    PATRON_KIND_RETURN = 6,      /* a line given back; also a purchase of negative amount or quantity */
    PATRON_KIND_REVIEW = 7,      /* `rating` or `text` was left */
    PATRON_KIND_SHARE = 8,       /* an item was recommended to others */
    PATRON_KIND_LOGIN = 9,       /* came back */
    PATRON_KIND_REFER = 10,      /* brought a new customer */
    PATRON_KIND_CONTACT = 11,    /* wrote or called */
    PATRON_KIND_CLICK = 12,      /* followed a link or an advertisement */
    PATRON_KIND_FAVORITE = 13,   /* put on a wish list */
    PATRON_KIND_SIGNUP = 14,     /* opened an account */
    PATRON_KIND_DELIVERY = 15,   /* an order arrived */
    PATRON_KIND_COMPLAINT = 16,  /* was not content */
    PATRON_KIND_CANCEL = 17,     /* called an order off */
    /* From here on: names that are none of these, kept as they are, in the order of their bytes. */
    PATRON_KIND_OTHER = 64
} patron_kind;

/* A time zone as its transitions: made from e.g. Python's zoneinfo by the caller. */
typedef struct patron_timezone {
    const char *name;           /* "Asia/Shanghai" */
    int64_t n_transitions;      /* 0 or more */
    const int64_t *transitions; /* instants, microseconds UTC, rising */
    const int32_t *offsets;     /* seconds east of UTC from transitions[i] on */
    int32_t first_offset;       /* seconds east of UTC before transitions[0] */
} patron_timezone;

/* One rewriting of an event name: `from` as it stands in the data, `to` a kind's name. */
typedef struct patron_kind_name {
    const char *from, *to; /* terminated, UTF-8 */
} patron_kind_name;

/* Which column plays which role, and how to read it: names of columns, NULL for one that the table does not have. All of it is
 * copied. Nulls are missing values, and so are NaN and, as an id, name or other text, the empty one; of measures also
 * infinities and what lies beyond 9.2e12 either way. Measures are rounded to millionths, halves to even. A time that 64 bits of
 * microseconds cannot count lies outside every range, and so do INT64_MIN and INT64_MAX of them: only a null is no time.
 * Switches are on (anything but 0) or off. */
typedef struct patron_log_options {
    size_t struct_size;
    const char *user; /* integers or text */
    const char *time; /* timestamps, dates, ISO 8601 text, text with time_format, integers with time_unit or time_format */
    const char *item, *order, *category, *brand, *seller, *channel, *campaign, *surface; /* integers or text */
    const char *query, *text, *currency;                                                 /* text; one currency in all */
    const char *event;               /* names of kinds; without it every row is a purchase; a missing one: kind "unknown" */
    const char *event_id;            /* integers or text; rows that share one are duplicates */
    const char *amount;              /* line total in units of money; negative on a purchase makes it a return */
    const char *quantity;            /* negative on a purchase makes it a return */
    const char *discount;            /* units of money */
    const char *rating;              /* numbers, on any scale */
    const char *seq;                 /* integers: the order within one instant */
    const char *const *properties;   /* further columns to carry along, each once: numbers, text, booleans, timestamps */
    int64_t n_properties;            /* how many */
    const patron_kind_name *kinds;   /* rewritings of event names, looked up before the known names */
    int64_t n_kinds;                 /* how many */
    const char *time_format;         /* strptime directives for text and integers; NULL: none */
    patron_time_unit time_unit;      /* of an integer time column; used when has_time_unit, else kept as 0 */
    int has_time_unit;               /* 0: integer times need a time_format */
    const patron_timezone *timezone; /* NULL: UTC; naive times are local ones of it */
    int64_t time_from, time_to;      /* used when has_time_range, half-open, not empty */
    int has_time_range;              /* 0: a time outside [1970, 2200) is an error; else rows outside the range are dropped */
    int drop_duplicates;             /* 0: exact duplicates are counted and kept */
    int trim_ids;                    /* strip white space around text ids */
    int winsorize;                   /* cap outlying amounts at the fence; the raw ones stay in amount_raw */
} patron_log_options;

/* Fills `options` with the defaults: no column, UTC, all switches 0; `size` is that of the caller's struct. */
PATRON_API void patron_log_options_init_sized(patron_log_options *options, size_t size);
static inline void patron_log_options_init(patron_log_options *options) {
    patron_log_options_init_sized(options, sizeof *options);
}

/* Cleans, codes and sorts the rows of `table` as `options` say (patron_log_options). O(n). Rows that are dropped or changed are
 * counted in the audit, by rule: a row leaves for want of a user or a time, anything else that cannot be read becomes missing.
 * Errors: PATRON_ERR_NOT_FOUND for a column that is not there; PATRON_ERR_TYPE for one of the wrong type; PATRON_ERR_INVALID
 * for a time outside its range, times of which most cannot be read, two currencies, a name of an event or currency with a zero
 * byte inside, options that say nothing, and no row left. Rows with an amount or discount other than 0 and no currency, where
 * there is a column of currencies, are kept and counted in the audit ("missing currency"). */
PATRON_API patron_status patron_log_build(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                                          patron_log **out, patron_error *error);
/* Gives up the caller's reference; NULL is legal. */
PATRON_API void patron_log_destroy(patron_log *log);

/* Builds a log of `table` by the options `log` was built with and merges the two. Errors as of patron_log_build and
 * patron_log_merge. */
PATRON_API patron_status patron_log_append(const patron_log *log, const patron_table *table, patron_log **out,
                                           patron_error *error);
/* The log of the events of `a` and `b`, equal byte for byte to one built from all their rows. Attributes are united. O(n).
 * Errors: PATRON_ERR_INVALID where the two differ in roles, time zone (its name or any offset), currency, drop_duplicates or
 * winsorize, and where one has a column of currencies and the other none but an amount or discount other than 0: money of an
 * unknown currency; PATRON_ERR_TYPE where a column holds another kind of ids or values. */
PATRON_API patron_status patron_log_merge(const patron_log *a, const patron_log *b, patron_log **out, patron_error *error);
/* The events with start <= time < end, and the users who have any; attributes stay. start and end are microseconds UTC;
 * INT64_MIN and INT64_MAX are open ends. The log may become empty. O(n). Errors: PATRON_ERR_INVALID for start > end. */
PATRON_API patron_status patron_log_between(const patron_log *log, int64_t start, int64_t end, patron_log **out,
                                            patron_error *error);

/* with_users, with_items: the same log with attributes: of a `table` with a column `key` of user (item) ids, a time column
 * `valid_from` (NULL: none) from which on a row holds, and any others. A row without a valid_from holds always; of several rows
 * of one key and instant the last in order of content holds. Keys without an event stay, and are counted in the audit.
 * Attributes that were there are replaced. Events are shared, not copied. O(rows log rows). Errors: PATRON_ERR_NOT_FOUND
 * for a column that is not there, PATRON_ERR_TYPE for ids of another kind than the log's, PATRON_ERR_INVALID for items of a log
 * without any. */
PATRON_API patron_status patron_log_with_users(const patron_log *log, const patron_table *table, const char *key,
                                               const char *valid_from, patron_log **out, patron_error *error);
PATRON_API patron_status patron_log_with_items(const patron_log *log, const patron_table *table, const char *key,
                                               const char *valid_from, patron_log **out, patron_error *error);
/* The attributes of all users (items) of the log in code order, `as_of` an instant (microseconds UTC): of each key the last row
 * with valid_from < as_of, nulls where there is none. The first column is "user" ("item"). O(users).
 * Errors: PATRON_ERR_INVALID for items of a log without any. */
PATRON_API patron_status patron_log_users(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error);
PATRON_API patron_status patron_log_items(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error);

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

/* How many there are: n_events, n_users, n_items (0 without the role). Users are those with an event. */
PATRON_API int64_t patron_log_n_events(const patron_log *log);
PATRON_API int64_t patron_log_n_users(const patron_log *log);
PATRON_API int64_t patron_log_n_items(const patron_log *log);
/* The first event's time, and the last one's plus one microsecond: [start, end) holds every event. 0, 0 for an empty log. */
PATRON_API int64_t patron_log_start(const patron_log *log);
PATRON_API int64_t patron_log_end(const patron_log *log);
/* The name of the time zone of local days; "UTC" when none was given. */
PATRON_API const char *patron_log_timezone(const patron_log *log);
/* The currency of all amounts that have one (see "missing currency" in the audit); NULL when none was given. */
PATRON_API const char *patron_log_currency(const patron_log *log);

/* Events of user code u are rows offsets[u] .. offsets[u + 1] - 1 of every array below; n_users + 1 numbers. */
PATRON_API const int64_t *patron_log_offsets(const patron_log *log);
/* The times of the events, microseconds UTC, and their kinds, a patron_kind or a number from PATRON_KIND_OTHER on; n_events of
 * each. */
PATRON_API const int64_t *patron_log_times(const patron_log *log);
PATRON_API const uint16_t *patron_log_kinds(const patron_log *log);
/* The name of a `kind` of this log, NULL if it has no such kind. */
PATRON_API const char *patron_log_kind_name(const patron_log *log, int kind);
/* The measure of a `role` ("amount", "quantity", "discount", "rating") in millionths, n_events numbers, INT64_MIN where
 * missing; NULL: no such column. */
PATRON_API const int64_t *patron_log_micros(const patron_log *log, const char *role);
/* The codes of the role or property `name` that holds ids or text, n_events of them, -1 where missing; NULL: no such column, or
 * "user", whose codes are those of patron_log_offsets.
 * *n_codes (may be NULL): how many different ones there are; untouched without such a column. */
PATRON_API const int32_t *patron_log_codes(const patron_log *log, const char *name, int64_t *n_codes);

/* An id as the caller gave it: text (not terminated; owned by the log) when `text` is set, else `number`; an unsigned id above
 * 2^63 - 1 is the number with the same bits. */
typedef struct patron_id {
    const char *text; /* NULL: a number */
    int64_t length;   /* bytes of text */
    int64_t number;   /* where text is NULL */
} patron_id;

/* *out becomes the id behind a `code` of the column `name`: "user", "item" or another coded one. O(1).
 * Errors: PATRON_ERR_NOT_FOUND for no such column, PATRON_ERR_INVALID for a code that the column does not have. */
PATRON_API patron_status patron_log_id(const patron_log *log, const char *name, int64_t code, patron_id *out,
                                       patron_error *error);
/* The code of the user with this `id`, -1 if the log has no such user. O(log n_users). */
PATRON_API int64_t patron_log_find_user(const patron_log *log, const patron_id *id);

/* Every event as a table in log order: user, time, event, then the roles and properties that the log has, under the role's own
 * name. Missing values are nulls. What can be shared with the log is not copied, and outlives it. O(n).
 * Errors: none but PATRON_ERR_NO_MEMORY and PATRON_ERR_CANCELLED. */
PATRON_API patron_status patron_log_events(const patron_log *log, patron_table **out, patron_error *error);
/* What cleaning found: rule, column, rows (int64), action ("read", "dropped", "kept" ...), example; nulls where a rule has no
 * column or example. Counts add up over merges. Errors: none but PATRON_ERR_NO_MEMORY. */
PATRON_API patron_status patron_log_audit(const patron_log *log, patron_table **out, patron_error *error);
/* The state of the data: check, column, value, previous, status ("ok", "watch", "alarm"), note: freshness, volume against
 * expectation, missing shares, columns and values that came or went. `previous` (may be NULL): the log of the load before. The
 * rules, with their thresholds and sources, are told in csrc/data/quality.c. O(n).
 * Errors: none but PATRON_ERR_NO_MEMORY and PATRON_ERR_CANCELLED. */
PATRON_API patron_status patron_log_quality(const patron_log *log, const patron_log *previous, patron_table **out,
                                            patron_error *error);

/* The options the log was built with (of a merged log, the first one's), so that the next load is read the same way. The log's;
 * timezone is NULL in them, see patron_log_timezone. */
PATRON_API const patron_log_options *patron_log_recipe(const patron_log *log);

/* ---- files -------------------------------------------------------------------------------------------------------------- */

/* Saves to the file `path`, which is replaced whole or not at all (patron/file.h). O(bytes). Errors: PATRON_ERR_IO. */
PATRON_API patron_status patron_log_save(const patron_log *log, const char *path, patron_error *error);
/* Maps the file at `path`; every checksum and index is verified, and the log reads from the map. O(bytes).
 * Errors: PATRON_ERR_IO; PATRON_ERR_FORMAT for a file that is damaged, no log, or newer. */
PATRON_API patron_status patron_log_load(patron_ctx *ctx, const char *path, patron_log **out, patron_error *error);
/* The bytes of the file, in memory: *out is the caller's, ended with patron_bytes_destroy. Errors: none but
 * PATRON_ERR_NO_MEMORY and PATRON_ERR_CANCELLED. */
PATRON_API patron_status patron_log_to_bytes(const patron_log *log, patron_bytes **out, patron_error *error);
/* The log in the `size` bytes at `data`, which are copied and verified like a file's. Errors as of patron_log_load. */
PATRON_API patron_status patron_log_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_log **out,
                                               patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
