/* data/recipe.c: the options a log was built with, kept so that later loads are read the same way. They are checked before a
 * row is read: a log that could be built and saved but not loaded again would be lost. */
#include "base/options.h"
#include "data/column.h"
#include "data/events.h"

#include <stdio.h>
#include <string.h>

static const patron_log_options defaults = {.struct_size = sizeof defaults};

void patron_log_options_init_sized(patron_log_options *options, size_t size) {
    pt_options_init(options, size, &defaults, sizeof defaults);
}

const char *pt_role_name(pt_role role) {
    static const char *const names[] = {
#define NAME(name, store) #name,
        PT_ROLES(NAME)
#undef NAME
    };
    return names[role];
}

pt_store pt_role_store(pt_role role) {
    static const pt_store stores[] = {
#define STORE(name, store) store,
        PT_ROLES(STORE)
#undef STORE
    };
    return stores[role];
}

bool pt_name_is_taken(const char *name) {
    for (int role = 0; role < PT_N_ROLES; role++)
        if (strcmp(name, pt_role_name((pt_role)role)) == 0) return true;
    return strcmp(name, "user") == 0 || strcmp(name, "time") == 0 || strcmp(name, "event") == 0;
}

const char *pt_recipe_column(const patron_log_options *options, pt_role role) {
#define amount_raw amount /* the one role that is made inside has no column */
    const char *const columns[] = {
#define COLUMN(name, store) options->name,
        PT_ROLES(COLUMN)
#undef COLUMN
    };
#undef amount_raw
    return role == PT_ROLE_amount_raw ? NULL : columns[role];
}

/* ---- checking ---- */

static patron_status check_texts(const patron_log_options *o, patron_error *error) {
    const struct {
        const char *name, *text;
    } texts[] = {
#define TEXT(name) {#name, o->name},
        PT_RECIPE_TEXTS(TEXT)
#undef TEXT
    };
    patron_status status = PATRON_OK;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == PATRON_OK; i++)
        status = pt_check_text(texts[i].name, texts[i].text, error);
    return status;
}

static patron_status check_item(const char *list, int64_t i, const char *field, const char *text, patron_error *error) {
    char option[48];
    snprintf(option, sizeof option, "%s[%lld]%s", list, (long long)i, field);
    return pt_check_text(option, text, error);
}

