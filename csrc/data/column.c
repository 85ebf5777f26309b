/* data/column.c: a column of any physical layout, read as int64, float64, whole millionths or strings.
 *
 * Rows are taken in blocks of at most 512 that lie in one chunk. A block is first brought into one of two plain shapes:
 *
 *     chunk (bits, indices, widths, nulls)  ──load──▶  values[n], one width, contiguous  +  valid[n] bytes (NULL: all valid)
 *
 * (bits become bytes; dictionary indices are followed) and then converted by a loop per physical type that the compiler can
 * vectorise. Null rows are converted too, whatever they hold, and blanked afterwards; a loop that meets a value it cannot
 * represent only notes so, and the rows are then searched for one that is not null. Where a type can fail at all the rows are
 * checked before anything is written.
 *
 * Millionths of a double. r = x * 1e6 rounded to the nearest even integer; it is exact if r / 1e6 is x again, which holds for
 * every x that is the double nearest to a number of at most six decimals below 2^51 / 1e6. Rounding is done by adding and
 * subtracting 3 * 2^51: the sum has no fraction bits left, and the integer can be read off its low bits without a conversion
 * instruction. Beyond that range x * 1e6 has at most one fraction bit and rows are converted one at a time. A float32 is exact
 * if r / 1e6 rounds to it as a float32: 0.1f means 0.1.
 *
 * Decimals are scaled in 128-bit integers. As a double, v / 10^s is correctly rounded: by one division where both are exact
 * doubles (|v| <= 2^53, s <= 22), else through strtod. Of 256-bit decimals those are read whose number fits 128 bits. */
#include "data/column.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, MAX_WIDTH = 32 };
_Static_assert(PT_MICROS_EXACT == 1 && PT_MICROS_ROUNDED == 2 && PT_MICROS_NULL == 0, "doubles_to_micros writes them as bits");

#define MICROS_LIMIT 9.2e12                     /* in units */
#define MICROS_MAX INT64_C(9200000000000000000) /* in millionths */

typedef __int128 int128;

/* A block of rows in plain shape. */
typedef struct block {
    const pt_field *field; /* of the values: never a dictionary's */
    const unsigned char *values;
    const uint8_t *valid; /* NULL: all */
    int64_t n;
    unsigned char gathered[BLOCK * MAX_WIDTH];
    uint8_t mask[BLOCK];
} block;

/* ---- bits ---- */

void pt_expand_bits(const uint8_t *bits, int64_t offset, int64_t n, uint8_t *out) {
    int64_t i = 0;
    for (; i < n && ((offset + i) & 7) != 0; i++) out[i] = pt_bit(bits, offset + i);
    for (; i + 8 <= n; i += 8) { /* byte k of the word keeps bit k, then becomes 0 or 1 */
        uint64_t word = bits[(offset + i) >> 3] * UINT64_C(0x0101010101010101) & UINT64_C(0x8040201008040201);
        word = (word + UINT64_C(0x7F7F7F7F7F7F7F7F)) >> 7 & UINT64_C(0x0101010101010101);
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < n; i++) out[i] = pt_bit(bits, offset + i);
}

int64_t pt_count_zeros(const uint8_t *bits, int64_t offset, int64_t n) {
    int64_t ones = 0, i = 0;
    for (; i < n && ((offset + i) & 7) != 0; i++) ones += pt_bit(bits, offset + i);
    for (; i + 64 <= n; i += 64) {
        uint64_t word;
        memcpy(&word, bits + ((offset + i) >> 3), sizeof word);
        ones += __builtin_popcountll(word);
    }
    for (; i < n; i++) ones += pt_bit(bits, offset + i);
    return n - ones;
}

int64_t pt_find_zero(const uint8_t *bits, int64_t offset, int64_t n) {
    int64_t i = 0;
    while (i < n && pt_bit(bits, offset + i)) i++;
    return i;
}

/* ---- loading ---- */

#define WIDEN(T)                                                                                                               \
    for (int64_t i = 0; i < n; i++) {                                                                                          \
        T value;                                                                                                               \
        memcpy(&value, from + i * (int64_t)sizeof value, sizeof value);                                                        \
        out[i] = (int64_t)value;                                                                                               \
    }                                                                                                                          \
    break

