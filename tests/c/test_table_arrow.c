/* Tables in and out through the Arrow C data interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrow_samples.h"

/* ---- every type ---- */

/* Three rows after one to skip: a value, a null, another value. */
typedef struct sample {
    const char *format;
    patron_type type;
    made_buffer values; /* four of them */
    const char *text;
} sample;

#define INTEGERS(T) BYTES(T, 99, 12, 77, 5)

static const sample samples[] = {
    {"c", PATRON_TYPE_INT8, INTEGERS(int8_t), "12|null|5"},
    {"C", PATRON_TYPE_UINT8, BYTES(uint8_t, 99, 255, 0, 5), "255|null|5"},
    {"s", PATRON_TYPE_INT16, BYTES(int16_t, 99, -32768, 0, 5), "-32768|null|5"},
    {"S", PATRON_TYPE_UINT16, BYTES(uint16_t, 99, 65535, 0, 5), "65535|null|5"},
    {"i", PATRON_TYPE_INT32, BYTES(int32_t, 99, -7, 0, 5), "-7|null|5"},
    {"I", PATRON_TYPE_UINT32, BYTES(uint32_t, 99, 4294967295u, 0, 5), "4294967295|null|5"},
    {"l", PATRON_TYPE_INT64, BYTES(int64_t, 99, INT64_MIN, 0, 5), "-9223372036854775808|null|5"},
    {"L", PATRON_TYPE_UINT64, BYTES(uint64_t, 99, UINT64_MAX, 0, 5), "18446744073709551615|null|5"},
    {"e", PATRON_TYPE_FLOAT16, BYTES(uint16_t, 0, 0x3E00, 0, 0xC000), "1.5|null|-2"},
    {"f", PATRON_TYPE_FLOAT32, BYTES(float, 0, 0.1f, 0, -2), "0.1|null|-2"},
    {"g", PATRON_TYPE_FLOAT64, BYTES(double, 0, 0.1, 0, -1e300), "0.1|null|-1e+300"},
    {"d:9,2,32", PATRON_TYPE_DECIMAL, BYTES(int32_t, 0, -12345, 0, 5), "-123.45|null|0.05"},
    {"d:18,3,64", PATRON_TYPE_DECIMAL, BYTES(int64_t, 0, 1000, 0, -1), "1.000|null|-0.001"},
    {"d:20,-2", PATRON_TYPE_DECIMAL, BYTES(int64_t, 0, 0, 7, 0, 0, 0, -7, -1), "700|null|-700"},
    {"d:40,2,256", PATRON_TYPE_DECIMAL, BYTES(int64_t, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, -1, -1, -1),
     "3402823669209384634633746074317682114.56|null|-0.01"},
    {"b", PATRON_TYPE_BOOL, BYTES(uint8_t, 0x0A), "true|null|true"},
    {"tdD", PATRON_TYPE_DATE32, BYTES(int32_t, 0, 19723, 0, -1), "2024-01-01|null|1969-12-31"},
    {"tdm", PATRON_TYPE_DATE64, BYTES(int64_t, 0, 86400000, 0, -86400000), "1970-01-02|null|1969-12-31"},
    {"tss:", PATRON_TYPE_TIMESTAMP, BYTES(int64_t, 0, 1, 0, -1), "1970-01-01T00:00:01|null|1969-12-31T23:59:59"},
    {"tsm:UTC", PATRON_TYPE_TIMESTAMP, BYTES(int64_t, 0, 1500, 0, 0), "1970-01-01T00:00:01.500000Z|null|1970-01-01T00:00:00Z"},
    {"tsu:Asia/Shanghai", PATRON_TYPE_TIMESTAMP, BYTES(int64_t, 0, 1, 0, 0),
     "1970-01-01T00:00:00.000001Z|null|1970-01-01T00:00:00Z"},
    {"tsn:", PATRON_TYPE_TIMESTAMP, BYTES(int64_t, 0, 1000, 0, -1),
     "1970-01-01T00:00:00.000001|null|1969-12-31T23:59:59.999999"},
    {"tDs", PATRON_TYPE_DURATION, BYTES(int64_t, 0, 3, 0, -4), "3 s|null|-4 s"},
    {"tDn", PATRON_TYPE_DURATION, BYTES(int64_t, 0, 3, 0, -4), "3 ns|null|-4 ns"},
};
enum { N_SAMPLES = sizeof samples / sizeof *samples };

