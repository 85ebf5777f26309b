/* What cleaning does to rows that are not as they should be: each rule, its line in the audit, and each refusal with a message
 * that names the column, the row and the value. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_rules.h"

static void rows_without_a_user_or_a_time_leave_and_are_counted(void **state) {
    (void)state;
    const int64_t users[] = {1, NONE, 2, NONE, 3}, times[] = {NOON, NOON, NONE, NONE, NOON + 1};
    made m = people(5, users, times);
    patron_log_options o = plain();
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 2);
    assert_int_equal(patron_log_n_users(log), 2); /* 2 had no event with a time */
    has_line(log, "rows read", NULL, 5, "read", NULL);
    has_line(log, "missing user", "who", 2, "dropped", NULL);
    has_line(log, "missing time", "when", 2, "dropped", NULL);
    assert_string_equal(log->audit.rows[0].rule, "rows read");
    patron_log_destroy(log);
    made_free(&m);
}

static void a_table_with_no_usable_row_is_refused(void **state) {
    (void)state;
    const int64_t users[] = {1, NONE}, times[] = {NONE, NOON};
    made m = people(2, users, times), none = people(0, users, times);
    patron_log_options o = plain();
    REFUSED(&m, &o, PATRON_ERR_INVALID, "No event is left of 2 rows", "'who'", "'when'");
    REFUSED(&none, &o, PATRON_ERR_INVALID, "the table has 0 rows");
    made_free(&m);
    made_free(&none);
}

static void a_column_that_is_not_there_is_named_with_those_that_are(void **state) {
    (void)state;
    const int64_t users[] = {1}, times[] = {NOON};
    made m = people(1, users, times);
    patron_log_options o = plain();
    o.item = "sku";
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "'sku'", "item", "'who'", "'when'");
    o = plain();
    o.user = NULL;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'user'");
    o = plain();
    o.struct_size = 0;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "struct_size");
    o = plain();
    o.properties = (const char *const[]){"colour"};
    o.n_properties = 1;
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "'colour'", "property");
    made_free(&m);
}

static void ids_of_floats_are_refused_with_the_value_and_advice(void **state) {
    (void)state;
    const int64_t values[] = {1250, NONE}, times[] = {NOON, NOON};
    made m = made_rows(ctx, 2);
    made_add_values(&m, "who", PATRON_TYPE_FLOAT64, values);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
    patron_log_options o = plain();
    REFUSED(&m, &o, PATRON_ERR_TYPE, "'who'", "12.5", "float64", "integers or text");
    made_free(&m);
}

static void times_that_cannot_be_read_leave_with_the_least_one_as_an_example(void **state) {
    (void)state;
    const int64_t users[] = {1, 2, 3, 4, 5, 6};
    static const char *const times[] = {"2024-01-01",           "yesterday",       "2024-02-30", NULL,
                                        "2024-01-02T03:04:05Z", "2024-01-03 10:00"};
    made m = made_rows(ctx, 6);
    made_add_values(&m, "who", PATRON_TYPE_INT64, users);
    made_add_words(&m, "when", times);
    patron_log_options o = plain();
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 3);
    has_line(log, "unreadable time", "when", 2, "dropped", "2024-02-30");
    has_line(log, "missing time", "when", 1, "dropped", NULL);
    patron_log_destroy(log);
    o.time_format = "%d.%m.%Y";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'when'", "row 0", "'2024-01-01'", "%d.%m.%Y");
    made_free(&m);
}

static void the_least_example_stays_whatever_is_merged_first(void **state) {
    (void)state;
    static const char *const times[][2] = {{"2024-01-01", "yesterday"}, {"2024-01-02", "after lunch"}};
    patron_log *logs[2];
    for (int i = 0; i < 2; i++) {
        made m = made_rows(ctx, 2);
        made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2});
        made_add_words(&m, "when", times[i]);
        patron_log_options o = plain();
        logs[i] = made_log(ctx, &m, &o);
        made_free(&m);
    }
    for (int i = 0; i < 2; i++) {
        patron_log *merged = NULL;
        assert_int_equal(patron_log_merge(logs[i], logs[1 - i], &merged, NULL), PATRON_OK);
        has_line(merged, "unreadable time", "when", 2, "dropped", "after lunch");
        has_line(merged, "rows read", NULL, 4, "read", NULL);
        patron_log_destroy(merged);
    }
    patron_log_destroy(logs[0]);
    patron_log_destroy(logs[1]);
}

