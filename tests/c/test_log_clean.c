/* What each column of a table but those of ids becomes on its way into a log, whatever its type: times, kinds of events,
 * measures, further columns; and the refusals of those that can become nothing. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_rules.h"

/* ---- finding columns ---- */

static void a_message_lists_as_many_columns_as_it_has_room_for(void **state) {
    (void)state;
    made m = rows_at_noon(1);
    patron_log_options o = plain();
    o.item = "sku";
    char names[20][64];
    const int64_t one[] = {1};
    for (int i = 0; i < 13; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        made_add_values(&m, names[i], PATRON_TYPE_INT64, one);
    }
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "'c9' and 3 more");
    made_free(&m);
    /* long names of several bytes a character: cut between characters, and as many as fit */
    m = rows_at_noon(1);
    for (int i = 0; i < 13; i++) {
        memset(names[i], 'x', 64);
        for (int k = 0; k < 20; k++) memcpy(names[i] + k * 3, "\xe5\xae\xa2", 3);
        snprintf(names[i] + 60, 4, "%d", i);
        made_add_values(&m, names[i], PATRON_TYPE_INT64, one);
    }
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "'who', 'when', '\xe5\xae\xa2", " more");
    patron_error error = {0};
    patron_log *log = NULL;
    assert_int_equal(patron_log_build(ctx, m.table, &o, &log, &error), PATRON_ERR_NOT_FOUND);
    assert_int_equal(pt_utf8_check(error.message, (int64_t)strlen(error.message)), -1);
    made_free(&m);
    m = made_rows(ctx, 3);
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "There is no column 'who' (for user); the table has no columns");
    made_free(&m);
    m = made_rows(ctx, 1);
    made_add_values(&m, "who", PATRON_TYPE_INT64, one);
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "There is no column 'when' (for time); the table has 'who'");
    o.event = "what";
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, one);
    REFUSED(&m, &o, PATRON_ERR_NOT_FOUND, "There is no column 'what' (for event)");
    o.time = NULL;
    REFUSED(&m, &o, PATRON_ERR_INVALID, "No column is named for 'time'");
    made_free(&m);
}

/* ---- times ---- */

typedef struct time_case {
    patron_column column;
    const char *format;
    int unit;          /* -1: none */
    int64_t expected;  /* of row 0; row 1 is null, or what stands for it */
    const char *error; /* NULL: none */
} time_case;

