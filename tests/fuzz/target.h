/* tests/fuzz/target.h: what every fuzz target stands on. A target is one file, fuzz_<name>.c, that includes this and defines
 * LLVMFuzzerTestOneInput; the build and tests/run find it by its name, its corpus is corpus/<name>.
 *
 *     int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
 *         patron_ctx *ctx = fuzz_begin(data, size);
 *         patron_error error = {0};
 *         patron_status status = patron_thing_from_bytes(ctx, data, (int64_t)size, &thing, &error);
 *         if (status != PATRON_OK) fuzz_refused(status, &error, PATRON_ERR_FORMAT);
 *         ...
 *         fuzz_end();
 *         return 0;
 *     }
 *
 * The corpus grows where clang's libFuzzer is at hand; it holds nothing but what it and our own writers have made:
 *
 *     CC=clang cmake -S csrc -B build -DPATRON_FUZZ=ON -DPATRON_FUZZ_ENGINE=ON -DPATRON_SANITIZE=address,undefined
 *     build/fuzz_log -max_total_time=600 grown tests/fuzz/corpus/log
 *     build/fuzz_log -set_cover_merge=1 -use_counters=0 small grown          (below 150 files, none above 32 KiB)
 *
 * One context of one thread serves all inputs. Its memory is an arena that is begun anew for each input: blocks lie one behind
 * the other with a gap between, all that is not a live block is poisoned, so AddressSanitizer sees a step beyond a block and a
 * use after its release as it does with malloc, at a tenth of the cost. Findings besides what sanitizers see:
 * - more memory held than 64 MiB + 64 times the input: a size in the input was believed;
 * - a block still live at fuzz_end, or released with another size than it had;
 * - a FUZZ_ASSERT that does not hold.
 * The context's files are the input itself, whatever the path. A target says fuzz_welcome() of an input that was not refused:
 * the replay driver changes these rather than others, because behind the door is where most code lies. */
#ifndef PATRON_FUZZ_TARGET_H
#define PATRON_FUZZ_TARGET_H

#include "base/ctx.h"
#include "data/column.h"
#include "patron.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

#define FUZZ_ASSERT(condition)                                                                                                 \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #condition);                                          \
            abort();                                                                                                           \
        }                                                                                                                      \
    } while (0)

/* Read by the replay driver, if that is the driver. */
__attribute__((weak)) int fuzz_accepted;
static inline void fuzz_welcome(void) { fuzz_accepted = 1; }

/* ---- memory ---------------------------------------------------------------------------------------------------------------
 */

#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_POISONS 1
#endif
#endif
#ifdef FUZZ_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum { FUZZ_ARENA = 32 << 20, FUZZ_GAP = 64, FUZZ_FILLED = 256 };

typedef struct fuzz_memory {
    size_t used, floor; /* bytes of the arena in use; below the floor lies what the context itself holds */
    int64_t live;       /* blocks */
    bool scratch;       /* some of the arena is a target's own, and ends with the input */
    uint64_t held, limit;
    const uint8_t *input; /* what the file operations give */
    size_t input_size;
    patron_ctx *ctx;
    int64_t live_before;
    volatile uint64_t kept;
} fuzz_memory;

static fuzz_memory fuzz_state;
static _Alignas(64) uint8_t fuzz_arena[FUZZ_ARENA];

static inline void fuzz_stop(const char *what, uint64_t number) {
    fprintf(stderr, "fuzz: %s (%llu)\n", what, (unsigned long long)number);
    abort();
}

/* In front of each block, in the gap before it: its size. */
static inline void *fuzz_allocate(void *state, size_t size) {
    fuzz_memory *m = state;
    if (size > m->limit - m->held) fuzz_stop("more memory asked for than the input accounts for, bytes", size);
    size_t room = FUZZ_GAP + ((size + 63) & ~(size_t)63);
    uint8_t *block;
    if (room + FUZZ_GAP <= FUZZ_ARENA - m->used) {
        block = fuzz_arena + m->used + FUZZ_GAP;
        m->used += room;
        ASAN_UNPOISON_MEMORY_REGION(block - sizeof size, sizeof size);
        memcpy(block - sizeof size, &size, sizeof size);
        ASAN_POISON_MEMORY_REGION(block - sizeof size, sizeof size);
        ASAN_UNPOISON_MEMORY_REGION(block, size);
    } else { /* rare: much was asked for and given back */
        block = aligned_alloc(64, (size + 63) & ~(size_t)63);
        if (block == NULL) return NULL;
    }
    memset(block, 0xa5, size < FUZZ_FILLED ? size : FUZZ_FILLED); /* whoever relies on zeros is found out */
    m->held += size;
    m->live++;
    return block;
}

