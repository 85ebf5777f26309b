/* Logs in files: they come back byte for byte; content that makes no sense behind right checksums is refused. Damage of every
 * kind is in test_damage.c. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file_layout.h"
#include "data/events.h"
#include "data/log_file.h"
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
        patron_log *log = made_full_log(ctx, 200, (made_layout)layout, 0), *back = NULL, *mapped = NULL;
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

/* Loading is refused as a bad format, and the message has `words`. */
static void refuses(const patron_bytes *bytes, const char *words, const char *what, int64_t number) {
    patron_log *log = NULL;
    patron_error error = {0};
    size_t size = (size_t)patron_bytes_size(bytes);
    char *copy = malloc(size); /* of the exact size, for a sanitizer */
    memcpy(copy, patron_bytes_data(bytes), size);
    patron_status status = patron_log_from_bytes(ctx, copy, (int64_t)size, &log, &error);
    free(copy);
    if (status != PATRON_ERR_FORMAT || error.status != status || log != NULL || strstr(error.message, words) == NULL)
        fail_msg("%s %lld: status '%s', '%s'; expected '%s'", what, (long long)number, patron_status_name(status),
                 error.message, words);
}

static void accepts(const patron_bytes *bytes, const char *what) {
    patron_log *log = NULL;
    patron_error error = {0};
    if (patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &log, &error) != PATRON_OK)
        fail_msg("%s: '%s'", what, error.message);
    patron_log_destroy(log);
}

/* ---- content made by hand, with checksums that are right ---- */

enum { ADD = 0, SET = 1, GONE = 2, AS = 3, PUT = 4 };

typedef struct forgery {
    const char *section;
    int how;
    int64_t at, value; /* element `at` (from the end when negative) gets value added, or is set to it; AS: the type is value */
    const char *text;  /* words in the message; PUT: `value` bytes in place of those that were there */
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

/* The file with n things changed, written anew. */
static patron_bytes *forge(const patron_bytes *bytes, const forgery *list, int64_t n) {
    pt_reader *reader = NULL;
    pt_writer *writer = NULL;
    patron_bytes *out = NULL;
    int64_t n_found = 0;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL), 0);
    assert_int_equal(pt_writer_create(ctx, "log", 1, &writer, NULL), PATRON_OK);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section s;
        const forgery *f = NULL;
        const void *data;
        pt_reader_entry(reader, i, &s);
        assert_int_equal(pt_reader_section(reader, s.name, s.type, &data, &s.count, NULL), PATRON_OK);
        for (int64_t k = 0; k < n; k++)
            if (strcmp(s.name, list[k].section) == 0) f = &list[k];
        n_found += f != NULL;
        if (f != NULL && f->how == GONE) continue;
        if (f != NULL && f->how == PUT) {
            pt_writer_add(writer, s.name, s.type, f->text, f->value);
            continue;
        }
        void *copy = malloc((size_t)s.bytes + 1);
        memcpy(copy, data, (size_t)s.bytes);
        if (f != NULL && f->how < GONE) change(f, s.type, copy, s.count);
        pt_writer_add_copy(writer, s.name, f != NULL && f->how == AS ? (patron_section_type)f->value : s.type, copy, s.count);
        free(copy);
    }
    if (n_found != n) fail_msg("not all of %lld sections from '%s' on are there", (long long)n, list->section);
    assert_int_equal(pt_writer_to_bytes(writer, &out, NULL), PATRON_OK);
    pt_writer_destroy(writer);
    pt_reader_destroy(reader);
    return out;
}

static void refuses_forged(const patron_bytes *bytes, const forgery *list, int64_t n, const char *words) {
    patron_bytes *forged = forge(bytes, list, n);
    refuses(forged, words, list->section, list->how);
    patron_bytes_destroy(forged);
}

/* ---- sections that are missing, or not of the type that they should have ---- */

/* A full log whose recipe has everything that there can be. */
static patron_log *log_of_all_sections(void) {
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0);
    patron_log_options all = *log->recipe;
    static const patron_kind_name kinds[] = {{"Kauf", "purchase"}, {"Blick", "view"}};
    static const char *const properties[] = {"shade", "size"};
