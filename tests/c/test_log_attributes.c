/* Attributes of users and items: which row holds when, what the audit says of keys and rows, and that neither order nor split
 * leaves a trace. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_made.h"

#define NOON (INT64_C(1704110400) * PT_SECOND)

static patron_ctx *ctx;

static int set_up(void **state) {
    (void)state;
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 3;
    return patron_ctx_create(&options, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

/* Users 1, 2, 3 buy items a, b at noon. */
static patron_log *small_log(bool items) {
    made m = made_rows(ctx, 3);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2, 3});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){NOON, NOON, NOON});
    made_add_words(&m, "what", (const char *const[]){"a", "b", "a"});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.item = items ? "what" : NULL;
    patron_log *log = made_log(ctx, &m, &o);
    made_free(&m);
    return log;
}

static patron_log *with_users(const patron_log *log, const patron_table *table, const char *valid_from) {
    patron_log *out = NULL;
    patron_error error = {0};
    if (patron_log_with_users(log, table, "id", valid_from, &out, &error) != PATRON_OK) fail_msg("%s", error.message);
    return out;
}

static patron_table *users_at(const patron_log *log, int64_t as_of) {
    patron_table *table = NULL;
    patron_error error = {0};
    if (patron_log_users(log, as_of, &table, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_string_equal(patron_table_column_name(table, 0), "user");
    assert_int_equal(patron_table_n_rows(table), patron_log_n_users(log));
    return table;
}

/* The value of a user's row in a column of integers, NONE for null. */
static int64_t number_at(const patron_table *table, const char *name, int64_t row) {
    int64_t value;
    uint8_t valid;
    int64_t column = patron_table_find(table, name);
    assert_true(column >= 0);
    assert_int_equal(patron_table_get_int64(table, column, row, 1, &value, &valid, NULL), PATRON_OK);
    return valid ? value : NONE;
}

static void assert_text(const patron_table *table, const char *name, int64_t row, const char *wanted) {
    const char *text;
    int64_t length;
    int64_t column = patron_table_find(table, name);
    assert_true(column >= 0);
    assert_int_equal(patron_table_get_string(table, column, row, &text, &length, NULL), PATRON_OK);
    assert_int_equal(text == NULL, wanted == NULL);
    if (wanted == NULL) return;
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(text, wanted, strlen(wanted));
}

static void a_row_holds_strictly_after_its_valid_from(void **state) {
    (void)state;
    patron_log *log = small_log(false);
    made m = made_rows(ctx, 5);
    made_add_values(&m, "id", PATRON_TYPE_INT64, (const int64_t[]){2, 2, 1, 2, 9});
    made_add_values(&m, "since", PATRON_TYPE_TIMESTAMP, (const int64_t[]){20, 10, NONE, NONE, 5});
    made_add_values(&m, "level", PATRON_TYPE_INT64, (const int64_t[]){200, 100, 7, 50, 1});
    patron_log *known = with_users(log, m.table, "since");
    const struct {
        int64_t as_of, level;
    } cases[] = {{INT64_MIN, 50}, {10, 50}, {11, 100}, {20, 100}, {21, 200}, {INT64_MAX, 200}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        patron_table *users = users_at(known, cases[i].as_of);
        assert_int_equal(patron_table_n_columns(users), 2);
        assert_int_equal(number_at(users, "user", 0), 1);
        assert_int_equal(number_at(users, "level", 0), 7); /* without valid_from it always holds */
        assert_int_equal(number_at(users, "level", 1), cases[i].level);
        assert_int_equal(number_at(users, "level", 2), NONE);
        patron_table_destroy(users);
    }
    assert_int_equal(audited(known, "attributes without a user"), 1);
    assert_int_equal(audited(known, "users without attributes"), 1);
    assert_int_equal(audited(known, "missing valid_from"), 2);
    assert_int_equal(audited(known, "rows read"), 3); /* that of the events */
    patron_log_destroy(known);
    /* the same table without dates: the last row in order of content holds */
    known = with_users(log, m.table, NULL);
    patron_table *users = users_at(known, INT64_MIN);
    assert_int_equal(patron_table_n_columns(users), 3);
    assert_int_equal(number_at(users, "level", 1), 200);
    assert_int_equal(audited(known, "several rows for one key"), 2);
    patron_table_destroy(users);
    patron_log_destroy(known);
    patron_log_destroy(log);
    made_free(&m);
}

static void every_type_comes_back_typed(void **state) {
    (void)state;
    patron_log *log = small_log(false);
    made m = made_rows(ctx, 2);
    const uint8_t flags[] = {2}, some[] = {1};
    const double floats[] = {0.25, __builtin_nan("")};
    const int32_t dates[] = {19700, 0};
    made_add_values(&m, "id", PATRON_TYPE_INT64, (const int64_t[]){1, 2});
    made_add_words(&m, "town", (const char *const[]){"\xe6\x9d\xad\xe5\xb7\x9e", NULL});
    made_add_values(&m, "age", PATRON_TYPE_INT64, (const int64_t[]){41, NONE});
    made_add(m.table, "score", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = floats});
    made_add(m.table, "member", &(patron_column){.type = PATRON_TYPE_BOOL, .values = flags, .validity = some});
    made_add(m.table, "born", &(patron_column){.type = PATRON_TYPE_DATE32, .values = dates, .validity = some});
    made_add_ids(&m, m.table, "club", 2, (const int64_t[]){5, -1}, AS_DICTIONARY);
    patron_log *known = with_users(log, m.table, NULL);
    patron_table *users = users_at(known, INT64_MAX);
    patron_log_destroy(log);
    patron_log_destroy(known); /* the table lives on */
    static const char *const names[] = {"user", "age", "born", "club", "member", "score", "town"};
    const patron_type types[] = {PATRON_TYPE_INT64, PATRON_TYPE_INT64,   PATRON_TYPE_TIMESTAMP, PATRON_TYPE_DICTIONARY,
                                 PATRON_TYPE_BOOL,  PATRON_TYPE_FLOAT64, PATRON_TYPE_DICTIONARY};
    assert_int_equal(patron_table_n_columns(users), LENGTH(names));
    for (int64_t i = 0; i < LENGTH(names); i++) {
        assert_string_equal(patron_table_column_name(users, i), names[i]);
        assert_int_equal(patron_table_column_type(users, i), types[i]);
        if (i > 0) assert_int_equal(patron_table_null_count(users, i), 2);
    }
    assert_string_equal(patron_table_column_timezone(users, 2), "UTC");
    assert_int_equal(number_at(users, "age", 0), 41);
    assert_int_equal(number_at(users, "born", 0), 19700 * DAY);
    assert_int_equal(number_at(users, "member", 0), 0);
    assert_text(users, "town", 0, "\xe6\x9d\xad\xe5\xb7\x9e");
    assert_text(users, "town", 1, NULL);
    assert_text(users, "club", 0,
                "\xe5\xae\xa2\xe6\x88\xb7"
                "000005");
    double score;
    assert_int_equal(patron_table_get_float64(users, 5, 0, 1, &score, NULL, NULL), PATRON_OK);
    assert_true(score == 0.25);
    patron_table_destroy(users);
    made_free(&m);
}

static void rows_without_a_key_or_with_unreadable_dates_leave_and_repeats_are_one(void **state) {
    (void)state;
    patron_log *log = small_log(false);
    made m = made_rows(ctx, 7);
    made_add_values(&m, "id", PATRON_TYPE_INT64, (const int64_t[]){1, NONE, 1, 2, 2, 1, 3});
    made_add_words(&m, "since",
                   (const char *const[]){"2024-01-01", "2024-01-01", "2024-01-01", "soon", "", "2024-01-01", "2024-05-05"});
    made_add_words(&m, "town", (const char *const[]){"Ulm", "Rom", "Ulm", "Bonn", "Linz", "Aachen", "Ulm"});
    patron_log *known = with_users(log, m.table, "since");
    assert_int_equal(audited(known, "attribute row without a key"), 1);
    assert_int_equal(audited(known, "repeated attribute row"), 1);
    assert_int_equal(audited(known, "unreadable valid_from"), 1);
    assert_string_equal(audit_line(known, "unreadable valid_from")->example, "soon");
    assert_int_equal(audited(known, "missing valid_from"), 1);
    assert_int_equal(audited(known, "several rows for one key"), 1); /* Aachen, hidden by Ulm */
    assert_null(audit_line(known, "unreadable time"));
    patron_table *users = users_at(known, INT64_MAX);
    assert_text(users, "town", 0, "Ulm");
    assert_text(users, "town", 1, "Linz");
    patron_table_destroy(users);
    /* towns of rows that left are forgotten: Aachen, Linz, Ulm */
    assert_int_equal(known->user_attributes->columns[0].dictionary->n, 3);
    /* a second table takes the place of the first, in the audit too */
    made next = made_rows(ctx, 1);
    made_add_values(&next, "id", PATRON_TYPE_INT64, (const int64_t[]){1});
    patron_log *fresh = with_users(known, next.table, NULL), *direct = with_users(log, next.table, NULL);
    assert_same_bytes(fresh, direct);
    assert_null(audit_line(fresh, "repeated attribute row"));
    patron_log_destroy(fresh);
    patron_log_destroy(direct);
    patron_log_destroy(known);
    patron_log_destroy(log);
    made_free(&m);
    made_free(&next);
}

static void what_does_not_fit_is_refused_by_name(void **state) {
    (void)state;
    patron_log *log = small_log(false), *out = NULL;
    made m = made_rows(ctx, 2), bad = made_rows(ctx, 2);
    made_add_words(&m, "id", (const char *const[]){"ann", "bob"});
    made_add_words(&m, "user", (const char *const[]){"x", "y"});
    made_add_values(&bad, "id", PATRON_TYPE_INT64, (const int64_t[]){1, 2});
    made_add_words(&bad, "user", (const char *const[]){"x", "y"});
    patron_error error = {0};
    const struct {
        const patron_table *table;
        const char *key, *valid_from;
        patron_status status;
        const char *words[3];
    } cases[] = {{m.table, "id", NULL, PATRON_ERR_TYPE, {"'id'", "text", "integers"}},
                 {m.table, "key", NULL, PATRON_ERR_NOT_FOUND, {"'key'", "'id'", "'user'"}},
                 {bad.table, "id", "since", PATRON_ERR_NOT_FOUND, {"'since'", "'id'", "valid_from"}},
                 {bad.table, "id", NULL, PATRON_ERR_INVALID, {"'user'", "name", "attribute"}},
                 {bad.table, "id", "id", PATRON_ERR_INVALID, {"'id'", "key", "valid_from"}},
                 {bad.table, NULL, NULL, PATRON_ERR_INVALID, {"key", "NULL", "user"}}};
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(patron_log_with_users(log, cases[i].table, cases[i].key, cases[i].valid_from, &out, &error),
                         cases[i].status);
        for (int w = 0; w < 3; w++)
            if (strstr(error.message, cases[i].words[w]) == NULL) fail_msg("'%s': no %s", error.message, cases[i].words[w]);
    }
    patron_table *table = NULL;
    assert_int_equal(patron_log_with_items(log, bad.table, "id", NULL, &out, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "no items"));
    assert_int_equal(patron_log_items(log, 0, &table, &error), PATRON_ERR_INVALID);
    assert_null(out);
    assert_null(table);
    patron_log_destroy(log);
    made_free(&m);
    made_free(&bad);
}

