/* data/arrow_export.c: tables given away through the Arrow C data interface and C stream interface, written against the
 * specification (https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html).
 *
 *     stream ─▶ a second table of the same columns ─▶ batch: struct ─┬─ child ─▶ buffers of a chunk, a reference to its keep
 *              (later additions to the first do not show)            └─ child ...
 *
 * Buffers are never copied: an exported array points into the chunk and holds one reference to what keeps it alive. A batch
 * ends where any column's chunk ends, so every child is a slice of one chunk, told by its offset.
 *
 * Every array and schema, at any depth, owns itself: its private data are its own, so it may be moved by copying the struct,
 * outlive its parent, and be released on any thread. A parent releases the children that are still there. */
#include "data/column.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Offsets of an array without strings: some consumers read the first even then. */
static const int64_t no_offsets[1] = {0};

/* ---- schema ---- */

typedef struct schema_node {
    patron_ctx *ctx;
    char *name, *format;
    struct ArrowSchema *children; /* what children[] points at */
    struct ArrowSchema **list;
    struct ArrowSchema dictionary;
} schema_node;

static void schema_node_destroy(schema_node *node, int64_t n_children) {
    patron_ctx *ctx = node->ctx;
    for (int64_t i = 0; i < n_children; i++)
        if (node->children[i].release != NULL) node->children[i].release(&node->children[i]);
    if (node->dictionary.release != NULL) node->dictionary.release(&node->dictionary);
    pt_free(ctx, node->name);
    pt_free(ctx, node->format);
    pt_free(ctx, node->children);
    pt_free(ctx, node->list);
    pt_free(ctx, node);
    patron_ctx_destroy(ctx);
}

static void release_schema(struct ArrowSchema *schema) {
    schema_node_destroy(schema->private_data, schema->n_children);
    schema->release = NULL;
}

static void write_format(const pt_field *field, char *out, size_t size) {
    static const char *const plain[] = {"n", "b", "c", "s", "i", "l",  "C",   "S",   "I",  "L",  "e",
                                        "f", "g", "",  "u", "U", "vu", "tdD", "tdm", "ts", "tD", ""};
    const patron_type type = field->type == PATRON_TYPE_DICTIONARY ? field->index_type : field->type;
    if (type == PATRON_TYPE_DECIMAL && field->bit_width == 128)
        snprintf(out, size, "d:%d,%d", field->precision, field->scale);
    else if (type == PATRON_TYPE_DECIMAL)
        snprintf(out, size, "d:%d,%d,%d", field->precision, field->scale, field->bit_width);
    else if (type == PATRON_TYPE_TIMESTAMP)
        snprintf(out, size, "ts%c:%s", "smun"[field->unit], field -> timezone ? field -> timezone : "");
    else if (type == PATRON_TYPE_DURATION)
        snprintf(out, size, "tD%c", "smun"[field->unit]);
    else
        snprintf(out, size, "%s", plain[type]);
}

/* A node with room for n children. On success *out is live and to be released. */
static patron_status create_schema(patron_ctx *ctx, const char *name, const char *format, int64_t n_children,
                                   struct ArrowSchema *out, patron_error *error) {
    patron_status status = PATRON_OK;
    schema_node *node = NULL;
    PT_TRY(pt_alloc_zero(ctx, &node, 1, sizeof *node, error));
    node->ctx = pt_ctx_retain(ctx);
    PT_TRY(pt_strdup(ctx, name, &node->name, error));
    PT_TRY(pt_strdup(ctx, format, &node->format, error));
    PT_TRY(pt_alloc_zero(ctx, &node->children, n_children, sizeof *node->children, error));
    PT_TRY(pt_alloc(ctx, &node->list, n_children, sizeof *node->list, error));
    for (int64_t i = 0; i < n_children; i++) node->list[i] = &node->children[i];
    *out = (struct ArrowSchema){.format = node->format,
                                .name = node->name,
                                .n_children = n_children,
                                .children = n_children > 0 ? node->list : NULL,
                                .release = release_schema,
                                .private_data = node};
cleanup:
    if (status != PATRON_OK && node != NULL) schema_node_destroy(node, 0);
    return status;
}

static patron_status export_field(patron_ctx *ctx, const pt_field *field, struct ArrowSchema *out, patron_error *error) {
    patron_status status = PATRON_OK;
    char *format = NULL;
    size_t size = 48 + (field->timezone != NULL ? strlen(field->timezone) : 0);
    struct ArrowSchema schema = {0};
    PT_TRY(pt_alloc(ctx, &format, (int64_t)size, 1, error));
    write_format(field, format, size);
    PT_TRY(create_schema(ctx, field->name != NULL ? field->name : "", format, 0, &schema, error));
    schema.flags = ARROW_FLAG_NULLABLE | (field->ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0);
    if (field->type == PATRON_TYPE_DICTIONARY) {
        schema_node *node = schema.private_data;
        PT_TRY(export_field(ctx, field->value, &node->dictionary, error));
        schema.dictionary = &node->dictionary;
    }
    *out = schema;
cleanup:
    if (status != PATRON_OK && schema.release != NULL) schema.release(&schema);
    pt_free(ctx, format);
    return status;
}

