/* Every type of column: plain, in a dictionary, in chunks that are joined; what its values look like in a message; which types
 * go together and which make no sense. The slow twin is the plain column: an index away, or a chunk away, the same value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contexts.h"
#include "data/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

static patron_table *new_table(patron_ctx *ctx, int64_t n) {
    patron_table *table = NULL;
    assert_int_equal(patron_table_create(ctx, n, &table, NULL), PATRON_OK);
    return table;
}

static void add(patron_table *table, const char *name, patron_column column) {
    patron_error error = {0};
    if (patron_table_borrow_column(table, name, &column, &error) != PATRON_OK) fail_msg("%s", error.message);
}

static patron_table *table_of(patron_ctx *ctx, int64_t n, patron_column column) {
    patron_table *table = new_table(ctx, n);
    add(table, "x", column);
    return table;
}

/* ---- samples of every type ---- */

enum { N_VALUES = 40, MOST_WIDTH = 32 };

/* Small numbers of either sign, as they lie in each width; the last ones twice, so that dictionaries hold double values. */
typedef struct sample {
    unsigned char values[N_VALUES * MOST_WIDTH];
    char bytes[N_VALUES * 4];
    int32_t offsets[N_VALUES + 1];
    int64_t large_offsets[N_VALUES + 1];
    uint8_t validity[N_VALUES / 8];
} sample;

static const patron_column shapes[] = {
    {.type = PATRON_TYPE_BOOL},
    {.type = PATRON_TYPE_INT8},
    {.type = PATRON_TYPE_INT16},
    {.type = PATRON_TYPE_INT32},
    {.type = PATRON_TYPE_INT64},
    {.type = PATRON_TYPE_UINT8},
    {.type = PATRON_TYPE_UINT16},
    {.type = PATRON_TYPE_UINT32},
    {.type = PATRON_TYPE_UINT64},
    {.type = PATRON_TYPE_FLOAT16},
    {.type = PATRON_TYPE_FLOAT32},
    {.type = PATRON_TYPE_FLOAT64},
    {.type = PATRON_TYPE_DECIMAL, .bit_width = 32, .precision = 9, .scale = 2},
    {.type = PATRON_TYPE_DECIMAL, .bit_width = 64, .precision = 18, .scale = 7},
    {.type = PATRON_TYPE_DECIMAL, .bit_width = 128, .precision = 38, .scale = 10},
    {.type = PATRON_TYPE_DECIMAL, .bit_width = 256, .precision = 76, .scale = -3},
    {.type = PATRON_TYPE_UTF8},
    {.type = PATRON_TYPE_LARGE_UTF8},
    {.type = PATRON_TYPE_DATE32},
    {.type = PATRON_TYPE_DATE64},
    {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MILLISECOND, .timezone = "UTC"},
    {.type = PATRON_TYPE_DURATION, .unit = PATRON_UNIT_NANOSECOND},
    {.type = PATRON_TYPE_NULL},
};

static int64_t width_of(const patron_column *shape) {
    return pt_field_width(&(pt_field){.type = shape->type, .bit_width = shape->bit_width, .index_type = shape->index_type});
}

static patron_column make_sample(const patron_column *shape, bool nulls, sample *s) {
    patron_column column = *shape;
    const int64_t width = width_of(shape);
    memset(s, 0, sizeof *s);
    for (int i = 0; i < N_VALUES; i++) {
        int64_t value = (i % 33) * (shape->type == PATRON_TYPE_UINT64 || i % 33 % 2 == 0 ? 3 : -3);
        double real = (double)value / 8;
        float single = (float)real;
        unsigned char *place = s->values + i * (width > 0 ? width : 1);
        memset(place, value < 0 ? 0xFF : 0, (size_t)width);
        memcpy(place, &value, (size_t)(width < 8 ? width : 8)); /* little-endian */
        if (shape->type == PATRON_TYPE_FLOAT64) memcpy(place, &real, 8);
        if (shape->type == PATRON_TYPE_FLOAT32) memcpy(place, &single, 4);
        if (shape->type == PATRON_TYPE_BOOL) s->values[i] = (unsigned char)(0x53 * i);
        s->offsets[i + 1] = s->offsets[i] + i % 33 % 4; /* "", "b", "cc", "ddd", ... */
        for (int32_t k = s->offsets[i]; k < s->offsets[i + 1]; k++) s->bytes[k] = (char)('a' + i % 33 / 2);
        s->large_offsets[i + 1] = s->offsets[i + 1];
        if (nulls && i % 5 != 3) s->validity[i / 8] = (uint8_t)(s->validity[i / 8] | 1 << i % 8);
    }
    column.values = pt_is_text(shape->type) ? (const void *)s->bytes : s->values;
    if (shape->type == PATRON_TYPE_UTF8) column.offsets = s->offsets;
    if (shape->type == PATRON_TYPE_LARGE_UTF8) column.offsets = s->large_offsets;
    if (nulls) column.validity = s->validity;
    return column;
}

/* Row `at` of a column in every form; what it cannot be read as stays as it is. */
typedef struct reading {
    patron_status status[4];
    int64_t whole, micros;
    double real;
    pt_string text;
    uint8_t valid, state;
    char described[64];
} reading;

