/* tests/c/log_made.h: rows of events made by hand or drawn at random, the tables that they make in every layout of ids, and the
 * log that a slow twin makes of them: one qsort, no codes.
 *
 *     made_row rows[200];
 *     made_draw(rows, 200, &(made_shape){.users = 9, .instants = 5}, &seed);
 *     made m = made_table(ctx, rows, 200, AS_UTF8, 3);        // three chunks
 *     patron_log *log = made_log(ctx, &m, &options);
 *     twin t = twin_of(rows, 200);  twin_check(&t, log, AS_UTF8);  twin_free(&t);
 *     patron_log_destroy(log);  made_free(&m);
 *
 * Ids are ranks: the layouts keep their order, so rank order is code order. */
#ifndef PATRON_TESTS_LOG_MADE_H
#define PATRON_TESTS_LOG_MADE_H

#include "data/log.h"
#include "patron.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NONE INT64_MIN
#define DAY PT_DAY
#define LENGTH(array) ((int64_t)(sizeof(array) / sizeof *(array)))

static inline uint64_t made_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int64_t made_below(uint64_t *state, int64_t n) { return (int64_t)(made_random(state) % (uint64_t)n); }

/* Names of events as the data have them; the twin knows what they mean. NULL: null. */
static const char *const made_events[] = {"view", "Purchase", "return", "zoom", "Banner seen", "\xe7\x9b\xb4\xe6\x92\xad",
                                          NULL};
enum { N_MADE_EVENTS = 7 };

typedef struct made_row {
    int64_t user, time;            /* rank, or -1: null; instant, or NONE */
    int event;                     /* of made_events */
    int64_t item, order, category; /* rank, or -1 */
    int64_t amount, quantity;      /* hundredths, or NONE */
    int64_t seq, size;             /* or NONE; size is a property */
    int64_t event_id, shade;       /* rank, or -1; shade is a property of text */
    double weight;                 /* a property, NaN: null */
} made_row;

typedef struct made_shape {
    int64_t users, instants; /* how many different ones */
    bool nulls, ids;         /* null users and times too; event ids */
    bool full;               /* no missing amounts or quantities; an even number of users: nothing negative */
} made_shape;

static inline void made_draw(made_row *rows, int64_t n, const made_shape *shape, uint64_t *seed) {
    for (int64_t i = 0; i < n; i++) {
        made_row *r = &rows[i];
        *r = (made_row){.user = made_below(seed, shape->users),
                        .time = 1700000000 * PT_SECOND + made_below(seed, shape->instants) * (DAY / 3 + 1),
                        .event = (int)made_below(seed, N_MADE_EVENTS),
                        .item = made_below(seed, 6) - 1,
                        .order = made_below(seed, 4) - 1,
                        .category = made_below(seed, 3) - 1,
                        .amount = made_below(seed, 5) == 0 ? NONE : made_below(seed, 12) * 25 - 50,
                        .quantity = made_below(seed, 5) == 0 ? NONE : (made_below(seed, 4) - 1) * 100,
                        .seq = made_below(seed, 3) == 0 ? NONE : made_below(seed, 3) - 1,
                        .size = made_below(seed, 3) == 0 ? NONE : made_below(seed, 2) - 1,
                        .event_id = shape->ids ? made_below(seed, n) - n / 3 : -1,
                        .shade = made_below(seed, 3) - 1,
                        .weight = made_below(seed, 4) == 0 ? (double)__builtin_nan("") : (double)(made_below(seed, 3) - 1) / 4};
        if (r->event_id < 0) r->event_id = -1;
        if (shape->full) {
            r->amount = (made_below(seed, 9) - shape->users % 2) * 25;
            r->quantity = made_below(seed, 3) * 100;
        }
        if (i > 0 && made_below(seed, 6) == 0) *r = rows[made_below(seed, i)];
        if (shape->nulls && made_below(seed, 9) == 0) r->user = -1;
        if (shape->nulls && made_below(seed, 9) == 0) r->time = NONE;
    }
}

