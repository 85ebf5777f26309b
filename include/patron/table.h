/* patron/table.h: typed columns with validity, and the door to every data frame library: the Arrow C data interface.
 *
 * A table is immutable once made and holds its columns as the producer laid them out, chunk by chunk, without a copy. Results
 * of every room are tables again.
 *
 *     int64_t users[] = {7, 7, 9};
 *     double spend[] = {10.0, 2.5, 8.0};
 *     patron_table *table = NULL;
 *     patron_table_create(ctx, 3, &table, &error);
 *     patron_table_borrow_column(table, "user", &(patron_column){.type = PATRON_TYPE_INT64, .values = users}, &error);
 *     patron_table_borrow_column(table, "spend", &(patron_column){.type = PATRON_TYPE_FLOAT64, .values = spend}, &error);
 *     double first;
 *     patron_table_get_float64(table, patron_table_find(table, "spend"), 0, 1, &first, NULL, &error);
 *     patron_table_destroy(table);
 *
 * Columns are numbered from 0 in the order they were added, rows from 0. A null is a row without a value, marked in the
 * validity bits; NaN is a value. Names are UTF-8 and differ.
 *
 * Threads: a table that is no longer added to is shared without a lock.
 * Ownership: borrowed arrays must outlive the table and every object that says it borrows from it; imported Arrow structures
 * are taken over (their `release` moves into the table, the caller's struct is marked released). Texts that a table returns
 * are the table's.
 * Errors: PATRON_ERR_INVALID names the column and row at fault, PATRON_ERR_TYPE the type found and those expected,
 * PATRON_ERR_NOT_FOUND the column that is not there, PATRON_ERR_LIMIT what is beyond 2^47 rows.
 */
#ifndef PATRON_TABLE_H
#define PATRON_TABLE_H

#include "patron/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the Arrow C data interface, as its specification lays it out ------------------------------------------------- */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

/* ---- types ---------------------------------------------------------------------------------------------------------- */

/* What a column holds. Numbers are pinned. The layouts are Arrow's, in the machine's byte order. */
typedef enum patron_type {
    PATRON_TYPE_NULL = 0, /* nothing but nulls; no array */
    PATRON_TYPE_BOOL = 1, /* one bit a value, least significant first */
    /* Integers and IEEE 754 numbers of as many bits as the name says, one after the other. */
    PATRON_TYPE_INT8 = 2,
    PATRON_TYPE_INT16 = 3,
    PATRON_TYPE_INT32 = 4,
    PATRON_TYPE_INT64 = 5,
    PATRON_TYPE_UINT8 = 6,
    PATRON_TYPE_UINT16 = 7,
    PATRON_TYPE_UINT32 = 8,
    PATRON_TYPE_UINT64 = 9,
    PATRON_TYPE_FLOAT16 = 10,
    PATRON_TYPE_FLOAT32 = 11,
    PATRON_TYPE_FLOAT64 = 12,
    PATRON_TYPE_DECIMAL = 13,    /* 32, 64, 128 or 256 bits wide, little-endian two's complement */
    PATRON_TYPE_UTF8 = 14,       /* int32 offsets, bytes */
    PATRON_TYPE_LARGE_UTF8 = 15, /* int64 offsets, bytes */
    PATRON_TYPE_UTF8_VIEW = 16,  /* 16-byte views, several byte buffers */
    PATRON_TYPE_DATE32 = 17,     /* int32 days since 1970-01-01 */
    PATRON_TYPE_DATE64 = 18,     /* int64 milliseconds, whole days */
    PATRON_TYPE_TIMESTAMP = 19,  /* int64 in `unit`; UTC when `timezone` is set, else naive local time */
    PATRON_TYPE_DURATION = 20,   /* int64 in `unit` */
    PATRON_TYPE_DICTIONARY = 21  /* integer indices into `dictionary` */
} patron_type;

/* What times count. Numbers are pinned. */
typedef enum patron_time_unit {
    /* Seconds since 1970-01-01 00:00, or thousandths, millionths, billionths of one; of durations, without the beginning. */
    PATRON_UNIT_SECOND = 0,
    PATRON_UNIT_MILLISECOND = 1,
    PATRON_UNIT_MICROSECOND = 2,
    PATRON_UNIT_NANOSECOND = 3,
    PATRON_UNIT_DAY = 4 /* for integer columns that count days; no Arrow timestamp has it */
} patron_time_unit;