#define GIVE(name) all.name = "column " #name;
    PT_RECIPE_TEXTS(GIVE)
#undef GIVE
    all.kinds = kinds;
    all.n_kinds = 2;
    all.properties = properties;
    all.n_properties = 2;
    pt_recipe_destroy(ctx, log->recipe);
    log->recipe = NULL;
    assert_int_equal(pt_recipe_copy(ctx, &all, &log->recipe, NULL), PATRON_OK);
    return log;
}

/* What a file may lack; without the first, there are no attributes. */
static bool is_optional(const char *section) {
    static const char *const whole[] = {"user_attributes.n", "item_attributes.n", "user_attributes.valid_from", "currency"};
    static const char *const recipe[] = {"recipe.user",    "recipe.time",    "recipe.time_unit", "recipe.time_from",
                                         "recipe.time_to", "recipe.n_kinds", "recipe.properties"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strcmp(section, whole[i]) == 0) return true;
    if (strncmp(section, "recipe.", 7) == 0 && strstr(section, "kinds.") == NULL && strstr(section, "has_") == NULL) {
        for (size_t i = 0; i < sizeof recipe / sizeof *recipe; i++)
            if (strcmp(section, recipe[i]) == 0) return false;
        return strstr("recipe.drop_duplicates recipe.trim_ids recipe.winsorize", section) == NULL;
    }
    const char *last = strrchr(section, '.');
    return strncmp(section, "audit.", 6) == 0 && (strcmp(last, ".column") == 0 || strcmp(last, ".example") == 0);
}

/* Another type of the same size, which no loader wants. */
static patron_section_type other_type(patron_section_type type) {
    switch (pt_section_element_size((uint32_t)type)) {
    case 1:
        return PATRON_SECTION_BYTES;
    case 2:
        return PATRON_SECTION_INT16;
    case 4:
        return PATRON_SECTION_FLOAT32;
    default:
        return PATRON_SECTION_UINT64;
    }
}

static void each_section_that_is_missing_or_of_another_type_is_named(void **state) {
    (void)state;
    patron_log *log = log_of_all_sections();
    patron_bytes *bytes = bytes_of(log);
    pt_reader *reader = NULL;
    int64_t n_optional = 0;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL), 0);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section s;
        char words[200];
        pt_reader_entry(reader, i, &s);
        patron_bytes *without = forge(bytes, &(forgery){s.name, GONE, 0, 0, NULL}, 1);
        if (is_optional(s.name)) {
            n_optional++;
            accepts(without, s.name);
        } else {
            snprintf(words, sizeof words, "section \"%s\" is missing; expected ", s.name);
            refuses(without, words, s.name, GONE);
        }
        patron_bytes_destroy(without);
        snprintf(words, sizeof words, "section \"%s\" is of type %s; expected %s", s.name,
                 patron_section_type_name(other_type(s.type)), patron_section_type_name(s.type));
        refuses_forged(bytes, &(forgery){s.name, AS, 0, other_type(s.type), NULL}, 1, words);
    }
    assert_true(n_optional > 20);
    pt_reader_destroy(reader);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void each_text_that_is_not_utf8_is_refused(void **state) {
    (void)state;
    patron_log *log = log_of_all_sections();
    patron_bytes *bytes = bytes_of(log);
    pt_reader *reader = NULL;
    int64_t n = 0;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL), 0);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section s;
        pt_reader_entry(reader, i, &s);
        if (s.type != PATRON_SECTION_TEXT || s.count == 0) continue;
        refuses_forged(bytes, &(forgery){s.name, SET, 0, 0xff, NULL}, 1, "not UTF-8");
        n++;
    }
    assert_true(n > 40);
    pt_reader_destroy(reader);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

/* ---- content that makes no sense ---- */

