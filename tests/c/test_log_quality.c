/* What the quality report says of a shop that goes on as ever, and of one that does not: each check and each of its verdicts.
 */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cells.h"

#include <math.h>

#define MONDAY INT64_C(19723) /* 2024-01-01 */

typedef struct shop {
    int64_t n, capacity;
    int64_t *users, *times, *amounts;
    const char **items, **events;
    uint64_t random;
} shop;

static void sell(shop *s, int64_t day, int64_t n, int64_t users, int64_t return_percent, int64_t nameless_percent,
                 const char *event) {
    for (int64_t i = 0; i < n; i++) {
        if (s->n == s->capacity) {
            s->capacity = s->capacity * 2 + 1024;
            s->users = realloc(s->users, (size_t)s->capacity * 8);
            s->times = realloc(s->times, (size_t)s->capacity * 8);
            s->amounts = realloc(s->amounts, (size_t)s->capacity * 8);
            s->items = realloc(s->items, (size_t)s->capacity * sizeof *s->items);
            s->events = realloc(s->events, (size_t)s->capacity * sizeof *s->events);
        }
        static const char *const names[] = {"cup", "pen", "zip", "jar"};
        s->users[s->n] = made_below(&s->random, users);
        s->times[s->n] = day * DAY + 8 * (DAY / 24) + made_below(&s->random, DAY / 2);
        s->amounts[s->n] = made_below(&s->random, 100) < return_percent ? -1000 : 1000 + made_below(&s->random, 900);
        s->items[s->n] = made_below(&s->random, 100) < nameless_percent ? NULL : names[made_below(&s->random, 4)];
        s->events[s->n++] = event;
    }
}

/* A shop that sells much on week days and little at weekends, up and down by a tenth. */
static int64_t usual_sales(shop *s, int64_t day) {
    static const int64_t usual[] = {200, 190, 210, 220, 260, 60, 20};
    int64_t n = usual[(day - MONDAY) % 7];
    return n + made_below(&s->random, n / 5 + 1) - n / 10;
}

static patron_log *log_of(const shop *s, bool with_items) {
    made m = made_rows(ctx, s->n);
    made_add_values(&m, "who", PATRON_TYPE_INT64, s->users);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, s->times);
    made_add_values(&m, "spent", PATRON_TYPE_FLOAT64, s->amounts);
    made_add_words(&m, "what", s->items);
    made_add_words(&m, "event", s->events);
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.amount = "spent";
    o.event = "event";
    o.item = with_items ? "what" : NULL;
    patron_log *log = made_log(ctx, &m, &o);
    made_free(&m);
    return log;
}

static void shop_free(shop *s) {
    free(s->users);
    free(s->times);
    free(s->amounts);
    free((void *)s->items);
    free((void *)s->events);
}

static patron_table *quality_of(const patron_log *log, const patron_log *previous) {
    patron_table *table = NULL;
    patron_error error = {0};
    if (patron_log_quality(log, previous, &table, &error) != PATRON_OK) fail_msg("%s", error.message);
    static const char *const names[] = {"check", "column", "value", "previous", "status", "note"};
    assert_int_equal(patron_table_n_columns(table), 6);
    for (int64_t i = 0; i < 6; i++) assert_string_equal(patron_table_column_name(table, i), names[i]);
    for (int64_t i = 0; i < patron_table_n_rows(table); i++) {
        char note[200];
        text_at(table, "note", i, note);
        assert_true(strlen(note) > 5 && strlen(note) < 199 && note[strlen(note) - 1] == '.');
    }
    return table;
}

/* The row of a check, of a column unless NULL; -1: none. */
static int64_t find_check(const patron_table *table, const char *check, const char *column) {
    for (int64_t i = 0; i < patron_table_n_rows(table); i++) {
        char found[200], of[200];
        text_at(table, "check", i, found);
        text_at(table, "column", i, of);
        if (strcmp(found, check) == 0 && strcmp(of, column != NULL ? column : "NULL") == 0) return i;
    }
    return -1;
}

static void expect(const patron_table *table, const char *check, const char *column, const char *status) {
    int64_t row = find_check(table, check, column);
    if (row < 0) fail_msg("no check '%s' of '%s'", check, column != NULL ? column : "");
    char found[200], note[200];
    text_at(table, "status", row, found);
    text_at(table, "note", row, note);
    if (strcmp(found, status) != 0)
        fail_msg("%s %s: '%s' instead of '%s' (%f, before %f: %s)", check, column != NULL ? column : "", found, status,
                 real_at(table, "value", row), real_at(table, "previous", row), note);
}

