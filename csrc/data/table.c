/* data/table.c: tables and their columns: making, sharing, reading.
 *
 *     table ─┬─ column "user"  ── field ── chunks [0, 3) [3, 8) ...  ──┐
 *            └─ column "spend" ── field ── chunks [0, 3) [3, 8) ...  ──┴──▶ pt_buffer: what keeps a chunk's memory alive
 *
 * A chunk never owns memory; it holds one reference to a pt_buffer (`keep`) whose release ends the memory: an Arrow array's own
 * release callback, pt_free, or nothing for borrowed arrays. So select and concat copy chunk descriptions only, and a column
 * outlives the table it came from.
 *
 * A chunk of a dictionary column needs two things alive: its indices and its dictionary. Its keep is then a pair:
 *
 *     chunk.keep ─▶ pair ─┬─▶ the indices' keep
 *                         └─▶ dictionary (a one-chunk column) ─▶ its chunk's keep
 *
 * No keep points back at a pair, so there are no cycles. */
#include "data/column.h"

#include <string.h>

/* ---- fields ---- */

const char *patron_type_name(patron_type type) {
    static const char *const names[] = {"null",   "bool",   "int8",    "int16",     "int32",    "int64",     "uint8",  "uint16",
                                        "uint32", "uint64", "float16", "float32",   "float64",  "decimal",   "string", "string",
                                        "string", "date",   "date",    "timestamp", "duration", "dictionary"};
    return (unsigned)type < sizeof names / sizeof *names ? names[type] : "unknown type";
}

int64_t pt_field_width(const pt_field *field) {
    static const int8_t widths[] = {0, 0, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 0, 0, 0, 16, 4, 8, 8, 8, 0};
    if (field->type == PATRON_TYPE_DECIMAL) return field->bit_width / 8;
    return widths[field->type == PATRON_TYPE_DICTIONARY ? field->index_type : field->type];
}

int32_t pt_decimal_digits(int32_t bits) { return bits == 32 ? 9 : bits == 64 ? 18 : bits == 128 ? 38 : bits == 256 ? 76 : 0; }

patron_status pt_field_copy(patron_ctx *ctx, const pt_field *field, pt_field *out, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_field copy = *field;
    copy.name = copy.timezone = NULL;
    copy.value = NULL;
    PT_TRY(pt_strdup(ctx, field->name, &copy.name, error));
    PT_TRY(pt_strdup(ctx, field->timezone, &copy.timezone, error));
    if (field->value != NULL) {
        PT_TRY(pt_alloc_zero(ctx, &copy.value, 1, sizeof *copy.value, error));
        PT_TRY(pt_field_copy(ctx, field->value, copy.value, error));
    }
cleanup:
    if (status != PATRON_OK) pt_field_fini(ctx, &copy);
    *out = copy;
    return status;
}

void pt_field_fini(patron_ctx *ctx, pt_field *field) {
    if (field->value != NULL) {
        pt_field_fini(ctx, field->value);
        pt_free(ctx, field->value);
    }
    pt_free(ctx, field->name);
    pt_free(ctx, field->timezone);
    memset(field, 0, sizeof *field);
}

bool pt_field_equal(const pt_field *a, const pt_field *b) {
    if (a->type != b->type || a->unit != b->unit || a->precision != b->precision || a->scale != b->scale ||
        a->bit_width != b->bit_width || a->index_type != b->index_type || a->ordered != b->ordered)
        return false;
    if ((a->timezone == NULL) != (b->timezone == NULL) || (a->value == NULL) != (b->value == NULL)) return false;
    if (a->timezone != NULL && strcmp(a->timezone, b->timezone) != 0) return false;
    return a->value == NULL || pt_field_equal(a->value, b->value);
}

const char *pt_show_name(const char *name, char *out, size_t size) {
    int64_t n = (int64_t)strlen(name), room = (int64_t)size - 1;
    if (n > room)
        for (n = room; n > 0 && pt_is_continuation(name[n]);) n--;
    memmove(out, name, (size_t)n);
    out[n] = '\0';
    for (int64_t bad; (bad = pt_utf8_check(out, n)) >= 0;) out[bad] = '?';
    for (int64_t i = 0; i < n; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7F) out[i] = '?';
    return out;
}

