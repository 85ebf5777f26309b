/* data/join.c: the chunks of a column copied together into one, for consumers that take a single array.
 *
 *     fixed width   values one after the other
 *     strings       bytes one after the other, offsets moved on by what lies before
 *     views         views one after the other, the lists of text buffers likewise (the text itself is not copied: the joined
 *                   chunk keeps every chunk it came from), buffer numbers moved on
 *     dictionaries  where chunks have different ones, these are joined in turn, values that occur twice are taken out, and the
 *                   indices are renumbered; the order of first occurrence stays
 *
 * A joined chunk's arrays are fresh and no one else's, so taking out double values works in place. Types stay as they are; what
 * their offsets or indices cannot count is PATRON_ERR_LIMIT. */
#include "base/hash.h"
#include "data/column.h"

#include <string.h>

/* The fresh arrays, and what a column of views goes on pointing into. */
typedef struct joined {
    patron_ctx *ctx; /* not a reference: the buffer around it holds one */
    unsigned char *values;
    unsigned char *offsets;
    uint8_t *validity;
    const void **views;
    int64_t *view_sizes;
    int64_t n_keeps;
    pt_buffer **keeps;
} joined;

static void joined_release(void *owner) {
    joined *self = owner;
    for (int64_t i = 0; i < self->n_keeps; i++) pt_buffer_release(self->keeps[i]);
    pt_free(self->ctx, self->values);
    pt_free(self->ctx, self->offsets);
    pt_free(self->ctx, self->validity);
    pt_free(self->ctx, self->views);
    pt_free(self->ctx, self->view_sizes);
    pt_free(self->ctx, self->keeps);
    pt_free(self->ctx, self);
}

static void set_bit(uint8_t *bits, int64_t i, bool value) {
    uint8_t mask = (uint8_t)(1 << (i & 7));
    bits[i >> 3] = (uint8_t)(value ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}

/* Bits [from, from + n) of source (NULL: ones) to position to. */
static void copy_bits(uint8_t *target, int64_t to, const uint8_t *source, int64_t from, int64_t n) {
    int64_t i = 0;
    for (; i < n && ((to + i) & 7) != 0; i++) set_bit(target, to + i, source == NULL || pt_bit(source, from + i));
    for (; i + 8 <= n; i += 8) {
        unsigned byte = 0xFF, shift = (unsigned)(from + i) & 7;
        if (source != NULL) {
            byte = (unsigned)source[(from + i) >> 3] >> shift;
            if (shift != 0) byte |= (unsigned)source[(from + i + 7) >> 3] << (8 - shift);
        }
        target[(to + i) >> 3] = (uint8_t)byte;
    }
    for (; i < n; i++) set_bit(target, to + i, source == NULL || pt_bit(source, from + i));
}

static patron_status join_validity(patron_ctx *ctx, const pt_column *column, joined *self, patron_error *error) {
    bool any = false;
    for (int64_t c = 0; c < column->n_chunks; c++) any |= column->chunks[c].validity != NULL;
    if (!any || column->field.type == PATRON_TYPE_NULL) return PATRON_OK;
    patron_status status = pt_alloc_zero(ctx, &self->validity, pt_chunks(column->length, 8), 1, error);
    for (int64_t c = 0; c < column->n_chunks && status == PATRON_OK; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        copy_bits(self->validity, chunk->start, chunk->validity, chunk->offset, chunk->length);
    }
    return status;
}

static patron_status join_fixed(patron_ctx *ctx, const pt_column *column, joined *self, patron_error *error) {
    patron_status status = PATRON_OK;
    const int64_t width = pt_field_width(&column->field);
    const bool bits = column->field.type == PATRON_TYPE_BOOL;
    if (bits)
        PT_TRY(pt_alloc_zero(ctx, &self->values, pt_chunks(column->length, 8), 1, error));
    else
        PT_TRY(pt_alloc(ctx, &self->values, column->length, (size_t)width, error));
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        PT_TRY(pt_poll(ctx, error));
        if (bits)
            copy_bits(self->values, chunk->start, chunk->values, chunk->offset, chunk->length);
        else if (chunk->length > 0)
            memcpy(self->values + chunk->start * width, (const unsigned char *)chunk->values + chunk->offset * width,
                   (size_t)(chunk->length * width));
    }
cleanup:
    return status;
}

static int64_t read_offset(const void *offsets, bool large, int64_t i) {
    int64_t value;
    pt_read_indices(large ? PATRON_TYPE_INT64 : PATRON_TYPE_INT32, offsets, i, 1, &value);
    return value;
}

static void write_offset(unsigned char *offsets, bool large, int64_t i, int64_t value) {
    if (large)
        memcpy(offsets + 8 * i, &value, 8);
    else
        memcpy(offsets + 4 * i, &(int32_t){(int32_t)value}, 4);
}