/* Rows 1..3 through the child's offset, row 2 null. */
static struct ArrowArray *sample_array(const sample *s) {
    return made_array(3, 1, -1, 2, (made_buffer[]){BYTES(uint8_t, 0x0B), s->values});
}

static void every_fixed_width_type_is_read_with_offset_and_null(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    for (int i = 0; i < N_SAMPLES; i++) {
        struct ArrowArray *child = sample_array(&samples[i]);
        patron_table *table = import_ok(ctx, made_schema(samples[i].format, "x"), 1, &child);
        assert_int_equal(patron_table_column_type(table, 0), samples[i].type);
        assert_int_equal(patron_table_null_count(table, 0), 1);
        assert_reads(&table->columns[0], samples[i].text);
        patron_table_destroy(table);
        assert_int_equal(made_live, 0);
    }
    patron_ctx_destroy(ctx);
}

static void strings_read_the_same_in_their_three_layouts(void **state) {
    (void)state;
    static const char *const layouts[] = {"u", "U", "vu"};
    patron_ctx *ctx = new_ctx(2);
    for (int i = 0; i < 3; i++) {
        struct ArrowArray *child = string_array(layouts[i]);
        patron_table *table = import_ok(ctx, made_schema(layouts[i], "x"), 1, &child);
        assert_reads(&table->columns[0], "'a'|null|''|'" CHINESE "'|'" LONG "'");
        const char *text;
        int64_t length = -1;
        assert_int_equal(patron_table_get_string(table, 0, 2, &text, &length, NULL), PATRON_OK);
        assert_non_null(text);
        assert_int_equal(length, 0);
        assert_int_equal(patron_table_get_string(table, 0, 1, &text, &length, NULL), PATRON_OK);
        assert_null(text);
        patron_table_destroy(table);
    }
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void a_row_is_null_when_its_index_or_its_dictionary_value_is(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child = dictionary_array();
    patron_table *table = import_ok(ctx, dictionary_schema("c", "u", "x"), 1, &child);
    assert_reads(&table->columns[0], "'" LONG "'|'a'|null|null|'" CHINESE "'");
    assert_int_equal(patron_table_null_count(table, 0), 2);
    pt_string strings[5];
    assert_int_equal(pt_column_string(&table->columns[0], 0, 5, strings, NULL), PATRON_OK);
    assert_null(strings[3].data);
    assert_memory_equal(strings[4].data, CHINESE, 6);
    patron_table *chosen = NULL;
    assert_int_equal(patron_table_select(table, 1, (const char *[]){"x"}, &chosen, NULL), PATRON_OK);
    assert_int_equal(patron_table_null_count(chosen, 0), 2);
    patron_table_destroy(chosen);
    patron_table_destroy(table);

    child = with_dictionary(made_array(4, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(uint64_t, 1, 0, 2, 1)}),
                            made_array(3, 0, 1, 2, (made_buffer[]){BYTES(uint8_t, 5), BYTES(double, 0.5, 9, 2.5)}));
    table = import_ok(ctx, dictionary_schema("L", "g", "x"), 1, &child);
    double real[4];
    uint8_t valid[4];
    assert_int_equal(patron_table_get_float64(table, 0, 0, 4, real, valid, NULL), PATRON_OK);
    assert_true(real[0] != real[0] && real[1] == 0.5 && real[2] == 2.5 && real[3] != real[3]);
    assert_memory_equal(valid, ((uint8_t[]){0, 1, 1, 0}), 4);
    patron_table_destroy(table);

    child =
        with_dictionary(made_array(2, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(uint16_t, 1, 0)}), made_array(2, 0, 2, 0, NULL));
    table = import_ok(ctx, dictionary_schema("S", "n", "x"), 1, &child);
    assert_int_equal(patron_table_null_count(table, 0), 2);
    assert_int_equal(patron_table_get_float64(table, 0, 0, 2, real, valid, NULL), PATRON_OK);
    assert_int_equal(valid[0] + valid[1], 0);
    assert_int_equal(pt_column_string(&table->columns[0], 0, 2, strings, NULL), PATRON_OK);
    assert_null(strings[0].data);
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

/* ---- shapes ---- */