static inline void fuzz_release(void *state, void *memory, size_t size) {
    fuzz_memory *m = state;
    uint8_t *block = memory;
    m->held -= size;
    m->live--;
    if (block < fuzz_arena || block >= fuzz_arena + FUZZ_ARENA) {
        free(block);
        return;
    }
    size_t had;
    ASAN_UNPOISON_MEMORY_REGION(block - sizeof had, sizeof had);
    memcpy(&had, block - sizeof had, sizeof had);
    memset(block - sizeof had, 0xff, sizeof had);
    ASAN_POISON_MEMORY_REGION(block - sizeof had, sizeof had);
    if (had != size) fuzz_stop("a block was released with another size than it had, or twice", size);
    ASAN_POISON_MEMORY_REGION(block, size);
}

/* ---- files: the input ------------------------------------------------------------------------------------------------------
 */

static inline int fuzz_open_write(void *state, const char *path) { return (void)state, (void)path, -EROFS; }
static inline int fuzz_open_read(void *state, const char *path) { return (void)state, (void)path, 3; }
static inline int64_t fuzz_write(void *state, int fd, const void *data, size_t n) {
    return (void)state, (void)fd, (void)data, (void)n, -EROFS;
}
static inline int64_t fuzz_length(void *state, int fd) { return (void)fd, (int64_t)((fuzz_memory *)state)->input_size; }
static inline int fuzz_descriptor(void *state, int fd) { return (void)state, (void)fd, 0; }
static inline int fuzz_rename(void *state, const char *from, const char *to) {
    return (void)state, (void)from, (void)to, -EROFS;
}
static inline int fuzz_path(void *state, const char *path) { return (void)state, (void)path, -EROFS; }
static inline int fuzz_map(void *state, int fd, size_t n, const void **out) {
    fuzz_memory *m = state;
    (void)fd;
    FUZZ_ASSERT(n <= m->input_size);
    void *block = fuzz_allocate(m, n);
    if (block == NULL) return -ENOMEM;
    memcpy(block, m->input, n);
    *out = block;
    return 0;
}
static inline void fuzz_unmap(void *state, const void *data, size_t n) { fuzz_release(state, (void *)(uintptr_t)data, n); }

/* ---- an input begins and ends
 * ------------------------------------------------------------------------------------------------ */

/* The context, for this input. */
static inline patron_ctx *fuzz_begin(const uint8_t *data, size_t size) {
    fuzz_memory *m = &fuzz_state;
    m->input = data;
    m->input_size = size;
    m->limit = (UINT64_C(64) << 20) + 64 * (uint64_t)size;
    if (m->ctx == NULL) {
        ASAN_POISON_MEMORY_REGION(fuzz_arena, FUZZ_ARENA);
        const patron_allocator allocator = {m, fuzz_allocate, fuzz_release};
        const patron_file_ops files = {m,           fuzz_open_write, fuzz_open_read,  fuzz_write,
                                       fuzz_length, fuzz_descriptor, fuzz_descriptor, fuzz_rename,
                                       fuzz_path,   fuzz_path,       fuzz_map,        fuzz_unmap};
        patron_ctx_options options;
        patron_ctx_options_init(&options);
        options.allocator = &allocator;
        options.file_ops = &files;
        options.threads = 1;
        FUZZ_ASSERT(patron_ctx_create(&options, &m->ctx, NULL) == PATRON_OK);
        m->floor = m->used;
    }
    m->live_before = m->live;
    return m->ctx;
}

static inline void fuzz_end(void) {
    fuzz_memory *m = &fuzz_state;
    if (m->live != m->live_before) fuzz_stop("blocks are not released", (uint64_t)(m->live - m->live_before));
    if (m->scratch) ASAN_POISON_MEMORY_REGION(fuzz_arena + m->floor, m->used - m->floor);
    m->scratch = false;
    m->used = m->floor;
}

