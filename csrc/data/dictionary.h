/* data/dictionary.h: the distinct values of an id or name column, sorted, and the codes that point at them. */
#ifndef PT_DATA_DICTIONARY_H
#define PT_DATA_DICTIONARY_H

#include "data/column.h"
#include "patron/log.h"

typedef enum pt_id_kind { PT_IDS_INT64 = 0, PT_IDS_UINT64 = 1, PT_IDS_TEXT = 2 } pt_id_kind;

/* Immutable, shared. Code c is the c-th smallest value: integers by value, text by bytes. */
typedef struct pt_dictionary {
    _Atomic int64_t references;
    patron_ctx *ctx;
    pt_id_kind kind;
    int64_t n;
    const int64_t *numbers; /* n; UINT64: the same bits */
    const int64_t *offsets; /* TEXT: n + 1 */
    const char *bytes;      /* TEXT */
    pt_buffer *keep[2];     /* what holds numbers, or offsets and bytes */
} pt_dictionary;

/* Takes references of the buffers. TEXT: keep[0] holds n + 1 offsets, keep[1] bytes; else keep[0] holds n numbers, keep[1] is
 * NULL. */
patron_status pt_dictionary_wrap(patron_ctx *ctx, pt_id_kind kind, int64_t n, pt_buffer *first, pt_buffer *second,
                                 pt_dictionary **out, patron_error *error);
pt_dictionary *pt_dictionary_retain(pt_dictionary *dictionary); /* NULL is legal */
void pt_dictionary_release(pt_dictionary *dictionary);          /* NULL is legal */

static inline pt_string pt_dictionary_text(const pt_dictionary *d, int64_t code) {
    return (pt_string){d->bytes + d->offsets[code], d->offsets[code + 1] - d->offsets[code]};
}

/* The code of a value, -1 if it is not there (also when it is of the other kind). O(log n). */
int64_t pt_dictionary_find(const pt_dictionary *dictionary, const patron_id *id);
void pt_dictionary_id(const pt_dictionary *dictionary, int64_t code, patron_id *out);

/* A list of values with repeats, strings or numbers by kind. used: which count (NULL: all). */
typedef struct pt_entries {
    pt_id_kind kind;
    int64_t n;
    pt_string *strings;
    int64_t *numbers;
    const uint8_t *used;
} pt_entries;

/* The distinct values of a list, and the code of each entry, -1 where not used (a fresh block). name: of the column, for
 * errors. */
patron_status pt_dictionary_from_entries(patron_ctx *ctx, const pt_entries *entries, const char *name, pt_dictionary **out,
                                         int32_t **map, patron_error *error);

/* Codes every row of an integer, text or dictionary column: codes[row] (a fresh block for the caller to pt_free), -1 for null
 * and for empty text. trim: white space around text goes first, *n_trimmed rows were changed. Floats and other types are
 * PATRON_ERR_TYPE. */
patron_status pt_dictionary_encode(patron_ctx *ctx, const pt_column *column, bool trim, pt_dictionary **out, int32_t **codes,
                                   int64_t *n_trimmed, patron_error *error);

/* The union of two dictionaries, and where each old code went (fresh blocks of a->n and b->n codes). Integers do not unite with
 * text. */
patron_status pt_dictionary_unite(const pt_dictionary *a, const pt_dictionary *b, const char *name, pt_dictionary **out,
                                  int32_t **from_a, int32_t **from_b, patron_error *error);

/* Only the values whose used[code] is set; map[code] (a fresh block) is the new code or -1. */
patron_status pt_dictionary_keep(const pt_dictionary *dictionary, const uint8_t *used, pt_dictionary **out, int32_t **map,
                                 patron_error *error);

/* The values as a column of a table: int64, uint64 or large_utf8 without nulls, sharing the dictionary's memory. */
patron_status pt_dictionary_add_to_table(const pt_dictionary *dictionary, const char *name, patron_table *table,
                                         patron_error *error);

#endif
