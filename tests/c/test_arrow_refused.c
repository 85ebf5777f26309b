/* Whatever an Arrow producer may get wrong is refused, with a message that names the column, the chunk and the row; everything
 * that was handed over is released. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrow_samples.h"

#include <errno.h>

/* Imports one batch of one column; asserts that it is refused with the status and with words in the message. */
static void refuse(int line, struct ArrowSchema *column, struct ArrowArray *batch, patron_status status, const char *words) {
    patron_ctx *ctx = new_ctx(2);
    struct ArrowSchema *schema = schema_of(column);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_status got = patron_table_import_array(ctx, schema, batch, &table, &error);
    if (got != status || strstr(error.message, words) == NULL || strstr(error.message, "'spend'") == NULL)
        fail_msg("line %d: status %d (%s); expected %d with '%s' about 'spend'", line, (int)got, error.message, (int)status,
                 words);
    assert_null(table);
    assert_null(schema->release);
    assert_null(batch->release);
    free(schema);
    free(batch);
    patron_ctx_destroy(ctx);
    assert_int_equal(made_live, 0);
}

#define REFUSE_TYPE(format, words)                                                                                             \
    refuse(__LINE__, made_schema(format, "spend"),                                                                             \
           alone(made_array(1, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 0, 0, 0, 0)})), PATRON_ERR_TYPE, words)

static void types_that_no_column_has_are_refused_by_name(void **state) {
    (void)state;
    REFUSE_TYPE("z", "'z' (binary)");
    REFUSE_TYPE("Z", "(binary)");
    REFUSE_TYPE("vz", "(binary)");
    REFUSE_TYPE("w:3", "'w:3' (fixed-size binary)");
    REFUSE_TYPE("+l", "(list)");
    REFUSE_TYPE("+vl", "(list)");
    REFUSE_TYPE("+s", "(struct)");
    REFUSE_TYPE("+m", "(map)");
    REFUSE_TYPE("+ud:0,1", "(union)");
    REFUSE_TYPE("+r", "(run-end encoded)");
    REFUSE_TYPE("ttu", "(time of day)");
    REFUSE_TYPE("tiM", "(interval)");
    REFUSE_TYPE("vx", "type 'vx'; expected numbers");
    REFUSE_TYPE("tx", "type 'tx'; expected numbers");
    REFUSE_TYPE("", "expected numbers");
    REFUSE_TYPE("ll", "'ll'");
    REFUSE_TYPE("tsx:", "'tsx:'");
    REFUSE_TYPE("tsu", "'tsu'");
    REFUSE_TYPE("ts", "'ts'");
    REFUSE_TYPE("tDs:", "'tDs:'");
    REFUSE_TYPE("tDx", "'tDx'");
    REFUSE_TYPE("tD", "'tD'");
    REFUSE_TYPE("d:,2", "'d:,2'");
    REFUSE_TYPE("d:/,2", "'d:/,2'");
    REFUSE_TYPE("d:a,2", "'d:a,2'");
    REFUSE_TYPE("d:1a", "'d:1a'");
    REFUSE_TYPE("d:1+", "'d:1+'");
    REFUSE_TYPE("d:10,x", "'d:10,x'");
    REFUSE_TYPE("d:10,2,x", "'d:10,2,x'");
    REFUSE_TYPE("d:10,2x", "'d:10,2x'");
    REFUSE_TYPE("d:0,2", "'d:0,2'");
    REFUSE_TYPE("d:10,-77", "'d:10,-77'");
    REFUSE_TYPE("d:10,2,32", "'d:10,2,32'"); /* 9 digits at most */
    REFUSE_TYPE("d:39,2", "'d:39,2'");
    REFUSE_TYPE("d:10", "'d:10'");
    REFUSE_TYPE("d:10,2,48", "'d:10,2,48'");
    REFUSE_TYPE("d:10,99", "'d:10,99'");
    REFUSE_TYPE("d:99999999999999999999,2", "d:9999");
    REFUSE_TYPE("\xFF\xFE", "'?"
                            "?'");
}

/* A sound batch of three int64 rows for a test to damage. */
static struct ArrowArray *sound(void) {
    return alone(made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)}));
}
static struct ArrowArray *sound_strings(const char *layout) { return alone(string_array(layout)); }

