/* data/attributes.c: what is known of users and items beside their events, and from when on.
 *
 *   table ──keys coded, values coded, valid_from as instants──▶ rows ──sort by (key, valid_from, content)──▶ attributes
 *
 *   keys        ann   bob   cid         (also of users without any event)
 *   key         0  0  0  1  2  2        rises
 *   valid_from  -  3  9  -  5  5        rises within a key; - (PT_MISSING) holds always
 *   columns     ................        by name
 *
 * As of an instant t, the last row of a key with valid_from < t holds: the same strict "before" that events have, so nothing
 * leaks from the future. Rows that agree throughout are one; rows of one key and instant that differ are all kept in the order
 * of their content, of which the last holds. So the order of input rows never matters, and uniting two sets equals building
 * from both tables.
 */
#include "data/attributes.h"

#include "data/log_tables.h"

#include <string.h>

enum { BLOCK = 65536 };

typedef enum attribute_side { OF_USERS = 0, OF_ITEMS = 1 } attribute_side;

static const char *const side_names[] = {"user", "item"};

/* Lines of the audit that loading a table makes, and those that are counted anew for every log. */
static const char *const loading_rules[] = {
    "attribute row without a key", "repeated attribute row", "white space around attribute key",
    "missing valid_from",          "unreadable valid_from",  "valid_from outside all times",
    "doubtful valid_from"};
enum { NO_KEY, REPEATED, TRIMMED, NO_TIME, BAD_TIME, FAR_TIME, DOUBTFUL_TIME, N_LOADING_RULES };
static const char several_rows[] = "several rows for one key";
static const char *const unmatched_rules[] = {"attributes without a user", "attributes without an item"};
static const char *const bare_rules[] = {"users without attributes", "items without attributes"};

/* ---- the object ---- */

pt_attributes *pt_attributes_retain(pt_attributes *attributes) {
    if (attributes != NULL) atomic_fetch_add_explicit(&attributes->references, 1, memory_order_relaxed);
    return attributes;
}

