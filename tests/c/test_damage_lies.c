/* tests/c/test_damage_lies.c: files that lie behind right checksums: each count, offset, length, type and code that is in one,
 * in the head, in the table of sections and in the sections themselves, says something else, and everything around it agrees.
 *
 * A lie is refused with PATRON_ERR_FORMAT, or what is left is a file that makes sense, and then everything that its object can
 * be asked must be answered in bounds, which a sanitizer sees (of a log one question at a time, in turn; PATRON_LONG: all).
 * Either way within a memory cap of four times the file and 1 MiB: that memory ran out is no answer to a size that lies. */
#define _XOPEN_SOURCE 700
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "saved_kinds.h"

#include <signal.h>
#include <unistd.h>

enum { ROWS = 7, MAX_VALUES = 64, MAX_ELEMENTS = 40, PART = 10, ROOM = 1 << 18 };

typedef struct liar {
    const saved_sample *sample;
    patron_ctx *ctx;
    int64_t size, n_parts;
    unsigned char *whole, *copy;
    file_part parts[FILE_PARTS];
    int64_t refused, read;
    uint64_t held; /* by the context alone */
} liar;

static bool thorough;
static char current[256]; /* the lie that is being told, for whoever stops the process */

static void tell_and_stop(int signal_number) {
    (void)signal_number;
    (void)!write(STDERR_FILENO, current, strlen(current));
    (void)!write(STDERR_FILENO, "\n", 1);
}

static void begin(liar *l, const saved_sample *sample) {
    *l = (liar){.sample = sample};
    patron_ctx *maker = NULL;
    assert_int_equal(patron_ctx_create(NULL, &maker, NULL), PATRON_OK);
    patron_bytes *bytes = sample->make(maker, ROWS, 0);
    l->size = patron_bytes_size(bytes);
    l->whole = malloc((size_t)l->size);
    l->copy = malloc((size_t)l->size);
    memcpy(l->whole, patron_bytes_data(bytes), (size_t)l->size);
    memcpy(l->copy, l->whole, (size_t)l->size);
    patron_bytes_destroy(bytes);
    patron_ctx_destroy(maker);
    l->n_parts = (int64_t)file_parts(l->whole, (size_t)l->size, l->parts);
    assert_true(l->n_parts > 0);
    patron_ctx_options o;
    patron_ctx_options_init(&o);
    o.threads = 1;
    o.memory_cap = 4 * (uint64_t)l->size + (1 << 20);
    assert_int_equal(patron_ctx_create(&o, &l->ctx, NULL), PATRON_OK);
    l->held = patron_ctx_memory(l->ctx);
}

static void end(liar *l) {
    print_message("%-22s %6lld bytes: %7lld lies refused, %7lld read as what they say\n", l->sample->name, (long long)l->size,
                  (long long)l->refused, (long long)l->read);
    assert_true(l->read > 0 && (l->refused > 0 || l->sample->kind->kind == NULL));
    free(l->whole);
    free(l->copy);
    patron_ctx_destroy(l->ctx);
}

/* A file whose checksums are right. The words say what is wrong with it. */
static void tell(liar *l, const unsigned char *data, int64_t size, const char *what, const char *where, int64_t at,
                 uint64_t value) {
    const saved_kind *kind = l->sample->kind;
    patron_error error = {0};
    void *object = NULL;
    snprintf(current, sizeof current, "%s: %s, %s %lld: %llu (0x%llx)", l->sample->name, what, where, (long long)at,
             (unsigned long long)value, (unsigned long long)value);
    unsigned char *alone = malloc((size_t)size);
    memcpy(alone, data, (size_t)size);
    patron_status status = kind->from_bytes(l->ctx, alone, size, &object, &error);
    free(alone);
    if (status == PATRON_OK && object != NULL) {
        kind->ask(l->ctx, object, thorough ? -1 : l->read);
        kind->destroy(object);
        l->read++;
    } else if (status == PATRON_ERR_FORMAT && object == NULL && error.status == status && error.message[0] != '\0') {
        l->refused++;
    } else {
        fail_msg("%s: status '%s', \"%s\"", current, patron_status_name(status), error.message);
    }
    if (patron_ctx_memory(l->ctx) != l->held) fail_msg("%s: memory is left behind", current);
}

