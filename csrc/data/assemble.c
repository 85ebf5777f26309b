/* data/assemble.c: from unsorted events to a log, sorted by (user, time, content).
 *
 *   rows ──histogram, scatter──▶ partitions of neighbouring users, about 16,000 events each: they fit a core's cache
 *        ──in each, in cache──▶ counting sort by user, then by time within the user, then ties by content
 *        ──gather──────────▶ the other columns, by row number
 *
 * An event travels as a key and a row number:  key = user's low bits | time - first time.  After sorting, the keys
 * turn in place into the time column. Chunks of rows are cut by data size, and each partition receives rows in their order, so
 * the partitions are the same at any thread count; after ties are broken on content so is everything else, whatever the order
 * of rows was.
 *
 * Memory at the peak: 12 bytes an event beside the columns and one more column; the block of a gathered column serves the next.
 */
#include "data/events.h"

#include "base/merge_sort.h"
#include "base/sort.h"

#include <string.h>

enum {
    BLOCK = 65536,
    PARTITION = 16384,     /* events wanted in a partition */
    MAX_PARTITIONS = 4096, /* wanted; more only when times need the key's bits */
    LARGE = 1 << 20,       /* a partition beyond this is sorted by all threads together */
    INSERTION = 24,
    RADIX = 1024,
    MAX_CHUNKS = 64,
    DOUBLE = 0 /* a width of its own */
};
#define DROPPED UINT32_MAX

typedef struct content_column {
    const void *data;
    int width; /* bytes: 2 unsigned, 4 and 8 signed; DOUBLE */
} content_column;

typedef struct assembly {
    patron_ctx *ctx;
    pt_events *events;
    int64_t n; /* rows that enter */
    _Atomic int64_t n_entering, first_time, last_time;
    int time_bits, user_bits;
    int64_t n_partitions, chunk_rows, n_chunks;
    int64_t *next;  /* [chunk][partition]: where the chunk's next event of that partition goes */
    int64_t *start; /* n_partitions + 1 */
    uint64_t *keys;
    uint32_t *rows;
    int64_t *offsets;
    int64_t n_content, event_id;
    content_column content[PT_N_ROLES + 2];
    content_column *properties;
    int64_t n_properties;
    bool drop;
    _Atomic int64_t n_duplicates;
    void *spare[9];  /* by width: a block with room for a column, from a source that is no longer needed */
    int64_t *groups; /* partitions [groups[i], groups[i + 1]) are one piece of work */
    int64_t n_groups;
    struct scratch {
        uint64_t *keys, *items;
        uint32_t *rows;
        int64_t *counts;
        int64_t key_capacity, item_capacity, row_capacity, count_capacity;
    } scratch[PT_MAX_THREADS];
} assembly;

/* ---- content: what breaks ties ------------------------------------------------------------------------------------------- */

static int compare_column(const content_column *column, uint64_t a, uint64_t b) {
    if (column->width == 8) {
        int64_t x = ((const int64_t *)column->data)[a], y = ((const int64_t *)column->data)[b];
        return (x > y) - (x < y);
    }
    if (column->width == DOUBLE) { /* whole millionths, as many doubles as numbers: their order is that of the numbers */
        double x = ((const double *)column->data)[a], y = ((const double *)column->data)[b];
        return (x > y) - (x < y);
    }
    if (column->width == 4) {
        int32_t x = ((const int32_t *)column->data)[a], y = ((const int32_t *)column->data)[b];
        return (x > y) - (x < y);
    }
    uint16_t x = ((const uint16_t *)column->data)[a], y = ((const uint16_t *)column->data)[b];
    return (x > y) - (x < y);
}

static int compare_content(const void *state, uint64_t a, uint64_t b) {
    const assembly *s = state;
    for (int64_t i = 0; i < s->n_content; i++) {
        int order = compare_column(&s->content[i], a, b);
        if (order != 0) return order;
    }
    for (int64_t i = 0; i < s->n_properties; i++) {
        int order = compare_column(&s->properties[i], a, b);
        if (order != 0) return order;
    }
    return 0;
}