static void content_that_makes_no_sense_is_refused_behind_right_checksums(void **state) {
    (void)state;
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0);
    patron_bytes *bytes = bytes_of(log);
    static const forgery forgeries[] = {
        {"n", ADD, 0, 1, "section \"time\" has 30 elements; expected 31"},
        {"n", SET, 0, -1, "section \"n\" is -1; expected 0 to 4294967295"},
        {"n", SET, 0, INT64_MAX, "section \"n\" is 9223372036854775807; expected 0 to 4294967295"},
        {"n_columns", ADD, 0, 1, "section \"columns.11.name\" is missing; expected one of type text"},
        {"n_columns", SET, 0, INT64_MAX, "section \"n_columns\" is 9223372036854775807; expected 0 to "},
        {"offsets", SET, 0, 1, "section \"offsets\" has offsets that do not span the events"},
        {"offsets", ADD, -1, 1, "section \"offsets\" has offsets that do not span the events"},
        {"offsets", SET, 1, 0, "section \"offsets\" has offsets that do not rise"},
        {"offsets", SET, 1, 1000, "section \"offsets\" has offsets that do not rise"},
        {"offsets", SET, 1, -1, "section \"offsets\" has offsets that do not rise"},
        {"time", SET, 0, INT64_MAX, "section \"time\" has times of one user that do not rise"},
        {"time", SET, 0, INT64_MIN, "section \"time\" has a time beyond all times"},
        {"time", SET, -1, INT64_MIN, "section \"time\" has times of one user that do not rise"},
        {"time", SET, -1, INT64_MAX, "section \"time\" has a time beyond all times"},
        {"time", GONE, 0, 0, "section \"time\" is missing; expected one of type int64"},
        {"time", AS, 0, PATRON_SECTION_UINT64, "section \"time\" is of type uint64; expected int64"},
        {"kinds", SET, 0, 18, "section \"kinds\" has kind 18, which has no name"},
        {"kinds", SET, 0, 63, "section \"kinds\" has kind 63, which has no name"},
        {"kinds", SET, 0, 65535, "section \"kinds\" has kind 65535, which has no name"},
        {"kind_names", SET, 0, 'z',
         "section \"kind_names\" has names that do not rise, or are not UTF-8, or are more than 65472"},
        {"kind_names", SET, 0, 0xff,
         "section \"kind_names\" has names that do not rise, or are not UTF-8, or are more than 65472"},
        {"users.kind", SET, 0, 3, "section \"users.kind\" is 3; expected 0 to 2"},
        {"users.kind", SET, 0, PT_IDS_INT64, "section \"users.numbers\" is missing; expected one of type int64"},
        {"users.text.offsets", SET, 0, 1,
         "section \"users.text.offsets\" has 6 offsets; expected them to begin at 0 and to end at 28"},
        {"users.text.offsets", SET, 1, 1000, "section \"users.text.offsets\" makes no sense: offset 2 is 8, after 1000"},
        {"users.text.bytes", SET, 0, 0xff, "section \"users.text\" has text that is not UTF-8"},
        {"users.text.bytes", SET, 0, 'z', "section \"users.text\" has values that do not rise"},
        {"users.text.bytes", SET, -1, 0xff, "section \"users.text\" has text that is not UTF-8"},
        {"users.text.offsets", ADD, -2, 1, "section \"users.text\" has text that is not UTF-8"}, /* a character cut in two */
        {"columns.0.data", SET, 0, 1000, "section \"columns.0.data\" has a code outside the dictionary of 5 values"},
        {"columns.0.data", SET, -1, -2, "section \"columns.0.data\" has a code outside the dictionary of 5 values"},
        {"columns.0.dictionary.numbers", SET, 0, INT64_MAX,
         "section \"columns.0.dictionary.numbers\" has values that do not rise"},
        {"columns.0.store", SET, 0, PT_MICROS, "section \"columns.0.data\" is of type int32; expected int64"},
        {"columns.0.store", SET, 0, 6, "section \"columns.0.store\" is 6; expected 0 to 5"},
        {"columns.0.property", SET, 0, 1, "section \"columns\" has column 'item' of the wrong type"},
        {"columns.0.property", SET, 0, 2, "section \"columns.0.property\" is 2; expected 0 to 1"},
        {"columns.0.name", SET, 0, 0xff, "section \"columns.0.name\" has text that is not UTF-8"},
        {"columns.1.name", GONE, 0, 0, "section \"columns.1.name\" is missing; expected one of type text"},
        {"columns.2.store", SET, 0, PT_INTEGER, "section \"columns\" has column 'amount' of the wrong type"},
        {"columns.2.data", GONE, 0, 0, "section \"columns.2.data\" is missing; expected one of type int64"},
        {"zone.offset", SET, 0, 1000000,
         "section \"zone.from\" makes no sense: The time zone Europe/Somewhere has an offset of 1000000 seconds"},
        {"zone.from", SET, 1, INT64_MIN,
         "section \"zone.from\" makes no sense: The time zone Europe/Somewhere has transition 1 at -9223372036854775808"},
        {"zone.before", SET, 0, INT64_MAX,
         "section \"zone.before\" is 9223372036854775807; expected -2147483648 to 2147483647"},
        {"zone.name", SET, 0, 0xc3, "section \"zone.name\" has text that is not UTF-8"},
        {"recipe.user", GONE, 0, 0, "section \"recipe.user\" is missing; expected a column's name"},
        {"recipe.properties", SET, 0, 0xff, "section \"recipe.properties\" has text that is not UTF-8"},
        {"recipe.winsorize", SET, 0, 2, "section \"recipe.winsorize\" is 2; expected 0 to 1"},
        {"recipe.time_unit", SET, 0, 9, "section \"recipe.time_unit\" is 9; expected 0 to 4"},
        {"recipe.n_kinds", ADD, 0, 1, "section \"recipe.kinds.1.from\" is missing; expected one of type text"},
        {"recipe.n_kinds", SET, 0, INT64_MAX, "section \"recipe.n_kinds\" is 9223372036854775807; expected 0 to "},
        {"n_audit", ADD, 0, 1, "section \"audit.14.rule\" is missing; expected one of type text"},
        {"n_audit", SET, 0, INT64_MAX, "section \"n_audit\" is 9223372036854775807; expected 0 to "},
        {"audit.0.rows", SET, 0, 0, "section \"audit.0.rows\" is 0; expected 1 to 9223372036854775807"},
        {"audit.0.rows", SET, 0, -4, "section \"audit.0.rows\" is -4; expected 1 to 9223372036854775807"},
        {"audit.1.rule", SET, 0, 0xff, "section \"audit.1.rule\" has text that is not UTF-8"},
        {"currency", SET, 0, 0xff, "section \"currency\" has text that is not UTF-8"},
        {"user_attributes.n", ADD, 0, 1, "section \"user_attributes.key\" has 3 elements; expected 4"},
        {"user_attributes.n", SET, 0, -1, "section \"user_attributes.n\" is -1; expected 0 to 576460752303423487"},
        {"user_attributes.n_columns", SET, 0, 2,
         "section \"user_attributes.columns.1.name\" is missing; expected one of type text"},
        {"user_attributes.n_columns", SET, 0, INT64_MAX,
         "section \"user_attributes.n_columns\" is 9223372036854775807; expected 0 to "},
        {"user_attributes.key", SET, 0, 1, "section \"user_attributes.key\" has keys that do not rise by one"},
        {"user_attributes.key", SET, 0, -1, "section \"user_attributes.key\" has keys that do not rise by one"},
        {"user_attributes.key", SET, -1, 0, "section \"user_attributes.valid_from\" has instants of one key that do not rise"},
        {"user_attributes.key", SET, -1, 2, "section \"user_attributes.key\" has keys that do not rise by one"},
        {"user_attributes.valid_from", SET, 0, 9,
         "section \"user_attributes.valid_from\" has instants of one key that do not rise"},
        {"user_attributes.columns.0.data", SET, 0, 2,
         "section \"user_attributes.columns.0.data\" has a code outside the dictionary of 2 values"},
        {"user_attributes.columns.0.property", SET, 0, 0,
         "section \"user_attributes.n_columns\" has 'town', which is no name of an attribute"},
        {"user_attributes.keys.text.offsets", SET, 0, 1,
         "section \"user_attributes.keys.text.offsets\" has 3 offsets; expected them to begin at 0 and to end at 8"},
        {"item_attributes.key", SET, -1, 0, "section \"item_attributes.key\" has keys without rows"},
        {"item_attributes.columns.0.data", SET, 0, 2,
         "section \"item_attributes.columns.0.data\" has a boolean that is neither 0 nor 1"},
        {"item_attributes.columns.0.data", AS, 0, PATRON_SECTION_FLOAT64,
         "section \"item_attributes.columns.0.data\" is of type float64; expected int64"},
        {"item_attributes.columns.1.name", SET, 0, 'a',
         "section \"item_attributes.n_columns\" has attributes that are not in the order of their names"},
    };
    for (int64_t i = 0; i < LENGTH(forgeries); i++) refuses_forged(bytes, &forgeries[i], 1, forgeries[i].text);
    /* a user without events, which no time gives away */
    made m = made_rows(ctx, 2);
    made_add_values(&m, "who", PATRON_TYPE_INT64, (const int64_t[]){1, 2});
    made_add_values(&m, "when", PATRON_TYPE_TIMESTAMP, (const int64_t[]){5, 5});
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_log *two = made_log(ctx, &m, &o);
    patron_bytes *plain = bytes_of(two);
    refuses_forged(plain, &(forgery){"offsets", SET, 1, 2, NULL}, 1, "section \"offsets\" has offsets that do not rise");
    patron_bytes_destroy(plain);
    patron_log_destroy(two);
    made_free(&m);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void content_that_makes_sense_is_read_whoever_wrote_it(void **state) {
    (void)state;
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0);
    patron_bytes *bytes = bytes_of(log);
    static const forgery fine[] = {{"columns.2.data", ADD, 0, 5, NULL},
                                   {"kinds", SET, 0, 17, NULL},
                                   {"user_attributes.n", ADD, 0, 0, NULL},
                                   {"item_attributes.columns.0.data", SET, 0, NONE, NULL}};
    for (int64_t i = 0; i < LENGTH(fine); i++) {
        patron_bytes *forged = forge(bytes, &fine[i], 1);
        accepts(forged, fine[i].section);
        patron_bytes_destroy(forged);
    }
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void names_of_kinds_rise_and_have_numbers(void **state) {
    (void)state;
    enum { MOST = 65536 - PATRON_KIND_OTHER, EACH = 6 };
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0);
    patron_bytes *bytes = bytes_of(log);
    char *names = malloc((MOST + 1) * EACH);
    assert_non_null(names);
    for (int i = 0; i <= MOST; i++) snprintf(names + i * EACH, EACH, "%05u", (unsigned)i % 100000u);
    patron_bytes *most = forge(bytes, &(forgery){"kind_names", PUT, 0, MOST * EACH, names}, 1);
    accepts(most, "kind_names");
    patron_bytes_destroy(most);
    static const char words[] = "section \"kind_names\" has names that do not rise, or are not UTF-8, or are more than 65472";
    refuses_forged(bytes, &(forgery){"kind_names", PUT, 0, (MOST + 1) * EACH, names}, 1, words);
    refuses_forged(bytes, &(forgery){"kind_names", PUT, 0, 4, "b\0a"}, 1, words);
    refuses_forged(bytes, &(forgery){"kind_names", PUT, 0, 4, "b\0b"}, 1, words);
    refuses_forged(bytes, &(forgery){"kind_names", PUT, 0, 4, "b\0\xff"}, 1, words);
    refuses_forged(bytes, &(forgery){"kind_names", PUT, 0, 3, "b\0c"}, 1,
                   "section \"kind_names\" has 3 bytes; expected texts that each end in a zero byte");
    free(names);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void what_is_there_twice_is_refused(void **state) {
    (void)state;
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0);
    patron_bytes *bytes = bytes_of(log);
    assert_string_equal(log->columns[0].name, "item");
    refuses_forged(bytes, &(forgery){"columns.1.name", PUT, 0, 5, "item"}, 1, "section \"columns\" has two columns 'item'");
    refuses_forged(bytes, &(forgery){"user_attributes.columns.0.name", PUT, 0, 5, "user"}, 1,
                   "section \"user_attributes.n_columns\" has 'user', which is no name of an attribute");
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