/* Integers of any width, as they lie; uint64 wraps. */
static void widen(patron_type type, const unsigned char *restrict from, int64_t n, int64_t *restrict out) {
    switch (type) {
    case PATRON_TYPE_BOOL: /* loaded as bytes */
    case PATRON_TYPE_UINT8:
        WIDEN(uint8_t);
    case PATRON_TYPE_INT8:
        WIDEN(int8_t);
    case PATRON_TYPE_INT16:
        WIDEN(int16_t);
    case PATRON_TYPE_UINT16:
        WIDEN(uint16_t);
    case PATRON_TYPE_INT32:
    case PATRON_TYPE_DATE32:
        WIDEN(int32_t);
    case PATRON_TYPE_UINT32:
        WIDEN(uint32_t);
    default:
        memcpy(out, from, (size_t)n * sizeof *out);
    }
}

void pt_read_indices(patron_type type, const void *values, int64_t at, int64_t n, int64_t *out) {
    int64_t width = pt_field_width(&(pt_field){.type = type});
    widen(type, (const unsigned char *)values + at * width, n, out);
}

#define GATHER(T)                                                                                                              \
    for (int64_t i = 0; i < n; i++) memcpy(out + i * (int64_t)sizeof(T), from + index[i] * (int64_t)sizeof(T), sizeof(T));     \
    break

static void gather(const unsigned char *restrict from, int64_t width, const int64_t *restrict index, int64_t n,
                   unsigned char *restrict out) {
    switch (width) {
    case 1:
        GATHER(uint8_t);
    case 2:
        GATHER(uint16_t);
    case 4:
        GATHER(uint32_t);
    case 8:
        GATHER(uint64_t);
    case 16:
        GATHER(int128);
    default:
        for (int64_t i = 0; i < n; i++) memcpy(out + i * width, from + index[i] * width, (size_t)width);
    }
}

/* Indices and validity of rows of a dictionary chunk: index[i] is 0 where b->mask[i] is 0. */
static void load_indices(const pt_column *column, const pt_chunk *chunk, int64_t at, int64_t n, int64_t *index, block *b) {
    const pt_chunk *values = &chunk->dictionary->chunks[0];
    pt_read_indices(column->field.index_type, chunk->values, at, n, index);
    if (chunk->validity == NULL && chunk->dictionary->null_count == 0) {
        b->valid = NULL;
        return;
    }
    b->valid = b->mask;
    if (chunk->validity != NULL)
        pt_expand_bits(chunk->validity, at, n, b->mask);
    else
        memset(b->mask, 1, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        if (b->mask[i] && chunk->dictionary->null_count > 0)
            b->mask[i] = values->validity != NULL && pt_bit(values->validity, values->offset + index[i]);
        if (!b->mask[i]) index[i] = 0;
    }
}

/* Rows [row, row + n) of a chunk of numbers, n at most BLOCK. */
static void load(const pt_column *column, const pt_chunk *chunk, int64_t row, int64_t n, block *b) {
    int64_t at = chunk->offset + row, width = pt_field_width(&column->field);
    b->n = n;
    b->field = &column->field;
    b->values = b->gathered;
    b->valid = NULL;
    if (column->field.type == PATRON_TYPE_DICTIONARY) {
        const pt_chunk *values = &chunk->dictionary->chunks[0];
        int64_t index[BLOCK];
        b->field = &chunk->dictionary->field;
        load_indices(column, chunk, at, n, index, b);
        width = pt_field_width(b->field);
        if (values->length == 0 || b->field->type == PATRON_TYPE_NULL) /* nothing to point at: all rows are null */
            memset(b->gathered, 0, sizeof b->gathered);
        else if (b->field->type == PATRON_TYPE_BOOL)
            for (int64_t i = 0; i < n; i++) b->gathered[i] = pt_bit(values->values, values->offset + index[i]);
        else
            gather((const unsigned char *)values->values + values->offset * width, width, index, n, b->gathered);
        return;
    }
    if (column->field.type == PATRON_TYPE_NULL) {
        b->valid = b->mask;
        memset(b->mask, 0, (size_t)n);
        memset(b->gathered, 0, sizeof b->gathered);
        return;
    }
    if (chunk->validity != NULL) {
        b->valid = b->mask;
        pt_expand_bits(chunk->validity, at, n, b->mask);
    }
    if (column->field.type == PATRON_TYPE_BOOL)
        pt_expand_bits(chunk->values, at, n, b->gathered);
    else
        b->values = (const unsigned char *)chunk->values + at * width;
}