static void every_column_that_says_when_is_read(void **state) {
    (void)state;
    static const int64_t seconds[] = {1704110400, INT64_MIN}, millis[] = {1704110400000, INT64_MIN};
    static const int64_t micros[] = {1704110400000000, INT64_MIN}, nanos[] = {1704110400000000999, 0}, days[] = {19723, 0};
    static const int64_t digits[] = {20240101, 0}, huge[] = {INT64_MAX, 0}, tiny[] = {INT64_MIN + 1, 0};
    static const int32_t day[] = {19723, 0};
    static const int64_t date64[] = {19723 * INT64_C(86400000), 0};
    static const uint8_t first_only[] = {1};
    static const int8_t index[] = {0, 0};
    static const double real[] = {1.5, 0};
    static const int32_t offsets[] = {0, 10, 10};
    const patron_column of_dates = {.type = PATRON_TYPE_DATE32, .values = day};
    const patron_column of_times = {
        .type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .timezone = "UTC", .values = seconds};
    const patron_column of_texts = {.type = PATRON_TYPE_UTF8, .values = "2024-01-01", .offsets = offsets};
    const patron_column of_numbers = {.type = PATRON_TYPE_INT64, .values = seconds};
#define CODES(values_of)                                                                                                       \
    {                                                                                                                          \
        .type = PATRON_TYPE_DICTIONARY, .values = index, .validity = first_only, .index_type = PATRON_TYPE_INT8,               \
        .dictionary = &values_of, .dictionary_length = 1                                                                       \
    }
#define WHOLE(numbers)                                                                                                         \
    { .type = PATRON_TYPE_INT64, .values = numbers, .validity = first_only }
#define ALL(numbers)                                                                                                           \
    { .type = PATRON_TYPE_INT64, .values = numbers }
    const int64_t midnight = 19723 * DAY;
    const time_case cases[] = {
        {WHOLE(seconds), NULL, PATRON_UNIT_SECOND, NOON, NULL},
        {WHOLE(millis), NULL, PATRON_UNIT_MILLISECOND, NOON, NULL},
        {WHOLE(micros), NULL, PATRON_UNIT_MICROSECOND, NOON, NULL},
        {WHOLE(nanos), NULL, PATRON_UNIT_NANOSECOND, NOON, NULL},
        {WHOLE(days), NULL, PATRON_UNIT_DAY, midnight, NULL},
        {ALL(micros), NULL, PATRON_UNIT_MICROSECOND, 0, "row 1: -9223372036854775808 lies outside 1970 to 2200"},
        {ALL(seconds), NULL, PATRON_UNIT_SECOND, 0, "row 1: -9223372036854775808 lies outside 1970 to 2200"},
        {{.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = micros},
         NULL,
         -1,
         0,
         "row 1: -290308-12-21T19:59:05.224192 lies outside 1970 to 2200"},
        {{.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC", .values = micros},
         NULL,
         -1,
         0,
         "row 1: -290308-12-21T19:59:05.224192Z lies outside 1970 to 2200"},
        {WHOLE(digits), "%Y%m%d", -1, midnight, NULL},
        {WHOLE(digits), "%Y%m%d", PATRON_UNIT_SECOND, midnight, NULL}, /* a format says more than a unit */
        {{.type = PATRON_TYPE_DATE32, .values = day, .validity = first_only}, NULL, -1, midnight, NULL},
        {{.type = PATRON_TYPE_DATE64, .values = date64, .validity = first_only}, NULL, -1, midnight, NULL},
        {CODES(of_dates), NULL, -1, midnight, NULL},
        {CODES(of_times), NULL, -1, NOON, NULL},
        {CODES(of_texts), NULL, -1, midnight, NULL},
        {CODES(of_numbers), NULL, PATRON_UNIT_SECOND, NOON, NULL},
        {CODES(of_numbers), NULL, -1, 0, "Column 't', row 0: 1704110400 is a bare integer"},
        {{.type = PATRON_TYPE_UTF8, .values = "2024-01-01", .offsets = offsets}, NULL, -1, midnight, NULL}, /* "" is none */
        {WHOLE(huge), NULL, PATRON_UNIT_SECOND, 0, "row 0: 9223372036854775807 lies outside 1970 to 2200"},
        {WHOLE(tiny), NULL, PATRON_UNIT_DAY, 0, "row 0: -9223372036854775807 lies outside 1970 to 2200"},
        {WHOLE(seconds), NULL, 5, 0, "time_unit is 5; expected seconds to nanoseconds or days"},
        {WHOLE(seconds), NULL, -1, 0, "Column 't', row 0: 1704110400 is a bare integer"},
        {{.type = PATRON_TYPE_FLOAT64, .values = real},
         NULL,
         PATRON_UNIT_SECOND,
         0,
         "Column 't' holds float64; expected timestamps, dates, text, or integers with time_unit"},
        {{.type = PATRON_TYPE_BOOL, .values = index}, "%Y", -1, 0, "Column 't' holds bool"},
        {{.type = PATRON_TYPE_DURATION, .values = seconds}, NULL, -1, 0, "Column 't' holds duration"},
        {{.type = PATRON_TYPE_NULL}, NULL, -1, 0, "No event is left of 2 rows"},
        {WHOLE(seconds), "%Y%m%d", -1, 0, "Column 't', row 0: 1704110400 is not a time; expected the format '%Y%m%d' (1 of 2"},
        {WHOLE(seconds), "%d", -1, 0, "%d"},
        {{.type = PATRON_TYPE_UINT64, .values = tiny}, "%Y%m%d", -1, 0, "row 0: 9223372036854775809 is not a time"},
        {{.type = PATRON_TYPE_UINT64, .values = tiny},
         NULL,
         PATRON_UNIT_NANOSECOND,
         0,
         "row 0: 9223372036854775809 lies outside"},
        {{.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .values = huge},
         NULL,
         -1,
         0,
         "row 0: 9223372036854775807 s after 1970 lies outside 1970 to 2200"},
    };
#undef CODES
#undef WHOLE
#undef ALL
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        made m = rows_at_noon(2);
        made_add(m.table, "t", &cases[i].column);
        patron_log_options o = plain();
        o.time = "t";
        o.time_format = cases[i].format;
        o.has_time_unit = cases[i].unit >= 0;
        o.time_unit = (patron_time_unit)cases[i].unit;
        patron_log *log = NULL;
        patron_error error = {0};
        patron_status status = patron_log_build(ctx, m.table, &o, &log, &error);
        if (cases[i].error != NULL) {
            if (status == PATRON_OK || strstr(error.message, cases[i].error) == NULL)
                fail_msg("case %d: '%s' does not say '%s'", (int)i, error.message, cases[i].error);
        } else {
            if (status != PATRON_OK) fail_msg("case %d: %s", (int)i, error.message);
            assert_int_equal(patron_log_n_events(log), 1);
            assert_int_equal(patron_log_times(log)[0], cases[i].expected);
            has_line(log, "missing time", "t", 1, "dropped", NULL);
            assert_int_equal(patron_log_n_users(log), 1); /* nobody is in a log without an event */
            patron_log_destroy(log);
        }
        made_free(&m);
    }
}

