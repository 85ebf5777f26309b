/* tests/fuzz/fuzz_log.c: a log's door for bytes. They are refused, or everything that a log can be asked is asked: events,
 * audit, attributes, quality, a part of it, itself merged with the part, its own bytes. Nothing may crash or leak; what was
 * read once must be read again.
 *
 * The custom mutator makes a log with every kind of column out of (nearly) nothing, so no corpus is needed. Most mutations
 * change the content of one section in its place; after those, and after two of three others, all checksums are made right
 * again, so that what stands behind them is reached. Works under libFuzzer and under replay.c. */
#include "file_repair.h"
#include "patron.h"

#include <stdbool.h>
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
        options.memory_cap = 256 << 20;
        FUZZ_ASSERT(patron_ctx_create(&options, &ctx, NULL) == PATRON_OK);
    }
    return ctx;
}

/* Every value of a table, read once. */
static uint64_t touch(const patron_table *table) {
    uint64_t sum = 0;
    for (int64_t column = 0; column < patron_table_n_columns(table); column++) {
        for (int64_t row = 0; row < patron_table_n_rows(table); row++) {
            const char *text = NULL;
            int64_t length = 0, value;
            double real;
            uint8_t valid;
            if (patron_table_get_string(table, column, row, &text, &length, NULL) == PATRON_OK) {
                for (int64_t i = 0; text != NULL && i < length; i++) sum += (unsigned char)text[i];
            } else if (patron_table_get_int64(table, column, row, 1, &value, &valid, NULL) == PATRON_OK) {
                sum += (uint64_t)value;
            } else if (patron_table_get_float64(table, column, row, 1, &real, &valid, NULL) == PATRON_OK) {
                sum += valid;
            }
        }
    }
    return sum;
}

static void take(patron_status status, patron_table *table) {
    FUZZ_ASSERT((status == PATRON_OK) == (table != NULL));
    if (table != NULL) (void)touch(table);
    patron_table_destroy(table);
}

static void ask_tables(const patron_log *log, const patron_log *previous) {
    patron_table *table = NULL;
    patron_status status = patron_log_events(log, &table, NULL);
    take(status, table);
    table = NULL;
    status = patron_log_audit(log, &table, NULL);
    take(status, table);
    for (int as_of = 0; as_of < 3; as_of++) {
        int64_t when = as_of == 0 ? INT64_MIN : as_of == 1 ? patron_log_start(log) : INT64_MAX;
        table = NULL;
        status = patron_log_users(log, when, &table, NULL);
        take(status, table);
        table = NULL;
        status = patron_log_items(log, when, &table, NULL);
        take(status, table);
    }
    table = NULL;
    status = patron_log_quality(log, previous, &table, NULL);
    take(status, table);
}

static void ask_ids(const patron_log *log) {
    for (int64_t u = 0; u < patron_log_n_users(log); u++) {
        patron_id id;
        FUZZ_ASSERT(patron_log_id(log, "user", u, &id, NULL) == PATRON_OK);
        FUZZ_ASSERT(patron_log_find_user(log, &id) == u);
        FUZZ_ASSERT(patron_log_offsets(log)[u] < patron_log_offsets(log)[u + 1]);
    }
    for (int64_t i = 0; i < patron_log_n_events(log); i++) {
        FUZZ_ASSERT(patron_log_kind_name(log, patron_log_kinds(log)[i]) != NULL);
        FUZZ_ASSERT(patron_log_times(log)[i] >= patron_log_start(log) && patron_log_times(log)[i] < patron_log_end(log));
    }
}

