/* data/validate.c: what lies in the buffers of strings and dictionaries, checked once at the door so that nobody has to
 * check again: offsets rise and stay inside, text is UTF-8, views point into their buffers, indices into their dictionary.
 *
 * Work is cut into pieces of at most 65,536 rows of one chunk, all of them done in one parallel run; the error of the first
 * piece in column and row order is the one reported, at any thread count. Each check has a fast pass that ignores validity
 * (whole byte ranges, minima and maxima); only where that fails are rows looked at one by one, because a null row may hold
 * anything but an offset that falls.
 *
 * A range of valid UTF-8 that is cut at offsets consists of valid strings if no string begins inside a character. */
#include "data/column.h"

#include <string.h>

enum { PIECE = 65536, BLOCK = 1024 };

typedef struct piece {
    const pt_column *column; /* of the table: its name is reported */
    const pt_column *source; /* the column itself, or the dictionary of one of its chunks */
    const pt_chunk *chunk;
    int64_t from, n; /* rows of the chunk */
} piece;

typedef struct pieces {
    piece *list;
    int64_t n, capacity;
} pieces;

static bool is_null(const pt_chunk *chunk, int64_t at) { return chunk->validity != NULL && !pt_bit(chunk->validity, at); }

/* "Column 'x', row 7" or "Column 'x', dictionary value 7". at: position counted with the chunk's offset. */
static patron_status complain(const piece *p, int64_t at, patron_error *error, const char *what) {
    char shown[128];
    return pt_fail(error, PATRON_ERR_INVALID, "Column '%s', %s %lld: %s", pt_show_name(p->column->field.name, shown, 128),
                   p->source == p->column ? "row" : "dictionary value", (long long)(p->chunk->start + at - p->chunk->offset),
                   what);
}

static patron_status bad_text(const piece *p, int64_t at, const char *data, int64_t bad, patron_error *error) {
    patron_error what;
    pt_fail(&what, PATRON_ERR_INVALID, "byte 0x%02X at position %lld of the string is not valid UTF-8",
            (unsigned)(unsigned char)data[bad], (long long)bad);
    return complain(p, at, error, what.message);
}

/* ---- strings with offsets ---- */

static void read_offsets(const piece *p, int64_t at, int64_t n, int64_t *out) {
    pt_read_indices(p->source->field.type == PATRON_TYPE_UTF8 ? PATRON_TYPE_INT32 : PATRON_TYPE_INT64, p->chunk->offsets, at, n,
                    out);
}

/* Offsets rise within the piece, and its end is not beyond the end of the chunk: then no text outside the chunk's is read,
 * whatever the other pieces hold. */
static patron_status check_offsets(const piece *p, int64_t *begin, int64_t *end, patron_error *error) {
    int64_t block[BLOCK + 1], at = p->chunk->offset + p->from, chunk_end;
    read_offsets(p, at, 1, begin);
    read_offsets(p, at + p->n, 1, end);
    read_offsets(p, p->chunk->offset + p->chunk->length, 1, &chunk_end);
    if (*begin < 0) return complain(p, at, error, "the string offset is negative");
    for (int64_t done = 0; done < p->n; done += BLOCK) {
        int64_t n = p->n - done < BLOCK ? p->n - done : BLOCK;
        read_offsets(p, at + done, n + 1, block);
        bool falls = false;
        for (int64_t i = 0; i < n; i++) falls |= block[i + 1] < block[i];
        if (!falls) continue;
        int64_t i = 0;
        while (block[i + 1] >= block[i]) i++;
        return complain(p, at + done + i, error, "the string offsets fall; expected them to rise");
    }
    if (*end > chunk_end) return complain(p, at + p->n - 1, error, "the string ends after the last string of its chunk");
    return PATRON_OK;
}

/* Whether every string of [begin, end), whole text that is not empty, begins with a character. An empty string inside one is
 * taken for a fault here, which only sends the piece the slow way. */
static bool cut_at_characters(const piece *p, const char *data, int64_t begin, int64_t end) {
    int64_t block[BLOCK], at = p->chunk->offset + p->from;
    for (int64_t done = 0; done < p->n; done += BLOCK) {
        int64_t n = p->n - done < BLOCK ? p->n - done : BLOCK;
        unsigned inside = 0;
        read_offsets(p, at + done, n, block);
        for (int64_t i = 0; i < n; i++) {
            int64_t start = block[i] < end ? block[i] : begin; /* empty strings may lie at the end */
            inside |= ((unsigned char)data[start] & 0xC0) == 0x80;
        }
        if (inside) return false;
    }
    return true;
}

static patron_status check_strings(const piece *p, patron_error *error) {
    const char *data = p->chunk->values;
    int64_t begin, end, at = p->chunk->offset + p->from;
    patron_status status = check_offsets(p, &begin, &end, error);
    if (status != PATRON_OK || pt_is_ascii(data + begin, end - begin)) return status;
    if (pt_utf8_check(data + begin, end - begin) < 0 && cut_at_characters(p, data, begin, end)) return PATRON_OK;
    for (int64_t i = 0; i < p->n; i++) {
        if (is_null(p->chunk, at + i)) continue;
        pt_string string = pt_chunk_string(p->chunk, p->source->field.type, at + i);
        int64_t bad = pt_utf8_check(string.data, string.length);
        if (bad >= 0) return bad_text(p, at + i, string.data, bad, error);
    }
    return PATRON_OK;
}

