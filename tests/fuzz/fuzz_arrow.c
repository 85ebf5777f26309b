/* tests/fuzz/fuzz_arrow.c: bytes are taken as a recipe for an Arrow stream, sound or malformed; it is imported, read in every
 * form, given out again in both ways and released.
 *
 * Every buffer has exactly the size its array claims, so a sanitizer sees a read beyond it. That is also the limit of what is
 * tried: a claim that no buffer could meet is made only where it has to be refused unseen (lengths below 0 or beyond 2^47, text
 * that ends there), because a buffer that is shorter than its array says cannot be noticed through this interface.
 *
 *     recipe:  flags, columns, batches | format of each column | for each batch and column: length, offset, contents, damage
 *
 * Stops the process when something is not released exactly once, or when what comes back differs from what went out. */
#include "../c/arrow_made.h"
#include "target.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return fuzz_mutate_recipe(data, size, 1200, max_size, seed);
}

/* ---- the recipe ---- */

static int64_t absurd(fuzz_recipe *r) {
    static const int64_t values[] = {-1, INT64_MIN, INT64_MAX, INT64_C(1) << 48, INT64_MAX / 2, -1000};
    return values[fuzz_below(r, 6)];
}

static void *filled(fuzz_recipe *r, size_t size) {
    uint8_t *block = calloc(size + 1, 1);
    if (fuzz_rarely(r, 2)) return block;
    for (size_t i = 0; i < size; i++) block[i] = fuzz_byte(r);
    return block;
}

static const char *const formats[] = {"u",          "U",
                                      "vu",         "l",
                                      "c",          "C",
                                      "s",          "S",
                                      "i",          "I",
                                      "L",          "e",
                                      "f",          "g",
                                      "n",          "b",
                                      "tdD",        "tdm",
                                      "tss:",       "tsm:",
                                      "tsu:UTC",    "tsn:Asia/Shanghai",
                                      "tDs",        "tDm",
                                      "tDn",        "d:9,2,32",
                                      "d:18,3,64",  "d:20,5",
                                      "d:38,-3",    "d:76,50,256",
                                      "d:76,0,256", "z",
                                      "+l",         "ttu",
                                      "tsq:",       "d:0,1",
                                      "",           "w:4"};
enum { N_FORMATS = sizeof formats / sizeof *formats, N_INTEGERS = 8 };
static const char *const integers[N_INTEGERS] = {"c", "C", "s", "S", "i", "I", "l", "L"};

static size_t width_of(const char *format) {
    switch (format[0]) {
    case 'c':
    case 'C':
        return 1;
    case 's':
    case 'S':
    case 'e':
        return 2;
    case 'i':
    case 'I':
    case 'f':
        return 4;
    case 't':
        return strcmp(format, "tdD") == 0 ? 4 : 8;
    case 'd':
        return strstr(format, ",32") ? 4 : strstr(format, ",64") ? 8 : strstr(format, ",256") ? 32 : 16;
    default:
        return 8;
    }
}

/* ---- arrays ---- */

/* Offsets that rise, or any between -2 and 250, or now and then an absurd one; *bytes: what the largest asks for. */
static void *offsets_of(fuzz_recipe *r, int64_t n, size_t width, size_t *bytes) {
    char *block = malloc((size_t)(n + 1) * width);
    const bool rising = !fuzz_rarely(r, 4);
    int64_t value = rising ? fuzz_below(r, 5) : 0, most = 0;
    for (int64_t i = 0; i <= n; i++) {
        int64_t here = value;
        if (!rising) here = value = fuzz_below(r, 253) - 2;
        if (rising) value += fuzz_below(r, 9);
        if (fuzz_rarely(r, 97)) here = width == 8 ? absurd(r) : -1;
        if (here > most && here < 100000) most = here;
        memcpy(block + (size_t)i * width, &here, width);
    }
    *bytes = (size_t)most;
    return block;
}

static char *text_block(fuzz_recipe *r, size_t n) {
    char *block = malloc(n + 1);
    const int kind = (int)fuzz_below(r, 4);
    for (size_t i = 0; i < n; i++)
        block[i] = kind == 0 ? (char)fuzz_byte(r) : kind == 1 ? "\xE5\xAE\xA2"[i % 3] : (char)('a' + fuzz_byte(r) % 26);
    return block;
}