/* A time that microseconds cannot count is outside every range, also one that is open at both ends, in every unit. */
static void a_time_beyond_all_times_is_one_outside_the_range(void **state) {
    (void)state;
    static const int64_t ends[] = {NOON / PT_SECOND, INT64_MAX, INT64_MIN, INT64_MIN + 1, 0};
    static const uint64_t large[] = {NOON / PT_SECOND, UINT64_MAX, INT64_MAX, UINT64_MAX - 1, 0};
    static const int64_t count[] = {NOON / DAY, INT64_MAX, INT64_MIN, INT64_MIN + 1, 0};
    static const int32_t days[] = {NOON / DAY, INT32_MAX, INT32_MIN, INT32_MIN + 1, 0};
    static const uint8_t all_but_the_last[] = {0xf};
    static const patron_timezone zones[] = {{"UTC", 0, NULL, NULL, 0}, {"E", 0, NULL, NULL, 3600}, {"W", 0, NULL, NULL, -3600}};
    const struct {
        patron_type type;
        patron_time_unit unit;
        const void *values;
        int64_t n; /* how many lie inside an open range */
    } cases[] = {{PATRON_TYPE_TIMESTAMP, PATRON_UNIT_SECOND, ends, 1},
                 {PATRON_TYPE_TIMESTAMP, PATRON_UNIT_MILLISECOND, ends, 1},
                 {PATRON_TYPE_TIMESTAMP, PATRON_UNIT_MICROSECOND, ends, 2},
                 {PATRON_TYPE_INT64, PATRON_UNIT_SECOND, ends, 1},
                 {PATRON_TYPE_INT64, PATRON_UNIT_DAY, count, 1},
                 {PATRON_TYPE_UINT64, PATRON_UNIT_SECOND, large, 1},
                 {PATRON_TYPE_UINT64, PATRON_UNIT_NANOSECOND, large, 1},
                 {PATRON_TYPE_UINT64, PATRON_UNIT_MICROSECOND, large, 1},
                 {PATRON_TYPE_DATE32, PATRON_UNIT_SECOND, days, 1}};
    for (int64_t k = 0; k < LENGTH(cases) * LENGTH(zones); k++) {
        const patron_timezone *zone = &zones[k % LENGTH(zones)];
        const int64_t i = k / LENGTH(zones);
        made m = rows_at_noon(5);
        made_add(m.table, "t",
                 &(patron_column){.type = cases[i].type,
                                  .unit = cases[i].type == PATRON_TYPE_TIMESTAMP ? cases[i].unit : 0,
                                  .values = cases[i].values,
                                  .validity = all_but_the_last});
        patron_log_options o = plain();
        o.time = "t";
        o.timezone = zone;
        o.time_unit = cases[i].unit;
        o.has_time_unit = cases[i].type != PATRON_TYPE_TIMESTAMP;
        if (zone == zones) REFUSED(&m, &o, PATRON_ERR_INVALID, "Column 't', row 1: ", " lies outside 1970 to 2200");
        o.has_time_range = 1;
        o.time_from = INT64_MIN;
        o.time_to = INT64_MAX;
        patron_log *log = made_log(ctx, &m, &o);
        /* INT64_MIN + 1 microseconds is a time, unless the way to UTC leads out of all times */
        int64_t inside = cases[i].n == 2 && zone->first_offset > 0 ? 1 : cases[i].n;
        assert_int_equal(patron_log_n_events(log), inside);
        assert_int_equal(audited(log, "missing time"), 1);
        assert_int_equal(audited(log, "time outside the range"), 4 - inside);
        patron_log_destroy(log);
        made_free(&m);
    }
}

