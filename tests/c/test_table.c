/* Columns read in their four forms, and tables made, selected and put together. */
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

/* A table of one borrowed column "x". */
static patron_table *table_of(patron_ctx *ctx, int64_t n, patron_column column) {
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, n, &table, NULL), PATRON_OK);
    if (patron_table_borrow_column(table, "x", &column, &error) != PATRON_OK) fail_msg("%s", error.message);
    return table;
}

static uint64_t random_state = 1;

static uint64_t draw(void) { /* splitmix64 */
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ---- text ---- */

/* The slow twin: decodes by the definition. */
static int64_t slow_utf8_check(const unsigned char *s, int64_t n) {
    for (int64_t i = 0; i < n;) {
        int64_t length = s[i] < 0x80 ? 1 : s[i] >> 5 == 6 ? 2 : s[i] >> 4 == 14 ? 3 : s[i] >> 3 == 30 ? 4 : 0;
        if (length == 0 || i + length > n) return i;
        uint32_t code = length == 1 ? s[i] : s[i] & (0x7Fu >> length);
        for (int64_t k = 1; k < length; k++) {
            if (s[i + k] >> 6 != 2) return i;
            code = code << 6 | (s[i + k] & 0x3Fu);
        }
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return i;
        i += length;
    }
    return -1;
}

static void utf8_is_told_from_other_bytes_exactly(void **state) {
    (void)state;
    static const char *const pieces[] = {"a",
                                         "abcdefgh",
                                         "\xC3\xA9",
                                         "\xE5\xAE\xA2",
                                         "\xF0\x9F\x98\x80",
                                         "\xEF\xBF\xBF",
                                         "\xF4\x8F\xBF\xBF",
                                         "\xED\x9F\xBF",
                                         "\xE0\xA0\x80"};
    unsigned char block[200];
    for (int round = 0; round < 200000; round++) {
        int64_t n = 0, wanted = (int64_t)(draw() % 120);
        while (n < wanted) { /* sound text */
            const char *piece = pieces[round % 3 == 0 ? draw() % 2 : draw() % COUNT(pieces)];
            memcpy(block + n, piece, strlen(piece));
            n += (int64_t)strlen(piece);
        }
        if (round % 2 == 0 && n > 0) block[draw() % (uint64_t)n] = (unsigned char)draw();
        if (round % 8 == 1 && n > 0) n -= (int64_t)(draw() % 3) % n;
        char *exact = malloc((size_t)n + 1); /* a read beyond the end is seen by the sanitizer */
        char *text = exact + 1;
        memcpy(text, block, (size_t)n);
        assert_int_equal(pt_utf8_check(text, n), slow_utf8_check((unsigned char *)text, n));
        bool ascii = true;
        for (int64_t i = 0; i < n; i++) ascii &= block[i] < 0x80;
        assert_int_equal(pt_is_ascii(text, n), ascii);
        free(exact);
    }
    for (unsigned code = 0; code < 0x10000; code++) { /* every pair of bytes, and every start of three */
        unsigned char two[3] = {(unsigned char)(code >> 8), (unsigned char)code, 0x80};
        assert_int_equal(pt_utf8_check((char *)two, 2), slow_utf8_check(two, 2));
        assert_int_equal(pt_utf8_check((char *)two, 3), slow_utf8_check(two, 3));
    }
}

static void names_are_shown_cut_at_a_character(void **state) {
    (void)state;
    char out[6];
    assert_string_equal(pt_show_name("abc", out, sizeof out), "abc");
    assert_string_equal(pt_show_name("\xE5\xAE\xA2\xE5\xAE\xA2", out, sizeof out), "\xE5\xAE\xA2");
    assert_string_equal(pt_show_name("a\xFF\n", out, sizeof out), "a??");
}

/* ---- bits ---- */

static void bitmaps_are_counted_and_expanded_at_any_offset(void **state) {
    (void)state;
    uint8_t bits[40], out[256];
    for (int round = 0; round < 20000; round++) {
        for (int i = 0; i < 40; i++) bits[i] = (uint8_t)(draw() | (round % 2 ? draw() | draw() : 0));
        int64_t offset = (int64_t)(draw() % 64), n = (int64_t)(draw() % 257), zeros = 0, first = -1;
        memset(out, 9, sizeof out);
        pt_expand_bits(bits, offset, n, out);
        for (int64_t i = 0; i < n; i++) {
            assert_int_equal(out[i], pt_bit(bits, offset + i));
            if (out[i] == 0 && first < 0) first = i;
            zeros += out[i] == 0;
        }
        if (n < 256) assert_int_equal(out[n], 9);
        assert_int_equal(pt_count_zeros(bits, offset, n), zeros);
        assert_int_equal(pt_find_zero(bits, offset, n), first < 0 ? n : first);
    }
}

static void validity_is_packed_only_where_there_are_nulls(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    uint8_t valid[11] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, *bits = NULL;
    assert_int_equal(pt_validity_pack(ctx, 11, valid, &bits, NULL), PATRON_OK);
    assert_null(bits);
    valid[9] = 0;
    assert_int_equal(pt_validity_pack(ctx, 11, valid, &bits, NULL), PATRON_OK);
    assert_int_equal(bits[0], 0xFF);
    assert_int_equal(bits[1], 0x05);
    pt_free(ctx, bits);
    patron_ctx_destroy(ctx);
}

/* ---- numbers ---- */

static void times_are_read_in_microseconds_rounded_down(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const int64_t values[] = {-1, 1999, 86399999};
    static const struct {
        patron_type type;
        patron_time_unit unit;
        int64_t expected[3];
    } cases[] = {
        {PATRON_TYPE_TIMESTAMP, PATRON_UNIT_SECOND, {-1000000, 1999000000, INT64_C(86399999000000)}},
        {PATRON_TYPE_DURATION, PATRON_UNIT_MILLISECOND, {-1000, 1999000, INT64_C(86399999000)}},
        {PATRON_TYPE_TIMESTAMP, PATRON_UNIT_MICROSECOND, {-1, 1999, 86399999}},
        {PATRON_TYPE_TIMESTAMP, PATRON_UNIT_NANOSECOND, {-1, 1, 86399}},
        {PATRON_TYPE_DATE64, PATRON_UNIT_SECOND, {-1, 0, 0}},
    };
    for (int64_t i = 0; i < COUNT(cases); i++) {
        int64_t out[3];
        patron_table *table = table_of(ctx, 3, (patron_column){.type = cases[i].type, .unit = cases[i].unit, .values = values});
        assert_int_equal(patron_table_get_int64(table, 0, 0, 3, out, NULL, NULL), PATRON_OK);
        assert_memory_equal(out, cases[i].expected, sizeof out);
        patron_table_destroy(table);
    }
    patron_ctx_destroy(ctx);
}

static void an_integer_that_does_not_fit_is_an_error_and_writes_nothing(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    uint64_t large[700] = {0};
    int64_t out[700];
    patron_error error = {0};
    large[650] = UINT64_C(1) << 63;
    patron_table *table = table_of(ctx, 700, (patron_column){.type = PATRON_TYPE_UINT64, .values = large});
    out[0] = 42;
    assert_int_equal(patron_table_get_int64(table, 0, 0, 700, out, NULL, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message,
                        "Column 'x', row 650: 9223372036854775808 is too large; expected at most 9223372036854775807");
    assert_int_equal(out[0], 42);
    assert_int_equal(patron_table_get_int64(table, 0, 0, 650, out, NULL, &error), PATRON_OK);
    patron_table_destroy(table);

    uint8_t validity[88];
    memset(validity, 0xFF, sizeof validity);
    validity[650 / 8] = 0xFB; /* the large one is null */
    table = table_of(ctx, 700, (patron_column){.type = PATRON_TYPE_UINT64, .values = large, .validity = validity});
    assert_int_equal(patron_table_get_int64(table, 0, 0, 700, out, NULL, &error), PATRON_OK);
    assert_int_equal(out[650], 0);
    patron_table_destroy(table);

    const int64_t far[] = {INT64_MAX / 1000000, INT64_MAX / 1000000 + 1};
    table = table_of(ctx, 2, (patron_column){.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_SECOND, .values = far});
    assert_int_equal(patron_table_get_int64(table, 0, 0, 1, out, NULL, &error), PATRON_OK);
    assert_int_equal(patron_table_get_int64(table, 0, 0, 2, out, NULL, &error), PATRON_ERR_LIMIT);
    assert_non_null(strstr(error.message, "row 1: 9223372036855 s after 1970 is too large for microseconds"));
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

static void every_half_is_read_exactly(void **state) {
    (void)state;
    enum { N = 65536 };
    patron_ctx *ctx = new_ctx(0);
    uint16_t *halves = malloc(N * sizeof *halves);
    double *out = malloc(N * sizeof *out);
    for (int i = 0; i < N; i++) halves[i] = (uint16_t)i;
    patron_table *table = table_of(ctx, N, (patron_column){.type = PATRON_TYPE_FLOAT16, .values = halves});
    assert_int_equal(patron_table_get_float64(table, 0, 0, N, out, NULL, NULL), PATRON_OK);
    for (int i = 0; i < N; i++) { /* the twin goes through the bits of a float32 */
        uint32_t sign = (uint32_t)(i >> 15) << 31, exponent = i >> 10 & 31, fraction = i & 1023;
        if (exponent == 0) {
            assert_true(fabs(out[i]) == fraction / 16777216.0 && !signbit(out[i]) == !sign);
            continue;
        }
        uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
        float expected;
        memcpy(&expected, &bits, sizeof bits);
        assert_true(isnan(expected) ? isnan(out[i]) : out[i] == (double)expected);
    }
    patron_table_destroy(table);
    free(halves);
    free(out);
    patron_ctx_destroy(ctx);
}

static void decimals_become_the_nearest_double(void **state) {
    (void)state;
    typedef __int128 int128;
    patron_ctx *ctx = new_ctx(0);
    /* 2^53 + 1 lies between two doubles; as 9007199254740993.0 it rounds to even, with more digits behind it away. */
    static const struct {
        int128 value;
        int32_t scale;
        double expected;
    } cases[] = {
        {12345, 2, 123.45},
        {-1, 22, -1e-22},
        {1, -22, 1e22},
        {1, 76, 1e-76},
        {-7, -76, -7e76},
        {INT64_C(9007199254740993), 0, 9007199254740992.0},
        {(int128)INT64_C(9007199254740993) * 1000 + 1, 3, 9007199254740994.0},
        {(int128)INT64_C(9007199254740993) * 1000 - 1, 3, 9007199254740992.0},
        {INT64_C(972578765147237606), 7, 97257876514.72375}, /* rounded twice it would end in 77 */
        {(int128)INT64_C(1000000000000000000) * INT64_C(1000000000000000000), 36, 1.0},
        {(int128)INT64_C(333333333333333333) * 1000000000 + 333333333, 27, 0.333333333333333333333333333},
    };
    for (int64_t i = 0; i < COUNT(cases); i++) {
        double out;
        patron_table *table = table_of(ctx, 1,
                                       (patron_column){.type = PATRON_TYPE_DECIMAL,
                                                       .values = &cases[i].value,
                                                       .bit_width = 128,
                                                       .precision = 38,
                                                       .scale = cases[i].scale});
        assert_int_equal(patron_table_get_float64(table, 0, 0, 1, &out, NULL, NULL), PATRON_OK);
        if (out != cases[i].expected) fail_msg("case %d: %.17g, expected %.17g", (int)i, out, cases[i].expected);
        patron_table_destroy(table);
    }
    const int64_t wide[] = {1, 0, 1, 0, 5, 0, 0, 0}; /* 2^128 + 1 and 5 */
    patron_error error = {0};
    double out[2];
    patron_table *table = table_of(
        ctx, 2, (patron_column){.type = PATRON_TYPE_DECIMAL, .values = wide, .bit_width = 256, .precision = 76, .scale = 1});
    assert_int_equal(patron_table_get_float64(table, 0, 0, 2, out, NULL, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Column 'x', row 0: 34028236692093846346337460743176821145.7 is too large for 128 bits");
    assert_int_equal(patron_table_get_float64(table, 0, 1, 1, out, NULL, &error), PATRON_OK);
    assert_true(out[0] == 0.5);
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* ---- millionths ---- */

static void assert_micros(patron_ctx *ctx, patron_column column, int64_t n, const int64_t *expected, const char *states) {
    int64_t out[1024];
    uint8_t state[1024];
    patron_table *table = table_of(ctx, n, column);
    assert_int_equal(pt_column_micros(&table->columns[0], 0, n, out, state, NULL), PATRON_OK);
    for (int64_t i = 0; i < n; i++)
        if (out[i] != expected[i] || state[i] != states[i] - '0')
            fail_msg("row %d: %lld in state %d; expected %lld in state %c", (int)i, (long long)out[i], state[i],
                     (long long)expected[i], states[i]);
    patron_table_destroy(table);
}

static void doubles_become_millionths_half_to_even(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const double amounts[] = {12.34, -0.0, 0.1 + 0.2, 1e-6, 2.5e-6, 3.5e-6, -2.5e-6, 4e-7, 2251799813.685247, -999999.999999};
    const int64_t micros[] = {12340000, 0, 300000, 1, 2, 4, -2, 0, INT64_C(2251799813685247), INT64_C(-999999999999)};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = amounts}, COUNT(amounts), micros, "1121222211");
    /* One that is beyond the fast range sends its block the other way: the same results for its neighbours. */
    const double large[] = {12.34, NAN, INFINITY, -INFINITY, 9.2e12, -9.2e12, 9.1e12, 1e300, 2.5e-6, 3000000000.5, -8e9};
    const int64_t large_micros[] = {
        12340000, 0, 0, 0, 0, 0, INT64_C(9100000000000000000), 0, 2, INT64_C(3000000000500000), INT64_C(-8000000000000000)};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = large}, COUNT(large), large_micros,
                  "13334414211");
    const uint8_t validity[] = {0xFD, 0xFF};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = large, .validity = validity}, COUNT(large),
                  large_micros, "10334414211");
    patron_ctx_destroy(ctx);
}

