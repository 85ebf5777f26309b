/* tests/c/test_damage.c: a file of any kind, cut at every byte, changed at every byte, with bytes added, exchanged or taken
 * from another file of its kind: refused through every door, with a message, and nothing stays behind.
 *
 *     in memory     <kind>_from_bytes          the bytes in a block of exactly their size, for a sanitizer
 *     from a file   <kind>_load                mapped
 *                   patron_file_verify         refused too, whatever the kind
 *                   patron_file_inspect        looks at the head only: refuses, or leaves it to the others
 *
 * In memory each byte takes the eight values one bit away and four others, in small files all 255; through the file doors one
 * of them, in large files at every eighth byte (PATRON_LONG: at every byte). Every test also sees the whole file come in, so
 * that it is the damage that is refused. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "saved_kinds.h"

#include <fcntl.h>
#include <unistd.h>

enum { SMALL = 4096, STRIDE = 8, MEMORY = 1, FILES = 2, ALL_DOORS = MEMORY | FILES, ROWS = 3 };

static patron_ctx *ctx;
static bool thorough;
static char folder[128], path[160];

/* A sample on its way through a test. */
typedef struct specimen {
    const saved_sample *sample;
    int64_t size, tried;          /* tried: damaged files, each once however many doors */
    unsigned char *whole, *other; /* variants 0 and 1 */
    unsigned char *copy;          /* of `whole`, to be damaged */
    int fd;                       /* a file with `whole` in it, or with what a test has put there */
} specimen;

static specimen specimens[N_SAVED_SAMPLES];

static unsigned char *take(patron_bytes *bytes, int64_t size) {
    unsigned char *copy = malloc((size_t)size);
    assert_int_equal(patron_bytes_size(bytes), size);
    memcpy(copy, patron_bytes_data(bytes), (size_t)size);
    patron_bytes_destroy(bytes);
    return copy;
}

static int set_up(void **state) {
    (void)state;
    thorough = saved_thorough();
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 1;
    options.memory_cap = 64 << 20;
    if (patron_ctx_create(&options, &ctx, NULL) != PATRON_OK) return -1;
    sample_folder(folder);
    snprintf(path, sizeof path, "%s/damaged", folder);
    for (int i = 0; i < N_SAVED_SAMPLES; i++) {
        specimen *s = &specimens[i];
        s->sample = &saved_samples[i];
        patron_bytes *bytes = s->sample->make(ctx, ROWS, 0);
        s->size = patron_bytes_size(bytes);
        s->whole = take(bytes, s->size);
        s->other = take(s->sample->make(ctx, ROWS, 1), s->size);
        s->copy = malloc((size_t)s->size);
        memcpy(s->copy, s->whole, (size_t)s->size);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    int64_t tried = 0;
    for (int i = 0; i < N_SAVED_SAMPLES; i++) {
        specimen *s = &specimens[i];
        print_message("%-22s %6lld bytes: %8lld damaged files\n", s->sample->name, (long long)s->size, (long long)s->tried);
        tried += s->tried;
        free(s->whole);
        free(s->other);
        free(s->copy);
    }
    print_message("%lld damaged files in all\n", (long long)tried);
    patron_ctx_destroy(ctx);
    return rmdir(folder);
}

static void put(int fd, const void *data, int64_t size, int64_t at) {
    assert_int_equal(pwrite(fd, data, (size_t)size, (off_t)at), size);
}

static void open_file(specimen *s) {
    s->fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    assert_true(s->fd >= 0);
    put(s->fd, s->whole, s->size, 0);
}

static void close_file(specimen *s) {
    assert_int_equal(close(s->fd), 0);
    assert_int_equal(unlink(path), 0);
}

/* ---- the doors
 * ---------------------------------------------------------------------------------------------------------------
 */

static void check_refusal(const specimen *s, const char *door, patron_status status, void *object, const patron_error *error,
                          uint64_t before, const char *what, int64_t at, int64_t more) {
    if (status == PATRON_ERR_FORMAT && error->status == status && error->message[0] != '\0' && object == NULL &&
        patron_ctx_memory(ctx) == before)
        return;
    if (status == PATRON_OK && object != NULL) s->sample->kind->destroy(object);
    fail_msg("%s, %s %lld (%lld), %s: status '%s', \"%s\", %lld bytes more held; expected it to be refused", s->sample->name,
             what, (long long)at, (long long)more, door, patron_status_name(status), error->message,
             (long long)(patron_ctx_memory(ctx) - before));
}

/* `data` and the file hold the damaged bytes. what, at, more: the damage, for messages. */
static void refused(specimen *s, const void *data, int64_t size, int doors, const char *what, int64_t at, int64_t more) {
    const uint64_t before = patron_ctx_memory(ctx);
    const saved_kind *kind = s->sample->kind;
    void *object = NULL;
    s->tried++;
    if (doors & MEMORY) {
        patron_error error = {0};
        patron_status status = kind->from_bytes(ctx, data, size, &object, &error);
        check_refusal(s, "in memory", status, object, &error, before, what, at, more);
    }
    if (doors & FILES) {
        patron_error loaded = {0}, verified = {0}, inspected = {0};
        patron_file_info *info = NULL;
        patron_status status = kind->load(ctx, path, &object, &loaded);
        check_refusal(s, "loaded", status, object, &loaded, before, what, at, more);
        status = patron_file_verify(ctx, path, &verified);
        check_refusal(s, "verified", status, NULL, &verified, before, what, at, more);
        status = patron_file_inspect(ctx, path, &info, &inspected);
        if (status == PATRON_OK) {
            patron_file_info_destroy(info);
            assert_int_equal(patron_ctx_memory(ctx), before);
        } else {
            check_refusal(s, "inspected", status, info, &inspected, before, what, at, more);
        }
    }
}

/* The same bytes in a block of their own size. */
static void refused_alone(specimen *s, const unsigned char *data, int64_t size, int doors, const char *what, int64_t at) {
    unsigned char *block = malloc((size_t)size + (size == 0));
    memcpy(block, data, (size_t)size);
    refused(s, block, size, doors, what, at, 0);
    free(block);
}

/* What is in the file and in `copy` is the whole again: it comes in through every door. */
static void assert_whole(specimen *s) {
    const saved_kind *kind = s->sample->kind;
    void *object = NULL;
    patron_file_info *info = NULL;
    assert_memory_equal(s->copy, s->whole, (size_t)s->size);
    assert_int_equal(kind->from_bytes(ctx, s->copy, s->size, &object, NULL), PATRON_OK);
    kind->destroy(object);
    object = NULL;
    assert_int_equal(kind->load(ctx, path, &object, NULL), PATRON_OK);
    kind->destroy(object);
    assert_int_equal(patron_file_verify(ctx, path, NULL), PATRON_OK);
    assert_int_equal(patron_file_inspect(ctx, path, &info, NULL), PATRON_OK);
    patron_file_info_destroy(info);
}

static bool through_files(const specimen *s, int64_t at) { return thorough || s->size <= SMALL || at % STRIDE == 0; }

#define FOR_EACH_SPECIMEN(s) for (specimen *s = specimens; s < specimens + N_SAVED_SAMPLES; s++)

/* ---- the damage
 * --------------------------------------------------------------------------------------------------------------
 */

static void a_file_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    FOR_EACH_SPECIMEN(s) {
        open_file(s);
        assert_whole(s);
        for (int64_t size = s->size - 1; size >= 0; size--) {
            int doors = through_files(s, size) ? ALL_DOORS : MEMORY;
            if (doors & FILES) assert_int_equal(ftruncate(s->fd, (off_t)size), 0);
            refused_alone(s, s->whole, size, doors, "cut at", size);
        }
        close_file(s);
    }
}

