/* tests/c/log_rules.h: small tables of events by hand, and what the audit, or the refusal, says of them.
 *
 *     made m = people(2, (const int64_t[]){1, 2}, (const int64_t[]){NOON, NONE});
 *     patron_log_options o = plain();
 *     REFUSED(&m, &o, PATRON_ERR_TYPE, "'when'", "row 0");     // every one of these words is in the message
 *     has_line(log, "missing time", "when", 1, "dropped", NULL);
 *
 * Include it after cmocka.h; the group of tests runs between set_up and tear_down. */
#ifndef PATRON_TESTS_LOG_RULES_H
#define PATRON_TESTS_LOG_RULES_H

#include "log_made.h"

static patron_ctx *ctx;

static inline int set_up(void **state) {
    (void)state;
    return patron_ctx_create(NULL, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

#define INSTANT(seconds) ((seconds)*PT_SECOND)
#define NOON INSTANT(INT64_C(1704110400)) /* 2024-01-01T12:00:00Z */

static inline patron_log_options plain(void) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    return o;
}

static inline made people(int64_t n, const int64_t *users, const int64_t *times) {
    made m = made_rows(ctx, n);
    made_add_values(&m, "who", PATRON_TYPE_INT64, users);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
    return m;
}

/* Refused with this status and these words; no log comes out. */
static inline void refused(const made *m, const patron_log_options *options, patron_status status, const char *const *words) {
    patron_error error = {0};
    patron_log *log = NULL;
    assert_int_equal(patron_log_build(ctx, m->table, options, &log, &error), status);
    assert_null(log);
    assert_int_equal(error.status, status);
    for (; *words != NULL; words++)
        if (strstr(error.message, *words) == NULL) fail_msg("'%s' does not say '%s'", error.message, *words);
    assert_int_equal(patron_log_build(ctx, m->table, options, &log, NULL), status);
}
#define REFUSED(m, options, status, ...) refused(m, options, status, (const char *const[]){__VA_ARGS__, NULL})

static inline void has_line(const patron_log *log, const char *rule, const char *column, int64_t rows, const char *action,
                            const char *example) {
    const pt_audit_row *line = audit_line(log, rule);
    if (line == NULL) {
        fail_msg("no line '%s'", rule);
        return;
    }
    assert_int_equal(line->rows, rows);
    assert_string_equal(line->action, action);
    assert_int_equal(line->column != NULL, column != NULL);
    if (column != NULL) assert_string_equal(line->column, column);
    assert_int_equal(line->example != NULL, example != NULL);
    if (example != NULL) assert_string_equal(line->example, example);
}

/* n rows of users 0, 1, ... at noon, a microsecond apart. */
static inline made rows_at_noon(int64_t n) {
    int64_t *numbers = malloc((size_t)n * 8 + 1);
    made m = made_rows(ctx, n);
    for (int64_t i = 0; i < n; i++) numbers[i] = i;
    made_add_values(&m, "who", PATRON_TYPE_INT64, numbers);
    for (int64_t i = 0; i < n; i++) numbers[i] = NOON + i;
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, numbers);
    free(numbers);
    return m;
}

/* What an event has in a column: a code, or the eight bytes as a number. */
static inline int64_t value_at(const patron_log *log, const char *name, int64_t event) {
    const pt_log_column *column = pt_log_find(log, name);
    assert_non_null(column);
    if (column->store == PT_CODES) return ((const int32_t *)column->data)[event];
    return ((const int64_t *)column->data)[event];
}

#endif