void pt_attributes_release(pt_attributes *a) {
    if (a == NULL || atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = a->ctx;
    pt_dictionary_release(a->keys);
    for (int64_t i = 0; i < a->n_columns; i++) pt_log_column_fini(ctx, &a->columns[i]);
    pt_free(ctx, a->columns);
    pt_buffer_release(a->keep);
    pt_free(ctx, a);
    patron_ctx_destroy(ctx);
}

patron_status pt_attributes_create(patron_ctx *ctx, int64_t n_columns, pt_attributes **out, patron_error *error) {
    pt_attributes *a;
    patron_status status = pt_alloc_zero(ctx, &a, 1, sizeof *a, error);
    if (status != PATRON_OK) return status;
    status = pt_alloc_zero(ctx, &a->columns, n_columns, sizeof *a->columns, error);
    if (status != PATRON_OK) {
        pt_free(ctx, a);
        return status;
    }
    a->references = 1;
    a->ctx = pt_ctx_retain(ctx);
    *out = a;
    return PATRON_OK;
}

/* ---- from a table ---- */

static const pt_dictionary *ids_of(const patron_log *log, attribute_side side) {
    const pt_log_column *item = side == OF_ITEMS ? pt_log_find(log, "item") : NULL;
    return side == OF_USERS ? log->users : item != NULL ? item->dictionary : NULL;
}

/* Where there are rows without an instant for two reasons, those that are plainly null. */
static patron_status is_null(const pt_column *column, int64_t row, bool *out, patron_error *error) {
    patron_type type = column->field.type;
    *out = true;
    if (type == PATRON_TYPE_NULL) return PATRON_OK;
    if (type == PATRON_TYPE_DICTIONARY && column->n_chunks > 0) type = column->chunks[0].dictionary->field.type;
    if (type == PATRON_TYPE_UTF8 || type == PATRON_TYPE_LARGE_UTF8 || type == PATRON_TYPE_UTF8_VIEW) {
        pt_string text;
        patron_status status = pt_column_string(column, row, 1, &text, error);
        *out = text.data == NULL || text.length == 0;
        return status;
    }
    int64_t value;
    uint8_t valid;
    pt_column_clamped(column, row, 1, &value, &valid);
    *out = !valid;
    return PATRON_OK;
}

/* The lines of clean_time.c under the names that they have here; rows without an instant hold always. */
static patron_status note_times(patron_ctx *ctx, const pt_audit *times, const char *side, pt_audit *audit, int64_t *n_missing,
                                int64_t *n_bad, patron_error *error) {
    *n_missing = *n_bad = 0;
    for (int64_t i = 0; i < times->n; i++) {
        const pt_audit_row *row = &times->rows[i];
        int rule = strcmp(row->rule, "missing time") == 0             ? NO_TIME
                   : strcmp(row->rule, "unreadable time") == 0        ? BAD_TIME
                   : strcmp(row->rule, "time outside the range") == 0 ? FAR_TIME
                                                                      : DOUBTFUL_TIME;
        if (rule == NO_TIME) *n_missing += row->rows;
        if (rule == BAD_TIME || rule == FAR_TIME) *n_bad += row->rows;
        patron_status status = pt_audit_add(ctx, audit, loading_rules[rule], side, row->rows,
                                            rule == NO_TIME ? "held to be always valid" : row->action, row->example, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

/* A row whose instant cannot be read leaves: taken as always valid, it could tell of the future. */
static patron_status read_valid_from(const patron_log *log, const pt_column *column, const char *side, pt_events *rows,
                                     pt_audit *audit, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    patron_status status;
    pt_audit times = {0};
    int64_t n_missing, n_bad;
    patron_log_options options = *log->recipe;
    options.has_time_range = 1; /* a customer may well have been born before 1970 */
    options.time_from = INT64_MIN;
    options.time_to = INT64_MAX;
    PT_TRY(pt_clean_time(ctx, column, &options, log->zone, &rows->time, &rows->time_block, &times, error));
    PT_TRY(note_times(ctx, &times, side, audit, &n_missing, &n_bad, error));
    for (int64_t i = 0; n_bad > 0 && i < rows->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (rows->time[i] != PT_MISSING) continue;
        bool null = false;
        if (n_missing > 0) PT_TRY(is_null(column, i, &null, error));
        if (!null) rows->user[i] = -1;
    }
cleanup:
    pt_audit_fini(ctx, &times);
    return status;
}

static patron_status add_columns(const patron_log *log, const patron_table *table, const char *key, const char *valid_from,
                                 const char *side, pt_events *rows, patron_error *error) {
    const char *last = NULL;
    for (;;) { /* by name */
        const pt_column *next = NULL;
        for (int64_t i = 0; i < table->n_columns; i++) {
            const char *name = table->columns[i].field.name;
            if (strcmp(name, key) == 0 || (valid_from != NULL && strcmp(name, valid_from) == 0)) continue;
            if ((last == NULL || strcmp(name, last) > 0) && (next == NULL || strcmp(name, next->field.name) < 0))
                next = &table->columns[i];
        }
        if (next == NULL) return PATRON_OK;
        if (strcmp(next->field.name, side) == 0)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "The attribute '%s' has the name under which ids are given back; expected another name, or that "
                           "column as the key",
                           side);
        patron_status status = pt_clean_property(log->ctx, next, log->recipe->trim_ids, log->zone, rows, error);
        if (status != PATRON_OK) return status;
        last = next->field.name;
    }
}

static patron_status check_kinds(const pt_dictionary *keys, const pt_dictionary *ids, const char *key, const char *side,
                                 patron_error *error) {
    if (keys->n == 0 || ids->n == 0 || (keys->kind == PT_IDS_TEXT) == (ids->kind == PT_IDS_TEXT)) return PATRON_OK;
    return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' holds %s, but the log's %s ids are %s; expected the same", key,
                   keys->kind == PT_IDS_TEXT ? "text" : "integers", side, ids->kind == PT_IDS_TEXT ? "text" : "integers");
}

/* Attributes from a table; what was found on the way goes into the audit. */
static patron_status read_attributes(const patron_log *log, const patron_table *table, const char *key, const char *valid_from,
                                     attribute_side side, pt_attributes **out, pt_audit *audit, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    const char *name = side_names[side];
    const pt_column *key_column, *time_column;
    pt_events rows = {.n = table->n_rows};
    pt_audit trimmed = {0};
    pt_attributes *a = NULL;
    int64_t n_bare = 0, n_left = 0, n_repeated = 0;
    patron_status status;
    PT_TRY(pt_find_column(table, key, "key", &key_column, error));
    PT_TRY(pt_find_column(table, valid_from, "valid_from", &time_column, error));
    PT_TRY(pt_clean_ids(ctx, key_column, "key", log->recipe->trim_ids, &rows.users, &rows.user, &trimmed, error));
    PT_TRY(check_kinds(rows.users, ids_of(log, side), key, name, error));
    for (int64_t i = 0; i < rows.n; i++) n_bare += rows.user[i] < 0;
    PT_TRY(pt_audit_add(ctx, audit, loading_rules[NO_KEY], name, n_bare, "dropped", NULL, error));
    if (trimmed.n > 0)
        PT_TRY(pt_audit_add(ctx, audit, loading_rules[TRIMMED], name, trimmed.rows[0].rows, "trimmed", NULL, error));
    if (time_column != NULL) PT_TRY(read_valid_from(log, time_column, name, &rows, audit, error));
    PT_TRY(add_columns(log, table, key, valid_from, name, &rows, error));
    for (int64_t i = 0; i < rows.n; i++) n_left += rows.user[i] >= 0;
    if (n_left < rows.n) PT_TRY(pt_events_compact(ctx, &rows, error));
    PT_TRY(pt_attributes_arrange(ctx, &rows, -1, &a, &n_repeated, error));
    PT_TRY(pt_audit_add(ctx, audit, loading_rules[REPEATED], name, n_repeated, "dropped", NULL, error));
    *out = a;
    a = NULL;
cleanup:
    pt_events_fini(ctx, &rows);
    pt_audit_fini(ctx, &trimmed);
    pt_attributes_release(a);
    return status;
}

/* ---- uniting ---- */

static patron_status check_alike(const pt_attributes *a, const pt_attributes *b, patron_error *error) {
    for (int64_t i = 0, j = 0; i < a->n_columns || j < b->n_columns; i++, j++) {
        const pt_log_column *x = i < a->n_columns ? &a->columns[i] : NULL, *y = j < b->n_columns ? &b->columns[j] : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->name, y->name);
        if (order != 0)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "Only one of the logs has an attribute '%s'; expected the same attributes in both",
                           order < 0 ? x->name : y->name);
        if (x->store != y->store)
            return pt_fail(error, PATRON_ERR_TYPE, "The attribute '%s' has different types in the two logs; expected the same",
                           x->name);
    }
    if ((a->valid_from == NULL) != (b->valid_from == NULL))
        return pt_fail(error, PATRON_ERR_INVALID,
                       "Only one of the logs has attributes with valid_from; expected them in both or neither");
    return PATRON_OK;
}