static void a_file_with_any_byte_changed_is_refused(void **state) {
    (void)state;
    FOR_EACH_SPECIMEN(s) {
        open_file(s);
        for (int64_t i = 0; i < s->size; i++) {
            const unsigned char was = s->whole[i], others[] = {0x00, 0xff, (unsigned char)(was + 1), (unsigned char)(was - 1)};
            bool wanted[256] = {false};
            for (int k = 0; k < 256; k++) wanted[k] = s->size <= SMALL;
            for (int k = 0; k < 4; k++) wanted[others[k]] = true;
            for (int bit = 0; bit < 8; bit++) wanted[was ^ 1 << bit] = true;
            wanted[was] = false;
            for (int value = 0; value < 256; value++) {
                if (!wanted[value]) continue;
                const unsigned char byte = (unsigned char)value;
                int doors = through_files(s, i) && (was ^ value) == 1 << i / STRIDE % 8 ? ALL_DOORS : MEMORY;
                s->copy[i] = byte;
                if (doors & FILES) put(s->fd, &byte, 1, i);
                refused(s, s->copy, s->size, doors, "changed byte", i, value);
                if (doors & FILES) put(s->fd, &was, 1, i);
            }
            s->copy[i] = was;
        }
        assert_whole(s);
        close_file(s);
    }
}

static void a_file_that_goes_on_is_refused(void **state) {
    (void)state;
    const int64_t lengths[] = {1, 7, 63, 64, 65, 128, 4096};
    FOR_EACH_SPECIMEN(s) {
        unsigned char *longer = malloc((size_t)(2 * s->size + 4096));
        open_file(s);
        assert_whole(s);
        for (int64_t k = 0; k < LENGTH(lengths) + 1; k++)
            for (int kind = 0; kind < 3; kind++) {
                int64_t more = k < LENGTH(lengths) ? lengths[k] : s->size;
                memcpy(longer, s->whole, (size_t)s->size);
                if (kind < 2)
                    memset(longer + s->size, kind == 0 ? 0 : 0xff, (size_t)more);
                else
                    for (int64_t i = 0; i < more; i++) longer[s->size + i] = s->whole[i % s->size];
                for (int known = 0; known < 2; known++) { /* also when the head knows of them */
                    if (known) {
                        repair_length(longer, (size_t)(s->size + more));
                        repair_checksums(longer, (size_t)(s->size + more));
                    }
                    put(s->fd, longer, s->size + more, 0);
                    refused_alone(s, longer, s->size + more, ALL_DOORS, "bytes behind it", more);
                }
                assert_int_equal(ftruncate(s->fd, (off_t)s->size), 0);
            }
        /* and one that begins later */
        longer[0] = 0;
        memcpy(longer + 1, s->whole, (size_t)s->size);
        put(s->fd, longer, s->size + 1, 0);
        refused_alone(s, longer, s->size + 1, ALL_DOORS, "bytes before it", 1);
        close_file(s);
        free(longer);
    }
}

