/* base/random.c: arrays of counter-based random numbers.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011, Parallel random numbers: as easy as 1, 2, 3, doi:10.1145/2063384.2063405):
 * ten rounds of a 128-bit block cipher over a counter. Layout:
 *
 *     key      | seed, 64 bits                               |
 *     counter  | index / 2, 64 bits | stream, 64 bits        |   words least significant first
 *     output   | number of even index | number of odd index  |
 *
 * So seeds, streams and indices use their full 64 bits, and no two numbers of any of them share a block by accident. */
#include "base/random.h"

#include "base/fill.h"

typedef struct request {
    uint64_t seed, stream, first;
} request;

static void fill_uniform(const void *arg, int64_t first, int64_t n, double *out) {
    const request *r = arg;
    uint64_t index = r->first + (uint64_t)first;
    int64_t i = 0;
    if ((index & 1) != 0) out[i++] = pt_random_double(r->seed, r->stream, index++);
    for (; i + 2 <= n; i += 2, index += 2) {
        uint64_t two[2];
        pt_random_pair(r->seed, r->stream, index >> 1, two);
        out[i] = pt_random_to_double(two[0]);
        out[i + 1] = pt_random_to_double(two[1]);
    }
    if (i < n) out[i] = pt_random_double(r->seed, r->stream, index);
}

patron_status patron_random_uniform(patron_ctx *ctx, uint64_t seed, uint64_t stream, uint64_t first, int64_t n, double *out,
                                    patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "%lld random numbers; expected 0 or more", (long long)n);
    if (n > 0 && out == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "%lld random numbers: out is NULL; expected an array", (long long)n);
    if (n > 0 && (uint64_t)n - 1 > UINT64_MAX - first)
        return pt_fail(error, PATRON_ERR_LIMIT, "%lld random numbers from number %llu on; a stream has 2^64", (long long)n,
                       (unsigned long long)first);
    request work = {seed, stream, first};
    return pt_fill_doubles(ctx, n, fill_uniform, &work, out, error);
}
