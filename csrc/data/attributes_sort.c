/* data/attributes_sort.c: rows of attributes in order, each once.
 *
 * Key and valid_from fit into one 64-bit key in practice (20 + 44 bits); else two stable sorts. Ties are then broken on content
 * in blocks of rows, each run of equal keys by the block in which it begins. Rows that agree throughout become one. The order
 * is fixed by the rows alone: neither their order nor the number of threads can change it. */
#include "data/attributes.h"

#include "base/merge_sort.h"
#include "base/sort.h"

#include <string.h>

enum { BLOCK = 65536, LONG_RUN = 1 << 14 };

/* Rows on their way: an event's user is the key, its time valid_from. */
typedef struct sorting {
    const pt_events *rows;
    int64_t n;        /* rows that enter; after the repeats have gone, rows that stay */
    uint64_t *order;  /* row numbers */
    uint64_t *spare;  /* n, scratch */
    int32_t *key;     /* in the new order */
    int64_t *instant; /* NULL: no valid_from */
    uint8_t *repeated;
} sorting;

static int compare_rows(const void *state, uint64_t a, uint64_t b) {
    const sorting *s = state;
    for (int64_t i = 0; i < s->rows->n_columns; i++) {
        const pt_log_column *column = &s->rows->columns[i];
        int64_t x, y;
        if (column->store == PT_CODES) {
            x = ((const int32_t *)column->data)[a];
            y = ((const int32_t *)column->data)[b];
        } else {
            x = ((const int64_t *)column->data)[a];
            y = ((const int64_t *)column->data)[b];
        }
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

static int bits_for(uint64_t most) { return most == 0 ? 0 : 64 - __builtin_clzll(most); }

/* order: the entering rows by (key, valid_from). */
static patron_status sort_rows(sorting *s, patron_ctx *ctx, patron_error *error) {
    const pt_events *rows = s->rows;
    patron_status status;
    uint64_t *keys = NULL, *spare = NULL;
    PT_TRY(pt_alloc(ctx, &keys, s->n, sizeof *keys, error));
    PT_TRY(pt_alloc(ctx, &spare, s->n, sizeof *spare, error));
    uint64_t least = UINT64_MAX, most = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (rows->user[i] < 0) continue;
        s->order[n++] = (uint64_t)i;
        if (rows->time == NULL || rows->time[i] == PT_MISSING) continue;
        uint64_t instant = pt_order_int64(rows->time[i]);
        least = instant < least ? instant : least;
        most = instant > most ? instant : most;
    }
    /* 0 stands for rows that always hold, so instants begin at 1; PT_MISSING is 0 in order already */
    uint64_t shift = least > most ? 0 : least - 1;
    int time_bits = least > most ? 0 : bits_for(most - shift);
    bool together = bits_for((uint64_t)rows->users->n) + time_bits <= 64;
    for (int pass = together ? 1 : 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++) {
            if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
            uint64_t row = s->order[i], instant = 0, key = (uint64_t)(uint32_t)rows->user[row];
            if (rows->time != NULL && rows->time[row] != PT_MISSING) instant = pt_order_int64(rows->time[row]) - shift;
            keys[i] = together ? key << time_bits | instant : pass == 0 ? instant : key;
        }
        PT_TRY(pt_sort_pairs(ctx, n, keys, s->order, spare, s->spare, error));
    }
cleanup:
    pt_free(ctx, keys);
    pt_free(ctx, spare);
    return status;
}

/* Two lists that are in order already, each without repeats, become one: rows [0, n_first) and the rest. Both are read from
 * front to back, which a sort would not do. */
static patron_status merge_rows(sorting *s, int64_t n_first, patron_ctx *ctx, patron_error *error) {
    const pt_events *rows = s->rows;
    int64_t a = 0, b = n_first;
    for (int64_t i = 0; i < s->n; i++) {
        if ((i & 4095) == 0) {
            patron_status status = pt_poll(ctx, error);
            if (status != PATRON_OK) return status;
        }
        int order = a == n_first ? 1 : b == rows->n ? -1 : 0;
        if (order == 0) order = (rows->user[a] > rows->user[b]) - (rows->user[a] < rows->user[b]);
        if (order == 0 && rows->time != NULL) order = (rows->time[a] > rows->time[b]) - (rows->time[a] < rows->time[b]);
        if (order == 0) order = compare_rows(s, (uint64_t)a, (uint64_t)b);
        s->order[i] = (uint64_t)(order <= 0 ? a++ : b++);
        if (order != 0) continue;
        s->order[++i] = (uint64_t)b++;
        s->repeated[i] = 1;
    }
    return PATRON_OK;
}

static patron_status place_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sorting *s = arg;
    int64_t end = s->n < (block + 1) * BLOCK ? s->n : (block + 1) * BLOCK;
    for (int64_t i = block * BLOCK; i < end; i++) {
        s->key[i] = s->rows->user[s->order[i]];
        if (s->instant != NULL) s->instant[i] = s->rows->time[s->order[i]];
    }
    return PATRON_OK;
}

static bool same_place(const sorting *s, int64_t a, int64_t b) {
    return s->key[a] == s->key[b] && (s->instant == NULL || s->instant[a] == s->instant[b]);
}

static patron_status break_ties(sorting *s, int64_t first, int64_t n, patron_ctx *poll, patron_error *error) {
    uint64_t *items = s->order + first;
    patron_status status = pt_merge_sort(poll, n, items, s->spare + first, compare_rows, s, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 1; i < n; i++) s->repeated[first + i] = compare_rows(s, items[i - 1], items[i]) == 0;
    return PATRON_OK;
}