/* ---- values that a size, an offset or a code may lie with -------------------------------------------------------------------
 */

static int put_value(uint64_t *values, int n, uint64_t value, int64_t width, uint64_t was) {
    const uint64_t mask = width >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
    value &= mask;
    if (value == was) return n;
    for (int i = 0; i < n; i++)
        if (values[i] == value) return n;
    values[n] = value;
    return n + 1;
}

static int lies_about(uint64_t was, int64_t width, int64_t size, uint64_t *values) {
    const uint64_t fixed[] = {0,
                              1,
                              2,
                              63,
                              64,
                              UINT64_C(0x7f),
                              UINT64_C(0x80),
                              UINT64_C(0x7fff),
                              UINT64_C(0x8000),
                              UINT64_C(0xffff),
                              UINT64_C(0x7fffffff),
                              UINT64_C(0x80000000),
                              UINT64_C(0xffffffff),
                              UINT64_C(0x100000000),
                              UINT64_C(1) << 47,
                              UINT64_C(1) << 61,
                              (UINT64_C(1) << 61) + was, /* eight times it is what it was */
                              INT64_MAX - 1,
                              INT64_MAX,
                              UINT64_C(1) << 63,
                              (UINT64_C(1) << 63) + 1,
                              UINT64_MAX - 1,
                              UINT64_MAX};
    const int64_t steps[] = {1, 2, 8, 64};
    int n = 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) n = put_value(values, n, fixed[i], width, was);
    for (int i = 0; i < 4; i++) {
        n = put_value(values, n, was + (uint64_t)steps[i], width, was);
        n = put_value(values, n, was - (uint64_t)steps[i], width, was);
    }
    n = put_value(values, n, 2 * was, width, was);
    n = put_value(values, n, (uint64_t)size, width, was);
    return put_value(values, n, (uint64_t)size + 1, width, was);
}

static uint64_t number_at(const unsigned char *data, int64_t width) {
    uint64_t value = 0;
    memcpy(&value, data, (size_t)(width < 8 ? width : 8));
    return value;
}

/* Makes the checksums right after a change of section s or of its entry; -1: of the head. repair_checksums would go through the
 * whole file, which is too slow for so many. */
static void repair(liar *l, int64_t s) {
    const pt_cpu cpu = l->ctx->cpu;
    pt_file_head *head = (pt_file_head *)(void *)l->copy;
    if (s < 0) {
        repair_checksums(l->copy, (size_t)l->size);
        return;
    }
    pt_file_entry *e = &head->entries[s];
    if (e->offset <= (uint64_t)l->size && e->element_size <= 16 && e->count <= (uint64_t)l->size &&
        e->count * e->element_size <= (uint64_t)l->size - e->offset)
        e->checksum = pt_crc32c(cpu, 0, l->copy + e->offset, (int64_t)(e->count * e->element_size));
    head->extent.checksum = pt_crc32c(cpu, 0, &head->extent.n_sections, 60 + l->n_parts * (int64_t)sizeof *e);
}

/* Each lie about the number at a place of the file, which is in section s, or its entry, or (-1) the head. */
static void lie_at(liar *l, int64_t s, int64_t place, int64_t width, const char *what, const char *where, int64_t at) {
    uint64_t values[MAX_VALUES], was = number_at(l->whole + place, width);
    int n = lies_about(was, width, l->size, values);
    assert_true(n < MAX_VALUES);
    for (int i = 0; i < n; i++) {
        memcpy(l->copy + place, &values[i], (size_t)width);
        repair(l, s);
        tell(l, l->copy, l->size, what, where, at, values[i]);
        memcpy(l->copy, l->whole, (size_t)l->size);
    }
}

