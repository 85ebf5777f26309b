/* tests/c/every_call.h: one job for every call of the library, on a context, a log, a table and a model that all jobs share.
 *
 *     shared *s = shared_create(3, 4000);           // threads, rows
 *     for (int j = 0; j < N_JOBS; j++) {
 *         patron_error error = {0};
 *         uint64_t found = jobs[j].run(s, 0, &error);
 *         if (found == 0) fail_msg("%s: %s", jobs[j].name, error.message);
 *     }
 *     shared_destroy(s);
 *
 * Include it after cmocka.h. */
#ifndef PATRON_TESTS_EVERY_CALL_H
#define PATRON_TESTS_EVERY_CALL_H

#include "contexts.h"
#include "file_samples.h"
#include "log_made.h"

enum { N_MORE = 300, N_CUSTOMERS = 70000 };

/* ---- what all share ---- */

typedef struct shared {
    patron_ctx *ctx;
    char folder[128], path[160];
    made_row *rows;
    made events, more, attributes;
    patron_log_options options;
    patron_log *log, *later;
    patron_bytes *bytes;
    double *recency, *frequency, *monetary;
    patron_rfm *rfm;
} shared;

/* A job gives a number that stands for all it found; 0: it failed. It asserts nothing, since cmocka does not know its thread.
 */
typedef uint64_t (*job)(const shared *s, int thread, patron_error *error);

static inline uint64_t mixed(uint64_t sum, const void *data, size_t n) {
    const unsigned char *p = data;
    for (size_t i = 0; i < n; i++) sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
    return sum | 1;
}

static inline uint64_t mixed_column(uint64_t sum, const patron_table *table, int64_t column) {
    const int64_t n = patron_table_n_rows(table);
    for (int64_t i = 0; i < n; i++) {
        const char *text = NULL;
        int64_t length = 0, whole = 0;
        double real = 0;
        uint8_t valid = 0;
        if (patron_table_get_string(table, column, i, &text, &length, NULL) == PATRON_OK) {
            if (text != NULL) sum = mixed(sum, text, (size_t)length);
        } else if (patron_table_get_float64(table, column, i, 1, &real, &valid, NULL) == PATRON_OK) {
            if (valid) sum = mixed(sum, &real, sizeof real);
        } else if (patron_table_get_int64(table, column, i, 1, &whole, &valid, NULL) == PATRON_OK) {
            if (valid) sum = mixed(sum, &whole, sizeof whole);
        } else {
            return 0;
        }
    }
    return sum;
}

/* These end what a call has made. By its address: a call's arguments are taken in no order. */
static inline uint64_t of_table(patron_status status, patron_table **out) {
    patron_table *table = *out;
    uint64_t sum = status == PATRON_OK;
    for (int64_t c = 0; sum != 0 && c < patron_table_n_columns(table); c++) {
        const char *name = patron_table_column_name(table, c);
        if (patron_table_find(table, name) != c) sum = 0;
        int64_t about[] = {patron_table_column_type(table, c), patron_table_null_count(table, c), patron_table_n_rows(table)};
        if (sum != 0) sum = mixed(mixed(sum, name, strlen(name)), about, sizeof about);
        if (sum != 0) sum = mixed_column(sum, table, c);
    }
    patron_table_destroy(table);
    *out = NULL;
    return sum;
}

static inline uint64_t of_bytes(patron_status status, patron_bytes *bytes) {
    if (status != PATRON_OK) return 0;
    uint64_t sum = mixed(1, patron_bytes_data(bytes), (size_t)patron_bytes_size(bytes));
    patron_bytes_destroy(bytes);
    return sum;
}

static inline uint64_t of_log(patron_status status, patron_log **out, patron_error *error) {
    patron_bytes *bytes = NULL;
    if (status == PATRON_OK) status = patron_log_to_bytes(*out, &bytes, error);
    patron_log_destroy(*out);
    return of_bytes(status, bytes);
}

static inline uint64_t of_rfm(patron_status status, patron_rfm **out, patron_error *error) {
    if (status != PATRON_OK) return 0;
    patron_bytes *bytes = NULL;
    status = patron_rfm_to_bytes(*out, &bytes, error);
    patron_rfm_destroy(*out);
    return of_bytes(status, bytes);
}

/* ---- jobs: logs ---- */

static inline uint64_t build(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *log = NULL;
    return of_log(patron_log_build(s->ctx, s->events.table, &s->options, &log, error), &log, error);
}

static inline uint64_t append(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *log = NULL;
    return of_log(patron_log_append(s->log, s->more.table, &log, error), &log, error);
}