static void users_and_items_have_attributes_of_their_own(void **state) {
    (void)state;
    patron_log *log = small_log(true), *both = NULL;
    made items = made_rows(ctx, 3), users = made_rows(ctx, 1);
    made_add_words(&items, "id", (const char *const[]){"b", "c", "b"});
    made_add_words(&items, "user",
                   (const char *const[]){"for all", "none", "for all"}); /* a name that only users may not have */
    made_add_values(&users, "id", PATRON_TYPE_INT64, (const int64_t[]){2});
    made_add_values(&users, "item", PATRON_TYPE_INT64, (const int64_t[]){11});
    patron_log *first = with_users(log, users.table, NULL);
    assert_int_equal(patron_log_with_items(first, items.table, "id", NULL, &both, NULL), PATRON_OK);
    assert_int_equal(audited(both, "users without attributes"), 2);
    assert_int_equal(audited(both, "items without attributes"), 1);
    assert_int_equal(audited(both, "attributes without an item"), 1);
    assert_int_equal(audited(both, "repeated attribute row"), 1);
    patron_table *table = NULL;
    assert_int_equal(patron_log_items(both, INT64_MAX, &table, NULL), PATRON_OK);
    assert_text(table, "item", 1, "b");
    assert_text(table, "user", 0, NULL);
    assert_text(table, "user", 1, "for all");
    patron_table_destroy(table);
    table = users_at(both, INT64_MAX);
    assert_int_equal(number_at(table, "item", 1), 11);
    patron_table_destroy(table);
    /* a part without user 2 and item b: counted anew */
    patron_bytes *bytes = NULL;
    patron_log *back = NULL;
    assert_int_equal(patron_log_to_bytes(both, &bytes, NULL), PATRON_OK);
    assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL), PATRON_OK);
    assert_same_bytes(both, back);
    patron_log *none = NULL;
    assert_int_equal(patron_log_between(back, 0, 1, &none, NULL), PATRON_OK);
    assert_int_equal(audited(none, "attributes without a user"), 1);
    assert_int_equal(audited(none, "attributes without an item"), 2);
    assert_null(audit_line(none, "users without attributes"));
    patron_log_destroy(none);
    patron_log_destroy(back);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
    patron_log_destroy(first);
    patron_log_destroy(both);
    made_free(&items);
    made_free(&users);
}