/* seq first, then the kind, then columns in their order. */
static patron_status list_content(assembly *s, patron_error *error) {
    const pt_events *events = s->events;
    patron_status status = pt_alloc(s->ctx, &s->properties, events->n_columns, sizeof *s->properties, error);
    if (status != PATRON_OK) return status;
    s->event_id = -1;
    s->n_content = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < events->n_columns; i++) {
            const pt_log_column *column = &events->columns[i];
            content_column entry = {column->data, column->store == PT_CODES ? 4 : 8};
            if (column->floats != NULL) entry = (content_column){column->floats, DOUBLE};
            bool seq = !column->property && strcmp(column->name, "seq") == 0;
            if (seq != (pass == 0)) continue;
            if (column->property) {
                s->properties[s->n_properties++] = entry;
                continue;
            }
            if (strcmp(column->name, "event_id") == 0) s->event_id = s->n_content;
            s->content[s->n_content++] = entry;
        }
        if (pass == 0 && events->kinds != NULL) s->content[s->n_content++] = (content_column){events->kinds, 2};
    }
    return PATRON_OK;
}

/* ---- partitions ------------------------------------------------------------------------------------------------------------
 */

static patron_status range_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    assembly *s = arg;
    const int32_t *user = s->events->user;
    const int64_t *time = s->events->time;
    int64_t end = s->events->n < (block + 1) * BLOCK ? s->events->n : (block + 1) * BLOCK, n = 0, first = INT64_MAX,
            last = INT64_MIN;
    for (int64_t i = block * BLOCK; i < end; i++) {
        if (user[i] < 0) continue;
        n++;
        if (time[i] < first) first = time[i];
        if (time[i] > last) last = time[i];
    }
    atomic_fetch_add_explicit(&s->n_entering, n, memory_order_relaxed);
    pt_lower(&s->first_time, first);
    pt_raise(&s->last_time, last);
    return PATRON_OK;
}

static void plan(assembly *s) {
    uint64_t span = (uint64_t)s->last_time - (uint64_t)s->first_time;
    s->time_bits = span == 0 ? 0 : 64 - __builtin_clzll(span);
    int64_t n_users = s->events->users->n, wanted = s->n / PARTITION;
    if (wanted > MAX_PARTITIONS) wanted = MAX_PARTITIONS;
    if (wanted < 1) wanted = 1;
    s->user_bits = 0;
    while ((n_users >> s->user_bits) > wanted && s->user_bits + s->time_bits < 63) s->user_bits++;
    s->n_partitions = ((n_users - 1) >> s->user_bits) + 1;
    int64_t chunks = (INT64_C(1) << 24) / s->n_partitions;
    if (chunks > MAX_CHUNKS) chunks = MAX_CHUNKS;
    if (chunks < 1) chunks = 1;
    s->chunk_rows = pt_chunks(s->events->n, chunks);
    if (s->chunk_rows < BLOCK) s->chunk_rows = BLOCK;
    s->n_chunks = pt_chunks(s->events->n, s->chunk_rows);
}

static patron_status histogram_task(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    assembly *s = arg;
    int64_t *counts = s->next + chunk * s->n_partitions;
    int64_t end = s->events->n < (chunk + 1) * s->chunk_rows ? s->events->n : (chunk + 1) * s->chunk_rows;
    const int32_t *user = s->events->user;
    for (int64_t i = chunk * s->chunk_rows; i < end; i++)
        if (user[i] >= 0) counts[user[i] >> s->user_bits]++;
    return PATRON_OK;
}

static patron_status scatter_task(void *arg, int64_t chunk, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    assembly *s = arg;
    int64_t *next = s->next + chunk * s->n_partitions;
    int64_t end = s->events->n < (chunk + 1) * s->chunk_rows ? s->events->n : (chunk + 1) * s->chunk_rows;
    const int32_t *user = s->events->user;
    const int64_t *time = s->events->time;
    uint32_t low = (uint32_t)((INT64_C(1) << s->user_bits) - 1);
    uint64_t first = (uint64_t)s->first_time;
    for (int64_t i = chunk * s->chunk_rows; i < end; i++) {
        if (user[i] < 0) continue;
        int64_t at = next[user[i] >> s->user_bits]++;
        uint64_t high = s->user_bits > 0 ? (uint64_t)((uint32_t)user[i] & low) << s->time_bits : 0;
        s->keys[at] = high | ((uint64_t)time[i] - first);
        s->rows[at] = (uint32_t)i;
    }
    return PATRON_OK;
}