static patron_status join_strings(patron_ctx *ctx, const pt_column *column, joined *self, patron_error *error) {
    patron_status status = PATRON_OK;
    const bool large = column->field.type == PATRON_TYPE_LARGE_UTF8;
    int64_t bytes = 0;
    char shown[128];
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        if (chunk->length == 0) continue;
        bytes += read_offset(chunk->offsets, large, chunk->offset + chunk->length) -
                 read_offset(chunk->offsets, large, chunk->offset);
        if (bytes > (large ? PT_MAX_ROWS : INT32_MAX))
            return pt_fail(error, PATRON_ERR_LIMIT,
                           "Column '%s' has more than %lld bytes of text, too many for one array of its type; expected the "
                           "table to be taken as a stream",
                           pt_show_name(column->field.name ? column->field.name : "", shown, sizeof shown),
                           (long long)(large ? PT_MAX_ROWS : INT32_MAX));
    }
    PT_TRY(pt_alloc(ctx, &self->values, bytes, 1, error));
    PT_TRY(pt_alloc(ctx, &self->offsets, column->length + 1, large ? 8 : 4, error));
    write_offset(self->offsets, large, 0, 0);
    bytes = 0;
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        if (chunk->length == 0) continue;
        PT_TRY(pt_poll(ctx, error));
        int64_t begin = read_offset(chunk->offsets, large, chunk->offset), end = begin;
        for (int64_t i = 1; i <= chunk->length; i++) {
            end = read_offset(chunk->offsets, large, chunk->offset + i);
            write_offset(self->offsets, large, chunk->start + i, bytes + end - begin);
        }
        memcpy(self->values + bytes, (const char *)chunk->values + begin, (size_t)(end - begin));
        bytes += end - begin;
    }
cleanup:
    return status;
}

static patron_status join_views(patron_ctx *ctx, const pt_column *column, joined *self, int64_t *n_views, patron_error *error) {
    patron_status status = PATRON_OK;
    int64_t total = 0, base = 0;
    char shown[128];
    for (int64_t c = 0; c < column->n_chunks; c++) total += column->chunks[c].n_views;
    if (total > INT32_MAX)
        return pt_fail(error, PATRON_ERR_LIMIT, "Column '%s' has more than %d text buffers",
                       pt_show_name(column->field.name ? column->field.name : "", shown, sizeof shown), INT32_MAX);
    PT_TRY(join_fixed(ctx, column, self, error));
    PT_TRY(pt_alloc(ctx, &self->views, total, sizeof *self->views, error));
    PT_TRY(pt_alloc(ctx, &self->view_sizes, total, sizeof *self->view_sizes, error));
    PT_TRY(pt_alloc(ctx, &self->keeps, column->n_chunks, sizeof *self->keeps, error));
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        self->keeps[self->n_keeps++] = pt_buffer_retain(chunk->keep);
        for (int64_t i = 0; i < chunk->n_views; i++) {
            self->views[base + i] = chunk->views[i];
            self->view_sizes[base + i] = pt_view_size(chunk, i);
        }
        for (int64_t i = 0; i < chunk->length; i++) {
            unsigned char *view = self->values + 16 * (chunk->start + i);
            int32_t part[4];
            if (chunk->validity != NULL && !pt_bit(chunk->validity, chunk->offset + i)) {
                memset(view, 0, 16); /* may have held anything */
                continue;
            }
            memcpy(part, view, sizeof part);
            if (part[0] <= 12) continue;
            part[2] += (int32_t)base;
            memcpy(view, part, sizeof part);
        }
        base += chunk->n_views;
    }
    *n_views = total;
cleanup:
    return status;
}

/* Everything but dictionaries: of a dictionary column, the indices as they are. */
static patron_status join_chunks(patron_ctx *ctx, const pt_column *column, pt_chunk *out, joined **arrays,
                                 patron_error *error) {
    patron_status status = PATRON_OK;
    const patron_type type = column->field.type;
    pt_buffer *keep = NULL;
    joined *self = NULL;
    int64_t n_views = 0;
    PT_TRY(pt_alloc_zero(ctx, &self, 1, sizeof *self, error));
    self->ctx = ctx;
    PT_TRY(pt_buffer_wrap(ctx, self, sizeof *self, joined_release, self, &keep, error));
    PT_TRY(join_validity(ctx, column, self, error));
    if (type == PATRON_TYPE_UTF8 || type == PATRON_TYPE_LARGE_UTF8)
        PT_TRY(join_strings(ctx, column, self, error));
    else if (type == PATRON_TYPE_UTF8_VIEW)
        PT_TRY(join_views(ctx, column, self, &n_views, error));
    else if (type != PATRON_TYPE_NULL)
        PT_TRY(join_fixed(ctx, column, self, error));
    *out = (pt_chunk){.length = column->length,
                      .validity = self->validity,
                      .values = self->values,
                      .offsets = self->offsets,
                      .views = self->views,
                      .n_views = n_views,
                      .view_sizes = self->view_sizes,
                      .keep = keep};
    for (int64_t c = 0; c < column->n_chunks; c++) out->null_count += column->chunks[c].null_count;
    *arrays = self;
    return PATRON_OK;
cleanup:
    if (keep != NULL)
        pt_buffer_release(keep);
    else
        pt_free(ctx, self);
    return status;
}