/* ---- against a twin, and split ---- */

typedef struct fact {
    int64_t key, since, town, level;
} fact;

static made fact_table(const fact *facts, int64_t n, made_layout layout) {
    made m = made_rows(ctx, n);
    int64_t *values = calloc((size_t)n + 1, 8);
#define EACH(field)                                                                                                            \
    for (int64_t i = 0; i < n; i++) values[i] = facts[i].field;
    EACH(key) made_add_ids(&m, m.table, "id", n, values, layout);
    EACH(since) made_add_values(&m, "since", PATRON_TYPE_TIMESTAMP, values);
    EACH(town) made_add_ids(&m, m.table, "town", n, values, AS_UTF8);
    EACH(level) made_add_values(&m, "level", PATRON_TYPE_INT64, values);
#undef EACH
    free(values);
    return m;
}

/* The greatest of the facts that hold, by (since, level, town). */
static const fact *holding(const fact *facts, int64_t n, int64_t key, int64_t as_of) {
    const fact *best = NULL;
    for (int64_t i = 0; i < n; i++) {
        const fact *f = &facts[i];
        if (f->key != key || (f->since != NONE && f->since >= as_of)) continue;
        if (best == NULL || f->since > best->since ||
            (f->since == best->since && (f->level > best->level || (f->level == best->level && f->town > best->town))))
            best = f;
    }
    return best;
}

