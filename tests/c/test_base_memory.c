/* Memory and errors of a context: blocks, the cap, blocks that are kept for later, buffers, messages. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "contexts.h"
#include "faults.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A sanitizer would stop the process where the system says no. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }
const char *__tsan_default_options(void) { return "allocator_may_return_null=1"; }

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define MIB ((int64_t)1 << 20)

static void *new_array(int64_t n, size_t size) {
    void *array = malloc((size_t)n * size + 1);
    assert_non_null(array);
    return array;
}

static void the_memory_cap_is_kept_and_named(void **state) {
    (void)state;
    enum { N = 100000, CAP = 1 << 20 };
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.memory_cap = CAP;
    options.threads = 2;
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    int64_t *keys = new_array(N, sizeof *keys), *order = new_array(N, sizeof *order);
    for (int i = 0; i < N; i++) {
        keys[i] = -i;
        order[i] = 5;
    }
    patron_error error = {0};
    assert_int_equal(patron_sort_order(ctx, N, keys, order, &error), PATRON_ERR_NO_MEMORY);
    assert_non_null(strstr(error.message, "1048576"));
    for (int i = 0; i < N; i++) assert_int_equal(order[i], 5);
    assert_int_equal(patron_ctx_memory(ctx), 0);
    assert_int_equal(patron_sort_order(ctx, N / 5, keys, order, &error), PATRON_OK);
    assert_int_equal(order[0], N / 5 - 1);
    assert_in_range(patron_ctx_memory_peak(ctx), (N / 5) * 32, CAP);
    patron_ctx_memory_peak_reset(ctx);
    assert_true(patron_ctx_memory_peak(ctx) == patron_ctx_memory(ctx));
    patron_ctx_destroy(ctx);
    free(order);
    free(keys);
}

static void blocks_are_aligned_counted_and_grow(void **state) {
    (void)state;
    faults f = {0};
    patron_allocator allocator = faults_allocator(&f);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.allocator = &allocator;
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    int64_t *block = NULL, capacity = 0;
    for (int64_t n = 0; n < 1000; n++) {
        assert_int_equal(pt_grow(ctx, &block, n, &capacity, n + 1, sizeof *block, NULL), PATRON_OK);
        assert_true(capacity > n && (uintptr_t)block % 64 == 0);
        block[n] = n;
    }
    for (int64_t n = 0; n < 1000; n++) assert_int_equal(block[n], n);
    assert_int_equal(f.live_blocks, 2);
    patron_error error = {0};
    int64_t *wide = NULL;
    assert_int_equal(pt_alloc(ctx, &wide, INT64_MAX / 4, 8, &error), PATRON_ERR_NO_MEMORY);
    assert_int_equal(pt_alloc(ctx, &wide, -1, 8, &error), PATRON_ERR_NO_MEMORY);
    assert_non_null(strstr(error.message, "-1"));
    pt_free(ctx, block);
    assert_int_equal(patron_ctx_memory(ctx), 0);
    pt_buffer *buffer = NULL;
    assert_int_equal(pt_buffer_create(ctx, 100, &buffer, NULL), PATRON_OK);
    patron_ctx_destroy(ctx); /* the buffer keeps it */
    assert_true(f.live_blocks > 0);
    pt_buffer_release(pt_buffer_retain(buffer));
    pt_buffer_release(buffer);
    assert_int_equal(f.live_blocks, 0);
    assert_int_equal(f.live_bytes, 0);
}

static void large_blocks_of_the_default_allocator_hold_what_is_written(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    for (int64_t n = 1; n < INT64_C(40) << 20; n = n * 5 + 1) {
        char *block = NULL;
        assert_int_equal(pt_alloc_zero(ctx, &block, n, 1, NULL), PATRON_OK);
        assert_true(block[0] == 0 && block[n - 1] == 0);
        memset(block, 1, (size_t)n);
        pt_free(ctx, block);
    }
    assert_int_equal(patron_ctx_memory(ctx), 0);
    patron_ctx_destroy(ctx);
}

static void more_than_there_can_be_is_refused_and_named(void **state) {
    (void)state;
    static const struct {
        int64_t count;
        size_t size;
        const char *message;
    } known[] = {
        {-1, 8, "No memory for -1 elements of 8 bytes"},
        {INT64_MAX, 16, "No memory for 9223372036854775807 elements of 16 bytes"}, /* 2^67 bytes */
        {INT64_MAX, 1, "No memory for 9223372036854775807 elements of 1 bytes"},
        {INT64_MAX / 8, 4, "No memory for a block of 4611686018427387964 bytes"}, /* the system has no such thing */
        {(int64_t)1 << 50, 1, "No memory for a block of 1125899906842688 bytes"},
    };
    patron_ctx *ctx = new_ctx(0);
    for (size_t i = 0; i < LENGTH(known); i++) {
        char mark, *block = &mark;
        patron_error error = {0};
        assert_int_equal(pt_alloc(ctx, &block, known[i].count, known[i].size, &error), PATRON_ERR_NO_MEMORY);
        assert_string_equal(error.message, known[i].message);
        assert_ptr_equal(block, &mark);
        assert_int_equal(patron_ctx_memory(ctx), 0);
    }
    int64_t *block = NULL, capacity = 0;
    assert_int_equal(pt_grow(ctx, &block, 0, &capacity, INT64_MAX, sizeof *block, NULL), PATRON_ERR_NO_MEMORY);
    assert_null(block);
    assert_int_equal(capacity, 0);
    patron_ctx_destroy(ctx);
}

