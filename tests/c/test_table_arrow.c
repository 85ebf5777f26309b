/* Tables in and out through the Arrow C data interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrow_made.h"
#include "data/column.h"
#include "faults.h"

#include <errno.h>

static patron_ctx *new_ctx(int threads) {
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(NULL, &ctx, NULL), PATRON_OK);
    assert_int_equal(patron_ctx_set_threads(ctx, threads, NULL), PATRON_OK);
    return ctx;
}

/* A batch with one column: takes over the child. */
static struct ArrowArray *alone(struct ArrowArray *child) { return made_struct(child->length, 0, 1, &child); }

static struct ArrowSchema *schema_of(struct ArrowSchema *child) { return made_adopt(made_schema("+s", ""), 1, &child); }

/* Imports batches of one column; asserts success. */
static patron_table *import_ok(patron_ctx *ctx, struct ArrowSchema *column, int64_t n, struct ArrowArray **children) {
    struct ArrowArray *batches[16];
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    for (int64_t i = 0; i < n; i++) batches[i] = alone(children[i]);
    made_stream(&stream, schema_of(column), n, batches);
    if (patron_table_import_stream(ctx, &stream, &table, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_null(stream.release);
    return table;
}

/* All rows of a column as "a|b|null". */
static char *text_of(const pt_column *column) {
    char *out = calloc((size_t)column->length + 1, 64), *p = out;
    for (int64_t i = 0; i < column->length; i++) {
        if (i > 0) *p++ = '|';
        pt_column_describe(column, i, p, 60);
        p += strlen(p);
    }
    return out;
}

static void assert_reads(const pt_column *column, const char *expected) {
    char *text = text_of(column);
    assert_string_equal(text, expected);
    free(text);
}

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

#define CHINESE "\xE5\xAE\xA2\xE6\x88\xB7"
#define LONG "longer than twelve"

/* 'a', null, '', CHINESE, LONG, after one string to skip. layout: "u", "U" or "vu". */
static struct ArrowArray *string_array(const char *layout) {
    const uint8_t validity[] = {0x3A};
    const char bytes[] = "skipa" CHINESE LONG;
    if (strcmp(layout, "u") == 0)
        return made_array(5, 1, 1, 3,
                          (made_buffer[]){{validity, 1}, BYTES(int32_t, 0, 4, 5, 5, 5, 11, 29), {bytes, sizeof bytes - 1}});
    if (strcmp(layout, "U") == 0)
        return made_array(5, 1, 1, 3,
                          (made_buffer[]){{validity, 1}, BYTES(int64_t, 0, 4, 5, 5, 5, 11, 29), {bytes, sizeof bytes - 1}});
    char views[6][16] = {"\4\0\0\0skip",       "\1\0\0\0a",     "\x7F\0\0\0\xFF\xFF\xFF\xFF\x7F", "",
                         ("\6\0\0\0" CHINESE), "\x12\0\0\0long"};
    memcpy(views[5] + 8, (int32_t[]){1, 11}, 8);
    return made_array(5, 1, 1, 5,
                      (made_buffer[]){{validity, 1},
                                      {views, sizeof views},
                                      NO_BYTES,
                                      {bytes, sizeof bytes - 1},
                                      BYTES(int64_t, 0, (int64_t)sizeof bytes - 1)});
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

static struct ArrowSchema *dictionary_schema(const char *index, const char *value, const char *name) {
    struct ArrowSchema *schema = made_schema(index, name);
    schema->dictionary = made_schema(value, NULL);
    return schema;
}

static struct ArrowArray *with_dictionary(struct ArrowArray *indices, struct ArrowArray *values) {
    indices->dictionary = values;
    return indices;
}

/* Values of string_array("u"), at 4 0 1 3 and a null row with an index out of range. */
static struct ArrowArray *dictionary_array(void) {
    return with_dictionary(made_array(5, 0, -1, 2, (made_buffer[]){BYTES(uint8_t, 0x1B), BYTES(int8_t, 4, 0, 100, 1, 3)}),
                           string_array("u"));
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

/* ---- what is refused ---- */

/* Imports one batch of one column; asserts that it is refused with the status and with words in the message. */
static void refuse(int line, struct ArrowSchema *column, struct ArrowArray *batch, patron_status status, const char *words) {
    patron_ctx *ctx = new_ctx(2);
    struct ArrowSchema *schema = schema_of(column);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_status got = patron_table_import_array(ctx, schema, batch, &table, &error);
    if (got != status || strstr(error.message, words) == NULL || strstr(error.message, "'spend'") == NULL)
        fail_msg("line %d: status %d (%s); expected %d with '%s' about 'spend'", line, (int)got, error.message, (int)status,
                 words);
    assert_null(table);
    assert_null(schema->release);
    assert_null(batch->release);
    free(schema);
    free(batch);
    patron_ctx_destroy(ctx);
    assert_int_equal(made_live, 0);
}

#define REFUSE_TYPE(format, words)                                                                                             \
    refuse(__LINE__, made_schema(format, "spend"),                                                                             \
           alone(made_array(1, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 0, 0, 0, 0)})), PATRON_ERR_TYPE, words)

static void types_that_no_column_has_are_refused_by_name(void **state) {
    (void)state;
    REFUSE_TYPE("z", "'z' (binary)");
    REFUSE_TYPE("Z", "(binary)");
    REFUSE_TYPE("vz", "(binary)");
    REFUSE_TYPE("w:3", "'w:3' (fixed-size binary)");
    REFUSE_TYPE("+l", "(list)");
    REFUSE_TYPE("+vl", "(list)");
    REFUSE_TYPE("+s", "(struct)");
    REFUSE_TYPE("+m", "(map)");
    REFUSE_TYPE("+ud:0,1", "(union)");
    REFUSE_TYPE("+r", "(run-end encoded)");
    REFUSE_TYPE("ttu", "(time of day)");
    REFUSE_TYPE("tiM", "(interval)");
    REFUSE_TYPE("", "expected numbers");
    REFUSE_TYPE("ll", "'ll'");
    REFUSE_TYPE("tsx:", "'tsx:'");
    REFUSE_TYPE("tsu", "'tsu'");
    REFUSE_TYPE("tDs:", "'tDs:'");
    REFUSE_TYPE("d:39,2", "'d:39,2'");
    REFUSE_TYPE("d:10", "'d:10'");
    REFUSE_TYPE("d:10,2,48", "'d:10,2,48'");
    REFUSE_TYPE("d:10,99", "'d:10,99'");
    REFUSE_TYPE("d:99999999999999999999,2", "d:9999");
    REFUSE_TYPE("\xFF\xFE", "'?"
                            "?'");
}

/* A sound batch of three int64 rows for a test to damage. */
static struct ArrowArray *sound(void) {
    return alone(made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)}));
}
static struct ArrowArray *sound_strings(const char *layout) { return alone(string_array(layout)); }

