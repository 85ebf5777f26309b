/* Profiles against a slow twin: every measure of every user and window from the raw rows, by looking at all of them. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contexts.h"
#include "data/log.h"
#include "patron.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * PT_SECOND)
#define LENGTH(array) (int64_t)(sizeof(array) / sizeof *(array))
static const int64_t NONE = INT64_MIN;

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t below(uint64_t *state, int64_t n) { return (int64_t)(next_random(state) % (uint64_t)n); }

/* ---- rows, and the log they make ------------------------------------------------------------------------------------------
 */

enum { VIEW, PURCHASE, RETURN };
enum { HAS_EVENT = 1, HAS_ITEM = 2, HAS_ORDER = 4, HAS_AMOUNT = 8, HAS_QUANTITY = 16, HAS_DISCOUNT = 32, HAS_ALL = 63 };

typedef struct row {
    int64_t user, time;
    int kind;
    int64_t item, order;                /* -1: null */
    int64_t amount, quantity, discount; /* hundredths; NONE: null */
} row;

/* What a row is after cleaning: a negative purchase is a return. */
static int kind_of(const row *r, int roles) {
    int kind = roles & HAS_EVENT ? r->kind : PURCHASE;
    bool negative = (roles & HAS_AMOUNT && r->amount != NONE && r->amount < 0) ||
                    (roles & HAS_QUANTITY && r->quantity != NONE && r->quantity < 0);
    return kind == PURCHASE && negative ? RETURN : kind;
}

typedef struct arrays {
    int64_t *user, *time, *item, *order;
    double *money[3];
    uint8_t *valid[5]; /* item, order, amount, quantity, discount */
    int32_t *offsets;
    char *bytes;
} arrays;

static void set_valid(uint8_t *bits, int64_t i, bool valid) {
    if (valid) bits[i / 8] = (uint8_t)(bits[i / 8] | 1 << i % 8);
}

static arrays arrays_of(int64_t n, const row *rows) {
    static const char *const names[] = {"view", "purchase", "return"};
    const size_t size = (size_t)n + 1;
    arrays a = {calloc(size, 8), calloc(size, 8), calloc(size, 8), calloc(size, 8),
                {NULL},          {NULL},          calloc(size, 4), calloc(size, 8)};
    for (int k = 0; k < 3; k++) a.money[k] = calloc(size, 8);
    for (int k = 0; k < 5; k++) a.valid[k] = calloc(size, 1);
    for (int64_t i = 0; i < n; i++) {
        const row *r = &rows[i];
        const int64_t measures[] = {r->amount, r->quantity, r->discount};
        a.user[i] = r->user;
        a.time[i] = r->time;
        a.item[i] = r->item;
        a.order[i] = r->order;
        set_valid(a.valid[0], i, r->item >= 0);
        set_valid(a.valid[1], i, r->order >= 0);
        for (int k = 0; k < 3; k++) {
            a.money[k][i] = measures[k] == NONE ? 0 : (double)measures[k] / 100;
            set_valid(a.valid[2 + k], i, measures[k] != NONE);
        }
        size_t length = strlen(names[r->kind]);
        memcpy(a.bytes + a.offsets[i], names[r->kind], length);
        a.offsets[i + 1] = a.offsets[i] + (int32_t)length;
    }
    return a;
}

static void arrays_free(arrays *a) {
    free(a->user), free(a->time), free(a->item), free(a->order), free(a->offsets), free(a->bytes);
    for (int k = 0; k < 3; k++) free(a->money[k]);
    for (int k = 0; k < 5; k++) free(a->valid[k]);
}

static patron_status borrow(patron_table *table, const char *name, patron_type type, const void *values, const uint8_t *valid) {
    patron_column column = {.type = type, .values = values, .validity = valid};
    if (type == PATRON_TYPE_TIMESTAMP) {
        column.unit = PATRON_UNIT_MICROSECOND;
        column.timezone = "UTC";
    }
    return patron_table_borrow_column(table, name, &column, NULL);
}

static patron_status build(patron_ctx *ctx, int64_t n, const arrays *a, int roles, const patron_timezone *zone,
                           patron_log **out, patron_error *error) {
    static const char *const money[] = {"amount", "quantity", "discount"};
    patron_table *table = NULL;
    patron_status status = patron_table_create(ctx, n, &table, error);
    if (status != PATRON_OK) return status;
    PT_TRY(borrow(table, "user", PATRON_TYPE_INT64, a->user, NULL));
    PT_TRY(borrow(table, "time", PATRON_TYPE_TIMESTAMP, a->time, NULL));
    PT_TRY(borrow(table, "item", PATRON_TYPE_INT64, a->item, a->valid[0]));
    PT_TRY(borrow(table, "order", PATRON_TYPE_INT64, a->order, a->valid[1]));
    for (int k = 0; k < 3; k++) PT_TRY(borrow(table, money[k], PATRON_TYPE_FLOAT64, a->money[k], a->valid[2 + k]));
    const patron_column event = {.type = PATRON_TYPE_UTF8, .values = a->bytes, .offsets = a->offsets};
    PT_TRY(patron_table_borrow_column(table, "event", &event, error));
    patron_log_options options;
    patron_log_options_init(&options);
    options.user = "user";
    options.time = "time";
    options.timezone = zone;
    if (roles & HAS_EVENT) options.event = "event";
    if (roles & HAS_ITEM) options.item = "item";
    if (roles & HAS_ORDER) options.order = "order";
    if (roles & HAS_AMOUNT) options.amount = "amount";
    if (roles & HAS_QUANTITY) options.quantity = "quantity";
    if (roles & HAS_DISCOUNT) options.discount = "discount";
    PT_TRY(patron_log_build(ctx, table, &options, out, error));
cleanup:
    patron_table_destroy(table);
    return status;
}

