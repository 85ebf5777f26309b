/* patron/base.h: what every room stands on: errors, memory, files, threads, numbers.
 *
 * A `patron_ctx` carries everything that other libraries keep in globals: allocator and memory cap, file operations, thread
 * pool, seed, callbacks. Every object made with a context keeps a reference to it, so objects and context may be destroyed
 * in any order.
 *
 *     patron_ctx *ctx = NULL;
 *     patron_error error = {0};
 *     if (patron_ctx_create(NULL, &ctx, &error) != PATRON_OK) {
 *         fprintf(stderr, "%s\n", error.message);
 *         return 1;
 *     }
 *     double x[3] = {0.0, 1.0, 2.0}, y[3];
 *     if (patron_math_exp(ctx, 3, x, y, &error) != PATRON_OK) fprintf(stderr, "%s\n", error.message);
 *     patron_ctx_destroy(ctx);
 *
 * Arguments come in the order context, inputs, options, outputs, error. A pointer must not be NULL where its description does
 * not say what NULL means. Text is UTF-8, terminated where no length is given. Nothing here prints or looks at the locale.
 *
 * Threads: a context may be used from many threads at once; a call that finds the pool busy runs on its own thread, with
 * the same result. After fork() the child goes on with a fresh pool. Immutable objects (tables, logs, models) are shared
 * without a lock. Threads of the pool take no signals. A thread that calls needs no more than 128 KiB of stack.
 * Ownership: `create`, `import` and `load` hand over an object that the caller ends with `destroy`; `destroy(NULL)` is legal.
 * Options: structs that begin with `struct_size` grow at their end from release to release; `..._options_init(&options)` fills
 * in that size and the defaults, so a program meets a later library, and the other way round, without harm. From languages
 * that cannot call an inline function, pass `..._options_init_sized` the size, at least that of `struct_size`. A struct of
 * zeros, not filled in this way first, is refused with PATRON_ERR_INVALID. All other structs stay as they are, but for those
 * that the library alone makes and that say so.
 * Versions: PATRON_VERSION is major.minor.patch. Within a major version (before 1.0: within a minor one) functions, structs,
 * numbers and files are only added, never changed or taken away: a program goes on with any later library without being
 * compiled again. The name of the shared library ends in that number, so the loader refuses one of another. An earlier library
 * than the program was made for lacks functions, which the loader says, or options, which are refused with PATRON_ERR_INVALID
 * unless they are zero.
 * Errors: every function that can fail returns a patron_status and takes a patron_error last, the caller's, NULL for who needs
 * no message. After a failure outputs are untouched (or NULL, where stated) and inputs are as they were. Any of them may
 * return PATRON_ERR_NO_MEMORY and, when it works long, PATRON_ERR_CANCELLED; descriptions name the rest.
 */
#ifndef PATRON_BASE_H
#define PATRON_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(PATRON_BUILD)
#define PATRON_API __attribute__((visibility("default")))
#else
#define PATRON_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define PATRON_VERSION "0.1.0"

/* The version of the library that is linked, "major.minor.patch". */
PATRON_API const char *patron_version(void);

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/* What became of a call. Numbers are pinned: never changed, never used again. */
typedef enum patron_status {
    PATRON_OK = 0,            /* done */
    PATRON_ERR_INVALID = 1,   /* a value is not what was expected */
    PATRON_ERR_TYPE = 2,      /* a column or argument has the wrong type */
    PATRON_ERR_NOT_FOUND = 3, /* no column, id or section of that name */
    PATRON_ERR_NO_MEMORY = 4, /* the allocator refused, or the memory cap was reached */
    PATRON_ERR_IO = 5,        /* the operating system refused; os_error holds its errno */
    PATRON_ERR_FORMAT = 6,    /* a file that is damaged, of another kind, or newer than this library */
    PATRON_ERR_CANCELLED = 7, /* the cancel callback said so */
    PATRON_ERR_LIMIT = 8      /* more than the library can count; refused, never truncated */
} patron_status;

/* What went wrong, written by a call that fails and by no other. */
typedef struct patron_error {
    patron_status status; /* what the call returned */
    int os_error;         /* the system's errno with PATRON_ERR_IO, else 0 */
    char message[504];    /* UTF-8, terminated: the offending thing, its value, and what was expected */
} patron_error;