#define REFUSE(format, start, damage, words)                                                                                   \
    do {                                                                                                                       \
        struct ArrowArray *batch = start, *child = batch->children[0];                                                         \
        (void)child;                                                                                                           \
        damage;                                                                                                                \
        refuse(__LINE__, made_schema(format, "spend"), batch, PATRON_ERR_INVALID, words);                                      \
    } while (0)

static void arrays_whose_counts_do_not_fit_are_refused(void **state) {
    (void)state;
    REFUSE("l", sound(), child->length = 2, "length 2; expected at least 3");
    REFUSE("l", sound(), child->length = -1, "length -1");
    REFUSE("l", sound(), child->offset = -1, "offset -1");
    REFUSE("l", sound(), child->length = INT64_MAX, "length 9223372036854775807");
    REFUSE("l", sound(), child->offset = INT64_MAX, "offset 9223372036854775807");
    REFUSE("l", sound(), child->null_count = 4, "null count 4");
    REFUSE("l", sound(), child->null_count = -2, "null count -2");
    REFUSE("l", sound(), child->null_count = 2, "no validity bitmap");
    REFUSE("l", sound(), child->n_buffers = 1, "1 buffers; expected 2");
    REFUSE("l", sound(), child->n_buffers = 3, "3 buffers; expected 2");
    REFUSE("l", sound(), child->n_buffers = -1, "-1 buffers");
    REFUSE("l", sound(), child->n_children = 1, "1 children; expected 0");
    REFUSE("l", sound(), child->buffers[1] = NULL, "no buffer for them");
    REFUSE("l", sound(), child->buffers = NULL, "no list of buffers");
    REFUSE("u", sound_strings("u"), child->buffers[1] = NULL, "no offsets");
    REFUSE("u", sound_strings("u"), child->buffers[2] = NULL, "no buffer for them");
    REFUSE("u", sound_strings("u"), child->n_buffers = 2, "2 buffers; expected 3");
    REFUSE("vu", sound_strings("vu"), child->n_buffers = 2, "2 buffers; expected at least 3");
    REFUSE("vu", sound_strings("vu"), child->n_buffers = (int64_t)INT32_MAX + 1, "2147483648 buffers; expected at least 3");
    REFUSE("vu", sound_strings("vu"), child->buffers[4] = NULL, "sizes");
    REFUSE("vu", sound_strings("vu"), child->buffers[3] = NULL, "that is NULL");
    REFUSE("vu", sound_strings("vu"), ((int64_t *)(uintptr_t)child->buffers[4])[1] = -5, "-5 bytes");
    REFUSE("vu", sound_strings("vu"), ((int64_t *)(uintptr_t)child->buffers[4])[1] = 20, "outside its buffer");
}

