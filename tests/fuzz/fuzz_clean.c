/* tests/fuzz/fuzz_clean.c: the cleaning door: bytes are taken as a recipe for a table of events and for the options to read it
 * by. A log comes of it or a refusal, and
 * - the same rows the other way round give the same bytes, or are refused as well;
 * - the rows in two halves, merged, give the same bytes;
 * - the log answers whatever it is asked (log_asked.h), with the same table as attributes of its users too.
 * Each cell is a number, a text of the recipe or a word of a list, so that ids meet again and names mean something. */
#include "data/calendar.h"
#include "log_asked.h"

enum { MOST_ROWS = 24, MOST_COLUMNS = 12 };

typedef struct cell {
    bool null;
    int64_t number;
    const char *text;
    size_t length;
} cell;

typedef enum layout {
    INT64,
    UINT64,
    INT16,
    FLOAT64,
    FLOAT32,
    TEXT,
    LARGE_TEXT,
    NAMES,
    TIMES,
    NAIVE_TIMES,
    DATES,
    BOOLEANS,
    NOTHING,
    N_LAYOUTS
} layout;

typedef struct column {
    layout layout;
    bool nulls;
    cell cells[MOST_ROWS];
} column;

typedef struct rows {
    int64_t n, n_columns;
    column columns[MOST_COLUMNS];
} rows;

static const char *const column_names[MOST_COLUMNS] = {"who", "when",         "a", "b", "c", "d", "e", "f", "g",
                                                       "h",   "\xe5\xae\xa2", "l"};

/* ---- drawing ---- */

static const char *const words[] = {"ann",
                                    "Bob ",
                                    " ann",
                                    "",
                                    "purchase",
                                    "View",
                                    "return",
                                    "zoom",
                                    "unknown",
                                    "REVIEW",
                                    "EUR",
                                    "\xe5\x90\xb4\xe6\x9d\xb0",
                                    "\xe3\x80\x80x",
                                    "12.50",
                                    "-3",
                                    "1e3",
                                    "nan",
                                    "x\xc2\xa0",
                                    "2024-02-29",
                                    "2024-03-01T10:20:30Z",
                                    "2024/1/5 9:05",
                                    "1999-12-31T23:59:59.5+08:00",
                                    "20240229",
                                    "05 Jan 2024"};
enum { N_WORDS = sizeof words / sizeof *words };
static const int64_t numbers[] = {0,
                                  1,
                                  2,
                                  -1,
                                  7,
                                  20240229,
                                  1700000000,
                                  1700086400,
                                  1709164800,
                                  INT64_C(1700000000000),
                                  INT64_MAX,
                                  INT64_MIN,
                                  INT64_MAX - 1,
                                  40000,
                                  65535,
                                  -500};
enum { N_NUMBERS = sizeof numbers / sizeof *numbers };

static void draw_column(fuzz_recipe *r, int64_t n, column *c, layout only) {
    c->layout = only < N_LAYOUTS ? only : (layout)fuzz_below(r, N_LAYOUTS);
    c->nulls = fuzz_rarely(r, 3);
    const int64_t base = fuzz_below(r, 3) == 0 ? fuzz_below(r, N_WORDS) : fuzz_rarely(r, 2) ? 18 : 0;
    for (int64_t i = 0; i < n; i++) {
        cell *x = &c->cells[i];
        const uint8_t kind = fuzz_byte(r);
        x->null = kind % 16 == 15;
        if (kind % 16 == 14) {
            x->text = fuzz_text(r, 24, &x->length);
        } else {
            x->text = words[(base + kind / 16) % N_WORDS];
            x->length = strlen(x->text);
        }
        x->number = kind % 16 == 13 ? fuzz_whole(r) : numbers[(kind / 16 + base) % N_NUMBERS];
    }
}

/* ---- arrays of exactly the size, rows [first, first + n), from either end ---- */

static int64_t row_of(int64_t first, int64_t n, bool backwards, int64_t i) { return backwards ? first + n - 1 - i : first + i; }

