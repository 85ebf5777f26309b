/* Every function of patron/table.h survives every refused allocation: columns of every layout, in two chunks whose dictionaries
 * differ; streams of a foreign producer, and the library's own, which allocate while they are read. What is taken over is
 * released whether the call succeeds or not. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrow_made.h"
#include "faults_sweep.h"

enum { N_COLUMNS = 10, N_ROWS = 3 };

typedef struct tables {
    patron_table *rich;  /* imported: two chunks of every layout */
    patron_table *fresh; /* what columns are added to; made for each call */
    struct ArrowArrayStream stream;
    struct ArrowSchema *schema;
    struct ArrowArray *array;
    int64_t live; /* Arrow structs that belong to `rich` */
} tables;

/* ---- a producer ---- */

static struct ArrowSchema *field(const char *format, const char *name, const char *values) {
    struct ArrowSchema *schema = made_schema(format, name);
    if (values != NULL) schema->dictionary = made_schema(values, NULL);
    return schema;
}

static struct ArrowSchema *rich_schema(void) {
    struct ArrowSchema *fields[N_COLUMNS] = {
        field("l", "number", NULL), field("g", "real", NULL),    field("tsu:Asia/Shanghai", "when", NULL),
        field("b", "flag", NULL),   field("u", "text", NULL),    field("U", "long text", NULL),
        field("vu", "view", NULL),  field("n", "nothing", NULL), field("d:9,2,32", "price", NULL),
        field("c", "code", "u"),
    };
    return made_adopt(made_schema("+s", ""), N_COLUMNS, fields);
}

#define BIT_NULL                                                                                                               \
    { (const uint8_t[]){5}, 1 } /* the second of three rows */

static struct ArrowArray *rich_batch(char letter) {
    char bytes[] = "..longer than twelve", views[3][16] = {"\1\0\0\0.", "", "\x12\0\0\0long\0\0\0\0\2\0\0\0"};
    bytes[0] = bytes[1] = views[0][4] = letter;
    const made_buffer text = {bytes, sizeof bytes - 1};
    struct ArrowArray *columns[N_COLUMNS] = {
        made_array(3, 0, 1, 2, (made_buffer[]){BIT_NULL, BYTES(int64_t, 1, 2, 3)}),
        made_array(3, 0, 1, 2, (made_buffer[]){BIT_NULL, BYTES(double, 0.5, 2, letter)}),
        made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)}),
        made_array(3, 0, 1, 2, (made_buffer[]){BIT_NULL, BYTES(uint8_t, 4)}),
        made_array(3, 0, 1, 3, (made_buffer[]){BIT_NULL, BYTES(int32_t, 0, 1, 1, 20), text}),
        made_array(3, 0, 1, 3, (made_buffer[]){BIT_NULL, BYTES(int64_t, 0, 1, 1, 20), text}),
        made_array(3, 0, 1, 4,
                   (made_buffer[]){BIT_NULL, {views, sizeof views}, text, BYTES(int64_t, (int64_t)sizeof bytes - 1)}),
        made_array(3, 0, 3, 0, NULL),
        made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int32_t, -5, 7, 9)}),
        made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int8_t, 1, 0, 1)}),
    };
    columns[N_COLUMNS - 1]->dictionary =
        made_array(2, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, 0, 1, 20), text}); /* "a" or "b", and what both have */
    return made_struct(3, 0, N_COLUMNS, columns);
}

/* ---- what calls are made with ---- */

static void make(world *w) {
    tables *in = calloc(1, sizeof *in);
    assert_non_null(in);
    made_live = 0; /* whatever a scenario that failed has left */
    struct ArrowArray *batches[] = {rich_batch('a'), rich_batch('b')};
    struct ArrowArrayStream stream;
    patron_error error = {0};
    made_stream(&stream, rich_schema(), 2, batches);
    if (patron_table_import_stream(w->ctx, &stream, &in->rich, &error) != PATRON_OK) fail_msg("%s", error.message);
    in->live = made_live;
    w->in = in;
    w->n_values = 6 * 8 + 6;
    w->values = malloc(w->n_values);
}

static void end(world *w) {
    tables *in = w->in;
    patron_table_destroy(in->rich);
    assert_int_equal(made_live, 0);
    free(in);
}

static void ready_table(world *w) {
    tables *in = w->in;
    in->fresh = NULL;
    assert_int_equal(patron_table_create(w->ctx, N_ROWS, &in->fresh, NULL), PATRON_OK);
}

static uint64_t subject_table(world *w) { return digest_table(1, ((tables *)w->in)->fresh); }

static void clear_table(world *w) { patron_table_destroy(((tables *)w->in)->fresh); }

static void ready_stream(world *w) {
    struct ArrowArray *batches[] = {rich_batch('a'), rich_batch('c')};
    made_stream(&((tables *)w->in)->stream, rich_schema(), 2, batches);
}

static void ready_plain_stream(world *w) {
    struct ArrowArray *batches[] = {made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)})};
    made_stream(&((tables *)w->in)->stream, made_schema("l", "ignored"), 1, batches);
}

static void ready_own_stream(world *w) {
    tables *in = w->in;
    assert_int_equal(patron_table_export_stream(in->rich, &in->stream, NULL), PATRON_OK);
}

static void clear_stream(world *w) {
    const tables *in = w->in;
    assert_null(in->stream.release);
    assert_int_equal(made_live, in->live);
}

