/* data/log.c: the log as an object: building, reading, and its two operations, merging and cutting.
 *
 * Both operations turn logs back into events, in the codes of united dictionaries, drop the values that nothing uses any more
 * and assemble again. So there is one way in which a log comes about, and a merged log equals a rebuilt one by construction. */
#include "base/options.h"
#include "data/events.h"

#include <string.h>

enum { BLOCK = 65536, MOST_KIND_NAMES = 65536 - PATRON_KIND_OTHER };
#define EXACT_IN_DOUBLE (INT64_C(1) << 53)

static const char *const store_names[] = {"text or ids", "millionths", "integers", "floats", "times", "booleans"};

/* ---- the object ------------------------------------------------------------------------------------------------------------
 */

patron_status pt_log_create(patron_ctx *ctx, const patron_log_options *recipe, pt_timezone *zone, patron_log **out,
                            patron_error *error) {
    patron_log *log;
    patron_status status = pt_alloc_zero(ctx, &log, 1, sizeof *log, error);
    if (status != PATRON_OK) return status;
    log->references = 1;
    log->ctx = pt_ctx_retain(ctx);
    log->zone = pt_timezone_retain(zone);
    status = pt_recipe_copy(ctx, recipe, &log->recipe, error);
    if (status == PATRON_OK)
        *out = log;
    else
        patron_log_destroy(log);
    return status;
}

