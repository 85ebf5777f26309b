/* data/clean.c: one pass over a table: every role is read once, checked, coded, and what was done is counted.
 *
 * A row leaves only for want of a user or a time; everything else that is wrong with it becomes a missing value. Column by
 * column, not row by row: each role streams through the cache once, and roles that are not there cost nothing. Rows that leave
 * are marked by user code -1 and still counted in every rule that they break, so that counts add up whatever rows were loaded
 * together. */
#include "data/events.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 65536, PIECE = 1024 };

void pt_events_fini(patron_ctx *ctx, pt_events *events) {
    pt_dictionary_release(events->users);
    pt_free(ctx, events->user);
    pt_free(ctx, events->time_block);
    pt_free(ctx, events->kinds);
    for (int64_t i = 0; events->kind_names != NULL && i < events->n_kind_names; i++) pt_free(ctx, events->kind_names[i]);
    pt_free(ctx, events->kind_names);
    for (int64_t i = 0; i < events->n_columns; i++) {
        pt_free(ctx, events->columns[i].name);
        pt_dictionary_release(events->columns[i].dictionary);
        pt_free(ctx, events->columns[i].data);
    }
    pt_free(ctx, events->columns);
    *events = (pt_events){0};
}

patron_status pt_events_add(patron_ctx *ctx, pt_events *events, const char *name, bool property, pt_store store,
                            pt_dictionary *dictionary, void *data, patron_error *error) {
    patron_status status;
    char *copy = NULL;
    PT_TRY(pt_grow(ctx, &events->columns, events->n_columns, &events->capacity, events->n_columns + 1, sizeof *events->columns,
                   error));
    PT_TRY(pt_strdup(ctx, name, &copy, error));
    events->columns[events->n_columns++] = (pt_log_column){copy, store, property, dictionary, data, NULL, NULL};
    return PATRON_OK;
cleanup:
    pt_dictionary_release(dictionary);
    pt_free(ctx, data);
    return status;
}

/* ---- finding columns ------------------------------------------------------------------------------------------------------
 */

/* Up to a dozen names of columns, and no more than there is room for, for a message. */
static void list_columns(const patron_table *table, char *out, size_t size) {
    enum { NAMES = 12, NAME = 48, REST = 32 /* for " and 17 more" */ };
    size_t used = 0;
    int64_t i = 0;
    snprintf(out, size, "no columns");
    for (; i < table->n_columns && i < NAMES && size - used > NAME + REST; i++) {
        char name[NAME - 4]; /* quotes, comma and space */
        used += (size_t)snprintf(out + used, size - used, "%s'%s'", i > 0 ? ", " : "",
                                 pt_show_name(table->columns[i].field.name, name, sizeof name));
    }
    if (i < table->n_columns) snprintf(out + used, size - used, " and %lld more", (long long)(table->n_columns - i));
}

/* *out is NULL where no name is given. */
patron_status pt_find_column(const patron_table *table, const char *name, const char *role, const pt_column **out,
                             patron_error *error) {
    *out = NULL;
    if (name == NULL) return PATRON_OK;
    int64_t i = patron_table_find(table, name);
    if (i < 0) {
        char columns[320], shown[96];
        list_columns(table, columns, sizeof columns);
        return pt_fail(error, PATRON_ERR_NOT_FOUND, "There is no column '%s' (for %s); the table has %s",
                       pt_show_name(name, shown, sizeof shown), role, columns);
    }
    *out = &table->columns[i];
    return PATRON_OK;
}

/* ---- ids and names ------------------------------------------------------------------------------------------------------- */

patron_status pt_clean_ids(patron_ctx *ctx, const pt_column *column, const char *role, bool trim, pt_dictionary **dictionary,
                           int32_t **codes, pt_audit *audit, patron_error *error) {
    patron_type type = column->field.type;
    if (type >= PATRON_TYPE_FLOAT16 && type <= PATRON_TYPE_FLOAT64) {
        char value[64];
        pt_column_describe(column, 0, value, sizeof value);
        return pt_fail(error, PATRON_ERR_TYPE,
                       "Column '%s' (%s), row 0: %s is a %s; expected integers or text, since floats are no ids (missing "
                       "integers turn a column into floats: "
                       "keep them nullable, e.g. Int64)",
                       column->field.name, role, value, patron_type_name(type));
    }
    int64_t n_trimmed = 0;
    patron_status status = pt_dictionary_encode(ctx, column, trim, dictionary, codes, &n_trimmed, error);
    if (status == PATRON_OK)
        status = pt_audit_add(ctx, audit, "white space around id", column->field.name, n_trimmed, "trimmed", NULL, error);
    return status;
}

