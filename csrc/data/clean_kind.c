/* data/clean_kind.c: names of events as kinds. A name is first looked up in the caller's rewriting, then among the known kinds
 * (letters of any case); any other name stays what it is, with a number of its own in the order of names. */
#include "data/events.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 65536, MAX_UNKNOWN = 65536 - PATRON_KIND_OTHER };

static const char *const known_kinds[] = {"impression", "view",     "search", "cart",     "remove_cart", "purchase",
                                          "return",     "review",   "share",  "login",    "refer",       "contact",
                                          "click",      "favorite", "signup", "delivery", "complaint",   "cancel"};
enum { N_KNOWN = sizeof known_kinds / sizeof *known_kinds };

const char *pt_known_kind(int kind) { return kind >= 0 && kind < N_KNOWN ? known_kinds[kind] : NULL; }

static char lower_case(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static int find_known(pt_string name) {
    for (int kind = 0; kind < N_KNOWN; kind++) {
        int64_t n = (int64_t)strlen(known_kinds[kind]), i = 0;
        while (i < n && i < name.length && lower_case(name.data[i]) == known_kinds[kind][i]) i++;
        if (i == n && n == name.length) return kind;
    }
    return -1;
}

static patron_status check_rewriting(const patron_log_options *options, patron_error *error) {
    for (int64_t i = 0; i < options->n_kinds; i++) {
        const char *to = options->kinds[i].to;
        if (find_known((pt_string){to, (int64_t)strlen(to)}) < 0)
            return pt_fail(
                error, PATRON_ERR_INVALID,
                "kinds rewrites '%s' to '%s', which is no kind; expected impression, view, search, cart, remove_cart, "
                "purchase, "
                "return, review, share, login, refer, contact, click, favorite, signup, delivery, complaint or cancel",
                options->kinds[i].from, to);
    }
    return PATRON_OK;
}

static int kind_of(const patron_log_options *options, pt_string name) {
    for (int64_t i = 0; i < options->n_kinds; i++) {
        const char *from = options->kinds[i].from;
        if ((int64_t)strlen(from) != name.length || memcmp(from, name.data, (size_t)name.length) != 0) continue;
        name = (pt_string){options->kinds[i].to, (int64_t)strlen(options->kinds[i].to)};
        break;
    }
    return find_known(name);
}

typedef struct translation {
    const int32_t *codes;
    const uint16_t *kind; /* of each code; kind[-1] of rows without a name */
    uint16_t *out;
    int64_t n;
} translation;

static patron_status translate_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    (void)error;
    const translation *t = arg;
    int64_t end = t->n < (block + 1) * BLOCK ? t->n : (block + 1) * BLOCK;
    for (int64_t i = block * BLOCK; i < end; i++) t->out[i] = t->kind[t->codes[i]];
    return PATRON_OK;
}

/* Numbers the distinct names: kind[code], and kind[-1] for rows without one. Names that no kind knows become names of the
 * events. */
static patron_status number_names(patron_ctx *ctx, const pt_dictionary *names, const patron_log_options *options,
                                  bool any_missing, uint16_t *kind, pt_events *out, patron_error *error) {
    static const char missing[] = "unknown";
    patron_status status;
    PT_TRY(pt_alloc_zero(ctx, &out->kind_names, names->n + 1, sizeof *out->kind_names, error));
    bool placed = !any_missing;
    for (int64_t code = 0; code <= names->n; code++) {
        pt_string name = code < names->n ? pt_dictionary_text(names, code) : (pt_string){missing, sizeof missing - 1};
        int known = code < names->n ? kind_of(options, name) : -1;
        int64_t n = name.length < (int64_t)sizeof missing - 1 ? name.length : (int64_t)sizeof missing - 1;
        int order = memcmp(missing, name.data, (size_t)n);
        if (order == 0 && name.length > n) order = -1;
        bool same = known < 0 && order == 0 && name.length == (int64_t)sizeof missing - 1; /* and not rewritten */
        if (!placed &&
            (code == names->n || same || order < 0)) { /* rows without a name take their place among the unknown names */
            kind[-1] = (uint16_t)(PATRON_KIND_OTHER + out->n_kind_names);
            placed = true;
            if (!same || code == names->n) PT_TRY(pt_strdup(ctx, missing, &out->kind_names[out->n_kind_names++], error));
        }
        if (code == names->n) break;
        if (known >= 0) {
            kind[code] = (uint16_t)known;
            continue;
        }
        if (out->n_kind_names >= MAX_UNKNOWN - 1) {
            status = pt_fail(
                error, PATRON_ERR_LIMIT,
                "Column '%s' has more than %d names that are no kind of event; expected fewer, or kinds to rewrite them",
                options->event, MAX_UNKNOWN - 1);
            goto cleanup;
        }
        kind[code] = (uint16_t)(PATRON_KIND_OTHER + out->n_kind_names);
        PT_TRY(pt_name_copy(ctx, name, options->event, &out->kind_names[out->n_kind_names], error));
        out->n_kind_names++;
    }
cleanup:
    return status;
}