static void the_offset_of_the_struct_and_of_the_child_add_up(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child = made_array(5, 2, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 0, 1, 2, 3, 4, 5, 6)});
    struct ArrowArray *batch = made_struct(2, 3, 1, &child);
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    made_stream(&stream, schema_of(made_schema("l", "x")), 1, &batch);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, NULL), PATRON_OK);
    assert_reads(&table->columns[0], "5|6");
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void chunks_are_kept_where_they_lie_and_empty_ones_left_out(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *parts[4] = {
        made_array(2, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2)}),
        made_array(0, 0, 0, 2, (made_buffer[]){NO_BYTES, NO_BYTES}),
        made_array(1, 0, 1, 2, (made_buffer[]){BYTES(uint8_t, 0), BYTES(int64_t, 9)}),
        made_array(3, 0, -1, 2, (made_buffer[]){BYTES(uint8_t, 0xFF), BYTES(int64_t, 3, 4, 5)}), /* a bitmap, but no nulls */
    };
    const int64_t *lies = (const int64_t *)parts[3]->buffers[1];
    patron_table *table = import_ok(ctx, made_schema("l", "x"), 4, parts);
    const pt_column *column = &table->columns[0];
    assert_int_equal(table->n_rows, 6);
    assert_int_equal(column->n_chunks, 3);
    assert_reads(column, "1|2|null|3|4|5");
    assert_ptr_equal(pt_column_borrow_int64(column, 4, 2), lies + 1);
    assert_null(pt_column_borrow_int64(column, 1, 2)); /* over a border */
    assert_null(pt_column_borrow_int64(column, 2, 1)); /* a null */
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void a_struct_may_have_a_bitmap_of_no_nulls(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child = made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)}), *batch;
    batch = made_array_of(2, 1, -1, 1, (made_buffer[]){BYTES(uint8_t, 6)}, 1, &child); /* the null is before its offset */
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    made_stream(&stream, schema_of(made_schema("l", "x")), 1, &batch);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, NULL), PATRON_OK);
    assert_reads(&table->columns[0], "2|3");
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void no_batches_no_rows_and_no_columns_are_tables(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = import_ok(ctx, made_schema("u", "x"), 0, NULL);
    assert_int_equal(patron_table_n_rows(table), 0);
    assert_int_equal(patron_table_n_columns(table), 1);
    patron_table_destroy(table);

    struct ArrowArray *child = made_array(0, 0, 0, 3, (made_buffer[]){NO_BYTES, NO_BYTES, NO_BYTES});
    table = import_ok(ctx, made_schema("u", "x"), 1, &child);
    assert_int_equal(patron_table_n_rows(table), 0);
    patron_table_destroy(table);

    struct ArrowArray *batch = made_struct(7, 0, 0, NULL);
    struct ArrowArrayStream stream;
    made_stream(&stream, made_adopt(made_schema("+s", ""), 0, NULL), 1, &batch);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_n_rows(table), 7);
    assert_int_equal(patron_table_n_columns(table), 0);
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void a_stream_of_plain_arrays_is_one_column_without_a_name(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *array = made_array(2, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int32_t, 4, 5)});
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    made_stream(&stream, made_schema("i", "named"), 1, &array);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, NULL), PATRON_OK);
    assert_string_equal(patron_table_column_name(table, 0), "");
    assert_reads(&table->columns[0], "4|5");
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

/* ---- and out again ---- */