/* What one side's codes become, joined: out[0 .. a->n) of a, then of b. */
static void join_codes(const int32_t *a, const int32_t *map_a, int64_t n_a, const int32_t *b, const int32_t *map_b, int64_t n_b,
                       int32_t *out) {
    for (int64_t i = 0; i < n_a; i++) out[i] = a[i] >= 0 ? map_a[a[i]] : -1;
    for (int64_t i = 0; i < n_b; i++) out[n_a + i] = b[i] >= 0 ? map_b[b[i]] : -1;
}

static patron_status unite_codes(patron_ctx *ctx, const pt_dictionary *da, const int32_t *a, int64_t n_a,
                                 const pt_dictionary *db, const int32_t *b, int64_t n_b, const char *name, pt_dictionary **out,
                                 int32_t **codes, patron_error *error) {
    patron_status status;
    pt_dictionary *united = NULL;
    int32_t *map_a = NULL, *map_b = NULL;
    PT_TRY(pt_dictionary_unite(da, db, name, &united, &map_a, &map_b, error));
    PT_TRY(pt_alloc(ctx, codes, n_a + n_b, sizeof **codes, error));
    join_codes(a, map_a, n_a, b, map_b, n_b, *codes);
    *out = united;
    united = NULL;
cleanup:
    pt_dictionary_release(united);
    pt_free(ctx, map_a);
    pt_free(ctx, map_b);
    return status;
}