/* The status as words, e.g. "invalid value"; "unknown status" for any other number. Static, never NULL. */
PATRON_API const char *patron_status_name(patron_status status);

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Where all memory of a context comes from: blocks aligned to 64 bytes. Both functions are called from many threads at once,
 * are not NULL, and do not call the library. They are needed until the last object of the context is destroyed. */
typedef struct patron_allocator {
    void *state; /* the caller's, passed on to both */
    /* Returns `size` bytes (at least one), or NULL. */
    void *(*allocate)(void *state, size_t size);
    /* Takes back what allocate gave, with the same size. */
    void (*release)(void *state, void *memory, size_t size);
} patron_allocator;

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* How a context touches the file system. Each returns 0 (or a count or descriptor >= 0), or a negated errno. Paths are bytes as
 * the caller gave them, terminated. Called from many threads at once; none is NULL or calls the library; `unmap` and `state`
 * are needed until the last object that was loaded is destroyed. */
typedef struct patron_file_ops {
    void *state;                                                       /* the caller's, passed on to all */
    int (*open_write)(void *state, const char *path);                  /* a new file, -EEXIST if there is one; -> descriptor */
    int (*open_read)(void *state, const char *path);                   /* -> descriptor */
    int64_t (*write)(void *state, int fd, const void *data, size_t n); /* -> bytes written, 1 to n */
    int64_t (*length)(void *state, int fd);                            /* bytes in the file */
    int (*sync)(void *state, int fd);                                  /* back when the file is on the disk */
    int (*close)(void *state, int fd);                                 /* the descriptor is gone, also on failure */
    int (*rename)(void *state, const char *from, const char *to);      /* `to` is replaced at once */
    int (*remove)(void *state, const char *path);                      /* a file */
    int (*sync_folder)(void *state, const char *path);                 /* the folder that holds `path` */
    int (*map)(void *state, int fd, size_t n, const void **out);       /* read-only private mapping of the first n bytes */
    void (*unmap)(void *state, const void *data, size_t n);            /* of what `map` gave */
} patron_file_ops;

/* ---- context --------------------------------------------------------------------------------------------------- */

/* A context. With the default allocator and no cap, large blocks that a call gives back are kept for ten seconds for the calls
 * to come, up to 1 GiB, marked so that the system can take them when memory is short. They count as held by nobody. */
typedef struct patron_ctx patron_ctx;

/* How a context is made. */
typedef struct patron_ctx_options {
    size_t struct_size;
    const patron_allocator *allocator; /* NULL: the C library's; copied */
    const patron_file_ops *file_ops;   /* NULL: POSIX; copied */
    uint64_t memory_cap;               /* bytes that all objects of the context may hold together; 0: no cap */
    uint64_t seed;                     /* for whatever draws numbers without a seed of its own */
    int threads;                       /* 0: what affinity and cgroup allow */
    /* The caller's, passed on to the three below. Each may be NULL, may itself call the library, and runs on the thread of the
     * call that it is about: at once for several calls, when these come from several threads. */
    void *callback_state;
    /* Called every 20 ms or so by each thread that is in a call, more often where very many are; non-zero stops the call that
     * asked with PATRON_ERR_CANCELLED, so to end several it has to stay non-zero. */
    int (*cancelled)(void *callback_state);
    /* Called at the end of each stage of the work, and every 100 ms or so within one: the stage (a word, or the column that
     * is read; valid during the call), how many of how many parts of it are done. */
    void (*progress)(void *callback_state, const char *what, int64_t done, int64_t total);
    /* A sentence for a log, valid during the call: what a user may wonder about but no call fails of, e.g. fewer threads. */
    void (*log)(void *callback_state, const char *message);
} patron_ctx_options;

/* Fills `options` with the defaults, all 0 or NULL; `size` is that of the caller's struct. */
PATRON_API void patron_ctx_options_init_sized(patron_ctx_options *options, size_t size);
static inline void patron_ctx_options_init(patron_ctx_options *options) {
    patron_ctx_options_init_sized(options, sizeof *options);
}

/* Makes a context; `options` NULL means the defaults. Reads the environment variable PATRON_CPU (generic, avx2, avx512) once,
 * and starts no thread: the pool comes with the first call that has work for it. Errors: PATRON_ERR_INVALID for threads outside
 * 0 .. 256, and for a struct that was not filled by patron_ctx_options_init. */
