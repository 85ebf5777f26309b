/* data/arrow_import.c: tables from the Arrow C data interface and C stream interface, written against the specification
 * (https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html); no Arrow library is involved.
 *
 *     stream ──get_schema──▶ fields        format strings, names, dictionaries
 *            ──get_next────▶ batch ──▶ keep (a pt_buffer that owns the moved ArrowArray)
 *                              └─ child c ──▶ chunk of column c: pointers into the batch, one reference to the keep
 *
 * Nothing is copied, so the cost of a batch is a handful of small allocations, whatever its length. A batch's `release` runs
 * once, when the last chunk that points into it goes, on whichever thread that happens. Where a batch brings the dictionary of
 * the batch before (the same buffers), the first one is used again: it is then validated once, not thousands of times.
 *
 * Structure is checked here, batch by batch: counts, lengths, offsets, pointers. What lies inside the buffers is checked after
 * the last batch in one parallel run (validate.c). A bitmap of validity is counted, not believed: null_count may be -1, and
 * one that disagrees with its bitmap does no harm.
 *
 * Not accepted: binary and nested columns, times of day, intervals, run ends, dictionaries of dictionaries; the error names the
 * column and the format. A null row of the top-level struct is refused too: a record batch has none. */
#include "data/column.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS (INT64_C(1) << 24)

#define EXPECTED "expected numbers, booleans, text, dates, timestamps, durations or dictionaries of these"

/* ---- schema ---- */

/* What a format that is not accepted holds, for the message. */
static const char *explain_format(const char *format) {
    switch (format[0]) {
    case 'z':
    case 'Z':
        return " (binary)";
    case 'w':
        return " (fixed-size binary)";
    case 'v':
        return format[1] == 'z' ? " (binary)" : "";
    case 't':
        return format[1] == 't' ? " (time of day)" : format[1] == 'i' ? " (interval)" : "";
    case '+':
        return format[1] == 's'   ? " (struct)"
               : format[1] == 'm' ? " (map)"
               : format[1] == 'u' ? " (union)"
               : format[1] == 'r' ? " (run-end encoded)"
                                  : " (list)";
    default:
        return "";
    }
}

static patron_status bad_format(const char *name, const char *format, patron_error *error) {
    char shown[128], text[64];
    return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' has Arrow type '%s'%s; " EXPECTED, pt_show_name(name, shown, 128),
                   pt_show_name(format, text, sizeof text), explain_format(format));
}

/* A number at *p, which moves behind it; false when there is none or it is beyond 1000. */
static bool parse_number(const char **p, int32_t *out) {
    const char *s = *p;
    const bool negative = *s == '-';
    int32_t value = 0;
    s += negative;
    if (*s < '0' || *s > '9') return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        value = value * 10 + (*s - '0');
        if (value > 1000) return false;
    }
    *out = negative ? -value : value;
    *p = s;
    return true;
}

/* "d:precision,scale[,bits]" */
static bool parse_decimal(const char *format, pt_field *field) {
    const char *p = format + 2;
    field->bit_width = 128;
    if (!parse_number(&p, &field->precision) || *p++ != ',' || !parse_number(&p, &field->scale)) return false;
    if (*p == ',') {
        p++;
        if (!parse_number(&p, &field->bit_width)) return false;
    }
    field->type = PATRON_TYPE_DECIMAL;
    return *p == '\0' && field->precision >= 1 && field->precision <= pt_decimal_digits(field->bit_width) &&
           field->scale >= -76 && field->scale <= 76;
}

static bool parse_unit(char letter, patron_time_unit *unit) {
    static const char letters[] = "smun";
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL) return false;
    *unit = (patron_time_unit)(found - letters);
    return true;
}