static void local_times_are_read_by_the_zone_in_every_column(void **state) {
    (void)state;
    static const int64_t noon[] = {NOON}, from[] = {NOON - DAY * 100}, seconds[] = {1704110400};
    static const int32_t offsets[] = {7200}, day[] = {19723};
    const patron_timezone fixed = {"Fixed", 0, NULL, NULL, 3600}, changing = {"Changing", 1, from, offsets, 3600};
    const patron_timezone utc = {"UTC", 0, NULL, NULL, 0};
    const struct {
        const patron_timezone *zone;
        int64_t east;
    } zones[] = {{NULL, 0}, {&utc, 0}, {&fixed, 3600}, {&changing, 7200}};
    for (int64_t z = 0; z < LENGTH(zones); z++)
        for (int form = 0; form < 4; form++) {
            const patron_column columns[] = {
                {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = noon},
                {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .values = seconds},
                {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC", .values = noon},
                {.type = PATRON_TYPE_DATE32, .values = day}};
            made m = rows_at_noon(1);
            made_add(m.table, "t", &columns[form]);
            patron_log_options o = plain();
            o.time = "t";
            o.timezone = zones[z].zone;
            o.properties = (const char *const[]){"t"}; /* as a further column too */
            o.n_properties = 1;
            patron_log *log = made_log(ctx, &m, &o);
            int64_t expected = (form == 3 ? 19723 * DAY : NOON) - (form == 2 ? 0 : zones[z].east * PT_SECOND);
            assert_int_equal(patron_log_times(log)[0], expected);
            assert_int_equal(value_at(log, "t", 0), expected);
            patron_log_destroy(log);
            made_free(&m);
        }
}

/* Bad rows in several blocks: the first row and the least text of them all, at any number of threads. */
static void unreadable_times_of_all_blocks_are_counted_together(void **state) {
    (void)state;
    enum { N = 3 * 65536 + 100 };
    static const char *words[N];
    static const struct {
        int64_t row;
        const char *word;
    } bad[] = {{70000, "soon"}, {70001, "some day"}, {131072, "some"}, {196609, "someday"}, {196610, "zzz"}};
    for (int64_t i = 0; i < N; i++) words[i] = i % 3 == 2 ? NULL : "2024-01-01";
    for (int64_t i = 0; i < LENGTH(bad); i++) words[bad[i].row] = bad[i].word;
    made m = rows_at_noon(N);
    made_add_words(&m, "t", words);
    patron_log_options o = plain();
    o.time = "t";
    int64_t n_missing = 0, n_bad = LENGTH(bad);
    for (int64_t i = 0; i < N; i++) n_missing += words[i] == NULL;
    for (int threads = 1; threads <= 4; threads += 3) {
        assert_int_equal(patron_ctx_set_threads(ctx, threads, NULL), PATRON_OK);
        patron_log *log = made_log(ctx, &m, &o);
        has_line(log, "unreadable time", "t", n_bad, "dropped", "some");
        has_line(log, "missing time", "t", n_missing, "dropped", NULL);
        assert_int_equal(patron_log_n_events(log), N - n_missing - n_bad);
        patron_log_destroy(log);
    }
    made_free(&m);
    /* integers: most of them no dates, the first of these in the second block */
    int64_t *numbers = malloc(N * sizeof *numbers);
    for (int64_t i = 0; i < N; i++) numbers[i] = i < 70000 ? 20240101 : 99999999;
    m = rows_at_noon(N);
    made_add_values(&m, "t", PATRON_TYPE_INT64, numbers);
    o.time_format = "%Y%m%d";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "row 70000: 99999999 is not a time", "(126708 of 196708 rows cannot be read)");
    /* outside the range, likewise */
    o.time_format = NULL;
    o.has_time_unit = 1;
    o.time_unit = PATRON_UNIT_SECOND;
    o.has_time_range = 1;
    o.time_from = INSTANT(1000);
    o.time_to = INSTANT(2000);
    for (int64_t i = 0; i < N; i++) numbers[i] = i == 7 ? 50 : i == 80000 ? 20 : i == 140000 ? 30 : i == 140001 ? 5000 : 1500;
    made_free(&m);
    m = rows_at_noon(N);
    made_add_values(&m, "t", PATRON_TYPE_INT64, numbers);
    patron_log *log = made_log(ctx, &m, &o);
    has_line(log, "time outside the range", "t", 4, "dropped", "1970-01-01T00:00:20Z");
    patron_log_destroy(log);
    made_free(&m);
    free(numbers);
    assert_int_equal(patron_ctx_set_threads(ctx, 0, NULL), PATRON_OK);
}

static void an_example_is_cut_between_characters(void **state) {
    (void)state;
    for (int shift = 0; shift < 3; shift++) { /* the cut falls at every place of a character */
        char text[128] = "xx";
        for (int k = 0; k < 30; k++) memcpy(text + shift + k * 3, "\xe6\x98\x8e", 4); /* "tomorrow", again and again */
        const char *const words[] = {"2024-01-01", "2024-01-02", text};
        made m = rows_at_noon(3);
        made_add_words(&m, "t", words);
        patron_log_options o = plain();
        o.time = "t";
        patron_log *log = made_log(ctx, &m, &o);
        const char *example = audit_line(log, "unreadable time")->example;
        size_t n = strlen(example);
        assert_int_equal(pt_utf8_check(example, (int64_t)n), -1);
        assert_in_range(n, 62, 64);
        assert_memory_equal(example, text, n);
        patron_log_destroy(log);
        made_free(&m);
    }
}