/* A table with every type, in two chunks of 3 and 5 rows that differ from column to column. */
static patron_table *rich_table(patron_ctx *ctx, patron_status *status) {
    struct ArrowSchema *fields[N_SAMPLES + 5];
    struct ArrowArray *columns[N_SAMPLES + 5], *batches[2];
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    static char names[N_SAMPLES + 5][8];
    for (int b = 0; b < 2; b++) {
        for (int i = 0; i < N_SAMPLES; i++) columns[i] = sample_array(&samples[i]);
        columns[N_SAMPLES] = string_array("u");
        columns[N_SAMPLES + 1] = string_array("U");
        columns[N_SAMPLES + 2] = string_array("vu");
        columns[N_SAMPLES + 3] = made_array(3, 0, 3, 0, NULL);
        columns[N_SAMPLES + 4] = dictionary_array();
        if (b == 1) { /* its own dictionary ('b' for 'a'), and the last three strings, the last of which ends otherwise */
            ((char *)(uintptr_t)columns[N_SAMPLES + 4]->dictionary->buffers[2])[4] = 'b';
            ((char *)(uintptr_t)columns[N_SAMPLES + 2]->buffers[3])[28] = 'N';
            for (int i = N_SAMPLES; i < N_SAMPLES + 3; i++) {
                columns[i]->offset = columns[i]->length = 3;
                columns[i]->null_count = -1;
            }
        }
        batches[b] = made_struct(3, 0, N_SAMPLES + 5, columns);
    }
    for (int i = 0; i < N_SAMPLES + 5; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        fields[i] = i < N_SAMPLES       ? made_schema(samples[i].format, names[i])
                    : i < N_SAMPLES + 4 ? made_schema(((const char *[]){"u", "U", "vu", "n"})[i - N_SAMPLES], names[i])
                                        : dictionary_schema("c", "u", names[i]);
    }
    fields[N_SAMPLES + 4]->flags |= ARROW_FLAG_DICTIONARY_ORDERED;
    made_stream(&stream, made_adopt(made_schema("+s", ""), N_SAMPLES + 5, fields), 2, batches);
    *status = patron_table_import_stream(ctx, &stream, &table, NULL);
    return table;
}

static void assert_same_table(const patron_table *a, const patron_table *b) {
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_columns, b->n_columns);
    for (int64_t c = 0; c < a->n_columns; c++) {
        assert_string_equal(a->columns[c].field.name, b->columns[c].field.name);
        assert_true(pt_field_equal(&a->columns[c].field, &b->columns[c].field));
        assert_int_equal(a->columns[c].null_count, b->columns[c].null_count);
        char *text = text_of(&a->columns[c]);
        assert_reads(&b->columns[c], text);
        free(text);
    }
}