static patron_status partition(assembly *s, patron_error *error) {
    patron_status status;
    PT_TRY(pt_alloc_zero(s->ctx, &s->next, s->n_chunks * s->n_partitions, sizeof *s->next, error));
    PT_TRY(pt_alloc(s->ctx, &s->start, s->n_partitions + 1, sizeof *s->start, error));
    PT_TRY(pt_alloc(s->ctx, &s->rows, s->n, sizeof *s->rows, error));
    PT_TRY(pt_parallel(s->ctx, s->n_chunks, histogram_task, s, error));
    int64_t at = 0;
    for (int64_t p = 0; p < s->n_partitions; p++) {
        s->start[p] = at;
        for (int64_t chunk = 0; chunk < s->n_chunks; chunk++) {
            int64_t *next = &s->next[chunk * s->n_partitions + p], count = *next;
            *next = at;
            at += count;
        }
    }
    s->start[s->n_partitions] = at;
    PT_TRY(pt_parallel_named(s->ctx, "partition", s->n_chunks, scatter_task, s, error));
cleanup:
    return status;
}

/* ---- inside a partition ----------------------------------------------------------------------------------------------------
 */

/* Pairs of key and row move together. */
typedef struct pairs {
    uint64_t *keys;
    uint32_t *rows;
} pairs;

static void insertion_sort(pairs p, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        uint64_t key = p.keys[i];
        uint32_t row = p.rows[i];
        int64_t j = i;
        for (; j > 0 && p.keys[j - 1] > key; j--) {
            p.keys[j] = p.keys[j - 1];
            p.rows[j] = p.rows[j - 1];
        }
        p.keys[j] = key;
        p.rows[j] = row;
    }
}

/* Bytes that are the same in all keys are skipped. */
static void radix_sort(pairs p, pairs spare, int64_t n, int bits) {
    pairs from = p, to = spare;
    for (int shift = 0; shift < bits; shift += 8) {
        int64_t counts[256] = {0}, at = 0;
        for (int64_t i = 0; i < n; i++) counts[from.keys[i] >> shift & 255]++;
        if (counts[from.keys[0] >> shift & 255] == n) continue;
        for (int i = 0; i < 256; i++) {
            int64_t count = counts[i];
            counts[i] = at;
            at += count;
        }
        for (int64_t i = 0; i < n; i++) {
            int64_t place = counts[from.keys[i] >> shift & 255]++;
            to.keys[place] = from.keys[i];
            to.rows[place] = from.rows[i];
        }
        pairs swap = from;
        from = to;
        to = swap;
    }
    if (from.keys == p.keys) return;
    memcpy(p.keys, from.keys, (size_t)n * sizeof *p.keys);
    memcpy(p.rows, from.rows, (size_t)n * sizeof *p.rows);
}

static void merge_sort(pairs p, pairs spare, int64_t n) {
    if (n <= INSERTION) {
        insertion_sort(p, n);
        return;
    }
    int64_t half = n / 2, a = 0, b = half;
    merge_sort(p, spare, half);
    merge_sort((pairs){p.keys + half, p.rows + half}, (pairs){spare.keys + half, spare.rows + half}, n - half);
    memcpy(spare.keys, p.keys, (size_t)n * sizeof *p.keys);
    memcpy(spare.rows, p.rows, (size_t)n * sizeof *p.rows);
    for (int64_t i = 0; i < n; i++) {
        bool first = b == n || (a < half && spare.keys[a] <= spare.keys[b]);
        int64_t from = first ? a++ : b++;
        p.keys[i] = spare.keys[from];
        p.rows[i] = spare.rows[from];
    }
}