static void bare_integers_are_no_times_without_a_unit_or_a_format(void **state) {
    (void)state;
    const int64_t users[] = {1, 2}, times[] = {19970101, 19970103};
    made m = made_rows(ctx, 2);
    made_add_values(&m, "who", PATRON_TYPE_INT64, users);
    made_add_values(&m, "when", PATRON_TYPE_INT64, times);
    patron_log_options o = plain();
    REFUSED(&m, &o, PATRON_ERR_TYPE, "'when'", "row 0", "19970101", "time_unit", "time_format");
    o.time_format = "%Y%m%d";
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_end(log) - 1 - patron_log_start(log), 2 * DAY);
    patron_log_destroy(log);
    o.time_format = NULL;
    o.has_time_unit = 1;
    o.time_unit = PATRON_UNIT_SECOND;
    log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_start(log), INSTANT(19970101));
    patron_log_destroy(log);
    made_free(&m);
}

static void a_time_outside_the_era_is_an_error_unless_a_range_is_given(void **state) {
    (void)state;
    const int64_t users[] = {1, 2, 3}, times[] = {NOON, -1, INSTANT(INT64_C(7258118400))};
    made m = people(3, users, times), late = people(3, users, (const int64_t[]){NOON, INSTANT(INT64_C(7258118400)), NOON});
    patron_log_options o = plain();
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'when'", "row 1", "1969-12-31", "time_range");
    REFUSED(&late, &o, PATRON_ERR_INVALID, "'when'", "row 1", "2200-01-01");
    o.has_time_range = 1;
    o.time_from = 0;
    o.time_to = INSTANT(INT64_C(7258118400));
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 1);
    has_line(log, "time outside the range", "when", 2, "dropped", "1969-12-31T23:59:59.999999Z");
    patron_log_destroy(log);
    o.time_from = -1;
    o.time_to = NOON;
    log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 1); /* the first instant of the range is in it, the last one not */
    assert_int_equal(patron_log_start(log), -1);
    patron_log_destroy(log);
    made_free(&m);
    made_free(&late);
}

static void two_currencies_are_refused_with_a_row_of_each(void **state) {
    (void)state;
    const int64_t users[] = {1, 2, 3}, times[] = {NOON, NOON, NOON};
    made m = people(3, users, times), one = people(3, users, times);
    made_add_words(&m, "money", (const char *const[]){"EUR", NULL, "CNY"});
    made_add_words(&one, "money", (const char *const[]){NULL, " EUR", "EUR"});
    patron_log_options o = plain();
    o.currency = "money";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'money'", "'EUR' in row 0", "'CNY' in row 2");
    patron_log *log = made_log(ctx, &one, &o), *none, *merged = NULL;
    assert_string_equal(patron_log_currency(log), "EUR");
    o.currency = NULL;
    none = made_log(ctx, &one, &o);
    assert_null(patron_log_currency(none));
    assert_int_equal(patron_log_merge(none, log, &merged, NULL), PATRON_OK);
    assert_string_equal(patron_log_currency(merged), "EUR");
    patron_log_destroy(merged);
    made other = people(1, users, times);
    made_add_words(&other, "money", (const char *const[]){"CNY"});
    o.currency = "money";
    patron_log *yuan = made_log(ctx, &other, &o);
    patron_error error = {0};
    merged = NULL;
    assert_int_equal(patron_log_merge(log, yuan, &merged, &error), PATRON_ERR_INVALID);
    assert_null(merged);
    assert_non_null(strstr(error.message, "'EUR'"));
    assert_non_null(strstr(error.message, "'CNY'"));
    patron_log_destroy(yuan);
    patron_log_destroy(none);
    patron_log_destroy(log);
    made_free(&m);
    made_free(&one);
    made_free(&other);
}

static const char *kind_at(const patron_log *log, int64_t event) {
    return patron_log_kind_name(log, patron_log_kinds(log)[event]);
}