static void the_row_that_holds_is_the_one_a_slow_twin_finds(void **state) {
    (void)state;
    enum { N = 300, USERS = 25 };
    static fact facts[N];
    static made_row rows[200];
    patron_log_options options = made_options(false);
    for (uint64_t seed = 1; seed <= 30; seed++) {
        uint64_t random = seed * 991;
        made_layout layout = (made_layout)(seed % N_LAYOUTS);
        int64_t n = 1 + made_below(&random, N), cut = made_below(&random, n + 1);
        const bool wide = seed % 4 == 0; /* key and instant do not fit into one word */
        for (int64_t i = 0; i < n; i++)
            facts[i] = (fact){made_below(&random, USERS + 5) - 1,
                              made_below(&random, 4) == 0      ? NONE
                              : wide && made_below(&random, 2) ? (made_below(&random, 2) ? INT64_MAX - 1 : INT64_MIN + 2)
                                                               : made_below(&random, 5),
                              made_below(&random, 4) - 1, made_below(&random, 3) == 0 ? NONE : made_below(&random, 2)};
        made_draw(rows, 200, &(made_shape){USERS, 4, false, false, false}, &random);
        patron_log *log = made_log_of(ctx, rows, 200, layout, 1, &options), *merged = NULL;
        made whole = fact_table(facts, n, layout), a = fact_table(facts, cut, layout),
             b = fact_table(facts + cut, n - cut, layout);
        patron_log *known = with_users(log, whole.table, "since"), *left = with_users(log, a.table, "since");
        patron_log *right = with_users(log, b.table, "since");
        for (int64_t as_of = -1; as_of <= 6; as_of++) {
            patron_table *users = users_at(known, as_of);
            for (int64_t u = 0; u < patron_log_n_users(log); u++) {
                patron_id id;
                assert_int_equal(patron_log_id(log, "user", u, &id, NULL), PATRON_OK);
                int64_t key = -1;
                for (int64_t rank = 0; rank < USERS; rank++) {
                    char text[40];
                    made_text(rank, text);
                    if (id.text != NULL ? (int64_t)strlen(text) == id.length && memcmp(text, id.text, strlen(text)) == 0
                                        : made_number(layout, rank) == id.number)
                        key = rank;
                }
                const fact *f = holding(facts, n, key, as_of);
                assert_int_equal(number_at(users, "level", u), f != NULL ? f->level : NONE);
                char text[40];
                if (f != NULL && f->town >= 0) made_text(f->town, text);
                assert_text(users, "town", u, f != NULL && f->town >= 0 ? text : NULL);
            }
            patron_table_destroy(users);
        }
        /* united parts: the columns of the whole, byte for byte */
        assert_int_equal(patron_log_merge(left, right, &merged, NULL), PATRON_OK);
        const pt_attributes *x = known->user_attributes, *y = merged->user_attributes;
        assert_int_equal(x->n, y->n);
        assert_int_equal(x->keys->n, y->keys->n);
        assert_memory_equal(x->key, y->key, (size_t)x->n * 4);
        assert_memory_equal(x->valid_from, y->valid_from, (size_t)x->n * 8);
        for (int64_t i = 0; i < x->n_columns; i++) {
            assert_string_equal(x->columns[i].name, y->columns[i].name);
            assert_memory_equal(x->columns[i].data, y->columns[i].data,
                                (size_t)x->n * (x->columns[i].store == PT_CODES ? 4 : 8));
        }
        static const char *const anew[] = {"several rows for one key", "attributes without a user", "users without attributes",
                                           "attribute row without a key"};
        for (int64_t i = 0; i < LENGTH(anew); i++) assert_int_equal(audited(known, anew[i]), audited(merged, anew[i]));
        patron_log_destroy(merged);
        patron_log_destroy(known);
        patron_log_destroy(left);
        patron_log_destroy(right);
        patron_log_destroy(log);
        made_free(&whole);
        made_free(&a);
        made_free(&b);
    }
}

