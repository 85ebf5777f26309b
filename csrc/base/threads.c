/* base/threads.c: the context's own thread pool.
 *
 * One job at a time: n chunks, claimed one by one through an atomic counter by the workers and by the calling thread. Because
 * chunks are claimed in ascending order, every chunk below a failed one has been claimed too and will end; so the error of the
 * lowest failed chunk is the same at any thread count.
 *
 *     caller:  post job -> claim, run, poll ... -> wait for the last worker -> collect
 *     worker:  sleep until the job number changes -> claim, run ... -> report
 *
 * A caller that finds the pool busy (another thread's job) runs its chunks itself: the same chunks, hence the same result.
 * After fork() the pool of the parent is not touched: its threads do not exist in the child and its locks may be held, so
 * the child leaves it where it is and starts another. OpenMP is not used because it hangs there. A child that a callback of a
 * running job has forked cannot finish the job, and is told so. */
#define _GNU_SOURCE
#include "base/ctx.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_MS = 100 };

struct pt_pool {
    patron_ctx *ctx; /* not a reference: the context owns the pool */
    pid_t pid;
    int asked;     /* workers wanted when it was made */
    int n_workers; /* of them started, the caller not counted */
    atomic_flag busy;
    pthread_mutex_t lock;
    pthread_cond_t posted, finished;
    uint64_t job;  /* number of the job posted last; under lock */
    int invited;   /* workers that may take part in it; under lock */
    int running;   /* workers that have not reported yet; under lock */
    bool stopping; /* under lock */
    pt_task task;
    void *arg;
    int64_t n_chunks;
    _Atomic int64_t next;
    _Atomic int64_t failed; /* lowest failed chunk, n_chunks if none */
    _Atomic int64_t done;
    pt_pool *previous;    /* outgrown, or the parent's: a thread may still be looking at it, so it goes with the context */
    patron_status status; /* under lock */
    patron_error error;   /* under lock */
    struct member {
        pt_pool *pool;
        pthread_t thread;
        int number;
    } members[];
};

static void run_chunk(pt_pool *pool, int64_t chunk, int worker) {
    patron_error error = {0};
    patron_status status = pool->task(pool->arg, chunk, worker, &error);
    atomic_fetch_add_explicit(&pool->done, 1, memory_order_relaxed);
    if (status == PATRON_OK) return;
    pthread_mutex_lock(&pool->lock);
    if (chunk < atomic_load(&pool->failed)) {
        atomic_store(&pool->failed, chunk);
        pool->status = status;
        pool->error = error;
        pool->error.status = status;
    }
    pthread_mutex_unlock(&pool->lock);
}

static bool claim(pt_pool *pool, int64_t *chunk) {
    if (atomic_load_explicit(&pool->failed, memory_order_relaxed) < pool->n_chunks) return false;
    *chunk = atomic_fetch_add(&pool->next, 1);
    return *chunk < pool->n_chunks;
}

static void *worker_main(void *arg) {
    struct member *self = arg;
    pt_pool *pool = self->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->job == seen && !pool->stopping) pthread_cond_wait(&pool->posted, &pool->lock);
        if (pool->stopping) break;
        seen = pool->job;
        if (self->number > pool->invited) continue;
        pthread_mutex_unlock(&pool->lock);
        for (int64_t chunk; claim(pool, &chunk);) run_chunk(pool, chunk, self->number);
        pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0) pthread_cond_signal(&pool->finished);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Ends the threads; the memory stays. */
static void pool_stop(pt_pool *pool) {
    if (pool->pid != getpid()) return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n_workers; i++) pthread_join(pool->members[i].thread, NULL);
    pool->n_workers = 0;
}

void pt_pool_destroy(pt_pool *pool) {
    while (pool != NULL) {
        pt_pool *previous = pool->previous;
        pool_stop(pool);
        if (pool->pid == getpid()) {
            pthread_cond_destroy(&pool->posted);
            pthread_cond_destroy(&pool->finished);
            pthread_mutex_destroy(&pool->lock);
        }
        pt_free(pool->ctx, pool);
        pool = previous;
    }
}