static patron_log *make_log(patron_ctx *ctx, int64_t n, const row *rows, int roles, const patron_timezone *zone) {
    patron_log *log = NULL;
    patron_error error = {0};
    arrays a = arrays_of(n, rows);
    if (build(ctx, n, &a, roles, zone, &log, &error) != PATRON_OK) fail_msg("%s", error.message);
    arrays_free(&a);
    return log;
}

static patron_table *profile_of(const patron_log *log, int64_t n_windows, const char *const *windows, int64_t as_of) {
    patron_profile_options options;
    patron_profile_options_init(&options);
    options.windows = windows;
    options.n_windows = n_windows;
    options.has_as_of = as_of != NONE;
    options.as_of = as_of;
    patron_table *table = NULL;
    patron_error error = {0};
    if (patron_profile_compute(log, &options, &table, &error) != PATRON_OK) fail_msg("%s", error.message);
    return table;
}

/* The same table, byte for byte. */
static void assert_tables_equal(const patron_table *a, const patron_table *b) {
    assert_int_equal(a->n_rows, b->n_rows);
    assert_int_equal(a->n_columns, b->n_columns);
    for (int64_t c = 0; c < a->n_columns; c++) {
        const pt_column *x = &a->columns[c], *y = &b->columns[c];
        assert_string_equal(x->field.name, y->field.name);
        assert_int_equal(x->null_count, y->null_count);
        if (a->n_rows == 0) continue;
        if (memcmp(x->chunks[0].values, y->chunks[0].values, (size_t)a->n_rows * 8) != 0)
            fail_msg("column %s differs", x->field.name);
        assert_int_equal(x->chunks[0].validity == NULL, y->chunks[0].validity == NULL);
        if (x->chunks[0].validity != NULL)
            assert_memory_equal(x->chunks[0].validity, y->chunks[0].validity, (size_t)(a->n_rows + 7) / 8);
    }
}

static int64_t column_of(const patron_table *table, const char *name) {
    int64_t column = patron_table_find(table, name);
    if (column < 0) fail_msg("there is no column %s", name);
    return column;
}

static int64_t integer_at(const patron_table *table, const char *name, int64_t at) {
    int64_t value;
    uint8_t valid;
    assert_int_equal(patron_table_get_int64(table, column_of(table, name), at, 1, &value, &valid, NULL), PATRON_OK);
    return valid ? value : NONE;
}

static double number_at(const patron_table *table, const char *name, int64_t at) {
    double value;
    assert_int_equal(patron_table_get_float64(table, column_of(table, name), at, 1, &value, NULL, NULL), PATRON_OK);
    return value;
}

/* ---- the twin -------------------------------------------------------------------------------------------------------------
 */

/* Transitions are few: look at each. */
static int64_t twin_local_day(const patron_timezone *zone, int64_t instant) {
    int64_t offset = zone != NULL ? zone->first_offset : 0;
    for (int64_t i = 0; zone != NULL && i < zone->n_transitions; i++)
        if (zone->transitions[i] <= instant) offset = zone->offsets[i];
    int64_t local = instant + offset * PT_SECOND, day = local / PT_DAY;
    return local < day * PT_DAY ? day - 1 : day;
}

typedef struct set {
    int64_t n;
    int64_t keys[4096];
} set;

static int64_t set_add(set *s, int64_t key) {
    for (int64_t i = 0; i < s->n; i++)
        if (s->keys[i] == key) return i;
    assert_true(s->n < LENGTH(s->keys));
    s->keys[s->n] = key;
    return s->n++;
}

typedef struct twin {
    int64_t events, returns, purchases, first, last, first_purchase, last_purchase;
    int64_t revenue, returned, quantity, discount, max_basket; /* hundredths */
    set days, purchase_days, items, orders, instants;
    int64_t orders_n;
    int64_t basket_time[4096], basket_total[4096];
} twin;

