/* tests/c/test_file.c: what is in a file, and that nothing else is read. Saving is in test_file_save.c. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/file_layout.h"
#include "faults.h"
#include "file_samples.h"

typedef struct fixture {
    patron_ctx *ctx;
    faults memory;     /* fails nothing, counts */
    pt_buffer *sample; /* variant 7, canonical bytes */
    char folder[128];
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 1;
    options.memory_cap = 64 << 20;
    patron_allocator allocator = faults_allocator(&f->memory);
    options.allocator = &allocator;
    snprintf(f->folder, sizeof f->folder, "patron-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_int_equal(patron_ctx_create(&options, &f->ctx, NULL), PATRON_OK);
    assert_int_equal(sample_bytes(f->ctx, 7, false, &f->sample, NULL), PATRON_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    char command[160];
    pt_buffer_release(f->sample);
    patron_ctx_destroy(f->ctx);
    assert_int_equal(f->memory.live_blocks, 0);
    snprintf(command, sizeof command, "rm -r '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void path_in(const fixture *f, const char *name, char out[192]) { snprintf(out, 192, "%s/%s", f->folder, name); }

static void put_file(const char *path, const void *data, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (n > 0) assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static patron_status read_bytes(const fixture *f, const void *data, int64_t n, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_from_bytes(f->ctx, data, n, "log", 2, &reader, error);
    if (status != PATRON_OK) assert_null(reader);
    pt_reader_destroy(reader);
    return status;
}

static void assert_refused(const fixture *f, const void *data, int64_t n, const char *part) {
    patron_error error = {0};
    uint64_t before = patron_ctx_memory(f->ctx);
    assert_int_equal(read_bytes(f, data, n, &error), PATRON_ERR_FORMAT);
    assert_int_equal(error.status, PATRON_ERR_FORMAT);
    if (strstr(error.message, part) == NULL) fail_msg("\"%s\" does not say \"%s\"", error.message, part);
    assert_int_equal(patron_ctx_memory(f->ctx), before);
}

static pt_file_head *copy_of_sample(const fixture *f) {
    char *copy = aligned_alloc(64, (size_t)f->sample->size);
    assert_non_null(copy);
    memcpy(copy, f->sample->data, (size_t)f->sample->size);
    return (pt_file_head *)(void *)copy;
}

static void repair_head(pt_file_head *h, int64_t n_entries) {
    h->preamble.checksum = pt_crc32c_plain(0, h, 60);
    h->extent.checksum = pt_crc32c_plain(0, &h->extent.n_sections, 60 + 128 * n_entries);
}

/* ---- the checksum ---------------------------------------------------------------------------------------------------- */

static uint32_t crc_bit_by_bit(const unsigned char *p, size_t n) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void every_kernel_gives_the_checksum_of_the_definition(void **state) {
    (void)state;
    enum { N = 200000 };
    static unsigned char data[N + 8];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * i * 2654435761u >> 13);
    assert_int_equal(pt_crc32c_plain(0, "123456789", 9), 0xe3069283u); /* published check value */
    const size_t lengths[] = {24575, 24576, 24577, 49151, 73728, 100003, N};
    pt_cpu best = pt_cpu_detect();
    for (size_t at = 0; at < 8; at++) {
        for (size_t n = 0; n < 80; n++) {
            uint32_t expected = crc_bit_by_bit(data + at, n);
            assert_int_equal(pt_crc32c_plain(0, data + at, (int64_t)n), expected);
            assert_int_equal(pt_crc32c(best, 0, data + at, (int64_t)n), expected);
            assert_int_equal(pt_crc32c(PT_CPU_GENERIC, 0, data + at, (int64_t)n), expected);
        }
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            uint32_t expected = crc_bit_by_bit(data + at, lengths[k]);
            assert_int_equal(pt_crc32c_plain(0, data + at, (int64_t)lengths[k]), expected);
            assert_int_equal(pt_crc32c(best, 0, data + at, (int64_t)lengths[k]), expected);
        }
    }
    uint32_t whole = crc_bit_by_bit(data, N);
    for (int64_t cut = 0; cut <= N; cut += 12345) {
        uint32_t a = pt_crc32c_plain(0, data, cut), b = pt_crc32c_plain(0, data + cut, N - cut);
        assert_int_equal(pt_crc32c(best, a, data + cut, N - cut), whole);
        assert_int_equal(pt_crc32c_combine(a, b, N - cut), whole);
    }
}

static void spans_have_the_same_checksums_at_any_thread_count(void **state) {
    fixture *f = *state;
    const int64_t sizes[] = {0, 1179648, 3 << 20, 5, 0, 64, 1179648, 1179647, 1, 0, 9 << 20, 63, 0};
    enum { N = sizeof sizes / sizeof *sizes };
    pt_span spans[N];
    char *data = malloc(9 << 20);
    assert_non_null(data);
    for (size_t i = 0; i < 9 << 20; i++) data[i] = (char)(i * 7 + (i >> 9));
    for (int64_t first = 128; first < 3000; first += 1408) {
        int64_t cursor = first;
        for (int i = 0; i < N; i++) {
            spans[i] = (pt_span){sizes[i] == 0 ? NULL : data, cursor, sizes[i], 99};
            cursor = pt_file_aligned(cursor + sizes[i]);
        }
        const int threads[] = {1, 2, 3, 8};
        for (int t = 0; t < 4; t++) {
            assert_int_equal(patron_ctx_set_threads(f->ctx, threads[t], NULL), PATRON_OK);
            assert_int_equal(pt_crc32c_spans(f->ctx, N, spans, NULL), PATRON_OK);
            for (int i = 0; i < N; i++) assert_int_equal(spans[i].crc, pt_crc32c_plain(0, data, sizes[i]));
        }
    }
    patron_ctx_set_threads(f->ctx, 1, NULL);
    free(data);
}

/* ---- what is saved is what is loaded ------------------------------------------------------------------------------------ */

static void everything_saved_is_loaded(void **state) {
    fixture *f = *state;
    char path[192];
    pt_reader *reader = NULL;
    path_in(f, "a.patron", path);
    assert_int_equal(sample_save(f->ctx, 7, path, NULL), PATRON_OK);
    assert_int_equal(pt_reader_open(f->ctx, path, "log", 2, &reader, NULL), PATRON_OK);
    assert_string_equal(pt_reader_kind(reader), "log");
    assert_int_equal(pt_reader_kind_version(reader), 2);
    assert_int_equal(sample_check(f->ctx, reader, 7, NULL), PATRON_OK);
    pt_reader_destroy(reader);
    reader = NULL;
    assert_int_equal(pt_reader_from_bytes(f->ctx, f->sample->data, f->sample->size, "log", 9, &reader, NULL), PATRON_OK);
    assert_int_equal(sample_check(f->ctx, reader, 7, NULL), PATRON_OK);
    pt_reader_destroy(reader);
}

static void equal_content_is_equal_bytes(void **state) {
    fixture *f = *state;
    char path[192];
    pt_buffer *backwards = NULL, *other = NULL;
    path_in(f, "a.patron", path);
    assert_int_equal(sample_bytes(f->ctx, 7, true, &backwards, NULL), PATRON_OK);
    assert_int_equal(backwards->size, f->sample->size);
    assert_memory_equal(backwards->data, f->sample->data, (size_t)f->sample->size);
    assert_int_equal(sample_bytes(f->ctx, 8, true, &other, NULL), PATRON_OK);
    assert_true(memcmp(other->data, f->sample->data, (size_t)f->sample->size) != 0);
    assert_int_equal(sample_save(f->ctx, 7, path, NULL), PATRON_OK);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *saved = malloc((size_t)f->sample->size + 1);
    assert_int_equal(fread(saved, 1, (size_t)f->sample->size + 1, file), f->sample->size);
    assert_memory_equal(saved, f->sample->data, (size_t)f->sample->size);
    fclose(file);
    free(saved);
    pt_buffer_release(backwards);
    pt_buffer_release(other);
}

static void a_file_of_no_sections_is_a_file(void **state) {
    fixture *f = *state;
    pt_writer *writer = NULL;
    pt_buffer *bytes = NULL;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &writer, NULL), PATRON_OK);
    assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
    assert_int_equal(bytes->size, 128);
    assert_int_equal(read_bytes(f, bytes->data, bytes->size, NULL), PATRON_OK);
    pt_buffer_release(bytes);
    pt_writer_destroy(writer);
}

