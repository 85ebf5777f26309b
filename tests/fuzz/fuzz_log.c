/* tests/fuzz/fuzz_log.c: a log's door for bytes, from memory or as a file. They are refused, or the log is asked (log_asked.h).
 * Which questions an input is asked depends on all its bytes: each is asked few, and all together everything. */
#include "file_repair.h"
#include "log_asked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    patron_ctx *ctx = fuzz_begin(data, size);
    uint64_t choice = fuzz_choice(data, size);
    patron_log *log = NULL;
    patron_error error = {0};
    patron_status status = choice % 8 == 0 ? patron_log_load(ctx, "input", &log, &error)
                                           : patron_log_from_bytes(ctx, data, (int64_t)size, &log, &error);
    if (status != PATRON_OK) {
        FUZZ_ASSERT(log == NULL);
        fuzz_refused(status, &error, PATRON_ERR_FORMAT);
    } else {
        fuzz_welcome();
        ask_always(log);
        ask_question(ctx, log, NULL, (int)((choice >> 8) % ASK_TABLES));
        if ((choice >> 32 & 3) == 0)
            ask_question(ctx, log, NULL, ASK_TABLES + (int)((choice >> 40) % (ASK_QUESTIONS - ASK_TABLES)));
        patron_log_destroy(log);
    }
    fuzz_end();
    return 0;
}

/* ---- a log to begin with ---- */

enum { N = 6 };

static void add(patron_table *table, const char *name, patron_column column) {
    FUZZ_ASSERT(patron_table_borrow_column(table, name, &column, NULL) == PATRON_OK);
}

static patron_table *events(patron_ctx *ctx) {
    static const int64_t users[N] = {3, 3, 8, 8, 8, -5}, seconds[N] = {0, 90000, 90000, 90000, 700000, 5000000};
    static const double amounts[N] = {1, 2.5, -1, 4, 5, 1000};
    static const uint8_t some[] = {0x2d};
    static const int32_t offsets[N + 1] = {0, 4, 8, 16, 19, 19, 23};
    patron_table *table = NULL;
    FUZZ_ASSERT(patron_table_create(ctx, N, &table, NULL) == PATRON_OK);
    add(table, "who", (patron_column){.type = PATRON_TYPE_INT64, .values = users});
    add(table, "when",
        (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = seconds, .unit = PATRON_UNIT_SECOND, .timezone = "UTC"});
    add(table, "spent", (patron_column){.type = PATRON_TYPE_FLOAT64, .values = amounts, .validity = some});
    add(table, "what", (patron_column){.type = PATRON_TYPE_UTF8, .values = "viewviewpurchasezoozoom", .offsets = offsets});
    add(table, "flag", (patron_column){.type = PATRON_TYPE_BOOL, .values = some, .validity = some});
    return table;
}

static patron_table *facts(patron_ctx *ctx) {
    static const int64_t keys[3] = {3, 8, 3}, since[3] = {10, 20, 30};
    static const int32_t offsets[4] = {0, 3, 3, 7};
    static const uint8_t some[] = {0x5};
    patron_table *table = NULL;
    FUZZ_ASSERT(patron_table_create(ctx, 3, &table, NULL) == PATRON_OK);
    add(table, "id", (patron_column){.type = PATRON_TYPE_INT64, .values = keys});
    add(table, "since",
        (patron_column){.type = PATRON_TYPE_TIMESTAMP, .values = since, .unit = PATRON_UNIT_SECOND, .timezone = "UTC"});
    add(table, "town", (patron_column){.type = PATRON_TYPE_UTF8, .values = "UlmLinz", .offsets = offsets, .validity = some});
    add(table, "level", (patron_column){.type = PATRON_TYPE_INT64, .values = keys, .validity = some});
    return table;
}

/* Three to begin with: all that a log can hold, a small one, one with ids of text. */
static size_t first_file(uint8_t *data, size_t max_size, unsigned int seed) {
    static const char *const properties[] = {"flag"};
    static const patron_kind_name kinds[] = {{"zoom", "view"}};
    static const int64_t from[] = {1000000000};
    static const int32_t offset[] = {3600};
    static const patron_timezone zone = {"Somewhere", 1, from, offset, 0};
    patron_ctx *ctx = fuzz_begin(data, 0);
    patron_log_options o;
    patron_log_options_init(&o);
    o.user = seed % 3 == 2 ? "what" : "who";
    o.time = "when";
    if (seed % 3 != 1) {
        o.item = "what";
        o.amount = "spent";
    }
    if (seed % 3 == 0) {
        o.event = "what";
        o.quantity = "spent";
        o.seq = "who";
        o.properties = properties;
        o.n_properties = 1;
        o.kinds = kinds;
        o.n_kinds = 1;
        o.winsorize = 1;
        o.timezone = &zone;
    }
    patron_table *table = events(ctx), *known = facts(ctx);
    patron_log *log = NULL, *with = NULL;
    patron_bytes *bytes = NULL;
    FUZZ_ASSERT(patron_log_build(ctx, table, &o, &log, NULL) == PATRON_OK);
    if (seed % 3 == 0) FUZZ_ASSERT(patron_log_with_users(log, known, "id", "since", &with, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_log_to_bytes(with != NULL ? with : log, &bytes, NULL) == PATRON_OK);
    patron_log_destroy(with);
    patron_log_destroy(log);
    patron_table_destroy(table);
    patron_table_destroy(known);
    size_t size = file_take(bytes, data, max_size);
    fuzz_end();
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return size < sizeof(pt_file_head) ? first_file(data, max_size, seed) : file_mutate(data, size, max_size, seed);
}