static inline uint64_t merge(const shared *s, int thread, patron_error *error) { /* either way round: the same */
    patron_log *log = NULL;
    bool turned = thread % 2 != 0;
    return of_log(patron_log_merge(turned ? s->later : s->log, turned ? s->log : s->later, &log, error), &log, error);
}

static inline uint64_t between(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *log = NULL;
    int64_t start = patron_log_start(s->log), end = patron_log_end(s->log);
    return of_log(patron_log_between(s->log, start + (end - start) / 4, end, &log, error), &log, error);
}

static inline uint64_t attach(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *users = NULL, *both = NULL;
    patron_table *table = NULL;
    patron_status status = patron_log_with_users(s->log, s->attributes.table, "who", "when", &users, error);
    if (status == PATRON_OK) status = patron_log_with_items(users, s->attributes.table, "what", NULL, &both, error);
    patron_log_destroy(users);
    if (status != PATRON_OK) return 0;
    status = patron_log_users(both, patron_log_end(both), &table, error);
    uint64_t of_users = of_table(status, &table), of_items = 0;
    if (of_users != 0) {
        status = patron_log_items(both, patron_log_end(both), &table, error);
        of_items = of_table(status, &table);
    }
    uint64_t whole = of_log(of_items != 0 ? PATRON_OK : status, &both, error);
    return whole != 0 ? of_users ^ of_items ^ whole : 0;
}

static inline uint64_t read_log(const shared *s, int thread, patron_error *error) {
    (void)thread;
    const patron_log *log = s->log;
    int64_t numbers[] = {patron_log_n_events(log), patron_log_n_users(log), patron_log_n_items(log), patron_log_start(log),
                         patron_log_end(log)};
    uint64_t sum = mixed(1, numbers, sizeof numbers);
    sum = mixed(sum, patron_log_offsets(log), (size_t)(numbers[1] + 1) * 8);
    sum = mixed(sum, patron_log_times(log), (size_t)numbers[0] * 8);
    sum = mixed(sum, patron_log_kinds(log), (size_t)numbers[0] * 2);
    sum = mixed(sum, patron_log_micros(log, "amount"), (size_t)numbers[0] * 8);
    sum = mixed(sum, patron_log_codes(log, "item", NULL), (size_t)numbers[0] * 4);
    sum = mixed(sum, patron_log_timezone(log), strlen(patron_log_timezone(log)));
    sum = mixed(sum, patron_log_kind_name(log, PATRON_KIND_OTHER), 4);
    sum = mixed(sum, patron_log_recipe(log)->user, strlen(patron_log_recipe(log)->user));
    if (patron_log_currency(log) != NULL) return 0;
    for (int64_t code = 0; code < numbers[1]; code++) {
        patron_id id;
        if (patron_log_id(log, "user", code, &id, error) != PATRON_OK || patron_log_find_user(log, &id) != code) return 0;
        sum = mixed(sum, id.text, (size_t)id.length);
    }
    return sum;
}

static inline uint64_t events(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_table *table = NULL;
    return of_table(patron_log_events(s->log, &table, error), &table);
}

static inline uint64_t audit(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_table *table = NULL;
    return of_table(patron_log_audit(s->log, &table, error), &table);
}

static inline uint64_t quality(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_table *table = NULL;
    return of_table(patron_log_quality(s->log, s->later, &table, error), &table);
}

static inline uint64_t log_bytes(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *log = NULL;
    return of_log(patron_log_from_bytes(s->ctx, patron_bytes_data(s->bytes), patron_bytes_size(s->bytes), &log, error), &log,
                  error);
}

/* All save to one path, and load what one of them saved. */
static inline uint64_t log_file(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_log *log = NULL;
    patron_file_info *info = NULL;
    if (patron_log_save(s->log, s->path, error) != PATRON_OK || patron_file_verify(s->ctx, s->path, error) != PATRON_OK)
        return 0;
    if (patron_file_inspect(s->ctx, s->path, &info, error) != PATRON_OK) return 0;
    bool right = strcmp(info->kind, "log") == 0 && patron_file_info_section(info, 0) != NULL;
    patron_file_info_destroy(info);
    return right ? of_log(patron_log_load(s->ctx, s->path, &log, error), &log, error) : 0;
}

/* ---- jobs: profiles and models ---- */