static void two_lines_of_an_audit_for_one_rule_are_refused(void **state) {
    (void)state;
    for (int alike = 0; alike < 2; alike++) {
        pt_writer *writer = NULL;
        pt_reader *reader = NULL;
        pt_buffer *bytes = NULL;
        pt_audit audit = {0};
        patron_error error = {0};
        assert_int_equal(pt_writer_create(ctx, "log", 1, &writer, NULL), PATRON_OK);
        for (int i = 0; i < 2; i++) {
            pt_writer_enter(writer, "audit", i);
            pt_writer_add_text(writer, "rule", "repeated");
            pt_writer_add_text(writer, "column", alike || i == 0 ? "user" : "item");
            pt_writer_add_text(writer, "action", "dropped");
            pt_writer_add_int64(writer, "rows", 3);
            pt_writer_leave(writer);
        }
        pt_writer_add_int64(writer, "n_audit", 2);
        assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
        assert_int_equal(pt_reader_from_buffer(ctx, bytes, "log", 1, &reader, NULL), PATRON_OK);
        assert_int_equal(pt_audit_load(ctx, reader, &audit, &error), alike ? PATRON_ERR_FORMAT : PATRON_OK);
        assert_int_equal(audit.n, alike ? 1 : 2);
        if (alike) assert_non_null(strstr(error.message, "section \"audit.1.rule\" has two lines for one rule"));
        pt_audit_fini(ctx, &audit);
        pt_reader_destroy(reader);
        pt_buffer_release(bytes);
        pt_writer_destroy(writer);
    }
}

