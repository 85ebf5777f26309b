/* data/recipe_file.c: the small parts of a log's file: recipe, time zone, audit. A text that is not there is a section that is
 * not there. */
#include "data/events.h"
#include "data/log_file.h"

#include <string.h>

/* ---- recipe ----------------------------------------------------------------------------------------------------------------
 */

void pt_recipe_save(const patron_log_options *recipe, pt_writer *writer) {
    pt_writer_enter(writer, "recipe", -1);
#define SAVE_TEXT(name) pt_writer_add_text(writer, #name, recipe->name);
    PT_RECIPE_TEXTS(SAVE_TEXT)
#undef SAVE_TEXT
#define SAVE_FLAG(name) pt_writer_add_int64(writer, #name, recipe->name);
    PT_RECIPE_SWITCHES(SAVE_FLAG)
#undef SAVE_FLAG
    pt_writer_add_int64(writer, "time_unit", (int64_t)recipe->time_unit);
    pt_writer_add_int64(writer, "time_from", recipe->time_from);
    pt_writer_add_int64(writer, "time_to", recipe->time_to);
    pt_writer_add_names(writer, "properties", recipe->n_properties, recipe->properties);
    pt_writer_add_int64(writer, "n_kinds", recipe->n_kinds);
    for (int64_t i = 0; i < recipe->n_kinds; i++) {
        pt_writer_enter(writer, "kinds", i);
        pt_writer_add_text(writer, "from", recipe->kinds[i].from);
        pt_writer_add_text(writer, "to", recipe->kinds[i].to);
        pt_writer_leave(writer);
    }
    pt_writer_leave(writer);
}

static patron_status load_kind(patron_ctx *ctx, pt_reader *reader, int64_t i, patron_kind_name *kind, patron_error *error) {
    patron_status status;
    const char *text;
    char *copy;
    pt_reader_enter(reader, "kinds", i);
    PT_TRY(pt_reader_utf8(reader, "from", &text, error));
    PT_TRY(pt_strdup(ctx, text, &copy, error));
    kind->from = copy;
    PT_TRY(pt_reader_utf8(reader, "to", &text, error));
    PT_TRY(pt_strdup(ctx, text, &copy, error));
    kind->to = copy;
cleanup:
    pt_reader_leave(reader);
    return status;
}

static patron_status load_kinds(patron_ctx *ctx, pt_reader *reader, patron_log_options *recipe, patron_error *error) {
    int64_t n;
    patron_status status = pt_reader_int64(reader, "n_kinds", 0, pt_reader_n_sections(reader), &n, error);
    if (status != PATRON_OK) return status;
    patron_kind_name *kinds;
    status = pt_alloc_zero(ctx, &kinds, n, sizeof *kinds, error);
    if (status != PATRON_OK) return status;
    recipe->kinds = kinds;
    recipe->n_kinds = n;
    for (int64_t i = 0; i < n && status == PATRON_OK; i++) status = load_kind(ctx, reader, i, &kinds[i], error);
    return status;
}

