/* base/file_write.c: saving. The layout is drawn in base/file_layout.h.
 *
 * A writer collects sections, most of them borrowed, in order of their names; the first that it cannot take it remembers, and
 * refuses to save. Saving is three passes: offsets, checksums
 * (parallel), bytes; the bytes go to a file or to memory through the same code.
 *
 *     open ".name.patron-pid-n.tmp" exclusively -> write -> sync -> close -> rename to "name" -> sync the folder
 *
 * Up to the rename every failure removes the temporary file and the old file is as it was. After it the new file is in
 * place; should flushing the folder fail, the error says so. Long files are flushed every 64 MiB on the way: the disk starts
 * early, and the last flush, which cannot be interrupted, is short. */
#define _POSIX_C_SOURCE 200809L
#include "base/checksum.h"
#include "base/file.h"
#include "base/file_layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STEP = 4 << 20, SYNC_EVERY = 64 << 20, MAX_TRIES = 1000, LONGEST_PATH = 1 << 20 };

static const int64_t MAX_LENGTH = INT64_MAX / 2;

typedef struct item {
    char name[PT_FILE_NAME_SIZE];
    patron_section_type type;
    int64_t count;
    const void *data;
    void *owned; /* the copy, NULL when borrowed */
} item;

struct pt_writer {
    patron_ctx *ctx;
    char kind[PT_FILE_KIND_SIZE];
    int32_t kind_version;
    int64_t n, capacity;
    item *items; /* by name */
    pt_scope scope;
    patron_error failure; /* what could not be added, first; its status PATRON_OK: nothing */
};

patron_status pt_writer_create(patron_ctx *ctx, const char *kind, int32_t kind_version, pt_writer **out, patron_error *error) {
    char padded[PT_FILE_KIND_SIZE] = {0};
    size_t n = strlen(kind);
    if (n < sizeof padded) memcpy(padded, kind, n);
    if (!pt_file_name_valid(padded, sizeof padded)) /* too long left it empty */
        return pt_fail(error, PATRON_ERR_INVALID, "The kind of a file is \"%.64s\"; expected 1 to %d letters, digits, _ - .",
                       kind, PT_FILE_KIND_SIZE - 1);
    if (kind_version < 1)
        return pt_fail(error, PATRON_ERR_INVALID, "The version of kind \"%s\" is %d; expected 1 or more", kind,
                       (int)kind_version);
    pt_writer *writer;
    patron_status status = pt_alloc_zero(ctx, &writer, 1, sizeof *writer, error);
    if (status != PATRON_OK) return status;
    writer->ctx = pt_ctx_retain(ctx);
    memcpy(writer->kind, padded, sizeof padded);
    writer->kind_version = kind_version;
    *out = writer;
    return PATRON_OK;
}

void pt_writer_destroy(pt_writer *writer) {
    if (writer == NULL) return;
    patron_ctx *ctx = writer->ctx;
    for (int64_t i = 0; i < writer->n; i++) pt_free(ctx, writer->items[i].owned);
    pt_free(ctx, writer->items);
    pt_free(ctx, writer);
    patron_ctx_destroy(ctx);
}

void pt_writer_enter(pt_writer *writer, const char *name, int64_t index) { pt_scope_enter(&writer->scope, name, index); }

void pt_writer_leave(pt_writer *writer) { pt_scope_leave(&writer->scope); }

