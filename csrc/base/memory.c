/* base/memory.c: allocation through the context, counted and capped, and shared buffers.
 *
 *     | 64 bytes: size | block ............ |
 *     ^ from the allocator   ^ what callers see, 64-byte aligned
 *
 * The size in front lets pt_free account for a block without being told. The default allocator asks for huge pages on large
 * blocks: the sort and the gathers of the log touch gigabytes at random, and 4 KiB pages make the TLB the bottleneck. */
#define _GNU_SOURCE
#include "base/ctx.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEADER = 64, HUGE_PAGE = 2 << 20, LARGE = 2 * HUGE_PAGE };

static void *default_allocate(void *state, size_t size) {
    (void)state;
    if (size < LARGE) return aligned_alloc(64, (size + 63) & ~(size_t)63);
    void *memory;
    if (posix_memalign(&memory, HUGE_PAGE, size) != 0) return NULL;        /* aligned_alloc would want whole huge pages */
    (void)madvise(memory, size & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE); /* a hint; refusal is fine */
    return memory;
}

static void default_release(void *state, void *memory, size_t size) {
    (void)state;
    (void)size;
    free(memory);
}

const patron_allocator pt_allocator_default = {NULL, default_allocate, default_release};

/* Returns the constant, not what pt_fail returns: so the compiler sees that a caller's block is set whenever all went well. */
static patron_status no_memory(patron_ctx *ctx, patron_error *error, uint64_t wanted, uint64_t cap) {
    if (cap != 0)
        (void)pt_fail(error, PATRON_ERR_NO_MEMORY, "The memory cap of %llu bytes is reached: %llu held, %llu more wanted",
                      (unsigned long long)cap, (unsigned long long)atomic_load(&ctx->memory), (unsigned long long)wanted);
    else
        (void)pt_fail(error, PATRON_ERR_NO_MEMORY, "No memory for a block of %llu bytes", (unsigned long long)wanted);
    return PATRON_ERR_NO_MEMORY;
}

/* Whether large blocks are kept. Under a cap they are not: it bounds what the process takes. */
static bool reserves(patron_ctx *ctx) {
    return ctx->reserves && atomic_load_explicit(&ctx->memory_cap, memory_order_relaxed) == 0;
}

/* A block of at least *bytes; *bytes becomes what it has. */
static char *obtain(patron_ctx *ctx, size_t *bytes) {
    if (*bytes >= LARGE && reserves(ctx)) {
        char *kept = pt_reserve_take(ctx, *bytes, bytes);
        if (kept != NULL) return kept;
    }
    char *memory = ctx->allocator.allocate(ctx->allocator.state, *bytes);
    if (memory != NULL || !reserves(ctx)) return memory;
    pt_reserve_clear(ctx);
    return ctx->allocator.allocate(ctx->allocator.state, *bytes);
}

patron_status pt_alloc(patron_ctx *ctx, void *out, int64_t count, size_t size, patron_error *error) {
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes) || bytes > (SIZE_MAX >> 1) - HEADER) {
        (void)pt_fail(error, PATRON_ERR_NO_MEMORY, "No memory for %lld elements of %zu bytes", (long long)count, size);
        return PATRON_ERR_NO_MEMORY;
    }
    bytes += HEADER;
    uint64_t held = atomic_fetch_add_explicit(&ctx->memory, bytes, memory_order_relaxed) + bytes;
    uint64_t cap = atomic_load_explicit(&ctx->memory_cap, memory_order_relaxed);
    bool capped = cap != 0 && held > cap;
    size_t capacity = bytes;
    char *memory = capped ? NULL : obtain(ctx, &capacity);
    if (memory == NULL) {
        atomic_fetch_sub_explicit(&ctx->memory, bytes, memory_order_relaxed);
        return no_memory(ctx, error, bytes, capped ? cap : 0);
    }
    if (capacity > bytes)
        held = atomic_fetch_add_explicit(&ctx->memory, capacity - bytes, memory_order_relaxed) + capacity - bytes;
    bytes = capacity;
    uint64_t peak = atomic_load_explicit(&ctx->memory_peak, memory_order_relaxed);
    while (held > peak && !atomic_compare_exchange_weak(&ctx->memory_peak, &peak, held)) {
    }
    memcpy(memory, &bytes, sizeof bytes);
    memory += HEADER;
    memcpy(out, &memory, sizeof memory);
    return PATRON_OK;
}