/* The type as a user knows it, e.g. "int64", "string", "timestamp"; "unknown type" for a number that is no type. Static, never
 * NULL. */
PATRON_API const char *patron_type_name(patron_type type);

/* One contiguous column as arrays in memory. Fields that the type does not need stay zero. */
typedef struct patron_column {
    patron_type type;                       /* of the values; not UTF8_VIEW, which comes through Arrow only */
    const void *values;                     /* fixed width: the values; strings: the bytes; dictionary: the indices */
    const void *offsets;                    /* UTF8: int32[n + 1]; LARGE_UTF8: int64[n + 1] */
    const uint8_t *validity;                /* one bit a row, 1 is a value; NULL: no nulls */
    patron_time_unit unit;                  /* TIMESTAMP, DURATION */
    const char *timezone;                   /* TIMESTAMP: NULL is naive */
    int32_t precision, scale;               /* DECIMAL: digits, from 1; how many of them after the point, -76 to 76 */
    int32_t bit_width;                      /* DECIMAL: 32, 64, 128, 256, for at most 9, 18, 38, 76 digits */
    patron_type index_type;                 /* DICTIONARY: an integer type */
    int64_t dictionary_length;              /* DICTIONARY: how many values `dictionary` has */
    const struct patron_column *dictionary; /* DICTIONARY: the values; itself of another type */
} patron_column;

/* A table. */
typedef struct patron_table patron_table;

/* ---- making ----------------------------------------------------------------------------------------------------------- */

/* A table of n_rows rows and no columns yet. Errors: PATRON_ERR_INVALID for n_rows outside 0 .. 2^47. */
PATRON_API patron_status patron_table_create(patron_ctx *ctx, int64_t n_rows, patron_table **out, patron_error *error);

/* Adds a column `name` over the caller's arrays: as many values as the table has rows. The arrays stay the caller's and must
 * outlive the table and what was selected or concatenated from it; the structs `column` and its dictionary need not. O(1) for
 * numbers, O(bytes) for strings and dictionaries, which are checked here.
 * Errors: PATRON_ERR_INVALID for a name that is there already, for offsets that fall, text that is not UTF-8, an index outside
 * the dictionary and a NULL array; PATRON_ERR_TYPE for a type that cannot be borrowed. */
PATRON_API patron_status patron_table_borrow_column(patron_table *table, const char *name, const patron_column *column,
                                                    patron_error *error);

/* Takes over an Arrow `stream` of struct (record batch) arrays: reads it to the end, keeps the chunks, copies nothing.
 * Checked: format strings, number of buffers and children, lengths and offsets against parents, null buffers, string offsets,
 * UTF-8, dictionary indices. Whether a buffer is really as long as its array says cannot be seen through this interface.
 * The stream is released in every case. A stream of non-struct arrays becomes a table of one column named "". O(bytes).
 * Errors: PATRON_ERR_TYPE for a type that patron_type does not have; PATRON_ERR_INVALID for what the checks find;
 * with the producer's words, PATRON_ERR_IO for EIO, else PATRON_ERR_INVALID, where the stream itself fails. */
PATRON_API patron_status patron_table_import_stream(patron_ctx *ctx, struct ArrowArrayStream *stream, patron_table **out,
                                                    patron_error *error);

/* The same for one struct `array` of a `schema`. Both are taken over and released with the table, also on failure. Errors as of
 * patron_table_import_stream. */
PATRON_API patron_status patron_table_import_array(patron_ctx *ctx, struct ArrowSchema *schema, struct ArrowArray *array,
                                                   patron_table **out, patron_error *error);

/* A table of the columns `names` (n of them) of `table`, in that order, sharing their memory. O(n × chunks). Errors:
 * PATRON_ERR_NOT_FOUND for a name that `table` does not have, PATRON_ERR_INVALID for one that is asked for twice. */
PATRON_API patron_status patron_table_select(const patron_table *table, int64_t n, const char *const *names, patron_table **out,
                                             patron_error *error);

