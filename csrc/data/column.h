/* data/column.h: the inside of tables: columns of chunks, read in blocks. Private to the library.
 *
 *   table ── columns ── field (name, type)
 *                    └─ chunks: rows [start, start + length) ── buffers as Arrow lays them out
 *
 * Whoever reads a column asks for blocks of rows in one of four logical forms (int64, float64, micros, string); the reader
 * converts from the ~20 physical layouts, so nobody else knows them. Import has validated everything: offsets rise, strings
 * are UTF-8, dictionary indices are inside. */
#ifndef PT_DATA_COLUMN_H
#define PT_DATA_COLUMN_H

#include "base/ctx.h"
#include "patron/table.h"

#include <math.h>

typedef struct pt_field {
    char *name;
    patron_type type;
    patron_time_unit unit;
    char *timezone; /* NULL: none */
    int32_t precision, scale, bit_width;
    patron_type index_type;
    bool ordered;           /* DICTIONARY: the order of the values means something */
    struct pt_field *value; /* DICTIONARY: the type of its values, without a name */
} pt_field;

typedef struct pt_column pt_column;

/* Buffers need not be aligned to their element type: Arrow only recommends it. Chunks of a table are never empty; a
 * dictionary is a column of exactly one chunk, which may be. */
typedef struct pt_chunk {
    int64_t start;  /* row of the column where this chunk begins */
    int64_t length; /* rows */
    int64_t offset; /* Arrow's offset: rows to skip in every buffer */
    int64_t null_count;
    const uint8_t *validity;  /* NULL: no nulls */
    const void *values;       /* fixed width values, string bytes, views, or dictionary indices */
    const void *offsets;      /* strings with offsets */
    const void *const *views; /* UTF8_VIEW: the variadic byte buffers */
    int64_t n_views;
    const int64_t *view_sizes;
    const pt_column *dictionary;
    pt_buffer *keep; /* what keeps all of this alive */
} pt_chunk;

struct pt_column {
    pt_field field;
    int64_t length;
    int64_t null_count; /* rows that read as null, also those that point at a null in their dictionary */
    int64_t n_chunks, capacity;
    pt_chunk *chunks;
};

struct patron_table {
    _Atomic int64_t references;
    patron_ctx *ctx;
    int64_t n_rows;
    int64_t n_columns, capacity;
    pt_column *columns;
};

typedef struct pt_string {
    const char *data; /* NULL: null */
    int64_t length;
} pt_string;

static inline bool pt_is_text(patron_type type) { return type >= PATRON_TYPE_UTF8 && type <= PATRON_TYPE_UTF8_VIEW; }
static inline bool pt_is_integer(patron_type type) { return type >= PATRON_TYPE_INT8 && type <= PATRON_TYPE_UINT64; }

/* A column in one form. Rows are those of the column, whatever its chunks. out[i] is 0 (NaN, NULL data) where valid[i] is 0.
 * valid may be NULL. */
patron_status pt_column_int64(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *valid,
                              patron_error *error);
patron_status pt_column_float64(const pt_column *column, int64_t first, int64_t n, double *out, uint8_t *valid,
                                patron_error *error);
/* pt_column_int64 of a column that it takes, without a failure: what does not fit comes out as INT64_MAX or INT64_MIN. */
void pt_column_clamped(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *valid);
patron_status pt_column_string(const pt_column *column, int64_t first, int64_t n, pt_string *out, patron_error *error);

/* Adding 3 * 2^51 and taking it away rounds a double below 2^51 to a whole number, half to even. */
#define PT_ROUNDER 6755399441055744.0
#define PT_ROUNDER_RANGE 2251799813685248.0

/* A number as whole millionths, rounded half to even. state[i]: what happened to the row. */
enum { PT_MICROS_NULL = 0, PT_MICROS_EXACT = 1, PT_MICROS_ROUNDED = 2, PT_MICROS_NOT_FINITE = 3, PT_MICROS_TOO_LARGE = 4 };
patron_status pt_column_micros(const pt_column *column, int64_t first, int64_t n, int64_t *out, uint8_t *state,
                               patron_error *error);

/* What the reader makes of a double that is PT_MICROS_EXACT. */
static inline int64_t pt_exact_micros(double x) {
    double product = x * 1e6;
    return (int64_t)(fabs(product) < PT_ROUNDER_RANGE ? (product + PT_ROUNDER) - PT_ROUNDER : rint(product));
}

/* Rows [first, first + n) as int64 in place, if they lie in one chunk as plain int64 (INT64, TIMESTAMP or DURATION, in their
 * own unit) without nulls; else NULL. */
const int64_t *pt_column_borrow_int64(const pt_column *column, int64_t first, int64_t n);
/* The same for float64. */
const double *pt_column_borrow_float64(const pt_column *column, int64_t first, int64_t n);

/* The value of a row as text for an error message or an audit example, cut to fit: 12, 3.5, 'abc', 2024-01-05T10:00:00, null.
 */
void pt_column_describe(const pt_column *column, int64_t row, char *out, size_t size);
/* A double with the fewest of 15 to 17 digits that read back, and a point whatever the locale. Returns out. */
enum { PT_DOUBLE_TEXT = 32 };
const char *pt_show_double(double value, char out[PT_DOUBLE_TEXT]);

/* ---- making result tables: one chunk a column, memory handed over ---- */

/* Adds a column whose memory is shared through buffers. `values` etc. point into memory that `keep` keeps alive (a reference is
 * taken). */