/* ---- kinds ---- */

static void rows_without_an_event_stand_among_the_unknown_names_in_order(void **state) {
    (void)state;
    static const char *const sets[][6] = {
        {"zeta", "alpha", NULL, "view", "zeta", NULL},
        {"unk", "unknown2", NULL, "unknown", "unknown", "unk"},
        {"unk", "unknown2", NULL, "View", "purchase", "purchases"},
        {"alpha", NULL, "beta", "\xe7\x9b\xb4", NULL, "alph"},
        {NULL, NULL, NULL, NULL, NULL, NULL},
        {"unknown", "u", "v", "unknown", "unknownn", "t"},
    };
    for (int64_t s = 0; s < LENGTH(sets); s++) {
        made m = rows_at_noon(6);
        made_add_words(&m, "event", sets[s]);
        patron_log_options o = plain();
        o.event = "event";
        patron_log *log = made_log(ctx, &m, &o);
        for (int64_t i = 0; i < 6; i++) { /* users are in the order of rows */
            const char *name = sets[s][i] != NULL ? sets[s][i] : "unknown";
            const char *found = patron_log_kind_name(log, patron_log_kinds(log)[i]);
            assert_string_equal(found, strcmp(name, "View") == 0 ? "view" : name);
        }
        for (int64_t k = 1; k < log->n_kind_names; k++) assert_true(strcmp(log->kind_names[k - 1], log->kind_names[k]) < 0);
        assert_null(patron_log_kind_name(log, PATRON_KIND_OTHER + (int)log->n_kind_names));
        assert_null(patron_log_kind_name(log, -1));
        assert_null(patron_log_kind_name(log, PATRON_KIND_CANCEL + 1));
        assert_string_equal(patron_log_kind_name(log, 0), "impression");
        patron_log_destroy(log);
        made_free(&m);
    }
    made m = rows_at_noon(1);
    made_add_values(&m, "event", PATRON_TYPE_INT64, (const int64_t[]){1});
    patron_log_options o = plain();
    o.event = "event";
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'event' (event) holds int64; expected names of events as text");
    made_free(&m);
}

static void a_rewriting_is_of_the_whole_name(void **state) {
    (void)state;
    static const char *const words[] = {"buy", "buyer", "bu", "buz"};
    const patron_kind_name kinds[] = {{"buyer", "login"}, {"buy", "purchase"}};
    made m = rows_at_noon(4);
    made_add_words(&m, "event", words);
    patron_log_options o = plain();
    o.event = "event";
    o.kinds = kinds;
    o.n_kinds = 2;
    patron_log *log = made_log(ctx, &m, &o);
    static const char *const expected[] = {"purchase", "login", "bu", "buz"};
    for (int64_t i = 0; i < 4; i++) assert_string_equal(patron_log_kind_name(log, patron_log_kinds(log)[i]), expected[i]);
    patron_log_destroy(log);
    made_free(&m);
}

/* A log of n events whose names are numbers from `first` on. */
static made numbered_events(int64_t n, int64_t first) {
    char(*text)[16] = malloc((size_t)n * sizeof *text);
    const char **words = malloc((size_t)n * sizeof *words);
    for (int64_t i = 0; i < n; i++) {
        snprintf(text[i], sizeof text[i], "e%06d", (int)(first + i));
        words[i] = text[i];
    }
    made m = rows_at_noon(n);
    made_add_words(&m, "event", words);
    free(text);
    free(words);
    return m;
}

