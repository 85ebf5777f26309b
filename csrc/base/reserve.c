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

#include <stdlib.h>
#include <sys/mman.h>

#define MOST ((size_t)1 << 30) /* bytes kept */
enum { KEEP_MS = 10000, PAGE = 4096 };

static bool lock(pt_reserve *reserve) { return !atomic_flag_test_and_set_explicit(&reserve->busy, memory_order_acquire); }
static void unlock(pt_reserve *reserve) { atomic_flag_clear_explicit(&reserve->busy, memory_order_release); }

static void *take_at(pt_reserve *reserve, int i) {
    void *memory = reserve->blocks[i].memory;
    reserve->total -= reserve->blocks[i].size;
    reserve->blocks[i] = reserve->blocks[--reserve->n];
    return memory;
}

void *pt_reserve_take(pt_reserve *reserve, size_t size, size_t *capacity) {
    if (!lock(reserve)) return NULL;
    int best = -1;
    for (int i = 0; i < reserve->n; i++) {
        size_t has = reserve->blocks[i].size;
        if (has >= size && has - size <= size / 4 && (best < 0 || has < reserve->blocks[best].size)) best = i;
    }
    void *memory = NULL;
    if (best >= 0) {
        *capacity = reserve->blocks[best].size;
        memory = take_at(reserve, best);
    }
    unlock(reserve);
    return memory;
}

void pt_reserve_put(pt_reserve *reserve, void *memory, size_t size) {
    void *dropped[PT_RESERVE_BLOCKS + 1];
    int n_dropped = 0;
    if (!lock(reserve)) {
        free(memory);
        return;
    }
    int64_t now = pt_clock_ms();
    for (int i = reserve->n - 1; i >= 0; i--)
        if (now - reserve->blocks[i].since > KEEP_MS) dropped[n_dropped++] = take_at(reserve, i);
    if (reserve->n < PT_RESERVE_BLOCKS && size <= MOST - reserve->total) {
        (void)madvise(memory, size & ~(size_t)(PAGE - 1), MADV_FREE); /* the block is aligned to huge pages; refusal is fine */
        reserve->blocks[reserve->n++] = (struct pt_reserve_block){memory, size, now};
        reserve->total += size;
    } else {
        dropped[n_dropped++] = memory;
    }
    unlock(reserve);
    for (int i = 0; i < n_dropped; i++) free(dropped[i]);
}

void pt_reserve_clear(pt_reserve *reserve) {
    if (!lock(reserve)) return;
    while (reserve->n > 0) free(take_at(reserve, 0));
    unlock(reserve);
}