/* Exchanges n bytes at a with those at b; false: they are the same. */
static bool exchange(unsigned char *data, int64_t a, int64_t b, int64_t n) {
    bool differ = memcmp(data + a, data + b, (size_t)n) != 0;
    for (int64_t i = 0; i < n; i++) {
        unsigned char kept = data[a + i];
        data[a + i] = data[b + i];
        data[b + i] = kept;
    }
    return differ;
}

static void two_bytes_exchanged_are_refused(void **state) {
    (void)state;
    const int64_t distances[] = {1, 64};
    FOR_EACH_SPECIMEN(s) {
        for (int64_t k = 0; k < LENGTH(distances); k++)
            for (int64_t i = 0; i + distances[k] < s->size; i++) {
                if (exchange(s->copy, i, i + distances[k], 1))
                    refused(s, s->copy, s->size, MEMORY, "byte exchanged with one later", i, distances[k]);
                exchange(s->copy, i, i + distances[k], 1);
            }
        assert_memory_equal(s->copy, s->whole, (size_t)s->size);
    }
}

/* Contents that are equally long change places; entries of the table do, with their names or without. */
static void two_sections_exchanged_are_refused(void **state) {
    (void)state;
    FOR_EACH_SPECIMEN(s) {
        const pt_file_entry *entries = (const pt_file_entry *)(const void *)(s->whole + sizeof(pt_file_head));
        pt_file_head head;
        memcpy(&head, s->whole, sizeof head);
        for (int64_t i = 0; i < head.extent.n_sections; i++)
            for (int64_t j = i + 1; j < head.extent.n_sections; j++) {
                int64_t n = (int64_t)(entries[i].count * entries[i].element_size);
                if (n == (int64_t)(entries[j].count * entries[j].element_size)) {
                    if (exchange(s->copy, (int64_t)entries[i].offset, (int64_t)entries[j].offset, n))
                        refused(s, s->copy, s->size, MEMORY, "content of a section exchanged", i, j);
                    exchange(s->copy, (int64_t)entries[i].offset, (int64_t)entries[j].offset, n);
                }
                const int64_t at = (int64_t)sizeof head, width = (int64_t)sizeof *entries,
                              parts[] = {width, PT_FILE_NAME_SIZE}; /* the name stands first */
                for (int k = 0; k < 2; k++) {
                    exchange(s->copy, at + i * width, at + j * width, parts[k]);
                    refused(s, s->copy, s->size, MEMORY, k == 0 ? "entry exchanged" : "name exchanged", i, j);
                    repair_checksums(s->copy, (size_t)s->size);
                    refused(s, s->copy, s->size, MEMORY, "exchanged in the table, checksums right", i, j);
                    memcpy(s->copy, s->whole, (size_t)s->size);
                }
            }
    }
}

static void halves_of_two_files_are_refused_together(void **state) {
    (void)state;
    FOR_EACH_SPECIMEN(s) {
        const unsigned char *parts[2] = {s->whole, s->other};
        int64_t tried = s->tried, doors = MEMORY;
        open_file(s);
        assert_memory_not_equal(s->whole, s->other, (size_t)s->size);
        for (int first = 0; first < 2; first++)
            for (int64_t cut = 1; cut < s->size; cut++) {
                memcpy(s->copy, parts[first], (size_t)cut);
                memcpy(s->copy + cut, parts[1 - first] + cut, (size_t)(s->size - cut));
                if (memcmp(s->copy, parts[0], (size_t)s->size) == 0 || memcmp(s->copy, parts[1], (size_t)s->size) == 0)
                    continue;
                if (cut % 64 == 0) {
                    put(s->fd, s->copy, s->size, 0);
                    doors = ALL_DOORS;
                }
                refused(s, s->copy, s->size, (int)doors, "the end of another file from", cut, first);
                doors = MEMORY;
            }
        assert_true(s->tried - tried > 64);
        memcpy(s->copy, s->whole, (size_t)s->size);
        put(s->fd, s->whole, s->size, 0);
        assert_whole(s);
        close_file(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),  cmocka_unit_test(a_file_with_any_byte_changed_is_refused),
        cmocka_unit_test(a_file_that_goes_on_is_refused),     cmocka_unit_test(two_bytes_exchanged_are_refused),
        cmocka_unit_test(two_sections_exchanged_are_refused), cmocka_unit_test(halves_of_two_files_are_refused_together),
    };
    return cmocka_run_group_tests_name("damaged files", tests, set_up, tear_down);
}
