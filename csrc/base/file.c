/* base/file.c: reading. The layout is drawn in base/file_layout.h, the promises are in patron/file.h.
 *
 * Nothing in a file is believed before it has been checked, in this order: that it is of patron and of this byte order, the
 * preamble's checksum, that this version can read it, that it is of the wanted kind, its length against the length that the
 * system reports, the directory's bounds, the directory's checksum, each entry against the bytes that remain, and last the
 * bytes of each section. The only memory asked for grows with the directory, which by then is known to lie in the file.
 *
 * A file that passes is the one sequence of bytes that the writer makes of this content: names ascend, sections adjoin,
 * padding and reserved fields are zero. So there is nothing in a file that no check covers, and tests can compare the file
 * with its content written again.
 *
 * The map is held by a pt_buffer. The reader has one reference; columns that live in the file have theirs, so the map goes
 * when the last of them does. */
#include "base/file.h"
#include "base/checksum.h"
#include "base/file_layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OFFSETS_CHUNK = 1 << 20 };

static_assert(SIZE_MAX >= INT64_MAX, "any file can be mapped");

struct pt_reader {
    patron_ctx *ctx;
    pt_buffer *bytes;
    const pt_file_head *head; /* in bytes */
    pt_scope scope;
    char label[PT_FILE_LABEL_SIZE];
};

/* ---- opening: one check after the other ---------------------------------------------------------------------------------- */

static bool all_zero(const char *p, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (p[i] != 0) return false;
    return true;
}

static patron_status damaged(const pt_reader *r, patron_error *error, const char *what) {
    return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" is damaged: %s", r->label, what);
}

static patron_status check_preamble(const pt_reader *r, patron_error *error) {
    int64_t size = r->bytes->size;
    if (size == 0) return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" is empty; expected a patron file", r->label);
    const pt_file_preamble *p = &r->head->preamble;
    int64_t known = size < (int64_t)sizeof p->magic ? size : (int64_t)sizeof p->magic;
    if (memcmp(p->magic, PT_FILE_MAGIC, (size_t)known) != 0)
        return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" is not a patron file: it does not begin as one", r->label);
    if (size < (int64_t)sizeof *r->head)
        return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" is cut short: it has %lld bytes; expected at least %zu", r->label,
                       (long long)size, sizeof *r->head);
    if (p->byte_order == __builtin_bswap32(PT_FILE_BYTE_ORDER))
        return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" was written on a machine of the other byte order", r->label);
    if (p->checksum != pt_crc32c(r->ctx->cpu, 0, p, offsetof(pt_file_preamble, checksum)))
        return damaged(r, error, "the checksum of its header is wrong");
    if (p->byte_order != PT_FILE_BYTE_ORDER || !pt_file_name_valid(p->kind, sizeof p->kind) ||
        !pt_file_name_valid(p->writer, sizeof p->writer) || p->reserved != 0 || p->reader_version < 1 ||
        p->format_version < p->reader_version || p->format_version > INT32_MAX || p->kind_version < 1 ||
        p->kind_version > INT32_MAX)
        return damaged(r, error, "its header makes no sense");
    return PATRON_OK;
}

static patron_status check_version_and_kind(const pt_reader *r, const char *kind, int32_t max_kind_version,
                                            patron_error *error) {
    const pt_file_preamble *p = &r->head->preamble;
    if (p->reader_version > PT_FILE_FORMAT)
        return pt_fail(error, PATRON_ERR_FORMAT,
                       "File \"%s\" needs patron %s, which wrote it, or a later one: this is patron %s, which reads file "
                       "formats up to %d; the file's is %u, readable from %u on",
                       r->label, p->writer, PATRON_VERSION, PT_FILE_FORMAT, (unsigned)p->format_version,
                       (unsigned)p->reader_version);
    if (kind == NULL) return PATRON_OK;
    if (strcmp(p->kind, kind) != 0)
        return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\" is of kind \"%s\"; expected kind \"%s\"", r->label, p->kind,
                       kind);
    if (p->kind_version > (uint32_t)max_kind_version)
        return pt_fail(error, PATRON_ERR_FORMAT,
                       "File \"%s\" needs patron %s, which wrote it, or a later one: this is patron %s, which reads kind "
                       "\"%s\" up to version %d; the file's is %u",
                       r->label, p->writer, PATRON_VERSION, kind, (int)max_kind_version, (unsigned)p->kind_version);
    return PATRON_OK;
}

