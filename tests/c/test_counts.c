/* tests/c/test_counts.c: more than 32 bits can count: rows, bytes of text, values of a dictionary, elements of a section,
 * events, and sums beyond 64 bits. Each comes out right, or is refused with a clear message before anything is read or
 * allocated.
 *
 * No memory is spent on it. Large arrays are sparse: a reservation of address space in which a few places are written and the
 * rest reads as zeros from one shared page. Arrays that only claim to be large are 64 bytes in a block of their own, so that a
 * sanitizer sees whoever believes them. Large files stand in test_counts_file.c.
 *
 * What takes more than a second or two runs with PATRON_LONG only. What cannot be had without the memory itself (2^31 distinct
 * values, orders of 2^31 keys) is seen here up to the allocation that is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrow_made.h"
#include "counts.h"

#include <unistd.h>

/* ---- rows ------------------------------------------------------------------------------------------------------------------
 */

static void rows_beyond_32_bits_are_read_where_they_lie(void **state) {
    (void)state;
    const int64_t n = TWO_31 + 5;
    int8_t *values = sparse(n);
    uint8_t *bits = sparse(n / 8 + 1);
    values[0] = 1;
    values[TWO_31 - 1] = 2;
    values[TWO_31] = 3;
    values[n - 1] = 4;
    made_set(bits, n - 1);
    made_set(bits, 1);
    patron_table *table = table_of(n, "value", &(patron_column){.type = PATRON_TYPE_INT8, .values = values});
    made_add(table, "flag", &(patron_column){.type = PATRON_TYPE_BOOL, .values = bits});
    made_add(table, "some", &(patron_column){.type = PATRON_TYPE_INT8, .values = values, .validity = bits});
    patron_table *few = NULL, *both = NULL, *back = NULL;
    struct ArrowArrayStream stream;
    assert_int_equal(patron_table_select(table, 2, (const char *const[]){"some", "value"}, &few, NULL), PATRON_OK);
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *const[]){table, table}, &both, NULL), PATRON_OK);
    assert_int_equal(patron_table_export_stream(both, &stream, NULL), PATRON_OK);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &back, NULL), PATRON_OK);
    const patron_table *doubled[] = {both, back};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(patron_table_n_rows(doubled[k]), 2 * n);
        assert_int_equal(patron_table_null_count(doubled[k], 2), 2 * (n - 2));
        const int64_t starts[] = {0, n};
        for (int i = 0; i < 2; i++) {
            assert_int_equal(at(doubled[k], 0, starts[i]), 1);
            assert_int_equal(at(doubled[k], 0, starts[i] + TWO_31 - 1), 2);
            assert_int_equal(at(doubled[k], 0, starts[i] + TWO_31), 3);
            assert_int_equal(at(doubled[k], 0, starts[i] + n - 1), 4);
            assert_int_equal(at(doubled[k], 1, starts[i] + n - 1), 1);
            assert_int_equal(at(doubled[k], 1, starts[i] + n - 2), 0);
            assert_int_equal(at(doubled[k], 2, starts[i] + n - 1), 4);
            assert_int_equal(at(doubled[k], 2, starts[i] + TWO_31), NONE);
        }
    }
    assert_int_equal(patron_table_null_count(few, 0), n - 2);
    assert_int_equal(at(few, 1, TWO_31), 3);
    /* more than one array can be only by copying it */
    struct ArrowSchema schema;
    struct ArrowArray array;
    patron_error error = {0};
    assert_failed(patron_table_export_array(both, &schema, &array, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    patron_table_destroy(back);
    patron_table_destroy(both);
    patron_table_destroy(few);
    patron_table_destroy(table);
    drop(values, n);
    drop(bits, n / 8 + 1);
}

static void counts_that_make_no_sense_are_refused_by_every_call_on_a_table(void **state) {
    (void)state;
    const int64_t wrong[] = {-1, INT64_MIN, MOST_ROWS + 1, INT64_MAX};
    const int64_t number[] = {7};
    patron_table *table = NULL, *none = NULL;
    patron_error error = {0};
    for (int i = 0; i < 4; i++)
        assert_failed(patron_table_create(ctx, wrong[i], &table, &error), PATRON_ERR_INVALID, &error, "n_rows is");
    table = table_of(1, "x", &(patron_column){.type = PATRON_TYPE_INT64, .values = number});
    const patron_column dictionary = {.type = PATRON_TYPE_INT64, .values = number};
    for (int i = 0; i < 4; i++) {
        const patron_column column = {.type = PATRON_TYPE_DICTIONARY,
                                      .values = number,
                                      .index_type = PATRON_TYPE_INT64,
                                      .dictionary_length = wrong[i],
                                      .dictionary = &dictionary};
        assert_failed(patron_table_borrow_column(table, "d", &column, &error), PATRON_ERR_INVALID, &error, "'d'");
        int64_t value;
        double real;
        const char *text;
        assert_failed(patron_table_get_int64(table, 0, wrong[i], 1, &value, NULL, &error), PATRON_ERR_INVALID, &error, "Rows");
        assert_failed(patron_table_get_int64(table, 0, 0, wrong[i], &value, NULL, &error), PATRON_ERR_INVALID, &error,
                      wrong[i] < 0 ? "Rows from 0 on are asked for with n -" : "Rows 0 and ");
        assert_failed(patron_table_get_float64(table, 0, 1, wrong[i], &real, NULL, &error), PATRON_ERR_INVALID, &error, "Rows");
        assert_failed(patron_table_get_string(table, 0, wrong[i], &text, &value, &error), PATRON_ERR_INVALID, &error, "Rows");
        assert_failed(patron_table_get_int64(table, wrong[i], 0, 1, &value, NULL, &error), PATRON_ERR_NOT_FOUND, &error,
                      "There is no column");
        assert_null(patron_table_column_name(table, wrong[i]));
        assert_int_equal(patron_table_null_count(table, wrong[i]), -1);
    }
    assert_failed(patron_table_select(table, -1, NULL, &none, &error), PATRON_ERR_INVALID, &error, "-1");
    assert_failed(patron_table_select(table, INT64_MIN, NULL, &none, &error), PATRON_ERR_INVALID, &error,
                  "-9223372036854775808");
    assert_failed(patron_table_concat(ctx, -1, NULL, &none, &error), PATRON_ERR_INVALID, &error, "-1");
    assert_null(none);
    patron_table_destroy(table);
}

/* Rows that add up to more than a table can have. */
static void tables_that_are_too_long_together_are_refused(void **state) {
    (void)state;
    patron_table *table = NULL, *twice = NULL, *more = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, MOST_ROWS / 2 + 1, &table, NULL), PATRON_OK);
    assert_failed(patron_table_concat(ctx, 2, (const patron_table *const[]){table, table}, &twice, &error), PATRON_ERR_LIMIT,
                  &error, "rows together");
    patron_table_destroy(table);
    table = table_of(MOST_ROWS / 2, "nothing", &(patron_column){.type = PATRON_TYPE_NULL});
    assert_int_equal(patron_table_concat(ctx, 2, (const patron_table *const[]){table, table}, &twice, &error), PATRON_OK);
    assert_int_equal(patron_table_n_rows(twice), MOST_ROWS);
    assert_int_equal(patron_table_null_count(twice, 0), MOST_ROWS);
    assert_failed(patron_table_concat(ctx, 2, (const patron_table *const[]){twice, table}, &more, &error), PATRON_ERR_LIMIT,
                  &error, "rows together");
    assert_null(more);
    patron_table_destroy(twice);
    patron_table_destroy(table);
}