static reading read_row(const pt_column *column, int64_t row) {
    reading r = {.valid = 9};
    r.status[0] = pt_column_int64(column, row, 1, &r.whole, &r.valid, NULL);
    r.status[1] = pt_column_float64(column, row, 1, &r.real, &r.valid, NULL);
    r.status[2] = pt_column_micros(column, row, 1, &r.micros, &r.state, NULL);
    r.status[3] = pt_column_string(column, row, 1, &r.text, NULL);
    pt_column_describe(column, row, r.described, sizeof r.described);
    return r;
}

static void assert_same_reading(const pt_column *a, int64_t row_a, const pt_column *b, int64_t row_b, const char *what) {
    reading x = read_row(a, row_a), y = read_row(b, row_b);
    bool same_real = isnan(x.real) ? isnan(y.real) : x.real == y.real;
    bool same_text = x.text.length == y.text.length && (x.text.data == NULL) == (y.text.data == NULL);
    if (same_text && x.text.data != NULL) same_text = memcmp(x.text.data, y.text.data, (size_t)x.text.length) == 0;
    if (memcmp(x.status, y.status, sizeof x.status) != 0 || x.whole != y.whole || x.micros != y.micros || !same_real ||
        !same_text || x.valid != y.valid || x.state != y.state || strcmp(x.described, y.described) != 0)
        fail_msg("%s, rows %lld and %lld: %s and %s", what, (long long)row_a, (long long)row_b, x.described, y.described);
}

static void a_dictionary_reads_like_its_values(void **state) {
    (void)state;
    enum { N = 1300 }; /* more than two blocks */
    static const patron_type index_types[] = {PATRON_TYPE_INT8,   PATRON_TYPE_UINT16, PATRON_TYPE_INT32, PATRON_TYPE_INT64,
                                              PATRON_TYPE_UINT32, PATRON_TYPE_INT16,  PATRON_TYPE_UINT8, PATRON_TYPE_UINT64};
    patron_ctx *ctx = new_ctx(0);
    static int64_t indices[N];
    static unsigned char narrow[N * 8];
    static uint8_t validity[N / 8 + 1];
    for (int i = 0; i < N; i++) {
        indices[i] = i * 7 % N_VALUES;
        if (i % 11 != 4) validity[i / 8] = (uint8_t)(validity[i / 8] | 1 << i % 8);
    }
    for (int64_t t = 0; t < COUNT(shapes); t++)
        for (int nulls = 0; nulls < 4; nulls++) { /* none, in the dictionary, in the rows, in both */
            sample s;
            const patron_column values = make_sample(&shapes[t], nulls & 1, &s);
            const patron_type index_type = index_types[t % COUNT(index_types)];
            const int64_t width = pt_field_width(&(pt_field){.type = index_type});
            for (int i = 0; i < N; i++) memcpy(narrow + i * width, &indices[i], (size_t)width);
            patron_table *plain = table_of(ctx, N_VALUES, values);
            patron_table *coded = table_of(ctx, N,
                                           (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                                           .index_type = index_type,
                                                           .values = narrow,
                                                           .validity = nulls & 2 ? validity : NULL,
                                                           .dictionary = &values,
                                                           .dictionary_length = N_VALUES});
            int64_t n_null = 0;
            for (int i = 0; i < N; i++) {
                bool null = (nulls & 2) && !pt_bit(validity, i);
                bool null_value = values.type == PATRON_TYPE_NULL || ((nulls & 1) && !pt_bit(s.validity, indices[i]));
                n_null += null || null_value;
                if (!null) {
                    assert_same_reading(&coded->columns[0], i, &plain->columns[0], indices[i], patron_type_name(values.type));
                    continue;
                }
                reading r = read_row(&coded->columns[0], i);
                assert_string_equal(r.described, "null");
                assert_true(r.text.data == NULL && r.whole == 0 && r.micros == 0 && r.state == PT_MICROS_NULL);
            }
            assert_int_equal(patron_table_null_count(coded, 0), n_null);
            /* all rows at once, over the borders of blocks */
            static double reals[N];
            static int64_t whole[N];
            static pt_string texts[N];
            static uint8_t valid[N];
            if (pt_column_float64(&coded->columns[0], 0, N, reals, valid, NULL) == PATRON_OK)
                for (int i = 0; i < N; i++) {
                    double alone;
                    uint8_t valid_alone;
                    assert_int_equal(pt_column_float64(&coded->columns[0], i, 1, &alone, &valid_alone, NULL), PATRON_OK);
                    assert_true(valid[i] == valid_alone && (isnan(alone) ? isnan(reals[i]) : alone == reals[i]));
                }
            if (pt_column_int64(&coded->columns[0], 0, N, whole, valid, NULL) == PATRON_OK)
                for (int i = 0; i < N; i++) assert_int_equal(whole[i], read_row(&coded->columns[0], i).whole);
            if (pt_column_string(&coded->columns[0], 0, N, texts, NULL) == PATRON_OK)
                for (int i = 0; i < N; i++) assert_ptr_equal(texts[i].data, read_row(&coded->columns[0], i).text.data);
            patron_table_destroy(plain);
            patron_table_destroy(coded);
        }
    patron_ctx_destroy(ctx);
}