/* Orders events of equal keys by content, and counts those that are equal throughout. poll: as for pt_merge_sort. */
static patron_status break_ties(assembly *s, struct scratch *scratch, int64_t first, int64_t n, patron_ctx *poll,
                                patron_error *error) {
    uint32_t *rows = s->rows + first;
    patron_status status = pt_grow(s->ctx, &scratch->items, 0, &scratch->item_capacity, 2 * n, sizeof *scratch->items, error);
    if (status != PATRON_OK) return status;
    uint64_t *items = scratch->items;
    for (int64_t i = 0; i < n; i++) items[i] = rows[i];
    status = pt_merge_sort(poll, n, items, items + n, compare_content, s, error);
    if (status != PATRON_OK) return status;
    int64_t n_duplicates = 0;
    bool known = s->event_id >= 0; /* then the id says what a duplicate is, where there is one */
    for (int64_t i = 0; i < n; i++) {
        rows[i] = (uint32_t)items[i];
        if (i == 0 || compare_content(s, items[i - 1], items[i]) != 0) continue;
        if (known && ((const int32_t *)s->content[s->event_id].data)[items[i]] >= 0) continue;
        n_duplicates++;
        if (s->drop) rows[i] = DROPPED;
    }
    if (n_duplicates > 0) atomic_fetch_add_explicit(&s->n_duplicates, n_duplicates, memory_order_relaxed);
    return PATRON_OK;
}

/* Finds ties in a sorted range, breaks them, and turns keys into times. */
static patron_status finish_range(assembly *s, struct scratch *scratch, int64_t first, int64_t n, patron_ctx *poll,
                                  patron_error *error) {
    uint64_t *keys = s->keys + first;
    for (int64_t i = 1; i < n; i++) {
        if (keys[i] != keys[i - 1]) continue;
        int64_t tie = i - 1;
        while (i < n && keys[i] == keys[tie]) i++;
        patron_status status = break_ties(s, scratch, first + tie, i - tie, poll, error);
        if (status != PATRON_OK) return status;
    }
    uint64_t mask = s->time_bits == 64 ? UINT64_MAX : ((uint64_t)1 << s->time_bits) - 1;
    for (int64_t i = 0; i < n; i++) keys[i] = (uint64_t)s->first_time + (keys[i] & mask);
    return PATRON_OK;
}

/* Where each user of a partition begins: counts[u] on entry the events of user u. */
static void write_offsets(assembly *s, int64_t p, const int64_t *counts, int64_t n_users) {
    int64_t at = s->start[p];
    for (int64_t u = 0; u < n_users; u++) {
        s->offsets[(p << s->user_bits) + u] = at;
        at += counts[u];
    }
}

static int64_t users_of(const assembly *s, int64_t p) {
    int64_t first = p << s->user_bits, n = INT64_C(1) << s->user_bits;
    return s->events->users->n - first < n ? s->events->users->n - first : n;
}

static patron_status scratch_room(assembly *s, struct scratch *scratch, int64_t n, int64_t n_users, patron_error *error) {
    patron_status status;
    PT_TRY(pt_grow(s->ctx, &scratch->keys, 0, &scratch->key_capacity, n, sizeof *scratch->keys, error));
    PT_TRY(pt_grow(s->ctx, &scratch->rows, 0, &scratch->row_capacity, n, sizeof *scratch->rows, error));
    PT_TRY(pt_grow(s->ctx, &scratch->counts, 0, &scratch->count_capacity, 2 * n_users, sizeof *scratch->counts, error));
cleanup:
    return status;
}

static patron_status sort_partition(assembly *s, struct scratch *scratch, int64_t p, patron_error *error) {
    int64_t first = s->start[p], n = s->start[p + 1] - first, n_users = users_of(s, p);
    patron_status status = scratch_room(s, scratch, n, n_users, error);
    if (status != PATRON_OK) return status;
    int64_t *counts = scratch->counts, *next = counts + n_users, at = 0;
    pairs in = {s->keys + first, s->rows + first}, spare = {scratch->keys, scratch->rows};
    memset(counts, 0, (size_t)n_users * sizeof *counts);
    int shift = s->user_bits > 0 ? s->time_bits : 0;
    uint64_t users = ((uint64_t)1 << s->user_bits) - 1;
    for (int64_t i = 0; i < n; i++) counts[in.keys[i] >> shift & users]++;
    for (int64_t u = 0; u < n_users; u++) {
        next[u] = at;
        at += counts[u];
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t place = next[in.keys[i] >> shift & users]++;
        spare.keys[place] = in.keys[i];
        spare.rows[place] = in.rows[i];
    }
    at = 0;
    for (int64_t u = 0; u < n_users; u++) {
        int64_t m = counts[u];
        pairs run = {spare.keys + at, spare.rows + at}, other = {in.keys + at, in.rows + at};
        if (m >= RADIX)
            radix_sort(run, other, m, s->time_bits);
        else
            merge_sort(run, other, m);
        at += m;
    }
    memcpy(in.keys, spare.keys, (size_t)n * sizeof *in.keys);
    memcpy(in.rows, spare.rows, (size_t)n * sizeof *in.rows);
    write_offsets(s, p, counts, n_users);
    return finish_range(s, scratch, first, n, NULL, error);
}