/* ---- int64 ---- */

static bool is_integer(patron_type type) { return type >= PATRON_TYPE_BOOL && type <= PATRON_TYPE_UINT64; }
static bool is_time(patron_type type) { return type >= PATRON_TYPE_DATE32 && type <= PATRON_TYPE_DURATION; }
static bool is_float(patron_type type) { return type >= PATRON_TYPE_FLOAT16 && type <= PATRON_TYPE_FLOAT64; }

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Microseconds (or days) of times; false when one is too far away, which comes out as the end that it passes. */
static bool scale_times(const pt_field *field, int64_t n, int64_t *values) {
    static const int64_t factors[] = {1000000, 1000};
    bool fits = true;
    if (field->type == PATRON_TYPE_DATE64) {
        for (int64_t i = 0; i < n; i++) values[i] = floor_divide(values[i], 86400000);
    } else if (field->type == PATRON_TYPE_DATE32 || field->unit == PATRON_UNIT_MICROSECOND) {
        return true;
    } else if (field->unit == PATRON_UNIT_NANOSECOND) {
        for (int64_t i = 0; i < n; i++) values[i] = floor_divide(values[i], 1000);
    } else {
        const int64_t factor = factors[field->unit], limit = INT64_MAX / factor;
        for (int64_t i = 0; i < n; i++) {
            bool inside = values[i] <= limit && values[i] >= -limit;
            values[i] = inside ? values[i] * factor : values[i] > 0 ? INT64_MAX : INT64_MIN;
            fits &= inside;
        }
    }
    return fits;
}

/* false when some row, null or not, does not fit. */
static bool convert_int64(const block *b, int64_t *out) {
    widen(b->field->type, b->values, b->n, out);
    if (is_time(b->field->type)) return scale_times(b->field, b->n, out);
    if (b->field->type != PATRON_TYPE_UINT64) return true;
    int64_t signs = 0;
    for (int64_t i = 0; i < b->n; i++) signs |= out[i];
    for (int64_t i = 0; signs < 0 && i < b->n; i++) out[i] = out[i] < 0 ? INT64_MAX : out[i];
    return signs >= 0;
}

/* ---- decimals ---- */

/* A decimal as a 128-bit integer; false when it does not fit. */
static bool load_decimal(const unsigned char *p, int32_t bit_width, int128 *out) {
    int32_t v32;
    int64_t v64;
    int128 high;
    switch (bit_width) {
    case 32:
        memcpy(&v32, p, sizeof v32);
        *out = v32;
        return true;
    case 64:
        memcpy(&v64, p, sizeof v64);
        *out = v64;
        return true;
    case 128:
        memcpy(out, p, sizeof *out);
        return true;
    default:
        memcpy(out, p, sizeof *out);
        memcpy(&high, p + sizeof *out, sizeof high);
        return high == (*out < 0 ? -1 : 0);
    }
}

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Decimal digits of a magnitude, ended by a NUL; at most 39 of them. */
static char *write_digits(unsigned __int128 magnitude, char out[40]) {
    char *p = out + 39;
    *p = '\0';
    do {
        *--p = (char)('0' + (int)(magnitude % 10));
        magnitude /= 10;
    } while (magnitude != 0);
    return p;
}