/* The place of `name` among the items; *found when it is there. */
static int64_t place_of(const pt_writer *writer, const char *name, bool *found) {
    int64_t low = 0, high = writer->n;
    *found = false;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order = strcmp(writer->items[middle].name, name);
        if (order == 0) *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Takes over `owned`, unless it fails. */
static patron_status insert(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count,
                            void *owned, patron_error *error) {
    item new = {.type = type, .count = count, .data = data, .owned = owned};
    patron_status status = pt_scope_name(&writer->scope, name, new.name, error);
    if (status != PATRON_OK) return status;
    int64_t size = pt_section_element_size((uint32_t)type);
    if (size == 0)
        return pt_fail(error, PATRON_ERR_INVALID, "Section \"%s\" has type number %d; expected a section type", new.name,
                       (int)type);
    if (count < 0 || (data == NULL && count != 0))
        return pt_fail(error, PATRON_ERR_INVALID, "Section \"%s\" has %lld elements%s; expected %s", new.name, (long long)count,
                       count < 0 ? "" : " and no data", count < 0 ? "0 or more" : "an array");
    if (count > MAX_LENGTH / size)
        return pt_fail(error, PATRON_ERR_LIMIT, "Section \"%s\" has %lld elements; expected at most %lld", new.name,
                       (long long)count, (long long)(MAX_LENGTH / size));
    if (writer->n == PT_FILE_MAX_SECTIONS)
        return pt_fail(error, PATRON_ERR_LIMIT, "Section \"%s\" is one too many: a file has at most %d", new.name,
                       PT_FILE_MAX_SECTIONS);
    bool found;
    int64_t place = place_of(writer, new.name, &found);
    if (found) return pt_fail(error, PATRON_ERR_INVALID, "Section \"%s\" is there already; expected another name", new.name);
    status = pt_grow(writer->ctx, &writer->items, writer->n, &writer->capacity, writer->n + 1, sizeof *writer->items, error);
    if (status != PATRON_OK) return status;
    memmove(writer->items + place + 1, writer->items + place, (size_t)(writer->n - place) * sizeof *writer->items);
    writer->items[place] = new;
    writer->n++;
    return PATRON_OK;
}

/* Takes over `owned`, which goes if the section does not come in. */
static void add(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count, void *owned) {
    if (writer->failure.status != PATRON_OK || insert(writer, name, type, data, count, owned, &writer->failure) != PATRON_OK)
        pt_free(writer->ctx, owned);
}

/* Room for a copy that `add` will own; NULL when there is none, or when the writer has failed before. */
static void *room_for(pt_writer *writer, int64_t bytes) {
    void *room = NULL;
    if (writer->failure.status == PATRON_OK) (void)pt_alloc(writer->ctx, &room, bytes, 1, &writer->failure);
    return room;
}

void pt_writer_add(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count) {
    add(writer, name, type, data, count, NULL);
}

void pt_writer_add_copy(pt_writer *writer, const char *name, patron_section_type type, const void *data, int64_t count) {
    int64_t size = pt_section_element_size((uint32_t)type), bytes;
    if (data == NULL || __builtin_mul_overflow(count, size, &bytes) || bytes <= 0) { /* nothing to copy, or no section */
        add(writer, name, type, data, count, NULL);
        return;
    }
    void *copy = room_for(writer, bytes);
    if (copy == NULL) return;
    memcpy(copy, data, (size_t)bytes);
    add(writer, name, type, copy, count, copy);
}

void pt_writer_add_int64(pt_writer *writer, const char *name, int64_t value) {
    pt_writer_add_copy(writer, name, PATRON_SECTION_INT64, &value, 1);
}

void pt_writer_add_float64(pt_writer *writer, const char *name, double value) {
    pt_writer_add_copy(writer, name, PATRON_SECTION_FLOAT64, &value, 1);
}

void pt_writer_add_text(pt_writer *writer, const char *name, const char *text) {
    if (text != NULL) pt_writer_add_copy(writer, name, PATRON_SECTION_TEXT, text, (int64_t)strlen(text) + 1);
}

void pt_writer_add_names(pt_writer *writer, const char *name, int64_t n, const char *const *names) {
    size_t bytes = 0;
    for (int64_t i = 0; i < n; i++) bytes += strlen(names[i]) + 1;
    char *joined = room_for(writer, (int64_t)bytes), *end = joined;
    if (joined == NULL) return;
    for (int64_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]) + 1;
        memcpy(end, names[i], length);
        end += length;
    }
    add(writer, name, PATRON_SECTION_TEXT, joined, (int64_t)bytes, joined);
}

void pt_writer_add_strings(pt_writer *writer, const char *name, int64_t n, const int64_t *offsets, const char *bytes) {
    if (n < 0 || offsets[0] != 0) {
        if (writer->failure.status == PATRON_OK)
            pt_fail(&writer->failure, PATRON_ERR_INVALID,
                    "Strings \"%s\": %lld of them; expected 0 or more, the first at offset 0", name, (long long)n);
        return;
    }
    pt_writer_enter(writer, name, -1);
    pt_writer_add(writer, "offsets", PATRON_SECTION_INT64, offsets, n + 1);
    pt_writer_add(writer, "bytes", PATRON_SECTION_TEXT, bytes, offsets[n]);
    pt_writer_leave(writer);
}

/* ---- layout --------------------------------------------------------------------------------------------------------- */

typedef struct layout {
    pt_file_head *head;
    int64_t head_bytes;
    int64_t length;
    pt_span *spans;
} layout;

static patron_status measure(pt_writer *writer, layout *l, patron_error *error) {
    int64_t cursor = l->head_bytes;
    for (int64_t i = 0; i < writer->n; i++) {
        const item *it = &writer->items[i];
        int64_t bytes = it->count * pt_section_element_size((uint32_t)it->type);
        if (bytes > MAX_LENGTH - cursor)
            return pt_fail(error, PATRON_ERR_LIMIT, "Section \"%s\" of %lld bytes makes the file longer than %lld", it->name,
                           (long long)bytes, (long long)MAX_LENGTH);
        l->spans[i] = (pt_span){it->data, cursor, bytes, 0};
        cursor = pt_file_aligned(cursor + bytes);
    }
    l->length = cursor;
    return PATRON_OK;
}