static void names_of_events_are_known_rewritten_kept_or_unknown(void **state) {
    (void)state;
    const int64_t users[] = {0, 1, 2, 3, 4, 5, 6}, times[] = {NOON, NOON, NOON, NOON, NOON, NOON, NOON};
    made m = people(7, users, times);
    made_add_words(&m, "what", (const char *const[]){"BUY", " View ", "zzz", "aaa", NULL, "", "aaa"});
    patron_log_options o = plain();
    o.event = "what";
    o.kinds = (const patron_kind_name[]){{"BUY", "purchase"}};
    o.n_kinds = 1;
    patron_log *log = made_log(ctx, &m, &o);
    static const char *const names[] = {"purchase", "view", "zzz", "aaa", "unknown", "unknown", "aaa"};
    for (int64_t i = 0; i < 7; i++) assert_string_equal(kind_at(log, i), names[i]);
    assert_string_equal(patron_log_kind_name(log, PATRON_KIND_OTHER), "aaa");
    assert_string_equal(patron_log_kind_name(log, PATRON_KIND_OTHER + 1), "unknown");
    assert_string_equal(patron_log_kind_name(log, PATRON_KIND_OTHER + 2), "zzz");
    assert_null(patron_log_kind_name(log, PATRON_KIND_OTHER + 3));
    assert_null(patron_log_kind_name(log, 40));
    has_line(log, "missing event", "what", 2, "kept as 'unknown'", NULL);
    assert_int_equal(audited(log, "unknown event"), 3);
    /* a part without an unknown name does not know it either */
    patron_log *part = NULL;
    patron_log_destroy(log);
    const int64_t later[] = {NOON, NOON, NOON + 9, NOON, NOON, NOON, NOON};
    made split = people(7, users, later);
    made_add_words(&split, "what", (const char *const[]){"BUY", " View ", "zzz", "aaa", NULL, "", "aaa"});
    log = made_log(ctx, &split, &o);
    assert_int_equal(patron_log_between(log, NOON + 9, NOON + 10, &part, NULL), PATRON_OK);
    assert_string_equal(patron_log_kind_name(part, PATRON_KIND_OTHER), "zzz");
    assert_null(patron_log_kind_name(part, PATRON_KIND_OTHER + 1));
    patron_log_destroy(part);
    patron_log_destroy(log);
    o.kinds = (const patron_kind_name[]){{"BUY", "buying"}};
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'BUY'", "'buying'", "purchase");
    o.kinds = NULL;
    o.n_kinds = 0;
    o.event = "who";
    REFUSED(&m, &o, PATRON_ERR_TYPE, "'who'", "int64");
    made_free(&split);
    made_free(&m);
}

static void without_events_every_row_is_a_purchase_and_a_minus_makes_a_return(void **state) {
    (void)state;
    const int64_t users[] = {0, 1, 2, 3, 4}, times[] = {NOON, NOON, NOON, NOON, NOON};
    made m = people(5, users, times);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){100, -250, 300, NONE, -100});
    made_add_values(&m, "pieces", PATRON_TYPE_FLOAT64, (const int64_t[]){100, 100, -200, NONE, -100});
    patron_log_options o = plain();
    patron_log *log = made_log(ctx, &m, &o);
    for (int64_t i = 0; i < 5; i++) assert_string_equal(kind_at(log, i), "purchase");
    assert_null(patron_log_micros(log, "amount"));
    patron_log_destroy(log);
    o.amount = "spent";
    o.quantity = "pieces";
    log = made_log(ctx, &m, &o);
    static const char *const names[] = {"purchase", "return", "return", "purchase", "return"};
    for (int64_t i = 0; i < 5; i++) assert_string_equal(kind_at(log, i), names[i]);
    assert_int_equal(patron_log_micros(log, "amount")[1], 2500000);
    assert_int_equal(patron_log_micros(log, "amount")[3], NONE);
    assert_int_equal(patron_log_micros(log, "quantity")[2], 2000000);
    has_line(log, "negative amount", "spent", 2, "taken as a return", NULL);
    has_line(log, "negative quantity", "pieces", 1, "taken as a return", NULL);
    patron_log_destroy(log);
    made_free(&m);
}