/* ---- columns ---- */

int64_t pt_column_find_chunk(const pt_column *column, int64_t row) {
    int64_t low = 0, high = column->n_chunks;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (column->chunks[middle].start <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void column_fini(patron_ctx *ctx, pt_column *column) {
    for (int64_t i = 0; i < column->n_chunks; i++) pt_buffer_release(column->chunks[i].keep);
    pt_free(ctx, column->chunks);
    pt_field_fini(ctx, &column->field);
}

patron_status pt_column_append(patron_ctx *ctx, pt_column *column, const pt_chunk *chunk, patron_error *error) {
    if (chunk->length == 0) return PATRON_OK;
    patron_status status =
        pt_grow(ctx, &column->chunks, column->n_chunks, &column->capacity, column->n_chunks + 1, sizeof *chunk, error);
    if (status != PATRON_OK) return status;
    pt_chunk *added = &column->chunks[column->n_chunks++];
    *added = *chunk;
    added->start = column->length;
    pt_buffer_retain(added->keep);
    column->length += chunk->length;
    column->null_count += chunk->null_count;
    return PATRON_OK;
}

void pt_column_count_nulls(pt_column *column) {
    enum { BLOCK = 1024 };
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        if (chunk->dictionary == NULL || chunk->dictionary->null_count == 0) continue;
        const pt_chunk *values = &chunk->dictionary->chunks[0];
        const bool all = values->validity == NULL; /* a dictionary of type null */
        int64_t index[BLOCK];
        for (int64_t at = 0; at < chunk->length; at += BLOCK) {
            int64_t n = chunk->length - at < BLOCK ? chunk->length - at : BLOCK, from = chunk->offset + at;
            pt_read_indices(column->field.index_type, chunk->values, from, n, index);
            for (int64_t i = 0; i < n; i++)
                if (chunk->validity == NULL || pt_bit(chunk->validity, from + i))
                    column->null_count += all || !pt_bit(values->validity, values->offset + index[i]);
        }
    }
}

/* ---- keeps ---- */

typedef struct pair {
    patron_ctx *ctx; /* not a reference: the buffer around the pair holds one until the pair is gone */
    pt_buffer *a, *b;
} pair;

static void pair_release(void *owner) {
    pair *self = owner;
    pt_buffer_release(self->a);
    pt_buffer_release(self->b);
    pt_free(self->ctx, self);
}

patron_status pt_keep_both(patron_ctx *ctx, pt_buffer *a, pt_buffer *b, pt_buffer **out, patron_error *error) {
    pair *both;
    patron_status status = pt_alloc(ctx, &both, 1, sizeof *both, error);
    if (status != PATRON_OK) return status;
    *both = (pair){ctx, a, b};
    status = pt_buffer_wrap(ctx, both, sizeof *both, pair_release, both, out, error);
    if (status != PATRON_OK) {
        pt_free(ctx, both);
        return status;
    }
    pt_buffer_retain(a);
    pt_buffer_retain(b);
    return PATRON_OK;
}

typedef struct dictionary {
    pt_column column; /* first: the buffer's data is the column */
    patron_ctx *ctx;
} dictionary;

static void dictionary_release(void *owner) {
    dictionary *self = owner;
    column_fini(self->ctx, &self->column);
    pt_free(self->ctx, self);
}

patron_status pt_dictionary_create(patron_ctx *ctx, const pt_field *value, const pt_chunk *values, pt_buffer **out,
                                   patron_error *error) {
    patron_status status = PATRON_OK;
    dictionary *self = NULL;
    pt_buffer *buffer = NULL;
    PT_TRY(pt_alloc_zero(ctx, &self, 1, sizeof *self, error));
    self->ctx = ctx;
    PT_TRY(pt_field_copy(ctx, value, &self->column.field, error));
    PT_TRY(pt_alloc(ctx, &self->column.chunks, 1, sizeof *values, error));
    PT_TRY(pt_buffer_wrap(ctx, self, sizeof *self, dictionary_release, self, &buffer, error));
    self->column.chunks[0] = *values;
    self->column.chunks[0].start = 0;
    self->column.n_chunks = self->column.capacity = 1;
    self->column.length = values->length;
    self->column.null_count = values->null_count;
    pt_buffer_retain(values->keep);
    *out = buffer;
cleanup:
    if (status != PATRON_OK && self != NULL) {
        column_fini(ctx, &self->column);
        pt_free(ctx, self);
    }
    return status;
}

/* ---- making tables ---- */

patron_status patron_table_create(patron_ctx *ctx, int64_t n_rows, patron_table **out, patron_error *error) {
    if (n_rows < 0 || n_rows > PT_MAX_ROWS)
        return pt_fail(error, PATRON_ERR_INVALID, "n_rows is %lld; expected 0 to %lld", (long long)n_rows,
                       (long long)PT_MAX_ROWS);
    patron_table *table;
    patron_status status = pt_alloc_zero(ctx, &table, 1, sizeof *table, error);
    if (status != PATRON_OK) return status;
    table->references = 1;
    table->ctx = pt_ctx_retain(ctx);
    table->n_rows = n_rows;
    *out = table;
    return PATRON_OK;
}

void patron_table_destroy(patron_table *table) {
    if (table == NULL || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = table->ctx;
    for (int64_t i = 0; i < table->n_columns; i++) column_fini(ctx, &table->columns[i]);
    pt_free(ctx, table->columns);
    pt_free(ctx, table);
    patron_ctx_destroy(ctx);
}

/* Takes the last column away again. */
static void drop_last(patron_table *table) { column_fini(table->ctx, &table->columns[--table->n_columns]); }

patron_status pt_table_add_field(patron_table *table, pt_field *field, patron_error *error) {
    patron_status status = PATRON_OK;
    char shown[128];
    if (!pt_is_utf8(field->name)) {
        status = pt_fail(error, PATRON_ERR_INVALID, "The column name '%s' is not valid UTF-8",
                         pt_show_name(field->name, shown, sizeof shown));
        goto cleanup;
    }
    if (patron_table_find(table, field->name) >= 0) {
        status = pt_fail(error, PATRON_ERR_INVALID, "There are two columns named '%s'; expected each name once",
                         pt_show_name(field->name, shown, sizeof shown));
        goto cleanup;
    }
    PT_TRY(pt_grow(table->ctx, &table->columns, table->n_columns, &table->capacity, table->n_columns + 1,
                   sizeof *table->columns, error));
    table->columns[table->n_columns++] = (pt_column){.field = *field};
cleanup:
    if (status != PATRON_OK) pt_field_fini(table->ctx, field);
    memset(field, 0, sizeof *field);
    return status;
}

/* What the caller says about a column, as a field: the parts that the type does not need are left out. */
static patron_status describe_field(patron_ctx *ctx, const char *name, const patron_column *column, bool is_value,
                                    pt_field *out, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_field field = {.type = column->type};
    char shown[128];
    pt_show_name(name, shown, sizeof shown);
    const char *what = is_value ? " (dictionary)" : "";
    if ((unsigned)column->type > PATRON_TYPE_DICTIONARY)
        return pt_fail(error, PATRON_ERR_TYPE, "Column '%s'%s has the type number %d, which is not a patron_type", shown, what,
                       (int)column->type);
    if (column->type == PATRON_TYPE_UTF8_VIEW)
        return pt_fail(error, PATRON_ERR_TYPE,
                       "Column '%s'%s is of string views, which come through Arrow only; expected strings with offsets", shown,
                       what);
    if (column->type == PATRON_TYPE_DECIMAL) {
        const int32_t bits = column->bit_width, most = pt_decimal_digits(bits);
        if (most == 0)
            return pt_fail(error, PATRON_ERR_INVALID, "Column '%s'%s has decimals of %d bits; expected 32, 64, 128 or 256",
                           shown, what, bits);
        if (column->precision < 1 || column->precision > most || column->scale < -76 || column->scale > 76)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "Column '%s'%s has decimals of %d bits, precision %d and scale %d; expected precision 1 to %d and "
                           "scale -76 to 76",
                           shown, what, bits, column->precision, column->scale, most);
        field.bit_width = bits;
        field.precision = column->precision;
        field.scale = column->scale;
    }
    if (column->type == PATRON_TYPE_TIMESTAMP || column->type == PATRON_TYPE_DURATION) {
        if ((unsigned)column->unit > PATRON_UNIT_NANOSECOND)
            return pt_fail(error, PATRON_ERR_INVALID, "Column '%s'%s has time unit %d; expected seconds to nanoseconds", shown,
                           what, (int)column->unit);
        field.unit = column->unit;
    }
    if (column->type == PATRON_TYPE_DICTIONARY) {
        if (is_value) return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' is a dictionary of dictionaries", shown);
        if (!pt_is_integer(column->index_type))
            return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' has dictionary indices of type %s; expected integers", shown,
                           patron_type_name(column->index_type));
        if (column->dictionary == NULL || column->dictionary_length < 0 || column->dictionary_length > PT_MAX_ROWS)
            return pt_fail(error, PATRON_ERR_INVALID, "Column '%s' has a dictionary %s of length %lld", shown,
                           column->dictionary == NULL ? "(NULL)" : "array", (long long)column->dictionary_length);
        field.index_type = column->index_type;
    }
    PT_TRY(pt_strdup(ctx, is_value ? NULL : name, &field.name, error));
    if (column->type == PATRON_TYPE_TIMESTAMP && column->timezone != NULL && column->timezone[0] != '\0')
        PT_TRY(pt_strdup(ctx, column->timezone, &field.timezone, error));
    if (column->type == PATRON_TYPE_DICTIONARY) {
        PT_TRY(pt_alloc_zero(ctx, &field.value, 1, sizeof *field.value, error));
        PT_TRY(describe_field(ctx, name, column->dictionary, true, field.value, error));
    }
    *out = field;
cleanup:
    if (status != PATRON_OK) pt_field_fini(ctx, &field);
    return status;
}