static void released_and_missing_columns_are_refused(void **state) {
    (void)state;
    REFUSE("l", sound(), child->release(child), "released already");
    struct ArrowArray *batch = sound(), *child = batch->children[0];
    batch->children[0] = NULL;
    child->release(child);
    free(child);
    refuse(__LINE__, made_schema("l", "spend"), batch, PATRON_ERR_INVALID, "is NULL");
    struct ArrowSchema *schema = made_schema("l", "spend");
    schema->format = NULL;
    batch = sound();
    struct ArrowSchema *parent = schema_of(schema);
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_import_array(ctx, parent, batch, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'spend' has no format"));
    free(parent);
    free(batch);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void a_schema_of_a_column_that_does_not_fit_is_refused(void **state) {
    (void)state;
    refuse(__LINE__, made_schema("tsu:\xFF", "spend"), sound(), PATRON_ERR_INVALID, "has a time zone that is not valid UTF-8");
    struct ArrowSchema *column = made_schema("l", "spend");
    column->n_children = 2;
    refuse(__LINE__, column, sound(), PATRON_ERR_INVALID, "of Arrow type 'l' has 2 children; expected none");
}

/* Two pieces of 65,536 rows, so that what is wrong in one of them is in the middle of the chunk. */
static void long_columns_of_text_are_checked_piece_by_piece(void **state) {
    (void)state;
    enum { N = 65536 + 10 };
    static int32_t offsets[N + 1];
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_column column = {.type = PATRON_TYPE_UTF8, .values = "abcdefghi", .offsets = offsets};
    offsets[65536] = 9; /* behind the last one, 0, which the second piece falls to */
    assert_int_equal(patron_table_create(ctx, N, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_borrow_column(table, "x", &column, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Column 'x', row 65535: the string ends after the last string of its chunk");
    offsets[65536] = 0;
    offsets[0] = -1;
    assert_int_equal(patron_table_borrow_column(table, "x", &column, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Column 'x', row 0: the string offset is negative");
    offsets[0] = 0;
    assert_int_equal(patron_table_borrow_column(table, "x", &column, &error), PATRON_OK);
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

static void text_and_offsets_are_checked_row_by_row(void **state) {
    (void)state;
#define OFFSETS(...) made_array(3, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, __VA_ARGS__), {"a\xC3(cd", 5}})
    REFUSE("u", alone(OFFSETS(0, 2, 1, 5)), , "row 1: the string offsets fall");
    REFUSE("u", alone(OFFSETS(-1, 0, 1, 1)), , "from byte -1");
    REFUSE("u", alone(OFFSETS(4, 4, 4, 3)), , "has strings from byte 4 to byte 3; expected offsets that rise from 0");
    REFUSE("u", alone(OFFSETS(0, 9, 1, 1)), , "fall");
    REFUSE("u", alone(OFFSETS(0, 1, 3, 5)), , "row 1: byte 0xC3 at position 0");
    REFUSE("u", alone(OFFSETS(0, 0, 3, 5)), , "row 1: byte 0xC3 at position 1");
    REFUSE("u", alone(made_array(2, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, 0, 1, 2), {"\xC3\xA9", 2}})), ,
           "row 0: byte 0xC3"); /* one character cut in two */
    REFUSE("U", alone(made_array(1, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int64_t, 0, INT64_MAX), {"a", 1}})), ,
           "to byte 9223372036854775807");
    int32_t *part;
#define VIEW(row, k, value) part = (int32_t *)(uintptr_t)child->buffers[1] + 4 * (row + 1), part[k] = value
    REFUSE("vu", sound_strings("vu"), VIEW(0, 0, -1), "row 0: the length of the string view is negative");
    REFUSE("vu", sound_strings("vu"), VIEW(0, 1, 0xFF), "row 0: byte 0xFF");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 0, 19), "row 4: the string view points outside");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 2, 2), "buffer that is not there");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 2, -1), "buffer that is not there");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 3, -1), "outside its buffer");
    REFUSE("vu", sound_strings("vu"), VIEW(4, 3, 10), "does not begin like");
}

static void bad_bytes_under_a_null_are_no_ones_business(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child =
        made_array(2, 0, 1, 3, (made_buffer[]){BYTES(uint8_t, 2), BYTES(int32_t, 0, 2, 4), {"\xFF\xFFok", 4}});
    patron_table *table = import_ok(ctx, made_schema("u", "x"), 1, &child);
    assert_reads(&table->columns[0], "null|'ok'");
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
}

/* Offsets into the middle of a character are sound where no string begins there. */
static void an_empty_string_may_lie_inside_a_character(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *child =
        made_array(3, 0, 1, 3, (made_buffer[]){BYTES(uint8_t, 5), BYTES(int32_t, 0, 2, 3, 3), {"\xC3\xA9\xA9", 3}});
    patron_table *table = import_ok(ctx, made_schema("u", "x"), 1, &child);
    assert_reads(&table->columns[0], "'\xC3\xA9'|null|''");
    patron_table_destroy(table);
    child = made_array(2, 0, 0, 3, (made_buffer[]){NO_BYTES, BYTES(int32_t, 5, 5, 5), NO_BYTES}); /* and nowhere at all */
    table = import_ok(ctx, made_schema("u", "x"), 1, &child);
    assert_reads(&table->columns[0], "''|''");
    patron_table_destroy(table);
    patron_ctx_destroy(ctx);
    assert_int_equal(made_live, 0);
}