static void twin_add_purchase(twin *t, const row *r, int roles, const patron_timezone *zone) {
    const int64_t amount = roles & HAS_AMOUNT && r->amount != NONE ? r->amount : 0;
    if (t->purchases++ == 0 || r->time < t->first_purchase) t->first_purchase = r->time;
    if (t->purchases == 1 || r->time > t->last_purchase) t->last_purchase = r->time;
    set_add(&t->purchase_days, twin_local_day(zone, r->time));
    if (r->item >= 0) set_add(&t->items, r->item);
    t->revenue += amount;
    if (r->quantity != NONE) t->quantity += r->quantity;
    if (r->discount != NONE) t->discount += r->discount;
    /* ids stand in the lower half of the baskets, instants in the upper one */
    int64_t basket = roles & HAS_ORDER && r->order >= 0 ? set_add(&t->orders, r->order) : 2048 + set_add(&t->instants, r->time);
    if (t->basket_time[basket] == NONE || r->time < t->basket_time[basket]) t->basket_time[basket] = r->time;
    t->basket_total[basket] += amount;
}

static twin *twin_of(int64_t n, const row *rows, int roles, const patron_timezone *zone, int64_t user, int64_t start,
                     int64_t as_of) {
    static twin t;
    memset(&t, 0, sizeof t);
    for (int64_t b = 0; b < 4096; b++) t.basket_time[b] = NONE;
    for (int64_t i = 0; i < n; i++) {
        const row *r = &rows[i];
        if (r->user != user || r->time < start || r->time >= as_of) continue;
        if (t.events++ == 0 || r->time < t.first) t.first = r->time;
        if (t.events == 1 || r->time > t.last) t.last = r->time;
        set_add(&t.days, twin_local_day(zone, r->time));
        if (kind_of(r, roles) == PURCHASE) twin_add_purchase(&t, r, roles, zone);
        if (kind_of(r, roles) == RETURN) {
            t.returns++;
            if (r->amount != NONE) t.returned += llabs(r->amount);
        }
    }
    t.orders_n = t.orders.n + t.instants.n;
    for (int64_t b = 0; b < 4096; b++)
        if (t.basket_total[b] > t.max_basket) t.max_basket = t.basket_total[b];
    return &t;
}

static int compare_int64(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Within 1e-13, or a millionth of a microsecond, which is where the twin's own long doubles end. */
static void assert_close(const char *name, double got, long double wanted) {
    if (!(fabsl((long double)got - wanted) <= 1e-13L * (fabsl(wanted) + 1e-4L)))
        fail_msg("%s is %.17g; expected %.17g", name, got, (double)wanted);
}

static void check_gaps(twin *t, const patron_table *table, int64_t at) {
    int64_t times[4096], n = 0;
    for (int64_t b = 0; b < 4096; b++)
        if (t->basket_time[b] != NONE) times[n++] = t->basket_time[b];
    assert_int_equal(n, t->orders_n);
    qsort(times, (size_t)n, sizeof *times, compare_int64);
    assert_int_equal(isnan(number_at(table, "gap_mean_days", at)), n < 2);
    assert_int_equal(isnan(number_at(table, "gap_sd_days", at)), n < 3);
    if (n < 2) return;
    long double sum = 0, squares = 0;
    for (int64_t i = 1; i < n; i++) sum += (long double)(times[i] - times[i - 1]) / PT_DAY;
    const long double mean = sum / (long double)(n - 1);
    for (int64_t i = 1; i < n; i++) {
        long double off = (long double)(times[i] - times[i - 1]) / PT_DAY - mean;
        squares += off * off;
    }
    assert_close("gap_mean_days", number_at(table, "gap_mean_days", at), mean);
    if (n >= 3) assert_close("gap_sd_days", number_at(table, "gap_sd_days", at), sqrtl(squares / (long double)(n - 2)));
}

static void check_integer(const patron_table *table, const char *name, const char *suffix, int64_t at, int64_t wanted) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    if (integer_at(table, full, at) != wanted)
        fail_msg("%s of row %lld is %lld; expected %lld", full, (long long)at, (long long)integer_at(table, full, at),
                 (long long)wanted);
}

/* Equal to the last bit; wanted NaN: null. */
static void check_number(const patron_table *table, const char *name, const char *suffix, int64_t at, double wanted) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    double got = number_at(table, full, at);
    if (!(got == wanted || (isnan(got) && isnan(wanted))))
        fail_msg("%s of row %lld is %.17g; expected %.17g", full, (long long)at, got, wanted);
}

static void check_scope(const twin *t, const patron_table *table, int roles, const char *suffix, int64_t at) {
    const double orders = (double)t->orders_n;
    check_integer(table, "events", suffix, at, t->events);
    check_integer(table, "orders", suffix, at, t->orders_n);
    check_integer(table, "active_days", suffix, at, t->days.n);
    check_integer(table, "returns", suffix, at, t->returns);
    if (roles & HAS_ITEM) check_integer(table, "distinct_items", suffix, at, t->items.n);
    if (!(roles & HAS_AMOUNT)) return;
    check_number(table, "revenue", suffix, at, (double)t->revenue / 100);
    check_number(table, "net_revenue", suffix, at, (double)(t->revenue - t->returned) / 100);
    check_number(table, "avg_basket", suffix, at, orders > 0 ? (double)t->revenue / (100 * orders) : NAN);
    check_number(table, "max_basket", suffix, at, orders > 0 ? (double)t->max_basket / 100 : NAN);
}

