/* tests/fuzz/fuzz_file.c: the file format's door, whatever the kind. Bytes go in, from memory or as a file; the reader refuses
 * them, or everything that it then says of them must be readable, and writing the same content again must give the same bytes.
 * A look at the table of sections alone must agree with the whole. */
#include "base/file.h"
#include "file_repair.h"

/* Reads one section in every way there is. */
static void read_section(patron_ctx *ctx, const pt_reader *reader, const patron_file_section *s) {
    const void *data;
    const char *text, **names;
    const int64_t *offsets;
    int64_t count, n, value;
    double real;
    FUZZ_ASSERT(pt_reader_section(reader, s->name, s->type, &data, &count, NULL) == PATRON_OK);
    FUZZ_ASSERT(count == s->count && (uintptr_t)data % 64 == 0);
    FUZZ_ASSERT(pt_crc32c_plain(0, data, s->bytes) == s->checksum);
    if (pt_reader_text(reader, s->name, &text, NULL) == PATRON_OK) FUZZ_ASSERT((int64_t)strlen(text) == s->bytes - 1);
    if (pt_reader_names(reader, s->name, &n, &names, NULL) == PATRON_OK) {
        int64_t bytes = 0;
        for (int64_t i = 0; i < n; i++) bytes += (int64_t)strlen(names[i]) + 1;
        FUZZ_ASSERT(bytes == s->bytes);
        pt_free(ctx, names);
    }
    if (pt_reader_int64(reader, s->name, -5, 1000, &value, NULL) == PATRON_OK) FUZZ_ASSERT(value >= -5 && value <= 1000);
    (void)pt_reader_float64(reader, s->name, &real, NULL);
    char name[PT_FILE_NAME_SIZE];
    snprintf(name, sizeof name, "%s", s->name);
    char *dot = strrchr(name, '.');
    if (dot == NULL || strcmp(dot, ".offsets") != 0) return;
    *dot = '\0';
    if (pt_reader_strings(reader, name, &n, &offsets, &text, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++) (void)pt_crc32c_plain(0, text + offsets[i], offsets[i + 1] - offsets[i]);
}

/* What was accepted is what the writer makes of it; the version of the writing library aside. */
static void write_again(patron_ctx *ctx, const pt_reader *reader, const uint8_t *data, size_t size) {
    pt_writer *writer = NULL;
    pt_buffer *again = NULL;
    FUZZ_ASSERT(pt_writer_create(ctx, pt_reader_kind(reader), pt_reader_kind_version(reader), &writer, NULL) == PATRON_OK);
    for (int64_t i = pt_reader_n_sections(reader) - 1; i >= 0; i--) {
        patron_file_section s;
        const void *section;
        int64_t count;
        pt_reader_entry(reader, i, &s);
        FUZZ_ASSERT(pt_reader_section(reader, s.name, s.type, &section, &count, NULL) == PATRON_OK);
        pt_writer_add(writer, s.name, s.type, section, count);
    }
    FUZZ_ASSERT(pt_writer_to_bytes(writer, &again, NULL) == PATRON_OK);
    FUZZ_ASSERT((size_t)again->size == size);
    FUZZ_ASSERT(memcmp((char *)again->data + sizeof(pt_file_preamble), data + sizeof(pt_file_preamble),
                       size - sizeof(pt_file_preamble)) == 0);
    pt_buffer_release(again);
    pt_writer_destroy(writer);
}

/* What the head says alone: at least what the whole says, and the same. */
static void inspect(patron_ctx *ctx, const pt_reader *reader) {
    patron_file_info *info = NULL;
    patron_error error = {0};
    patron_status status = patron_file_inspect(ctx, "input", &info, &error);
    if (status != PATRON_OK) {
        fuzz_refused(status, &error, PATRON_ERR_FORMAT);
        FUZZ_ASSERT(reader == NULL && info == NULL);
        return;
    }
    for (int64_t i = 0; i < info->n_sections; i++) {
        const patron_file_section *s = patron_file_info_section(info, i);
        FUZZ_ASSERT(patron_section_type_name(s->type)[0] != '\0' && s->offset + s->bytes <= info->length);
        if (reader == NULL) continue;
        patron_file_section same;
        pt_reader_entry(reader, i, &same);
        FUZZ_ASSERT(strcmp(s->name, same.name) == 0 && s->offset == same.offset && s->checksum == same.checksum);
    }
    FUZZ_ASSERT(reader == NULL || info->n_sections == pt_reader_n_sections(reader));
    patron_file_info_destroy(info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    patron_ctx *ctx = fuzz_begin(data, size);
    pt_reader *reader = NULL;
    patron_error error = {0};
    (void)pt_reader_from_bytes(ctx, data, (int64_t)size, "log", 3, &reader, NULL);
    pt_reader_destroy(reader);
    reader = NULL;
    patron_status status = fuzz_choice(data, size) % 2
                               ? pt_reader_open(ctx, "input", NULL, 0, &reader, &error)
                               : pt_reader_from_bytes(ctx, data, (int64_t)size, NULL, 0, &reader, &error);
    if (status != PATRON_OK) {
        FUZZ_ASSERT(reader == NULL);
        fuzz_refused(status, &error, PATRON_ERR_FORMAT);
        inspect(ctx, NULL);
        FUZZ_ASSERT(patron_file_verify(ctx, "input", NULL) == PATRON_ERR_FORMAT);
    } else {
        for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
            patron_file_section s;
            pt_reader_entry(reader, i, &s);
            read_section(ctx, reader, &s);
        }
        fuzz_welcome();
        write_again(ctx, reader, data, size);
        inspect(ctx, reader);
        pt_reader_destroy(reader);
    }
    fuzz_end();
    return 0;
}

static size_t first_file(uint8_t *data, size_t max_size) {
    static const int64_t numbers[] = {1, -2, 3, INT64_MAX, INT64_MIN}, offsets[] = {0, 3, 3, 8};
    static const char *const names[] = {"user", "", "spend"};
    static const double centres[] = {0.5, -1.25};
    patron_ctx *ctx = fuzz_begin(data, 0);
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    FUZZ_ASSERT(pt_writer_create(ctx, "log", 2, &w, NULL) == PATRON_OK);
    pt_writer_add(w, "numbers", PATRON_SECTION_INT64, numbers, 5);
    pt_writer_add(w, "centres", PATRON_SECTION_FLOAT64, centres, 2);
    pt_writer_add(w, "none", PATRON_SECTION_INT128, NULL, 0);
    pt_writer_add_int64(w, "n", 7);
    pt_writer_add_float64(w, "x", 1.5);
    pt_writer_add_text(w, "timezone", "UTC");
    pt_writer_add_names(w, "names", 3, names);
    pt_writer_add_strings(w, "users", 3, offsets, "annpaula");
    FUZZ_ASSERT(pt_writer_to_bytes(w, &bytes, NULL) == PATRON_OK);
    size_t size = file_take(bytes, data, max_size);
    pt_writer_destroy(w);
    fuzz_end();
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return size < sizeof(pt_file_head) ? first_file(data, max_size) : file_mutate(data, size, max_size, seed);
}
