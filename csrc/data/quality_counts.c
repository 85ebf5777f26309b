/* data/quality_counts.c: one pass over the events of a stretch of time, in blocks.
 *
 * Events of a user lie together in order of time, so a new pair of user and day begins exactly where the local day differs
 * from that of the event before. Distinct values are marks in one byte a value. Every count is a sum of integers over blocks,
 * so threads cannot change it. */
#include "data/quality_counts.h"

#include "data/log_tables.h"

#include <string.h>

enum { BLOCK = 65536, PIECE = 1024, DAYS_BLOCK = 1 << 20 };

typedef struct counting {
    const patron_log *log;
    int64_t start, end;
    const int32_t *known;
    _Atomic int64_t n, user_days, new_users;
    _Atomic int64_t *kinds;
    _Atomic int64_t *missing;
    _Atomic uint8_t **seen; /* by column, then by code; NULL where it has no codes */
} counting;

static void add(_Atomic int64_t *total, int64_t n) {
    if (n != 0) atomic_fetch_add_explicit(total, n, memory_order_relaxed);
}

static void mark(_Atomic uint8_t *seen, int32_t code) {
    if (atomic_load_explicit(&seen[code], memory_order_relaxed) == 0)
        atomic_store_explicit(&seen[code], 1, memory_order_relaxed);
}

static void count_column(counting *c, int64_t column, int64_t first, const uint32_t *picked, int64_t n) {
    const pt_log_column *from = &c->log->columns[column];
    int64_t missing = 0;
    if (from->store == PT_CODES) {
        const int32_t *codes = (const int32_t *)from->data + first;
        for (int64_t i = 0; i < n; i++) {
            if (codes[picked[i]] < 0)
                missing++;
            else
                mark(c->seen[column], codes[picked[i]]);
        }
    } else if (from->store == PT_FLOAT) {
        const double *values = (const double *)from->data + first;
        for (int64_t i = 0; i < n; i++) missing += values[picked[i]] != values[picked[i]];
    } else {
        const int64_t *values = (const int64_t *)from->data + first;
        for (int64_t i = 0; i < n; i++) missing += values[picked[i]] == PT_MISSING;
    }
    add(&c->missing[column], missing);
}

static patron_status count_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    counting *c = arg;
    const patron_log *log = c->log;
    int64_t from = block * BLOCK, to = log->n < from + BLOCK ? log->n : from + BLOCK, user = pt_log_user_of(log, from);
    int64_t n_all = 0, user_days = 0, new_users = 0, known_kinds[PATRON_KIND_OTHER] = {0};
    pt_zone_cursor cursor = pt_zone_cursor_at(log->zone);
    for (int64_t first = from; first < to; first += PIECE) {
        int64_t last = to < first + PIECE ? to : first + PIECE, n = 0;
        uint32_t picked[PIECE];
        for (int64_t i = first; i < last; i++) {
            while (i >= log->offsets[user + 1]) user++;
            int64_t time = log->time[i];
            if (time < c->start || time >= c->end) continue;
            picked[n++] = (uint32_t)(i - first);
            bool begins = i == log->offsets[user];
            bool same_day = !begins && log->time[i - 1] >= c->start &&
                            pt_cursor_local_day(&cursor, log->time[i - 1]) == pt_cursor_local_day(&cursor, time);
            user_days += !same_day;
            new_users += begins && (c->known == NULL || c->known[user] < 0);
            int kind = log->kinds[i];
            if (kind < PATRON_KIND_OTHER)
                known_kinds[kind]++;
            else
                add(&c->kinds[kind], 1);
        }
        for (int64_t column = 0; column < log->n_columns && n > 0; column++) count_column(c, column, first, picked, n);
        n_all += n;
    }
    for (int kind = 0; kind < PATRON_KIND_OTHER; kind++) add(&c->kinds[kind], known_kinds[kind]);
    add(&c->n, n_all);
    add(&c->user_days, user_days);
    add(&c->new_users, new_users);
    return PATRON_OK;
}

static patron_status count_distinct(const counting *c, int64_t *distinct, patron_error *error) {
    for (int64_t column = 0; column < c->log->n_columns; column++) {
        int64_t n = c->seen[column] != NULL ? c->log->columns[column].dictionary->n : 0;
        for (int64_t code = 0; code < n; code++) {
            if (code % BLOCK == 0) {
                patron_status status = pt_poll(c->log->ctx, error);
                if (status != PATRON_OK) return status;
            }
            distinct[column] += atomic_load_explicit(&c->seen[column][code], memory_order_relaxed);
        }
    }
    return PATRON_OK;
}