static int64_t count_status(const patron_table *table, const char *status) {
    int64_t n = 0;
    for (int64_t i = 0; i < patron_table_n_rows(table); i++) {
        char found[200];
        text_at(table, "status", i, found);
        n += strcmp(found, status) == 0;
    }
    return n;
}

static patron_log *cut(const patron_log *log, int64_t start, int64_t end) {
    patron_log *part = NULL;
    assert_int_equal(patron_log_between(log, start, end, &part, NULL), PATRON_OK);
    return part;
}

static void a_shop_that_goes_on_as_ever_raises_no_alarm(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        shop s = {.random = seed * 31};
        for (int64_t day = MONDAY; day < MONDAY + 98; day++) sell(&s, day, usual_sales(&s, day), 500, 5, 10, "purchase");
        patron_log *all = log_of(&s, true);
        for (int64_t day = MONDAY + 70; day < MONDAY + 98; day += 1 + (day % 3 == 0)) {
            /* loads of a day (weekends too), cut at midnight or in the afternoon, alone or with all that was there before */
            int64_t seam = day * DAY + (seed % 2 ? 0 : DAY / 2);
            patron_log *before = cut(all, INT64_MIN, seam), *with = cut(all, INT64_MIN, seam + DAY);
            patron_log *alone = cut(all, seam, seam + DAY), *week = cut(all, seam, seam + 7 * DAY);
            const patron_log *loads[] = {with, alone, week};
            for (int i = 0; i < 3; i++) {
                patron_table *table = quality_of(loads[i], before);
                for (int64_t row = 0; row < patron_table_n_rows(table); row++) {
                    char check[200], column[200];
                    text_at(table, "check", row, check);
                    text_at(table, "column", row, column);
                    expect(table, check, strcmp(column, "NULL") == 0 ? NULL : column, "ok");
                }
                expect(table, "volume", NULL, "ok");
                expect(table, "volume_day", NULL, "ok");
                expect(table, "users", NULL, "ok");
                expect(table, "freshness", NULL, "ok");
                expect(table, "gap", NULL, "ok");
                patron_table_destroy(table);
            }
            patron_log_destroy(before);
            patron_log_destroy(with);
            patron_log_destroy(alone);
            patron_log_destroy(week);
        }
        patron_table *table = quality_of(all, NULL);
        expect(table, "volume", NULL, "ok");
        assert_int_equal(find_check(table, "freshness", NULL), -1);
        assert_int_equal(count_status(table, "ok"), patron_table_n_rows(table));
        patron_table_destroy(table);
        patron_log_destroy(all);
        shop_free(&s);
    }
}

static void the_figures_are_those_that_a_plain_count_gives(void **state) {
    (void)state;
    shop s = {.random = 5};
    /* 8 weeks of 100 a day; then a week of 30 a day of which 12 return, without names, by new users */
    for (int64_t day = MONDAY; day < MONDAY + 56; day++) sell(&s, day, 100, 40, 0, 0, "purchase");
    int64_t old = s.n;
    for (int64_t day = MONDAY + 56; day < MONDAY + 63; day++) {
        sell(&s, day, 18, 40, 0, 50, "purchase");
        sell(&s, day, 12, 40, 100, 50, "purchase");
    }
    int64_t nameless = 0;
    for (int64_t i = old; i < s.n; i++) {
        s.users[i] += 1000;
        nameless += s.items[i] == NULL;
    }
    s.times[s.n - 1] = (MONDAY + 63) * DAY - 1; /* the last day is whole */
    patron_log *all = log_of(&s, true), *before = cut(all, INT64_MIN, (MONDAY + 56) * DAY);
    patron_log *alone = cut(all, (MONDAY + 56) * DAY, INT64_MAX);
    for (int i = 0; i < 2; i++) {
        const patron_log *load = i == 0 ? all : alone;
        patron_table *table = quality_of(load, before);
        int64_t row = find_check(table, "volume", NULL);
        /* the last day before counts from its last event on: nothing came, nothing was to be expected */
        assert_true(real_at(table, "value", row) == 7 * 30 / 8.0);
        assert_true(real_at(table, "previous", row) >= 87 && real_at(table, "previous", row) <= 88);
        expect(table, "volume", NULL, "alarm");
        row = find_check(table, "missing_share", "item");
        assert_true(real_at(table, "value", row) == (double)nameless / (7 * 30));
        assert_true(real_at(table, "previous", row) == 0);
        expect(table, "missing_share", "item", "alarm");
        expect(table, "missing_share", "amount", "ok");
        row = find_check(table, "return_share", NULL);
        assert_true(real_at(table, "value", row) == 12.0 / 30);
        expect(table, "return_share", NULL, "alarm");
        row = find_check(table, "freshness", NULL);
        assert_true(real_at(table, "value", row) > 6.9 && real_at(table, "value", row) < 7.6);
        assert_true(real_at(table, "previous", row) == 1);
        row = find_check(table, "new_users_share", NULL);
        double share = real_at(table, "value", row);
        assert_true(share > 0.15 && share <= 0.4); /* 40 new users on about 7 * 21 user-days */
        expect(table, "new_users_share", NULL, "watch");
        assert_true(real_at(table, "value", find_check(table, "distinct_values", "item")) == 4);
        patron_table_destroy(table);
    }
    patron_log_destroy(all);
    patron_log_destroy(before);
    patron_log_destroy(alone);
    shop_free(&s);
}

