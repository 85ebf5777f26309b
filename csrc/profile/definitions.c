/* profile/definitions.c: the definitions as data, and as a table for whoever reads profiles.
 *
 * The list in definitions.h is the only place where a column is described. From it come the enumeration that the families
 * write by, the names, types and order of columns, whether a column needs a bitmap of nulls, and the table below. A new
 * measure is a line there and a `pt_put_` in its family. */
#include "profile/definitions.h"

#include "base/options.h"
#include "data/calendar.h"
#include "data/column.h"

#include <stdio.h>
#include <string.h>

const pt_definition pt_definitions[PT_N_MEASURES] = {
#define DEFINE(name, family, form, reach, merge, needs, unit, rule, meaning)                                                   \
    {#name, #family, form, reach, merge, needs, unit, PT_NULL_##rule, meaning},
    PT_MEASURES(DEFINE)
#undef DEFINE
};

static const char *const null_rules[] = {
    [PT_NULL_NEVER] = "never",
    [PT_NULL_NO_EVENTS] = "when there is no event",
    [PT_NULL_NO_ORDERS] = "when there is no order",
    [PT_NULL_NO_REVENUE] = "when revenue is 0",
    [PT_NULL_UNDER_2_ORDERS] = "with fewer than 2 orders",
    [PT_NULL_UNDER_3_ORDERS] = "with fewer than 3 orders",
};

static const patron_profile_options defaults = {.struct_size = sizeof defaults};

void patron_profile_options_init_sized(patron_profile_options *options, size_t size) {
    pt_options_init(options, size, &defaults, sizeof defaults);
}

static patron_status read_window(const char *text, pt_window *out, patron_error *error) {
    size_t length = strlen(text);
    char shown[PT_WINDOW_TEXT];
    if (length >= PT_WINDOW_TEXT)
        return pt_fail(error, PATRON_ERR_INVALID, "The window '%s...' has %zu bytes; expected at most %d, e.g. 30D",
                       pt_show_name(text, shown, sizeof shown), length, PT_WINDOW_TEXT - 1);
    patron_status status = pt_parse_span(text, &out->days, &out->micros, error);
    if (status != PATRON_OK) return status;
    if (out->days == 0 && out->micros == 0)
        return pt_fail(error, PATRON_ERR_INVALID, "The window '%s' spans no time; expected more than 0, e.g. 30D", text);
    for (size_t i = 0; i <= length; i++)
        out->text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    return PATRON_OK;
}

patron_status pt_profile_options_read(patron_ctx *ctx, const patron_profile_options *caller, patron_profile_options *out,
                                      pt_window **windows, patron_error *error) {
    patron_profile_options options = defaults;
    patron_status status = pt_options_read("patron_profile_options", caller, &options, sizeof options, error);
    if (status != PATRON_OK) return status;
    const int64_t n = options.n_windows;
    if (n < 0 || n > PT_MAX_WINDOWS)
        return pt_fail(error, n < 0 ? PATRON_ERR_INVALID : PATRON_ERR_LIMIT, "n_windows is %lld; expected 0 to %d",
                       (long long)n, PT_MAX_WINDOWS);
    if (n > 0 && options.windows == NULL)
        return pt_fail(error, PATRON_ERR_INVALID, "windows is NULL; expected %lld texts", (long long)n);
    pt_window *list;
    status = pt_alloc_zero(ctx, &list, n, sizeof *list, error);
    if (status != PATRON_OK) return status;
    for (int64_t i = 0; i < n; i++) {
        if (options.windows[i] == NULL) {
            status = pt_fail(error, PATRON_ERR_INVALID, "Window %lld is NULL; expected a text such as 30D", (long long)i);
            goto cleanup;
        }
        PT_TRY(read_window(options.windows[i], &list[i], error));
        for (int64_t j = 0; j < i; j++)
            if (list[i].days == list[j].days && list[i].micros == list[j].micros) {
                status = pt_fail(error, PATRON_ERR_INVALID, "The window '%s' is there twice, first as '%s'; expected each once",
                                 options.windows[i], options.windows[j]);
                goto cleanup;
            }
    }
    *out = options;
    *windows = list;
cleanup:
    if (status != PATRON_OK) pt_free(ctx, list);
    return status;
}

void pt_column_title(pt_measure measure, const pt_window *window, char out[PT_COLUMN_NAME]) {
    const char *name = pt_definitions[measure].name;
    snprintf(out, PT_COLUMN_NAME, window != NULL ? "%s_%s" : "%s", name, window != NULL ? window->text : "");
}

/* ---- the definitions as a table ---- */

enum { NAME, FAMILY, MEANING, UNIT, NULL_RULE, MERGE, NEEDS, N_FIELDS, FIELD_SIZE = 256 };

static void describe(int field, pt_measure measure, const pt_window *window, char out[FIELD_SIZE]) {
    const pt_definition *d = &pt_definitions[measure];
    char name[PT_COLUMN_NAME];
    pt_column_title(measure, window, name);
    const char *texts[N_FIELDS] = {name,
                                   d->family,
                                   d->meaning,
                                   d->unit,
                                   null_rules[d->null_rule],
                                   d->merge == PT_ORDER_FREE ? "order-free" : "sequential",
                                   d->needs};
    bool narrowed = window != NULL && (field == MEANING || (field == NULL_RULE && d->null_rule != PT_NULL_NEVER));
    snprintf(out, FIELD_SIZE, narrowed ? "%s, in the window %s" : "%s", texts[field], narrowed ? window->text : "");
}

/* One text column: `rows` names a measure and a window (or NULL) for every row. */
typedef struct row {
    pt_measure measure;
    const pt_window *window;
} row;

static patron_status add_field(patron_table *table, int field, const char *name, int64_t n, const row *rows,
                               patron_error *error) {
    patron_ctx *ctx = table->ctx;
    patron_status status = PATRON_OK;
    char text[FIELD_SIZE];
    int64_t *offsets = NULL, size = 0;
    char *bytes = NULL;
    PT_TRY(pt_alloc(ctx, &offsets, n + 1, sizeof *offsets, error));
    for (int64_t i = 0; i < n; i++) {
        describe(field, rows[i].measure, rows[i].window, text);
        offsets[i] = size;
        size += (int64_t)strlen(text);
    }
    offsets[n] = size;
    PT_TRY(pt_alloc(ctx, &bytes, size, 1, error));
    for (int64_t i = 0; i < n; i++) {
        describe(field, rows[i].measure, rows[i].window, text);
        memcpy(bytes + offsets[i], text, (size_t)(offsets[i + 1] - offsets[i]));
    }
    const patron_column shape = {.type = PATRON_TYPE_LARGE_UTF8};
    return pt_table_take(table, name, &shape, bytes, offsets, NULL, error);
cleanup:
    pt_free(ctx, offsets);
    pt_free(ctx, bytes);
    return status;
}

patron_status patron_profile_definitions(patron_ctx *ctx, const patron_profile_options *caller, patron_table **out,
                                         patron_error *error) {
    static const char *const names[N_FIELDS] = {"name", "family", "meaning", "unit", "null_rule", "merge", "needs"};
    patron_status status = PATRON_OK;
    patron_profile_options options = {0};
    pt_window *windows = NULL;
    row *rows = NULL;
    patron_table *table = NULL;
    PT_TRY(pt_profile_options_read(ctx, caller, &options, &windows, error));
    PT_TRY(pt_alloc(ctx, &rows, (options.n_windows + 1) * PT_N_MEASURES, sizeof *rows, error));
    int64_t n = 0;
    for (int64_t w = -1; w < options.n_windows; w++)
        for (int m = 0; m < PT_N_MEASURES; m++)
            if (w < 0 || pt_definitions[m].reach == PT_WINDOWED) rows[n++] = (row){(pt_measure)m, w < 0 ? NULL : &windows[w]};
    PT_TRY(patron_table_create(ctx, n, &table, error));
    for (int field = 0; field < N_FIELDS; field++) PT_TRY(add_field(table, field, names[field], n, rows, error));
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    pt_free(ctx, rows);
    pt_free(ctx, windows);
    return status;
}
