/* data/clean_time.c: whatever a time column holds, as instants.
 *
 *   timestamps with a zone     instants already
 *   naive timestamps, dates    local time of the log's zone
 *   text                       ISO 8601 or the given format; with an offset an instant, without one local time
 *   integers                   a count since 1970 in the given unit (days are local), or digits read by the given format
 *
 * A bare integer is never guessed at: 19970101 is a date to a person and a day in August to a clock.
 *
 * A time that 64 bits of microseconds cannot count is taken for INT64_MAX or INT64_MIN, which lie outside every range: so it is
 * dropped or refused like any other time outside, under the value that the column has. */
#include "data/events.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 65536, PIECE = 1024 };
#define YEAR_1970 INT64_C(0)
#define YEAR_2200 INT64_C(7258118400000000)
#define YEAR_0 INT64_C(-62167219200000000)
#define YEAR_10000 INT64_C(253402300800000000)

typedef struct tally {
    int64_t missing; /* rows without an instant, also the unreadable ones */
    int64_t unreadable, outside, doubtful;
    int64_t first_unreadable;
    pt_string least;       /* of the texts that cannot be read */
    int64_t least_outside; /* by its text */
} tally;

typedef struct time_reader {
    const pt_column *column;
    const patron_log_options *options;
    const pt_timezone *zone;
    enum { FROM_INSTANTS, FROM_LOCAL, FROM_DAYS, FROM_COUNT, FROM_TEXT, FROM_DIGITS } form;
    int64_t *out;
    tally *tallies; /* one a block */
} time_reader;

static patron_status choose_form(time_reader *r, patron_error *error) {
    const char *name = r->column->field.name;
    const pt_field *field = r->column->field.value != NULL ? r->column->field.value : &r->column->field;
    patron_type type = field->type;
    if (type == PATRON_TYPE_TIMESTAMP) {
        r->form = field->timezone != NULL ? FROM_INSTANTS : FROM_LOCAL;
    } else if (type == PATRON_TYPE_DATE32 || type == PATRON_TYPE_DATE64) {
        r->form = FROM_DAYS;
    } else if (pt_is_text(type) || type == PATRON_TYPE_NULL) {
        r->form = FROM_TEXT;
    } else if (pt_is_integer(type) && r->options->time_format != NULL) {
        r->form = FROM_DIGITS;
    } else if (pt_is_integer(type) && r->options->has_time_unit) {
        r->form = r->options->time_unit == PATRON_UNIT_DAY ? FROM_DAYS : FROM_COUNT;
    } else if (pt_is_integer(type)) {
        char example[64];
        pt_column_describe(r->column, 0, example, sizeof example);
        return pt_fail(error, PATRON_ERR_TYPE,
                       "Column '%s', row 0: %s is a bare integer; expected timestamps or dates, or time_unit ('s', 'ms', 'us', "
                       "'ns', 'D') or "
                       "time_format (such as '%%Y%%m%%d') to say how to read it",
                       name, example);
    } else {
        return pt_fail(error, PATRON_ERR_TYPE,
                       "Column '%s' holds %s; expected timestamps, dates, text, or integers with time_unit", name,
                       patron_type_name(type));
    }
    return PATRON_OK;
}

static bool parse(const time_reader *r, const char *text, int64_t length, int64_t *out, bool *doubtful) {
    int64_t local;
    bool has_offset;
    int32_t offset;
    bool ok = r->options->time_format != NULL
                  ? pt_parse_format(r->options->time_format, text, length, &local, &has_offset, &offset)
                  : pt_parse_iso(text, length, &local, &has_offset, &offset);
    if (!ok) return false;
    *doubtful = false;
    *out = has_offset ? local - offset * PT_SECOND : pt_instant(r->zone, local, doubtful);
    return true;
}

static void note_unreadable(tally *t, int64_t row) {
    if (t->unreadable++ == 0) t->first_unreadable = row;
}

static void keep_lesser(tally *t, pt_string text) {
    int64_t n = text.length < t->least.length ? text.length : t->least.length;
    int order = t->least.data == NULL ? -1 : memcmp(text.data, t->least.data, (size_t)n);
    if (order < 0 || (order == 0 && text.length < t->least.length)) t->least = text;
}

/* The readers: out[i] is an instant where known[i] is 1; 0: there is none, or none that can be read. */
static void read_text(const time_reader *r, tally *t, int64_t first, int64_t n, int64_t *out, uint8_t *known) {
    pt_string strings[PIECE];
    (void)pt_column_string(r->column, first, n, strings, NULL); /* fails on other types only */
    for (int64_t i = 0; i < n; i++) {
        bool doubtful = false;
        known[i] = 0;
        if (strings[i].data == NULL || strings[i].length == 0) continue;
        known[i] = parse(r, strings[i].data, strings[i].length, &out[i], &doubtful);
        if (!known[i]) {
            note_unreadable(t, first + i);
            keep_lesser(t, strings[i]);
        }
        t->doubtful += doubtful;
    }
}

