/* The ground of base: thread pool, cancel, progress, how many threads there may be, and what atomics find together. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "contexts.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

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
    patron_ctx *ctx = new_ctx(1);
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
        patron_ctx *ctx = new_ctx(threads[t]);
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

/* The next threads get stacks of this size; 2^47 bytes are more than a process can have. */
static void set_stack_size(size_t size) {
    pthread_attr_t attributes;
    assert_int_equal(pthread_getattr_default_np(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, size), 0);
    assert_int_equal(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
}

static void note(void *said, const char *sentence) { strcat(said, sentence); }

static void a_pool_without_threads_works_alone_and_does_not_grow(void **state) {
    (void)state;
    pthread_attr_t attributes;
    size_t usual = 0;
    assert_int_equal(pthread_getattr_default_np(&attributes), 0);
    assert_int_equal(pthread_attr_getstacksize(&attributes, &usual), 0);
    pthread_attr_destroy(&attributes);
    patron_ctx *ctx = new_ctx(4);
    char said[256] = "";
    ctx->log = note;
    ctx->callback_state = said;
    meeting m = {.wanted = 1};
    uint64_t before = 0;
    set_stack_size((size_t)1 << 47);
    for (int i = 0; i < 5; i++) { /* asking again and again costs nothing */
        if (pt_parallel(ctx, 8, meet, &m, NULL) != PATRON_OK) m.wanted = 0;
        if (i == 0) before = patron_ctx_memory(ctx);
    }
    set_stack_size(usual);
    assert_int_equal(m.wanted, 1);
    assert_int_equal(m.workers[0], 40);
    assert_int_equal(m.present, 40);
    assert_true(patron_ctx_memory(ctx) == before);
    assert_string_equal(said, "Asked for 3 more threads, the system gave 0; the work goes on with those"); /* once */
    patron_ctx_destroy(ctx);
}

/* An allocator that refuses, or that does a job of its own first. */
typedef struct stand_in {
    bool refuses;
    patron_ctx *busy; /* not NULL: the next allocation runs `job` on it before it is given */
    meeting *job;
    pt_pool *pool; /* the pool that the job left */
    _Atomic int live;
} stand_in;

static void *stand_in_allocate(void *state, size_t size) {
    stand_in *self = state;
    patron_ctx *busy = self->busy;
    self->busy = NULL;
    if (busy != NULL) {
        assert_int_equal(pt_parallel(busy, self->job->wanted, meet, self->job, NULL), PATRON_OK);
        self->pool = busy->pool;
    }
    if (self->refuses) return NULL;
    self->live++;
    return aligned_alloc(64, (size + 63) & ~(size_t)63);
}

static void stand_in_release(void *state, void *memory, size_t size) {
    (void)size;
    ((stand_in *)state)->live--;
    free(memory);
}

static patron_ctx *stand_in_context(stand_in *self, int threads) {
    const patron_allocator allocator = {self, stand_in_allocate, stand_in_release};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.allocator = &allocator;
    options.threads = threads;
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    return ctx;
}

static void a_pool_that_cannot_grow_stays_as_it_is(void **state) {
    (void)state;
    stand_in memory = {0};
    patron_ctx *ctx = stand_in_context(&memory, 2);
    meeting two = {.wanted = 2}, alone = {.wanted = 1}, again = {.wanted = 2};
    assert_int_equal(pt_parallel(ctx, 2, meet, &two, NULL), PATRON_OK);
    memory.refuses = true;
    assert_int_equal(patron_ctx_set_threads(ctx, 4, NULL), PATRON_OK);
    assert_int_equal(pt_parallel(ctx, 4, meet, &alone, NULL), PATRON_OK);
    assert_int_equal(alone.workers[0], 4);
    assert_int_equal(patron_ctx_set_threads(ctx, 2, NULL), PATRON_OK);
    assert_int_equal(pt_parallel(ctx, 2, meet, &again, NULL), PATRON_OK); /* its two meet */
    patron_ctx_destroy(ctx);
}

static void who_finds_a_pool_made_meanwhile_works_alone(void **state) {
    (void)state;
    meeting first = {.wanted = 2}, late = {.wanted = 1}, then = {.wanted = 2};
    stand_in memory = {.job = &first};
    patron_ctx *ctx = stand_in_context(&memory, 2);
    memory.busy = ctx; /* while the pool's memory is asked for, another call makes one */
    assert_int_equal(pt_parallel(ctx, 3, meet, &late, NULL), PATRON_OK);
    assert_int_equal(first.present, 2);
    assert_int_equal(late.workers[0], 3);
    assert_ptr_equal(ctx->pool, memory.pool);
    assert_int_equal(pt_parallel(ctx, 2, meet, &then, NULL), PATRON_OK);
    patron_ctx_destroy(ctx);
    assert_int_equal(memory.live, 0);
}

/* ---- waiting and progress ---- */

enum { WORKER_SLEEPS_MS = 150 };

/* Both run at once; the caller is done long before the worker. */
static patron_status leave_the_worker_to_it(void *arg, int64_t chunk, int worker, patron_error *error) {
    patron_status status = meet(arg, chunk, worker, error);
    if (worker != 0) usleep(WORKER_SLEEPS_MS * 1000);
    return status;
}

static void the_caller_polls_while_it_waits_for_the_last_worker(void **state) {
    (void)state;
    for (int pressed = 0; pressed < 2; pressed++) {
        meeting m = {.wanted = 2};
        int64_t begin = pt_clock_ms();
        stop_button button = {.pressed_at = pressed ? begin + 50 : INT64_MAX, .caller = pthread_self()};
        patron_ctx *ctx = stoppable(&button, 2);
        patron_error error = {0};
        assert_int_equal(pt_parallel(ctx, 2, leave_the_worker_to_it, &m, &error), pressed ? PATRON_ERR_CANCELLED : PATRON_OK);
        assert_int_equal(error.status, pressed ? PATRON_ERR_CANCELLED : PATRON_OK);
        assert_true(pt_clock_ms() - begin >= WORKER_SLEEPS_MS - 1); /* it came back when all had ended, not before */
        patron_ctx_destroy(ctx);
    }
}

typedef struct progress_seen {
    int calls;
    int64_t last, total;
    bool wrong;
} progress_seen;

static void see_progress(void *state, const char *what, int64_t done, int64_t total) {
    progress_seen *seen = state;
    seen->wrong |= strcmp(what, "counting") != 0 || done < seen->last || done > total || done < 1;
    seen->calls++;
    seen->last = done;
    seen->total = total;
}

static void progress_rises_to_the_total_and_is_told_seldom(void **state) {
    (void)state;
    enum { CHUNKS = 50 };
    for (int threads = 1; threads <= 2; threads++) {
        progress_seen seen = {0};
        patron_ctx_options options;
        patron_ctx_options_init(&options);
        options.threads = threads;
        options.callback_state = &seen;
        options.progress = see_progress;
        patron_ctx *ctx = NULL;
        assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
        assert_int_equal(pt_parallel(ctx, CHUNKS, sleep_5_ms, NULL, NULL), PATRON_OK); /* without a name */
        assert_int_equal(seen.calls, 0);
        int64_t begin = pt_clock_ms();
        assert_int_equal(pt_parallel_named(ctx, "counting", CHUNKS, sleep_5_ms, NULL, NULL), PATRON_OK);
        int64_t took = pt_clock_ms() - begin;
        assert_false(seen.wrong);
        assert_int_equal(seen.last, CHUNKS);
        assert_int_equal(seen.total, CHUNKS);
        if (seen.calls < 2 || seen.calls > took / 100 + 3) fail_msg("%d calls in %lld ms", seen.calls, (long long)took);
        patron_ctx_destroy(ctx);
    }
}

/* ---- how many threads ---- */

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void threads_follow_affinity_and_the_quota_of_the_control_group(void **state) {
    (void)state;
    char path[] = "cpu.max.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    cpu_set_t before, one;
    CPU_ZERO(&before);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    const int n = CPU_COUNT(&before) < PT_MAX_THREADS ? CPU_COUNT(&before) : PT_MAX_THREADS;
    static const char *const no_limit[] = {"max 100000\n",         "", "nonsense", "0 100000", "-1 100000", "100000 0",
                                           "9223372036854775807 1"};
    for (size_t i = 0; i < LENGTH(no_limit); i++) {
        write_file(path, no_limit[i]);
        if (pt_threads_allowed_by(path) != n) fail_msg("'%s': %d; expected %d", no_limit[i], pt_threads_allowed_by(path), n);
    }
    write_file(path, "50000 100000\n");
    assert_int_equal(pt_threads_allowed_by(path), 1);
    write_file(path, "150000 100000\n"); /* one and a half: rounded up */
    assert_int_equal(pt_threads_allowed_by(path), n < 2 ? n : 2);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pt_threads_allowed_by(path), n);

    CPU_ZERO(&one);
    size_t first = 0;
    while (!CPU_ISSET(first, &before)) first++;
    CPU_SET(first, &one);
    patron_ctx *ctx = new_ctx(5);
    assert_int_equal(patron_ctx_threads(ctx), 5);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(patron_ctx_set_threads(ctx, 0, NULL), PATRON_OK);
    assert_int_equal(patron_ctx_threads(ctx), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    patron_ctx_destroy(ctx);
    patron_error error = {0};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    static const int wrong[] = {-1, PT_MAX_THREADS + 1};
    for (int i = 0; i < 2; i++) {
        options.threads = wrong[i];
        patron_ctx *none = NULL;
        assert_int_equal(patron_ctx_create(&options, &none, &error), PATRON_ERR_INVALID);
        assert_null(none);
        assert_string_equal(error.message, i == 0 ? "threads is -1; expected 0 (automatic) to 256"
                                                  : "threads is 257; expected 0 (automatic) to 256");
    }
    patron_ctx_destroy(NULL);
}

/* ---- what tasks find together ---- */

enum { CONTEST = 20000 };

typedef struct extremes {
    _Atomic int64_t least, most;
} extremes;

static patron_status contest(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    extremes *e = arg;
    for (int64_t i = 0; i < CONTEST; i++) { /* everyone has a new record at every step */
        pt_raise(&e->most, i * 64 + chunk);
        pt_lower(&e->least, -i * 64 - chunk);
    }
    return PATRON_OK;
}

static void the_least_and_the_most_of_many_threads_are_exact(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(8);
    const int64_t begin = pt_clock_ms();
    for (int repeat = 0; repeat < 3 || pt_clock_ms() - begin < 200;
         repeat++) { /* long enough that they get in each other's way */
        extremes e = {INT64_MAX, INT64_MIN};
        assert_int_equal(pt_parallel(ctx, 64, contest, &e, NULL), PATRON_OK);
        assert_int_equal(e.most, (CONTEST - 1) * 64 + 63);
        assert_int_equal(e.least, -((CONTEST - 1) * 64 + 63));
    }
    patron_ctx_destroy(ctx);
}

static extremes disturbed, reached;
static volatile sig_atomic_t n_disturbances;

/* Someone else has a record in between. */
static void disturb(int signal) {
    (void)signal;
    reached.most = atomic_fetch_add(&disturbed.most, 50) + 50;
    reached.least = atomic_fetch_sub(&disturbed.least, 50) - 50;
    n_disturbances++;
}

/* Between a look at the value and its change, here at any instruction. */
static void a_record_that_comes_in_between_does_not_get_lost(void **state) {
    (void)state;
    struct sigaction action = {.sa_handler = disturb}, before;
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    disturbed = reached = (extremes){0, 0};
    assert_int_equal(sigaction(SIGPROF, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_PROF, &often, NULL), 0);
    int64_t i = 0, lost = 0;
    while (n_disturbances < 60)
        for (int k = 0; k < 1000; k++) {
            i = disturbed.most + 1;
            pt_raise(&disturbed.most, i);
            pt_lower(&disturbed.least, -i);
            const int64_t most = reached.most, least = reached.least; /* looked at first: the others only move on */
            lost += disturbed.most < most || disturbed.least > least || disturbed.most < i;
        }
    assert_int_equal(setitimer(ITIMER_PROF, &never, NULL), 0);
    assert_int_equal(sigaction(SIGPROF, &before, NULL), 0);
    assert_int_equal(lost, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pool_has_exactly_the_threads_it_was_told),
        cmocka_unit_test(the_error_of_the_lowest_failing_chunk_comes_back),
        cmocka_unit_test(cancel_stops_work_within_200_ms),
        cmocka_unit_test(cancelled_work_leaves_its_outputs_as_they_were),
        cmocka_unit_test(a_pool_without_threads_works_alone_and_does_not_grow),
        cmocka_unit_test(a_pool_that_cannot_grow_stays_as_it_is),
        cmocka_unit_test(who_finds_a_pool_made_meanwhile_works_alone),
        cmocka_unit_test(the_caller_polls_while_it_waits_for_the_last_worker),
        cmocka_unit_test(progress_rises_to_the_total_and_is_told_seldom),
        cmocka_unit_test(threads_follow_affinity_and_the_quota_of_the_control_group),
        cmocka_unit_test(the_least_and_the_most_of_many_threads_are_exact),
        cmocka_unit_test(a_record_that_comes_in_between_does_not_get_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
