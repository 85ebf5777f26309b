/* tests/c/faults.h: an allocator and file operations that can be made to fail, and that count what is not given back.
 *
 *     faults f = {0};
 *     patron_allocator allocator = faults_allocator(&f);      // into patron_ctx_options.allocator
 *     f.asked = 0;
 *     f.at = 7;                                               // the seventh allocation from now on is refused
 *     f.onwards = true;                                       // and every later one
 *     ...
 *     f.at = 0;                                               // nothing is refused any more
 *
 * f.refused, f.live_blocks, f.live_bytes may be read at any time. Fresh blocks are full of 0xa5, released ones of 0xdd, so that
 * who relies on zeros, or looks at what is gone, is found out. A release with a wrong size, or of memory that is not a live
 * block, stops the process. faults_digest is a number made of every byte of every live block: equal before and after a call,
 * nothing that the context holds was changed, lost or left behind.
 *
 *     file_faults files = {0};
 *     patron_file_ops ops = file_faults_ops(&files);          // into patron_ctx_options.file_ops
 *     files.at = 3;                                           // the third operation fails, with an errno that it may well have
 *
 * The operations are those of POSIX, but nothing is flushed to the disk: a process that dies loses nothing that it wrote.
 * close() closes in any case, as the real one does; unmap cannot fail and is not counted as an operation.
 *
 * Header only; include it after cmocka.h. The allocator is safe from many threads, the file operations are for one. */
#ifndef PATRON_TESTS_FAULTS_H
#define PATRON_TESTS_FAULTS_H

#include "base/ctx.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

typedef struct faults_block {
    uint64_t mark;
    size_t size;
    struct faults_block *previous, *next;
} faults_block;

typedef struct faults {
    int64_t at;                  /* the number of the allocation that is refused, from 1; 0: none */
    bool onwards;                /* and every later one too */
    size_t least;                /* only allocations of so many bytes are counted and refused */
    _Atomic int64_t asked;       /* allocations asked for so far */
    _Atomic int64_t refused;     /* of them refused on purpose */
    _Atomic uint64_t wanted;     /* the size of the one refused last */
    _Atomic int64_t live_blocks; /* given out and not yet released */
    _Atomic int64_t live_bytes;
    _Atomic bool locked;
    faults_block *first; /* of the live blocks; under lock */
} faults;

enum { FAULTS_HEADER = 64, FAULTS_FILL = 4096 };
static const uint64_t FAULTS_LIVE = 0x6c69766520626c6bu, FAULTS_DEAD = 0x6465616420626c6bu;

static inline void faults_lock(faults *f) {
    while (atomic_exchange_explicit(&f->locked, true, memory_order_acquire)) {
    }
}
static inline void faults_unlock(faults *f) { atomic_store_explicit(&f->locked, false, memory_order_release); }

static inline void *faults_allocate(void *state, size_t size) {
    faults *f = state;
    int64_t number = size < f->least ? 0 : atomic_fetch_add(&f->asked, 1) + 1;
    if (number != 0 && f->at != 0 && (number == f->at || (f->onwards && number > f->at))) {
        atomic_fetch_add(&f->refused, 1);
        atomic_store(&f->wanted, size);
        return NULL;
    }
    if (size > SIZE_MAX / 2) return NULL;
    faults_block *block = aligned_alloc(64, (size + FAULTS_HEADER + 63) & ~(size_t)63);
    if (block == NULL) return NULL;
    faults_lock(f);
    *block = (faults_block){FAULTS_LIVE, size, NULL, f->first};
    if (f->first != NULL) f->first->previous = block;
    f->first = block;
    faults_unlock(f);
    memset((char *)block + FAULTS_HEADER, 0xa5, size < FAULTS_FILL ? size : FAULTS_FILL);
    atomic_fetch_add(&f->live_blocks, 1);
    atomic_fetch_add(&f->live_bytes, (int64_t)size);
    return (char *)block + FAULTS_HEADER;
}