static void read_digits(const time_reader *r, tally *t, int64_t first, int64_t n, int64_t *out, uint8_t *known) {
    pt_column_clamped(r->column, first, n, out, known); /* no time has as many digits as INT64_MAX */
    for (int64_t i = 0; i < n; i++) {
        char digits[24];
        bool doubtful = false;
        int length = snprintf(digits, sizeof digits, "%lld", (long long)out[i]);
        if (!known[i]) continue;
        known[i] = parse(r, digits, length, &out[i], &doubtful);
        if (!known[i]) note_unreadable(t, first + i);
        t->doubtful += doubtful;
    }
}

/* A count in a unit as microseconds. A count of INT64_MAX stays: it may stand for one that is larger. */
static int64_t scaled(int64_t count, patron_time_unit unit) {
    static const int64_t micros[] = {PT_SECOND, 1000, 1, 0, PT_DAY}; /* by patron_time_unit */
    if (unit == PATRON_UNIT_NANOSECOND && count < INT64_MAX) return count / 1000 - (count % 1000 < 0);
    return unit == PATRON_UNIT_NANOSECOND ? count : pt_times_saturating(count, micros[unit]);
}

static void read_numbers(const time_reader *r, tally *t, int64_t first, int64_t n, int64_t *out, uint8_t *known) {
    const bool local = r->form == FROM_DAYS || r->form == FROM_LOCAL;
    const patron_time_unit unit = r->form == FROM_COUNT  ? r->options->time_unit
                                  : r->form == FROM_DAYS ? PATRON_UNIT_DAY
                                                         : PATRON_UNIT_MICROSECOND;
    pt_column_clamped(r->column, first, n, out, known);
    pt_zone_cursor cursor = pt_zone_cursor_at(r->zone);
    for (int64_t i = 0; i < n; i++) {
        bool doubtful = false;
        out[i] = scaled(out[i], unit);
        if (local && known[i] && out[i] > INT64_MIN && out[i] < INT64_MAX)
            out[i] = pt_cursor_instant(&cursor, out[i], &doubtful);
        t->doubtful += doubtful;
    }
}

/* Place of an instant of the years 0 to 9999 among their texts: "...:05.5Z" comes before "...:05Z". */
static int64_t text_place(int64_t instant) { return 2 * instant + (instant % PT_SECOND == 0 ? 2 * PT_SECOND - 1 : 0); }

/* The least example is the least text, as the audit has it when counts add up: so it does not depend on how rows were split. */
static bool reads_before(int64_t a, int64_t b) {
    if (a >= YEAR_0 && a < YEAR_10000 && b >= YEAR_0 && b < YEAR_10000) return text_place(a) < text_place(b);
    char x[40], y[40];
    pt_format_instant(a, x, sizeof x);
    pt_format_instant(b, y, sizeof y);
    return strcmp(x, y) < 0;
}

/* known NULL: all are. What is not, or lies outside, becomes missing in out; NULL: nothing lies outside without an error. */
static patron_status check_range(const time_reader *r, tally *t, int64_t first, int64_t n, const int64_t *times,
                                 const uint8_t *known, int64_t *out, patron_error *error) {
    int64_t from = r->options->has_time_range ? r->options->time_from : YEAR_1970;
    int64_t to = r->options->has_time_range ? r->options->time_to : YEAR_2200;
    if (from == INT64_MIN) from++;
    for (int64_t i = 0; i < n; i++) {
        if (known != NULL && !known[i]) {
            t->missing++;
            out[i] = PT_MISSING;
            continue;
        }
        if (times[i] >= from && times[i] < to) continue;
        if (!r->options->has_time_range) {
            char value[64];
            pt_column_describe(r->column, first + i, value, sizeof value);
            return pt_fail(
                error, PATRON_ERR_INVALID,
                "Column '%s', row %lld: %s lies outside 1970 to 2200; expected a time of this era, or an explicit time_range",
                r->column->field.name, (long long)(first + i), value);
        }
        if (t->outside++ == 0 || reads_before(times[i], t->least_outside)) t->least_outside = times[i];
        out[i] = PT_MISSING;
    }
    return PATRON_OK;
}

