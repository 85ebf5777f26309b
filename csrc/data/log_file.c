/* data/log_file.c: a log as a file of kind "log".
 *
 *   n  currency?  kinds  time  offsets          the events
 *   users.{kind, numbers | text.offsets, text.bytes}
 *   columns.<i>.{name, store, property, data, dictionary.*}
 *   kind_names  zone.*  recipe.*  audit.*
 *   user_attributes.*  item_attributes.*        where there are any
 *
 * Loading maps the file and points into it. The checksums say that the bytes are those that were written; that they make sense
 * is checked here, once: codes lie in their dictionaries, dictionaries rise, text is UTF-8, offsets and times rise. */
#include "data/log_file.h"

#include "data/events.h"

#include <string.h>

enum { VERSION = 1, BLOCK = 65536 };

static const patron_section_type store_types[] = {PATRON_SECTION_INT32,   PATRON_SECTION_INT64, PATRON_SECTION_INT64,
                                                  PATRON_SECTION_FLOAT64, PATRON_SECTION_INT64, PATRON_SECTION_INT64};

patron_status pt_reader_utf8(const pt_reader *reader, const char *name, const char **out, patron_error *error) {
    patron_status status = pt_reader_text(reader, name, out, error);
    if (status == PATRON_OK && !pt_is_utf8(*out)) status = pt_reader_refuse(reader, name, error, "has text that is not UTF-8");
    return status;
}

patron_status pt_reader_copy_utf8(patron_ctx *ctx, const pt_reader *reader, const char *name, char **out, patron_error *error) {
    const char *text = NULL;
    patron_status status = pt_reader_has(reader, name) ? pt_reader_utf8(reader, name, &text, error) : PATRON_OK;
    return status == PATRON_OK ? pt_strdup(ctx, text, out, error) : status;
}

/* ---- dictionaries ---------------------------------------------------------------------------------------------------------
 */

void pt_dictionary_save(const pt_dictionary *d, const char *name, pt_writer *writer) {
    pt_writer_enter(writer, name, -1);
    pt_writer_add_int64(writer, "kind", d->kind);
    if (d->kind == PT_IDS_TEXT)
        pt_writer_add_strings(writer, "text", d->n, d->offsets, d->bytes);
    else
        pt_writer_add(writer, "numbers", PATRON_SECTION_INT64, d->numbers, d->n);
    pt_writer_leave(writer);
}

static bool numbers_rise(pt_id_kind kind, int64_t n, const int64_t *numbers) {
    for (int64_t i = 1; i < n; i++)
        if (kind == PT_IDS_UINT64 ? (uint64_t)numbers[i - 1] >= (uint64_t)numbers[i] : numbers[i - 1] >= numbers[i])
            return false;
    return true;
}

static bool texts_rise(int64_t n, const int64_t *offsets, const char *bytes) {
    for (int64_t i = 1; i < n; i++) {
        int64_t length_a = offsets[i] - offsets[i - 1], length_b = offsets[i + 1] - offsets[i];
        int64_t shorter = length_a < length_b ? length_a : length_b;
        int order = memcmp(bytes + offsets[i - 1], bytes + offsets[i], (size_t)shorter);
        if (order > 0 || (order == 0 && length_a >= length_b)) return false;
    }
    return true;
}

/* Each value by itself must be UTF-8: a whole that is valid could still be cut inside a character. */
static bool texts_valid(int64_t n, const int64_t *offsets, const char *bytes) {
    if (pt_utf8_check(bytes, offsets[n]) >= 0) return false;
    for (int64_t i = 0; i < n; i++)
        if (offsets[i] < offsets[n] && ((unsigned char)bytes[offsets[i]] & 0xc0) == 0x80) return false;
    return true;
}