static void every_amount_of_six_decimals_is_exact(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    for (int round = 0; round < 200; round++) {
        double values[1000];
        int64_t micros[1000];
        char states[1001];
        for (int i = 0; i < 1000; i++) {
            micros[i] = (int64_t)(draw() >> 14) >> (draw() % 50); /* up to 2^50 */
            if (draw() & 1) micros[i] = -micros[i];
            values[i] = (double)micros[i] / 1e6; /* the double nearest to the decimal: both are exact */
            states[i] = '1';
        }
        assert_micros(ctx, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = values}, 1000, micros, states);
    }
    patron_ctx_destroy(ctx);
}

static void other_numbers_become_millionths_exactly(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const float singles[] = {0.1f, 12.34f, 1e-7f, 16777216.0f};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_FLOAT32, .values = singles}, 4,
                  (int64_t[]){100000, 12340000, 0, INT64_C(16777216000000)}, "1121");
    const int64_t whole[] = {-3, INT64_C(9199999999999), INT64_C(9200000000000), INT64_MIN, INT64_MAX};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_INT64, .values = whole}, 5,
                  (int64_t[]){-3000000, INT64_C(9199999999999000000), 0, 0, 0}, "11444");
    const uint64_t natural[] = {5, UINT64_MAX, UINT64_C(1) << 63};
    assert_micros(ctx, (patron_column){.type = PATRON_TYPE_UINT64, .values = natural}, 3, (int64_t[]){5000000, 0, 0}, "144");
    const int64_t cents[] = {-1999, INT64_C(919999999999999), INT64_C(920000000000000)};
    assert_micros(ctx,
                  (patron_column){.type = PATRON_TYPE_DECIMAL, .values = cents, .bit_width = 64, .precision = 18, .scale = 2},
                  3, (int64_t[]){-19990000, INT64_C(9199999999999990000), 0}, "114");
    const int64_t tiny[] = {25, 35, -25, 26, 20, INT64_MAX}; /* ten-millionths: ties go to even */
    assert_micros(ctx,
                  (patron_column){.type = PATRON_TYPE_DECIMAL, .values = tiny, .bit_width = 64, .precision = 18, .scale = 7}, 6,
                  (int64_t[]){2, 4, -2, 3, 2, INT64_C(922337203685477581)}, "222212");
    const int64_t one[] = {1, 0, -1, -1}; /* 128 bits each */
    assert_micros(ctx,
                  (patron_column){.type = PATRON_TYPE_DECIMAL, .values = one, .bit_width = 128, .precision = 38, .scale = 60},
                  2, (int64_t[]){0, 0}, "22");
    assert_micros(ctx,
                  (patron_column){.type = PATRON_TYPE_DECIMAL, .values = one, .bit_width = 128, .precision = 38, .scale = -40},
                  2, (int64_t[]){0, 0}, "44");
    patron_ctx_destroy(ctx);
}