static patron_status read_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    time_reader *r = arg;
    tally *t = &r->tallies[block];
    int64_t end = r->column->length < (block + 1) * BLOCK ? r->column->length : (block + 1) * BLOCK;
    for (int64_t first = block * BLOCK; first < end; first += PIECE) {
        int64_t n = end - first < PIECE ? end - first : PIECE;
        int64_t *out = r->out + first;
        uint8_t known[PIECE];
        if (r->form == FROM_TEXT)
            read_text(r, t, first, n, out, known);
        else if (r->form == FROM_DIGITS)
            read_digits(r, t, first, n, out, known);
        else
            read_numbers(r, t, first, n, out, known);
        patron_status status = check_range(r, t, first, n, out, known, out, error);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

static patron_status borrow_task(void *arg, int64_t block, int worker, patron_error *error) {
    (void)worker;
    time_reader *r = arg;
    int64_t first = block * BLOCK, n = r->column->length - first < BLOCK ? r->column->length - first : BLOCK;
    return check_range(r, &r->tallies[block], first, n, pt_column_borrow_int64(r->column, first, n), NULL, NULL, error);
}

static tally total(const time_reader *r, int64_t n_blocks) {
    tally all = {0};
    for (int64_t block = 0; block < n_blocks; block++) {
        const tally *t = &r->tallies[block];
        if (all.unreadable == 0) all.first_unreadable = t->first_unreadable;
        if (t->least.data != NULL) keep_lesser(&all, t->least);
        if (t->outside > 0 && (all.outside == 0 || reads_before(t->least_outside, all.least_outside)))
            all.least_outside = t->least_outside;
        all.missing += t->missing;
        all.unreadable += t->unreadable;
        all.outside += t->outside;
        all.doubtful += t->doubtful;
    }
    all.missing -= all.unreadable;
    return all;
}

static patron_status note_all(patron_ctx *ctx, const time_reader *r, int64_t n_blocks, pt_audit *audit, patron_error *error) {
    const char *name = r->column->field.name;
    tally all = total(r, n_blocks);
    char example[96] = "";
    if (all.unreadable > (r->column->length - all.missing) / 2) {
        pt_column_describe(r->column, all.first_unreadable, example, sizeof example);
        return pt_fail(error, PATRON_ERR_INVALID,
                       "Column '%s', row %lld: %s is not a time; expected %s%s%s (%lld of %lld rows cannot be read)", name,
                       (long long)all.first_unreadable, example,
                       r->options->time_format ? "the format '"
                                               : "ISO 8601 such as 2024-01-31 or 2024-01-31T08:30:00Z, or a time_format",
                       r->options->time_format ? r->options->time_format : "", r->options->time_format ? "'" : "",
                       (long long)all.unreadable, (long long)r->column->length);
    }
    patron_status status;
    if (all.least.data != NULL) snprintf(example, sizeof example, "%.*s", (int)pt_cut(all.least, 64), all.least.data);
    PT_TRY(pt_audit_add(ctx, audit, "missing time", name, all.missing, "dropped", NULL, error));
    PT_TRY(
        pt_audit_add(ctx, audit, "unreadable time", name, all.unreadable, "dropped", all.least.data ? example : NULL, error));
    if (all.outside > 0) pt_format_instant(all.least_outside, example, sizeof example);
    PT_TRY(pt_audit_add(ctx, audit, "time outside the range", name, all.outside, "dropped", example, error));
    PT_TRY(pt_audit_add(ctx, audit, "doubtful local time", name, all.doubtful,
                        "a skipped time moved on, a repeated one taken as the first", NULL, error));
cleanup:
    return status;
}

patron_status pt_clean_time(patron_ctx *ctx, const pt_column *column, const patron_log_options *options,
                            const pt_timezone *zone, const int64_t **time, int64_t **block, pt_audit *audit,
                            patron_error *error) {
    patron_status status;
    time_reader *r = NULL;
    int64_t *out = NULL;
    if (options->time_format != NULL) {
        status = pt_check_format(options->time_format, error);
        if (status != PATRON_OK) return status;
    }
    PT_TRY(pt_alloc_zero(ctx, &r, 1, sizeof *r, error));
    r->column = column;
    r->options = options;
    r->zone = zone;
    PT_TRY(choose_form(r, error));
    int64_t n_blocks = pt_chunks(column->length, BLOCK);
    PT_TRY(pt_alloc_zero(ctx, &r->tallies, n_blocks, sizeof *r->tallies, error));
    const int64_t *whole = column->field.type == PATRON_TYPE_TIMESTAMP && column->field.unit == PATRON_UNIT_MICROSECOND &&
                                   (r->form == FROM_INSTANTS || zone->n == 0) && (zone->before == 0 || r->form == FROM_INSTANTS)
                               ? pt_column_borrow_int64(column, 0, column->length)
                               : NULL;
    if (whole != NULL && !options->has_time_range) {
        PT_TRY(pt_parallel(ctx, n_blocks, borrow_task, r, error));
    } else {
        whole = NULL;
        PT_TRY(pt_alloc(ctx, &out, column->length, sizeof *out, error));
        r->out = out;
        PT_TRY(pt_parallel_named(ctx, "time", n_blocks, read_task, r, error));
    }
    PT_TRY(note_all(ctx, r, n_blocks, audit, error));
    *time = whole != NULL ? whole : out;
    *block = out;
    out = NULL;
cleanup:
    if (r != NULL) pt_free(ctx, r->tallies);
    pt_free(ctx, r);
    pt_free(ctx, out);
    return status;
}