/* ---- dictionaries ---- */

/* The bytes that stand for value i of a joined dictionary; NULL for a null. `bit` is room for a boolean. */
static pt_string value_bytes(const pt_field *field, const pt_chunk *values, int64_t i, char *bit) {
    const int64_t width = pt_field_width(field);
    if (field->type == PATRON_TYPE_NULL || (values->validity != NULL && !pt_bit(values->validity, i)))
        return (pt_string){NULL, 0};
    if (field->type >= PATRON_TYPE_UTF8 && field->type <= PATRON_TYPE_UTF8_VIEW) return pt_chunk_string(values, field->type, i);
    if (field->type == PATRON_TYPE_BOOL) {
        *bit = pt_bit(values->values, i);
        return (pt_string){bit, 1};
    }
    return (pt_string){(const char *)values->values + i * width, width};
}

static bool same_value(pt_string a, pt_string b) {
    if (a.data == NULL || b.data == NULL) return a.data == b.data;
    return a.length == b.length && memcmp(a.data, b.data, (size_t)a.length) == 0;
}

/* number[i]: the position that value i has once double ones are gone; first[k]: where the k-th of those lies now. */
static patron_status number_values(patron_ctx *ctx, const pt_field *field, const pt_chunk *values, int64_t *number,
                                   int64_t *first, int64_t *n_distinct, patron_error *error) {
    int64_t *slots = NULL, size = 16, n = 0;
    while (size < 2 * values->length) size *= 2;
    patron_status status = pt_alloc_zero(ctx, &slots, size, sizeof *slots, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < values->length; i++) {
        char bit, other;
        pt_string value = value_bytes(field, values, i, &bit);
        uint64_t hash = value.data == NULL ? 0 : pt_hash_bytes(value.data, value.length);
        int64_t slot = (int64_t)(hash & (uint64_t)(size - 1));
        while (slots[slot] != 0 && !same_value(value, value_bytes(field, values, first[slots[slot] - 1], &other)))
            slot = (slot + 1) & (size - 1);
        if (slots[slot] == 0) {
            first[n] = i;
            slots[slot] = ++n;
        }
        number[i] = slots[slot] - 1;
    }
    pt_free(ctx, slots);
    *n_distinct = n;
    return PATRON_OK;
}

/* Moves the values at first[0 .. n), which rises, to the front. */
static void compact(const pt_field *field, const int64_t *first, int64_t n, pt_chunk *values, joined *arrays) {
    const bool large = field->type == PATRON_TYPE_LARGE_UTF8, bits = field->type == PATRON_TYPE_BOOL;
    const int64_t width = pt_field_width(field);
    int64_t bytes = 0;
    values->null_count = field->type == PATRON_TYPE_NULL ? n : 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t i = first[k];
        if (arrays->offsets != NULL) {
            int64_t begin = read_offset(arrays->offsets, large, i), length = read_offset(arrays->offsets, large, i + 1) - begin;
            memmove(arrays->values + bytes, arrays->values + begin, (size_t)length);
            bytes += length;
            write_offset(arrays->offsets, large, k + 1, bytes);
        } else if (bits) {
            set_bit(arrays->values, k, pt_bit(arrays->values, i));
        } else if (width > 0) {
            memmove(arrays->values + k * width, arrays->values + i * width, (size_t)width);
        }
        if (arrays->validity == NULL) continue;
        bool valid = pt_bit(arrays->validity, i);
        set_bit(arrays->validity, k, valid);
        values->null_count += !valid;
    }
    values->length = n;
}

static const int64_t index_limits[] = {INT8_MAX, INT16_MAX, INT32_MAX, INT64_MAX, UINT8_MAX, UINT16_MAX, UINT32_MAX, INT64_MAX};

static void write_index(unsigned char *indices, int64_t width, int64_t i, int64_t value) {
    memcpy(indices + i * width, &value, (size_t)width); /* little-endian: the low bytes come first */
}

