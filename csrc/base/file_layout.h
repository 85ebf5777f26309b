/* base/file_layout.h: the bytes of a patron file. Shared by the reader, the writer and their tests; rooms use base/file.h.
 *
 *     0            preamble   64 bytes   what it is and who can read it; this layout is frozen for every format version
 *     64           extent     64 bytes   how long it is, how many sections
 *     128          directory  128 bytes a section, in strictly ascending order of names
 *     128 (n + 1)  section 0  followed by zeros up to a multiple of 64
 *                  section 1  ...
 *
 * Each section begins where the one before it ended, and the last one's padding ends the file: with names in order, nothing
 * is left to choose, so equal content is equal bytes. Numbers are in the byte order of the machine that wrote them, because
 * the sections are used where they lie in the map; `byte_order` lets a reader of the other order say so.
 *
 * Checksums are CRC-32C. The preamble's covers its first 60 bytes, the extent's everything from behind itself to the end of
 * the directory, an entry's the section's bytes without the padding, which must be zero. */
#ifndef PT_BASE_FILE_LAYOUT_H
#define PT_BASE_FILE_LAYOUT_H

#include "base/ctx.h"
#include "patron/file.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PT_FILE_ALIGNMENT = 64,
    PT_FILE_FORMAT = 1,           /* the version written and the newest that is read */
    PT_FILE_FORMAT_READER = 1,    /* the oldest reader that understands what is written */
    PT_FILE_MAX_SECTIONS = 65536, /* bounds what is read before anything is known to be true */
    PT_FILE_NAME_SIZE = 96,
    PT_FILE_KIND_SIZE = 16,
    PT_FILE_WRITER_SIZE = 16,
    PT_FILE_LABEL_SIZE = 200
};

#define PT_FILE_MAGIC "\211patron\n"
#define PT_FILE_BYTE_ORDER 0x0a0b0c0du

typedef struct pt_file_preamble {
    char magic[8];
    uint32_t byte_order;
    uint32_t format_version;
    uint32_t reader_version; /* a reader must know this format version or a later one */
    uint32_t kind_version;
    char kind[PT_FILE_KIND_SIZE]; /* zero-padded, at least one zero */
    char writer[PT_FILE_WRITER_SIZE];
    uint32_t reserved; /* 0 */
    uint32_t checksum;
} pt_file_preamble;

typedef struct pt_file_extent {
    uint32_t checksum;
    uint32_t n_sections;
    uint64_t length;
    char reserved[48]; /* 0 */
} pt_file_extent;

typedef struct pt_file_entry {
    char name[PT_FILE_NAME_SIZE]; /* zero-padded, at least one zero */
    uint64_t offset;
    uint64_t count;
    uint32_t type;
    uint32_t element_size;
    uint32_t checksum;
    uint32_t reserved; /* 0 */
} pt_file_entry;

typedef struct pt_file_head {
    pt_file_preamble preamble;
    pt_file_extent extent;
    pt_file_entry entries[];
} pt_file_head;

static_assert(sizeof(pt_file_preamble) == 64, "the preamble is frozen");
static_assert(sizeof(pt_file_extent) == 64, "the extent of format 1");
static_assert(sizeof(pt_file_entry) == 128, "the directory entry of format 1");

static inline int64_t pt_file_aligned(int64_t n) { return (n + (PT_FILE_ALIGNMENT - 1)) & ~(int64_t)(PT_FILE_ALIGNMENT - 1); }

/* Bytes of an element of that type; 0 when there is no such type. */
int64_t pt_section_element_size(uint32_t type);
/* Whether `text` is 1 to size - 1 characters of those that names may have, and zeros up to size. */
bool pt_file_name_valid(const char *text, int64_t size);
/* The path as messages show it: its end, when it is long. */
void pt_file_label(const char *path, char label[PT_FILE_LABEL_SIZE]);

/* How much of the name of a temporary file, `.<name>.patron-<process>-<number>.tmp` as the writer makes them, is `.<name>`; 0
 * for other names. Of a name with more than PT_FILE_NAME_KEPT bytes only that many, or a few less, are in it. */
enum { PT_FILE_NAME_KEPT = 192 };
size_t pt_file_temporary_stem(const char *name);

/* The prefix of names, level by level. Zero is the empty one. */
typedef struct pt_scope {
    char prefix[PT_FILE_NAME_SIZE];
    size_t length;
    int depth;
    int beyond; /* further levels, which no name has room for */
    uint8_t begins[PT_FILE_NAME_SIZE / 2];
} pt_scope;

/* Fails for every name while the scope is beyond all names. */
patron_status pt_scope_name(const pt_scope *scope, const char *name, char out[PT_FILE_NAME_SIZE], patron_error *error);
void pt_scope_enter(pt_scope *scope, const char *name, int64_t index);
void pt_scope_leave(pt_scope *scope);

#endif