static patron_status export_schema(const patron_table *table, struct ArrowSchema *out, patron_error *error) {
    struct ArrowSchema schema;
    patron_status status = create_schema(table->ctx, "", "+s", table->n_columns, &schema, error);
    if (status != PATRON_OK) return status;
    for (int64_t c = 0; c < table->n_columns && status == PATRON_OK; c++)
        status = export_field(table->ctx, &table->columns[c].field, schema.children[c], error);
    if (status == PATRON_OK)
        *out = schema;
    else
        schema.release(&schema);
    return status;
}

/* ---- arrays ---- */

typedef struct array_node {
    patron_ctx *ctx;
    pt_buffer *keep;
    struct ArrowArray *children;
    struct ArrowArray **list;
    struct ArrowArray dictionary;
    const void *buffers[];
} array_node;

static void array_node_destroy(array_node *node, int64_t n_children) {
    patron_ctx *ctx = node->ctx;
    for (int64_t i = 0; i < n_children; i++)
        if (node->children[i].release != NULL) node->children[i].release(&node->children[i]);
    if (node->dictionary.release != NULL) node->dictionary.release(&node->dictionary);
    pt_buffer_release(node->keep);
    pt_free(ctx, node->children);
    pt_free(ctx, node->list);
    pt_free(ctx, node);
    patron_ctx_destroy(ctx);
}

static void release_array(struct ArrowArray *array) {
    array_node_destroy(array->private_data, array->n_children);
    array->release = NULL;
}

static patron_status create_array(patron_ctx *ctx, int64_t length, int64_t n_buffers, int64_t n_children,
                                  struct ArrowArray *out, patron_error *error) {
    patron_status status = PATRON_OK;
    array_node *node = NULL;
    PT_TRY(pt_alloc_zero(ctx, &node, 1, sizeof *node + (size_t)n_buffers * sizeof *node->buffers, error));
    node->ctx = pt_ctx_retain(ctx);
    if (n_children > 0) {
        PT_TRY(pt_alloc_zero(ctx, &node->children, n_children, sizeof *node->children, error));
        PT_TRY(pt_alloc(ctx, &node->list, n_children, sizeof *node->list, error));
        for (int64_t i = 0; i < n_children; i++) node->list[i] = &node->children[i];
    }
    *out = (struct ArrowArray){.length = length,
                               .n_buffers = n_buffers,
                               .n_children = n_children,
                               .buffers = node->buffers,
                               .children = node->list,
                               .release = release_array,
                               .private_data = node};
cleanup:
    if (status != PATRON_OK && node != NULL) array_node_destroy(node, 0);
    return status;
}

static int64_t count_buffers(const pt_field *field, const pt_chunk *chunk) {
    switch (field->type) {
    case PATRON_TYPE_NULL:
        return 0;
    case PATRON_TYPE_UTF8:
    case PATRON_TYPE_LARGE_UTF8:
        return 3;
    case PATRON_TYPE_UTF8_VIEW:
        return 3 + chunk->n_views;
    default:
        return 2;
    }
}

/* Rows [skip, skip + length) of a chunk. */
static patron_status export_chunk(patron_ctx *ctx, const pt_field *field, const pt_chunk *chunk, int64_t skip, int64_t length,
                                  struct ArrowArray *out, patron_error *error) {
    const int64_t n_buffers = count_buffers(field, chunk);
    struct ArrowArray array;
    patron_status status = create_array(ctx, length, n_buffers, 0, &array, error);
    if (status != PATRON_OK) return status;
    array_node *node = array.private_data;
    node->keep = pt_buffer_retain(chunk->keep);
    array.offset = chunk->offset + skip;
    array.null_count = field->type == PATRON_TYPE_NULL ? length
                       : chunk->validity == NULL       ? 0
                       : length == chunk->length       ? chunk->null_count
                                                       : pt_count_zeros(chunk->validity, array.offset, length);
    if (n_buffers > 0) node->buffers[0] = chunk->validity;
    if (n_buffers == 2) node->buffers[1] = chunk->values;
    if (field->type == PATRON_TYPE_UTF8 || field->type == PATRON_TYPE_LARGE_UTF8) {
        node->buffers[1] = chunk->offsets != NULL ? chunk->offsets : no_offsets;
        node->buffers[2] = chunk->values;
    }
    if (field->type == PATRON_TYPE_UTF8_VIEW) {
        node->buffers[1] = chunk->values;
        for (int64_t i = 0; i < chunk->n_views; i++) node->buffers[2 + i] = chunk->views[i];
        node->buffers[2 + chunk->n_views] = chunk->view_sizes;
    }
    if (field->type == PATRON_TYPE_DICTIONARY) {
        const pt_column *dictionary = chunk->dictionary;
        status = export_chunk(ctx, &dictionary->field, &dictionary->chunks[0], 0, dictionary->length, &node->dictionary, error);
        array.dictionary = &node->dictionary;
    }
    if (status == PATRON_OK)
        *out = array;
    else
        array.release(&array);
    return status;
}