static void a_log_without_an_error_to_fill_is_refused_alike(void **state) {
    (void)state;
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0), *back = NULL;
    patron_bytes *bytes = bytes_of(log), *forged = forge(bytes, &(forgery){"zone.offset", SET, 0, 1000000, NULL}, 1);
    assert_int_equal(patron_log_from_bytes(ctx, patron_bytes_data(forged), patron_bytes_size(forged), &back, NULL),
                     PATRON_ERR_FORMAT);
    assert_null(back);
    patron_bytes_destroy(forged);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

/* ---- dictionaries by themselves ---- */

static void dictionaries_hold_values_that_rise(void **state) {
    (void)state;
    static const struct {
        pt_id_kind kind;
        int64_t n, numbers[3]; /* or offsets */
        const char *bytes;
        const char *words; /* NULL: it is fine */
    } cases[] = {
        {PT_IDS_INT64, 3, {-5, 0, 7}, NULL, NULL},
        {PT_IDS_INT64, 0, {0}, NULL, NULL},
        {PT_IDS_INT64, 3, {-5, -5, 7}, NULL, "section \"d.numbers\" has values that do not rise"},
        {PT_IDS_INT64, 2, {1, -1}, NULL, "section \"d.numbers\" has values that do not rise"},
        {PT_IDS_UINT64, 2, {1, -1}, NULL, NULL}, /* -1 is the largest */
        {PT_IDS_UINT64, 2, {-1, 1}, NULL, "section \"d.numbers\" has values that do not rise"},
        {PT_IDS_UINT64, 2, {4, 4}, NULL, "section \"d.numbers\" has values that do not rise"},
        {PT_IDS_TEXT, 2, {0, 1, 3}, "aab", NULL},
        {PT_IDS_TEXT, 2, {0, 0, 3}, "aab", NULL}, /* "" is the first */
        {PT_IDS_TEXT, 2, {0, 2, 3}, "aba", "section \"d.text\" has values that do not rise"},
        {PT_IDS_TEXT, 2, {0, 1, 2}, "aa", "section \"d.text\" has values that do not rise"},
        {PT_IDS_TEXT, 2, {0, 1, 2}, "ba", "section \"d.text\" has values that do not rise"},
        {PT_IDS_TEXT, 2, {0, 1, 1}, "a", "section \"d.text\" has values that do not rise"},
        {PT_IDS_TEXT, 2, {0, 1, 3}, "a\xc3", "section \"d.text\" has text that is not UTF-8"},
        {PT_IDS_TEXT, 2, {0, 1, 2}, "\xc3\xa4", "section \"d.text\" has text that is not UTF-8"}, /* cut inside a character */
    };
    for (int64_t i = 0; i < LENGTH(cases); i++) {
        pt_writer *writer = NULL;
        pt_reader *reader = NULL;
        pt_buffer *bytes = NULL;
        pt_dictionary *d = NULL;
        patron_error error = {0};
        const bool text = cases[i].kind == PT_IDS_TEXT;
        assert_int_equal(pt_writer_create(ctx, "log", 1, &writer, NULL), PATRON_OK);
        pt_writer_add_int64(writer, "d.kind", cases[i].kind);
        pt_writer_add(writer, text ? "d.text.offsets" : "d.numbers", PATRON_SECTION_INT64, cases[i].numbers, cases[i].n + text);
        if (text) pt_writer_add(writer, "d.text.bytes", PATRON_SECTION_TEXT, cases[i].bytes, cases[i].numbers[cases[i].n]);
        assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
        assert_int_equal(pt_reader_from_buffer(ctx, bytes, "log", 1, &reader, NULL), PATRON_OK);
        patron_status status = pt_dictionary_load(ctx, reader, "d", &d, &error);
        assert_int_equal(status, cases[i].words == NULL ? PATRON_OK : PATRON_ERR_FORMAT);
        assert_int_equal(d == NULL, cases[i].words != NULL);
        if (cases[i].words != NULL && strstr(error.message, cases[i].words) == NULL) fail_msg("%s", error.message);
        pt_dictionary_release(d);
        pt_reader_destroy(reader);
        pt_buffer_release(bytes);
        pt_writer_destroy(writer);
    }
}