patron_status pt_table_add(patron_table *table, const char *name, const patron_column *column, pt_buffer *keep,
                           patron_error *error);
/* Adds a column over a fresh block from pt_alloc, which the table takes over (also on failure). validity may be NULL or a
 * second such block. */
patron_status pt_table_take(patron_table *table, const char *name, const patron_column *shape, void *values, void *offsets,
                            uint8_t *validity, patron_error *error);
/* A validity bitmap (fresh block) from one byte a row; *out is NULL when all are valid. */
patron_status pt_validity_pack(patron_ctx *ctx, int64_t n, const uint8_t *valid, uint8_t **out, patron_error *error);

/* ---- inside tables only: import, export and table.c ---- */

/* More rows than this cannot lie in memory; a length beyond it is a producer's mistake, and no size computed from one below
 * overflows. */
#define PT_MAX_ROWS (INT64_C(1) << 47)

/* Bytes of a value; 0 for NULL, BOOL and strings with offsets. A dictionary column has the width of its indices. */
int64_t pt_field_width(const pt_field *field);
/* How many digits a decimal of so many bits holds whatever they are: 9, 18, 38 or 76; 0: there is none so wide. */
int32_t pt_decimal_digits(int32_t bits);
/* Deep copy; *out is overwritten. */
patron_status pt_field_copy(patron_ctx *ctx, const pt_field *field, pt_field *out, patron_error *error);
void pt_field_fini(patron_ctx *ctx, pt_field *field);
/* Equal types; names are not compared. */
bool pt_field_equal(const pt_field *a, const pt_field *b);
/* A name made fit for a message: cut, at a character, to what fits; bytes that are not UTF-8 and control characters become
 * '?'. Returns out, which may be `name`. */
const char *pt_show_name(const char *name, char *out, size_t size);

/* Adds a column without chunks; the field's contents are taken over (also on failure). */
patron_status pt_table_add_field(patron_table *table, pt_field *field, patron_error *error);
/* Appends a chunk and a reference to its keep; empty chunks are left out. The column's row count and null count follow (for
 * dictionaries with nulls after pt_column_count_nulls). */
patron_status pt_column_append(patron_ctx *ctx, pt_column *column, const pt_chunk *chunk, patron_error *error);
void pt_column_count_nulls(pt_column *column);
/* A dictionary as a shared one-chunk column: (*out)->data is the pt_column. */
patron_status pt_dictionary_create(patron_ctx *ctx, const pt_field *value, const pt_chunk *values, pt_buffer **out,
                                   patron_error *error);
/* One keep that holds two (a may be NULL); on success it has its own references. */
patron_status pt_keep_both(patron_ctx *ctx, pt_buffer *a, pt_buffer *b, pt_buffer **out, patron_error *error);
/* Checks what lies in the buffers of columns [first, n_columns): offsets, text, views, dictionary indices. In parallel. */
patron_status pt_table_validate(const patron_table *table, int64_t first, patron_error *error);

/* All rows of a column as one chunk, whose keep the caller releases. One chunk is shared, several are copied together. */
patron_status pt_column_join(patron_ctx *ctx, const pt_column *column, pt_chunk *out, patron_error *error);

/* The chunk that holds a row below column->length. */
int64_t pt_column_find_chunk(const pt_column *column, int64_t row);
/* Zero bits among [offset, offset + n) of a bitmap. */
int64_t pt_count_zeros(const uint8_t *bits, int64_t offset, int64_t n);
/* The first zero bit among [offset, offset + n), counted from offset; n if there is none. */
int64_t pt_find_zero(const uint8_t *bits, int64_t offset, int64_t n);
static inline bool pt_bit(const uint8_t *bits, int64_t i) { return (bits[i >> 3] >> (i & 7)) & 1; }
/* Bits [offset, offset + n) as bytes 0 and 1. */
void pt_expand_bits(const uint8_t *bits, int64_t offset, int64_t n, uint8_t *out);
/* Dictionary indices [at, at + n), counted with the chunk's offset, widened. */
void pt_read_indices(patron_type type, const void *values, int64_t at, int64_t n, int64_t *out);
/* Bytes in a view buffer. */
int64_t pt_view_size(const pt_chunk *chunk, int64_t buffer);
/* The string at a position (counted with the chunk's offset) of a chunk of strings; validity is not looked at. */
pt_string pt_chunk_string(const pt_chunk *chunk, patron_type type, int64_t at);

/* The position of the first byte that is not part of valid UTF-8 (no overlong forms, no surrogates, at most U+10FFFF), -1 if
 * all is well. */
int64_t pt_utf8_check(const char *data, int64_t length);
bool pt_is_ascii(const char *data, int64_t length);
/* The same of a terminated text, yes or no: what a name must be to be saved and loaded. */
bool pt_is_utf8(const char *text);
/* Refuses a text that is not, and shows it under the name of the option; NULL is legal. */
patron_status pt_check_text(const char *option, const char *text, patron_error *error);
/* A byte inside a character. */
static inline bool pt_is_continuation(char byte) { return ((unsigned char)byte & 0xC0) == 0x80; }
/* How many bytes of a valid string to show where there is room for `most` (at least 1): it is cut between characters. */
static inline int64_t pt_cut(pt_string string, int64_t most) {
    int64_t n = string.length < most ? string.length : most;
    if (n < string.length)
        while (pt_is_continuation(string.data[n])) n--;
    return n;
}

#endif
