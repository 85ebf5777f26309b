/* data/encode.c: from a column of ids to codes.
 *
 *   dictionary column      the dictionaries' values are the entries, indices are local codes
 *   integers, dense        a bit per possible value, then ranks by counting bits: two sequential passes over a table that stays
 * in cache integers, scattered    hash table text                   hash table
 *
 * Hash tables are one per worker, so nothing is locked; each gives its own local codes in the order it meets values. Which
 * worker took which block is chance, but the sorted dictionary at the end is not: entries of all tables are sorted together and
 * the local codes are mapped. Lookups are cache misses by nature (a million users do not fit), so rows are hashed in batches
 * that are prefetched.
 *
 * A text slot is 32 bytes and holds strings up to 16 bytes whole, as two words that may overlap: with the length, they say
 * everything. */
#include "data/dictionary.h"

#include "base/hash.h"

#include <string.h>

enum { BLOCK = 65536, PIECE = 512, AHEAD = 24 };

typedef struct slot {
    uint64_t hash; /* never 0 in use */
    uint64_t a, b; /* the string's words (see words_of), or the number in a */
    uint32_t length;
    int32_t code; /* local */
} slot;

/* A growing hash table and the values it has met; text stays in the column. */
typedef struct table {
    slot *slots;
    int64_t n_slots; /* a power of two */
    int64_t n, capacity;
    pt_string *strings;
    int64_t *numbers;
    int64_t n_trimmed;
} table;

typedef struct encoder {
    patron_ctx *ctx;
    const pt_column *column;
    pt_id_kind kind;
    bool trim;
    int32_t *codes;
    table tables[PT_MAX_THREADS];
    uint8_t *worker_of_block;
    int64_t base[PT_MAX_THREADS]; /* where a worker's entries begin in the list of all */
    int32_t *map;
    int64_t low; /* dense integers: the least value */
    _Atomic uint64_t *bits;
    int64_t *ranks;
    _Atomic int64_t least, most;
} encoder;

/* ---- hash tables -------------------------------------------------------------------------------------------------------- */