static void ready_array(world *w) {
    tables *in = w->in;
    in->schema = rich_schema();
    in->array = rich_batch('d');
}

static void clear_array(world *w) {
    tables *in = w->in;
    assert_null(in->schema->release);
    assert_null(in->array->release);
    assert_int_equal(made_live, in->live);
    free(in->schema);
    free(in->array);
}

/* ---- the calls ---- */

static patron_status creating(world *w, patron_error *error) { return patron_table_create(w->ctx, 7, &w->out.table, error); }

static patron_status borrowing(world *w, patron_error *error) {
    static const int64_t when[] = {5, 6, 7};
    const patron_column column = {
        .type = PATRON_TYPE_TIMESTAMP, .values = when, .unit = PATRON_UNIT_SECOND, .timezone = "Asia/Shanghai"};
    return patron_table_borrow_column(((tables *)w->in)->fresh, "when", &column, error);
}

static patron_status borrowing_a_dictionary(world *w, patron_error *error) {
    static const int64_t indices[] = {1, 0, 1};
    static const int32_t offsets[] = {0, 1, 2};
    static const patron_column values = {.type = PATRON_TYPE_UTF8, .values = "ab", .offsets = offsets};
    const patron_column column = {.type = PATRON_TYPE_DICTIONARY,
                                  .values = indices,
                                  .index_type = PATRON_TYPE_INT64,
                                  .dictionary_length = 2,
                                  .dictionary = &values};
    return patron_table_borrow_column(((tables *)w->in)->fresh, "code", &column, error);
}

static patron_status importing_a_stream(world *w, patron_error *error) {
    return patron_table_import_stream(w->ctx, &((tables *)w->in)->stream, &w->out.table, error);
}

static patron_status importing_an_array(world *w, patron_error *error) {
    const tables *in = w->in;
    return patron_table_import_array(w->ctx, in->schema, in->array, &w->out.table, error);
}

static patron_status selecting(world *w, patron_error *error) {
    static const char *const names[] = {"code", "when", "view"};
    return patron_table_select(((tables *)w->in)->rich, 3, names, &w->out.table, error);
}

static patron_status slicing(world *w, patron_error *error) {
    const patron_table *rich = ((tables *)w->in)->rich;
    return patron_table_slice(rich, 1, patron_table_n_rows(rich) - 1, &w->out.table, error);
}

static patron_status joining(world *w, patron_error *error) {
    const patron_table *rich = ((tables *)w->in)->rich, *both[] = {rich, rich};
    return patron_table_concat(w->ctx, 2, both, &w->out.table, error);
}

static patron_status reading_integers(world *w, patron_error *error) {
    return patron_table_get_int64(((tables *)w->in)->rich, 2, 0, 6, (int64_t *)(void *)w->values, w->values + 48, error);
}

static patron_status reading_reals(world *w, patron_error *error) {
    return patron_table_get_float64(((tables *)w->in)->rich, 8, 0, 6, (double *)(void *)w->values, w->values + 48, error);
}

static patron_status reading_a_string(world *w, patron_error *error) {
    return patron_table_get_string(((tables *)w->in)->rich, 9, 3, &w->out.text, &w->out.length, error);
}

static patron_status exporting_a_stream(world *w, patron_error *error) {
    return patron_table_export_stream(((tables *)w->in)->rich, &w->out.stream, error);
}

static patron_status exporting_an_array(world *w, patron_error *error) {
    return patron_table_export_array(((tables *)w->in)->rich, &w->out.schema, &w->out.array, error);
}

/* `optional`: the pool, for the check of text and indices. */
static const scenario scenarios[] = {
    {.function = "patron_table_create", .call = creating},
    {.function = "patron_table_borrow_column",
     .what = "times with a zone",
     .call = borrowing,
     .ready = ready_table,
     .clear = clear_table,
     .subject = subject_table},
    {.function = "patron_table_borrow_column",
     .what = "a dictionary",
     .call = borrowing_a_dictionary,
     .ready = ready_table,
     .clear = clear_table,
     .subject = subject_table,
     .optional = 1},
    {.function = "patron_table_import_stream",
     .what = "of structs",
     .call = importing_a_stream,
     .ready = ready_stream,
     .clear = clear_stream,
     .once_only = true,
     .optional = 1},
    {.function = "patron_table_import_stream",
     .what = "of plain arrays",
     .call = importing_a_stream,
     .ready = ready_plain_stream,
     .clear = clear_stream,
     .once_only = true},
    {.function = "patron_table_import_stream",
     .what = "its own",
     .call = importing_a_stream,
     .ready = ready_own_stream,
     .clear = clear_stream,
     .once_only = true,
     .optional = 1},
    {.function = "patron_table_import_array",
     .call = importing_an_array,
     .ready = ready_array,
     .clear = clear_array,
     .once_only = true,
     .optional = 1},
    {.function = "patron_table_select", .call = selecting},
    {.function = "patron_table_slice", .call = slicing},
    {.function = "patron_table_concat", .call = joining},
    {.function = "patron_table_get_int64", .call = reading_integers, .nothing = true},
    {.function = "patron_table_get_float64", .call = reading_reals, .nothing = true},
    {.function = "patron_table_get_string", .call = reading_a_string, .nothing = true},
    {.function = "patron_table_export_stream", .call = exporting_a_stream},
    {.function = "patron_table_export_array", .call = exporting_an_array},
};

int main(void) { return SWEEP("patron/table.h", scenarios, make, end); }
