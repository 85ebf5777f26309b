/* data/log.h: the inside of a log. Private to the library.
 *
 *   patron_log ── users (dictionary), offsets[n_users + 1], time[n]
 *              ├─ kinds[n] (uint16), names of unknown kinds
 *              ├─ columns: roles first, in the order of pt_role, then properties by name
 *              ├─ zone, currency, recipe (the options it was built with), audit
 *              └─ attributes of users and of items
 *
 * Missing values are marked in the column itself: code -1, PT_MISSING for integers, NaN for floats. */
#ifndef PT_DATA_LOG_H
#define PT_DATA_LOG_H

#include "data/calendar.h"
#include "data/dictionary.h"
#include "patron/log.h"

#define PT_MISSING INT64_MIN

/* Every role but user, time and event, in the order of columns. X(name, how it is stored) */
#define PT_ROLES(X)                                                                                                            \
    X(item, PT_CODES)                                                                                                          \
    X(order, PT_CODES)                                                                                                         \
    X(amount, PT_MICROS)                                                                                                       \
    X(amount_raw, PT_MICROS)                                                                                                   \
    X(quantity, PT_MICROS)                                                                                                     \
    X(discount, PT_MICROS)                                                                                                     \
    X(category, PT_CODES)                                                                                                      \
    X(brand, PT_CODES)                                                                                                         \
    X(seller, PT_CODES)                                                                                                        \
    X(channel, PT_CODES)                                                                                                       \
    X(campaign, PT_CODES)                                                                                                      \
    X(surface, PT_CODES)                                                                                                       \
    X(query, PT_CODES)                                                                                                         \
    X(rating, PT_MICROS)                                                                                                       \
    X(text, PT_CODES)                                                                                                          \
    X(seq, PT_INTEGER)                                                                                                         \
    X(event_id, PT_CODES)

typedef enum pt_role {
#define PT_ROLE_NUMBER(name, store) PT_ROLE_##name,
    PT_ROLES(PT_ROLE_NUMBER)
#undef PT_ROLE_NUMBER
        PT_N_ROLES
} pt_role;

/* How a column is stored: int32 codes, or 8 bytes an event. */
typedef enum pt_store { PT_CODES = 0, PT_MICROS = 1, PT_INTEGER = 2, PT_FLOAT = 3, PT_INSTANT = 4, PT_BOOLEAN = 5 } pt_store;

const char *pt_role_name(pt_role role);
pt_store pt_role_store(pt_role role);
/* Whether a name means something in a log, so that no property can have it: a role, user, time or event. */
bool pt_name_is_taken(const char *name);

typedef struct pt_log_column {
    char *name; /* role or property */
    pt_store store;
    bool property;
    pt_dictionary *dictionary; /* PT_CODES */
    void *data;                /* int32_t[n], or 8-byte values [n] */
    pt_buffer *keep;           /* what holds data */
    const double *floats;      /* before sorting, instead of data: a borrowed column whose values are all whole millionths */
} pt_log_column;

/* One line of the audit. Counts add up over merges; example is the least offending value, so that it does not depend on order.
 */
typedef struct pt_audit_row {
    char *rule, *column, *action, *example; /* example may be NULL */
    int64_t rows;
    uint64_t hash; /* of rule, column and action: there may be as many lines as there are unknown names of events */
} pt_audit_row;

typedef struct pt_audit {
    int64_t n, capacity;
    pt_audit_row *rows;
} pt_audit;

/* Adds to the row of (rule, column, action), or makes it; keeps the lesser example. rows 0 adds nothing. */
patron_status pt_audit_add(patron_ctx *ctx, pt_audit *audit, const char *rule, const char *column, int64_t rows,
                           const char *action, const char *example, patron_error *error);
patron_status pt_audit_copy(patron_ctx *ctx, const pt_audit *from, pt_audit *to,
                            patron_error *error);                       /* adds all rows of from */
void pt_audit_drop(patron_ctx *ctx, pt_audit *audit, const char *rule); /* takes out every row of a rule */
void pt_audit_sort(pt_audit *audit);                                    /* one order of lines, whatever was loaded first */
void pt_audit_fini(patron_ctx *ctx, pt_audit *audit);

/* Attributes of users or items: rows sorted by (key, valid_from), keys that have no event included. */
typedef struct pt_attributes {
    _Atomic int64_t references;
    patron_ctx *ctx;
    pt_dictionary *keys;
    int64_t n;           /* rows */
    int32_t *key;        /* code in keys, rising */
    int64_t *valid_from; /* PT_MISSING: always; NULL: no such column */
    int64_t n_columns;
    pt_log_column *columns; /* by name; data[n] */
    pt_buffer *keep;
} pt_attributes;

struct patron_log {
    _Atomic int64_t references;
    patron_ctx *ctx;
    int64_t n;
    pt_dictionary *users;
    const int64_t *offsets; /* users->n + 1 */
    const int64_t *time;
    const uint16_t *kinds;
    int64_t n_kind_names; /* unknown kinds: number PATRON_KIND_OTHER + i */
    char **kind_names;
    int64_t n_columns;
    pt_log_column *columns;
    pt_buffer *keep[3]; /* offsets, time, kinds */
    int64_t first_time, last_time;
    pt_timezone *zone;
    char *currency;             /* NULL: none */
    patron_log_options *recipe; /* a deep copy; timezone is NULL in it, see zone */
    pt_audit audit;
    pt_attributes *user_attributes, *item_attributes; /* NULL: none */
};

void pt_log_column_fini(patron_ctx *ctx, pt_log_column *column);

pt_attributes *pt_attributes_retain(pt_attributes *attributes); /* NULL is legal */
void pt_attributes_release(pt_attributes *attributes);          /* NULL is legal */
/* The rows of both, each once; either may be NULL. */
patron_status pt_attributes_unite(patron_ctx *ctx, pt_attributes *a, pt_attributes *b, pt_attributes **out,
                                  patron_error *error);
/* Counts keys without events and events without attributes in the log's audit, anew. */
patron_status pt_attributes_audit(patron_log *log, patron_error *error);

/* The column of a role or property, NULL if there is none. */
const pt_log_column *pt_log_find(const patron_log *log, const char *name);
patron_log *pt_log_retain(const patron_log *log);

#endif
