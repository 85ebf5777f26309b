/* data/recipe_file.c: the small parts of a log's file: recipe, time zone, audit. A text that is not there is a section that is
 * not there. */
#include "data/events.h"
#include "data/log_file.h"

#include <string.h>

static patron_status save_text(pt_writer *writer, const char *name, const char *text, patron_error *error) {
    return text != NULL ? pt_writer_add_text(writer, name, text, error) : PATRON_OK;
}

/* NULL where there is no such section. */
static patron_status load_text(patron_ctx *ctx, const pt_reader *reader, const char *name, char **out, patron_error *error) {
    *out = NULL;
    if (!pt_reader_has(reader, name)) return PATRON_OK;
    const char *text;
    patron_status status = pt_reader_utf8(reader, name, &text, error);
    return status == PATRON_OK ? pt_strdup(ctx, text, out, error) : status;
}

/* ---- recipe ----------------------------------------------------------------------------------------------------------------
 */

#define FLAGS(X) X(has_time_unit) X(has_time_range) X(drop_duplicates) X(trim_ids) X(winsorize)

patron_status pt_recipe_save(const patron_log_options *recipe, pt_writer *writer, patron_error *error) {
    patron_status status = pt_writer_enter(writer, "recipe", -1, error);
    if (status != PATRON_OK) return status;
#define SAVE_TEXT(name) PT_TRY(save_text(writer, #name, recipe->name, error));
    PT_RECIPE_TEXTS(SAVE_TEXT)
#undef SAVE_TEXT
#define SAVE_FLAG(name) PT_TRY(pt_writer_add_int64(writer, #name, recipe->name != 0, error));
    FLAGS(SAVE_FLAG)
#undef SAVE_FLAG
    PT_TRY(pt_writer_add_int64(writer, "time_unit", (int64_t)recipe->time_unit, error));
    PT_TRY(pt_writer_add_int64(writer, "time_from", recipe->time_from, error));
    PT_TRY(pt_writer_add_int64(writer, "time_to", recipe->time_to, error));
    PT_TRY(pt_writer_add_names(writer, "properties", recipe->n_properties, recipe->properties, error));
    PT_TRY(pt_writer_add_int64(writer, "n_kinds", recipe->n_kinds, error));
    for (int64_t i = 0; i < recipe->n_kinds; i++) {
        PT_TRY(pt_writer_enter(writer, "kinds", i, error));
        status = pt_writer_add_text(writer, "from", recipe->kinds[i].from, error);
        if (status == PATRON_OK) status = pt_writer_add_text(writer, "to", recipe->kinds[i].to, error);
        pt_writer_leave(writer);
        if (status != PATRON_OK) goto cleanup;
    }
cleanup:
    pt_writer_leave(writer);
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
    for (int64_t i = 0; i < n; i++) {
        char *from = NULL, *to = NULL;
        const char *text;
        status = pt_reader_enter(reader, "kinds", i, error);
        if (status != PATRON_OK) return status;
        status = pt_reader_utf8(reader, "from", &text, error);
        if (status == PATRON_OK) status = pt_strdup(ctx, text, &from, error);
        kinds[i].from = from;
        if (status == PATRON_OK) status = pt_reader_utf8(reader, "to", &text, error);
        if (status == PATRON_OK) status = pt_strdup(ctx, text, &to, error);
        kinds[i].to = to;
        pt_reader_leave(reader);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

patron_status pt_recipe_load(patron_ctx *ctx, pt_reader *reader, patron_log_options **out, patron_error *error) {
    patron_status status = pt_reader_enter(reader, "recipe", -1, error);
    if (status != PATRON_OK) return status;
    patron_log_options *recipe = NULL;
    const char **names = NULL;
    char **properties = NULL;
    int64_t number;
    PT_TRY(pt_alloc(ctx, &recipe, 1, sizeof *recipe, error));
    patron_log_options_init(recipe);
    char *text;
#define LOAD_TEXT(name)                                                                                                        \
    PT_TRY(load_text(ctx, reader, #name, &text, error));                                                                       \
    recipe->name = text;
    PT_RECIPE_TEXTS(LOAD_TEXT)
#undef LOAD_TEXT
#define LOAD_FLAG(name)                                                                                                        \
    PT_TRY(pt_reader_int64(reader, #name, 0, 1, &number, error));                                                              \
    recipe->name = (int)number;
    FLAGS(LOAD_FLAG)
#undef LOAD_FLAG
    PT_TRY(pt_reader_int64(reader, "time_unit", PATRON_UNIT_SECOND, PATRON_UNIT_DAY, &number, error));
    recipe->time_unit = (patron_time_unit)number;
    PT_TRY(pt_reader_int64(reader, "time_from", INT64_MIN, INT64_MAX, &recipe->time_from, error));
    PT_TRY(pt_reader_int64(reader, "time_to", INT64_MIN, INT64_MAX, &recipe->time_to, error));
    PT_TRY(pt_reader_names(reader, "properties", &number, &names, error));
    PT_TRY(pt_alloc_zero(ctx, &properties, number, sizeof *properties, error));
    recipe->properties = (const char *const *)properties;
    recipe->n_properties = number;
    for (int64_t i = 0; i < number; i++) PT_TRY(pt_strdup(ctx, names[i], &properties[i], error));
    PT_TRY(load_kinds(ctx, reader, recipe, error));
    if (recipe->user == NULL || recipe->time == NULL) {
        status = pt_reader_refuse(reader, "user", error, "no column for user or time");
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

patron_status pt_timezone_save(const pt_timezone *zone, pt_writer *writer, patron_error *error) {
    patron_status status = pt_writer_enter(writer, "zone", -1, error);
    if (status != PATRON_OK) return status;
    PT_TRY(pt_writer_add_text(writer, "name", zone->name, error));
    PT_TRY(pt_writer_add(writer, "from", PATRON_SECTION_INT64, zone->from, zone->n, error));
    PT_TRY(pt_writer_add(writer, "offset", PATRON_SECTION_INT32, zone->offset, zone->n, error));
    PT_TRY(pt_writer_add_int64(writer, "before", zone->before, error));
cleanup:
    pt_writer_leave(writer);
    return status;
}

patron_status pt_timezone_load(patron_ctx *ctx, pt_reader *reader, pt_timezone **out, patron_error *error) {
    patron_status status = pt_reader_enter(reader, "zone", -1, error);
    if (status != PATRON_OK) return status;
    patron_timezone zone;
    int64_t before;
    PT_TRY(pt_reader_utf8(reader, "name", &zone.name, error));
    PT_TRY(pt_reader_section(reader, "from", PATRON_SECTION_INT64, &zone.transitions, &zone.n_transitions, error));
    PT_TRY(pt_reader_array(reader, "offset", PATRON_SECTION_INT32, zone.n_transitions, &zone.offsets, error));
    PT_TRY(pt_reader_int64(reader, "before", INT32_MIN, INT32_MAX, &before, error));
    zone.first_offset = (int32_t)before;
    patron_error why = {0};
    status = pt_timezone_create(ctx, &zone, out, &why);
    if (status == PATRON_ERR_INVALID)
        status = pt_reader_refuse(reader, "from", error, "%s", why.message);
    else if (status != PATRON_OK && error != NULL)
        *error = why;
cleanup:
    pt_reader_leave(reader);
    return status;
}

/* ---- audit
 * ------------------------------------------------------------------------------------------------------------------- */

patron_status pt_audit_save(const pt_audit *audit, pt_writer *writer, patron_error *error) {
    patron_status status = PATRON_OK;
    for (int64_t i = 0; i < audit->n; i++) {
        const pt_audit_row *row = &audit->rows[i];
        PT_TRY(pt_writer_enter(writer, "audit", i, error));
        status = pt_writer_add_text(writer, "rule", row->rule, error);
        if (status == PATRON_OK) status = save_text(writer, "column", row->column, error);
        if (status == PATRON_OK) status = pt_writer_add_text(writer, "action", row->action, error);
        if (status == PATRON_OK) status = save_text(writer, "example", row->example, error);
        if (status == PATRON_OK) status = pt_writer_add_int64(writer, "rows", row->rows, error);
        pt_writer_leave(writer);
        if (status != PATRON_OK) goto cleanup;
    }
    PT_TRY(pt_writer_add_int64(writer, "n_audit", audit->n, error));
cleanup:
    return status;
}

static patron_status load_audit_row(patron_ctx *ctx, pt_reader *reader, int64_t i, pt_audit *audit, patron_error *error) {
    patron_status status = pt_reader_enter(reader, "audit", i, error);
    if (status != PATRON_OK) return status;
    const char *rule, *action;
    char *column = NULL, *example = NULL;
    int64_t rows;
    PT_TRY(pt_reader_utf8(reader, "rule", &rule, error));
    PT_TRY(load_text(ctx, reader, "column", &column, error));
    PT_TRY(pt_reader_utf8(reader, "action", &action, error));
    PT_TRY(load_text(ctx, reader, "example", &example, error));
    PT_TRY(pt_reader_int64(reader, "rows", 1, INT64_MAX, &rows, error));
    PT_TRY(pt_audit_add(ctx, audit, rule, column, rows, action, example, error));
    if (audit->n != i + 1) status = pt_reader_refuse(reader, "rule", error, "two lines for one rule");
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
