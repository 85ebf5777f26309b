/* profile/profile.c: one row for every user.
 *
 *     plan      which columns there are (definitions.h, less what the log has no role for), where windows start
 *     tasks     runs of users, cut by events: for each user one walk (walk.h) that fills a row of a tile
 *     table     the columns handed over
 *
 * A task writes rows into a tile that stays in cache and copies it out column by column: sixty result columns of equal
 * alignment, written a cell at a time, would fight for the same few places of the cache. Tasks begin at a multiple of eight
 * users, so no two share a byte of a null bitmap. Every row depends on its user's events alone, so threads cannot change a bit.
 *
 * as_of is decided here and nowhere else: the events of a user end at the first one with time >= as_of. Windows are found by
 * binary search too.
 *
 * Limits: one user is one piece of work (20 million events of a single user are not cut). */
#include "patron/profile.h"

#include "profile/walk.h"

#include <string.h>

/* A family after those whose sums it reads. */
static const pt_family *const families[] = {&pt_family_activity, &pt_family_purchases, &pt_family_returns, &pt_family_rhythm};
enum { N_FAMILIES = sizeof families / sizeof *families };

/* ---- plan ---- */

/* A column of the result. */
typedef struct column {
    pt_measure measure;
    int64_t window; /* -1: totals */
    void *values;
    uint8_t *validity; /* NULL where the null rule is never */
    _Atomic bool has_null;
} column;

typedef struct job {
    patron_ctx *ctx;
    pt_plan plan;
    int64_t n_users;
    column *columns;
    pt_walk **walks; /* PT_MAX_THREADS, made when first needed */
} job;

static const void *role_data(const patron_log *log, pt_role role, int64_t *n_codes) {
    const pt_log_column *found = pt_log_find(log, pt_role_name(role));
    if (found == NULL) return NULL;
    if (n_codes != NULL) *n_codes = found->dictionary->n;
    return found->data;
}

static int64_t window_start(const patron_log *log, const pt_window *window, int64_t as_of) {
    if (window->days != 0) return pt_add_days(log->zone, as_of, -window->days);
    return pt_add_saturating(as_of, -window->micros);
}

/* order[k]: which window is the k-th when the shortest stands first. */
static patron_status plan_windows(job *self, int64_t n, const pt_window *windows, int32_t *order, patron_error *error) {
    pt_plan *plan = &self->plan;
    patron_status status = pt_alloc(self->ctx, &plan->starts, n, sizeof *plan->starts, error);
    if (status != PATRON_OK) return status;
    plan->n_windows = n;
    for (int64_t w = 0; w < n; w++) {
        const int64_t start = window_start(plan->log, &windows[w], plan->as_of);
        int64_t k = w;
        for (; k > 0 && plan->starts[k - 1] < start; k--) {
            plan->starts[k] = plan->starts[k - 1];
            order[k] = order[k - 1];
        }
        plan->starts[k] = start;
        order[k] = (int32_t)w;
    }
    return PATRON_OK;
}

static bool has_column(const patron_log *log, const pt_definition *definition, bool windowed) {
    if (windowed && definition->reach != PT_WINDOWED) return false;
    return definition->needs[0] == '\0' || pt_log_find(log, definition->needs) != NULL;
}

/* Numbers the columns: totals, then window by window in the caller's order. Those that are left out share the number after
 * the last. */
static patron_status plan_columns(job *self, int64_t n_windows, const int32_t *order, patron_error *error) {
    patron_status status = PATRON_OK;
    pt_plan *plan = &self->plan;
    PT_TRY(pt_alloc(self->ctx, &plan->columns, (1 + n_windows) * PT_N_MEASURES, sizeof *plan->columns, error));
    PT_TRY(pt_alloc_zero(self->ctx, &self->columns, (1 + n_windows) * PT_N_MEASURES, sizeof *self->columns, error));
    for (int64_t w = -1; w < n_windows; w++)
        for (int m = 0; m < PT_N_MEASURES; m++)
            if (has_column(plan->log, &pt_definitions[m], w >= 0)) {
                self->columns[plan->n_columns].measure = (pt_measure)m;
                self->columns[plan->n_columns++].window = w;
            }
    for (int64_t i = 0; i < (1 + n_windows) * PT_N_MEASURES; i++) plan->columns[i] = (int32_t)plan->n_columns;
    for (int64_t k = -1; k < n_windows; k++)
        for (int64_t c = 0; c < plan->n_columns; c++)
            if (self->columns[c].window == (k < 0 ? -1 : order[k]))
                plan->columns[(1 + k) * PT_N_MEASURES + self->columns[c].measure] = (int32_t)c;
    for (int64_t c = 0; c < plan->n_columns; c++) {
        column *each = &self->columns[c];
        PT_TRY(pt_alloc(self->ctx, &each->values, self->n_users, sizeof(pt_cell), error));
        if (pt_definitions[each->measure].null_rule != PT_NULL_NEVER)
            PT_TRY(pt_alloc(self->ctx, &each->validity, pt_chunks(self->n_users, 8), 1, error));
    }
cleanup:
    return status;
}