static void a_dictionary_without_values_is_all_null(void **state) {
    (void)state;
    static const uint8_t none[1] = {0};
    static const int8_t indices[3] = {5, -1, 0}; /* harmless under nulls */
    patron_ctx *ctx = new_ctx(0);
    for (int64_t t = 0; t < COUNT(shapes); t++) {
        patron_column values = shapes[t];
        const int64_t zero = 0;
        if (pt_is_text(values.type)) values.offsets = &zero;
        patron_table *table = table_of(ctx, 3,
                                       (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                                       .index_type = PATRON_TYPE_INT8,
                                                       .values = indices,
                                                       .validity = none,
                                                       .dictionary = &values});
        for (int64_t i = 0; i < 3; i++) {
            reading r = read_row(&table->columns[0], i);
            assert_string_equal(r.described, "null");
            assert_true(r.whole == 0 && r.micros == 0 && (r.real == 0 || isnan(r.real)) && r.text.data == NULL);
            assert_int_equal(r.valid, r.status[0] == PATRON_OK || r.status[1] == PATRON_OK ? 0 : 9);
        }
        patron_table_destroy(table);
    }
    patron_ctx_destroy(ctx);
}

/* ---- joining ---- */

/* Chunks of the same buffers, from row `from` on; the second of each pair without its validity. */
static pt_chunk part_of(const pt_column *column, int64_t from, int64_t n, bool nulls) {
    pt_chunk part = column->chunks[0];
    part.offset = from;
    part.length = n;
    if (!nulls) part.validity = NULL;
    part.null_count = column->field.type == PATRON_TYPE_NULL ? n
                      : part.validity != NULL                ? pt_count_zeros(part.validity, from, n)
                                                             : 0;
    return part;
}

static void assert_joins_like_its_chunks(patron_ctx *ctx, pt_column *many, const char *what) {
    pt_chunk joined;
    patron_error error = {0};
    if (pt_column_join(ctx, many, &joined, &error) != PATRON_OK) fail_msg("%s: %s", what, error.message);
    pt_column one = {.field = many->field, .length = many->length, .n_chunks = 1, .chunks = &joined};
    one.null_count = joined.null_count;
    if (joined.dictionary != NULL) pt_column_count_nulls(&one);
    assert_int_equal(joined.start, 0);
    assert_int_equal(joined.length, many->length);
    assert_int_equal(one.null_count, many->null_count);
    for (int64_t i = 0; i < many->length; i++) assert_same_reading(&one, i, many, i, what);
    pt_buffer_release(joined.keep);
}

static void chunks_of_every_type_are_joined_as_they_read(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    /* lengths and offsets that meet bytes of bits at every place */
    static const struct {
        int64_t from, n;
        bool nulls;
    } parts[] = {{5, 3, true}, {0, 21, true}, {7, 16, false}, {8, 9, false}, {3, 30, true}, {39, 1, true}, {1, 24, false}};
    for (int64_t t = 0; t < COUNT(shapes); t++)
        for (int nulls = 0; nulls < 2; nulls++) {
            sample s;
            patron_table *plain = table_of(ctx, N_VALUES, make_sample(&shapes[t], nulls, &s)), *many = new_table(ctx, 0);
            pt_field field;
            assert_int_equal(pt_field_copy(ctx, &plain->columns[0].field, &field, NULL), PATRON_OK);
            assert_int_equal(pt_table_add_field(many, &field, NULL), PATRON_OK);
            for (int64_t p = 0; p < COUNT(parts); p++) {
                pt_chunk part = part_of(&plain->columns[0], parts[p].from, parts[p].n, parts[p].nulls);
                assert_int_equal(pt_column_append(ctx, &many->columns[0], &part, NULL), PATRON_OK);
            }
            assert_joins_like_its_chunks(ctx, &many->columns[0], patron_type_name(shapes[t].type));
            patron_table_destroy(many);
            patron_table_destroy(plain);
        }
    patron_ctx_destroy(ctx);
}

