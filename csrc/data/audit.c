/* data/audit.c: what cleaning did, line by line. Nothing leaves the data without a line here. */
#include "data/log.h"

#include "base/hash.h"

#include <string.h>

static bool same_text(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static uint64_t hash_text(uint64_t hash, const char *text) {
    return text == NULL ? pt_hash_u64(hash) : pt_fold(hash, pt_hash_bytes(text, (int64_t)strlen(text)));
}

static void row_fini(patron_ctx *ctx, pt_audit_row *row) {
    pt_free(ctx, row->rule);
    pt_free(ctx, row->column);
    pt_free(ctx, row->action);
    pt_free(ctx, row->example);
}

static patron_status keep_lesser(patron_ctx *ctx, pt_audit_row *row, const char *example, patron_error *error) {
    if (example == NULL || (row->example != NULL && strcmp(row->example, example) <= 0)) return PATRON_OK;
    char *copy;
    patron_status status = pt_strdup(ctx, example, &copy, error);
    if (status != PATRON_OK) return status;
    pt_free(ctx, row->example);
    row->example = copy;
    return PATRON_OK;
}

patron_status pt_audit_add(patron_ctx *ctx, pt_audit *audit, const char *rule, const char *column, int64_t rows,
                           const char *action, const char *example, patron_error *error) {
    if (rows == 0) return PATRON_OK;
    const uint64_t hash = hash_text(hash_text(hash_text(1, rule), column), action);
    for (int64_t i = 0; i < audit->n; i++) {
        pt_audit_row *row = &audit->rows[i];
        if (row->hash != hash) continue;
        if (!same_text(row->rule, rule) || !same_text(row->column, column) || !same_text(row->action, action)) continue;
        patron_status status = keep_lesser(ctx, row, example, error);
        if (status == PATRON_OK) row->rows = pt_add_saturating(row->rows, rows);
        return status;
    }
    patron_status status;
    pt_audit_row row = {.rows = rows, .hash = hash};
    PT_TRY(pt_grow(ctx, &audit->rows, audit->n, &audit->capacity, audit->n + 1, sizeof row, error));
    PT_TRY(pt_strdup(ctx, rule, &row.rule, error));
    PT_TRY(pt_strdup(ctx, column, &row.column, error));
    PT_TRY(pt_strdup(ctx, action, &row.action, error));
    PT_TRY(pt_strdup(ctx, example, &row.example, error));
    audit->rows[audit->n++] = row;
    row = (pt_audit_row){0};
cleanup:
    row_fini(ctx, &row);
    return status;
}

patron_status pt_audit_copy(patron_ctx *ctx, const pt_audit *from, pt_audit *to, patron_error *error) {
    for (int64_t i = 0; i < from->n; i++) {
        const pt_audit_row *row = &from->rows[i];
        patron_status status = pt_audit_add(ctx, to, row->rule, row->column, row->rows, row->action, row->example, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

void pt_audit_drop(patron_ctx *ctx, pt_audit *audit, const char *rule) {
    int64_t kept = 0;
    for (int64_t i = 0; i < audit->n; i++) {
        if (strcmp(audit->rows[i].rule, rule) == 0)
            row_fini(ctx, &audit->rows[i]);
        else
            audit->rows[kept++] = audit->rows[i];
    }
    audit->n = kept;
}

void pt_audit_fini(patron_ctx *ctx, pt_audit *audit) {
    for (int64_t i = 0; i < audit->n; i++) row_fini(ctx, &audit->rows[i]);
    pt_free(ctx, audit->rows);
    *audit = (pt_audit){0};
}

/* Where a rule stands in the audit, so that the order of lines does not depend on the order of loads. */
static int line_order(const pt_audit_row *a, const pt_audit_row *b) {
    bool a_first = strcmp(a->rule, "rows read") == 0, b_first = strcmp(b->rule, "rows read") == 0;
    if (a_first != b_first) return a_first ? -1 : 1;
    int order = strcmp(a->rule, b->rule);
    if (order == 0) order = strcmp(a->column ? a->column : "", b->column ? b->column : "");
    return order != 0 ? order : strcmp(a->action, b->action);
}

void pt_audit_sort(pt_audit *audit) {
    for (int64_t i = 1; i < audit->n; i++) {
        pt_audit_row row = audit->rows[i];
        int64_t j = i;
        for (; j > 0 && line_order(&audit->rows[j - 1], &row) > 0; j--) audit->rows[j] = audit->rows[j - 1];
        audit->rows[j] = row;
    }
}