static patron_status job_init(job *self, const patron_log *log, const patron_profile_options *options, const pt_window *windows,
                              patron_error *error) {
    patron_status status = PATRON_OK;
    int32_t order[PT_MAX_WINDOWS];
    pt_plan *plan = &self->plan;
    plan->log = log;
    plan->as_of = options->has_as_of ? options->as_of : patron_log_end(log);
    plan->time = log->time;
    plan->kinds = log->kinds;
    plan->item = role_data(log, PT_ROLE_item, &plan->n_items);
    plan->order = role_data(log, PT_ROLE_order, &plan->n_orders);
    plan->amount = role_data(log, PT_ROLE_amount, NULL);
    plan->quantity = role_data(log, PT_ROLE_quantity, NULL);
    plan->discount = role_data(log, PT_ROLE_discount, NULL);
    self->n_users = log->users->n;
    PT_TRY(plan_windows(self, options->n_windows, windows, order, error));
    PT_TRY(plan_columns(self, options->n_windows, order, error));
    PT_TRY(pt_alloc_zero(self->ctx, &self->walks, PT_MAX_THREADS, sizeof *self->walks, error));
cleanup:
    return status;
}

static void walk_destroy(patron_ctx *ctx, pt_walk *walk) {
    for (int f = 0; f < N_FAMILIES; f++)
        if (families[f]->fini != NULL) families[f]->fini(ctx, walk);
    pt_free(ctx, walk->tile);
    pt_free(ctx, walk->valid);
    pt_free(ctx, walk);
}

static void job_fini(job *self) {
    for (int i = 0; self->walks != NULL && i < PT_MAX_THREADS; i++)
        if (self->walks[i] != NULL) walk_destroy(self->ctx, self->walks[i]);
    for (int64_t c = 0; self->columns != NULL && c < self->plan.n_columns; c++) {
        pt_free(self->ctx, self->columns[c].values);
        pt_free(self->ctx, self->columns[c].validity);
    }
    pt_free(self->ctx, self->walks);
    pt_free(self->ctx, self->columns);
    pt_free(self->ctx, self->plan.starts);
    pt_free(self->ctx, self->plan.columns);
}

/* ---- tasks ---- */

