/* tests/c/saved_kinds.h: every kind of file that the library saves: the doors that load it, what its object can be asked, and
 * samples in several shapes. test_damage.c and test_damage_lies.c go through these tables; tests/lint/test_kinds.py sees to it
 * that a kind which is saved anywhere in the library stands here.
 *
 * A new kind: SAVED_DOORS for its functions, a function that asks its object everything there is, a line in saved_kinds, and
 * for each shape a function that makes it and a line in saved_samples. Include after cmocka.h. */
#ifndef PATRON_TESTS_SAVED_KINDS_H
#define PATRON_TESTS_SAVED_KINDS_H

#include "file_repair.h"
#include "file_samples.h"
#include "log_asked.h"
#include "log_made.h"

#include <math.h>

/* Whether to try all that there is: asked for, and not under a sanitizer, which takes ten times as long. */
static inline bool saved_thorough(void) {
#if defined(FUZZ_POISONS) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return getenv("PATRON_LONG") != NULL;
#endif
}

typedef struct saved_kind {
    const char *kind; /* as in the file; NULL: whatever the format itself can hold */
    patron_status (*load)(patron_ctx *ctx, const char *path, void **out, patron_error *error);
    patron_status (*from_bytes)(patron_ctx *ctx, const void *data, int64_t size, void **out, patron_error *error);
    void (*ask)(patron_ctx *ctx, void *object,
                int64_t turn); /* everything; of many questions one at a turn, all of them at -1 */
    void (*destroy)(void *object);
} saved_kind;

/* patron_<name>_load and so on, without their type. */
#define SAVED_DOORS(name)                                                                                                      \
    static patron_status saved_##name##_load(patron_ctx *ctx, const char *path, void **out, patron_error *error) {             \
        patron_##name *object = NULL;                                                                                          \
        patron_status status = patron_##name##_load(ctx, path, &object, error);                                                \
        *out = object;                                                                                                         \
        return status;                                                                                                         \
    }                                                                                                                          \
    static patron_status saved_##name##_from_bytes(patron_ctx *ctx, const void *data, int64_t size, void **out,                \
                                                   patron_error *error) {                                                      \
        patron_##name *object = NULL;                                                                                          \
        patron_status status = patron_##name##_from_bytes(ctx, data, size, &object, error);                                    \
        *out = object;                                                                                                         \
        return status;                                                                                                         \
    }                                                                                                                          \
    static void saved_##name##_destroy(void *object) { patron_##name##_destroy(object); }

SAVED_DOORS(log)
SAVED_DOORS(rfm)

static void saved_log_ask(patron_ctx *ctx, void *object, int64_t turn) {
    if (turn < 0) {
        ask_log(ctx, object);
    } else {
        ask_always(object);
        ask_question(ctx, object, NULL, (int)(turn % ASK_QUESTIONS));
    }
}

static void saved_rfm_ask(patron_ctx *ctx, void *object, int64_t turn) {
    (void)turn;
    static const double recency[] = {0, 1, 2.5, 40, 1e300, NAN, -3}, frequency[] = {1, 2, 3, 50, 1e300, 2, 0},
                        monetary[] = {-1, 0, 3, 1e6, 1e300, 5, NAN};
    enum { N = 7 };
    const patron_rfm *rfm = object;
    uint8_t r[N], f[N], m[N], segment[N];
    patron_bytes *bytes = NULL;
    assert_in_range(patron_rfm_bins(rfm), 2, 100);
    assert_int_equal(patron_rfm_predict(rfm, N, recency, frequency, monetary, r, f, m, segment, NULL), PATRON_OK);
    for (int i = 0; i < N; i++) assert_non_null(patron_rfm_segment_name(segment[i]));
    const char *const figures[] = {"recency", "frequency", "monetary"};
    for (int i = 0; i < 3; i++) {
        const double *cuts;
        int n;
        assert_int_equal(patron_rfm_thresholds(rfm, figures[i], &cuts, &n, NULL), PATRON_OK);
        for (int k = 0; k < n; k++) assert_true(isfinite(cuts[k]) && (k == 0 || cuts[k - 1] <= cuts[k]));
        const char *column = patron_rfm_column(rfm, figures[i]);
        if (column != NULL) assert_true(pt_utf8_check(column, (int64_t)strlen(column)) < 0);
    }
    assert_int_equal(patron_rfm_to_bytes(rfm, &bytes, NULL), PATRON_OK);
    patron_rfm *back = NULL;
    assert_int_equal(patron_rfm_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL), PATRON_OK);
    patron_rfm_destroy(back);
    patron_bytes_destroy(bytes);
}

/* ---- what the format itself can hold: a reader as the object ---- */

