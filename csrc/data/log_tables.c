/* data/log_tables.c: a log as tables that every data frame library takes.
 *
 *   codes of text        dictionary of large_utf8, int32 indices   shared: the text always, the indices where none is missing
 *   codes of integers    int64 (uint64 where one is above 2^63 - 1)
 *   millionths           float64, value / 10^6 rounded once
 *   integers, floats     as they are                               shared
 *   booleans             bits
 *   instants             timestamp, microseconds, log's zone       shared
 *   kinds                dictionary of their names, int32 indices  (unsigned indices are refused by pandas)
 *
 * A missing value is a null with a harmless value below it: an index of 0, never -1, for consumers that look at indices
 * before they look at validity. Memory that is shared is kept alive by buffers of the log, so tables outlive it. */
#include "data/log_tables.h"

#include "base/ratio.h"

#include <string.h>

enum { BLOCK = 65536 };

/* ---- one column ---- */

typedef struct filling {
    const pt_log_column *column;
    const int64_t *rows; /* NULL: row i is i */
    int64_t n;
    void *values;      /* int32, 8 bytes or bits a row; NULL: only validity */
    uint8_t *validity; /* bits, zeros on entry */
    _Atomic int64_t n_missing;
} filling;

static bool fill_codes(const filling *f, int64_t row, int64_t i) {
    int32_t code = row >= 0 ? ((const int32_t *)f->column->data)[row] : -1;
    if (f->values == NULL) return code >= 0;
    if (f->column->dictionary->kind == PT_IDS_TEXT)
        ((int32_t *)f->values)[i] = code >= 0 ? code : 0;
    else
        ((int64_t *)f->values)[i] = code >= 0 ? f->column->dictionary->numbers[code] : 0;
    return code >= 0;
}

static bool fill_value(const filling *f, int64_t row, int64_t i) {
    int64_t value = row >= 0 ? ((const int64_t *)f->column->data)[row] : PT_MISSING;
    bool valid = value != PT_MISSING;
    if (f->column->store == PT_FLOAT) {
        double x = __builtin_nan("");
        if (row >= 0) memcpy(&x, &value, sizeof x);
        valid = x == x;
        if (f->values != NULL) ((double *)f->values)[i] = x;
    } else if (f->values == NULL) {
        return valid;
    } else if (f->column->store == PT_MICROS) {
        ((double *)f->values)[i] = valid ? pt_ratio(value, 1000000) : 0;
    } else if (f->column->store == PT_BOOLEAN) {
        uint8_t *bits = f->values;
        bits[i >> 3] = (uint8_t)(bits[i >> 3] | (value == 1) << (i & 7));
    } else {
        ((int64_t *)f->values)[i] = valid ? value : 0;
    }
    return valid;
}

/* Blocks begin at whole bytes of the bitmaps. */
static patron_status fill_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    filling *f = arg;
    bool codes = f->column->store == PT_CODES;
    int64_t end = f->n < (block + 1) * BLOCK ? f->n : (block + 1) * BLOCK, n_missing = 0;
    for (int64_t i = block * BLOCK; i < end; i++) {
        int64_t row = f->rows != NULL ? f->rows[i] : i;
        bool valid = codes ? fill_codes(f, row, i) : fill_value(f, row, i);
        f->validity[i >> 3] = (uint8_t)(f->validity[i >> 3] | valid << (i & 7));
        n_missing += !valid;
    }
    atomic_fetch_add_explicit(&f->n_missing, n_missing, memory_order_relaxed);
    return PATRON_OK;
}

/* Whether the data can stand in a table as they are, but for missing values. */
static bool is_plain(const pt_log_column *column) {
    return column->store == PT_INTEGER || column->store == PT_FLOAT || column->store == PT_INSTANT ||
           (column->store == PT_CODES && column->dictionary->kind == PT_IDS_TEXT);
}

/* A bitmap or an array of a column, cleared. */
static patron_status make_room(patron_ctx *ctx, int64_t bytes, pt_buffer **out, patron_error *error) {
    patron_status status = pt_buffer_create(ctx, bytes, out, error);
    if (status == PATRON_OK) memset((*out)->data, 0, (size_t)bytes);
    return status;
}