static inline void made_shuffle(made_row *rows, int64_t n, uint64_t *seed) {
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = made_below(seed, i + 1);
        made_row swap = rows[i];
        rows[i] = rows[j];
        rows[j] = swap;
    }
}

/* ---- tables ---- */

typedef enum made_layout { AS_INT64, AS_INT16, AS_UINT64, AS_UTF8, AS_LARGE_UTF8, AS_DICTIONARY, N_LAYOUTS } made_layout;

typedef struct made {
    patron_table *table;
    int64_t n_blocks;
    void *blocks[512];
} made;

static inline void *made_block(made *m, size_t size) {
    if (m->n_blocks == 512) abort();
    return m->blocks[m->n_blocks++] = calloc(1, size + 1);
}

static inline void made_free(made *m) {
    patron_table_destroy(m->table);
    for (int64_t i = 0; i < m->n_blocks; i++) free(m->blocks[i]);
}

static inline bool made_is_text(made_layout layout) { return layout >= AS_UTF8; }
static inline int64_t made_number(made_layout layout, int64_t rank) {
    return layout == AS_UINT64 ? (int64_t)(((uint64_t)1 << 63) + (uint64_t)rank * 3 - 5) : rank * 7 - 20;
}
/* Numbers first, then Chinese: both in the order of bytes. */
static inline void made_text(int64_t rank, char out[40]) {
    snprintf(out, 40, rank < 4 ? "%04d" : "\xe5\xae\xa2\xe6\x88\xb7%06d", (int)rank);
}

static inline patron_column made_texts(made *m, int64_t n, const int64_t *ranks, bool large) {
    int64_t *offsets = made_block(m, (size_t)(n + 1) * 8);
    int32_t *narrow = made_block(m, (size_t)(n + 1) * 4);
    char *bytes = made_block(m, (size_t)n * 40);
    for (int64_t i = 0; i < n; i++) {
        char text[40] = "";
        if (ranks[i] >= 0) made_text(ranks[i], text);
        offsets[i + 1] = offsets[i] + (int64_t)strlen(text);
        narrow[i + 1] = (int32_t)offsets[i + 1];
        memcpy(bytes + offsets[i], text, strlen(text));
    }
    return (patron_column){.type = large ? PATRON_TYPE_LARGE_UTF8 : PATRON_TYPE_UTF8,
                           .values = bytes,
                           .offsets = large ? (const void *)offsets : narrow};
}

static inline uint8_t *made_bits(made *m, int64_t n) { return made_block(m, (size_t)n / 8 + 1); }
static inline void made_set(uint8_t *bits, int64_t i) { bits[i / 8] = (uint8_t)(bits[i / 8] | 1 << i % 8); }

static inline void made_add(patron_table *table, const char *name, const patron_column *column) {
    patron_error error = {0};
    if (patron_table_borrow_column(table, name, column, &error) != PATRON_OK) {
        fprintf(stderr, "log_made: %s\n", error.message);
        abort();
    }
}

