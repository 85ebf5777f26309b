/* tests/fuzz/fuzz_file.c: the file format's door. Bytes go in; the reader refuses them, or everything that it then says of
 * them must be readable, and writing the same content again must give the same bytes.
 *
 * The custom mutator makes a valid file out of (nearly) nothing, so no corpus is needed, and after half of the mutations
 * repairs all checksums, so that what stands behind them is reached. Works under libFuzzer and under replay.c. */
#include "base/file.h"
#include "file_repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_ASSERT(condition)                                                                                                 \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "%s:%d: violated: %s\n", __FILE__, __LINE__, #condition);                                          \
            abort();                                                                                                           \
        }                                                                                                                      \
    } while (0)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static patron_ctx *context(void) {
    static patron_ctx *ctx;
    if (ctx == NULL) {
        patron_ctx_options options;
        patron_ctx_options_init(&options);
        options.threads = 1;
        options.memory_cap = 64 << 20;
        FUZZ_ASSERT(patron_ctx_create(&options, &ctx, NULL) == PATRON_OK);
    }
    return ctx;
}

static uint32_t touch(const void *data, int64_t n) { return pt_crc32c_plain(0, data, n); }

/* Reads one section in every way there is. */
static void read_section(const pt_reader *reader, const patron_file_section *s) {
    const void *data;
    const char *text, **names;
    const int64_t *offsets;
    int64_t count, n, value;
    double real;
    FUZZ_ASSERT(pt_reader_section(reader, s->name, s->type, &data, &count, NULL) == PATRON_OK);
    FUZZ_ASSERT(count == s->count && (uintptr_t)data % 64 == 0);
    FUZZ_ASSERT(touch(data, s->bytes) == s->checksum);
    if (pt_reader_text(reader, s->name, &text, NULL) == PATRON_OK) FUZZ_ASSERT((int64_t)strlen(text) == s->bytes - 1);
    if (pt_reader_names(reader, s->name, &n, &names, NULL) == PATRON_OK) {
        int64_t bytes = 0;
        for (int64_t i = 0; i < n; i++) bytes += (int64_t)strlen(names[i]) + 1;
        FUZZ_ASSERT(bytes == s->bytes);
        pt_free(context(), names);
    }
    if (pt_reader_int64(reader, s->name, -5, 1000, &value, NULL) == PATRON_OK) FUZZ_ASSERT(value >= -5 && value <= 1000);
    (void)pt_reader_float64(reader, s->name, &real, NULL);
    char name[PT_FILE_NAME_SIZE];
    snprintf(name, sizeof name, "%s", s->name);
    char *dot = strrchr(name, '.');
    if (dot == NULL || strcmp(dot, ".offsets") != 0) return;
    *dot = '\0';
    if (pt_reader_strings(reader, name, &n, &offsets, &text, NULL) == PATRON_OK)
        for (int64_t i = 0; i < n; i++) (void)touch(text + offsets[i], offsets[i + 1] - offsets[i]);
}

/* What was accepted is what the writer makes of it; the version of the writing library aside. */
static void write_again(const pt_reader *reader, const uint8_t *data, size_t size) {
    pt_writer *writer = NULL;
    pt_buffer *again = NULL;
    FUZZ_ASSERT(pt_writer_create(context(), pt_reader_kind(reader), pt_reader_kind_version(reader), &writer, NULL) ==
                PATRON_OK);
    for (int64_t i = pt_reader_n_sections(reader) - 1; i >= 0; i--) {
        patron_file_section s;
        const void *section;
        int64_t count;
        pt_reader_entry(reader, i, &s);
        FUZZ_ASSERT(pt_reader_section(reader, s.name, s.type, &section, &count, NULL) == PATRON_OK);
        FUZZ_ASSERT(pt_writer_add(writer, s.name, s.type, section, count, NULL) == PATRON_OK);
    }
    FUZZ_ASSERT(pt_writer_to_bytes(writer, &again, NULL) == PATRON_OK);
    FUZZ_ASSERT((size_t)again->size == size);
    FUZZ_ASSERT(memcmp((char *)again->data + sizeof(pt_file_preamble), data + sizeof(pt_file_preamble),
                       size - sizeof(pt_file_preamble)) == 0);
    pt_buffer_release(again);
    pt_writer_destroy(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    patron_ctx *ctx = context();
    uint64_t before = patron_ctx_memory(ctx);
    pt_reader *reader = NULL;
    patron_error error = {0};
    (void)pt_reader_from_bytes(ctx, data, (int64_t)size, "log", 3, &reader, &error);
    pt_reader_destroy(reader);
    reader = NULL;
    patron_status status = pt_reader_from_bytes(ctx, data, (int64_t)size, NULL, 0, &reader, &error);
    if (status != PATRON_OK) {
        FUZZ_ASSERT(status == PATRON_ERR_FORMAT && reader == NULL && error.status == status && error.message[0] != '\0');
    } else {
        for (int64_t i = 0; i < pt_reader_n_sections(reader); i++) {
            patron_file_section s;
            pt_reader_entry(reader, i, &s);
            read_section(reader, &s);
        }
        write_again(reader, data, size);
        pt_reader_destroy(reader);
    }
    FUZZ_ASSERT(patron_ctx_memory(ctx) == before);
    return 0;
}

static size_t seed_file(uint8_t *data, size_t max_size) {
    static const int64_t numbers[] = {1, -2, 3, INT64_MAX, INT64_MIN}, offsets[] = {0, 3, 3, 8};
    static const char *const names[] = {"user", "", "spend"};
    static const double centres[] = {0.5, -1.25};
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    size_t size = 0;
    FUZZ_ASSERT(pt_writer_create(context(), "log", 2, &w, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add(w, "numbers", PATRON_SECTION_INT64, numbers, 5, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add(w, "centres", PATRON_SECTION_FLOAT64, centres, 2, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add(w, "none", PATRON_SECTION_INT128, NULL, 0, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add_int64(w, "n", 7, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add_float64(w, "x", 1.5, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add_text(w, "timezone", "UTC", NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add_names(w, "names", 3, names, NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_add_strings(w, "users", 3, offsets, "annpaula", NULL) == PATRON_OK);
    FUZZ_ASSERT(pt_writer_to_bytes(w, &bytes, NULL) == PATRON_OK);
    if ((size_t)bytes->size <= max_size) {
        size = (size_t)bytes->size;
        memcpy(data, bytes->data, size);
    }
    pt_buffer_release(bytes);
    pt_writer_destroy(w);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    if (size < sizeof(pt_file_head)) return seed_file(data, max_size);
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed & 1) {
        if (seed & 2) repair_length(data, size);
        repair_checksums(data, size);
    }
    return size;
}