static patron_status check_extent(const pt_reader *r, patron_error *error) {
    const pt_file_extent *e = &r->head->extent;
    int64_t size = r->bytes->size, n = (int64_t)e->n_sections;
    if (n > PT_FILE_MAX_SECTIONS || n * (int64_t)sizeof(pt_file_entry) > size - (int64_t)sizeof *r->head)
        return pt_fail(error, PATRON_ERR_FORMAT,
                       "File \"%s\" is damaged or cut short: %lld bytes cannot hold the %lld sections that its header names",
                       r->label, (long long)size, (long long)n);
    int64_t covered = (int64_t)(sizeof *e - sizeof e->checksum) + n * (int64_t)sizeof(pt_file_entry);
    if (e->checksum != pt_crc32c(r->ctx->cpu, 0, &e->n_sections, covered))
        return damaged(r, error, "the checksum of its table of sections is wrong");
    if (e->length != (uint64_t)size)
        return pt_fail(error, PATRON_ERR_FORMAT,
                       "File \"%s\" has %lld bytes; its header says %llu: it was cut short or added to", r->label,
                       (long long)size, (unsigned long long)e->length);
    if (!all_zero(e->reserved, sizeof e->reserved)) return damaged(r, error, "a reserved field is not zero");
    return PATRON_OK;
}

static patron_status check_directory(const pt_reader *r, patron_error *error) {
    int64_t size = r->bytes->size, n = (int64_t)r->head->extent.n_sections;
    int64_t cursor = (int64_t)sizeof *r->head + n * (int64_t)sizeof(pt_file_entry);
    for (int64_t i = 0; i < n; i++) {
        const pt_file_entry *e = &r->head->entries[i];
        if (!pt_file_name_valid(e->name, sizeof e->name)) return damaged(r, error, "the name of a section makes no sense");
        if (i > 0 && strcmp(e[-1].name, e->name) >= 0) return damaged(r, error, "its sections are not in order of their names");
        int64_t element = pt_section_element_size(e->type);
        if (element == 0 || e->element_size != element || e->reserved != 0)
            return pt_reader_refuse(r, e->name, error, "is damaged: type number %u with elements of %u bytes",
                                    (unsigned)e->type, (unsigned)e->element_size);
        if (e->offset != (uint64_t)cursor || e->count > (uint64_t)((size - cursor) / element))
            return pt_reader_refuse(r, e->name, error,
                                    "is damaged: %llu elements of %u bytes at offset %llu; expected offset %lld and at most "
                                    "the %lld bytes that follow",
                                    (unsigned long long)e->count, (unsigned)e->element_size, (unsigned long long)e->offset,
                                    (long long)cursor, (long long)(size - cursor));
        int64_t end = cursor + (int64_t)e->count * element;
        cursor = pt_file_aligned(end);
        if (cursor > size) return pt_reader_refuse(r, e->name, error, "is damaged: its padding is missing");
    }
    if (cursor != size) return damaged(r, error, "it goes on behind its last section");
    return PATRON_OK;
}

/* Every byte behind the directory. */
static patron_status check_sections(const pt_reader *r, patron_error *error) {
    patron_status status;
    int64_t n = (int64_t)r->head->extent.n_sections;
    const char *base = r->bytes->data;
    pt_span *spans;
    status = pt_alloc(r->ctx, &spans, n, sizeof *spans, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < n; i++) {
        const pt_file_entry *e = &r->head->entries[i];
        spans[i] = (pt_span){base + e->offset, (int64_t)e->offset, (int64_t)e->count * (int64_t)e->element_size, 0};
    }
    PT_TRY(pt_crc32c_spans(r->ctx, n, spans, error));
    for (int64_t i = 0; i < n; i++) {
        const pt_file_entry *e = &r->head->entries[i];
        int64_t end = spans[i].offset + spans[i].bytes;
        if (spans[i].crc != e->checksum)
            status = pt_reader_refuse(r, e->name, error, "is damaged: its checksum is %08x; expected %08x",
                                      (unsigned)spans[i].crc, (unsigned)e->checksum);
        else if (!all_zero(base + end, pt_file_aligned(end) - end))
            status = pt_reader_refuse(r, e->name, error, "is damaged: its padding is not zero");
        if (status != PATRON_OK) break;
    }
cleanup:
    pt_free(r->ctx, spans);
    return status;
}