/* v / 10^scale, correctly rounded. */
static double decimal_to_double(int128 v, int32_t scale) {
    const int128 exact = (int128)1 << 53;
    if (v >= -exact && v <= exact && scale >= -22 && scale <= 22)
        return scale >= 0 ? (double)(int64_t)v / powers_of_ten[scale] : (double)(int64_t)v * powers_of_ten[-scale];
    char digits[40], text[48];
    unsigned __int128 magnitude = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    const char *first = write_digits(magnitude, digits);
    size_t n = strlen(first);
    memcpy(text, first, n);
    int32_t power = -scale; /* |scale| <= 76; no decimal point is written, so the locale plays no part */
    text[n++] = 'e';
    text[n++] = power < 0 ? '-' : '+';
    text[n++] = (char)('0' + abs(power) / 10);
    text[n++] = (char)('0' + abs(power) % 10);
    text[n] = '\0';
    double value = strtod(text, NULL);
    return v < 0 ? -value : value;
}

static int128 power_of_ten(int32_t exponent) {
    int128 power = 1;
    while (exponent-- > 0) power *= 10;
    return power;
}

/* Whole millionths of v / 10^scale. */
static uint8_t decimal_to_micros(int128 v, int32_t scale, int64_t *out) {
    *out = 0;
    if (v == 0) return PT_MICROS_EXACT;
    if (scale <= 6) {
        int32_t up = 6 - scale;
        int128 scaled;
        if (up > 38 || __builtin_mul_overflow(v, power_of_ten(up), &scaled)) return PT_MICROS_TOO_LARGE;
        if (scaled >= MICROS_MAX || scaled <= -MICROS_MAX) return PT_MICROS_TOO_LARGE;
        *out = (int64_t)scaled;
        return PT_MICROS_EXACT;
    }
    if (scale - 6 > 38) return PT_MICROS_ROUNDED; /* |v| < 1.8e38 < 10^39 / 2: nearer to 0 than to 1 */
    int128 down = power_of_ten(scale - 6), quotient = v / down, rest = v % down;
    int128 magnitude = rest < 0 ? -rest : rest;
    if (magnitude > down - magnitude || (magnitude == down - magnitude && (quotient & 1))) quotient += v < 0 ? -1 : 1;
    if (quotient >= MICROS_MAX || quotient <= -MICROS_MAX) return PT_MICROS_TOO_LARGE;
    *out = (int64_t)quotient;
    return rest == 0 ? PT_MICROS_EXACT : PT_MICROS_ROUNDED;
}

/* ---- float64 ---- */

/* IEEE 754 binary16. */
static double half_to_double(uint16_t half) {
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double value = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return half >> 15 ? -value : value;
}

#define TO_DOUBLE(T)                                                                                                           \
    for (int64_t i = 0; i < b->n; i++) {                                                                                       \
        T value;                                                                                                               \
        memcpy(&value, from + i * (int64_t)sizeof value, sizeof value);                                                        \
        out[i] = (double)value;                                                                                                \
    }                                                                                                                          \
    return true

static bool convert_float64(const block *b, double *restrict out) {
    const unsigned char *restrict from = b->values;
    bool fits = true;
    switch (b->field->type) {
    case PATRON_TYPE_BOOL:
    case PATRON_TYPE_UINT8:
        TO_DOUBLE(uint8_t);
    case PATRON_TYPE_INT8:
        TO_DOUBLE(int8_t);
    case PATRON_TYPE_INT16:
        TO_DOUBLE(int16_t);
    case PATRON_TYPE_UINT16:
        TO_DOUBLE(uint16_t);
    case PATRON_TYPE_INT32:
        TO_DOUBLE(int32_t);
    case PATRON_TYPE_UINT32:
        TO_DOUBLE(uint32_t);
    case PATRON_TYPE_INT64:
        TO_DOUBLE(int64_t);
    case PATRON_TYPE_UINT64:
        TO_DOUBLE(uint64_t);
    case PATRON_TYPE_FLOAT32:
        TO_DOUBLE(float);
    case PATRON_TYPE_FLOAT64:
        memcpy(out, from, (size_t)b->n * sizeof *out);
        return true;
    case PATRON_TYPE_FLOAT16:
        for (int64_t i = 0; i < b->n; i++) {
            uint16_t half;
            memcpy(&half, from + 2 * i, sizeof half);
            out[i] = half_to_double(half);
        }
        return true;
    case PATRON_TYPE_DECIMAL:
        for (int64_t i = 0; i < b->n; i++) {
            int128 value;
            bool inside = load_decimal(from + i * (b->field->bit_width / 8), b->field->bit_width, &value);
            out[i] = inside ? decimal_to_double(value, b->field->scale) : (double)NAN;
            fits &= inside;
        }
        return fits;
    default: /* NULL */
        for (int64_t i = 0; i < b->n; i++) out[i] = (double)NAN;
        return true;
    }
}