/* How many dictionaries the chunks of a column have that comes in two batches. */
static void assert_dictionaries(const char *value, struct ArrowArray *first, struct ArrowArray *second, int expected) {
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *batches[2];
    for (int i = 0; i < 2; i++)
        batches[i] =
            with_dictionary(made_array(1, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int8_t, 0)}), i == 0 ? first : second);
    patron_table *table = import_ok(ctx, dictionary_schema("c", value, "x"), 2, batches);
    assert_int_equal(table->columns[0].n_chunks, 2);
    assert_int_equal(1 + (table->columns[0].chunks[0].dictionary != table->columns[0].chunks[1].dictionary), expected);
    patron_table_destroy(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

/* The array again, over the same buffers. */
static struct ArrowArray *same_again(const struct ArrowArray *array) {
    struct ArrowArray *copy = made_array(array->length, array->offset, array->null_count, array->n_buffers,
                                         (made_buffer[]){NO_BYTES, NO_BYTES, NO_BYTES, NO_BYTES, NO_BYTES});
    for (int64_t i = 0; i < array->n_buffers; i++) copy->buffers[i] = array->buffers[i];
    return copy;
}

static void a_dictionary_that_comes_again_is_used_again(void **state) {
    (void)state;
    static const char *const layouts[] = {"u", "vu"};
    for (int i = 0; i < 2; i++) {
        struct ArrowArray *first = string_array(layouts[i]), *second = same_again(first);
        assert_dictionaries(layouts[i], first, second, 1);
    }
#define OTHER(layout, change)                                                                                                  \
    do {                                                                                                                       \
        struct ArrowArray *first = string_array(layout), *second = same_again(first);                                          \
        change;                                                                                                                \
        assert_dictionaries(layout, first, second, 2);                                                                         \
    } while (0)
    OTHER("u", second->length = 4);
    OTHER("u", second->offset = 0);
    static const uint8_t validity[] = {0x2A};
    OTHER("u", second->buffers[0] = validity);
    static const int32_t offsets[] = {0, 4, 5, 5, 5, 11, 29};
    OTHER("u", second->buffers[1] = offsets);
    static const char bytes[] = "skipa" CHINESE "as long as the other";
    OTHER("u", second->buffers[2] = bytes);
    static const int64_t sizes[] = {0, 30};
    OTHER("vu", second->buffers[4] = sizes);
    OTHER("vu", second->buffers[2] = bytes); /* of no bytes, but another place */
    struct ArrowArray *without =
        made_array(1, 0, 0, 3, (made_buffer[]){NO_BYTES, {"\1\0\0\0a\0\0\0\0\0\0\0\0\0\0", 16}, NO_BYTES});
    struct ArrowArray *with = made_array(1, 0, 0, 4, (made_buffer[]){NO_BYTES, NO_BYTES, {"b", 1}, BYTES(int64_t, 1)});
    with->buffers[1] = without->buffers[1];
    assert_dictionaries("vu", with, without, 2);
#undef OTHER
}

static void dictionaries_that_do_not_fit_are_refused(void **state) {
    (void)state;
#define REFUSE_DICTIONARY(start, damage, words)                                                                                \
    do {                                                                                                                       \
        struct ArrowArray *batch = alone(start), *child = batch->children[0];                                                  \
        damage;                                                                                                                \
        refuse(__LINE__, dictionary_schema("c", "u", "spend"), batch, PATRON_ERR_INVALID, words);                              \
    } while (0)
    REFUSE_DICTIONARY(dictionary_array(), ((int8_t *)(uintptr_t)child->buffers[1])[0] = 5, "row 0: the dictionary index is 5");
    REFUSE_DICTIONARY(dictionary_array(), ((int8_t *)(uintptr_t)child->buffers[1])[4] = -1,
                      "row 4: the dictionary index is -1");
    REFUSE_DICTIONARY(dictionary_array(), child->dictionary->length = -1, "of its dictionary has length -1");
    REFUSE_DICTIONARY(dictionary_array(), ((char *)(uintptr_t)child->dictionary->buffers[2])[4] = (char)0xFF,
                      "dictionary value 0: byte 0xFF");
    refuse(__LINE__, dictionary_schema("c", "u", "spend"), sound(), PATRON_ERR_INVALID, "no dictionary");
    refuse(__LINE__, made_schema("c", "spend"), alone(dictionary_array()), PATRON_ERR_INVALID, "has a dictionary that");
    refuse(__LINE__, dictionary_schema("g", "u", "spend"), sound(), PATRON_ERR_INVALID, "indices of Arrow type 'g'");
    refuse(__LINE__, dictionary_schema("b", "u", "spend"), sound(), PATRON_ERR_INVALID, "indices of Arrow type 'b'");
    refuse(__LINE__, dictionary_schema("c", "z", "spend"), sound(), PATRON_ERR_TYPE, "has Arrow type 'z' (binary)");
    struct ArrowSchema *nested = dictionary_schema("c", "c", "spend");
    nested->dictionary->dictionary = made_schema("u", NULL);
    refuse(__LINE__, nested, sound(), PATRON_ERR_TYPE, "dictionary of dictionaries");
}

/* Damage to the struct itself: the message names no column. */
static void refuse_whole(int line, struct ArrowSchema *schema, struct ArrowArray *batch, const char *words) {
    patron_ctx *ctx = new_ctx(1);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_status status = patron_table_import_array(ctx, schema, batch, &table, &error);
    if (status != (strstr(words, "(binary)") != NULL ? PATRON_ERR_TYPE : PATRON_ERR_INVALID) ||
        strstr(error.message, words) == NULL)
        fail_msg("line %d: status %d: %s", line, (int)status, error.message);
    assert_null(table);
    free(schema);
    free(batch);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void structs_that_do_not_fit_are_refused(void **state) {
    (void)state;
    struct ArrowArray *batch = sound(), *other;
    struct ArrowSchema *twins[2] = {made_schema("l", "a"), made_schema("l", "a")};
    refuse_whole(__LINE__, made_adopt(made_schema("+s", ""), 2, twins), batch, "two columns named 'a'");
    batch = sound();
    batch->n_children = 2;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "2 children; expected 1");
    batch = sound();
    batch->length = INT64_MAX;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "length 9223372036854775807");
    batch = sound();
    batch->offset = 1;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "expected at least 4");
    other = made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, BYTES(int64_t, 1, 2, 3)});
    batch = made_array_of(3, 0, -1, 1, (made_buffer[]){BYTES(uint8_t, 5)}, 1, &other);
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "null row 1");
    batch = made_array_of(3, 0, 2, 1, (made_buffer[]){NO_BYTES}, 0, NULL);
    refuse_whole(__LINE__, made_adopt(made_schema("+s", ""), 0, NULL), batch,
                 "The Arrow array of chunk 0 has null count 2 but no validity bitmap (NULL)");
    batch = sound();
    batch->children = NULL;
    refuse_whole(__LINE__, schema_of(made_schema("l", "a")), batch, "has no list of children (NULL)");
    struct ArrowSchema *schema = schema_of(made_schema("l", "a"));
    schema->n_children = -1;
    refuse_whole(__LINE__, schema, sound(), "The Arrow schema has -1 columns; expected 0 to 16777216");
    schema = schema_of(made_schema("l", "a"));
    schema->children = NULL;
    refuse_whole(__LINE__, schema, sound(), "The Arrow schema has 1 columns and no list of them (NULL)");
    schema = schema_of(made_schema("l", "a"));
    schema->dictionary = made_schema("u", NULL);
    refuse_whole(__LINE__, schema, sound(), "The Arrow schema is a struct with a dictionary; expected a plain struct");
    schema = made_adopt(made_schema("+s", ""), 1, (struct ArrowSchema *[]){NULL});
    refuse_whole(__LINE__, schema, sound(), "Column 0 of the Arrow schema is NULL");
    schema = made_schema("+s", "");
    schema->format = NULL;
    refuse_whole(__LINE__, schema, sound(), "The Arrow schema has no format (NULL)");
    schema = schema_of(made_schema("l", "a"));
    schema->children[0]->release(schema->children[0]);
    refuse_whole(__LINE__, schema, sound(), "The Arrow schema of column '' has been released already");
    schema = schema_of(made_schema("z", NULL));
    refuse_whole(__LINE__, schema, sound(), "Column '' has Arrow type 'z' (binary)");
    refuse_whole(__LINE__, made_schema("z", ""), sound(), "Column '' has Arrow type 'z' (binary)");
    refuse_whole(__LINE__, made_schema("l", ""), made_array(3, 0, 0, 2, (made_buffer[]){NO_BYTES, NO_BYTES}),
                 "Column '', chunk 0: the Arrow array has 3 values but no buffer for them (NULL)");
    schema = schema_of(made_schema("l", "a"));
    schema->n_children = INT64_MAX;
    refuse_whole(__LINE__, schema, sound(), "9223372036854775807 columns");
    schema = schema_of(made_schema("l", "\xE5\xAE"));
    refuse_whole(__LINE__, schema, sound(),
                 "'?"
                 "?' is not valid UTF-8");
}

