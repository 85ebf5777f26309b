/* data/dictionary.c: sorted distinct values.
 *
 * Every dictionary comes out of one step: a list of entries (values, with repeats) is sorted, equal neighbours become one
 * code, and a map says which code each entry got. Encoding a column, uniting two dictionaries and dropping unused values differ
 * only in where the entries come from.
 *
 * Text is sorted by radix on the eight bytes after the prefix that all entries share ("customer_"), and the few entries whose
 * eight bytes agree are then sorted by comparison. Bytes order UTF-8 by code point. */
#include "data/dictionary.h"

#include "base/merge_sort.h"
#include "base/sort.h"

#include <string.h>

patron_status pt_dictionary_wrap(patron_ctx *ctx, pt_id_kind kind, int64_t n, pt_buffer *first, pt_buffer *second,
                                 pt_dictionary **out, patron_error *error) {
    pt_dictionary *d;
    if (n > INT32_MAX)
        return pt_fail(error, PATRON_ERR_LIMIT, "A dictionary has %lld values; expected at most %d", (long long)n, INT32_MAX);
    patron_status status = pt_alloc_zero(ctx, &d, 1, sizeof *d, error);
    if (status != PATRON_OK) return status;
    d->references = 1;
    d->ctx = pt_ctx_retain(ctx);
    d->kind = kind;
    d->n = n;
    d->keep[0] = pt_buffer_retain(first);
    d->keep[1] = pt_buffer_retain(second);
    if (kind == PT_IDS_TEXT) {
        d->offsets = first->data;
        d->bytes = second->data;
    } else {
        d->numbers = first->data;
    }
    *out = d;
    return PATRON_OK;
}

pt_dictionary *pt_dictionary_retain(pt_dictionary *d) {
    if (d != NULL) atomic_fetch_add_explicit(&d->references, 1, memory_order_relaxed);
    return d;
}

