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
        else /* a log without a currency and without money goes with any */
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

/* Money whose currency nobody knows is not added to money of a known one. */
static void a_log_of_money_in_no_currency_does_not_merge_with_one_of_a_currency(void **state) {
    (void)state;
    enum { EUROS, EMPTY, NOTHING, PENCE, ZEROS, ABSENT, SAVED, N_LOGS };
    static const int64_t some[] = {15000, NONE}, zeros[] = {0, NONE}, none[] = {NONE, NONE};
    made m = people(2, (const int64_t[]){1, 2}, (const int64_t[]){NOON, NOON});
    made_add_words(&m, "eur", (const char *const[]){"EUR", "EUR"});
    made_add_words(&m, "null", (const char *const[]){NULL, NULL});
    made_add_values(&m, "some", PATRON_TYPE_FLOAT64, some);
    made_add_values(&m, "zeros", PATRON_TYPE_FLOAT64, zeros);
    made_add_values(&m, "none", PATRON_TYPE_FLOAT64, none);
    static const char *const columns[N_LOGS][3] = {{"eur", "some", "none"}, {"null", "some", "none"}, {"null", "none", "none"},
                                                   {NULL, "some", "none"},  {NULL, "zeros", "none"},  {NULL, "none", "none"},
                                                   {NULL, "none", "some"}};
    patron_log *logs[N_LOGS];
    for (int i = 0; i < N_LOGS; i++) {
        patron_log_options o = plain();
        o.currency = columns[i][0];
        o.amount = columns[i][1];
        o.discount = columns[i][2];
        logs[i] = made_log(ctx, &m, &o);
    }
    static const char euros[] = "One log is in currency 'EUR', the other has amounts in no currency; expected the same";
    static const char empty[] =
        "One log has its currencies in column 'null', the other has amounts in no currency; expected the same";
    static const struct {
        int a, b;
        const char *message, *currency; /* NULL: they merge; of the merged one */
    } cases[] = {{EUROS, PENCE, euros, NULL},   {EUROS, SAVED, euros, NULL},  {EMPTY, PENCE, empty, NULL},
                 {NOTHING, PENCE, empty, NULL}, {EUROS, EMPTY, NULL, "EUR"},  {EUROS, NOTHING, NULL, "EUR"},
                 {EUROS, ZEROS, NULL, "EUR"},   {EUROS, ABSENT, NULL, "EUR"}, {EMPTY, ABSENT, NULL, NULL},
                 {PENCE, ABSENT, NULL, NULL},   {PENCE, SAVED, NULL, NULL}};
    for (int64_t i = 0; i < 2 * LENGTH(cases); i++) {
        const int a = i % 2 ? cases[i / 2].b : cases[i / 2].a, b = i % 2 ? cases[i / 2].a : cases[i / 2].b;
        patron_log *merged = NULL, *again = NULL;
        patron_error error = {0};
        patron_status status = patron_log_merge(logs[a], logs[b], &merged, &error);
        if (cases[i / 2].message != NULL) {
            assert_int_equal(status, PATRON_ERR_INVALID);
            assert_string_equal(error.message, cases[i / 2].message);
            assert_null(merged);
            assert_int_equal(patron_log_merge(logs[a], logs[b], &merged, NULL), PATRON_ERR_INVALID);
            continue;
        }
        if (status != PATRON_OK) fail_msg("%d and %d: %s", a, b, error.message);
        assert_int_equal(audited(merged, "missing currency"),
                         audited(logs[a], "missing currency") + audited(logs[b], "missing currency"));
        assert_int_equal(audited(logs[EMPTY], "missing currency"), 1);
        assert_int_equal(patron_log_currency(merged) == NULL, cases[i / 2].currency == NULL);
        if (cases[i / 2].currency != NULL) { /* which holds for what comes later, whichever was first */
            assert_string_equal(patron_log_currency(merged), "EUR");
            assert_int_equal(patron_log_merge(merged, logs[PENCE], &again, NULL), PATRON_ERR_INVALID);
            assert_int_equal(patron_log_merge(logs[EUROS], merged, &again, NULL), PATRON_OK);
        }
        patron_log_destroy(again);
        patron_log_destroy(merged);
    }
    for (int i = 0; i < N_LOGS; i++) patron_log_destroy(logs[i]);
    made_free(&m);
}