/* Everything but dictionaries and the time zone's text, which *timezone points at. */
static bool parse_format(const char *format, pt_field *field, const char **timezone) {
    static const struct {
        char format[4];
        patron_type type;
    } plain[] = {{"n", PATRON_TYPE_NULL},       {"b", PATRON_TYPE_BOOL},     {"c", PATRON_TYPE_INT8},
                 {"C", PATRON_TYPE_UINT8},      {"s", PATRON_TYPE_INT16},    {"S", PATRON_TYPE_UINT16},
                 {"i", PATRON_TYPE_INT32},      {"I", PATRON_TYPE_UINT32},   {"l", PATRON_TYPE_INT64},
                 {"L", PATRON_TYPE_UINT64},     {"e", PATRON_TYPE_FLOAT16},  {"f", PATRON_TYPE_FLOAT32},
                 {"g", PATRON_TYPE_FLOAT64},    {"u", PATRON_TYPE_UTF8},     {"U", PATRON_TYPE_LARGE_UTF8},
                 {"vu", PATRON_TYPE_UTF8_VIEW}, {"tdD", PATRON_TYPE_DATE32}, {"tdm", PATRON_TYPE_DATE64}};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(format, plain[i].format) != 0) continue;
        field->type = plain[i].type;
        return true;
    }
    if (strncmp(format, "d:", 2) == 0) return parse_decimal(format, field);
    if (strncmp(format, "ts", 2) == 0 && parse_unit(format[2], &field->unit) && format[3] == ':') {
        field->type = PATRON_TYPE_TIMESTAMP;
        if (format[4] != '\0') *timezone = format + 4;
        return true;
    }
    field->type = PATRON_TYPE_DURATION;
    return strncmp(format, "tD", 2) == 0 && parse_unit(format[2], &field->unit) && format[3] == '\0';
}

/* A column's schema as a field. name: the column's, also for the values of its dictionary (which get none). */
static patron_status parse_field(patron_ctx *ctx, const struct ArrowSchema *schema, const char *name, bool is_value,
                                 pt_field *out, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_field field = {0};
    const char *timezone = NULL;
    char shown[128];
    pt_show_name(name, shown, sizeof shown);
    if (schema->release == NULL || schema->format == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The Arrow schema of column '%s' %s", shown,
                       schema->release == NULL ? "has been released already" : "has no format (NULL)");
    if (!parse_format(schema->format, &field, &timezone)) return bad_format(name, schema->format, error);
    if (timezone != NULL && pt_utf8_check(timezone, (int64_t)strlen(timezone)) >= 0)
        return pt_fail(error, PATRON_ERR_INVALID, "Column '%s' has a time zone that is not valid UTF-8", shown);
    if (schema->n_children != 0)
        return pt_fail(error, PATRON_ERR_INVALID, "Column '%s' of Arrow type '%s' has %lld children; expected none", shown,
                       schema->format, (long long)schema->n_children);
    if (schema->dictionary != NULL) {
        if (is_value) return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' is a dictionary of dictionaries; " EXPECTED, shown);
        if (field.type < PATRON_TYPE_INT8 || field.type > PATRON_TYPE_UINT64)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "Column '%s' has dictionary indices of Arrow type '%s'; expected integers", shown, schema->format);
        field.index_type = field.type;
        field.type = PATRON_TYPE_DICTIONARY;
        field.ordered = (schema->flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
        PT_TRY(pt_alloc_zero(ctx, &field.value, 1, sizeof *field.value, error));
        PT_TRY(parse_field(ctx, schema->dictionary, name, true, field.value, error));
    }
    PT_TRY(pt_strdup(ctx, is_value ? NULL : name, &field.name, error));
    PT_TRY(pt_strdup(ctx, timezone, &field.timezone, error));
    *out = field;
cleanup:
    if (status != PATRON_OK) pt_field_fini(ctx, &field);
    return status;
}

static bool is_struct(const struct ArrowSchema *schema) { return strcmp(schema->format, "+s") == 0; }