typedef struct marking {
    int32_t *user;
    const int64_t *time;
    int64_t n;
    _Atomic int64_t n_missing_users, n_left;
} marking;

static patron_status mark_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    marking *m = arg;
    int64_t end = m->n < (block + 1) * BLOCK ? m->n : (block + 1) * BLOCK, missing = 0, left = 0;
    for (int64_t i = block * BLOCK; i < end; i++) {
        missing += m->user[i] < 0;
        if (m->time[i] == PT_MISSING) m->user[i] = -1;
        left += m->user[i] >= 0;
    }
    atomic_fetch_add_explicit(&m->n_missing_users, missing, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->n_left, left, memory_order_relaxed);
    return PATRON_OK;
}

static patron_status mark_dropped(patron_ctx *ctx, const patron_log_options *options, pt_events *events, pt_audit *audit,
                                  patron_error *error) {
    marking m = {.user = events->user, .time = events->time, .n = events->n};
    patron_status status;
    PT_TRY(pt_parallel(ctx, pt_chunks(m.n, BLOCK), mark_task, &m, error));
    PT_TRY(pt_audit_add(ctx, audit, "missing user", options->user, m.n_missing_users, "dropped", NULL, error));
    if (m.n_left == 0)
        status = pt_fail(error, PATRON_ERR_INVALID,
                         m.n == 0 ? "There are no events: the table has %lld rows; expected at least one with a user and a time"
                                  : "No event is left of %lld rows: each lacks a user ('%s') or a usable time ('%s')",
                         (long long)m.n, options->user, options->time);
cleanup:
    return status;
}

patron_status pt_name_copy(patron_ctx *ctx, pt_string text, const char *column, char **out, patron_error *error) {
    char shown[128], *copy;
    patron_status status = pt_alloc(ctx, &copy, text.length + 1, 1, error);
    if (status != PATRON_OK) return status;
    if (text.length > 0) memcpy(copy, text.data, (size_t)text.length);
    copy[text.length] = '\0';
    if ((int64_t)strlen(copy) == text.length) {
        *out = copy;
        return PATRON_OK;
    }
    status =
        pt_fail(error, PATRON_ERR_INVALID, "Column '%s' has a name with a zero byte in it, behind '%s'; expected text without",
                column, pt_show_name(copy, shown, sizeof shown));
    pt_free(ctx, copy);
    return status;
}

/* ---- measures -------------------------------------------------------------------------------------------------------------
 */

typedef struct measure {
    const pt_column *column;
    int64_t *out; /* NULL: only look */
    struct measure_tally {
        int64_t rounded, not_finite, too_large, negative;
    } tallies[PT_MAX_THREADS];
} measure;

static patron_status measure_task(void *arg, int64_t block, int worker, patron_error *error) {
    measure *m = arg;
    struct measure_tally *tally = &m->tallies[worker];
    uint8_t state[PIECE];
    int64_t looked_at[PIECE];
    int64_t end = m->column->length < (block + 1) * BLOCK ? m->column->length : (block + 1) * BLOCK;
    for (int64_t first = block * BLOCK; first < end; first += PIECE) {
        int64_t n = end - first < PIECE ? end - first : PIECE, odd = 0, negative = 0;
        int64_t *out = m->out != NULL ? m->out + first : looked_at;
        patron_status status = pt_column_micros(m->column, first, n, out, state, error);
        if (status != PATRON_OK) return status;
        for (int64_t i = 0; i < n; i++) {
            odd += state[i] != PT_MICROS_EXACT;
            negative += out[i] < 0;
        }
        tally->negative += negative;
        for (int64_t i = 0; odd > 0 && i < n; i++) {
            if (state[i] == PT_MICROS_EXACT) continue;
            tally->rounded += state[i] == PT_MICROS_ROUNDED;
            tally->not_finite += state[i] == PT_MICROS_NOT_FINITE;
            tally->too_large += state[i] == PT_MICROS_TOO_LARGE;
            if (state[i] != PT_MICROS_ROUNDED) out[i] = PT_MISSING;
        }
    }
    return PATRON_OK;
}