void pt_dictionary_release(pt_dictionary *d) {
    if (d == NULL || atomic_fetch_sub_explicit(&d->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = d->ctx;
    pt_buffer_release(d->keep[0]);
    pt_buffer_release(d->keep[1]);
    pt_free(ctx, d);
    patron_ctx_destroy(ctx);
}

static int compare_text(pt_string a, pt_string b) {
    int64_t n = a.length < b.length ? a.length : b.length;
    int order = n > 0 ? memcmp(a.data, b.data, (size_t)n) : 0;
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* The order of numbers as that of unsigned keys. */
static uint64_t number_key(pt_id_kind kind, int64_t number) {
    return kind == PT_IDS_UINT64 ? (uint64_t)number : (uint64_t)number ^ (uint64_t)1 << 63;
}

int64_t pt_dictionary_find(const pt_dictionary *d, const patron_id *id) {
    if ((id->text != NULL) != (d->kind == PT_IDS_TEXT)) return -1;
    pt_string text = {id->text, id->length};
    uint64_t key = number_key(d->kind, id->number);
    int64_t low = 0, high = d->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        int order;
        if (d->kind == PT_IDS_TEXT) {
            order = compare_text(pt_dictionary_text(d, middle), text);
        } else {
            uint64_t value = number_key(d->kind, d->numbers[middle]);
            order = (value > key) - (value < key);
        }
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

void pt_dictionary_id(const pt_dictionary *d, int64_t code, patron_id *out) {
    *out = (patron_id){0};
    if (d->kind == PT_IDS_TEXT) {
        pt_string text = pt_dictionary_text(d, code);
        out->text = text.data;
        out->length = text.length;
    } else {
        out->number = d->numbers[code];
    }
}

/* ---- from entries ----------------------------------------------------------------------------------------------------
 *
 * Entries lie wherever the column's text lies, so every look at one is a cache miss: each pass runs on all threads.
 *
 *   keys, order   of the used entries, sorted by key, then by the rest of the text
 *   fresh[i]      entry order[i] is the first of its code
 *   codes[e]      how many fresh entries come up to it
 */

enum { BLOCK = 16384 };

typedef struct sorting {
    patron_ctx *ctx;
    const pt_entries *entries;
    pt_string first;        /* any used text */
    _Atomic int64_t shared; /* bytes that all used texts begin with */
    int64_t n;              /* used entries */
    uint64_t *keys, *order, *scratch;
    uint8_t *fresh;
    int64_t *counts; /* by block: fresh entries in it, then before it */
    int32_t *codes;
    uint64_t *chosen;
    int64_t n_codes;
    int64_t *offsets;
    char *bytes;
} sorting;

static int64_t block_end(int64_t n, int64_t block) { return n < (block + 1) * BLOCK ? n : (block + 1) * BLOCK; }

static patron_status prefix_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    int64_t shared = atomic_load_explicit(&s->shared, memory_order_relaxed), end = block_end(s->n, block);
    for (int64_t i = block * BLOCK; i < end; i++) {
        pt_string text = s->entries->strings[s->order[i]];
        if (shared > text.length) shared = text.length;
        for (int64_t j = 0; j < shared; j++)
            if (text.data[j] != s->first.data[j]) shared = j;
    }
    pt_lower(&s->shared, shared);
    return PATRON_OK;
}

/* Eight bytes from `skip` on as a big-endian number, zeros beyond the end. */
static uint64_t prefix_key(pt_string s, int64_t skip) {
    uint64_t key = 0;
    int64_t rest = s.length - skip;
    if (rest > 0) memcpy(&key, s.data + skip, rest < 8 ? (size_t)rest : 8);
    return __builtin_bswap64(key);
}

static patron_status key_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    const pt_entries *entries = s->entries;
    int64_t end = block_end(s->n, block);
    for (int64_t i = block * BLOCK; i < end; i++)
        s->keys[i] = entries->kind == PT_IDS_TEXT ? prefix_key(entries->strings[s->order[i]], s->shared)
                                                  : number_key(entries->kind, entries->numbers[s->order[i]]);
    return PATRON_OK;
}

static int compare_entries(const void *state, uint64_t a, uint64_t b) {
    const sorting *s = state;
    pt_string x = s->entries->strings[a], y = s->entries->strings[b];
    int64_t skip = s->shared; /* both begin with it */
    return compare_text((pt_string){x.data + skip, x.length - skip}, (pt_string){y.data + skip, y.length - skip});
}

/* Sorts runs of equal keys that begin in the block by the rest of the text, and marks the first of equals. */
static patron_status run_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    sorting *s = arg;
    bool text = s->entries->kind == PT_IDS_TEXT;
    int64_t end = block_end(s->n, block), i = block * BLOCK, n_fresh = 0;
    while (i > 0 && i < end && s->keys[i] == s->keys[i - 1]) i++; /* belongs to the block before */
    while (i < end) {
        int64_t first = i;
        while (i < s->n && s->keys[i] == s->keys[first]) i++;
        if (text && i - first > 1) {
            patron_status status =
                pt_merge_sort(NULL, i - first, s->order + first, s->scratch + first, compare_entries, s, error);
            if (status != PATRON_OK) return status;
        }
        for (int64_t j = first; j < i; j++) {
            s->fresh[j] = j == first || (text && compare_entries(s, s->order[j - 1], s->order[j]) != 0);
            n_fresh += s->fresh[j];
        }
    }
    s->counts[block] = n_fresh;
    return PATRON_OK;
}

/* counts holds what stands before each block's runs, which begin where run_task began. */
static patron_status code_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    int64_t end = block_end(s->n, block), i = block * BLOCK, code = s->counts[block] - 1;
    while (i > 0 && i < end && s->keys[i] == s->keys[i - 1]) i++;
    if (i == end) return PATRON_OK;
    for (; i < s->n && (i < end || s->keys[i] == s->keys[i - 1]); i++) {
        if (s->fresh[i]) s->chosen[++code] = s->order[i];
        s->codes[s->order[i]] = (int32_t)code;
    }
    return PATRON_OK;
}

static patron_status length_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    int64_t end = block_end(s->n_codes, block);
    for (int64_t i = block * BLOCK; i < end; i++) s->offsets[i + 1] = s->entries->strings[s->chosen[i]].length;
    return PATRON_OK;
}

static patron_status copy_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    int64_t end = block_end(s->n_codes, block);
    for (int64_t i = block * BLOCK; i < end; i++) {
        if (s->bytes == NULL)
            s->offsets[i] = s->entries->numbers[s->chosen[i]];
        else
            memcpy(s->bytes + s->offsets[i], s->entries->strings[s->chosen[i]].data,
                   (size_t)(s->offsets[i + 1] - s->offsets[i]));
    }
    return PATRON_OK;
}