/* ---- Arrow's lengths
 * ---------------------------------------------------------------------------------------------------------
 */

static patron_status import_one(const char *format, int64_t length, int64_t offset, int64_t parent, patron_table **out,
                                patron_error *error) {
    const int64_t numbers[8] = {11, 12, 13, 14, 15, 16, 17, 18};
    struct ArrowSchema *schema = made_schema("+s", ""), *column = made_schema(format, "x");
    struct ArrowArray *child =
        made_array(length, offset, 0, format[0] == 'n' ? 0 : 2, (made_buffer[]){NO_BYTES, {numbers, sizeof numbers}});
    struct ArrowArray *batch = made_struct(parent, 0, 1, &child);
    made_adopt(schema, 1, &column);
    patron_status status = patron_table_import_array(ctx, schema, batch, out, error);
    free(schema);
    free(batch);
    return status;
}

static void lengths_of_arrays_are_bounded_before_they_are_believed(void **state) {
    (void)state;
    const int64_t lengths[] = {TWO_31 - 1, TWO_31, TWO_31 + 5, TWO_32 - 1, TWO_32, TWO_32 + 5, MOST_ROWS};
    const int64_t wrong[] = {-1, INT64_MIN, MOST_ROWS + 1, INT64_C(1) << 62, INT64_MAX};
    patron_table *table = NULL;
    patron_error error = {0};
    for (int i = 0; i < 5; i++) {
        assert_failed(import_one("l", wrong[i], 0, 8, &table, &error), PATRON_ERR_INVALID, &error, "length");
        assert_failed(import_one("l", 8, 0, wrong[i], &table, &error), PATRON_ERR_INVALID, &error, "length");
        assert_failed(import_one("l", 8, wrong[i], 8, &table, &error), PATRON_ERR_INVALID, &error, "offset");
    }
    assert_failed(import_one("l", TWO_32, 0, TWO_32 + 1, &table, &error), PATRON_ERR_INVALID, &error, "its parent's");
    assert_null(table);
    for (int i = 0; i < LENGTH(lengths); i++) {
        /* that these eight numbers are no such array cannot be seen, but nobody looks before he is asked to */
        assert_int_equal(import_one("l", lengths[i], 0, lengths[i], &table, &error), PATRON_OK);
        assert_int_equal(patron_table_n_rows(table), lengths[i]);
        assert_int_equal(at(table, 0, 7), 18);
        patron_table *both = NULL;
        patron_status status = patron_table_concat(ctx, 2, (const patron_table *const[]){table, table}, &both, &error);
        if (lengths[i] < MOST_ROWS) {
            assert_int_equal(status, PATRON_OK);
            assert_int_equal(at(both, 0, lengths[i] + 3), 14);
        } else {
            assert_failed(status, PATRON_ERR_LIMIT, &error, "rows together");
        }
        patron_table_destroy(both);
        patron_table_destroy(table);
        table = NULL;
        assert_int_equal(import_one("n", lengths[i], 0, lengths[i], &table, &error), PATRON_OK);
        assert_int_equal(patron_table_null_count(table, 0), lengths[i]);
        assert_int_equal(at(table, 0, lengths[i] - 1), NONE);
        patron_table_destroy(table);
        table = NULL;
    }
    assert_int_equal(made_live, 0);
}