static struct measure_tally measure_all(patron_ctx *ctx, measure *m, patron_status *status, patron_error *error) {
    struct measure_tally all = {0};
    memset(m->tallies, 0, sizeof m->tallies);
    *status = pt_parallel_named(ctx, m->column->field.name, pt_chunks(m->column->length, BLOCK), measure_task, m, error);
    for (int i = 0; i < PT_MAX_THREADS; i++) {
        all.rounded += m->tallies[i].rounded;
        all.not_finite += m->tallies[i].not_finite;
        all.too_large += m->tallies[i].too_large;
        all.negative += m->tallies[i].negative;
    }
    return all;
}

/* Doubles that are whole millionths and not negative, the usual case of amounts, stay where they are until they are gathered:
 * *floats points at them and *out is NULL. */
static patron_status read_measure(patron_ctx *ctx, const pt_column *column, const char *role, int64_t **out,
                                  const double **floats, pt_audit *audit, patron_error *error) {
    patron_type type = column->field.type;
    const char *name = column->field.name;
    bool number = (type >= PATRON_TYPE_INT8 && type <= PATRON_TYPE_DECIMAL) || type == PATRON_TYPE_NULL;
    if (!number) {
        char value[64];
        pt_column_describe(column, 0, value, sizeof value);
        return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' (%s), row 0: %s is a %s; expected numbers", name, role, value,
                       patron_type_name(type));
    }
    patron_status status;
    measure *m = NULL;
    struct measure_tally all;
    *floats = pt_column_borrow_float64(column, 0, column->length);
    PT_TRY(pt_alloc_zero(ctx, &m, 1, sizeof *m, error));
    m->column = column;
    if (*floats != NULL) {
        all = measure_all(ctx, m, &status, error);
        if (status != PATRON_OK || all.rounded + all.not_finite + all.too_large + all.negative == 0) goto cleanup;
        *floats = NULL;
    }
    PT_TRY(pt_alloc(ctx, &m->out, column->length, sizeof *m->out, error));
    all = measure_all(ctx, m, &status, error);
    if (status != PATRON_OK) goto cleanup;
    PT_TRY(pt_audit_add(ctx, audit, "more than six decimals", name, all.rounded, "rounded to millionths", NULL, error));
    PT_TRY(pt_audit_add(ctx, audit, "not a finite number", name, all.not_finite, "set to missing", NULL, error));
    PT_TRY(pt_audit_add(ctx, audit, "beyond 9.2e12", name, all.too_large, "set to missing", NULL, error));
    *out = m->out;
    m->out = NULL;
cleanup:
    if (m != NULL) pt_free(ctx, m->out);
    pt_free(ctx, m);
    return status;
}

/* ---- returns: negative purchases ------------------------------------------------------------------------------------------
 */

typedef struct sign_work {
    int64_t n;
    uint16_t *kinds;
    int64_t *amount, *quantity; /* either may be NULL */
    _Atomic int64_t n_negative_amounts, n_negative_quantities;
} sign_work;

static bool is_negative(const int64_t *values, int64_t i) { return values != NULL && values[i] < 0 && values[i] != PT_MISSING; }

/* Without kinds it only counts: whoever has none learns whether they are needed. */
static patron_status sign_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    sign_work *s = arg;
    int64_t end = s->n < (block + 1) * BLOCK ? s->n : (block + 1) * BLOCK, amounts = 0, quantities = 0;
    for (int64_t i = block * BLOCK; i < end; i++) {
        if (s->kinds != NULL && s->kinds[i] != PATRON_KIND_PURCHASE && s->kinds[i] != PATRON_KIND_RETURN) continue;
        bool amount = is_negative(s->amount, i), quantity = is_negative(s->quantity, i);
        if (!amount && !quantity) continue;
        if (s->kinds == NULL ||
            s->kinds[i] == PATRON_KIND_PURCHASE) { /* a return may well be noted with a minus: nothing to report */
            amounts += amount;
            quantities += quantity && !amount;
        }
        if (s->kinds == NULL) continue;
        s->kinds[i] = PATRON_KIND_RETURN;
        if (amount) s->amount[i] = -s->amount[i];
        if (quantity) s->quantity[i] = -s->quantity[i];
    }
    if (amounts > 0) atomic_fetch_add_explicit(&s->n_negative_amounts, amounts, memory_order_relaxed);
    if (quantities > 0) atomic_fetch_add_explicit(&s->n_negative_quantities, quantities, memory_order_relaxed);
    return PATRON_OK;
}

