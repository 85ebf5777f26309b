/* The log as a whole against a slow twin, and its promises: the order of rows, the way they were split and the number of
 * threads leave no trace. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log_made.h"

enum { MANY = 400, SMALL = 60 };

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

/* ---- twin ---- */

static void check_id(const patron_log *log, const char *name, int64_t code, int64_t rank, made_layout layout) {
    if (rank < 0) {
        assert_int_equal(code, -1);
        return;
    }
    patron_id id;
    assert_int_equal(patron_log_id(log, name, code, &id, NULL), PATRON_OK);
    if (!made_is_text(layout)) {
        assert_null(id.text);
        assert_int_equal(id.number, made_number(layout, rank));
        return;
    }
    char text[40];
    made_text(rank, text);
    assert_int_equal(id.length, strlen(text));
    assert_memory_equal(id.text, text, strlen(text));
}

static void check_codes(const patron_log *log, const char *name, int64_t event, int64_t rank, made_layout layout) {
    int64_t n_codes;
    const int32_t *codes = patron_log_codes(log, name, &n_codes);
    assert_non_null(codes);
    assert_true(codes[event] >= -1 && codes[event] < n_codes);
    check_id(log, name, codes[event], rank, layout);
}

static void check_micros(const patron_log *log, const char *role, int64_t event, int64_t hundredths) {
    const int64_t *micros = patron_log_micros(log, role);
    assert_non_null(micros);
    assert_int_equal(micros[event], hundredths == NONE ? NONE : hundredths * 10000);
}

static int64_t value_of(const patron_log *log, const char *property, int64_t event) {
    const pt_log_column *column = pt_log_find(log, property);
    assert_non_null(column);
    return ((const int64_t *)column->data)[event];
}

static void check_twin(const twin *t, const patron_log *log, made_layout layout, bool ids) {
    assert_int_equal(patron_log_n_events(log), t->n);
    const int64_t *offsets = patron_log_offsets(log), n_users = patron_log_n_users(log);
    int64_t user = -1, first = INT64_MAX, last = INT64_MIN;
    for (int64_t i = 0; i < t->n; i++) {
        const made_row *r = &t->rows[i];
        if (i == 0 || r->user != t->rows[i - 1].user) {
            user++;
            assert_true(user < n_users);
            assert_int_equal(offsets[user], i);
            check_id(log, "user", user, r->user, layout);
        }
        assert_int_equal(patron_log_times(log)[i], r->time);
        first = r->time < first ? r->time : first;
        last = r->time > last ? r->time : last;
        assert_string_equal(patron_log_kind_name(log, patron_log_kinds(log)[i]), twin_kinds[t->kinds[i]]);
        made_layout other = made_is_text(layout) ? AS_INT64 : AS_DICTIONARY;
        check_codes(log, "item", i, r->item, other);
        check_codes(log, "order", i, r->order, AS_INT16);
        check_codes(log, "category", i, r->category, AS_LARGE_UTF8);
        check_codes(log, "shade", i, r->shade, AS_UTF8);
        if (ids) check_codes(log, "event_id", i, r->event_id, AS_INT64);
        check_micros(log, "amount", i, r->amount);
        check_micros(log, "quantity", i, r->quantity);
        assert_int_equal(value_of(log, "seq", i), r->seq);
        assert_int_equal(value_of(log, "size", i), r->size);
        assert_int_equal(value_of(log, "weight", i), twin_bits(r->weight));
    }
    assert_int_equal(user + 1, n_users);
    assert_int_equal(offsets[n_users], t->n);
    assert_int_equal(patron_log_start(log), first);
    assert_int_equal(patron_log_end(log), last + 1);
    assert_int_equal(audited(log, "exact duplicate"), t->n_duplicates);
    assert_int_equal(audited(log, "repeated event_id"), t->n_repeated_ids);
}