/* ---- the head and the table of sections -----------------------------------------------------------------------------------
 */

#define FIELD(type, field) #field, offsetof(type, field), sizeof(((type *)NULL)->field)

typedef struct place {
    const char *name;
    size_t offset, width;
} place;

static void every_number_of_the_head_and_the_table_may_lie(void **state) {
    (void)state;
    static const place head[] = {{FIELD(pt_file_head, preamble.byte_order)},     {FIELD(pt_file_head, preamble.format_version)},
                                 {FIELD(pt_file_head, preamble.reader_version)}, {FIELD(pt_file_head, preamble.kind_version)},
                                 {FIELD(pt_file_head, preamble.reserved)},       {FIELD(pt_file_head, extent.n_sections)},
                                 {FIELD(pt_file_head, extent.length)},           {"extent.reserved", 80, 8}};
    static const place entry[] = {{FIELD(pt_file_entry, offset)},
                                  {FIELD(pt_file_entry, count)},
                                  {FIELD(pt_file_entry, type)},
                                  {FIELD(pt_file_entry, element_size)},
                                  {FIELD(pt_file_entry, reserved)}};
    for (int k = 0; k < N_SAVED_SAMPLES; k++) {
        liar l;
        begin(&l, &saved_samples[k]);
        tell(&l, l.whole, l.size, "nothing", "", 0, 0);
        assert_int_equal(l.read, 1);
        for (int64_t i = 0; i < LENGTH(head); i++)
            lie_at(&l, -1, (int64_t)head[i].offset, (int64_t)head[i].width, "the head", head[i].name, 0);
        for (int64_t s = 0; s < l.n_parts; s++)
            for (int64_t i = 0; i < LENGTH(entry); i++)
                lie_at(&l, s, (int64_t)(sizeof(pt_file_head) + (size_t)s * sizeof(pt_file_entry) + entry[i].offset),
                       (int64_t)entry[i].width, entry[i].name, l.parts[s].entry.name, s);
        end(&l);
    }
}

/* ---- the content of sections
 * -------------------------------------------------------------------------------------------------
 */

static void lie_about_text(liar *l, int64_t s, int64_t i) {
    const file_part *p = &l->parts[s];
    const unsigned char was = l->whole[(int64_t)p->at + i],
                        values[] = {0, 0xff, 0xc3, 'z', (unsigned char)(was + 1), (unsigned char)(was - 1)};
    for (int64_t k = 0; k < LENGTH(values); k++) {
        if (values[k] == was) continue;
        l->copy[(int64_t)p->at + i] = values[k];
        repair(l, s);
        tell(l, l->copy, l->size, "text", p->entry.name, i, values[k]);
        memcpy(l->copy, l->whole, (size_t)l->size);
    }
}

static void lie_about_real(liar *l, int64_t s, int64_t i) {
    const file_part *p = &l->parts[s];
    const double values[] = {0, -0.0, -1, 5e-324, -1e308, 1.7976931348623157e308, INFINITY, -INFINITY, NAN};
    for (int64_t k = 0; k < LENGTH(values); k++) {
        memcpy(l->copy + p->at + 8 * i, &values[k], 8);
        repair(l, s);
        tell(l, l->copy, l->size, "real", p->entry.name, i, (uint64_t)k);
        memcpy(l->copy, l->whole, (size_t)l->size);
    }
}

/* Of long sections the first, the last, and some between. */
static bool looked_at(int64_t i, int64_t n) { return n <= MAX_ELEMENTS || i < PART || i >= n - PART || i % (n / PART) == 0; }

