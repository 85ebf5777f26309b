/* base/sort.c: a stable parallel radix sort: one pass by the leading digit through memory, the rest inside the cache.
 *
 * A radix sort by trailing digits alone (LSD) moves all data through memory once a digit, six times for a time stamp. Here the
 * pairs are dealt once by their leading bits into up to 2,048 buckets, and each bucket, now small enough for the cache of one
 * core, is sorted there by trailing digits:
 *
 *     keys     | chunk 0 | chunk 1 | ...        survey: smallest and largest key; already in order?
 *                  |  \  /  |                   count: chunk x bucket table, then running sums bucket by bucket
 *     scratch  | bucket 0 | bucket 1 | ...      deal: each chunk writes its part of each bucket, in order
 *                   |          |
 *     keys     | sorted   | sorted   | ...      finish: groups of small buckets, one task each; a large bucket starts over
 *
 * Digits are taken from key - smallest, so bits that all keys share cost nothing. Dealing chunk by chunk in order and sorting
 * by trailing digits are both stable; so the result is the one stable order, whatever ran where. Chunks and groups are cut by
 * the number of pairs. A bucket that is still large (a crowd of keys near each other, or one value many times) goes through the
 * same steps on its own narrower range: every level takes at least 4 bits, and a bucket of one value ends at its survey.
 *
 * Limits: 2^16 pairs or fewer are sorted on the calling thread. Needs a table of 8 bytes x buckets x chunks, under 2 % of the
 * pairs' own size. */
#include "base/sort.h"

#include <string.h>

enum {
    CHUNK_MIN = 1 << 16,
    CHUNK_MAX = 1 << 20, /* dealt in about 5 ms */
    BUCKET_BITS_MAX = 11,
    BUCKET_WANTED_BITS = 13, /* buckets of about 2^13 pairs: 256 KiB with their scratch */
    INSERTION_MAX = 40,
    DIGIT_BITS_MAX = 11
};

/* Keys and payload in two places: `from` holds the pairs, `to` is scratch. */
typedef struct pairs {
    uint64_t *keys, *payload;
} pairs;

static pairs shifted(pairs p, int64_t first) { return (pairs){p.keys + first, p.payload + first}; }

static void copy_pairs(pairs from, pairs to, int64_t n) {
    if (from.keys == to.keys) return;
    memcpy(to.keys, from.keys, (size_t)n * sizeof *to.keys);
    memcpy(to.payload, from.payload, (size_t)n * sizeof *to.payload);
}

static int bits_in(uint64_t x) { return 64 - __builtin_clzll(x); } /* x > 0 */

/* ---- one core ---- */

static void insertion_sort(pairs from, pairs to, int64_t n) {
    for (int64_t i = 0; i < n; i++) { /* `to` may be `from`: what lies at i and beyond is still unread or in hand */
        uint64_t key = from.keys[i], value = from.payload[i];
        int64_t j = i;
        for (; j > 0 && to.keys[j - 1] > key; j--) {
            to.keys[j] = to.keys[j - 1];
            to.payload[j] = to.payload[j - 1];
        }
        to.keys[j] = key;
        to.payload[j] = value;
    }
}

typedef struct survey {
    uint64_t smallest, largest;
    bool sorted;
} survey;

static survey survey_keys(const uint64_t *keys, int64_t n) {
    survey s = {keys[0], keys[0], true};
    uint64_t before = keys[0];
    unsigned falls = 0;
    for (int64_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        s.smallest = key < s.smallest ? key : s.smallest;
        s.largest = key > s.largest ? key : s.largest;
        falls |= key < before;
        before = key;
    }
    s.sorted = falls == 0;
    return s;
}

/* Sorts n <= PT_SORT_LOCAL pairs of `from`, by trailing digits, into `into`, which is `from` or `spare`. */
static void sort_local(pairs from, pairs spare, pairs into, int64_t n) {
    if (n <= INSERTION_MAX) {
        insertion_sort(from, into, n);
        return;
    }
    survey s = survey_keys(from.keys, n);
    int bits = s.sorted ? 0 : bits_in(s.largest - s.smallest);
    int widest = n < 1 << 11 ? 8 : DIGIT_BITS_MAX;
    int passes = (bits + widest - 1) / widest;
    int width = passes > 0 ? (bits + passes - 1) / passes : 0;
    uint32_t next[1 << DIGIT_BITS_MAX];
    const uint64_t mask = (UINT64_C(1) << width) - 1;
    for (int shift = 0; shift < bits; shift += width) {
        memset(next, 0, sizeof *next << width);
        for (int64_t i = 0; i < n; i++) next[(from.keys[i] - s.smallest) >> shift & mask]++;
        uint32_t sum = 0;
        for (uint64_t d = 0; d <= mask; d++) {
            uint32_t count = next[d];
            next[d] = sum;
            sum += count;
        }
        for (int64_t i = 0; i < n; i++) {
            uint64_t key = from.keys[i];
            uint32_t place = next[(key - s.smallest) >> shift & mask]++;
            spare.keys[place] = key;
            spare.payload[place] = from.payload[i];
        }
        pairs swap = from;
        from = spare;
        spare = swap;
    }
    copy_pairs(from, into, n);
}