static void a_load_with_nothing_newer_is_an_alarm(void **state) {
    (void)state;
    shop s = {.random = 3};
    for (int64_t day = MONDAY; day < MONDAY + 30; day++) sell(&s, day, 40, 100, 5, 10, "purchase");
    patron_log *log = log_of(&s, true), *older = cut(log, INT64_MIN, (MONDAY + 20) * DAY);
    patron_table *table = quality_of(older, log);
    expect(table, "freshness", NULL, "alarm");
    assert_int_equal(find_check(table, "volume", NULL), -1);
    patron_table_destroy(table);
    table = quality_of(log, log);
    expect(table, "freshness", NULL, "alarm");
    assert_int_equal(count_status(table, "alarm"), 1);
    patron_table_destroy(table);
    /* ten days without anything */
    patron_log *late = cut(log, (MONDAY + 28) * DAY, INT64_MAX), *early = cut(log, INT64_MIN, (MONDAY + 18) * DAY);
    table = quality_of(late, early);
    expect(table, "gap", NULL, "alarm");
    assert_true(real_at(table, "value", find_check(table, "gap", NULL)) == 10);
    patron_table_destroy(table);
    /* logs without any event */
    patron_log *none = cut(log, 0, 1);
    patron_table_destroy(quality_of(none, NULL));
    table = quality_of(none, log);
    expect(table, "freshness", NULL, "alarm");
    patron_table_destroy(table);
    table = quality_of(log, none);
    assert_int_equal(count_status(table, "alarm"), 0);
    patron_table_destroy(table);
    patron_log_destroy(none);
    patron_log_destroy(late);
    patron_log_destroy(early);
    patron_log_destroy(older);
    patron_log_destroy(log);
    shop_free(&s);
}

static void columns_and_kinds_that_come_and_go_are_named(void **state) {
    (void)state;
    shop s = {.random = 9}, t = {.random = 10};
    for (int64_t day = MONDAY; day < MONDAY + 60; day++) {
        sell(&s, day, 100, 100, 5, 10, "purchase");
        sell(&s, day, 10, 100, 0, 10, "view");
        if (day % 20 == 0) sell(&s, day, 1, 100, 0, 10, "zebra");
    }
    for (int64_t day = MONDAY + 60; day < MONDAY + 67; day++) {
        sell(&t, day, 100, 100, 5, 10, "purchase");
        sell(&t, day, 10, 100, 0, 10, "aardvark");
    }
    patron_log *before = log_of(&s, true), *after = log_of(&t, false);
    patron_table *table = quality_of(after, before);
    expect(table, "kind_went", "view", "alarm");
    expect(table, "kind_came", "aardvark", "watch");
    expect(table, "kind_went", "zebra", "ok"); /* so few that none is no news */
    expect(table, "kind_share", "purchase", "ok");
    expect(table, "column_went", "item", "alarm");
    patron_table_destroy(table);
    patron_log *with = log_of(&t, true), *without = log_of(&s, false);
    table = quality_of(with, without);
    expect(table, "column_came", "item", "watch");
    patron_table_destroy(table);
    patron_log_destroy(with);
    patron_log_destroy(without);
    patron_log_destroy(before);
    patron_log_destroy(after);
    shop_free(&s);
    shop_free(&t);
}

