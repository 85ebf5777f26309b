/* data/attributes_file.c: attributes as part of a log's file.
 *
 *   user_attributes.{n, n_columns, key, valid_from?}      item_attributes.* likewise
 *   user_attributes.keys.*                                a dictionary (data/log_file.c)
 *   user_attributes.columns.<i>.*                         by name
 *
 * Loading believes nothing: keys rise by one and all have rows, instants rise within a key, columns rise by name. */
#include "data/attributes.h"
#include "data/log_file.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 65536, NAME_SIZE = 32 };

static const char *section_of(const char *side, char out[NAME_SIZE]) {
    snprintf(out, NAME_SIZE, "%s_attributes", side);
    return out;
}

void pt_attributes_save(const pt_attributes *a, const char *side, pt_writer *writer) {
    char name[NAME_SIZE];
    if (a == NULL) return;
    pt_writer_enter(writer, section_of(side, name), -1);
    pt_writer_add_int64(writer, "n", a->n);
    pt_writer_add_int64(writer, "n_columns", a->n_columns);
    pt_dictionary_save(a->keys, "keys", writer);
    pt_writer_add(writer, "key", PATRON_SECTION_INT32, a->key, a->n);
    if (a->valid_from != NULL) pt_writer_add(writer, "valid_from", PATRON_SECTION_INT64, a->valid_from, a->n);
    for (int64_t i = 0; i < a->n_columns; i++) pt_log_column_save(&a->columns[i], a->n, "columns", i, writer);
    pt_writer_leave(writer);
}

/* Every key has rows, they lie together and in order, and so do their instants. */
static patron_status check_rows(const pt_attributes *a, const pt_reader *reader, patron_error *error) {
    int64_t last = -1;
    for (int64_t i = 0; i < a->n; i++) {
        if (i % BLOCK == 0) {
            patron_status status = pt_poll(a->ctx, error);
            if (status != PATRON_OK) return status;
        }
        bool same = i > 0 && a->key[i] == last;
        if (!same && a->key[i] != last + 1) return pt_reader_refuse(reader, "key", error, "has keys that do not rise by one");
        last = a->key[i];
        if (a->valid_from == NULL) continue;
        if (same && a->valid_from[i] < a->valid_from[i - 1])
            return pt_reader_refuse(reader, "valid_from", error, "has instants of one key that do not rise");
    }
    if (last + 1 != a->keys->n) return pt_reader_refuse(reader, "key", error, "has keys without rows");
    return PATRON_OK;
}

static patron_status load_columns(pt_attributes *a, pt_reader *reader, int64_t n_columns, const char *side,
                                  patron_error *error) {
    for (int64_t i = 0; i < n_columns; i++) {
        patron_status status = pt_log_column_load(a->ctx, reader, "columns", i, a->n, &a->columns[i], error);
        if (status != PATRON_OK) return status;
        a->n_columns = i + 1;
        const char *name = a->columns[i].name;
        if (i > 0 && strcmp(a->columns[i - 1].name, name) >= 0)
            return pt_reader_refuse(reader, "n_columns", error, "has attributes that are not in the order of their names");
        if (!a->columns[i].property || strcmp(name, side) == 0)
            return pt_reader_refuse(reader, "n_columns", error, "has '%s', which is no name of an attribute", name);
    }
    return PATRON_OK;
}

patron_status pt_attributes_load(patron_ctx *ctx, pt_reader *reader, const char *side, pt_attributes **out,
                                 patron_error *error) {
    patron_status status = PATRON_OK;
    char name[NAME_SIZE];
    pt_reader_enter(reader, section_of(side, name), -1);
    pt_attributes *a = NULL;
    int64_t n, n_columns;
    const int32_t *key;
    const int64_t *valid_from = NULL;
    if (!pt_reader_has(reader, "n")) {
        *out = NULL;
        goto cleanup;
    }
    PT_TRY(pt_reader_int64(reader, "n", 0, INT64_MAX / 16, &n, error));
    PT_TRY(pt_reader_int64(reader, "n_columns", 0, pt_reader_n_sections(reader), &n_columns, error));
    PT_TRY(pt_attributes_create(ctx, n_columns, &a, error));
    a->n = n;
    PT_TRY(pt_dictionary_load(ctx, reader, "keys", &a->keys, error));
    PT_TRY(pt_reader_array(reader, "key", PATRON_SECTION_INT32, n, &key, error));
    if (pt_reader_has(reader, "valid_from"))
        PT_TRY(pt_reader_array(reader, "valid_from", PATRON_SECTION_INT64, n, &valid_from, error));
    a->key = (int32_t *)(uintptr_t)key;
    a->valid_from = (int64_t *)(uintptr_t)valid_from;
    a->keep = pt_reader_keep(reader);
    PT_TRY(check_rows(a, reader, error));
    PT_TRY(load_columns(a, reader, n_columns, side, error));
    *out = a;
    a = NULL;
cleanup:
    pt_attributes_release(a);
    pt_reader_leave(reader);
    return status;
}