/* Rows [first, first + n), which lie in one chunk of every column. */
static patron_status export_batch(const patron_table *table, int64_t first, int64_t n, struct ArrowArray *out,
                                  patron_error *error) {
    struct ArrowArray array;
    patron_status status = create_array(table->ctx, n, 1, table->n_columns, &array, error);
    if (status != PATRON_OK) return status;
    for (int64_t c = 0; c < table->n_columns && status == PATRON_OK; c++) {
        const pt_column *column = &table->columns[c];
        const pt_chunk *chunk = &column->chunks[pt_column_find_chunk(column, first)];
        status = export_chunk(table->ctx, &column->field, chunk, first - chunk->start, n, array.children[c], error);
    }
    if (status == PATRON_OK)
        *out = array;
    else
        array.release(&array);
    return status;
}

/* ---- the stream ---- */

typedef struct exporter {
    patron_table *table;
    int64_t row;
    patron_error error;
} exporter;

static int fail_with(exporter *self) { return self->error.status == PATRON_ERR_NO_MEMORY ? ENOMEM : EINVAL; }

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    exporter *self = stream->private_data;
    self->error = (patron_error){0};
    return export_schema(self->table, out, &self->error) == PATRON_OK ? 0 : fail_with(self);
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    exporter *self = stream->private_data;
    const patron_table *table = self->table;
    int64_t end = table->n_rows;
    self->error = (patron_error){0};
    if (self->row == table->n_rows) {
        *out = (struct ArrowArray){0};
        return 0;
    }
    for (int64_t c = 0; c < table->n_columns; c++) {
        const pt_column *column = &table->columns[c];
        const pt_chunk *chunk = &column->chunks[pt_column_find_chunk(column, self->row)];
        if (end > chunk->start + chunk->length) end = chunk->start + chunk->length;
    }
    if (export_batch(table, self->row, end - self->row, out, &self->error) != PATRON_OK) return fail_with(self);
    self->row = end;
    return 0;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream) {
    const exporter *self = stream->private_data;
    return self->error.status == PATRON_OK ? NULL : self->error.message;
}

static void stream_release(struct ArrowArrayStream *stream) {
    exporter *self = stream->private_data;
    patron_table *table = self->table;
    pt_free(table->ctx, self); /* the table holds the context */
    patron_table_destroy(table);
    stream->release = NULL;
}

patron_status patron_table_export_stream(const patron_table *table, struct ArrowArrayStream *out, patron_error *error) {
    exporter *self;
    patron_status status = pt_alloc_zero(table->ctx, &self, 1, sizeof *self, error);
    if (status != PATRON_OK) return status;
    status = patron_table_slice(table, 0, table->n_rows, &self->table, error); /* columns may yet be added to the original */
    if (status != PATRON_OK) {
        pt_free(table->ctx, self);
        return status;
    }
    *out = (struct ArrowArrayStream){stream_get_schema, stream_get_next, stream_get_last_error, stream_release, self};
    return PATRON_OK;
}

/* ---- one array ---- */

patron_status patron_table_export_array(const patron_table *table, struct ArrowSchema *schema, struct ArrowArray *array,
                                        patron_error *error) {
    patron_status status = PATRON_OK;
    struct ArrowArray whole = {0};
    PT_TRY(create_array(table->ctx, table->n_rows, 1, table->n_columns, &whole, error));
    for (int64_t c = 0; c < table->n_columns; c++) {
        const pt_column *column = &table->columns[c];
        pt_chunk chunk;
        PT_TRY(pt_column_join(table->ctx, column, &chunk, error));
        status = export_chunk(table->ctx, &column->field, &chunk, 0, table->n_rows, whole.children[c], error);
        pt_buffer_release(chunk.keep);
        if (status != PATRON_OK) goto cleanup;
    }
    PT_TRY(export_schema(table, schema, error));
    *array = whole;
    whole.release = NULL;
cleanup:
    if (whole.release != NULL) whole.release(&whole);
    return status;
}