static void amounts_that_are_no_numbers_become_missing(void **state) {
    (void)state;
    const int64_t users[] = {0, 1, 2, 3}, times[] = {NOON, NOON, NOON, NOON};
    const double amounts[] = {__builtin_inf(), -__builtin_inf(), 1e300, 0.1234567};
    made m = people(4, users, times);
    made_add(m.table, "spent", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = amounts});
    patron_log_options o = plain();
    o.amount = "spent";
    patron_log *log = made_log(ctx, &m, &o);
    const int64_t wanted[] = {NONE, NONE, NONE, 123457};
    for (int64_t i = 0; i < 4; i++) assert_int_equal(patron_log_micros(log, "amount")[i], wanted[i]);
    assert_int_equal(patron_log_n_events(log), 4);
    int64_t noted = 0;
    for (int64_t i = 0; i < log->audit.n; i++)
        if (log->audit.rows[i].column != NULL && strcmp(log->audit.rows[i].column, "spent") == 0)
            noted += log->audit.rows[i].rows;
    assert_int_equal(noted, 4);
    patron_log_destroy(log);
    made_free(&m);
}

static void repeats_are_counted_and_leave_only_when_asked(void **state) {
    (void)state;
    const int64_t users[] = {1, 1, 1, 2, 2}, times[] = {NOON, NOON, NOON, NOON, NOON};
    made m = people(5, users, times);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){100, 100, 200, 100, 100});
    patron_log_options o = plain();
    o.amount = "spent";
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 5);
    has_line(log, "exact duplicate", NULL, 2, "counted, kept", NULL);
    patron_log_destroy(log);
    o.drop_duplicates = 1;
    log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 3);
    assert_int_equal(patron_log_offsets(log)[1], 2);
    has_line(log, "exact duplicate", NULL, 2, "dropped", NULL);
    patron_log_destroy(log);
    made_free(&m);
}

static void rows_that_share_an_event_id_are_repeats_whatever_else_they_say(void **state) {
    (void)state;
    /* user 9 has nothing but a repeat of an id of user 1, and leaves with it, and so does the item of that row */
    const int64_t users[] = {1, 1, 1, 9, 2, 2}, times[] = {NOON, NOON + 5, NOON + 7, NOON, NOON, NOON};
    made m = people(6, users, times);
    made_add_words(&m, "id", (const char *const[]){"a", "a", NULL, "a", NULL, NULL});
    made_add_words(&m, "sku", (const char *const[]){"cup", "pen", "cup", "zip", "cup", "cup"});
    patron_log_options o = plain();
    o.event_id = "id";
    o.item = "sku";
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_events(log), 6);
    has_line(log, "repeated event_id", "id", 2, "counted, kept", NULL);
    has_line(log, "exact duplicate", NULL, 1, "counted, kept", NULL);
    patron_log_destroy(log);
    o.drop_duplicates = 1;
    log = made_log(ctx, &m, &o);
    has_line(log, "repeated event_id", "id", 2, "dropped", NULL);
    has_line(log, "exact duplicate", NULL, 1, "dropped", NULL);
    assert_int_equal(patron_log_n_events(log), 3);
    assert_int_equal(patron_log_n_users(log), 2);
    assert_int_equal(patron_log_n_items(log), 1);
    assert_int_equal(patron_log_times(log)[0], NOON);
    patron_log_destroy(log);
    made_free(&m);
}