patron_log *pt_log_retain(const patron_log *log) {
    patron_log *shared = (patron_log *)(uintptr_t)log;
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

void patron_log_destroy(patron_log *log) {
    if (log == NULL || atomic_fetch_sub_explicit(&log->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = log->ctx;
    pt_dictionary_release(log->users);
    for (int i = 0; i < 3; i++) pt_buffer_release(log->keep[i]);
    for (int64_t i = 0; log->kind_names != NULL && i < log->n_kind_names; i++) pt_free(ctx, log->kind_names[i]);
    pt_free(ctx, log->kind_names);
    for (int64_t i = 0; i < log->n_columns; i++) pt_log_column_fini(ctx, &log->columns[i]);
    pt_free(ctx, log->columns);
    pt_timezone_release(log->zone);
    pt_free(ctx, log->currency);
    pt_recipe_destroy(ctx, log->recipe);
    pt_audit_fini(ctx, &log->audit);
    pt_attributes_release(log->user_attributes);
    pt_attributes_release(log->item_attributes);
    pt_free(ctx, log);
    patron_ctx_destroy(ctx);
}

void pt_log_column_fini(patron_ctx *ctx, pt_log_column *column) {
    pt_free(ctx, column->name);
    pt_dictionary_release(column->dictionary);
    pt_buffer_release(column->keep);
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------
 */

const pt_log_column *pt_log_find(const patron_log *log, const char *name) {
    for (int64_t i = 0; i < log->n_columns; i++)
        if (strcmp(log->columns[i].name, name) == 0) return &log->columns[i];
    return NULL;
}

int64_t patron_log_n_events(const patron_log *log) { return log->n; }
int64_t patron_log_n_users(const patron_log *log) { return log->users->n; }

int64_t patron_log_n_items(const patron_log *log) {
    const pt_log_column *item = pt_log_find(log, "item");
    return item != NULL ? item->dictionary->n : 0;
}

int64_t patron_log_start(const patron_log *log) { return log->n > 0 ? log->first_time : 0; }
int64_t patron_log_end(const patron_log *log) { return log->n > 0 ? log->last_time + 1 : 0; }
const char *patron_log_timezone(const patron_log *log) { return log->zone->name; }
const char *patron_log_currency(const patron_log *log) { return log->currency; }
const patron_log_options *patron_log_recipe(const patron_log *log) { return log->recipe; }
const int64_t *patron_log_offsets(const patron_log *log) { return log->offsets; }
const int64_t *patron_log_times(const patron_log *log) { return log->time; }
const uint16_t *patron_log_kinds(const patron_log *log) { return log->kinds; }

const char *patron_log_kind_name(const patron_log *log, int kind) {
    if (kind < PATRON_KIND_OTHER) return pt_known_kind(kind);
    return kind - PATRON_KIND_OTHER < log->n_kind_names ? log->kind_names[kind - PATRON_KIND_OTHER] : NULL;
}

const int64_t *patron_log_micros(const patron_log *log, const char *role) {
    const pt_log_column *column = pt_log_find(log, role);
    return column != NULL && column->store == PT_MICROS ? column->data : NULL;
}

const int32_t *patron_log_codes(const patron_log *log, const char *name, int64_t *n_codes) {
    const pt_log_column *column = pt_log_find(log, name);
    if (column == NULL || column->store != PT_CODES) return NULL;
    if (n_codes != NULL) *n_codes = column->dictionary->n;
    return column->data;
}

patron_status patron_log_id(const patron_log *log, const char *name, int64_t code, patron_id *out, patron_error *error) {
    const pt_log_column *column = pt_log_find(log, name);
    const pt_dictionary *d = strcmp(name, "user") == 0 ? log->users : column != NULL ? column->dictionary : NULL;
    if (d == NULL) return pt_fail(error, PATRON_ERR_NOT_FOUND, "The log has no coded column '%s'", name);
    if (code < 0 || code >= d->n)
        return pt_fail(error, PATRON_ERR_INVALID, "Code %lld of column '%s' is not one of its %lld", (long long)code, name,
                       (long long)d->n);
    pt_dictionary_id(d, code, out);
    return PATRON_OK;
}

int64_t patron_log_find_user(const patron_log *log, const patron_id *id) { return pt_dictionary_find(log->users, id); }

/* ---- building
 * ---------------------------------------------------------------------------------------------------------------- */

/* Codes that rows which enter use, and a dictionary of just those; codes are rewritten. */
static patron_status compact_codes(patron_ctx *ctx, int64_t n, const int32_t *user, int32_t *codes, pt_dictionary **dictionary,
                                   patron_error *error) {
    patron_status status;
    uint8_t *used = NULL;
    int32_t *map = NULL;
    pt_dictionary *kept = NULL;
    PT_TRY(pt_alloc_zero(ctx, &used, (*dictionary)->n, 1, error));
    int64_t n_used = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (user[i] >= 0 && codes[i] >= 0) {
            n_used += !used[codes[i]];
            used[codes[i]] = 1;
        }
    }
    if (n_used == (*dictionary)->n) goto cleanup;
    PT_TRY(pt_dictionary_keep(*dictionary, used, &kept, &map, error));
    for (int64_t i = 0; i < n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (codes[i] >= 0) codes[i] = map[codes[i]];
    }
    pt_dictionary_release(*dictionary);
    *dictionary = kept;
    kept = NULL;
cleanup:
    pt_free(ctx, used);
    pt_free(ctx, map);
    pt_dictionary_release(kept);
    return status;
}

/* Forgets kinds of which no row enters. */
static patron_status compact_kinds(patron_ctx *ctx, pt_events *events, patron_error *error) {
    uint8_t *used = NULL;
    uint16_t *map = NULL;
    if (events->n_kind_names == 0) return PATRON_OK;
    patron_status status;
    PT_TRY(pt_alloc_zero(ctx, &used, events->n_kind_names, 1, error));
    PT_TRY(pt_alloc_zero(ctx, &map, events->n_kind_names, sizeof *map, error));
    for (int64_t i = 0; i < events->n; i++)
        if (events->user[i] >= 0 && events->kinds[i] >= PATRON_KIND_OTHER) used[events->kinds[i] - PATRON_KIND_OTHER] = 1;
    int64_t n = 0;
    for (int64_t k = 0; k < events->n_kind_names; k++) {
        map[k] = (uint16_t)(PATRON_KIND_OTHER + n);
        if (used[k])
            events->kind_names[n++] = events->kind_names[k];
        else
            pt_free(ctx, events->kind_names[k]);
    }
    events->n_kind_names = n;
    for (int64_t i = 0; i < events->n; i++)
        if (events->kinds[i] >= PATRON_KIND_OTHER) events->kinds[i] = map[events->kinds[i] - PATRON_KIND_OTHER];
cleanup:
    pt_free(ctx, used);
    pt_free(ctx, map);
    return status;
}

patron_status pt_events_compact(patron_ctx *ctx, pt_events *events, patron_error *error) {
    patron_status status;
    for (int64_t i = 0; i < events->n_columns; i++)
        if (events->columns[i].store == PT_CODES)
            PT_TRY(compact_codes(ctx, events->n, events->user, events->columns[i].data, &events->columns[i].dictionary, error));
    PT_TRY(compact_codes(ctx, events->n, events->user, events->user, &events->users, error));
    PT_TRY(compact_kinds(ctx, events, error));
cleanup:
    return status;
}

/* Everything after cleaning: compact, assemble, outliers; the audit's lines in their order. */
static patron_status complete(patron_log *log, pt_events *events, bool rows_left, patron_error *error) {
    patron_status status;
    if (rows_left) PT_TRY(pt_events_compact(log->ctx, events, error));
    PT_TRY(pt_log_assemble(log, events, error));
    PT_TRY(pt_log_flag_outliers(log, error));
    PT_TRY(pt_attributes_audit(log, error));
    pt_audit_sort(&log->audit);
cleanup:
    return status;
}

static int64_t rows_dropped(const pt_audit *audit) {
    int64_t n = 0;
    for (int64_t i = 0; i < audit->n; i++)
        if (strcmp(audit->rows[i].action, "dropped") == 0) n += audit->rows[i].rows;
    return n;
}

/* Dropping events for repeated ids can leave users and values that no event has any more: only known once sorted, so sort
 * again. */
static patron_status settle(patron_log **log, patron_error *error) {
    const patron_log_options *recipe = (*log)->recipe;
    if (!recipe->drop_duplicates || pt_log_find(*log, "event_id") == NULL) return PATRON_OK;
    patron_log *again;
    patron_status status = patron_log_between(*log, INT64_MIN, INT64_MAX, &again, error);
    if (status != PATRON_OK) return status;
    patron_log_destroy(*log);
    *log = again;
    return PATRON_OK;
}

/* Rows are numbered in 32 bits, and the last number marks one that was dropped (assemble.c). Asked before any row is read. */
static patron_status check_count(int64_t n, const char *what, patron_error *error) {
    if (n <= (int64_t)UINT32_MAX) return PATRON_OK;
    return pt_fail(error, PATRON_ERR_LIMIT, "%s %lld rows; expected at most %lld in one log", what, (long long)n,
                   (long long)UINT32_MAX);
}

patron_status patron_log_build(patron_ctx *ctx, const patron_table *table, const patron_log_options *caller, patron_log **out,
                               patron_error *error) {
    patron_log_options options;
    patron_log_options_init(&options);
    patron_status status = pt_options_read("patron_log_options", caller, &options, sizeof options, error);
    if (status != PATRON_OK) return status;
    patron_log *log = NULL;
    pt_timezone *zone = NULL;
    pt_events events = {0};
    PT_TRY(check_count(patron_table_n_rows(table), "The table has", error));
    PT_TRY(pt_recipe_check(&options, error));
    PT_TRY(pt_timezone_create(ctx, options.timezone, &zone, error));
    PT_TRY(pt_log_create(ctx, &options, zone, &log, error));
    PT_TRY(pt_clean(ctx, table, &options, zone, &events, &log->currency, &log->audit, error));
    PT_TRY(complete(log, &events, rows_dropped(&log->audit) > 0, error));
    PT_TRY(settle(&log, error));
    *out = log;
    log = NULL;
cleanup:
    pt_events_fini(ctx, &events);
    pt_timezone_release(zone);
    patron_log_destroy(log);
    return status;
}

/* ---- from logs to events
 * ------------------------------------------------------------------------------------------------------ */

/* A part of the events to come: rows [first, first + log->n) are those of a log. */
typedef struct source {
    const patron_log *log;
    int64_t first;
} source;

static patron_status unite_users(patron_ctx *ctx, const source *sources, int n_sources, pt_events *events,
                                 patron_error *error) {
    patron_status status;
    int32_t *maps[2] = {NULL, NULL};
    if (n_sources == 1)
        events->users = pt_dictionary_retain(sources[0].log->users);
    else
        PT_TRY(pt_dictionary_unite(sources[0].log->users, sources[1].log->users, "user", &events->users, &maps[0], &maps[1],
                                   error));
    PT_TRY(pt_alloc(ctx, &events->user, events->n, sizeof *events->user, error));
    for (int s = 0; s < n_sources; s++) {
        const patron_log *log = sources[s].log;
        for (int64_t u = 0; u < log->users->n; u++) {
            if ((u & 1023) == 0) PT_TRY(pt_poll(ctx, error));
            int32_t code = maps[s] != NULL ? maps[s][u] : (int32_t)u;
            for (int64_t i = log->offsets[u]; i < log->offsets[u + 1]; i++) events->user[sources[s].first + i] = code;
        }
    }
cleanup:
    pt_free(ctx, maps[0]);
    pt_free(ctx, maps[1]);
    return status;
}

static bool is_blank(const pt_log_column *column, int64_t n) {
    if (column->store == PT_CODES) return column->dictionary->n == 0;
    const int64_t *values = column->data;
    const double *floats = column->data;
    for (int64_t i = 0; i < n; i++)
        if (column->store == PT_FLOAT ? floats[i] == floats[i] : values[i] != PT_MISSING) return false;
    return true;
}

/* How the values of both are stored together. A column without a value goes with any, as it comes when a batch happens to have
 * none; integers go with floats, as pandas makes of integers of which one is missing. */
static bool common_store(const pt_log_column *a, int64_t n_a, const pt_log_column *b, int64_t n_b, pt_store *out) {
    bool blank_a = a->store != b->store && is_blank(a, n_a), blank_b = a->store != b->store && is_blank(b, n_b);
    bool numbers = (a->store == PT_INTEGER && b->store == PT_FLOAT) || (a->store == PT_FLOAT && b->store == PT_INTEGER);
    if (a->store == b->store || (blank_b && !blank_a))
        *out = a->store;
    else if (blank_a && !blank_b)
        *out = b->store;
    else if (blank_a) /* both */
        *out = a->store > b->store ? a->store : b->store;
    else if (numbers)
        *out = PT_FLOAT;
    else
        return false;
    return true;
}

/* Writes the values of a column as `store`; map (may be NULL) turns codes. */
static patron_status carry_over(patron_ctx *ctx, const pt_log_column *column, int64_t n, pt_store store, const int32_t *map,
                                void *to, patron_error *error) {
    int32_t *codes = to;
    int64_t *values = to;
    double *floats = to;
    if (column->store == store && map == NULL) {
        memcpy(to, column->data, (size_t)n * (store == PT_CODES ? sizeof *codes : sizeof *values));
        return PATRON_OK;
    }
    for (int64_t i = 0; i < n; i++) {
        if (i % BLOCK == 0) {
            patron_status status = pt_poll(ctx, error);
            if (status != PATRON_OK) return status;
        }
        if (column->store == store) {
            int32_t code = ((const int32_t *)column->data)[i];
            codes[i] = code >= 0 ? map[code] : -1;
        } else if (store == PT_CODES) {
            codes[i] = -1;
        } else if (store != PT_FLOAT) {
            values[i] = PT_MISSING;
        } else {
            int64_t value = column->store == PT_INTEGER ? ((const int64_t *)column->data)[i] : PT_MISSING;
            floats[i] = value == PT_MISSING ? (double)__builtin_nan("") : (double)value;
            if (value != PT_MISSING && (value > EXACT_IN_DOUBLE || value < -EXACT_IN_DOUBLE))
                return pt_fail(error, PATRON_ERR_LIMIT,
                               "Column '%s' holds %lld in one log and floats in the other; expected integers in both",
                               column->name, (long long)value);
        }
    }
    return PATRON_OK;
}

/* A column of all sources; winsorised amounts come from the raw ones. */
static patron_status unite_column(patron_ctx *ctx, const source *sources, int n_sources, const pt_log_column *like,
                                  pt_events *events, patron_error *error) {
    patron_status status;
    pt_dictionary *dictionary = NULL;
    int32_t *maps[2] = {NULL, NULL};
    char *data = NULL;
    const pt_log_column *columns[2] = {NULL, NULL};
    for (int s = 0; s < n_sources; s++) {
        columns[s] = strcmp(like->name, "amount") == 0 ? pt_log_find(sources[s].log, "amount_raw") : NULL;
        if (columns[s] == NULL) columns[s] = pt_log_find(sources[s].log, like->name);
    }
    pt_store store = like->store;
    if (n_sources == 2)
        (void)common_store(columns[0], sources[0].log->n, columns[1], sources[1].log->n, &store); /* checked before */
    if (store == PT_CODES && n_sources == 2 && columns[0]->store == columns[1]->store)
        PT_TRY(pt_dictionary_unite(columns[0]->dictionary, columns[1]->dictionary, like->name, &dictionary, &maps[0], &maps[1],
                                   error));
    else if (store == PT_CODES)
        dictionary = pt_dictionary_retain(columns[columns[0]->store != PT_CODES]->dictionary);
    int64_t width = store == PT_CODES ? 4 : 8;
    PT_TRY(pt_alloc(ctx, &data, events->n, (size_t)width, error));
    for (int s = 0; s < n_sources; s++)
        PT_TRY(carry_over(ctx, columns[s], sources[s].log->n, store, maps[s], data + sources[s].first * width, error));
    status = pt_events_add(ctx, events, like->name, like->property, store, dictionary, data, error);
    dictionary = NULL;
    data = NULL;
cleanup:
    pt_dictionary_release(dictionary);
    pt_free(ctx, maps[0]);
    pt_free(ctx, maps[1]);
    pt_free(ctx, data);
    return status;
}

static patron_status unite_kinds(patron_ctx *ctx, const source *sources, int n_sources, pt_events *events,
                                 patron_error *error) {
    patron_status status;
    uint16_t *map = NULL;
    int64_t capacity = 0;
    for (int s = 0; s < n_sources; s++) capacity += sources[s].log->n_kind_names;
    PT_TRY(pt_alloc(ctx, &events->kinds, events->n, sizeof *events->kinds, error));
    PT_TRY(pt_alloc_zero(ctx, &events->kind_names, capacity, sizeof *events->kind_names, error));
    int64_t at[2] = {0, 0};
    for (;;) { /* merge the sorted lists of names */
        const char *least = NULL;
        for (int s = 0; s < n_sources; s++)
            if (at[s] < sources[s].log->n_kind_names && (least == NULL || strcmp(sources[s].log->kind_names[at[s]], least) < 0))
                least = sources[s].log->kind_names[at[s]];
        if (least == NULL) break;
        if (events->n_kind_names == MOST_KIND_NAMES) {
            status =
                pt_fail(error, PATRON_ERR_LIMIT, "The logs have more than %d names that are no kind of event", MOST_KIND_NAMES);
            goto cleanup;
        }
        PT_TRY(pt_strdup(ctx, least, &events->kind_names[events->n_kind_names], error));
        events->n_kind_names++;
        for (int s = 0; s < n_sources; s++)
            if (at[s] < sources[s].log->n_kind_names && strcmp(sources[s].log->kind_names[at[s]], least) == 0) at[s]++;
    }
    PT_TRY(pt_alloc(ctx, &map, 65536, sizeof *map, error));
    for (int s = 0; s < n_sources; s++) {
        const patron_log *log = sources[s].log;
        for (int k = 0; k < 65536; k++) map[k] = (uint16_t)k;
        for (int64_t k = 0, to = 0; k < log->n_kind_names; k++) {
            while (strcmp(events->kind_names[to], log->kind_names[k]) != 0) to++;
            map[PATRON_KIND_OTHER + k] = (uint16_t)(PATRON_KIND_OTHER + to);
        }
        for (int64_t i = 0; i < log->n; i++) {
            if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
            events->kinds[sources[s].first + i] = map[log->kinds[i]];
        }
    }
cleanup:
    pt_free(ctx, map);
    return status;
}

static patron_status gather_events(patron_ctx *ctx, const source *sources, int n_sources, pt_events *events,
                                   patron_error *error) {
    patron_status status;
    for (int s = 0; s < n_sources; s++) events->n += sources[s].log->n;
    PT_TRY(check_count(events->n, "Both logs together have", error));
    PT_TRY(pt_alloc(ctx, &events->time_block, events->n, sizeof *events->time_block, error));
    events->time = events->time_block;
    for (int s = 0; s < n_sources; s++)
        memcpy(events->time_block + sources[s].first, sources[s].log->time, (size_t)sources[s].log->n * sizeof *events->time);
    PT_TRY(unite_users(ctx, sources, n_sources, events, error));
    PT_TRY(unite_kinds(ctx, sources, n_sources, events, error));
    for (int64_t i = 0; i < sources[0].log->n_columns; i++) {
        const pt_log_column *column = &sources[0].log->columns[i];
        if (strcmp(column->name, "amount_raw") != 0) PT_TRY(unite_column(ctx, sources, n_sources, column, events, error));
    }
cleanup:
    return status;
}

/* The audit of a part, but for the rules that are applied anew to the whole. */
static patron_status inherit_audit(const patron_log *from, patron_log *to, patron_error *error) {
    patron_status status = pt_audit_copy(to->ctx, &from->audit, &to->audit, error);
    if (!from->recipe->drop_duplicates) {
        pt_audit_drop(to->ctx, &to->audit, "exact duplicate");
        pt_audit_drop(to->ctx, &to->audit, "repeated event_id");
    }
    pt_audit_drop(to->ctx, &to->audit, "outlying amount");
    pt_audit_drop(to->ctx, &to->audit, "users without attributes");
    pt_audit_drop(to->ctx, &to->audit, "items without attributes");
    pt_audit_drop(to->ctx, &to->audit, "attributes without a user");
    pt_audit_drop(to->ctx, &to->audit, "attributes without an item");
    return status;
}

/* ---- merging
 * ------------------------------------------------------------------------------------------------------------------- */

static patron_status check_zones(const pt_timezone *a, const pt_timezone *b, patron_error *error) {
    char name[128], other[128], instant[40];
    int64_t from;
    pt_show_name(a->name, name, sizeof name);
    if (strcmp(a->name, b->name) != 0)
        return pt_fail(error, PATRON_ERR_INVALID, "One log is in time zone '%s', the other in '%s'; expected the same", name,
                       pt_show_name(b->name, other, sizeof other));
    if (!pt_timezone_part(a, b, &from)) return PATRON_OK;
    pt_format_instant(from, instant, sizeof instant);
    return pt_fail(error, PATRON_ERR_INVALID,
                   "The logs have time zone '%s' with different offsets from %s on; expected the same: the time zone data of "
                   "one is newer",
                   name, from == INT64_MIN ? "the beginning" : instant);
}

/* Whether a log has money in any event: an amount or discount that is not 0. */
static patron_status has_money(const patron_log *log, bool *out, patron_error *error) {
    const int64_t *measures[] = {patron_log_micros(log, "amount"), patron_log_micros(log, "discount")};
    patron_status status = PATRON_OK;
    *out = false;
    for (int m = 0; m < 2; m++)
        for (int64_t i = 0; measures[m] != NULL && i < log->n && !*out; i++) {
            if (i % BLOCK == 0) PT_TRY(pt_poll(log->ctx, error));
            *out = measures[m][i] != PT_MISSING && measures[m][i] != 0;
        }
cleanup:
    return status;
}

/* A log says what its money is in by its column of currencies. Rows without one in that column are counted in the audit; a log
 * without the column may have no money at all, or that of two countries would be added up unseen. */
static patron_status check_currencies(const patron_log *a, const patron_log *b, patron_error *error) {
    char name[128], other[128];
    if (a->currency != NULL && b->currency != NULL && strcmp(a->currency, b->currency) != 0)
        return pt_fail(error, PATRON_ERR_INVALID, "One log is in currency '%s', the other in '%s'; expected the same",
                       pt_show_name(a->currency, name, sizeof name), pt_show_name(b->currency, other, sizeof other));
    const bool a_says = a->recipe->currency != NULL || a->currency != NULL,
               b_says = b->recipe->currency != NULL || b->currency != NULL;
    if (a_says == b_says) return PATRON_OK;
    const patron_log *says = a_says ? a : b;
    bool money;
    patron_status status = has_money(a_says ? b : a, &money, error);
    if (status != PATRON_OK || !money) return status;
    const char *which = says->currency != NULL ? says->currency : says->recipe->currency;
    return pt_fail(error, PATRON_ERR_INVALID, "One log %s '%s', the other has amounts in no currency; expected the same",
                   says->currency != NULL ? "is in currency" : "has its currencies in column",
                   pt_show_name(which, name, sizeof name));
}

static patron_status check_alike(const patron_log *a, const patron_log *b, patron_error *error) {
    patron_status status = check_zones(a->zone, b->zone, error);
    if (status == PATRON_OK) status = check_currencies(a, b, error);
    if (status != PATRON_OK) return status;
    if (a->recipe->winsorize != b->recipe->winsorize || a->recipe->drop_duplicates != b->recipe->drop_duplicates)
        return pt_fail(error, PATRON_ERR_INVALID, "One log was built with %s, the other without; expected the same",
                       a->recipe->winsorize != b->recipe->winsorize ? "winsorize" : "drop_duplicates");
    for (int side = 0; side < 2; side++) {
        const patron_log *x = side == 0 ? a : b, *y = side == 0 ? b : a;
        for (int64_t i = 0; i < x->n_columns; i++) {
            const pt_log_column *other = pt_log_find(y, x->columns[i].name);
            if (other == NULL)
                return pt_fail(error, PATRON_ERR_INVALID,
                               "Only one of the logs has a column '%s'; expected the same roles and properties in both",
                               x->columns[i].name);
            pt_store store;
            if (!common_store(&x->columns[i], x->n, other, y->n, &store))
                return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' holds %s in one log and %s in the other; expected the same",
                               x->columns[i].name, store_names[x->columns[i].store], store_names[other->store]);
        }
    }
    return PATRON_OK;
}

patron_status patron_log_merge(const patron_log *a, const patron_log *b, patron_log **out, patron_error *error) {
    patron_ctx *ctx = a->ctx;
    patron_status status;
    patron_log *log = NULL;
    pt_events events = {0};
    PT_TRY(check_alike(a, b, error));
    PT_TRY(pt_log_create(ctx, a->recipe, a->zone, &log, error));
    PT_TRY(pt_strdup(ctx, a->currency != NULL ? a->currency : b->currency, &log->currency, error));
    PT_TRY(inherit_audit(a, log, error));
    PT_TRY(inherit_audit(b, log, error));
    PT_TRY(gather_events(ctx, (source[]){{a, 0}, {b, a->n}}, 2, &events, error));
    PT_TRY(pt_attributes_unite(ctx, a->user_attributes, b->user_attributes, &log->user_attributes, error));
    PT_TRY(pt_attributes_unite(ctx, a->item_attributes, b->item_attributes, &log->item_attributes, error));
    PT_TRY(complete(log, &events, false, error));
    PT_TRY(settle(&log, error));
    *out = log;
    log = NULL;
cleanup:
    pt_events_fini(ctx, &events);
    patron_log_destroy(log);
    return status;
}

patron_status patron_log_append(const patron_log *log, const patron_table *table, patron_log **out, patron_error *error) {
    patron_log *fresh = NULL;
    patron_log_options options = *log->recipe;
    patron_timezone zone = {log->zone->name, log->zone->n, log->zone->from, log->zone->offset, log->zone->before};
    options.timezone = &zone;
    patron_status status = patron_log_build(log->ctx, table, &options, &fresh, error);
    if (status == PATRON_OK) status = patron_log_merge(log, fresh, out, error);
    patron_log_destroy(fresh);
    return status;
}

/* ---- cutting
 * --------------------------------------------------------------------------------------------------------------------- */

patron_status patron_log_between(const patron_log *from, int64_t start, int64_t end, patron_log **out, patron_error *error) {
    patron_ctx *ctx = from->ctx;
    if (start > end)
        return pt_fail(error, PATRON_ERR_INVALID,
                       "The interval starts after it ends (%lld > %lld microseconds); expected start <= end", (long long)start,
                       (long long)end);
    patron_status status;
    patron_log *log = NULL;
    pt_events events = {0};
    PT_TRY(pt_log_create(ctx, from->recipe, from->zone, &log, error));
    PT_TRY(pt_strdup(ctx, from->currency, &log->currency, error));
    PT_TRY(inherit_audit(from, log, error));
    PT_TRY(gather_events(ctx, (source[]){{from, 0}}, 1, &events, error));
    int64_t outside = 0;
    for (int64_t i = 0; i < events.n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (events.time[i] >= start && events.time[i] < end) continue;
        events.user[i] = -1;
        outside++;
    }
    PT_TRY(pt_audit_add(ctx, &log->audit, "outside the interval", NULL, outside, "left out", NULL, error));
    log->user_attributes = pt_attributes_retain(from->user_attributes);
    log->item_attributes = pt_attributes_retain(from->item_attributes);
    PT_TRY(complete(log, &events, true, error));
    if (log->n < from->n - outside) PT_TRY(settle(&log, error)); /* only a file made by hand still has repeats to drop */
    *out = log;
    log = NULL;
cleanup:
    pt_events_fini(ctx, &events);
    patron_log_destroy(log);
    return status;
}