/* Rows [first, first + n) of `table`, sharing their memory. O(columns × chunks), where there are nulls O(n).
 * Errors: PATRON_ERR_INVALID for rows that `table` does not have. */
PATRON_API patron_status patron_table_slice(const patron_table *table, int64_t first, int64_t n, patron_table **out,
                                            patron_error *error);

/* The rows of `tables` (n >= 1 of them, equal names and types in equal order) one after the other, sharing their memory.
 * O(columns × chunks). Errors: PATRON_ERR_INVALID, PATRON_ERR_TYPE for tables that differ; PATRON_ERR_LIMIT for too many rows.
 */
PATRON_API patron_status patron_table_concat(patron_ctx *ctx, int64_t n, const patron_table *const *tables, patron_table **out,
                                             patron_error *error);

/* Gives up the caller's reference; NULL is legal. */
PATRON_API void patron_table_destroy(patron_table *table);

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

/* How many there are: n_rows, n_columns. */
PATRON_API int64_t patron_table_n_rows(const patron_table *table);
PATRON_API int64_t patron_table_n_columns(const patron_table *table);
/* The name of a column by its number; NULL if there is no such `column`. */
PATRON_API const char *patron_table_column_name(const patron_table *table, int64_t column);
/* The number of the column of that `name`, -1 if there is none. O(columns). */
PATRON_API int64_t patron_table_find(const patron_table *table, const char *name);
/* The type of a column; PATRON_TYPE_NULL if there is no such `column`. */
PATRON_API patron_type patron_table_column_type(const patron_table *table, int64_t column);
/* The time zone of a timestamp column; NULL when naive, of another type, or no such `column`. */
PATRON_API const char *patron_table_column_timezone(const patron_table *table, int64_t column);
/* How many rows of a column are null, those whose dictionary entry is null included; -1 if there is no such `column`. */
PATRON_API int64_t patron_table_null_count(const patron_table *table, int64_t column);

/* Copies rows [first, first + n) of `column`, converted, to out[0 .. n - 1]; valid[i] (`valid` may be NULL) is 1 for a value, 0
 * for null, and out[i] is then 0 (NaN for float64). get_int64 takes integers, bool and dictionaries of them, dates (days),
 * timestamps and durations (microseconds, rounded down); get_float64 takes all numbers and decimals. O(n + log chunks).
 * Errors: PATRON_ERR_TYPE for another type, PATRON_ERR_LIMIT for a uint64 above 2^63 - 1, PATRON_ERR_NOT_FOUND for no such
 * column, PATRON_ERR_INVALID for rows that the table does not have. */
PATRON_API patron_status patron_table_get_int64(const patron_table *table, int64_t column, int64_t first, int64_t n,
                                                int64_t *out, uint8_t *valid, patron_error *error);
PATRON_API patron_status patron_table_get_float64(const patron_table *table, int64_t column, int64_t first, int64_t n,
                                                  double *out, uint8_t *valid, patron_error *error);
/* Row `row` of a string `column` (or a dictionary of strings): *out points into the table, *length bytes, not terminated;
 * *out is NULL for null. O(log chunks). Errors as of patron_table_get_int64. */
PATRON_API patron_status patron_table_get_string(const patron_table *table, int64_t column, int64_t row, const char **out,
                                                 int64_t *length, patron_error *error);

/* Gives the table to a consumer as an Arrow stream of its chunks, written to *out, without a copy: the stream keeps the memory
 * alive after the table is destroyed, until the consumer calls its `release`. Columns whose chunks differ are cut at every
 * chunk border. Errors: none but PATRON_ERR_NO_MEMORY. */
PATRON_API patron_status patron_table_export_stream(const patron_table *table, struct ArrowArrayStream *out,
                                                    patron_error *error);
/* The same as one struct array: *schema and *array are the consumer's, each with a `release` of its own. Columns of several
 * chunks are copied together. Errors: PATRON_ERR_LIMIT for int32 offsets that would overflow. */
PATRON_API patron_status patron_table_export_array(const patron_table *table, struct ArrowSchema *schema,
                                                   struct ArrowArray *array, patron_error *error);

#ifdef __cplusplus
}
#endif
#endif