static void fill_head(const pt_writer *writer, const layout *l) {
    pt_cpu cpu = writer->ctx->cpu;
    pt_file_preamble *preamble = &l->head->preamble;
    pt_file_extent *extent = &l->head->extent;
    memcpy(preamble->magic, PT_FILE_MAGIC, sizeof preamble->magic);
    preamble->byte_order = PT_FILE_BYTE_ORDER;
    preamble->format_version = PT_FILE_FORMAT;
    preamble->reader_version = PT_FILE_FORMAT_READER;
    preamble->kind_version = (uint32_t)writer->kind_version;
    memcpy(preamble->kind, writer->kind, sizeof preamble->kind);
    static_assert(sizeof PATRON_VERSION <= sizeof preamble->writer, "the version fits");
    memcpy(preamble->writer, PATRON_VERSION, sizeof PATRON_VERSION);
    preamble->checksum = pt_crc32c(cpu, 0, preamble, offsetof(pt_file_preamble, checksum));
    for (int64_t i = 0; i < writer->n; i++) {
        const item *it = &writer->items[i];
        pt_file_entry *entry = &l->head->entries[i];
        memcpy(entry->name, it->name, sizeof entry->name);
        entry->offset = (uint64_t)l->spans[i].offset;
        entry->count = (uint64_t)it->count;
        entry->type = (uint32_t)it->type;
        entry->element_size = (uint32_t)pt_section_element_size(entry->type);
        entry->checksum = l->spans[i].crc;
    }
    extent->n_sections = (uint32_t)writer->n;
    extent->length = (uint64_t)l->length;
    extent->checksum = pt_crc32c(cpu, 0, &extent->n_sections, l->head_bytes - (int64_t)sizeof *preamble - 4);
}

static void layout_fini(pt_writer *writer, layout *l) {
    pt_free(writer->ctx, l->head);
    pt_free(writer->ctx, l->spans);
}

static patron_status layout_init(pt_writer *writer, layout *l, patron_error *error) {
    patron_status status;
    *l = (layout){.head_bytes = (int64_t)sizeof(pt_file_head) + writer->n * (int64_t)sizeof(pt_file_entry)};
    if (writer->failure.status != PATRON_OK) {
        if (error != NULL) *error = writer->failure;
        return writer->failure.status;
    }
    PT_TRY(pt_alloc_zero(writer->ctx, &l->head, l->head_bytes, 1, error));
    PT_TRY(pt_alloc(writer->ctx, &l->spans, writer->n, sizeof *l->spans, error));
    PT_TRY(measure(writer, l, error));
    PT_TRY(pt_crc32c_spans(writer->ctx, writer->n, l->spans, error));
    fill_head(writer, l);
cleanup:
    return status;
}

/* ---- output --------------------------------------------------------------------------------------------------------- */

/* Where bytes go: to `memory`, or to the descriptor when that is NULL. */
typedef struct sink {
    patron_ctx *ctx;
    char *memory;
    int fd;
    int64_t done, unsynced;
    const layout *layout;
    const char *label;
} sink;

static patron_status put(sink *out, const void *data, int64_t n, patron_error *error) {
    const patron_file_ops *files = &out->ctx->files;
    const char *p = data;
    while (n > 0) {
        patron_status status = pt_poll(out->ctx, error);
        if (status != PATRON_OK) return status;
        int64_t step = n < STEP ? n : STEP;
        if (out->memory != NULL) {
            memcpy(out->memory + out->done, p, (size_t)step);
        } else {
            int64_t asked = step;
            step = files->write(files->state, out->fd, p, (size_t)asked);
            if (step <= 0 || step > asked)
                return pt_fail_os(error, step < 0 ? (int)-step : EIO,
                                  "Cannot save \"%s\": writing failed after %lld of %lld bytes", out->label,
                                  (long long)out->done, (long long)out->layout->length);
            out->unsynced += step;
        }
        p += step;
        n -= step;
        out->done += step;
        if (out->unsynced >= SYNC_EVERY) {
            int result = files->sync(files->state, out->fd);
            if (result < 0) return pt_fail_os(error, -result, "Cannot save \"%s\": flushing it to the disk failed", out->label);
            out->unsynced = 0;
        }
    }
    return PATRON_OK;
}

