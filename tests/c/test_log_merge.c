/* Which columns of two logs go together and what they become, what a log says of itself, and the lines of the audit. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_rules.h"

/* ---- columns of two logs ---- */

/* How a column of two rows stands in one of the logs. */
typedef enum content {
    INTEGERS,
    NO_INTEGERS,
    FLOATS,
    NO_FLOATS,
    TEXTS,
    NO_TEXTS,
    TIMES,
    NO_TIMES,
    FLAGS,
    NO_FLAGS,
    N_CONTENTS
} content;

static const pt_store stores[] = {PT_INTEGER, PT_FLOAT, PT_CODES, PT_INSTANT, PT_BOOLEAN};

static bool is_empty(content c) { return c % 2 != 0; }

/* A log of users `first` and first + 1 with a property "x". */
static patron_log *log_with(content c, int64_t first) {
    static const int64_t whole[] = {3, -4};
    static const double reals[] = {0.5, -7};
    static const uint8_t bits[] = {2}, none[] = {0};
    static const char *const words[] = {"b", "a"}, *const no_words[] = {NULL, NULL};
    const patron_column columns[] = {{.type = PATRON_TYPE_INT64, .values = whole},
                                     {.type = PATRON_TYPE_FLOAT64, .values = reals},
                                     {.type = PATRON_TYPE_NULL},
                                     {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = whole},
                                     {.type = PATRON_TYPE_BOOL, .values = bits}};
    made m = people(2, (const int64_t[]){first, first + 1}, (const int64_t[]){NOON, NOON});
    patron_column column = columns[c / 2];
    if (is_empty(c)) column.validity = none;
    if (c / 2 == 2)
        made_add_words(&m, "x", is_empty(c) ? no_words : words);
    else
        made_add(m.table, "x", &column);
    patron_log_options o = plain();
    o.properties = (const char *const[]){"x"};
    o.n_properties = 1;
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(pt_log_find(log, "x")->store, stores[c / 2]);
    made_free(&m);
    return log;
}

/* What an event has in column "x", as text; "-": nothing. */
static void show_value(const patron_log *log, int64_t event, char out[32]) {
    const pt_log_column *column = pt_log_find(log, "x");
    const int64_t whole = column->store == PT_CODES ? 0 : ((const int64_t *)column->data)[event];
    snprintf(out, 32, "-");
    if (column->store == PT_CODES) {
        int32_t code = ((const int32_t *)column->data)[event];
        if (code >= 0)
            snprintf(out, 32, "%.*s", (int)pt_dictionary_text(column->dictionary, code).length,
                     pt_dictionary_text(column->dictionary, code).data);
    } else if (column->store == PT_FLOAT) {
        double real = ((const double *)column->data)[event];
        if (real == real) snprintf(out, 32, "%g", real);
    } else if (whole != NONE) {
        snprintf(out, 32, "%lld", (long long)whole);
    }
}

static void columns_that_hold_different_things_merge_where_nothing_is_lost(void **state) {
    (void)state;
    for (content a = 0; a < N_CONTENTS; a++)
        for (content b = 0; b < N_CONTENTS; b++) {
            patron_log *x = log_with(a, 0), *y = log_with(b, 2), *merged = NULL;
            patron_error error = {0};
            patron_status status = patron_log_merge(x, y, &merged, &error);
            const bool numbers = a / 2 != b / 2 && a / 2 <= 1 && b / 2 <= 1; /* integers and floats */
            const bool fits = a / 2 == b / 2 || is_empty(a) || is_empty(b) || numbers;
            if (status != (fits ? PATRON_OK : PATRON_ERR_TYPE)) fail_msg("%d and %d: %s", (int)a, (int)b, error.message);
            if (!fits) {
                assert_null(merged);
                assert_non_null(strstr(error.message, "Column 'x' holds "));
                patron_log_destroy(x);
                patron_log_destroy(y);
                continue;
            }
            pt_store expected = stores[a / 2];
            if (a / 2 != b / 2 && is_empty(a) == is_empty(b)) /* two empty ones: by their types, whatever their order */
                expected = numbers || stores[b / 2] > expected ? (numbers ? PT_FLOAT : stores[b / 2]) : expected;
            else if (is_empty(a))
                expected = stores[b / 2];
            assert_int_equal(pt_log_find(merged, "x")->store, expected);
            for (int64_t i = 0; i < 4; i++) {
                char before[32], after[32];
                show_value(i < 2 ? x : y, i % 2, before);
                show_value(merged, i, after);
                assert_string_equal(after, before);
            }
            patron_log *back = NULL; /* and the other way round the same */
            assert_int_equal(patron_log_merge(y, x, &back, NULL), PATRON_OK);
            assert_int_equal(pt_log_find(back, "x")->store, expected);
            assert_same_bytes(merged, back);
            patron_log_destroy(back);
            patron_log_destroy(merged);
            patron_log_destroy(x);
            patron_log_destroy(y);
        }
}