/* NULL where the table has no such column. */
static const pt_log_column *find_role(const pt_events *events, const char *role) {
    for (int64_t i = 0; i < events->n_columns; i++)
        if (!events->columns[i].property && strcmp(events->columns[i].name, role) == 0) return &events->columns[i];
    return NULL;
}

/* NULL also where no value is negative. */
static int64_t *find_data(const pt_events *events, const char *role) {
    const pt_log_column *column = find_role(events, role);
    return column != NULL ? column->data : NULL;
}

static patron_status turn_returns(patron_ctx *ctx, const patron_log_options *options, pt_events *events, pt_audit *audit,
                                  patron_error *error) {
    sign_work s = {.n = events->n,
                   .kinds = events->kinds,
                   .amount = find_data(events, "amount"),
                   .quantity = find_data(events, "quantity")};
    if (s.amount == NULL && s.quantity == NULL) return PATRON_OK;
    patron_status status;
    PT_TRY(pt_parallel(ctx, pt_chunks(s.n, BLOCK), sign_task, &s, error));
    if (s.kinds == NULL && s.n_negative_amounts + s.n_negative_quantities > 0) { /* not all are purchases after all */
        PT_TRY(pt_alloc(ctx, &events->kinds, s.n, sizeof *events->kinds, error));
        for (int64_t i = 0; i < s.n; i++) events->kinds[i] = PATRON_KIND_PURCHASE;
        s.kinds = events->kinds;
        s.n_negative_amounts = s.n_negative_quantities = 0;
        PT_TRY(pt_parallel(ctx, pt_chunks(s.n, BLOCK), sign_task, &s, error));
    }
    PT_TRY(
        pt_audit_add(ctx, audit, "negative amount", options->amount, s.n_negative_amounts, "taken as a return", NULL, error));
    PT_TRY(pt_audit_add(ctx, audit, "negative quantity", options->quantity, s.n_negative_quantities, "taken as a return", NULL,
                        error));
cleanup:
    return status;
}

/* ---- other columns ----------------------------------------------------------------------------------------------------------
 */

/* Eight bytes a row by type: integers, durations and nothing, floats, booleans, instants. */
static patron_status clean_values(patron_ctx *ctx, const pt_column *column, const pt_timezone *zone, pt_store *store,
                                  void **out, patron_error *error) {
    patron_type type = column->field.type;
    patron_status status;
    int64_t *data = NULL;
    uint8_t valid[PIECE];
    pt_zone_cursor cursor = pt_zone_cursor_at(zone);
    bool date = type == PATRON_TYPE_DATE32 || type == PATRON_TYPE_DATE64;
    bool local = date || (type == PATRON_TYPE_TIMESTAMP && column->field.timezone == NULL);
    if (date || type == PATRON_TYPE_TIMESTAMP)
        *store = PT_INSTANT;
    else if (type == PATRON_TYPE_BOOL)
        *store = PT_BOOLEAN;
    else if (type >= PATRON_TYPE_FLOAT16 && type <= PATRON_TYPE_DECIMAL)
        *store = PT_FLOAT;
    else /* an integer, a duration, or nothing but nulls: who calls sees to text */
        *store = PT_INTEGER;
    PT_TRY(pt_alloc(ctx, &data, column->length, sizeof *data, error));
    for (int64_t first = 0; first < column->length; first += PIECE) {
        int64_t n = column->length - first < PIECE ? column->length - first : PIECE;
        int64_t *values = data + first;
        if (*store == PT_FLOAT) {
            double *floats = (double *)(void *)values;
            PT_TRY(pt_column_float64(column, first, n, floats, valid, error));
            for (int64_t i = 0; i < n; i++)
                floats[i] = floats[i] != floats[i] ? (double)__builtin_nan("") : floats[i] + 0.0; /* one NaN, one zero */
        } else {
            PT_TRY(pt_column_int64(column, first, n, values, valid, error));
            for (int64_t i = 0; i < n; i++) {
                if (!valid[i]) {
                    values[i] = PT_MISSING;
                    continue;
                }
                if (*store == PT_INTEGER && values[i] == PT_MISSING) {
                    status = pt_fail(error, PATRON_ERR_LIMIT,
                                     "Column '%s', row %lld: %lld marks a missing value inside; expected a larger integer",
                                     column->field.name, (long long)(first + i), (long long)values[i]);
                    goto cleanup;
                }
                if (date && __builtin_mul_overflow(values[i], PT_DAY, &values[i])) {
                    char value[64];
                    pt_column_describe(column, first + i, value, sizeof value);
                    status = pt_fail(error, PATRON_ERR_LIMIT,
                                     "Column '%s', row %lld: %s is too far away for microseconds in 64 bits",
                                     column->field.name, (long long)(first + i), value);
                    goto cleanup;
                }
                if (local) values[i] = pt_cursor_instant(&cursor, values[i], NULL);
            }
        }
        PT_TRY(pt_poll(ctx, error));
    }
    *out = data;
    data = NULL;
cleanup:
    pt_free(ctx, data);
    return status;
}

