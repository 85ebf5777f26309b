/* tests/c/test_counts.c: more than 32 bits can count: rows, bytes of text, values of a dictionary, elements of a section,
 * events, and sums beyond 64 bits. Each comes out right, or is refused with a clear message before anything is read or
 * allocated.
 *
 * No memory is spent on it. Large arrays are sparse: a reservation of address space in which a few places are written and the
 * rest reads as zeros from one shared page. Arrays that only claim to be large are 64 bytes in a block of their own, so that a
 * sanitizer sees whoever believes them. Large files are file operations that map such an array. The context's cap, 256 MiB,
 * stands for the machine's memory: what would need more says PATRON_ERR_NO_MEMORY.
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
#include "base/checksum.h"
#include "saved_kinds.h"

#include <sys/mman.h>
#include <unistd.h>

#define TWO_31 (INT64_C(1) << 31)
#define TWO_32 (INT64_C(1) << 32)
#define MOST_ROWS (INT64_C(1) << 47)
enum { CAP = 256 << 20, SLACK = 4 << 20 };

static patron_ctx *ctx;
static bool thorough;

static int set_up(void **state) {
    (void)state;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 2;
    options.memory_cap = CAP;
    thorough = saved_thorough();
    return patron_ctx_create(&options, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

/* What a test held at most, beyond what is held now: next to nothing. */
static int frugal(void **state) {
    (void)state;
    assert_true(patron_ctx_memory_peak(ctx) < patron_ctx_memory(ctx) + SLACK);
    return 0;
}

static int begin_frugal(void **state) {
    (void)state;
    patron_ctx_memory_peak_reset(ctx);
    return 0;
}

/* Zeros, as many as are asked for. */
static void *sparse(int64_t bytes) {
    void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static void drop(void *memory, int64_t bytes) { assert_int_equal(munmap(memory, (size_t)bytes), 0); }

static void assert_failed(patron_status status, patron_status expected, const patron_error *error, const char *words) {
    if (status != expected || strstr(error->message, words) == NULL)
        fail_msg("status '%s', \"%s\"; expected '%s', \"%s\"", patron_status_name(status), error->message,
                 patron_status_name(expected), words);
}

static int64_t at(const patron_table *table, int64_t column, int64_t row) {
    int64_t value = -1;
    uint8_t valid = 1;
    patron_error error = {0};
    if (patron_table_get_int64(table, column, row, 1, &value, &valid, &error) != PATRON_OK) fail_msg("%s", error.message);
    return valid ? value : NONE;
}

static patron_table *table_of(int64_t n, const char *name, const patron_column *column) {
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, n, &table, &error), PATRON_OK);
    if (patron_table_borrow_column(table, name, column, &error) != PATRON_OK) fail_msg("%s", error.message);
    return table;
}

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

/* ---- files: what they are mapped from is memory
 * ------------------------------------------------------------------------------ */

typedef struct mapped {
    char *memory; /* of `room` bytes, sparse */
    int64_t room, length;
    const char *zeros; /* what is written from here is zeros and left out */
    int64_t n_zeros;
} mapped;

static int mapped_open(void *state, const char *path) { return (void)state, (void)path, 3; }
static int mapped_create(void *state, const char *path) {
    (void)path;
    ((mapped *)state)->length = 0;
    return 3;
}
static int64_t mapped_write(void *state, int fd, const void *data, size_t n) {
    mapped *m = state;
    (void)fd;
    if (m->length + (int64_t)n > m->room) return -28;
    bool zeros = m->zeros != NULL && (const char *)data >= m->zeros && (const char *)data < m->zeros + m->n_zeros;
    if (!zeros) memcpy(m->memory + m->length, data, n);
    m->length += (int64_t)n;
    return (int64_t)n;
}
static int64_t mapped_length(void *state, int fd) { return (void)fd, ((mapped *)state)->length; }
static int mapped_fine(void *state, int fd) { return (void)state, (void)fd, 0; }
static int mapped_path(void *state, const char *path) { return (void)state, (void)path, 0; }
static int mapped_rename(void *state, const char *from, const char *to) { return (void)state, (void)from, (void)to, 0; }
static int mapped_map(void *state, int fd, size_t n, const void **out) {
    (void)fd;
    (void)n;
    *out = ((mapped *)state)->memory;
    return 0;
}
static void mapped_unmap(void *state, const void *data, size_t n) { (void)state, (void)data, (void)n; }