static inline void made_add_ids(made *m, patron_table *table, const char *name, int64_t n, const int64_t *ranks,
                                made_layout layout) {
    uint8_t *valid = made_bits(m, n);
    int64_t most = 0;
    for (int64_t i = 0; i < n; i++) {
        if (ranks[i] >= 0) made_set(valid, i);
        most = ranks[i] > most ? ranks[i] : most;
    }
    patron_column column;
    if (layout == AS_UTF8 || layout == AS_LARGE_UTF8) {
        column = made_texts(m, n, ranks, layout == AS_LARGE_UTF8);
    } else if (layout == AS_DICTIONARY) { /* values backwards, one of them twice */
        int64_t n_values = most + 2, *values = made_block(m, (size_t)n_values * 8);
        int32_t *indices = made_block(m, (size_t)n * 4);
        patron_column *texts = made_block(m, sizeof *texts);
        for (int64_t i = 0; i < n_values; i++) values[i] = i < n_values - 1 ? most - i : 0;
        for (int64_t i = 0; i < n; i++)
            indices[i] = ranks[i] < 0 ? -7 : ranks[i] == 0 && i % 2 == 0 ? (int32_t)n_values - 1 : (int32_t)(most - ranks[i]);
        *texts = made_texts(m, n_values, values, false);
        column = (patron_column){.type = PATRON_TYPE_DICTIONARY,
                                 .values = indices,
                                 .index_type = PATRON_TYPE_INT32,
                                 .dictionary_length = n_values,
                                 .dictionary = texts};
    } else {
        int64_t *numbers = made_block(m, (size_t)n * 8);
        int16_t *narrow = made_block(m, (size_t)n * 2);
        for (int64_t i = 0; i < n; i++) narrow[i] = (int16_t)(numbers[i] = made_number(layout, ranks[i] < 0 ? 3 : ranks[i]));
        column = (patron_column){.type = layout == AS_INT16    ? PATRON_TYPE_INT16
                                         : layout == AS_UINT64 ? PATRON_TYPE_UINT64
                                                               : PATRON_TYPE_INT64,
                                 .values = layout == AS_INT16 ? (const void *)narrow : numbers};
    }
    column.validity = valid;
    made_add(table, name, &column);
}

static inline void made_add_numbers(made *m, patron_table *table, const char *name, int64_t n, const int64_t *values,
                                    patron_type type) {
    uint8_t *valid = made_bits(m, n);
    int64_t *integers = made_block(m, (size_t)n * 8);
    double *floats = made_block(m, (size_t)n * 8);
    for (int64_t i = 0; i < n; i++) {
        if (values[i] == NONE) continue;
        made_set(valid, i);
        integers[i] = values[i];
        floats[i] = values[i] == 0 && i % 2 != 0 ? -0.0 : (double)values[i] / 100;
    }
    made_add(table, name,
             &(patron_column){.type = type,
                              .values = type == PATRON_TYPE_FLOAT64 ? (const void *)floats : integers,
                              .validity = valid,
                              .unit = PATRON_UNIT_MICROSECOND,
                              .timezone = "UTC"});
}

static inline patron_table *made_chunk(made *m, patron_ctx *ctx, const made_row *rows, int64_t n, made_layout layout) {
    patron_table *table = NULL;
    if (patron_table_create(ctx, n, &table, NULL) != PATRON_OK) abort();
    int64_t *values = calloc((size_t)n + 1, 8);
    made_layout other = made_is_text(layout) ? AS_INT64 : AS_DICTIONARY;
#define EACH(expression)                                                                                                       \
    for (int64_t i = 0; i < n; i++) {                                                                                          \
        const made_row *r = &rows[i];                                                                                          \
        values[i] = (expression);                                                                                              \
    }
    EACH(r->user) made_add_ids(m, table, "who", n, values, layout);
    EACH(r->time) made_add_numbers(m, table, "when", n, values, PATRON_TYPE_TIMESTAMP);
    EACH(r->item) made_add_ids(m, table, "what", n, values, other);
    EACH(r->order) made_add_ids(m, table, "basket", n, values, AS_INT16);
    EACH(r->category) made_add_ids(m, table, "kind of thing", n, values, AS_LARGE_UTF8);
    EACH(r->event_id) made_add_ids(m, table, "id", n, values, AS_INT64);
    EACH(r->shade) made_add_ids(m, table, "shade", n, values, AS_UTF8);
    EACH(r->amount) made_add_numbers(m, table, "spent", n, values, PATRON_TYPE_FLOAT64);
    EACH(r->quantity) made_add_numbers(m, table, "pieces", n, values, PATRON_TYPE_FLOAT64);
    EACH(r->seq) made_add_numbers(m, table, "place", n, values, PATRON_TYPE_INT64);
    EACH(r->size) made_add_numbers(m, table, "size", n, values, PATRON_TYPE_INT64);
#undef EACH
    free(values);
    double *weights = made_block(m, (size_t)n * 8);
    for (int64_t i = 0; i < n; i++) weights[i] = rows[i].weight;
    made_add(table, "weight", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = weights});
    int32_t *offsets = made_block(m, (size_t)(n + 1) * 4);
    char *bytes = made_block(m, (size_t)n * 16);
    uint8_t *valid = made_bits(m, n);
    for (int64_t i = 0; i < n; i++) {
        const char *name = made_events[rows[i].event];
        if (name != NULL) made_set(valid, i);
        offsets[i + 1] = offsets[i] + (name != NULL ? (int32_t)strlen(name) : 0);
        if (name != NULL) memcpy(bytes + offsets[i], name, strlen(name));
    }
    made_add(table, "event",
             &(patron_column){.type = PATRON_TYPE_UTF8, .values = bytes, .offsets = offsets, .validity = valid});
    return table;
}