/* Copies the chosen entries, in code order, into fresh buffers. */
static patron_status store(sorting *s, pt_dictionary **out, patron_error *error) {
    patron_ctx *ctx = s->ctx;
    patron_status status;
    pt_buffer *first = NULL, *second = NULL;
    pt_id_kind kind = s->entries->kind;
    int64_t n = s->n_codes, n_blocks = pt_chunks(n, BLOCK);
    PT_TRY(pt_buffer_create(ctx, (n + (kind == PT_IDS_TEXT)) * 8, &first, error));
    s->offsets = first->data;
    if (kind == PT_IDS_TEXT) {
        s->offsets[0] = 0;
        PT_TRY(pt_parallel(ctx, n_blocks, length_task, s, error));
        for (int64_t i = 0; i < n; i++) s->offsets[i + 1] += s->offsets[i];
        PT_TRY(pt_buffer_create(ctx, s->offsets[n], &second, error));
        s->bytes = second->data;
    }
    PT_TRY(pt_parallel(ctx, n_blocks, copy_task, s, error));
    if (kind == PT_IDS_UINT64 && (n == 0 || s->offsets[n - 1] >= 0)) kind = PT_IDS_INT64; /* one form for the same values */
    PT_TRY(pt_dictionary_wrap(ctx, kind, n, first, second, out, error));
cleanup:
    pt_buffer_release(first);
    pt_buffer_release(second);
    return status;
}

static patron_status allocate(sorting *s, patron_error *error) {
    patron_ctx *ctx = s->ctx;
    int64_t n = s->entries->n;
    patron_status status;
    PT_TRY(pt_alloc(ctx, &s->keys, n, sizeof *s->keys, error));
    PT_TRY(pt_alloc(ctx, &s->order, n, sizeof *s->order, error));
    PT_TRY(pt_alloc(ctx, &s->scratch, 2 * n, sizeof *s->scratch, error));
    PT_TRY(pt_alloc(ctx, &s->codes, n, sizeof *s->codes, error));
    PT_TRY(pt_alloc(ctx, &s->fresh, n, 1, error));
    PT_TRY(pt_alloc(ctx, &s->counts, pt_chunks(n, BLOCK), sizeof *s->counts, error));
cleanup:
    return status;
}

static patron_status sort_entries(sorting *s, patron_error *error) {
    patron_ctx *ctx = s->ctx;
    const pt_entries *entries = s->entries;
    patron_status status;
    for (int64_t i = 0; i < entries->n; i++) {
        s->codes[i] = -1;
        if (entries->used == NULL || entries->used[i]) s->order[s->n++] = (uint64_t)i;
    }
    int64_t n_blocks = pt_chunks(s->n, BLOCK);
    if (entries->kind == PT_IDS_TEXT && s->n > 0) {
        s->first = entries->strings[s->order[0]];
        s->shared = s->first.length;
        PT_TRY(pt_parallel(ctx, n_blocks, prefix_task, s, error));
    }
    PT_TRY(pt_parallel(ctx, n_blocks, key_task, s, error));
    PT_TRY(pt_sort_pairs(ctx, s->n, s->keys, s->order, s->scratch, s->scratch + entries->n, error));
    PT_TRY(pt_parallel(ctx, n_blocks, run_task, s, error));
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t n_fresh = s->counts[b];
        s->counts[b] = s->n_codes;
        s->n_codes += n_fresh;
    }
    s->chosen = s->scratch;
cleanup:
    return status;
}

patron_status pt_dictionary_from_entries(patron_ctx *ctx, const pt_entries *entries, const char *name, pt_dictionary **out,
                                         int32_t **map, patron_error *error) {
    patron_status status;
    sorting s = {.ctx = ctx, .entries = entries};
    PT_TRY(allocate(&s, error));
    PT_TRY(sort_entries(&s, error));
    if (s.n_codes > INT32_MAX) {
        status = pt_fail(error, PATRON_ERR_LIMIT, "Column '%s' has %lld distinct values; expected at most %d", name,
                         (long long)s.n_codes, INT32_MAX);
        goto cleanup;
    }
    PT_TRY(pt_parallel(ctx, pt_chunks(s.n, BLOCK), code_task, &s, error));
    PT_TRY(store(&s, out, error));
    *map = s.codes;
    s.codes = NULL;
cleanup:
    pt_free(ctx, s.keys);
    pt_free(ctx, s.order);
    pt_free(ctx, s.scratch);
    pt_free(ctx, s.codes);
    pt_free(ctx, s.fresh);
    pt_free(ctx, s.counts);
    return status;
}

/* ---- from dictionaries ------------------------------------------------------------------------------------------------ */