patron_status pt_alloc_zero(patron_ctx *ctx, void *out, int64_t count, size_t size, patron_error *error) {
    patron_status status = pt_alloc(ctx, out, count, size, error);
    if (status == PATRON_OK) {
        void *memory;
        memcpy(&memory, out, sizeof memory);
        memset(memory, 0, (size_t)count * size);
    }
    return status;
}

void pt_free(patron_ctx *ctx, void *memory) {
    if (memory == NULL) return;
    char *block = (char *)memory - HEADER;
    size_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    atomic_fetch_sub_explicit(&ctx->memory, bytes, memory_order_relaxed);
    if (bytes >= LARGE && reserves(ctx)) {
        pt_reserve_put(ctx, block, bytes);
        if (!reserves(ctx)) pt_reserve_clear(ctx); /* a cap came meanwhile */
    } else {
        ctx->allocator.release(ctx->allocator.state, block, bytes);
    }
}

patron_status pt_grow(patron_ctx *ctx, void *block, int64_t used, int64_t *capacity, int64_t wanted, size_t size,
                      patron_error *error) {
    if (wanted <= *capacity) return PATRON_OK;
    int64_t larger = *capacity * 2 > wanted ? *capacity * 2 : wanted;
    if (larger < 16) larger = 16;
    void *old, *fresh;
    patron_status status = pt_alloc(ctx, &fresh, larger, size, error);
    if (status != PATRON_OK) return status;
    memcpy(&old, block, sizeof old);
    if (used > 0) memcpy(fresh, old, (size_t)used * size);
    pt_free(ctx, old);
    memcpy(block, &fresh, sizeof fresh);
    *capacity = larger;
    return PATRON_OK;
}

patron_status pt_strdup(patron_ctx *ctx, const char *text, char **out, patron_error *error) {
    if (text == NULL) {
        *out = NULL;
        return PATRON_OK;
    }
    size_t n = strlen(text) + 1;
    patron_status status = pt_alloc(ctx, out, (int64_t)n, 1, error);
    if (status == PATRON_OK) memcpy(*out, text, n);
    return status;
}

patron_status pt_buffer_wrap(patron_ctx *ctx, const void *data, int64_t size, void (*release)(void *), void *owner,
                             pt_buffer **out, patron_error *error) {
    pt_buffer *buffer;
    patron_status status = pt_alloc(ctx, &buffer, 1, sizeof *buffer, error);
    if (status != PATRON_OK) return status;
    *buffer = (pt_buffer){1, pt_ctx_retain(ctx), (void *)(uintptr_t)data, size, release, owner};
    *out = buffer;
    return PATRON_OK;
}

patron_status pt_buffer_create(patron_ctx *ctx, int64_t size, pt_buffer **out, patron_error *error) {
    void *data;
    patron_status status = pt_alloc(ctx, &data, size, 1, error);
    if (status != PATRON_OK) return status;
    status = pt_buffer_wrap(ctx, data, size, NULL, NULL, out, error);
    if (status != PATRON_OK) pt_free(ctx, data);
    return status;
}

pt_buffer *pt_buffer_retain(pt_buffer *buffer) {
    if (buffer != NULL) atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
    return buffer;
}

void pt_buffer_release(pt_buffer *buffer) {
    if (buffer == NULL || atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = buffer->ctx;
    if (buffer->release != NULL)
        buffer->release(buffer->owner);
    else
        pt_free(ctx, buffer->data);
    pt_free(ctx, buffer);
    patron_ctx_destroy(ctx);
}

static void release_whole(void *whole) { pt_buffer_release(whole); }

patron_status pt_buffer_slice(pt_buffer *whole, const void *data, int64_t size, pt_buffer **out, patron_error *error) {
    patron_status status = pt_buffer_wrap(whole->ctx, data, size, release_whole, whole, out, error);
    if (status == PATRON_OK) pt_buffer_retain(whole);
    return status;
}

const void *patron_bytes_data(const patron_bytes *bytes) { return bytes->data; }
int64_t patron_bytes_size(const patron_bytes *bytes) { return bytes->size; }
void patron_bytes_destroy(patron_bytes *bytes) { pt_buffer_release(bytes); }