static patron_status unite_column(patron_ctx *ctx, const pt_log_column *x, int64_t n_a, const pt_log_column *y, int64_t n_b,
                                  pt_events *rows, patron_error *error) {
    patron_status status;
    pt_dictionary *dictionary = NULL;
    char *data = NULL;
    if (x->store == PT_CODES) {
        int32_t *codes = NULL;
        PT_TRY(unite_codes(ctx, x->dictionary, x->data, n_a, y->dictionary, y->data, n_b, x->name, &dictionary, &codes, error));
        data = (char *)codes;
    } else {
        PT_TRY(pt_alloc(ctx, &data, n_a + n_b, 8, error));
        memcpy(data, x->data, (size_t)n_a * 8);
        memcpy(data + n_a * 8, y->data, (size_t)n_b * 8);
    }
    status = pt_events_add(ctx, rows, x->name, true, x->store, dictionary, data, error);
    if (status == PATRON_OK) status = pt_poll(ctx, error);
cleanup:
    return status;
}

patron_status pt_attributes_unite(patron_ctx *ctx, pt_attributes *a, pt_attributes *b, pt_attributes **out,
                                  patron_error *error) {
    if (a == NULL || b == NULL) {
        *out = pt_attributes_retain(a != NULL ? a : b);
        return PATRON_OK;
    }
    patron_status status;
    pt_events rows = {.n = a->n + b->n};
    int64_t n_repeated;
    PT_TRY(check_alike(a, b, error));
    PT_TRY(unite_codes(ctx, a->keys, a->key, a->n, b->keys, b->key, b->n, "key of the attributes", &rows.users, &rows.user,
                       error));
    if (a->valid_from != NULL) {
        PT_TRY(pt_alloc(ctx, &rows.time_block, rows.n, sizeof *rows.time_block, error));
        memcpy(rows.time_block, a->valid_from, (size_t)a->n * 8);
        memcpy(rows.time_block + a->n, b->valid_from, (size_t)b->n * 8);
        rows.time = rows.time_block;
    }
    for (int64_t i = 0; i < a->n_columns; i++)
        PT_TRY(unite_column(ctx, &a->columns[i], a->n, &b->columns[i], b->n, &rows, error));
    PT_TRY(pt_attributes_arrange(ctx, &rows, a->n, out, &n_repeated, error));
cleanup:
    pt_events_fini(ctx, &rows);
    return status;
}

/* ---- the audit ---- */

static patron_status audit_side(patron_log *log, attribute_side side, patron_error *error) {
    const pt_attributes *a = side == OF_USERS ? log->user_attributes : log->item_attributes;
    const pt_dictionary *ids = ids_of(log, side);
    if (a == NULL || ids == NULL) return PATRON_OK;
    const char *name = side_names[side];
    patron_ctx *ctx = log->ctx;
    patron_status status;
    int32_t *key_of = NULL;
    int64_t n_matched = 0, n_hidden = 0;
    PT_TRY(pt_dictionary_match(ctx, ids, a->keys, &key_of, &n_matched, error));
    for (int64_t i = 1; i < a->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        n_hidden += a->key[i] == a->key[i - 1] && (a->valid_from == NULL || a->valid_from[i] == a->valid_from[i - 1]);
    }
    PT_TRY(pt_audit_add(ctx, &log->audit, unmatched_rules[side], name, a->keys->n - n_matched, "kept", NULL, error));
    PT_TRY(pt_audit_add(ctx, &log->audit, bare_rules[side], name, ids->n - n_matched, "kept", NULL, error));
    PT_TRY(
        pt_audit_add(ctx, &log->audit, several_rows, name, n_hidden, "kept, the last in order of content holds", NULL, error));
cleanup:
    pt_free(ctx, key_of);
    return status;
}