static void a_log_is_what_a_slow_twin_makes_of_the_rows(void **state) {
    (void)state;
    static made_row rows[MANY];
    for (uint64_t seed = 1; seed <= 48; seed++) {
        uint64_t random = seed;
        made_layout layout = (made_layout)(seed % N_LAYOUTS);
        int64_t n = 1 + made_below(&random, MANY), n_chunks = 1 + made_below(&random, 7);
        made_shape shape = {1 + made_below(&random, 12), 1 + made_below(&random, 6), seed % 3 == 0, seed % 4 < 2,
                            seed % 2 == 0};
        if (shape.full) n_chunks = 1; /* then amounts are read where they are */
        made_draw(rows, n, &shape, &random);
        rows[0].user = 0;
        rows[0].time = 1700000000 * PT_SECOND;
        patron_log_options options = made_options(shape.ids);
        options.drop_duplicates = seed % 5 < 2;
        patron_log *log = made_log_of(ctx, rows, n, layout, n_chunks, &options);
        if (!shape.ids)
            for (int64_t i = 0; i < n; i++) rows[i].event_id = -1;
        twin t = twin_of(rows, n, options.drop_duplicates != 0);
        check_twin(&t, log, layout, shape.ids);
        assert_int_equal(audited(log, "rows read"), n);
        twin_free(&t);
        patron_log_destroy(log);
    }
}

/* ---- no trace of order, split, chunks, threads ---- */

static void the_order_of_rows_and_their_chunks_leave_no_trace(void **state) {
    (void)state;
    static made_row rows[MANY];
    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t random = seed * 77;
        made_shape shape = {5, 3, true, seed % 2 == 0, seed % 5 < 2};
        made_draw(rows, MANY, &shape, &random);
        patron_log_options options = made_options(shape.ids);
        options.drop_duplicates = seed % 3 == 0;
        options.winsorize = seed % 4 == 0;
        made_layout layout = (made_layout)(seed % N_LAYOUTS);
        patron_log *log = made_log_of(ctx, rows, MANY, layout, 1, &options);
        for (int again = 0; again < 3; again++) {
            made_shuffle(rows, MANY, &random);
            patron_log *other = made_log_of(ctx, rows, MANY, layout, 1 + made_below(&random, 9), &options);
            assert_same_bytes(log, other);
            patron_log_destroy(other);
        }
        patron_log_destroy(log);
    }
}

static void merged_parts_equal_the_whole_byte_for_byte(void **state) {
    (void)state;
    static made_row rows[MANY];
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t random = seed * 131;
        int64_t n = seed % 2 ? MANY : SMALL, cut = 1 + made_below(&random, n - 1);
        made_shape shape = {1 + made_below(&random, 30), 1 + made_below(&random, 9), seed % 3 == 0, seed % 4 < 2,
                            seed % 2 == 0};
        made_draw(rows, n, &shape, &random);
        for (int64_t i = 0; i < 2; i++) { /* neither part is empty */
            rows[i == 0 ? 0 : cut].user = 1;
            rows[i == 0 ? 0 : cut].time = (1700000000 + i) * PT_SECOND;
        }
        patron_log_options options = made_options(shape.ids);
        options.drop_duplicates = seed % 5 < 2;
        options.winsorize = seed % 7 < 3;
        made_layout layout = (made_layout)(seed % N_LAYOUTS);
        patron_log *whole = made_log_of(ctx, rows, n, layout, 1 + (int64_t)(seed % 4 < 2), &options), *merged = NULL,
                   *turned = NULL, *appended = NULL;
        patron_log *a = made_log_of(ctx, rows, cut, layout, 1, &options);
        made rest = made_table(ctx, rows + cut, n - cut, layout, 1);
        patron_log *b = made_log(ctx, &rest, &options);
        assert_int_equal(patron_log_merge(a, b, &merged, NULL), PATRON_OK);
        assert_int_equal(patron_log_merge(b, a, &turned, NULL), PATRON_OK);
        assert_int_equal(patron_log_append(a, rest.table, &appended, NULL), PATRON_OK);
        assert_same_bytes(whole, merged);
        assert_same_bytes(whole, turned);
        assert_same_bytes(whole, appended);
        patron_log_destroy(whole);
        patron_log_destroy(merged);
        patron_log_destroy(turned);
        patron_log_destroy(appended);
        patron_log_destroy(a);
        patron_log_destroy(b);
        made_free(&rest);
    }
}