/* ---- micros ---- */

/* One double. as_float: it was a float32. */
static uint8_t double_to_micros(double x, bool as_float, int64_t *out) {
    *out = 0;
    if (!isfinite(x)) return PT_MICROS_NOT_FINITE;
    if (fabs(x) >= MICROS_LIMIT) return PT_MICROS_TOO_LARGE;
    *out = pt_exact_micros(x); /* exact or not: the same rounding */
    double back = (double)*out / 1e6;
    return (as_float ? (float)back == (float)x : back == x) ? PT_MICROS_EXACT : PT_MICROS_ROUNDED;
}

/* All doubles of a block that are below 2^51 / 1e6; false when some are not (their results are then void). Choices are made
 * between doubles whose bits are the small numbers wanted, because SSE2 cannot choose between integers of 64 bits: so the loop
 * is vectorised for every x86-64. */
static bool doubles_to_micros(const double *restrict x, int64_t n, int64_t *restrict out, uint8_t *restrict state) {
    const double bits_exact = 0x1p-1074, bits_rounded = 0x2p-1074, bits_outside = 0x4p-1074;
    double sums[BLOCK], marks[BLOCK];
    uint64_t sum_bits[BLOCK], mark_bits[BLOCK], rounder, any = 0;
    for (int64_t i = 0; i < n; i++) {
        double product = x[i] * 1e6, sum = product + PT_ROUNDER;
        double mark = (sum - PT_ROUNDER) / 1e6 == x[i] ? bits_exact : bits_rounded;
        sums[i] = sum;
        marks[i] = fabs(product) < PT_ROUNDER_RANGE ? mark : bits_outside;
    }
    memcpy(&rounder, &(double){PT_ROUNDER}, sizeof rounder);
    memcpy(sum_bits, sums, (size_t)n * sizeof *sums);
    memcpy(mark_bits, marks, (size_t)n * sizeof *marks);
    for (int64_t i = 0; i < n; i++) {
        out[i] = (int64_t)(sum_bits[i] - rounder);
        any |= mark_bits[i];
    }
    for (int64_t i = 0; i < n; i++) state[i] = (uint8_t)mark_bits[i];
    return any < 4;
}

static void floats_to_micros(const block *b, int64_t *out, uint8_t *state) {
    const bool single = b->field->type == PATRON_TYPE_FLOAT32;
    double x[BLOCK];
    (void)convert_float64(b, x);
    if (b->valid != NULL) /* NaN under nulls, as pandas leaves it, would send the block down the slow path */
        for (int64_t i = 0; i < b->n; i++) x[i] = b->valid[i] ? x[i] : 0.0;
    if (!single && doubles_to_micros(x, b->n, out, state)) return;
    for (int64_t i = 0; i < b->n; i++) state[i] = double_to_micros(x[i], single, &out[i]);
}

static bool decimals_to_micros(const block *b, int64_t *out, uint8_t *state) {
    const int64_t width = pt_field_width(b->field);
    bool fits = true;
    for (int64_t i = 0; i < b->n; i++) {
        int128 value;
        bool inside = load_decimal(b->values + i * width, b->field->bit_width, &value);
        state[i] = decimal_to_micros(inside ? value : 0, b->field->scale, &out[i]);
        fits &= inside;
    }
    return fits;
}