static void a_load_that_came_twice_is_seen_in_duplicates(void **state) {
    (void)state;
    shop s = {.random = 3}, t = {.random = 4};
    for (int64_t day = MONDAY; day < MONDAY + 60; day++) sell(&s, day, 100, 100, 5, 10, "purchase");
    for (int64_t day = MONDAY + 60; day < MONDAY + 67; day++) sell(&t, day, 100, 100, 5, 10, "purchase");
    patron_log *before = log_of(&s, true), *load = log_of(&t, true), *twice = NULL;
    assert_int_equal(patron_log_merge(load, load, &twice, NULL), PATRON_OK);
    patron_table *table = quality_of(load, before);
    expect(table, "duplicates_share", NULL, "ok");
    patron_table_destroy(table);
    table = quality_of(twice, before);
    expect(table, "duplicates_share", NULL, "alarm");
    assert_true(real_at(table, "value", find_check(table, "duplicates_share", NULL)) == 0.5);
    expect(table, "volume", NULL, "watch"); /* too much is never an alarm by itself */
    patron_table_destroy(table);
    table = quality_of(twice, NULL);
    expect(table, "duplicates_share", NULL, "alarm");
    patron_table_destroy(table);
    patron_log_destroy(twice);
    patron_log_destroy(load);
    patron_log_destroy(before);
    shop_free(&s);
    shop_free(&t);
}

static void threads_do_not_change_the_report(void **state) {
    (void)state;
    shop s = {.random = 77};
    for (int64_t day = MONDAY; day < MONDAY + 90; day++) sell(&s, day, 15 * usual_sales(&s, day), 20000, 5, 10, "purchase");
    patron_log *all = log_of(&s, true), *before = cut(all, INT64_MIN, (MONDAY + 80) * DAY);
    patron_table *tables[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(patron_ctx_set_threads(ctx, i == 0 ? 1 : 3 * i, NULL), PATRON_OK);
        tables[i] = quality_of(all, before);
    }
    assert_int_equal(patron_ctx_set_threads(ctx, 2, NULL), PATRON_OK);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(patron_table_n_rows(tables[i]), patron_table_n_rows(tables[0]));
        for (int64_t row = 0; row < patron_table_n_rows(tables[0]); row++) {
            static const char *const reals[] = {"value", "previous"}, *const texts[] = {"check", "column", "status", "note"};
            for (int k = 0; k < 2; k++) {
                double x = real_at(tables[0], reals[k], row), y = real_at(tables[i], reals[k], row);
                assert_memory_equal(&x, &y, sizeof x);
            }
            for (int k = 0; k < 4; k++) {
                char x[200], y[200];
                text_at(tables[0], texts[k], row, x);
                text_at(tables[i], texts[k], row, y);
                assert_string_equal(x, y);
            }
        }
    }
    for (int i = 0; i < 3; i++) patron_table_destroy(tables[i]);
    patron_log_destroy(all);
    patron_log_destroy(before);
    shop_free(&s);
}

/* ---- each verdict ---- */

enum { BEFORE = 60 };

/* n events on each of the days [first, last); of users 0 .. users - 1. */
static void sell_days(shop *s, int64_t first, int64_t last, int64_t n, int64_t users) {
    for (int64_t day = first; day < last; day++) sell(s, MONDAY + day, n, users, 0, 0, "purchase");
}

static double figure(const patron_table *table, const char *check, const char *figure_of) {
    int64_t row = find_check(table, check, NULL);
    assert_true(row >= 0);
    return real_at(table, figure_of, row);
}

static void the_volume_is_judged_by_robust_deviations(void **state) {
    (void)state;
    /* 144 a day: a day's deviation is 12, a week's 84 */
    static const struct {
        int64_t a_day;
        const char *verdict, *of_day; /* of the oddest day; NULL: it may be the last one, which is cut */
    } cases[] = {{144, "ok", "ok"},       {110, "ok", "ok"},      {92, "watch", "ok"},    {84, "watch", NULL},
                 {68, "alarm", "watch"},  {50, "alarm", "watch"}, {10, "alarm", "alarm"}, {170, "ok", "ok"},
                 {230, "watch", "watch"}, {400, "watch", "watch"}}; /* too much is never an alarm */
    shop s = {.random = 5};
    sell_days(&s, 0, BEFORE, 144, 1000);
    patron_log *before = log_of(&s, true);
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        shop t = {.random = 6};
        sell_days(&t, BEFORE, BEFORE + 7, cases[i].a_day, 1000);
        patron_log *load = log_of(&t, true);
        patron_table *table = quality_of(load, before);
        expect(table, "volume", NULL, cases[i].verdict);
        if (cases[i].of_day != NULL) expect(table, "volume_day", NULL, cases[i].of_day);
        patron_table_destroy(table);
        patron_log_destroy(load);
        shop_free(&t);
    }
    patron_log_destroy(before);
    shop_free(&s);
}

