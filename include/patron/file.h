/* patron/file.h: looking into the files that patron saves, without knowing what they are for.
 *
 * Logs, models and states are all saved in one file format: a table of named, typed, 64-byte-aligned, individually
 * checksummed sections. What a file means is the business of the room that saved it; this header tells what is in it and
 * whether it is whole.
 *
 *     patron_file_info *info = NULL;
 *     if (patron_file_inspect(ctx, "shop.patron", &info, &error) == PATRON_OK) {
 *         printf("%s, saved by patron %s\n", info->kind, info->writer);
 *         for (int64_t i = 0; i < info->n_sections; i++) {
 *             const patron_file_section *s = patron_file_info_section(info, i);
 *             printf("%s: %lld x %s\n", s->name, (long long)s->count, patron_section_type_name(s->type));
 *         }
 *         patron_file_info_destroy(info);
 *     }
 *
 * What every file of patron promises:
 * - Every byte is covered: a file that was cut short at any byte, grew, or has any single byte changed is refused with
 *   PATRON_ERR_FORMAT. CRC-32C misses one in 2^32 of larger random damage; it is no protection against a forger, but a forged
 *   file is refused or read as the numbers it holds; it never makes a reader touch memory outside the file.
 * - The same content gives the same bytes: no time, no host name, no order of creation is in it.
 * - Saving replaces the whole file at once or leaves the old one. The new file is written under a temporary name
 *   `.<name>.patron-<process>-<number>.tmp` in the same folder, flushed to the disk, renamed, and the folder flushed. If only
 *   this last step fails, PATRON_ERR_IO says that the new file is there, but that a power cut may undo it. A symbolic link at
 *   the path is replaced, not followed; a pipe, a device and a folder are refused. The new file has the permissions of the one
 *   that it replaces, from its first byte on, else those of any new file of the process (umask). A process killed in between
 *   leaves the old file and perhaps a `.tmp`, which is refused as damaged unless it is whole; a save to the same path removes
 *   those that nobody has written to for an hour (through file operations of the caller's own it does not).
 * - A file from a newer version that this one cannot read is refused with a message that names the version to use. What a
 *   released version has saved, every later one loads.
 * - Files are read by mapping them into memory. A file that another process cuts short *while it is mapped* makes the
 *   operating system end the reader with SIGBUS, which a library cannot prevent: replace files by saving or renaming, never
 *   in place.
 *
 * Threads: all functions may be called from many threads at once.
 * Ownership: `inspect` hands over an object that the caller ends with `destroy`; the sections are the object's.
 * Errors: PATRON_ERR_IO where the operating system refuses, with its errno; PATRON_ERR_FORMAT, naming the section, for
 * everything that is wrong with the bytes.
 */
#ifndef PATRON_FILE_H
#define PATRON_FILE_H

#include "patron/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the elements of a section are, in the byte order of the machine that saved it. Numbers are pinned. */
typedef enum patron_section_type {
    PATRON_SECTION_BYTES = 1, /* bits or opaque bytes */
    PATRON_SECTION_TEXT = 2,  /* bytes of UTF-8 */
    /* Integers, two's complement, and IEEE 754 numbers, of as many bits as the name says. */
    PATRON_SECTION_INT8 = 3,
    PATRON_SECTION_INT16 = 4,
    PATRON_SECTION_INT32 = 5,
    PATRON_SECTION_INT64 = 6,
    PATRON_SECTION_INT128 = 7,
    PATRON_SECTION_UINT8 = 8,
    PATRON_SECTION_UINT16 = 9,
    PATRON_SECTION_UINT32 = 10,
    PATRON_SECTION_UINT64 = 11,
    PATRON_SECTION_FLOAT32 = 12,
    PATRON_SECTION_FLOAT64 = 13
} patron_section_type;

/* The type as a word, e.g. "int64"; "unknown" for a number that is no type. Static, never NULL. */
PATRON_API const char *patron_section_type_name(patron_section_type type);

/* One section of a file: an array of elements of one type, under a name. */
typedef struct patron_file_section {
    const char *name;         /* e.g. "users.values"; letters, digits, _ - . + */
    patron_section_type type; /* of its elements */
    uint32_t checksum;        /* CRC-32C of the section's bytes */
    int64_t count;            /* elements */
    int64_t bytes;            /* count times the size of an element */
    int64_t offset;           /* where it begins in the file; a multiple of 64 */
} patron_file_section;

/* What a file says of itself. Made by the library only; later versions append fields. */
typedef struct patron_file_info {
    const char *kind;       /* what the file holds, e.g. "log" */
    const char *writer;     /* the version of the library that saved it, e.g. "0.1.0" */
    int32_t kind_version;   /* of the layout of that kind, from 1 */
    int32_t format_version; /* of the file format, from 1 */
    int64_t length;         /* bytes in the file */
    int64_t n_sections;     /* see patron_file_info_section */
} patron_file_info;

/* Reads the header and the table of sections of the file at `path`, whatever its kind, and checks both; the sections
 * themselves are not read, so the time does not depend on their size. *out is ended with patron_file_info_destroy.
 * PATRON_ERR_IO: cannot be opened, or is no regular file. PATRON_ERR_FORMAT: not a file of patron, damaged, cut short, from
 * a machine of the other byte order, or of a newer file format. */
PATRON_API patron_status patron_file_inspect(patron_ctx *ctx, const char *path, patron_file_info **out, patron_error *error);

/* Section `index` (0 .. n_sections - 1, in ascending order of names); NULL outside. Lives as long as `info`. O(1). */
PATRON_API const patron_file_section *patron_file_info_section(const patron_file_info *info, int64_t index);

/* Ends what patron_file_inspect made; NULL is legal. */
PATRON_API void patron_file_info_destroy(patron_file_info *info);

/* Reads the whole file at `path` and checks every byte of it, on the context's threads: what loading it does, without the
 * meaning. PATRON_OK: whole. Errors as of patron_file_inspect; a damaged section is named. O(bytes). */
PATRON_API patron_status patron_file_verify(patron_ctx *ctx, const char *path, patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