static void any_number_of_threads_gives_the_same_bytes(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 7, 16};
    const int64_t n = 300000;
    made_row *rows = malloc((size_t)n * sizeof *rows);
    uint64_t random = 5;
    made_draw(rows, n, &(made_shape){3000, 40, true, true, false}, &random);
    patron_log_options options = made_options(true);
    patron_log *first = NULL;
    for (int64_t i = 0; i < LENGTH(threads); i++) {
        patron_ctx *own = NULL;
        patron_ctx_options ctx_options;
        patron_ctx_options_init(&ctx_options);
        ctx_options.threads = threads[i];
        assert_int_equal(patron_ctx_create(&ctx_options, &own, NULL), PATRON_OK);
        patron_log *log = made_log_of(own, rows, n, i % 2 ? AS_UTF8 : AS_LARGE_UTF8, 1 + i, &options);
        patron_ctx_destroy(own);
        if (first == NULL)
            first = log;
        else
            assert_same_bytes(first, log);
        if (log != first) patron_log_destroy(log);
    }
    patron_log_destroy(first);
    free(rows);
}

/* ---- intervals ---- */

static void between_keeps_the_start_and_leaves_out_the_end(void **state) {
    (void)state;
    static made_row rows[MANY];
    uint64_t random = 9;
    made_draw(rows, MANY, &(made_shape){20, 8, false, false, false}, &random);
    for (int64_t i = 0; i < MANY; i++) rows[i].event_id = -1;
    patron_log_options options = made_options(false);
    patron_log *log = made_log_of(ctx, rows, MANY, AS_UTF8, 2, &options), *part = NULL;
    const int64_t step = DAY / 3 + 1, origin = 1700000000 * PT_SECOND;
    const int64_t edges[] = {INT64_MIN,
                             origin - 1,
                             origin,
                             origin + 1,
                             origin + 2 * step,
                             origin + 2 * step + 1,
                             origin + 7 * step,
                             origin + 7 * step + 1,
                             INT64_MAX};
    for (int64_t a = 0; a < LENGTH(edges); a++) {
        for (int64_t b = a; b < LENGTH(edges); b++) {
            static made_row inside[MANY];
            int64_t n = 0;
            for (int64_t i = 0; i < MANY; i++)
                if (rows[i].time >= edges[a] && rows[i].time < edges[b]) inside[n++] = rows[i];
            assert_int_equal(patron_log_between(log, edges[a], edges[b], &part, NULL), PATRON_OK);
            assert_int_equal(audited(part, "outside the interval"), MANY - n);
            if (n == 0) {
                assert_int_equal(patron_log_n_events(part), 0);
                assert_int_equal(patron_log_n_users(part), 0);
                assert_int_equal(patron_log_offsets(part)[0], 0);
                assert_int_equal(patron_log_start(part), 0);
                assert_int_equal(patron_log_end(part), 0);
            } else {
                twin t = twin_of(inside, n, false);
                check_twin(&t, part, AS_UTF8, false);
                twin_free(&t);
            }
            patron_log_destroy(part);
        }
    }
    patron_error error = {0};
    part = NULL;
    assert_int_equal(patron_log_between(log, 1, 0, &part, &error), PATRON_ERR_INVALID);
    assert_null(part);
    assert_non_null(strstr(error.message, "starts after it ends"));
    patron_log_destroy(log);
}