/* ---- types that do not go together ---- */

static void a_column_of_another_type_is_refused_by_name(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const double real = 1.5;
    const int32_t offsets[] = {0, 1}, day = 3;
    int64_t whole;
    double number;
    const char *text;
    patron_error error = {0};
    patron_table *table = table_of(ctx, 1, (patron_column){.type = PATRON_TYPE_FLOAT64, .values = &real});
    assert_int_equal(patron_table_borrow_column(
                         table, "s", &(patron_column){.type = PATRON_TYPE_UTF8, .values = "a", .offsets = offsets}, NULL),
                     PATRON_OK);
    assert_int_equal(patron_table_borrow_column(table, "d", &(patron_column){.type = PATRON_TYPE_DATE32, .values = &day}, NULL),
                     PATRON_OK);
    assert_int_equal(patron_table_get_int64(table, 0, 0, 1, &whole, NULL, &error), PATRON_ERR_TYPE);
    assert_string_equal(error.message,
                        "Column 'x' is of type float64; expected integers, booleans, dates, timestamps or durations");
    assert_int_equal(patron_table_get_float64(table, 1, 0, 1, &number, NULL, &error), PATRON_ERR_TYPE);
    assert_string_equal(error.message, "Column 's' is of type string; expected numbers");
    assert_int_equal(patron_table_get_float64(table, 2, 0, 1, &number, NULL, &error), PATRON_ERR_TYPE);
    assert_int_equal(pt_column_micros(&table->columns[2], 0, 1, &whole, &(uint8_t){0}, &error), PATRON_ERR_TYPE);
    assert_int_equal(patron_table_get_string(table, 0, 0, &text, &whole, &error), PATRON_ERR_TYPE);
    assert_int_equal(patron_table_get_int64(table, 7, 0, 1, &whole, NULL, &error), PATRON_ERR_NOT_FOUND);
    assert_int_equal(patron_table_get_int64(table, 2, 1, 1, &whole, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_table_get_int64(table, 2, -1, 1, &whole, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_table_get_int64(table, 2, 1, INT64_MAX, &whole, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_table_find(table, "d"), 2);
    assert_int_equal(patron_table_find(table, "e"), -1);
    assert_null(patron_table_column_name(table, 3));
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

static void borrowed_columns_are_checked(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    patron_table *table = NULL;
    const int64_t values[] = {0, 1, 2};
    const int32_t falling[] = {0, 2, 1, 3}, rising[] = {0, 1, 2, 3};
    const patron_column strings = {.type = PATRON_TYPE_UTF8, .values = "a\xFFz", .offsets = rising};
    const patron_column sound = {.type = PATRON_TYPE_INT64, .values = values};
    const struct {
        const char *name;
        patron_column column;
        patron_status status;
        const char *words;
    } cases[] = {
        {NULL, sound, PATRON_ERR_INVALID, "name is NULL"},
        {"x", sound, PATRON_ERR_INVALID, "two columns named 'x'"},
        {"\xFF", sound, PATRON_ERR_INVALID, "not valid UTF-8"},
        {"y", {.type = PATRON_TYPE_INT64}, PATRON_ERR_INVALID, "'y' has 3 values but its values are NULL"},
        {"y", {.type = (patron_type)99, .values = values}, PATRON_ERR_TYPE, "type number 99"},
        {"y", {.type = PATRON_TYPE_UTF8_VIEW, .values = values}, PATRON_ERR_TYPE, "string views"},
        {"y", {.type = PATRON_TYPE_UTF8, .values = "abc"}, PATRON_ERR_INVALID, "offsets are NULL"},
        {"y",
         {.type = PATRON_TYPE_UTF8, .values = "abc", .offsets = falling},
         PATRON_ERR_INVALID,
         "row 1: the string offsets fall"},
        {"y", strings, PATRON_ERR_INVALID, "'y', row 1: byte 0xFF"},
        {"y", {.type = PATRON_TYPE_TIMESTAMP, .values = values, .unit = PATRON_UNIT_DAY}, PATRON_ERR_INVALID, "time unit 4"},
        {"y", {.type = PATRON_TYPE_DECIMAL, .values = values, .bit_width = 48}, PATRON_ERR_INVALID, "48 bits"},
        {"y", {.type = PATRON_TYPE_DECIMAL, .values = values, .bit_width = 64}, PATRON_ERR_INVALID, "precision 0"},
        {"y",
         {.type = PATRON_TYPE_DICTIONARY,
          .values = values,
          .index_type = PATRON_TYPE_INT64,
          .dictionary_length = 2,
          .dictionary = &sound},
         PATRON_ERR_INVALID,
         "'y', row 2: the dictionary index is 2; expected 0 to 1"},
        {"y",
         {.type = PATRON_TYPE_DICTIONARY,
          .values = values,
          .index_type = PATRON_TYPE_INT64,
          .dictionary_length = 3,
          .dictionary = &strings},
         PATRON_ERR_INVALID,
         "'y', dictionary value 1: byte 0xFF"},
        {"y",
         {.type = PATRON_TYPE_DICTIONARY, .values = values, .index_type = PATRON_TYPE_FLOAT64},
         PATRON_ERR_TYPE,
         "float64"},
        {"y",
         {.type = PATRON_TYPE_DICTIONARY, .values = values, .index_type = PATRON_TYPE_INT64},
         PATRON_ERR_INVALID,
         "(NULL)"},
    };
    assert_int_equal(patron_table_create(ctx, -1, &table, NULL), PATRON_ERR_INVALID);
    table = table_of(ctx, 3, sound);
    for (int64_t i = 0; i < COUNT(cases); i++) {
        patron_error error = {0};
        patron_status status = patron_table_borrow_column(table, cases[i].name, &cases[i].column, &error);
        if (status != cases[i].status || strstr(error.message, cases[i].words) == NULL)
            fail_msg("case %d: status %d: %s", (int)i, (int)status, error.message);
        assert_int_equal(patron_table_n_columns(table), 1);
    }
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* Two bad rows, far apart: the error is of the first one, at any number of threads. */
static void the_first_bad_row_is_named_at_any_number_of_threads(void **state) {
    (void)state;
    enum { N = 400000 };
    char *bytes = malloc(N);
    int32_t *offsets = malloc((N + 1) * sizeof *offsets);
    for (int32_t i = 0; i <= N; i++) offsets[i] = i;
    memset(bytes, 'a', N);
    bytes[123456] = bytes[200000] = bytes[399999] = (char)0x80;
    for (int threads = 1; threads <= 8; threads *= 2) {
        patron_ctx *ctx = new_ctx(0);
        assert_int_equal(patron_ctx_set_threads(ctx, threads, NULL), PATRON_OK);
        patron_table *table = NULL;
        patron_error error = {0};
        assert_int_equal(patron_table_create(ctx, N, &table, NULL), PATRON_OK);
        patron_column column = {.type = PATRON_TYPE_UTF8, .values = bytes, .offsets = offsets};
        assert_int_equal(patron_table_borrow_column(table, "x", &column, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, "Column 'x', row 123456: byte 0x80 at position 0 of the string is not valid UTF-8");
        assert_int_equal(patron_table_n_columns(table), 0);
        patron_table_destroy(table);
        patron_ctx_destroy(ctx);
    }
    free(bytes);
    free(offsets);
}

/* ---- tables from tables ---- */

static void selected_and_joined_tables_share_memory_and_outlive_their_sources(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const int64_t x[] = {1, 2, 3};
    const uint8_t validity[] = {6};
    patron_table *table = table_of(ctx, 3, (patron_column){.type = PATRON_TYPE_INT64, .values = x, .validity = validity});
    int64_t *y;
    assert_int_equal(pt_alloc(ctx, &y, 3, sizeof *y, NULL), PATRON_OK);
    memcpy(y, (int64_t[]){7, 8, 9}, 24);
    assert_int_equal(pt_table_take(table, "y", &(patron_column){.type = PATRON_TYPE_INT64}, y, NULL, NULL, NULL), PATRON_OK);
    patron_table *chosen = NULL, *twice = NULL, *none = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_select(table, 2, (const char *[]){"y", "x"}, &chosen, NULL), PATRON_OK);
    assert_int_equal(patron_table_select(table, 1, (const char *[]){"z"}, &none, &error), PATRON_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "'z'"));
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){chosen, chosen}, &twice, NULL), PATRON_OK);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){table, chosen}, &none, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Column 0 of table 1 is 'y'; expected 'x' as in table 0");
    patron_table *real = table_of(ctx, 0, (patron_column){.type = PATRON_TYPE_FLOAT64}), *whole = NULL;
    assert_int_equal(patron_table_select(table, 1, (const char *[]){"x"}, &whole, NULL), PATRON_OK);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){whole, real}, &none, &error), PATRON_ERR_TYPE);
    assert_non_null(strstr(error.message, "'x' of table 1 is of type float64"));
    assert_null(none);
    patron_table_destroy(whole);
    patron_table_destroy(real);
    patron_table_destroy(table);
    patron_table_destroy(chosen);
    int64_t out[6];
    uint8_t valid[6];
    assert_int_equal(patron_table_n_rows(twice), 6);
    assert_int_equal(patron_table_null_count(twice, 1), 2);
    assert_int_equal(patron_table_get_int64(twice, 0, 0, 6, out, NULL, NULL), PATRON_OK);
    assert_memory_equal(out, ((int64_t[]){7, 8, 9, 7, 8, 9}), sizeof out);
    assert_int_equal(patron_table_get_int64(twice, 1, 0, 6, out, valid, NULL), PATRON_OK);
    assert_memory_equal(out, ((int64_t[]){0, 2, 3, 0, 2, 3}), sizeof out);
    assert_memory_equal(valid, ((uint8_t[]){0, 1, 1, 0, 1, 1}), sizeof valid);
    patron_table_destroy(twice);
    patron_ctx_destroy(ctx);
}