static void kept_bytes_outlive_the_reader(void **state) {
    fixture *f = *state;
    char path[192];
    pt_reader *reader = NULL;
    const int64_t *time = NULL;
    path_in(f, "a.patron", path);
    assert_int_equal(sample_save(f->ctx, 7, path, NULL), PATRON_OK);
    assert_int_equal(pt_reader_open(f->ctx, path, NULL, 0, &reader, NULL), PATRON_OK);
    assert_int_equal(pt_reader_array(reader, "time", PATRON_SECTION_INT64, 5, &time, NULL), PATRON_OK);
    pt_buffer *kept = pt_reader_keep(reader);
    pt_reader_destroy(reader);
    assert_int_equal(sample_save(f->ctx, 8, path, NULL),
                     PATRON_OK); /* another file under the name: the map is of the old one */
    assert_int_equal(unlink(path), 0);
    assert_memory_equal(time, sample_time, sizeof sample_time);
    assert_true((const char *)time > (const char *)kept->data && (const char *)time < (const char *)kept->data + kept->size);
    pt_buffer_release(kept);
}

/* The layout of format 1, byte for byte, as patron 0.1.0 wrote it. It is never to change: every later version loads it. */
static const unsigned char golden[] = {
    137, 112, 97,  116, 114, 111, 110, 10, 13,  12,  11,  10,  1,   0,   0,  0, 1,  0, 0, 0, 1, 0, 0, 0, 108, 111, 103, 0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   48,  46,  49,  46,  48, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    132, 82,  211, 81,  82,  226, 52,  65, 1,   0,   0,   0,   64,  1,   0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  97,  110, 115, 119, 101, 114, 0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  1, 0,  0, 0, 0, 0, 0, 1, 0, 0,   0,   0,   0, 0, 0,
    6,   0,   0,   0,   8,   0,   0,   0,  135, 41,  107, 81,  0,   0,   0,  0, 42, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  0, 0,  0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   0, 0, 0,
    0,   0,   0,   0,   0,   0,   0,   0,  0,   0,   0,   0,   0,   0,   0,  0, 0,  0, 0, 0};