static patron_status check(const pt_reader *r, const char *kind, int32_t max_kind_version, bool sections, patron_error *error) {
    patron_status status;
    PT_TRY(check_preamble(r, error));
    PT_TRY(check_version_and_kind(r, kind, max_kind_version, error));
    PT_TRY(check_extent(r, error));
    PT_TRY(check_directory(r, error));
    if (sections) PT_TRY(check_sections(r, error));
cleanup:
    return status;
}

/* ---- opening: where the bytes come from ---------------------------------------------------------------------------------- */

/* Takes over a reference to `bytes`, also on failure. */
static patron_status reader_create(patron_ctx *ctx, pt_buffer *bytes, const char *label, const char *kind,
                                   int32_t max_kind_version, bool sections, pt_reader **out, patron_error *error) {
    patron_status status;
    pt_reader *reader = NULL;
    PT_TRY(pt_alloc_zero(ctx, &reader, 1, sizeof *reader, error));
    reader->ctx = pt_ctx_retain(ctx);
    reader->bytes = pt_buffer_retain(bytes);
    reader->head = bytes->data;
    memcpy(reader->label, label, sizeof reader->label);
    if ((uintptr_t)bytes->data % PT_FILE_ALIGNMENT != 0) {
        status =
            pt_fail(error, PATRON_ERR_INVALID, "The bytes of \"%s\" are not aligned to %d in memory", label, PT_FILE_ALIGNMENT);
        goto cleanup;
    }
    PT_TRY(check(reader, kind, max_kind_version, sections, error));
    *out = reader;
    reader = NULL;
cleanup:
    pt_reader_destroy(reader);
    pt_buffer_release(bytes);
    return status;
}

typedef struct mapping {
    patron_ctx *ctx; /* not a reference: the buffer has one, and lets go of this first */
    const void *data;
    size_t size;
} mapping;

static void unmap(void *owner) {
    mapping *m = owner;
    const patron_file_ops *files = &m->ctx->files;
    if (m->size > 0) files->unmap(files->state, m->data, m->size);
    pt_free(m->ctx, m);
}

/* The descriptor is closed again by the caller: a map does not need it. */
static patron_status map_descriptor(patron_ctx *ctx, int fd, const char *label, pt_buffer **out, patron_error *error) {
    const patron_file_ops *files = &ctx->files;
    patron_status status;
    mapping *m = NULL;
    int64_t length = files->length(files->state, fd);
    if (length < 0) return pt_fail_os(error, (int)-length, "Cannot read \"%s\"; expected a regular file", label);
    PT_TRY(pt_alloc(ctx, &m, 1, sizeof *m, error));
    *m = (mapping){ctx, NULL, (size_t)length};
    if (length > 0) { /* nothing cannot be mapped */
        int result = files->map(files->state, fd, m->size, &m->data);
        if (result < 0) {
            m->size = 0;
            status = pt_fail_os(error, -result, "Cannot map the %lld bytes of \"%s\"", (long long)length, label);
            goto cleanup;
        }
    }
    PT_TRY(pt_buffer_wrap(ctx, m->data, length, unmap, m, out, error));
    m = NULL;
cleanup:
    if (m != NULL) unmap(m);
    return status;
}

static patron_status open_path(patron_ctx *ctx, const char *path, const char *kind, int32_t max_kind_version, bool sections,
                               pt_reader **out, patron_error *error) {
    const patron_file_ops *files = &ctx->files;
    char label[PT_FILE_LABEL_SIZE];
    pt_file_label(path, label);
    int fd = files->open_read(files->state, path);
    if (fd < 0) return pt_fail_os(error, -fd, "Cannot open \"%s\"", label);
    pt_buffer *bytes = NULL;
    patron_status status = map_descriptor(ctx, fd, label, &bytes, error);
    (void)files->close(files->state, fd); /* nothing was written: no news in it */
    return status == PATRON_OK ? reader_create(ctx, bytes, label, kind, max_kind_version, sections, out, error) : status;
}