static patron_ctx *mapped_ctx(mapped *m, int64_t room) {
    *m = (mapped){.memory = sparse(room), .room = room};
    const patron_file_ops files = {m,           mapped_create, mapped_open, mapped_write, mapped_length, mapped_fine,
                                   mapped_fine, mapped_rename, mapped_path, mapped_path,  mapped_map,    mapped_unmap};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.file_ops = &files;
    options.threads = 2;
    options.memory_cap = CAP;
    patron_ctx *own = NULL;
    assert_int_equal(patron_ctx_create(&options, &own, NULL), PATRON_OK);
    return own;
}

static void mapped_end(mapped *m, patron_ctx *own) {
    assert_true(patron_ctx_memory_peak(own) < patron_ctx_memory(own) + SLACK);
    patron_ctx_destroy(own);
    drop(m->memory, m->room);
}

/* A file of any kind that says it has 8 GiB, and has them. */
static void a_file_beyond_4_gib_that_lies_is_refused_without_being_read(void **state) {
    (void)state;
    const int64_t lengths[] = {TWO_31, TWO_32, 2 * TWO_32};
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 2 * TWO_32);
    for (int k = 0; k < N_SAVED_SAMPLES; k++) {
        patron_bytes *bytes = saved_samples[k].make(ctx, 3, 0);
        int64_t size = patron_bytes_size(bytes);
        memcpy(m.memory, patron_bytes_data(bytes), (size_t)size);
        pt_file_head *head = (pt_file_head *)(void *)m.memory;
        pt_file_entry *last = &head->entries[head->extent.n_sections - 1];
        for (int i = 0; i < LENGTH(lengths); i++)
            for (int lie = 0; lie < 3; lie++) {
                const uint64_t count = last->count;
                m.length = lengths[i];
                head->extent.length = (uint64_t)lengths[i];
                if (lie == 1) head->extent.n_sections += UINT32_C(1) << 31;
                if (lie == 2) last->count += UINT64_C(1) << 61;
                head->extent.checksum = pt_crc32c_plain(
                    0, &head->extent.n_sections, 60 + (int64_t)(head->extent.n_sections & 0xffff) * (int64_t)sizeof *last);
                void *object = NULL;
                patron_error error = {0};
                patron_file_info *info = NULL;
                assert_failed(saved_samples[k].kind->load(own, "file", &object, &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_failed(patron_file_verify(own, "file", &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_failed(patron_file_inspect(own, "file", &info, &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_null(object);
                assert_null(info);
                if (lie == 1) head->extent.n_sections -= UINT32_C(1) << 31;
                last->count = count;
            }
        memset(m.memory, 0, (size_t)size);
        patron_bytes_destroy(bytes);
    }
    mapped_end(&m, own);
}

static void a_section_of_more_than_2_31_elements_is_written_and_read(void **state) {
    (void)state;
    const int64_t n = TWO_31 + 7; /* of two bytes: more than 4 GiB */
    int16_t *data = sparse(2 * n);
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 2 * n + 4096);
    pt_writer *writer = NULL;
    assert_int_equal(pt_writer_create(own, "sample", 1, &writer, NULL), PATRON_OK);
    pt_writer_add(writer, "many", PATRON_SECTION_INT16, data, n);
    pt_writer_add_int64(writer, "n", n);
    m.zeros = (const char *)data;
    m.n_zeros = 2 * n;
    assert_int_equal(pt_writer_save(writer, "file", NULL), PATRON_OK);
    assert_true(m.length > 2 * n && m.length % 64 == 0);
    pt_writer_destroy(writer);
    pt_reader *reader = NULL;
    const int16_t *read = NULL;
    int64_t count = 0, said = 0;
    assert_int_equal(pt_reader_open(own, "file", "sample", 1, &reader, NULL), PATRON_OK);
    assert_int_equal(pt_reader_int64(reader, "n", 0, INT64_MAX, &said, NULL), PATRON_OK);
    assert_int_equal(pt_reader_section(reader, "many", PATRON_SECTION_INT16, &read, &count, NULL), PATRON_OK);
    assert_int_equal(count, n);
    assert_int_equal(said, n);
    assert_int_equal(read[n - 1], 0);
    pt_reader_destroy(reader);
    m.memory[(const char *)(read + n - 3) - m.memory] = 1; /* behind the 2^32nd byte of the file */
    patron_error error = {0};
    assert_failed(patron_file_verify(own, "file", &error), PATRON_ERR_FORMAT, &error, "section \"many\" is damaged");
    mapped_end(&m, own);
    drop(data, 2 * n);
    /* and one that no file can hold */
    patron_bytes *bytes = NULL;
    assert_int_equal(pt_writer_create(ctx, "sample", 1, &writer, NULL), PATRON_OK);
    pt_writer_add(writer, "many", PATRON_SECTION_INT64, &said, (INT64_C(1) << 61) + 1);
    assert_failed(pt_writer_to_bytes(writer, &bytes, &error), PATRON_ERR_LIMIT, &error, "2305843009213693953 elements");
    pt_writer_destroy(writer);
}

/* All of one user, at one instant, and all of the first kind: zeros. */
static void a_log_of_more_than_2_31_events_is_loaded(void **state) {
    (void)state;
    if (!thorough) skip();
    const int64_t n = TWO_31 + 5, offsets[] = {0, n};
    void *zeros = sparse(8 * n);
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 10 * n + (1 << 20));
    made_row row = {.user = 1};
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_bytes *bytes = saved_log(made_log_of(ctx, &row, 1, AS_INT64, 1, &o));
    pt_reader *reader = NULL;
    pt_writer *writer = NULL;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL),
                     PATRON_OK);
    assert_int_equal(pt_writer_create(own, "log", 1, &writer, NULL), PATRON_OK);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section section;
        const void *data;
        int64_t count;
        pt_reader_entry(reader, i, &section);
        assert_int_equal(pt_reader_section(reader, section.name, section.type, &data, &count, NULL), PATRON_OK);
        if (strcmp(section.name, "n") == 0) data = &n;
        if (strcmp(section.name, "offsets") == 0) data = offsets;
        if (strcmp(section.name, "time") == 0 || strcmp(section.name, "kinds") == 0) {
            data = zeros;
            count = n;
        }
        pt_writer_add(writer, section.name, section.type, data, count);
    }
    m.zeros = zeros;
    m.n_zeros = 8 * n;
    assert_int_equal(pt_writer_save(writer, "file", NULL), PATRON_OK);
    pt_writer_destroy(writer);
    pt_reader_destroy(reader);
    patron_bytes_destroy(bytes);
    patron_log *log = NULL, *other = NULL;
    patron_error error = {0};
    if (patron_log_load(own, "file", &log, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_int_equal(patron_log_n_events(log), n);
    assert_int_equal(patron_log_end(log), 1);
    assert_int_equal(patron_log_offsets(log)[1], n);
    patron_table *table = NULL;
    assert_int_equal(patron_log_users(log, INT64_MAX, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_n_rows(table), 1);
    patron_table_destroy(table);
    table = NULL;
    assert_int_equal(patron_log_quality(log, NULL, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    table = NULL;
    assert_failed(patron_log_merge(log, log, &other, &error), PATRON_ERR_LIMIT, &error, "in one log");
    assert_failed(patron_log_between(log, 0, 1, &other, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_failed(patron_log_events(log, &table, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_failed(patron_profile_compute(log, NULL, &table, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    patron_log_destroy(log);
    mapped_end(&m, own);
    drop(zeros, 8 * n);
}

int main(void) {
#define FRUGAL(test) cmocka_unit_test_setup_teardown(test, begin_frugal, frugal)
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
        FRUGAL(a_file_beyond_4_gib_that_lies_is_refused_without_being_read),
        FRUGAL(a_section_of_more_than_2_31_elements_is_written_and_read),
        FRUGAL(a_log_of_more_than_2_31_events_is_loaded),
    };
    return cmocka_run_group_tests_name("counts beyond 32 bits", tests, set_up, tear_down);
}