static void a_file_of_version_0_1_0_loads_for_ever(void **state) {
    fixture *f = *state;
    pt_reader *reader = NULL;
    int64_t number = 0;
    assert_int_equal(pt_reader_from_bytes(f->ctx, golden, sizeof golden, "log", 1, &reader, NULL), PATRON_OK);
    assert_int_equal(pt_reader_n_sections(reader), 1);
    assert_int_equal(pt_reader_int64(reader, "answer", 42, 42, &number, NULL), PATRON_OK);
    assert_int_equal(number, 42);
    pt_reader_destroy(reader);
}

static void what_is_written_is_format_1(void **state) {
    fixture *f = *state;
    pt_writer *writer = NULL;
    pt_buffer *bytes = NULL;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &writer, NULL), PATRON_OK);
    pt_writer_add_int64(writer, "answer", 42);
    assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
    assert_int_equal(bytes->size, sizeof golden);
    assert_memory_equal(bytes->data, golden, offsetof(pt_file_preamble, writer));
    assert_memory_equal((char *)bytes->data + 64, golden + 64, sizeof golden - 64);
    pt_buffer_release(bytes);
    pt_writer_destroy(writer);
}

/* ---- damage -------------------------------------------------------------------------------------------------------------- */

static void a_file_with_bytes_behind_it_is_refused(void **state) {
    fixture *f = *state;
    const int64_t more[] = {1, 63, 64, 128};
    char *longer = aligned_alloc(64, (size_t)f->sample->size + 128);
    assert_non_null(longer);
    memset(longer, 0, (size_t)f->sample->size + 128);
    memcpy(longer, f->sample->data, (size_t)f->sample->size);
    for (int i = 0; i < 4; i++) assert_refused(f, longer, f->sample->size + more[i], "cut short or added to");
    for (int i = 0; i < 4; i++) { /* and when the header knows of them */
        uint64_t length = (uint64_t)(f->sample->size + more[i]);
        memcpy(longer + offsetof(pt_file_head, extent.length), &length, sizeof length);
        repair_head((pt_file_head *)(void *)longer, 9);
        assert_refused(f, longer, (int64_t)length, "behind its last section");
    }
    free(longer);
}

