/* One context, one log, one table and one model used by eight threads at once, each call of the library by each of them: every
 * result is what a single thread gets. Run under ThreadSanitizer this says that nothing is shared without care. Then objects
 * that outlive their makers, and callbacks: each thread is asked in its turn, and one that forks does not hang its child. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "every_call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_ROWS = 4000, N_THREADS = 8, N_ROUNDS = 3 };

/* ---- together ---- */

typedef struct worker {
    const shared *s;
    int thread;
    pthread_barrier_t *start;
    uint64_t results[N_ROUNDS][N_JOBS];
} worker;

static void *work(void *arg) {
    worker *w = arg;
    pthread_barrier_wait(w->start);
    for (int round = 0; round < N_ROUNDS; round++)
        for (int j = 0; j < N_JOBS; j++) {
            int which =
                (j * (round == 1 ? N_JOBS - 1 : 1) + w->thread * 3 * round) % N_JOBS; /* first all the same, then mixed */
            w->results[round][which] = jobs[which].run(w->s, w->thread, NULL);
        }
    return NULL;
}

static void threads_that_share_everything_get_what_one_gets(void **state) {
    (void)state;
    shared *s = shared_create(3, N_ROWS);
    uint64_t expected[N_JOBS];
    for (int j = 0; j < N_JOBS; j++) {
        patron_error error = {0};
        expected[j] = jobs[j].run(s, 0, &error);
        if (expected[j] == 0) fail_msg("%s: %s", jobs[j].name, error.message);
    }
    pthread_barrier_t start;
    pthread_t threads[N_THREADS];
    worker *workers = calloc(N_THREADS, sizeof *workers);
    pthread_barrier_init(&start, NULL, N_THREADS);
    for (int t = 0; t < N_THREADS; t++) {
        workers[t] = (worker){.s = s, .thread = t, .start = &start};
        assert_int_equal(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < N_THREADS; t++) pthread_join(threads[t], NULL);
    pthread_barrier_destroy(&start);
    for (int t = 0; t < N_THREADS; t++)
        for (int round = 0; round < N_ROUNDS; round++)
            for (int j = 0; j < N_JOBS; j++)
                if (workers[t].results[round][j] != expected[j])
                    fail_msg("%s in thread %d, round %d: %s", jobs[j].name, t, round,
                             workers[t].results[round][j] == 0 ? "failed" : "another result");
    free(workers);
    shared_destroy(s);
}

/* ---- objects that outlive their makers ---- */

typedef struct heir {
    pthread_barrier_t *start;
    struct ArrowArrayStream stream;
    patron_log *log;
    patron_bytes *bytes;
    int64_t rows;
} heir;

static void *inherit(void *arg) {
    heir *h = arg;
    struct ArrowArray array = {0};
    pthread_barrier_wait(h->start);
    h->rows = 0;
    while (h->stream.get_next(&h->stream, &array) == 0 && array.release != NULL) {
        h->rows += array.length;
        array.release(&array);
    }
    h->stream.release(&h->stream);
    patron_log_destroy(h->log);
    patron_bytes_destroy(h->bytes);
    return NULL;
}

/* The context is given up first; the thread that ends last, whichever that is, ends it and its pool. */
static void the_last_reference_may_go_on_any_thread(void **state) {
    (void)state;
    made_row rows[N_MORE];
    uint64_t seed = 2;
    made_draw(rows, N_MORE, &(made_shape){.users = 9, .instants = 50}, &seed);
    patron_log_options options = made_options(false);
    for (int repeat = 0; repeat < 20; repeat++) {
        patron_ctx *ctx = new_ctx(3);
        made m = made_table(ctx, rows, N_MORE, AS_INT64, 2);
        heir heirs[N_THREADS];
        pthread_t threads[N_THREADS];
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, N_THREADS);
        patron_log *log = made_log(ctx, &m, &options);
        patron_table *table = NULL;
        assert_int_equal(patron_log_events(log, &table, NULL), PATRON_OK);
        for (int t = 0; t < N_THREADS; t++) {
            heirs[t] = (heir){.start = &start};
            assert_int_equal(patron_table_export_stream(table, &heirs[t].stream, NULL), PATRON_OK);
            assert_int_equal(patron_log_to_bytes(log, &heirs[t].bytes, NULL), PATRON_OK);
            assert_int_equal(patron_log_between(log, 0, INT64_MAX, &heirs[t].log, NULL), PATRON_OK);
        }
        patron_table_destroy(table);
        patron_log_destroy(log);
        made_free(&m);
        patron_ctx_destroy(ctx);
        for (int t = 0; t < N_THREADS; t++) assert_int_equal(pthread_create(&threads[t], NULL, inherit, &heirs[t]), 0);
        for (int t = 0; t < N_THREADS; t++) {
            pthread_join(threads[t], NULL);
            assert_int_equal(heirs[t].rows, N_MORE);
        }
        pthread_barrier_destroy(&start);
    }
}

/* ---- callbacks ---- */