void pt_sort_pairs_local(int64_t n, uint64_t *keys, uint64_t *payload, uint64_t *scratch_keys, uint64_t *scratch_payload) {
    pairs here = {keys, payload};
    sort_local(here, (pairs){scratch_keys, scratch_payload}, here, n);
}

/* ---- all cores ---- */

typedef struct level {
    int64_t n, chunk;
    pairs from, to, into; /* into: where the sorted pairs belong, one of the other two */
    survey *surveys;      /* one a chunk */
    uint64_t smallest;
    int shift, n_buckets;
    int64_t *next;   /* chunk x bucket: how many, then where the next one goes */
    int64_t *starts; /* of buckets, and n */
    int64_t *groups; /* group g is the buckets groups[g] .. groups[g + 1] - 1 */
} level;

static int64_t chunk_length(const level *l, int64_t chunk) {
    int64_t left = l->n - chunk * l->chunk;
    return left < l->chunk ? left : l->chunk;
}

static patron_status survey_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const level *l = arg;
    const uint64_t *keys = l->from.keys + chunk * l->chunk;
    l->surveys[chunk] = survey_keys(keys, chunk_length(l, chunk));
    if (chunk > 0 && keys[-1] > keys[0]) l->surveys[chunk].sorted = false;
    return PATRON_OK;
}

static patron_status copy_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const level *l = arg;
    int64_t first = chunk * l->chunk;
    copy_pairs(shifted(l->from, first), shifted(l->into, first), chunk_length(l, chunk));
    return PATRON_OK;
}

static patron_status count_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const level *l = arg;
    const uint64_t *keys = l->from.keys + chunk * l->chunk, smallest = l->smallest;
    int64_t *next = l->next + chunk * l->n_buckets, n = chunk_length(l, chunk);
    memset(next, 0, (size_t)l->n_buckets * sizeof *next);
    for (int64_t i = 0; i < n; i++) next[(keys[i] - smallest) >> l->shift]++;
    return PATRON_OK;
}

static patron_status deal_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const level *l = arg;
    const pairs from = shifted(l->from, chunk * l->chunk), to = l->to;
    const uint64_t smallest = l->smallest;
    int64_t *next = l->next + chunk * l->n_buckets, n = chunk_length(l, chunk);
    for (int64_t i = 0; i < n; i++) {
        uint64_t key = from.keys[i];
        int64_t place = next[(key - smallest) >> l->shift]++;
        to.keys[place] = key;
        to.payload[place] = from.payload[i];
    }
    return PATRON_OK;
}

static bool is_large(const level *l, int64_t bucket) { return l->starts[bucket + 1] - l->starts[bucket] > PT_SORT_LOCAL; }

static patron_status finish_group(void *arg, int64_t group, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const level *l = arg;
    for (int64_t b = l->groups[group]; b < l->groups[group + 1]; b++) {
        int64_t first = l->starts[b], n = l->starts[b + 1] - first;
        if (n > 0 && !is_large(l, b)) sort_local(shifted(l->to, first), shifted(l->from, first), shifted(l->into, first), n);
    }
    return PATRON_OK;
}

/* Turns the table of counts into places, and cuts the buckets into groups of about PT_SORT_LOCAL pairs. */
static int64_t plan(level *l, int64_t n_chunks) {
    int64_t sum = 0, n_groups = 0, group_start = 0;
    for (int64_t b = 0; b < l->n_buckets; b++) {
        l->starts[b] = sum;
        for (int64_t c = 0; c < n_chunks; c++) {
            int64_t *cell = l->next + c * l->n_buckets + b, count = *cell;
            *cell = sum;
            sum += count;
        }
        if (b == 0 || sum - group_start > PT_SORT_LOCAL) {
            l->groups[n_groups++] = b;
            group_start = l->starts[b];
        }
    }
    l->starts[l->n_buckets] = sum;
    l->groups[n_groups] = l->n_buckets;
    return n_groups;
}

