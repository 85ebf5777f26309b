/* base/checksum.c: CRC-32C, plain and with the instruction that x86 has for it, on one thread or many.
 *
 * The n bytes are the coefficients of a polynomial over GF(2); the checksum is its remainder modulo the Castagnoli polynomial
 * (Castagnoli, Braeuer and Herrmann 1993, doi:10.1109/26.231911), bits in reflected order, inverted before and after. The
 * polynomial has a constant term, so it divides no x^k times a polynomial of degree below 32: every change that spans at most
 * 32 bits, hence of any one byte, is found at any length.
 *
 * The plain kernel takes eight bytes a step through eight tables ("slicing by 8", Kounavis and Berry 2008,
 * doi:10.1109/TC.2008.85). Remainders are linear, so the entry for a byte is the sum of the entries of its bits, and those are
 * 64 consecutive powers of x: the tables are made by the preprocessor from x^32 .. x^95.
 *
 * The crc32 instruction takes eight bytes with a latency of three cycles, one a cycle: three lanes of 8 KiB each run side by
 * side and are put together with one multiplication modulo the polynomial a lane,
 *
 *     crc(A B) = crc(A) x^(8 |B|) + crc(B),
 *
 * which is also how pieces that were summed by different threads become the checksum of the whole. */
#include "base/checksum.h"

#include <string.h>

enum { LANE = 8192, PIECE = 48 * 3 * LANE }; /* whole rounds of lanes; about 0.1 ms */

#define POLYNOMIAL 0x82f63b78u

/* All sums of the last arguments, in binary order, on top of v. */
#define P1(v, a) (v), (v) ^ (a)
#define P2(v, a, b) P1(v, a), P1((v) ^ (b), a)
#define P3(v, a, b, c) P2(v, a, b), P2((v) ^ (c), a, b)
#define P4(v, a, b, c, d) P3(v, a, b, c), P3((v) ^ (d), a, b, c)
#define P5(v, a, b, c, d, e) P4(v, a, b, c, d), P4((v) ^ (e), a, b, c, d)
#define P6(v, a, b, c, d, e, f) P5(v, a, b, c, d, e), P5((v) ^ (f), a, b, c, d, e)
#define P7(v, a, b, c, d, e, f, g) P6(v, a, b, c, d, e, f), P6((v) ^ (g), a, b, c, d, e, f)
#define P8(v, a, b, c, d, e, f, g, h) P7(v, a, b, c, d, e, f, g), P7((v) ^ (h), a, b, c, d, e, f, g)

/* table[k][byte]: the byte followed by k zero bytes. Row k is made of x^(39 + 8 k), down to x^(32 + 8 k). */
static const uint32_t table[8][256] = {
    {P8(0u, 0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u)},
    {P8(0u, 0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u)},
    {P8(0u, 0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u)},
    {P8(0u, 0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu)},
    {P8(0u, 0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu)},
    {P8(0u, 0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u)},
    {P8(0u, 0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u)},
    {P8(0u, 0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u)},
};

static uint32_t plain(uint32_t crc, const unsigned char *p, int64_t n) {
    for (; n >= 8; p += 8, n -= 8) {
        crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^ table[4][crc >> 24] ^
              table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; n > 0; p++, n--) crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
    return crc;
}