/* Validity, and values where they cannot be shared. */
static patron_status fill(patron_ctx *ctx, filling *f, pt_buffer **values, pt_buffer **validity, patron_error *error) {
    patron_status status;
    int64_t width = f->column->store == PT_CODES && f->column->dictionary->kind == PT_IDS_TEXT ? 4 : 8;
    int64_t bytes = f->column->store == PT_BOOLEAN ? pt_chunks(f->n, 8) : f->n * width;
    for (int pass = f->rows == NULL && is_plain(f->column) ? 0 : 1; pass < 2; pass++) {
        pt_buffer_release(*validity);
        *validity = NULL;
        PT_TRY(make_room(ctx, pt_chunks(f->n, 8), validity, error));
        if (pass == 1) PT_TRY(make_room(ctx, bytes, values, error));
        f->validity = (*validity)->data;
        f->values = *values != NULL ? (*values)->data : NULL;
        f->n_missing = 0;
        PT_TRY(pt_parallel(ctx, pt_chunks(f->n, BLOCK), fill_task, f, error));
        if (f->n_missing == 0 || f->column->store == PT_FLOAT) break; /* NaN is as harmless as a value can be */
    }
cleanup:
    return status;
}

/* One keep that holds what a column needs; entries may be NULL. */
static patron_status keep_all(patron_ctx *ctx, int n, pt_buffer *const *parts, pt_buffer **out, patron_error *error) {
    pt_buffer *all = NULL;
    for (int i = 0; i < n; i++) {
        pt_buffer *more;
        if (parts[i] == NULL) continue;
        patron_status status = PATRON_OK;
        if (all == NULL)
            more = pt_buffer_retain(parts[i]);
        else
            status = pt_keep_both(ctx, all, parts[i], &more, error);
        pt_buffer_release(all);
        if (status != PATRON_OK) return status;
        all = more;
    }
    *out = all;
    return PATRON_OK;
}

/* Codes of a text dictionary as a column; `indices` (n, int32) lies in `keep`. */
static patron_status add_coded(patron_table *table, const char *name, const pt_dictionary *d, const int32_t *indices,
                               const uint8_t *validity, pt_buffer *keep, patron_error *error) {
    patron_column values = {.type = PATRON_TYPE_LARGE_UTF8, .values = d->bytes, .offsets = d->offsets};
    patron_column column = {.type = PATRON_TYPE_DICTIONARY,
                            .values = indices,
                            .validity = validity,
                            .index_type = PATRON_TYPE_INT32,
                            .dictionary_length = d->n,
                            .dictionary = &values};
    return pt_table_add(table, name, &column, keep, error);
}

patron_status pt_log_column_to_table(const pt_log_column *column, const int64_t *rows, int64_t n, const char *timezone,
                                     patron_table *table, patron_error *error) {
    static const patron_type types[] = {PATRON_TYPE_INT64,   PATRON_TYPE_FLOAT64,   PATRON_TYPE_INT64,
                                        PATRON_TYPE_FLOAT64, PATRON_TYPE_TIMESTAMP, PATRON_TYPE_BOOL};
    patron_ctx *ctx = table->ctx;
    patron_status status;
    pt_buffer *values = NULL, *validity = NULL, *keep = NULL;
    filling f = {.column = column, .rows = rows, .n = n};
    PT_TRY(fill(ctx, &f, &values, &validity, error));
    const pt_dictionary *d = column->dictionary;
    bool text = column->store == PT_CODES && d->kind == PT_IDS_TEXT;
    pt_buffer *parts[] = {values != NULL ? values : column->keep, f.n_missing > 0 ? validity : NULL, text ? d->keep[0] : NULL,
                          text ? d->keep[1] : NULL};
    PT_TRY(keep_all(ctx, 4, parts, &keep, error));
    const void *data = values != NULL ? values->data : column->data;
    const uint8_t *bits = f.n_missing > 0 ? validity->data : NULL;
    if (text) {
        status = add_coded(table, column->name, d, data, bits, keep, error);
    } else {
        patron_column out = {.type = types[column->store], .values = data, .validity = bits};
        if (column->store == PT_CODES && d->kind == PT_IDS_UINT64) out.type = PATRON_TYPE_UINT64;
        if (column->store == PT_INSTANT) {
            out.unit = PATRON_UNIT_MICROSECOND;
            out.timezone = timezone;
        }
        status = pt_table_add(table, column->name, &out, keep, error);
    }
cleanup:
    pt_buffer_release(values);
    pt_buffer_release(validity);
    pt_buffer_release(keep);
    return status;
}