static void more_names_of_events_than_there_are_numbers_are_refused(void **state) {
    (void)state;
    enum { MOST = 65536 - PATRON_KIND_OTHER };
    made m = numbered_events(MOST, 0);
    patron_log_options o = plain();
    o.event = "event";
    REFUSED(&m, &o, PATRON_ERR_LIMIT, "Column 'event' has more than 65471 names that are no kind of event");
    made_free(&m);
    /* two logs with many names: their union counts, not their sum */
    patron_log *logs[3], *merged = NULL;
    for (int i = 0; i < 3; i++) {
        m = numbered_events(5, i * 2);
        logs[i] = made_log(ctx, &m, &o);
        made_free(&m);
    }
    for (int i = 0; i < 2; i++) { /* as if it had been one of many */
        patron_log *log = logs[2 * i];
        for (int64_t k = 0; k < log->n_kind_names; k++) pt_free(ctx, log->kind_names[k]);
        pt_free(ctx, log->kind_names);
        log->n_kind_names = 40000;
        assert_int_equal(pt_alloc(ctx, &log->kind_names, 40000, sizeof *log->kind_names, NULL), PATRON_OK);
        for (int64_t k = 0; k < 40000; k++) {
            char name[16];
            snprintf(name, sizeof name, "e%06d", (int)k + i * 40000);
            assert_int_equal(pt_strdup(ctx, name, &log->kind_names[k], NULL), PATRON_OK);
        }
    }
    patron_error error = {0};
    assert_int_equal(patron_log_merge(logs[0], logs[2], &merged, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "The logs have more than 65472 names that are no kind of event");
    assert_null(merged);
    assert_int_equal(patron_log_merge(logs[0], logs[0], &merged, &error), PATRON_OK);
    assert_int_equal(merged->n_kind_names, 40000);
    patron_log_destroy(merged);
    for (int i = 0; i < 3; i++) patron_log_destroy(logs[i]);
}

/* ---- measures, the order within an instant, the currency ---- */

static void measures_are_numbers(void **state) {
    (void)state;
    static const uint8_t bits[] = {3};
    static const int64_t whole[] = {2, 3};
    static const char *const words[] = {"12", "x"};
    patron_log_options o = plain();
    o.amount = "paid";
    made m = rows_at_noon(2);
    made_add_words(&m, "paid", words);
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'paid' (amount), row 0: '12' is a string; expected numbers");
    made_free(&m);
    const patron_column others[] = {{.type = PATRON_TYPE_BOOL, .values = bits},
                                    {.type = PATRON_TYPE_DATE64, .values = whole},
                                    {.type = PATRON_TYPE_DURATION, .values = whole}};
    static const char *const messages[] = {"true is a bool", "1970-01-01 is a date", "2 s is a duration"};
    for (int i = 0; i < 3; i++) {
        m = rows_at_noon(2);
        made_add(m.table, "paid", &others[i]);
        REFUSED(&m, &o, PATRON_ERR_TYPE, messages[i]);
        made_free(&m);
    }
    m = rows_at_noon(2);
    made_add(m.table, "paid", &(patron_column){.type = PATRON_TYPE_NULL});
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_micros(log, "amount")[1], NONE);
    patron_log_destroy(log);
    made_free(&m);
    const int64_t wide[] = {0, 0, 0, 1, 0, 0, 0, 1};
    m = rows_at_noon(2);
    made_add(m.table, "paid", &(patron_column){.type = PATRON_TYPE_DECIMAL, .bit_width = 256, .precision = 76, .values = wide});
    REFUSED(&m, &o, PATRON_ERR_LIMIT, "Column 'paid', row 0", "too large for 128 bits");
    made_free(&m);
}

static void seq_is_of_integers_or_nothing(void **state) {
    (void)state;
    patron_log_options o = plain();
    o.seq = "place";
    made m = rows_at_noon(2);
    made_add_values(&m, "place", PATRON_TYPE_FLOAT64, (const int64_t[]){1, 2});
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'place' (seq) holds float64; expected integers");
    made_free(&m);
    m = rows_at_noon(2);
    made_add(m.table, "place", &(patron_column){.type = PATRON_TYPE_NULL}); /* as it comes when a batch happens to have none */
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(value_at(log, "seq", 0), NONE);
    patron_log_destroy(log);
    made_free(&m);
}

static void a_currency_is_one_text(void **state) {
    (void)state;
    static const char *const three[] = {NULL, "USD", "EUR", "USD", "GBP"}, *const none[] = {NULL, "", " ", NULL, NULL};
    static const char *const one[] = {NULL, " EUR", "EUR ", NULL, "EUR"};
    patron_log_options o = plain();
    o.currency = "money";
    made m = rows_at_noon(5);
    made_add_words(&m, "money", three);
    REFUSED(&m, &o, PATRON_ERR_INVALID, "two currencies, 'EUR' in row 2 and 'GBP' in row 4; expected one");
    made_free(&m);
    m = rows_at_noon(5);
    made_add_words(&m, "money", one);
    patron_log *log = made_log(ctx, &m, &o);
    assert_string_equal(patron_log_currency(log), "EUR");
    patron_log_destroy(log);
    made_free(&m);
    m = rows_at_noon(5);
    made_add_words(&m, "money", none);
    log = made_log(ctx, &m, &o);
    assert_null(patron_log_currency(log));
    patron_log_destroy(log);
    made_free(&m);
    m = rows_at_noon(1);
    made_add_values(&m, "money", PATRON_TYPE_INT64, (const int64_t[]){978});
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'money' (currency) holds int64; expected text such as 'EUR'");
    made_free(&m);
    static const int8_t index[] = {0};
    static const int64_t code[] = {978};
    m = rows_at_noon(1);
    made_add(m.table, "money",
             &(patron_column){.type = PATRON_TYPE_DICTIONARY,
                              .values = index,
                              .index_type = PATRON_TYPE_INT8,
                              .dictionary = &(patron_column){.type = PATRON_TYPE_INT64, .values = code},
                              .dictionary_length = 1});
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'money' (currency) holds dictionary of integers; expected text such as 'EUR'");
    made_free(&m);
    char long_one[100] = "", longer[100] = "xx"; /* long names are cut between characters */
    for (int i = 0; i < 20; i++) {
        strcat(long_one, "\xe5\x85\x83");
        strcat(longer, "\xe5\x85\x83");
    }
    m = rows_at_noon(2);
    made_add_words(&m, "money", (const char *const[]){long_one, longer});
    patron_error error = {0};
    assert_int_equal(patron_log_build(ctx, m.table, &o, &log, &error), PATRON_ERR_INVALID);
    assert_int_equal(pt_utf8_check(error.message, (int64_t)strlen(error.message)), -1);
    made_free(&m);
}

