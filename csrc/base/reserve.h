/* base/reserve.h: large blocks that a context was given back and keeps for a while. Private to memory.c and ctx.c. */
#ifndef PT_BASE_RESERVE_H
#define PT_BASE_RESERVE_H

#include "patron/base.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { PT_RESERVE_BLOCKS = 64 };

typedef struct pt_reserve {
    atomic_flag busy;
    int n;
    size_t total;
    struct pt_reserve_block {
        void *memory;
        size_t size;
        int64_t since; /* milliseconds */
    } blocks[PT_RESERVE_BLOCKS];
} pt_reserve;

/* A kept block of at least `size` bytes, and at most a quarter more: *capacity is what it has. NULL: none. */
void *pt_reserve_take(patron_ctx *ctx, size_t size, size_t *capacity);
/* Keeps a block of the context's allocator, or gives it back there. */
void pt_reserve_put(patron_ctx *ctx, void *memory, size_t size);
/* Gives everything back. */
void pt_reserve_clear(patron_ctx *ctx);

#endif