/* ---- events ---- */

typedef struct spreading {
    const patron_log *log;
    const int32_t *dense; /* of kinds */
    int32_t *users, *kinds;
} spreading;

int64_t pt_log_user_of(const patron_log *log, int64_t event) {
    int64_t low = 0, high = log->users->n;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (log->offsets[middle] <= event)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static patron_status spread_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    spreading *s = arg;
    const patron_log *log = s->log;
    int64_t first = block * BLOCK, end = log->n < first + BLOCK ? log->n : first + BLOCK, user = pt_log_user_of(log, first);
    for (int64_t i = first; i < end; i++) {
        while (i >= log->offsets[user + 1]) user++;
        s->users[i] = (int32_t)user;
        s->kinds[i] = s->dense[log->kinds[i]];
    }
    return PATRON_OK;
}

static void release_log(void *owner) { patron_log_destroy(owner); }

static patron_status add_time(const patron_log *log, patron_table *table, patron_error *error) {
    pt_buffer *keep;
    patron_log *shared = pt_log_retain(log);
    patron_status status = pt_buffer_wrap(log->ctx, NULL, 0, release_log, shared, &keep, error);
    if (status != PATRON_OK) {
        patron_log_destroy(shared);
        return status;
    }
    patron_column column = {
        .type = PATRON_TYPE_TIMESTAMP, .values = log->time, .unit = PATRON_UNIT_MICROSECOND, .timezone = log->zone->name};
    status = pt_table_add(table, "time", &column, keep, error);
    pt_buffer_release(keep);
    return status;
}

/* The names of all kinds that the log can have, as large_utf8 in one buffer: offsets, then bytes. dense[kind]: its place. */
static patron_status name_kinds(const patron_log *log, int32_t *dense, pt_buffer **out, int64_t *n_names, patron_error *error) {
    int64_t n = 0, bytes = 0;
    for (int kind = 0; kind < PATRON_KIND_OTHER + log->n_kind_names; kind++) {
        const char *name = patron_log_kind_name(log, kind);
        if (name == NULL) continue;
        dense[kind] = (int32_t)n++;
        bytes += (int64_t)strlen(name);
    }
    pt_buffer *names;
    patron_status status = pt_buffer_create(log->ctx, (n + 1) * 8 + bytes, &names, error);
    if (status != PATRON_OK) return status;
    int64_t *offsets = names->data, at = 0, i = 0;
    char *text = (char *)(offsets + n + 1);
    for (int kind = 0; kind < PATRON_KIND_OTHER + log->n_kind_names; kind++) {
        const char *name = patron_log_kind_name(log, kind);
        if (name == NULL) continue;
        offsets[i++] = at;
        memcpy(text + at, name, strlen(name));
        at += (int64_t)strlen(name);
    }
    offsets[i] = at;
    *out = names;
    *n_names = n;
    return PATRON_OK;
}