/* A partition too large for one core's cache, or for one chunk of work: a few users with very many events. */
static patron_status sort_large_partition(assembly *s, int64_t p, patron_error *error) {
    int64_t first = s->start[p], n = s->start[p + 1] - first, n_users = users_of(s, p);
    struct scratch *scratch = &s->scratch[0];
    uint64_t *rows = NULL, *spare = NULL;
    patron_status status;
    PT_TRY(scratch_room(s, scratch, 0, n_users, error));
    PT_TRY(pt_alloc(s->ctx, &rows, n, sizeof *rows, error));
    PT_TRY(pt_alloc(s->ctx, &spare, 2 * n, sizeof *spare, error));
    memset(scratch->counts, 0, (size_t)n_users * sizeof *scratch->counts);
    int shift = s->user_bits > 0 ? s->time_bits : 0;
    uint64_t users = ((uint64_t)1 << s->user_bits) - 1;
    for (int64_t i = 0; i < n; i++) {
        scratch->counts[s->keys[first + i] >> shift & users]++;
        rows[i] = s->rows[first + i];
    }
    write_offsets(s, p, scratch->counts, n_users);
    PT_TRY(pt_sort_pairs(s->ctx, n, s->keys + first, rows, spare, spare + n, error));
    for (int64_t i = 0; i < n; i++) s->rows[first + i] = (uint32_t)rows[i];
    PT_TRY(finish_range(s, scratch, first, n, s->ctx, error));
cleanup:
    pt_free(s->ctx, rows);
    pt_free(s->ctx, spare);
    return status;
}