/* ---- kept blocks ---- */

static char *take(patron_ctx *ctx, int64_t bytes) {
    char *block = NULL;
    assert_int_equal(pt_alloc(ctx, &block, bytes, 1, NULL), PATRON_OK);
    return block;
}

/* Sanitizer builds keep nothing. */
static patron_ctx *keeping_context(void) {
    patron_ctx *ctx = new_ctx(0);
    if (!ctx->reserves) {
        patron_ctx_destroy(ctx);
        skip();
    }
    return ctx;
}

static void the_kept_block_that_fits_best_comes_back(void **state) {
    (void)state;
    patron_ctx *ctx = keeping_context();
    char *blocks[] = {take(ctx, 23 * MIB), take(ctx, 20 * MIB), take(ctx, 22 * MIB), take(ctx, 40 * MIB), take(ctx, 8 * MIB)};
    for (size_t i = 0; i < LENGTH(blocks); i++) pt_free(ctx, blocks[i]);
    assert_int_equal(ctx->reserve.n, 5);
    assert_int_equal(patron_ctx_memory(ctx), 0); /* held by nobody */
    char *fit = take(ctx, 19 * MIB);             /* 20 of 23, 20, 22; 40 is more than a quarter larger, 8 too small */
    assert_ptr_equal(fit, blocks[1]);
    assert_true(patron_ctx_memory(ctx) >= (uint64_t)(20 * MIB)); /* what the block has, not what was asked for */
    assert_true(patron_ctx_memory_peak(ctx) >= patron_ctx_memory(ctx));
    char *next = take(ctx, 19 * MIB);
    assert_ptr_equal(next, blocks[2]);
    char *fresh = take(ctx, 26 * MIB); /* none of 23, 40 and 8 */
    assert_int_equal(ctx->reserve.n, 3);
    pt_free(ctx, fresh);
    pt_free(ctx, next);
    pt_free(ctx, fit);
    assert_int_equal(patron_ctx_memory(ctx), 0);
    patron_ctx_destroy(ctx);
}

static void a_block_that_nobody_asks_for_goes_after_ten_seconds(void **state) {
    (void)state;
    patron_ctx *ctx = keeping_context();
    char *old = take(ctx, 8 * MIB), *young = take(ctx, 9 * MIB), *last = take(ctx, 10 * MIB);
    pt_free(ctx, old);
    pt_free(ctx, young);
    ctx->reserve.blocks[0].since -= 10001;
    pt_free(ctx, last);
    assert_int_equal(ctx->reserve.n, 2);
    for (int i = 0; i < 2; i++) assert_ptr_equal((char *)ctx->reserve.blocks[i].memory + 64, i == 0 ? young : last);
    patron_ctx_destroy(ctx);
}

static void no_more_is_kept_than_there_is_room_for(void **state) {
    (void)state;
    patron_ctx *ctx = keeping_context();
    char *blocks[PT_RESERVE_BLOCKS + 1];
    for (int i = 0; i <= PT_RESERVE_BLOCKS; i++) blocks[i] = take(ctx, 5 * MIB);
    for (int i = 0; i <= PT_RESERVE_BLOCKS; i++) pt_free(ctx, blocks[i]);
    assert_int_equal(ctx->reserve.n, PT_RESERVE_BLOCKS);
    pt_reserve_clear(ctx);
    assert_int_equal(ctx->reserve.n, 0);
    assert_int_equal(ctx->reserve.total, 0);
    char *first = take(ctx, 600 * MIB), *second = take(ctx, 600 * MIB); /* their pages are never touched */
    pt_free(ctx, first);
    pt_free(ctx, second); /* together more than a gibibyte */
    assert_int_equal(ctx->reserve.n, 1);
    patron_ctx_destroy(ctx);
}