static void *text_arrays(const column *c, int64_t first, int64_t n, bool backwards, bool large, void **offsets) {
    size_t size = 0, width = large ? 8 : 4, at = 0;
    for (int64_t i = 0; i < n; i++) size += c->cells[first + i].length;
    char *bytes = fuzz_scratch(size), *list = fuzz_scratch((size_t)(n + 1) * width);
    for (int64_t i = 0; i < n; i++) {
        const cell *x = &c->cells[row_of(first, n, backwards, i)];
        memcpy(list + (size_t)i * width, &at, width);
        if (x->length > 0) memcpy(bytes + at, x->text, x->length);
        at += x->length;
    }
    memcpy(list + (size_t)n * width, &at, width);
    *offsets = list;
    return bytes;
}

static void *fixed_array(const column *c, int64_t first, int64_t n, bool backwards) {
    static const uint8_t widths[N_LAYOUTS] = {8, 8, 2, 8, 4, 0, 0, 1, 8, 8, 4, 0, 0};
    const size_t width = widths[c->layout];
    if (c->layout == BOOLEANS) {
        uint8_t *bits = fuzz_scratch((size_t)(n + 7) / 8);
        for (int64_t i = 0; i < n; i++)
            if (c->cells[row_of(first, n, backwards, i)].number & 1) bits[i / 8] |= (uint8_t)(1u << i % 8);
        return bits;
    }
    char *block = fuzz_scratch((size_t)n * width);
    for (int64_t i = 0; i < n; i++) {
        const cell *x = &c->cells[row_of(first, n, backwards, i)];
        const double real = (double)x->number / (x->number % 2 ? 4 : 1);
        const float small = (float)real;
        const int64_t index = (int64_t)((uint64_t)x->number % N_WORDS);
        const void *from = c->layout == FLOAT64   ? (const void *)&real
                           : c->layout == FLOAT32 ? (const void *)&small
                           : c->layout == NAMES   ? (const void *)&index
                                                  : (const void *)&x->number;
        memcpy(block + (size_t)i * width, from, width);
    }
    return block;
}

static patron_table *table_of(patron_ctx *ctx, const rows *all, int64_t first, int64_t n, bool backwards) {
    static const patron_type types[N_LAYOUTS] = {
        PATRON_TYPE_INT64,  PATRON_TYPE_UINT64,     PATRON_TYPE_INT16,      PATRON_TYPE_FLOAT64,   PATRON_TYPE_FLOAT32,
        PATRON_TYPE_UTF8,   PATRON_TYPE_LARGE_UTF8, PATRON_TYPE_DICTIONARY, PATRON_TYPE_TIMESTAMP, PATRON_TYPE_TIMESTAMP,
        PATRON_TYPE_DATE32, PATRON_TYPE_BOOL,       PATRON_TYPE_NULL};
    patron_table *table = NULL;
    patron_column names = {.type = PATRON_TYPE_UTF8};
    char word_bytes[256];
    int32_t word_offsets[N_WORDS + 1] = {0};
    for (int i = 0; i < N_WORDS; i++) {
        memcpy(word_bytes + word_offsets[i], words[i], strlen(words[i]));
        word_offsets[i + 1] = word_offsets[i] + (int32_t)strlen(words[i]);
    }
    names.values = memcpy(fuzz_scratch((size_t)word_offsets[N_WORDS]), word_bytes, (size_t)word_offsets[N_WORDS]);
    names.offsets = memcpy(fuzz_scratch(sizeof word_offsets), word_offsets, sizeof word_offsets);
    FUZZ_ASSERT(patron_table_create(ctx, n, &table, NULL) == PATRON_OK);
    for (int64_t c = 0; c < all->n_columns; c++) {
        const column *from = &all->columns[c];
        patron_column *shape = fuzz_scratch(sizeof *shape), *values = fuzz_scratch(sizeof *values);
        void *offsets = NULL;
        *values = names;
        *shape = (patron_column){.type = types[from->layout], .unit = PATRON_UNIT_SECOND};
        if (from->layout == TEXT || from->layout == LARGE_TEXT) {
            shape->values = text_arrays(from, first, n, backwards, from->layout == LARGE_TEXT, &offsets);
            shape->offsets = offsets;
        } else if (from->layout != NOTHING) {
            shape->values = fixed_array(from, first, n, backwards);
        }
        if (from->layout == TIMES) shape->timezone = "UTC";
        if (from->layout == NAMES) {
            shape->index_type = PATRON_TYPE_INT8;
            shape->dictionary_length = N_WORDS;
            shape->dictionary = values;
        }
        if (from->nulls) {
            uint8_t *valid = fuzz_scratch((size_t)(n + 7) / 8);
            for (int64_t i = 0; i < n; i++)
                if (!from->cells[row_of(first, n, backwards, i)].null) valid[i / 8] |= (uint8_t)(1u << i % 8);
            shape->validity = valid;
        }
        if (patron_table_borrow_column(table, column_names[c], shape, NULL) != PATRON_OK) { /* text that is none */
            patron_table_destroy(table);
            return NULL;
        }
    }
    return table;
}

