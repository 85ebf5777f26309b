/* base/ctx.c: contexts and errors. A context is the only state there is: everything a call needs hangs off it, so two
 * contexts in one process never meet, and a test can give one of them an allocator that fails. */
#define _POSIX_C_SOURCE 200809L
#include "base/ctx.h"
#include "base/options.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A block that is handed out again hides its misuse from a sanitizer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PT_RESERVES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PT_RESERVES false
#endif
#endif
#ifndef PT_RESERVES
#define PT_RESERVES true
#endif

enum { POLL_MS = 20 };

const char *patron_version(void) { return PATRON_VERSION; }

const char *patron_status_name(patron_status status) {
    static const char *const names[] = {"ok",        "invalid value",   "wrong type", "not found",     "out of memory",
                                        "I/O error", "bad file format", "cancelled",  "beyond a limit"};
    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown status";
}

static void fill(patron_error *error, patron_status status, int os_error, const char *format, va_list args) {
    if (error == NULL) return;
    char message[sizeof error->message]; /* the arguments may point into the old message */
    int n = vsnprintf(message, sizeof message, format, args);
    if (os_error != 0 && n >= 0 && (size_t)n < sizeof message - 3) {
        memcpy(message + n, ": ", 3);
        if (strerror_r(os_error, message + n + 2, sizeof message - (size_t)n - 2) != 0) message[n] = '\0';
    }
    if (n >= (int)sizeof message) { /* cut: not inside a character */
        size_t end = sizeof message - 1;
        while (end > 0 && ((unsigned char)message[end - 1] & 0xc0) == 0x80) end--;
        if (end > 0 && (unsigned char)message[end - 1] >= 0xc0) message[end - 1] = '\0';
    }
    error->status = status;
    error->os_error = os_error;
    memcpy(error->message, message, sizeof message);
}

patron_status pt_fail(patron_error *error, patron_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, status, 0, format, args);
    va_end(args);
    return status;
}

patron_status pt_fail_os(patron_error *error, int os_error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(error, PATRON_ERR_IO, os_error, format, args);
    va_end(args);
    return PATRON_ERR_IO;
}

void pt_say(patron_ctx *ctx, const char *format, ...) {
    if (ctx->log == NULL) return;
    char sentence[256];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    ctx->log(ctx->callback_state, sentence);
}

static const patron_ctx_options defaults = {.struct_size = sizeof defaults};

void patron_ctx_options_init_sized(patron_ctx_options *options, size_t size) {
    pt_options_init(options, size, &defaults, sizeof defaults);
}

static bool complete(const patron_file_ops *ops) {
    return ops->open_write != NULL && ops->open_read != NULL && ops->write != NULL && ops->length != NULL &&
           ops->sync != NULL && ops->close != NULL && ops->rename != NULL && ops->remove != NULL && ops->sync_folder != NULL &&
           ops->map != NULL && ops->unmap != NULL;
}