static void integers_that_no_double_holds_do_not_become_floats(void **state) {
    (void)state;
    const int64_t edge = INT64_C(1) << 53;
    const int64_t values[] = {edge, -edge, edge + 1, -edge - 1};
    patron_log *floats = log_with(FLOATS, 5);
    for (int i = 0; i < 4; i++) {
        made m = people(1, (const int64_t[]){1}, (const int64_t[]){NOON});
        made_add_values(&m, "x", PATRON_TYPE_INT64, &values[i]);
        patron_log_options o = plain();
        o.properties = (const char *const[]){"x"};
        o.n_properties = 1;
        patron_log *log = made_log(ctx, &m, &o), *merged = NULL;
        patron_error error = {0};
        patron_status status = patron_log_merge(floats, log, &merged, &error);
        assert_int_equal(status, i < 2 ? PATRON_OK : PATRON_ERR_LIMIT);
        if (i == 2)
            assert_string_equal(error.message, "Column 'x' holds 9007199254740993 in one log and floats in the other; "
                                               "expected integers in both");
        if (i < 2) assert_true(((const double *)pt_log_find(merged, "x")->data)[0] == (double)values[i]);
        patron_log_destroy(merged);
        patron_log_destroy(log);
        made_free(&m);
    }
    patron_log_destroy(floats);
}

/* ---- what both must agree in ---- */