/* ---- further columns ---- */

/* Money is an amount or discount that is not 0; rows are counted also where none has a currency, or they would not add up. */
static void money_without_a_currency_is_counted_and_kept(void **state) {
    (void)state;
    made m = rows_at_noon(6);
    made_add_words(&m, "money", (const char *const[]){"EUR", NULL, NULL, "", " ", NULL});
    made_add_words(&m, "none", (const char *const[]){NULL, NULL, NULL, NULL, NULL, NULL});
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, (const int64_t[]){500, 300, NONE, 0, -100, NONE});
    made_add_values(&m, "whole", PATRON_TYPE_FLOAT64, (const int64_t[]){500, 300, 0, 0, 100, 0}); /* stays where it is */
    made_add_values(&m, "saved", PATRON_TYPE_FLOAT64, (const int64_t[]){100, NONE, NONE, NONE, NONE, 50});
    const struct {
        const char *currency, *amount, *discount;
        int64_t rows;
    } cases[] = {{"money", "spent", "saved", 3}, {"money", "spent", NULL, 2}, {"money", "whole", NULL, 2},
                 {"money", NULL, "saved", 1},    {"none", "spent", NULL, 3},  {"money", NULL, NULL, 0},
                 {NULL, "spent", "saved", 0}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        patron_log_options o = plain();
        o.currency = cases[i].currency;
        o.amount = cases[i].amount;
        o.discount = cases[i].discount;
        patron_log *log = made_log(ctx, &m, &o);
        assert_int_equal(patron_log_n_events(log), 6);
        if (cases[i].rows > 0)
            has_line(log, "missing currency", cases[i].currency, cases[i].rows, "kept", NULL);
        else
            assert_null(audit_line(log, "missing currency"));
        patron_log_destroy(log);
    }
    made_free(&m);
}

static void further_columns_keep_their_type(void **state) {
    (void)state;
    static const int64_t whole[] = {-5, 6}, durations[] = {1500, -1}, instants[] = {NOON, NOON + 1};
    static const int32_t days[] = {19723, -1};
    static const int64_t date64[] = {19723 * INT64_C(86400000), -86400000};
    static const double reals[] = {-0.0, 2.5};
    static const uint8_t bits[] = {1}, second_null[] = {1};
    static const int8_t index[] = {0, 0};
    static const int64_t values[] = {42};
    const patron_column of_numbers = {.type = PATRON_TYPE_INT64, .values = values};
    const int32_t zones[] = {3600};
    const int64_t from[] = {0};
    const patron_timezone zone = {"East", 1, from, zones, 0};
    const struct {
        const char *name;
        patron_column column;
        pt_store store;
        int64_t first, second;
    } cases[] = {
        {"whole", {.type = PATRON_TYPE_INT64, .values = whole}, PT_INTEGER, -5, 6},
        {"small", {.type = PATRON_TYPE_INT8, .values = whole, .validity = second_null}, PT_INTEGER, -5, NONE},
        {"span", {.type = PATRON_TYPE_DURATION, .unit = PATRON_UNIT_NANOSECOND, .values = durations}, PT_INTEGER, 1, -1},
        {"real", {.type = PATRON_TYPE_FLOAT64, .values = reals}, PT_FLOAT, 0, INT64_C(0x4004000000000000)},
        {"flag", {.type = PATRON_TYPE_BOOL, .values = bits}, PT_BOOLEAN, 1, 0},
        {"day", {.type = PATRON_TYPE_DATE32, .values = days}, PT_INSTANT, 19723 * DAY - INSTANT(3600), -DAY},
        {"date", {.type = PATRON_TYPE_DATE64, .values = date64}, PT_INSTANT, 19723 * DAY - INSTANT(3600), -DAY},
        {"at",
         {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC", .values = instants},
         PT_INSTANT,
         NOON,
         NOON + 1},
        {"local",
         {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = instants, .validity = second_null},
         PT_INSTANT,
         NOON - INSTANT(3600),
         NONE},
        {"none", {.type = PATRON_TYPE_NULL}, PT_CODES, -1, -1},
        {"coded",
         {.type = PATRON_TYPE_DICTIONARY,
          .values = index,
          .index_type = PATRON_TYPE_INT8,
          .dictionary = &of_numbers,
          .dictionary_length = 1},
         PT_CODES,
         0,
         0},
    };
    made m = rows_at_noon(2);
    const char *names[LENGTH(cases)];
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        made_add(m.table, cases[i].name, &cases[i].column);
        names[i] = cases[i].name;
    }
    patron_log_options o = plain();
    o.timezone = &zone;
    o.properties = names;
    o.n_properties = LENGTH(cases);
    patron_log *log = made_log(ctx, &m, &o);
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        const pt_log_column *column = pt_log_find(log, cases[i].name);
        assert_int_equal(column->store, cases[i].store);
        assert_true(column->property);
        if (value_at(log, cases[i].name, 0) != cases[i].first || value_at(log, cases[i].name, 1) != cases[i].second)
            fail_msg("'%s': %lld and %lld", cases[i].name, (long long)value_at(log, cases[i].name, 0),
                     (long long)value_at(log, cases[i].name, 1));
    }
    patron_log_destroy(log);
    made_free(&m);
}