static void logs_with_different_attributes_do_not_merge(void **state) {
    (void)state;
    patron_log *log = small_log(false), *merged = NULL;
    made a = made_rows(ctx, 1), b = made_rows(ctx, 1);
    made_add_values(&a, "id", PATRON_TYPE_INT64, (const int64_t[]){1});
    made_add_values(&a, "since", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5});
    made_add_values(&b, "id", PATRON_TYPE_INT64, (const int64_t[]){1});
    made_add_values(&b, "since", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5});
    made_add_values(&b, "level", PATRON_TYPE_INT64, (const int64_t[]){5});
    patron_log *x = with_users(log, a.table, NULL), *y = with_users(log, b.table, NULL), *z = with_users(log, a.table, "since");
    patron_error error = {0};
    assert_int_equal(patron_log_merge(x, y, &merged, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'level'"));
    assert_int_equal(patron_log_merge(x, z, &merged, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "'since'"));
    assert_null(merged);
    assert_int_equal(patron_log_merge(x, log, &merged, NULL), PATRON_OK); /* one without any takes those of the other */
    assert_int_equal(audited(merged, "users without attributes"), 2);
    patron_log_destroy(merged);
    patron_log_destroy(x);
    patron_log_destroy(y);
    patron_log_destroy(z);
    patron_log_destroy(log);
    made_free(&a);
    made_free(&b);
}

static void many_rows_of_one_key_and_instant_are_one_or_in_order(void **state) {
    (void)state;
    enum { N = 190000 }; /* the first key's rows fill a block of rows, and some more on either side */
    int64_t *keys = calloc(N, 8), *levels = calloc(N, 8);
    for (int64_t i = 0; i < N; i++) {
        keys[i] = 1 + (i % 10 == 0);
        levels[i] = i * 7919 % 50000;
    }
    patron_log *log = small_log(false);
    made m = made_rows(ctx, N);
    made_add_values(&m, "id", PATRON_TYPE_INT64, keys);
    made_add_values(&m, "level", PATRON_TYPE_INT64, levels);
    patron_log *known = with_users(log, m.table, NULL);
    const pt_attributes *a = known->user_attributes;
    const int64_t *sorted = a->columns[0].data;
    assert_int_equal(a->n + audited(known, "repeated attribute row"), N);
    assert_int_equal(audited(known, "several rows for one key"), a->n - 2);
    for (int64_t i = 1; i < a->n; i++) assert_true(a->key[i] > a->key[i - 1] || sorted[i] > sorted[i - 1]);
    assert_int_equal(a->n, 50000);
    patron_log_destroy(known);
    made_free(&m);
    /* runs that no border of a block of rows cuts in two */
    for (int64_t i = 0; i < N; i++) {
        keys[i] = i % 30;
        levels[i] = i / 90;
    }
    m = made_rows(ctx, N);
    made_add_values(&m, "id", PATRON_TYPE_INT64, keys);
    made_add_values(&m, "level", PATRON_TYPE_INT64, levels);
    known = with_users(log, m.table, NULL);
    a = known->user_attributes;
    sorted = a->columns[0].data;
    assert_int_equal(a->n, (N + 89) / 90 * 30 - 20);
    for (int64_t i = 1; i < a->n; i++) assert_true(a->key[i] > a->key[i - 1] || sorted[i] > sorted[i - 1]);
    patron_log_destroy(known);
    patron_log_destroy(log);
    made_free(&m);
    free(keys);
    free(levels);
}

/* Beyond all times is not "always": such a row leaves, whatever the unit and whether others have no instant. */
static void a_valid_from_beyond_all_times_leaves(void **state) {
    (void)state;
    static const int64_t since[] = {INT64_MAX, 5, INT64_MIN, INT64_MIN + 1, 0};
    static const uint8_t all[] = {0x1f}, not_the_last[] = {0xf};
    patron_log *log = small_log(false);
    for (int seconds = 0; seconds < 2; seconds++)
        for (int nulls = 0; nulls < 2; nulls++) {
            made m = made_rows(ctx, 5);
            made_add_values(&m, "id", PATRON_TYPE_INT64, (const int64_t[]){1, 1, 2, 3, 4});
            made_add_values(&m, "level", PATRON_TYPE_INT64, (const int64_t[]){10, 11, 12, 13, 14});
            made_add(m.table, "since",
                     &(patron_column){.type = PATRON_TYPE_TIMESTAMP,
                                      .unit = seconds ? PATRON_UNIT_SECOND : PATRON_UNIT_MICROSECOND,
                                      .values = since,
                                      .validity = nulls ? not_the_last : all});
            patron_log *known = with_users(log, m.table, "since");
            assert_int_equal(audited(known, "valid_from outside all times"), seconds ? 3 : 2); /* INT64_MIN + 1 us is a time */
            assert_int_equal(audited(known, "missing valid_from"), nulls);
            assert_int_equal(known->user_attributes->n, seconds ? 2 : 3);
            patron_log_destroy(known);
            made_free(&m);
        }
    patron_log_destroy(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_holds_strictly_after_its_valid_from),
        cmocka_unit_test(a_valid_from_beyond_all_times_leaves),
        cmocka_unit_test(every_type_comes_back_typed),
        cmocka_unit_test(rows_without_a_key_or_with_unreadable_dates_leave_and_repeats_are_one),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(users_and_items_have_attributes_of_their_own),
        cmocka_unit_test(the_row_that_holds_is_the_one_a_slow_twin_finds),
        cmocka_unit_test(logs_with_different_attributes_do_not_merge),
        cmocka_unit_test(many_rows_of_one_key_and_instant_are_one_or_in_order),
    };
    return cmocka_run_group_tests_name("log: attributes", tests, set_up, tear_down);
}