static void check_totals(const twin *t, const patron_table *table, int roles, int64_t at, int64_t as_of) {
    const bool any = t->events > 0, bought = t->purchases > 0;
    check_integer(table, "first_event", "", at, any ? t->first : NONE);
    check_integer(table, "last_event", "", at, any ? t->last : NONE);
    check_integer(table, "first_purchase", "", at, bought ? t->first_purchase : NONE);
    check_integer(table, "last_purchase", "", at, bought ? t->last_purchase : NONE);
    check_number(table, "tenure_days", "", at, any ? (double)(as_of - t->first) / (double)PT_DAY : NAN);
    check_number(table, "recency_days", "", at, bought ? (double)(as_of - t->last_purchase) / (double)PT_DAY : NAN);
    check_integer(table, "purchase_days", "", at, t->purchase_days.n);
    if (roles & HAS_QUANTITY) check_number(table, "quantity", "", at, (double)t->quantity / 100);
    if (roles & HAS_DISCOUNT) check_number(table, "discount", "", at, (double)t->discount / 100);
    if (!(roles & HAS_AMOUNT)) return;
    check_number(table, "returned", "", at, (double)t->returned / 100);
    check_number(table, "return_share", "", at, t->revenue > 0 ? (double)t->returned / (double)t->revenue : NAN);
}

static const char *const WINDOWS[] = {"7D", "1D", "36H", "30D"}; /* not in the order of their lengths */
static const char *const SUFFIXES[] = {"_7d", "_1d", "_36h", "_30d"};