static void integers_to_micros(const block *b, int64_t *restrict out, uint8_t *restrict state) {
    const int64_t high = MICROS_MAX / 1000000; /* a uint64 beyond int64 is negative here */
    const int64_t low = b->field->type == PATRON_TYPE_UINT64 ? -1 : -high;
    int64_t whole[BLOCK];
    widen(b->field->type, b->values, b->n, whole);
    for (int64_t i = 0; i < b->n; i++) {
        bool inside = whole[i] < high && whole[i] > low;
        out[i] = (inside ? whole[i] : 0) * 1000000;
        state[i] = (uint8_t)(inside ? PT_MICROS_EXACT : PT_MICROS_TOO_LARGE);
    }
}

static bool convert_micros(const block *b, int64_t *out, uint8_t *state) {
    if (b->field->type == PATRON_TYPE_DECIMAL) return decimals_to_micros(b, out, state);
    if (is_float(b->field->type))
        floats_to_micros(b, out, state);
    else
        integers_to_micros(b, out, state);
    return true;
}

/* ---- the readers ---- */

static const pt_field *value_field(const pt_column *column) {
    return column->field.value != NULL ? column->field.value : &column->field;
}

static patron_status wrong_type(const pt_column *column, const char *expected, patron_error *error) {
    char shown[128];
    return pt_fail(error, PATRON_ERR_TYPE, "Column '%s' is of type %s%s; expected %s",
                   pt_show_name(column->field.name ? column->field.name : "", shown, sizeof shown),
                   column->field.value ? "dictionary of " : "", patron_type_name(value_field(column)->type), expected);
}

/* Of a block that does not fit, the first row that is not null and does not: -1 if there is none. */
static int64_t first_bad(const block *b) {
    const pt_field *field = b->field;
    int64_t width = pt_field_width(field), whole;
    int128 wide;
    for (int64_t i = 0; i < b->n; i++) {
        const unsigned char *value = b->values + i * width;
        if (b->valid != NULL && !b->valid[i]) continue;
        if (field->type == PATRON_TYPE_DECIMAL) {
            if (!load_decimal(value, field->bit_width, &wide)) return i;
            continue;
        }
        widen(field->type, value, 1, &whole);
        if (is_time(field->type) ? !scale_times(field, 1, &whole) : whole < 0) return i;
    }
    return -1;
}

static patron_status too_large(const pt_column *column, int64_t row, patron_error *error) {
    char shown[128], value[128];
    if (error == NULL) return PATRON_ERR_LIMIT; /* pt_column_describe itself may be asking */
    pt_column_describe(column, row, value, sizeof value);
    return pt_fail(error, PATRON_ERR_LIMIT, "Column '%s', row %lld: %s is too large%s",
                   pt_show_name(column->field.name ? column->field.name : "", shown, sizeof shown), (long long)row, value,
                   value_field(column)->type == PATRON_TYPE_DECIMAL  ? " for 128 bits"
                   : value_field(column)->type == PATRON_TYPE_UINT64 ? "; expected at most 9223372036854775807"
                                                                     : " for microseconds in 64 bits");
}

typedef enum form { FORM_INT64, FORM_FLOAT64, FORM_MICROS } form;

/* Where a block's rows go; state is micros'. */
typedef struct target {
    form form;
    int64_t *whole;
    double *real;
    uint8_t *state, *valid;
} target;

/* Whether a value of the type can be beyond what the form holds, which is an error. */
static bool can_fail(const pt_field *field, form wanted) {
    if (field->type == PATRON_TYPE_DECIMAL) return field->bit_width == 256;
    if (wanted != FORM_INT64) return false;
    if (field->type == PATRON_TYPE_UINT64) return true;
    return (field->type == PATRON_TYPE_TIMESTAMP || field->type == PATRON_TYPE_DURATION) &&
           field->unit <= PATRON_UNIT_MILLISECOND;
}

static bool convert(const block *b, const target *to, int64_t done) {
    switch (to->form) {
    case FORM_INT64:
        return convert_int64(b, to->whole + done);
    case FORM_FLOAT64:
        return convert_float64(b, to->real + done);
    default:
        return convert_micros(b, to->whole + done, to->state + done);
    }
}

