/* tests/c/log_cells.h: the cells of a table that a log gave, by column name and row; a context of two threads.
 *
 * Include it after cmocka.h; the group of tests runs between set_up and tear_down. */
#ifndef PATRON_TESTS_LOG_CELLS_H
#define PATRON_TESTS_LOG_CELLS_H

#include "log_made.h"

static patron_ctx *ctx;

static inline int set_up(void **state) {
    (void)state;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 2;
    return patron_ctx_create(&options, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

static inline int64_t column_of(const patron_table *table, const char *name) {
    int64_t column = patron_table_find(table, name);
    if (column < 0) fail_msg("no column '%s'", name);
    return column;
}

static inline void text_at(const patron_table *table, const char *name, int64_t row, char out[200]) {
    const char *text;
    int64_t length;
    assert_int_equal(patron_table_get_string(table, column_of(table, name), row, &text, &length, NULL), PATRON_OK);
    snprintf(out, 200, "%.*s", text != NULL ? (int)length : 4, text != NULL ? text : "NULL");
}

static inline double real_at(const patron_table *table, const char *name, int64_t row) {
    double value;
    assert_int_equal(patron_table_get_float64(table, column_of(table, name), row, 1, &value, NULL, NULL), PATRON_OK);
    return value;
}

static inline int64_t number_at(const patron_table *table, const char *name, int64_t row) {
    int64_t value;
    uint8_t valid;
    assert_int_equal(patron_table_get_int64(table, column_of(table, name), row, 1, &value, &valid, NULL), PATRON_OK);
    return valid ? value : NONE;
}

#endif
