/* data/events.h: events on their way into a log: cleaned and coded, not yet sorted. */
#ifndef PT_DATA_EVENTS_H
#define PT_DATA_EVENTS_H

#include "data/log.h"

/* Columns of n rows in any order. Everything is owned, but for time where time_block is NULL. */
typedef struct pt_events {
    int64_t n;
    pt_dictionary *users;
    int32_t *user; /* -1: this row does not enter the log */
    const int64_t *time;
    int64_t *time_block; /* what `time` points to, NULL when it is borrowed */
    uint16_t *kinds;     /* NULL: all purchases */
    int64_t n_kind_names;
    char **kind_names;
    int64_t n_columns, capacity;
    pt_log_column *columns; /* keep is NULL: data is a block of its own; in the order of the log */
} pt_events;

/* The name of a known kind, NULL beyond. */
const char *pt_known_kind(int kind);

void pt_events_fini(patron_ctx *ctx, pt_events *events);

/* Adds a column; takes over data and dictionary (also on failure); the name is copied. */
patron_status pt_events_add(patron_ctx *ctx, pt_events *events, const char *name, bool property, pt_store store,
                            pt_dictionary *dictionary, void *data, patron_error *error);

/* data/log.c: dictionaries hold what the log will hold: values that only rows outside it had go. Codes are rewritten. */
patron_status pt_events_compact(patron_ctx *ctx, pt_events *events, patron_error *error);

/* data/clean.c: the column of a name; *out is NULL where no name is given. role: for the message. */
patron_status pt_find_column(const patron_table *table, const char *name, const char *role, const pt_column **out,
                             patron_error *error);
/* data/clean.c: a name from the data as a terminated text; one with a zero byte inside is refused: it would be cut there, and
 * may then be there twice. */
patron_status pt_name_copy(patron_ctx *ctx, pt_string text, const char *column, char **out, patron_error *error);
/* data/clean.c: pt_dictionary_encode with a line in the audit for trimmed ids, and a longer word on floats. */
patron_status pt_clean_ids(patron_ctx *ctx, const pt_column *column, const char *role, bool trim, pt_dictionary **dictionary,
                           int32_t **codes, pt_audit *audit, patron_error *error);
/* data/clean.c: adds a column as it is under its own name: codes of text, else eight bytes a row by type. */
patron_status pt_clean_property(patron_ctx *ctx, const pt_column *column, bool trim, const pt_timezone *zone, pt_events *events,
                                patron_error *error);
/* data/clean.c: one pass over a table. audit is filled, rows that do not enter are marked. */
patron_status pt_clean(patron_ctx *ctx, const patron_table *table, const patron_log_options *options, const pt_timezone *zone,
                       pt_events *out, char **currency, pt_audit *audit, patron_error *error);
/* data/clean_time.c: the time column as instants, PT_MISSING where there is none; *block is NULL when *time points into the
 * column. */
patron_status pt_clean_time(patron_ctx *ctx, const pt_column *column, const patron_log_options *options,
                            const pt_timezone *zone, const int64_t **time, int64_t **block, pt_audit *audit,
                            patron_error *error);
/* data/clean_kind.c: kinds from names, NULL column: all purchases. */
patron_status pt_clean_kind(patron_ctx *ctx, const pt_column *column, const patron_log_options *options, int64_t n,
                            pt_events *out, pt_audit *audit, patron_error *error);

/* data/assemble.c: sorts events into a log: users, offsets, time, kinds, columns, counts of duplicates. events is emptied. log
 * is fresh, with recipe and zone set. */
patron_status pt_log_assemble(patron_log *log, pt_events *events, patron_error *error);
/* data/outlier.c: flags outlying amounts of an assembled log in its audit, and caps them where the recipe says so. */
patron_status pt_log_flag_outliers(patron_log *log, patron_error *error);

/* data/log.c: an empty log with a reference count of 1; recipe is copied. */
patron_status pt_log_create(patron_ctx *ctx, const patron_log_options *recipe, pt_timezone *zone, patron_log **out,
                            patron_error *error);
/* Every text of the options, and every switch. */
/* clang-format off */
#define PT_RECIPE_TEXTS(X) \
    X(user) X(time) X(item) X(order) X(category) X(brand) X(seller) X(channel) X(campaign) X(surface) X(query) X(text) \
    X(currency) X(event) X(event_id) X(amount) X(quantity) X(discount) X(rating) X(seq) X(time_format)
#define PT_RECIPE_SWITCHES(X) X(has_time_unit) X(has_time_range) X(drop_duplicates) X(trim_ids) X(winsorize)
/* clang-format on */
/* Refuses options that no log could be saved with and loaded again, or that cannot be meant; brings those that mean the same to
 * one form, in which a file has them. */
patron_status pt_recipe_check(patron_log_options *options, patron_error *error);
patron_status pt_recipe_copy(patron_ctx *ctx, const patron_log_options *from, patron_log_options **out, patron_error *error);
void pt_recipe_destroy(patron_ctx *ctx, patron_log_options *recipe);
/* The column name that an options struct gives a role, NULL if none. */
const char *pt_recipe_column(const patron_log_options *options, pt_role role);

#endif