PATRON_API patron_status patron_ctx_create(const patron_ctx_options *options, patron_ctx **out, patron_error *error);

/* Gives up the caller's reference; the context ends with the last object that was made with it. NULL is legal. */
PATRON_API void patron_ctx_destroy(patron_ctx *ctx);

/* From the next allocation on all objects of the context together may hold at most `bytes`; 0: no cap. What is held already
 * stays, also when it is more. A call that wants more fails with PATRON_ERR_NO_MEMORY and leaves everything as it was. */
PATRON_API void patron_ctx_set_memory_cap(patron_ctx *ctx, uint64_t bytes);

/* Uses exactly n threads (the caller's included) from the next call on, also when there are fewer cores; n is 1 .. 256, or 0
 * for what affinity and cgroup allow. Results never depend on it. Errors: PATRON_ERR_INVALID for another n. */
PATRON_API patron_status patron_ctx_set_threads(patron_ctx *ctx, int n, patron_error *error);
/* How many threads the next call may use; at least 1. */
PATRON_API int patron_ctx_threads(const patron_ctx *ctx);

/* The vector width in use: "generic", "avx2" or "avx512"; static. Results never depend on it. */
PATRON_API const char *patron_ctx_cpu(const patron_ctx *ctx);

/* Bytes that the context's objects and calls hold now, and the most since the last reset of the peak. A pool of threads that
 * has been started is in it (a few KiB), the context itself is not. */
PATRON_API uint64_t patron_ctx_memory(const patron_ctx *ctx);
PATRON_API uint64_t patron_ctx_memory_peak(const patron_ctx *ctx);
PATRON_API void patron_ctx_memory_peak_reset(patron_ctx *ctx);

/* Bytes that a call hands over, e.g. a saved object in memory; immutable. */
typedef struct patron_bytes patron_bytes;
/* The bytes, aligned to 64 and valid until `bytes` is destroyed, and their size. destroy(NULL) is legal. */
PATRON_API const void *patron_bytes_data(const patron_bytes *bytes);
PATRON_API int64_t patron_bytes_size(const patron_bytes *bytes);
PATRON_API void patron_bytes_destroy(patron_bytes *bytes);

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* y[i] = f(x[i]) for n values; x and y hold n numbers each and may be the same array. The same bits at every vector width and
 * thread count. exp and log are within 1 ulp, log_gamma (x > 0; NaN below) within 4e-15 relative, or absolute near its zeros at
 * 1 and 2. Infinities, NaN, zero and subnormal numbers give what C's own functions give (log_gamma of -infinity: NaN). O(n).
 * Errors: PATRON_ERR_INVALID for n < 0 and for a NULL array of n > 0 numbers. */
PATRON_API patron_status patron_math_exp(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);
PATRON_API patron_status patron_math_log(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);
PATRON_API patron_status patron_math_log_gamma(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);

/* The sum of the n values x in sixteen fixed lanes: *out has the same bits at every vector width and thread count. The sum of
 * none is 0; NaN and infinities go through as in plain addition. O(n). Errors: PATRON_ERR_INVALID for n < 0 and for x NULL. */
PATRON_API patron_status patron_math_sum(patron_ctx *ctx, int64_t n, const double *x, double *out, patron_error *error);

/* order[i] becomes the position in keys (n of them) of the i-th smallest, n positions in all; equal keys keep their order.
 * Radix sort, O(n). Errors: PATRON_ERR_INVALID for n < 0 and for a NULL array of n > 0 numbers. */
PATRON_API patron_status patron_sort_order(patron_ctx *ctx, int64_t n, const int64_t *keys, int64_t *order,
                                           patron_error *error);

/* out[0 .. n - 1]: uniform doubles in [0, 1), numbers `first` .. first + n - 1 of stream `stream` under `seed`: Philox4x32-10,
 * Salmon et al. 2011, doi:10.1145/2063384.2063405. Counter-based: any slice of a stream can be had without the rest. O(n).
 * Errors: PATRON_ERR_INVALID for n < 0 and for out NULL, PATRON_ERR_LIMIT beyond the 2^64 numbers of a stream. */
PATRON_API patron_status patron_random_uniform(patron_ctx *ctx, uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                                               double *out, patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