#define REFUSE(format, start, damage, words)                                                                                   \
    do {                                                                                                                       \
        struct ArrowArray *batch = start, *child = batch->children[0];                                                         \
        (void)child;                                                                                                           \
        damage;                                                                                                                \
        refuse(__LINE__, made_schema(format, "spend"), batch, PATRON_ERR_INVALID, words);                                      \
    } while (0)

static void arrays_whose_counts_do_not_fit_are_refused(void **state) {
    (void)state;
    REFUSE("l", sound(), child->length = 2, "length 2; expected at least 3");
    REFUSE("l", sound(), child->length = -1, "length -1");
    REFUSE("l", sound(), child->offset = -1, "offset -1");
    REFUSE("l", sound(), child->length = INT64_MAX, "length 9223372036854775807");
    REFUSE("l", sound(), child->offset = INT64_MAX, "offset 9223372036854775807");
    REFUSE("l", sound(), child->null_count = 4, "null count 4");
    REFUSE("l", sound(), child->null_count = -2, "null count -2");
    REFUSE("l", sound(), child->null_count = 2, "no validity bitmap");
    REFUSE("l", sound(), child->n_buffers = 1, "1 buffers; expected 2");
    REFUSE("l", sound(), child->n_buffers = 3, "3 buffers; expected 2");
    REFUSE("l", sound(), child->n_buffers = -1, "-1 buffers");
    REFUSE("l", sound(), child->n_children = 1, "1 children; expected 0");
    REFUSE("l", sound(), child->buffers[1] = NULL, "no buffer for them");
    REFUSE("l", sound(), child->buffers = NULL, "no list of buffers");
    REFUSE("u", sound_strings("u"), child->buffers[1] = NULL, "no offsets");
    REFUSE("u", sound_strings("u"), child->buffers[2] = NULL, "no buffer for them");
    REFUSE("u", sound_strings("u"), child->n_buffers = 2, "2 buffers; expected 3");
    REFUSE("vu", sound_strings("vu"), child->n_buffers = 2, "expected at least 3");
    REFUSE("vu", sound_strings("vu"), child->buffers[4] = NULL, "sizes");
    REFUSE("vu", sound_strings("vu"), child->buffers[3] = NULL, "that is NULL");
    REFUSE("vu", sound_strings("vu"), ((int64_t *)(uintptr_t)child->buffers[4])[1] = -5, "-5 bytes");
    REFUSE("vu", sound_strings("vu"), ((int64_t *)(uintptr_t)child->buffers[4])[1] = 20, "outside its buffer");
}