/* A pool of up to n_workers threads; fewer when the system gives fewer, NULL when it gives nothing. */
static pt_pool *pool_create(patron_ctx *ctx, int n_workers) {
    pt_pool *pool;
    if (pt_alloc_zero(ctx, &pool, 1, sizeof *pool + (size_t)n_workers * sizeof *pool->members, NULL) != PATRON_OK) return NULL;
    pool->ctx = ctx;
    pool->pid = getpid();
    pool->asked = n_workers;
    atomic_flag_clear(&pool->busy);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->posted, NULL);
    pthread_cond_init(&pool->finished, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, before; /* signals belong to the host's threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < n_workers; i++) {
        pool->members[i].pool = pool;
        pool->members[i].number = i + 1;
        if (pthread_create(&pool->members[i].thread, NULL, worker_main, &pool->members[i]) != 0) break;
        pool->n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pool->n_workers < n_workers)
        pt_say(ctx, "Asked for %d more threads, the system gave %d; the work goes on with those", n_workers, pool->n_workers);
    return pool;
}

/* The pool, marked busy by this caller, with room for `wanted` workers; NULL: work alone. */
static pt_pool *pool_acquire(patron_ctx *ctx, int wanted) {
    pt_pool *pool = atomic_load(&ctx->pool);
    if (pool != NULL && pool->pid == getpid()) {
        if (atomic_flag_test_and_set(&pool->busy)) return NULL;
        if (pool->asked >= wanted) return pool; /* even if the system gave fewer: asking again would not end */
    }
    pt_pool *fresh = pool_create(ctx, wanted);
    if (fresh == NULL) {
        if (pool != NULL && pool->pid == getpid()) atomic_flag_clear(&pool->busy);
        return NULL;
    }
    atomic_flag_test_and_set(&fresh->busy);
    fresh->previous = pool;
    if (!atomic_compare_exchange_strong(&ctx->pool, &pool, fresh)) { /* another thread was first */
        fresh->previous = NULL;
        pt_pool_destroy(fresh);
        return NULL;
    }
    if (pool != NULL) pool_stop(pool); /* ours (busy, and stays so) or the parent's */
    return fresh;
}

static void report(patron_ctx *ctx, const char *what, int64_t done, int64_t total) {
    if (ctx->progress == NULL || what == NULL) return;
    if (done < total && !pt_turn(&ctx->reports, REPORT_MS)) return;
    ctx->progress(ctx->callback_state, what, done, total);
}

static patron_status run_alone(patron_ctx *ctx, const char *what, int64_t n_chunks, pt_task task, void *arg,
                               patron_error *error) {
    for (int64_t chunk = 0; chunk < n_chunks; chunk++) {
        patron_status status = task(arg, chunk, 0, error);
        if (status == PATRON_OK) status = pt_poll(ctx, error);
        if (status != PATRON_OK) return status;
        report(ctx, what, chunk + 1, n_chunks);
    }
    return PATRON_OK;
}

static bool wait_a_moment(pt_pool *pool) { /* under lock; false when all have reported */
    if (pool->running == 0) return false;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const long later = until.tv_nsec + 20000000;
    until.tv_sec += later / 1000000000;
    until.tv_nsec = later % 1000000000;
    pthread_cond_timedwait(&pool->finished, &pool->lock, &until);
    return pool->running != 0;
}

static void cancel_job(pt_pool *pool, const patron_error *why) {
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->failed, -1);
    pool->status = PATRON_ERR_CANCELLED;
    pool->error = *why;
    pthread_mutex_unlock(&pool->lock);
}

/* Asks whether to stop, which stops the job. PATRON_ERR_CANCELLED only in a child that a callback has forked: its workers are
 * not there, and what they had begun is lost. */
static patron_status ask(pt_pool *pool, bool *cancelled, patron_error *error) {
    patron_error why = {0};
    if (!*cancelled) {
        *cancelled = pt_poll(pool->ctx, &why) != PATRON_OK;
        if (*cancelled && pool->pid == getpid()) cancel_job(pool, &why);
    }
    if (pool->pid == getpid()) return PATRON_OK;
    return pt_fail(error, PATRON_ERR_CANCELLED,
                   "Cancelled: the process was forked during the call, which only the parent can finish");
}