static patron_status note_unknown(patron_ctx *ctx, const pt_events *events, const patron_log_options *options, int64_t n,
                                  int64_t n_missing, pt_audit *audit, patron_error *error) {
    patron_status status;
    int64_t *counts = NULL;
    PT_TRY(pt_alloc_zero(ctx, &counts, events->n_kind_names, sizeof *counts, error));
    for (int64_t i = 0; events->n_kind_names > 0 && i < n; i++)
        if (events->kinds[i] >= PATRON_KIND_OTHER) counts[events->kinds[i] - PATRON_KIND_OTHER]++;
    PT_TRY(pt_audit_add(ctx, audit, "missing event", options->event, n_missing, "kept as 'unknown'", NULL, error));
    for (int64_t i = 0; i < events->n_kind_names; i++) {
        PT_TRY(pt_poll(ctx, error)); /* each new line is compared with all */
        char name[128], action[160];
        snprintf(action, sizeof action, "kept as '%s'", pt_show_name(events->kind_names[i], name, sizeof name));
        int64_t others = counts[i] - (strcmp(events->kind_names[i], "unknown") == 0 ? n_missing : 0);
        PT_TRY(pt_audit_add(ctx, audit, "unknown event", options->event, others, action, NULL, error));
    }
cleanup:
    pt_free(ctx, counts);
    return status;
}

patron_status pt_clean_kind(patron_ctx *ctx, const pt_column *column, const patron_log_options *options, int64_t n,
                            pt_events *out, pt_audit *audit, patron_error *error) {
    patron_status status;
    pt_dictionary *names = NULL;
    int32_t *codes = NULL;
    uint16_t *kind = NULL;
    int64_t n_trimmed = 0, n_missing = 0;
    PT_TRY(check_rewriting(options, error));
    if (column == NULL) return PATRON_OK;
    PT_TRY(pt_alloc(ctx, &out->kinds, n, sizeof *out->kinds, error));
    PT_TRY(pt_dictionary_encode(ctx, column, true, &names, &codes, &n_trimmed, error));
    if (names->kind != PT_IDS_TEXT) {
        status = pt_fail(error, PATRON_ERR_TYPE, "Column '%s' (event) holds %s; expected names of events as text",
                         column->field.name, patron_type_name(column->field.type));
        goto cleanup;
    }
    for (int64_t i = 0; i < n; i++) n_missing += codes[i] < 0;
    PT_TRY(pt_alloc_zero(ctx, &kind, names->n + 1, sizeof *kind, error));
    PT_TRY(number_names(ctx, names, options, n_missing > 0, kind + 1, out, error));
    PT_TRY(pt_parallel(ctx, pt_chunks(n, BLOCK), translate_task, &(translation){codes, kind + 1, out->kinds, n}, error));
    PT_TRY(note_unknown(ctx, out, options, n, n_missing, audit, error));
cleanup:
    pt_dictionary_release(names);
    pt_free(ctx, codes);
    pt_free(ctx, kind);
    return status;
}
