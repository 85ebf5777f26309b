/* data/calendar.c: dates and local time.
 *
 * Dates. A year that begins in March has its leap day last, so the days before a month are a linear function of it,
 * (153 m + 2) / 5, and 400 such years, an era, always have 146,097 days. Both directions divide by the era first and work with
 * small non-negative numbers after that (Neri & Schneider, Euclidean affine functions and their application to calendar
 * algorithms, 2023, doi:10.1002/spe.3172). Whole eras are split off before anything is added and put back in 128 bits, so
 * every int64 is a date and comes back as itself.
 *
 * Zones. A zone cuts the line of instants into intervals of one offset:
 *
 *     before      offset[0]        offset[1]               offset[n - 1]
 *     ────────┬────────────────┬────────────────┬─ ... ─┬────────────────▶
 *           from[0]          from[1]                  from[n - 1]
 *
 * An instant finds its interval by binary search; those after the last transition, which is most of them in zones without
 * summer time, need one comparison. The way back, from local time, walks the few intervals that a clock less than a day off UTC
 * could mean: where the clock was put back two of them contain it, where it was put forward none does, and then the offset in
 * force before the gap is used, which reads as the same time moved on by the gap.
 *
 * Limits: offsets are whole seconds and less than a day; there are no leap seconds. */
#include "data/calendar.h"

#include "data/column.h"

#include <string.h>

static const int64_t DAYS_PER_ERA = 146097;                    /* 400 years */
static const int64_t ERAS_TO_1970 = 4, DAYS_INTO_ERA = 135080; /* 0000-03-01 to 1970-01-01: 4 eras and so many days */

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static int64_t floor_rest(int64_t a, int64_t b) { return a % b + (a % b < 0 ? b : 0); }

static bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int pt_days_in_month(int64_t year, int month) {
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lengths[month - 1] + (month == 2 && is_leap(year));
}

int64_t pt_days_from_civil(int64_t year, int month, int day) {
    if (month < 1 || month > 12) {
        int64_t months = (int64_t)month - 1;
        year = pt_add_saturating(year, floor_divide(months, 12));
        month = (int)floor_rest(months, 12) + 1;
    }
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = floor_rest(year, 400) - (month <= 2);
    if (year_of_era < 0) {
        year_of_era += 400;
        era--;
    }
    int march_month = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * march_month + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    __int128 days = (__int128)(era - ERAS_TO_1970) * DAYS_PER_ERA + (day_of_era - DAYS_INTO_ERA);
    return days > INT64_MAX ? INT64_MAX : days < INT64_MIN ? INT64_MIN : (int64_t)days;
}

void pt_civil_from_days(int64_t days, int64_t *year, int *month, int *day) {
    int64_t era = floor_divide(days, DAYS_PER_ERA) + ERAS_TO_1970;
    int64_t rest = floor_rest(days, DAYS_PER_ERA) + DAYS_INTO_ERA;
    if (rest >= DAYS_PER_ERA) {
        rest -= DAYS_PER_ERA;
        era++;
    }
    uint32_t day_of_era = (uint32_t)rest;
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t march_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * march_month + 2) / 5) + 1;
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = era * 400 + year_of_era + (*month <= 2);
}

/* ---- zones ---------------------------------------------------------------------------------------------------------- */

static patron_status check_zone(const patron_timezone *zone, patron_error *error) {
    char name[128];
    if (zone->name == NULL || zone->name[0] == '\0')
        return pt_fail(error, PATRON_ERR_INVALID, "A time zone has no name; expected one like Asia/Shanghai");
    patron_status status = pt_check_text("The name of the time zone", zone->name, error);
    if (status != PATRON_OK) return status;
    pt_show_name(zone->name, name, sizeof name);
    if (zone->n_transitions < 0 || (zone->n_transitions > 0 && (zone->transitions == NULL || zone->offsets == NULL)))
        return pt_fail(error, PATRON_ERR_INVALID,
                       "The time zone %s has n_transitions %lld%s; expected as many transitions and offsets", name,
                       (long long)zone->n_transitions, zone->n_transitions < 0 ? "" : " and no arrays of them");
    for (int64_t i = -1; i < zone->n_transitions; i++) {
        int32_t offset = i < 0 ? zone->first_offset : zone->offsets[i];
        if (offset <= -86400 || offset >= 86400)
            return pt_fail(
                error, PATRON_ERR_INVALID,
                "The time zone %s has an offset of %d seconds (%s %lld); expected less than a day, 86400, either way", name,
                offset, i < 0 ? "before transition" : "from transition", (long long)(i < 0 ? 0 : i));
        if (i > 0 && zone->transitions[i] <= zone->transitions[i - 1])
            return pt_fail(error, PATRON_ERR_INVALID,
                           "The time zone %s has transition %lld at %lld after one at %lld; expected rising instants", name,
                           (long long)i, (long long)zone->transitions[i], (long long)zone->transitions[i - 1]);
    }
    return PATRON_OK;
}