static patron_status put_all(pt_writer *writer, sink *out, patron_error *error) {
    static const char zeros[PT_FILE_ALIGNMENT];
    const layout *l = out->layout;
    patron_status status = put(out, l->head, l->head_bytes, error);
    for (int64_t i = 0; i < writer->n && status == PATRON_OK; i++) {
        status = put(out, l->spans[i].data, l->spans[i].bytes, error);
        if (status == PATRON_OK) status = put(out, zeros, pt_file_aligned(out->done) - out->done, error);
    }
    return status;
}

patron_status pt_writer_to_bytes(pt_writer *writer, pt_buffer **out, patron_error *error) {
    patron_status status;
    layout l;
    pt_buffer *buffer = NULL;
    PT_TRY(layout_init(writer, &l, error));
    PT_TRY(pt_buffer_create(writer->ctx, l.length, &buffer, error));
    sink memory = {.ctx = writer->ctx, .memory = buffer->data, .fd = -1, .layout = &l};
    PT_TRY(put_all(writer, &memory, error));
    *out = buffer;
    buffer = NULL;
cleanup:
    pt_buffer_release(buffer);
    layout_fini(writer, &l);
    return status;
}

/* Opens a new file beside `path`. Its name is cut between characters when a longer one might not be allowed. */
static patron_status open_temporary(patron_ctx *ctx, const char *path, const char *label, char **out, int *fd,
                                    patron_error *error) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    int folder = (int)(name - path), kept = (int)strnlen(name, PT_FILE_NAME_KEPT + 1);
    if (kept > PT_FILE_NAME_KEPT)
        for (kept = PT_FILE_NAME_KEPT; kept > 0 && ((unsigned char)name[kept] & 0xc0) == 0x80;) kept--;
    char *temporary;
    size_t size = (size_t)folder + (size_t)kept + 64;
    patron_status status = pt_alloc(ctx, &temporary, (int64_t)size, 1, error);
    if (status != PATRON_OK) return status;
    int result = -EEXIST;
    for (int n = 0; n < MAX_TRIES && result == -EEXIST; n++) {
        snprintf(temporary, size, "%.*s.%.*s.patron-%lld-%d.tmp", folder, path, kept, name, (long long)getpid(), n);
        result = ctx->files.open_write(ctx->files.state, temporary);
    }
    if (result < 0) {
        char temporary_label[PT_FILE_LABEL_SIZE];
        pt_file_label(temporary, temporary_label);
        pt_free(ctx, temporary);
        return pt_fail_os(error, -result, "Cannot save \"%s\": creating the temporary file \"%s\" failed", label,
                          temporary_label);
    }
    *out = temporary;
    *fd = result;
    return PATRON_OK;
}

static patron_status write_temporary(pt_writer *writer, const layout *l, int fd, const char *label, patron_error *error) {
    const patron_file_ops *files = &writer->ctx->files;
    sink file = {.ctx = writer->ctx, .fd = fd, .layout = l, .label = label};
    patron_status status = put_all(writer, &file, error);
    int result = 0;
    if (status == PATRON_OK && (result = files->sync(files->state, fd)) < 0)
        status = pt_fail_os(error, -result, "Cannot save \"%s\": flushing it to the disk failed", label);
    result = files->close(files->state, fd);
    if (status == PATRON_OK && result < 0)
        status = pt_fail_os(error, -result, "Cannot save \"%s\": closing the temporary file failed", label);
    return status;
}

patron_status pt_writer_save(pt_writer *writer, const char *path, patron_error *error) {
    patron_ctx *ctx = writer->ctx;
    const patron_file_ops *files = &ctx->files;
    char label[PT_FILE_LABEL_SIZE];
    size_t n = strlen(path);
    pt_file_label(path, label);
    if (n == 0 || n > LONGEST_PATH || path[n - 1] == '/')
        return pt_fail(error, PATRON_ERR_INVALID, "Cannot save to \"%s\"; expected the path of a file", label);
    patron_status status;
    layout l;
    char *temporary = NULL;
    int fd = -1, result;
    PT_TRY(layout_init(writer, &l, error));
    PT_TRY(open_temporary(ctx, path, label, &temporary, &fd, error));
    status = write_temporary(writer, &l, fd, label, error);
    if (status == PATRON_OK && (result = files->rename(files->state, temporary, path)) < 0)
        status = pt_fail_os(error, -result, "Cannot save \"%s\": renaming the temporary file failed", label);
    if (status != PATRON_OK) {
        (void)files->remove(files->state, temporary); /* what failed first is what is reported */
        goto cleanup;
    }
    if ((result = files->sync_folder(files->state, path)) < 0)
        status = pt_fail_os(error, -result,
                            "\"%s\" is saved, but flushing its folder to the disk failed, so a power cut may undo it", label);
cleanup:
    pt_free(ctx, temporary);
    layout_fini(writer, &l);
    return status;
}