static struct ArrowArray *views_array(fuzz_recipe *r, int64_t length, int64_t offset, made_buffer validity) {
    made_buffer buffers[8] = {validity};
    int64_t sizes[4] = {0}, n_views = fuzz_below(r, 4), n = length + offset;
    char *text[4], *views = calloc((size_t)n + 1, 16);
    for (int64_t i = 0; i < n_views; i++) {
        sizes[i] = fuzz_below(r, 40);
        text[i] = text_block(r, (size_t)sizes[i]);
        buffers[2 + i] = (made_buffer){text[i], (size_t)sizes[i]};
    }
    for (int64_t i = 0; i < n; i++) {
        int32_t part[4] = {(int32_t)fuzz_below(r, 32) - 1, 0, (int32_t)fuzz_below(r, 4) - (fuzz_rarely(r, 16) ? 1 : 0),
                           (int32_t)fuzz_below(r, 16) - (fuzz_rarely(r, 16) ? 1 : 0)};
        if (part[0] > 12) {
            bool inside = part[2] >= 0 && part[2] < n_views && part[3] >= 0 && part[3] + part[0] <= sizes[part[2]];
            if (!inside && !fuzz_rarely(r, 4)) part[0] = part[2] = part[3] = 0; /* mostly sound */
            if (inside) memcpy(&part[1], text[part[2]] + part[3], 4);
            if (fuzz_rarely(r, 50)) part[1]++;
            memcpy(views + 16 * i, part, 16);
        } else {
            if (part[0] < 0 && !fuzz_rarely(r, 8)) part[0] = 0;
            char *block = text_block(r, 12);
            memset(views + 16 * i, 0, 16);
            memcpy(views + 16 * i, part, 4);
            memcpy(views + 16 * i + 4, block, part[0] > 0 ? (size_t)part[0] : 0);
            free(block);
        }
    }
    buffers[1] = (made_buffer){views, 16 * (size_t)n};
    if (fuzz_rarely(r, 30) && n_views > 0) sizes[0] = -1;
    buffers[2 + n_views] = (made_buffer){sizes, 8 * (size_t)n_views};
    struct ArrowArray *array = made_array(length, offset, -1, 3 + n_views, buffers);
    for (int64_t i = 0; i < n_views; i++) free(text[i]);
    free(views);
    return array;
}

/* An array of a plain format whose buffers are as long as length and offset say. */
static struct ArrowArray *plain_array(fuzz_recipe *r, const char *format, int64_t length, int64_t offset) {
    const int64_t n = length + offset;
    const size_t n_bits = ((size_t)n + 7) / 8;
    uint8_t *bits = filled(r, n_bits);
    made_buffer validity = {fuzz_rarely(r, 2) ? bits : NULL, n_bits};
    struct ArrowArray *array;
    void *first = NULL, *second = NULL;
    size_t bytes;
    if (strcmp(format, "n") == 0) {
        array = made_array(length, offset, length, 0, NULL);
    } else if (strcmp(format, "vu") == 0) {
        array = views_array(r, length, offset, validity);
    } else if (strcmp(format, "u") == 0 || strcmp(format, "U") == 0) {
        const size_t width = format[0] == 'u' ? 4 : 8;
        first = offsets_of(r, n, width, &bytes);
        second = text_block(r, bytes);
        array = made_array(length, offset, -1, 3, (made_buffer[]){validity, {first, (size_t)(n + 1) * width}, {second, bytes}});
    } else {
        bytes = strcmp(format, "b") == 0 ? n_bits : (size_t)n * width_of(format);
        first = filled(r, bytes);
        array = made_array(length, offset, -1, 2, (made_buffer[]){validity, {first, bytes}});
    }
    free(bits);
    free(first);
    free(second);
    return array;
}