/* Rows with and without a currency, cut anywhere: the parts merge, and the audit too is that of the whole. */
static void rows_without_a_currency_merge_to_the_same_bytes_wherever_they_were_cut(void **state) {
    (void)state;
    enum { N = 7 };
    const int64_t users[N] = {1, 2, 1, 3, 2, 1, 4}, times[N] = {NOON, NOON, NOON + 5, NOON, NONE, NOON + 1, NOON};
    const int64_t spent[N] = {100, 200, NONE, 0, 300, -400, 250};
    const char *const money[N] = {NULL, NULL, NULL, "EUR", NULL, NULL, " EUR"};
    patron_log_options o = plain();
    o.amount = "spent";
    o.currency = "money";
    made all = people(N, users, times);
    made_add_values(&all, "spent", PATRON_TYPE_FLOAT64, spent);
    made_add_words(&all, "money", money);
    patron_log *whole = made_log(ctx, &all, &o);
    has_line(whole, "missing currency", "money", 4, "kept", NULL); /* the row that is dropped is one of them */
    for (int64_t cut = 1; cut < N; cut++) {
        made parts[2];
        for (int side = 0; side < 2; side++) {
            int64_t first = side == 0 ? 0 : cut, n = side == 0 ? cut : N - cut;
            parts[side] = people(n, users + first, times + first);
            made_add_values(&parts[side], "spent", PATRON_TYPE_FLOAT64, spent + first);
            made_add_words(&parts[side], "money", money + first);
        }
        patron_log *a = made_log(ctx, &parts[0], &o), *b = made_log(ctx, &parts[1], &o), *merged = NULL, *appended = NULL;
        assert_int_equal(patron_log_merge(b, a, &merged, NULL), PATRON_OK);
        assert_same_bytes(merged, whole);
        assert_int_equal(patron_log_append(a, parts[1].table, &appended, NULL), PATRON_OK);
        assert_same_bytes(appended, whole);
        patron_log_destroy(a);
        patron_log_destroy(b);
        patron_log_destroy(merged);
        patron_log_destroy(appended);
        made_free(&parts[0]);
        made_free(&parts[1]);
    }
    patron_log_destroy(whole);
    made_free(&all);
}

static void zones_of_one_name_and_different_offsets_do_not_merge(void **state) {
    (void)state;
    static const int64_t from[] = {1711846800 * PT_SECOND, 1729990800 * PT_SECOND + 1}, other[] = {1711846800 * PT_SECOND, 1};
    static const int32_t summer[] = {7200, 3600}, winter[] = {7200, 7200};
    const patron_timezone zones[] = {{"Z", 2, from, summer, 3600},
                                     {"Z", 1, from, summer, 3600},
                                     {"Z", 2, from, summer, 0},
                                     {"Z", 0, other, summer, 3600},
                                     {"Z", 2, from, winter, 3600}};
    static const char *const since[] = {NULL, "2024-10-27T01:00:00.000001Z", "the beginning", "2024-03-31T01:00:00Z",
                                        "2024-10-27T01:00:00.000001Z"};
    made m = people(1, (const int64_t[]){1}, (const int64_t[]){NOON});
    patron_log *logs[5], *merged = NULL;
    for (int i = 0; i < 5; i++) {
        patron_log_options o = plain();
        o.timezone = &zones[i];
        logs[i] = made_log(ctx, &m, &o);
    }
    for (int i = 0; i < 5; i++) {
        patron_error error = {0};
        char message[256];
        snprintf(
            message, sizeof message,
            "The logs have time zone 'Z' with different offsets from %s on; expected the same: the time zone data of one is "
            "newer",
            since[i] != NULL ? since[i] : "");
        assert_int_equal(patron_log_merge(logs[0], logs[i], &merged, &error), i == 0 ? PATRON_OK : PATRON_ERR_INVALID);
        if (i > 0) assert_string_equal(error.message, message);
        if (i > 0) assert_int_equal(patron_log_merge(logs[i], logs[0], &merged, &error), PATRON_ERR_INVALID);
        if (i > 0) assert_string_equal(error.message, message);
        patron_log_destroy(merged);
        merged = NULL;
        assert_int_equal(patron_log_append(logs[i], m.table, &merged, NULL), PATRON_OK); /* by the log's own */
        patron_log_destroy(merged);
        merged = NULL;
    }
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
        cmocka_unit_test(a_log_of_money_in_no_currency_does_not_merge_with_one_of_a_currency),
        cmocka_unit_test(rows_without_a_currency_merge_to_the_same_bytes_wherever_they_were_cut),
        cmocka_unit_test(zones_of_one_name_and_different_offsets_do_not_merge),
        cmocka_unit_test(a_cut_of_a_log_with_repeats_left_in_drops_them_and_their_users),
        cmocka_unit_test(columns_are_lent_in_their_own_form_only),
        cmocka_unit_test(lines_of_the_audit_add_up_and_have_one_order),
        cmocka_unit_test(amounts_that_are_all_alike_have_no_outliers),
    };
    return cmocka_run_group_tests_name("log: merging", tests, set_up, tear_down);
}
