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

/* ---- from entries ---------------------------------------------------------------------------------------------------- */

typedef struct text_order {
    const pt_string *strings;
    int64_t skip; /* bytes known to be equal */
} text_order;

static int compare_rest(const void *state, uint64_t a, uint64_t b) {
    const text_order *order = state;
    pt_string x = order->strings[a], y = order->strings[b];
    int64_t skip_x = x.length < order->skip ? x.length : order->skip, skip_y = y.length < order->skip ? y.length : order->skip;
    return compare_text((pt_string){x.data + skip_x, x.length - skip_x}, (pt_string){y.data + skip_y, y.length - skip_y});
}

/* How many leading bytes all used strings share. */
static int64_t shared_prefix(const pt_entries *entries) {
    pt_string first = {NULL, 0};
    int64_t shared = 0;
    for (int64_t i = 0; i < entries->n; i++) {
        if (entries->used != NULL && !entries->used[i]) continue;
        pt_string s = entries->strings[i];
        if (first.data == NULL) {
            first = s;
            shared = s.length;
        }
        if (shared > s.length) shared = s.length;
        for (int64_t j = 0; j < shared; j++)
            if (s.data[j] != first.data[j]) shared = j;
    }
    return shared;
}

/* Eight bytes from `skip` on as a big-endian number, zeros beyond the end. */
static uint64_t prefix_key(pt_string s, int64_t skip) {
    uint64_t key = 0;
    int64_t rest = s.length - skip;
    if (rest >= 8) {
        memcpy(&key, s.data + skip, 8);
        return __builtin_bswap64(key);
    }
    if (rest > 0) memcpy(&key, s.data + skip, (size_t)rest);
    return __builtin_bswap64(key);
}

/* Sorts runs of equal keys by the rest of the text. order: entry numbers, sorted by key. */
static patron_status sort_equal_keys(patron_ctx *ctx, const text_order *text, int64_t n, const uint64_t *keys, uint64_t *order,
                                     uint64_t *scratch, patron_error *error) {
    for (int64_t first = 0, next; first < n; first = next) {
        for (next = first + 1; next < n && keys[next] == keys[first];) next++;
        if (next - first < 2) continue;
        patron_status status = pt_merge_sort(ctx, next - first, order + first, scratch, compare_rest, text, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

static bool same_entry(const pt_entries *entries, uint64_t a, uint64_t b) {
    if (entries->kind != PT_IDS_TEXT) return entries->numbers[a] == entries->numbers[b];
    pt_string x = entries->strings[a], y = entries->strings[b];
    return x.length == y.length && memcmp(x.data, y.data, (size_t)x.length) == 0;
}

/* Copies the chosen entries, in code order, into fresh buffers. */
static patron_status store(patron_ctx *ctx, const pt_entries *entries, int64_t n, const uint64_t *chosen, pt_dictionary **out,
                           patron_error *error) {
    patron_status status;
    pt_buffer *first = NULL, *second = NULL;
    PT_TRY(pt_buffer_create(ctx, (n + (entries->kind == PT_IDS_TEXT)) * 8, &first, error));
    int64_t *numbers = first->data;
    if (entries->kind != PT_IDS_TEXT) {
        for (int64_t i = 0; i < n; i++) numbers[i] = entries->numbers[chosen[i]];
    } else {
        numbers[0] = 0;
        for (int64_t i = 0; i < n; i++) numbers[i + 1] = numbers[i] + entries->strings[chosen[i]].length;
        PT_TRY(pt_buffer_create(ctx, numbers[n], &second, error));
        char *bytes = second->data;
        for (int64_t i = 0; i < n; i++)
            memcpy(bytes + numbers[i], entries->strings[chosen[i]].data, (size_t)entries->strings[chosen[i]].length);
    }
    pt_id_kind kind = entries->kind;
    if (kind == PT_IDS_UINT64 && (n == 0 || numbers[n - 1] >= 0)) kind = PT_IDS_INT64; /* one form for the same values */
    PT_TRY(pt_dictionary_wrap(ctx, kind, n, first, second, out, error));
cleanup:
    pt_buffer_release(first);
    pt_buffer_release(second);
    return status;
}

patron_status pt_dictionary_from_entries(patron_ctx *ctx, const pt_entries *entries, const char *name, pt_dictionary **out,
                                         int32_t **map, patron_error *error) {
    patron_status status;
    uint64_t *keys = NULL, *order = NULL, *scratch = NULL;
    int32_t *codes = NULL;
    PT_TRY(pt_alloc(ctx, &keys, entries->n, sizeof *keys, error));
    PT_TRY(pt_alloc(ctx, &order, entries->n, sizeof *order, error));
    PT_TRY(pt_alloc(ctx, &scratch, 2 * entries->n, sizeof *scratch, error));
    PT_TRY(pt_alloc(ctx, &codes, entries->n, sizeof *codes, error));
    bool text = entries->kind == PT_IDS_TEXT;
    int64_t skip = text ? shared_prefix(entries) : 0, n = 0;
    for (int64_t i = 0; i < entries->n; i++) {
        codes[i] = -1;
        if (entries->used != NULL && !entries->used[i]) continue;
        keys[n] = text ? prefix_key(entries->strings[i], skip) : number_key(entries->kind, entries->numbers[i]);
        order[n++] = (uint64_t)i;
    }
    PT_TRY(pt_sort_pairs(ctx, n, keys, order, scratch, scratch + entries->n, error));
    if (text) PT_TRY(sort_equal_keys(ctx, &(text_order){entries->strings, skip}, n, keys, order, scratch, error));
    int64_t n_codes = 0;
    for (int64_t i = 0; i < n; i++) { /* scratch: the first entry of each code */
        if (n_codes == 0 || !same_entry(entries, order[i], scratch[n_codes - 1])) {
            if (n_codes == INT32_MAX) {
                status = pt_fail(error, PATRON_ERR_LIMIT, "Column '%s' has more than %d distinct values", name, INT32_MAX);
                goto cleanup;
            }
            scratch[n_codes++] = order[i];
        }
        codes[order[i]] = (int32_t)(n_codes - 1);
    }
    PT_TRY(store(ctx, entries, n_codes, scratch, out, error));
    *map = codes;
    codes = NULL;
cleanup:
    pt_free(ctx, keys);
    pt_free(ctx, order);
    pt_free(ctx, scratch);
    pt_free(ctx, codes);
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
