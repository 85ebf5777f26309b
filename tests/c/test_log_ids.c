/* Ids of every type, in every layout, as codes in the order of their values. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_rules.h"

static void ids_of_other_types_are_refused(void **state) {
    (void)state;
    static const double real[] = {1.5};
    static const uint8_t bit[] = {1};
    static const int8_t index[] = {0};
    const patron_column half = {.type = PATRON_TYPE_FLOAT16, .values = real};
    const struct {
        patron_column column;
        const char *message;
    } cases[] = {
        {{.type = PATRON_TYPE_FLOAT16, .values = real}, "Column 'id' (user), row 0: 0 is a float16"},
        {{.type = PATRON_TYPE_FLOAT64, .values = real}, "Column 'id' (user), row 0: 1.5 is a float64"},
        {{.type = PATRON_TYPE_BOOL, .values = bit}, "Column 'id' holds bool; expected integers or text"},
        {{.type = PATRON_TYPE_DATE32, .values = real}, "Column 'id' holds date; expected integers or text"},
        {{.type = PATRON_TYPE_DICTIONARY,
          .values = index,
          .index_type = PATRON_TYPE_INT8,
          .dictionary = &half,
          .dictionary_length = 1},
         "Column 'id' holds a dictionary of float16; expected integers or text"},
    };
    patron_log_options o = plain();
    o.user = "id";
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        made m = rows_at_noon(1);
        made_add(m.table, "id", &cases[i].column);
        REFUSED(&m, &o, PATRON_ERR_TYPE, cases[i].message);
        made_free(&m);
    }
    made m = made_rows(ctx, 0);
    made_add(m.table, "id", &cases[1].column);
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, NULL);
    REFUSED(&m, &o, PATRON_ERR_TYPE, "Column 'id' (user), row 0: null is a float64"); /* by its type, without a row */
    made_free(&m);
}

static void tables_without_an_id_have_no_events(void **state) {
    (void)state;
    static const int32_t start[] = {0};
    const patron_column texts = {.type = PATRON_TYPE_UTF8, .offsets = start};
    const patron_column columns[] = {
        {.type = PATRON_TYPE_NULL},
        {.type = PATRON_TYPE_INT64},
        {.type = PATRON_TYPE_DICTIONARY, .index_type = PATRON_TYPE_INT8, .dictionary = &texts},
        {.type = PATRON_TYPE_UTF8, .offsets = start},
    };
    patron_log_options o = plain();
    for (int64_t i = 0; i < LENGTH(columns); i++) {
        made m = made_rows(ctx, 0);
        made_add(m.table, "who", &columns[i]);
        made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, NULL);
        REFUSED(&m, &o, PATRON_ERR_INVALID, "There are no events: the table has 0 rows");
        made_free(&m);
    }
    made m = rows_at_noon(2);
    made_add(m.table, "nobody", &columns[0]);
    o.user = "nobody";
    REFUSED(&m, &o, PATRON_ERR_INVALID, "No event is left of 2 rows: each lacks a user ('nobody') or a usable time ('when')");
    o = plain();
    o.item = "nobody"; /* of other roles all may be missing */
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_items(log), 0);
    assert_int_equal(value_at(log, "item", 1), -1);
    patron_log_destroy(log);
    made_free(&m);
}

static void white_space_of_any_script_is_trimmed_and_its_neighbours_are_not(void **state) {
    (void)state;
    static const char *const given[] = {" a",
                                        "b\xc2\xa0",
                                        ("\xe3\x80\x80"
                                         "c"),
                                        "d \t\xe3\x80\x80\xc2\xa0",
                                        ("\xc2\xa1"
                                         "e"),
                                        "f\xe3\x80\x81",
                                        "\xe3\x81\x80g",
                                        "h\xe3\xa0\x80",
                                        "\xc3\xa0i",
                                        "   ",
                                        "",
                                        "j"};
    static const char *const kept[] = {"a",
                                       "b",
                                       "c",
                                       "d",
                                       "f\xe3\x80\x81",
                                       "h\xe3\xa0\x80",
                                       "j",
                                       ("\xc2\xa1"
                                        "e"),
                                       "\xc3\xa0i",
                                       "\xe3\x81\x80g"};
    made m = rows_at_noon(LENGTH(given));
    made_add_words(&m, "name", given);
    patron_log_options o = plain();
    o.user = "name";
    o.trim_ids = 1;
    patron_log *log = made_log(ctx, &m, &o);
    has_line(log, "white space around id", "name", 5, "trimmed", NULL);
    has_line(log, "missing user", "name", 2, "dropped", NULL);
    assert_int_equal(patron_log_n_users(log), LENGTH(kept));
    for (int64_t i = 0; i < LENGTH(kept); i++) {
        patron_id id;
        assert_int_equal(patron_log_id(log, "user", i, &id, NULL), PATRON_OK);
        assert_int_equal(id.length, strlen(kept[i]));
        assert_memory_equal(id.text, kept[i], strlen(kept[i]));
    }
    patron_log_destroy(log);
    made_free(&m);
}