/* ---- options ---- */

static const char *some_column(fuzz_recipe *r, const rows *all, int one_in) {
    return fuzz_rarely(r, one_in) ? column_names[fuzz_below(r, MOST_COLUMNS) % all->n_columns] : NULL;
}

typedef struct choices {
    patron_log_options o;
    const char *properties[2];
    patron_kind_name kinds[2];
    patron_timezone zone;
    int64_t from[2];
    int32_t offset[2];
} choices;

static void draw_options(fuzz_recipe *r, const rows *all, choices *x) {
    static const char *const time_formats[] = {"%Y%m%d", "%d %b %Y", "%Y-%m-%d", "%s"};
    static const char *const kinds[] = {"view", "purchase", "RETURN", "nothing"};
    patron_log_options *o = &x->o;
    patron_log_options_init(o);
    o->user = "who";
    o->time = "when";
    const char **const roles[] = {&o->item, &o->order, &o->category, &o->brand,    &o->seller,   &o->channel, &o->query,
                                  &o->text, &o->event, &o->amount,   &o->quantity, &o->discount, &o->rating,  &o->seq};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) *roles[i] = some_column(r, all, 3);
    o->currency = some_column(r, all, 9);
    o->event_id = some_column(r, all, 6);
    o->properties = x->properties;
    while (o->n_properties < 2 && (x->properties[o->n_properties] = some_column(r, all, 2)) != NULL) o->n_properties++;
    o->kinds = x->kinds;
    for (o->n_kinds = 0; o->n_kinds < 2 && fuzz_rarely(r, 4); o->n_kinds++)
        x->kinds[o->n_kinds] = (patron_kind_name){words[fuzz_below(r, N_WORDS)], kinds[fuzz_below(r, 4)]};
    if (fuzz_rarely(r, 4)) o->time_format = time_formats[fuzz_below(r, 4)];
    o->has_time_unit = !fuzz_rarely(r, 4);
    o->time_unit = (patron_time_unit)fuzz_below(r, 5);
    o->has_time_range = fuzz_rarely(r, 2);
    o->time_from = fuzz_rarely(r, 4) ? fuzz_whole(r) : INT64_MIN + 1;
    o->time_to = fuzz_rarely(r, 4) ? fuzz_whole(r) : INT64_MAX;
    o->drop_duplicates = fuzz_rarely(r, 2);
    o->trim_ids = fuzz_rarely(r, 2);
    o->winsorize = fuzz_rarely(r, 2);
    if (fuzz_rarely(r, 2)) {
        x->from[0] = 1700000000 * PT_SECOND;
        x->from[1] = x->from[0] + (1 + fuzz_below(r, 256)) * 3600 * PT_SECOND;
        for (int i = 0; i < 2; i++) x->offset[i] = (int32_t)(fuzz_below(r, 190) - 95) * 900;
        x->zone = (patron_timezone){"Somewhere", 2, x->from, x->offset, 0};
        o->timezone = &x->zone;
    }
}

/* ---- what must hold ---- */

/* NULL: refused. */
static patron_log *build(patron_ctx *ctx, const rows *all, int64_t first, int64_t n, bool backwards,
                         const patron_log_options *o) {
    patron_table *table = table_of(ctx, all, first, n, backwards);
    patron_log *log = NULL;
    patron_error error = {0};
    if (table == NULL) return NULL;
    patron_status status = patron_log_build(ctx, table, o, &log, &error);
    (void)ask_came(status, log, &error);
    patron_table_destroy(table);
    return log;
}