static inline made made_table(patron_ctx *ctx, const made_row *rows, int64_t n, made_layout layout, int64_t n_chunks) {
    made m = {0};
    patron_table *chunks[16] = {NULL};
    for (int64_t c = 0; c < n_chunks; c++) {
        int64_t first = n * c / n_chunks;
        chunks[c] = made_chunk(&m, ctx, rows + first, n * (c + 1) / n_chunks - first, layout);
    }
    if (patron_table_concat(ctx, n_chunks, (const patron_table *const *)chunks, &m.table, NULL) != PATRON_OK) abort();
    for (int64_t c = 0; c < n_chunks; c++) patron_table_destroy(chunks[c]);
    return m;
}

static const char *const made_properties[] = {"weight", "shade", "size"};
static const patron_kind_name made_kinds[] = {{"zoom", "view"}};

static inline patron_log_options made_options(bool ids) {
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.item = "what";
    o.order = "basket";
    o.category = "kind of thing";
    o.amount = "spent";
    o.quantity = "pieces";
    o.seq = "place";
    o.event = "event";
    o.event_id = ids ? "id" : NULL;
    o.properties = made_properties;
    o.n_properties = 3;
    o.kinds = made_kinds;
    o.n_kinds = 1;
    return o;
}

static inline patron_log *made_log(patron_ctx *ctx, const made *m, const patron_log_options *options) {
    patron_log *log = NULL;
    patron_error error = {0};
    patron_status status = patron_log_build(ctx, m->table, options, &log, &error);
    if (status != PATRON_OK) fail_msg("%s", error.message);
    return log;
}

static inline patron_log *made_log_of(patron_ctx *ctx, const made_row *rows, int64_t n, made_layout layout, int64_t n_chunks,
                                      const patron_log_options *options) {
    made m = made_table(ctx, rows, n, layout, n_chunks);
    patron_log *log = made_log(ctx, &m, options);
    made_free(&m);
    return log;
}

static inline void assert_same_bytes(const patron_log *a, const patron_log *b) {
    patron_bytes *x = NULL, *y = NULL;
    assert_int_equal(patron_log_to_bytes(a, &x, NULL), PATRON_OK);
    assert_int_equal(patron_log_to_bytes(b, &y, NULL), PATRON_OK);
    assert_int_equal(patron_bytes_size(x), patron_bytes_size(y));
    assert_memory_equal(patron_bytes_data(x), patron_bytes_data(y), (size_t)patron_bytes_size(x));
    patron_bytes_destroy(x);
    patron_bytes_destroy(y);
}

/* The rows of a rule in the audit, whatever its column and action. */
static inline int64_t audited(const patron_log *log, const char *rule) {
    int64_t n = 0;
    for (int64_t i = 0; i < log->audit.n; i++)
        if (strcmp(log->audit.rows[i].rule, rule) == 0) n += log->audit.rows[i].rows;
    return n;
}

/* ---- tables by hand ---- */

