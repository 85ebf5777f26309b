/* data/attributes.h: making attributes out of rows in any order. */
#ifndef PT_DATA_ATTRIBUTES_H
#define PT_DATA_ATTRIBUTES_H

#include "data/events.h"

/* Without rows, with room for columns. */
patron_status pt_attributes_create(patron_ctx *ctx, int64_t n_columns, pt_attributes **out, patron_error *error);

/* data/attributes_sort.c: rows sorted by (key, valid_from, content), each once. A row comes as an event: its user is the key
 * (-1: it leaves), its time valid_from. `rows` is emptied. n_first < 0: they come in any order; else rows [0, n_first) and the
 * rest are two lists in order, all of which enter. *n_repeated: rows that were there already. */
patron_status pt_attributes_arrange(patron_ctx *ctx, pt_events *rows, int64_t n_first, pt_attributes **out, int64_t *n_repeated,
                                    patron_error *error);

/* data/dictionary_match.c: key_of[id] (a fresh block of ids->n): where the value stands in keys, -1 if it does not. Integers
 * and text share nothing. */
patron_status pt_dictionary_match(patron_ctx *ctx, const pt_dictionary *ids, const pt_dictionary *keys, int32_t **key_of,
                                  int64_t *n_matched, patron_error *error);

#endif