patron_status pt_attributes_audit(patron_log *log, patron_error *error) {
    pt_audit_drop(log->ctx, &log->audit, several_rows);
    for (int side = 0; side < 2; side++) {
        pt_audit_drop(log->ctx, &log->audit, unmatched_rules[side]);
        pt_audit_drop(log->ctx, &log->audit, bare_rules[side]);
    }
    patron_status status = audit_side(log, OF_USERS, error);
    return status == PATRON_OK ? audit_side(log, OF_ITEMS, error) : status;
}

/* ---- adding to a log ---- */

/* The lines of an earlier table of this side go with it. */
static patron_status inherit_audit(const patron_log *from, attribute_side side, patron_log *to, patron_error *error) {
    for (int64_t i = 0; i < from->audit.n; i++) {
        const pt_audit_row *row = &from->audit.rows[i];
        bool replaced = false;
        for (int rule = 0; rule < N_LOADING_RULES; rule++)
            replaced = replaced || (strcmp(row->rule, loading_rules[rule]) == 0 && row->column != NULL &&
                                    strcmp(row->column, side_names[side]) == 0);
        if (replaced) continue;
        patron_status status =
            pt_audit_add(to->ctx, &to->audit, row->rule, row->column, row->rows, row->action, row->example, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

/* A log that shares everything but the audit and the attributes. */
static patron_status share_events(const patron_log *from, patron_log **out, patron_error *error) {
    patron_ctx *ctx = from->ctx;
    patron_status status;
    patron_log *log = NULL;
    PT_TRY(pt_log_create(ctx, from->recipe, from->zone, &log, error));
    PT_TRY(pt_strdup(ctx, from->currency, &log->currency, error));
    log->n = from->n;
    log->users = pt_dictionary_retain(from->users);
    log->offsets = from->offsets;
    log->time = from->time;
    log->kinds = from->kinds;
    for (int i = 0; i < 3; i++) log->keep[i] = pt_buffer_retain(from->keep[i]);
    log->first_time = from->first_time;
    log->last_time = from->last_time;
    PT_TRY(pt_alloc_zero(ctx, &log->kind_names, from->n_kind_names, sizeof *log->kind_names, error));
    for (int64_t i = 0; i < from->n_kind_names; i++) {
        PT_TRY(pt_strdup(ctx, from->kind_names[i], &log->kind_names[i], error));
        log->n_kind_names = i + 1;
    }
    PT_TRY(pt_alloc_zero(ctx, &log->columns, from->n_columns, sizeof *log->columns, error));
    for (int64_t i = 0; i < from->n_columns; i++) {
        const pt_log_column *column = &from->columns[i];
        char *name;
        PT_TRY(pt_strdup(ctx, column->name, &name, error));
        log->columns[i] = *column;
        log->columns[i].name = name;
        (void)pt_dictionary_retain(column->dictionary);
        (void)pt_buffer_retain(column->keep);
        log->n_columns = i + 1;
    }
    *out = log;
    log = NULL;
cleanup:
    patron_log_destroy(log);
    return status;
}

static patron_status with_attributes(const patron_log *from, const patron_table *table, const char *key, const char *valid_from,
                                     attribute_side side, patron_log **out, patron_error *error) {
    if (key == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The key is NULL; expected the name of the column with %s ids",
                       side_names[side]);
    if (valid_from != NULL && strcmp(key, valid_from) == 0)
        return pt_fail(error, PATRON_ERR_INVALID, "Column '%s' is both key and valid_from; expected two columns", key);
    if (ids_of(from, side) == NULL)
        return pt_fail(error, PATRON_ERR_INVALID,
                       "The log has no items; expected one built with a column for 'item' to add attributes of items to");
    patron_status status;
    patron_log *log = NULL;
    PT_TRY(share_events(from, &log, error));
    PT_TRY(inherit_audit(from, side, log, error));
    log->user_attributes = side == OF_USERS ? NULL : pt_attributes_retain(from->user_attributes);
    log->item_attributes = side == OF_ITEMS ? NULL : pt_attributes_retain(from->item_attributes);
    PT_TRY(read_attributes(log, table, key, valid_from, side, side == OF_USERS ? &log->user_attributes : &log->item_attributes,
                           &log->audit, error));
    PT_TRY(pt_attributes_audit(log, error));
    pt_audit_sort(&log->audit);
    *out = log;
    log = NULL;
cleanup:
    patron_log_destroy(log);
    return status;
}

patron_status patron_log_with_users(const patron_log *log, const patron_table *table, const char *key, const char *valid_from,
                                    patron_log **out, patron_error *error) {
    return with_attributes(log, table, key, valid_from, OF_USERS, out, error);
}

patron_status patron_log_with_items(const patron_log *log, const patron_table *table, const char *key, const char *valid_from,
                                    patron_log **out, patron_error *error) {
    return with_attributes(log, table, key, valid_from, OF_ITEMS, out, error);
}

/* ---- reading ---- */

/* row_of[id]: the row that holds as of an instant, -1 for none. */
static patron_status find_rows(patron_ctx *ctx, const pt_dictionary *ids, const pt_attributes *a, int64_t as_of,
                               int64_t **row_of, patron_error *error) {
    patron_status status;
    int32_t *key_of = NULL;
    int64_t *row_of_key = NULL, *rows = NULL, n_matched;
    PT_TRY(pt_dictionary_match(ctx, ids, a->keys, &key_of, &n_matched, error));
    PT_TRY(pt_alloc(ctx, &row_of_key, a->keys->n, sizeof *row_of_key, error));
    memset(row_of_key, 0xff, (size_t)a->keys->n * sizeof *row_of_key);
    for (int64_t i = 0; i < a->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        if (a->valid_from == NULL || a->valid_from[i] == PT_MISSING || a->valid_from[i] < as_of) row_of_key[a->key[i]] = i;
    }
    PT_TRY(pt_alloc(ctx, &rows, ids->n, sizeof *rows, error));
    for (int64_t i = 0; i < ids->n; i++) {
        if (i % BLOCK == 0) PT_TRY(pt_poll(ctx, error));
        rows[i] = key_of[i] >= 0 ? row_of_key[key_of[i]] : -1;
    }
    *row_of = rows;
    rows = NULL;
cleanup:
    pt_free(ctx, key_of);
    pt_free(ctx, row_of_key);
    pt_free(ctx, rows);
    return status;
}

static patron_status attribute_table(const patron_log *log, attribute_side side, int64_t as_of, patron_table **out,
                                     patron_error *error) {
    const pt_attributes *a = side == OF_USERS ? log->user_attributes : log->item_attributes;
    const pt_dictionary *ids = ids_of(log, side);
    if (ids == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "The log has no items; expected one built with a column for 'item'");
    patron_status status;
    patron_table *table = NULL;
    int64_t *row_of = NULL;
    PT_TRY(patron_table_create(log->ctx, ids->n, &table, error));
    PT_TRY(pt_dictionary_add_to_table(ids, side_names[side], table, error));
    if (a != NULL && a->n_columns > 0) PT_TRY(find_rows(log->ctx, ids, a, as_of, &row_of, error));
    for (int64_t i = 0; a != NULL && i < a->n_columns; i++)
        PT_TRY(pt_log_column_to_table(&a->columns[i], row_of, ids->n, log->zone->name, table, error));
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    pt_free(log->ctx, row_of);
    return status;
}

patron_status patron_log_users(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error) {
    return attribute_table(log, OF_USERS, as_of, out, error);
}

patron_status patron_log_items(const patron_log *log, int64_t as_of, patron_table **out, patron_error *error) {
    return attribute_table(log, OF_ITEMS, as_of, out, error);
}