static void too_little_to_compare_with_is_no_alarm(void **state) {
    (void)state;
    shop s = {.random = 5}, t = {.random = 6};
    sell_days(&s, 0, 1, 100, 50);
    sell_days(&t, 1, 3, 7, 50);
    patron_log *before = log_of(&s, true), *load = log_of(&t, true);
    patron_table *table = quality_of(load, before);
    char note[200];
    int64_t row = find_check(table, "volume", NULL);
    expect(table, "volume", NULL, "ok");
    text_at(table, "note", row, note);
    assert_string_equal(note, "Too few earlier weeks to say how many events a day to expect.");
    assert_true(real_at(table, "value", row) == 14.0 / 3 && isnan(real_at(table, "previous", row)));
    expect(table, "gap", NULL, "ok");
    assert_true(isnan(figure(table, "gap", "previous")) && isnan(figure(table, "freshness", "previous")));
    expect(table, "users", NULL, "ok");
    assert_true(isnan(figure(table, "users", "previous")));
    patron_table_destroy(table);
    patron_log_destroy(before);
    patron_log_destroy(load);
    shop_free(&s);
    shop_free(&t);
}

static void of_a_long_load_the_last_year_is_judged(void **state) {
    (void)state;
    shop s = {.random = 5}, t = {.random = 6};
    sell_days(&s, 0, BEFORE, 20, 50);
    sell_days(&t, BEFORE, BEFORE + 30, 200, 50); /* too long ago to be looked at */
    sell_days(&t, BEFORE + 34, BEFORE + 400, 20, 50);
    patron_log *before = log_of(&s, true), *load = log_of(&t, true);
    patron_table *table = quality_of(load, before);
    char note[200];
    text_at(table, "note", find_check(table, "volume", NULL), note);
    assert_non_null(strstr(note, "Events a day over 366 days "));
    expect(table, "volume", NULL, "ok");
    assert_true(fabs(figure(table, "volume", "value") - 20) < 1);
    patron_table_destroy(table);
    patron_log_destroy(before);
    patron_log_destroy(load);
    shop_free(&s);
    shop_free(&t);
}

static void a_gap_is_judged_by_the_gaps_before(void **state) {
    (void)state;
    static const struct {
        int64_t before, now; /* days without events: in each week before, and in the load */
        const char *verdict;
    } cases[] = {{0, 1, "ok"},    {0, 2, "watch"}, {0, 3, "alarm"}, {3, 3, "ok"},
                 {3, 4, "watch"}, {3, 8, "watch"}, {3, 9, "alarm"}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        shop s = {.random = 5}, t = {.random = 6};
        for (int64_t week = 0; week < 8; week++) sell_days(&s, week * 7, week * 7 + 7 - cases[i].before, 30, 50);
        sell_days(&s, 56, BEFORE, 30, 50); /* up to the seam every day */
        sell_days(&t, BEFORE, BEFORE + 1, 30, 50);
        sell_days(&t, BEFORE + 1 + cases[i].now, BEFORE + 5 + cases[i].now, 30, 50);
        patron_log *before = log_of(&s, true), *load = log_of(&t, true);
        patron_table *table = quality_of(load, before);
        expect(table, "gap", NULL, cases[i].verdict);
        assert_true(figure(table, "gap", "value") == (double)cases[i].now);
        assert_true(figure(table, "gap", "previous") == (double)cases[i].before);
        assert_true(figure(table, "freshness", "previous") == 1);
        patron_table_destroy(table);
        patron_log_destroy(before);
        patron_log_destroy(load);
        shop_free(&s);
        shop_free(&t);
    }
}

