/* tests/c/file_samples.h: what the tests of the file format save and load. Include it after cmocka.h. */
#ifndef PATRON_TESTS_FILE_SAMPLES_H
#define PATRON_TESTS_FILE_SAMPLES_H

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new folder, below TMPDIR when that is set and short enough. */
static inline void sample_folder(char out[128]) {
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || strlen(parent) > 100) parent = P_tmpdir;
    snprintf(out, 128, "%s/patron-test-XXXXXX", parent);
    assert_non_null(mkdtemp(out));
}

/* The next poll of the context asks its `cancelled`, however short ago it did so. */
static inline void ask_at_once(patron_ctx *ctx) { memset(&ctx->polls, 0, sizeof ctx->polls); }

static const int64_t sample_time[] = {-5, 0, 7, INT64_MAX, INT64_MIN};
static const int64_t sample_offsets[] = {0, 3, 3, 9};
static const char sample_text[] = "ann\xe5\x90\xb4\xe6\x9d\xb0"; /* "ann", "", two Chinese characters */
static const char *const sample_names[] = {"user", "", "\xe9\x87\x91\xe9\xa2\x9d"};
static const uint8_t sample_bits[] = {0xff, 0x01, 0x80};

/* A writer with every kind of section; `variant` is the content of one number. The order of adding is not the order of
 * names; backwards turns it round. */
static inline patron_status sample_writer(patron_ctx *ctx, int64_t variant, bool backwards, pt_writer **out,
                                          patron_error *error) {
    pt_writer *w;
    patron_status status = pt_writer_create(ctx, "log", 2, &w, error);
    if (status != PATRON_OK) return status;
    for (int i = 0; i < 6; i++) {
        switch (backwards ? 5 - i : i) {
        case 0:
            pt_writer_add(w, "time", PATRON_SECTION_INT64, sample_time, 5);
            break;
        case 1:
            pt_writer_add(w, "empty", PATRON_SECTION_FLOAT64, NULL, 0);
            break;
        case 2:
            pt_writer_add_int64(w, "variant", variant);
            break;
        case 3:
            pt_writer_add_float64(w, "half", 0.5);
            break;
        case 4:
            pt_writer_add_names(w, "names", 3, sample_names);
            break;
        default:
            pt_writer_enter(w, "users", -1);
            pt_writer_add_strings(w, "ids", 3, sample_offsets, sample_text);
            pt_writer_enter(w, "columns", 12);
            pt_writer_add_text(w, "name", "city");
            pt_writer_add(w, "bits", PATRON_SECTION_BYTES, sample_bits, 3);
            pt_writer_leave(w);
            pt_writer_leave(w);
        }
    }
    *out = w;
    return PATRON_OK;
}

static inline patron_status sample_bytes(patron_ctx *ctx, int64_t variant, bool backwards, pt_buffer **out,
                                         patron_error *error) {
    pt_writer *w = NULL;
    patron_status status = sample_writer(ctx, variant, backwards, &w, error);
    if (status == PATRON_OK) status = pt_writer_to_bytes(w, out, error);
    pt_writer_destroy(w);
    return status;
}

static inline patron_status sample_save(patron_ctx *ctx, int64_t variant, const char *path, patron_error *error) {
    pt_writer *w = NULL;
    patron_status status = sample_writer(ctx, variant, false, &w, error);
    if (status == PATRON_OK) status = pt_writer_save(w, path, error);
    pt_writer_destroy(w);
    return status;
}

/* Reads everything that sample_writer wrote and compares it. */
static inline patron_status sample_check(patron_ctx *ctx, pt_reader *r, int64_t variant, patron_error *error) {
    patron_status status;
    const int64_t *time, *offsets;
    const uint8_t *bits;
    const double *empty;
    const char *text, **names = NULL;
    int64_t n, number;
    double half;
    PT_TRY(pt_reader_section(r, "time", PATRON_SECTION_INT64, &time, &n, error));
    assert_int_equal(n, 5);
    assert_memory_equal(time, sample_time, sizeof sample_time);
    assert_int_equal((uintptr_t)time % 64, 0);
    PT_TRY(pt_reader_section(r, "empty", PATRON_SECTION_FLOAT64, &empty, &n, error));
    assert_int_equal(n, 0);
    assert_non_null(empty);
    PT_TRY(pt_reader_int64(r, "variant", variant, variant, &number, error));
    assert_int_equal(number, variant);
    PT_TRY(pt_reader_float64(r, "half", &half, error));
    assert_true(half >= 0.5 && half <= 0.5);
    pt_reader_enter(r, "users", -1);
    PT_TRY(pt_reader_strings(r, "ids", &n, &offsets, &text, error));
    assert_int_equal(n, 3);
    assert_memory_equal(offsets, sample_offsets, sizeof sample_offsets);
    assert_memory_equal(text, sample_text, 9);
    pt_reader_enter(r, "columns", 12);
    PT_TRY(pt_reader_text(r, "name", &text, error));
    assert_string_equal(text, "city");
    PT_TRY(pt_reader_array(r, "bits", PATRON_SECTION_BYTES, 3, &bits, error));
    assert_memory_equal(bits, sample_bits, 3);
    assert_false(pt_reader_has(r, "time"));
    pt_reader_leave(r);
    pt_reader_leave(r);
    assert_true(pt_reader_has(r, "time"));
    assert_true(pt_reader_has(r, "users.columns.12.bits"));
    PT_TRY(pt_reader_names(r, "names", &n, &names, error));
    assert_int_equal(n, 3);
    for (int64_t i = 0; i < 3; i++) assert_string_equal(names[i], sample_names[i]);
    pt_free(ctx, names);
cleanup:
    return status;
}

#endif