patron_status pt_dictionary_load(patron_ctx *ctx, pt_reader *reader, const char *name, pt_dictionary **out,
                                 patron_error *error) {
    patron_status status;
    pt_reader_enter(reader, name, -1);
    pt_buffer *file = pt_reader_keep(reader), *first = NULL, *second = NULL;
    int64_t kind, n;
    PT_TRY(pt_reader_int64(reader, "kind", PT_IDS_INT64, PT_IDS_TEXT, &kind, error));
    if (kind == PT_IDS_TEXT) {
        const int64_t *offsets;
        const char *bytes;
        PT_TRY(pt_reader_strings(reader, "text", &n, &offsets, &bytes, error));
        if (!texts_valid(n, offsets, bytes)) {
            status = pt_reader_refuse(reader, "text", error, "has text that is not UTF-8");
            goto cleanup;
        }
        if (!texts_rise(n, offsets, bytes)) {
            status = pt_reader_refuse(reader, "text", error, "has values that do not rise");
            goto cleanup;
        }
        PT_TRY(pt_buffer_slice(file, offsets, (n + 1) * 8, &first, error));
        PT_TRY(pt_buffer_slice(file, bytes, offsets[n], &second, error));
    } else {
        const int64_t *numbers;
        PT_TRY(pt_reader_section(reader, "numbers", PATRON_SECTION_INT64, &numbers, &n, error));
        if (!numbers_rise((pt_id_kind)kind, n, numbers)) {
            status = pt_reader_refuse(reader, "numbers", error, "has values that do not rise");
            goto cleanup;
        }
        PT_TRY(pt_buffer_slice(file, numbers, n * 8, &first, error));
    }
    PT_TRY(pt_dictionary_wrap(ctx, (pt_id_kind)kind, n, first, second, out, error));
cleanup:
    pt_buffer_release(first);
    pt_buffer_release(second);
    pt_buffer_release(file);
    pt_reader_leave(reader);
    return status;
}

/* ---- columns ----------------------------------------------------------------------------------------------------------------
 */

void pt_log_column_save(const pt_log_column *column, int64_t n, const char *name, int64_t index, pt_writer *writer) {
    pt_writer_enter(writer, name, index);
    pt_writer_add_text(writer, "name", column->name);
    pt_writer_add_int64(writer, "store", column->store);
    pt_writer_add_int64(writer, "property", column->property);
    pt_writer_add(writer, "data", store_types[column->store], column->data, n);
    if (column->store == PT_CODES) pt_dictionary_save(column->dictionary, "dictionary", writer);
    pt_writer_leave(writer);
}

static bool codes_inside(int64_t n, const int32_t *codes, int64_t n_values) {
    int32_t least = -1, most = -1;
    for (int64_t i = 0; i < n; i++) {
        least = codes[i] < least ? codes[i] : least;
        most = codes[i] > most ? codes[i] : most;
    }
    return least == -1 && most < n_values;
}

patron_status pt_log_column_load(patron_ctx *ctx, pt_reader *reader, const char *name, int64_t index, int64_t n,
                                 pt_log_column *out, patron_error *error) {
    patron_status status;
    pt_reader_enter(reader, name, index);
    pt_log_column column = {0};
    const char *text;
    int64_t store, property;
    PT_TRY(pt_reader_utf8(reader, "name", &text, error));
    PT_TRY(pt_strdup(ctx, text, &column.name, error));
    PT_TRY(pt_reader_int64(reader, "store", PT_CODES, PT_BOOLEAN, &store, error));
    PT_TRY(pt_reader_int64(reader, "property", 0, 1, &property, error));
    column.store = (pt_store)store;
    column.property = property != 0;
    const void *data;
    PT_TRY(pt_reader_array(reader, "data", store_types[store], n, &data, error));
    column.data = (void *)(uintptr_t)data;
    column.keep = pt_reader_keep(reader);
    if (column.store == PT_CODES) {
        PT_TRY(pt_dictionary_load(ctx, reader, "dictionary", &column.dictionary, error));
        if (!codes_inside(n, data, column.dictionary->n))
            status = pt_reader_refuse(reader, "data", error, "has a code outside the dictionary of %lld values",
                                      (long long)column.dictionary->n);
    } else if (column.store == PT_BOOLEAN) {
        const int64_t *flags = data;
        for (int64_t i = 0; i < n && status == PATRON_OK; i++)
            if (flags[i] != 0 && flags[i] != 1 && flags[i] != PT_MISSING)
                status = pt_reader_refuse(reader, "data", error, "has a boolean that is neither 0 nor 1");
    }
cleanup:
    pt_reader_leave(reader);
    if (status == PATRON_OK)
        *out = column;
    else
        pt_log_column_fini(ctx, &column);
    return status;
}

/* ---- the log ----------------------------------------------------------------------------------------------------------------
 */