/* What a producer may get wrong without claiming memory that is not there. */
static void damage(fuzz_recipe *r, struct ArrowArray *array, bool views) {
    switch (fuzz_below(r, 12)) {
    case 0:
        array->length = absurd(r);
        break;
    case 1:
        array->offset = absurd(r);
        break;
    case 2:
        array->null_count = absurd(r);
        break;
    case 3:
        array->null_count = fuzz_below(r, 9);
        break;
    case 4:
        array->n_buffers = views ? fuzz_below(r, 3) : absurd(r);
        break;
    case 5:
        array->n_children = absurd(r);
        break;
    case 6:
        array->buffers = NULL;
        break;
    case 7:
        if (array->n_buffers > 0) array->buffers[fuzz_below(r, (int)array->n_buffers)] = NULL;
        break;
    case 8:
        array->release(array);
        break;
    default:
        break;
    }
}

typedef struct column_recipe {
    const char *format, *index; /* index: NULL, or the dictionary's */
} column_recipe;

static struct ArrowArray *array_of(fuzz_recipe *r, const column_recipe *column, int64_t needed) {
    int64_t offset = fuzz_rarely(r, 3) ? fuzz_below(r, 12) : 0,
            length = needed + (fuzz_rarely(r, 8) ? fuzz_below(r, 4) - 1 : 0);
    if (length < 0) length = 0;
    struct ArrowArray *array;
    if (column->index == NULL) {
        array = plain_array(r, column->format, length, offset);
    } else {
        const size_t width = width_of(column->index), bytes = (size_t)(length + offset) * width;
        const int64_t n_values = fuzz_below(r, 6);
        char *indices = calloc(bytes + 1, 1);
        for (int64_t i = 0; i < length + offset; i++) { /* mostly inside */
            int64_t index = fuzz_rarely(r, 60) ? fuzz_below(r, 256) - 3 : n_values > 0 ? fuzz_below(r, 6) % n_values : 0;
            memcpy(indices + (size_t)i * width, &index, width);
        }
        array = made_array(length, offset, -1, 2, (made_buffer[]){NO_BYTES, {indices, bytes}});
        free(indices);
        if (!fuzz_rarely(r, 40)) {
            array->dictionary = plain_array(r, column->format, n_values, fuzz_rarely(r, 3) ? fuzz_below(r, 3) : 0);
            if (fuzz_rarely(r, 40)) damage(r, array->dictionary, strcmp(column->format, "vu") == 0);
        }
    }
    if (fuzz_rarely(r, 40)) damage(r, array, column->index == NULL && strcmp(column->format, "vu") == 0);
    return array;
}

static struct ArrowArray *batch_of(fuzz_recipe *r, int64_t n_columns, const column_recipe *columns) {
    struct ArrowArray *children[4];
    int64_t length = fuzz_below(r, 3) == 1 ? fuzz_below(r, 80) : fuzz_below(r, 10),
            offset = fuzz_rarely(r, 6) ? fuzz_below(r, 5) : 0;
    for (int64_t c = 0; c < n_columns; c++) children[c] = array_of(r, &columns[c], length + offset);
    uint8_t bits[16];
    memset(bits, fuzz_rarely(r, 30) ? 0xF7 : 0xFF, sizeof bits);
    struct ArrowArray *batch = made_array_of(
        length, offset, 0, 1, (made_buffer[]){{fuzz_rarely(r, 8) ? bits : NULL, sizeof bits}}, n_columns, children);
    if (fuzz_rarely(r, 50)) damage(r, batch, false);
    if (n_columns > 0 && fuzz_rarely(r, 60) && batch->release != NULL) {
        children[0]->release != NULL ? children[0]->release(children[0]) : (void)0;
        free(children[0]);
        batch->children[0] = NULL;
    }
    return batch;
}