/* The arrays of one column as a chunk; keep is not retained. */
static patron_status describe_chunk(const char *name, const pt_field *field, const patron_column *column, int64_t n,
                                    pt_buffer *keep, pt_chunk *chunk, patron_error *error) {
    const bool strings = field->type == PATRON_TYPE_UTF8 || field->type == PATRON_TYPE_LARGE_UTF8;
    char shown[128];
    *chunk = (pt_chunk){.length = n, .validity = column->validity, .values = column->values, .keep = keep};
    if (strings) chunk->offsets = column->offsets;
    if (n > 0 && (strings ? column->offsets == NULL : column->values == NULL && field->type != PATRON_TYPE_NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "Column '%s' has %lld values but its %s are NULL",
                       pt_show_name(name, shown, sizeof shown), (long long)n, strings ? "offsets" : "values");
    if (strings && chunk->values == NULL) chunk->values = "";
    if (field->type == PATRON_TYPE_NULL) {
        chunk->validity = NULL;
        chunk->null_count = n;
    } else if (chunk->validity != NULL) {
        chunk->null_count = pt_count_zeros(chunk->validity, 0, n);
        if (chunk->null_count == 0) chunk->validity = NULL;
    }
    return PATRON_OK;
}

static patron_status add_column(patron_table *table, const char *name, const patron_column *column, pt_buffer *keep,
                                patron_error *error) {
    patron_ctx *ctx = table->ctx;
    patron_status status = PATRON_OK;
    pt_field field = {0};
    pt_chunk chunk = {0}, values;
    pt_buffer *entries = NULL, *both = NULL;
    bool added = false;
    if (name == NULL) return pt_fail(error, PATRON_ERR_INVALID, "The column name is NULL");
    PT_TRY(describe_field(ctx, name, column, false, &field, error));
    PT_TRY(describe_chunk(name, &field, column, table->n_rows, keep, &chunk, error));
    if (field.type == PATRON_TYPE_DICTIONARY) {
        PT_TRY(describe_chunk(name, field.value, column->dictionary, column->dictionary_length, keep, &values, error));
        PT_TRY(pt_dictionary_create(ctx, field.value, &values, &entries, error));
        PT_TRY(pt_keep_both(ctx, keep, entries, &both, error));
        chunk.dictionary = entries->data;
        chunk.keep = both;
    }
    PT_TRY(pt_table_add_field(table, &field, error));
    added = true;
    PT_TRY(pt_column_append(ctx, &table->columns[table->n_columns - 1], &chunk, error));
cleanup:
    pt_field_fini(ctx, &field);
    pt_buffer_release(both);
    pt_buffer_release(entries);
    if (status != PATRON_OK && added) drop_last(table);
    return status;
}

patron_status pt_table_add(patron_table *table, const char *name, const patron_column *column, pt_buffer *keep,
                           patron_error *error) {
    patron_status status = add_column(table, name, column, keep, error);
    if (status == PATRON_OK) pt_column_count_nulls(&table->columns[table->n_columns - 1]);
    return status;
}

patron_status patron_table_borrow_column(patron_table *table, const char *name, const patron_column *column,
                                         patron_error *error) {
    patron_status status = add_column(table, name, column, NULL, error);
    if (status != PATRON_OK) return status;
    status = pt_table_validate(table, table->n_columns - 1, error);
    if (status != PATRON_OK)
        drop_last(table);
    else
        pt_column_count_nulls(&table->columns[table->n_columns - 1]);
    return status;
}

typedef struct blocks {
    patron_ctx *ctx; /* not a reference: see pair */
    void *blocks[3];
} blocks;

static void blocks_release(void *owner) {
    blocks *self = owner;
    for (int i = 0; i < 3; i++) pt_free(self->ctx, self->blocks[i]);
    pt_free(self->ctx, self);
}

patron_status pt_table_take(patron_table *table, const char *name, const patron_column *shape, void *values, void *offsets,
                            uint8_t *validity, patron_error *error) {
    patron_ctx *ctx = table->ctx;
    patron_status status = PATRON_OK;
    patron_column column = *shape;
    blocks *owner = NULL;
    pt_buffer *keep = NULL;
    column.values = values;
    column.offsets = offsets;
    column.validity = validity;
    PT_TRY(pt_alloc(ctx, &owner, 1, sizeof *owner, error));
    *owner = (blocks){ctx, {values, offsets, validity}};
    PT_TRY(pt_buffer_wrap(ctx, values, 0, blocks_release, owner, &keep, error));
    PT_TRY(pt_table_add(table, name, &column, keep, error));
cleanup:
    if (keep == NULL) {
        pt_free(ctx, owner);
        pt_free(ctx, values);
        pt_free(ctx, offsets);
        pt_free(ctx, validity);
    }
    pt_buffer_release(keep);
    return status;
}

patron_status pt_validity_pack(patron_ctx *ctx, int64_t n, const uint8_t *valid, uint8_t **out, patron_error *error) {
    if (n == 0 || memchr(valid, 0, (size_t)n) == NULL) {
        *out = NULL;
        return PATRON_OK;
    }
    uint8_t *bits;
    patron_status status = pt_alloc_zero(ctx, &bits, pt_chunks(n, 8), 1, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < n; i++) bits[i >> 3] = (uint8_t)(bits[i >> 3] | (valid[i] != 0) << (i & 7));
    *out = bits;
    return PATRON_OK;
}

/* ---- sharing ---- */

/* Appends a column like the source, without rows. */
static patron_status share_column(patron_table *table, const pt_column *source, patron_error *error) {
    pt_field field;
    patron_status status = pt_field_copy(table->ctx, &source->field, &field, error);
    if (status == PATRON_OK) status = pt_table_add_field(table, &field, error);
    return status;
}

/* Appends rows [first, first + n) of the source; all of them, or those of a slice to an empty column. */
static patron_status share_rows(patron_table *table, int64_t column, const pt_column *source, int64_t first, int64_t n,
                                patron_error *error) {
    pt_column *target = &table->columns[column];
    const int64_t before = target->length, nulls = target->null_count;
    for (int64_t i = n > 0 ? pt_column_find_chunk(source, first) : 0; target->length < before + n; i++) {
        pt_chunk part = source->chunks[i];
        const int64_t done = target->length - before, skipped = first + done - part.start, rest = n - done;
        part.offset += skipped;
        part.length -= skipped;
        if (part.length > rest) part.length = rest;
        if (part.null_count > 0 && part.length < source->chunks[i].length)
            part.null_count = part.validity == NULL ? part.length : pt_count_zeros(part.validity, part.offset, part.length);
        patron_status status = pt_column_append(table->ctx, target, &part, error);
        if (status != PATRON_OK) return status;
    }
    if (n == source->length)
        target->null_count = nulls + source->null_count;
    else
        pt_column_count_nulls(target);
    return PATRON_OK;
}

patron_status patron_table_select(const patron_table *table, int64_t n, const char *const *names, patron_table **out,
                                  patron_error *error) {
    patron_status status = PATRON_OK;
    patron_table *result = NULL;
    char shown[128];
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "%lld columns are asked for; expected 0 or more", (long long)n);
    PT_TRY(patron_table_create(table->ctx, table->n_rows, &result, error));
    for (int64_t i = 0; i < n; i++) {
        int64_t column = patron_table_find(table, names[i]);
        if (column < 0) {
            status = pt_fail(error, PATRON_ERR_NOT_FOUND, "There is no column '%s' in the table of %lld columns",
                             pt_show_name(names[i], shown, sizeof shown), (long long)table->n_columns);
            goto cleanup;
        }
        PT_TRY(share_column(result, &table->columns[column], error));
        PT_TRY(share_rows(result, i, &table->columns[column], 0, table->n_rows, error));
    }
    *out = result;
    result = NULL;
cleanup:
    patron_table_destroy(result);
    return status;
}

