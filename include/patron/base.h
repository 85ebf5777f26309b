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
 *     patron_ctx_set_threads(ctx, 2, NULL);
 *     ...
 *     patron_ctx_destroy(ctx);
 *
 * Threads: a context may be used from many threads at once; a call that finds the pool busy runs on its own thread, with
 * the same result. After fork() the child goes on with a fresh pool. Immutable objects (tables, logs, models) are shared
 * without a lock.
 * Ownership: `create`, `import` and `load` hand over an object that the caller ends with `destroy`; `destroy(NULL)` is legal.
 * Errors: every function that can fail returns a patron_status and takes a nullable, caller-owned patron_error last. After
 * a failure outputs are untouched (or NULL, where stated) and inputs are as they were.
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

/* Numbers are pinned: never changed, never used again. */
typedef enum patron_status {
    PATRON_OK = 0,
    PATRON_ERR_INVALID = 1,   /* a value is not what was expected */
    PATRON_ERR_TYPE = 2,      /* a column or argument has the wrong type */
    PATRON_ERR_NOT_FOUND = 3, /* no column, id or section of that name */
    PATRON_ERR_NO_MEMORY = 4, /* the allocator refused, or the memory cap was reached */
    PATRON_ERR_IO = 5,        /* the operating system refused; os_error holds its errno */
    PATRON_ERR_FORMAT = 6,    /* a file that is damaged, of another kind, or newer than this library */
    PATRON_ERR_CANCELLED = 7, /* the cancel callback said so */
    PATRON_ERR_LIMIT = 8      /* more than the library can count; refused, never truncated */
} patron_status;

/* What went wrong: `message` names the offending thing and its value and says what was expected. */
typedef struct patron_error {
    patron_status status;
    int os_error;
    char message[504];
} patron_error;

/* The status as a word, e.g. "invalid value". Never NULL. */
PATRON_API const char *patron_status_name(patron_status status);

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Where all memory of a context comes from. allocate returns `size` bytes aligned to 64, or NULL; release takes back what
 * allocate gave, with the same size. Both are called from many threads at once. */
typedef struct patron_allocator {
    void *state;
    void *(*allocate)(void *state, size_t size);
    void (*release)(void *state, void *memory, size_t size);
} patron_allocator;

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* How a context touches the file system. Each returns 0 (or a count or descriptor >= 0), or a negated errno. */
typedef struct patron_file_ops {
    void *state;
    int (*open_write)(void *state, const char *path);                  /* a new file, exclusively; -> descriptor */
    int (*open_read)(void *state, const char *path);                   /* -> descriptor */
    int64_t (*write)(void *state, int fd, const void *data, size_t n); /* -> bytes written, may be short */
    int64_t (*length)(void *state, int fd);                            /* bytes in the file */
    int (*sync)(void *state, int fd);
    int (*close)(void *state, int fd);
    int (*rename)(void *state, const char *from, const char *to);
    int (*remove)(void *state, const char *path);
    int (*sync_folder)(void *state, const char *path);           /* the folder that holds `path` */
    int (*map)(void *state, int fd, size_t n, const void **out); /* read-only private mapping of the first n bytes */
    void (*unmap)(void *state, const void *data, size_t n);
} patron_file_ops;

/* ---- context --------------------------------------------------------------------------------------------------- */

typedef struct patron_ctx patron_ctx;

/* With the default allocator and no cap, large blocks that a call gives back are kept for ten seconds for the calls to come, up
 * to 1 GiB, marked so that the system can take them when memory is short. They count as held by nobody. */

typedef struct patron_ctx_options {
    size_t struct_size;
    const patron_allocator *allocator; /* NULL: the C library's; copied */
    const patron_file_ops *file_ops;   /* NULL: POSIX; copied */
    uint64_t memory_cap;               /* bytes that all objects of the context may hold together; 0: no cap */
    uint64_t seed;                     /* for whatever draws numbers without a seed of its own */
    int threads;                       /* 0: what affinity and cgroup allow */
    void *callback_state;
    /* Called by the calling thread at most every 20 ms; non-zero stops the work with PATRON_ERR_CANCELLED. */
    int (*cancelled)(void *callback_state);
    /* Called by the calling thread at most every 100 ms: what is done, how much of it. */
    void (*progress)(void *callback_state, const char *what, int64_t done, int64_t total);
    /* A sentence for a log. */
    void (*log)(void *callback_state, const char *message);
} patron_ctx_options;

PATRON_API void patron_ctx_options_init(patron_ctx_options *options);

/* Makes a context; options NULL means the defaults. Reads the environment variable PATRON_CPU (generic, avx2, avx512) once. */
PATRON_API patron_status patron_ctx_create(const patron_ctx_options *options, patron_ctx **out, patron_error *error);

/* Gives up the caller's reference. */
PATRON_API void patron_ctx_destroy(patron_ctx *ctx);

/* Uses exactly n threads (the caller's included) from the next call on, also when there are fewer cores. n >= 1; 0 goes
 * back to what affinity and cgroup allow. */
PATRON_API patron_status patron_ctx_set_threads(patron_ctx *ctx, int n, patron_error *error);
PATRON_API int patron_ctx_threads(const patron_ctx *ctx);

/* The vector width in use: "generic", "avx2" or "avx512". */
PATRON_API const char *patron_ctx_cpu(const patron_ctx *ctx);

/* Bytes held now, and the most since the last reset of the peak. */
PATRON_API uint64_t patron_ctx_memory(const patron_ctx *ctx);
PATRON_API uint64_t patron_ctx_memory_peak(const patron_ctx *ctx);
PATRON_API void patron_ctx_memory_peak_reset(patron_ctx *ctx);

/* Bytes that a call hands over, e.g. a saved object in memory. */
typedef struct patron_bytes patron_bytes;
PATRON_API const void *patron_bytes_data(const patron_bytes *bytes);
PATRON_API int64_t patron_bytes_size(const patron_bytes *bytes);
PATRON_API void patron_bytes_destroy(patron_bytes *bytes);

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* y[i] = f(x[i]) for n values; x and y may be the same array. The same bits at every vector width and thread count.
 * exp and log are within 1 ulp, log_gamma (x > 0; NaN below) within 4e-15 relative, or absolute near its zeros at 1 and 2.
 * Infinities, NaN, zero and subnormal numbers give what C's own functions give. */
PATRON_API patron_status patron_math_exp(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);
PATRON_API patron_status patron_math_log(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);
PATRON_API patron_status patron_math_log_gamma(patron_ctx *ctx, int64_t n, const double *x, double *y, patron_error *error);

/* The sum of n values in sixteen fixed lanes: *out has the same bits at every vector width and thread count. */
PATRON_API patron_status patron_math_sum(patron_ctx *ctx, int64_t n, const double *x, double *out, patron_error *error);

/* order[i]: the position in keys (n of them) of the i-th smallest; equal keys keep their order. Radix sort, O(n). */
PATRON_API patron_status patron_sort_order(patron_ctx *ctx, int64_t n, const int64_t *keys, int64_t *order,
                                           patron_error *error);

/* n uniform doubles in [0, 1), numbers `first` .. of stream `stream` under `seed`: Philox4x32-10, Salmon et al. 2011,
 * doi:10.1145/2063384.2063405. Counter-based: any slice of a stream can be had without the rest. */
PATRON_API patron_status patron_random_uniform(patron_ctx *ctx, uint64_t seed, uint64_t stream, uint64_t first, int64_t n,
                                               double *out, patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
