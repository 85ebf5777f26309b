/* tests/fuzz/log_asked.h: everything that a log can be asked, for whoever has one that it does not trust: ids, codes, recipe,
 * and as numbered questions events, audit, attributes, quality, profiles, rows appended, a part of it, itself merged with the
 * part, its own bytes. Nothing may crash, leak, want memory without end or contradict itself; what is refused is refused with
 * a message.
 *
 *     ask_log(ctx, log);                  // all of it; before and after patron_ctx_memory(ctx) is the same
 *     ask_always(log);                    // what is looked at without a question
 *     ask_question(ctx, log, NULL, q);    // one of ASK_QUESTIONS
 */
#ifndef PATRON_FUZZ_LOG_ASKED_H
#define PATRON_FUZZ_LOG_ASKED_H

#include "data/log.h"
#include "target.h"

/* A result, or a refusal: then nothing came out, and it says why. Running out of memory is none: the log is small. */
static inline bool ask_came(patron_status status, const void *out, const patron_error *error) {
    FUZZ_ASSERT((status == PATRON_OK) == (out != NULL));
    FUZZ_ASSERT(status != PATRON_ERR_NO_MEMORY);
    if (status != PATRON_OK) fuzz_refused(status, error, status);
    return status == PATRON_OK;
}

static inline void ask_take(patron_status status, patron_table *table, const patron_error *error) {
    if (ask_came(status, table, error)) fuzz_touch(table);
    patron_table_destroy(table);
}

/* ---- what every log has ---------------------------------------------------------------------------------------------------
 */

static inline void ask_text(const char *text) { FUZZ_ASSERT(text == NULL || pt_utf8_check(text, (int64_t)strlen(text)) < 0); }

/* Codes follow the sorted ids. */
static inline void ask_codes(const patron_log *log, const char *name, int64_t n_codes) {
    patron_id last = {0}, id;
    for (int64_t code = 0; code < n_codes; code++, last = id) {
        FUZZ_ASSERT(patron_log_id(log, name, code, &id, NULL) == PATRON_OK);
        FUZZ_ASSERT(id.text == NULL || pt_utf8_check(id.text, id.length) < 0);
        if (code == 0) continue;
        const int64_t shorter = last.length < id.length ? last.length : id.length;
        const int order = id.text != NULL ? memcmp(last.text, id.text, (size_t)shorter) : 0;
        FUZZ_ASSERT(order < 0 || (order == 0 && (id.text == NULL ? last.number != id.number : last.length < id.length)));
    }
}

static inline void ask_ids(const patron_log *log) {
    const int64_t n_users = patron_log_n_users(log), n = patron_log_n_events(log);
    FUZZ_ASSERT(patron_log_offsets(log)[0] == 0 && patron_log_offsets(log)[n_users] == n);
    ask_codes(log, "user", n_users);
    for (int64_t u = 0; u < n_users; u++) {
        patron_id id;
        FUZZ_ASSERT(patron_log_id(log, "user", u, &id, NULL) == PATRON_OK);
        FUZZ_ASSERT(patron_log_find_user(log, &id) == u);
        FUZZ_ASSERT(patron_log_offsets(log)[u] < patron_log_offsets(log)[u + 1]);
    }
    for (int64_t i = 0; i < n; i++) {
        FUZZ_ASSERT(patron_log_kind_name(log, patron_log_kinds(log)[i]) != NULL);
        FUZZ_ASSERT(patron_log_times(log)[i] >= patron_log_start(log) && patron_log_times(log)[i] < patron_log_end(log));
    }
}

static inline void ask_columns(const patron_log *log) {
    for (int64_t c = 0; c < log->n_columns; c++) {
        const char *name = log->columns[c].name;
        int64_t n_codes = 0;
        const int32_t *codes = patron_log_codes(log, name, &n_codes);
        const int64_t *micros = patron_log_micros(log, name);
        ask_text(name);
        FUZZ_ASSERT(codes == NULL || micros == NULL);
        for (int64_t i = 0; codes != NULL && i < patron_log_n_events(log); i++)
            FUZZ_ASSERT(codes[i] >= -1 && codes[i] < n_codes);
        for (int64_t i = 0; micros != NULL && i < patron_log_n_events(log); i++) fuzz_keep((uint64_t)micros[i]);
        ask_codes(log, name, n_codes);
    }
}