static void chunks_with_dictionaries_of_their_own_get_one(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    static int16_t indices[3][12];
    static const uint8_t validity[] = {0xD7, 0x0B}, no_validity[] = {0, 0};
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 12; i++) indices[k][i] = (int16_t)((i * (5 + k) + k) % N_VALUES);
    for (int64_t t = 0; t < COUNT(shapes); t++)
        for (int nulls = 0; nulls < 2; nulls++) {
            sample first, other;
            patron_column values[3] = {make_sample(&shapes[t], nulls, &first), make_sample(&shapes[t], !nulls, &other),
                                       shapes[t]};
            const int64_t zero = 0;
            if (pt_is_text(shapes[t].type)) {
                values[2].offsets = &zero;
                other.bytes[0] = 'z';
            } else if (width_of(&shapes[t]) > 0) {
                other.values[0] ^= 1; /* one value that the first has not */
            }
            patron_table *parts[3], *many = NULL;
            for (int k = 0; k < 3; k++) /* the last one has no values: all of it is null */
                parts[k] = table_of(ctx, 12,
                                    (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                                    .index_type = PATRON_TYPE_INT16,
                                                    .values = indices[k],
                                                    .validity = k == 2  ? no_validity
                                                                : nulls ? validity
                                                                        : NULL,
                                                    .dictionary = &values[k],
                                                    .dictionary_length = k == 2 ? 0 : N_VALUES});
            /* the same dictionary twice in a row, and again later */
            const patron_table *const order[] = {parts[0], parts[0], parts[1], parts[2], parts[0]};
            for (int64_t from = 0; from < 5; from++)
                for (int64_t n = 2; from + n <= 5; n++) {
                    assert_int_equal(patron_table_concat(ctx, n, order + from, &many, NULL), PATRON_OK);
                    assert_joins_like_its_chunks(ctx, &many->columns[0], patron_type_name(shapes[t].type));
                    pt_chunk joined; /* every value once */
                    assert_int_equal(pt_column_join(ctx, &many->columns[0], &joined, NULL), PATRON_OK);
                    const bool shared = from == 0 && n == 2;
                    const int64_t length = joined.dictionary->length;
                    if (shared ? length != N_VALUES : length > N_VALUES)
                        fail_msg("%s: %lld values", patron_type_name(shapes[t].type), (long long)length);
                    for (int64_t i = 0; !shared && i < joined.dictionary->length; i++)
                        for (int64_t j = 0; j < i; j++) {
                            reading a = read_row(joined.dictionary, i), b = read_row(joined.dictionary, j);
                            if (a.text.data != NULL && b.text.data != NULL)
                                assert_false(a.text.length == b.text.length &&
                                             memcmp(a.text.data, b.text.data, (size_t)a.text.length) == 0);
                            if (strcmp(a.described, b.described) == 0 && strcmp(a.described, "null") == 0)
                                fail_msg("%s: two nulls", patron_type_name(shapes[t].type));
                        }
                    pt_buffer_release(joined.keep);
                    patron_table_destroy(many);
                }
            for (int k = 0; k < 3; k++) patron_table_destroy(parts[k]);
        }
    patron_ctx_destroy(ctx);
}

/* Chunks that say that they hold more than can be tried out; nothing of it is looked at. */
static void what_one_array_cannot_count_is_refused_by_name(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    patron_error error = {0};
    pt_chunk out = {.length = 77};
    const int32_t long_text[] = {0, INT32_MAX - 5}, short_text[] = {0, 6};
    pt_chunk texts[] = {{.length = 1, .values = "", .offsets = long_text}, {.start = 1, .length = 1, .offsets = short_text}};
    pt_column column = {
        .field = {.name = (char *)(uintptr_t) "note", .type = PATRON_TYPE_UTF8}, .length = 2, .n_chunks = 2, .chunks = texts};
    assert_int_equal(pt_column_join(ctx, &column, &out, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Column 'note' has more than 2147483647 bytes of text, too many for one array of its "
                                       "type; expected the table to be taken as a stream");
    const int64_t longer[] = {0, PT_MAX_ROWS}, one_more[] = {0, 1};
    texts[0].offsets = longer;
    texts[1].offsets = one_more;
    column.field.type = PATRON_TYPE_LARGE_UTF8;
    column.field.name = NULL;
    assert_int_equal(pt_column_join(ctx, &column, &out, &error), PATRON_ERR_LIMIT);
    assert_non_null(strstr(error.message, "Column '' has more than 140737488355328 bytes of text"));

    pt_chunk views[] = {{.length = 1, .n_views = INT32_MAX}, {.start = 1, .length = 1, .n_views = 1}};
    column.field.type = PATRON_TYPE_UTF8_VIEW;
    column.chunks = views;
    assert_int_equal(pt_column_join(ctx, &column, &out, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Column '' has more than 2147483647 text buffers");
    column.field.name = (char *)(uintptr_t) "note";
    assert_int_equal(pt_column_join(ctx, &column, &out, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Column 'note' has more than 2147483647 text buffers");

    int64_t values[2][100];
    int8_t indices[100];
    patron_table *parts[2], *both = NULL;
    for (int i = 0; i < 100; i++) indices[i] = (int8_t)i;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 100; i++) values[k][i] = i + k * 100;
        parts[k] = table_of(ctx, 100,
                            (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                            .index_type = PATRON_TYPE_INT8,
                                            .values = indices,
                                            .dictionary = &(patron_column){.type = PATRON_TYPE_INT64, .values = values[k]},
                                            .dictionary_length = 100});
    }
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *const *)parts, &both, NULL), PATRON_OK);
    assert_int_equal(pt_column_join(ctx, &both->columns[0], &out, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Column 'x' has 200 values in its dictionaries together, more than indices of type int8 "
                                       "can count; expected the table to be taken as a stream");
    assert_int_equal(out.length, 77);
    patron_table_destroy(both);
    for (int k = 0; k < 2; k++) patron_table_destroy(parts[k]);
    patron_ctx_destroy(ctx);
}

/* ---- in words ---- */

static void assert_described(patron_ctx *ctx, patron_column column, const char *expected) {
    char out[128];
    patron_table *table = table_of(ctx, 1, column);
    pt_column_describe(&table->columns[0], 0, out, sizeof out);
    assert_string_equal(out, expected);
    patron_table_destroy(table);
}

static void values_of_every_type_are_described(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const float third = 1.0f / 3, plain = 0.1f;
    const double numbers[] = {0.1, 0.1 + 0.2, 1e300, NAN, -INFINITY};
    static const char *const written[] = {"0.1", "0.30000000000000004", "1e+300", "nan", "-inf"};
    for (int i = 0; i < 5; i++)
        assert_described(ctx, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = &numbers[i]}, written[i]);
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_FLOAT32, .values = &plain}, "0.1");
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_FLOAT32, .values = &third}, "0.3333333432674408");
    const uint16_t half = 0x3800;
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_FLOAT16, .values = &half}, "0.5");
    const uint8_t bits[] = {2};
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_BOOL, .values = bits}, "false");
    const uint8_t set[] = {1};
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_BOOL, .values = set}, "true");
    const int64_t wide[] = {-1, -1, -1, -1, 12345, 0, 0, 0};
