/* Logs in files: they come back byte for byte; damage of any byte, a cut at any byte, and content that makes no sense behind
 * right checksums are refused. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "file_samples.h"
#include "log_made.h"

#include <unistd.h>

static patron_ctx *ctx;

static int set_up(void **state) {
    (void)state;
    return patron_ctx_create(NULL, &ctx, NULL) == PATRON_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    patron_ctx_destroy(ctx);
    return 0;
}

/* A log with everything that can be in a file. */
static patron_log *full_log(int64_t n, made_layout layout) {
    static const int64_t from[] = {1700000000 * PT_SECOND, 1700500000 * PT_SECOND};
    static const int32_t offsets[] = {3600, 7200};
    static const patron_timezone zone = {"Europe/Somewhere", 2, from, offsets, 0};
    made_row *rows = malloc((size_t)n * sizeof *rows);
    uint64_t random = 21;
    made_draw(rows, n, &(made_shape){5, 4, true, true, false}, &random);
    rows[0].user = 1;
    rows[0].time = 1700000000 * PT_SECOND;
    made m = made_table(ctx, rows, n, layout, 1), users = made_rows(ctx, 3), items = made_rows(ctx, 2);
    const char **money = calloc((size_t)n, sizeof *money);
    money[0] = "EUR";
    made_add_words(&m, "money", money);
    patron_log_options o = made_options(true);
    o.timezone = &zone;
    o.currency = "money";
    o.winsorize = 1;
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

static patron_bytes *bytes_of(const patron_log *log) {
    patron_bytes *bytes = NULL;
    assert_int_equal(patron_log_to_bytes(log, &bytes, NULL), PATRON_OK);
    return bytes;
}

static void a_log_comes_back_from_its_file_byte_for_byte(void **state) {
    (void)state;
    char folder[128], path[160];
    sample_folder(folder);
    snprintf(path, sizeof path, "%s/shop.patron", folder);
    for (int layout = 0; layout < N_LAYOUTS; layout++) {
        patron_log *log = full_log(200, (made_layout)layout), *back = NULL, *mapped = NULL;
        patron_bytes *bytes = bytes_of(log);
        assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL),
                         PATRON_OK);
        assert_same_bytes(log, back);
        assert_int_equal(patron_log_save(log, path, NULL), PATRON_OK);
        assert_int_equal(patron_log_load(ctx, path, &mapped, NULL), PATRON_OK);
        assert_int_equal(unlink(path), 0); /* the mapping stays */
        assert_same_bytes(log, mapped);
        /* whatever is done with it gives what the one in memory gives */
        patron_log *a = NULL, *b = NULL;
        assert_int_equal(patron_log_between(log, 1700030000 * PT_SECOND, INT64_MAX, &a, NULL), PATRON_OK);
        assert_int_equal(patron_log_between(mapped, 1700030000 * PT_SECOND, INT64_MAX, &b, NULL), PATRON_OK);
        assert_same_bytes(a, b);
        patron_log_destroy(a);
        patron_log_destroy(b);
        assert_int_equal(patron_log_merge(log, log, &a, NULL), PATRON_OK);
        assert_int_equal(patron_log_merge(mapped, back, &b, NULL), PATRON_OK);
        patron_log_destroy(mapped);
        patron_log_destroy(back);
        assert_same_bytes(a, b);
        patron_log_destroy(a);
        patron_log_destroy(b);
        patron_bytes_destroy(bytes);
        patron_log_destroy(log);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void refuses(const void *data, int64_t size, const char *what, int64_t at) {
    patron_log *log = NULL;
    patron_error error = {0};
    char *copy = malloc((size_t)size + 1); /* of the exact size, for a sanitizer */
    memcpy(copy, data, (size_t)size);
    patron_status status = patron_log_from_bytes(ctx, copy, size, &log, &error);
    free(copy);
    if (status != PATRON_ERR_FORMAT || log != NULL || error.message[0] == '\0')
        fail_msg("%s %lld: status '%s', '%s'", what, (long long)at, patron_status_name(status), error.message);
}

static void a_file_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    patron_log *log = full_log(3, AS_UTF8);
    patron_bytes *bytes = bytes_of(log);
    for (int64_t size = 0; size < patron_bytes_size(bytes); size++) refuses(patron_bytes_data(bytes), size, "cut at", size);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void a_file_with_any_byte_changed_is_refused(void **state) {
    (void)state;
    patron_log *log = full_log(3, AS_UTF8);
    patron_bytes *bytes = bytes_of(log);
    int64_t size = patron_bytes_size(bytes);
    unsigned char *copy = malloc((size_t)size);
    memcpy(copy, patron_bytes_data(bytes), (size_t)size);
    for (int64_t i = 0; i < size; i++) {
        copy[i] ^= (unsigned char)(1 + i % 255);
        refuses(copy, size, "changed byte", i);
        copy[i] ^= (unsigned char)(1 + i % 255);
    }
    free(copy);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

/* ---- content made by hand, with checksums that are right ---- */

enum { ADD = 0, SET = 1, GONE = 2, AS = 3 };

typedef struct forgery {
    const char *section;
    int how;
    int64_t at, value; /* element `at` (from the end when negative) gets value added, or is set to it */
} forgery;

static void change(const forgery *f, patron_section_type type, void *data, int64_t count) {
    int64_t at = f->at < 0 ? count + f->at : f->at;
    assert_in_range(at, 0, count - 1);
    if (type == PATRON_SECTION_INT64)
        ((int64_t *)data)[at] = f->how == ADD ? ((int64_t *)data)[at] + f->value : f->value;
    else if (type == PATRON_SECTION_INT32)
        ((int32_t *)data)[at] = (int32_t)(f->how == ADD ? ((int32_t *)data)[at] + f->value : f->value);
    else if (type == PATRON_SECTION_UINT16)
        ((uint16_t *)data)[at] = (uint16_t)f->value;
    else
        ((unsigned char *)data)[at] = (unsigned char)f->value;
}

/* The file with one thing changed, written anew. */
static patron_bytes *forge(const patron_bytes *bytes, const forgery *f) {
    pt_reader *reader = NULL;
    pt_writer *writer = NULL;
    patron_bytes *out = NULL;
    bool found = false;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL), 0);
    assert_int_equal(pt_writer_create(ctx, "log", 1, &writer, NULL), PATRON_OK);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section s;
        const void *data;
        int64_t count;
        pt_reader_entry(reader, i, &s);
        assert_int_equal(pt_reader_section(reader, s.name, s.type, &data, &count, NULL), PATRON_OK);
        void *copy = malloc((size_t)s.bytes + 1);
        memcpy(copy, data, (size_t)s.bytes);
        bool here = strcmp(s.name, f->section) == 0;
        found = found || here;
        if (here && f->how < GONE) change(f, s.type, copy, count);
        if (!here || f->how != GONE)
            assert_int_equal(pt_writer_add_copy(writer, s.name, here && f->how == AS ? (patron_section_type)f->value : s.type,
                                                copy, count, NULL),
                             PATRON_OK);
        free(copy);
    }
    if (!found) fail_msg("no section '%s'", f->section);
    assert_int_equal(pt_writer_to_bytes(writer, &out, NULL), PATRON_OK);
    pt_writer_destroy(writer);
    pt_reader_destroy(reader);
    return out;
}

