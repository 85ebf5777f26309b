/* base/ctx.h: the inside of a context: what the layers of the core share. Private to the library. */
#ifndef PT_BASE_CTX_H
#define PT_BASE_CTX_H

#include "base/reserve.h"
#include "patron/base.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct pt_pool pt_pool;

/* When each thread last did something that is to be done now and then. */
enum { PT_TURNS = 64 };
typedef struct pt_turns {
    struct {
        _Atomic uintptr_t thread;
        _Atomic int64_t last; /* milliseconds */
    } of[PT_TURNS];
} pt_turns;

typedef enum pt_cpu { PT_CPU_GENERIC = 0, PT_CPU_AVX2 = 1, PT_CPU_AVX512 = 2 } pt_cpu;

struct patron_ctx {
    _Atomic int64_t references;
    patron_allocator allocator;
    patron_file_ops files;
    bool reserves; /* large blocks that come back are kept, unless there is a cap */
    pt_reserve reserve;
    _Atomic uint64_t memory_cap; /* 0: none */
    _Atomic uint64_t memory;
    _Atomic uint64_t memory_peak;
    uint64_t seed;
    pt_cpu cpu;
    _Atomic int threads;
    _Atomic(pt_pool *) pool;
    void *callback_state;
    int (*cancelled)(void *callback_state);
    void (*progress)(void *callback_state, const char *what, int64_t done, int64_t total);
    void (*log)(void *callback_state, const char *message);
    pt_turns polls, reports;
};

/* Adds a reference; given back with patron_ctx_destroy. */
patron_ctx *pt_ctx_retain(patron_ctx *ctx);

/* ---- errors: fill a nullable error, return its status ---- */

patron_status pt_fail(patron_error *error, patron_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
patron_status pt_fail_os(patron_error *error, int os_error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A sentence for the context's log, if it has one: what a user may wonder about but no call fails of. */
void pt_say(patron_ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Propagation: in a function with `patron_status status` and a `cleanup:` label. */
#define PT_TRY(call)                                                                                                           \
    do {                                                                                                                       \
        status = (call);                                                                                                       \
        if (status != PATRON_OK) goto cleanup;                                                                                 \
    } while (0)

/* ---- memory: 64-byte aligned, counted, capped; freed without its size ---- */

/* *(void **)out = room for count * size bytes, not cleared; count 0 gives a valid block. *out must hold NULL or garbage. */
patron_status pt_alloc(patron_ctx *ctx, void *out, int64_t count, size_t size, patron_error *error);
patron_status pt_alloc_zero(patron_ctx *ctx, void *out, int64_t count, size_t size, patron_error *error);
/* A block that grows: keeps the first `used` elements, doubles capacity until it holds `wanted`. *block may be NULL. */
patron_status pt_grow(patron_ctx *ctx, void *block, int64_t used, int64_t *capacity, int64_t wanted, size_t size,
                      patron_error *error);
void pt_free(patron_ctx *ctx, void *memory);                                                 /* NULL is legal */
patron_status pt_strdup(patron_ctx *ctx, const char *text, char **out, patron_error *error); /* NULL gives NULL */

/* ---- buffers: shared, immutable once filled ---- */

/* The public patron_bytes is a pt_buffer. */
typedef struct patron_bytes {
    _Atomic int64_t references;
    patron_ctx *ctx;
    void *data;
    int64_t size;                 /* bytes */
    void (*release)(void *owner); /* NULL: `data` came from pt_alloc */
    void *owner;
} pt_buffer;

patron_status pt_buffer_create(patron_ctx *ctx, int64_t size, pt_buffer **out, patron_error *error);
/* Wraps foreign memory; `release(owner)` runs when the last reference goes. On failure the owner is not released. */
patron_status pt_buffer_wrap(patron_ctx *ctx, const void *data, int64_t size, void (*release)(void *), void *owner,
                             pt_buffer **out, patron_error *error);
pt_buffer *pt_buffer_retain(pt_buffer *buffer);
void pt_buffer_release(pt_buffer *buffer); /* NULL is legal */
/* A buffer over a part of another, which it keeps alive. */
patron_status pt_buffer_slice(pt_buffer *whole, const void *data, int64_t size, pt_buffer **out, patron_error *error);

/* ---- work ---- */

enum { PT_MAX_THREADS = 256 };

/* One piece of work: chunk number, which worker runs it (below PT_MAX_THREADS: the index of its scratch), error to fill. */
typedef patron_status (*pt_task)(void *arg, int64_t chunk, int worker, patron_error *error);

/* Runs task for every chunk 0 .. n_chunks - 1 on the pool, in no order. Chunks are cut by data size, at most about 10 ms each,
 * never by thread count. Between its own chunks the calling thread polls for cancel. If chunks fail, the error of the lowest
 * one comes back. */
patron_status pt_parallel(patron_ctx *ctx, int64_t n_chunks, pt_task task, void *arg, patron_error *error);
/* The same, reporting progress under a name (may be NULL). */
patron_status pt_parallel_named(patron_ctx *ctx, const char *what, int64_t n_chunks, pt_task task, void *arg,
                                patron_error *error);
/* PATRON_ERR_CANCELLED when the user asked to stop. Only for the calling thread; cheap, asks at most every 20 ms. */
patron_status pt_poll(patron_ctx *ctx, patron_error *error);

/* *least becomes value if that is less, *most if it is more: what tasks find together. */
void pt_lower(_Atomic int64_t *least, int64_t value);
void pt_raise(_Atomic int64_t *most, int64_t value);

/* How many chunks of `size` rows n rows make. */
static inline int64_t pt_chunks(int64_t n, int64_t size) { return n / size + (n % size != 0); }

/* ---- inside base only ---- */
pt_cpu pt_cpu_detect(void);
int pt_threads_allowed(void);
/* The same by a file such as the control group's cpu.max. */
int pt_threads_allowed_by(const char *quota_file);
void pt_pool_destroy(pt_pool *pool);
int64_t pt_clock_ms(void);
/* True once every `ms` milliseconds for each thread. */
bool pt_turn(pt_turns *turns, int64_t ms);
extern const patron_allocator pt_allocator_default;
extern const patron_file_ops pt_file_ops_posix;

#endif