static void outlying_amounts_are_flagged_and_capped_only_when_asked(void **state) {
    (void)state;
    enum { N = 41 };
    int64_t users[N], times[N], amounts[N];
    for (int64_t i = 0; i < N; i++) {
        users[i] = i;
        times[i] = NOON + i;
        amounts[i] = 1000 + i * 25; /* 10.00 to 19.75, and one of a million */
    }
    amounts[N - 1] = 100000000;
    /* quartiles by rank 10 and 30: 12.50 and 17.50; the fence is 17.5 * 1.4^3 = 48.02 */
    made m = people(N, users, times);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, amounts);
    patron_log_options o = plain();
    o.amount = "spent";
    patron_log *log = made_log(ctx, &m, &o);
    has_line(log, "outlying amount", "spent", 1, "flagged, kept: above 48.02", NULL);
    assert_int_equal(patron_log_micros(log, "amount")[N - 1], 1000000 * INT64_C(1000000));
    assert_null(patron_log_micros(log, "amount_raw"));
    patron_log_destroy(log);
    o.winsorize = 1;
    log = made_log(ctx, &m, &o);
    has_line(log, "outlying amount", "spent", 1, "capped at 48.02", NULL);
    assert_in_range(patron_log_micros(log, "amount")[N - 1], 48019999, 48020001);
    assert_int_equal(patron_log_micros(log, "amount")[0], 10000000);
    assert_int_equal(patron_log_micros(log, "amount_raw")[N - 1], 1000000 * INT64_C(1000000));
    /* cut out, the outlier is one no more: the raw amount comes back */
    patron_log *part = NULL;
    assert_int_equal(patron_log_between(log, NOON + N - 1, NOON + N, &part, NULL), PATRON_OK);
    assert_int_equal(patron_log_micros(part, "amount")[0], 1000000 * INT64_C(1000000));
    assert_null(audit_line(part, "outlying amount"));
    patron_log_destroy(part);
    patron_log_destroy(log);
    made_free(&m);
}

static void logs_that_differ_in_kind_do_not_merge(void **state) {
    (void)state;
    const int64_t users[] = {1}, times[] = {NOON};
    made m = people(1, users, times), text = made_rows(ctx, 1);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){100});
    made_add_values(&text, "when", PATRON_TYPE_TIMESTAMP, times);
    made_add_words(&text, "who", (const char *const[]){"ann"});
    patron_log_options o = plain();
    patron_log *log = made_log(ctx, &m, &o), *other, *merged = NULL;
    patron_error error = {0};
    other = made_log(ctx, &text, &o);
    assert_int_equal(patron_log_merge(log, other, &merged, &error), PATRON_ERR_TYPE);
    assert_non_null(strstr(error.message, "'user'"));
    patron_log_destroy(other);
    o.amount = "spent";
    other = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_merge(log, other, &merged, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'amount'"));
    patron_log_destroy(other);
    o.amount = NULL;
    o.drop_duplicates = 1;
    other = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_merge(log, other, &merged, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "drop_duplicates"));
    patron_log_destroy(other);
    o.drop_duplicates = 0;
    o.timezone = &(patron_timezone){"Asia/Shanghai", 0, NULL, NULL, 28800};
    other = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_merge(log, other, &merged, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'Asia/Shanghai'"));
    patron_log_destroy(other);
    assert_null(merged);
    patron_log_destroy(log);
    made_free(&m);
    made_free(&text);
}

static void signed_and_unsigned_ids_merge_where_both_fit(void **state) {
    (void)state;
    const int64_t times[] = {NOON, NOON + 1}, small[] = {3, 5}, negative[] = {-3, 5};
    const uint64_t large[] = {UINT64_MAX, 3};
    made a = people(2, small, times), b = made_rows(ctx, 2), c = people(2, negative, times);
    made_add(b.table, "who", &(patron_column){.type = PATRON_TYPE_UINT64, .values = large});
    made_add_values(&b, "when", PATRON_TYPE_TIMESTAMP, times);
    patron_log_options o = plain();
    patron_log *x = made_log(ctx, &a, &o), *y = made_log(ctx, &b, &o), *z = made_log(ctx, &c, &o), *merged = NULL;
    assert_int_equal(patron_log_merge(x, y, &merged, NULL), PATRON_OK);
    assert_int_equal(patron_log_n_users(merged), 3);
    patron_id id;
    assert_int_equal(patron_log_id(merged, "user", 2, &id, NULL), PATRON_OK);
    assert_int_equal(id.number, -1);
    patron_log_destroy(merged);
    merged = NULL;
    patron_error error = {0};
    assert_int_equal(patron_log_merge(y, z, &merged, &error), PATRON_ERR_LIMIT);
    assert_non_null(strstr(error.message, "-3"));
    assert_null(merged);
    /* cut to the small id, the unsigned log is as good as a signed one */
    patron_log *part = NULL;
    assert_int_equal(patron_log_between(y, NOON + 1, NOON + 2, &part, NULL), PATRON_OK);
    assert_int_equal(patron_log_merge(part, z, &merged, NULL), PATRON_OK);
    assert_int_equal(patron_log_n_users(merged), 3);
    patron_log_destroy(merged);
    patron_log_destroy(part);
    patron_log_destroy(x);
    patron_log_destroy(y);
    patron_log_destroy(z);
    made_free(&a);
    made_free(&b);
    made_free(&c);
}