static void every_element_of_a_section_may_lie(void **state) {
    (void)state;
    for (int k = 0; k < N_SAVED_SAMPLES; k++) {
        liar l;
        begin(&l, &saved_samples[k]);
        for (int64_t s = 0; s < l.n_parts; s++) {
            const file_part *p = &l.parts[s];
            int64_t width = (int64_t)p->entry.element_size, n = (int64_t)p->bytes / width;
            for (int64_t i = 0; i < n; i++) {
                if (!looked_at(i, n)) continue;
                if (width == 1)
                    lie_about_text(&l, s, i);
                else
                    lie_at(&l, s, (int64_t)p->at + width * i, width < 8 ? width : 8, "number", p->entry.name, i);
                if (p->entry.type == PATRON_SECTION_FLOAT64) lie_about_real(&l, s, i);
            }
        }
        end(&l);
    }
}

/* ---- sections that are longer, shorter, of another type, under another name, gone, or another's
 * ------------------------------ */

/* The file laid out anew with one part changed; `content` is what a part at SIZE_MAX holds. */
static void tell_anew(liar *l, file_part *parts, int64_t n, const unsigned char *content, const char *what, const char *where,
                      int64_t at, uint64_t value) {
    unsigned char *out = malloc(ROOM);
    int64_t length = (int64_t)file_lay_out(l->whole, parts, (size_t)n, content, out, ROOM);
    assert_true(length > 0);
    tell(l, out, length, what, where, at, value);
    free(out);
}

static void lie_about_length(liar *l, int64_t s) {
    const file_part *p = &l->parts[s];
    const int64_t width = (int64_t)p->entry.element_size, n = (int64_t)p->bytes / width;
    const int64_t counts[] = {0, n - 1, n + 1, 2 * n, n + 64};
    unsigned char *content = malloc((size_t)((2 * n + 200) * width));
    for (int64_t k = 0; k < LENGTH(counts); k++)
        for (int more = 0; more < 2; more++) { /* more elements are zeros, or the last one again */
            file_part parts[FILE_PARTS];
            if (counts[k] < 0 || counts[k] == n) continue;
            memcpy(parts, l->parts, (size_t)l->n_parts * sizeof *parts);
            memset(content, 0, (size_t)((2 * n + 200) * width));
            memcpy(content, l->whole + p->at, p->bytes);
            for (int64_t i = n; more && n > 0 && i < counts[k]; i++)
                memcpy(content + i * width, content + (n - 1) * width, (size_t)width);
            parts[s].at = SIZE_MAX;
            parts[s].bytes = (size_t)(counts[k] * width);
            tell_anew(l, parts, l->n_parts, content, "as many elements as", p->entry.name, n, (uint64_t)counts[k]);
        }
    free(content);
}

static void lie_about_type(liar *l, int64_t s) {
    for (uint32_t type = PATRON_SECTION_BYTES; type <= PATRON_SECTION_FLOAT64; type++) {
        file_part parts[FILE_PARTS];
        memcpy(parts, l->parts, (size_t)l->n_parts * sizeof *parts);
        if (type == parts[s].entry.type) continue;
        parts[s].entry.type = type;
        parts[s].entry.element_size = (uint32_t)pt_section_element_size(type);
        tell_anew(l, parts, l->n_parts, NULL, "the type of", l->parts[s].entry.name, s, type);
    }
}

/* Gone; under another name; there twice. */
static void lie_about_name(liar *l, int64_t s) {
    file_part parts[FILE_PARTS];
    const char *name = l->parts[s].entry.name;
    memcpy(parts, l->parts, (size_t)l->n_parts * sizeof *parts);
    parts[s] = parts[l->n_parts - 1];
    tell_anew(l, parts, l->n_parts - 1, NULL, "gone", name, s, 0);
    for (int twice = 0; twice < 2; twice++)
        for (int change = 0; change < 3; change++) {
            memcpy(parts, l->parts, (size_t)l->n_parts * sizeof *parts);
            file_part *p = &parts[twice ? l->n_parts : s];
            *p = l->parts[s];
            char *last = p->entry.name + strlen(p->entry.name) - 1, *digit = strpbrk(p->entry.name, "0123456789");
            if (change == 0)
                *last = (char)(*last == 'x' ? 'y' : 'x');
            else if (digit != NULL)
                *digit = (char)(change == 1 ? (*digit == '9' ? '8' : *digit + 1) : (*digit == '0' ? '9' : *digit - 1));
            else
                continue;
            tell_anew(l, parts, l->n_parts + twice, NULL, twice ? "twice" : "renamed", name, s, (uint64_t)change);
        }
}