static inline void ask_recipe(const patron_log *log) {
    const patron_log_options *o = patron_log_recipe(log);
    const char *const texts[] = {o->user,     o->time,     o->item,     o->order,    o->category, o->brand,    o->seller,
                                 o->channel,  o->campaign, o->surface,  o->query,    o->text,     o->currency, o->event,
                                 o->event_id, o->amount,   o->quantity, o->discount, o->rating,   o->seq,      o->time_format};
    FUZZ_ASSERT(o->user != NULL && o->time != NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) ask_text(texts[i]);
    for (int64_t i = 0; i < o->n_properties; i++) ask_text(o->properties[i]);
    for (int64_t i = 0; i < o->n_kinds; i++) {
        ask_text(o->kinds[i].from);
        ask_text(o->kinds[i].to);
    }
    ask_text(patron_log_timezone(log));
    ask_text(patron_log_currency(log));
}

static inline void ask_always(const patron_log *log) {
    ask_ids(log);
    ask_columns(log);
    ask_recipe(log);
}

/* ---- questions -------------------------------------------------------------------------------------------------------------
 */

/* Its bytes are read again, and give themselves. */
static inline void ask_bytes(patron_ctx *ctx, const patron_log *log) {
    patron_bytes *bytes = NULL, *again = NULL;
    patron_log *back = NULL;
    FUZZ_ASSERT(patron_log_to_bytes(log, &bytes, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_to_bytes(back, &again, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_bytes_size(bytes) == patron_bytes_size(again));
    FUZZ_ASSERT(memcmp(patron_bytes_data(bytes), patron_bytes_data(again), (size_t)patron_bytes_size(bytes)) == 0);
    patron_bytes_destroy(bytes);
    patron_bytes_destroy(again);
    patron_log_destroy(back);
}

enum { ASK_ROWS = 3 };

/* A column that fits the log's own of that role, as far as it has one; a name that is there already is passed over. */
static inline void ask_add_column(patron_table *table, const patron_log *log, const char *role, const char *name) {
    static const int64_t numbers[ASK_ROWS] = {7, -1, 1700000000}, offsets[ASK_ROWS + 1] = {0, 3, 3, 6};
    static const double reals[ASK_ROWS] = {1.5, -2, 1e6};
    static const uint8_t bits[] = {0x5};
    if (name == NULL) return;
    const pt_log_column *found = pt_log_find(log, role);
    const pt_dictionary *d = found != NULL ? found->dictionary : strcmp(role, "user") == 0 ? log->users : NULL;
    patron_column column = {.type = PATRON_TYPE_LARGE_UTF8, .values = "annEUR", .offsets = offsets};
    if (strcmp(role, "time") == 0 || (found != NULL && found->store == PT_INSTANT))
        column =
            (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = numbers, .unit = PATRON_UNIT_SECOND, .timezone = "UTC"};
    else if (d != NULL && d->kind != PT_IDS_TEXT)
        column = (patron_column){.type = d->kind == PT_IDS_INT64 ? PATRON_TYPE_INT64 : PATRON_TYPE_UINT64, .values = numbers};
    else if (found != NULL && found->store == PT_BOOLEAN)
        column = (patron_column){.type = PATRON_TYPE_BOOL, .values = bits};
    else if (found != NULL && found->store == PT_INTEGER)
        column = (patron_column){.type = PATRON_TYPE_INT64, .values = numbers, .validity = bits};
    else if (found != NULL && found->store != PT_CODES)
        column = (patron_column){.type = PATRON_TYPE_FLOAT64, .values = reals, .validity = bits};
    (void)patron_table_borrow_column(table, name, &column, NULL);
}

/* Three more rows, in columns of the names that the recipe has. */
static inline void ask_append(patron_ctx *ctx, const patron_log *log) {
    const patron_log_options *o = patron_log_recipe(log);
    patron_table *table = NULL;
    patron_log *longer = NULL;
    patron_error error = {0};
    FUZZ_ASSERT(patron_table_create(ctx, ASK_ROWS, &table, NULL) == PATRON_OK);
#define ASK_COLUMN(role) ask_add_column(table, log, #role, o->role);
    ASK_COLUMN(user)
    ASK_COLUMN(time)
    ASK_COLUMN(event)
    ASK_COLUMN(event_id)
    ASK_COLUMN(item)
    ASK_COLUMN(order)
    ASK_COLUMN(category)
    ASK_COLUMN(amount)
    ASK_COLUMN(quantity)
    ASK_COLUMN(seq)
    ASK_COLUMN(currency)
#undef ASK_COLUMN
    for (int64_t i = 0; i < o->n_properties; i++) ask_add_column(table, log, o->properties[i], o->properties[i]);
    patron_status status = patron_log_append(log, table, &longer, &error);
    if (ask_came(status, longer, &error)) {
        ask_always(longer);
        ask_bytes(ctx, longer);
    }
    patron_log_destroy(longer);
    patron_table_destroy(table);
}

static inline void ask_profile(const patron_log *log, bool has_as_of, int64_t as_of) {
    static const char *const windows[] = {"7D", "365D", "36h", "3650000D", "1us"};
    patron_table *table = NULL;
    patron_error error = {0};
    patron_profile_options o;
    patron_profile_options_init(&o);
    o.windows = windows;
    o.n_windows = 5;
    o.has_as_of = has_as_of;
    o.as_of = as_of;
    patron_status status = patron_profile_compute(log, &o, &table, &error);
    ask_take(status, table, &error);
}

static inline void ask_merged(patron_ctx *ctx, const patron_log *a, const patron_log *b) {
    patron_log *merged = NULL;
    patron_error error = {0};
    patron_status status = patron_log_merge(a, b, &merged, &error);
    if (ask_came(status, merged, &error)) {
        ask_always(merged);
        ask_bytes(ctx, merged);
    }
    patron_log_destroy(merged);
}

enum { ASK_TABLES = 9, ASK_QUESTIONS = 14 };

/* Questions below ASK_TABLES make a table; `previous` may be NULL. */
static inline void ask_question(patron_ctx *ctx, const patron_log *log, const patron_log *previous, int question) {
    const int64_t start = patron_log_start(log), end = patron_log_end(log);
    patron_table *table = NULL;
    patron_log *part = NULL;
    patron_error error = {0};
    patron_status status;
    switch (question) {
    case 0:
        status = patron_log_events(log, &table, &error);
        break;
    case 1:
        status = patron_log_audit(log, &table, &error);
        break;
    case 2:
        status = patron_log_quality(log, previous, &table, &error);
        break;
    case 3:
        status = patron_log_users(log, INT64_MAX, &table, &error);
        break;
    case 4:
        status = patron_log_users(log, start, &table, &error);
        break;
    case 5:
        status = patron_log_items(log, INT64_MAX, &table, &error);
        break;
    case 6:
        status = patron_log_items(log, INT64_MIN, &table, &error);
        break;
    case 7:
        ask_profile(log, false, 0);
        return;
    case 8:
        ask_profile(log, true, start);
        ask_profile(log, true, INT64_MIN);
        ask_profile(log, true, INT64_MAX);
        return;
    case 9:
        ask_bytes(ctx, log);
        return;
    case 10:
        ask_append(ctx, log);
        return;
    case 11:
        ask_merged(ctx, log, log);
        return;
    default:
        status = patron_log_between(log, INT64_MIN, question % 2 ? end - 1 : start / 2 + end / 2, &part, &error);
        if (!ask_came(status, part, &error)) return;
        ask_always(part);
        ask_bytes(ctx, part);
        ask_question(ctx, log, part, 2);
        ask_question(ctx, part, log, 2);
        ask_merged(ctx, log, part);
        patron_log_destroy(part);
        return;
    }
    ask_take(status, table, &error);
}

static inline void ask_log(patron_ctx *ctx, const patron_log *log) {
    patron_log *part = NULL;
    patron_error error = {0};
    ask_always(log);
    for (int q = 0; q < ASK_QUESTIONS; q++) ask_question(ctx, log, NULL, q);
    int64_t middle = patron_log_start(log) / 2 + patron_log_end(log) / 2;
    patron_status status = patron_log_between(log, INT64_MIN, middle, &part, &error);
    if (ask_came(status, part, &error))
        for (int q = 0; q < ASK_TABLES; q++) ask_question(ctx, part, log, q);
    patron_log_destroy(part);
}

#endif