typedef struct questions {
    pthread_t patient;
    int64_t asked_at, longest_wait, began_at, longest_round; /* of the patient thread, in milliseconds */
    _Atomic int to_busy;
    _Atomic bool over;
    patron_ctx *ctx;
} questions;

static void keep_longest(int64_t *at, int64_t *longest) {
    int64_t now = pt_clock_ms();
    if (now - *at > *longest) *longest = now - *at;
    *at = now;
}

static int note_question(void *state) {
    questions *q = state;
    if (pthread_equal(pthread_self(), q->patient))
        keep_longest(&q->asked_at, &q->longest_wait);
    else
        q->to_busy++;
    return 0;
}

static patron_status long_chunk(void *arg, int64_t chunk, int number, patron_error *error) {
    (void)chunk, (void)number, (void)error;
    questions *q = arg;
    keep_longest(&q->began_at, &q->longest_round);
    usleep(9000);
    return PATRON_OK;
}

static patron_status short_chunk(void *arg, int64_t chunk, int number, patron_error *error) {
    (void)arg, (void)chunk, (void)number, (void)error;
    return PATRON_OK;
}

static void *be_busy(void *arg) {
    questions *q = arg;
    while (!q->over) (void)pt_parallel(q->ctx, 2000, short_chunk, NULL, NULL);
    return NULL;
}

static void a_thread_is_asked_whether_to_stop_however_often_others_are(void **state) {
    (void)state;
    const int64_t now = pt_clock_ms();
    questions q = {.patient = pthread_self(), .asked_at = now, .began_at = now};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 1;
    options.callback_state = &q;
    options.cancelled = note_question;
    assert_int_equal(patron_ctx_create(&options, &q.ctx, NULL), PATRON_OK);
    pthread_t busy;
    assert_int_equal(pthread_create(&busy, NULL, be_busy, &q), 0);
    assert_int_equal(pt_parallel(q.ctx, 60, long_chunk, &q, NULL), PATRON_OK);
    q.over = true;
    pthread_join(busy, NULL);
    patron_ctx_destroy(q.ctx);
    /* Every 20 ms, but only between chunks, which take as long as a busy machine makes them. */
    if (q.longest_wait < 20 || q.longest_wait > 21 + 2 * q.longest_round || q.to_busy == 0)
        fail_msg("not asked for %lld ms with chunks of %lld ms; the busy thread was asked %d times", (long long)q.longest_wait,
                 (long long)q.longest_round, q.to_busy);
}

typedef struct forking {
    pid_t parent, child;
    int asked, fork_at;
} forking;

static int fork_once(void *state) {
    forking *f = state;
    if (getpid() == f->parent && ++f->asked == f->fork_at) f->child = fork();
    return 0;
}

static patron_status sum_up(void *arg, int64_t chunk, int number, patron_error *error) {
    (void)number, (void)error;
    usleep(3000);
    *(_Atomic int64_t *)arg += chunk;
    return PATRON_OK;
}

static void a_child_forked_by_a_callback_fails_its_call_and_goes_on(void **state) {
    (void)state;
    enum { N = 100 };
#if defined(__SANITIZE_THREAD__)
    skip(); /* it does not know threads made after a fork */
#endif
    for (int threads = 1; threads <= 4; threads += 3) {
        for (int fork_at = 1; fork_at <= 4; fork_at++) {
            forking f = {.parent = getpid(), .fork_at = fork_at};
            patron_ctx_options options;
            patron_ctx_options_init(&options);
            options.threads = threads;
            options.callback_state = &f;
            options.cancelled = fork_once;
            patron_ctx *ctx = NULL;
            assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
            _Atomic int64_t sum = 0;
            patron_error error = {0};
            patron_status status = pt_parallel(ctx, N, sum_up, &sum, &error);
            if (getpid() != f.parent) { /* alone, or asked before the others began, it goes on; with them gone it cannot */
                alarm(20);
                bool right = threads == 1 || fork_at == 1
                                 ? status == PATRON_OK && sum == N * (N - 1) / 2
                                 : status == PATRON_ERR_CANCELLED && strstr(error.message, "forked") != NULL;
                sum = 0;
                status = pt_parallel(ctx, 20, sum_up, &sum, &error);
                patron_ctx_destroy(ctx);
                _exit(right && status == PATRON_OK && sum == 190 ? 0 : 1);
            }
            assert_int_equal(status, PATRON_OK);
            assert_int_equal(sum, N * (N - 1) / 2);
            patron_ctx_destroy(ctx);
            int how = 0;
            assert_true(f.child > 0);
            assert_int_equal(waitpid(f.child, &how, 0), f.child);
            if (!WIFEXITED(how) || WEXITSTATUS(how) != 0)
                fail_msg("%d threads, fork %d: child ended with %x", threads, fork_at, how);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_that_share_everything_get_what_one_gets),
        cmocka_unit_test(the_last_reference_may_go_on_any_thread),
        cmocka_unit_test(a_thread_is_asked_whether_to_stop_however_often_others_are),
        cmocka_unit_test(a_child_forked_by_a_callback_fails_its_call_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