static void what_is_exported_as_a_stream_comes_back_equal_and_uncopied(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    patron_status status;
    patron_table *table = rich_table(ctx, &status), *back = NULL;
    struct ArrowArrayStream stream;
    assert_int_equal(patron_table_export_stream(table, &stream, NULL), PATRON_OK);
    struct ArrowArrayStream moved = stream;
    stream.release = NULL;
    assert_int_equal(patron_table_import_stream(ctx, &moved, &back, NULL), PATRON_OK);
    assert_same_table(table, back);
    assert_ptr_equal(table->columns[5].chunks[1].values, back->columns[5].chunks[1].values);
    patron_table_destroy(table);
    assert_true(made_live > 0); /* the copy keeps the producer's memory */
    assert_reads(&back->columns[0], "12|null|5|12|null|5");
    patron_table_destroy(back);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void what_is_exported_as_an_array_comes_back_equal_in_one_chunk(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    patron_status status;
    patron_table *table = rich_table(ctx, &status), *back = NULL;
    struct ArrowSchema schema;
    struct ArrowArray array;
    assert_int_equal(patron_table_export_array(table, &schema, &array, NULL), PATRON_OK);
    const struct ArrowArray *values = array.children[N_SAMPLES + 4]->dictionary;
    assert_int_equal(values->length, 6); /* a, null, '', CHINESE, LONG and then b: each once */
    assert_int_equal(values->null_count, 1);
    assert_int_equal(patron_table_import_array(ctx, &schema, &array, &back, NULL), PATRON_OK);
    assert_same_table(table, back);
    for (int64_t c = 0; c < back->n_columns; c++) assert_int_equal(back->columns[c].n_chunks, 1);
    patron_table_destroy(table);
    patron_table_destroy(back);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void a_child_moved_out_of_an_exported_array_outlives_it(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    patron_status status;
    patron_table *table = rich_table(ctx, &status);
    struct ArrowSchema schema, schema_child;
    struct ArrowArray array, child;
    assert_int_equal(patron_table_export_array(table, &schema, &array, NULL), PATRON_OK);
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
    child = *array.children[N_SAMPLES + 4];
    array.children[N_SAMPLES + 4]->release = NULL;
    array.release(&array);
    assert_null(array.release);
    schema_child = *schema.children[N_SAMPLES + 4];
    schema.children[N_SAMPLES + 4]->release = NULL;
    schema.release(&schema);
    assert_string_equal(schema_child.format, "c");
    assert_string_equal(schema_child.dictionary->format, "u");
    assert_int_equal(schema_child.flags, ARROW_FLAG_NULLABLE | ARROW_FLAG_DICTIONARY_ORDERED);
    assert_int_equal(((const int8_t *)child.buffers[1])[0], 4);
    assert_int_equal(((const int32_t *)child.dictionary->buffers[1])[child.dictionary->offset + 1] -
                         ((const int32_t *)child.dictionary->buffers[1])[child.dictionary->offset],
                     1);
    child.release(&child);
    schema_child.release(&schema_child);
    assert_int_equal(made_live, 0);
}

static void batches_are_cut_at_every_chunk_border_of_every_column(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *two[2] = {made_array(2, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2)}),
                                 made_array(4, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 3, 4, 5, 6)})};
    patron_table *table = import_ok(ctx, made_schema("l", "x"), 2, two);
    const int32_t y[] = {1, 2, 3, 4, 5, 6};
    assert_int_equal(patron_table_borrow_column(table, "y", &(patron_column){.type = PATRON_TYPE_INT32, .values = y}, NULL),
                     PATRON_OK);
    struct ArrowArrayStream stream;
    assert_int_equal(patron_table_export_stream(table, &stream, NULL), PATRON_OK);
    const int64_t lengths[] = {2, 4, 0};
    for (int i = 0; i < 3; i++) {
        struct ArrowArray batch;
        assert_int_equal(stream.get_next(&stream, &batch), 0);
        assert_int_equal(batch.length, lengths[i]);
        assert_int_equal(batch.release != NULL, i < 2);
        if (i == 1) assert_int_equal(batch.children[1]->offset, 2);
        if (batch.release != NULL) batch.release(&batch);
    }
    stream.release(&stream);
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void an_empty_table_of_every_type_goes_out_and_comes_back(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    patron_status status;
    patron_table *rich = rich_table(ctx, &status), *empty = NULL, *back = NULL;
    struct ArrowArrayStream stream, hollow;
    struct ArrowSchema schema, *kept = malloc(sizeof *kept);
    struct ArrowArray array;
    assert_int_equal(patron_table_export_stream(rich, &stream, NULL), PATRON_OK);
    assert_int_equal(stream.get_schema(&stream, kept), 0);
    stream.release(&stream);
    made_stream(&hollow, kept, 0, NULL); /* the schema, and no batches */
    assert_int_equal(patron_table_import_stream(ctx, &hollow, &empty, NULL), PATRON_OK);
    assert_int_equal(patron_table_n_rows(empty), 0);
    assert_int_equal(patron_table_export_array(empty, &schema, &array, NULL), PATRON_OK);
    assert_int_equal(patron_table_import_array(ctx, &schema, &array, &back, NULL), PATRON_OK);
    assert_same_table(empty, back);
    patron_table_destroy(rich);
    patron_table_destroy(empty);
    patron_table_destroy(back);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

/* So that one failure does not look like many. */
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_fixed_width_type_is_read_with_offset_and_null, none_live),
        cmocka_unit_test_setup(strings_read_the_same_in_their_three_layouts, none_live),
        cmocka_unit_test_setup(a_row_is_null_when_its_index_or_its_dictionary_value_is, none_live),
        cmocka_unit_test_setup(the_offset_of_the_struct_and_of_the_child_add_up, none_live),
        cmocka_unit_test_setup(chunks_are_kept_where_they_lie_and_empty_ones_left_out, none_live),
        cmocka_unit_test_setup(a_struct_may_have_a_bitmap_of_no_nulls, none_live),
        cmocka_unit_test_setup(no_batches_no_rows_and_no_columns_are_tables, none_live),
        cmocka_unit_test_setup(a_stream_of_plain_arrays_is_one_column_without_a_name, none_live),
        cmocka_unit_test_setup(what_is_exported_as_a_stream_comes_back_equal_and_uncopied, none_live),
        cmocka_unit_test_setup(what_is_exported_as_an_array_comes_back_equal_in_one_chunk, none_live),
        cmocka_unit_test_setup(a_child_moved_out_of_an_exported_array_outlives_it, none_live),
        cmocka_unit_test_setup(batches_are_cut_at_every_chunk_border_of_every_column, none_live),
        cmocka_unit_test_setup(an_empty_table_of_every_type_goes_out_and_comes_back, none_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
