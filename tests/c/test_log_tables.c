/* A log as tables: events and audit. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_cells.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_in_log_order_with_types_and_nulls),
        cmocka_unit_test(a_null_covers_a_value_that_is_harmless_to_whoever_looks),
        cmocka_unit_test(ids_above_the_signed_range_stay_unsigned),
        cmocka_unit_test(the_audit_is_a_table_with_nulls_where_there_is_nothing_to_name),
    };
    return cmocka_run_group_tests_name("log: tables", tests, set_up, tear_down);
}