patron_status patron_table_slice(const patron_table *table, int64_t first, int64_t n, patron_table **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_table *result = NULL;
    if (first < 0 || n < 0 || first > table->n_rows - n)
        return pt_fail(error, PATRON_ERR_INVALID, "%lld rows from row %lld on are asked for; the table has %lld", (long long)n,
                       (long long)first, (long long)table->n_rows);
    PT_TRY(patron_table_create(table->ctx, n, &result, error));
    for (int64_t c = 0; c < table->n_columns; c++) {
        PT_TRY(share_column(result, &table->columns[c], error));
        PT_TRY(share_rows(result, c, &table->columns[c], first, n, error));
    }
    *out = result;
    result = NULL;
cleanup:
    patron_table_destroy(result);
    return status;
}

static patron_status check_alike(const patron_table *first, const patron_table *table, int64_t number, patron_error *error) {
    char shown[128], other[128];
    if (table->n_columns != first->n_columns)
        return pt_fail(error, PATRON_ERR_INVALID, "Table %lld has %lld columns; expected %lld as in table 0", (long long)number,
                       (long long)table->n_columns, (long long)first->n_columns);
    for (int64_t c = 0; c < first->n_columns; c++) {
        const pt_field *a = &first->columns[c].field, *b = &table->columns[c].field;
        if (strcmp(a->name, b->name) != 0)
            return pt_fail(error, PATRON_ERR_INVALID, "Column %lld of table %lld is '%s'; expected '%s' as in table 0",
                           (long long)c, (long long)number, pt_show_name(b->name, shown, sizeof shown),
                           pt_show_name(a->name, other, sizeof other));
        if (!pt_field_equal(a, b))
            return pt_fail(error, PATRON_ERR_TYPE,
                           "Column '%s' of table %lld is of type %s; expected the same %s as in table 0",
                           pt_show_name(b->name, shown, sizeof shown), (long long)number, patron_type_name(b->type),
                           patron_type_name(a->type));
    }
    return PATRON_OK;
}