static void content_that_makes_no_sense_is_refused_behind_right_checksums(void **state) {
    (void)state;
    patron_log *log = full_log(40, AS_UTF8);
    patron_bytes *bytes = bytes_of(log);
    static const forgery forgeries[] = {
        {"n", ADD, 0, 1},
        {"n", SET, 0, -1},
        {"n", SET, 0, INT64_MAX},
        {"n_columns", ADD, 0, 1},
        {"n_columns", SET, 0, INT64_MAX},
        {"offsets", SET, 0, 1},
        {"offsets", ADD, -1, 1},
        {"offsets", SET, 1, 0},
        {"offsets", SET, 1, 1000},
        {"offsets", SET, 1, -1},
        {"time", SET, 0, INT64_MAX},
        {"time", SET, 0, INT64_MIN},
        {"time", SET, -1, INT64_MIN},
        {"time", SET, -1, INT64_MAX},
        {"time", GONE, 0, 0},
        {"time", AS, 0, PATRON_SECTION_UINT64},
        {"kinds", SET, 0, 18},
        {"kinds", SET, 0, 63},
        {"kinds", SET, 0, 65535},
        {"kind_names", SET, 0, 'z'},
        {"kind_names", SET, 0, 0xff},
        {"users.kind", SET, 0, 3},
        {"users.kind", SET, 0, PT_IDS_INT64},
        {"users.text.offsets", SET, 0, 1},
        {"users.text.offsets", SET, 1, 1000},
        {"users.text.bytes", SET, 0, 0xff},
        {"users.text.bytes", SET, 0, 'z'},
        {"users.text.bytes", SET, -1, 0xff},
        {"users.text.offsets", ADD, -2, 1}, /* a character cut in two */
        {"columns.0.data", SET, 0, 1000},
        {"columns.0.data", SET, -1, -2},
        {"columns.0.dictionary.numbers", SET, 0, INT64_MAX},
        {"columns.0.store", SET, 0, PT_MICROS},
        {"columns.0.store", SET, 0, 6},
        {"columns.0.property", SET, 0, 1},
        {"columns.0.property", SET, 0, 2},
        {"columns.0.name", SET, 0, 0xff},
        {"columns.1.name", GONE, 0, 0},
        {"columns.2.store", SET, 0, PT_INTEGER},
        {"columns.2.data", GONE, 0, 0},
        {"zone.offset", SET, 0, 1000000},
        {"zone.from", SET, 1, INT64_MIN},
        {"zone.before", SET, 0, INT64_MAX},
        {"zone.name", SET, 0, 0xc3},
        {"recipe.user", GONE, 0, 0},
        {"recipe.winsorize", SET, 0, 2},
        {"recipe.time_unit", SET, 0, 9},
        {"recipe.n_kinds", ADD, 0, 1},
        {"recipe.n_kinds", SET, 0, INT64_MAX},
        {"n_audit", ADD, 0, 1},
        {"n_audit", SET, 0, INT64_MAX},
        {"audit.0.rows", SET, 0, 0},
        {"audit.0.rows", SET, 0, -4},
        {"audit.1.rule", SET, 0, 0xff},
        {"currency", SET, 0, 0xff},
        {"user_attributes.n", ADD, 0, 1},
        {"user_attributes.n", SET, 0, -1},
        {"user_attributes.n_columns", SET, 0, 2},
        {"user_attributes.n_columns", SET, 0, INT64_MAX},
        {"user_attributes.key", SET, 0, 1},
        {"user_attributes.key", SET, 0, -1},
        {"user_attributes.key", SET, -1, 0},
        {"user_attributes.key", SET, -1, 2},
        {"user_attributes.valid_from", SET, 0, 9},
        {"user_attributes.columns.0.data", SET, 0, 2},
        {"user_attributes.columns.0.property", SET, 0, 0},
        {"user_attributes.keys.text.offsets", SET, 0, 1},
        {"item_attributes.key", SET, -1, 0},
        {"item_attributes.columns.0.data", SET, 0, 2},
        {"item_attributes.columns.0.data", AS, 0, PATRON_SECTION_FLOAT64},
        {"item_attributes.columns.1.name", SET, 0, 'a'},
    };
    for (int64_t i = 0; i < LENGTH(forgeries); i++) {
        patron_bytes *forged = forge(bytes, &forgeries[i]);
        refuses(patron_bytes_data(forged), patron_bytes_size(forged), forgeries[i].section, i);
        patron_bytes_destroy(forged);
    }
    /* a user without events, which no time gives away */
    made m = made_rows(ctx, 2);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5, 5});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_log *two = made_log(ctx, &m, &o);
    patron_bytes *plain = bytes_of(two), *forged_plain = forge(plain, &(forgery){"offsets", SET, 1, 2});
    refuses(patron_bytes_data(forged_plain), patron_bytes_size(forged_plain), "offsets", -1);
    patron_bytes_destroy(forged_plain);
    patron_bytes_destroy(plain);
    patron_log_destroy(two);
    made_free(&m);
    /* what makes sense is read, whoever wrote it */
    static const forgery fine[] = {{"columns.2.data", ADD, 0, 5}, {"kinds", SET, 0, 17}, {"user_attributes.n", ADD, 0, 0}};
    for (int64_t i = 0; i < LENGTH(fine); i++) {
        patron_bytes *forged = forge(bytes, &fine[i]);
        patron_log *back = NULL;
        assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(forged), patron_bytes_size(forged), &back, NULL),
                         PATRON_OK);
        patron_log_destroy(back);
        patron_bytes_destroy(forged);
    }
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void a_file_of_another_kind_or_a_later_version_is_refused_by_name(void **state) {
    (void)state;
    pt_writer *writer = NULL;
    patron_bytes *bytes = NULL;
    patron_log *log = NULL;
    patron_error error = {0};
    assert_int_equal(pt_writer_create(ctx, "rfm", 1, &writer, NULL), PATRON_OK);
    assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
    assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &log, &error),
                     PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "rfm"));
    pt_writer_destroy(writer);
    patron_bytes_destroy(bytes);
    assert_int_equal(pt_writer_create(ctx, "log", 2, &writer, NULL), PATRON_OK);
    assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
    assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &log, &error),
                     PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "version"));
    pt_writer_destroy(writer);
    patron_bytes_destroy(bytes);
    assert_null(log);
    assert_int_equal(patron_log_load(ctx, "no/such/file", &log, &error), PATRON_ERR_IO);
    assert_null(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_comes_back_from_its_file_byte_for_byte),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_file_with_any_byte_changed_is_refused),
        cmocka_unit_test(content_that_makes_no_sense_is_refused_behind_right_checksums),
        cmocka_unit_test(a_file_of_another_kind_or_a_later_version_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("log: files", tests, set_up, tear_down);
}