static void the_lowest_damaged_section_is_named_at_any_thread_count(void **state) {
    fixture *f = *state;
    enum { N = 5 << 20 };
    char *data = malloc(N), names[6][8];
    pt_writer *writer = NULL;
    pt_buffer *bytes = NULL;
    for (size_t i = 0; i < N; i++) data[i] = (char)(i * 31 + (i >> 12));
    assert_int_equal(pt_writer_create(f->ctx, "big", 1, &writer, NULL), PATRON_OK);
    for (int i = 0; i < 6; i++) {
        snprintf(names[i], sizeof names[i], "s%d", i);
        pt_writer_add(writer, names[i], PATRON_SECTION_UINT8, data, i == 3 ? 100 : N);
    }
    pt_buffer *at_one = NULL;
    const int threads[] = {1, 2, 3, 8};
    for (int t = 0; t < 4; t++) {
        patron_ctx_set_threads(f->ctx, threads[t], NULL);
        assert_int_equal(pt_writer_to_bytes(writer, &bytes, NULL), PATRON_OK);
        if (at_one == NULL) at_one = pt_buffer_retain(bytes);
        assert_memory_equal(bytes->data, at_one->data, (size_t)bytes->size);
        pt_buffer_release(bytes);
        bytes = NULL;
    }
    pt_file_head *h = at_one->data;
    ((char *)at_one->data)[h->entries[5].offset + 11] ^= 4;
    ((char *)at_one->data)[h->entries[2].offset + N - 1] ^= 1;
    for (int t = 0; t < 4; t++) {
        pt_reader *reader = NULL;
        patron_error error = {0};
        patron_ctx_set_threads(f->ctx, threads[t], NULL);
        assert_int_equal(pt_reader_from_buffer(f->ctx, at_one, "big", 1, &reader, &error), PATRON_ERR_FORMAT);
        assert_non_null(strstr(error.message, "section \"s2\" is damaged"));
    }
    patron_ctx_set_threads(f->ctx, 1, NULL);
    pt_buffer_release(at_one);
    pt_writer_destroy(writer);
    free(data);
}

/* ---- of another kind, newer, foreign ----------------------------------------------------------------------------------------
 */

static void a_file_of_another_kind_is_refused_naming_both(void **state) {
    fixture *f = *state;
    pt_reader *reader = NULL;
    patron_error error = {0};
    assert_int_equal(pt_reader_from_buffer(f->ctx, f->sample, "profile", 1, &reader, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "is of kind \"log\"; expected kind \"profile\""));
    assert_null(reader);
}

static void a_newer_file_is_refused_naming_the_version_that_reads_it(void **state) {
    fixture *f = *state;
    pt_reader *reader = NULL;
    patron_error error = {0};
    pt_file_head *h = copy_of_sample(f);
    memset(h->preamble.writer, 0, sizeof h->preamble.writer);
    memcpy(h->preamble.writer, "7.3.1", 5);
    repair_head(h, h->extent.n_sections);
    assert_int_equal(read_bytes(f, h, f->sample->size, NULL), PATRON_OK); /* written by a newer one, but readable */
    assert_int_equal(pt_reader_from_bytes(f->ctx, h, f->sample->size, "log", 1, &reader, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "needs patron 7.3.1"));
    assert_non_null(strstr(error.message, "\"log\" up to version 1; the file's is 2"));
    h->preamble.format_version = 9;
    h->preamble.reader_version = 1;
    repair_head(h, h->extent.n_sections);
    assert_int_equal(read_bytes(f, h, f->sample->size, NULL), PATRON_OK);
    h->preamble.reader_version = 8;
    h->preamble.checksum = pt_crc32c_plain(0, h, 60);
    memset(&h->extent, 0xee, sizeof h->extent); /* whatever it may look like by then */
    assert_refused(f, h, f->sample->size, "needs patron 7.3.1");
    assert_refused(f, h, f->sample->size, "the file's is 9, readable from 8 on");
    free(h);
}

static void bytes_of_another_order_or_origin_are_refused(void **state) {
    fixture *f = *state;
    pt_file_head *h = copy_of_sample(f);
    h->preamble.byte_order = __builtin_bswap32(h->preamble.byte_order);
    assert_refused(f, h, f->sample->size, "other byte order");
    free(h);
    char page[4096] = "PK\003\004 is how zip files begin";
    assert_refused(f, page, sizeof page, "not a patron file");
    assert_refused(f, page, 3, "not a patron file");
    assert_refused(f, page, 0, "empty");
}

/* ---- lies behind right checksums --------------------------------------------------------------------------------------------
 */