/* The same rows in one chunk and in many: every form reads the same, over every border. */
static void blocks_read_the_same_whatever_the_chunks(void **state) {
    (void)state;
    enum { N = 3000, SKIP = 5 };
    patron_ctx *ctx = new_ctx(0);
    int32_t *values = malloc((N + SKIP) * sizeof *values);
    uint8_t *validity = malloc(N / 8 + 2);
    for (int i = 0; i < N + SKIP; i++) values[i] = (int32_t)draw();
    for (int i = 0; i < N / 8 + 2; i++) validity[i] = (uint8_t)(draw() | draw());
    patron_table *whole = table_of(ctx, N, (patron_column){.type = PATRON_TYPE_INT32, .values = values + SKIP});
    pt_chunk *all = &whole->columns[0].chunks[0];
    all->values = values; /* rows SKIP .. of the buffers */
    all->validity = validity;
    all->offset = SKIP;
    all->null_count = whole->columns[0].null_count = pt_count_zeros(validity, SKIP, N);
    patron_table *many = NULL;
    pt_field field = {.type = PATRON_TYPE_INT32};
    assert_int_equal(patron_table_create(ctx, N, &many, NULL), PATRON_OK);
    assert_int_equal(pt_strdup(ctx, "x", &field.name, NULL), PATRON_OK);
    assert_int_equal(pt_table_add_field(many, &field, NULL), PATRON_OK);
    for (int64_t at = 0; at < N;) { /* chunks of any length at any offset of the same buffers */
        pt_chunk part = whole->columns[0].chunks[0];
        part.offset = SKIP + at;
        part.length = (int64_t)(draw() % 150);
        if (part.length > N - at) part.length = N - at;
        part.null_count = pt_count_zeros(validity, part.offset, part.length);
        assert_int_equal(pt_column_append(ctx, &many->columns[0], &part, NULL), PATRON_OK);
        at += part.length;
    }
    assert_int_equal(patron_table_null_count(many, 0), patron_table_null_count(whole, 0));
    pt_chunk joined;
    assert_int_equal(pt_column_join(ctx, &many->columns[0], &joined, NULL), PATRON_OK);
    assert_memory_equal(joined.values, values + SKIP, N * sizeof *values);
    for (int64_t i = 0; i < N; i++) assert_int_equal(pt_bit(joined.validity, i), pt_bit(validity, SKIP + i));
    pt_buffer_release(joined.keep);
    assert_true(many->columns[0].n_chunks > 20);
    for (int round = 0; round < 300; round++) {
        static int64_t a[N], b[N];
        static uint8_t valid_a[N], valid_b[N];
        static double x[N], y[N];
        int64_t first = (int64_t)(draw() % N), n = (int64_t)(draw() % (uint64_t)(N - first + 1));
        assert_int_equal(pt_column_int64(&whole->columns[0], first, n, a, valid_a, NULL), PATRON_OK);
        assert_int_equal(pt_column_int64(&many->columns[0], first, n, b, valid_b, NULL), PATRON_OK);
        assert_memory_equal(a, b, (size_t)n * sizeof *a);
        assert_memory_equal(valid_a, valid_b, (size_t)n);
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(a[i], pt_bit(validity, SKIP + first + i) ? values[SKIP + first + i] : 0);
        assert_int_equal(pt_column_float64(&whole->columns[0], first, n, x, NULL, NULL), PATRON_OK);
        assert_int_equal(pt_column_float64(&many->columns[0], first, n, y, NULL, NULL), PATRON_OK);
        for (int64_t i = 0; i < n; i++) assert_true(isnan(x[i]) ? isnan(y[i]) && !valid_a[i] : x[i] == y[i]);
        assert_int_equal(pt_column_micros(&whole->columns[0], first, n, a, valid_a, NULL), PATRON_OK);
        assert_int_equal(pt_column_micros(&many->columns[0], first, n, b, valid_b, NULL), PATRON_OK);
        assert_memory_equal(a, b, (size_t)n * sizeof *a);
        assert_memory_equal(valid_a, valid_b, (size_t)n);
    }
    patron_table_destroy(whole);
    patron_table_destroy(many);
    free(values);
    free(validity);
    patron_ctx_destroy(ctx);
}

