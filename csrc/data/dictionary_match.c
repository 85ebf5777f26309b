/* data/dictionary_match.c: which values two dictionaries share: a merge of two sorted lists, block by block of the first. */
#include "data/attributes.h"

#include <string.h>

enum { BLOCK = 65536 };

typedef struct matching {
    const pt_dictionary *ids, *keys;
    int32_t *key_of; /* of each id, -1: it has no attributes */
    _Atomic int64_t n_matched;
} matching;

static int compare_values(const pt_dictionary *a, int64_t i, const pt_dictionary *b, int64_t j) {
    if (a->kind == PT_IDS_TEXT) {
        pt_string x = pt_dictionary_text(a, i), y = pt_dictionary_text(b, j);
        int64_t n = x.length < y.length ? x.length : y.length;
        int order = memcmp(x.data, y.data, (size_t)n);
        return order != 0 ? order : (x.length > y.length) - (x.length < y.length);
    }
    int64_t x = a->numbers[i], y = b->numbers[j];
    bool below_x = a->kind == PT_IDS_INT64 && x < 0, below_y = b->kind == PT_IDS_INT64 && y < 0;
    if (below_x != below_y) return below_x ? -1 : 1;
    return ((uint64_t)x > (uint64_t)y) - ((uint64_t)x < (uint64_t)y);
}

static patron_status match_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    matching *m = arg;
    int64_t first = block * BLOCK, end = m->ids->n < first + BLOCK ? m->ids->n : first + BLOCK, n_matched = 0;
    int64_t low = 0, high = m->keys->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (compare_values(m->keys, middle, m->ids, first) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (int64_t i = first, k = low; i < end; i++) {
        int order = 1;
        while (k < m->keys->n && (order = compare_values(m->keys, k, m->ids, i)) < 0) k++;
        bool matched = k < m->keys->n && order == 0;
        m->key_of[i] = matched ? (int32_t)k : -1;
        n_matched += matched;
    }
    atomic_fetch_add_explicit(&m->n_matched, n_matched, memory_order_relaxed);
    return PATRON_OK;
}

patron_status pt_dictionary_match(patron_ctx *ctx, const pt_dictionary *ids, const pt_dictionary *keys, int32_t **key_of,
                                  int64_t *n_matched, patron_error *error) {
    matching m = {.ids = ids, .keys = keys};
    patron_status status;
    PT_TRY(pt_alloc(ctx, &m.key_of, ids->n, sizeof *m.key_of, error));
    if ((ids->kind == PT_IDS_TEXT) == (keys->kind == PT_IDS_TEXT))
        PT_TRY(pt_parallel(ctx, pt_chunks(ids->n, BLOCK), match_task, &m, error));
    else
        memset(m.key_of, 0xff, (size_t)ids->n * sizeof *m.key_of);
    *key_of = m.key_of;
    *n_matched = m.n_matched;
    m.key_of = NULL;
cleanup:
    pt_free(ctx, m.key_of);
    return status;
}
