/* tests/fuzz/file_repair.h: a mutator that knows what a patron file is made of, for every target that takes files.
 *
 * Bytes changed at random end at a checksum. So a file that is whole is taken apart into its sections, one thing about them is
 * changed, and they are laid out again as the writer would have it, with lengths, offsets and checksums that are right:
 *
 *     one element of a section, in its own type: small, at a limit, near what it was, that of another place
 *     the bytes of a section                        a section longer, shorter or empty
 *     a section gone                                a section under another name, or there twice
 *     a section of another type                     the content of another section
 *
 * Or the head and the table of sections are changed as they lie and only their checksums are made right, so that sizes lie.
 * Or bytes are changed and nothing is repaired: what the checksums themselves are for.
 *
 *     size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
 *         if (size < sizeof(pt_file_head)) return ...;    // a first file
 *         return file_mutate(data, size, max_size, seed);
 *     } */
#ifndef PATRON_FUZZ_FILE_REPAIR_H
#define PATRON_FUZZ_FILE_REPAIR_H

#include "base/checksum.h"
#include "base/file_layout.h"
#include "target.h"

/* ---- checksums as they should be, whatever the bytes --------------------------------------------------------------------- */

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

/* ---- a file in parts ------------------------------------------------------------------------------------------------------
 */

enum { FILE_PARTS = 512, FILE_SCRATCH = 1 << 20 };

typedef struct file_part {
    pt_file_entry entry;
    size_t at, bytes; /* in the file's own bytes */
} file_part;

/* The sections of a file whose table makes sense; 0: it does not, or there are none, or too many. */
static inline size_t file_parts(const uint8_t *data, size_t size, file_part *parts) {
    pt_file_head head;
    if (size < sizeof head) return 0;
    memcpy(&head, data, sizeof head);
    size_t n = head.extent.n_sections;
    if (n > FILE_PARTS || n > (size - sizeof head) / sizeof(pt_file_entry)) return 0;
    for (size_t i = 0; i < n; i++) {
        file_part *p = &parts[i];
        memcpy(&p->entry, data + sizeof head + i * sizeof p->entry, sizeof p->entry);
        if (p->entry.offset > size || p->entry.element_size == 0 || p->entry.element_size > 16 || p->entry.count > size ||
            p->entry.name[PT_FILE_NAME_SIZE - 1] != '\0')
            return 0;
        p->at = p->entry.offset;
        p->bytes = p->entry.count * p->entry.element_size;
        if (p->bytes > size - p->at) return 0;
    }
    return n;
}

static inline int file_part_order(const void *a, const void *b) {
    return strcmp(((const file_part *)a)->entry.name, ((const file_part *)b)->entry.name);
}

/* The parts as a file, in order of names. Their bytes lie in `from`; those of part `changed` are `content`. 0: no room. */
static inline size_t file_lay_out(const uint8_t *from, file_part *parts, size_t n, const uint8_t *content, uint8_t *out,
                                  size_t max_size) {
    qsort(parts, n, sizeof *parts, file_part_order);
    size_t cursor = sizeof(pt_file_head) + n * sizeof(pt_file_entry);
    if (cursor > max_size) return 0;
    memcpy(out, from, sizeof(pt_file_head));
    for (size_t i = 0; i < n; i++) {
        file_part *p = &parts[i];
        p->entry.offset = cursor;
        p->entry.count = p->bytes / p->entry.element_size;
        size_t bytes = p->entry.count * p->entry.element_size, end = cursor + ((bytes + 63) & ~(size_t)63);
        if (end > max_size) return 0;
        if (bytes > 0) memcpy(out + cursor, p->at == SIZE_MAX ? content : from + p->at, bytes);
        memset(out + cursor + bytes, 0, end - cursor - bytes);
        memcpy(out + sizeof(pt_file_head) + i * sizeof p->entry, &p->entry, sizeof p->entry);
        cursor = end;
    }
    uint32_t n_sections = (uint32_t)n;
    memcpy(out + offsetof(pt_file_head, extent.n_sections), &n_sections, sizeof n_sections);
    repair_length(out, cursor);
    repair_checksums(out, cursor);
    return cursor;
}

/* ---- one change ------------------------------------------------------------------------------------------------------------
 */

static inline uint64_t file_draw(uint64_t *state) { /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* One element of the section's type becomes another; elements keep to their place. */
static inline void file_change_element(const file_part *p, uint8_t *content, uint64_t *random) {
    const size_t width = p->entry.element_size, n = p->bytes / width;
    if (n == 0) return;
    uint8_t *at = content + file_draw(random) % n * width;
    const size_t part = width > 8 ? 8 : width;
    uint64_t value = 0, limit = part == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * part) - 1;
    static const double reals[] = {0, -0.0, 1, -1, 0.5, 1e300, -1e300, 5e-324, 9007199254740993.0, 1e6};
    memcpy(&value, at, part);
    switch (file_draw(random) % 8) {
    case 0:
        value = file_draw(random) % 8;
        break;
    case 1:
        value = limit - file_draw(random) % 3;
        break;
    case 2:
        value = limit / 2 + file_draw(random) % 3;
        break;
    case 3:
        value += file_draw(random) % 5 - 2;
        break;
    case 4:
        value = UINT64_C(1) << file_draw(random) % (8 * part);
        break;
    case 5:
        memcpy(&value, content + file_draw(random) % n * width, part);
        break;
    case 6:
        if (width == 8) memcpy(&value, &reals[file_draw(random) % (sizeof reals / sizeof *reals)], 8);
        if (width == 8 && file_draw(random) % 3 == 0) value = UINT64_C(0x7ff0000000000000) | file_draw(random) % 2 << 51;
        break;
    default:
        value = file_draw(random);
    }
    memcpy(at, &value, part);
}