static void values_are_described_in_the_room_there_is(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    const int32_t offsets[] = {0, 3, 15};
    patron_table *table = table_of(
        ctx, 2,
        (patron_column){.type = PATRON_TYPE_UTF8, .values = "a\nb\xE5\xAE\xA2\xE5\xAE\xA2\xE5\xAE\xA2xyz", .offsets = offsets});
    char out[64];
    pt_column_describe(&table->columns[0], 0, out, sizeof out);
    assert_string_equal(out, "'a?b'");
    pt_column_describe(&table->columns[0], 1, out, 15);
    assert_string_equal(out, "'\xE5\xAE\xA2\xE5\xAE\xA2\xE5\xAE\xA2xyz'");
    pt_column_describe(&table->columns[0], 1, out, 14);
    assert_string_equal(out, "'\xE5\xAE\xA2\xE5\xAE\xA2'...");
    pt_column_describe(&table->columns[0], 1, out, 1);
    assert_string_equal(out, "");
    pt_column_describe(&table->columns[0], 2, out, sizeof out);
    assert_string_equal(out, "null");
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* Every slice of a table of two chunks, one of them with an offset, holds what the table holds there. */
static void a_slice_is_what_the_table_holds_there(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    enum { N = 11, BOTH = 2 * N };
    int64_t x[N];
    int32_t offsets[N + 1] = {0}, index[N];
    char text[N + 1] = "abcdefghijk";
    for (int i = 0; i < N; i++) {
        x[i] = 100 + i;
        offsets[i + 1] = i + 1;
        index[i] = i % 3;
    }
    const uint8_t some[] = {0xb5, 0x06}, of_values[] = {0x05}; /* value 1 of the dictionary is null */
    const patron_column values = {.type = PATRON_TYPE_INT64, .values = x, .validity = of_values};
    const patron_column columns[] = {
        {.type = PATRON_TYPE_INT64, .values = x, .validity = some},
        {.type = PATRON_TYPE_UTF8, .values = text, .offsets = offsets},
        {.type = PATRON_TYPE_DICTIONARY,
         .values = index,
         .validity = some,
         .index_type = PATRON_TYPE_INT32,
         .dictionary_length = 3,
         .dictionary = &values},
        {.type = PATRON_TYPE_NULL},
    };
    static const char *const names[] = {"x", "text", "code", "nothing"};
    patron_table *table = NULL, *tail = NULL, *both = NULL, *slice = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, N, &table, NULL), PATRON_OK);
    for (int c = 0; c < 4; c++) assert_int_equal(patron_table_borrow_column(table, names[c], &columns[c], NULL), PATRON_OK);
    assert_int_equal(patron_table_slice(table, 3, N - 3, &tail, NULL), PATRON_OK);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *[]){tail, table}, &both, NULL), PATRON_OK);
    const int64_t rows = patron_table_n_rows(both);
    assert_int_equal(rows, BOTH - 3);
    for (int64_t first = 0; first <= rows; first++)
        for (int64_t n = 0; first + n <= rows; n++) {
            assert_int_equal(patron_table_slice(both, first, n, &slice, NULL), PATRON_OK);
            assert_int_equal(patron_table_n_rows(slice), n);
            for (int64_t c = 0; c < 4; c += 2) {
                int64_t expected[BOTH] = {0}, found[BOTH] = {0}, nulls = 0;
                uint8_t valid[BOTH] = {0}, valid_there[BOTH] = {0};
                assert_int_equal(patron_table_get_int64(both, c, first, n, expected, valid, NULL), PATRON_OK);
                assert_int_equal(patron_table_get_int64(slice, c, 0, n, found, valid_there, NULL), PATRON_OK);
                assert_memory_equal(expected, found, sizeof found);
                assert_memory_equal(valid, valid_there, sizeof valid);
                for (int64_t i = 0; i < n; i++) nulls += valid[i] == 0;
                assert_int_equal(patron_table_null_count(slice, c), nulls);
            }
            for (int64_t i = 0; i < n; i++) {
                const char *expected, *found;
                int64_t length;
                assert_int_equal(patron_table_get_string(both, 1, first + i, &expected, &length, NULL), PATRON_OK);
                assert_int_equal(patron_table_get_string(slice, 1, i, &found, &length, NULL), PATRON_OK);
                assert_ptr_equal(expected, found); /* the memory is shared */
            }
            assert_int_equal(patron_table_null_count(slice, 3), n);
            patron_table_destroy(slice);
        }
    slice = NULL;
    const int64_t wrong[][2] = {{-1, 1}, {0, -1}, {0, rows + 1}, {rows, 1}, {rows + 1, 0}, {INT64_MAX, 1}, {1, INT64_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(patron_table_slice(both, wrong[i][0], wrong[i][1], &slice, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "9223372036854775807 rows from row 1 on are asked for; the table has 19");
    assert_null(slice);
    patron_table_destroy(both);
    patron_table_destroy(tail);
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_told_from_other_bytes_exactly),
        cmocka_unit_test(names_are_shown_cut_at_a_character),
        cmocka_unit_test(bitmaps_are_counted_and_expanded_at_any_offset),
        cmocka_unit_test(validity_is_packed_only_where_there_are_nulls),
        cmocka_unit_test(times_are_read_in_microseconds_rounded_down),
        cmocka_unit_test(an_integer_that_does_not_fit_is_an_error_and_writes_nothing),
        cmocka_unit_test(every_half_is_read_exactly),
        cmocka_unit_test(decimals_become_the_nearest_double),
        cmocka_unit_test(doubles_become_millionths_half_to_even),
        cmocka_unit_test(every_amount_of_six_decimals_is_exact),
        cmocka_unit_test(other_numbers_become_millionths_exactly),
        cmocka_unit_test(a_column_of_another_type_is_refused_by_name),
        cmocka_unit_test(borrowed_columns_are_checked),
        cmocka_unit_test(the_first_bad_row_is_named_at_any_number_of_threads),
        cmocka_unit_test(a_slice_is_what_the_table_holds_there),
        cmocka_unit_test(selected_and_joined_tables_share_memory_and_outlive_their_sources),
        cmocka_unit_test(blocks_read_the_same_whatever_the_chunks),
        cmocka_unit_test(values_are_described_in_the_room_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