static void a_property_may_not_take_the_name_of_a_role(void **state) {
    (void)state;
    const int64_t users[] = {1}, times[] = {NOON};
    made m = people(1, users, times);
    made_add_values(&m, "item", PATRON_TYPE_INT64, users);
    patron_log_options o = plain();
    o.properties = (const char *const[]){"item"};
    o.n_properties = 1;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "'item'", "role");
    o.properties = (const char *const[]){"who", "item", "who"};
    o.n_properties = 3;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "Properties 0 and 2 are both 'who'; expected each once");
    made_free(&m);
}

static void white_space_around_ids_goes_when_asked(void **state) {
    (void)state;
    made m = made_rows(ctx, 3);
    made_add_words(&m, "who", (const char *const[]){" ann", "ann", "ann\t"});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){NOON, NOON, NOON});
    patron_log_options o = plain();
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_users(log), 3);
    assert_null(audit_line(log, "white space around id"));
    patron_log_destroy(log);
    o.trim_ids = 1;
    log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_users(log), 1);
    has_line(log, "white space around id", "who", 2, "trimmed", NULL);
    patron_log_destroy(log);
    made_free(&m);
}

static void naive_times_are_local_and_doubtful_ones_are_counted(void **state) {
    (void)state;
    /* an hour is skipped at 02:00 and, later, one happens twice */
    const int64_t from[] = {INSTANT(INT64_C(1711846800)), INSTANT(INT64_C(1729990800))};
    const int32_t offsets[] = {7200, 3600};
    const patron_timezone zone = {"Europe/Somewhere", 2, from, offsets, 3600};
    made m = made_rows(ctx, 3);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2, 3});
    made_add_words(&m, "when", (const char *const[]){"2024-03-31T02:30:00", "2024-10-27T02:30:00", "2024-07-01T12:00:00"});
    patron_log_options o = plain();
    o.timezone = &zone;
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_times(log)[0], INSTANT(INT64_C(1711848600)));
    assert_int_equal(patron_log_times(log)[1], INSTANT(INT64_C(1729989000)));
    assert_int_equal(patron_log_times(log)[2], INSTANT(INT64_C(1719828000)));
    assert_int_equal(audited(log, "doubtful local time"), 2);
    assert_string_equal(patron_log_timezone(log), "Europe/Somewhere");
    patron_log_destroy(log);
    made_free(&m);
}

static void trimmed_rows_are_counted_also_where_they_share_a_dictionary(void **state) {
    (void)state;
    static const int32_t offsets[] = {0, 4, 8, 12}; /* the last value is on no row */
    static const int8_t indices[] = {0, 1, 0, 0};
    static const uint8_t valid[] = {0x3};
    const patron_column values = {.type = PATRON_TYPE_UTF8, .values = " ann bob eve", .offsets = offsets};
    made m = made_rows(ctx, 4);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){NOON, NOON, NOON, NOON});
    made_add(m.table, "who",
             &(patron_column){.type = PATRON_TYPE_DICTIONARY,
                              .values = indices,
                              .index_type = PATRON_TYPE_INT8,
                              .validity = valid,
                              .dictionary_length = 3,
                              .dictionary = &values});
    patron_log_options o = plain();
    o.trim_ids = 1;
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_users(log), 2);
    has_line(log, "white space around id", "who", 2, "trimmed", NULL);
    patron_log_destroy(log);
    made_free(&m);
}

static void a_missing_event_is_unknown_also_where_unknown_is_rewritten(void **state) {
    (void)state;
    static const char *const names[][3] = {{"unknown", NULL, "zoom"}, {"unknown", NULL, "unknown"}, {"unknown", NULL, "view"}};
    const patron_kind_name kinds[] = {{"unknown", "view"}};
    for (int64_t i = 0; i < LENGTH(names); i++) {
        made m = people(3, (const int64_t[]){1, 2, 3}, (const int64_t[]){NOON, NOON, NOON});
        made_add_words(&m, "what", names[i]);
        patron_log_options o = plain();
        o.event = "what";
        o.kinds = kinds;
        o.n_kinds = 1;
        patron_log *log = made_log(ctx, &m, &o);
        assert_int_equal(patron_log_kinds(log)[0], PATRON_KIND_VIEW);
        assert_string_equal(patron_log_kind_name(log, patron_log_kinds(log)[1]), "unknown");
        assert_int_equal(log->n_kind_names, i == 0 ? 2 : 1);
        has_line(log, "missing event", "what", 1, "kept as 'unknown'", NULL);
        patron_log_destroy(log);
        made_free(&m);
    }
}