/* ---- views ---- */

/* A view is 16 bytes: int32 length; up to 12 bytes of text, or the first 4 bytes, int32 buffer, int32 offset. */
/* Whether the text inside a short view is ASCII for certain: what lies behind it is zeros. */
static bool short_and_ascii(const char *view) {
    uint64_t low;
    uint32_t length, high;
    memcpy(&length, view, sizeof length);
    memcpy(&high, view + 4, sizeof high);
    memcpy(&low, view + 8, sizeof low);
    return length <= 12 && ((low | high) & UINT64_C(0x8080808080808080)) == 0;
}

static patron_status check_views(const piece *p, patron_error *error) {
    const pt_chunk *chunk = p->chunk;
    for (int64_t i = 0; i < p->n; i++) {
        int64_t at = chunk->offset + p->from + i;
        const char *view = (const char *)chunk->values + 16 * at;
        if (short_and_ascii(view) || is_null(chunk, at)) continue;
        int32_t part[4];
        memcpy(part, view, sizeof part);
        const char *text = view + 4;
        if (part[0] < 0) return complain(p, at, error, "the length of the string view is negative");
        if (part[0] > 12) {
            if (part[2] < 0 || part[2] >= chunk->n_views)
                return complain(p, at, error, "the string view points at a buffer that is not there");
            int64_t size = pt_view_size(chunk, part[2]);
            if (part[3] < 0 || part[3] > size - part[0])
                return complain(p, at, error, "the string view points outside its buffer");
            text = (const char *)chunk->views[part[2]] + part[3];
            if (memcmp(text, view + 4, 4) != 0)
                return complain(p, at, error, "the string view does not begin like the text it points at");
        }
        int64_t bad = pt_utf8_check(text, part[0]);
        if (bad >= 0) return bad_text(p, at, text, bad, error);
    }
    return PATRON_OK;
}

/* ---- dictionary indices ---- */

static patron_status check_indices(const piece *p, patron_error *error) {
    const pt_chunk *chunk = p->chunk;
    int64_t index[BLOCK], length = chunk->dictionary->length;
    for (int64_t done = 0; done < p->n; done += BLOCK) {
        int64_t n = p->n - done < BLOCK ? p->n - done : BLOCK, at = chunk->offset + p->from + done;
        pt_read_indices(p->column->field.index_type, chunk->values, at, n, index);
        bool outside = false;
        for (int64_t i = 0; i < n; i++) outside |= (uint64_t)index[i] >= (uint64_t)length;
        for (int64_t i = 0; outside && i < n; i++) {
            if ((uint64_t)index[i] < (uint64_t)length || is_null(chunk, at + i)) continue;
            patron_error what;
            pt_fail(&what, PATRON_ERR_INVALID, "the dictionary index is %lld; expected 0 to %lld", (long long)index[i],
                    (long long)length - 1);
            return complain(p, at + i, error, what.message);
        }
    }
    return PATRON_OK;
}

/* ---- all of it ---- */

/* NULL: whatever the buffers hold is a value. */
static patron_status (*const checks[])(const piece *p, patron_error *error) = {
    [PATRON_TYPE_UTF8] = check_strings,
    [PATRON_TYPE_LARGE_UTF8] = check_strings,
    [PATRON_TYPE_UTF8_VIEW] = check_views,
    [PATRON_TYPE_DICTIONARY] = check_indices,
};

static patron_status check_piece(void *arg, int64_t number, int worker, patron_error *error) {
    const piece *p = &((const pieces *)arg)->list[number];
    (void)worker;
    return checks[p->source->field.type](p, error);
}

static patron_status cut(patron_ctx *ctx, pieces *all, const pt_column *column, const pt_column *source, const pt_chunk *chunk,
                         patron_error *error) {
    if (checks[source->field.type] == NULL) return PATRON_OK;
    int64_t wanted = all->n + pt_chunks(chunk->length, PIECE);
    patron_status status = pt_grow(ctx, &all->list, all->n, &all->capacity, wanted, sizeof *all->list, error);
    for (int64_t from = 0; from < chunk->length && status == PATRON_OK; from += PIECE)
        all->list[all->n++] = (piece){column, source, chunk, from, chunk->length - from < PIECE ? chunk->length - from : PIECE};
    return status;
}

patron_status pt_table_validate(const patron_table *table, int64_t first, patron_error *error) {
    patron_ctx *ctx = table->ctx;
    patron_status status = PATRON_OK;
    pieces all = {0};
    for (int64_t c = first; c < table->n_columns; c++) {
        const pt_column *column = &table->columns[c], *dictionary = NULL;
        for (int64_t i = 0; i < column->n_chunks; i++) {
            const pt_chunk *chunk = &column->chunks[i];
            if (chunk->dictionary != dictionary) { /* most chunks share the one of the chunk before */
                dictionary = chunk->dictionary;
                PT_TRY(cut(ctx, &all, column, dictionary, &dictionary->chunks[0], error));
            }
            PT_TRY(cut(ctx, &all, column, column, chunk, error));
        }
    }
    if (all.n > 0) PT_TRY(pt_parallel(ctx, all.n, check_piece, &all, error));
cleanup:
    pt_free(ctx, all.list);
    return status;
}
