/* base/reserve.c: the pages of a large block cost more than most of what is done with them: the system clears each, and on a
 * virtual machine may have to ask its host for them first (measured: half of the time of building a log). So blocks that come
 * back are kept for the calls to come, as general allocators do with small ones.
 *
 * What is kept is marked as free to the system (MADV_FREE), which takes it back when memory is short; what nobody has asked for
 * in ten seconds goes at the next call; everything goes with the context. Nobody waits for the lock: who finds it taken
 * (another thread, or for ever in a child forked at a bad moment) does without. Contexts with an allocator or a memory cap of
 * their own, and sanitizer builds, keep nothing. */
#define _GNU_SOURCE
#include "base/reserve.h"

#include "base/ctx.h"

#include <sys/mman.h>

#define MOST ((size_t)1 << 30) /* bytes kept */
enum { KEEP_MS = 10000, PAGE = 4096 };

static bool lock(pt_reserve *reserve) { return !atomic_flag_test_and_set_explicit(&reserve->busy, memory_order_acquire); }
static void unlock(pt_reserve *reserve) { atomic_flag_clear_explicit(&reserve->busy, memory_order_release); }

static struct pt_reserve_block take_at(pt_reserve *reserve, int i) {
    struct pt_reserve_block block = reserve->blocks[i];
    reserve->total -= block.size;
    reserve->blocks[i] = reserve->blocks[--reserve->n];
    return block;
}

void *pt_reserve_take(patron_ctx *ctx, size_t size, size_t *capacity) {
    pt_reserve *reserve = &ctx->reserve;
    if (!lock(reserve)) return NULL;
    int best = -1;
    for (int i = 0; i < reserve->n; i++) {
        size_t has = reserve->blocks[i].size;
        if (has >= size && has - size <= size / 4 && (best < 0 || has < reserve->blocks[best].size)) best = i;
    }
    void *memory = NULL;
    if (best >= 0) {
        struct pt_reserve_block block = take_at(reserve, best);
        *capacity = block.size;
        memory = block.memory;
    }
    unlock(reserve);
    return memory;
}

static void give_back(patron_ctx *ctx, struct pt_reserve_block block) {
    ctx->allocator.release(ctx->allocator.state, block.memory, block.size);
}

void pt_reserve_put(patron_ctx *ctx, void *memory, size_t size) {
    pt_reserve *reserve = &ctx->reserve;
    struct pt_reserve_block fresh = {memory, size, pt_clock_ms()}, dropped[PT_RESERVE_BLOCKS + 1];
    int n_dropped = 0;
    if (!lock(reserve)) {
        give_back(ctx, fresh);
        return;
    }
    for (int i = reserve->n - 1; i >= 0; i--)
        if (fresh.since - reserve->blocks[i].since > KEEP_MS) dropped[n_dropped++] = take_at(reserve, i);
    if (reserve->n < PT_RESERVE_BLOCKS && size <= MOST - reserve->total) {
        /* The block is aligned to huge pages. Refusal is fine. */
        (void)madvise(memory, size & ~(size_t)(PAGE - 1), MADV_FREE);
        reserve->blocks[reserve->n++] = fresh;
        reserve->total += size;
    } else {
        dropped[n_dropped++] = fresh;
    }
    unlock(reserve);
    for (int i = 0; i < n_dropped; i++) give_back(ctx, dropped[i]);
}

void pt_reserve_clear(patron_ctx *ctx) {
    pt_reserve *reserve = &ctx->reserve;
    if (!lock(reserve)) return;
    while (reserve->n > 0) give_back(ctx, take_at(reserve, reserve->n - 1));
    unlock(reserve);
}