static inline void faults_release(void *state, void *memory, size_t size) {
    faults *f = state;
    faults_block *block = (faults_block *)(void *)((char *)memory - FAULTS_HEADER);
    if (block->mark != FAULTS_LIVE || block->size != size) {
        fprintf(stderr, "faults: release of %zu bytes; the block is %s and has %zu\n", size,
                block->mark == FAULTS_LIVE ? "live" : "not live", block->size);
        abort();
    }
    faults_lock(f);
    if (block->previous != NULL)
        block->previous->next = block->next;
    else
        f->first = block->next;
    if (block->next != NULL) block->next->previous = block->previous;
    faults_unlock(f);
    block->mark = FAULTS_DEAD;
    memset(memory, 0xdd, size < FAULTS_FILL ? size : FAULTS_FILL);
    atomic_fetch_sub(&f->live_blocks, 1);
    atomic_fetch_sub(&f->live_bytes, (int64_t)size);
    free(block);
}

static inline patron_allocator faults_allocator(faults *f) {
    patron_allocator allocator = {f, faults_allocate, faults_release};
    return allocator;
}

/* In the manner of FNV-1a, words instead of bytes, four side by side. */
static inline uint64_t faults_hash(uint64_t hash, const void *data, size_t n) {
    static const uint64_t prime = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t lanes[4] = {hash, 1, 2, 3}, words[4];
    const char *p = data;
    for (; n >= sizeof words; n -= sizeof words, p += sizeof words) {
        memcpy(words, p, sizeof words);
        for (int i = 0; i < 4; i++) {
            lanes[i] = (lanes[i] ^ words[i]) * prime;
            lanes[i] ^= lanes[i] >> 29;
        }
    }
    memset(words, 0, sizeof words);
    if (n > 0) memcpy(words, p, n);
    hash = n;
    for (int i = 0; i < 4; i++) {
        hash = (hash ^ lanes[i] ^ words[i]) * prime;
        hash ^= hash >> 29;
    }
    return hash;
}

/* Of every live block but `except`: where it is and what is in it. */
static inline uint64_t faults_digest(faults *f, const void *except) {
    uint64_t sum = 0;
    faults_lock(f);
    for (const faults_block *block = f->first; block != NULL; block = block->next) {
        const char *memory = (const char *)block + FAULTS_HEADER;
        if (memory != except) sum += faults_hash((uintptr_t)memory, memory, block->size);
    }
    faults_unlock(f);
    return sum;
}

/* ---- files ---- */

enum file_operation { OPEN_WRITE, OPEN_READ, WRITE, LENGTH, SYNC, CLOSE, RENAME, REMOVE, SYNC_FOLDER, MAP, N_FILE_OPERATIONS };

/* How an operation fails. All but the first are for writes only: with them other operations are not counted. */
enum file_fault {
    FILE_FAULT_ERRNO,    /* with an errno that the operation may well have: another each time */
    FILE_FAULT_NOTHING,  /* says that it wrote 0 bytes */
    FILE_FAULT_TOO_MUCH, /* says that it wrote more than there are */
    FILE_FAULT_SHORT,    /* writes half of the bytes, which is no failure */
    N_FILE_FAULTS
};

typedef struct file_faults {
    int64_t at;   /* the number of the operation that fails, from 1; 0: none */
    bool onwards; /* and every later one too */
    enum file_fault how;
    int error;       /* what FILE_FAULT_ERRNO fails with; 0: what the operation may well fail with, another each time */
    int64_t at_most; /* bytes that a write takes; 0: all */
    bool discard;    /* writes go nowhere */
    int64_t kill_at; /* the number of the operation before which the process is killed; 0: none */
    int64_t asked, refused, turn, syncs;
    enum file_operation first; /* that failed */
    int first_error;           /* what it failed with */
    bool removal_refused;
    bool had_been_read;            /* what could not be closed first was open for reading */
    int64_t open_files, open_maps; /* not yet closed */
    int reading;                   /* the descriptor opened last for reading */
    char temporary[512];           /* the path opened last for writing */
} file_faults;

