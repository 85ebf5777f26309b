/* base/hash.h: a 64-bit hash of bytes and of words, for tables in memory. Never stored, so free to change.
 *
 * Words are folded by the 128-bit product of two 64-bit halves xored together, the mixing step known from wyhash and
 * folly: one multiplication spreads all 128 input bits. */
#ifndef PT_BASE_HASH_H
#define PT_BASE_HASH_H

#include <stdint.h>
#include <string.h>

static inline uint64_t pt_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t pt_hash_u64(uint64_t x) { return pt_fold(x ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u); }

static inline uint64_t pt_load_u64(const void *p) {
    uint64_t x;
    memcpy(&x, p, 8);
    return x;
}

static inline uint64_t pt_load_u32(const void *p) {
    uint32_t x;
    memcpy(&x, p, 4);
    return x;
}

static inline uint64_t pt_hash_bytes(const void *data, int64_t n) {
    const unsigned char *p = data;
    uint64_t h = (uint64_t)n * 0xa0761d6478bd642fu;
    for (; n > 16; p += 16, n -= 16)
        h = pt_fold(pt_load_u64(p) ^ h ^ 0x8ebc6af09c88c6e3u, pt_load_u64(p + 8) ^ 0x589965cc75374cc3u);
    uint64_t a = 0, b = 0;
    if (n >= 8) {
        a = pt_load_u64(p);
        b = pt_load_u64(p + n - 8);
    } else if (n >= 4) {
        a = pt_load_u32(p);
        b = pt_load_u32(p + n - 4);
    } else if (n > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[n / 2] << 8 | p[n - 1];
    }
    return pt_fold(pt_fold(a ^ 0x2d358dccaa6c78a5u, b ^ h ^ 0x8bb84b93962eacc9u), 0x4b33a62ed433d4a3u);
}

#endif