/* Another name: that of a further section, another digit or letter, or the last part gone. */
static inline void file_change_name(file_part *p, const file_part *parts, size_t n, uint64_t *random) {
    char *name = p->entry.name;
    const size_t length = strlen(name);
    if (length == 0) return;
    switch (file_draw(random) % 4) {
    case 0: {
        memcpy(name, parts[file_draw(random) % n].entry.name, PT_FILE_NAME_SIZE);
        break;
    }
    case 1:
        name[file_draw(random) % length] = "0123456789"[file_draw(random) % 10];
        break;
    case 2: {
        char *dot = strrchr(name, '.');
        if (dot != NULL) memset(dot, 0, PT_FILE_NAME_SIZE - (size_t)(dot - name));
        break;
    }
    default:
        name[file_draw(random) % length] = (char)file_draw(random);
    }
}

/* A section: every second time one with several numbers, if there is one soon. These are codes, offsets and times, which others
 * index with; single numbers and texts are the most, and say the least. */
static inline size_t file_pick(const file_part *parts, size_t n, uint64_t *random) {
    size_t i = file_draw(random) % n;
    if (file_draw(random) % 2) return i;
    for (int tries = 0; tries < 12 && (parts[i].entry.type <= PATRON_SECTION_TEXT || parts[i].entry.count < 2); tries++)
        i = file_draw(random) % n;
    return i;
}

/* The file taken apart, one thing changed, laid out again; 0: it is not whole, or does not fit. */
static inline size_t file_mutate_parts(uint8_t *data, size_t size, size_t max_size, uint64_t *random) {
    static uint8_t content[FILE_SCRATCH], out[FILE_SCRATCH];
    static file_part parts[FILE_PARTS + 1];
    size_t n = file_parts(data, size, parts), room = max_size < FILE_SCRATCH ? max_size : FILE_SCRATCH;
    if (n == 0 || size > FILE_SCRATCH / 2) return 0;
    file_part *p = &parts[file_pick(parts, n, random)];
    memcpy(content, data + p->at, p->bytes);
    const uint64_t what = file_draw(random) % 16;
    if (what < 7) {
        p->at = SIZE_MAX;
        for (uint64_t steps = 1 + file_draw(random) % 2; steps > 0; steps--) file_change_element(p, content, random);
    } else if (what < 10) { /* other bytes, and as many or not */
        p->at = SIZE_MAX;
        p->bytes = LLVMFuzzerMutate(content, p->bytes, what == 7 ? p->bytes + 1 : 2 * p->bytes + 64);
    } else if (what == 10) { /* some elements more, now and then many, or less */
        const size_t width = p->entry.element_size, many = file_draw(random) % 4 == 0 ? 300 : 3;
        size_t more = (1 + file_draw(random) % many) * width;
        p->at = SIZE_MAX;
        if (file_draw(random) % 2 == 0) {
            p->bytes = file_draw(random) % 4 == 0 ? 0 : p->bytes > more ? p->bytes - more : 0;
        } else {
            for (; more > 0; more -= width, p->bytes += width) { /* the last again, or zero */
                if (p->bytes >= width)
                    memcpy(content + p->bytes, content + p->bytes - width, width);
                else
                    memset(content, 0, width);
            }
        }
    } else if (what == 11) {
        *p = parts[--n];
    } else if (what == 12) {
        file_change_name(p, parts, n, random);
    } else if (what == 13) {
        parts[n] = *p;
        file_change_name(&parts[n], parts, n, random);
        n++;
    } else if (what == 14) {
        p->entry.type = 1 + (uint32_t)(file_draw(random) % 13);
        p->entry.element_size = (uint32_t)pt_section_element_size(p->entry.type);
    } else {
        const file_part *other = &parts[file_draw(random) % n];
        p->at = other->at;
        p->bytes = other->bytes;
    }
    size_t made = file_lay_out(data, parts, n, content, out, room);
    memcpy(data, out, made);
    return made;
}

/* A field of the head or of the table of sections lies; checksums say nothing of it. */
static inline size_t file_mutate_table(uint8_t *data, size_t size, uint64_t *random) {
    pt_file_head head;
    memcpy(&head, data, sizeof head);
    size_t table = sizeof head + (head.extent.n_sections <= FILE_PARTS ? head.extent.n_sections : 0) * sizeof(pt_file_entry);
    if (table > size) table = size;
    (void)LLVMFuzzerMutate(data, table, table);
    if (file_draw(random) % 2) repair_length(data, size);
    repair_checksums(data, size);
    return size;
}

static inline size_t file_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    uint64_t random = seed;
    const uint64_t how = file_draw(&random) % 16;
    size_t made = 0;
    if (how < 12) {
        made = file_mutate_parts(data, size, max_size, &random);
        if (made > 0 && how < 3) { /* two things at once */
            size_t again = file_mutate_parts(data, made, max_size, &random);
            if (again > 0) made = again;
        }
    }
    if (made > 0) return made;
    if (how < 14) return file_mutate_table(data, size, &random);
    size = LLVMFuzzerMutate(data, size, max_size);
    if (how == 14) {
        if (file_draw(&random) % 2) repair_length(data, size);
        repair_checksums(data, size);
    }
    return size;
}

/* The saved object as a first file; 0: it does not fit. Ends the bytes. */
static inline size_t file_take(patron_bytes *bytes, uint8_t *data, size_t max_size) {
    size_t size = (size_t)patron_bytes_size(bytes);
    if (size > max_size) size = 0;
    memcpy(data, patron_bytes_data(bytes), size);
    patron_bytes_destroy(bytes);
    return size;
}

#endif