/* a times b modulo the polynomial; the highest bit is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (int i = 31; i >= 0; i--) {
        product ^= b & (0u - (a >> i & 1));
        b = b >> 1 ^ (POLYNOMIAL & (0u - (b & 1)));
    }
    return product;
}

/* x^(8 n) modulo the polynomial: what n further bytes multiply a checksum by. */
static uint32_t shift_of(int64_t n) {
    uint32_t result = 0x80000000u;
    uint32_t square = 0x00800000u; /* x^8 */
    for (uint64_t k = (uint64_t)n; k != 0; k >>= 1) {
        if (k & 1) result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static inline uint64_t load(const unsigned char *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t interleaved(uint32_t crc, const unsigned char *p, int64_t n) {
    uint64_t a = crc;
    if (n >= 3 * LANE) {
        uint32_t one = shift_of(LANE), two = multiply(one, one);
        for (; n >= 3 * LANE; p += 3 * LANE, n -= 3 * LANE) {
            uint64_t b = 0, c = 0;
            for (int64_t i = 0; i < LANE; i += 8) {
                a = _mm_crc32_u64(a, load(p + i));
                b = _mm_crc32_u64(b, load(p + LANE + i));
                c = _mm_crc32_u64(c, load(p + 2 * LANE + i));
            }
            a = multiply(two, (uint32_t)a) ^ multiply(one, (uint32_t)b) ^ (uint32_t)c;
        }
    }
    for (; n >= 8; p += 8, n -= 8) a = _mm_crc32_u64(a, load(p));
    for (; n > 0; p++, n--) a = _mm_crc32_u8((uint32_t)a, *p);
    return (uint32_t)a;
}
#endif

uint32_t pt_crc32c_plain(uint32_t crc, const void *data, int64_t n) { return ~plain(~crc, data, n); }

uint32_t pt_crc32c(pt_cpu cpu, uint32_t crc, const void *data, int64_t n) {
#if defined(__x86_64__)
    if (cpu != PT_CPU_GENERIC) return ~interleaved(~crc, data, n); /* AVX2 has SSE4.2 */
#endif
    (void)cpu;
    return pt_crc32c_plain(crc, data, n);
}

uint32_t pt_crc32c_combine(uint32_t a, uint32_t b, int64_t n_b) { return multiply(shift_of(n_b), a) ^ b; }

/* The spans are cut at fixed offsets of the file. A chunk writes the checksum of a span that it holds as a whole; of the two
 * that may cross its borders it leaves the parts in halves[2 chunk] (began earlier) and halves[2 chunk + 1] (goes on). */
typedef struct job {
    pt_cpu cpu;
    int64_t n, origin;
    pt_span *spans;
    uint32_t *halves;
} job;

static patron_status sum_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const job *j = arg;
    int64_t low = j->origin + chunk * PIECE, high = low + PIECE;
    int64_t first = 0, last = j->n;
    while (first < last) { /* the first span that ends behind `low` */
        int64_t middle = first + (last - first) / 2;
        if (j->spans[middle].offset + j->spans[middle].bytes > low)
            last = middle;
        else
            first = middle + 1;
    }
    for (int64_t i = first; i < j->n && j->spans[i].offset < high; i++) {
        pt_span *span = &j->spans[i];
        int64_t begin = span->offset > low ? span->offset : low;
        int64_t end = span->offset + span->bytes < high ? span->offset + span->bytes : high;
        if (end <= begin) continue;
        uint32_t crc = pt_crc32c(j->cpu, 0, (const char *)span->data + (begin - span->offset), end - begin);
        if (end - begin == span->bytes)
            span->crc = crc;
        else
            j->halves[2 * chunk + (span->offset >= low)] = crc;
    }
    return PATRON_OK;
}

static void join_halves(const job *j, pt_span *span, uint32_t whole_piece) {
    int64_t begin = span->offset - j->origin, end = begin + span->bytes;
    int64_t first = begin / PIECE, last = (end - 1) / PIECE;
    if (first == last) return;
    uint32_t crc = j->halves[2 * first + 1];
    for (int64_t chunk = first + 1; chunk < last; chunk++) crc = multiply(whole_piece, crc) ^ j->halves[2 * chunk];
    span->crc = pt_crc32c_combine(crc, j->halves[2 * last], end - last * PIECE);
}

patron_status pt_crc32c_spans(patron_ctx *ctx, int64_t n, pt_span *spans, patron_error *error) {
    if (n == 0) return PATRON_OK;
    patron_status status;
    job j = {ctx->cpu, n, spans[0].offset, spans, NULL};
    int64_t n_chunks = pt_chunks(spans[n - 1].offset + spans[n - 1].bytes - j.origin, PIECE);
    for (int64_t i = 0; i < n; i++) spans[i].crc = 0; /* that of no bytes */
    PT_TRY(pt_alloc_zero(ctx, &j.halves, 2 * n_chunks, sizeof *j.halves, error));
    PT_TRY(pt_parallel(ctx, n_chunks, sum_chunk, &j, error));
    uint32_t whole_piece = shift_of(PIECE);
    for (int64_t i = 0; i < n; i++)
        if (spans[i].bytes > 0) join_halves(&j, &spans[i], whole_piece);
cleanup:
    pt_free(ctx, j.halves);
    return status;
}
