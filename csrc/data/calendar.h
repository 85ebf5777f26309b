/* data/calendar.h: civil time. Days, weeks and months are those of the log's time zone; instants are int64 microseconds UTC.
 *
 * Every function is defined for every int64: what would leave the range stays at INT64_MIN or INT64_MAX. */
#ifndef PT_DATA_CALENDAR_H
#define PT_DATA_CALENDAR_H

#include "base/ctx.h"
#include "patron/log.h"

#define PT_SECOND INT64_C(1000000)
#define PT_DAY (INT64_C(86400) * PT_SECOND)

/* a + b, kept at the end of the range that it would pass. */
static inline int64_t pt_add_saturating(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

/* count * unit (above 0), kept at the end of the range likewise. */
static inline int64_t pt_times_saturating(int64_t count, int64_t unit) {
    int64_t product;
    return __builtin_mul_overflow(count, unit, &product) ? (count < 0 ? INT64_MIN : INT64_MAX) : product;
}

/* The number of the day that a local time lies in: rounded down, also before 1970. */
static inline int64_t pt_day_of(int64_t local) { return local / PT_DAY - (local % PT_DAY < 0); }

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. month 1..12, day 1..31; a month or day outside runs on into
 * the years or months beside it, so (2024, 14, 0) is 2025-01-31. The year before 1 is 0. */
int64_t pt_days_from_civil(int64_t year, int month, int day);
void pt_civil_from_days(int64_t days, int64_t *year, int *month, int *day);
/* 28..31; month 1..12. */
int pt_days_in_month(int64_t year, int month);

/* A time zone inside the library: a name and its transitions, shared. */
typedef struct pt_timezone {
    _Atomic int64_t references;
    patron_ctx *ctx;
    char *name;
    int64_t n;
    int64_t *from;   /* instants, rising; offset[i] holds in [from[i], from[i + 1]) */
    int32_t *offset; /* seconds east of UTC, each another than the one before it */
    int32_t before;  /* the offset before from[0] */
} pt_timezone;

/* NULL input gives UTC. Checks: a name, instants rise, offsets within a day. Transitions that change nothing are left out. */
patron_status pt_timezone_create(patron_ctx *ctx, const patron_timezone *zone, pt_timezone **out, patron_error *error);
pt_timezone *pt_timezone_retain(pt_timezone *zone);
void pt_timezone_release(pt_timezone *zone); /* NULL is legal */
/* Whether the offsets of two zones ever differ; *from: the first instant at which they do, INT64_MIN: from the beginning on. */
bool pt_timezone_part(const pt_timezone *a, const pt_timezone *b, int64_t *from);

/* Seconds east of UTC at an instant. O(1) from the last transition on, else O(log n). */
int32_t pt_utc_offset(const pt_timezone *zone, int64_t instant);
/* Local microseconds (as if the local clock were UTC) of an instant, and the local day number. */
int64_t pt_local_time(const pt_timezone *zone, int64_t instant);
int64_t pt_local_day(const pt_timezone *zone, int64_t instant);
/* The instant of a local time. A time that happens twice is the first; one that is skipped moves on by the gap. *doubtful
 * (may be NULL) says that it was one of these. */
int64_t pt_instant(const pt_timezone *zone, int64_t local, bool *doubtful);
/* The instant at the same local clock time, `days` local days later (or earlier); 0 days is the instant itself. */
int64_t pt_add_days(const pt_timezone *zone, int64_t instant, int64_t days);
/* The first instant of a local day. */
int64_t pt_day_start(const pt_timezone *zone, int64_t day);

/* ---- the same for many instants: a cursor remembers the interval it was in ----------------------------------------------
 *
 *     pt_zone_cursor cursor = pt_zone_cursor_at(zone);
 *     for (...) day = pt_cursor_local_day(&cursor, times[i]);
 *
 * About a nanosecond a call while the offset stays the same, a search where it changes; any order is right. One cursor a
 * thread; the zone must outlive it. */
typedef struct pt_zone_cursor {
    const pt_timezone *zone;
    int64_t first, last;             /* the offset holds for these instants, both included */
    int64_t local_first, local_last; /* local times that happen once and inside, both included */
    int64_t shift;                   /* microseconds east of UTC */
} pt_zone_cursor;

void pt_zone_cursor_seek(pt_zone_cursor *cursor, int64_t instant);

static inline pt_zone_cursor pt_zone_cursor_at(const pt_timezone *zone) {
    pt_zone_cursor cursor = {zone, INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, 0};
    return cursor;
}
static inline int64_t pt_cursor_local_time(pt_zone_cursor *cursor, int64_t instant) {
    if (instant < cursor->first || instant > cursor->last) pt_zone_cursor_seek(cursor, instant);
    return pt_add_saturating(instant, cursor->shift);
}
static inline int64_t pt_cursor_local_day(pt_zone_cursor *cursor, int64_t instant) {
    return pt_day_of(pt_cursor_local_time(cursor, instant));
}
static inline int64_t pt_cursor_instant(pt_zone_cursor *cursor, int64_t local, bool *doubtful) {
    if (local < cursor->local_first || local > cursor->local_last) {
        pt_zone_cursor_seek(cursor, local);
        return pt_instant(cursor->zone, local, doubtful);
    }
    if (doubtful != NULL) *doubtful = false;
    return pt_add_saturating(local, -cursor->shift);
}

/* ---- text (time_text.c) ------------------------------------------------------------------------------------------------- */

/* ISO 8601 text: YYYY-MM-DD or YYYY/MM/DD, optionally [T or space]HH:MM[:SS[.fraction of 1 to 9 digits]], and after a time
 * optionally Z or +HH[[:]MM] or -HH[[:]MM]. *local: microseconds as written (the instant is *local - *offset seconds);
 * *has_offset: whether a zone was written; *offset: seconds east of UTC, 0 without one. false: it does not parse, outputs are
 * untouched (nothing else may stand before, between or after; years 0001 to 9999, every field in range, day within month;
 * 24:00 and leap second 60 are refused). Month, day and hour may lack their leading zero, as spreadsheets write them (2024/1/5
 * 9:05). Fractions beyond microseconds are rounded down. */
bool pt_parse_iso(const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset);

/* The same by a strptime format that pt_check_format has passed. %Y (four digits) %m %d %H %M %S %f (1 to 9 digits) %z (Z,
 * +08, +0800, +08:00) %y (69..99 are 19..) %b %B (English, short or long, any case) %j %p %I %T %F %%, and literal text, byte
 * for byte; white space in the format matches white space of any kind and length, at least one. Numbers may lack leading zeros
 * except right after another number ("%Y%m%d"). Month and day default to 1, the time to 00:00. */
bool pt_parse_format(const char *format, const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset);
/* Refuses, with an error that names the directive and its position: a directive that is not known, one that gives a field a
 * second time, and a format that cannot say what it means (no year, a day without month, %I without %p). */
patron_status pt_check_format(const char *format, patron_error *error);

/* "2024-01-05T10:20:30.123456Z" of an instant, with six digits of fraction where there is one; years outside 0000..9999 with
 * sign and six digits. At least 32 bytes of room; less cuts the text short. */
void pt_format_instant(int64_t instant, char *out, size_t size);

/* A window or horizon as text: "7D", "12W" are whole local days; "36H", "90min", "30s" (also "ms", "us") are microseconds.
 * A whole number and a unit, in either case. One of the outputs is 0; both are for a span of nothing ("0D"), which most
 * callers must refuse. Months, quarters and years are refused with the advice to use days; so is more than 10,000 years. */
patron_status pt_parse_span(const char *text, int64_t *days, int64_t *micros, patron_error *error);

#endif