static void the_producers_own_words_come_back_and_everything_is_released(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    for (int64_t fail_at = -2; fail_at < 2; fail_at++) {
        if (fail_at == -1) continue;
        struct ArrowArray *batch = sound();
        struct ArrowArrayStream stream;
        patron_table *table = NULL;
        patron_error error = {0};
        made_source *source = made_stream(&stream, schema_of(made_schema("l", "x")), 1, &batch);
        source->fail_at = fail_at;
        source->code = EIO;
        source->reason = "the tape is torn";
        assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_IO);
        assert_non_null(strstr(error.message, "the tape is torn"));
        assert_int_equal(error.os_error, EIO);
        assert_null(table);
        assert_null(stream.release);
        assert_int_equal(made_live, 0);
    }
    patron_ctx_destroy(ctx);
}

static void what_a_producer_says_decides_the_status(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    char endless[400], cut[330];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    memcpy(cut, endless, 319);
    cut[319] = '\0';
    const struct {
        int code;
        const char *reason;
        patron_status status;
        const char *end;
    } cases[] = {{ENOMEM, "no room", PATRON_ERR_NO_MEMORY, "(error 12): no room"},
                 {EINVAL, "two words\nand a traceback", PATRON_ERR_INVALID, "(error 22): two words"},
                 {EIO, NULL, PATRON_ERR_IO, "(error 5): it says nothing more"},
                 {EINVAL, "", PATRON_ERR_INVALID, "(error 22): it says nothing more"},
                 {EINVAL, endless, PATRON_ERR_INVALID, cut}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int silent = 0; silent < 3; silent++) { /* 1: cannot be asked why; 2: nobody listens */
            struct ArrowArrayStream stream;
            patron_table *table = NULL;
            patron_error error = {0};
            made_source *source = made_stream(&stream, schema_of(made_schema("l", "x")), 0, NULL);
            source->fail_at = 0;
            source->code = cases[i].code;
            source->reason = cases[i].reason;
            if (silent == 1) stream.get_last_error = NULL;
            assert_int_equal(patron_table_import_stream(ctx, &stream, &table, silent == 2 ? NULL : &error), cases[i].status);
            assert_int_equal(error.os_error, silent < 2 && cases[i].status == PATRON_ERR_IO ? cases[i].code : 0);
            const char *end = silent == 1 ? "it says nothing more" : silent == 2 ? "" : cases[i].end;
            size_t length = strlen(error.message);
            if (length < strlen(end) || strcmp(error.message + length - strlen(end), end) != 0) fail_msg("%s", error.message);
            assert_null(table);
            assert_int_equal(made_live, 0);
        }
    patron_ctx_destroy(ctx);
}