static void released_and_missing_columns_are_refused(void **state) {
    (void)state;
    REFUSE("l", sound(), child->release(child), "released already");
    struct ArrowArray *batch = sound(), *child = batch->children[0];
    batch->children[0] = NULL;
    child->release(child);
    free(child);
    refuse(__LINE__, made_schema("l", "spend"), batch, PATRON_ERR_INVALID, "is NULL");
    struct ArrowSchema *schema = made_schema("l", "spend");
    schema->format = NULL;
    batch = sound();
    struct ArrowSchema *parent = schema_of(schema);
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_import_array(ctx, parent, batch, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'spend' has no format"));
    free(parent);
    free(batch);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void text_and_offsets_are_checked_row_by_row(void **state) {
    (void)state;
#define OFFSETS(...) made_array(3, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, __VA_ARGS__), {"a\xC3(cd", 5}})
    REFUSE("u", alone(OFFSETS(0, 2, 1, 5)), , "row 1: the string offsets fall");
    REFUSE("u", alone(OFFSETS(-1, 0, 1, 1)), , "from byte -1");
    REFUSE("u", alone(OFFSETS(0, 9, 1, 1)), , "fall");
    REFUSE("u", alone(OFFSETS(0, 1, 3, 5)), , "row 1: byte 0xC3 at position 0");
    REFUSE("u", alone(OFFSETS(0, 0, 3, 5)), , "row 1: byte 0xC3 at position 1");
    REFUSE("u", alone(made_array(2, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, 0, 1, 2), {"\xC3\xA9", 2}})), ,
           "row 0: byte 0xC3"); /* one character cut in two */
    REFUSE("U", alone(made_array(1, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int64_t, 0, INT64_MAX), {"a", 1}})), ,
           "to byte 9223372036854775807");
    int32_t *part;
#define VIEW(row, k, value) part = (int32_t *)(uintptr_t)child->buffers[1] + 4 * (row + 1), part[k] = value
    REFUSE("vu", sound_strings("vu"), VIEW(0, 0, -1), "row 0: the length of the string view is negative");
    REFUSE("vu", sound_strings("vu"), VIEW(0, 1, 0xFF), "row 0: byte 0xFF");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 0, 19), "row 4: the string view points outside");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 2, 2), "buffer that is not there");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 2, -1), "buffer that is not there");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 3, -1), "outside its buffer");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 3, 10), "does not begin like");
}