static patron_status saved_format_load(patron_ctx *ctx, const char *path, void **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_open(ctx, path, NULL, 0, &reader, error);
    *out = reader;
    return status;
}

static patron_status saved_format_from_bytes(patron_ctx *ctx, const void *data, int64_t size, void **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_from_bytes(ctx, data, size, NULL, 0, &reader, error);
    *out = reader;
    return status;
}

static void saved_format_destroy(void *object) { pt_reader_destroy(object); }

/* Every section in every way it can be read. */
static void saved_format_ask(patron_ctx *ctx, void *object, int64_t turn) {
    (void)turn;
    const pt_reader *reader = object;
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section s;
        const unsigned char *data;
        const char *text, **names;
        const int64_t *offsets;
        int64_t count, value;
        uint64_t sum = 0;
        double real;
        pt_reader_entry(reader, i, &s);
        assert_int_equal(pt_reader_section(reader, s.name, s.type, &data, &count, NULL), PATRON_OK);
        assert_int_equal(count, s.bytes / pt_section_element_size((uint32_t)s.type));
        for (int64_t k = 0; k < s.bytes; k++) sum += data[k];
        assert_in_range(sum, 0, 255 * (uint64_t)s.bytes);
        (void)pt_reader_int64(reader, s.name, INT64_MIN, INT64_MAX, &value, NULL);
        (void)pt_reader_float64(reader, s.name, &real, NULL);
        if (pt_reader_text(reader, s.name, &text, NULL) == PATRON_OK) assert_int_equal(strlen(text), s.bytes - 1);
        if (pt_reader_names(reader, s.name, &count, &names, NULL) == PATRON_OK) {
            for (int64_t k = 0; k < count; k++) sum += strlen(names[k]);
            assert_true(sum >= (uint64_t)s.bytes - (uint64_t)count);
            pt_free(ctx, names);
        }
        char name[PT_FILE_NAME_SIZE];
        snprintf(name, sizeof name, "%s", s.name);
        char *dot = strrchr(name, '.');
        if (dot == NULL || strcmp(dot, ".offsets") != 0) continue;
        *dot = '\0';
        if (pt_reader_strings(reader, name, &count, &offsets, &text, NULL) != PATRON_OK) continue;
        for (int64_t k = offsets[0]; k < offsets[count]; k++) sum += (unsigned char)text[k];
    }
}

enum { SAVED_LOG = 0, SAVED_RFM = 1, SAVED_FORMAT = 2 };

static const saved_kind saved_kinds[] = {
    {.kind = "log", saved_log_load, saved_log_from_bytes, saved_log_ask, saved_log_destroy},
    {.kind = "rfm", saved_rfm_load, saved_rfm_from_bytes, saved_rfm_ask, saved_rfm_destroy},
    {.kind = NULL, saved_format_load, saved_format_from_bytes, saved_format_ask, saved_format_destroy},
};

/* ---- samples: variants 0 and 1 of one are files of the same length with other content -------------------------------------
 */

static patron_bytes *saved_log(patron_log *log) {
    patron_bytes *bytes = NULL;
    assert_int_equal(patron_log_to_bytes(log, &bytes, NULL), PATRON_OK);
    patron_log_destroy(log);
    return bytes;
}

static patron_bytes *saved_integer_ids(patron_ctx *ctx, int64_t n, int64_t variant) {
    return saved_log(made_full_log(ctx, n, AS_UINT64, variant));
}

static patron_bytes *saved_text_ids(patron_ctx *ctx, int64_t n, int64_t variant) {
    return saved_log(made_full_log(ctx, n, AS_UTF8, variant));
}

static patron_log *saved_event_log(patron_ctx *ctx, int64_t n, int64_t variant, bool every_role) {
    made_row *rows = malloc((size_t)n * sizeof *rows);
    uint64_t random = 5;
    made_draw(rows, n, &(made_shape){3, 3, false, true, true}, &random);
    for (int64_t i = 0; i < n; i++) rows[i].time += variant * PT_SECOND;
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.time_to = variant;
    if (every_role) {
        o = made_options(true);
        o.discount = o.rating = "spent";
        o.brand = o.channel = o.query = o.text = "shade";
        o.seller = o.campaign = o.surface = "kind of thing";
        o.time_to = variant;
    }
    patron_log *log = made_log_of(ctx, rows, n, AS_INT64, 1, &o);
    free(rows);
    return log;
}

static patron_bytes *saved_every_role(patron_ctx *ctx, int64_t n, int64_t variant) {
    return saved_log(saved_event_log(ctx, n, variant, true));
}