static void a_dictionary_beyond_what_codes_can_number_is_refused(void **state) {
    (void)state;
    pt_dictionary *d = NULL;
    pt_buffer *numbers = NULL;
    patron_error error = {0};
    assert_int_equal(pt_buffer_create(ctx, 8, &numbers, NULL), PATRON_OK);
    assert_int_equal(pt_dictionary_wrap(ctx, PT_IDS_INT64, (int64_t)INT32_MAX + 1, numbers, NULL, &d, &error),
                     PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "A dictionary has 2147483648 values; expected at most 2147483647");
    assert_null(d);
    pt_buffer_release(numbers);
}

/* ---- stopping ---- */

static int polls_left;

static int stops(void *state) {
    (void)state;
    ask_at_once(ctx);
    return polls_left-- == 0;
}

static void loading_can_be_cancelled_at_any_point(void **state) {
    (void)state;
    patron_log *log = made_full_log(ctx, 40, AS_UTF8, 0), *back = NULL;
    patron_bytes *bytes = bytes_of(log);
    int (*before)(void *) = ctx->cancelled;
    int after = 0;
    for (;; after++) {
        patron_error error = {0};
        polls_left = after;
        ask_at_once(ctx);
        ctx->cancelled = stops;
        patron_status status = patron_log_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, &error);
        ctx->cancelled = before;
        if (status == PATRON_OK && polls_left >= 0) break; /* not asked so often */
        assert_int_equal(status, PATRON_ERR_CANCELLED);
        assert_int_equal(error.status, PATRON_ERR_CANCELLED);
        assert_true(error.message[0] != '\0');
        assert_null(back);
    }
    assert_true(after > 3);
    assert_same_bytes(log, back);
    patron_log_destroy(back);
    patron_bytes_destroy(bytes);
    patron_log_destroy(log);
}

/* ---- doors ---- */

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
        cmocka_unit_test(each_section_that_is_missing_or_of_another_type_is_named),
        cmocka_unit_test(each_text_that_is_not_utf8_is_refused),
        cmocka_unit_test(content_that_makes_no_sense_is_refused_behind_right_checksums),
        cmocka_unit_test(content_that_makes_sense_is_read_whoever_wrote_it),
        cmocka_unit_test(names_of_kinds_rise_and_have_numbers),
        cmocka_unit_test(what_is_there_twice_is_refused),
        cmocka_unit_test(two_lines_of_an_audit_for_one_rule_are_refused),
        cmocka_unit_test(a_log_without_an_error_to_fill_is_refused_alike),
        cmocka_unit_test(dictionaries_hold_values_that_rise),
        cmocka_unit_test(a_dictionary_beyond_what_codes_can_number_is_refused),
        cmocka_unit_test(loading_can_be_cancelled_at_any_point),
        cmocka_unit_test(a_file_of_another_kind_or_a_later_version_is_refused_by_name),
    };
    return cmocka_run_group_tests_name("log: files", tests, set_up, tear_down);
}