static patron_status sort_task(void *arg, int64_t group, int worker, patron_error *error) {
    assembly *s = arg;
    for (int64_t p = s->groups[group]; p < s->groups[group + 1]; p++) {
        if (s->start[p + 1] - s->start[p] > LARGE) continue;
        patron_status status = sort_partition(s, &s->scratch[worker], p, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

static patron_status sort_partitions(assembly *s, patron_error *error) {
    patron_status status;
    PT_TRY(pt_alloc(s->ctx, &s->groups, s->n_partitions + 1, sizeof *s->groups, error));
    s->groups[0] = 0;
    for (int64_t p = 0; p < s->n_partitions; p++)
        if (p + 1 == s->n_partitions || s->start[p + 1] - s->start[s->groups[s->n_groups]] >= 2 * PARTITION)
            s->groups[++s->n_groups] = p + 1;
    PT_TRY(pt_parallel_named(s->ctx, "sort", s->n_groups, sort_task, s, error));
    for (int64_t p = 0; p < s->n_partitions; p++)
        if (s->start[p + 1] - s->start[p] > LARGE) PT_TRY(sort_large_partition(s, p, error));
    s->offsets[s->events->users->n] = s->n;
cleanup:
    return status;
}

/* ---- duplicates ------------------------------------------------------------------------------------------------------------
 */

/* Events that share an event_id with an earlier one of the log. */
static patron_status find_repeated_ids(assembly *s, int64_t n_ids, int64_t *n_repeated, patron_error *error) {
    const int32_t *ids = s->content[s->event_id].data;
    uint8_t *seen;
    patron_status status = pt_alloc_zero(s->ctx, &seen, n_ids, 1, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < s->n && status == PATRON_OK; i++) {
        if (i % BLOCK == 0) status = pt_poll(s->ctx, error);
        if (s->rows[i] == DROPPED || ids[s->rows[i]] < 0) continue;
        uint8_t *mark = &seen[ids[s->rows[i]]];
        *n_repeated += *mark;
        if (*mark && s->drop) s->rows[i] = DROPPED;
        *mark = 1;
    }
    pt_free(s->ctx, seen);
    return status;
}

/* Closes the gaps that dropped rows leave. Every user keeps at least one row: the first of equals stays; but one whose rows all
 * repeat event ids of other users may end up without any. */
static patron_status close_gaps(assembly *s, patron_error *error) {
    int64_t to = 0, at = 0;
    for (int64_t u = 0; u < s->events->users->n; u++) {
        if ((u & 4095) == 0) {
            patron_status status = pt_poll(s->ctx, error);
            if (status != PATRON_OK) return status;
        }
        int64_t end = s->offsets[u + 1];
        s->offsets[u] = to;
        for (; at < end; at++) {
            if (s->rows[at] == DROPPED) continue;
            s->keys[to] = s->keys[at];
            s->rows[to++] = s->rows[at];
        }
    }
    s->offsets[s->events->users->n] = to;
    s->n = to;
    return PATRON_OK;
}

/* ---- gathering -------------------------------------------------------------------------------------------------------------
 */

typedef struct gathering {
    const uint32_t *rows;
    int64_t n;
    const void *from;
    void *to;
    int width;
    bool doubles; /* from doubles to millionths */
} gathering;

static patron_status gather_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    gathering *g = arg;
    int64_t end = g->n < (block + 1) * BLOCK ? g->n : (block + 1) * BLOCK;
    if (g->doubles)
        for (int64_t i = block * BLOCK; i < end; i++)
            ((int64_t *)g->to)[i] = pt_exact_micros(((const double *)g->from)[g->rows[i]]);
    else if (g->width == 8)
        for (int64_t i = block * BLOCK; i < end; i++) ((int64_t *)g->to)[i] = ((const int64_t *)g->from)[g->rows[i]];
    else if (g->width == 4)
        for (int64_t i = block * BLOCK; i < end; i++) ((int32_t *)g->to)[i] = ((const int32_t *)g->from)[g->rows[i]];
    else
        for (int64_t i = block * BLOCK; i < end; i++) ((uint16_t *)g->to)[i] = ((const uint16_t *)g->from)[g->rows[i]];
    return PATRON_OK;
}

/* Into a spare block where there is one: fresh pages cost more than the gathering. */
static patron_status gather(assembly *s, const void *from, int width, bool doubles, pt_buffer **out, patron_error *error) {
    patron_status status = s->spare[width] != NULL
                               ? pt_buffer_wrap(s->ctx, s->spare[width], s->n * width, NULL, NULL, out, error)
                               : pt_buffer_create(s->ctx, s->n * width, out, error);
    if (status != PATRON_OK) return status;
    s->spare[width] = NULL;
    gathering g = {s->rows, s->n, from, (*out)->data, width, doubles};
    status = pt_parallel_named(s->ctx, "gather", pt_chunks(s->n, BLOCK), gather_task, &g, error);
    if (status == PATRON_OK) return status;
    pt_buffer_release(*out);
    *out = NULL;
    return status;
}

static int width_of(const pt_log_column *column) { return column->store == PT_CODES ? 4 : 8; }

/* Keeps a block that is no longer needed for the next column of that width from `first` on, if there is one. */
static void keep_spare(assembly *s, int64_t first, int width, void *block) {
    for (int64_t i = first; i < s->events->n_columns; i++) {
        if (width_of(&s->events->columns[i]) != width) continue;
        s->spare[width] = block;
        return;
    }
    pt_free(s->ctx, block);
}

/* Moves the columns over; each source becomes the room for the next. */
static patron_status gather_columns(assembly *s, patron_log *log, patron_error *error) {
    pt_events *events = s->events;
    patron_status status;
    PT_TRY(pt_alloc_zero(s->ctx, &log->columns, events->n_columns, sizeof *log->columns, error));
    for (int64_t i = 0; i < events->n_columns; i++) {
        pt_log_column *from = &events->columns[i], *to = &log->columns[i];
        int width = width_of(from);
        PT_TRY(gather(s, from->floats != NULL ? (const void *)from->floats : from->data, width, from->floats != NULL, &to->keep,
                      error));
        if (from->data != NULL) keep_spare(s, i + 1, width, from->data);
        pt_buffer *keep = to->keep;
        *to = *from;
        to->keep = keep;
        to->data = keep->data;
        to->floats = NULL;
        *from = (pt_log_column){0};
        log->n_columns = i + 1;
    }
    if (events->kinds != NULL) {
        PT_TRY(gather(s, events->kinds, 2, false, &log->keep[2], error));
    } else {
        PT_TRY(pt_buffer_create(s->ctx, s->n * 2, &log->keep[2], error));
        uint16_t *kinds = log->keep[2]->data;
        for (int64_t i = 0; i < s->n; i++) kinds[i] = PATRON_KIND_PURCHASE;
    }
    log->kinds = log->keep[2]->data;
cleanup:
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------
 */

static patron_status note_duplicates(assembly *s, patron_log *log, int64_t n_repeated, patron_error *error) {
    const char *action = s->drop ? "dropped" : "counted, kept";
    patron_status status = pt_audit_add(s->ctx, &log->audit, "exact duplicate", NULL, s->n_duplicates, action, NULL, error);
    if (status != PATRON_OK) return status;
    return pt_audit_add(s->ctx, &log->audit, "repeated event_id", log->recipe->event_id, n_repeated, action, NULL, error);
}

static void assembly_fini(assembly *s) {
    pt_free(s->ctx, s->next);
    pt_free(s->ctx, s->start);
    pt_free(s->ctx, s->rows);
    pt_free(s->ctx, s->groups);
    pt_free(s->ctx, s->properties);
    pt_free(s->ctx, s->spare[4]);
    pt_free(s->ctx, s->spare[8]);
    for (int i = 0; i < PT_MAX_THREADS; i++) {
        pt_free(s->ctx, s->scratch[i].keys);
        pt_free(s->ctx, s->scratch[i].rows);
        pt_free(s->ctx, s->scratch[i].items);
        pt_free(s->ctx, s->scratch[i].counts);
    }
    pt_free(s->ctx, s);
}

patron_status pt_log_assemble(patron_log *log, pt_events *events, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    assembly *s;
    patron_status status = pt_alloc_zero(ctx, &s, 1, sizeof *s, error);
    if (status != PATRON_OK) return status;
    s->ctx = ctx;
    s->events = events;
    s->drop = log->recipe->drop_duplicates;
    s->first_time = INT64_MAX;
    s->last_time = INT64_MIN;
    int64_t n_users = events->users->n, n_repeated = 0;
    PT_TRY(list_content(s, error));
    PT_TRY(pt_parallel(ctx, pt_chunks(events->n, BLOCK), range_task, s, error));
    s->n = s->n_entering;
    PT_TRY(pt_buffer_create(ctx, (n_users + 1) * 8, &log->keep[0], error));
    PT_TRY(pt_buffer_create(ctx, s->n * 8, &log->keep[1], error));
    log->offsets = s->offsets = log->keep[0]->data;
    log->time = (int64_t *)(s->keys = log->keep[1]->data);
    memset(s->offsets, 0, (size_t)(n_users + 1) * sizeof *s->offsets);
    if (s->n > 0) {
        plan(s);
        PT_TRY(partition(s, error));
        keep_spare(s, 0, 4, events->user);
        if (events->time_block != NULL) keep_spare(s, 0, 8, events->time_block);
        events->user = NULL;
        events->time_block = NULL;
        PT_TRY(sort_partitions(s, error));
        log->first_time = s->first_time;
        log->last_time = s->last_time;
    }
    if (s->event_id >= 0) {
        for (int64_t i = 0; i < events->n_columns; i++)
            if (events->columns[i].data == s->content[s->event_id].data)
                PT_TRY(find_repeated_ids(s, events->columns[i].dictionary->n, &n_repeated, error));
    }
    PT_TRY(note_duplicates(s, log, n_repeated, error));
    if (s->drop && s->n_duplicates + n_repeated > 0) PT_TRY(close_gaps(s, error));
    PT_TRY(gather_columns(s, log, error));
    log->n = s->n;
    log->users = events->users;
    events->users = NULL;
    log->kind_names = events->kind_names;
    log->n_kind_names = events->n_kind_names;
    events->kind_names = NULL;
    events->n_kind_names = 0;
cleanup:
    assembly_fini(s);
    return status;
}