/* Sorts n pairs of `from` into `into`, which is `from` or `spare`. */
static patron_status sort_level(patron_ctx *ctx, int64_t n, pairs from, pairs spare, pairs into, patron_error *error) {
    patron_status status = PATRON_OK;
    if (n <= PT_SORT_LOCAL) {
        sort_local(from, spare, into, n);
        return PATRON_OK;
    }
    int64_t chunk = n / 64 < CHUNK_MIN ? CHUNK_MIN : n / 64 > CHUNK_MAX ? CHUNK_MAX : n / 64;
    int64_t n_chunks = pt_chunks(n, chunk);
    level l = {.n = n, .chunk = chunk, .from = from, .to = spare, .into = into};
    PT_TRY(pt_alloc(ctx, &l.surveys, n_chunks, sizeof *l.surveys, error));
    PT_TRY(pt_parallel(ctx, n_chunks, survey_chunk, &l, error));
    survey all = l.surveys[0];
    for (int64_t c = 1; c < n_chunks; c++) {
        if (l.surveys[c].smallest < all.smallest) all.smallest = l.surveys[c].smallest;
        if (l.surveys[c].largest > all.largest) all.largest = l.surveys[c].largest;
        all.sorted = all.sorted && l.surveys[c].sorted;
    }
    if (all.sorted) { /* one value many times ends here too */
        if (from.keys != into.keys) PT_TRY(pt_parallel(ctx, n_chunks, copy_chunk, &l, error));
        goto cleanup;
    }

    int bits = bits_in(all.largest - all.smallest);
    int wanted = bits_in((uint64_t)n >> BUCKET_WANTED_BITS);
    if (wanted > BUCKET_BITS_MAX) wanted = BUCKET_BITS_MAX;
    if (wanted > bits) wanted = bits;
    l.smallest = all.smallest;
    l.shift = bits - wanted;
    l.n_buckets = 1 << wanted;
    PT_TRY(pt_alloc(ctx, &l.next, n_chunks * l.n_buckets, sizeof *l.next, error));
    PT_TRY(pt_alloc(ctx, &l.starts, l.n_buckets + 1, sizeof *l.starts, error));
    PT_TRY(pt_alloc(ctx, &l.groups, l.n_buckets + 1, sizeof *l.groups, error));
    PT_TRY(pt_parallel(ctx, n_chunks, count_chunk, &l, error));
    int64_t n_groups = plan(&l, n_chunks);
    PT_TRY(pt_parallel(ctx, n_chunks, deal_chunk, &l, error));
    PT_TRY(pt_parallel(ctx, n_groups, finish_group, &l, error));
    pt_free(ctx, l.next); /* not held while deeper levels run */
    l.next = NULL;
    for (int64_t b = 0; b < l.n_buckets; b++) {
        if (!is_large(&l, b)) continue;
        int64_t first = l.starts[b];
        PT_TRY(sort_level(ctx, l.starts[b + 1] - first, shifted(l.to, first), shifted(l.from, first), shifted(l.into, first),
                          error));
    }
cleanup:
    pt_free(ctx, l.groups);
    pt_free(ctx, l.starts);
    pt_free(ctx, l.next);
    pt_free(ctx, l.surveys);
    return status;
}

patron_status pt_sort_pairs(patron_ctx *ctx, int64_t n, uint64_t *keys, uint64_t *payload, uint64_t *scratch_keys,
                            uint64_t *scratch_payload, patron_error *error) {
    pairs here = {keys, payload};
    return sort_level(ctx, n, here, (pairs){scratch_keys, scratch_payload}, here, error);
}

/* ---- the public order ---- */

typedef struct order_job {
    int64_t n;
    const int64_t *keys;
    pairs out;
} order_job;

static patron_status number_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const order_job *job = arg;
    int64_t first = chunk * CHUNK_MAX, left = job->n - first, end = first + (left < CHUNK_MAX ? left : CHUNK_MAX);
    for (int64_t i = first; i < end; i++) {
        job->out.keys[i] = pt_order_int64(job->keys[i]);
        job->out.payload[i] = (uint64_t)i;
    }
    return PATRON_OK;
}

patron_status patron_sort_order(patron_ctx *ctx, int64_t n, const int64_t *keys, int64_t *order, patron_error *error) {
    if (n < 0) return pt_fail(error, PATRON_ERR_INVALID, "sort of %lld keys; expected 0 or more", (long long)n);
    if (n > 0 && (keys == NULL || order == NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "sort of %lld keys: %s is NULL; expected an array", (long long)n,
                       keys == NULL ? "keys" : "order");
    patron_status status;
    uint64_t *block = NULL;
    PT_TRY(pt_alloc(ctx, &block, n, 4 * sizeof *block, error));
    order_job job = {n, keys, {block, block + n}};
    PT_TRY(pt_parallel(ctx, pt_chunks(n, CHUNK_MAX), number_chunk, &job, error));
    PT_TRY(pt_sort_pairs(ctx, n, block, block + n, block + 2 * n, block + 3 * n, error));
    if (n > 0) memcpy(order, block + n, (size_t)n * sizeof *order); /* only now: a cancelled sort leaves it as it was */
cleanup:
    pt_free(ctx, block);
    return status;
}
