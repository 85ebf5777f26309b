/* What a log may be asked to be: options that make no sense are refused by name, and whatever is built can be loaded. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/events.h"
#include "log_rules.h"

#include <math.h>

/* ---- refused ---- */

static void lists_with_holes_are_refused(void **state) {
    (void)state;
    made m = rows_at_noon(1);
    static const char *const names[] = {"who", NULL};
    const patron_kind_name kinds[] = {{"a", "view"}, {"b", NULL}, {NULL, "view"}};
    patron_log_options o = plain();
    o.n_properties = 2;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "n_properties is 2 and properties is NULL; expected as many names of columns");
    o.properties = names;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "Property 1 is NULL; expected the name of a column");
    o.n_properties = -1;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "n_properties is -1 and properties a list");
    o.n_properties = 1;
    o.n_kinds = 1;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "n_kinds is 1 and kinds is NULL; expected as many rewritings");
    o.n_kinds = -2;
    o.kinds = kinds;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "n_kinds is -2 and kinds a list");
    o.n_kinds = 2;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "Rewriting 1 of kinds has no 'to'; expected two names");
    o.kinds = kinds + 2;
    o.n_kinds = 1;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "Rewriting 0 of kinds has no 'from'; expected two names");
    made_free(&m);
}

static void a_text_that_is_not_utf8_is_refused_under_the_name_of_its_option(void **state) {
    (void)state;
    made m = rows_at_noon(2);
    patron_log_options o;
    patron_kind_name kinds[] = {{"a", "view"}, {"b", "view"}};
#define BAD_TEXT(name)                                                                                                         \
    o = plain();                                                                                                               \
    o.name = "%Y\xff\n";                                                                                                       \
    REFUSED(&m, &o, PATRON_ERR_INVALID, #name " is '%Y?\?', which is not valid UTF-8");
    PT_RECIPE_TEXTS(BAD_TEXT)
#undef BAD_TEXT
    o = plain();
    o.properties = (const char *const[]){"who", "\xc3"};
    o.n_properties = 2;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "properties[1] is '?', which is not valid UTF-8");
    o = plain();
    o.kinds = kinds;
    o.n_kinds = 2;
    kinds[1].from = "\xed\xa0\x80";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "kinds[1].from is '??\?', which is not valid UTF-8");
    kinds[1] = (patron_kind_name){"b", "view\xff"};
    REFUSED(&m, &o, PATRON_ERR_INVALID, "kinds[1].to is 'view?', which is not valid UTF-8");
    o = plain();
    o.timezone = &(patron_timezone){.name = "Bad\xff", .first_offset = 3600};
    REFUSED(&m, &o, PATRON_ERR_INVALID, "The name of the time zone is 'Bad?', which is not valid UTF-8");
    made_free(&m);
}

static void numbers_that_say_nothing_are_refused_whatever_the_time_column(void **state) {
    (void)state;
    made m = rows_at_noon(2);
    patron_log_options o = plain();
    o.has_time_unit = 1;
    o.time_unit = (patron_time_unit)77;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "time_unit is 77; expected seconds to nanoseconds or days");
    o.time_unit = (patron_time_unit)-1;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "time_unit is -1; expected seconds to nanoseconds or days");
    o = plain();
    o.has_time_range = 1;
    o.time_from = 4;
    for (o.time_to = 3; o.time_to <= 4; o.time_to++)
        REFUSED(&m, &o, PATRON_ERR_INVALID,
                o.time_to == 3 ? "time_to, 3 (1970-01-01T00:00:00.000003Z), is not after time_from, 4 "
                                 "(1970-01-01T00:00:00.000004Z); expected a range that holds a time"
                               : "time_to, 4 (1970-01-01T00:00:00.000004Z), is not after time_from, 4");
    /* switches are on or off, and what is off is not looked at */
    o = plain();
    patron_log *log = made_log(ctx, &m, &o), *other;
    o.has_time_unit = 0;
    o.time_unit = (patron_time_unit)77;
    other = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_recipe(other)->time_unit, 0);
    assert_same_bytes(log, other);
    patron_log_destroy(log);
    patron_log_destroy(other);
    o.trim_ids = o.winsorize = o.drop_duplicates = 1;
    log = made_log(ctx, &m, &o);
    o.trim_ids = -7;
    o.winsorize = 3;
    o.drop_duplicates = 1 << 20;
    other = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_recipe(other)->winsorize, 1);
    assert_same_bytes(log, other);
    patron_log *both = NULL;
    assert_int_equal(patron_log_merge(log, other, &both, NULL), PATRON_OK);
    patron_log_destroy(both);
    patron_log_destroy(log);
    patron_log_destroy(other);
    made_free(&m);
}