/* The first of events [low, high) with time >= bound; high if there is none. */
static int64_t first_from(const int64_t *time, int64_t low, int64_t high, int64_t bound) {
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (time[middle] < bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_down_to(pt_walk *walk, int64_t low) {
    for (int f = 0; f < N_FAMILIES; f++)
        if (families[f]->add != NULL && low < walk->low) families[f]->add(walk, low, walk->low);
    walk->low = low;
}

static void emit(pt_walk *walk, int64_t scope) {
    walk->columns = walk->plan->columns + scope * PT_N_MEASURES;
    for (int f = 0; f < N_FAMILIES; f++)
        if (families[f]->emit != NULL) families[f]->emit(walk);
}

static patron_status walk_user(pt_walk *walk, int64_t user, patron_error *error) {
    const pt_plan *plan = walk->plan;
    const int64_t *offsets = plan->log->offsets;
    patron_status status = PATRON_OK;
    walk->first = offsets[user];
    walk->end = first_from(plan->time, walk->first, offsets[user + 1], plan->as_of);
    walk->low = walk->end;
    for (int f = 0; f < N_FAMILIES; f++)
        if (families[f]->begin != NULL) PT_TRY(families[f]->begin(walk, error));
    for (int64_t k = 0; k < plan->n_windows; k++) {
        add_down_to(walk, first_from(plan->time, walk->first, walk->low, plan->starts[k]));
        emit(walk, 1 + k);
    }
    add_down_to(walk, walk->first);
    emit(walk, 0);
    for (int f = 0; f < N_FAMILIES; f++)
        if (families[f]->finish != NULL) PT_TRY(families[f]->finish(walk, error));
cleanup:
    return status;
}

/* Rows [0, n) of the tile become users [first, first + n); first is a multiple of eight. */
static void copy_tile(job *self, const pt_walk *walk, int64_t first, int64_t n) {
    for (int64_t c = 0; c < self->plan.n_columns; c++) {
        column *each = &self->columns[c];
        memcpy((pt_cell *)each->values + first, walk->tile + c * PT_TILE, (size_t)n * sizeof(pt_cell));
        if (each->validity == NULL) continue;
        const uint64_t rows = n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1, valid = walk->valid[c] & rows;
        for (int64_t byte = 0; byte * 8 < n; byte++) each->validity[first / 8 + byte] = (uint8_t)(valid >> 8 * byte);
        if (valid != rows) atomic_store_explicit(&each->has_null, true, memory_order_relaxed);
    }
}

static patron_status walk_of(job *self, int worker, pt_walk **out, patron_error *error) {
    patron_status status = PATRON_OK;
    const int64_t n = self->plan.n_columns + 1;
    pt_walk *walk = self->walks[worker];
    if (walk == NULL) {
        PT_TRY(pt_alloc_zero(self->ctx, &walk, 1, sizeof *walk, error));
        self->walks[worker] = walk;
        walk->plan = &self->plan;
    }
    if (walk->tile == NULL) PT_TRY(pt_alloc(self->ctx, &walk->tile, n * PT_TILE, sizeof *walk->tile, error));
    if (walk->valid == NULL) PT_TRY(pt_alloc(self->ctx, &walk->valid, n, sizeof *walk->valid, error));
    *out = walk;
cleanup:
    return status;
}

/* Work is measured in events; the row of a user is worth some of them. */
enum { USER_WORK = 16, CHUNK_WORK = 1 << 17 };

static int64_t work_before(const job *self, int64_t user) { return self->plan.log->offsets[user] + USER_WORK * user; }

/* The first user of a chunk: the least multiple of eight before which there are `chunk` chunks of work. */
static int64_t chunk_start(const job *self, int64_t chunk) {
    int64_t low = 0, high = pt_chunks(self->n_users, 8);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (work_before(self, middle * 8) < chunk * CHUNK_WORK)
            low = middle + 1;
        else
            high = middle;
    }
    return low * 8 < self->n_users ? low * 8 : self->n_users;
}

static patron_status walk_chunk(void *arg, int64_t chunk, int worker, patron_error *error) {
    patron_status status = PATRON_OK;
    job *self = arg;
    pt_walk *walk = NULL;
    PT_TRY(walk_of(self, worker, &walk, error));
    const int64_t start = chunk_start(self, chunk), end = chunk_start(self, chunk + 1);
    for (int64_t first = start; first < end; first += PT_TILE) {
        const int64_t n = end - first < PT_TILE ? end - first : PT_TILE;
        for (int64_t c = 0; c <= self->plan.n_columns; c++) walk->valid[c] = ~UINT64_C(0);
        for (walk->row = 0; walk->row < n; walk->row++) PT_TRY(walk_user(walk, first + walk->row, error));
        copy_tile(self, walk, first, n);
    }
cleanup:
    return status;
}

/* ---- table ---- */

static patron_status add_columns(job *self, const pt_window *windows, patron_table *table, patron_error *error) {
    static const patron_type types[] = {
        [PT_COUNT] = PATRON_TYPE_INT64, [PT_NUMBER] = PATRON_TYPE_FLOAT64, [PT_TIMESTAMP] = PATRON_TYPE_TIMESTAMP};
    patron_status status = pt_dictionary_add_to_table(self->plan.log->users, "user", table, error);
    for (int64_t c = 0; c < self->plan.n_columns && status == PATRON_OK; c++) {
        column *each = &self->columns[c];
        const pt_form form = pt_definitions[each->measure].form;
        patron_column shape = {.type = types[form]};
        if (form == PT_TIMESTAMP) {
            shape.unit = PATRON_UNIT_MICROSECOND;
            shape.timezone = self->plan.log->zone->name;
        }
        if (!each->has_null) {
            pt_free(self->ctx, each->validity);
            each->validity = NULL;
        }
        char name[PT_COLUMN_NAME];
        pt_column_title(each->measure, each->window < 0 ? NULL : &windows[each->window], name);
        void *values = each->values;
        uint8_t *validity = each->validity;
        each->values = NULL;
        each->validity = NULL;
        status = pt_table_take(table, name, &shape, values, NULL, validity, error);
    }
    return status;
}

patron_status patron_profile_compute(const patron_log *log, const patron_profile_options *caller, patron_table **out,
                                     patron_error *error) {
    patron_status status = PATRON_OK;
    patron_ctx *ctx = log->ctx;
    patron_profile_options options = {0};
    pt_window *windows = NULL;
    patron_table *table = NULL;
    job self = {.ctx = ctx};
    PT_TRY(pt_profile_options_read(ctx, caller, &options, &windows, error));
    PT_TRY(job_init(&self, log, &options, windows, error));
    const int64_t n_chunks = pt_chunks(work_before(&self, self.n_users), CHUNK_WORK);
    PT_TRY(pt_parallel_named(ctx, "profile", n_chunks, walk_chunk, &self, error));
    PT_TRY(patron_table_create(ctx, self.n_users, &table, error));
    PT_TRY(add_columns(&self, windows, table, error));
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    job_fini(&self);
    pt_free(ctx, windows);
    return status;
}