static patron_status table_grow(patron_ctx *ctx, table *t, patron_error *error) {
    int64_t n_slots = t->n_slots == 0 ? 1024 : t->n_slots * 2;
    slot *slots;
    patron_status status = pt_alloc_zero(ctx, &slots, n_slots, sizeof *slots, error);
    if (status != PATRON_OK) return status;
    uint64_t mask = (uint64_t)n_slots - 1;
    for (int64_t i = 0; i < t->n_slots; i++) {
        if (t->slots[i].hash == 0) continue;
        uint64_t at = t->slots[i].hash & mask;
        while (slots[at].hash != 0) at = (at + 1) & mask;
        slots[at] = t->slots[i];
    }
    pt_free(ctx, t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return PATRON_OK;
}

static patron_status table_insert(encoder *e, table *t, slot *at, const slot *key, pt_string s, patron_error *error) {
    if (t->n == INT32_MAX)
        return pt_fail(error, PATRON_ERR_LIMIT, "Column '%s' has more than %d distinct values", e->column->field.name,
                       INT32_MAX);
    bool text = e->kind == PT_IDS_TEXT;
    patron_status status = text ? pt_grow(e->ctx, &t->strings, t->n, &t->capacity, t->n + 1, sizeof *t->strings, error)
                                : pt_grow(e->ctx, &t->numbers, t->n, &t->capacity, t->n + 1, sizeof *t->numbers, error);
    if (status != PATRON_OK) return status;
    if (text)
        t->strings[t->n] = s;
    else
        t->numbers[t->n] = (int64_t)key->a;
    *at = *key;
    at->code = (int32_t)t->n++;
    return PATRON_OK;
}

static bool same_key(const table *t, const slot *at, const slot *key, pt_string s) {
    if (at->hash != key->hash || at->a != key->a || at->b != key->b || at->length != key->length) return false;
    if (s.length <= 16) return true;
    pt_string other = t->strings[at->code];
    return other.length == s.length && memcmp(other.data, s.data, (size_t)s.length) == 0;
}

static patron_status table_code(encoder *e, table *t, const slot *key, pt_string s, int32_t *code, patron_error *error) {
    uint64_t mask = (uint64_t)t->n_slots - 1, at = key->hash & mask;
    for (; t->slots[at].hash != 0; at = (at + 1) & mask) {
        if (!same_key(t, &t->slots[at], key, s)) continue;
        *code = t->slots[at].code;
        return PATRON_OK;
    }
    *code = (int32_t)t->n;
    return table_insert(e, t, &t->slots[at], key, s, error);
}

/* A piece grows the table beforehand, so that slots do not move while it is looked up. */
static patron_status table_make_room(encoder *e, table *t, patron_error *error) {
    while (t->n + PIECE > t->n_slots / 2) {
        patron_status status = table_grow(e->ctx, t, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

static slot text_key(pt_string s) {
    slot key = {.length = s.length < UINT32_MAX ? (uint32_t)s.length : UINT32_MAX};
    const char *p = s.data;
    if (s.length >= 8) {
        key.a = pt_load_u64(p);
        key.b = pt_load_u64(p + s.length - 8);
    } else if (s.length >= 4) {
        key.a = pt_load_u32(p);
        key.b = pt_load_u32(p + s.length - 4);
    } else {
        key.a = (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[s.length / 2] << 8 | (uint8_t)p[s.length - 1];
    }
    key.hash = s.length <= 16 ? pt_fold(key.a ^ 0x2d358dccaa6c78a5u, key.b ^ (uint64_t)s.length * 0x8bb84b93962eacc9u)
                              : pt_hash_bytes(p, s.length);
    key.hash = pt_fold(key.hash, 0x9e3779b97f4a7c15u) | 1;
    return key;
}

/* Length of a white space character at the start of [p, end), 0 if there is none: ASCII, no-break space, ideographic space. */
static int64_t space_at(const char *p, const char *end) {
    unsigned char c = (unsigned char)*p;
    if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
    if (end - p >= 2 && c == 0xc2 && (unsigned char)p[1] == 0xa0) return 2;
    if (end - p >= 3 && c == 0xe3 && (unsigned char)p[1] == 0x80 && (unsigned char)p[2] == 0x80) return 3;
    return 0;
}

static pt_string trimmed(pt_string s) {
    const char *p = s.data, *end = s.data + s.length;
    for (int64_t n; p < end && (n = space_at(p, end)) > 0;) p += n;
    for (bool more = true; more && p < end;) {
        more = false;
        for (int64_t n = 1; n <= 3 && n <= end - p; n++) {
            if (space_at(end - n, end) != n) continue;
            end -= n;
            more = true;
            break;
        }
    }
    return (pt_string){p, end - p};
}

static void prefetch_slot(const table *t, const slot *key) {
    __builtin_prefetch(&t->slots[key->hash & ((uint64_t)t->n_slots - 1)]);
}

static patron_status encode_text(encoder *e, table *t, int64_t first, int64_t n, patron_error *error) {
    pt_string strings[PIECE];
    slot keys[PIECE];
    patron_status status = table_make_room(e, t, error);
    if (status != PATRON_OK) return status;
    (void)pt_column_string(e->column, first, n, strings, NULL); /* fails on other types only */
    for (int64_t i = 0; i < n; i++) {
        if (e->trim && strings[i].data != NULL) {
            pt_string cut = trimmed(strings[i]);
            t->n_trimmed += cut.length != strings[i].length;
            strings[i] = cut;
        }
        keys[i] = strings[i].data != NULL && strings[i].length > 0 ? text_key(strings[i]) : (slot){0};
    }
    for (int64_t i = 0; i < AHEAD && i < n; i++) prefetch_slot(t, &keys[i]);
    for (int64_t i = 0; i < n && status == PATRON_OK; i++) {
        if (i + AHEAD < n) prefetch_slot(t, &keys[i + AHEAD]);
        e->codes[first + i] = -1;
        if (keys[i].hash != 0) status = table_code(e, t, &keys[i], strings[i], &e->codes[first + i], error);
    }
    return status;
}

/* ---- integers ------------------------------------------------------------------------------------------------------------ */

/* Unsigned 64-bit values as the signed ones with the same bits. */
static void read_unsigned(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *valid) {
    for (int64_t c = pt_column_find_chunk(column, first); n > 0; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        int64_t at = first - chunk->start, m = chunk->length - at < n ? chunk->length - at : n;
        memcpy(out, (const int64_t *)chunk->values + chunk->offset + at, (size_t)m * sizeof *out);
        if (chunk->validity != NULL)
            pt_expand_bits(chunk->validity, chunk->offset + at, m, valid);
        else
            memset(valid, 1, (size_t)m);
        first += m;
        n -= m;
        out += m;
        valid += m;
    }
}

/* Rows of the column as int64: in place where they can be, else in buffer. *all: there are no nulls. */
static const int64_t *read_numbers(const encoder *e, int64_t first, int64_t n, int64_t *buffer, uint8_t *valid, bool *all) {
    *all = true;
    const int64_t *place = pt_column_borrow_int64(e->column, first, n);
    if (place != NULL) return place;
    if (e->kind == PT_IDS_UINT64)
        read_unsigned(e->column, first, n, buffer, valid);
    else
        (void)pt_column_int64(e->column, first, n, buffer, valid, NULL); /* fails on large unsigned ones only */
    *all = e->column->null_count == 0;
    return buffer;
}

static patron_status encode_numbers(encoder *e, table *t, int64_t first, int64_t n, patron_error *error) {
    int64_t buffer[PIECE];
    uint8_t valid[PIECE];
    slot keys[PIECE];
    bool all;
    patron_status status = table_make_room(e, t, error);
    if (status != PATRON_OK) return status;
    const int64_t *numbers = read_numbers(e, first, n, buffer, valid, &all);
    for (int64_t i = 0; i < n; i++)
        keys[i] =
            all || valid[i] ? (slot){.hash = pt_hash_u64((uint64_t)numbers[i]) | 1, .a = (uint64_t)numbers[i]} : (slot){0};
    for (int64_t i = 0; i < AHEAD && i < n; i++) prefetch_slot(t, &keys[i]);
    for (int64_t i = 0; i < n && status == PATRON_OK; i++) {
        if (i + AHEAD < n) prefetch_slot(t, &keys[i + AHEAD]);
        e->codes[first + i] = -1;
        if (keys[i].hash != 0) status = table_code(e, t, &keys[i], (pt_string){0}, &e->codes[first + i], error);
    }
    return status;
}

static patron_status range_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    encoder *e = arg;
    int64_t buffer[PIECE], least = INT64_MAX, most = INT64_MIN;
    uint8_t valid[PIECE];
    int64_t end = e->column->length < (block + 1) * BLOCK ? e->column->length : (block + 1) * BLOCK;
    for (int64_t first = block * BLOCK; first < end; first += PIECE) {
        int64_t n = end - first < PIECE ? end - first : PIECE;
        bool all;
        const int64_t *numbers = read_numbers(e, first, n, buffer, valid, &all);
        for (int64_t i = 0; i < n; i++) {
            if (!all && !valid[i]) continue;
            if (numbers[i] < least) least = numbers[i];
            if (numbers[i] > most) most = numbers[i];
        }
    }
    pt_lower(&e->least, least);
    pt_raise(&e->most, most);
    return PATRON_OK;
}

/* Marks values (codes NULL) or turns them into ranks. */
static void dense_rows(encoder *e, int64_t block, bool mark) {
    int64_t buffer[PIECE];
    uint8_t valid[PIECE];
    int64_t end = e->column->length < (block + 1) * BLOCK ? e->column->length : (block + 1) * BLOCK;
    for (int64_t first = block * BLOCK; first < end; first += PIECE) {
        int64_t n = end - first < PIECE ? end - first : PIECE;
        bool all;
        const int64_t *numbers = read_numbers(e, first, n, buffer, valid, &all);
        for (int64_t i = 0; i < n; i++) {
            if (!all && !valid[i]) {
                if (!mark) e->codes[first + i] = -1;
                continue;
            }
            uint64_t at = (uint64_t)numbers[i] - (uint64_t)e->low, bit = (uint64_t)1 << (at & 63);
            uint64_t word = atomic_load_explicit(&e->bits[at >> 6], memory_order_relaxed);
            if (!mark)
                e->codes[first + i] = (int32_t)(e->ranks[at >> 6] + __builtin_popcountll(word & (bit - 1)));
            else if ((word & bit) == 0)
                atomic_fetch_or_explicit(&e->bits[at >> 6], bit, memory_order_relaxed);
        }
    }
}

static patron_status mark_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    dense_rows(arg, block, true);
    return PATRON_OK;
}

static patron_status rank_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    dense_rows(arg, block, false);
    return PATRON_OK;
}

static patron_status encode_dense(encoder *e, pt_dictionary **out, patron_error *error) {
    patron_ctx *ctx = e->ctx;
    patron_status status;
    pt_buffer *values = NULL;
    int64_t n_blocks = pt_chunks(e->column->length, BLOCK), n = 0;
    int64_t n_words = (int64_t)(((uint64_t)atomic_load(&e->most) - (uint64_t)e->low) / 64 + 1);
    PT_TRY(pt_alloc_zero(ctx, &e->bits, n_words, sizeof *e->bits, error));
    PT_TRY(pt_alloc(ctx, &e->ranks, n_words, sizeof *e->ranks, error));
    PT_TRY(pt_parallel(ctx, n_blocks, mark_task, e, error));
    for (int64_t i = 0; i < n_words; i++) {
        e->ranks[i] = n;
        n += __builtin_popcountll(atomic_load_explicit(&e->bits[i], memory_order_relaxed));
    }
    if (n > INT32_MAX) {
        status = pt_fail(error, PATRON_ERR_LIMIT, "Column '%s' has %lld distinct values; expected at most %d",
                         e->column->field.name, (long long)n, INT32_MAX);
        goto cleanup;
    }
    PT_TRY(pt_buffer_create(ctx, n * 8, &values, error));
    int64_t *value = values->data;
    for (int64_t i = 0; i < n_words; i++)
        for (uint64_t word = e->bits[i]; word != 0; word &= word - 1)
            *value++ = (int64_t)((uint64_t)e->low + (uint64_t)i * 64 + (uint64_t)__builtin_ctzll(word));
    PT_TRY(pt_parallel(ctx, n_blocks, rank_task, e, error));
    PT_TRY(pt_dictionary_wrap(ctx, PT_IDS_INT64, n, values, NULL, out, error)); /* unsigned ones up to 2^63 - 1 too */
cleanup:
    pt_buffer_release(values);
    return status;
}

/* ---- hashed: local codes, then sorted ones ---------------------------------------------------------------------------- */

static patron_status hash_task(void *arg, int64_t block, int worker, patron_error *error) {
    encoder *e = arg;
    table *t = &e->tables[worker];
    e->worker_of_block[block] = (uint8_t)worker;
    int64_t end = e->column->length < (block + 1) * BLOCK ? e->column->length : (block + 1) * BLOCK;
    for (int64_t first = block * BLOCK; first < end; first += PIECE) {
        int64_t n = end - first < PIECE ? end - first : PIECE;
        patron_status status =
            e->kind == PT_IDS_TEXT ? encode_text(e, t, first, n, error) : encode_numbers(e, t, first, n, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

static patron_status map_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    encoder *e = arg;
    const int32_t *map = e->map + e->base[e->worker_of_block[block]];
    int64_t end = e->column->length < (block + 1) * BLOCK ? e->column->length : (block + 1) * BLOCK;
    for (int64_t i = block * BLOCK; i < end; i++)
        if (e->codes[i] >= 0) e->codes[i] = map[e->codes[i]];
    return PATRON_OK;
}

static patron_status encode_hashed(encoder *e, pt_dictionary **out, patron_error *error) {
    patron_ctx *ctx = e->ctx;
    patron_status status;
    pt_entries entries = {.kind = e->kind};
    pt_dictionary *dictionary = NULL;
    int64_t n_blocks = pt_chunks(e->column->length, BLOCK);
    PT_TRY(pt_alloc(ctx, &e->worker_of_block, n_blocks, 1, error));
    PT_TRY(pt_parallel_named(ctx, e->column->field.name, n_blocks, hash_task, e, error));
    for (int i = 0; i < PT_MAX_THREADS; i++) {
        e->base[i] = entries.n;
        entries.n += e->tables[i].n;
        pt_free(ctx, e->tables[i].slots);
        e->tables[i].slots = NULL;
    }
    bool text = e->kind == PT_IDS_TEXT;
    if (text)
        PT_TRY(pt_alloc(ctx, &entries.strings, entries.n, sizeof *entries.strings, error));
    else
        PT_TRY(pt_alloc(ctx, &entries.numbers, entries.n, sizeof *entries.numbers, error));
    for (int i = 0; i < PT_MAX_THREADS; i++) {
        const table *t = &e->tables[i];
        if (t->n == 0) continue;
        if (text)
            memcpy(entries.strings + e->base[i], t->strings, (size_t)t->n * sizeof *t->strings);
        else
            memcpy(entries.numbers + e->base[i], t->numbers, (size_t)t->n * sizeof *t->numbers);
    }
    PT_TRY(pt_dictionary_from_entries(ctx, &entries, e->column->field.name, &dictionary, &e->map, error));
    PT_TRY(pt_parallel(ctx, n_blocks, map_task, e, error));
    *out = dictionary;
    dictionary = NULL;
cleanup:
    pt_dictionary_release(dictionary);
    pt_free(ctx, entries.strings);
    pt_free(ctx, entries.numbers);
    return status;
}

/* ---- dictionary columns ------------------------------------------------------------------------------------------------ */

static bool holds_ids(patron_type type) {
    return pt_is_integer(type) || pt_is_text(type) || type == PATRON_TYPE_DICTIONARY || type == PATRON_TYPE_NULL;
}

/* One byte a value of a dictionary: whether it loses white space. */
static patron_status mark_trimmed(patron_ctx *ctx, const pt_column *values, uint8_t **out, patron_error *error) {
    pt_string strings[PIECE];
    patron_status status = pt_alloc(ctx, out, values->length, 1, error);
    for (int64_t first = 0; first < values->length && status == PATRON_OK; first += PIECE) {
        int64_t n = values->length - first < PIECE ? values->length - first : PIECE;
        (void)pt_column_string(values, first, n, strings, NULL); /* text: some was trimmed */
        for (int64_t i = 0; i < n; i++)
            (*out)[first + i] = strings[i].data != NULL && trimmed(strings[i]).length != strings[i].length;
    }
    return status;
}

/* Encodes the values of every chunk's dictionary, unites them, keeps those that are used. Producers share one dictionary among
 * chunks, so runs of the same one are encoded once. */
static patron_status encode_dictionary(encoder *e, pt_dictionary **out, patron_error *error) {
    patron_ctx *ctx = e->ctx;
    const pt_column *column = e->column;
    patron_status status;
    pt_dictionary *all = NULL, *part = NULL, *united = NULL;
    int32_t *part_codes = NULL, *from_all = NULL, *from_part = NULL, *value_codes = NULL, *map = NULL;
    uint8_t *used = NULL, *changed = NULL;
    int64_t buffer[PIECE];
    uint8_t valid[PIECE];
    for (int64_t c = 0; c < column->n_chunks; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        if (c == 0 || chunk->dictionary != column->chunks[c - 1].dictionary) {
            pt_free(ctx, part_codes);
            part_codes = NULL;
            if (!holds_ids(chunk->dictionary->field.type)) { /* said here, since the values have no name of their own */
                status = pt_fail(error, PATRON_ERR_TYPE, "Column '%s' holds a dictionary of %s; expected integers or text",
                                 column->field.name, patron_type_name(chunk->dictionary->field.type));
                goto cleanup;
            }
            int64_t n_trimmed = 0; /* of the values; rows are counted below */
            pt_free(ctx, changed);
            changed = NULL;
            PT_TRY(pt_dictionary_encode(ctx, chunk->dictionary, e->trim, &part, &part_codes, &n_trimmed, error));
            if (n_trimmed > 0) PT_TRY(mark_trimmed(ctx, chunk->dictionary, &changed, error));
            if (all == NULL) {
                all = part;
                part = NULL;
                value_codes = part_codes;
            } else {
                PT_TRY(pt_dictionary_unite(all, part, column->field.name, &united, &from_all, &from_part, error));
                for (int64_t i = 0; i < chunk->start; i++)
                    if (e->codes[i] >= 0) e->codes[i] = from_all[e->codes[i]];
                for (int64_t i = 0; i < chunk->dictionary->length; i++)
                    if (part_codes[i] >= 0) part_codes[i] = from_part[part_codes[i]];
                value_codes = part_codes;
                pt_dictionary_release(all);
                pt_dictionary_release(part);
                pt_free(ctx, from_all);
                pt_free(ctx, from_part);
                all = united;
                united = part = NULL;
                from_all = from_part = NULL;
            }
        }
        for (int64_t first = 0; first < chunk->length; first += PIECE) {
            int64_t n = chunk->length - first < PIECE ? chunk->length - first : PIECE;
            pt_read_indices(column->field.index_type, chunk->values, chunk->offset + first, n, buffer);
            if (chunk->validity != NULL) pt_expand_bits(chunk->validity, chunk->offset + first, n, valid);
            for (int64_t i = 0; i < n; i++)
                e->codes[chunk->start + first + i] = chunk->validity == NULL || valid[i] ? value_codes[buffer[i]] : -1;
            for (int64_t i = 0; changed != NULL && i < n; i++)
                e->tables[0].n_trimmed += (chunk->validity == NULL || valid[i]) && changed[buffer[i]];
        }
        PT_TRY(pt_poll(ctx, error));
    }
    if (all == NULL) {
        PT_TRY(pt_dictionary_from_entries(ctx, &(pt_entries){.kind = PT_IDS_TEXT}, column->field.name, out, &map, error));
        goto cleanup;
    }
    PT_TRY(pt_alloc_zero(ctx, &used, all->n, 1, error));
    for (int64_t i = 0; i < column->length; i++)
        if (e->codes[i] >= 0) used[e->codes[i]] = 1;
    PT_TRY(pt_dictionary_keep(all, used, out, &map, error));
    for (int64_t i = 0; i < column->length; i++)
        if (e->codes[i] >= 0) e->codes[i] = map[e->codes[i]];
cleanup:
    pt_dictionary_release(all);
    pt_dictionary_release(part);
    pt_dictionary_release(united);
    pt_free(ctx, part_codes);
    pt_free(ctx, from_all);
    pt_free(ctx, from_part);
    pt_free(ctx, map);
    pt_free(ctx, used);
    pt_free(ctx, changed);
    return status;
}

/* ---- the door ---------------------------------------------------------------------------------------------------------- */

patron_status pt_dictionary_encode(patron_ctx *ctx, const pt_column *column, bool trim, pt_dictionary **out, int32_t **codes,
                                   int64_t *n_trimmed, patron_error *error) {
    patron_status status;
    encoder *e = NULL;
    pt_dictionary *dictionary = NULL;
    patron_type type = column->field.type;
    bool integers = pt_is_integer(type);
    if (!holds_ids(type))
        return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' holds %s; expected integers or text", column->field.name,
                       patron_type_name(type));
    PT_TRY(pt_alloc_zero(ctx, &e, 1, sizeof *e, error));
    e->ctx = ctx;
    e->column = column;
    e->trim = trim;
    e->kind = type == PATRON_TYPE_UINT64 ? PT_IDS_UINT64 : integers ? PT_IDS_INT64 : PT_IDS_TEXT;
    e->least = INT64_MAX;
    e->most = INT64_MIN;
    PT_TRY(pt_alloc(ctx, &e->codes, column->length, sizeof *e->codes, error));
    if (type == PATRON_TYPE_NULL) {
        for (int64_t i = 0; i < column->length; i++) e->codes[i] = -1;
        PT_TRY(pt_dictionary_from_entries(ctx, &(pt_entries){.kind = PT_IDS_TEXT}, column->field.name, &dictionary, &e->map,
                                          error));
    } else if (type == PATRON_TYPE_DICTIONARY) {
        PT_TRY(encode_dictionary(e, &dictionary, error));
    } else if (!integers) {
        PT_TRY(encode_hashed(e, &dictionary, error));
    } else {
        PT_TRY(pt_parallel(ctx, pt_chunks(column->length, BLOCK), range_task, e, error));
        e->low = e->least;
        uint64_t width = e->least > e->most ? UINT64_MAX : (uint64_t)e->most - (uint64_t)e->least;
        if (width / 32 < (uint64_t)column->length && (e->kind == PT_IDS_INT64 || e->least >= 0))
            PT_TRY(encode_dense(e, &dictionary, error));
        else
            PT_TRY(encode_hashed(e, &dictionary, error));
    }
    *out = dictionary;
    *codes = e->codes;
    e->codes = NULL;
    for (int i = 0; i < PT_MAX_THREADS; i++) *n_trimmed += e->tables[i].n_trimmed;
cleanup:
    if (e != NULL) {
        for (int i = 0; i < PT_MAX_THREADS; i++) {
            pt_free(ctx, e->tables[i].slots);
            pt_free(ctx, e->tables[i].strings);
            pt_free(ctx, e->tables[i].numbers);
        }
        pt_free(ctx, e->codes);
        pt_free(ctx, e->worker_of_block);
        pt_free(ctx, e->map);
        pt_free(ctx, (void *)e->bits);
        pt_free(ctx, e->ranks);
        pt_free(ctx, e);
    }
    return status;
}