static void ask_bytes(const patron_log *log) {
    patron_bytes *bytes = NULL, *again = NULL;
    patron_log *back = NULL;
    if (patron_log_to_bytes(log, &bytes, NULL) != PATRON_OK) return;
    FUZZ_ASSERT(patron_log_from_bytes(context(), patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_to_bytes(back, &again, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_bytes_size(bytes) == patron_bytes_size(again));
    FUZZ_ASSERT(memcmp(patron_bytes_data(bytes), patron_bytes_data(again), (size_t)patron_bytes_size(bytes)) == 0);
    patron_bytes_destroy(bytes);
    patron_bytes_destroy(again);
    patron_log_destroy(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    patron_ctx *ctx = context();
    uint64_t before = patron_ctx_memory(ctx);
    patron_log *log = NULL, *part = NULL, *merged = NULL;
    patron_error error = {0};
    patron_status status = patron_log_from_bytes(ctx, data, (int64_t)size, &log, &error);
    if (status != PATRON_OK) {
        FUZZ_ASSERT((status == PATRON_ERR_FORMAT || status == PATRON_ERR_NO_MEMORY) && log == NULL);
        FUZZ_ASSERT(error.status == status && error.message[0] != '\0');
    } else {
        ask_ids(log);
        ask_bytes(log);
        int64_t middle = patron_log_start(log) / 2 + patron_log_end(log) / 2;
        if (patron_log_between(log, INT64_MIN, middle, &part, NULL) == PATRON_OK) {
            ask_ids(part);
            ask_tables(log, part);
            ask_tables(part, log);
            ask_bytes(part);
            if (patron_log_merge(log, part, &merged, NULL) == PATRON_OK) {
                ask_ids(merged);
                ask_bytes(merged);
            }
        }
        ask_tables(log, NULL);
    }
    patron_log_destroy(merged);
    patron_log_destroy(part);
    patron_log_destroy(log);
    FUZZ_ASSERT(patron_ctx_memory(ctx) == before);
    return 0;
}

/* ---- a log to begin with ---- */

enum { N = 6 };

static void add(patron_table *table, const char *name, patron_column column) {
    FUZZ_ASSERT(patron_table_borrow_column(table, name, &column, NULL) == PATRON_OK);
}

static patron_table *events(void) {
    static const int64_t users[N] = {3, 3, 8, 8, 8, -5}, seconds[N] = {0, 90000, 90000, 90000, 700000, 5000000};
    static const double amounts[N] = {1, 2.5, -1, 4, 5, 1000};
    static const uint8_t some[] = {0x2d};
    static const int32_t offsets[N + 1] = {0, 4, 8, 16, 19, 19, 23};
    patron_table *table = NULL;
    FUZZ_ASSERT(patron_table_create(context(), N, &table, NULL) == PATRON_OK);
    add(table, "who", (patron_column){.type = PATRON_TYPE_INT64, .values = users});
    add(table, "when",
        (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = seconds, .unit = PATRON_UNIT_SECOND, .timezone = "UTC"});
    add(table, "spent", (patron_column){.type = PATRON_TYPE_FLOAT64, .values = amounts, .validity = some});
    add(table, "what", (patron_column){.type = PATRON_TYPE_UTF8, .values = "viewviewpurchasezoozoom", .offsets = offsets});
    add(table, "flag", (patron_column){.type = PATRON_TYPE_BOOL, .values = some, .validity = some});
    return table;
}

static patron_table *facts(void) {
    static const int64_t keys[3] = {3, 8, 3}, since[3] = {10, 20, 30};
    static const int32_t offsets[4] = {0, 3, 3, 7};
    static const uint8_t some[] = {0x5};
    patron_table *table = NULL;
    FUZZ_ASSERT(patron_table_create(context(), 3, &table, NULL) == PATRON_OK);
    add(table, "id", (patron_column){.type = PATRON_TYPE_INT64, .values = keys});
    add(table, "since",
        (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = since, .unit = PATRON_UNIT_SECOND, .timezone = "UTC"});
    add(table, "town", (patron_column){.type = PATRON_TYPE_UTF8, .values = "UlmLinz", .offsets = offsets, .validity = some});
    add(table, "level", (patron_column){.type = PATRON_TYPE_INT64, .values = keys, .validity = some});
    return table;
}

static size_t seed_log(uint8_t *data, size_t max_size) {
    static const char *const properties[] = {"flag"};
    static const int64_t from[] = {1000000000};
    static const int32_t offset[] = {3600};
    static const patron_timezone zone = {"Somewhere", 1, from, offset, 0};
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = "who";
    o.time = "when";
    o.item = "what";
    o.event = "what";
    o.amount = "spent";
    o.quantity = "spent";
    o.seq = "who";
    o.properties = properties;
    o.n_properties = 1;
    o.winsorize = 1;
    o.timezone = &zone;
    patron_table *table = events(), *known = facts();
    patron_log *log = NULL, *with = NULL;
    patron_bytes *bytes = NULL;
    size_t size = 0;
    FUZZ_ASSERT(patron_log_build(context(), table, &o, &log, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_with_users(log, known, "id", "since", &with, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_to_bytes(with, &bytes, NULL) == PATRON_OK);
    if ((size_t)patron_bytes_size(bytes) <= max_size) {
        size = (size_t)patron_bytes_size(bytes);
        memcpy(data, patron_bytes_data(bytes), size);
    }
    patron_bytes_destroy(bytes);
    patron_log_destroy(with);
    patron_log_destroy(log);
    patron_table_destroy(table);
    patron_table_destroy(known);
    return size;
}

/* Changes the content of one section, whose place and size stay: then only what the log itself checks stands in the way. */
static bool mutate_section(uint8_t *data, size_t size, unsigned int seed) {
    pt_file_head head;
    pt_file_entry entry;
    memcpy(&head, data, sizeof head);
    size_t n = head.extent.n_sections;
    if (n == 0 || n > (size - sizeof head) / sizeof entry) return false;
    memcpy(&entry, data + sizeof head + seed % n * sizeof entry, sizeof entry);
    if (entry.offset > size || entry.element_size > 16 || entry.count > size) return false;
    size_t bytes = (size_t)entry.count * entry.element_size;
    if (bytes == 0 || bytes > size - entry.offset) return false;
    (void)LLVMFuzzerMutate(data + entry.offset, bytes, bytes);
    return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    if (size < sizeof(pt_file_head)) return seed_log(data, max_size);
    if (seed % 8 < 5 && mutate_section(data, size, seed >> 4)) {
        repair_checksums(data, size);
        return size;
    }
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed % 8 != 7) {
        if (seed & 8) repair_length(data, size);
        repair_checksums(data, size);
    }
    return size;
}