/* Renumbers the joined indices of the rows of each chunk. start[d]: where dictionary d begins among the joined values. */
static void renumber(const pt_column *column, const int64_t *start, const int64_t *number, joined *arrays) {
    const int64_t width = pt_field_width(&column->field);
    int64_t d = -1;
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        d += c == 0 || chunk->dictionary != chunk[-1].dictionary;
        for (int64_t i = chunk->start; i < chunk->start + chunk->length; i++) {
            int64_t index = 0;
            if (arrays->validity == NULL || pt_bit(arrays->validity, i)) {
                pt_read_indices(column->field.index_type, arrays->values, i, 1, &index);
                index = number[start[d] + index];
            }
            write_index(arrays->values, width, i, index);
        }
    }
}

/* One dictionary for chunks that have different ones, and the indices to match. */
static patron_status join_dictionaries(patron_ctx *ctx, const pt_column *column, joined *indices, pt_buffer **out,
                                       patron_error *error) {
    patron_status status = PATRON_OK;
    pt_column all = {.field = *column->field.value};
    int64_t *start = NULL, *number = NULL, *first = NULL, n = 0, n_distinct = 0;
    pt_chunk values = {0};
    joined *arrays = NULL;
    char shown[128];
    PT_TRY(pt_alloc(ctx, &all.chunks, column->n_chunks, sizeof *all.chunks, error));
    PT_TRY(pt_alloc(ctx, &start, column->n_chunks, sizeof *start, error));
    for (int64_t c = 0; c < column->n_chunks; c++) { /* runs of one dictionary count once */
        const pt_column *dictionary = column->chunks[c].dictionary;
        if (c > 0 && dictionary == column->chunks[c - 1].dictionary) continue;
        all.chunks[n] = dictionary->chunks[0];
        all.chunks[n].start = start[n] = all.length;
        all.length += dictionary->length;
        n++;
    }
    all.n_chunks = n;
    PT_TRY(join_chunks(ctx, &all, &values, &arrays, error));
    PT_TRY(pt_alloc(ctx, &number, all.length, sizeof *number, error));
    PT_TRY(pt_alloc(ctx, &first, all.length, sizeof *first, error));
    PT_TRY(number_values(ctx, &all.field, &values, number, first, &n_distinct, error));
    if (n_distinct - 1 > index_limits[column->field.index_type - PATRON_TYPE_INT8]) {
        status = pt_fail(error, PATRON_ERR_LIMIT,
                         "Column '%s' has %lld values in its dictionaries together, more than indices of type %s can count; "
                         "expected the table to be taken as a stream",
                         pt_show_name(column->field.name, shown, sizeof shown), (long long)n_distinct,
                         patron_type_name(column->field.index_type));
        goto cleanup;
    }
    compact(&all.field, first, n_distinct, &values, arrays);
    PT_TRY(pt_dictionary_create(ctx, &all.field, &values, out, error));
    renumber(column, start, number, indices);
cleanup:
    pt_buffer_release(values.keep);
    pt_free(ctx, all.chunks);
    pt_free(ctx, start);
    pt_free(ctx, number);
    pt_free(ctx, first);
    return status;
}

/* An empty dictionary, for a column without rows. */
static patron_status empty_dictionary(patron_ctx *ctx, const pt_column *column, pt_buffer **out, patron_error *error) {
    return pt_dictionary_create(ctx, column->field.value, &(pt_chunk){.values = ""}, out, error);
}

patron_status pt_column_join(patron_ctx *ctx, const pt_column *column, pt_chunk *out, patron_error *error) {
    patron_status status = PATRON_OK;
    const bool dictionary = column->field.type == PATRON_TYPE_DICTIONARY;
    pt_buffer *values = NULL, *both = NULL;
    pt_chunk chunk = {0};
    joined *arrays = NULL;
    bool same = column->n_chunks > 0;
    if (column->n_chunks == 1) {
        *out = column->chunks[0];
        pt_buffer_retain(out->keep);
        return PATRON_OK;
    }
    PT_TRY(join_chunks(ctx, column, &chunk, &arrays, error));
    if (dictionary) {
        for (int64_t c = 1; c < column->n_chunks; c++) same &= column->chunks[c].dictionary == column->chunks[0].dictionary;
        if (same) {
            PT_TRY(pt_keep_both(ctx, column->chunks[0].keep, chunk.keep, &both, error));
            chunk.dictionary = column->chunks[0].dictionary;
        } else {
            if (column->n_chunks == 0)
                PT_TRY(empty_dictionary(ctx, column, &values, error));
            else
                PT_TRY(join_dictionaries(ctx, column, arrays, &values, error));
            PT_TRY(pt_keep_both(ctx, values, chunk.keep, &both, error));
            chunk.dictionary = values->data;
        }
        pt_buffer_release(chunk.keep);
        chunk.keep = both;
    }
    *out = chunk;
    chunk.keep = NULL;
cleanup:
    pt_buffer_release(values);
    pt_buffer_release(chunk.keep);
    return status;
}