patron_status pt_parallel_named(patron_ctx *ctx, const char *what, int64_t n_chunks, pt_task task, void *arg,
                                patron_error *error) {
    if (pt_poll(ctx, error) != PATRON_OK) return PATRON_ERR_CANCELLED; /* workers may be done before this thread is asked */
    int threads = patron_ctx_threads(ctx);
    if (threads > n_chunks) threads = (int)n_chunks;
    pt_pool *pool = threads > 1 ? pool_acquire(ctx, threads - 1) : NULL;
    if (pool == NULL) return run_alone(ctx, what, n_chunks, task, arg, error);

    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->arg = arg;
    pool->n_chunks = n_chunks;
    atomic_store(&pool->next, 0);
    atomic_store(&pool->done, 0);
    atomic_store(&pool->failed, n_chunks);
    pool->status = PATRON_OK;
    pool->invited = threads - 1 < pool->n_workers ? threads - 1 : pool->n_workers;
    pool->running = pool->invited;
    pool->job++;
    pthread_cond_broadcast(&pool->posted);
    pthread_mutex_unlock(&pool->lock);

    bool cancelled = false;
    for (int64_t chunk; claim(pool, &chunk);) {
        run_chunk(pool, chunk, 0);
        report(ctx, what, atomic_load(&pool->done), n_chunks);
        if (ask(pool, &cancelled, error) != PATRON_OK) return PATRON_ERR_CANCELLED;
    }
    pthread_mutex_lock(&pool->lock);
    while (wait_a_moment(pool)) {
        pthread_mutex_unlock(&pool->lock);
        if (ask(pool, &cancelled, error) != PATRON_OK) return PATRON_ERR_CANCELLED;
        pthread_mutex_lock(&pool->lock);
    }
    patron_status status = pool->status;
    if (status != PATRON_OK && error != NULL) *error = pool->error;
    pthread_mutex_unlock(&pool->lock);
    atomic_flag_clear(&pool->busy);
    if (status == PATRON_OK) report(ctx, what, n_chunks, n_chunks);
    return status;
}

patron_status pt_parallel(patron_ctx *ctx, int64_t n_chunks, pt_task task, void *arg, patron_error *error) {
    return pt_parallel_named(ctx, NULL, n_chunks, task, arg, error);
}

void pt_lower(_Atomic int64_t *least, int64_t value) {
    int64_t seen = atomic_load_explicit(least, memory_order_relaxed);
    while (value < seen && !atomic_compare_exchange_weak(least, &seen, value)) {
    }
}

void pt_raise(_Atomic int64_t *most, int64_t value) {
    int64_t seen = atomic_load_explicit(most, memory_order_relaxed);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {
    }
}

/* The CPU bandwidth of a control group, rounded up; PT_MAX_THREADS when there is none or more than that. */
static int64_t quota_in(const char *path) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return PT_MAX_THREADS;
    long long quota = 0, period = 0;
    int fields = fscanf(file, "%lld %lld", &quota, &period); /* "max 100000" when there is no limit: no field */
    fclose(file);
    if (fields != 2 || quota <= 0 || period <= 0) return PT_MAX_THREADS;
    int64_t cores = pt_chunks(quota, period);
    return cores < PT_MAX_THREADS ? cores : PT_MAX_THREADS;
}

int pt_threads_allowed_by(const char *quota_file) {
    cpu_set_t set;
    CPU_ZERO(&set);
    (void)sched_getaffinity(0, sizeof set, &set); /* refused where there are more processors than the set has room for */
    int64_t n = CPU_COUNT(&set), quota = quota_in(quota_file);
    if (n > quota) n = quota;
    return (int)n + (n == 0);
}

int pt_threads_allowed(void) { return pt_threads_allowed_by("/sys/fs/cgroup/cpu.max"); }
