/* tests/c/test_counts_file.c: files of more bytes, sections of more elements and logs of more events than 32 bits can count:
 * read and written right, or refused before anything is read or allocated. The files are file operations that map a sparse
 * array, so no memory and no disk is spent on them. What takes more than a second or two runs with PATRON_LONG only. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "counts.h"

/* ---- files: what they are mapped from is memory
 * ------------------------------------------------------------------------------ */

typedef struct mapped {
    char *memory; /* of `room` bytes, sparse */
    int64_t room, length;
    const char *zeros; /* what is written from here is zeros and left out */
    int64_t n_zeros;
} mapped;

static int mapped_open(void *state, const char *path) { return (void)state, (void)path, 3; }
static int mapped_create(void *state, const char *path) {
    (void)path;
    ((mapped *)state)->length = 0;
    return 3;
}
static int64_t mapped_write(void *state, int fd, const void *data, size_t n) {
    mapped *m = state;
    (void)fd;
    if (m->length + (int64_t)n > m->room) return -28;
    bool zeros = m->zeros != NULL && (const char *)data >= m->zeros && (const char *)data < m->zeros + m->n_zeros;
    if (!zeros) memcpy(m->memory + m->length, data, n);
    m->length += (int64_t)n;
    return (int64_t)n;
}
static int64_t mapped_length(void *state, int fd) { return (void)fd, ((mapped *)state)->length; }
static int mapped_fine(void *state, int fd) { return (void)state, (void)fd, 0; }
static int mapped_path(void *state, const char *path) { return (void)state, (void)path, 0; }
static int mapped_rename(void *state, const char *from, const char *to) { return (void)state, (void)from, (void)to, 0; }
static int mapped_map(void *state, int fd, size_t n, const void **out) {
    (void)fd;
    (void)n;
    *out = ((mapped *)state)->memory;
    return 0;
}
static void mapped_unmap(void *state, const void *data, size_t n) { (void)state, (void)data, (void)n; }

static patron_ctx *mapped_ctx(mapped *m, int64_t room) {
    *m = (mapped){.memory = sparse(room), .room = room};
    const patron_file_ops files = {m,           mapped_create, mapped_open, mapped_write, mapped_length, mapped_fine,
                                   mapped_fine, mapped_rename, mapped_path, mapped_path,  mapped_map,    mapped_unmap};
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.file_ops = &files;
    options.threads = 2;
    options.memory_cap = CAP;
    patron_ctx *own = NULL;
    assert_int_equal(patron_ctx_create(&options, &own, NULL), PATRON_OK);
    return own;
}

static void mapped_end(mapped *m, patron_ctx *own) {
    assert_true(patron_ctx_memory_peak(own) < patron_ctx_memory(own) + SLACK);
    patron_ctx_destroy(own);
    drop(m->memory, m->room);
}