static void check_all(int64_t n, const row *rows, int roles, const patron_timezone *zone, int64_t as_of) {
    patron_ctx *ctx = new_ctx(2);
    patron_log *log = make_log(ctx, n, rows, roles, zone);
    patron_table *table = profile_of(log, LENGTH(WINDOWS), WINDOWS, as_of);
    if (as_of == NONE) as_of = patron_log_end(log);
    assert_int_equal(patron_table_n_rows(table), patron_log_n_users(log));
    for (int64_t at = 0; at < patron_table_n_rows(table); at++) {
        const int64_t user = integer_at(table, "user", at);
        twin *t = twin_of(n, rows, roles, zone, user, INT64_MIN, as_of);
        check_scope(t, table, roles, "", at);
        check_totals(t, table, roles, at, as_of);
        check_gaps(t, table, at);
        for (int64_t w = 0; w < LENGTH(WINDOWS); w++) {
            int64_t days, micros;
            assert_int_equal(pt_parse_span(WINDOWS[w], &days, &micros, NULL), PATRON_OK);
            int64_t start = days != 0 ? pt_add_days(log->zone, as_of, -days) : as_of - micros;
            check_scope(twin_of(n, rows, roles, zone, user, start, as_of), table, roles, SUFFIXES[w], at);
        }
    }
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

/* ---- random shops -----------------------------------------------------------------------------------------------------------
 */

static const int64_t START = INT64_C(1704067200) * INT64_C(1000000); /* 2024-01-01 */

/* Rows in 40 days of few instants, so that ties are common; order ids reach over instants and overlap. */
static row *random_rows(uint64_t *seed, int64_t n, int64_t n_users) {
    row *rows = calloc((size_t)n, sizeof *rows);
    for (int64_t i = 0; i < n; i++) {
        row *r = &rows[i];
        int64_t lot = below(seed, 20);
        r->user = below(seed, n_users) * 3 - 50;
        r->time = START + below(seed, 40) * PT_DAY + below(seed, 4) * 6 * HOUR + (below(seed, 4) == 0 ? below(seed, 3) : 0);
        r->kind = lot < 6 ? VIEW : lot < 18 ? PURCHASE : RETURN;
        r->item = below(seed, 8) == 0 ? -1 : below(seed, 12);
        r->order = below(seed, 5) == 0 ? -1 : below(seed, 200);
        r->amount = below(seed, 9) == 0 ? NONE : below(seed, 5000) * (below(seed, 15) == 0 ? -1 : 1);
        r->quantity = below(seed, 9) == 0 ? NONE : (1 + below(seed, 4)) * 100 * (below(seed, 25) == 0 ? -1 : 1);
        r->discount = below(seed, 3) == 0 ? NONE : below(seed, 300);
    }
    return rows;
}

static void every_measure_equals_the_twins_whatever_roles_there_are(void **state) {
    (void)state;
    if (getenv("PATRON_VALGRIND") != NULL) skip(); /* it computes the twin's long doubles as doubles */
    static const int roles[] = {
        HAS_ALL,    HAS_ALL & ~HAS_ORDER,   HAS_ALL & ~HAS_EVENT,     HAS_EVENT | HAS_ORDER, HAS_EVENT | HAS_ITEM,
        HAS_AMOUNT, HAS_AMOUNT | HAS_ORDER, HAS_EVENT | HAS_QUANTITY, HAS_DISCOUNT,          0};
    uint64_t seed = 11;
    for (int64_t k = 0; k < LENGTH(roles); k++) {
        row *rows = random_rows(&seed, 900, k % 2 == 0 ? 60 : 170); /* one tile, and three */
        check_all(900, rows, roles[k], NULL, NONE);
        check_all(900, rows, roles[k], NULL, START + 20 * PT_DAY + 6 * HOUR);
        free(rows);
    }
}

static void a_user_with_many_overlapping_orders_equals_the_twin(void **state) {
    (void)state;
    uint64_t seed = 12;
    row *rows = random_rows(&seed, 3000, 2);
    for (int64_t i = 0; i < 3000; i++)
        if (rows[i].order >= 0) rows[i].order = below(&seed, 1900);
    check_all(3000, rows, HAS_ALL, NULL, NONE);
    check_all(3000, rows, HAS_ALL & ~HAS_ORDER, NULL, NONE);
    free(rows);
}

/* Clocks go back by an hour one minute after midnight, so a minute of the new day comes before an hour of the old one; and on,
 * and by a whole day. */
static const int64_t TRANSITIONS[] = {INT64_C(1704067200000000) + INT64_C(5) * PT_DAY + 60 * PT_SECOND,
                                      INT64_C(1704067200000000) + INT64_C(15) * PT_DAY + 7 * HOUR,
                                      INT64_C(1704067200000000) + INT64_C(25) * PT_DAY + 12 * HOUR};
static const int32_t OFFSETS[] = {-3600, 0, -72000};
static const patron_timezone ODD_ZONE = {"Test/Odd", 3, TRANSITIONS, OFFSETS, 0};

static void local_days_and_windows_follow_the_zone(void **state) {
    (void)state;
    uint64_t seed = 13;
    row *rows = random_rows(&seed, 900, 40);
    for (int64_t i = 0; i < 900; i++)
        if (below(&seed, 2) == 0) rows[i].time = START + 5 * PT_DAY + (below(&seed, 300) - 100) * 30 * PT_SECOND;
    check_all(900, rows, HAS_ALL, &ODD_ZONE, NONE);
    check_all(900, rows, HAS_ALL, &ODD_ZONE, START + 15 * PT_DAY + 8 * HOUR);
    check_all(900, rows, HAS_ALL, &ODD_ZONE, START + 26 * PT_DAY);
    free(rows);
}

static void a_day_met_again_after_clocks_went_back_counts_once(void **state) {
    (void)state;
    const int64_t midnight = START + 5 * PT_DAY; /* local and UTC before the transition a minute later */
    row rows[4];
    for (int i = 0; i < 4; i++) rows[i] = (row){1, 0, PURCHASE, 1, 1, 100, 100, 0};
    rows[0].time = midnight - HOUR / 2;                  /* day 4, first time round */
    rows[1].time = midnight + 30 * PT_SECOND;            /* day 5, its first minute */
    rows[2].time = midnight + HOUR / 2;                  /* day 4 again */
    rows[3].time = midnight + HOUR + 2 * 60 * PT_SECOND; /* day 5 again */
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, 4, rows, 0, &ODD_ZONE);
    patron_table *table = profile_of(log, 0, NULL, NONE);
    assert_int_equal(integer_at(table, "active_days", 0), 2);
    assert_int_equal(integer_at(table, "purchase_days", 0), 2);
    assert_string_equal(patron_table_column_timezone(table, column_of(table, "last_purchase")), "Test/Odd");
    assert_int_equal(patron_table_column_type(table, column_of(table, "last_purchase")), PATRON_TYPE_TIMESTAMP);
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

/* ---- windows and as_of
 * -------------------------------------------------------------------------------------------------------- */

static void windows_are_half_open_and_days_are_local_ones(void **state) {
    (void)state;
    /* New York in 2024: clocks go on at 2024-03-10T07:00Z. A day back from 11 March, midnight, is 23 hours. */
    static const int64_t changes[] = {INT64_C(1710054000000000)};
    static const int32_t offsets[] = {-4 * 3600};
    const patron_timezone zone = {"America/New_York", 1, changes, offsets, -5 * 3600};
    const int64_t as_of = INT64_C(1710129600000000), start = as_of - 23 * HOUR;
    const int64_t times[] = {start - 1, start, as_of - 1, as_of};
    row rows[4];
    for (int i = 0; i < 4; i++) rows[i] = (row){i, times[i], PURCHASE, 1, 1, 100, 100, 0};
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, 4, rows, HAS_AMOUNT, &zone);
    const char *const windows[] = {"1D", "24H"};
    patron_table *table = profile_of(log, 2, windows, as_of);
    const int64_t in_day[] = {0, 1, 1, 0}, in_hours[] = {1, 1, 1, 0}, ever[] = {1, 1, 1, 0};
    for (int64_t i = 0; i < 4; i++) {
        check_integer(table, "orders", "_1d", i, in_day[i]);
        check_integer(table, "orders", "_24h", i, in_hours[i]);
        check_integer(table, "orders", "", i, ever[i]);
    }
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

static void nothing_at_or_after_as_of_changes_a_byte(void **state) {
    (void)state;
    uint64_t seed = 14;
    const int64_t n = 1200, as_of = START + 20 * PT_DAY;
    row *rows = random_rows(&seed, n, 80), *past = calloc((size_t)n, sizeof *past);
    int64_t n_past = 0;
    for (int64_t i = 0; i < n; i++)
        if (rows[i].time < as_of) past[n_past++] = rows[i];
    for (int64_t i = 0; i < n; i++)
        if (rows[i].time >= as_of) { /* of users who are there already; new items, new orders, much money */
            rows[i].user = past[below(&seed, n_past)].user;
            rows[i].time = as_of + (below(&seed, 2) == 0 ? 0 : below(&seed, 1000) * HOUR);
            rows[i].item = below(&seed, 2) == 0 ? 0 : 1000 + i;
            rows[i].order = past[below(&seed, n_past)].order;
            rows[i].amount = 99999999;
        }
    patron_ctx *ctx = new_ctx(2);
    patron_log *with = make_log(ctx, n, rows, HAS_ALL, NULL), *without = make_log(ctx, n_past, past, HAS_ALL, NULL);
    patron_table *a = profile_of(with, LENGTH(WINDOWS), WINDOWS, as_of);
    patron_table *b = profile_of(without, LENGTH(WINDOWS), WINDOWS, as_of);
    patron_table *later = profile_of(with, LENGTH(WINDOWS), WINDOWS, as_of + 1);
    assert_tables_equal(a, b);
    int64_t seen = 0;
    for (int64_t i = 0; i < a->n_rows; i++) seen += integer_at(later, "events", i) - integer_at(a, "events", i);
    assert_true(seen > 100); /* one microsecond later they are there */
    patron_table_destroy(a);
    patron_table_destroy(b);
    patron_table_destroy(later);
    patron_log_destroy(with);
    patron_log_destroy(without);
    patron_ctx_destroy(ctx);
    free(rows);
    free(past);
}

static void a_user_of_the_future_has_a_row_of_zeros_and_nulls(void **state) {
    (void)state;
    row rows[] = {{1, START, PURCHASE, 1, 1, 100, 100, 0}, {2, START + PT_DAY, PURCHASE, 1, 2, 100, 100, 0}};
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, 2, rows, HAS_ALL, NULL);
    patron_table *table = profile_of(log, LENGTH(WINDOWS), WINDOWS, START + 1);
    for (int64_t c = 1; c < table->n_columns; c++) {
        const char *name = patron_table_column_name(table, c);
        double value = number_at(table, "events", 1);
        if (patron_table_column_type(table, c) == PATRON_TYPE_TIMESTAMP)
            assert_int_equal(integer_at(table, name, 1), NONE);
        else
            assert_true((value = number_at(table, name, 1)) == 0 || isnan(value));
    }
    assert_true(isnan(number_at(table, "avg_basket", 1)));
    assert_true(isnan(number_at(table, "recency_days", 1)));
    assert_true(number_at(table, "revenue", 1) == 0);
    assert_true(number_at(table, "recency_days", 0) == 1.0 / (double)PT_DAY);
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

static void missing_amounts_count_as_orders_worth_nothing(void **state) {
    (void)state;
    row rows[] = {{1, START, PURCHASE, 1, 1, NONE, NONE, NONE}, {1, START + PT_DAY, PURCHASE, 1, 2, NONE, NONE, NONE}};
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, 2, rows, HAS_ALL, NULL);
    patron_table *table = profile_of(log, 0, NULL, NONE);
    check_integer(table, "orders", "", 0, 2);
    check_number(table, "revenue", "", 0, 0.0);
    check_number(table, "avg_basket", "", 0, 0.0);
    check_number(table, "max_basket", "", 0, 0.0);
    check_number(table, "return_share", "", 0, NAN);
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

/* ---- the same bytes
 * ----------------------------------------------------------------------------------------------------------- */

static void threads_and_row_order_do_not_change_a_byte(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8};
    uint64_t seed = 15;
    const int64_t n = 150000;
    row *rows = random_rows(&seed, n, 40001); /* seven chunks, the last tile not full */
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, n, rows, HAS_ALL, NULL);
    patron_table *first = profile_of(log, LENGTH(WINDOWS), WINDOWS, START + 30 * PT_DAY);
    for (int64_t k = 0; k < LENGTH(threads); k++) {
        assert_int_equal(patron_ctx_set_threads(ctx, threads[k], NULL), PATRON_OK);
        patron_table *again = profile_of(log, LENGTH(WINDOWS), WINDOWS, START + 30 * PT_DAY);
        assert_tables_equal(first, again);
        patron_table_destroy(again);
    }
    for (int64_t i = n; i-- > 1;) {
        int64_t j = below(&seed, i + 1);
        row swap = rows[i];
        rows[i] = rows[j];
        rows[j] = swap;
    }
    patron_log *shuffled = make_log(ctx, n, rows, HAS_ALL, NULL);
    patron_table *again = profile_of(shuffled, LENGTH(WINDOWS), WINDOWS, START + 30 * PT_DAY);
    assert_tables_equal(first, again);
    patron_table_destroy(again);
    patron_table_destroy(first);
    patron_log_destroy(shuffled);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
    free(rows);
}