static void write_log(const patron_log *log, pt_writer *writer) {
    pt_writer_add_int64(writer, "n", log->n);
    pt_writer_add_int64(writer, "n_columns", log->n_columns);
    pt_writer_add_text(writer, "currency", log->currency);
    pt_dictionary_save(log->users, "users", writer);
    pt_writer_add(writer, "offsets", PATRON_SECTION_INT64, log->offsets, log->users->n + 1);
    pt_writer_add(writer, "time", PATRON_SECTION_INT64, log->time, log->n);
    pt_writer_add(writer, "kinds", PATRON_SECTION_UINT16, log->kinds, log->n);
    pt_writer_add_names(writer, "kind_names", log->n_kind_names, (const char *const *)log->kind_names);
    for (int64_t i = 0; i < log->n_columns; i++) pt_log_column_save(&log->columns[i], log->n, "columns", i, writer);
    pt_timezone_save(log->zone, writer);
    pt_recipe_save(log->recipe, writer);
    pt_audit_save(&log->audit, writer);
    pt_attributes_save(log->user_attributes, "user", writer);
    pt_attributes_save(log->item_attributes, "item", writer);
}

patron_status patron_log_save(const patron_log *log, const char *path, patron_error *error) {
    pt_writer *writer;
    patron_status status = pt_writer_create(log->ctx, "log", VERSION, &writer, error);
    if (status != PATRON_OK) return status;
    write_log(log, writer);
    status = pt_writer_save(writer, path, error);
    pt_writer_destroy(writer);
    return status;
}

patron_status patron_log_to_bytes(const patron_log *log, patron_bytes **out, patron_error *error) {
    pt_writer *writer;
    patron_status status = pt_writer_create(log->ctx, "log", VERSION, &writer, error);
    if (status != PATRON_OK) return status;
    write_log(log, writer);
    status = pt_writer_to_bytes(writer, out, error);
    pt_writer_destroy(writer);
    return status;
}

/* Offsets rise from 0 to n, every user has events, their times rise; first and last time come out. */
static patron_status check_events(patron_log *log, pt_reader *reader, patron_error *error) {
    int64_t n_users = log->users->n;
    if (log->offsets[0] != 0 || log->offsets[n_users] != log->n)
        return pt_reader_refuse(reader, "offsets", error, "has offsets that do not span the events");
    for (int64_t u = 0; u < n_users; u++)
        if (log->offsets[u] >= log->offsets[u + 1] || log->offsets[u + 1] > log->n)
            return pt_reader_refuse(reader, "offsets", error, "has offsets that do not rise");
    log->first_time = INT64_MAX;
    log->last_time = INT64_MIN;
    for (int64_t u = 0; u < n_users; u++) {
        int64_t first = log->offsets[u], last = log->offsets[u + 1] - 1;
        for (int64_t i = first; i < last; i++)
            if (log->time[i] > log->time[i + 1])
                return pt_reader_refuse(reader, "time", error, "has times of one user that do not rise");
        if (log->time[first] < log->first_time) log->first_time = log->time[first];
        if (log->time[last] > log->last_time) log->last_time = log->time[last];
        if (log->time[first] == INT64_MIN || log->time[last] == INT64_MAX)
            return pt_reader_refuse(reader, "time", error, "has a time beyond all times");
        if ((u & 4095) == 0) {
            patron_status status = pt_poll(log->ctx, error);
            if (status != PATRON_OK) return status;
        }
    }
    for (int64_t i = 0; i < log->n; i++)
        if (patron_log_kind_name(log, log->kinds[i]) == NULL)
            return pt_reader_refuse(reader, "kinds", error, "has kind %d, which has no name", log->kinds[i]);
    return PATRON_OK;
}

static patron_status read_kind_names(patron_log *log, pt_reader *reader, patron_error *error) {
    const char **names;
    int64_t n;
    patron_status status = pt_reader_names(reader, "kind_names", &n, &names, error);
    if (status != PATRON_OK) return status;
    PT_TRY(pt_alloc_zero(log->ctx, &log->kind_names, n, sizeof *log->kind_names, error));
    for (int64_t i = 0; i < n; i++) {
        if (i >= 65536 - PATRON_KIND_OTHER || (i > 0 && strcmp(names[i - 1], names[i]) >= 0) || !pt_is_utf8(names[i])) {
            status = pt_reader_refuse(reader, "kind_names", error,
                                      "has names that do not rise, or are not UTF-8, or are more than %d",
                                      65536 - PATRON_KIND_OTHER);
            goto cleanup;
        }
        PT_TRY(pt_strdup(log->ctx, names[i], &log->kind_names[i], error));
        log->n_kind_names = i + 1;
    }
cleanup:
    pt_free(log->ctx, names);
    return status;
}