/* A column of texts as they stand; NULL: null. */
static inline void made_add_words(made *m, const char *name, const char *const *words) {
    int64_t n = patron_table_n_rows(m->table), size = 0;
    for (int64_t i = 0; i < n; i++) size += words[i] != NULL ? (int64_t)strlen(words[i]) : 0;
    int32_t *offsets = made_block(m, (size_t)(n + 1) * 4);
    char *bytes = made_block(m, (size_t)size);
    uint8_t *valid = made_bits(m, n);
    for (int64_t i = 0; i < n; i++) {
        offsets[i + 1] = offsets[i];
        if (words[i] == NULL) continue;
        made_set(valid, i);
        memcpy(bytes + offsets[i], words[i], strlen(words[i]));
        offsets[i + 1] += (int32_t)strlen(words[i]);
    }
    made_add(m->table, name,
             &(patron_column){.type = PATRON_TYPE_UTF8, .values = bytes, .offsets = offsets, .validity = valid});
}

/* A column of numbers as they stand; NONE: null. FLOAT64 takes hundredths. */
static inline void made_add_values(made *m, const char *name, patron_type type, const int64_t *values) {
    made_add_numbers(m, m->table, name, patron_table_n_rows(m->table), values, type);
}

static inline made made_rows(patron_ctx *ctx, int64_t n) {
    made m = {0};
    if (patron_table_create(ctx, n, &m.table, NULL) != PATRON_OK) abort();
    return m;
}

/* A log with everything that can be in a file. Two variants have files of one length. */
static inline patron_log *made_full_log(patron_ctx *ctx, int64_t n, made_layout layout, int64_t variant) {
    static const int64_t from[] = {1700000000 * PT_SECOND, 1700500000 * PT_SECOND};
    static const int32_t offsets[] = {3600, 7200};
    static const patron_timezone zone = {"Europe/Somewhere", 2, from, offsets, 0};
    made_row *rows = malloc((size_t)n * sizeof *rows);
    uint64_t random = 21;
    made_draw(rows, n, &(made_shape){5, 4, true, true, false}, &random);
    rows[0].user = 1;
    rows[0].time = 1700000000 * PT_SECOND;
    for (int64_t i = 0; i < n; i++)
        if (rows[i].time != NONE) rows[i].time += variant * PT_SECOND;
    made m = made_table(ctx, rows, n, layout, 1), users = made_rows(ctx, 3), items = made_rows(ctx, 2);
    const char **money = calloc((size_t)n, sizeof *money);
    money[0] = "EUR";
    made_add_words(&m, "money", money);
    patron_log_options o = made_options(true);
    o.timezone = &zone;
    o.currency = "money";
    o.winsorize = 1;
    o.time_from = variant; /* no range is asked for: it is only kept */
    patron_log *log = made_log(ctx, &m, &o), *known = NULL, *all = NULL;
    made_add_ids(&users, users.table, "id", 3, (const int64_t[]){1, 2, 1}, layout);
    made_add_values(&users, "since", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5, NONE, 7});
    made_add_words(&users, "town", (const char *const[]){"Ulm", NULL, "Linz"});
    made_add_ids(&items, items.table, "id", 2, (const int64_t[]){1, 9}, made_is_text(layout) ? AS_INT64 : AS_DICTIONARY);
    made_add_values(&items, "price", PATRON_TYPE_FLOAT64, (const int64_t[]){1250, NONE});
    const uint8_t flags[] = {2};
    made_add(items.table, "ours", &(patron_column){.type = PATRON_TYPE_BOOL, .values = flags});
    patron_error error = {0};
    if (patron_log_with_users(log, users.table, "id", "since", &known, &error) != PATRON_OK) fail_msg("%s", error.message);
    if (patron_log_with_items(known, items.table, "id", NULL, &all, &error) != PATRON_OK) fail_msg("%s", error.message);
    patron_log_destroy(log);
    patron_log_destroy(known);
    made_free(&m);
    made_free(&users);
    made_free(&items);
    free(rows);
    free(money);
    return all;
}