static void a_log_without_events_merges_saves_and_cuts_like_any_other(void **state) {
    (void)state;
    made_row rows[SMALL];
    uint64_t random = 4;
    made_draw(rows, SMALL, &(made_shape){5, 3, false, false, false}, &random);
    for (int capped = 0; capped < 2; capped++) { /* then raw amounts are a column more */
        patron_log_options options = made_options(false);
        options.winsorize = capped;
        patron_log *log = made_log_of(ctx, rows, SMALL, AS_INT64, 1, &options), *none = NULL, *both = NULL, *again = NULL;
        assert_int_equal(patron_log_between(log, 0, 1, &none, NULL), PATRON_OK);
        assert_int_equal(patron_log_micros(none, "amount_raw") != NULL, capped);
        assert_int_equal(patron_log_merge(log, none, &both, NULL), PATRON_OK);
        assert_int_equal(patron_log_n_events(both), SMALL);
        patron_log_destroy(both);
        both = NULL;
        assert_int_equal(patron_log_merge(none, none, &both, NULL), PATRON_OK);
        assert_int_equal(patron_log_n_events(both), 0);
        patron_log_destroy(both);
        assert_int_equal(patron_log_between(none, 0, 5, &again, NULL), PATRON_OK);
        patron_log_destroy(again);
        patron_bytes *bytes = NULL;
        assert_int_equal(patron_log_to_bytes(none, &bytes, NULL), PATRON_OK);
        assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &again, NULL),
                         PATRON_OK);
        assert_same_bytes(none, again);
        patron_bytes_destroy(bytes);
        patron_log_destroy(again);
        patron_log_destroy(none);
        patron_log_destroy(log);
    }
}

/* ---- extremes ---- */

/* Users, times and amounts (may be NULL) as they are. */
static patron_log *log_of_arrays(int64_t n, const int64_t *users, const int64_t *times, const double *amounts,
                                 const patron_log_options *options) {
    patron_table *table = NULL;
    patron_log *log = NULL;
    patron_error error = {0};
    assert_int_equal(patron_table_create(ctx, n, &table, NULL), PATRON_OK);
    made_add(table, "who", &(patron_column){.type = PATRON_TYPE_INT64, .values = users});
    made_add(
        table, "when",
        &(patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = times, .unit = PATRON_UNIT_MICROSECOND, .timezone = "UTC"});
    if (amounts != NULL) made_add(table, "spent", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = amounts});
    patron_log_options all = *options;
    all.user = "who";
    all.time = "when";
    if (patron_log_build(ctx, table, &all, &log, &error) != PATRON_OK) fail_msg("%s", error.message);
    patron_table_destroy(table);
    return log;
}

static void one_user_with_everything_at_one_instant_is_sorted_by_content(void **state) {
    (void)state;
    const int64_t n = 100000;
    made_row *rows = malloc((size_t)n * sizeof *rows);
    uint64_t random = 3;
    made_draw(rows, n, &(made_shape){1, 1, false, false, false}, &random);
    for (int64_t i = 0; i < n; i++) rows[i].event_id = -1;
    patron_log_options options = made_options(false);
    patron_log *log = made_log_of(ctx, rows, n, AS_UTF8, 3, &options);
    twin t = twin_of(rows, n, false);
    check_twin(&t, log, AS_UTF8, false);
    twin_free(&t);
    patron_log_destroy(log);
    free(rows);
}

static void a_user_with_a_million_events_is_sorted_like_any_other(void **state) {
    (void)state;
    const int64_t n = 1250000;
    int64_t *users = malloc((size_t)n * 8), *times = malloc((size_t)n * 8);
    double *amounts = malloc((size_t)n * 8);
    for (int64_t others = 1; others <= 200; others += 199) { /* alone in its partition, and with others */
        int64_t sum = 0, found = 0, falls = 0, wrong = 0;
        uint64_t random = 8;
        for (int64_t i = 0; i < n; i++) {
            users[i] = made_below(&random, 16) == 0 ? made_below(&random, others) * 2 : 51;
            times[i] = made_below(&random, 1 << 21) * 1000;
            amounts[i] = i % 250000 == 7 ? 1e6 : 10 + (double)(i % 1000) / 100; /* 10 to 20, and five of a million */
            sum += times[i];
        }
        patron_log_options options;
        patron_log_options_init(&options);
        options.amount = "spent";
        patron_log *log = log_of_arrays(n, users, times, amounts, &options);
        assert_int_equal(patron_log_n_users(log), others + 1);
        assert_int_equal(patron_log_n_events(log), n);
        assert_int_equal(audited(log, "outlying amount"), 5);
        for (int64_t u = 0; u <= others; u++) {
            patron_id id;
            int64_t from = patron_log_offsets(log)[u], to = patron_log_offsets(log)[u + 1], of_user = 0;
            assert_int_equal(patron_log_id(log, "user", u, &id, NULL), PATRON_OK);
            if (u % 50 == 1) {
                for (int64_t i = 0; i < n; i++) of_user += users[i] == id.number;
                wrong += of_user != to - from;
            }
            for (int64_t i = from; i < to; i++) {
                found += patron_log_times(log)[i];
                falls += i > from && patron_log_times(log)[i] < patron_log_times(log)[i - 1];
            }
        }
        assert_int_equal(falls, 0);
        assert_int_equal(wrong, 0);
        assert_int_equal(found, sum);
        patron_log_destroy(log);
    }
    free(users);
    free(times);
    free(amounts);
}