#define DECIMAL(bits, from, digits)                                                                                            \
    (patron_column){.type = PATRON_TYPE_DECIMAL, .bit_width = bits, .precision = 9, .scale = digits, .values = from}
    assert_described(ctx, DECIMAL(256, wide, 2), "-0.01");
    assert_described(ctx, DECIMAL(256, wide + 4, 2), "123.45");
    assert_described(ctx, DECIMAL(64, wide + 4, 0), "12345");
    assert_described(ctx, DECIMAL(32, wide + 4, -3), "12345000");
#undef DECIMAL
    const int32_t offsets[] = {0, 3};
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_UTF8, .values = "a\x7f\x01", .offsets = offsets},
                     "'a?"
                     "?'");
    const int32_t day = -1;
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_DATE32, .values = &day}, "1969-12-31");
    const int64_t whole = 1700000000123;
#define TIME(number, unit_of, zone)                                                                                            \
    (patron_column){.type = PATRON_TYPE_TIMESTAMP, .unit = unit_of, .timezone = zone, .values = number}
    assert_described(ctx, TIME(&whole, PATRON_UNIT_MILLISECOND, NULL), "2023-11-14T22:13:20.123000");
    assert_described(ctx, TIME(&whole, PATRON_UNIT_MILLISECOND, "UTC"), "2023-11-14T22:13:20.123000Z");
    const int64_t far = INT64_MAX;
    assert_described(ctx, TIME(&far, PATRON_UNIT_SECOND, "UTC"), "9223372036854775807 s after 1970");
#undef TIME
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_DURATION, .unit = PATRON_UNIT_NANOSECOND, .values = &whole},
                     "1700000000123 ns");
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_UINT64, .values = wide}, "18446744073709551615");
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_INT64, .values = wide}, "-1");
    assert_described(ctx, (patron_column){.type = PATRON_TYPE_NULL}, "null");
    const int8_t index = 0;
    const patron_column nulls = {.type = PATRON_TYPE_NULL};
    assert_described(ctx,
                     (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                     .index_type = PATRON_TYPE_INT8,
                                     .values = &index,
                                     .dictionary = &nulls,
                                     .dictionary_length = 1},
                     "null");
    patron_table *table = table_of(ctx, 1, (patron_column){.type = PATRON_TYPE_INT64, .values = &whole});
    char out[8];
    pt_column_describe(&table->columns[0], 0, out, sizeof out); /* a number is cut without a mark */
    assert_string_equal(out, "1700000");
    patron_table_destroy(table);
    table = table_of(ctx, 1, (patron_column){.type = PATRON_TYPE_DECIMAL, .bit_width = 64, .precision = 18, .values = &whole});
    pt_column_describe(&table->columns[0], 0, out, sizeof out);
    assert_string_equal(out, "1700000");
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* ---- numbers at the ends ---- */