patron_status patron_log_events(const patron_log *log, patron_table **out, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    patron_status status;
    patron_table *table = NULL;
    pt_buffer *users = NULL, *kinds = NULL, *names = NULL, *keep = NULL;
    int32_t *dense = NULL;
    int64_t n_names;
    PT_TRY(patron_table_create(ctx, log->n, &table, error));
    PT_TRY(pt_alloc(ctx, &dense, PATRON_KIND_OTHER + log->n_kind_names, sizeof *dense, error));
    PT_TRY(name_kinds(log, dense, &names, &n_names, error));
    PT_TRY(pt_buffer_create(ctx, log->n * 4, &users, error));
    PT_TRY(pt_buffer_create(ctx, log->n * 4, &kinds, error));
    spreading s = {log, dense, users->data, kinds->data};
    PT_TRY(pt_parallel(ctx, pt_chunks(log->n, BLOCK), spread_task, &s, error));
    pt_log_column user = {.name = (char[]){"user"}, .dictionary = log->users, .data = users->data, .keep = users};
    PT_TRY(pt_log_column_to_table(&user, NULL, log->n, NULL, table, error));
    PT_TRY(add_time(log, table, error));
    PT_TRY(pt_keep_both(ctx, kinds, names, &keep, error));
    const int64_t *offsets = names->data;
    pt_dictionary kind_names = {
        .kind = PT_IDS_TEXT, .n = n_names, .offsets = offsets, .bytes = (char *)names->data + (n_names + 1) * 8};
    PT_TRY(add_coded(table, "event", &kind_names, kinds->data, NULL, keep, error));
    for (int64_t i = 0; i < log->n_columns; i++)
        PT_TRY(pt_log_column_to_table(&log->columns[i], NULL, log->n, log->zone->name, table, error));
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    pt_buffer_release(users);
    pt_buffer_release(kinds);
    pt_buffer_release(names);
    pt_buffer_release(keep);
    pt_free(ctx, dense);
    return status;
}

/* ---- audit ---- */

patron_status pt_table_add_texts(patron_table *table, const char *name, int64_t n, const char *const *texts,
                                 patron_error *error) {
    patron_ctx *ctx = table->ctx;
    patron_status status;
    int64_t *offsets = NULL;
    char *bytes = NULL;
    uint8_t *valid = NULL, *validity = NULL;
    PT_TRY(pt_alloc(ctx, &offsets, n + 1, sizeof *offsets, error));
    PT_TRY(pt_alloc(ctx, &valid, n, 1, error));
    offsets[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        valid[i] = texts[i] != NULL;
        offsets[i + 1] = offsets[i] + (texts[i] != NULL ? (int64_t)strlen(texts[i]) : 0);
    }
    PT_TRY(pt_alloc(ctx, &bytes, offsets[n], 1, error));
    for (int64_t i = 0; i < n; i++)
        if (texts[i] != NULL) memcpy(bytes + offsets[i], texts[i], (size_t)(offsets[i + 1] - offsets[i]));
    PT_TRY(pt_validity_pack(ctx, n, valid, &validity, error));
    status = pt_table_take(table, name, &(patron_column){.type = PATRON_TYPE_LARGE_UTF8}, bytes, offsets, validity, error);
    offsets = NULL;
    bytes = NULL;
cleanup:
    pt_free(ctx, offsets);
    pt_free(ctx, bytes);
    pt_free(ctx, valid);
    return status;
}

patron_status patron_log_audit(const patron_log *log, patron_table **out, patron_error *error) {
    const pt_audit *audit = &log->audit;
    patron_ctx *ctx = log->ctx;
    patron_status status;
    patron_table *table = NULL;
    const char **texts = NULL;
    int64_t *counts = NULL;
    static const char *const names[] = {"rule", "column", "rows", "action", "example"};
    PT_TRY(patron_table_create(ctx, audit->n, &table, error));
    PT_TRY(pt_alloc(ctx, &texts, audit->n, sizeof *texts, error));
    for (int column = 0; column < 5; column++) {
        if (column == 2) {
            PT_TRY(pt_alloc(ctx, &counts, audit->n, sizeof *counts, error));
            for (int64_t i = 0; i < audit->n; i++) counts[i] = audit->rows[i].rows;
            PT_TRY(pt_table_take(table, names[column], &(patron_column){.type = PATRON_TYPE_INT64}, counts, NULL, NULL, error));
            continue;
        }
        for (int64_t i = 0; i < audit->n; i++) {
            const pt_audit_row *row = &audit->rows[i];
            texts[i] = column == 0 ? row->rule : column == 1 ? row->column : column == 3 ? row->action : row->example;
        }
        PT_TRY(pt_table_add_texts(table, names[column], audit->n, texts, error));
    }
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    pt_free(ctx, texts);
    return status;
}