/* Bytes of the times that are the same in all of a user's events are not looked at. */
static void times_that_share_some_of_their_bytes_are_sorted(void **state) {
    (void)state;
    enum { N = 6000 };
    static int64_t users[N], times[N], seen[3];
    static const int64_t steps[] = {1 << 8, 1 << 16, 200, 1}, counts[] = {1 << 16, 1 << 8, 255, 256};
    for (int shape = 0; shape < 4; shape++) {
        uint64_t random = 5;
        for (int64_t i = 0; i < N; i++) {
            users[i] = made_below(&random, 3);
            times[i] = INT64_C(1700000000000000) + made_below(&random, counts[shape]) * steps[shape];
            if (shape == 3 && made_below(&random, 4) == 0) times[i] += made_below(&random, 1 << 20); /* not quite all */
        }
        patron_log_options options;
        patron_log_options_init(&options);
        patron_log *log = log_of_arrays(N, users, times, NULL, &options);
        memset(seen, 0, sizeof seen);
        for (int64_t i = 0; i < N; i++) seen[users[i]] += times[i] & 0xFFFFFF;
        for (int64_t u = 0; u < 3; u++) {
            int64_t from = patron_log_offsets(log)[u], to = patron_log_offsets(log)[u + 1], sum = 0;
            for (int64_t i = from; i < to; i++) {
                sum += patron_log_times(log)[i] & 0xFFFFFF;
                if (i > from) assert_true(patron_log_times(log)[i - 1] <= patron_log_times(log)[i]);
            }
            assert_int_equal(sum, seen[u]);
        }
        patron_log_destroy(log);
    }
}

static void many_users_whose_times_need_every_bit_find_their_own(void **state) {
    (void)state;
    enum { N = 300000 };
    int64_t *users = malloc(N * sizeof *users), *times = malloc(N * sizeof *times), wrong = 0;
    for (int64_t i = 0; i < N; i++) {
        users[i] = i * 7919 % N;
        times[i] = users[i] % 2 == 0 ? INT64_MIN + 1 + users[i] : INT64_MAX - 1 - users[i];
    }
    patron_log_options options;
    patron_log_options_init(&options);
    options.has_time_range = 1;
    options.time_from = INT64_MIN + 1;
    options.time_to = INT64_MAX;
    patron_log *log = log_of_arrays(N, users, times, NULL, &options);
    assert_int_equal(patron_log_n_users(log), N);
    for (int64_t u = 0; u < N; u++)
        wrong +=
            patron_log_offsets(log)[u] != u || patron_log_times(log)[u] != (u % 2 == 0 ? INT64_MIN + 1 + u : INT64_MAX - 1 - u);
    assert_int_equal(wrong, 0);
    patron_log_destroy(log);
    free(users);
    free(times);
}