/* A file of any kind that says it has 8 GiB, and has them. */
static void a_file_beyond_4_gib_that_lies_is_refused_without_being_read(void **state) {
    (void)state;
    const int64_t lengths[] = {TWO_31, TWO_32, 2 * TWO_32};
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 2 * TWO_32);
    for (int k = 0; k < N_SAVED_SAMPLES; k++) {
        patron_bytes *bytes = saved_samples[k].make(ctx, 3, 0);
        int64_t size = patron_bytes_size(bytes);
        memcpy(m.memory, patron_bytes_data(bytes), (size_t)size);
        pt_file_head *head = (pt_file_head *)(void *)m.memory;
        pt_file_entry *last = &head->entries[head->extent.n_sections - 1];
        for (int i = 0; i < LENGTH(lengths); i++)
            for (int lie = 0; lie < 3; lie++) {
                const uint64_t count = last->count;
                m.length = lengths[i];
                head->extent.length = (uint64_t)lengths[i];
                if (lie == 1) head->extent.n_sections += UINT32_C(1) << 31;
                if (lie == 2) last->count += UINT64_C(1) << 61;
                head->extent.checksum = pt_crc32c_plain(
                    0, &head->extent.n_sections, 60 + (int64_t)(head->extent.n_sections & 0xffff) * (int64_t)sizeof *last);
                void *object = NULL;
                patron_error error = {0};
                patron_file_info *info = NULL;
                assert_failed(saved_samples[k].kind->load(own, "file", &object, &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_failed(patron_file_verify(own, "file", &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_failed(patron_file_inspect(own, "file", &info, &error), PATRON_ERR_FORMAT, &error, "damaged");
                assert_null(object);
                assert_null(info);
                if (lie == 1) head->extent.n_sections -= UINT32_C(1) << 31;
                last->count = count;
            }
        memset(m.memory, 0, (size_t)size);
        patron_bytes_destroy(bytes);
    }
    mapped_end(&m, own);
}

static void a_section_of_more_than_2_31_elements_is_written_and_read(void **state) {
    (void)state;
    const int64_t n = TWO_31 + 7; /* of two bytes: more than 4 GiB */
    int16_t *data = sparse(2 * n);
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 2 * n + 4096);
    pt_writer *writer = NULL;
    assert_int_equal(pt_writer_create(own, "sample", 1, &writer, NULL), PATRON_OK);
    pt_writer_add(writer, "many", PATRON_SECTION_INT16, data, n);
    pt_writer_add_int64(writer, "n", n);
    m.zeros = (const char *)data;
    m.n_zeros = 2 * n;
    assert_int_equal(pt_writer_save(writer, "file", NULL), PATRON_OK);
    assert_true(m.length > 2 * n && m.length % 64 == 0);
    pt_writer_destroy(writer);
    pt_reader *reader = NULL;
    const int16_t *read = NULL;
    int64_t count = 0, said = 0;
    assert_int_equal(pt_reader_open(own, "file", "sample", 1, &reader, NULL), PATRON_OK);
    assert_int_equal(pt_reader_int64(reader, "n", 0, INT64_MAX, &said, NULL), PATRON_OK);
    assert_int_equal(pt_reader_section(reader, "many", PATRON_SECTION_INT16, &read, &count, NULL), PATRON_OK);
    assert_int_equal(count, n);
    assert_int_equal(said, n);
    assert_int_equal(read[n - 1], 0);
    pt_reader_destroy(reader);
    m.memory[(const char *)(read + n - 3) - m.memory] = 1; /* behind the 2^32nd byte of the file */
    patron_error error = {0};
    assert_failed(patron_file_verify(own, "file", &error), PATRON_ERR_FORMAT, &error, "section \"many\" is damaged");
    mapped_end(&m, own);
    drop(data, 2 * n);
    /* and one that no file can hold */
    patron_bytes *bytes = NULL;
    assert_int_equal(pt_writer_create(ctx, "sample", 1, &writer, NULL), PATRON_OK);
    pt_writer_add(writer, "many", PATRON_SECTION_INT64, &said, (INT64_C(1) << 61) + 1);
    assert_failed(pt_writer_to_bytes(writer, &bytes, &error), PATRON_ERR_LIMIT, &error, "2305843009213693953 elements");
    pt_writer_destroy(writer);
}

/* All of one user, at one instant, and all of the first kind: zeros. */
static void a_log_of_more_than_2_31_events_is_loaded(void **state) {
    (void)state;
    if (!thorough) skip();
    const int64_t n = TWO_31 + 5, offsets[] = {0, n};
    void *zeros = sparse(8 * n);
    mapped m;
    patron_ctx *own = mapped_ctx(&m, 10 * n + (1 << 20));
    made_row row = {.user = 1};
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    patron_bytes *bytes = saved_log(made_log_of(ctx, &row, 1, AS_INT64, 1, &o));
    pt_reader *reader = NULL;
    pt_writer *writer = NULL;
    assert_int_equal(pt_reader_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), "log", 1, &reader, NULL),
                     PATRON_OK);
    assert_int_equal(pt_writer_create(own, "log", 1, &writer, NULL), PATRON_OK);
    for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
        patron_file_section section;
        const void *data;
        int64_t count;
        pt_reader_entry(reader, i, &section);
        assert_int_equal(pt_reader_section(reader, section.name, section.type, &data, &count, NULL), PATRON_OK);
        if (strcmp(section.name, "n") == 0) data = &n;
        if (strcmp(section.name, "offsets") == 0) data = offsets;
        if (strcmp(section.name, "time") == 0 || strcmp(section.name, "kinds") == 0) {
            data = zeros;
            count = n;
        }
        pt_writer_add(writer, section.name, section.type, data, count);
    }
    m.zeros = zeros;
    m.n_zeros = 8 * n;
    assert_int_equal(pt_writer_save(writer, "file", NULL), PATRON_OK);
    pt_writer_destroy(writer);
    pt_reader_destroy(reader);
    patron_bytes_destroy(bytes);
    patron_log *log = NULL, *other = NULL;
    patron_error error = {0};
    if (patron_log_load(own, "file", &log, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_int_equal(patron_log_n_events(log), n);
    assert_int_equal(patron_log_end(log), 1);
    assert_int_equal(patron_log_offsets(log)[1], n);
    patron_table *table = NULL;
    assert_int_equal(patron_log_users(log, INT64_MAX, &table, NULL), PATRON_OK);
    assert_int_equal(patron_table_n_rows(table), 1);
    patron_table_destroy(table);
    table = NULL;
    assert_int_equal(patron_log_quality(log, NULL, &table, NULL), PATRON_OK);
    patron_table_destroy(table);
    table = NULL;
    assert_failed(patron_log_merge(log, log, &other, &error), PATRON_ERR_LIMIT, &error, "in one log");
    assert_failed(patron_log_between(log, 0, 1, &other, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_failed(patron_log_events(log, &table, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    assert_failed(patron_profile_compute(log, NULL, &table, &error), PATRON_ERR_NO_MEMORY, &error, "memory cap");
    patron_log_destroy(log);
    mapped_end(&m, own);
    drop(zeros, 8 * n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FRUGAL(a_file_beyond_4_gib_that_lies_is_refused_without_being_read),
        FRUGAL(a_section_of_more_than_2_31_elements_is_written_and_read),
        FRUGAL(a_log_of_more_than_2_31_events_is_loaded),
    };
    return cmocka_run_group_tests_name("files beyond 32 bits", tests, set_up, tear_down);
}