patron_status pt_window_count(const patron_log *log, int64_t start, int64_t end, const int32_t *known, pt_window_counts *out,
                              patron_error *error) {
    patron_ctx *ctx = log->ctx;
    patron_status status;
    int64_t n_kinds = PATRON_KIND_OTHER + log->n_kind_names, n_columns = log->n_columns;
    counting c = {.log = log, .start = start, .end = end, .known = known};
    pt_window_counts counts = {0};
    PT_TRY(pt_alloc_zero(ctx, &c.kinds, n_kinds, sizeof *c.kinds, error));
    PT_TRY(pt_alloc_zero(ctx, &c.missing, n_columns, sizeof *c.missing, error));
    PT_TRY(pt_alloc_zero(ctx, &c.seen, n_columns, sizeof *c.seen, error));
    PT_TRY(pt_alloc(ctx, &counts.kinds, n_kinds, sizeof *counts.kinds, error));
    PT_TRY(pt_alloc(ctx, &counts.missing, n_columns, sizeof *counts.missing, error));
    PT_TRY(pt_alloc_zero(ctx, &counts.distinct, n_columns, sizeof *counts.distinct, error));
    for (int64_t i = 0; i < n_columns; i++)
        if (log->columns[i].store == PT_CODES) PT_TRY(pt_alloc_zero(ctx, &c.seen[i], log->columns[i].dictionary->n, 1, error));
    PT_TRY(pt_parallel_named(ctx, "quality", pt_chunks(log->n, BLOCK), count_task, &c, error));
    PT_TRY(count_distinct(&c, counts.distinct, error));
    for (int64_t i = 0; i < n_kinds; i++) counts.kinds[i] = c.kinds[i];
    for (int64_t i = 0; i < n_columns; i++) counts.missing[i] = c.missing[i];
    counts.n = c.n;
    counts.user_days = c.user_days;
    counts.new_users = c.new_users;
    *out = counts;
    counts = (pt_window_counts){0};
cleanup:
    for (int64_t i = 0; c.seen != NULL && i < n_columns; i++) pt_free(ctx, (void *)c.seen[i]);
    pt_free(ctx, (void *)c.seen);
    pt_free(ctx, (void *)c.kinds);
    pt_free(ctx, (void *)c.missing);
    pt_window_counts_fini(ctx, &counts);
    return status;
}

void pt_window_counts_fini(patron_ctx *ctx, pt_window_counts *counts) {
    pt_free(ctx, counts->kinds);
    pt_free(ctx, counts->missing);
    pt_free(ctx, counts->distinct);
    *counts = (pt_window_counts){0};
}

/* ---- days ---- */

typedef struct days {
    const patron_log *log;
    int64_t start, end, first_day, n_days, clock_from, clock_to;
    int64_t *counts; /* [part][day] */
} days;

static patron_status days_task(void *arg, int64_t part, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    days *d = arg;
    int64_t to = d->log->n < (part + 1) * DAYS_BLOCK ? d->log->n : (part + 1) * DAYS_BLOCK;
    int64_t *counts = d->counts + part * d->n_days;
    pt_zone_cursor cursor = pt_zone_cursor_at(d->log->zone);
    for (int64_t i = part * DAYS_BLOCK; i < to; i++) {
        int64_t time = d->log->time[i];
        if (time < d->start || time >= d->end) continue;
        int64_t local = pt_cursor_local_time(&cursor, time), day = pt_day_of(local), clock = pt_clock_of(local);
        if (day < d->first_day || day - d->first_day >= d->n_days || clock < d->clock_from || clock >= d->clock_to) continue;
        counts[day - d->first_day]++;
    }
    return PATRON_OK;
}

patron_status pt_count_days(const patron_log *log, int64_t start, int64_t end, int64_t first_day, int64_t n_days,
                            int64_t clock_from, int64_t clock_to, int64_t *counts, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    days d = {log, start, end, first_day, n_days, clock_from, clock_to, NULL};
    int64_t n_parts = pt_chunks(log->n, DAYS_BLOCK);
    patron_status status;
    PT_TRY(pt_alloc_zero(ctx, &d.counts, n_parts * n_days, sizeof *d.counts, error));
    PT_TRY(pt_parallel(ctx, n_parts, days_task, &d, error));
    for (int64_t part = 0; part < n_parts; part++)
        for (int64_t day = 0; day < n_days; day++) counts[day] += d.counts[part * n_days + day];
cleanup:
    pt_free(ctx, d.counts);
    return status;
}