static void long_ids_that_begin_and_end_alike_are_told_apart(void **state) {
    (void)state;
    enum { N = 6000, DISTINCT = 700 }; /* more than fit the first table */
    static char text[N][48];
    static const char *words[N];
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "shop-000000000-%06d-customer-account", i * 7919 % DISTINCT);
        words[i] = text[i];
    }
    made m = rows_at_noon(N);
    made_add_words(&m, "account", words);
    patron_log_options o = plain();
    o.user = "account";
    patron_log *log = made_log(ctx, &m, &o);
    assert_int_equal(patron_log_n_users(log), DISTINCT);
    int64_t events = 0;
    for (int i = 0; i < N; i++) {
        const patron_id id = {.text = text[i], .length = (int64_t)strlen(text[i])};
        int64_t user = patron_log_find_user(log, &id), at = -1;
        assert_int_equal(user, i * 7919 % DISTINCT);
        for (int64_t k = patron_log_offsets(log)[user]; k < patron_log_offsets(log)[user + 1]; k++)
            if (patron_log_times(log)[k] == NOON + i) at = k;
        assert_true(at >= 0);
        events++;
    }
    assert_int_equal(events, patron_log_n_events(log));
    patron_log_destroy(log);
    made_free(&m);
}

/* Three chunks: two share a dictionary, the third has one of its own with a null and a value that no row points at. */
static void ids_of_several_dictionaries_are_the_ids_of_all(void **state) {
    (void)state;
    static const char *const first[] = {"pen", "cup", "jar"}, *const second[] = {"zip", NULL, "cup", "unused"};
    static const int8_t indices[2][4] = {{0, 1, 1, 2}, {0, 1, 2, 0}};
    static const uint8_t rows_valid[] = {0xF7};
    patron_table *parts[2], *all = NULL;
    made words[2] = {made_rows(ctx, 3), made_rows(ctx, 4)};
    made_add_words(&words[0], "w", first);
    made_add_words(&words[1], "w", second);
    for (int i = 0; i < 2; i++) {
        const pt_chunk *chunk = &words[i].table->columns[0].chunks[0];
        const patron_column values = {
            .type = PATRON_TYPE_UTF8, .values = chunk->values, .offsets = chunk->offsets, .validity = chunk->validity};
        assert_int_equal(patron_table_create(ctx, 4, &parts[i], NULL), PATRON_OK);
        made_add(parts[i], "what",
                 &(patron_column){.type = PATRON_TYPE_DICTIONARY,
                                  .values = indices[i],
                                  .validity = i == 0 ? rows_valid : NULL,
                                  .index_type = PATRON_TYPE_INT8,
                                  .dictionary = &values,
                                  .dictionary_length = 3 + i});
    }
    assert_int_equal(patron_table_concat(ctx, 3, (const patron_table *[]){parts[0], parts[0], parts[1]}, &all, NULL),
                     PATRON_OK);
    made m = rows_at_noon(12);
    pt_field field;
    assert_int_equal(pt_field_copy(ctx, &all->columns[0].field, &field, NULL), PATRON_OK);
    assert_int_equal(pt_table_add_field(m.table, &field, NULL), PATRON_OK);
    pt_column *column = &m.table->columns[m.table->n_columns - 1];
    for (int64_t c = 0; c < 3; c++)
        assert_int_equal(pt_column_append(ctx, column, &all->columns[0].chunks[c], NULL), PATRON_OK);
    patron_log_options o = plain();
    o.item = "what";
    patron_log *log = made_log(ctx, &m, &o);
    static const char *const expected[] = {"cup", "pen", "zip"}; /* no row that is there has a jar */
    static const int64_t codes[] = {1, 0, 0, -1, 1, 0, 0, -1, 2, -1, 0, 2};
    assert_int_equal(patron_log_n_items(log), 3);
    for (int64_t i = 0; i < 12; i++) {
        patron_id id;
        assert_int_equal(value_at(log, "item", i), codes[i]);
        if (codes[i] < 0) continue;
        assert_int_equal(patron_log_id(log, "item", codes[i], &id, NULL), PATRON_OK);
        assert_int_equal(id.length, 3);
        assert_memory_equal(id.text, expected[codes[i]], 3);
    }
    patron_log_destroy(log);
    made_free(&m);
    patron_table_destroy(all);
    for (int i = 0; i < 2; i++) {
        patron_table_destroy(parts[i]);
        made_free(&words[i]);
    }
}

static void unsigned_ids_are_signed_ones_where_they_fit(void **state) {
    (void)state;
    static const uint64_t ids[][3] = {{7, 9, 7}, {INT64_MAX, INT64_MAX - 1, 0}, {UINT64_MAX, 0, UINT64_MAX - 1}};
    static const pt_id_kind kinds[] = {PT_IDS_INT64, PT_IDS_INT64, PT_IDS_UINT64};
    for (int k = 0; k < 3; k++) {
        made m = rows_at_noon(3);
        made_add(m.table, "id", &(patron_column){.type = PATRON_TYPE_UINT64, .values = ids[k]});
        patron_log_options o = plain();
        o.item = "id";
        patron_log *log = made_log(ctx, &m, &o);
        assert_int_equal(pt_log_find(log, "item")->dictionary->kind, kinds[k]);
        for (int64_t i = 0; i < 3; i++) {
            patron_id id;
            assert_int_equal(patron_log_id(log, "item", value_at(log, "item", i), &id, NULL), PATRON_OK);
            assert_true((uint64_t)id.number == ids[k][i] && id.text == NULL);
        }
        patron_log_destroy(log);
        made_free(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_other_types_are_refused),
        cmocka_unit_test(tables_without_an_id_have_no_events),
        cmocka_unit_test(white_space_of_any_script_is_trimmed_and_its_neighbours_are_not),
        cmocka_unit_test(long_ids_that_begin_and_end_alike_are_told_apart),
        cmocka_unit_test(ids_of_several_dictionaries_are_the_ids_of_all),
        cmocka_unit_test(unsigned_ids_are_signed_ones_where_they_fit),
    };
    return cmocka_run_group_tests_name("log: ids", tests, set_up, tear_down);
}