/* raw: formats are any text, which only batches without buffers can go with. */
static struct ArrowSchema *schema_of(fuzz_recipe *r, int64_t n_columns, column_recipe *columns, bool raw) {
    static const char *const names[] = {"a", "b", "\xE5\xAE\xA2", "d", "a", "\xFF", ""};
    struct ArrowSchema *fields[4];
    for (int64_t c = 0; c < n_columns; c++) {
        const char *name = fuzz_rarely(r, 30) ? names[fuzz_below(r, 7)] : names[c];
        columns[c] = (column_recipe){formats[fuzz_rarely(r, 3) ? fuzz_below(r, N_FORMATS) : fuzz_below(r, 31)], NULL};
        if (fuzz_rarely(r, 4)) columns[c].index = integers[fuzz_below(r, N_INTEGERS)];
        size_t n;
        if (raw) columns[c].format = fuzz_text(r, 24, &n);
        if (raw && columns[c].index != NULL && fuzz_rarely(r, 2)) columns[c].index = fuzz_text(r, 3, &n);
        fields[c] = made_schema(columns[c].index != NULL ? columns[c].index : columns[c].format, name);
        if (columns[c].index != NULL) fields[c]->dictionary = made_schema(columns[c].format, NULL);
        if (raw && columns[c].index != NULL && fuzz_rarely(r, 3)) fields[c]->dictionary->dictionary = made_schema("u", NULL);
        if (fuzz_rarely(r, 60)) fields[c]->n_children = absurd(r);
        if (fuzz_rarely(r, 60)) fields[c]->format = NULL;
        if (fuzz_rarely(r, 60)) fields[c]->name = NULL;
        if (fuzz_rarely(r, 60)) fields[c]->release(fields[c]);
    }
    struct ArrowSchema *schema = made_adopt(made_schema("+s", ""), n_columns, fields);
    if (fuzz_rarely(r, 60)) schema->n_children = absurd(r);
    if (fuzz_rarely(r, 60)) schema->children = NULL;
    if (fuzz_rarely(r, 60)) schema->dictionary = made_schema("u", NULL);
    if (n_columns > 0 && schema->children != NULL && fuzz_rarely(r, 60)) {
        if (fields[0]->release != NULL) fields[0]->release(fields[0]);
        free(fields[0]);
        schema->children[0] = NULL;
    }
    return schema;
}

/* The first column by itself, as producers of one column give it; the struct around it goes. */
static struct ArrowSchema *plain_schema(struct ArrowSchema *schema) {
    struct ArrowSchema **children = ((struct ArrowSchema ***)schema->private_data)[1], *only = children[0];
    if (only == NULL) return schema;
    children[0] = NULL;
    schema->release(schema);
    free(schema);
    return only;
}

static struct ArrowArray *plain_batch(struct ArrowArray *batch) {
    struct ArrowArray **children = ((struct ArrowArray ***)batch->private_data)[3 + ((int64_t *)batch->private_data)[0]],
                      *only = children[0];
    if (only == NULL) return batch;
    children[0] = NULL;
    batch->release(batch);
    free(batch);
    return only;
}

/* ---- what is done with the table ---- */

static void stop(const char *what) { fuzz_stop(what, 0); }

