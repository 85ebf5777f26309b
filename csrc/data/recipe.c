/* data/recipe.c: the options a log was built with, kept so that later loads are read the same way. */
#include "base/options.h"
#include "data/events.h"

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