/* ---- definitions
 * ---------------------------------------------------------------------------------------------------------------- */

static void text_at(const patron_table *table, const char *name, int64_t at, char out[256]) {
    const char *text;
    int64_t length;
    assert_int_equal(patron_table_get_string(table, column_of(table, name), at, &text, &length, NULL), PATRON_OK);
    assert_true(length < 256);
    memcpy(out, text, (size_t)length);
    out[length] = '\0';
}

static void definitions_name_every_column_and_keep_their_null_rule(void **state) {
    (void)state;
    static const int roles[] = {HAS_ALL, HAS_EVENT, HAS_AMOUNT | HAS_ITEM};
    uint64_t seed = 16;
    row *rows = random_rows(&seed, 400, 60);
    patron_ctx *ctx = new_ctx(2);
    patron_profile_options options;
    patron_profile_options_init(&options);
    options.windows = WINDOWS;
    options.n_windows = LENGTH(WINDOWS);
    patron_table *definitions = NULL;
    assert_int_equal(patron_profile_definitions(ctx, &options, &definitions, NULL), PATRON_OK);
    for (int64_t k = 0; k < LENGTH(roles); k++) {
        patron_log *log = make_log(ctx, 400, rows, roles[k], NULL);
        patron_table *table = profile_of(log, LENGTH(WINDOWS), WINDOWS, START + 3 * PT_DAY);
        int64_t column = 1;
        assert_string_equal(patron_table_column_name(table, 0), "user");
        for (int64_t i = 0; i < patron_table_n_rows(definitions); i++) {
            char name[256], rule[256], needs[256], meaning[256];
            text_at(definitions, "name", i, name);
            text_at(definitions, "null_rule", i, rule);
            text_at(definitions, "needs", i, needs);
            text_at(definitions, "meaning", i, meaning);
            assert_true(strlen(meaning) > 10);
            bool there = needs[0] == '\0' || (strcmp(needs, "amount") == 0 && roles[k] & HAS_AMOUNT) ||
                         (strcmp(needs, "item") == 0 && roles[k] & HAS_ITEM) ||
                         (strcmp(needs, "quantity") == 0 && roles[k] & HAS_QUANTITY) ||
                         (strcmp(needs, "discount") == 0 && roles[k] & HAS_DISCOUNT);
            if (!there) {
                assert_int_equal(patron_table_find(table, name), -1);
                continue;
            }
            assert_string_equal(patron_table_column_name(table, column), name);
            /* three days after the start most users have no order yet, many no event */
            assert_int_equal(patron_table_null_count(table, column) == 0, strcmp(rule, "never") == 0);
            column++;
        }
        assert_int_equal(column, patron_table_n_columns(table));
        patron_table_destroy(table);
        patron_log_destroy(log);
    }
    patron_table_destroy(definitions);
    patron_ctx_destroy(ctx);
    free(rows);
}

