/* The ground of base: thread pool, cancel, memory cap, blocks and buffers. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "faults.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static patron_ctx *context(int threads) {
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = threads;
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    return ctx;
}

static void *new_array(int64_t n, size_t size) {
    void *array = malloc((size_t)n * size + 1);
    assert_non_null(array);
    return array;
}

/* ---- threads ---- */

typedef struct meeting {
    _Atomic int present, workers[PT_MAX_THREADS];
    int wanted;
} meeting;

static patron_status meet(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)chunk;
    meeting *m = arg;
    m->workers[worker]++;
    m->present++;
    for (int i = 0; m->present < m->wanted; i++) {
        if (i == 5000) return pt_fail(error, PATRON_ERR_INVALID, "Only %d of %d came", m->present, m->wanted);
        usleep(1000);
    }
    return PATRON_OK;
}

static void the_pool_has_exactly_the_threads_it_was_told(void **state) {
    (void)state;
    static const int threads[] = {2, 7, 3, 16}; /* shrinking too */
    patron_ctx *ctx = context(1);
    for (size_t t = 0; t < LENGTH(threads); t++) {
        meeting m = {.wanted = threads[t]}; /* every chunk waits until all run at the same time */
        patron_error error = {0};
        assert_int_equal(patron_ctx_set_threads(ctx, threads[t], NULL), PATRON_OK);
        if (pt_parallel(ctx, threads[t], meet, &m, &error) != PATRON_OK) fail_msg("%s", error.message);
        for (int w = 0; w < PT_MAX_THREADS; w++) assert_int_equal(m.workers[w], w < threads[t]);
    }
    patron_ctx_destroy(ctx);
}

enum { FIRST_FAILURE = 37, N_FAILING = 400 };

typedef struct failing {
    _Atomic int64_t runs[N_FAILING];
    bool first_is_slow; /* the lowest failure is reported after higher ones, or before them */
} failing;

static patron_status fail_now_and_then(void *arg, int64_t chunk, int worker, patron_error *error) {
    failing *f = arg;
    (void)worker;
    f->runs[chunk]++;
    bool slow = f->first_is_slow ? chunk == FIRST_FAILURE : chunk > FIRST_FAILURE;
    usleep(slow ? 3000 : (useconds_t)(chunk % 5) * 50);
    if (chunk < FIRST_FAILURE || chunk % 3 != 1) return PATRON_OK;
    return pt_fail(error, chunk == FIRST_FAILURE ? PATRON_ERR_LIMIT : PATRON_ERR_INVALID, "Chunk %lld", (long long)chunk);
}

static void the_error_of_the_lowest_failing_chunk_comes_back(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 7, 16};
    for (size_t t = 0; t < LENGTH(threads); t++) {
        patron_ctx *ctx = context(threads[t]);
        for (int repeat = 0; repeat < 6; repeat++) {
            failing f = {.first_is_slow = repeat % 2 == 0};
            patron_error error = {0};
            assert_int_equal(pt_parallel(ctx, N_FAILING, fail_now_and_then, &f, &error), PATRON_ERR_LIMIT);
            assert_int_equal(error.status, PATRON_ERR_LIMIT);
            assert_string_equal(error.message, "Chunk 37");
            for (int i = 0; i <= FIRST_FAILURE; i++) assert_int_equal(f.runs[i], 1);
            for (int i = FIRST_FAILURE; i < N_FAILING; i++) assert_true(f.runs[i] <= 1);
            assert_int_equal(f.runs[N_FAILING - 1], 0); /* no work after a failure */
        }
        patron_ctx_destroy(ctx);
    }
}

typedef struct stop_button {
    int64_t pressed_at; /* on pt_clock_ms */
    pthread_t caller;
    bool elsewhere; /* asked on another thread than the caller's */
} stop_button;

static int is_pressed(void *state) {
    stop_button *button = state;
    if (!pthread_equal(button->caller, pthread_self())) button->elsewhere = true;
    return pt_clock_ms() >= button->pressed_at;
}

static patron_ctx *stoppable(stop_button *button, int threads) {
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = threads;
    options.callback_state = button;
    options.cancelled = is_pressed;
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    return ctx;
}

static patron_status sleep_5_ms(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)arg;
    (void)chunk;
    (void)worker;
    (void)error;
    usleep(5000);
    return PATRON_OK;
}