static inline uint64_t profile(const shared *s, int thread, patron_error *error) {
    (void)thread;
    static const char *const windows[] = {"7D", "90D"};
    patron_profile_options options;
    patron_profile_options_init(&options);
    options.windows = windows;
    options.n_windows = 2;
    patron_table *table = NULL;
    uint64_t sum = of_table(patron_profile_compute(s->log, &options, &table, error), &table);
    uint64_t meaning = of_table(patron_profile_definitions(s->ctx, &options, &table, error), &table);
    return sum == 0 || meaning == 0 ? 0 : sum ^ meaning;
}

static inline uint64_t fit(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_rfm *rfm = NULL;
    return of_rfm(patron_rfm_fit(s->ctx, N_CUSTOMERS, s->recency, s->frequency, s->monetary, NULL, &rfm, error), &rfm, error);
}

static inline uint64_t predict(const shared *s, int thread, patron_error *error) {
    (void)thread;
    uint8_t *scores = malloc(4 * N_CUSTOMERS);
    uint64_t sum = 0;
    if (patron_rfm_predict(s->rfm, N_CUSTOMERS, s->recency, s->frequency, s->monetary, scores, scores + N_CUSTOMERS,
                           scores + 2 * N_CUSTOMERS, scores + 3 * N_CUSTOMERS, error) == PATRON_OK)
        sum = mixed(1, scores, 4 * N_CUSTOMERS);
    free(scores);
    if (sum == 0) return 0;
    const double *cuts = NULL;
    int n = 0;
    if (patron_rfm_thresholds(s->rfm, "monetary", &cuts, &n, error) != PATRON_OK || n != patron_rfm_bins(s->rfm) - 1) return 0;
    return patron_rfm_column(s->rfm, "recency") == NULL ? mixed(sum, cuts, (size_t)n * 8) : 0;
}

static inline uint64_t rfm_file(const shared *s, int thread, patron_error *error) {
    char path[200];
    snprintf(path, sizeof path, "%s/rfm-%d", s->folder, thread);
    patron_rfm *rfm = NULL, *again = NULL;
    patron_bytes *bytes = NULL;
    if (patron_rfm_save(s->rfm, path, error) != PATRON_OK || patron_rfm_load(s->ctx, path, &rfm, error) != PATRON_OK) return 0;
    patron_status status = patron_rfm_to_bytes(rfm, &bytes, error);
    patron_rfm_destroy(rfm);
    if (status != PATRON_OK) return 0;
    status = patron_rfm_from_bytes(s->ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &again, error);
    patron_bytes_destroy(bytes);
    return of_rfm(status, &again, error);
}

/* ---- jobs: tables and numbers ---- */

static inline uint64_t tables(const shared *s, int thread, patron_error *error) {
    (void)thread;
    static const char *const names[] = {"spent", "who", "event"};
    const patron_table *twice[2];
    patron_table *half = NULL, *some = NULL, *both = NULL, *back = NULL, *one = NULL;
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    patron_status status;
    PT_TRY(patron_table_slice(s->events.table, 1, patron_table_n_rows(s->events.table) / 2, &half, error));
    PT_TRY(patron_table_select(half, 3, names, &some, error));
    twice[0] = twice[1] = some;
    PT_TRY(patron_table_concat(s->ctx, 2, twice, &both, error));
    PT_TRY(patron_table_export_stream(both, &stream, error));
    PT_TRY(patron_table_import_stream(s->ctx, &stream, &back, error));
    PT_TRY(patron_table_export_array(back, &schema, &array, error));
    PT_TRY(patron_table_import_array(s->ctx, &schema, &array, &one, error));
cleanup:
    patron_table_destroy(back);
    patron_table_destroy(both);
    patron_table_destroy(some);
    patron_table_destroy(half);
    return of_table(status, &one);
}

static inline uint64_t borrow(const shared *s, int thread, patron_error *error) {
    (void)thread;
    patron_table *table = NULL;
    const patron_column column = {.type = PATRON_TYPE_FLOAT64, .values = s->recency};
    if (patron_table_create(s->ctx, N_MORE, &table, error) != PATRON_OK) return 0;
    return of_table(patron_table_borrow_column(table, "recency", &column, error), &table);
}