/* The line of a rule in the audit; NULL: there is none. */
static inline const pt_audit_row *audit_line(const patron_log *log, const char *rule) {
    for (int64_t i = 0; i < log->audit.n; i++)
        if (strcmp(log->audit.rows[i].rule, rule) == 0) return &log->audit.rows[i];
    return NULL;
}

/* ---- the twin ---- */

typedef struct twin {
    int64_t n, n_duplicates, n_repeated_ids;
    made_row *rows; /* sorted */
    int *kinds;     /* place in the list of names below */
} twin;

/* The names of kinds in the order of their numbers, and which of them each name of made_events means. */
static const char *const twin_kinds[] = {"view", "purchase", "return", "Banner seen", "unknown", "\xe7\x9b\xb4\xe6\x92\xad"};

static inline int twin_kind(const made_row *r) {
    static const int meaning[N_MADE_EVENTS] = {0, 1, 2, 0, 3, 5, 4};
    return meaning[r->event];
}

/* A purchase with a minus is a return, and a return's minus is how some shops write one. */
static inline void twin_clean(made_row *r) {
    if (twin_kind(r) != 1 && twin_kind(r) != 2) return;
    bool amount = r->amount != NONE && r->amount < 0, quantity = r->quantity != NONE && r->quantity < 0;
    if (amount || quantity) r->event = 2;
    if (amount) r->amount = -r->amount;
    if (quantity) r->quantity = -r->quantity;
}

static inline int64_t twin_bits(double x) {
    int64_t bits;
    double plain = x != x ? (double)__builtin_nan("") : x + 0.0;
    memcpy(&bits, &plain, sizeof bits);
    return bits;
}

static inline int twin_compare(const void *a, const void *b) {
    const made_row *x = a, *y = b;
    const int64_t fields[][2] = {{x->user, y->user},
                                 {x->time, y->time},
                                 {x->seq, y->seq},
                                 {twin_kind(x), twin_kind(y)},
                                 {x->item, y->item},
                                 {x->order, y->order},
                                 {x->amount, y->amount},
                                 {x->quantity, y->quantity},
                                 {x->category, y->category},
                                 {x->event_id, y->event_id},
                                 {x->shade, y->shade},
                                 {x->size, y->size},
                                 {twin_bits(x->weight), twin_bits(y->weight)}};
    for (int64_t i = 0; i < LENGTH(fields); i++)
        if (fields[i][0] != fields[i][1]) return fields[i][0] < fields[i][1] ? -1 : 1;
    return 0;
}

/* drop: duplicates leave, the first of each stays. */
static inline twin twin_of(const made_row *rows, int64_t n, bool drop) {
    twin t = {.rows = malloc((size_t)n * sizeof *rows + 1), .kinds = malloc((size_t)n * sizeof(int) + 1)};
    for (int64_t i = 0; i < n; i++)
        if (rows[i].user >= 0 && rows[i].time != NONE) t.rows[t.n++] = rows[i];
    for (int64_t i = 0; i < t.n; i++) twin_clean(&t.rows[i]);
    qsort(t.rows, (size_t)t.n, sizeof *t.rows, twin_compare);
    int64_t kept = 0;
    for (int64_t i = 0; i < t.n; i++) {
        bool again = false, equal = i > 0 && t.rows[i].event_id < 0 && twin_compare(&t.rows[i - 1], &t.rows[i]) == 0;
        for (int64_t j = 0; j < kept && t.rows[i].event_id >= 0; j++) again = again || t.rows[j].event_id == t.rows[i].event_id;
        t.n_duplicates += equal;
        t.n_repeated_ids += again;
        if (!drop || !(equal || again)) t.rows[kept++] = t.rows[i];
    }
    t.n = kept;
    for (int64_t i = 0; i < t.n; i++) t.kinds[i] = twin_kind(&t.rows[i]);
    return t;
}

static inline void twin_free(twin *t) {
    free(t->rows);
    free(t->kinds);
}

#endif