patron_status pt_reader_open(patron_ctx *ctx, const char *path, const char *kind, int32_t max_kind_version, pt_reader **out,
                             patron_error *error) {
    return open_path(ctx, path, kind, max_kind_version, true, out, error);
}

static const char in_memory[PT_FILE_LABEL_SIZE] = "(bytes in memory)";

patron_status pt_reader_from_buffer(patron_ctx *ctx, pt_buffer *buffer, const char *kind, int32_t max_kind_version,
                                    pt_reader **out, patron_error *error) {
    return reader_create(ctx, pt_buffer_retain(buffer), in_memory, kind, max_kind_version, true, out, error);
}

patron_status pt_reader_from_bytes(patron_ctx *ctx, const void *data, int64_t size, const char *kind, int32_t max_kind_version,
                                   pt_reader **out, patron_error *error) {
    pt_buffer *copy;
    if (size < 0) return pt_fail(error, PATRON_ERR_INVALID, "The size is %lld; expected a number of bytes", (long long)size);
    patron_status status = pt_buffer_create(ctx, size, &copy, error);
    if (status != PATRON_OK) return status;
    if (size > 0) memcpy(copy->data, data, (size_t)size);
    return reader_create(ctx, copy, in_memory, kind, max_kind_version, true, out, error);
}

void pt_reader_destroy(pt_reader *reader) {
    if (reader == NULL) return;
    patron_ctx *ctx = reader->ctx;
    pt_buffer_release(reader->bytes);
    pt_free(ctx, reader);
    patron_ctx_destroy(ctx);
}

/* ---- what is in it ---------------------------------------------------------------------------------------------------- */

const char *pt_reader_kind(const pt_reader *reader) { return reader->head->preamble.kind; }
int32_t pt_reader_kind_version(const pt_reader *reader) { return (int32_t)reader->head->preamble.kind_version; }
int64_t pt_reader_n_sections(const pt_reader *reader) { return (int64_t)reader->head->extent.n_sections; }
pt_buffer *pt_reader_keep(const pt_reader *reader) { return pt_buffer_retain(reader->bytes); }

void pt_reader_entry(const pt_reader *reader, int64_t i, patron_file_section *out) {
    const pt_file_entry *e = &reader->head->entries[i];
    *out = (patron_file_section){.name = e->name,
                                 .type = (patron_section_type)e->type,
                                 .checksum = e->checksum,
                                 .count = (int64_t)e->count,
                                 .bytes = (int64_t)e->count * (int64_t)e->element_size,
                                 .offset = (int64_t)e->offset};
}

void pt_reader_enter(pt_reader *reader, const char *name, int64_t index) { pt_scope_enter(&reader->scope, name, index); }

void pt_reader_leave(pt_reader *reader) { pt_scope_leave(&reader->scope); }