static void decimals_at_the_ends_become_millionths(void **state) {
    (void)state;
    typedef __int128 int128;
    const int128 e18 = INT64_C(1000000000000000000);
    const struct {
        int128 value;
        int32_t scale;
        int64_t micros;
        uint8_t state;
    } cases[] = {
        {0, -40, 0, PT_MICROS_EXACT}, /* nothing is nothing at any scale */
        {1, -32, 0, PT_MICROS_TOO_LARGE},
        {1, -33, 0, PT_MICROS_TOO_LARGE}, /* 10^39 does not fit at all */
        {e18 * e18, 0, 0, PT_MICROS_TOO_LARGE},
        {INT64_C(9199999999999999999), 6, INT64_C(9199999999999999999), PT_MICROS_EXACT},
        {INT64_C(9200000000000000000), 6, 0, PT_MICROS_TOO_LARGE},
        {INT64_C(-9199999999999999999), 6, INT64_C(-9199999999999999999), PT_MICROS_EXACT},
        {INT64_C(-9200000000000000000), 6, 0, PT_MICROS_TOO_LARGE},
        {(int128)INT64_C(9199999999999999999) * 10 + 4, 7, INT64_C(9199999999999999999), PT_MICROS_ROUNDED},
        {(int128)INT64_C(9199999999999999999) * 10 + 5, 7, 0, PT_MICROS_TOO_LARGE}, /* rounded up it is 9.2e18 */
        {(int128)INT64_C(-9200000000000000000) * 10, 7, 0, PT_MICROS_TOO_LARGE},
        {-35, 7, -4, PT_MICROS_ROUNDED},
        {-45, 7, -4, PT_MICROS_ROUNDED},
        {-46, 7, -5, PT_MICROS_ROUNDED},
        {50, 7, 5, PT_MICROS_EXACT},
        {e18 * e18 * 50, 44, 0, PT_MICROS_ROUNDED}, /* half a millionth: to even */
        {e18 * e18 * 50 + 1, 44, 1, PT_MICROS_ROUNDED},
        {-e18 * e18 * 170, 45, 0, PT_MICROS_ROUNDED}, /* nearer to 0 than to 1, whatever fits 128 bits */
    };
    patron_ctx *ctx = new_ctx(0);
    for (int64_t i = 0; i < COUNT(cases); i++) {
        patron_table *table = table_of(ctx, 1,
                                       (patron_column){.type = PATRON_TYPE_DECIMAL,
                                                       .values = &cases[i].value,
                                                       .bit_width = 128,
                                                       .precision = 38,
                                                       .scale = cases[i].scale});
        int64_t out;
        uint8_t how;
        assert_int_equal(pt_column_micros(&table->columns[0], 0, 1, &out, &how, NULL), PATRON_OK);
        if (out != cases[i].micros || how != cases[i].state)
            fail_msg("case %d: %lld in state %d; expected %lld in state %d", (int)i, (long long)out, how,
                     (long long)cases[i].micros, cases[i].state);
        patron_table_destroy(table);
    }
    const int128 exact = (int128)1 << 53; /* the last one that a double holds, and the one beyond, of either sign */
    const int128 edges[] = {exact, -exact, exact + 1, -exact - 1, -exact - 3};
    const double doubles[] = {9007199254740992e-3, -9007199254740992e-3, 9007199254740993e-3, -9007199254740993e-3,
                              -9007199254740995e-3};
    for (int64_t i = 0; i < COUNT(edges); i++) {
        patron_table *table = table_of(
            ctx, 1,
            (patron_column){.type = PATRON_TYPE_DECIMAL, .values = &edges[i], .bit_width = 128, .precision = 38, .scale = 3});
        double out;
        assert_int_equal(pt_column_float64(&table->columns[0], 0, 1, &out, NULL, NULL), PATRON_OK);
        assert_true(out == doubles[i]);
        patron_table_destroy(table);
    }
    const int64_t seconds[] = {INT64_MAX / 1000000, INT64_MIN / 1000000, INT64_MAX / 1000000 + 1, INT64_MIN / 1000000 - 1};
    patron_table *table =
        table_of(ctx, 4, (patron_column){.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .values = seconds});
    int64_t out[4] = {7, 7, 7, 7};
    assert_int_equal(pt_column_int64(&table->columns[0], 0, 2, out, NULL, NULL), PATRON_OK);
    assert_true(out[0] == INT64_MAX / 1000000 * 1000000 && out[1] == INT64_MIN / 1000000 * 1000000);
    for (int64_t i = 2; i < 4; i++) {
        patron_error error = {0};
        assert_int_equal(pt_column_int64(&table->columns[0], i, 1, out + i, NULL, &error), PATRON_ERR_LIMIT);
        assert_non_null(strstr(error.message, "too large for microseconds in 64 bits"));
        assert_int_equal(out[i], 7);
    }
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

static void a_place_is_lent_only_where_the_rows_lie_as_they_are_wanted(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    _Alignas(8) char bytes[40] = {0};
    const double reals[] = {1, 2, 3};
    const uint8_t validity[] = {5};
    patron_table *table = table_of(ctx, 3, (patron_column){.type = PATRON_TYPE_INT64, .values = bytes + 8});
    add(table, "odd", (patron_column){.type = PATRON_TYPE_INT64, .values = bytes + 4});
    add(table, "null", (patron_column){.type = PATRON_TYPE_INT64, .values = bytes, .validity = validity});
    add(table, "span", (patron_column){.type = PATRON_TYPE_DURATION, .values = bytes});
    add(table, "when", (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = bytes});
    static const uint8_t all_valid[] = {7};
    add(table, "full", (patron_column){.type = PATRON_TYPE_INT64, .values = bytes, .validity = all_valid});
    add(table, "real", (patron_column){.type = PATRON_TYPE_FLOAT64, .values = reals});
    assert_ptr_equal(pt_column_borrow_int64(&table->columns[0], 1, 2), bytes + 16);
    assert_null(pt_column_borrow_int64(&table->columns[0], 0, 0));
    assert_null(pt_column_borrow_int64(&table->columns[0], 2, 2)); /* more than the chunk has */
    assert_null(pt_column_borrow_int64(&table->columns[1], 0, 3));
    assert_null(pt_column_borrow_int64(&table->columns[2], 0, 3));
    assert_ptr_equal(pt_column_borrow_int64(&table->columns[3], 0, 3), bytes);
    assert_ptr_equal(pt_column_borrow_int64(&table->columns[4], 0, 3), bytes);
    assert_ptr_equal(pt_column_borrow_int64(&table->columns[5], 0, 3), bytes); /* a bitmap that says nothing */
    assert_null(pt_column_borrow_int64(&table->columns[6], 0, 3));
    assert_ptr_equal(pt_column_borrow_float64(&table->columns[6], 0, 3), reals);
    assert_null(pt_column_borrow_float64(&table->columns[0], 0, 3));
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* ---- types that are equal, types that make no sense ---- */

static void tables_whose_types_differ_in_anything_do_not_go_together(void **state) {
    (void)state;
    static const int64_t zero[4];
    const patron_column number = {.type = PATRON_TYPE_INT64, .values = zero},
                        real = {.type = PATRON_TYPE_FLOAT64, .values = zero};
#define CODES(of, width)                                                                                                       \
    { .type = PATRON_TYPE_DICTIONARY, .values = zero, .index_type = width, .dictionary = &of, .dictionary_length = 1 }
    const patron_column all[] = {
        {.type = PATRON_TYPE_INT64, .values = zero},
        {.type = PATRON_TYPE_DURATION, .values = zero},
        {.type = PATRON_TYPE_DURATION, .values = zero, .unit = PATRON_UNIT_NANOSECOND},
        {.type = PATRON_TYPE_TIMESTAMP, .values = zero},
        {.type = PATRON_TYPE_TIMESTAMP, .values = zero, .timezone = "UTC"},
        {.type = PATRON_TYPE_TIMESTAMP, .values = zero, .timezone = "Asia/Tokyo"},
        {.type = PATRON_TYPE_DECIMAL, .values = zero, .bit_width = 32, .precision = 4, .scale = 1},
        {.type = PATRON_TYPE_DECIMAL, .values = zero, .bit_width = 64, .precision = 4, .scale = 1},
        {.type = PATRON_TYPE_DECIMAL, .values = zero, .bit_width = 64, .precision = 5, .scale = 1},
        {.type = PATRON_TYPE_DECIMAL, .values = zero, .bit_width = 64, .precision = 5, .scale = 2},
        CODES(number, PATRON_TYPE_INT8),
        CODES(number, PATRON_TYPE_INT16),
        CODES(real, PATRON_TYPE_INT16),
    };
#undef CODES
    patron_ctx *ctx = new_ctx(0);
    patron_table *tables[COUNT(all)];
    for (int64_t i = 0; i < COUNT(all); i++) tables[i] = table_of(ctx, 1, all[i]);
    for (int64_t i = 0; i < COUNT(all); i++)
        for (int64_t j = 0; j < COUNT(all); j++) {
            patron_table *both = NULL;
            patron_error error = {0};
            patron_status status = patron_table_concat(ctx, 2, (const patron_table *[]){tables[i], tables[j]}, &both, &error);
            if (status != (i == j ? PATRON_OK : PATRON_ERR_TYPE)) fail_msg("%d and %d: %s", (int)i, (int)j, error.message);
            assert_true((both == NULL) == (i != j));
            patron_table_destroy(both);
        }
    patron_table *ordered = table_of(ctx, 1, all[10]), *none = NULL;
    ordered->columns[0].field.ordered = true;
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){tables[10], ordered}, &none, NULL), PATRON_ERR_TYPE);
    patron_table_destroy(ordered);

    patron_error error = {0};
    add(tables[1], "more", all[0]);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){tables[0], tables[1]}, &none, &error),
                     PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Table 1 has 2 columns; expected 1 as in table 0");
    assert_int_equal(patron_table_concat(ctx, 0, NULL, &none, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The number of tables is 0; expected at least 1");
    patron_table *long_one = new_table(ctx, PT_MAX_ROWS), *short_one = new_table(ctx, 1);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){long_one, short_one}, &none, &error),
                     PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "The tables have more than 140737488355328 rows together");
    assert_int_equal(patron_table_create(ctx, PT_MAX_ROWS + 1, &none, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "n_rows is 140737488355329; expected 0 to 140737488355328");
    assert_null(none);
    patron_table_destroy(long_one);
    patron_table_destroy(short_one);
    for (int64_t i = 0; i < COUNT(all); i++) patron_table_destroy(tables[i]);
    patron_ctx_destroy(ctx);
}

