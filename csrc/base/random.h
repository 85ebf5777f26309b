/* base/random.h: counter-based random numbers: number `index` of stream `stream` under `seed`, without any state.
 *
 * A room gives each of its uses a stream of its own and indexes by what the number is for (row, iteration * n + row ...), so
 * that the draw does not depend on the order or the thread in which it is asked for. */
#ifndef PT_BASE_RANDOM_H
#define PT_BASE_RANDOM_H

#include <stdint.h>

/* One block of Philox4x32-10: out[0..3] from a 128-bit counter and a 64-bit key, words least significant first. */
static inline void pt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xd2511f53u * c0, p1 = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Both numbers of one block: those with index 2 * block and 2 * block + 1. */
static inline void pt_random_pair(uint64_t seed, uint64_t stream, uint64_t block, uint64_t out[2]) {
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    pt_philox(counter, key, words);
    out[0] = (uint64_t)words[1] << 32 | words[0];
    out[1] = (uint64_t)words[3] << 32 | words[2];
}

static inline uint64_t pt_random_u64(uint64_t seed, uint64_t stream, uint64_t index) {
    uint64_t two[2];
    pt_random_pair(seed, stream, index >> 1, two);
    return two[index & 1];
}

/* The upper 53 bits of a random word as a double in [0, 1). */
static inline double pt_random_to_double(uint64_t word) { return (double)(word >> 11) * 0x1p-53; }

static inline double pt_random_double(uint64_t seed, uint64_t stream, uint64_t index) {
    return pt_random_to_double(pt_random_u64(seed, stream, index));
}

/* Uniform in [0, n), n >= 1: the upper half of the product of a word and n. A value's probability is off by less than
 * n / 2^64 of itself; one word a number keeps indices apart, which rejection would not. */
static inline uint64_t pt_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n) {
    return (uint64_t)(((unsigned __int128)pt_random_u64(seed, stream, index) * n) >> 64);
}

#endif