/* The entry of that full name, NULL when there is none. */
static const pt_file_entry *find(const pt_reader *r, const char *full) {
    int64_t low = 0, high = pt_reader_n_sections(r);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(r->head->entries[middle].name, full);
        if (order == 0) return &r->head->entries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool pt_reader_has(const pt_reader *reader, const char *name) {
    char full[PT_FILE_NAME_SIZE];
    return pt_scope_name(&reader->scope, name, full, NULL) == PATRON_OK && find(reader, full) != NULL;
}

patron_status pt_reader_refuse(const pt_reader *reader, const char *name, patron_error *error, const char *format, ...) {
    char detail[sizeof error->message];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return pt_fail(error, PATRON_ERR_FORMAT, "File \"%s\": section \"%s%s\" %s", reader->label, reader->scope.prefix, name,
                   detail);
}

patron_status pt_reader_section(const pt_reader *reader, const char *name, patron_section_type type, void *data, int64_t *count,
                                patron_error *error) {
    char full[PT_FILE_NAME_SIZE];
    patron_status status = pt_scope_name(&reader->scope, name, full, error);
    if (status != PATRON_OK) return status;
    const pt_file_entry *e = find(reader, full);
    if (e == NULL)
        return pt_reader_refuse(reader, name, error, "is missing; expected one of type %s", patron_section_type_name(type));
    if (e->type != (uint32_t)type)
        return pt_reader_refuse(reader, name, error, "is of type %s; expected %s",
                                patron_section_type_name((patron_section_type)e->type), patron_section_type_name(type));
    const void *begin = (const char *)reader->bytes->data + e->offset;
    memcpy(data, &begin, sizeof begin);
    *count = (int64_t)e->count;
    return PATRON_OK;
}

patron_status pt_reader_array(const pt_reader *reader, const char *name, patron_section_type type, int64_t count, void *data,
                              patron_error *error) {
    int64_t found;
    const void *begin;
    patron_status status = pt_reader_section(reader, name, type, &begin, &found, error);
    if (status != PATRON_OK) return status;
    if (found != count)
        return pt_reader_refuse(reader, name, error, "has %lld elements; expected %lld", (long long)found, (long long)count);
    memcpy(data, &begin, sizeof begin);
    return PATRON_OK;
}

patron_status pt_reader_int64(const pt_reader *reader, const char *name, int64_t low, int64_t high, int64_t *out,
                              patron_error *error) {
    const int64_t *value = NULL;
    patron_status status = pt_reader_array(reader, name, PATRON_SECTION_INT64, 1, &value, error);
    if (status != PATRON_OK) return status;
    if (*value < low || *value > high)
        return pt_reader_refuse(reader, name, error, "is %lld; expected %lld to %lld", (long long)*value, (long long)low,
                                (long long)high);
    *out = *value;
    return PATRON_OK;
}

patron_status pt_reader_float64(const pt_reader *reader, const char *name, double *out, patron_error *error) {
    const double *value = NULL;
    patron_status status = pt_reader_array(reader, name, PATRON_SECTION_FLOAT64, 1, &value, error);
    if (status == PATRON_OK) *out = *value;
    return status;
}

patron_status pt_reader_text(const pt_reader *reader, const char *name, const char **out, patron_error *error) {
    const char *text;
    int64_t n;
    patron_status status = pt_reader_section(reader, name, PATRON_SECTION_TEXT, &text, &n, error);
    if (status != PATRON_OK) return status;
    if (n == 0 || memchr(text, '\0', (size_t)n) != text + n - 1)
        return pt_reader_refuse(reader, name, error, "has %lld bytes; expected one text, ended by its only zero byte",
                                (long long)n);
    *out = text;
    return PATRON_OK;
}

patron_status pt_reader_names(const pt_reader *reader, const char *name, int64_t *n, const char ***names, patron_error *error) {
    const char *text, **list;
    int64_t bytes, found = 0;
    patron_status status = pt_reader_section(reader, name, PATRON_SECTION_TEXT, &text, &bytes, error);
    if (status != PATRON_OK) return status;
    if (bytes > 0 && text[bytes - 1] != '\0')
        return pt_reader_refuse(reader, name, error, "has %lld bytes; expected texts that each end in a zero byte",
                                (long long)bytes);
    for (int64_t i = 0; i < bytes; i++) found += text[i] == '\0';
    status = pt_alloc(reader->ctx, &list, found, sizeof *list, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < found; i++) {
        list[i] = text;
        text += strlen(text) + 1;
    }
    *names = list;
    *n = found;
    return PATRON_OK;
}

typedef struct offsets_job {
    const pt_reader *reader;
    const char *name;
    const int64_t *offsets;
    int64_t n;
} offsets_job;

static patron_status check_offsets(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    const offsets_job *j = arg;
    int64_t first = chunk * OFFSETS_CHUNK, last = j->n - first < OFFSETS_CHUNK ? j->n : first + OFFSETS_CHUNK;
    for (int64_t i = first; i < last; i++)
        if (j->offsets[i + 1] < j->offsets[i])
            return pt_reader_refuse(j->reader, j->name, error, "makes no sense: offset %lld is %lld, after %lld",
                                    (long long)(i + 1), (long long)j->offsets[i + 1], (long long)j->offsets[i]);
    return PATRON_OK;
}

patron_status pt_reader_strings(const pt_reader *reader, const char *name, int64_t *n, const int64_t **offsets,
                                const char **bytes, patron_error *error) {
    char offsets_name[PT_FILE_NAME_SIZE + 16], bytes_name[PT_FILE_NAME_SIZE + 16];
    snprintf(offsets_name, sizeof offsets_name, "%.*s.offsets", PT_FILE_NAME_SIZE, name);
    snprintf(bytes_name, sizeof bytes_name, "%.*s.bytes", PT_FILE_NAME_SIZE, name);
    patron_status status;
    offsets_job j = {.reader = reader, .name = offsets_name};
    const char *text;
    int64_t n_offsets, n_bytes;
    PT_TRY(pt_reader_section(reader, offsets_name, PATRON_SECTION_INT64, &j.offsets, &n_offsets, error));
    PT_TRY(pt_reader_section(reader, bytes_name, PATRON_SECTION_TEXT, &text, &n_bytes, error));
    j.n = n_offsets - 1;
    if (n_offsets == 0 || j.offsets[0] != 0 || j.offsets[j.n] != n_bytes)
        return pt_reader_refuse(reader, offsets_name, error, "has %lld offsets; expected them to begin at 0 and to end at %lld",
                                (long long)n_offsets, (long long)n_bytes);
    PT_TRY(pt_parallel(reader->ctx, pt_chunks(j.n, OFFSETS_CHUNK), check_offsets, &j, error));
    *n = j.n;
    *offsets = j.offsets;
    *bytes = text;
cleanup:
    return status;
}

/* ---- inspect and verify -------------------------------------------------------------------------------------------------- */

typedef struct info_block {
    patron_file_info info; /* first: what callers hold is a pointer to it */
    patron_ctx *ctx;
    patron_file_section *sections;
    pt_file_head *head; /* a copy: kind, writer and names live in it */
} info_block;

patron_status patron_file_inspect(patron_ctx *ctx, const char *path, patron_file_info **out, patron_error *error) {
    patron_status status;
    pt_reader *reader = NULL;
    info_block *block = NULL;
    PT_TRY(open_path(ctx, path, NULL, 0, false, &reader, error));
    int64_t n = pt_reader_n_sections(reader);
    int64_t head_bytes = (int64_t)sizeof(pt_file_head) + n * (int64_t)sizeof(pt_file_entry);
    PT_TRY(pt_alloc_zero(ctx, &block, 1, sizeof *block, error));
    block->ctx = pt_ctx_retain(ctx);
    PT_TRY(pt_alloc(ctx, &block->head, head_bytes, 1, error));
    PT_TRY(pt_alloc(ctx, &block->sections, n, sizeof *block->sections, error));
    memcpy(block->head, reader->head, (size_t)head_bytes);
    for (int64_t i = 0; i < n; i++) {
        pt_reader_entry(reader, i, &block->sections[i]);
        block->sections[i].name = block->head->entries[i].name;
    }
    const pt_file_preamble *p = &block->head->preamble;
    block->info = (patron_file_info){.kind = p->kind,
                                     .writer = p->writer,
                                     .kind_version = (int32_t)p->kind_version,
                                     .format_version = (int32_t)p->format_version,
                                     .length = reader->bytes->size,
                                     .n_sections = n};
    *out = &block->info;
    block = NULL;
cleanup:
    if (block != NULL) patron_file_info_destroy(&block->info);
    pt_reader_destroy(reader);
    return status;
}

const patron_file_section *patron_file_info_section(const patron_file_info *info, int64_t index) {
    const info_block *block = (const info_block *)(const void *)info;
    return index >= 0 && index < info->n_sections ? &block->sections[index] : NULL;
}

void patron_file_info_destroy(patron_file_info *info) {
    if (info == NULL) return;
    info_block *block = (info_block *)(void *)info;
    patron_ctx *ctx = block->ctx;
    pt_free(ctx, block->sections);
    pt_free(ctx, block->head);
    pt_free(ctx, block);
    patron_ctx_destroy(ctx);
}

patron_status patron_file_verify(patron_ctx *ctx, const char *path, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = open_path(ctx, path, NULL, 0, true, &reader, error);
    pt_reader_destroy(reader);
    return status;
}
