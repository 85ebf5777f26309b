/* tests/c/counts.h: what the tests of large counts share: sparse arrays, and a context whose cap, 256 MiB, stands for the
 * machine's memory: what would need more says PATRON_ERR_NO_MEMORY. Include it after cmocka.h. */
#ifndef PATRON_TESTS_COUNTS_H
#define PATRON_TESTS_COUNTS_H

#include "saved_kinds.h"

#include <sys/mman.h>

#define TWO_31 (INT64_C(1) << 31)
#define TWO_32 (INT64_C(1) << 32)
#define MOST_ROWS (INT64_C(1) << 47)
enum { CAP = 256 << 20, SLACK = 4 << 20 };

static patron_ctx *ctx;
static bool thorough;

static inline int set_up(void **state) {
    (void)state;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 2;
    options.memory_cap = CAP;
    thorough = saved_thorough();
    return patron_ctx_create(&options, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

/* What a test held at most, beyond what is held now: next to nothing. */
static inline int frugal(void **state) {
    (void)state;
    assert_true(patron_ctx_memory_peak(ctx) < patron_ctx_memory(ctx) + SLACK);
    return 0;
}

static inline int begin_frugal(void **state) {
    (void)state;
    patron_ctx_memory_peak_reset(ctx);
    return 0;
}

/* Zeros, as many as are asked for. */
static inline void *sparse(int64_t bytes) {
    void *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static inline void drop(void *memory, int64_t bytes) { assert_int_equal(munmap(memory, (size_t)bytes), 0); }

static inline void assert_failed(patron_status status, patron_status expected, const patron_error *error, const char *words) {
    if (status != expected || strstr(error->message, words) == NULL)
        fail_msg("status '%s', \"%s\"; expected '%s', \"%s\"", patron_status_name(status), error->message,
                 patron_status_name(expected), words);
}

static inline int64_t at(const patron_table *table, int64_t column, int64_t row) {
    int64_t value = -1;
    uint8_t valid = 1;
    patron_error error = {0};
    if (patron_table_get_int64(table, column, row, 1, &value, &valid, &error) != PATRON_OK) fail_msg("%s", error.message);
    return valid ? value : NONE;
}

static inline patron_table *table_of(int64_t n, const char *name, const patron_column *column) {
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, n, &table, &error), PATRON_OK);
    if (patron_table_borrow_column(table, name, column, &error) != PATRON_OK) fail_msg("%s", error.message);
    return table;
}

/* A test that holds next to nothing. */
#define FRUGAL(test) cmocka_unit_test_setup_teardown(test, begin_frugal, frugal)

#endif
