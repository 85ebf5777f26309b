/* base/file.h: how rooms save and load: one writer, one reader, whatever the kind. The bytes are drawn in
 * base/file_layout.h, the promises are in patron/file.h. Private to the library.
 *
 *     pt_writer *writer = NULL;
 *     PT_TRY(pt_writer_create(ctx, "log", 1, &writer, error));
 *     pt_writer_add_int64(writer, "n", n);
 *     pt_writer_add(writer, "time", PATRON_SECTION_INT64, time, n);
 *     pt_writer_enter(writer, "users", -1);
 *     save_dictionary(users, writer);
 *     pt_writer_leave(writer);
 *     PT_TRY(pt_writer_save(writer, path, error));
 *
 *     pt_reader *reader = NULL;
 *     PT_TRY(pt_reader_open(ctx, path, "log", 1, &reader, error));
 *     PT_TRY(pt_reader_int64(reader, "n", 0, INT64_MAX, &n, error));
 *     PT_TRY(pt_reader_array(reader, "time", PATRON_SECTION_INT64, n, &time, error));
 *     pt_reader_enter(reader, "users", -1);
 *     PT_TRY(load_dictionary(reader, &users, error));
 *     pt_reader_leave(reader);
 *     log->map = pt_reader_keep(reader);
 *
 * What is added to a writer can go wrong (no memory, a name too long or there already); the writer keeps the first failure,
 * passes over whatever follows, and saving returns it. So code that saves is a plain list of what the file holds.
 *
 * Sections must hold no indeterminate bytes (struct padding, bits behind the end): equal content is to be equal bytes.
 * A reader has checked that the file is whole, not that the numbers make sense: a checksum can be right and the content made
 * by hand, so a loader still checks every count, code and offset that it will index with, and says pt_reader_refuse.
 * A writer or reader belongs to one thread at a time. */
#ifndef PT_BASE_FILE_H
#define PT_BASE_FILE_H

#include "base/ctx.h"
#include "patron/file.h"

/* ---- writing ------------------------------------------------------------------------------------------------------ */

typedef struct pt_writer pt_writer;

/* kind: 1 to 15 letters, digits, '_', '-', '.', '+'; kind_version: from 1, raised when older readers would misread. */
patron_status pt_writer_create(patron_ctx *ctx, const char *kind, int32_t kind_version, pt_writer **out, patron_error *error);
void pt_writer_destroy(pt_writer *writer); /* NULL is legal */

/* Names that follow are put behind "name." (index < 0) or "name.<index>.", until the matching leave. */
void pt_writer_enter(pt_writer *writer, const char *name, int64_t index);
void pt_writer_leave(pt_writer *writer);

/* A section over the caller's array, which must stay as it is until the writer has saved. data may be NULL when count is 0. */
void pt_writer_add(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count);
/* The same over a copy, which the writer keeps. */
void pt_writer_add_copy(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count);
/* One number; one text (NULL: no section); n texts in one section. Copied. */
void pt_writer_add_int64(pt_writer *writer, const char *name, int64_t value);
void pt_writer_add_float64(pt_writer *writer, const char *name, double value);
void pt_writer_add_text(pt_writer *writer, const char *name, const char *text);
void pt_writer_add_names(pt_writer *writer, const char *name, int64_t n, const char *const *names);
/* n strings as Arrow lays them out: offsets[n + 1], the first 0, and the bytes. Borrowed, as "name.offsets" and "name.bytes".
 */
void pt_writer_add_strings(pt_writer *writer, const char *name, int64_t n, const int64_t *offsets, const char *bytes);

/* Writes the file; the old one stays whole until the new one is. May be called again, also after a failure to write. */
patron_status pt_writer_save(pt_writer *writer, const char *path, patron_error *error);
/* The same bytes, in memory. */
patron_status pt_writer_to_bytes(pt_writer *writer, pt_buffer **out, patron_error *error);

/* ---- reading ------------------------------------------------------------------------------------------------------ */

typedef struct pt_reader pt_reader;

/* Maps the file and checks every byte. kind NULL: any kind and version. */
patron_status pt_reader_open(patron_ctx *ctx, const char *path, const char *kind, int32_t max_kind_version, pt_reader **out,
                             patron_error *error);
/* The same over a copy of bytes in memory, and over a buffer (its data 64-byte aligned), which is retained. */
patron_status pt_reader_from_bytes(patron_ctx *ctx, const void *data, int64_t size, const char *kind, int32_t max_kind_version,
                                   pt_reader **out, patron_error *error);
patron_status pt_reader_from_buffer(patron_ctx *ctx, pt_buffer *buffer, const char *kind, int32_t max_kind_version,
                                    pt_reader **out, patron_error *error);
void pt_reader_destroy(pt_reader *reader); /* NULL is legal */

const char *pt_reader_kind(const pt_reader *reader);
int32_t pt_reader_kind_version(const pt_reader *reader);
int64_t pt_reader_n_sections(const pt_reader *reader);
/* Section i, in order of names; `name` lives as long as the reader. */
void pt_reader_entry(const pt_reader *reader, int64_t i, patron_file_section *out);

/* A new reference to the bytes of the file: whatever points into them lives until it is released. */
pt_buffer *pt_reader_keep(const pt_reader *reader);

/* As pt_writer_enter. */
void pt_reader_enter(pt_reader *reader, const char *name, int64_t index);
void pt_reader_leave(pt_reader *reader);

bool pt_reader_has(const pt_reader *reader, const char *name);
/* *(const T **)data points at the section, inside the file, 64-byte aligned, never NULL. Missing or of another type:
 * PATRON_ERR_FORMAT. pt_reader_array also wants exactly `count` elements. */
patron_status pt_reader_section(const pt_reader *reader, const char *name, patron_section_type type, void *data, int64_t *count,
                                patron_error *error);
patron_status pt_reader_array(const pt_reader *reader, const char *name, patron_section_type type, int64_t count, void *data,
                              patron_error *error);
/* One number; an integer outside low .. high is refused. */
patron_status pt_reader_int64(const pt_reader *reader, const char *name, int64_t low, int64_t high, int64_t *out,
                              patron_error *error);
patron_status pt_reader_float64(const pt_reader *reader, const char *name, double *out, patron_error *error);
/* Text inside the file, ended by NUL and without another. Whether it is UTF-8 is for the caller to check, here and below. */
patron_status pt_reader_text(const pt_reader *reader, const char *name, const char **out, patron_error *error);
/* *names: *n such texts; the array is the caller's (pt_free), the texts lie in the file. */
patron_status pt_reader_names(const pt_reader *reader, const char *name, int64_t *n, const char ***names, patron_error *error);
/* n + 1 offsets that begin at 0, never fall and end at the number of bytes. */
patron_status pt_reader_strings(const pt_reader *reader, const char *name, int64_t *n, const int64_t **offsets,
                                const char **bytes, patron_error *error);

/* PATRON_ERR_FORMAT with the file and the section in front of the message: for content that makes no sense. */
patron_status pt_reader_refuse(const pt_reader *reader, const char *name, patron_error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
