/* base/file_name.c: what the reader and the writer of files say alike: section types, names, and paths in messages.
 *
 * Nested objects save their sections behind a prefix. A scope is the prefix and where each level of it began:
 *
 *     "log."  "log.users."  "log.users.columns.3."        begins: 0, 4, 10
 *
 * A level takes at least two characters, so the depth is bounded by the length of a name. Entering a level that no name has
 * room for, or that no name may have, is no error yet: the scope counts how far it is beyond all names, and whoever asks for
 * one there is refused. */
#include "base/file_layout.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int64_t size;
} types[] = {
    [PATRON_SECTION_BYTES] = {"bytes", 1},     [PATRON_SECTION_TEXT] = {"text", 1},
    [PATRON_SECTION_INT8] = {"int8", 1},       [PATRON_SECTION_INT16] = {"int16", 2},
    [PATRON_SECTION_INT32] = {"int32", 4},     [PATRON_SECTION_INT64] = {"int64", 8},
    [PATRON_SECTION_INT128] = {"int128", 16},  [PATRON_SECTION_UINT8] = {"uint8", 1},
    [PATRON_SECTION_UINT16] = {"uint16", 2},   [PATRON_SECTION_UINT32] = {"uint32", 4},
    [PATRON_SECTION_UINT64] = {"uint64", 8},   [PATRON_SECTION_FLOAT32] = {"float32", 4},
    [PATRON_SECTION_FLOAT64] = {"float64", 8},
};

int64_t pt_section_element_size(uint32_t type) { return type < sizeof types / sizeof *types ? types[type].size : 0; }

const char *patron_section_type_name(patron_section_type type) {
    return pt_section_element_size((uint32_t)type) != 0 ? types[type].name : "unknown";
}

bool pt_file_name_valid(const char *text, int64_t size) {
    int64_t n = 0;
    for (; n < size && text[n] != '\0'; n++) {
        char c = text[n];
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                       c == '.' || c == '+';
        if (!allowed) return false;
    }
    if (n == 0 || n == size) return false;
    for (int64_t i = n; i < size; i++)
        if (text[i] != '\0') return false;
    return true;
}

void pt_file_label(const char *path, char label[PT_FILE_LABEL_SIZE]) {
    size_t n = strlen(path);
    if (n < PT_FILE_LABEL_SIZE) {
        memcpy(label, path, n + 1);
        return;
    }
    const char *end = path + n - (PT_FILE_LABEL_SIZE - 4);
    while (((unsigned char)*end & 0xc0) == 0x80) end++; /* not in the middle of a character */
    snprintf(label, PT_FILE_LABEL_SIZE, "...%s", end);
}

size_t pt_file_temporary_stem(const char *name) {
    static const char end[] = ".tmp", mark[] = ".patron-", digits[] = "0123456789";
    const size_t n = strlen(name), n_mark = sizeof mark - 1;
    size_t begin = n - (sizeof end - 1);
    if (n < sizeof end || name[0] != '.' || strcmp(name + begin, end) != 0) return 0;
    for (int part = 0; part < 2; part++) {
        const size_t before = begin;
        while (begin > 1 && strchr(digits, name[begin - 1]) != NULL) begin--;
        if (begin == before || name[begin - 1] != '-') return 0;
        begin -= part == 0;
    }
    return begin > n_mark && memcmp(name + begin - n_mark, mark, n_mark) == 0 ? begin - n_mark : 0;
}

patron_status pt_scope_name(const pt_scope *scope, const char *name, char out[PT_FILE_NAME_SIZE], patron_error *error) {
    char full[PT_FILE_NAME_SIZE] = {0};
    size_t n = strlen(name), room = sizeof full - scope->length;
    memcpy(full, scope->prefix, scope->length);
    if (n < room) memcpy(full + scope->length, name, n);
    if (n >= room || n == 0 || scope->beyond > 0 || !pt_file_name_valid(full, sizeof full))
        return pt_fail(error, PATRON_ERR_INVALID,
                       "The name of a section is \"%s%s%.100s\"; expected at most %d letters, digits, _ - . +", scope->prefix,
                       scope->beyond > 0 ? "..." : "", name, PT_FILE_NAME_SIZE - 1);
    memcpy(out, full, sizeof full);
    return PATRON_OK;
}

void pt_scope_enter(pt_scope *scope, const char *name, int64_t index) {
    char full[PT_FILE_NAME_SIZE], level[PT_FILE_NAME_SIZE + 32];
    int n = PT_FILE_NAME_SIZE;
    if (pt_scope_name(scope, name, full, NULL) == PATRON_OK)
        n = index < 0 ? snprintf(level, sizeof level, "%s.", full)
                      : snprintf(level, sizeof level, "%s.%lld.", full, (long long)index);
    if (n > PT_FILE_NAME_SIZE - 2) { /* a name behind it has one character at least */
        scope->beyond++;
        return;
    }
    scope->begins[scope->depth++] = (uint8_t)scope->length;
    scope->length = (size_t)n;
    memcpy(scope->prefix, level, (size_t)n + 1);
}

void pt_scope_leave(pt_scope *scope) {
    if (scope->beyond > 0) {
        scope->beyond--;
        return;
    }
    scope->length = scope->begins[--scope->depth];
    scope->prefix[scope->length] = '\0';
}