patron_status pt_timezone_create(patron_ctx *ctx, const patron_timezone *zone, pt_timezone **out, patron_error *error) {
    static const patron_timezone utc = {.name = "UTC"};
    patron_status status;
    pt_timezone *made = NULL;
    if (zone == NULL) zone = &utc;
    PT_TRY(check_zone(zone, error));
    PT_TRY(pt_alloc_zero(ctx, &made, 1, sizeof *made, error));
    made->references = 1;
    made->ctx = pt_ctx_retain(ctx);
    made->before = zone->first_offset;
    PT_TRY(pt_strdup(ctx, zone->name, &made->name, error));
    if (zone->n_transitions > 0) {
        PT_TRY(pt_alloc(ctx, &made->from, zone->n_transitions, sizeof *made->from, error));
        PT_TRY(pt_alloc(ctx, &made->offset, zone->n_transitions, sizeof *made->offset, error));
    }
    int32_t current = zone->first_offset;
    for (int64_t i = 0; i < zone->n_transitions; i++) {
        if (zone->offsets[i] == current) continue;
        current = zone->offsets[i];
        made->from[made->n] = zone->transitions[i];
        made->offset[made->n++] = current;
    }
    *out = made;
    made = NULL;
cleanup:
    pt_timezone_release(made);
    return status;
}

pt_timezone *pt_timezone_retain(pt_timezone *zone) {
    atomic_fetch_add_explicit(&zone->references, 1, memory_order_relaxed);
    return zone;
}

void pt_timezone_release(pt_timezone *zone) {
    if (zone == NULL || atomic_fetch_sub_explicit(&zone->references, 1, memory_order_acq_rel) != 1) return;
    patron_ctx *ctx = zone->ctx;
    pt_free(ctx, zone->name);
    pt_free(ctx, zone->from);
    pt_free(ctx, zone->offset);
    pt_free(ctx, zone);
    patron_ctx_destroy(ctx);
}

bool pt_timezone_part(const pt_timezone *a, const pt_timezone *b, int64_t *from) {
    int64_t i = 0;
    *from = INT64_MIN;
    if (a->before != b->before) return true;
    while (i < a->n && i < b->n && a->from[i] == b->from[i] && a->offset[i] == b->offset[i]) i++;
    if (i == a->n && i == b->n) return false;
    const int64_t in_a = i < a->n ? a->from[i] : INT64_MAX, in_b = i < b->n ? b->from[i] : INT64_MAX;
    *from = in_a < in_b ? in_a : in_b;
    return true;
}

/* The last transition at or before an instant, -1 if there is none. */
static int64_t interval_of(const pt_timezone *zone, int64_t instant) {
    int64_t n = zone->n;
    if (n == 0 || instant < zone->from[0]) return -1;
    if (instant >= zone->from[n - 1]) return n - 1;
    int64_t at = 0;
    while (n > 1) { /* from[at] <= instant, and the answer is below at + n */
        int64_t half = n / 2;
        at += zone->from[at + half] <= instant ? half : 0;
        n -= half;
    }
    return at;
}

static int32_t offset_in(const pt_timezone *zone, int64_t interval) {
    return interval < 0 ? zone->before : zone->offset[interval];
}

int32_t pt_utc_offset(const pt_timezone *zone, int64_t instant) { return offset_in(zone, interval_of(zone, instant)); }

int64_t pt_local_time(const pt_timezone *zone, int64_t instant) {
    return pt_add_saturating(instant, pt_utc_offset(zone, instant) * PT_SECOND);
}

int64_t pt_local_day(const pt_timezone *zone, int64_t instant) { return pt_day_of(pt_local_time(zone, instant)); }

int64_t pt_instant(const pt_timezone *zone, int64_t local, bool *doubtful) {
    int64_t latest = pt_add_saturating(local, PT_DAY);
    int64_t found = 0, after_gap = 0;
    int fits = 0, gaps = 0;
    for (int64_t i = interval_of(zone, pt_add_saturating(local, -PT_DAY)); i < zone->n; i++) {
        if (i >= 0 && zone->from[i] > latest) break;
        int64_t instant = pt_add_saturating(local, -offset_in(zone, i) * PT_SECOND);
        if (i >= 0 && instant < zone->from[i]) {
            /* before this interval: skipped between it and the one before, unless some interval has it */
            if (gaps++ == 0) after_gap = pt_add_saturating(local, -offset_in(zone, i - 1) * PT_SECOND);
        } else if (i + 1 == zone->n || instant < zone->from[i + 1]) {
            if (fits++ == 0) found = instant;
        }
    }
    if (doubtful != NULL) *doubtful = fits != 1;
    return fits > 0 ? found : after_gap;
}

int64_t pt_add_days(const pt_timezone *zone, int64_t instant, int64_t days) {
    if (days == 0) return instant;
    return pt_instant(zone, pt_add_saturating(pt_local_time(zone, instant), pt_times_saturating(days, PT_DAY)), NULL);
}

int64_t pt_day_start(const pt_timezone *zone, int64_t day) { return pt_instant(zone, pt_times_saturating(day, PT_DAY), NULL); }

void pt_zone_cursor_seek(pt_zone_cursor *cursor, int64_t instant) {
    const pt_timezone *zone = cursor->zone;
    int64_t i = interval_of(zone, instant);
    cursor->shift = offset_in(zone, i) * PT_SECOND;
    cursor->first = i < 0 ? INT64_MIN : zone->from[i];
    cursor->last = i + 1 < zone->n ? zone->from[i + 1] - 1 : INT64_MAX;
    /* a day away from either transition no other offset can reach; where time ends before that day does, none is that far */
    cursor->local_first = INT64_MIN;
    cursor->local_last = INT64_MAX;
    if ((i >= 0 && __builtin_add_overflow(cursor->first, PT_DAY, &cursor->local_first)) ||
        (i + 1 < zone->n && __builtin_sub_overflow(cursor->last, PT_DAY, &cursor->local_last))) {
        cursor->local_first = INT64_MAX;
        cursor->local_last = INT64_MIN;
    }
}