/* Null rows, and which they are. */
static void blank(const block *b, const target *to, int64_t done) {
    const uint8_t *restrict valid = b->valid;
    if (to->valid != NULL && valid != NULL) memcpy(to->valid + done, valid, (size_t)b->n);
    if (to->valid != NULL && valid == NULL) memset(to->valid + done, 1, (size_t)b->n);
    if (valid == NULL) return;
    if (to->form == FORM_FLOAT64) {
        double *restrict real = to->real + done;
        for (int64_t i = 0; i < b->n; i++) real[i] = valid[i] ? real[i] : (double)NAN;
        return;
    }
    int64_t *restrict whole = to->whole + done;
    for (int64_t i = 0; i < b->n; i++) whole[i] &= -(int64_t)valid[i];
    if (to->form != FORM_MICROS) return;
    uint8_t *restrict state = to->state + done;
    for (int64_t i = 0; i < b->n; i++) state[i] = (uint8_t)(state[i] & -valid[i]); /* PT_MICROS_NULL is 0 */
}

/* dry: look for rows that cannot be represented; write nothing. */
static patron_status read_rows(const pt_column *column, int64_t first, int64_t n, const target *to, bool dry,
                               patron_error *error) {
    int64_t whole[BLOCK];
    double real[BLOCK];
    uint8_t state[BLOCK];
    const target scratch = {to->form, whole, real, state, NULL};
    block b;
    int64_t c = pt_column_find_chunk(column, first);
    for (int64_t done = 0; done < n; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        int64_t row = first + done - chunk->start, end = chunk->length;
        if (end - row > n - done) end = row + n - done;
        for (; row < end; row += b.n, done += b.n) {
            load(column, chunk, row, end - row < BLOCK ? end - row : BLOCK, &b);
            bool fits = convert(&b, dry ? &scratch : to, dry ? 0 : done);
            int64_t bad = dry && !fits ? first_bad(&b) : -1;
            if (bad >= 0) return too_large(column, first + done + bad, error);
            if (!dry) blank(&b, to, done);
        }
    }
    return PATRON_OK;
}

static patron_status read_as(const pt_column *column, int64_t first, int64_t n, const target *to, patron_error *error) {
    if (can_fail(value_field(column), to->form)) {
        patron_status status = read_rows(column, first, n, to, true, error);
        if (status != PATRON_OK) return status;
    }
    return read_rows(column, first, n, to, false, error);
}

patron_status pt_column_int64(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *valid,
                              patron_error *error) {
    patron_type type = value_field(column)->type;
    if (type != PATRON_TYPE_NULL && !is_integer(type) && !is_time(type))
        return wrong_type(column, "integers, booleans, dates, timestamps or durations", error);
    return read_as(column, first, n, &(target){.form = FORM_INT64, .whole = out, .valid = valid}, error);
}

void pt_column_clamped(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *valid) {
    (void)read_rows(column, first, n, &(target){.form = FORM_INT64, .whole = out, .valid = valid}, false, NULL);
}

static bool is_number(patron_type type) {
    return type == PATRON_TYPE_NULL || is_integer(type) || is_float(type) || type == PATRON_TYPE_DECIMAL;
}

patron_status pt_column_float64(const pt_column *column, int64_t first, int64_t n, double *out, uint8_t *valid,
                                patron_error *error) {
    if (!is_number(value_field(column)->type)) return wrong_type(column, "numbers", error);
    return read_as(column, first, n, &(target){.form = FORM_FLOAT64, .real = out, .valid = valid}, error);
}

patron_status pt_column_micros(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *state,
                               patron_error *error) {
    if (!is_number(value_field(column)->type)) return wrong_type(column, "numbers", error);
    return read_as(column, first, n, &(target){.form = FORM_MICROS, .whole = out, .state = state}, error);
}

/* The rows' place in the one chunk that holds them all without nulls; NULL if there is none. */
static const void *borrow(const pt_column *column, int64_t first, int64_t n) {
    if (n == 0) return NULL;
    const pt_chunk *chunk = &column->chunks[pt_column_find_chunk(column, first)];
    if (chunk->validity != NULL || n > chunk->length - (first - chunk->start)) return NULL;
    const unsigned char *place = (const unsigned char *)chunk->values + 8 * (chunk->offset + first - chunk->start);
    return (uintptr_t)place % 8 == 0 ? place : NULL;
}