static void a_stream_of_too_many_rows_is_refused_at_the_batch_that_passes_the_limit(void **state) {
    (void)state;
    struct ArrowSchema *schema = made_schema("+s", ""), *column = made_schema("n", "x");
    struct ArrowArray *batches[3];
    for (int i = 0; i < 3; i++) {
        struct ArrowArray *child = made_array(MOST_ROWS / 2, 0, -1, 0, NULL);
        batches[i] = made_struct(MOST_ROWS / 2, 0, 1, &child);
    }
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    made_stream(&stream, made_adopt(schema, 1, &column), 3, batches);
    assert_failed(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_LIMIT, &error, "rows");
    assert_null(table);
    assert_int_equal(made_live, 0);
}

/* ---- text and dictionaries --------------------------------------------------------------------------------------------------
 */

static void text_beyond_2_gib_is_read_and_checked_to_its_end(void **state) {
    (void)state;
    const int64_t offsets[] = {0, TWO_31 + 10, TWO_31 + 13}, size = offsets[2];
    char *text = sparse(size);
    memcpy(text + TWO_31 + 10, "abc", 3);
    const patron_column column = {.type = PATRON_TYPE_LARGE_UTF8, .values = text, .offsets = offsets};
    patron_table *table = table_of(2, "text", &column);
    const char *string = NULL;
    int64_t length = 0;
    assert_int_equal(patron_table_get_string(table, 0, 0, &string, &length, NULL), PATRON_OK);
    assert_ptr_equal(string, text);
    assert_int_equal(length, TWO_31 + 10);
    assert_int_equal(patron_table_get_string(table, 0, 1, &string, &length, NULL), PATRON_OK);
    assert_int_equal(length, 3);
    assert_memory_equal(string, "abc", 3);
    patron_error error = {0};
    text[TWO_31 + 5] = (char)0xff;
    assert_failed(patron_table_borrow_column(table, "broken", &column, &error), PATRON_ERR_INVALID, &error,
                  "byte 0xFF at position 2147483653");
    text[TWO_31 + 5] = 'x';
    /* a name of two gibibytes would be kept, so it needs them */
    const int64_t times[] = {1700000000000000, 1700000000000000};
    made_add(
        table, "when",
        &(patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = times, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC"});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "text";
    o.time = "when";
    patron_log *log = NULL;
    assert_failed(patron_log_build(ctx, table, &o, &log, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_null(log);
    patron_table_destroy(table);
    drop(text, size);
}

/* 32-bit offsets that were counted beyond 2^31 have become negative. */
static void offsets_that_went_beyond_32_bits_are_refused(void **state) {
    (void)state;
    const int32_t round[] = {0, INT32_MAX, INT32_MIN};
    const int64_t far[] = {0, 3, INT64_C(1) << 62};
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, 2, &table, NULL), PATRON_OK);
    assert_failed(patron_table_borrow_column(
                      table, "text", &(patron_column){.type = PATRON_TYPE_UTF8, .values = "abc", .offsets = round}, &error),
                  PATRON_ERR_INVALID, &error, "row 1: the string offsets fall");
    patron_table_destroy(table);
    table = NULL;
    struct ArrowSchema *schema = made_schema("U", "text");
    struct ArrowArray *array = made_array(2, 0, 0, 3, (made_buffer[]){NO_BYTES, {far, sizeof far}, BYTES(char, 'a', 'b', 'c')});
    assert_failed(patron_table_import_array(ctx, schema, array, &table, &error), PATRON_ERR_INVALID, &error,
                  "to byte 4611686018427387904");
    free(schema);
    free(array);
    assert_null(table);
    assert_int_equal(made_live, 0);
}

static void dictionaries_of_more_than_2_31_values_are_read(void **state) {
    (void)state;
    const int64_t n_values = TWO_31 + 9;
    int64_t indices[] = {TWO_31 + 3, 0, n_values - 1};
    int8_t *values = sparse(n_values);
    values[TWO_31 + 3] = 77;
    values[n_values - 1] = 5;
    const patron_column dictionary = {.type = PATRON_TYPE_INT8, .values = values};
    patron_column column = {.type = PATRON_TYPE_DICTIONARY,
                            .values = indices,
                            .index_type = PATRON_TYPE_INT64,
                            .dictionary_length = n_values,
                            .dictionary = &dictionary};
    patron_table *table = table_of(3, "code", &column);
    assert_int_equal(at(table, 0, 0), 77);
    assert_int_equal(at(table, 0, 1), 0);
    assert_int_equal(at(table, 0, 2), 5);
    patron_error error = {0};
    indices[1] = n_values;
    assert_failed(patron_table_borrow_column(table, "beyond", &column, &error), PATRON_ERR_INVALID, &error,
                  "row 1: the dictionary index is 2147483657; expected 0 to 2147483656");
    const uint32_t unsigned_indices[] = {UINT32_MAX, 0, 1};
    column.values = unsigned_indices;
    column.index_type = PATRON_TYPE_UINT32;
    assert_failed(patron_table_borrow_column(table, "beyond", &column, &error), PATRON_ERR_INVALID, &error,
                  "row 0: the dictionary index is 4294967295");
    patron_table_destroy(table);
    drop(values, n_values);
}

/* ---- arrays of numbers ------------------------------------------------------------------------------------------------------
 */

static void numbers_beyond_2_31_are_refused_before_any_is_read(void **state) {
    (void)state;
    const int64_t counts[] = {TWO_31 + 5, TWO_32 + 5, MOST_ROWS, INT64_MAX / 8, INT64_MAX};
    int64_t *keys = malloc(64), order = 7;
    double *x = malloc(64), cuts[] = {1, 2}, y = 0.5;
    uint8_t r = 9;
    memset(keys, 0, 64);
    memset(x, 0, 64);
    patron_error error = {0};
    patron_rfm_options o;
    patron_rfm_options_init(&o);
    o.recency_cuts = o.frequency_cuts = o.monetary_cuts = cuts;
    o.n_recency_cuts = o.n_frequency_cuts = o.n_monetary_cuts = 2;
    patron_rfm *rfm = NULL;
    assert_int_equal(patron_rfm_fit(ctx, 0, x, x, x, &o, &rfm, NULL), PATRON_OK);
    for (int i = 0; i < LENGTH(counts); i++) {
        assert_failed(patron_sort_order(ctx, counts[i], keys, &order, &error), PATRON_ERR_NO_MEMORY, &error, "");
        assert_failed(patron_rfm_predict(rfm, counts[i], x, x, x, &r, &r, &r, &r, &error), PATRON_ERR_NO_MEMORY, &error, "");
    }
    /* sums of so many need room for their parts */
    assert_failed(patron_math_sum(ctx, INT64_MAX, x, &y, &error), PATRON_ERR_NO_MEMORY, &error, "");
    assert_failed(patron_random_uniform(ctx, 1, 2, UINT64_MAX - 3, 5, &y, &error), PATRON_ERR_LIMIT, &error, "2^64");
    const int64_t negative[] = {-1, INT64_MIN};
    patron_rfm *none = NULL;
    for (int i = 0; i < 2; i++) {
        assert_failed(patron_sort_order(ctx, negative[i], keys, &order, &error), PATRON_ERR_INVALID, &error, "expected 0");
        assert_failed(patron_math_sum(ctx, negative[i], x, &y, &error), PATRON_ERR_INVALID, &error, "expected 0");
        assert_failed(patron_math_exp(ctx, negative[i], x, &y, &error), PATRON_ERR_INVALID, &error, "expected 0");
        assert_failed(patron_random_uniform(ctx, 1, 2, 3, negative[i], &y, &error), PATRON_ERR_INVALID, &error, "expected 0");
        assert_failed(patron_rfm_fit(ctx, negative[i], x, x, x, NULL, &none, &error), PATRON_ERR_INVALID, &error, "expected 0");
        assert_failed(patron_rfm_predict(rfm, negative[i], x, x, x, &r, &r, &r, &r, &error), PATRON_ERR_INVALID, &error,
                      "expected 0");
    }
    assert_int_equal(order, 7);
    assert_true(y >= 0.5 && y <= 0.5);
    assert_int_equal(r, 9);
    assert_null(none);
    patron_rfm_destroy(rfm);
    free(keys);
    free(x);
}

/* The last numbers of a stream of 2^64. */
static void random_numbers_come_up_to_the_end_of_their_stream(void **state) {
    (void)state;
    double few[4], one;
    assert_int_equal(patron_random_uniform(ctx, 1, 2, UINT64_MAX - 4, 4, few, NULL), PATRON_OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(patron_random_uniform(ctx, 1, 2, UINT64_MAX - 4 + i, 1, &one, NULL), PATRON_OK);
        assert_memory_equal(&one, &few[i], sizeof one);
    }
}

/* One small piece of memory, again and again: room for results that are only looked at in their last piece. */
static double *wrapped(int64_t bytes) {
    enum { PIECE = 32 << 20 };
    int fd = memfd_create("wrapped", 0);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, PIECE), 0);
    char *memory = sparse(bytes);
    for (int64_t done = 0; done < bytes; done += PIECE) {
        int64_t n = bytes - done < PIECE ? bytes - done : PIECE;
        assert_ptr_equal(mmap(memory + done, (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), memory + done);
    }
    assert_int_equal(close(fd), 0);
    return (double *)(void *)memory;
}

static void arrays_of_more_than_2_31_numbers_come_out_right(void **state) {
    (void)state;
    if (!thorough) skip();
    const int64_t n = TWO_31 + 5;
    double *x = sparse(8 * n), *y = wrapped(8 * n), sum = 0, one;
    x[0] = 1;
    x[TWO_31 - 1] = 2;
    x[TWO_31] = 4;
    x[n - 1] = 8;
    assert_int_equal(patron_math_sum(ctx, n, x, &sum, NULL), PATRON_OK);
    assert_true(sum >= 15 && sum <= 15);
    assert_int_equal(patron_math_exp(ctx, n, x, y, NULL), PATRON_OK);
    assert_int_equal(patron_math_exp(ctx, 1, x + n - 1, &one, NULL), PATRON_OK);
    assert_memory_equal(y + n - 1, &one, 8);
    assert_int_equal(patron_random_uniform(ctx, 3, 4, 5, n, y, NULL), PATRON_OK);
    assert_int_equal(patron_random_uniform(ctx, 3, 4, 5 + (uint64_t)n - 1, 1, &one, NULL), PATRON_OK);
    assert_memory_equal(y + n - 1, &one, 8);
    /* one customer among all who never bought, behind the 2^31st */
    patron_rfm_options o;
    patron_rfm_options_init(&o);
    o.bins = 2;
    patron_rfm *rfm = NULL;
    const double *cuts;
    int n_cuts;
    x[0] = x[TWO_31 - 1] = x[TWO_31] = 0;
    assert_int_equal(patron_rfm_fit(ctx, n, x, x, x, &o, &rfm, NULL), PATRON_OK);
    assert_int_equal(patron_rfm_thresholds(rfm, "monetary", &cuts, &n_cuts, NULL), PATRON_OK);
    assert_int_equal(n_cuts, 1);
    assert_true(cuts[0] >= 8 && cuts[0] <= 8);
    patron_rfm_destroy(rfm);
    patron_error error = {0};
    x[TWO_31 + 1] = -1;
    rfm = NULL;
    assert_failed(patron_rfm_fit(ctx, n, x, x, x, &o, &rfm, &error), PATRON_ERR_INVALID, &error,
                  "frequency of row 2147483649 is -1");
    assert_null(rfm);
    drop(x, 8 * n);
    drop(y, 8 * n);
}

/* ---- logs -----------------------------------------------------------------------------------------------------------------
 */

static patron_log_options plain_options(void) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "x";
    o.time = "x";
    o.time_unit = PATRON_UNIT_SECOND;
    o.has_time_unit = 1;
    return o;
}

