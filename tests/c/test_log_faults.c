/* Every allocation of every way to make and to read a log fails once: no crash, no leak, no half-made log, and the inputs as
 * they were. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faults.h"
#include "file_samples.h"
#include "log_made.h"

#include <unistd.h>

enum { N = 30 };

static const char *const all_properties[] = {"weight", "shade", "size"};

/* Every role, whatever the column behind it. */
static patron_log_options every_role(void) {
    patron_log_options o = made_options(true);
    o.brand = "kind of thing";
    o.seller = "shade";
    o.channel = "what";
    o.campaign = "basket";
    o.surface = "shade";
    o.query = "shade";
    o.text = "kind of thing";
    o.discount = "spent";
    o.rating = "pieces";
    o.currency = "money";
    o.properties = all_properties;
    o.winsorize = 1;
    o.trim_ids = 1;
    return o;
}

/* whole: every role, and repeats leave. */
static patron_status build(patron_ctx *ctx, patron_log **out, int64_t n, bool whole) {
    static made_row rows[N];
    static const char *money[N] = {"EUR"};
    uint64_t random = 6;
    made_draw(rows, N, &(made_shape){4, 3, true, true, false}, &random);
    rows[0].user = 1;
    rows[0].time = 1700000000 * PT_SECOND;
    /* the table is not what fails here: it has a context of its own */
    patron_ctx *own = NULL;
    if (patron_ctx_create(NULL, &own, NULL) != PATRON_OK) abort();
    made m = made_table(own, rows, n, AS_UTF8, 1);
    made_add_words(&m, "money", money);
    patron_log_options o = whole ? every_role() : made_options(true);
    o.drop_duplicates = whole;
    o.winsorize = 1;
    patron_error error = {0};
    patron_status status = patron_log_build(ctx, m.table, &o, out, &error);
    assert_true(status == PATRON_OK || error.message[0] != '\0');
    made_free(&m);
    patron_ctx_destroy(own);
    return status;
}

static patron_status building(patron_ctx *ctx, void *arg) {
    (void)arg;
    patron_log *log = NULL;
    patron_status status = build(ctx, &log, N, true);
    assert_int_equal(log == NULL, status != PATRON_OK);
    patron_log_destroy(log);
    return status;
}

static void building_survives_a_failure_of_any_allocation(void **state) {
    (void)state;
    assert_true(faults_sweep(building, NULL) > 200);
}

static patron_status merging(patron_ctx *ctx, void *arg) {
    (void)arg;
    patron_log *a = NULL, *b = NULL, *merged = NULL;
    patron_status status = build(ctx, &a, N, false);
    if (status == PATRON_OK) status = build(ctx, &b, N / 2, false);
    if (status == PATRON_OK) status = patron_log_merge(a, b, &merged, NULL);
    assert_int_equal(merged == NULL, status != PATRON_OK);
    if (status == PATRON_OK) assert_int_equal(patron_log_n_events(merged), patron_log_n_events(a) + patron_log_n_events(b));
    patron_log_destroy(a);
    patron_log_destroy(b);
    patron_log_destroy(merged);
    return status;
}

static void merging_survives_a_failure_of_any_allocation(void **state) {
    (void)state;
    assert_true(faults_sweep(merging, NULL) > 200);
}

static patron_status with_attributes(patron_ctx *ctx, patron_log **out) {
    patron_log *log = NULL, *known = NULL;
    patron_ctx *own = NULL;
    if (patron_ctx_create(NULL, &own, NULL) != PATRON_OK) abort();
    made users = made_rows(own, 4), items = made_rows(own, 2);
    made_add_ids(&users, users.table, "id", 4, (const int64_t[]){1, 2, 1, -1}, AS_UTF8);
    made_add_words(&users, "since", (const char *const[]){"2023-01-01", "soon", NULL, "2023-01-02"});
    made_add_words(&users, "town", (const char *const[]){"Ulm", NULL, "Linz", "Bonn"});
    made_add_ids(&items, items.table, "id", 2, (const int64_t[]){1, 9}, AS_INT64);
    made_add_values(&items, "price", PATRON_TYPE_FLOAT64, (const int64_t[]){1250, NONE});
    patron_status status = build(ctx, &log, N, false);
    if (status == PATRON_OK) status = patron_log_with_users(log, users.table, "id", "since", &known, NULL);
    if (status == PATRON_OK) status = patron_log_with_items(known, items.table, "id", NULL, out, NULL);
    patron_log_destroy(log);
    patron_log_destroy(known);
    made_free(&users);
    made_free(&items);
    patron_ctx_destroy(own);
    return status;
}