static void who_finds_the_reserve_locked_does_without(void **state) {
    (void)state;
    patron_ctx *ctx = keeping_context();
    pt_free(ctx, take(ctx, 8 * MIB));
    assert_int_equal(ctx->reserve.n, 1);
    assert_false(atomic_flag_test_and_set(&ctx->reserve.busy)); /* as in the child of a fork, for ever */
    char *block = take(ctx, 8 * MIB);
    block[8 * MIB - 1] = 1;
    pt_free(ctx, block);
    pt_reserve_clear(ctx);
    assert_int_equal(ctx->reserve.n, 1);
    atomic_flag_clear(&ctx->reserve.busy);
    patron_ctx_destroy(ctx);
}

/* The pages that this process has mapped. */
static int64_t mapped_bytes(void) {
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lld", &pages), 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static void kept_blocks_give_way_when_the_system_refuses(void **state) {
    (void)state;
    if (getenv("PATRON_VALGRIND") != NULL) skip(); /* which needs the address space itself */
    patron_ctx *ctx = keeping_context();
    pt_free(ctx, take(ctx, 256 * MIB));
    struct rlimit before, tight;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tight = (struct rlimit){(rlim_t)(mapped_bytes() + 64 * MIB), before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    char *block = NULL; /* another size: only without the kept one is there room */
    patron_status status = pt_alloc(ctx, &block, 280 * MIB, 1, NULL);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(status, PATRON_OK);
    assert_int_equal(ctx->reserve.n, 0);
    pt_free(ctx, block);
    patron_ctx_destroy(ctx);
}

static void a_cap_ends_the_keeping(void **state) {
    (void)state;
    patron_ctx *ctx = keeping_context();
    pt_free(ctx, take(ctx, 8 * MIB));
    patron_ctx_set_memory_cap(ctx, (uint64_t)(9 * MIB));
    assert_int_equal(ctx->reserve.n, 0);
    char *block = take(ctx, 8 * MIB), *more = NULL;
    assert_int_equal(pt_alloc(ctx, &more, 2 * MIB, 1, NULL), PATRON_ERR_NO_MEMORY);
    pt_free(ctx, block);
    assert_int_equal(ctx->reserve.n, 0);
    patron_ctx_set_memory_cap(ctx, 0);
    pt_free(ctx, take(ctx, 10 * MIB));
    assert_int_equal(ctx->reserve.n, 1);
    patron_ctx_destroy(ctx);
}

/* ---- options ---- */

/* A program compiled with later headers: its options are longer. */
typedef struct later_options {
    patron_ctx_options known;
    int64_t more[2];
} later_options;

static void options_of_other_versions_are_read_as_far_as_they_are_understood(void **state) {
    (void)state;
    patron_ctx *ctx = NULL;
    patron_error error = {0};
    later_options later;
    memset(&later, 0x5a, sizeof later);
    patron_ctx_options_init_sized(&later.known, sizeof later);
    assert_true(later.known.struct_size == sizeof later && later.more[0] == 0 && later.more[1] == 0);
    later.known.threads = 3;
    assert_int_equal(patron_ctx_create(&later.known, &ctx, &error), PATRON_OK); /* it asks for nothing new */
    assert_int_equal(patron_ctx_threads(ctx), 3);
    patron_ctx_destroy(ctx);
    ctx = NULL;
    ((unsigned char *)&later.more[1])[3] = 1;
    assert_int_equal(patron_ctx_create(&later.known, &ctx, &error), PATRON_ERR_INVALID);
    char where[64];
    snprintf(where, sizeof where, "has %zu bytes and byte %zu is set", sizeof later, offsetof(later_options, more) + 11);
    assert_non_null(strstr(error.message, where));
    assert_null(ctx);

    patron_ctx_options earlier; /* and one that ends before `threads` */
    memset(&earlier, 0x5a, sizeof earlier);
    patron_ctx_options_init_sized(&earlier, offsetof(patron_ctx_options, threads));
    assert_int_equal(earlier.threads, 0x5a5a5a5a);
    assert_int_equal(patron_ctx_create(&earlier, &ctx, &error), PATRON_OK);
    assert_in_range(patron_ctx_threads(ctx), 1, PT_MAX_THREADS);
    patron_ctx_destroy(ctx);
    ctx = NULL;
    const size_t never_filled[] = {0, 1, sizeof(size_t) - 1, ((size_t)1 << 16) + 1, SIZE_MAX};
    for (size_t i = 0; i < LENGTH(never_filled); i++) {
        earlier.struct_size = never_filled[i];
        assert_int_equal(patron_ctx_create(&earlier, &ctx, &error), PATRON_ERR_INVALID);
        assert_non_null(strstr(error.message, "fill the struct with patron_ctx_options_init"));
    }
    assert_null(ctx);
}

static void allocators_and_file_operations_without_a_function_are_refused(void **state) {
    (void)state;
    patron_ctx *ctx = NULL;
    patron_error error = {0};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    patron_allocator allocator = pt_allocator_default;
    options.allocator = &allocator;
    allocator.allocate = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "A function of the allocator is NULL; expected both");
    allocator = pt_allocator_default;
    allocator.release = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, &error), PATRON_ERR_INVALID);
    options.allocator = NULL;
    enum { FUNCTIONS = (sizeof(patron_file_ops) - sizeof(void *)) / sizeof(void (*)(void)) };
    for (size_t i = 0; i < FUNCTIONS; i++) {
        patron_file_ops ops = pt_file_ops_posix;
        memset((char *)&ops + sizeof(void *) + i * sizeof(void (*)(void)), 0, sizeof(void (*)(void)));
        options.file_ops = &ops;
        assert_int_equal(patron_ctx_create(&options, &ctx, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, "A function of file_ops is NULL; expected all eleven");
    }
    assert_null(ctx);
}