static void a_stream_without_callbacks_is_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    for (int i = 0; i < 2; i++) {
        struct ArrowArrayStream stream;
        patron_table *table = NULL;
        patron_error error = {0};
        made_stream(&stream, schema_of(made_schema("l", "x")), 0, NULL);
        if (i == 0)
            stream.get_schema = NULL;
        else
            stream.get_next = NULL;
        assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, i == 0 ? "The Arrow stream has no get_schema callback (NULL)"
                                                  : "The Arrow stream has no get_next callback (NULL)");
        assert_null(table);
        assert_null(stream.release);
        assert_int_equal(made_live, 0);
    }
    patron_ctx_destroy(ctx);
}

static void a_stream_that_gives_a_released_schema_is_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    made_source *source = made_stream(&stream, schema_of(made_schema("l", "x")), 0, NULL);
    source->schema->release(source->schema);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The Arrow schema has been released already; expected a live one");
    assert_null(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void more_rows_than_a_table_has_room_for_are_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArray *batches[2];
    for (int i = 0; i < 2; i++) { /* nulls take no room */
        struct ArrowArray *child = made_array(PT_MAX_ROWS / 2 + 1, 0, -1, 0, NULL);
        batches[i] = alone(child);
    }
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    made_stream(&stream, schema_of(made_schema("n", "x")), 2, batches);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "The Arrow stream has more than 140737488355328 rows");
    assert_null(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static int yes(void *state) {
    (void)state;
    return 1;
}

static void a_stream_can_be_cancelled(void **state) {
    (void)state;
    patron_ctx *ctx = NULL;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.cancelled = yes;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    struct ArrowArray *batch = sound();
    struct ArrowArrayStream stream;
    patron_table *table = NULL;
    patron_error error = {0};
    made_stream(&stream, schema_of(made_schema("l", "x")), 1, &batch);
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_CANCELLED);
    assert_string_equal(error.message, "Cancelled");
    assert_null(table);
    assert_int_equal(made_live, 0);
    patron_ctx_destroy(ctx);
}