static bool is_name_type(patron_type type) {
    return pt_is_text(type) || type == PATRON_TYPE_DICTIONARY || type == PATRON_TYPE_NULL;
}

static patron_status add_role(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                              const pt_timezone *zone, pt_role role, pt_events *events, pt_audit *audit, patron_error *error) {
    const char *name = pt_role_name(role);
    const pt_column *column;
    patron_status status = pt_find_column(table, pt_recipe_column(options, role), name, &column, error);
    if (status != PATRON_OK || column == NULL) return status;
    pt_store store = pt_role_store(role);
    pt_dictionary *dictionary = NULL;
    void *data = NULL;
    const double *floats = NULL;
    if (store == PT_CODES) {
        int32_t *codes = NULL;
        status = pt_clean_ids(ctx, column, name, options->trim_ids && role != PT_ROLE_text, &dictionary, &codes, audit, error);
        data = codes;
    } else if (store == PT_MICROS) {
        int64_t *micros = NULL;
        status = read_measure(ctx, column, name, &micros, &floats, audit, error);
        data = micros;
    } else {
        pt_store found = store;
        if (!pt_is_integer(column->field.type) && column->field.type != PATRON_TYPE_NULL)
            return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' (%s) holds %s; expected integers", column->field.name, name,
                           patron_type_name(column->field.type));
        status = clean_values(ctx, column, zone, &found, &data, error);
    }
    if (status == PATRON_OK) status = pt_events_add(ctx, events, name, false, store, dictionary, data, error);
    if (status == PATRON_OK) events->columns[events->n_columns - 1].floats = floats;
    return status;
}

patron_status pt_clean_property(patron_ctx *ctx, const pt_column *column, bool trim, const pt_timezone *zone, pt_events *events,
                                patron_error *error) {
    pt_store store = PT_CODES;
    pt_dictionary *dictionary = NULL;
    void *data = NULL;
    patron_status status;
    if (is_name_type(column->field.type)) {
        int32_t *codes = NULL;
        int64_t n_trimmed = 0;
        status = pt_dictionary_encode(ctx, column, trim, &dictionary, &codes, &n_trimmed, error);
        data = codes;
    } else {
        status = clean_values(ctx, column, zone, &store, &data, error);
    }
    return status == PATRON_OK ? pt_events_add(ctx, events, column->field.name, true, store, dictionary, data, error) : status;
}

static patron_status add_property(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                                  const pt_timezone *zone, const char *name, pt_events *events, patron_error *error) {
    const pt_column *column;
    patron_status status = pt_find_column(table, name, "a property", &column, error);
    if (status != PATRON_OK) return status;
    if (pt_name_is_taken(name))
        return pt_fail(error, PATRON_ERR_INVALID, "Property '%s' has the name of a role; expected a name of its own", name);
    return pt_clean_property(ctx, column, options->trim_ids, zone, events, error);
}

/* Properties in the order of their names, so that the order they are listed in does not matter. */
static patron_status add_properties(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                                    const pt_timezone *zone, pt_events *events, patron_error *error) {
    const char *last = NULL;
    for (int64_t done = 0; done < options->n_properties; done++) {
        const char *next = NULL;
        for (int64_t i = 0; i < options->n_properties; i++) {
            const char *name = options->properties[i];
            if ((last == NULL || strcmp(name, last) > 0) && (next == NULL || strcmp(name, next) < 0)) next = name;
        }
        patron_status status = add_property(ctx, table, options, zone, next, events, error);
        if (status != PATRON_OK) return status;
        last = next;
    }
    return PATRON_OK;
}

/* ---- the currency -----------------------------------------------------------------------------------------------------------
 */

static bool is_money(const pt_log_column *column, int64_t row) {
    if (column == NULL) return false;
    if (column->floats != NULL) return column->floats[row] != 0; /* none is missing */
    const int64_t *micros = column->data;
    return micros[row] != PT_MISSING && micros[row] != 0;
}

