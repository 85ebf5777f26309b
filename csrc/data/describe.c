/* data/describe.c: one value of a column as text, for an error message or an example in an audit.
 *
 * Numbers are written so that they read back: doubles with the fewest of 15 to 17 digits that do, decimals of any width by
 * repeated division in 32-bit limbs. Text is quoted, control characters become '?', and what does not fit is cut at a
 * character and marked with three dots. */
#include "data/calendar.h"
#include "data/column.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void describe_text(pt_string string, char *out, size_t size) {
    int64_t room = (int64_t)size - 3, n = string.length; /* two quotes and the end */
    const bool cut = n > room;
    if (room < 4) {
        out[0] = '\0';
        return;
    }
    if (cut) n = pt_cut(string, room - 3);
    char *p = out;
    *p++ = '\'';
    for (int64_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)string.data[i];
        *p++ = c < 0x20 || c == 0x7F ? '?' : (char)c;
    }
    *p++ = '\'';
    if (cut) {
        memcpy(p, "...", 3);
        p += 3;
    }
    *p = '\0';
}

/* The decimal mark of the host's locale, one character that is neither digit, sign nor letter, becomes a point. */
static void put_point(char *out) {
    char *to = out;
    for (const char *p = out; *p != '\0'; p++) {
        const bool mark = strchr("0123456789+-einfa", *p) == NULL;
        if (!mark || !pt_is_continuation(*p)) *to++ = mark ? '.' : *p;
    }
    *to = '\0';
}

const char *pt_show_double(double value, char out[PT_DOUBLE_TEXT]) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, PT_DOUBLE_TEXT, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    put_point(out);
    return out;
}

static void describe_float(float value, char *out, size_t size) {
    char number[PT_DOUBLE_TEXT];
    snprintf(number, sizeof number, "%.6g", (double)value);
    if (strtof(number, NULL) == value)
        put_point(number);
    else
        (void)pt_show_double((double)value, number);
    snprintf(out, size, "%s", number);
}

/* Little-endian two's complement of up to 256 bits, with a decimal point before the last `scale` digits. */
static void describe_decimal(const unsigned char *value, int32_t bit_width, int32_t scale, char *out, size_t size) {
    uint32_t limbs[8] = {0};
    char digits[192];
    int n_limbs = bit_width / 32, n = 0;
    memcpy(limbs, value, (size_t)n_limbs * 4);
    const bool negative = limbs[n_limbs - 1] >> 31;
    uint64_t carry = 1;
    for (int i = 0; negative && i < n_limbs; i++) {
        carry += (uint32_t)~limbs[i];
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    for (int32_t zeros = scale; zeros < 0; zeros++) digits[n++] = '0'; /* from the right */
    for (bool more = true; more || n <= scale;) {
        uint64_t rest = 0;
        more = false;
        for (int i = n_limbs; i-- > 0;) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10);
            rest %= 10;
            more |= limbs[i] != 0;
        }
        if (scale > 0 && n == scale) digits[n++] = '.';
        digits[n++] = (char)('0' + (int)rest);
    }
    if (negative) digits[n++] = '-';
    size_t at = 0;
    while (n > 0 && at + 1 < size) out[at++] = digits[--n];
    out[at] = '\0';
}

static void describe_time(const pt_field *field, int64_t micros, char *out, size_t size) {
    char text[48];
    pt_format_instant(micros, text, sizeof text);
    if (field->timezone == NULL) text[strlen(text) - 1] = '\0'; /* no Z */
    snprintf(out, size, "%s", text);
}

/* A position (counted with the chunk's offset) that is not null. */
static void describe_value(const pt_field *field, const pt_chunk *chunk, int64_t at, char *out, size_t size) {
    static const char *const units[] = {"s", "ms", "us", "ns", "days"};
    const unsigned char *place = chunk->values;
    int64_t width = pt_field_width(field), whole = 0, micros = 0;
    uint64_t large;
    char number[PT_DOUBLE_TEXT];
    pt_column one = {.field = *field, .length = 1, .n_chunks = 1};
    pt_chunk single = *chunk;
    one.chunks = &single;
    single.start = 0;
    single.length = 1;
    single.offset = at;
    single.validity = NULL;
    double real;
    switch (field->type) {
    case PATRON_TYPE_BOOL:
        snprintf(out, size, "%s", pt_bit(place, at) ? "true" : "false");
        return;
    case PATRON_TYPE_UTF8:
    case PATRON_TYPE_LARGE_UTF8:
    case PATRON_TYPE_UTF8_VIEW:
        describe_text(pt_chunk_string(chunk, field->type, at), out, size);
        return;
    case PATRON_TYPE_DECIMAL:
        describe_decimal(place + at * width, field->bit_width, field->scale, out, size);
        return;
    case PATRON_TYPE_FLOAT16:
    case PATRON_TYPE_FLOAT32:
    case PATRON_TYPE_FLOAT64:
        (void)pt_column_float64(&one, 0, 1, &real, NULL, NULL);
        if (field->type == PATRON_TYPE_FLOAT32)
            describe_float((float)real, out, size);
        else
            snprintf(out, size, "%s", pt_show_double(real, number));
        return;
    case PATRON_TYPE_UINT64:
        memcpy(&large, place + 8 * at, sizeof large);
        snprintf(out, size, "%" PRIu64, large);
        return;
    case PATRON_TYPE_DURATION:
        memcpy(&whole, place + 8 * at, sizeof whole);
        snprintf(out, size, "%" PRId64 " %s", whole, units[field->unit]);
        return;
    case PATRON_TYPE_TIMESTAMP:
        memcpy(&whole, place + 8 * at, sizeof whole);
        if (pt_column_int64(&one, 0, 1, &micros, NULL, NULL) == PATRON_OK)
            describe_time(field, micros, out, size);
        else
            snprintf(out, size, "%" PRId64 " %s after 1970", whole, units[field->unit]);
        return;
    default:
        break;
    }
    (void)pt_column_int64(&one, 0, 1, &whole, NULL, NULL);
    if (field->type == PATRON_TYPE_DATE32 || field->type == PATRON_TYPE_DATE64) {
        int64_t year;
        int month, day;
        pt_civil_from_days(whole, &year, &month, &day);
        snprintf(out, size, "%04" PRId64 "-%02d-%02d", year, month, day);
        return;
    }
    snprintf(out, size, "%" PRId64, whole);
}

void pt_column_describe(const pt_column *column, int64_t row, char *out, size_t size) {
    snprintf(out, size, "null");
    if (row >= column->length || column->field.type == PATRON_TYPE_NULL) return;
    const pt_chunk *chunk = &column->chunks[pt_column_find_chunk(column, row)];
    const pt_field *field = &column->field;
    int64_t at = chunk->offset + row - chunk->start;
    if (chunk->validity != NULL && !pt_bit(chunk->validity, at)) return;
    if (field->type == PATRON_TYPE_DICTIONARY) {
        int64_t index;
        pt_read_indices(field->index_type, chunk->values, at, 1, &index);
        field = &chunk->dictionary->field;
        chunk = &chunk->dictionary->chunks[0];
        at = chunk->offset + index;
        if (field->type == PATRON_TYPE_NULL || (chunk->validity != NULL && !pt_bit(chunk->validity, at))) return;
    }
    describe_value(field, chunk, at, out, size);
}