static void users_are_judged_by_what_the_usual_events_bring(void **state) {
    (void)state;
    static const struct {
        int64_t before, now; /* users that 100 events a day are drawn from */
        const char *verdict;
    } cases[] = {{100, 100, "ok"}, {100, 1, "alarm"}, {100, 35, "watch"}, {30, 1000, "watch"}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        shop s = {.random = 5}, t = {.random = 6};
        sell_days(&s, 0, BEFORE, 100, cases[i].before);
        sell_days(&t, BEFORE, BEFORE + 7, 100, cases[i].now);
        patron_log *before = log_of(&s, true), *load = log_of(&t, true);
        patron_table *table = quality_of(load, before);
        expect(table, "users", NULL, cases[i].verdict);
        patron_table_destroy(table);
        patron_log_destroy(before);
        patron_log_destroy(load);
        shop_free(&s);
        shop_free(&t);
    }
}

/* ---- columns ---- */

/* n events of as many users from day `day` on, ten an hour; a further column "x". */
static patron_log *column_log(int64_t day, int64_t n, bool text_users, patron_type type, int64_t distinct) {
    int64_t *users = malloc((size_t)n * 8), *times = malloc((size_t)n * 8), *values = malloc((size_t)n * 8);
    char(*text)[16] = malloc((size_t)n * sizeof *text);
    const char **words = malloc((size_t)n * sizeof *words);
    for (int64_t i = 0; i < n; i++) {
        users[i] = i;
        times[i] = (MONDAY + day) * DAY + i * (DAY / 240);
        values[i] = distinct > 0 ? i % distinct : NONE;
        snprintf(text[i], sizeof text[i], "w%06d", (int)(distinct > 0 ? i % distinct : 0));
        words[i] = distinct > 0 ? text[i] : NULL;
    }
    made m = made_rows(ctx, n);
    if (text_users)
        made_add_ids(&m, m.table, "who", n, users, AS_UTF8);
    else
        made_add_values(&m, "who", PATRON_TYPE_INT64, users);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
    if (type == PATRON_TYPE_UTF8)
        made_add_words(&m, "x", words);
    else
        made_add_values(&m, "x", type, values);
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    if (type == PATRON_TYPE_UINT64) { /* as ids: whole numbers that are names */
        o.item = "x";
    } else {
        static const char *const properties[] = {"x"};
        o.properties = properties;
        o.n_properties = 1;
    }
    patron_log *log = made_log(ctx, &m, &o);
    made_free(&m);
    free(users);
    free(times);
    free(values);
    free(text);
    free((void *)words);
    return log;
}

static void a_column_that_holds_something_else_is_an_alarm(void **state) {
    (void)state;
    static const struct {
        patron_type before, now;
        int64_t distinct; /* now; 0: nothing */
        const char *note; /* NULL: no alarm */
    } cases[] = {{PATRON_TYPE_INT64, PATRON_TYPE_INT64, 5, NULL},
                 {PATRON_TYPE_INT64, PATRON_TYPE_FLOAT64, 5, "It holds numbers; before it held integers."},
                 {PATRON_TYPE_FLOAT64, PATRON_TYPE_UTF8, 5, "It holds names; before it held numbers."},
                 {PATRON_TYPE_UTF8, PATRON_TYPE_TIMESTAMP, 5, "It holds times; before it held names."},
                 {PATRON_TYPE_UTF8, PATRON_TYPE_UTF8, 0, NULL}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        patron_log *before = column_log(0, 300, false, cases[i].before, 5);
        patron_log *load = column_log(2, 300, false, cases[i].now, cases[i].distinct);
        patron_table *table = quality_of(load, before);
        int64_t row = find_check(table, "column_type", "x");
        assert_int_equal(row >= 0, cases[i].note != NULL);
        if (row >= 0) {
            char note[200];
            text_at(table, "note", row, note);
            assert_string_equal(note, cases[i].note);
            expect(table, "column_type", "x", "alarm");
        }
        patron_table_destroy(table);
        patron_log_destroy(before);
        patron_log_destroy(load);
    }
    /* ids: numbers before, text now */
    patron_log *before = column_log(0, 300, false, PATRON_TYPE_UINT64, 5),
               *load = column_log(2, 300, true, PATRON_TYPE_UTF8, 5);
    patron_log *none = cut(before, 0, 1);
    patron_table *table = quality_of(load, before);
    int64_t row = find_check(table, "column_type", "user");
    char note[200];
    text_at(table, "note", row, note);
    assert_string_equal(note, "Users are text; before they were integers.");
    expect(table, "column_came", "x", "watch");
    expect(table, "column_went", "item", "alarm");
    patron_table_destroy(table);
    table = quality_of(before, load);
    text_at(table, "note", find_check(table, "column_type", "user"), note);
    assert_string_equal(note, "Users are integers; before they were text.");
    patron_table_destroy(table);
    table = quality_of(none, load); /* a log without users holds neither */
    assert_int_equal(find_check(table, "column_type", "user"), -1);
    patron_table_destroy(table);
    patron_log_destroy(none);
    patron_log_destroy(before);
    patron_log_destroy(load);
}