static patron_status attributing(patron_ctx *ctx, void *arg) {
    (void)arg;
    patron_log *log = NULL, *twice = NULL;
    patron_table *users = NULL, *items = NULL;
    patron_status status = with_attributes(ctx, &log);
    if (status == PATRON_OK) status = patron_log_users(log, INT64_MAX, &users, NULL);
    if (status == PATRON_OK) status = patron_log_items(log, INT64_MAX, &items, NULL);
    if (status == PATRON_OK) status = patron_log_merge(log, log, &twice, NULL);
    patron_log_destroy(twice);
    patron_log_destroy(log);
    patron_table_destroy(users);
    patron_table_destroy(items);
    return status;
}

static void attributes_survive_a_failure_of_any_allocation(void **state) {
    (void)state;
    assert_true(faults_sweep(attributing, NULL) > 200);
}

static patron_status reading(patron_ctx *ctx, void *arg) {
    (void)arg;
    patron_log *log = NULL, *part = NULL;
    patron_table *tables[4] = {NULL};
    patron_status status = build(ctx, &log, N, false);
    if (status == PATRON_OK) status = patron_log_between(log, 1700030000 * PT_SECOND, INT64_MAX, &part, NULL);
    if (status == PATRON_OK) status = patron_log_events(log, &tables[0], NULL);
    if (status == PATRON_OK) status = patron_log_audit(log, &tables[1], NULL);
    if (status == PATRON_OK) status = patron_log_quality(log, NULL, &tables[2], NULL);
    if (status == PATRON_OK) {
        patron_error error = {0};
        status = patron_log_quality(part, log, &tables[3], &error);
        assert_true(status == PATRON_OK || error.message[0] != '\0');
    }
    for (int i = 0; i < 4; i++) patron_table_destroy(tables[i]);
    patron_log_destroy(part);
    patron_log_destroy(log);
    return status;
}

static void reading_survives_a_failure_of_any_allocation(void **state) {
    (void)state;
    assert_true(faults_sweep(reading, NULL) > 200);
}

static patron_status saving(patron_ctx *ctx, void *arg) {
    const char *path = arg;
    patron_log *log = NULL, *back = NULL, *again = NULL;
    patron_bytes *bytes = NULL;
    patron_status status = with_attributes(ctx, &log);
    if (status == PATRON_OK) status = patron_log_save(log, path, NULL);
    if (status == PATRON_OK) status = patron_log_load(ctx, path, &back, NULL);
    if (status == PATRON_OK) status = patron_log_to_bytes(back, &bytes, NULL);
    if (status == PATRON_OK)
        status = patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &again, NULL);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
    patron_log_destroy(back);
    patron_log_destroy(again);
    unlink(path);
    return status;
}

static void saving_and_loading_survive_a_failure_of_any_allocation(void **state) {
    (void)state;
    char folder[128], path[160];
    sample_folder(folder);
    snprintf(path, sizeof path, "%s/shop.patron", folder);
    assert_true(faults_sweep(saving, path) > 200);
    assert_int_equal(rmdir(folder), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(building_survives_a_failure_of_any_allocation),
        cmocka_unit_test(merging_survives_a_failure_of_any_allocation),
        cmocka_unit_test(attributes_survive_a_failure_of_any_allocation),
        cmocka_unit_test(reading_survives_a_failure_of_any_allocation),
        cmocka_unit_test(saving_and_loading_survive_a_failure_of_any_allocation),
    };
    return cmocka_run_group_tests_name("log: failing allocations", tests, NULL, NULL);
}