static void logs_that_were_read_differently_do_not_merge(void **state) {
    (void)state;
    made m = people(1, (const int64_t[]){1}, (const int64_t[]){NOON});
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){100});
    made_add_words(&m, "eur", (const char *const[]){"EUR"});
    made_add_words(&m, "usd", (const char *const[]){"USD"});
    patron_log_options o = plain();
    patron_log *logs[5], *merged = NULL;
    patron_error error = {0};
    logs[0] = made_log(ctx, &m, &o);
    o.winsorize = 1;
    logs[1] = made_log(ctx, &m, &o);
    o.winsorize = 0;
    o.amount = "spent";
    logs[2] = made_log(ctx, &m, &o);
    o.amount = NULL;
    o.currency = "eur";
    logs[3] = made_log(ctx, &m, &o);
    o.currency = "usd";
    logs[4] = made_log(ctx, &m, &o);
    static const struct {
        int a, b;
        const char *message; /* NULL: they do */
    } cases[] = {{0, 1, "One log was built with winsorize, the other without; expected the same"},
                 {0, 2, "Only one of the logs has a column 'amount'; expected the same roles and properties in both"},
                 {2, 0, "Only one of the logs has a column 'amount'; expected the same roles and properties in both"},
                 {3, 4, "One log is in currency 'EUR', the other in 'USD'; expected the same"},
                 {0, 3, NULL},
                 {4, 0, NULL}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        merged = NULL;
        patron_status status = patron_log_merge(logs[cases[i].a], logs[cases[i].b], &merged, &error);
        assert_int_equal(status, cases[i].message != NULL ? PATRON_ERR_INVALID : PATRON_OK);
        if (cases[i].message != NULL)
            assert_string_equal(error.message, cases[i].message);
        else /* a log without a currency goes with any */
            assert_string_equal(patron_log_currency(merged), cases[i].a == 0 ? "EUR" : "USD");
        patron_log_destroy(merged);
    }
    patron_log *none = NULL;
    assert_int_equal(patron_log_append(logs[0], m.table, &none, NULL), PATRON_OK);
    assert_int_equal(patron_log_n_events(none), 2);
    patron_log_destroy(none);
    made empty = made_rows(ctx, 0);
    none = NULL;
    assert_int_equal(patron_log_append(logs[0], empty.table, &none, &error), PATRON_ERR_NOT_FOUND);
    assert_null(none);
    assert_int_equal(patron_log_between(logs[0], 5, 4, &none, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The interval starts after it ends (5 > 4 microseconds); expected start <= end");
    made_free(&empty);
    for (int i = 0; i < 5; i++) patron_log_destroy(logs[i]);
    made_free(&m);
}

/* A file made by hand may ask that repeats leave and still hold some. */
static void a_cut_of_a_log_with_repeats_left_in_drops_them_and_their_users(void **state) {
    (void)state;
    made m = people(4, (const int64_t[]){1, 2, 3, 4}, (const int64_t[]){NOON, NOON + 1, NOON + 2, NOON + 9});
    made_add_values(&m, "id", PATRON_TYPE_INT64, (const int64_t[]){7, 7, 8, 9});
    patron_log_options o = plain();
    o.event_id = "id";
    patron_log *log = made_log(ctx, &m, &o), *part = NULL;
    assert_int_equal(patron_log_between(log, NOON, NOON + 5, &part, NULL), PATRON_OK);
    assert_int_equal(patron_log_n_events(part), 3);
    patron_log_destroy(part);
    log->recipe->drop_duplicates = 1;
    pt_audit_drop(ctx, &log->audit, "repeated event_id");
    assert_int_equal(patron_log_between(log, NOON, NOON + 5, &part, NULL), PATRON_OK);
    assert_int_equal(patron_log_n_events(part), 2);
    assert_int_equal(patron_log_n_users(part), 2); /* the second had nothing but the repeat */
    assert_int_equal(audited(part, "repeated event_id"), 1);
    patron_log_destroy(part);
    patron_log_destroy(log);
    made_free(&m);
}

/* ---- what a log says of itself ---- */

static void columns_are_lent_in_their_own_form_only(void **state) {
    (void)state;
    made m = people(2, (const int64_t[]){1, 2}, (const int64_t[]){NOON, NOON});
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){150, 250});
    made_add_words(&m, "what", (const char *const[]){"pen", NULL});
    patron_log_options o = plain();
    o.amount = "spent";
    o.item = "what";
    patron_log *log = made_log(ctx, &m, &o);
    int64_t n = 77;
    assert_int_equal(patron_log_codes(log, "item", NULL)[0], 0);
    assert_int_equal(patron_log_codes(log, "item", &n)[1], -1);
    assert_int_equal(n, 1);
    assert_null(patron_log_codes(log, "amount", &n));
    assert_null(patron_log_codes(log, "order", &n));
    assert_int_equal(n, 1);
    assert_int_equal(patron_log_micros(log, "amount")[1], 2500000);
    assert_null(patron_log_micros(log, "item"));
    assert_null(patron_log_micros(log, "quantity"));
    assert_int_equal(patron_log_n_items(log), 1);
    assert_null(patron_log_currency(log));
    assert_string_equal(patron_log_timezone(log), "UTC");
    patron_id id;
    patron_error error = {0};
    assert_int_equal(patron_log_id(log, "amount", 0, &id, &error), PATRON_ERR_NOT_FOUND);
    assert_string_equal(error.message, "The log has no coded column 'amount'");
    assert_int_equal(patron_log_id(log, "order", 0, &id, &error), PATRON_ERR_NOT_FOUND);
    assert_int_equal(patron_log_id(log, "item", 1, &id, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Code 1 of column 'item' is not one of its 1");
    assert_int_equal(patron_log_id(log, "user", -1, &id, &error), PATRON_ERR_INVALID);
    patron_log_destroy(log);
    o.item = NULL;
    log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_items(log), 0);
    patron_log_destroy(log);
    patron_log_destroy(NULL);
    made_free(&m);
}

/* ---- the audit ---- */

