/* tests/fuzz/file_repair.h: makes every checksum of a file right again, as far as the bytes go, so that a mutation reaches what
 * stands behind them. */
#ifndef PATRON_FUZZ_FILE_REPAIR_H
#define PATRON_FUZZ_FILE_REPAIR_H

#include "base/checksum.h"
#include "base/file_layout.h"

#include <stddef.h>
#include <string.h>

static inline void repair_checksums(uint8_t *data, size_t size) {
    pt_file_head head;
    if (size < sizeof head) return;
    memcpy(&head, data, sizeof head);
    size_t n = head.extent.n_sections;
    if (n <= (size - sizeof head) / sizeof(pt_file_entry)) {
        for (size_t i = 0; i < n; i++) {
            pt_file_entry entry;
            uint8_t *at = data + sizeof head + i * sizeof entry;
            memcpy(&entry, at, sizeof entry);
            if (entry.offset > size || entry.element_size > 16 || entry.count > size) continue;
            uint64_t bytes = entry.count * entry.element_size;
            if (bytes > size - entry.offset) continue;
            entry.checksum = pt_crc32c_plain(0, data + entry.offset, (int64_t)bytes);
            memcpy(at, &entry, sizeof entry);
        }
        head.extent.checksum = pt_crc32c_plain(0, data + sizeof head.preamble + 4, (int64_t)(60 + n * sizeof(pt_file_entry)));
    }
    head.preamble.checksum = pt_crc32c_plain(0, data, offsetof(pt_file_preamble, checksum));
    memcpy(data, &head, sizeof head);
}

/* The same after the length in the head has been made that of the bytes. */
static inline void repair_length(uint8_t *data, size_t size) {
    uint64_t length = size;
    if (size >= sizeof(pt_file_head)) memcpy(data + offsetof(pt_file_head, extent.length), &length, sizeof length);
}

#endif