static void released_streams_schemas_and_arrays_are_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(1);
    struct ArrowArrayStream stream = {0};
    patron_table *table = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_import_stream(ctx, &stream, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "released already"));
    assert_int_equal(patron_table_import_stream(ctx, NULL, &table, &error), PATRON_ERR_INVALID);
    struct ArrowArray none = {0}, *batch = sound();
    struct ArrowSchema no_schema = {0}, *schema = schema_of(made_schema("l", "x"));
    assert_int_equal(patron_table_import_array(ctx, schema, &none, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "array has been released already"));
    assert_int_equal(patron_table_import_array(ctx, &no_schema, batch, &table, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "schema has been released already"));
    assert_int_equal(made_live, 0);
    struct ArrowArray *other = sound();
    assert_int_equal(patron_table_import_array(ctx, NULL, other, &table, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The Arrow schema is NULL; expected a live schema and a live array");
    free(other);
    struct ArrowSchema *other_schema = made_schema("l", "x");
    assert_int_equal(patron_table_import_array(ctx, other_schema, NULL, &table, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The Arrow array is NULL; expected a live schema and a live array");
    free(other_schema);
    assert_null(table);
    assert_int_equal(made_live, 0);
    free(schema);
    free(batch);
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(types_that_no_column_has_are_refused_by_name, none_live),
        cmocka_unit_test_setup(arrays_whose_counts_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(released_and_missing_columns_are_refused, none_live),
        cmocka_unit_test_setup(a_schema_of_a_column_that_does_not_fit_is_refused, none_live),
        cmocka_unit_test_setup(long_columns_of_text_are_checked_piece_by_piece, none_live),
        cmocka_unit_test_setup(text_and_offsets_are_checked_row_by_row, none_live),
        cmocka_unit_test_setup(bad_bytes_under_a_null_are_no_ones_business, none_live),
        cmocka_unit_test_setup(an_empty_string_may_lie_inside_a_character, none_live),
        cmocka_unit_test_setup(a_dictionary_that_comes_again_is_used_again, none_live),
        cmocka_unit_test_setup(dictionaries_that_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(structs_that_do_not_fit_are_refused, none_live),
        cmocka_unit_test_setup(the_producers_own_words_come_back_and_everything_is_released, none_live),
        cmocka_unit_test_setup(what_a_producer_says_decides_the_status, none_live),
        cmocka_unit_test_setup(a_stream_without_callbacks_is_refused, none_live),
        cmocka_unit_test_setup(a_stream_that_gives_a_released_schema_is_refused, none_live),
        cmocka_unit_test_setup(more_rows_than_a_table_has_room_for_are_refused, none_live),
        cmocka_unit_test_setup(a_stream_can_be_cancelled, none_live),
        cmocka_unit_test_setup(released_streams_schemas_and_arrays_are_refused, none_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