static void read_column(fuzz_recipe *r, const pt_column *column) {
    enum { MOST = 300 };
    int64_t whole[MOST];
    double real[MOST];
    uint8_t valid[MOST];
    pt_string strings[MOST];
    char text[40];
    int64_t first = column->length > 0 ? fuzz_below(r, 200) % column->length : 0, n = column->length - first, nulls = 0;
    if (n > MOST) n = MOST;
    if (pt_column_int64(column, first, n, whole, valid, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++) nulls += !valid[i];
    if (first == 0 && n == column->length && nulls > 0 && nulls != column->null_count) stop("nulls are miscounted");
    if (pt_column_float64(column, first, n, real, valid, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++) fuzz_keep((uint64_t)(valid[i] && real[i] > 0));
    if (pt_column_micros(column, first, n, whole, valid, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++)
            fuzz_keep((uint64_t)(valid[i] > PT_MICROS_TOO_LARGE ? (stop("no such state"), 0) : whole[i] & 1));
    if (pt_column_string(column, first, n, strings, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++)
            if (strings[i].data != NULL && pt_utf8_check(strings[i].data, strings[i].length) >= 0) stop("bad text got in");
    for (int64_t i = first; i < first + n; i++) {
        pt_column_describe(column, i, text, sizeof text);
        if (pt_utf8_check(text, (int64_t)strlen(text)) >= 0) stop("a description is not UTF-8");
    }
    const int64_t *borrowed = pt_column_borrow_int64(column, first, n);
    if (borrowed != NULL) fuzz_keep((uint64_t)(borrowed[n - 1] & 1));
    const double *doubles = pt_column_borrow_float64(column, first, n);
    if (doubles != NULL) fuzz_keep((uint64_t)(doubles[n - 1] > 0));
}

static void compare(const patron_table *a, const patron_table *b) {
    char left[80], right[80];
    if (a->n_rows != b->n_rows || a->n_columns != b->n_columns) stop("another shape came back");
    for (int64_t c = 0; c < a->n_columns; c++) {
        if (!pt_field_equal(&a->columns[c].field, &b->columns[c].field)) stop("another type came back");
        if (a->columns[c].null_count != b->columns[c].null_count) stop("other nulls came back");
        for (int64_t i = 0; i < a->n_rows; i++) {
            pt_column_describe(&a->columns[c], i, left, sizeof left);
            pt_column_describe(&b->columns[c], i, right, sizeof right);
            if (strcmp(left, right) != 0) stop("another value came back");
        }
    }
}

static void out_and_in(patron_ctx *ctx, const patron_table *table) {
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;
    patron_table *back = NULL;
    if (patron_table_export_stream(table, &stream, NULL) != PATRON_OK) stop("no stream");
    if (patron_table_import_stream(ctx, &stream, &back, NULL) != PATRON_OK) stop("its own stream is refused");
    compare(table, back);
    patron_table_destroy(back);
    patron_status status = patron_table_export_array(table, &schema, &array, NULL);
    if (status == PATRON_ERR_LIMIT) return;
    if (status != PATRON_OK) stop("no array");
    if (patron_table_import_array(ctx, &schema, &array, &back, NULL) != PATRON_OK) stop("its own array is refused");
    compare(table, back);
    patron_table_destroy(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_recipe r = {data, size, 0};
    column_recipe columns[4];
    struct ArrowArray *batches[4];
    struct ArrowArrayStream stream;
    patron_ctx *ctx = fuzz_begin(data, size);
    patron_table *table = NULL;
    patron_error error = {0};

    const bool failing = fuzz_rarely(&r, 20), raw = fuzz_rarely(&r, 16), plain = fuzz_rarely(&r, 16);
    const int64_t n_columns = fuzz_rarely(&r, 30) ? 0 : 1 + fuzz_below(&r, 4),
                  n_batches = fuzz_rarely(&r, 30) || raw ? 0 : 1 + fuzz_below(&r, 4);
    struct ArrowSchema *schema = schema_of(&r, n_columns, columns, raw);
    if (plain && n_columns > 0) schema = plain_schema(schema);
    for (int64_t b = 0; b < n_batches; b++) {
        batches[b] = batch_of(&r, n_columns, columns);
        if (plain && n_columns > 0 && batches[b]->release != NULL) batches[b] = plain_batch(batches[b]);
    }
    int64_t n_live = 0; /* a released batch would end the stream */
    for (int64_t b = 0; b < n_batches; b++) {
        if (batches[b]->release != NULL)
            batches[n_live++] = batches[b];
        else
            free(batches[b]);
    }
    patron_status status;
    if (n_live == 1 && fuzz_rarely(&r, 4)) { /* the other door */
        status = patron_table_import_array(ctx, schema, batches[0], &table, &error);
        if (schema->release != NULL || batches[0]->release != NULL) stop("schema or array are not released");
        free(schema);
        free(batches[0]);
    } else {
        made_source *source = made_stream(&stream, schema, n_live, batches);
        if (failing) {
            source->fail_at = fuzz_below(&r, 5) - 2;
            source->code = ENOMEM;
            source->reason = fuzz_rarely(&r, 2) ? NULL : "out of tape\nand more";
        }
        status = patron_table_import_stream(ctx, &stream, &table, &error);
        if (stream.release != NULL) stop("the stream is not released");
    }
    if ((status == PATRON_OK) != (table != NULL)) stop("status and table do not go together");
    if (status != PATRON_OK) fuzz_refused(status, &error, status);
    if (table != NULL) {
        fuzz_welcome();
        for (int64_t c = 0; c < table->n_columns; c++) read_column(&r, &table->columns[c]);
        out_and_in(ctx, table);
    }
    patron_table_destroy(table);
    if (made_live != 0) stop("something is not released");
    fuzz_end();
    return 0;
}
