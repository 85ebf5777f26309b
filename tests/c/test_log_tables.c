/* A log as tables: events, audit, and what the quality report says of a shop that goes on as ever, and of one that does not. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_made.h"

static patron_ctx *ctx;

static int set_up(void **state) {
    (void)state;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 2;
    return patron_ctx_create(&options, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

static int64_t column_of(const patron_table *table, const char *name) {
    int64_t column = patron_table_find(table, name);
    if (column < 0) fail_msg("no column '%s'", name);
    return column;
}

static void text_at(const patron_table *table, const char *name, int64_t row, char out[200]) {
    const char *text;
    int64_t length;
    assert_int_equal(patron_table_get_string(table, column_of(table, name), row, &text, &length, NULL), PATRON_OK);
    snprintf(out, 200, "%.*s", text != NULL ? (int)length : 4, text != NULL ? text : "NULL");
}

static double real_at(const patron_table *table, const char *name, int64_t row) {
    double value;
    assert_int_equal(patron_table_get_float64(table, column_of(table, name), row, 1, &value, NULL, NULL), PATRON_OK);
    return value;
}

static int64_t number_at(const patron_table *table, const char *name, int64_t row) {
    int64_t value;
    uint8_t valid;
    assert_int_equal(patron_table_get_int64(table, column_of(table, name), row, 1, &value, &valid, NULL), PATRON_OK);
    return valid ? value : NONE;
}

/* ---- events ---- */

static void check_id(const patron_table *table, const char *name, int64_t row, int64_t rank, made_layout layout) {
    char wanted[40] = "NULL", found[200];
    if (!made_is_text(layout)) {
        assert_int_equal(number_at(table, name, row), rank < 0 ? NONE : made_number(layout, rank));
        return;
    }
    if (rank >= 0) made_text(rank, wanted);
    text_at(table, name, row, found);
    assert_string_equal(found, wanted);
}

static void check_units(const patron_table *table, const char *name, int64_t row, int64_t hundredths) {
    double value = real_at(table, name, row);
    assert_true(hundredths == NONE ? value != value : value == (double)hundredths / 100);
}

static void events_come_back_in_log_order_with_types_and_nulls(void **state) {
    (void)state;
    enum { MANY = 500 };
    static made_row rows[MANY];
    uint64_t random = 17;
    for (int layout = 0; layout < N_LAYOUTS; layout++) {
        if (layout == AS_UINT64) continue;
        made_draw(rows, MANY, &(made_shape){12, 5, true, true, false}, &random);
        patron_log_options options = made_options(true);
        patron_log *log = made_log_of(ctx, rows, MANY, (made_layout)layout, 3, &options);
        patron_table *table = NULL;
        assert_int_equal(patron_log_events(log, &table, NULL), PATRON_OK);
        patron_log_destroy(log); /* the table lives on */
        static const char *const names[] = {"user",     "time", "event",    "item",  "order", "amount", "quantity",
                                            "category", "seq",  "event_id", "shade", "size",  "weight"};
        assert_int_equal(patron_table_n_columns(table), LENGTH(names));
        for (int64_t i = 0; i < LENGTH(names); i++) assert_string_equal(patron_table_column_name(table, i), names[i]);
        assert_int_equal(patron_table_column_type(table, 0),
                         made_is_text((made_layout)layout) ? PATRON_TYPE_DICTIONARY : PATRON_TYPE_INT64);
        assert_int_equal(patron_table_column_type(table, 1), PATRON_TYPE_TIMESTAMP);
        assert_string_equal(patron_table_column_timezone(table, 1), "UTC");
        assert_int_equal(patron_table_column_type(table, 2), PATRON_TYPE_DICTIONARY);
        assert_int_equal(
            patron_table_null_count(table, 0) + patron_table_null_count(table, 1) + patron_table_null_count(table, 2), 0);
        twin t = twin_of(rows, MANY, false);
        assert_int_equal(patron_table_n_rows(table), t.n);
        for (int64_t i = 0; i < t.n; i++) {
            const made_row *r = &t.rows[i];
            char kind[200];
            check_id(table, "user", i, r->user, (made_layout)layout);
            assert_int_equal(number_at(table, "time", i), r->time);
            text_at(table, "event", i, kind);
            assert_string_equal(kind, twin_kinds[t.kinds[i]]);
            check_id(table, "item", i, r->item, made_is_text((made_layout)layout) ? AS_INT64 : AS_DICTIONARY);
            check_id(table, "order", i, r->order, AS_INT16);
            check_id(table, "category", i, r->category, AS_UTF8);
            check_id(table, "event_id", i, r->event_id, AS_INT64);
            check_id(table, "shade", i, r->shade, AS_UTF8);
            check_units(table, "amount", i, r->amount);
            check_units(table, "quantity", i, r->quantity);
            assert_int_equal(number_at(table, "seq", i), r->seq);
            assert_int_equal(number_at(table, "size", i), r->size);
            double weight = real_at(table, "weight", i);
            assert_true(r->weight != r->weight ? weight != weight : weight == r->weight);
        }
        int64_t nulls = 0;
        for (int64_t i = 0; i < t.n; i++) nulls += t.rows[i].weight != t.rows[i].weight;
        assert_int_equal(patron_table_null_count(table, column_of(table, "weight")), nulls);
        twin_free(&t);
        patron_table_destroy(table);
    }
}

