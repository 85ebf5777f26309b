/* base/checksum.h: CRC-32C (Castagnoli), the checksum of the file format. */
#ifndef PT_BASE_CHECKSUM_H
#define PT_BASE_CHECKSUM_H

#include "base/ctx.h"

/* The checksum of what had checksum `crc` (0: nothing yet) followed by n bytes. Both give the same; the first picks the
 * fastest kernel that `cpu` allows, the second is the plain one. */
uint32_t pt_crc32c(pt_cpu cpu, uint32_t crc, const void *data, int64_t n);
uint32_t pt_crc32c_plain(uint32_t crc, const void *data, int64_t n);

/* The checksum of A followed by B, from theirs and the length of B. */
uint32_t pt_crc32c_combine(uint32_t a, uint32_t b, int64_t n_b);

/* Bytes that lie, or will lie, at `offset` of a file. */
typedef struct pt_span {
    const void *data;
    int64_t offset;
    int64_t bytes;
    uint32_t crc;
} pt_span;

/* Fills `crc` of n spans, which are in ascending order and do not overlap, on the context's threads. */
patron_status pt_crc32c_spans(patron_ctx *ctx, int64_t n, pt_span *spans, patron_error *error);

#endif