/* Room for entries of a kind. */
static patron_status entries_init(patron_ctx *ctx, pt_id_kind kind, int64_t n, pt_entries *entries, patron_error *error) {
    *entries = (pt_entries){.kind = kind, .n = n};
    return kind == PT_IDS_TEXT ? pt_alloc(ctx, &entries->strings, n, sizeof *entries->strings, error)
                               : pt_alloc(ctx, &entries->numbers, n, sizeof *entries->numbers, error);
}

static void entries_fini(patron_ctx *ctx, pt_entries *entries) {
    pt_free(ctx, entries->strings);
    pt_free(ctx, entries->numbers);
}

static void entries_copy(pt_entries *entries, int64_t first, const pt_dictionary *d) {
    for (int64_t i = 0; i < d->n; i++) {
        if (d->kind == PT_IDS_TEXT)
            entries->strings[first + i] = pt_dictionary_text(d, i);
        else
            entries->numbers[first + i] = d->numbers[i];
    }
}

patron_status pt_dictionary_unite(const pt_dictionary *a, const pt_dictionary *b, const char *name, pt_dictionary **out,
                                  int32_t **from_a, int32_t **from_b, patron_error *error) {
    patron_ctx *ctx = a->ctx;
    pt_id_kind kind = a->n == 0 ? b->kind : b->n == 0 ? a->kind : a->kind > b->kind ? a->kind : b->kind;
    if (a->n > 0 && b->n > 0 && (a->kind == PT_IDS_TEXT) != (b->kind == PT_IDS_TEXT))
        return pt_fail(error, PATRON_ERR_TYPE,
                       "Column '%s' holds integers on one side and text on the other; expected the same", name);
    const pt_dictionary *other = a->kind == PT_IDS_INT64 ? a : b;
    if (a->n > 0 && b->n > 0 && kind == PT_IDS_UINT64 && a->kind != b->kind && other->numbers[0] < 0)
        return pt_fail(
            error, PATRON_ERR_LIMIT,
            "Column '%s' holds %lld on one side and integers above 2^63 on the other; expected one of signed and unsigned",
            name, (long long)other->numbers[0]);
    patron_status status;
    pt_entries entries = {0};
    pt_dictionary *united = NULL;
    int32_t *map = NULL, *second = NULL;
    PT_TRY(entries_init(ctx, kind, a->n + b->n, &entries, error));
    if (a->n > 0) entries_copy(&entries, 0, a);
    if (b->n > 0) entries_copy(&entries, a->n, b);
    PT_TRY(pt_dictionary_from_entries(ctx, &entries, name, &united, &map, error));
    PT_TRY(pt_alloc(ctx, &second, b->n, sizeof *second, error));
    memcpy(second, map + a->n, (size_t)b->n * sizeof *second);
    *out = united;
    *from_a = map;
    *from_b = second;
    united = NULL;
    map = second = NULL;
cleanup:
    entries_fini(ctx, &entries);
    pt_dictionary_release(united);
    pt_free(ctx, map);
    pt_free(ctx, second);
    return status;
}

patron_status pt_dictionary_keep(const pt_dictionary *d, const uint8_t *used, pt_dictionary **out, int32_t **map,
                                 patron_error *error) {
    patron_ctx *ctx = d->ctx;
    patron_status status;
    pt_entries entries = {0};
    PT_TRY(entries_init(ctx, d->kind, d->n, &entries, error));
    entries_copy(&entries, 0, d);
    entries.used = used;
    PT_TRY(pt_dictionary_from_entries(ctx, &entries, "", out, map, error));
cleanup:
    entries_fini(ctx, &entries);
    return status;
}

static void release_dictionary(void *owner) { pt_dictionary_release(owner); }

patron_status pt_dictionary_add_to_table(const pt_dictionary *d, const char *name, patron_table *table, patron_error *error) {
    static const patron_type types[] = {PATRON_TYPE_INT64, PATRON_TYPE_UINT64, PATRON_TYPE_LARGE_UTF8};
    bool text = d->kind == PT_IDS_TEXT;
    patron_column column = {
        .type = types[d->kind], .values = text ? (const void *)d->bytes : d->numbers, .offsets = text ? d->offsets : NULL};
    pt_buffer *both;
    pt_dictionary *shared = (pt_dictionary *)(uintptr_t)d;
    patron_status status = pt_buffer_wrap(d->ctx, NULL, 0, release_dictionary, pt_dictionary_retain(shared), &both, error);
    if (status != PATRON_OK) {
        pt_dictionary_release(shared);
        return status;
    }
    status = pt_table_add(table, name, &column, both, error);
    pt_buffer_release(both);
    return status;
}