static void bad_bytes_under_a_null_are_no_ones_business(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child =
        made_array(2, 0, 1, 3, (made_buffer[]){BYTES(uint8_t, 2), BYTES(int32_t, 0, 2, 4), {"\xFF\xFFok", 4}});
    patron_table *table = import_ok(ctx, made_schema("u", "x"), 1, &child);
    assert_reads(&table->columns[0], "null|'ok'");
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

static void dictionaries_that_do_not_fit_are_refused(void **state) {
    (void)state;
#define REFUSE_DICTIONARY(start, damage, words)                                                                                \
    do {                                                                                                                       \
        struct ArrowArray *batch = alone(start), *child = batch->children[0];                                                  \
        damage;                                                                                                                \
        refuse(__LINE__, dictionary_schema("c", "u", "spend"), batch, PATRON_ERR_INVALID, words);                              \
    } while (0)
    REFUSE_DICTIONARY(dictionary_array(), ((int8_t *)(uintptr_t)child->buffers[1])[0] = 5, "row 0: the dictionary index is 5");
    REFUSE_DICTIONARY(dictionary_array(), ((int8_t *)(uintptr_t)child->buffers[1])[4] = -1,
                      "row 4: the dictionary index is -1");
    REFUSE_DICTIONARY(dictionary_array(), child->dictionary->length = -1, "of its dictionary has length -1");
    REFUSE_DICTIONARY(dictionary_array(), ((char *)(uintptr_t)child->dictionary->buffers[2])[4] = (char)0xFF,
                      "dictionary value 0: byte 0xFF");
    refuse(__LINE__, dictionary_schema("c", "u", "spend"), sound(), PATRON_ERR_INVALID, "no dictionary");
    refuse(__LINE__, made_schema("c", "spend"), alone(dictionary_array()), PATRON_ERR_INVALID, "has a dictionary that");
    refuse(__LINE__, dictionary_schema("g", "u", "spend"), sound(), PATRON_ERR_INVALID, "indices of Arrow type 'g'");
    struct ArrowSchema *nested = dictionary_schema("c", "c", "spend");
    nested->dictionary->dictionary = made_schema("u", NULL);
    refuse(__LINE__, nested, sound(), PATRON_ERR_TYPE, "dictionary of dictionaries");
}

/* Damage to the struct itself: the message names no column. */
static void refuse_whole(int line, struct ArrowSchema *schema, struct ArrowArray *batch, const char *words) {
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_status status = patron_table_import_array(ctx, schema, batch, &table, &error);
    if (status != PATRON_ERR_INVALID || strstr(error.message, words) == NULL)
        fail_msg("line %d: status %d: %s", line, (int)status, error.message);
    free(schema);
    free(batch);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void structs_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct ArrowArray *batch = sound(), *other;
    struct ArrowSchema *twins[2] = {made_schema("l", "a"), made_schema("l", "a")};
    refuse_whole(__LINE__, made_adopt(made_schema("+s", ""), 2, twins), batch, "two columns named 'a'");
    batch = sound();
    batch->n_children = 2;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "2 children; expected 1");
    batch = sound();
    batch->length = INT64_MAX;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "length 9223372036854775807");
    batch = sound();
    batch->offset = 1;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "expected at least 4");
    other = made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)});
    batch = made_array_of(3, 0, -1, 1, (made_buffer[]){BYTES(uint8_t, 5)}, 1, &other);
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "null row 1");
    struct ArrowSchema *schema = schema_of(made_schema("l", "a"));
    schema->n_children = INT64_MAX;
    refuse_whole(__LINE__, schema, sound(), "9223372036854775807 columns");
    schema = schema_of(made_schema("l", "\xE5\xAE"));
    refuse_whole(__LINE__, schema, sound(),
                 "'?"
                 "?' is not valid UTF-8");
}

static void the_producers_own_words_come_back_and_everything_is_released(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    for (int64_t fail_at = -2; fail_at < 2; fail_at++) {
        if (fail_at == -1) continue;
        struct ArrowArray *batch = sound();
        struct ArrowArrayStream stream;
        patron_table *table = NULL;
        patron_error error = {0};
        made_source *source = made_stream(&stream, schema_of(made_schema("l", "x")), 1, &batch);
        source->fail_at = fail_at;
        source->code = EIO;
        source->reason = "the tape is torn";
        assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_IO);
        assert_non_null(strstr(error.message, "the tape is torn"));
        assert_int_equal(error.os_error, EIO);
        assert_null(table);
        assert_null(stream.release);
        assert_int_equal(made_live, 0);
    }
    patron_ctx_destroy(ctx);
}