static void types_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static const int64_t zero[8];
    const patron_column number = {.type = PATRON_TYPE_INT64, .values = zero};
    const patron_column inner = {.type = PATRON_TYPE_DICTIONARY,
                                 .values = zero,
                                 .index_type = PATRON_TYPE_INT8,
                                 .dictionary = &number,
                                 .dictionary_length = 1};
    const patron_column view = {.type = PATRON_TYPE_UTF8_VIEW, .values = zero}, empty = {.type = PATRON_TYPE_INT64};
#define CODES(of, width, length)                                                                                               \
    { .type = PATRON_TYPE_DICTIONARY, .values = zero, .index_type = width, .dictionary = of, .dictionary_length = length }
#define DECIMALS(bits, digits, after)                                                                                          \
    { .type = PATRON_TYPE_DECIMAL, .values = zero, .bit_width = bits, .precision = digits, .scale = after }
#define REFUSED_DECIMALS(bits, digits, after, most)                                                                            \
    "Column 'y' has decimals of " #bits " bits, precision " #digits " and scale " #after "; expected precision 1 to " #most    \
    " and scale -76 to 76"
    const struct {
        patron_column column;
        patron_status status;
        const char *message;
    } cases[] = {
        {{.type = (patron_type)-1, .values = zero},
         PATRON_ERR_TYPE,
         "Column 'y' has the type number -1, which is not a patron_type"},
        {DECIMALS(32, 10, 0), PATRON_ERR_INVALID, REFUSED_DECIMALS(32, 10, 0, 9)},
        {DECIMALS(64, 19, 0), PATRON_ERR_INVALID, REFUSED_DECIMALS(64, 19, 0, 18)},
        {DECIMALS(128, 39, 0), PATRON_ERR_INVALID, REFUSED_DECIMALS(128, 39, 0, 38)},
        {DECIMALS(256, 77, 0), PATRON_ERR_INVALID, REFUSED_DECIMALS(256, 77, 0, 76)},
        {DECIMALS(64, 0, 0), PATRON_ERR_INVALID, REFUSED_DECIMALS(64, 0, 0, 18)},
        {DECIMALS(32, 5, -77), PATRON_ERR_INVALID, REFUSED_DECIMALS(32, 5, -77, 9)},
        {DECIMALS(256, 5, 77), PATRON_ERR_INVALID, REFUSED_DECIMALS(256, 5, 77, 76)},
        {{.type = PATRON_TYPE_DURATION, .values = zero, .unit = PATRON_UNIT_DAY},
         PATRON_ERR_INVALID,
         "Column 'y' has time unit 4; expected seconds to nanoseconds"},
        {CODES(&inner, PATRON_TYPE_INT8, 1), PATRON_ERR_TYPE, "Column 'y' is a dictionary of dictionaries"},
        {CODES(&number, PATRON_TYPE_BOOL, 1), PATRON_ERR_TYPE,
         "Column 'y' has dictionary indices of type bool; expected integers"},
        {CODES(&number, PATRON_TYPE_INT8, -1), PATRON_ERR_INVALID, "Column 'y' has a dictionary array of length -1"},
        {CODES(&number, PATRON_TYPE_INT8, PT_MAX_ROWS + 1), PATRON_ERR_INVALID,
         "Column 'y' has a dictionary array of length 140737488355329"},
        {CODES(&view, PATRON_TYPE_INT8, 1), PATRON_ERR_TYPE,
         "Column 'y' (dictionary) is of string views, which come through Arrow only; expected strings with offsets"},
        {CODES(&empty, PATRON_TYPE_INT8, 2), PATRON_ERR_INVALID, "Column 'y' has 2 values but its values are NULL"},
    };