static void declared_sizes_that_lie_are_refused_without_memory(void **state) {
    fixture *f = *state;
    int64_t size = f->sample->size;
    const uint64_t lies[] = {6,         1u << 20, (uint64_t)1 << 40, (uint64_t)1 << 60, (uint64_t)1 << 61, (uint64_t)INT64_MAX,
                             UINT64_MAX};
    patron_ctx_memory_peak_reset(f->ctx);
    uint64_t before = patron_ctx_memory(f->ctx);
    for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
        pt_file_head *h = copy_of_sample(f);
        int64_t n = (int64_t)h->extent.n_sections;
        pt_file_entry *e = &h->entries[n - 3]; /* "users.ids.bytes", ".offsets", "variant" are the last */
        uint64_t kept;
#define LIE(field, value, part)                                                                                                \
    do {                                                                                                                       \
        kept = (uint64_t)(field);                                                                                              \
        (field) = (__typeof__(field))(value);                                                                                  \
        repair_head(h, h->extent.n_sections <= n + 1 ? h->extent.n_sections : n);                                              \
        assert_refused(f, h, size, part);                                                                                      \
        (field) = (__typeof__(field))kept;                                                                                     \
    } while (0)
        LIE(e->count, lies[k] == 6 ? 1 : lies[k], "damaged");
        LIE(e[1].count, ((uint64_t)1 << 61) + e[1].count, "damaged"); /* 8 times it wraps round to the true bytes */
        LIE(e->offset, lies[k], "damaged");
        LIE(e->element_size, lies[k] | 3, "damaged");
        LIE(e->type, (lies[k] & 0xffff) + 14, "damaged");
        LIE(e->reserved, 1, "damaged");
        LIE(e->name[0], ' ', "name");
        LIE(e->name[95], 'x', "name");
        LIE(e->name[0], 'a', "order");
        LIE(h->extent.length, lies[k], "header says");
        LIE(h->extent.reserved[47], 1, "reserved");
        LIE(h->preamble.reserved, 1, "no sense");
        LIE(h->preamble.kind[14], 'x', "no sense");
        LIE(h->preamble.kind_version, 0, "no sense");
        LIE(h->preamble.reader_version, 0, "no sense");
        LIE(h->extent.n_sections, n + 1, "");
        LIE(h->extent.n_sections, n - 1, "");
        LIE(h->extent.n_sections, 65537, "cannot hold");
        LIE(h->extent.n_sections, UINT32_MAX, "cannot hold");
        repair_head(h, n);
        assert_int_equal(read_bytes(f, h, size, NULL), PATRON_OK);
        free(h);
    }
    assert_true(patron_ctx_memory_peak(f->ctx) < before + (uint64_t)size + 4096);
}

static void a_header_that_no_writer_makes_is_refused(void **state) {
    fixture *f = *state;
    pt_file_head *h = copy_of_sample(f);
    const pt_file_preamble fine = h->preamble;
    pt_file_preamble bad[9];
    for (int i = 0; i < 9; i++) bad[i] = fine;
    bad[0].byte_order = 0x0a0b0c0e;
    bad[1].kind[0] = ' ';
    bad[2].writer[0] = '\0';
    bad[3].reserved = 1;
    bad[4].reader_version = 0;
    bad[5].reader_version = bad[5].format_version + 1;
    bad[6].format_version = (uint32_t)INT32_MAX + 1;
    bad[7].kind_version = 0;
    bad[8].kind_version = (uint32_t)INT32_MAX + 1;
    for (int i = 0; i < 9; i++) {
        h->preamble = bad[i];
        repair_head(h, h->extent.n_sections);
        assert_refused(f, h, f->sample->size, "is damaged: its header makes no sense");
    }
    h->preamble = fine;
    assert_int_equal(read_bytes(f, h, f->sample->size, NULL), PATRON_OK);
    free(h);
}

static void a_last_section_without_its_padding_is_refused(void **state) {
    fixture *f = *state;
    pt_file_head *h = copy_of_sample(f);
    h->extent.length -= 8; /* "variant" takes 8 of 64 bytes */
    repair_head(h, h->extent.n_sections);
    assert_refused(f, h, f->sample->size - 8, "section \"variant\" is damaged: its padding is missing");
    free(h);
}

static void padding_that_is_not_zero_is_refused(void **state) {
    fixture *f = *state;
    pt_file_head *h = copy_of_sample(f);
    ((char *)h)[f->sample->size - 1] = 1;
    assert_refused(f, h, f->sample->size, "section \"variant\" is damaged: its padding is not zero");
    free(h);
}