static void times_at_both_ends_of_the_range_keep_their_order(void **state) {
    (void)state;
    const int64_t ends[] = {INT64_MIN + 1, INT64_MIN + 2, -1, 0, 1, INT64_MAX - 2};
    enum { N = 3000 };
    static int64_t users[N], times[N];
    uint64_t random = 12;
    for (int64_t i = 0; i < N; i++) {
        users[i] = made_below(&random, 700) * (INT64_MAX / 700) - INT64_MAX / 3;
        times[i] = ends[made_below(&random, LENGTH(ends))];
    }
    patron_log_options options;
    patron_log_options_init(&options);
    options.has_time_range = 1;
    options.time_from = INT64_MIN + 1;
    options.time_to = INT64_MAX;
    patron_log *log = log_of_arrays(N, users, times, NULL, &options);
    assert_int_equal(patron_log_n_events(log), N);
    assert_int_equal(patron_log_start(log), INT64_MIN + 1);
    assert_int_equal(patron_log_end(log), INT64_MAX - 1);
    for (int64_t u = 0; u < patron_log_n_users(log); u++) {
        patron_id id;
        assert_int_equal(patron_log_id(log, "user", u, &id, NULL), PATRON_OK);
        int64_t n = 0, from = patron_log_offsets(log)[u], to = patron_log_offsets(log)[u + 1];
        for (int64_t i = 0; i < N; i++) n += users[i] == id.number;
        assert_int_equal(to - from, n);
        for (int64_t i = from + 1; i < to; i++) assert_true(patron_log_times(log)[i - 1] <= patron_log_times(log)[i]);
    }
    patron_table *table = NULL;
    assert_int_equal(patron_log_events(log, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    assert_int_equal(patron_log_quality(log, NULL, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    patron_log *half = NULL;
    assert_int_equal(patron_log_between(log, 0, INT64_MAX, &half, NULL), PATRON_OK);
    assert_int_equal(patron_log_quality(half, log, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    assert_int_equal(patron_log_quality(log, half, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    patron_log_destroy(half);
    patron_log_destroy(log);
}

static void a_user_is_found_by_its_id_and_no_other(void **state) {
    (void)state;
    made_row rows[SMALL];
    uint64_t random = 2;
    for (int layout = 0; layout < N_LAYOUTS; layout++) {
        made_draw(rows, SMALL, &(made_shape){9, 2, false, false, false}, &random);
        patron_log_options options = made_options(false);
        patron_log *log = made_log_of(ctx, rows, SMALL, (made_layout)layout, 1, &options);
        for (int64_t u = 0; u < patron_log_n_users(log); u++) {
            patron_id id;
            assert_int_equal(patron_log_id(log, "user", u, &id, NULL), PATRON_OK);
            assert_int_equal(patron_log_find_user(log, &id), u);
        }
        patron_id strange = {"nobody", 6, 0}, number = {NULL, 0, 99};
        assert_int_equal(patron_log_find_user(log, &strange), -1);
        assert_int_equal(patron_log_find_user(log, &number), -1);
        patron_error error = {0};
        assert_int_equal(patron_log_id(log, "user", patron_log_n_users(log), &number, &error), PATRON_ERR_INVALID);
        assert_int_equal(patron_log_id(log, "user", -1, &number, &error), PATRON_ERR_INVALID);
        assert_int_equal(patron_log_id(log, "nothing", 0, &number, &error), PATRON_ERR_NOT_FOUND);
        assert_int_equal(patron_log_id(log, "amount", 0, &number, &error), PATRON_ERR_NOT_FOUND);
        patron_log_destroy(log);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_what_a_slow_twin_makes_of_the_rows),
        cmocka_unit_test(the_order_of_rows_and_their_chunks_leave_no_trace),
        cmocka_unit_test(merged_parts_equal_the_whole_byte_for_byte),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(between_keeps_the_start_and_leaves_out_the_end),
        cmocka_unit_test(a_log_without_events_merges_saves_and_cuts_like_any_other),
        cmocka_unit_test(one_user_with_everything_at_one_instant_is_sorted_by_content),
        cmocka_unit_test(a_user_with_a_million_events_is_sorted_like_any_other),
        cmocka_unit_test(times_that_share_some_of_their_bytes_are_sorted),
        cmocka_unit_test(many_users_whose_times_need_every_bit_find_their_own),
        cmocka_unit_test(times_at_both_ends_of_the_range_keep_their_order),
        cmocka_unit_test(a_user_is_found_by_its_id_and_no_other),
    };
    return cmocka_run_group_tests_name("log", tests, set_up, tear_down);
}