static patron_bytes *saved_plain_log(patron_ctx *ctx, int64_t n, int64_t variant) {
    return saved_log(saved_event_log(ctx, n, variant, false));
}

static patron_bytes *saved_empty_log(patron_ctx *ctx, int64_t n, int64_t variant) {
    patron_log *log = saved_event_log(ctx, n, variant, false), *none = NULL;
    assert_int_equal(patron_log_between(log, 0, 0, &none, NULL), PATRON_OK);
    patron_log_destroy(log);
    return saved_log(none);
}

static patron_bytes *saved_rfm_of(patron_ctx *ctx, int64_t n, int64_t variant, const patron_rfm_options *options) {
    double *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = (double)(1 + (i * i + variant) % 7);
    patron_rfm *rfm = NULL;
    patron_bytes *bytes = NULL;
    assert_int_equal(patron_rfm_fit(ctx, n, x, x, x, options, &rfm, NULL), PATRON_OK);
    assert_int_equal(patron_rfm_to_bytes(rfm, &bytes, NULL), PATRON_OK);
    patron_rfm_destroy(rfm);
    free(x);
    return bytes;
}

static patron_bytes *saved_fitted_rfm(patron_ctx *ctx, int64_t n, int64_t variant) {
    return saved_rfm_of(ctx, n, variant, NULL);
}

static patron_bytes *saved_given_rfm(patron_ctx *ctx, int64_t n, int64_t variant) {
    const double recency[] = {7, 30, 90}, frequency[] = {(double)(1 + variant)}, monetary[] = {-5, 0.25, 1e9};
    patron_rfm_options o;
    patron_rfm_options_init(&o);
    o.recency_cuts = recency;
    o.frequency_cuts = frequency;
    o.monetary_cuts = monetary;
    o.n_recency_cuts = o.n_monetary_cuts = 3;
    o.n_frequency_cuts = 1;
    o.recency_column = "recency_days";
    o.monetary_column = "\xe9\x87\x91\xe9\xa2\x9d";
    return saved_rfm_of(ctx, n, variant, &o);
}

static patron_bytes *saved_every_type(patron_ctx *ctx, int64_t n, int64_t variant) {
    static const int64_t offsets[] = {0, 3, 3, 9};
    static const char *const names[] = {"user", "", "\xe9\x87\x91\xe9\xa2\x9d"};
    (void)n;
    uint64_t numbers[6] = {1, UINT64_MAX, (uint64_t)variant, UINT64_C(1) << 63, 0x0102030405060708, 7};
    pt_writer *writer = NULL;
    patron_bytes *bytes = NULL;
    assert_int_equal(pt_writer_create(ctx, "sample", 1, &writer, NULL), PATRON_OK);
    for (uint32_t type = PATRON_SECTION_BYTES; type <= PATRON_SECTION_FLOAT64; type++)
        pt_writer_add(writer, patron_section_type_name((patron_section_type)type), (patron_section_type)type, numbers, 3);
    pt_writer_add(writer, "empty", PATRON_SECTION_FLOAT64, NULL, 0);
    pt_writer_add_int64(writer, "n", variant);
    pt_writer_add_float64(writer, "share", 0.5);
    pt_writer_add_names(writer, "names", 3, names);
    pt_writer_enter(writer, "users", 12);
    pt_writer_add_strings(writer, "ids", 3, offsets, "ann\xe5\x90\xb4\xe6\x9d\xb0");
    pt_writer_add_text(writer, "zone", "Asia/Shanghai");
    pt_writer_leave(writer);
    assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
    pt_writer_destroy(writer);
    return bytes;
}

typedef struct saved_sample {
    const char *name;
    const saved_kind *kind;
    patron_bytes *(*make)(patron_ctx *ctx, int64_t n, int64_t variant); /* of n rows or so */
} saved_sample;

static const saved_sample saved_samples[] = {
    {"log with integer ids", &saved_kinds[SAVED_LOG], saved_integer_ids},
    {"log with text ids", &saved_kinds[SAVED_LOG], saved_text_ids},
    {"log of every role", &saved_kinds[SAVED_LOG], saved_every_role},
    {"plain log", &saved_kinds[SAVED_LOG], saved_plain_log},
    {"log without events", &saved_kinds[SAVED_LOG], saved_empty_log},
    {"rfm as fitted", &saved_kinds[SAVED_RFM], saved_fitted_rfm},
    {"rfm as given", &saved_kinds[SAVED_RFM], saved_given_rfm},
    {"every type of section", &saved_kinds[SAVED_FORMAT], saved_every_type},
};
enum { N_SAVED_SAMPLES = sizeof saved_samples / sizeof *saved_samples };

#endif