/* ---- errors
 * ------------------------------------------------------------------------------------------------------------------------ */

/* One huge gap among none: the squares fill 128 bits, and then more than that. */
static void gaps_as_wide_as_time_itself_have_a_deviation(void **state) {
    (void)state;
    static const struct {
        int64_t n, first, last; /* n - 1 orders at `first`, one at `last` */
    } cases[] = {{4, -(INT64_C(1) << 62) - (INT64_C(1) << 59), (INT64_C(1) << 62) + (INT64_C(1) << 59)},
                 {12, INT64_MIN + 1, INT64_MAX - 2},
                 {3, -(INT64_C(1) << 60), INT64_C(1) << 60}};
    patron_ctx *ctx = new_ctx(1);
    for (int64_t k = 0; k < LENGTH(cases); k++) {
        int64_t users[12], times[12], orders[12];
        for (int64_t i = 0; i < cases[k].n; i++) {
            users[i] = 7;
            times[i] = i == 0 ? cases[k].last : cases[k].first;
            orders[i] = i;
        }
        patron_table *events = NULL;
        assert_int_equal(patron_table_create(ctx, cases[k].n, &events, NULL), PATRON_OK);
        patron_column columns[] = {{.type = PATRON_TYPE_INT64, .values = users},
                                   {.type = PATRON_TYPE_TIMESTAMP, .unit = PATRON_UNIT_MICROSECOND, .values = times},
                                   {.type = PATRON_TYPE_INT64, .values = orders}};
        static const char *const names[] = {"who", "when", "basket"};
        for (int c = 0; c < 3; c++)
            assert_int_equal(patron_table_borrow_column(events, names[c], &columns[c], NULL), PATRON_OK);
        patron_log_options options;
        patron_log_options_init(&options);
        options.user = "who";
        options.time = "when";
        options.order = "basket";
        options.has_time_range = 1;
        options.time_from = INT64_MIN + 1;
        options.time_to = INT64_MAX;
        patron_log *log = NULL;
        patron_error error = {0};
        if (patron_log_build(ctx, events, &options, &log, &error) != PATRON_OK) fail_msg("%s", error.message);
        patron_table *table = profile_of(log, 0, NULL, NONE);
        /* m gaps, one of them the whole span: mean S / m, deviation S / sqrt(m) */
        const double span = ((double)cases[k].last - (double)cases[k].first) / (double)PT_DAY, m = (double)(cases[k].n - 1);
        double mean, deviation;
        int64_t column = patron_table_find(table, "gap_mean_days");
        assert_int_equal(patron_table_get_float64(table, column, 0, 1, &mean, NULL, NULL), PATRON_OK);
        column = patron_table_find(table, "gap_sd_days");
        assert_int_equal(patron_table_get_float64(table, column, 0, 1, &deviation, NULL, NULL), PATRON_OK);
        assert_true(fabs(mean / (span / m) - 1) < 1e-15);
        assert_true(fabs(deviation / (span / sqrt(m)) - 1) < 1e-14);
        patron_table_destroy(table);
        patron_log_destroy(log);
        patron_table_destroy(events);
    }
    patron_ctx_destroy(ctx);
}