/* A refusal says what was promised: this status (or that other one), and a message that is UTF-8. */
static inline void fuzz_refused(patron_status status, const patron_error *error, patron_status expected) {
    FUZZ_ASSERT(status == expected && error->status == status && error->message[0] != '\0');
    FUZZ_ASSERT(pt_utf8_check(error->message, (int64_t)strlen(error->message)) < 0);
}

/* A number that depends on every byte of the input: what to do with it where doing everything would take too long. */
static inline uint64_t fuzz_choice(const uint8_t *data, size_t size) {
    uint64_t hash = size, word;
    for (size_t i = 0; i + 8 <= size; i += 8) {
        memcpy(&word, data + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (size_t i = size & ~(size_t)7; i < size; i++) hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

/* ---- an input read as a recipe: bytes one after the other, zeros after the end ----------------------------------------------
 */

typedef struct fuzz_recipe {
    const uint8_t *data;
    size_t size, at;
} fuzz_recipe;

static inline uint8_t fuzz_byte(fuzz_recipe *r) { return r->at < r->size ? r->data[r->at++] : 0; }
/* A number below n, n at most 256. */
static inline int64_t fuzz_below(fuzz_recipe *r, int n) { return fuzz_byte(r) % n; }
/* One time in n. */
static inline bool fuzz_rarely(fuzz_recipe *r, int n) { return fuzz_byte(r) % n == 1; }
/* Eight bytes. */
static inline int64_t fuzz_whole(fuzz_recipe *r) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value |= (uint64_t)fuzz_byte(r) << 8 * i;
    return (int64_t)value;
}
/* The custom mutator of targets that take recipes. There is no format to keep to: without an engine that learns which changes
 * lead somewhere, every second input is fresh bytes, up to `most` of them. */
static inline size_t fuzz_mutate_recipe(uint8_t *data, size_t size, size_t most, size_t max_size, unsigned int seed) {
#ifdef PATRON_FUZZ_ENGINE
    const bool fresh = size == 0;
#else
    const bool fresh = size == 0 || seed % 2 == 0;
#endif
    if (!fresh) return LLVMFuzzerMutate(data, size, max_size);
    uint64_t state = seed;
    size = max_size < most ? max_size : most;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        data[i] = (uint8_t)(state >> 56);
    }
    return size;
}
/* Bytes of the target's own, of exactly this size, until fuzz_end. */
static inline void *fuzz_scratch(size_t size) {
    fuzz_memory *m = &fuzz_state;
    uint8_t *block = fuzz_allocate(m, size);
    FUZZ_ASSERT(block >= fuzz_arena && block < fuzz_arena + FUZZ_ARENA);
    memset(block, 0, size);
    m->live--;
    m->held -= size;
    m->scratch = true;
    return block;
}
/* Up to `most` bytes of the recipe, at most 255, as a block of exactly *n + 1 bytes, ended by a zero. */
static inline char *fuzz_text(fuzz_recipe *r, size_t most, size_t *n) {
    *n = fuzz_byte(r);
    if (*n > most) *n %= most + 1;
    if (*n > r->size - r->at) *n = r->size - r->at;
    char *text = fuzz_scratch(*n + 1);
    if (*n > 0) memcpy(text, r->data + r->at, *n);
    r->at += *n;
    return text;
}

/* ---- what is done with results
 * ------------------------------------------------------------------------------------------------ */

/* So that nothing that is read is optimised away. */
static inline void fuzz_keep(uint64_t value) { fuzz_state.kept = value; }

/* Every value of a table, read once. */
static inline void fuzz_touch(const patron_table *table) {
    uint64_t sum = 0;
    for (int64_t column = 0; column < patron_table_n_columns(table); column++) {
        for (int64_t row = 0; row < patron_table_n_rows(table); row++) {
            const char *text = NULL;
            int64_t length = 0, value;
            double real;
            uint8_t valid;
            if (patron_table_get_string(table, column, row, &text, &length, NULL) == PATRON_OK) {
                if (text != NULL) FUZZ_ASSERT(pt_utf8_check(text, length) < 0);
            } else if (patron_table_get_int64(table, column, row, 1, &value, &valid, NULL) == PATRON_OK) {
                sum += (uint64_t)value;
            } else if (patron_table_get_float64(table, column, row, 1, &real, &valid, NULL) == PATRON_OK) {
                sum += valid;
            }
        }
    }
    fuzz_keep(sum);
}

#endif