/* ---- errors ---- */

static void every_status_has_a_name(void **state) {
    (void)state;
    static const char *const names[] = {"ok",        "invalid value",   "wrong type", "not found",     "out of memory",
                                        "I/O error", "bad file format", "cancelled",  "beyond a limit"};
    for (int i = 0; i < (int)LENGTH(names); i++) assert_string_equal(patron_status_name((patron_status)i), names[i]);
    assert_string_equal(patron_status_name((patron_status)LENGTH(names)), "unknown status");
    assert_string_equal(patron_status_name((patron_status)-1), "unknown status");
    assert_string_equal(patron_version(), PATRON_VERSION);
}

static void a_message_is_cut_between_characters(void **state) {
    (void)state;
    enum { SIZE = sizeof((patron_error *)0)->message };
    static const char *const endings[] = {"x", "\xc3\xa9", "\xe5\xae\xa2", "\xf0\x9f\x98\x80"};
    char text[SIZE + 8];
    for (size_t e = 0; e < LENGTH(endings); e++)
        for (int before = SIZE - 8; before <= SIZE; before++) { /* the character at, around and beyond the end */
            patron_error error;
            memset(text, 'a', sizeof text);
            strcpy(text + before, endings[e]);
            assert_int_equal(pt_fail(&error, PATRON_ERR_LIMIT, "%s", text), PATRON_ERR_LIMIT);
            size_t n = strlen(error.message), whole = strlen(text);
            assert_true(n < SIZE && (n == whole || n == (size_t)before || n == SIZE - 1));
            assert_memory_equal(error.message, text, n);
            if (whole < SIZE) assert_int_equal(n, whole);
            if (n > (size_t)before) assert_int_equal(n, whole); /* all of it or nothing */
        }
    assert_int_equal(pt_fail(NULL, PATRON_ERR_LIMIT, "%s", text), PATRON_ERR_LIMIT);
}

static void the_systems_own_words_follow_where_there_is_room(void **state) {
    (void)state;
    enum { SIZE = sizeof((patron_error *)0)->message };
    patron_error error = {0};
    assert_int_equal(pt_fail_os(&error, ENOENT, "Cannot open %s", "shop"), PATRON_ERR_IO);
    assert_int_equal(error.os_error, ENOENT);
    assert_string_equal(error.message, "Cannot open shop: No such file or directory");
    char text[SIZE];
    static const int lengths[] = {SIZE - 5, SIZE - 4, SIZE - 3, SIZE - 1}; /* room for a part of it, for none */
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        memset(text, 'a', SIZE);
        text[lengths[i]] = '\0';
        assert_int_equal(pt_fail_os(&error, ENOENT, "%s", text), PATRON_ERR_IO);
        assert_string_equal(error.message, text);
    }
    memcpy(error.message, "old", 4);
    pt_fail(&error, PATRON_ERR_INVALID, "%s is %s", error.message, "kept"); /* arguments in the old message */
    assert_string_equal(error.message, "old is kept");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_memory_cap_is_kept_and_named),
        cmocka_unit_test(blocks_are_aligned_counted_and_grow),
        cmocka_unit_test(large_blocks_of_the_default_allocator_hold_what_is_written),
        cmocka_unit_test(more_than_there_can_be_is_refused_and_named),
        cmocka_unit_test(the_kept_block_that_fits_best_comes_back),
        cmocka_unit_test(a_block_that_nobody_asks_for_goes_after_ten_seconds),
        cmocka_unit_test(no_more_is_kept_than_there_is_room_for),
        cmocka_unit_test(who_finds_the_reserve_locked_does_without),
        cmocka_unit_test(kept_blocks_give_way_when_the_system_refuses),
        cmocka_unit_test(a_cap_ends_the_keeping),
        cmocka_unit_test(options_of_other_versions_are_read_as_far_as_they_are_understood),
        cmocka_unit_test(allocators_and_file_operations_without_a_function_are_refused),
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(a_message_is_cut_between_characters),
        cmocka_unit_test(the_systems_own_words_follow_where_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