patron_status patron_table_concat(patron_ctx *ctx, int64_t n, const patron_table *const *tables, patron_table **out,
                                  patron_error *error) {
    patron_status status = PATRON_OK;
    patron_table *result = NULL;
    int64_t n_rows = 0;
    if (n < 1) return pt_fail(error, PATRON_ERR_INVALID, "The number of tables is %lld; expected at least 1", (long long)n);
    for (int64_t i = 0; i < n; i++) {
        PT_TRY(check_alike(tables[0], tables[i], i, error));
        n_rows += tables[i]->n_rows; /* each is at most 2^47, so a check at every step suffices */
        if (n_rows > PT_MAX_ROWS)
            return pt_fail(error, PATRON_ERR_LIMIT, "The tables have more than %lld rows together", (long long)PT_MAX_ROWS);
    }
    PT_TRY(patron_table_create(ctx, n_rows, &result, error));
    for (int64_t c = 0; c < tables[0]->n_columns; c++) {
        PT_TRY(share_column(result, &tables[0]->columns[c], error));
        for (int64_t i = 0; i < n; i++) PT_TRY(share_rows(result, c, &tables[i]->columns[c], 0, tables[i]->n_rows, error));
    }
    *out = result;
    result = NULL;
cleanup:
    patron_table_destroy(result);
    return status;
}