const int64_t *pt_column_borrow_int64(const pt_column *column, int64_t first, int64_t n) {
    patron_type type = column->field.type;
    if (type != PATRON_TYPE_INT64 && type != PATRON_TYPE_TIMESTAMP && type != PATRON_TYPE_DURATION) return NULL;
    return borrow(column, first, n);
}

const double *pt_column_borrow_float64(const pt_column *column, int64_t first, int64_t n) {
    return column->field.type == PATRON_TYPE_FLOAT64 ? borrow(column, first, n) : NULL;
}

/* ---- strings ---- */

int64_t pt_view_size(const pt_chunk *chunk, int64_t buffer) {
    int64_t size;
    memcpy(&size, (const char *)chunk->view_sizes + 8 * buffer, sizeof size);
    return size;
}

pt_string pt_chunk_string(const pt_chunk *chunk, patron_type type, int64_t at) {
    if (type == PATRON_TYPE_UTF8) {
        int32_t ends[2];
        memcpy(ends, (const char *)chunk->offsets + 4 * at, sizeof ends);
        return (pt_string){(const char *)chunk->values + ends[0], ends[1] - ends[0]};
    }
    if (type == PATRON_TYPE_LARGE_UTF8) {
        int64_t ends[2];
        memcpy(ends, (const char *)chunk->offsets + 8 * at, sizeof ends);
        return (pt_string){(const char *)chunk->values + ends[0], ends[1] - ends[0]};
    }
    const char *view = (const char *)chunk->values + 16 * at;
    int32_t part[4];
    memcpy(part, view, sizeof part);
    if (part[0] <= 12) return (pt_string){view + 4, part[0]};
    return (pt_string){(const char *)chunk->views[part[2]] + part[3], part[0]};
}

/* Rows of one chunk; at is counted with its offset. */
static void strings_of_chunk(const pt_column *column, const pt_chunk *chunk, int64_t at, int64_t n, pt_string *out) {
    static const pt_string null = {NULL, 0};
    if (column->field.type == PATRON_TYPE_NULL) {
        for (int64_t i = 0; i < n; i++) out[i] = null;
    } else if (column->field.type == PATRON_TYPE_DICTIONARY) {
        const pt_chunk *values = &chunk->dictionary->chunks[0];
        const patron_type type = chunk->dictionary->field.type;
        block b;
        int64_t index[BLOCK];
        for (int64_t done = 0; done < n; done += BLOCK) {
            int64_t m = n - done < BLOCK ? n - done : BLOCK;
            load_indices(column, chunk, at + done, m, index, &b);
            for (int64_t i = 0; i < m; i++)
                out[done + i] = b.valid == NULL || b.valid[i] ? pt_chunk_string(values, type, values->offset + index[i]) : null;
        }
    } else if (chunk->validity == NULL) {
        for (int64_t i = 0; i < n; i++) out[i] = pt_chunk_string(chunk, column->field.type, at + i);
    } else {
        for (int64_t i = 0; i < n; i++)
            out[i] = pt_bit(chunk->validity, at + i) ? pt_chunk_string(chunk, column->field.type, at + i) : null;
    }
}

patron_status pt_column_string(const pt_column *column, int64_t first, int64_t n, pt_string *out, patron_error *error) {
    patron_type type = value_field(column)->type;
    if (type != PATRON_TYPE_NULL && !pt_is_text(type)) return wrong_type(column, "strings", error);
    int64_t c = pt_column_find_chunk(column, first);
    for (int64_t done = 0; done < n; c++) {
        const pt_chunk *chunk = &column->chunks[c];
        int64_t row = first + done - chunk->start, m = chunk->length - row;
        if (m > n - done) m = n - done;
        strings_of_chunk(column, chunk, chunk->offset + row, m, out + done);
        done += m;
    }
    return PATRON_OK;
}