static void the_least_time_outside_the_range_stays_whatever_is_merged_first(void **state) {
    (void)state;
    /* In the order of their texts, which is not that of time: beyond 9999, before 0, and a fraction before its whole second. */
    static const int64_t times[] = {INT64_MAX - 1, INT64_MIN + 1, NOON + 500000, NOON, NOON + PT_SECOND};
    static const char *const texts[] = {"+294247-01-10T04:00:54.775806Z", "-290308-12-21T19:59:05.224193Z",
                                        "2024-01-01T12:00:00.500000Z", "2024-01-01T12:00:00Z", "2024-01-01T12:00:01Z"};
    patron_log_options o = plain();
    o.has_time_range = 1;
    o.time_from = 0;
    o.time_to = PT_SECOND;
    for (int64_t i = 0; i < LENGTH(times); i++) {
        for (int64_t j = 0; j < LENGTH(times); j++) {
            made both = people(3, (const int64_t[]){1, 2, 3}, (const int64_t[]){5, times[i], times[j]});
            made a = people(2, (const int64_t[]){1, 2}, (const int64_t[]){5, times[i]});
            patron_log *whole = made_log(ctx, &both, &o), *half = made_log(ctx, &a, &o);
            has_line(whole, "time outside the range", "when", 2, "dropped", texts[i < j ? i : j]);
            has_line(half, "time outside the range", "when", 1, "dropped", texts[i]);
            patron_log_destroy(whole);
            patron_log_destroy(half);
            made_free(&both);
            made_free(&a);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_without_a_user_or_a_time_leave_and_are_counted),
        cmocka_unit_test(a_table_with_no_usable_row_is_refused),
        cmocka_unit_test(a_column_that_is_not_there_is_named_with_those_that_are),
        cmocka_unit_test(ids_of_floats_are_refused_with_the_value_and_advice),
        cmocka_unit_test(times_that_cannot_be_read_leave_with_the_least_one_as_an_example),
        cmocka_unit_test(the_least_example_stays_whatever_is_merged_first),
        cmocka_unit_test(bare_integers_are_no_times_without_a_unit_or_a_format),
        cmocka_unit_test(a_time_outside_the_era_is_an_error_unless_a_range_is_given),
        cmocka_unit_test(two_currencies_are_refused_with_a_row_of_each),
        cmocka_unit_test(names_of_events_are_known_rewritten_kept_or_unknown),
        cmocka_unit_test(without_events_every_row_is_a_purchase_and_a_minus_makes_a_return),
        cmocka_unit_test(amounts_that_are_no_numbers_become_missing),
        cmocka_unit_test(repeats_are_counted_and_leave_only_when_asked),
        cmocka_unit_test(rows_that_share_an_event_id_are_repeats_whatever_else_they_say),
        cmocka_unit_test(outlying_amounts_are_flagged_and_capped_only_when_asked),
        cmocka_unit_test(logs_that_differ_in_kind_do_not_merge),
        cmocka_unit_test(signed_and_unsigned_ids_merge_where_both_fit),
        cmocka_unit_test(a_property_may_not_take_the_name_of_a_role),
        cmocka_unit_test(white_space_around_ids_goes_when_asked),
        cmocka_unit_test(naive_times_are_local_and_doubtful_ones_are_counted),
        cmocka_unit_test(trimmed_rows_are_counted_also_where_they_share_a_dictionary),
        cmocka_unit_test(a_missing_event_is_unknown_also_where_unknown_is_rewritten),
        cmocka_unit_test(the_least_time_outside_the_range_stays_whatever_is_merged_first),
    };
    return cmocka_run_group_tests_name("log: rules", tests, set_up, tear_down);
}