patron_status patron_ctx_create(const patron_ctx_options *caller, patron_ctx **out, patron_error *error) {
    patron_ctx_options options = defaults;
    patron_status status = pt_options_read("patron_ctx_options", caller, &options, sizeof options, error);
    if (status != PATRON_OK) return status;
    if (options.threads < 0 || options.threads > PT_MAX_THREADS)
        return pt_fail(error, PATRON_ERR_INVALID, "threads is %d; expected 0 (automatic) to %d", options.threads,
                       PT_MAX_THREADS);
    if (options.allocator != NULL && (options.allocator->allocate == NULL || options.allocator->release == NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "A function of the allocator is NULL; expected both");
    if (options.file_ops != NULL && !complete(options.file_ops))
        return pt_fail(error, PATRON_ERR_INVALID, "A function of file_ops is NULL; expected all eleven");
    const patron_allocator *allocator = options.allocator ? options.allocator : &pt_allocator_default;
    patron_ctx *ctx = allocator->allocate(allocator->state, sizeof *ctx);
    if (ctx == NULL) return pt_fail(error, PATRON_ERR_NO_MEMORY, "No memory for a context");
    memset(ctx, 0, sizeof *ctx);
    ctx->references = 1;
    ctx->allocator = *allocator;
    ctx->reserves = options.allocator == NULL && PT_RESERVES;
    atomic_flag_clear(&ctx->reserve.busy);
    ctx->files = options.file_ops ? *options.file_ops : pt_file_ops_posix;
    ctx->memory_cap = options.memory_cap;
    ctx->seed = options.seed;
    ctx->threads = options.threads ? options.threads : pt_threads_allowed();
    ctx->callback_state = options.callback_state;
    ctx->cancelled = options.cancelled;
    ctx->progress = options.progress;
    ctx->log = options.log;
    ctx->cpu = pt_cpu_detect();
    *out = ctx;
    return PATRON_OK;
}

patron_ctx *pt_ctx_retain(patron_ctx *ctx) {
    atomic_fetch_add_explicit(&ctx->references, 1, memory_order_relaxed);
    return ctx;
}

void patron_ctx_destroy(patron_ctx *ctx) {
    if (ctx == NULL || atomic_fetch_sub_explicit(&ctx->references, 1, memory_order_acq_rel) != 1) return;
    pt_pool_destroy(atomic_load(&ctx->pool));
    pt_reserve_clear(ctx);
    patron_allocator allocator = ctx->allocator;
    allocator.release(allocator.state, ctx, sizeof *ctx);
}

void patron_ctx_set_memory_cap(patron_ctx *ctx, uint64_t bytes) {
    atomic_store(&ctx->memory_cap, bytes);
    if (bytes != 0) pt_reserve_clear(ctx);
}

patron_status patron_ctx_set_threads(patron_ctx *ctx, int n, patron_error *error) {
    if (n < 0 || n > PT_MAX_THREADS)
        return pt_fail(error, PATRON_ERR_INVALID, "The number of threads is %d; expected 1 to %d, or 0 for automatic", n,
                       PT_MAX_THREADS);
    atomic_store(&ctx->threads, n ? n : pt_threads_allowed());
    return PATRON_OK;
}

int patron_ctx_threads(const patron_ctx *ctx) { return atomic_load(&((patron_ctx *)(uintptr_t)ctx)->threads); }

const char *patron_ctx_cpu(const patron_ctx *ctx) {
    static const char *const names[] = {"generic", "avx2", "avx512"};
    return names[ctx->cpu];
}

uint64_t patron_ctx_memory(const patron_ctx *ctx) { return atomic_load(&((patron_ctx *)(uintptr_t)ctx)->memory); }
uint64_t patron_ctx_memory_peak(const patron_ctx *ctx) { return atomic_load(&((patron_ctx *)(uintptr_t)ctx)->memory_peak); }
void patron_ctx_memory_peak_reset(patron_ctx *ctx) { atomic_store(&ctx->memory_peak, atomic_load(&ctx->memory)); }

int64_t pt_clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Each thread has a time of its own, so that one with many short chunks cannot take all turns of another. Two threads that meet
 * in a slot push each other out and come round more often than they need. */
bool pt_turn(pt_turns *turns, int64_t ms) {
    uintptr_t self = (uintptr_t)pthread_self();
    uint64_t slot = ((uint64_t)self * UINT64_C(0x9e3779b97f4a7c15)) >> 58;
    static_assert(PT_TURNS == 1 << (64 - 58), "a slot for every number");
    int64_t now = pt_clock_ms();
    if (atomic_load_explicit(&turns->of[slot].thread, memory_order_relaxed) == self &&
        now - atomic_load_explicit(&turns->of[slot].last, memory_order_relaxed) < ms)
        return false;
    atomic_store_explicit(&turns->of[slot].last, now, memory_order_relaxed);
    atomic_store_explicit(&turns->of[slot].thread, self, memory_order_relaxed);
    return true;
}

patron_status pt_poll(patron_ctx *ctx, patron_error *error) {
    if (ctx->cancelled == NULL || !pt_turn(&ctx->polls, POLL_MS)) return PATRON_OK;
    if (ctx->cancelled(ctx->callback_state)) return pt_fail(error, PATRON_ERR_CANCELLED, "Cancelled");
    return PATRON_OK;
}