static void released_streams_schemas_and_arrays_are_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArrayStream stream = {0};
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "released already"));
    assert_int_equal(patron_table_import_stream(ctx, NULL, &table, &error), PATRON_ERR_INVALID);
    struct ArrowArray none = {0}, *batch = sound();
    struct ArrowSchema no_schema = {0}, *schema = schema_of(made_schema("l", "x"));
    assert_int_equal(patron_table_import_array(ctx, schema, &none, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "array has been released already"));
    assert_int_equal(patron_table_import_array(ctx, &no_schema, batch, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "schema has been released already"));
    assert_int_equal(made_live, 0);
    free(schema);
    free(batch);
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

/* ---- failing allocations ---- */

static patron_status in_and_out(patron_ctx *ctx, void *arg) {
    (void)arg;
    patron_status status;
    patron_table *table = rich_table(ctx, &status), *back = NULL, *again = NULL;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    if (status == PATRON_OK) status = patron_table_export_stream(table, &stream, NULL);
    if (status == PATRON_OK) status = patron_table_import_stream(ctx, &stream, &back, NULL);
    if (status == PATRON_OK) status = patron_table_export_array(back, &schema, &array, NULL);
    if (status == PATRON_OK) status = patron_table_import_array(ctx, &schema, &array, &again, NULL);
    if (status == PATRON_OK) assert_same_table(table, again);
    if (stream.release != NULL) stream.release(&stream);
    if (schema.release != NULL) schema.release(&schema);
    if (array.release != NULL) array.release(&array);
    patron_table_destroy(table);
    patron_table_destroy(back);
    patron_table_destroy(again);
    assert_int_equal(made_live, 0);
    return status;
}

static void import_and_export_survive_a_failure_of_any_allocation(void **state) {
    (void)state;
    assert_true(faults_sweep(in_and_out, NULL) > 100);
}

/* So that one failure does not look like many. */
static int none_live(void **state) {
    (void)state;
    made_live = 0;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_fixed_width_type_is_read_with_offset_and_null, none_live),
        cmocka_unit_test_setup(strings_read_the_same_in_their_three_layouts, none_live),
        cmocka_unit_test_setup(a_row_is_null_when_its_index_or_its_dictionary_value_is, none_live),
        cmocka_unit_test_setup(the_offset_of_the_struct_and_of_the_child_add_up, none_live),
        cmocka_unit_test_setup(chunks_are_kept_where_they_lie_and_empty_ones_left_out, none_live),
        cmocka_unit_test_setup(no_batches_no_rows_and_no_columns_are_tables, none_live),
        cmocka_unit_test_setup(a_stream_of_plain_arrays_is_one_column_without_a_name, none_live),
        cmocka_unit_test_setup(types_that_no_column_has_are_refused_by_name, none_live),
        cmocka_unit_test_setup(arrays_whose_counts_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(released_and_missing_columns_are_refused, none_live),
        cmocka_unit_test_setup(text_and_offsets_are_checked_row_by_row, none_live),
        cmocka_unit_test_setup(bad_bytes_under_a_null_are_no_ones_business, none_live),
        cmocka_unit_test_setup(dictionaries_that_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(structs_that_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(the_producers_own_words_come_back_and_everything_is_released, none_live),
        cmocka_unit_test_setup(released_streams_schemas_and_arrays_are_refused, none_live),
        cmocka_unit_test_setup(what_is_exported_as_a_stream_comes_back_equal_and_uncopied, none_live),
        cmocka_unit_test_setup(what_is_exported_as_an_array_comes_back_equal_in_one_chunk, none_live),
        cmocka_unit_test_setup(a_child_moved_out_of_an_exported_array_outlives_it, none_live),
        cmocka_unit_test_setup(batches_are_cut_at_every_chunk_border_of_every_column, none_live),
        cmocka_unit_test_setup(an_empty_table_of_every_type_goes_out_and_comes_back, none_live),
        cmocka_unit_test_setup(import_and_export_survive_a_failure_of_any_allocation, none_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