static void cancel_stops_work_within_200_ms(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 7};
    for (size_t t = 0; t < LENGTH(threads); t++) {
        stop_button button = {.pressed_at = pt_clock_ms() + 60, .caller = pthread_self()};
        patron_ctx *ctx = stoppable(&button, threads[t]);
        patron_error error = {0};
        assert_int_equal(pt_parallel(ctx, 2000, sleep_5_ms, NULL, &error), PATRON_ERR_CANCELLED);
        int64_t late = pt_clock_ms() - button.pressed_at;
        if (late < 0 || late > 200) fail_msg("%d threads: %lld ms after the cancel", threads[t], (long long)late);
        assert_int_equal(error.status, PATRON_ERR_CANCELLED);
        assert_string_equal(error.message, "Cancelled");
        button.pressed_at = INT64_MAX; /* and the context still works */
        assert_int_equal(pt_parallel(ctx, 3, sleep_5_ms, NULL, &error), PATRON_OK);
        assert_false(button.elsewhere);
        patron_ctx_destroy(ctx);
    }
}

static void cancelled_work_leaves_its_outputs_as_they_were(void **state) {
    (void)state;
    enum { N = 300000 };
    double *x = new_array(N, sizeof *x), sum = 4.25;
    int64_t *order = new_array(N, sizeof *order);
    for (int threads = 1; threads <= 2; threads++) {
        stop_button button = {.pressed_at = INT64_MIN, .caller = pthread_self()};
        for (int i = 0; i < N; i++) {
            x[i] = i;
            order[i] = N - i;
        }
        for (int call = 0; call < 6; call++) {
            patron_ctx *ctx = stoppable(&button, threads); /* a fresh one asks at once */
            patron_status status = call == 0   ? patron_math_exp(ctx, N, x, x, NULL)
                                   : call == 1 ? patron_math_log(ctx, N, x, x, NULL)
                                   : call == 2 ? patron_math_log_gamma(ctx, N, x, x, NULL)
                                   : call == 3 ? patron_math_sum(ctx, N, x, &sum, NULL)
                                   : call == 4 ? patron_sort_order(ctx, N, order, order, NULL)
                                               : patron_random_uniform(ctx, 1, 2, 3, N, x, NULL);
            if (status != PATRON_ERR_CANCELLED) fail_msg("call %d: %s", call, patron_status_name(status));
            patron_ctx_destroy(ctx);
        }
        assert_true(sum == 4.25);
        for (int i = 0; i < N; i++) assert_true(x[i] == i && order[i] == N - i);
    }
    free(order);
    free(x);
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

static void *do_nothing(void *arg) { return arg; }

/* Where the system gives no threads, work goes on alone, and asking again and again costs nothing. */
static void a_pool_without_threads_does_not_grow(void **state) {
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        if ((geteuid() == 0 && setuid(65534) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0) _exit(77);
        pthread_t probe;
        if (pthread_create(&probe, NULL, do_nothing, NULL) == 0) _exit(77);
        patron_ctx *ctx = context(4);
        failing f = {.first_is_slow = true};
        uint64_t before = 0;
        for (int i = 0; i < 5; i++) {
            if (pt_parallel(ctx, FIRST_FAILURE, fail_now_and_then, &f, NULL) != PATRON_OK) _exit(1);
            if (i == 0) before = patron_ctx_memory(ctx);
        }
        if (patron_ctx_memory(ctx) != before) _exit(2);
        patron_ctx_destroy(ctx);
        _exit(f.runs[0] == 5 ? 0 : 3);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    if (WEXITSTATUS(how) == 77) skip();
    assert_int_equal(WEXITSTATUS(how), 0);
}

/* ---- memory ---- */

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
    patron_ctx *ctx = context(1);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pool_has_exactly_the_threads_it_was_told),
        cmocka_unit_test(the_error_of_the_lowest_failing_chunk_comes_back),
        cmocka_unit_test(cancel_stops_work_within_200_ms),
        cmocka_unit_test(cancelled_work_leaves_its_outputs_as_they_were),
        cmocka_unit_test(the_memory_cap_is_kept_and_named),
        cmocka_unit_test(a_pool_without_threads_does_not_grow),
        cmocka_unit_test(blocks_are_aligned_counted_and_grow),
        cmocka_unit_test(large_blocks_of_the_default_allocator_hold_what_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