static void lines_of_the_audit_add_up_and_have_one_order(void **state) {
    (void)state;
    static const struct {
        const char *rule, *column, *action, *example;
        int64_t rows;
    } rows[] = {
        {"missing user", "who", "dropped", NULL, 3}, {"rows read", NULL, "read", NULL, 10},
        {"missing user", "id", "dropped", NULL, 2},  {"missing user", NULL, "dropped", NULL, 1},
        {"missing user", "who", "counted", "b", 5},  {"apart", "who", "dropped", NULL, INT64_MAX},
    };
    static const int order[] = {1, 5, 3, 2, 4, 0};
    pt_audit audits[2] = {{0}, {0}};
    for (int side = 0; side < 2; side++) { /* every line twice, in two orders */
        pt_audit *audit = &audits[side];
        for (int k = 0; k < 2 * (int)LENGTH(rows); k++) {
            int at = side == 0 ? k % (int)LENGTH(rows) : (int)LENGTH(rows) - 1 - k % (int)LENGTH(rows);
            assert_int_equal(pt_audit_add(ctx, audit, rows[at].rule, rows[at].column, rows[at].rows, rows[at].action,
                                          rows[at].example, NULL),
                             PATRON_OK);
        }
        assert_int_equal(pt_audit_add(ctx, audit, "nothing", NULL, 0, "dropped", "x", NULL), PATRON_OK); /* is no line */
        static const char *const examples[] = {"c", "a", "b", NULL};
        for (int k = 0; k < 4; k++)
            assert_int_equal(pt_audit_add(ctx, audit, "missing user", "who", 1, "counted", examples[k], NULL), PATRON_OK);
        assert_int_equal(pt_audit_add(ctx, audit, "missing user", NULL, 1, "dropped", "late", NULL), PATRON_OK);
        pt_audit_sort(audit);
        assert_int_equal(audit->n, LENGTH(rows));
        for (int64_t i = 0; i < audit->n; i++) {
            const pt_audit_row *row = &audit->rows[i];
            const char *column = rows[order[i]].column;
            assert_string_equal(row->rule, rows[order[i]].rule);
            assert_string_equal(row->column != NULL ? row->column : "", column != NULL ? column : "");
            assert_string_equal(row->action, rows[order[i]].action);
            int64_t more = order[i] == 4 ? 4 : order[i] == 3;
            assert_int_equal(row->rows,
                             order[i] == 5 ? INT64_MAX : 2 * rows[order[i]].rows + more); /* never beyond the range */
            const char *example = order[i] == 4 ? "a" : order[i] == 3 ? "late" : "";
            assert_string_equal(row->example != NULL ? row->example : "", example);
        }
        pt_audit_drop(ctx, audit, "missing user");
        assert_int_equal(audit->n, 2);
    }
    for (int side = 0; side < 2; side++) pt_audit_fini(ctx, &audits[side]);
}

/* ---- amounts without a spread ---- */

static void amounts_that_are_all_alike_have_no_outliers(void **state) {
    (void)state;
    enum { N = 40 };
    int64_t users[N], times[N], amounts[N];
    for (int64_t i = 0; i < N; i++) {
        users[i] = i;
        times[i] = NOON + i;
        amounts[i] = i == 5 ? 100000000 : 1000;
    }
    patron_log_options o = plain();
    o.amount = "spent";
    for (int capped = 0; capped < 2; capped++) {
        made m = people(N, users, times);
        made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, amounts);
        o.winsorize = capped;
        patron_log *log = made_log(ctx, &m, &o);
        assert_null(audit_line(log, "outlying amount"));
        assert_int_equal(patron_log_micros(log, "amount")[5], INT64_C(1000000000000));
        assert_int_equal(patron_log_micros(log, "amount_raw") != NULL, capped);
        patron_log_destroy(log);
        made_free(&m);
    }
    /* spread so far that the fence is beyond every amount */
    for (int64_t i = 0; i < N; i++) amounts[i] = i < N / 2 ? 1 : INT64_C(90000000000000);
    made m = people(N, users, times);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, amounts);
    patron_log *log = made_log(ctx, &m, &o);
    assert_null(audit_line(log, "outlying amount"));
    patron_log_destroy(log);
    made_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_that_hold_different_things_merge_where_nothing_is_lost),
        cmocka_unit_test(integers_that_no_double_holds_do_not_become_floats),
        cmocka_unit_test(logs_that_were_read_differently_do_not_merge),
        cmocka_unit_test(a_cut_of_a_log_with_repeats_left_in_drops_them_and_their_users),
        cmocka_unit_test(columns_are_lent_in_their_own_form_only),
        cmocka_unit_test(lines_of_the_audit_add_up_and_have_one_order),
        cmocka_unit_test(amounts_that_are_all_alike_have_no_outliers),
    };
    return cmocka_run_group_tests_name("log: merging", tests, set_up, tear_down);
}