/* The runs that begin in a block, but for the long ones, which the calling thread sorts afterwards (it can be interrupted). */
static patron_status break_block(sorting *s, int64_t block, bool long_ones, patron_ctx *poll, patron_error *error) {
    int64_t end = s->n < (block + 1) * BLOCK ? s->n : (block + 1) * BLOCK, i = block * BLOCK;
    while (i > 0 && i < end && same_place(s, i - 1, i)) i++;
    while (i < end) {
        int64_t next = i + 1;
        while (next < s->n && same_place(s, i, next)) next++;
        if (next - i > 1 && (next - i > LONG_RUN) == long_ones) {
            patron_status status = break_ties(s, i, next - i, poll, error);
            if (status != PATRON_OK) return status;
        }
        i = next;
    }
    return PATRON_OK;
}

static patron_status tie_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    return break_block(arg, block, false, NULL, error);
}

/* Closes the gaps of repeated rows; returns how many there were. */
static int64_t drop_repeats(sorting *s) {
    int64_t to = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->repeated[i]) continue;
        s->order[to] = s->order[i];
        s->key[to] = s->key[i];
        if (s->instant != NULL) s->instant[to] = s->instant[i];
        to++;
    }
    int64_t n_repeated = s->n - to;
    s->n = to;
    return n_repeated;
}

typedef struct gathering {
    const uint64_t *order;
    int64_t n;
    const void *from;
    void *to;
    bool codes;
} gathering;

static patron_status gather_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    gathering *g = arg;
    int64_t end = g->n < (block + 1) * BLOCK ? g->n : (block + 1) * BLOCK;
    if (g->codes)
        for (int64_t i = block * BLOCK; i < end; i++) ((int32_t *)g->to)[i] = ((const int32_t *)g->from)[g->order[i]];
    else
        for (int64_t i = block * BLOCK; i < end; i++) ((int64_t *)g->to)[i] = ((const int64_t *)g->from)[g->order[i]];
    return PATRON_OK;
}

/* Moves a column over in the new order. */
static patron_status gather_column(const sorting *s, patron_ctx *ctx, pt_log_column *from, pt_log_column *to,
                                   patron_error *error) {
    pt_buffer *keep = NULL;
    patron_status status = pt_buffer_create(ctx, s->n * (from->store == PT_CODES ? 4 : 8), &keep, error);
    if (status != PATRON_OK) return status;
    gathering g = {s->order, s->n, from->data, keep->data, from->store == PT_CODES};
    status = pt_parallel(ctx, pt_chunks(s->n, BLOCK), gather_task, &g, error);
    if (status != PATRON_OK) {
        pt_buffer_release(keep);
        return status;
    }
    pt_free(ctx, from->data);
    *to = *from;
    to->data = keep->data;
    to->keep = keep;
    *from = (pt_log_column){0};
    return PATRON_OK;
}

/* From rows in any order, which are emptied, to attributes. */
patron_status pt_attributes_arrange(patron_ctx *ctx, pt_events *rows, int64_t n_first, pt_attributes **out, int64_t *n_repeated,
                                    patron_error *error) {
    patron_status status;
    pt_attributes *a = NULL;
    sorting s = {.rows = rows};
    PT_TRY(pt_attributes_create(ctx, rows->n_columns, &a, error));
    for (int64_t i = 0; i < rows->n; i++) s.n += rows->user[i] >= 0;
    int64_t n_entering = s.n;
    PT_TRY(pt_alloc(ctx, &s.order, n_entering, sizeof *s.order, error));
    PT_TRY(pt_alloc(ctx, &s.spare, n_entering, sizeof *s.spare, error));
    PT_TRY(pt_alloc_zero(ctx, &s.repeated, n_entering, 1, error));
    PT_TRY(pt_buffer_create(ctx, n_entering * (rows->time != NULL ? 12 : 4), &a->keep, error));
    if (rows->time != NULL) s.instant = a->keep->data;
    s.key = (int32_t *)((int64_t *)a->keep->data + (rows->time != NULL ? n_entering : 0));
    bool sorted = n_first >= 0;
    PT_TRY(sorted ? merge_rows(&s, n_first, ctx, error) : sort_rows(&s, ctx, error));
    int64_t n_blocks = pt_chunks(n_entering, BLOCK);
    PT_TRY(pt_parallel(ctx, n_blocks, place_task, &s, error));
    if (!sorted) PT_TRY(pt_parallel(ctx, n_blocks, tie_task, &s, error));
    for (int64_t block = 0; block < n_blocks && !sorted; block++) {
        PT_TRY(break_block(&s, block, true, ctx, error));
        PT_TRY(pt_poll(ctx, error));
    }
    *n_repeated = drop_repeats(&s);
    for (int64_t i = 0; i < rows->n_columns; i++) {
        PT_TRY(gather_column(&s, ctx, &rows->columns[i], &a->columns[i], error));
        a->n_columns = i + 1;
    }
    a->n = s.n;
    a->key = s.key;
    a->valid_from = s.instant;
    a->keys = rows->users;
    rows->users = NULL;
    *out = a;
    a = NULL;
cleanup:
    pt_free(ctx, s.order);
    pt_free(ctx, s.spare);
    pt_free(ctx, s.repeated);
    pt_attributes_release(a);
    return status;
}