static void integer_ids_and_names_are_different_things(void **state) {
    (void)state;
    shop s = {.random = 5};
    sell_days(&s, 0, 3, 100, 50);
    patron_log *names = log_of(&s, true), *numbers = column_log(5, 300, false, PATRON_TYPE_UINT64, 5);
    patron_table *table = quality_of(numbers, names);
    char note[200];
    text_at(table, "note", find_check(table, "column_type", "item"), note);
    assert_string_equal(note, "It holds integer ids; before it held names.");
    patron_table_destroy(table);
    patron_log_destroy(names);
    patron_log_destroy(numbers);
    shop_free(&s);
}

static void twice_or_half_the_different_values_are_noticed(void **state) {
    (void)state;
    static const struct {
        int64_t before, values_before, now, values;
        const char *verdict;
    } cases[] = {{1000, 100, 1000, 210, "ok"}, {1000, 100, 1000, 211, "watch"}, {1000, 100, 1200, 300, "ok"},
                 {1000, 100, 1000, 40, "ok"},  {1000, 100, 1000, 39, "watch"},  {1000, 100, 900, 20, "ok"}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        patron_log *before = column_log(0, cases[i].before, false, PATRON_TYPE_UTF8, cases[i].values_before);
        patron_log *load = column_log(10, cases[i].now, false, PATRON_TYPE_UTF8, cases[i].values);
        patron_table *table = quality_of(load, before);
        expect(table, "distinct_values", "x", cases[i].verdict);
        patron_table_destroy(table);
        patron_log_destroy(before);
        patron_log_destroy(load);
    }
}

/* ---- kinds ---- */

static void kinds_are_judged_by_how_many_were_to_come(void **state) {
    (void)state;
    static const struct {
        int64_t before, now; /* of 3000 events before and 1000 now */
        const char *check, *verdict;
    } cases[] = {{60, 0, "kind_went", "alarm"},     {30, 0, "kind_went", "watch"}, {15, 0, "kind_went", "ok"},
                 {0, 1, "kind_came", "watch"},      {1, 0, "kind_went", "ok"},     {300, 100, "kind_share", "ok"},
                 {300, 500, "kind_share", "watch"}, {2, 1, "kind_share", "ok"}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        shop s = {.random = 5}, t = {.random = 6};
        sell(&s, MONDAY, 3000 - cases[i].before, 50, 0, 0, "purchase");
        sell(&s, MONDAY, cases[i].before, 50, 0, 0, "login");
        sell(&t, MONDAY + 1, 1000 - cases[i].now, 50, 0, 0, "purchase");
        sell(&t, MONDAY + 1, cases[i].now, 50, 0, 0, "login");
        patron_log *before = log_of(&s, true), *load = log_of(&t, true);
        patron_table *table = quality_of(load, before);
        expect(table, cases[i].check, "login", cases[i].verdict);
        patron_table_destroy(table);
        patron_log_destroy(before);
        patron_log_destroy(load);
        shop_free(&s);
        shop_free(&t);
    }
    shop s = {.random = 5}, t = {.random = 6}; /* one in two thousand, before and now, is not worth a line */
    sell(&s, MONDAY, 2000, 50, 0, 0, "purchase");
    sell(&s, MONDAY, 1, 50, 0, 0, "login");
    sell(&t, MONDAY + 1, 2000, 50, 0, 0, "purchase");
    sell(&t, MONDAY + 1, 1, 50, 0, 0, "login");
    patron_log *before = log_of(&s, true), *load = log_of(&t, true);
    patron_table *table = quality_of(load, before);
    assert_int_equal(find_check(table, "kind_share", "login"), -1);
    patron_table_destroy(table);
    table = quality_of(load, NULL);
    assert_int_equal(find_check(table, "kind_share", "login"), -1);
    patron_table_destroy(table);
    patron_log_destroy(before);
    patron_log_destroy(load);
    shop_free(&s);
    shop_free(&t);
}

/* ---- a log alone ---- */