static void further_columns_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const int64_t least[] = {0, INT64_MIN}, far[] = {0, INT64_MAX};
    static const uint64_t most[] = {0, UINT64_MAX};
    static const int32_t days[] = {0, INT32_MAX}, before[] = {0, INT32_MIN};
    const struct {
        patron_column column;
        const char *message;
    } cases[] = {
        {{.type = PATRON_TYPE_INT64, .values = least},
         "Column 'x', row 1: -9223372036854775808 marks a missing value inside; expected a larger integer"},
        {{.type = PATRON_TYPE_UINT64, .values = most}, "Column 'x', row 1: 18446744073709551615 is too large"},
        {{.type = PATRON_TYPE_DATE32, .values = days},
         "Column 'x', row 1: 5881580-07-11 is too far away for microseconds in 64 bits"},
        {{.type = PATRON_TYPE_DATE32, .values = before}, "Column 'x', row 1: -5877641-06-23 is too far away"},
        {{.type = PATRON_TYPE_DATE64, .values = far}, "is too far away for microseconds in 64 bits"},
        {{.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .values = far}, "too large for microseconds in 64 bits"},
    };
    patron_log_options o = plain();
    o.properties = (const char *const[]){"x"};
    o.n_properties = 1;
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        made m = rows_at_noon(2);
        made_add(m.table, "x", &cases[i].column);
        REFUSED(&m, &o, PATRON_ERR_LIMIT, cases[i].message);
        made_free(&m);
    }
    static const char *const taken[] = {"user", "time", "event", "rating", "amount_raw"};
    for (int64_t i = 0; i < LENGTH(taken); i++) {
        made m = rows_at_noon(1);
        made_add_values(&m, taken[i], PATRON_TYPE_INT64, (const int64_t[]){1});
        o.properties = &taken[i];
        REFUSED(&m, &o, PATRON_ERR_INVALID, taken[i], "has the name of a role; expected a name of its own");
        made_free(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_lists_as_many_columns_as_it_has_room_for),
        cmocka_unit_test(every_column_that_says_when_is_read),
        cmocka_unit_test(a_time_beyond_all_times_is_one_outside_the_range),
        cmocka_unit_test(local_times_are_read_by_the_zone_in_every_column),
        cmocka_unit_test(unreadable_times_of_all_blocks_are_counted_together),
        cmocka_unit_test(an_example_is_cut_between_characters),
        cmocka_unit_test(rows_without_an_event_stand_among_the_unknown_names_in_order),
        cmocka_unit_test(a_rewriting_is_of_the_whole_name),
        cmocka_unit_test(more_names_of_events_than_there_are_numbers_are_refused),
        cmocka_unit_test(measures_are_numbers),
        cmocka_unit_test(seq_is_of_integers_or_nothing),
        cmocka_unit_test(a_currency_is_one_text),
        cmocka_unit_test(money_without_a_currency_is_counted_and_kept),
        cmocka_unit_test(further_columns_keep_their_type),
        cmocka_unit_test(further_columns_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests_name("log: cleaning", tests, set_up, tear_down);
}