/* The content of each other section of its type. */
static void lie_about_content(liar *l, int64_t s) {
    for (int64_t other = 0; other < l->n_parts; other++) {
        file_part parts[FILE_PARTS];
        if (other == s || l->parts[other].entry.type != l->parts[s].entry.type) continue;
        if (l->parts[other].bytes == l->parts[s].bytes &&
            memcmp(l->whole + l->parts[other].at, l->whole + l->parts[s].at, l->parts[s].bytes) == 0)
            continue;
        memcpy(parts, l->parts, (size_t)l->n_parts * sizeof *parts);
        parts[s].at = parts[other].at;
        parts[s].bytes = parts[other].bytes;
        tell_anew(l, parts, l->n_parts, NULL, l->parts[other].entry.name, l->parts[s].entry.name, s, (uint64_t)other);
    }
}

static void every_section_may_be_another(void **state) {
    (void)state;
    for (int k = 0; k < N_SAVED_SAMPLES; k++) {
        liar l;
        begin(&l, &saved_samples[k]);
        for (int64_t s = 0; s < l.n_parts; s++) {
            lie_about_length(&l, s);
            lie_about_type(&l, s);
            lie_about_name(&l, s);
            lie_about_content(&l, s);
        }
        end(&l);
    }
}

/* Lies about names of columns leave a file in which every number is right: they are refused all the same. */
static void columns_of_a_log_have_names_of_their_own_in_their_order(void **state) {
    (void)state;
    static const struct {
        const char *section, *text;
        bool fine;
    } names[] = {
        {"columns.0.name", "item", true},         {"columns.0.name", "thing", false}, {"columns.0.name", "user", false},
        {"columns.0.name", "seller", false},      {"columns.1.name", "brand", false}, {"columns.2.name", "rating", false},
        {"columns.8.name", "aaaa", true},         {"columns.8.name", "user", false},  {"columns.8.name", "time", false},
        {"columns.8.name", "event", false},       {"columns.8.name", "item", false},  {"columns.8.name", "size", false},
        {"columns.8.name", "sizf", false},        {"columns.10.name", "zoo", true},   {"columns.10.name", "shade", false},
        {"columns.10.name", "amount_raw", false}, {"columns.9.name", "shadow", true}, {"columns.9.name", "aaa", false}};
    liar l;
    begin(&l, &saved_samples[0]);
    for (int64_t i = 0; i < LENGTH(names); i++) {
        file_part parts[FILE_PARTS];
        memcpy(parts, l.parts, (size_t)l.n_parts * sizeof *parts);
        int64_t s = 0, refused = l.refused, read = l.read;
        while (strcmp(parts[s].entry.name, names[i].section) != 0) s++;
        parts[s].at = SIZE_MAX;
        parts[s].bytes = strlen(names[i].text) + 1;
        tell_anew(&l, parts, l.n_parts, (const unsigned char *)names[i].text, names[i].section, names[i].text, i, 0);
        if (l.read - read != names[i].fine || l.refused - refused != !names[i].fine)
            fail_msg("%s '%s' was %s", names[i].section, names[i].text, l.read > read ? "read" : "refused");
    }
    end(&l);
}

int main(void) {
    signal(SIGABRT, tell_and_stop);
    thorough = saved_thorough();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_the_head_and_the_table_may_lie),
        cmocka_unit_test(every_element_of_a_section_may_lie),
        cmocka_unit_test(every_section_may_be_another),
        cmocka_unit_test(columns_of_a_log_have_names_of_their_own_in_their_order),
    };
    return cmocka_run_group_tests_name("files that lie", tests, NULL, NULL);
}