patron_status pt_recipe_load(patron_ctx *ctx, pt_reader *reader, patron_log_options **out, patron_error *error) {
    patron_status status;
    pt_reader_enter(reader, "recipe", -1);
    patron_log_options *recipe = NULL;
    const char **names = NULL;
    char **properties = NULL;
    int64_t number;
    PT_TRY(pt_alloc(ctx, &recipe, 1, sizeof *recipe, error));
    patron_log_options_init(recipe);
    char *text;
#define LOAD_TEXT(name)                                                                                                        \
    PT_TRY(pt_reader_copy_utf8(ctx, reader, #name, &text, error));                                                             \
    recipe->name = text;
    PT_RECIPE_TEXTS(LOAD_TEXT)
#undef LOAD_TEXT
#define LOAD_FLAG(name)                                                                                                        \
    PT_TRY(pt_reader_int64(reader, #name, 0, 1, &number, error));                                                              \
    recipe->name = (int)number;
    PT_RECIPE_SWITCHES(LOAD_FLAG)
#undef LOAD_FLAG
    PT_TRY(pt_reader_int64(reader, "time_unit", PATRON_UNIT_SECOND, PATRON_UNIT_DAY, &number, error));
    recipe->time_unit = (patron_time_unit)number;
    PT_TRY(pt_reader_int64(reader, "time_from", INT64_MIN, INT64_MAX, &recipe->time_from, error));
    PT_TRY(pt_reader_int64(reader, "time_to", INT64_MIN, INT64_MAX, &recipe->time_to, error));
    PT_TRY(pt_reader_names(reader, "properties", &number, &names, error));
    PT_TRY(pt_alloc_zero(ctx, &properties, number, sizeof *properties, error));
    recipe->properties = (const char *const *)properties;
    recipe->n_properties = number;
    for (int64_t i = 0; i < number; i++) {
        if (!pt_is_utf8(names[i])) {
            status = pt_reader_refuse(reader, "properties", error, "has text that is not UTF-8");
            goto cleanup;
        }
        PT_TRY(pt_strdup(ctx, names[i], &properties[i], error));
    }
    PT_TRY(load_kinds(ctx, reader, recipe, error));
    if (recipe->user == NULL || recipe->time == NULL) {
        status =
            pt_reader_refuse(reader, recipe->user == NULL ? "user" : "time", error, "is missing; expected a column's name");
        goto cleanup;
    }
    *out = recipe;
    recipe = NULL;
cleanup:
    pt_free(ctx, names);
    pt_recipe_destroy(ctx, recipe);
    pt_reader_leave(reader);
    return status;
}

/* ---- time zone --------------------------------------------------------------------------------------------------------------
 */

void pt_timezone_save(const pt_timezone *zone, pt_writer *writer) {
    pt_writer_enter(writer, "zone", -1);
    pt_writer_add_text(writer, "name", zone->name);
    pt_writer_add(writer, "from", PATRON_SECTION_INT64, zone->from, zone->n);
    pt_writer_add(writer, "offset", PATRON_SECTION_INT32, zone->offset, zone->n);
    pt_writer_add_int64(writer, "before", zone->before);
    pt_writer_leave(writer);
}

patron_status pt_timezone_load(patron_ctx *ctx, pt_reader *reader, pt_timezone **out, patron_error *error) {
    patron_status status;
    pt_reader_enter(reader, "zone", -1);
    patron_timezone zone;
    int64_t before;
    PT_TRY(pt_reader_utf8(reader, "name", &zone.name, error));
    PT_TRY(pt_reader_section(reader, "from", PATRON_SECTION_INT64, &zone.transitions, &zone.n_transitions, error));
    PT_TRY(pt_reader_array(reader, "offset", PATRON_SECTION_INT32, zone.n_transitions, &zone.offsets, error));
    PT_TRY(pt_reader_int64(reader, "before", INT32_MIN, INT32_MAX, &before, error));
    zone.first_offset = (int32_t)before;
    status = pt_timezone_create(ctx, &zone, out, error);
    if (status == PATRON_ERR_INVALID)
        status = pt_reader_refuse(reader, "from", error, "makes no sense: %s", error != NULL ? error->message : "");
cleanup:
    pt_reader_leave(reader);
    return status;
}

/* ---- audit
 * ------------------------------------------------------------------------------------------------------------------- */

void pt_audit_save(const pt_audit *audit, pt_writer *writer) {
    for (int64_t i = 0; i < audit->n; i++) {
        const pt_audit_row *row = &audit->rows[i];
        pt_writer_enter(writer, "audit", i);
        pt_writer_add_text(writer, "rule", row->rule);
        pt_writer_add_text(writer, "column", row->column);
        pt_writer_add_text(writer, "action", row->action);
        pt_writer_add_text(writer, "example", row->example);
        pt_writer_add_int64(writer, "rows", row->rows);
        pt_writer_leave(writer);
    }
    pt_writer_add_int64(writer, "n_audit", audit->n);
}

static patron_status load_audit_row(patron_ctx *ctx, pt_reader *reader, int64_t i, pt_audit *audit, patron_error *error) {
    patron_status status;
    pt_reader_enter(reader, "audit", i);
    const char *rule, *action;
    char *column = NULL, *example = NULL;
    int64_t rows;
    PT_TRY(pt_reader_utf8(reader, "rule", &rule, error));
    PT_TRY(pt_reader_copy_utf8(ctx, reader, "column", &column, error));
    PT_TRY(pt_reader_utf8(reader, "action", &action, error));
    PT_TRY(pt_reader_copy_utf8(ctx, reader, "example", &example, error));
    PT_TRY(pt_reader_int64(reader, "rows", 1, INT64_MAX, &rows, error));
    PT_TRY(pt_audit_add(ctx, audit, rule, column, rows, action, example, error));
    if (audit->n != i + 1) status = pt_reader_refuse(reader, "rule", error, "has two lines for one rule");
cleanup:
    pt_free(ctx, column);
    pt_free(ctx, example);
    pt_reader_leave(reader);
    return status;
}

patron_status pt_audit_load(patron_ctx *ctx, pt_reader *reader, pt_audit *out, patron_error *error) {
    int64_t n;
    patron_status status = pt_reader_int64(reader, "n_audit", 0, pt_reader_n_sections(reader), &n, error);
    for (int64_t i = 0; i < n && status == PATRON_OK; i++) status = load_audit_row(ctx, reader, i, out, error);
    return status;
}