static void a_null_covers_a_value_that_is_harmless_to_whoever_looks(void **state) {
    (void)state;
    made m = made_rows(ctx, 3);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2, 3});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5, 6, 7});
    made_add_words(&m, "what", (const char *const[]){"cup", NULL, "pen"});
    made_add_values(&m, "place", PATRON_TYPE_INT64, (const int64_t[]){5, NONE, 7});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.item = "what";
    o.seq = "place";
    patron_log *log = made_log(ctx, &m, &o);
    patron_table *table = NULL;
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(patron_log_events(log, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_export_array(table, &schema, &array, NULL), PATRON_OK);
    assert_int_equal(array.n_children, 5);
    const struct ArrowArray *items = array.children[3], *places = array.children[4];
    assert_int_equal(items->null_count, 1);
    assert_int_equal(((const uint8_t *)items->buffers[0])[0] & 7, 5);
    assert_memory_equal(items->buffers[1], ((const int32_t[]){0, 0, 1}), 12);
    assert_memory_equal(places->buffers[1], ((const int64_t[]){5, 0, 7}), 24);
    array.release(&array);
    schema.release(&schema);
    patron_table_destroy(table);
    patron_log_destroy(log);
    made_free(&m);
}

static void ids_above_the_signed_range_stay_unsigned(void **state) {
    (void)state;
    const int64_t times[] = {5, 6};
    const uint64_t ids[] = {UINT64_MAX, 3};
    made m = made_rows(ctx, 2);
    made_add(m.table, "who", &(patron_column){.type = PATRON_TYPE_UINT64, .values = ids});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, times);
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_log *log = made_log(ctx, &m, &o);
    patron_table *table = NULL;
    assert_int_equal(patron_log_events(log, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_column_type(table, 0), PATRON_TYPE_UINT64);
    int64_t value;
    assert_int_equal(patron_table_get_int64(table, 0, 1, 1, &value, NULL, NULL), PATRON_ERR_LIMIT);
    patron_table_destroy(table);
    patron_log_destroy(log);
    made_free(&m);
}

static void the_audit_is_a_table_with_nulls_where_there_is_nothing_to_name(void **state) {
    (void)state;
    made m = made_rows(ctx, 4);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2, NONE, 3});
    made_add_words(&m, "when", (const char *const[]){"2024-01-01", "2024-01-01", "2024-01-01", "never"});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_log *log = made_log(ctx, &m, &o);
    patron_table *table = NULL;
    assert_int_equal(patron_log_audit(log, &table, NULL), PATRON_OK);
    patron_log_destroy(log);
    static const char *const names[] = {"rule", "column", "rows", "action", "example"};
    for (int64_t i = 0; i < 5; i++) assert_string_equal(patron_table_column_name(table, i), names[i]);
    assert_int_equal(patron_table_n_rows(table), 3);
    static const char *const lines[3][4] = {{"rows read", "NULL", "read", "NULL"},
                                            {"missing user", "who", "dropped", "NULL"},
                                            {"unreadable time", "when", "dropped", "never"}};
    static const int64_t rows[] = {4, 1, 1};
    for (int64_t i = 0; i < 3; i++) {
        char found[200];
        static const char *const texts[] = {"rule", "column", "action", "example"};
        for (int64_t k = 0; k < 4; k++) {
            text_at(table, texts[k], i, found);
            assert_string_equal(found, lines[i][k]);
        }
        assert_int_equal(number_at(table, "rows", i), rows[i]);
    }
    patron_table_destroy(table);
    made_free(&m);
}

/* ---- quality ---- */

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_in_log_order_with_types_and_nulls),
        cmocka_unit_test(a_null_covers_a_value_that_is_harmless_to_whoever_looks),
        cmocka_unit_test(ids_above_the_signed_range_stay_unsigned),
        cmocka_unit_test(the_audit_is_a_table_with_nulls_where_there_is_nothing_to_name),
        cmocka_unit_test(a_shop_that_goes_on_as_ever_raises_no_alarm),
        cmocka_unit_test(the_figures_are_those_that_a_plain_count_gives),
        cmocka_unit_test(a_load_with_nothing_newer_is_an_alarm),
        cmocka_unit_test(columns_and_kinds_that_come_and_go_are_named),
        cmocka_unit_test(a_load_that_came_twice_is_seen_in_duplicates),
        cmocka_unit_test(threads_do_not_change_the_report),
    };
    return cmocka_run_group_tests_name("log: tables", tests, set_up, tear_down);
}