static void bad_windows_are_refused_by_name(void **state) {
    (void)state;
    const struct {
        const char *windows[2];
        const char *said;
    } bad[] = {
        {{"7D", "7d"}, "The window '7d' is there twice, first as '7D'; expected each once"},
        {{"7D", "07D"}, "The window '07D' is there twice, first as '7D'; expected each once"},
        {{"1w", "7D"}, "The window '7D' is there twice, first as '1w'; expected each once"},
        {{"60min", "1h"}, "The window '1h' is there twice, first as '60min'; expected each once"},
        {{"7D", "\xff"
                "D"},
         "The span '?D' is not a whole number and a unit"},
        {{"7D", "3\xff"}, "The span '3?' is not a whole number and a unit"},
        {{"7D", "0D"}, "'0D' spans no time"},
        {{"7D", "fortnight"}, "fortnight"},
        {{"7D", NULL}, "Window 1 is NULL"},
        {{"7D", "00000000000000000000000000000000000007D"}, "has 39 bytes"},
        {{"7D",
          "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\xe6"
          "\x97\xa5\xe6\x97\xa5\xe6\x97\xa5"},
         "has 36 bytes"}};
    row rows[] = {{1, START, PURCHASE, 1, 1, 100, 100, 0}};
    patron_ctx *ctx = new_ctx(1);
    patron_log *log = make_log(ctx, 1, rows, HAS_ALL, NULL);
    patron_table *table = NULL;
    patron_error error = {0};
    patron_profile_options options;
    for (int64_t k = 0; k < LENGTH(bad); k++) {
        patron_profile_options_init(&options);
        options.windows = bad[k].windows;
        options.n_windows = 2;
        assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_ERR_INVALID);
        assert_non_null(strstr(error.message, bad[k].said));
        assert_int_equal(pt_utf8_check(error.message, (int64_t)strlen(error.message)), -1);
        assert_int_equal(patron_profile_definitions(ctx, &options, &table, &error), PATRON_ERR_INVALID);
        assert_null(table);
    }
    options.n_windows = 257;
    assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "n_windows is 257; expected 0 to 256");
    options.n_windows = -1;
    assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "n_windows is -1; expected 0 to 256");
    options.windows = (const char *const[]){"24h", "1D"}; /* a local day may have 23 or 25 hours */
    options.n_windows = 2;
    assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_OK);
    patron_table_destroy(table);
    table = NULL;
    options.n_windows = 1;
    options.windows = NULL;
    assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_ERR_INVALID);
    options.struct_size = 0;
    assert_int_equal(patron_profile_compute(log, &options, &table, &error), PATRON_ERR_INVALID);
    assert_null(table);
    assert_int_equal(patron_profile_compute(log, NULL, &table, &error), PATRON_OK); /* the defaults */
    patron_table_destroy(table);
    patron_log_destroy(log);
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_measure_equals_the_twins_whatever_roles_there_are),
        cmocka_unit_test(a_user_with_many_overlapping_orders_equals_the_twin),
        cmocka_unit_test(local_days_and_windows_follow_the_zone),
        cmocka_unit_test(a_day_met_again_after_clocks_went_back_counts_once),
        cmocka_unit_test(windows_are_half_open_and_days_are_local_ones),
        cmocka_unit_test(nothing_at_or_after_as_of_changes_a_byte),
        cmocka_unit_test(a_user_of_the_future_has_a_row_of_zeros_and_nulls),
        cmocka_unit_test(missing_amounts_count_as_orders_worth_nothing),
        cmocka_unit_test(threads_and_row_order_do_not_change_a_byte),
        cmocka_unit_test(definitions_name_every_column_and_keep_their_null_rule),
        cmocka_unit_test(gaps_as_wide_as_time_itself_have_a_deviation),
        cmocka_unit_test(bad_windows_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