static bool same_bytes(const patron_log *a, const patron_log *b) {
    patron_bytes *x = NULL, *y = NULL;
    FUZZ_ASSERT(patron_log_to_bytes(a, &x, NULL) == PATRON_OK && patron_log_to_bytes(b, &y, NULL) == PATRON_OK);
    bool same = patron_bytes_size(x) == patron_bytes_size(y) &&
                memcmp(patron_bytes_data(x), patron_bytes_data(y), (size_t)patron_bytes_size(x)) == 0;
    patron_bytes_destroy(x);
    patron_bytes_destroy(y);
    return same;
}

static void split_and_merge(patron_ctx *ctx, const rows *all, const patron_log_options *o, const patron_log *log) {
    const int64_t half = all->n / 2;
    patron_log *a = build(ctx, all, 0, half, false, o), *b = build(ctx, all, half, all->n - half, false, o), *merged = NULL;
    patron_error error = {0};
    if (a != NULL && b != NULL) {
        patron_status status = patron_log_merge(a, b, &merged, &error);
        if (ask_came(status, merged, &error)) FUZZ_ASSERT(log != NULL && same_bytes(merged, log));
    }
    patron_log_destroy(merged);
    patron_log_destroy(a);
    patron_log_destroy(b);
}

static void attributes(patron_ctx *ctx, const rows *all, const patron_log *log, bool since) {
    patron_table *table = table_of(ctx, all, 0, all->n, false);
    patron_log *with = NULL;
    patron_error error = {0};
    FUZZ_ASSERT(table != NULL);
    patron_status status = patron_log_with_users(log, table, "who", since ? "when" : NULL, &with, &error);
    if (ask_came(status, with, &error)) {
        ask_always(with);
        ask_question(ctx, with, NULL, 3);
        ask_question(ctx, with, NULL, 9);
    }
    patron_log_destroy(with);
    patron_table_destroy(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_recipe r = {data, size, 0};
    patron_ctx *ctx = fuzz_begin(data, size);
    static rows all;
    static choices x;
    static const layout users[] = {INT64, TEXT, NAMES, UINT64, N_LAYOUTS},
                        times[] = {INT64, TEXT, TIMES, NAIVE_TIMES, DATES, NAMES, INT64, N_LAYOUTS};
    memset(&x, 0, sizeof x);
    const int ask = fuzz_byte(&r);
    all.n_columns = 2 + fuzz_below(&r, MOST_COLUMNS - 1);
    all.n = fuzz_rarely(&r, 4) ? fuzz_below(&r, MOST_ROWS + 1) : fuzz_below(&r, 7);
    draw_options(&r, &all, &x);
    draw_column(&r, all.n, &all.columns[0], users[fuzz_below(&r, 5)]);
    draw_column(&r, all.n, &all.columns[1], times[fuzz_below(&r, 8)]);
    for (int64_t c = 2; c < all.n_columns; c++) draw_column(&r, all.n, &all.columns[c], N_LAYOUTS);
    patron_log *log = build(ctx, &all, 0, all.n, false, &x.o);
    if (log != NULL) {
        fuzz_welcome();
        ask_always(log);
    }
    if (ask % 4 == 0) {
        patron_log *again = build(ctx, &all, 0, all.n, true, &x.o);
        FUZZ_ASSERT((again == NULL) == (log == NULL) && (log == NULL || same_bytes(log, again)));
        patron_log_destroy(again);
    } else if (ask % 4 == 1) {
        split_and_merge(ctx, &all, &x.o, log);
    } else if (log != NULL && ask % 4 == 2) {
        ask_question(ctx, log, NULL, ask / 4 % ASK_QUESTIONS);
    } else if (log != NULL) {
        attributes(ctx, &all, log, ask & 4);
    }
    patron_log_destroy(log);
    fuzz_end();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return fuzz_mutate_recipe(data, size, 500, max_size, seed);
}
