/* tests/c/arrow_samples.h: the columns and batches that tests of Arrow import have in common. Include it after cmocka.h. */
#ifndef PATRON_TESTS_ARROW_SAMPLES_H
#define PATRON_TESTS_ARROW_SAMPLES_H

#include "arrow_made.h"
#include "contexts.h"
#include "data/column.h"

/* A batch with one column: takes over the child. */
static inline struct ArrowArray *alone(struct ArrowArray *child) { return made_struct(child->length, 0, 1, &child); }

static inline struct ArrowSchema *schema_of(struct ArrowSchema *child) { return made_adopt(made_schema("+s", ""), 1, &child); }

/* Imports batches of one column; asserts success. */
static inline patron_table *import_ok(patron_ctx *ctx, struct ArrowSchema *column, int64_t n, struct ArrowArray **children) {
    struct ArrowArray *batches[16];
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    for (int64_t i = 0; i < n; i++) batches[i] = alone(children[i]);
    made_stream(&stream, schema_of(column), n, batches);
    if (patron_table_import_stream(ctx, &stream, &table, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_null(stream.release);
    return table;
}

/* All rows of a column as "a|b|null". */
static inline char *text_of(const pt_column *column) {
    char *out = calloc((size_t)column->length + 1, 64), *p = out;
    for (int64_t i = 0; i < column->length; i++) {
        if (i > 0) *p++ = '|';
        pt_column_describe(column, i, p, 60);
        p += strlen(p);
    }
    return out;
}

static inline void assert_reads(const pt_column *column, const char *expected) {
    char *text = text_of(column);
    assert_string_equal(text, expected);
    free(text);
}

#define CHINESE "\xE5\xAE\xA2\xE6\x88\xB7"
#define LONG "longer than twelve"

/* 'a', null, '', CHINESE, LONG, after one string to skip. layout: "u", "U" or "vu". */
static inline struct ArrowArray *string_array(const char *layout) {
    const uint8_t validity[] = {0x3A};
    const char bytes[] = "skipa" CHINESE LONG;
    if (strcmp(layout, "u") == 0)
        return made_array(5, 1, 1, 3,
                          (made_buffer[]){{validity, 1}, BYTES(int32_t, 0, 4, 5, 5, 5, 11, 29), {bytes, sizeof bytes - 1}});
    if (strcmp(layout, "U") == 0)
        return made_array(5, 1, 1, 3,
                          (made_buffer[]){{validity, 1}, BYTES(int64_t, 0, 4, 5, 5, 5, 11, 29), {bytes, sizeof bytes - 1}});
    char views[6][16] = {"\4\0\0\0skip",       "\1\0\0\0a",     "\x7F\0\0\0\xFF\xFF\xFF\xFF\x7F", "",
                         ("\6\0\0\0" CHINESE), "\x12\0\0\0long"};
    memcpy(views[5] + 8, (int32_t[]){1, 11}, 8);
    return made_array(5, 1, 1, 5,
                      (made_buffer[]){{validity, 1},
                                      {views, sizeof views},
                                      NO_BYTES,
                                      {bytes, sizeof bytes - 1},
                                      BYTES(int64_t, 0, (int64_t)sizeof bytes - 1)});
}

static inline struct ArrowSchema *dictionary_schema(const char *index, const char *value, const char *name) {
    struct ArrowSchema *schema = made_schema(index, name);
    schema->dictionary = made_schema(value, NULL);
    return schema;
}

static inline struct ArrowArray *with_dictionary(struct ArrowArray *indices, struct ArrowArray *values) {
    indices->dictionary = values;
    return indices;
}

/* Values of string_array("u"), at 4 0 1 3 and a null row with an index out of range. */
static inline struct ArrowArray *dictionary_array(void) {
    return with_dictionary(made_array(5, 0, -1, 2, (made_buffer[]){BYTES(uint8_t, 0x1B), BYTES(int8_t, 4, 0, 100, 1, 3)}),
                           string_array("u"));
}

static inline int none_live(void **state) {
    (void)state;
    made_live = 0;
    return 0;
}

#endif