static int64_t place_of(const pt_log_column *column) {
    for (int role = 0; role < PT_N_ROLES; role++)
        if (strcmp(column->name, pt_role_name((pt_role)role)) == 0) return role;
    return PT_N_ROLES;
}

/* Roles in their order and of their types, then properties in the order of their names: so no name is there twice. */
static patron_status check_column(const pt_log_column *column, const pt_log_column *before, const pt_reader *reader,
                                  patron_error *error) {
    int64_t place = place_of(column);
    if (column->property ? pt_name_is_taken(column->name)
                         : place == PT_N_ROLES || column->store != pt_role_store((pt_role)place))
        return pt_reader_refuse(reader, "columns", error, "has column '%s' of the wrong type", column->name);
    if (before == NULL || place_of(before) < place) return PATRON_OK;
    if (place == PT_N_ROLES && strcmp(before->name, column->name) < 0) return PATRON_OK;
    if (strcmp(before->name, column->name) == 0)
        return pt_reader_refuse(reader, "columns", error, "has two columns '%s'", column->name);
    return pt_reader_refuse(reader, "columns", error, "has column '%s' behind '%s'", column->name, before->name);
}

static patron_status read_columns(patron_log *log, pt_reader *reader, patron_error *error) {
    int64_t n_columns;
    patron_status status = pt_reader_int64(reader, "n_columns", 0, pt_reader_n_sections(reader), &n_columns, error);
    if (status != PATRON_OK) return status;
    status = pt_alloc_zero(log->ctx, &log->columns, n_columns, sizeof *log->columns, error);
    for (int64_t i = 0; i < n_columns && status == PATRON_OK; i++) {
        status = pt_log_column_load(log->ctx, reader, "columns", i, log->n, &log->columns[i], error);
        if (status != PATRON_OK) break;
        log->n_columns = i + 1;
        status = check_column(&log->columns[i], i > 0 ? &log->columns[i - 1] : NULL, reader, error);
    }
    return status;
}

static patron_status read_log(patron_ctx *ctx, pt_reader *reader, patron_log **out, patron_error *error) {
    patron_status status;
    pt_timezone *zone = NULL;
    patron_log_options *recipe = NULL;
    patron_log *log = NULL;
    int64_t n;
    PT_TRY(pt_timezone_load(ctx, reader, &zone, error));
    PT_TRY(pt_recipe_load(ctx, reader, &recipe, error));
    PT_TRY(pt_log_create(ctx, recipe, zone, &log, error));
    PT_TRY(pt_dictionary_load(ctx, reader, "users", &log->users, error));
    PT_TRY(pt_reader_int64(reader, "n", 0, UINT32_MAX, &n, error));
    log->n = n;
    PT_TRY(pt_reader_array(reader, "offsets", PATRON_SECTION_INT64, log->users->n + 1, &log->offsets, error));
    PT_TRY(pt_reader_array(reader, "time", PATRON_SECTION_INT64, n, &log->time, error));
    PT_TRY(pt_reader_array(reader, "kinds", PATRON_SECTION_UINT16, n, &log->kinds, error));
    log->keep[0] = pt_reader_keep(reader);
    PT_TRY(pt_reader_copy_utf8(ctx, reader, "currency", &log->currency, error));
    PT_TRY(read_kind_names(log, reader, error));
    PT_TRY(check_events(log, reader, error));
    PT_TRY(read_columns(log, reader, error));
    PT_TRY(pt_audit_load(ctx, reader, &log->audit, error));
    PT_TRY(pt_attributes_load(ctx, reader, "user", &log->user_attributes, error));
    PT_TRY(pt_attributes_load(ctx, reader, "item", &log->item_attributes, error));
    *out = log;
    log = NULL;
cleanup:
    pt_timezone_release(zone);
    pt_recipe_destroy(ctx, recipe);
    patron_log_destroy(log);
    return status;
}

patron_status patron_log_load(patron_ctx *ctx, const char *path, patron_log **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_open(ctx, path, "log", VERSION, &reader, error);
    if (status == PATRON_OK) status = read_log(ctx, reader, out, error);
    pt_reader_destroy(reader);
    return status;
}

patron_status patron_log_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_log **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_from_bytes(ctx, data, size, "log", VERSION, &reader, error);
    if (status == PATRON_OK) status = read_log(ctx, reader, out, error);
    pt_reader_destroy(reader);
    return status;
}