static void a_shop_that_was_closed_has_nothing_to_compare_with(void **state) {
    (void)state;
    shop s = {.random = 5};
    sell_days(&s, 0, 3, 100, 50);
    sell_days(&s, 60, 67, 100, 50); /* and nothing in the four weeks before */
    patron_log *log = log_of(&s, true);
    patron_table *table = quality_of(log, NULL);
    assert_true(isnan(figure(table, "new_users_share", "previous")));
    assert_true(isnan(figure(table, "return_share", "previous")));
    assert_true(isnan(real_at(table, "previous", find_check(table, "missing_share", "item"))));
    assert_true(isnan(real_at(table, "previous", find_check(table, "kind_share", "purchase"))));
    assert_int_equal(count_status(table, "alarm"), 0);
    patron_table_destroy(table);
    patron_log_destroy(log);
    shop_free(&s);
}

static void shares_of_the_audit_alarm_by_their_growth(void **state) {
    (void)state;
    static const struct {
        int64_t missing; /* of 200 rows */
        const char *alone, *after_none;
    } cases[] = {{1, "ok", "ok"}, {8, "ok", "watch"}, {14, "watch", "watch"}, {30, "alarm", "alarm"}};
    patron_log *before = column_log(0, 200, false, PATRON_TYPE_INT64, 5);
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        int64_t users[200], times[200];
        for (int64_t k = 0; k < 200; k++) {
            users[k] = k < cases[i].missing ? NONE : k;
            times[k] = (MONDAY + 3) * DAY + k;
        }
        made m = made_rows(ctx, 200);
        made_add_values(&m, "who", PATRON_TYPE_INT64, users);
        made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
        patron_log_options o;
        patron_log_options_init(&o);
        o.user = "who";
        o.time = "when";
        patron_log *log = made_log(ctx, &m, &o);
        patron_table *table = quality_of(log, NULL);
        expect(table, "dropped_share", NULL, cases[i].alone);
        patron_table_destroy(table);
        table = quality_of(log, before);
        expect(table, "dropped_share", NULL, cases[i].after_none);
        assert_true(figure(table, "dropped_share", "previous") == 0);
        patron_table_destroy(table);
        patron_log_destroy(log);
        made_free(&m);
    }
    patron_log_destroy(before);
}

static void an_empty_load_after_one_of_the_sixties_is_not_newer(void **state) {
    (void)state;
    const int64_t users[] = {1, 2}, times[] = {-4000 * DAY, -3999 * DAY};
    made m = made_rows(ctx, 2);
    made_add_values(&m, "who", PATRON_TYPE_INT64, users);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.has_time_range = 1;
    o.time_from = -5000 * DAY;
    patron_log *before = made_log(ctx, &m, &o), *none = cut(before, 0, 1);
    patron_table *table = quality_of(none, before);
    expect(table, "freshness", NULL, "alarm");
    assert_int_equal(find_check(table, "gap", NULL), -1);
    patron_table_destroy(table);
    patron_log_destroy(none);
    patron_log_destroy(before);
    made_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shop_that_goes_on_as_ever_raises_no_alarm),
        cmocka_unit_test(the_figures_are_those_that_a_plain_count_gives),
        cmocka_unit_test(a_load_with_nothing_newer_is_an_alarm),
        cmocka_unit_test(columns_and_kinds_that_come_and_go_are_named),
        cmocka_unit_test(a_load_that_came_twice_is_seen_in_duplicates),
        cmocka_unit_test(threads_do_not_change_the_report),
        cmocka_unit_test(the_volume_is_judged_by_robust_deviations),
        cmocka_unit_test(too_little_to_compare_with_is_no_alarm),
        cmocka_unit_test(of_a_long_load_the_last_year_is_judged),
        cmocka_unit_test(a_gap_is_judged_by_the_gaps_before),
        cmocka_unit_test(users_are_judged_by_what_the_usual_events_bring),
        cmocka_unit_test(a_column_that_holds_something_else_is_an_alarm),
        cmocka_unit_test(integer_ids_and_names_are_different_things),
        cmocka_unit_test(twice_or_half_the_different_values_are_noticed),
        cmocka_unit_test(kinds_are_judged_by_how_many_were_to_come),
        cmocka_unit_test(a_shop_that_was_closed_has_nothing_to_compare_with),
        cmocka_unit_test(shares_of_the_audit_alarm_by_their_growth),
        cmocka_unit_test(an_empty_load_after_one_of_the_sixties_is_not_newer),
    };
    return cmocka_run_group_tests_name("log: quality", tests, set_up, tear_down);
}