static void a_log_of_more_events_than_it_can_number_is_refused_before_any_is_read(void **state) {
    (void)state;
    const int64_t counts[] = {TWO_32, TWO_32 + 5, MOST_ROWS};
    patron_log_options o = plain_options();
    patron_table *table = NULL;
    patron_error error = {0};
    patron_log *log = NULL, *more = NULL;
    for (int i = 0; i < LENGTH(counts); i++) {
        assert_int_equal(import_one("l", counts[i], 0, counts[i], &table, &error), PATRON_OK);
        assert_failed(patron_log_build(ctx, table, &o, &log, &error), PATRON_ERR_LIMIT, &error,
                      "expected at most 4294967295 in one log");
        patron_table_destroy(table);
        table = NULL;
    }
    /* one that it could number needs its memory first */
    assert_int_equal(import_one("l", TWO_32 - 1, 0, TWO_32 - 1, &table, &error), PATRON_OK);
    assert_failed(patron_log_build(ctx, table, &o, &log, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_null(log);
    /* and so do attributes, of which there may be more */
    made_row row = {.user = 1, .time = 1700000000 * PT_SECOND};
    patron_log_options events = made_options(false);
    log = made_log_of(ctx, &row, 1, AS_INT64, 1, &events);
    assert_failed(patron_log_with_users(log, table, "x", NULL, &more, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    patron_table_destroy(table);
    table = NULL;
    /* logs that are too long together: a length that is as long as said is not read either */
    log->n = TWO_31;
    assert_failed(patron_log_merge(log, log, &more, &error), PATRON_ERR_LIMIT, &error,
                  "4294967296 rows; expected at most 4294967295 in one log");
    assert_null(more);
    log->n = 1;
    patron_log_destroy(log);
}

/* As many millionths as an int64 holds, many times. */
static void sums_beyond_64_bits_are_exact(void **state) {
    (void)state;
    enum { N = 9 };
    static const int64_t users[N] = {1, 1, 1, 1, 1, 1, 2, 2, 2}, seconds[N] = {1, 2, 3, 4, 5, 6, 1, 2, 3};
    static const int64_t most = 9199999999999; /* units: 9199999999999000000 millionths; 9.2e12 is the limit */
    int64_t amounts[N] = {most, most, most, most, most, most + 1000000000000, -most, -most, most};
    patron_table *table = table_of(N, "user", &(patron_column){.type = PATRON_TYPE_INT64, .values = users});
    made_add(table, "time", &(patron_column){.type = PATRON_TYPE_INT64, .values = seconds});
    made_add(table, "amount", &(patron_column){.type = PATRON_TYPE_INT64, .values = amounts});
    patron_log_options o = plain_options();
    o.user = "user";
    o.time = "time";
    o.amount = o.quantity = o.discount = "amount";
    made m = {.table = table};
    patron_log *log = made_log(ctx, &m, &o), *all = log;
    assert_int_equal(audited(log, "beyond 9.2e12"), 3); /* one row, three roles */
    for (int doubling = 0; doubling < 6; doubling++) {  /* 64 times the same events */
        patron_log *twice = NULL;
        assert_int_equal(patron_log_merge(all, all, &twice, NULL), PATRON_OK);
        if (all != log) patron_log_destroy(all);
        all = twice;
    }
    const patron_log *logs[] = {log, all};
    for (int k = 0; k < 2; k++) {
        patron_table *profile = NULL;
        const double times = k == 0 ? 1 : 64;
        assert_int_equal(patron_profile_compute(logs[k], NULL, &profile, NULL), PATRON_OK);
        const struct {
            const char *column;
            double first, second;
        } expected[] = {{"revenue", 5.0 * (double)most * times, (double)most * times},
                        {"quantity", 5.0 * (double)most * times, (double)most * times},
                        {"max_basket", (double)most * times, (double)most * times},
                        {"returned", 0, 2.0 * (double)most * times},
                        {"net_revenue", 5.0 * (double)most * times, -(double)most * times}};
        for (int i = 0; i < LENGTH(expected); i++) {
            double values[2];
            int64_t column = patron_table_find(profile, expected[i].column);
            assert_int_equal(patron_table_get_float64(profile, column, 0, 2, values, NULL, NULL), PATRON_OK);
            if (values[0] < expected[i].first || values[0] > expected[i].first || values[1] < expected[i].second ||
                values[1] > expected[i].second)
                fail_msg("%s x %g: %.17g and %.17g; expected %.17g and %.17g", expected[i].column, times, values[0], values[1],
                         expected[i].first, expected[i].second);
        }
        patron_table_destroy(profile);
    }
    /* counts of the audit stay at the end of the range */
    patron_log *twice = NULL;
    log->audit.rows[0].rows = INT64_MAX - 1;
    assert_int_equal(patron_log_merge(log, log, &twice, NULL), PATRON_OK);
    assert_int_equal(audit_line(twice, log->audit.rows[0].rule)->rows, INT64_MAX);
    patron_log_destroy(twice);
    patron_log_destroy(all);
    patron_log_destroy(log);
    patron_table_destroy(table);
}

/* The whole range of instants: spans are up to 2^64 microseconds. */
static void times_at_both_ends_of_the_range_are_told_apart(void **state) {
    (void)state;
    static const int64_t users[] = {1, 1, 1}, times[] = {INT64_MIN + 1, 0, INT64_MAX - 1};
    static const int64_t from[] = {INT64_MIN + 5, INT64_MAX - 5};
    static const int32_t offsets[] = {86399, -86399};
    static const patron_timezone zones[] = {{"UTC", 0, NULL, NULL, 0}, {"Wide", 2, from, offsets, -3600}};
    for (int k = 0; k < 2; k++) {
        patron_table *table = table_of(3, "user", &(patron_column){.type = PATRON_TYPE_INT64, .values = users});
        made_add(table, "time",
                 &(patron_column){
                     .type = PATRON_TYPE_TIMESTAMP, .values = times, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC"});
        patron_log_options o = plain_options();
        o.user = "user";
        o.time = "time";
        o.has_time_unit = 0;
        o.has_time_range = 1;
        o.time_from = INT64_MIN;
        o.time_to = INT64_MAX;
        o.timezone = &zones[k];
        made m = {.table = table};
        patron_log *log = made_log(ctx, &m, &o);
        assert_int_equal(patron_log_n_events(log), 3);
        assert_int_equal(patron_log_start(log), INT64_MIN + 1);
        assert_int_equal(patron_log_end(log), INT64_MAX);
        patron_table *profile = NULL;
        double tenure, gap;
        assert_int_equal(patron_profile_compute(log, NULL, &profile, NULL), PATRON_OK);
        assert_int_equal(
            patron_table_get_float64(profile, patron_table_find(profile, "tenure_days"), 0, 1, &tenure, NULL, NULL), PATRON_OK);
        assert_int_equal(patron_table_get_float64(profile, patron_table_find(profile, "gap_mean_days"), 0, 1, &gap, NULL, NULL),
                         PATRON_OK);
        const double span = 18446744073709551616.0 / (double)PT_DAY;
        assert_true(fabs(tenure - span) < 1e-6 && fabs(gap - span / 2) < 1e-6);
        patron_table_destroy(profile);
        ask_log(ctx, log);
        patron_log_destroy(log);
        patron_table_destroy(table);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FRUGAL(rows_beyond_32_bits_are_read_where_they_lie),
        FRUGAL(counts_that_make_no_sense_are_refused_by_every_call_on_a_table),
        FRUGAL(tables_that_are_too_long_together_are_refused),
        FRUGAL(lengths_of_arrays_are_bounded_before_they_are_believed),
        FRUGAL(a_stream_of_too_many_rows_is_refused_at_the_batch_that_passes_the_limit),
        FRUGAL(text_beyond_2_gib_is_read_and_checked_to_its_end),
        FRUGAL(offsets_that_went_beyond_32_bits_are_refused),
        FRUGAL(dictionaries_of_more_than_2_31_values_are_read),
        FRUGAL(numbers_beyond_2_31_are_refused_before_any_is_read),
        FRUGAL(random_numbers_come_up_to_the_end_of_their_stream),
        FRUGAL(arrays_of_more_than_2_31_numbers_come_out_right),
        FRUGAL(a_log_of_more_events_than_it_can_number_is_refused_before_any_is_read),
        FRUGAL(sums_beyond_64_bits_are_exact),
        FRUGAL(times_at_both_ends_of_the_range_are_told_apart),
    };
    return cmocka_run_group_tests_name("counts beyond 32 bits", tests, set_up, tear_down);
}
