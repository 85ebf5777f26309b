/* tests/c/faults.h: an allocator that can be made to fail, and a sweep that fails each allocation of a scenario in turn.
 *
 *     static patron_status scenario(patron_ctx *ctx, void *arg) {
 *         patron_table *table = NULL;
 *         patron_status status = patron_table_create(ctx, 3, &table, NULL);
 *         if (status == PATRON_OK) status = ...;
 *         patron_table_destroy(table);              // the scenario ends what it made, also on failure
 *         return status;                            // on PATRON_OK it has checked its results itself
 *     }
 *
 *     static void creating_survives_a_failure_of_any_allocation(void **state) {
 *         (void)state;
 *         faults_sweep(scenario, NULL);
 *     }
 *
 * faults_sweep makes a context (two threads) whose allocation number N fails, runs the scenario, destroys the context; for
 * N = 1, 2, ... until a run asks for fewer than N. Each N is run twice: with that one allocation refused, and with that and
 * every later one refused. It asserts that a failed scenario returned PATRON_ERR_NO_MEMORY, that nothing failed without a
 * refused allocation, and that no block is live in the end. A scenario that gets over a refused allocation (a thread pool that
 * cannot be made, say) may return PATRON_OK. Returns how many N there were, so that a test can assert that there were some.
 *
 * By hand: `faults f = {.fail_at = 7, .onwards = true};  patron_allocator a = faults_allocator(&f);`, then put &a into
 * patron_ctx_options.allocator; f.fail_at = 0 never fails and only counts. f.asked, f.refused, f.live_blocks, f.live_bytes
 * may be read at any time. A release with a wrong size, or of memory that is not a live block, stops the process.
 *
 * Header only; include it after cmocka.h. Safe from many threads. */
#ifndef PATRON_TESTS_FAULTS_H
#define PATRON_TESTS_FAULTS_H

#include "patron/base.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct faults {
    int64_t fail_at;             /* the number of the allocation that fails, from 1; 0: none */
    bool onwards;                /* and every later one too */
    _Atomic int64_t asked;       /* allocations asked for so far */
    _Atomic int64_t refused;     /* of them refused on purpose */
    _Atomic int64_t live_blocks; /* given out and not yet released */
    _Atomic int64_t live_bytes;
} faults;

typedef struct faults_header {
    uint64_t mark;
    size_t size;
} faults_header;

enum { FAULTS_HEADER = 64, FAULTS_MAX = 100000 };
static const uint64_t FAULTS_LIVE = 0x6c69766520626c6bu, FAULTS_DEAD = 0x6465616420626c6bu;

static inline void *faults_allocate(void *state, size_t size) {
    faults *f = state;
    int64_t number = atomic_fetch_add(&f->asked, 1) + 1;
    if (f->fail_at != 0 && (number == f->fail_at || (f->onwards && number > f->fail_at))) {
        atomic_fetch_add(&f->refused, 1);
        return NULL;
    }
    if (size > SIZE_MAX / 2) return NULL;
    char *block = aligned_alloc(64, (size + FAULTS_HEADER + 63) & ~(size_t)63);
    if (block == NULL) return NULL;
    faults_header header = {FAULTS_LIVE, size};
    memcpy(block, &header, sizeof header);
    memset(block + FAULTS_HEADER, 0xa5, size < 4096 ? size : 4096); /* whoever relies on zeros is found out */
    atomic_fetch_add(&f->live_blocks, 1);
    atomic_fetch_add(&f->live_bytes, (int64_t)size);
    return block + FAULTS_HEADER;
}

static inline void faults_release(void *state, void *memory, size_t size) {
    faults *f = state;
    char *block = (char *)memory - FAULTS_HEADER;
    faults_header header;
    memcpy(&header, block, sizeof header);
    if (header.mark != FAULTS_LIVE || header.size != size) {
        fprintf(stderr, "faults: release of %zu bytes; the block is %s and has %zu\n", size,
                header.mark == FAULTS_LIVE ? "live" : "not live", header.size);
        abort();
    }
    header.mark = FAULTS_DEAD;
    memcpy(block, &header, sizeof header);
    atomic_fetch_sub(&f->live_blocks, 1);
    atomic_fetch_sub(&f->live_bytes, (int64_t)size);
    free(block);
}

static inline patron_allocator faults_allocator(faults *f) {
    patron_allocator allocator = {f, faults_allocate, faults_release};
    return allocator;
}

typedef patron_status (*faults_scenario)(patron_ctx *ctx, void *arg);

/* One run; true when an allocation was refused. */
static inline bool faults_run(faults_scenario scenario, void *arg, int64_t fail_at, bool onwards) {
    faults f = {.fail_at = fail_at, .onwards = onwards};
    patron_allocator allocator = faults_allocator(&f);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.allocator = &allocator;
    options.threads = 2;
    patron_ctx *ctx = NULL;
    patron_status status = patron_ctx_create(&options, &ctx, NULL);
    if (status == PATRON_OK) {
        status = scenario(ctx, arg);
        patron_ctx_destroy(ctx);
    } else {
        assert_null(ctx);
    }
    if (status != PATRON_OK && (status != PATRON_ERR_NO_MEMORY || f.refused == 0))
        fail_msg("Allocation %lld %s: status '%s' with %lld allocations refused; expected '%s' and only after a refusal",
                 (long long)fail_at, onwards ? "onwards" : "only", patron_status_name(status), (long long)f.refused,
                 patron_status_name(PATRON_ERR_NO_MEMORY));
    if (f.live_blocks != 0 || f.live_bytes != 0)
        fail_msg("Allocation %lld %s refused: %lld blocks, %lld bytes still live after the context was destroyed",
                 (long long)fail_at, onwards ? "onwards" : "only", (long long)f.live_blocks, (long long)f.live_bytes);
    return f.refused != 0;
}

static inline int64_t faults_sweep(faults_scenario scenario, void *arg) {
    int64_t n = 1;
    for (;; n++) {
        bool refused = faults_run(scenario, arg, n, false);
        refused |= faults_run(scenario, arg, n, true);
        if (!refused) break;
        if (n > FAULTS_MAX) fail_msg("The scenario still asked for more after %d allocations", FAULTS_MAX);
    }
    return n - 1;
}

#endif