static inline uint64_t numbers(const shared *s, int thread, patron_error *error) {
    (void)thread;
    double *x = malloc(N_CUSTOMERS * sizeof *x), total = 0;
    int64_t *order = malloc(N_CUSTOMERS * sizeof *order), *keys = malloc(N_CUSTOMERS * sizeof *keys);
    uint64_t sum = 0;
    patron_status status;
    for (int64_t i = 0; i < N_CUSTOMERS; i++) keys[i] = (i * 7919) % 1000003;
    PT_TRY(patron_random_uniform(s->ctx, 1, 2, 3, N_CUSTOMERS, x, error));
    PT_TRY(patron_math_exp(s->ctx, N_CUSTOMERS, x, x, error));
    PT_TRY(patron_math_log(s->ctx, N_CUSTOMERS, x, x, error));
    PT_TRY(patron_math_log_gamma(s->ctx, N_CUSTOMERS, x, x, error));
    PT_TRY(patron_math_sum(s->ctx, N_CUSTOMERS, x, &total, error));
    PT_TRY(patron_sort_order(s->ctx, N_CUSTOMERS, keys, order, error));
    sum = mixed(mixed(mixed(1, x, N_CUSTOMERS * sizeof *x), order, N_CUSTOMERS * sizeof *order), &total, sizeof total);
cleanup:
    free(keys);
    free(order);
    free(x);
    return sum;
}

/* The knobs of the context turn while others work. */
static inline uint64_t knobs(const shared *s, int thread, patron_error *error) {
    if (patron_ctx_set_threads(s->ctx, 1 + thread % 4, error) != PATRON_OK) return 0;
    patron_ctx_set_memory_cap(s->ctx, thread % 2 != 0 ? UINT64_C(1) << 40 : 0);
    patron_ctx_memory_peak_reset(s->ctx);
    bool sane = patron_ctx_threads(s->ctx) >= 1 && patron_ctx_memory(s->ctx) > 0 && patron_ctx_memory_peak(s->ctx) > 0;
    return sane ? mixed(1, patron_ctx_cpu(s->ctx), 3) : 0;
}

static const struct {
    const char *name;
    job run;
} jobs[] = {
    {"build", build},   {"append", append},   {"merge", merge},     {"between", between}, {"attach", attach},
    {"read", read_log}, {"events", events},   {"audit", audit},     {"quality", quality}, {"bytes", log_bytes},
    {"file", log_file}, {"profile", profile}, {"fit", fit},         {"predict", predict}, {"rfm file", rfm_file},
    {"tables", tables}, {"borrow", borrow},   {"numbers", numbers}, {"knobs", knobs},
};
enum { N_JOBS = sizeof jobs / sizeof *jobs };

/* ---- what they work on ---- */

static inline shared *shared_create(int threads, int64_t n_rows) {
    shared *s = calloc(1, sizeof *s);
    uint64_t seed = 1;
    s->rows = malloc((size_t)n_rows * sizeof *s->rows);
    s->ctx = new_ctx(threads);
    sample_folder(s->folder);
    snprintf(s->path, sizeof s->path, "%s/log", s->folder);
    made_draw(s->rows, n_rows, &(made_shape){.users = n_rows / 13, .instants = 200, .nulls = true}, &seed);
    s->events = made_table(s->ctx, s->rows, n_rows, AS_UTF8, 3);
    s->more = made_table(s->ctx, s->rows, N_MORE, AS_UTF8, 1);
    s->attributes = made_table(s->ctx, s->rows + N_MORE, N_MORE, AS_UTF8, 2);
    s->options = made_options(false);
    s->log = made_log(s->ctx, &s->events, &s->options);
    s->later = made_log(s->ctx, &s->more, &s->options);
    assert_int_equal(patron_log_to_bytes(s->log, &s->bytes, NULL), PATRON_OK);
    double **measures[] = {&s->recency, &s->frequency, &s->monetary};
    for (int m = 0; m < 3; m++) {
        *measures[m] = malloc(N_CUSTOMERS * sizeof **measures[m]);
        for (int64_t i = 0; i < N_CUSTOMERS; i++) (*measures[m])[i] = (double)(1 + made_below(&seed, 400));
    }
    assert_int_equal(patron_rfm_fit(s->ctx, N_CUSTOMERS, s->recency, s->frequency, s->monetary, NULL, &s->rfm, NULL),
                     PATRON_OK);
    return s;
}

static inline void shared_destroy(shared *s) {
    char command[160];
    patron_rfm_destroy(s->rfm);
    patron_bytes_destroy(s->bytes);
    patron_log_destroy(s->later);
    patron_log_destroy(s->log);
    made_free(&s->attributes);
    made_free(&s->more);
    made_free(&s->events);
    free(s->monetary);
    free(s->frequency);
    free(s->recency);
    patron_ctx_destroy(s->ctx);
    free(s->rows);
    snprintf(command, sizeof command, "rm -r '%s'", s->folder);
    assert_int_equal(system(command), 0);
    free(s);
}

#endif