/* A name is a terminated text: two that differ behind a zero byte only would be one name twice, and no file holds that. */
static void names_with_a_zero_byte_are_refused(void **state) {
    (void)state;
    static const int32_t offsets[] = {0, 1, 4};
    const patron_column names = {.type = PATRON_TYPE_UTF8, .values = "aa\0b", .offsets = offsets};
    made m = rows_at_noon(2), one = rows_at_noon(1);
    made_add(m.table, "event", &names);
    patron_log_options o = plain();
    o.event = "event";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "Column 'event' has a name with a zero byte in it, behind 'a'; expected text without");
    static const int32_t whole[] = {0, 4};
    made_add(one.table, "money", &(patron_column){.type = PATRON_TYPE_UTF8, .values = "EU\0R", .offsets = whole});
    o = plain();
    o.currency = "money";
    REFUSED(&one, &o, PATRON_ERR_INVALID,
            "Column 'money' has a name with a zero byte in it, behind 'EU'; expected text without");
    made_free(&m);
    made_free(&one);
}

/* ---- whatever is built can be loaded ---- */

/* One of a list; the first three quarters of the time. */
#define USUALLY(random, ...) usually(random, (const char *const[]){__VA_ARGS__}, LENGTH(((const char *const[]){__VA_ARGS__})))
static const char *usually(uint64_t *random, const char *const *list, int64_t n) {
    return made_below(random, 4) > 0 ? list[0] : list[made_below(random, n)];
}

/* Words as they come, between them zero bytes and ends of lines, empty ones and nulls. */
static void add_random_words(made *m, const char *name, int64_t n, uint64_t *random) {
    static const struct {
        const char *bytes;
        int32_t length;
    } words[] = {{"view", 4}, {"Return", 6},       {"\xe6\x96\x87", 3}, {"", 0},      {"a", 1},
                 {"a\0b", 3}, {"line\nbreak", 10}, {"unknown", 7},      {" view ", 6}};
    int32_t *offsets = made_block(m, (size_t)(n + 1) * 4);
    char *bytes = made_block(m, (size_t)n * 16);
    uint8_t *valid = made_bits(m, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t k = made_below(random, 5 * LENGTH(words)) / 5;
        if (k == 5 && made_below(random, 8) > 0) k = 4;
        if (made_below(random, 5) > 0) made_set(valid, i);
        memcpy(bytes + offsets[i], words[k].bytes, (size_t)words[k].length);
        offsets[i + 1] = offsets[i] + words[k].length;
    }
    made_add(m->table, name,
             &(patron_column){.type = PATRON_TYPE_UTF8, .values = bytes, .offsets = offsets, .validity = valid});
}

static made random_table(int64_t n, uint64_t *random) {
    static const double reals[] = {0, 1.5, -2, 1e300, INFINITY, NAN, 0.1234567, -0.0};
    static const int64_t far[] = {NOON, INT64_MAX, INT64_MIN, INT64_MIN + 1, 0, -1};
    made m = made_rows(ctx, n);
    int64_t *users = made_block(&m, (size_t)n * 8), *times = made_block(&m, (size_t)n * 8),
            *odd = made_block(&m, (size_t)n * 8);
    double *floats = made_block(&m, (size_t)n * 8);
    for (int64_t i = 0; i < n; i++) {
        users[i] = made_below(random, 3);
        times[i] = NOON + made_below(random, 3) * DAY;
        odd[i] = far[made_below(random, LENGTH(far))];
        floats[i] = reals[made_below(random, LENGTH(reals))];
    }
    made_add(m.table, "who", &(patron_column){.type = PATRON_TYPE_INT64, .values = users});
    made_add(m.table, "when",
             &(patron_column){.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = times});
    made_add(m.table, "far", &(patron_column){.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = odd});
    made_add(m.table, "count", &(patron_column){.type = PATRON_TYPE_INT64, .values = odd});
    made_add(m.table, "spent", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = floats});
    made_add(m.table, "we/ird\n", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = floats});
    made_add(m.table, "", &(patron_column){.type = PATRON_TYPE_NULL});
    add_random_words(&m, "word", n, random);
    add_random_words(&m, "\xe6\x96\x87", n, random);
    return m;
}

/* Saved, loaded, saved again: the same bytes. */
static void assert_comes_back(const patron_log *log) {
    patron_bytes *bytes = NULL;
    patron_log *back = NULL;
    patron_error error = {0};
    assert_int_equal(patron_log_to_bytes(log, &bytes, NULL), PATRON_OK);
    if (patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, &error) != PATRON_OK)
        fail_msg("%s", error.message);
    assert_same_bytes(log, back);
    patron_log_destroy(back);
    patron_bytes_destroy(bytes);
}