#undef CODES
#undef DECIMALS
#undef REFUSED_DECIMALS
    patron_ctx *ctx = new_ctx(0);
    patron_table *table = table_of(ctx, 2, (patron_column){.type = PATRON_TYPE_NULL});
    assert_int_equal(patron_table_null_count(table, 0), 2);
    for (int64_t i = 0; i < COUNT(cases); i++) {
        patron_error error = {0};
        assert_int_equal(patron_table_borrow_column(table, "y", &cases[i].column, &error), cases[i].status);
        assert_string_equal(error.message, cases[i].message);
        assert_int_equal(patron_table_n_columns(table), 1);
    }
    const int32_t offsets[3] = {0};
    add(table, "empty", (patron_column){.type = PATRON_TYPE_UTF8, .offsets = offsets}); /* no bytes are needed */
    const char *text = NULL;
    int64_t length = 9, whole = 7;
    uint8_t valid = 9;
    assert_int_equal(patron_table_get_string(table, 1, 1, &text, &length, NULL), PATRON_OK);
    assert_true(text != NULL && length == 0);
    assert_int_equal(patron_table_get_string(table, 0, 1, &text, &length, NULL), PATRON_OK); /* nulls may be anything */
    assert_null(text);
    assert_int_equal(patron_table_get_int64(table, 0, 1, 1, &whole, &valid, NULL), PATRON_OK);
    assert_true(whole == 0 && valid == 0);
    patron_error error = {0};
    assert_int_equal(patron_table_get_string(table, 1, 2, &text, &length, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Rows 2 and 1 more are not in the table of 2 rows");
    assert_int_equal(patron_table_get_int64(table, 0, 0, -1, &whole, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_table_get_float64(table, 0, 3, 0, NULL, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_table_get_float64(table, -1, 0, 0, NULL, NULL, &error), PATRON_ERR_NOT_FOUND);
    assert_string_equal(error.message, "There is no column -1; the table has 2");
    assert_int_equal(patron_table_column_type(table, 2), PATRON_TYPE_NULL);
    assert_int_equal(patron_table_column_type(table, 1), PATRON_TYPE_UTF8);
    assert_null(patron_table_column_timezone(table, 2));
    assert_int_equal(patron_table_null_count(table, 2), -1);
    assert_int_equal(patron_table_null_count(table, -1), -1);
    assert_string_equal(patron_type_name((patron_type)22), "unknown type");
    patron_table_destroy(table);
    patron_table_destroy(NULL);
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dictionary_reads_like_its_values),
        cmocka_unit_test(a_dictionary_without_values_is_all_null),
        cmocka_unit_test(chunks_of_every_type_are_joined_as_they_read),
        cmocka_unit_test(chunks_with_dictionaries_of_their_own_get_one),
        cmocka_unit_test(what_one_array_cannot_count_is_refused_by_name),
        cmocka_unit_test(values_of_every_type_are_described),
        cmocka_unit_test(decimals_at_the_ends_become_millionths),
        cmocka_unit_test(a_place_is_lent_only_where_the_rows_lie_as_they_are_wanted),
        cmocka_unit_test(tables_whose_types_differ_in_anything_do_not_go_together),
        cmocka_unit_test(types_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