/* The columns, still without rows, of a schema. */
static patron_status import_schema(patron_ctx *ctx, const struct ArrowSchema *schema, patron_table **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_table *table = NULL;
    pt_field field;
    if (schema->release == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The Arrow schema has been released already; expected a live one");
    if (schema->format == NULL) return pt_fail(error, PATRON_ERR_INVALID, "The Arrow schema has no format (NULL)");
    PT_TRY(patron_table_create(ctx, 0, &table, error));
    if (!is_struct(schema)) {
        PT_TRY(parse_field(ctx, schema, "", false, &field, error));
        PT_TRY(pt_table_add_field(table, &field, error));
    } else {
        if (schema->dictionary != NULL) {
            status =
                pt_fail(error, PATRON_ERR_INVALID, "The Arrow schema is a struct with a dictionary; expected a plain struct");
            goto cleanup;
        }
        if (schema->n_children < 0 || schema->n_children > MAX_COLUMNS ||
            (schema->n_children > 0 && schema->children == NULL)) {
            status = pt_fail(error, PATRON_ERR_INVALID, "The Arrow schema has %lld columns%s; expected 0 to %lld",
                             (long long)schema->n_children, schema->children == NULL ? " and no list of them (NULL)" : "",
                             (long long)MAX_COLUMNS);
            goto cleanup;
        }
        for (int64_t c = 0; c < schema->n_children; c++) {
            const struct ArrowSchema *child = schema->children[c];
            if (child == NULL) {
                status = pt_fail(error, PATRON_ERR_INVALID, "Column %lld of the Arrow schema is NULL", (long long)c);
                goto cleanup;
            }
            PT_TRY(parse_field(ctx, child, child->release != NULL && child->name != NULL ? child->name : "", false, &field,
                               error));
            PT_TRY(pt_table_add_field(table, &field, error));
        }
    }
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    return status;
}

/* ---- arrays ---- */

/* What is being looked at, for messages: column 'x', chunk 3. */
typedef struct place {
    const char *name;
    int64_t batch;
    bool dictionary;
} place;

static patron_status complain(const place *at, patron_error *error, const char *what) {
    char shown[128];
    if (at->name == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The Arrow array of chunk %lld %s", (long long)at->batch, what);
    return pt_fail(error, PATRON_ERR_INVALID, "Column '%s', chunk %lld: the Arrow array%s %s",
                   pt_show_name(at->name, shown, sizeof shown), (long long)at->batch,
                   at->dictionary ? " of its dictionary" : "", what);
}

#define COMPLAIN(at, error, ...)                                                                                               \
    do {                                                                                                                       \
        patron_error text_;                                                                                                    \
        pt_fail(&text_, PATRON_ERR_INVALID, __VA_ARGS__);                                                                      \
        return complain(at, error, text_.message);                                                                             \
    } while (0)

/* Counts and pointers that every array has. n_buffers -1: at least 3 (views). */
static patron_status check_array(const place *at, const struct ArrowArray *array, int64_t n_buffers, int64_t n_children,
                                 bool has_dictionary, patron_error *error) {
    if (array->release == NULL) COMPLAIN(at, error, "has been released already");
    if (array->length < 0 || array->offset < 0 || array->length > PT_MAX_ROWS || array->offset > PT_MAX_ROWS)
        COMPLAIN(at, error, "has length %lld and offset %lld; expected 0 to %lld", (long long)array->length,
                 (long long)array->offset, (long long)PT_MAX_ROWS);
    if (array->null_count < -1 || array->null_count > array->length)
        COMPLAIN(at, error, "has null count %lld; expected -1 to its length %lld", (long long)array->null_count,
                 (long long)array->length);
    if (n_buffers >= 0 ? array->n_buffers != n_buffers : array->n_buffers < 3 || array->n_buffers > INT32_MAX)
        COMPLAIN(at, error, "has %lld buffers; expected %s%lld", (long long)array->n_buffers, n_buffers < 0 ? "at least " : "",
                 (long long)(n_buffers < 0 ? 3 : n_buffers));
    if (array->n_buffers > 0 && array->buffers == NULL) COMPLAIN(at, error, "has no list of buffers (NULL)");
    if (array->n_children != n_children)
        COMPLAIN(at, error, "has %lld children; expected %lld", (long long)array->n_children, (long long)n_children);
    if (n_children > 0 && array->children == NULL) COMPLAIN(at, error, "has no list of children (NULL)");
    if (has_dictionary != (array->dictionary != NULL))
        COMPLAIN(at, error, has_dictionary ? "has no dictionary (NULL)" : "has a dictionary that its schema does not have");
    return PATRON_OK;
}

static patron_status string_chunk(const place *at, const pt_field *field, const struct ArrowArray *array, pt_chunk *chunk,
                                  patron_error *error) {
    const bool large = field->type == PATRON_TYPE_LARGE_UTF8;
    chunk->offsets = array->buffers[1];
    chunk->values = array->buffers[2];
    if (chunk->length > 0) {
        const patron_type type = large ? PATRON_TYPE_INT64 : PATRON_TYPE_INT32;
        int64_t begin, end;
        if (chunk->offsets == NULL) COMPLAIN(at, error, "has %lld strings but no offsets (NULL)", (long long)chunk->length);
        pt_read_indices(type, chunk->offsets, chunk->offset, 1, &begin);
        pt_read_indices(type, chunk->offsets, chunk->offset + chunk->length, 1, &end);
        if (begin < 0 || end < begin || end > PT_MAX_ROWS)
            COMPLAIN(at, error, "has strings from byte %lld to byte %lld; expected offsets that rise from 0", (long long)begin,
                     (long long)end);
        if (end > begin && chunk->values == NULL)
            COMPLAIN(at, error, "has %lld bytes of text but no buffer for them (NULL)", (long long)(end - begin));
    }
    if (chunk->values == NULL) chunk->values = ""; /* an empty string is not null */
    return PATRON_OK;
}

static patron_status view_chunk(const place *at, const struct ArrowArray *array, pt_chunk *chunk, patron_error *error) {
    chunk->values = array->buffers[1];
    chunk->n_views = array->n_buffers - 3;
    chunk->views = (const void *const *)array->buffers + 2;
    chunk->view_sizes = array->buffers[array->n_buffers - 1];
    if (chunk->n_views > 0 && chunk->view_sizes == NULL) COMPLAIN(at, error, "has no sizes of its text buffers (NULL)");
    for (int64_t i = 0; i < chunk->n_views; i++) {
        int64_t size = pt_view_size(chunk, i);
        if (size < 0 || (size > 0 && chunk->views[i] == NULL))
            COMPLAIN(at, error, "has a text buffer %lld of %lld bytes%s", (long long)i, (long long)size,
                     chunk->views[i] == NULL ? " that is NULL" : "");
    }
    return PATRON_OK;
}

/* Rows [skip, skip + length) of an array as a chunk; its keep and dictionary are left to the caller. */
static patron_status import_chunk(const place *at, const pt_field *field, const struct ArrowArray *array, int64_t skip,
                                  int64_t length, pt_chunk *out, patron_error *error) {
    patron_status status = PATRON_OK;
    const patron_type type = field->type;
    const bool views = type == PATRON_TYPE_UTF8_VIEW, text = type == PATRON_TYPE_UTF8 || type == PATRON_TYPE_LARGE_UTF8;
    /* An array of nulls has no buffers; polars gives it one nevertheless. */
    const int64_t n_buffers = type == PATRON_TYPE_NULL ? array->n_buffers == 1 : views ? -1 : text ? 3 : 2;
    PT_TRY(check_array(at, array, n_buffers, 0, type == PATRON_TYPE_DICTIONARY, error));
    if (array->length < skip + length)
        COMPLAIN(at, error, "has length %lld; expected at least %lld, its parent's offset and length", (long long)array->length,
                 (long long)(skip + length));
    pt_chunk chunk = {.length = length, .offset = array->offset + skip};
    if (type == PATRON_TYPE_NULL) {
        chunk.null_count = length;
        *out = chunk;
        return PATRON_OK;
    }
    chunk.validity = array->buffers[0];
    if (chunk.validity == NULL && array->null_count > 0)
        COMPLAIN(at, error, "has null count %lld but no validity bitmap (NULL)", (long long)array->null_count);
    if (text)
        PT_TRY(string_chunk(at, field, array, &chunk, error));
    else if (views)
        PT_TRY(view_chunk(at, array, &chunk, error));
    else
        chunk.values = array->buffers[1];
    if (length > 0 && chunk.values == NULL)
        COMPLAIN(at, error, "has %lld values but no buffer for them (NULL)", (long long)length);
    if (chunk.validity != NULL) {
        chunk.null_count = pt_count_zeros(chunk.validity, chunk.offset, length);
        if (chunk.null_count == 0) chunk.validity = NULL;
    }
    *out = chunk;
cleanup:
    return status;
}

/* Whether a batch brings the dictionary of the batch before. The older one is still alive, so equal addresses are equal
 * memory. */
static bool same_dictionary(const pt_chunk *a, const pt_chunk *b) {
    if (a->length != b->length || a->offset != b->offset || a->validity != b->validity || a->values != b->values ||
        a->offsets != b->offsets || a->n_views != b->n_views)
        return false;
    for (int64_t i = 0; i < a->n_views; i++)
        if (a->views[i] != b->views[i] || pt_view_size(a, i) != pt_view_size(b, i)) return false;
    return true;
}

typedef struct importer {
    patron_ctx *ctx;
    patron_table *table;
    bool is_struct;
    int64_t batch;
    int64_t n_columns;
    pt_buffer **dictionaries; /* of every column: the one seen last, or NULL */
} importer;

/* Gives a chunk its dictionary and the keep that holds both; *both is for the caller to release. */
static patron_status attach_dictionary(importer *in, place at, int64_t column, const struct ArrowArray *array, pt_chunk *chunk,
                                       pt_buffer **both, patron_error *error) {
    const pt_field *value = in->table->columns[column].field.value;
    const struct ArrowArray *dictionary = array->dictionary;
    patron_status status = PATRON_OK;
    pt_chunk values;
    at.dictionary = true;
    PT_TRY(import_chunk(&at, value, dictionary, 0, dictionary->length, &values, error));
    values.keep = chunk->keep;
    pt_buffer *last = in->dictionaries[column];
    if (last == NULL || !same_dictionary(&values, &((const pt_column *)last->data)->chunks[0])) {
        pt_buffer *fresh;
        PT_TRY(pt_dictionary_create(in->ctx, value, &values, &fresh, error));
        pt_buffer_release(last);
        in->dictionaries[column] = last = fresh;
    }
    PT_TRY(pt_keep_both(in->ctx, chunk->keep, last, both, error));
    chunk->keep = *both;
    chunk->dictionary = last->data;
cleanup:
    return status;
}

static patron_status import_column(importer *in, int64_t column, const struct ArrowArray *array, int64_t skip, int64_t length,
                                   pt_buffer *keep, patron_error *error) {
    pt_column *target = &in->table->columns[column];
    const place at = {target->field.name, in->batch, false};
    patron_status status = PATRON_OK;
    pt_buffer *both = NULL;
    pt_chunk chunk;
    if (array == NULL) COMPLAIN(&at, error, "is NULL");
    PT_TRY(import_chunk(&at, &target->field, array, skip, length, &chunk, error));
    chunk.keep = keep;
    if (target->field.type == PATRON_TYPE_DICTIONARY) PT_TRY(attach_dictionary(in, at, column, array, &chunk, &both, error));
    PT_TRY(pt_column_append(in->ctx, target, &chunk, error));
cleanup:
    pt_buffer_release(both);
    return status;
}

static patron_status check_struct(const importer *in, const struct ArrowArray *array, patron_error *error) {
    const place at = {NULL, in->batch, false};
    patron_status status = check_array(&at, array, 1, in->table->n_columns, false, error);
    if (status != PATRON_OK) return status;
    const uint8_t *validity = array->buffers[0];
    if (validity == NULL && array->null_count > 0)
        COMPLAIN(&at, error, "has null count %lld but no validity bitmap (NULL)", (long long)array->null_count);
    if (validity != NULL && pt_count_zeros(validity, array->offset, array->length) > 0)
        COMPLAIN(&at, error, "has a null row %lld (of the struct itself, not of a column); expected none",
                 (long long)pt_find_zero(validity, array->offset, array->length));
    return PATRON_OK;
}

/* What a keep owns. */
typedef struct batch {
    patron_ctx *ctx; /* not a reference: the buffer around it holds one */
    struct ArrowArray array;
} batch;

static void batch_release(void *owner) {
    batch *self = owner;
    self->array.release(&self->array);
    pt_free(self->ctx, self);
}

/* Moves an array into a keep. On failure it is released. */
static patron_status keep_array(patron_ctx *ctx, struct ArrowArray *array, pt_buffer **out, patron_error *error) {
    patron_status status = PATRON_OK;
    batch *self = NULL;
    PT_TRY(pt_alloc(ctx, &self, 1, sizeof *self, error));
    *self = (batch){ctx, *array};
    PT_TRY(pt_buffer_wrap(ctx, self, sizeof *self, batch_release, self, out, error));
    array->release = NULL;
cleanup:
    if (status != PATRON_OK) {
        pt_free(ctx, self);
        array->release(array);
        array->release = NULL;
    }
    return status;
}

/* Takes over one array, live, as the next rows of the table. */
static patron_status import_batch(importer *in, struct ArrowArray *moved, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_buffer *keep = NULL;
    PT_TRY(keep_array(in->ctx, moved, &keep, error));
    const struct ArrowArray *array = &((const batch *)keep->data)->array;
    if (in->is_struct) {
        PT_TRY(check_struct(in, array, error));
        for (int64_t c = 0; c < array->n_children; c++)
            PT_TRY(import_column(in, c, array->children[c], array->offset, array->length, keep, error));
    } else {
        PT_TRY(import_column(in, 0, array, 0, array->length, keep, error));
    }
    if (array->length > PT_MAX_ROWS - in->table->n_rows) {
        status = pt_fail(error, PATRON_ERR_LIMIT, "The Arrow stream has more than %lld rows", (long long)PT_MAX_ROWS);
        goto cleanup;
    }
    in->table->n_rows += array->length;
    in->batch++;
cleanup:
    pt_buffer_release(keep);
    return status;
}

static patron_status importer_init(importer *in, patron_ctx *ctx, const struct ArrowSchema *schema, patron_error *error) {
    *in = (importer){.ctx = ctx};
    patron_status status = import_schema(ctx, schema, &in->table, error);
    if (status != PATRON_OK) return status;
    in->is_struct = is_struct(schema);
    in->n_columns = in->table->n_columns;
    return pt_alloc_zero(ctx, &in->dictionaries, in->n_columns, sizeof *in->dictionaries, error);
}

static patron_status importer_finish(importer *in, patron_table **out, patron_error *error) {
    patron_status status = pt_table_validate(in->table, 0, error);
    if (status != PATRON_OK) return status;
    for (int64_t c = 0; c < in->table->n_columns; c++) pt_column_count_nulls(&in->table->columns[c]);
    *out = in->table;
    in->table = NULL;
    return PATRON_OK;
}

static void importer_fini(importer *in) {
    for (int64_t c = 0; in->dictionaries != NULL && c < in->n_columns; c++) pt_buffer_release(in->dictionaries[c]);
    pt_free(in->ctx, in->dictionaries);
    patron_table_destroy(in->table);
}

/* ---- the doors ---- */

/* The producer's own words for its failure. */
static patron_status producer_failed(struct ArrowArrayStream *stream, int code, const char *what, patron_error *error) {
    const char *reason = stream->get_last_error != NULL ? stream->get_last_error(stream) : NULL;
    char shown[320]; /* its first line: what follows may be a traceback */
    patron_status status = code == ENOMEM ? PATRON_ERR_NO_MEMORY : code == EIO ? PATRON_ERR_IO : PATRON_ERR_INVALID;
    size_t line = reason != NULL ? strcspn(reason, "\n") : 0;
    if (line > sizeof shown - 1) line = sizeof shown - 1;
    memcpy(shown, reason != NULL ? reason : "", line);
    shown[line] = '\0';
    pt_fail(error, status, "The producer of the Arrow stream could not give %s (error %d): %s", what, code,
            line > 0 ? pt_show_name(shown, shown, sizeof shown) : "it says nothing more");
    if (error != NULL && status == PATRON_ERR_IO) error->os_error = code;
    return status;
}

static patron_status read_stream(patron_ctx *ctx, struct ArrowArrayStream *stream, patron_table **out, patron_error *error) {
    patron_status status = PATRON_OK;
    struct ArrowSchema schema = {0};
    importer in = {.ctx = ctx};
    if (stream->get_schema == NULL || stream->get_next == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The Arrow stream has no %s callback (NULL)",
                       stream->get_schema == NULL ? "get_schema" : "get_next");
    int code = stream->get_schema(stream, &schema);
    if (code != 0) return producer_failed(stream, code, "its schema", error);
    PT_TRY(importer_init(&in, ctx, &schema, error));
    for (;;) {
        struct ArrowArray array = {0};
        PT_TRY(pt_poll(ctx, error));
        code = stream->get_next(stream, &array);
        if (code != 0) {
            status = producer_failed(stream, code, "its next chunk", error);
            goto cleanup;
        }
        if (array.release == NULL) break;
        PT_TRY(import_batch(&in, &array, error));
    }
    PT_TRY(importer_finish(&in, out, error));
cleanup:
    if (schema.release != NULL) schema.release(&schema);
    importer_fini(&in);
    return status;
}

patron_status patron_table_import_stream(patron_ctx *ctx, struct ArrowArrayStream *stream, patron_table **out,
                                         patron_error *error) {
    if (stream == NULL || stream->release == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The Arrow stream %s; expected a live one",
                       stream == NULL ? "is NULL" : "has been released already, or read by another consumer");
    patron_status status = read_stream(ctx, stream, out, error);
    stream->release(stream);
    stream->release = NULL;
    return status;
}

patron_status patron_table_import_array(patron_ctx *ctx, struct ArrowSchema *schema, struct ArrowArray *array,
                                        patron_table **out, patron_error *error) {
    patron_status status = PATRON_OK;
    importer in = {.ctx = ctx};
    if (schema == NULL || array == NULL || schema->release == NULL || array->release == NULL) {
        status = pt_fail(error, PATRON_ERR_INVALID, "The Arrow %s %s; expected a live schema and a live array",
                         schema == NULL || schema->release == NULL ? "schema" : "array",
                         schema == NULL || array == NULL ? "is NULL" : "has been released already");
        goto cleanup;
    }
    PT_TRY(importer_init(&in, ctx, schema, error));
    PT_TRY(import_batch(&in, array, error));
    PT_TRY(importer_finish(&in, out, error));
cleanup:
    importer_fini(&in);
    if (array != NULL && array->release != NULL) {
        array->release(array);
        array->release = NULL;
    }
    if (schema != NULL && schema->release != NULL) {
        schema->release(schema);
        schema->release = NULL;
    }
    return status;
}
