/* data/log_tables.h: parts of a log as columns of a table. */
#ifndef PT_DATA_LOG_TABLES_H
#define PT_DATA_LOG_TABLES_H

#include "data/events.h"

/* Adds a column of a log, or of attributes, under its own name: n rows, which are rows[0 .. n) of the column (-1: null), or its
 * first n when rows is NULL. Names become a dictionary of text, ids that are integers plain integers, millionths float64,
 * instants timestamps in microseconds of the time zone. Missing values are null. Memory is shared where nothing needs to be
 * changed. */
patron_status pt_log_column_to_table(const pt_log_column *column, const int64_t *rows, int64_t n, const char *timezone,
                                     patron_table *table, patron_error *error);

/* Adds a column of text, copied; a NULL is null. */
patron_status pt_table_add_texts(patron_table *table, const char *name, int64_t n, const char *const *texts,
                                 patron_error *error);

/* The user who has an event, 0 <= event < n. O(log n). */
int64_t pt_log_user_of(const patron_log *log, int64_t event);

#endif