/* ---- reading ---- */

static const pt_column *column_at(const patron_table *table, int64_t column) {
    return column >= 0 && column < table->n_columns ? &table->columns[column] : NULL;
}

int64_t patron_table_n_rows(const patron_table *table) { return table->n_rows; }
int64_t patron_table_n_columns(const patron_table *table) { return table->n_columns; }

const char *patron_table_column_name(const patron_table *table, int64_t column) {
    const pt_column *found = column_at(table, column);
    return found ? found->field.name : NULL;
}

int64_t patron_table_find(const patron_table *table, const char *name) {
    for (int64_t i = 0; i < table->n_columns; i++)
        if (strcmp(table->columns[i].field.name, name) == 0) return i;
    return -1;
}

patron_type patron_table_column_type(const patron_table *table, int64_t column) {
    const pt_column *found = column_at(table, column);
    return found ? found->field.type : PATRON_TYPE_NULL;
}

const char *patron_table_column_timezone(const patron_table *table, int64_t column) {
    const pt_column *found = column_at(table, column);
    return found ? found->field.timezone : NULL;
}

int64_t patron_table_null_count(const patron_table *table, int64_t column) {
    const pt_column *found = column_at(table, column);
    return found ? found->null_count : -1;
}

static patron_status check_rows(const patron_table *table, int64_t column, int64_t first, int64_t n, patron_error *error) {
    if (column_at(table, column) == NULL)
        return pt_fail(error, PATRON_ERR_NOT_FOUND, "There is no column %lld; the table has %lld", (long long)column,
                       (long long)table->n_columns);
    if (n < 0)
        return pt_fail(error, PATRON_ERR_INVALID, "Rows from %lld on are asked for with n %lld; expected 0 or more",
                       (long long)first, (long long)n);
    if (first < 0 || first > table->n_rows || n > table->n_rows - first)
        return pt_fail(error, PATRON_ERR_INVALID, "Rows %lld and %lld more are not in the table of %lld rows", (long long)first,
                       (long long)n, (long long)table->n_rows);
    return PATRON_OK;
}

patron_status patron_table_get_int64(const patron_table *table, int64_t column, int64_t first, int64_t n, int64_t *out,
                                     uint8_t *valid, patron_error *error) {
    patron_status status = check_rows(table, column, first, n, error);
    return status != PATRON_OK ? status : pt_column_int64(&table->columns[column], first, n, out, valid, error);
}

patron_status patron_table_get_float64(const patron_table *table, int64_t column, int64_t first, int64_t n, double *out,
                                       uint8_t *valid, patron_error *error) {
    patron_status status = check_rows(table, column, first, n, error);
    return status != PATRON_OK ? status : pt_column_float64(&table->columns[column], first, n, out, valid, error);
}

patron_status patron_table_get_string(const patron_table *table, int64_t column, int64_t row, const char **out, int64_t *length,
                                      patron_error *error) {
    pt_string string;
    patron_status status = check_rows(table, column, row, 1, error);
    if (status == PATRON_OK) status = pt_column_string(&table->columns[column], row, 1, &string, error);
    if (status != PATRON_OK) return status;
    *out = string.data;
    *length = string.length;
    return PATRON_OK;
}