static patron_status check_properties(const patron_log_options *o, patron_error *error) {
    char shown[128];
    if (o->n_properties < 0 || (o->n_properties > 0 && o->properties == NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "n_properties is %lld and properties %s; expected as many names of columns",
                       (long long)o->n_properties, o->properties == NULL ? "is NULL" : "a list");
    for (int64_t i = 0; i < o->n_properties; i++) {
        const char *name = o->properties[i];
        if (name == NULL)
            return pt_fail(error, PATRON_ERR_INVALID, "Property %lld is NULL; expected the name of a column", (long long)i);
        patron_status status = check_item("properties", i, "", name, error);
        if (status != PATRON_OK) return status;
        for (int64_t j = 0; j < i; j++)
            if (strcmp(o->properties[j], name) == 0)
                return pt_fail(error, PATRON_ERR_INVALID, "Properties %lld and %lld are both '%s'; expected each once",
                               (long long)j, (long long)i, pt_show_name(name, shown, sizeof shown));
    }
    return PATRON_OK;
}

static patron_status check_kinds(const patron_log_options *o, patron_error *error) {
    if (o->n_kinds < 0 || (o->n_kinds > 0 && o->kinds == NULL))
        return pt_fail(error, PATRON_ERR_INVALID, "n_kinds is %lld and kinds %s; expected as many rewritings",
                       (long long)o->n_kinds, o->kinds == NULL ? "is NULL" : "a list");
    patron_status status = PATRON_OK;
    for (int64_t i = 0; i < o->n_kinds && status == PATRON_OK; i++) {
        const patron_kind_name *kind = &o->kinds[i];
        if (kind->from == NULL || kind->to == NULL)
            return pt_fail(error, PATRON_ERR_INVALID, "Rewriting %lld of kinds has no '%s'; expected two names", (long long)i,
                           kind->from == NULL ? "from" : "to");
        status = check_item("kinds", i, ".from", kind->from, error);
        if (status == PATRON_OK) status = check_item("kinds", i, ".to", kind->to, error);
    }
    return status;
}

static patron_status check_times(const patron_log_options *o, patron_error *error) {
    if (o->has_time_unit && (unsigned)o->time_unit > PATRON_UNIT_DAY)
        return pt_fail(error, PATRON_ERR_INVALID, "time_unit is %d; expected seconds to nanoseconds or days",
                       (int)o->time_unit);
    if (!o->has_time_range || o->time_from < o->time_to) return PATRON_OK;
    char from[40], to[40];
    pt_format_instant(o->time_from, from, sizeof from);
    pt_format_instant(o->time_to, to, sizeof to);
    return pt_fail(error, PATRON_ERR_INVALID,
                   "time_to, %lld (%s), is not after time_from, %lld (%s); expected a range that holds a time",
                   (long long)o->time_to, to, (long long)o->time_from, from);
}

patron_status pt_recipe_check(patron_log_options *o, patron_error *error) {
    patron_status status;
    PT_TRY(check_texts(o, error));
    PT_TRY(check_properties(o, error));
    PT_TRY(check_kinds(o, error));
    PT_TRY(check_times(o, error));
#define SETTLE(name) o->name = o->name != 0;
    PT_RECIPE_SWITCHES(SETTLE)
#undef SETTLE
    if (!o->has_time_unit) o->time_unit = PATRON_UNIT_SECOND;
cleanup:
    return status;
}

/* ---- keeping ---- */

void pt_recipe_destroy(patron_ctx *ctx, patron_log_options *recipe) {
    if (recipe == NULL) return;
#define FREE(name) pt_free(ctx, (void *)(uintptr_t)recipe->name);
    PT_RECIPE_TEXTS(FREE)
#undef FREE
    for (int64_t i = 0; recipe->properties != NULL && i < recipe->n_properties; i++)
        pt_free(ctx, (void *)(uintptr_t)recipe->properties[i]);
    pt_free(ctx, (void *)(uintptr_t)recipe->properties);
    for (int64_t i = 0; recipe->kinds != NULL && i < recipe->n_kinds; i++) {
        pt_free(ctx, (void *)(uintptr_t)recipe->kinds[i].from);
        pt_free(ctx, (void *)(uintptr_t)recipe->kinds[i].to);
    }
    pt_free(ctx, (void *)(uintptr_t)recipe->kinds);
    pt_free(ctx, recipe);
}

patron_status pt_recipe_copy(patron_ctx *ctx, const patron_log_options *from, patron_log_options **out, patron_error *error) {
    patron_status status;
    patron_log_options *copy = NULL;
    char *text;
    PT_TRY(pt_alloc(ctx, &copy, 1, sizeof *copy, error));
    *copy = *from;
#define CLEAR(name) copy->name = NULL;
    PT_RECIPE_TEXTS(CLEAR)
    CLEAR(properties)
    CLEAR(kinds)
    CLEAR(timezone)
#undef CLEAR
#define COPY(name)                                                                                                             \
    PT_TRY(pt_strdup(ctx, from->name, &text, error));                                                                          \
    copy->name = text;
    PT_RECIPE_TEXTS(COPY)
#undef COPY
    char **properties;
    PT_TRY(pt_alloc_zero(ctx, &properties, from->n_properties, sizeof *properties, error));
    copy->properties = (const char *const *)properties;
    for (int64_t i = 0; i < from->n_properties; i++) PT_TRY(pt_strdup(ctx, from->properties[i], &properties[i], error));
    patron_kind_name *kinds;
    PT_TRY(pt_alloc_zero(ctx, &kinds, from->n_kinds, sizeof *kinds, error));
    copy->kinds = kinds;
    for (int64_t i = 0; i < from->n_kinds; i++) {
        PT_TRY(pt_strdup(ctx, from->kinds[i].from, &text, error));
        kinds[i].from = text;
        PT_TRY(pt_strdup(ctx, from->kinds[i].to, &text, error));
        kinds[i].to = text;
    }
    *out = copy;
    copy = NULL;
cleanup:
    pt_recipe_destroy(ctx, copy);
    return status;
}