/* Options of every kind, right ones and wrong ones: building refuses with a message fit to show, or the log can be loaded. */
static void whatever_is_built_comes_back_from_its_bytes(void **state) {
    (void)state;
    enum { TURNS = 6000 };
    int64_t built = 0, refused = 0, known = 0;
    uint64_t random = 7;
    for (int turn = 0; turn < TURNS; turn++) {
        const int64_t n = 1 + made_below(&random, 6);
        const int64_t from[] = {-5, NOON};
        const int32_t offsets[] = {3600, (int32_t)made_below(&random, 2) * 7200};
        const patron_timezone zone = {USUALLY(&random, "Z", "UTC", "\xe6\x96\x87", "a\nb", "\xff"), made_below(&random, 3),
                                      from, offsets, -1800};
        patron_kind_name kinds[2];
        const char *properties[3];
        for (int i = 0; i < 2; i++) {
            kinds[i].from = USUALLY(&random, "a", "", "\xe6\x96\x87", "view", "\xc3");
            kinds[i].to = USUALLY(&random, "view", "CART", "return", "buy", "view\xff");
        }
        properties[0] = USUALLY(&random, "word", "count", "who", "\xff");
        properties[1] = USUALLY(&random, "far", "", "spent", "word");
        properties[2] = USUALLY(&random, "we/ird\n", "\xe6\x96\x87", "when", "item");
        made m = random_table(n, &random);
        patron_log_options o;
        patron_log_options_init(&o);
        o.user = USUALLY(&random, "who", "word", "\xe6\x96\x87", "\xff");
        o.time = USUALLY(&random, "when", "far", "count", "", "\xed\xa0\x80");
        o.amount = USUALLY(&random, NULL, "spent", "count", "we/ird\n", "\xff");
        o.discount = USUALLY(&random, NULL, "we/ird\n", "");
        o.item = USUALLY(&random, NULL, "word", "who", "", "x\xc3");
        o.event = USUALLY(&random, NULL, "word", "\xe6\x96\x87", "", "\xff");
        o.currency = USUALLY(&random, NULL, "", "word");
        o.seq = USUALLY(&random, NULL, "count", "who", "\xff");
        o.event_id = USUALLY(&random, NULL, "word", "count", "");
        o.time_format = USUALLY(&random, NULL, "%Y-%m-%d", "%Y", "%Q", "%Y\xff", "");
        o.has_time_unit = (int)made_below(&random, 3) * 2;
        o.time_unit = (patron_time_unit)(made_below(&random, 12) == 0 ? 77 : made_below(&random, 6));
        o.has_time_range = (int)made_below(&random, 2) * -3;
        o.time_from = made_below(&random, 3) == 0 ? NOON : INT64_MIN;
        o.time_to = made_below(&random, 8) == 0 ? NOON : INT64_MAX;
        o.drop_duplicates = (int)made_below(&random, 3) * 9;
        o.trim_ids = (int)made_below(&random, 3);
        o.winsorize = (int)made_below(&random, 3) * -1;
        if (made_below(&random, 2)) o.timezone = &zone;
        o.properties = properties;
        o.n_properties = made_below(&random, 4);
        o.kinds = kinds;
        o.n_kinds = made_below(&random, 3);
        patron_log *log = NULL, *part = NULL, *both = NULL, *with = NULL;
        patron_error error = {0};
        patron_status status = patron_log_build(ctx, m.table, &o, &log, &error);
        if (status == PATRON_OK) {
            built++;
            assert_comes_back(log);
            assert_int_equal(patron_log_between(log, NOON, INT64_MAX, &part, NULL), PATRON_OK);
            assert_comes_back(part);
            if (patron_log_merge(log, part, &both, &error) != PATRON_OK) fail_msg("%s", error.message);
            assert_comes_back(both);
            status = patron_log_with_users(both, m.table, "who", USUALLY(&random, "far", "when", NULL), &with, &error);
            if (status == PATRON_OK) {
                known++;
                assert_comes_back(with);
            }
        }
        if (status != PATRON_OK) {
            refused++;
            assert_int_equal(error.status, status);
            assert_int_equal(pt_utf8_check(error.message, (int64_t)strlen(error.message)), -1);
        }
        patron_log_destroy(log);
        patron_log_destroy(part);
        patron_log_destroy(both);
        patron_log_destroy(with);
        made_free(&m);
    }
    if (built < TURNS / 20 || refused < TURNS / 20 || known < TURNS / 100)
        fail_msg("%lld built, %lld refused, %lld with users", (long long)built, (long long)refused, (long long)known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_with_holes_are_refused),
        cmocka_unit_test(a_text_that_is_not_utf8_is_refused_under_the_name_of_its_option),
        cmocka_unit_test(numbers_that_say_nothing_are_refused_whatever_the_time_column),
        cmocka_unit_test(names_with_a_zero_byte_are_refused),
        cmocka_unit_test(whatever_is_built_comes_back_from_its_bytes),
    };
    return cmocka_run_group_tests_name("log: options", tests, set_up, tear_down);
}