/* 0: go on; else the negated errno, or 1 for a fault of another kind. */
static inline int file_faults_say(file_faults *f, enum file_operation operation) {
    static const int errors[N_FILE_OPERATIONS][3] = {
        [OPEN_WRITE] = {EMFILE, EACCES, EINTR}, [OPEN_READ] = {EACCES, ENFILE, EINTR}, [WRITE] = {ENOSPC, EIO, EINTR},
        [LENGTH] = {EIO, EOVERFLOW, ESTALE},    [SYNC] = {EIO, ENOSPC, EDQUOT},        [CLOSE] = {EIO, EDQUOT, EINTR},
        [RENAME] = {EACCES, EROFS, EXDEV},      [REMOVE] = {EPERM, EROFS, EBUSY},      [SYNC_FOLDER] = {EIO, EMFILE, EACCES},
        [MAP] = {ENOMEM, ENODEV, EAGAIN},
    };
    if (f->how != FILE_FAULT_ERRNO && operation != WRITE) return 0;
    f->asked++;
    if (f->asked == f->kill_at) raise(SIGKILL);
    if (f->at == 0 || (f->asked != f->at && !(f->onwards && f->asked > f->at))) return 0;
    int error = f->how != FILE_FAULT_ERRNO ? EIO : f->error != 0 ? f->error : errors[operation][f->turn++ % 3];
    if (f->refused++ == 0) {
        f->first = operation;
        f->first_error = error;
    }
    if (operation == REMOVE) f->removal_refused = true;
    return f->how == FILE_FAULT_ERRNO ? -error : 1;
}

static inline int file_faults_open_write(void *state, const char *path) {
    file_faults *f = state;
    int result = file_faults_say(f, OPEN_WRITE);
    snprintf(f->temporary, sizeof f->temporary, "%s", path);
    if (result == 0) result = pt_file_ops_posix.open_write(NULL, path);
    f->open_files += result >= 0;
    return result;
}

static inline int file_faults_open_read(void *state, const char *path) {
    file_faults *f = state;
    int result = file_faults_say(f, OPEN_READ);
    if (result == 0) result = f->reading = pt_file_ops_posix.open_read(NULL, path);
    f->open_files += result >= 0;
    return result;
}

static inline int64_t file_faults_write(void *state, int fd, const void *data, size_t n) {
    file_faults *f = state;
    int result = file_faults_say(f, WRITE);
    if (result < 0) return result;
    if (result > 0 && f->how == FILE_FAULT_NOTHING) return 0;
    if (result > 0 && f->how == FILE_FAULT_TOO_MUCH) return (int64_t)n + 1;
    if (f->discard) return (int64_t)n;
    if (result > 0) n -= n / 2;
    if (f->at_most > 0 && n > (size_t)f->at_most) n = (size_t)f->at_most;
    return pt_file_ops_posix.write(NULL, fd, data, n);
}

static inline int64_t file_faults_length(void *state, int fd) {
    int result = file_faults_say(state, LENGTH);
    return result != 0 ? result : pt_file_ops_posix.length(NULL, fd);
}

static inline int file_faults_sync(void *state, int fd) {
    (void)fd;
    ((file_faults *)state)->syncs++;
    return file_faults_say(state, SYNC);
}

static inline int file_faults_close(void *state, int fd) {
    file_faults *f = state;
    int result = file_faults_say(f, CLOSE), closed = pt_file_ops_posix.close(NULL, fd);
    f->open_files--;
    if (result != 0 && f->refused == 1) f->had_been_read = fd == f->reading;
    return result != 0 ? result : closed;
}

static inline int file_faults_rename(void *state, const char *from, const char *to) {
    int result = file_faults_say(state, RENAME);
    return result != 0 ? result : pt_file_ops_posix.rename(NULL, from, to);
}

static inline int file_faults_remove(void *state, const char *path) {
    int result = file_faults_say(state, REMOVE);
    return result != 0 ? result : pt_file_ops_posix.remove(NULL, path);
}

static inline int file_faults_sync_folder(void *state, const char *path) {
    (void)path;
    return file_faults_say(state, SYNC_FOLDER);
}

static inline int file_faults_map(void *state, int fd, size_t n, const void **out) {
    file_faults *f = state;
    int result = file_faults_say(f, MAP);
    if (result == 0) result = pt_file_ops_posix.map(NULL, fd, n, out);
    f->open_maps += result == 0;
    return result;
}

static inline void file_faults_unmap(void *state, const void *data, size_t n) {
    ((file_faults *)state)->open_maps--;
    pt_file_ops_posix.unmap(NULL, data, n);
}

static inline patron_file_ops file_faults_ops(file_faults *f) {
    return (patron_file_ops){.state = f,
                             .open_write = file_faults_open_write,
                             .open_read = file_faults_open_read,
                             .write = file_faults_write,
                             .length = file_faults_length,
                             .sync = file_faults_sync,
                             .close = file_faults_close,
                             .rename = file_faults_rename,
                             .remove = file_faults_remove,
                             .sync_folder = file_faults_sync_folder,
                             .map = file_faults_map,
                             .unmap = file_faults_unmap};
}

#endif