static void bytes_that_lie_askew_in_memory_are_refused(void **state) {
    fixture *f = *state;
    pt_buffer *askew = NULL;
    pt_reader *reader = NULL;
    patron_error error = {0};
    const char *begin = f->sample->data;
    assert_int_equal(pt_buffer_slice(f->sample, begin + 8, f->sample->size - 8, &askew, NULL), PATRON_OK);
    assert_int_equal(pt_reader_from_buffer(f->ctx, askew, "log", 2, &reader, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The bytes of \"(bytes in memory)\" are not aligned to 64 in memory");
    assert_null(reader);
    pt_buffer_release(askew);
}

static void names_have_letters_digits_and_four_signs(void **state) {
    (void)state;
    for (int c = 1; c < 256; c++) {
        const char name[4] = {'a', (char)c, 'Z'};
        const bool allowed = (c < 128 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+", c)) != 0;
        assert_int_equal(pt_file_name_valid(name, sizeof name), allowed);
    }
    assert_false(pt_file_name_valid("\0\0\0", 4));
    assert_false(pt_file_name_valid("abcd", 4)); /* no zero */
    assert_true(pt_file_name_valid("abc\0", 4));
    assert_false(pt_file_name_valid("a\0c", 4)); /* something behind it */
}

static void a_huge_sparse_file_is_refused_at_once(void **state) {
    fixture *f = *state;
    char path[192];
    path_in(f, "sparse.patron", path);
    pt_file_head *h = copy_of_sample(f);
    h->extent.length = (uint64_t)1 << 40;
    h->extent.n_sections = UINT32_MAX;
    repair_head(h, 0);
    put_file(path, h, (size_t)f->sample->size);
    free(h);
    if (truncate(path, (off_t)1 << 40) != 0) skip(); /* a file system that has no such files */
    patron_error error = {0};
    patron_ctx_memory_peak_reset(f->ctx);
    uint64_t before = patron_ctx_memory(f->ctx);
    patron_status status = patron_file_verify(f->ctx, path, &error);
    assert_true(status == PATRON_ERR_FORMAT || status == PATRON_ERR_IO); /* IO: no room for the map */
    assert_true(patron_ctx_memory_peak(f->ctx) < before + 4096);
}

static void what_is_no_regular_file_is_refused(void **state) {
    fixture *f = *state;
    char path[192];
    patron_error error = {0};
    assert_int_equal(patron_file_verify(f->ctx, f->folder, &error), PATRON_ERR_IO);
    assert_int_equal(error.os_error, EISDIR);
    path_in(f, "pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(patron_file_verify(f->ctx, path, &error), PATRON_ERR_IO);
    assert_non_null(strstr(error.message, "expected a regular file"));
    assert_int_equal(patron_file_verify(f->ctx, "/dev/zero", &error), PATRON_ERR_IO);
    path_in(f, "nothing", path);
    assert_int_equal(patron_file_verify(f->ctx, path, &error), PATRON_ERR_IO);
    assert_int_equal(error.os_error, ENOENT);
    assert_non_null(strstr(error.message, path));
    put_file(path, "", 0);
    assert_int_equal(patron_file_verify(f->ctx, path, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "is empty"));
}

/* ---- sections that are not what a loader wants
 * -------------------------------------------------------------------------------- */

static void a_missing_or_unexpected_section_is_named(void **state) {
    fixture *f = *state;
    pt_reader *r = NULL;
    const void *data = NULL;
    const char *text = NULL;
    int64_t n = -1;
    double real;
    patron_error error = {0};
    assert_int_equal(pt_reader_from_buffer(f->ctx, f->sample, "log", 2, &r, NULL), PATRON_OK);
    assert_int_equal(pt_reader_section(r, "nothing", PATRON_SECTION_INT8, &data, &n, &error), PATRON_ERR_FORMAT);
    assert_string_equal(error.message, "File \"(bytes in memory)\": section \"nothing\" is missing; expected one of type int8");
    assert_int_equal(pt_reader_section(r, "time", PATRON_SECTION_UINT64, &data, &n, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "section \"time\" is of type int64; expected uint64"));
    assert_int_equal(pt_reader_array(r, "time", PATRON_SECTION_INT64, 6, &data, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "has 5 elements; expected 6"));
    assert_int_equal(pt_reader_int64(r, "variant", 0, 6, &n, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "is 7; expected 0 to 6"));
    assert_int_equal(pt_reader_int64(r, "variant", 8, 60, &n, NULL), PATRON_ERR_FORMAT);
    assert_int_equal(pt_reader_int64(r, "time", INT64_MIN, INT64_MAX, &n, NULL), PATRON_ERR_FORMAT);
    assert_int_equal(pt_reader_float64(r, "variant", &real, NULL), PATRON_ERR_FORMAT);
    pt_reader_enter(r, "users", -1);
    assert_int_equal(pt_reader_refuse(r, "ids", &error, "holds %d", 5), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "section \"users.ids\" holds 5"));
    pt_reader_leave(r);
    const char **names = NULL;
    const int64_t *offsets = NULL;
    assert_int_equal(pt_reader_names(r, "time", &n, &names, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "section \"time\" is of type int64; expected text"));
    assert_int_equal(pt_reader_strings(r, "time", &n, &offsets, &text, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "section \"time.offsets\" is missing; expected one of type int64"));
    assert_int_equal(pt_reader_section(r, "a b", PATRON_SECTION_INT8, &data, &n, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "The name of a section is \"a b\""));
    assert_false(pt_reader_has(r, "a b"));
    assert_null(names);
    assert_null(offsets);
    assert_int_equal(pt_reader_text(r, "names", &text, &error), PATRON_ERR_FORMAT);
    assert_null(data);
    assert_null(text);
    assert_int_equal(n, -1);
    pt_reader_destroy(r);
}

static void texts_and_strings_out_of_bounds_are_refused(void **state) {
    fixture *f = *state;
    static int64_t long_offsets[(2 << 20) + 2];
    const int64_t falling[] = {0, 5, 3, 6}, beyond[] = {0, 3, 7}, late[] = {1, 3, 6};
    const int64_t n_long = sizeof long_offsets / sizeof *long_offsets;
    long_offsets[n_long - 2] = 7; /* falls again in the last chunk */
    long_offsets[n_long - 1] = 6;
    const struct {
        const int64_t *offsets;
        int64_t n;
    } bad[] = {{falling, 4}, {beyond, 3}, {late, 3}, {falling, 0}, {long_offsets, n_long}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pt_writer *w = NULL;
        pt_buffer *bytes = NULL;
        pt_reader *r = NULL;
        const int64_t *offsets = NULL;
        const char *text = NULL, **names = NULL;
        int64_t n = -1;
        patron_error error = {0};
        assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
        pt_writer_add(w, "ids.offsets", PATRON_SECTION_INT64, bad[i].offsets, bad[i].n);
        pt_writer_add(w, "ids.bytes", PATRON_SECTION_TEXT, "abcdef", 6);
        pt_writer_add(w, "alone.offsets", PATRON_SECTION_INT64, falling, 1);
        pt_writer_add(w, "inner", PATRON_SECTION_TEXT, "ab\0c", 5);
        pt_writer_add(w, "open", PATRON_SECTION_TEXT, "abc", 3);
        pt_writer_add(w, "none", PATRON_SECTION_TEXT, NULL, 0);
        assert_int_equal(pt_writer_to_bytes(w, &bytes, NULL), PATRON_OK);
        assert_int_equal(pt_reader_from_buffer(f->ctx, bytes, "log", 1, &r, NULL), PATRON_OK);
        assert_int_equal(pt_reader_strings(r, "ids", &n, &offsets, &text, &error), PATRON_ERR_FORMAT);
        assert_non_null(strstr(error.message, "ids.offsets"));
        assert_int_equal(pt_reader_text(r, "inner", &text, NULL), PATRON_ERR_FORMAT);
        assert_int_equal(pt_reader_text(r, "open", &text, NULL), PATRON_ERR_FORMAT);
        assert_int_equal(pt_reader_text(r, "none", &text, NULL), PATRON_ERR_FORMAT);
        assert_int_equal(pt_reader_names(r, "open", &n, &names, NULL), PATRON_ERR_FORMAT);
        assert_int_equal(pt_reader_strings(r, "alone", &n, &offsets, &text, &error), PATRON_ERR_FORMAT);
        assert_non_null(strstr(error.message, "section \"alone.bytes\" is missing; expected one of type text"));
        assert_int_equal(pt_reader_names(r, "none", &n, &names, NULL), PATRON_OK);
        assert_int_equal(n, 0);
        assert_null(text);
        assert_null(offsets);
        pt_free(f->ctx, names);
        pt_reader_destroy(r);
        pt_buffer_release(bytes);
        pt_writer_destroy(w);
    }
}

/* ---- inspect ----------------------------------------------------------------------------------------------------------------
 */

static void inspect_lists_what_is_in_a_file(void **state) {
    fixture *f = *state;
    char path[192];
    patron_file_info *info = NULL;
    path_in(f, "a.patron", path);
    put_file(path, f->sample->data, (size_t)f->sample->size);
    assert_int_equal(patron_file_inspect(f->ctx, path, &info, NULL), PATRON_OK);
    assert_string_equal(info->kind, "log");
    assert_string_equal(info->writer, patron_version());
    assert_int_equal(info->kind_version, 2);
    assert_int_equal(info->format_version, 1);
    assert_int_equal(info->length, f->sample->size);
    assert_int_equal(info->n_sections, 9);
    const patron_file_section *s = patron_file_info_section(info, 4);
    assert_string_equal(s->name, "users.columns.12.bits");
    assert_int_equal(s->type, PATRON_SECTION_BYTES);
    assert_int_equal(s->count, 3);
    assert_int_equal(s->checksum, pt_crc32c_plain(0, sample_bits, 3));
    s = patron_file_info_section(info, 3);
    assert_string_equal(s->name, "time");
    assert_string_equal(patron_section_type_name(s->type), "int64");
    assert_int_equal(s->bytes, 40);
    assert_memory_equal((char *)f->sample->data + s->offset, sample_time, 40);
    assert_null(patron_file_info_section(info, 9));
    assert_null(patron_file_info_section(info, -1));
    patron_file_info_destroy(info);
    patron_file_info_destroy(NULL);
    assert_string_equal(patron_section_type_name((patron_section_type)0), "unknown");
    assert_string_equal(patron_section_type_name((patron_section_type)99), "unknown");
}

static void inspect_leaves_the_sections_to_verify(void **state) {
    fixture *f = *state;
    char path[192];
    patron_file_info *info = NULL;
    patron_error error = {0};
    path_in(f, "a.patron", path);
    pt_file_head *h = copy_of_sample(f);
    ((char *)h)[h->entries[3].offset] ^= 1;
    put_file(path, h, (size_t)f->sample->size);
    assert_int_equal(patron_file_inspect(f->ctx, path, &info, NULL), PATRON_OK);
    patron_file_info_destroy(info);
    assert_int_equal(patron_file_verify(f->ctx, path, &error), PATRON_ERR_FORMAT);
    assert_non_null(strstr(error.message, "section \"time\" is damaged"));
    assert_non_null(strstr(error.message, path));
    free(h);
}

static void a_long_path_is_shown_by_its_end(void **state) {
    (void)state;
    char label[PT_FILE_LABEL_SIZE], path[1000], path_of_three[603];
    memset(path, 'a', sizeof path - 1);
    memcpy(path + sizeof path - 10, "/x.patron", 10);
    pt_file_label(path, label);
    assert_int_equal(strlen(label), PT_FILE_LABEL_SIZE - 1);
    assert_non_null(strstr(label, "/x.patron"));
    for (int i = 0; i < 200; i++) memcpy(path_of_three + 3 * i, "\xe9\x87\x91", 4);
    for (int cut = 0; cut < 3; cut++) {
        path_of_three[600 - 3] = '\0';
        memmove(path_of_three + 597 - cut, "ab", (size_t)cut);
        path_of_three[597] = '\0';
        pt_file_label(path_of_three, label);
        assert_int_equal((unsigned char)label[3], 0xe9);
    }
}

static void bytes_of_a_size_below_zero_are_refused(void **state) {
    fixture *f = *state;
    patron_error error = {0};
    pt_reader *reader = NULL;
    assert_int_equal(pt_reader_from_bytes(f->ctx, f->sample->data, -1, "log", 1, &reader, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The size is -1; expected a number of bytes");
    assert_null(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_gives_the_checksum_of_the_definition),
        cmocka_unit_test(spans_have_the_same_checksums_at_any_thread_count),
        cmocka_unit_test(everything_saved_is_loaded),
        cmocka_unit_test(equal_content_is_equal_bytes),
        cmocka_unit_test(a_file_of_no_sections_is_a_file),
        cmocka_unit_test(bytes_of_a_size_below_zero_are_refused),
        cmocka_unit_test(kept_bytes_outlive_the_reader),
        cmocka_unit_test(a_file_of_version_0_1_0_loads_for_ever),
        cmocka_unit_test(what_is_written_is_format_1),
        cmocka_unit_test(a_file_with_bytes_behind_it_is_refused),
        cmocka_unit_test(the_lowest_damaged_section_is_named_at_any_thread_count),
        cmocka_unit_test(a_file_of_another_kind_is_refused_naming_both),
        cmocka_unit_test(a_newer_file_is_refused_naming_the_version_that_reads_it),
        cmocka_unit_test(bytes_of_another_order_or_origin_are_refused),
        cmocka_unit_test(declared_sizes_that_lie_are_refused_without_memory),
        cmocka_unit_test(a_header_that_no_writer_makes_is_refused),
        cmocka_unit_test(a_last_section_without_its_padding_is_refused),
        cmocka_unit_test(padding_that_is_not_zero_is_refused),
        cmocka_unit_test(bytes_that_lie_askew_in_memory_are_refused),
        cmocka_unit_test(names_have_letters_digits_and_four_signs),
        cmocka_unit_test(a_huge_sparse_file_is_refused_at_once),
        cmocka_unit_test(what_is_no_regular_file_is_refused),
        cmocka_unit_test(a_missing_or_unexpected_section_is_named),
        cmocka_unit_test(texts_and_strings_out_of_bounds_are_refused),
        cmocka_unit_test(inspect_lists_what_is_in_a_file),
        cmocka_unit_test(inspect_leaves_the_sections_to_verify),
        cmocka_unit_test(a_long_path_is_shown_by_its_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