/* Counts rows with money and no currency, also where no row has one: so that the lines of two loads add up. */
static patron_status note_bare_money(patron_ctx *ctx, const pt_events *events, const int32_t *codes, const char *name,
                                     pt_audit *audit, patron_error *error) {
    const pt_log_column *amount = find_role(events, "amount"), *discount = find_role(events, "discount");
    patron_status status = PATRON_OK;
    int64_t n = 0;
    for (int64_t i = 0; i < events->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        n += codes[i] < 0 && (is_money(amount, i) || is_money(discount, i));
    }
    status = pt_audit_add(ctx, audit, "missing currency", name, n, "kept", NULL, error);
cleanup:
    return status;
}

static patron_status read_currency(patron_ctx *ctx, const patron_table *table, const patron_log_options *options,
                                   const pt_events *events, char **out, pt_audit *audit, patron_error *error) {
    const pt_column *column;
    patron_status status = pt_find_column(table, options->currency, "currency", &column, error);
    if (status != PATRON_OK || column == NULL) return status;
    if (!is_name_type(column->field.type))
        return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' (currency) holds %s; expected text such as 'EUR'",
                       column->field.name, patron_type_name(column->field.type));
    pt_dictionary *names = NULL;
    int32_t *codes = NULL;
    int64_t n_trimmed = 0;
    PT_TRY(pt_dictionary_encode(ctx, column, true, &names, &codes, &n_trimmed, error));
    if (names->kind != PT_IDS_TEXT) { /* a dictionary of integers */
        status = pt_fail(error, PATRON_ERR_TYPE, "Column '%s' (currency) holds %s of integers; expected text such as 'EUR'",
                         column->field.name, patron_type_name(column->field.type));
        goto cleanup;
    }
    if (names->n > 1) {
        int64_t row[2] = {0, 0}; /* where the first two of them stand first */
        for (int32_t code = 0; code < 2; code++)
            while (codes[row[code]] != code) row[code]++;
        pt_string a = pt_dictionary_text(names, 0), b = pt_dictionary_text(names, 1);
        status = pt_fail(
            error, PATRON_ERR_INVALID,
            "Column '%s' has two currencies, '%.*s' in row %lld and '%.*s' in row %lld; expected one: convert or split",
            column->field.name, (int)pt_cut(a, 40), a.data, (long long)row[0], (int)pt_cut(b, 40), b.data, (long long)row[1]);
        goto cleanup;
    }
    PT_TRY(note_bare_money(ctx, events, codes, column->field.name, audit, error));
    if (names->n == 1) PT_TRY(pt_name_copy(ctx, pt_dictionary_text(names, 0), column->field.name, out, error));
cleanup:
    pt_dictionary_release(names);
    pt_free(ctx, codes);
    return status;
}

patron_status pt_clean(patron_ctx *ctx, const patron_table *table, const patron_log_options *options, const pt_timezone *zone,
                       pt_events *out, char **currency, pt_audit *audit, patron_error *error) {
    if (options->user == NULL || options->time == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "No column is named for '%s'; expected names for user and time",
                       options->user == NULL ? "user" : "time");
    patron_status status;
    const pt_column *user, *time, *event;
    PT_TRY(pt_find_column(table, options->user, "user", &user, error));
    PT_TRY(pt_find_column(table, options->time, "time", &time, error));
    PT_TRY(pt_find_column(table, options->event, "event", &event, error));
    out->n = table->n_rows;
    PT_TRY(pt_audit_add(ctx, audit, "rows read", NULL, table->n_rows, "read", NULL, error));
    PT_TRY(pt_clean_ids(ctx, user, "user", options->trim_ids, &out->users, &out->user, audit, error));
    PT_TRY(pt_clean_time(ctx, time, options, zone, &out->time, &out->time_block, audit, error));
    PT_TRY(mark_dropped(ctx, options, out, audit, error));
    PT_TRY(pt_clean_kind(ctx, event, options, out->n, out, audit, error));
    for (int role = 0; role < PT_N_ROLES; role++) PT_TRY(add_role(ctx, table, options, zone, (pt_role)role, out, audit, error));
    PT_TRY(add_properties(ctx, table, options, zone, out, error));
    PT_TRY(turn_returns(ctx, options, out, audit, error));
    PT_TRY(read_currency(ctx, table, options, out, currency, audit, error));
cleanup:
    return status;
}
