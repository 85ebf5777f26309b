/* data/quality.c: whether a load looks like the loads before it.
 *
 *   previous given     fresh: [end of previous, end) of this log       base: the last 28 local days of previous
 *   no previous        fresh: the last 7 local days                    base: the 28 local days before them
 *
 * (Where a load brings nothing newer, freshness says so and the rest compares the two logs whole.)
 *
 * Each check gives a value, the same figure of the base where there is one, and a status. Rules:
 *
 * volume   Events per local day, against the median of earlier days of the same weekday (56 days of them; 28 without a
 *          previous log), so that a weekend is no alarm. Days that were cut, at the seam and at the end, are compared with the
 *          same hours of earlier days. The band is k robust deviations wide: 1.4826 MAD of all earlier days about their
 *          weekday's median, in units of the median's root (counts spread about so) and never below the 1 of a Poisson count,
 *          nor below 5 % of the median. k = 3.5 is the limit that Iglewicz and Hoaglin (1993, How to Detect and Handle
 *          Outliers, ASQC Press) give for such modified z-scores; twice that is an alarm, and so is a
 *          volume below the band that is less than half. Too many events is never an alarm.
 * users    User-days per day, against those that the expected volume would bring at the base's events per user-day.
 * shares   Of missing values, returns, new users: an absolute difference that matters, and one that chance does not explain: 3
 *          standard errors of a difference of two binomial shares.
 * kinds    One that was there and is gone: 7 expected ones do not all fail to come by chance once in a thousand times.
 *
 * All figures are counts and simple ratios of counts, so they depend neither on threads nor on the order of rows. */
#include "data/attributes.h"
#include "data/log_tables.h"
#include "data/quality_counts.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FRESH_DAYS = 7,       /* without a previous log */
    BASE_DAYS = 28,       /* what is compared with, but for volume */
    VOLUME_DAYS = 56,     /* earlier days that volume is compared with, when there is a previous log */
    MAX_DAYS = 366,       /* of a longer load the last ones are judged */
    MIN_SAME_WEEKDAY = 3, /* earlier days of a weekday that say something */
    MIN_USER_DAYS = 50,
    WEEK = 7
};
static const double BAND_WATCH = 3.5, BAND_ALARM = 7, DAY_WATCH = 5, DAY_ALARM = 10, LEAST_SPREAD = 0.05, MAD_TO_SD = 1.4826;
static const double VOLUME_ALARM = 0.5;
static const double USERS_WATCH_LOW = 0.7, USERS_WATCH_HIGH = 1.5, USERS_ALARM = 0.4;
static const double MISSING_WATCH = 0.05, MISSING_ALARM = 0.25, RETURNS_WATCH = 0.05, RETURNS_ALARM = 0.2;
static const double NEW_USERS_WATCH = 0.15, NEW_USERS_ALARM = 0.4, KIND_WATCH = 0.2, CHANCE = 3;
static const double AUDIT_WATCH = 0.01, AUDIT_ALARM = 0.1, AUDIT_ALONE = 0.05;
static const double GONE_WATCH = 7, GONE_ALARM = 15, RARE_KIND = 0.001, GAP_FACTOR = 2;
static const char OK[] = "ok", WATCH[] = "watch", ALARM[] = "alarm";

/* ---- the report ---- */

typedef struct finding {
    const char *check, *column, *status;
    double value, previous; /* NaN: null */
    char note[200];
} finding;

typedef struct report {
    patron_ctx *ctx;
    patron_error *error; /* nullable */
    int64_t n, capacity;
    finding *findings;
} report;

__attribute__((format(printf, 7, 8))) static patron_status note(report *r, const char *check, const char *column, double value,
                                                                double previous, const char *status, const char *format, ...) {
    patron_status result = pt_grow(r->ctx, &r->findings, r->n, &r->capacity, r->n + 1, sizeof *r->findings, r->error);
    if (result != PATRON_OK) return result;
    finding *f = &r->findings[r->n++];
    *f = (finding){.check = check, .column = column, .status = status, .value = value, .previous = previous};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(f->note, sizeof f->note, format, arguments);
    va_end(arguments);
    return PATRON_OK;
}

/* "12.3", x >= 0: printf itself would ask the locale for the point. */
typedef struct shown {
    char text[32];
} shown;

static shown decimal(double x) {
    shown s;
    if (!(x < 1e15)) {
        snprintf(s.text, sizeof s.text, "unknown");
        return s;
    }
    long long tenths = (long long)(x * 10 + 0.5);
    snprintf(s.text, sizeof s.text, "%lld.%lld", tenths / 10, tenths % 10);
    return s;
}

static shown percent(double share) { return decimal(share * 100); }

static shown date(int64_t day) {
    static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    int64_t year;
    int month, of_month;
    shown s;
    pt_civil_from_days(day, &year, &month, &of_month);
    snprintf(s.text, sizeof s.text, "%s %04lld-%02d-%02d", names[((day + 3) % WEEK + WEEK) % WEEK], (long long)year, month,
             of_month);
    return s;
}

static double share(int64_t part, int64_t whole) { return whole > 0 ? (double)part / (double)whole : (double)NAN; }

/* ---- what is compared ---- */

typedef struct comparison {
    const patron_log *log, *base; /* base: the previous log, or the log itself */
    bool has_previous, has_base, newer;
    int64_t fresh_start, fresh_end, base_start, base_end;
    pt_window_counts fresh, past;
    /* volume */
    int64_t first_day, n_days; /* judged days */
    int64_t past_first, n_past;
    int64_t *counts, *past_counts, *head_counts,
        *tail_counts; /* head: from the hour of the seam on, tail: up to the last hour */
    double expected;  /* events per day; NaN: cannot be said */
} comparison;

static void choose(comparison *c, const patron_log *log, const patron_log *previous) {
    c->log = log;
    c->has_previous = previous != NULL && previous->n > 0;
    c->base = c->has_previous ? previous : log;
    c->fresh_end = patron_log_end(log);
    c->newer = true;
    if (c->has_previous) {
        c->has_base = log->n > 0;
        c->base_end = patron_log_end(previous);
        c->newer = c->fresh_end > c->base_end && log->n > 0;
        c->fresh_start = c->newer ? c->base_end : patron_log_start(log);
        int64_t start = c->newer ? pt_add_days(previous->zone, c->base_end, -BASE_DAYS) : previous->first_time;
        c->base_start = start > previous->first_time ? start : previous->first_time;
        return;
    }
    if (log->n == 0) return;
    int64_t last_day = pt_local_day(log->zone, log->last_time), first_fresh = last_day - FRESH_DAYS + 1;
    c->has_base = pt_local_day(log->zone, log->first_time) <= first_fresh - FRESH_DAYS;
    c->fresh_start = c->has_base ? pt_day_start(log->zone, first_fresh) : log->first_time;
    c->base_end = c->fresh_start;
    int64_t start = pt_day_start(log->zone, first_fresh - BASE_DAYS);
    c->base_start = start > log->first_time ? start : log->first_time;
}

static patron_status count_both(comparison *c, patron_error *error) {
    patron_status status;
    int32_t *known = NULL;
    int64_t n_known;
    if (c->has_previous) PT_TRY(pt_dictionary_match(c->log->ctx, c->log->users, c->base->users, &known, &n_known, error));
    PT_TRY(pt_window_count(c->log, c->fresh_start, c->fresh_end, known, &c->fresh, error));
    if (c->has_base) PT_TRY(pt_window_count(c->base, c->base_start, c->base_end, NULL, &c->past, error));
cleanup:
    pt_free(c->log->ctx, known);
    return status;
}

/* ---- volume ---- */

static patron_status count_days(comparison *c, patron_error *error) {
    const patron_log *log = c->log, *base = c->base;
    patron_ctx *ctx = log->ctx;
    patron_status status;
    int64_t last_day = pt_local_day(log->zone, log->last_time), seam_day = pt_local_day(log->zone, c->fresh_start);
    int64_t last_past = c->has_previous ? pt_local_day(base->zone, base->last_time) - 1 : seam_day - 1;
    int64_t first_past = pt_local_day(base->zone, base->first_time) + 1, wanted = c->has_previous ? VOLUME_DAYS : BASE_DAYS;
    c->first_day = last_day - seam_day < MAX_DAYS ? seam_day : last_day - MAX_DAYS + 1;
    c->n_days = last_day - c->first_day + 1;
    c->past_first = last_past - first_past < wanted ? first_past : last_past - wanted + 1;
    c->n_past = last_past >= c->past_first ? last_past - c->past_first + 1 : 0;
    int64_t from = c->first_day == seam_day ? pt_clock_of(pt_local_time(log->zone, c->fresh_start)) : 0;
    int64_t to = pt_clock_of(pt_local_time(log->zone, log->last_time)) + 1;
    PT_TRY(pt_alloc_zero(ctx, &c->counts, c->n_days, sizeof *c->counts, error));
    PT_TRY(pt_alloc_zero(ctx, &c->past_counts, c->n_past, sizeof *c->past_counts, error));
    PT_TRY(pt_alloc_zero(ctx, &c->head_counts, c->n_past, sizeof *c->head_counts, error));
    PT_TRY(pt_alloc_zero(ctx, &c->tail_counts, c->n_past, sizeof *c->tail_counts, error));
    PT_TRY(pt_count_days(log, c->fresh_start, c->fresh_end, c->first_day, c->n_days, 0, PT_DAY, c->counts, error));
    PT_TRY(pt_count_days(base, INT64_MIN, c->base_end, c->past_first, c->n_past, 0, PT_DAY, c->past_counts, error));
    PT_TRY(pt_count_days(base, INT64_MIN, c->base_end, c->past_first, c->n_past, from, c->n_days == 1 ? to : PT_DAY,
                         c->head_counts, error));
    PT_TRY(pt_count_days(base, INT64_MIN, c->base_end, c->past_first, c->n_past, 0, to, c->tail_counts, error));
cleanup:
    return status;
}

static double median(double *values, int n) {
    for (int i = 1; i < n; i++) {
        double x = values[i];
        int j = i;
        for (; j > 0 && values[j - 1] > x; j--) values[j] = values[j - 1];
        values[j] = x;
    }
    return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The median of the past days of a day's weekday; NaN where there are too few. */
static double usual(const comparison *c, const int64_t *counts, int64_t day) {
    double values[VOLUME_DAYS];
    int n = 0;
    for (int64_t i = 0; i < c->n_past; i++)
        if ((day - c->past_first - i) % WEEK == 0) values[n++] = (double)counts[i];
    return n >= MIN_SAME_WEEKDAY ? median(values, n) : (double)NAN;
}

/* The robust deviation of past days about their weekday's median, in roots of that median. */
static double past_spread(const comparison *c) {
    double deviations[VOLUME_DAYS];
    int n = 0;
    for (int64_t i = 0; i < c->n_past; i++) {
        double middle = usual(c, c->past_counts, c->past_first + i);
        if (middle == middle) deviations[n++] = fabs((double)c->past_counts[i] - middle) / sqrt(middle > 1 ? middle : 1);
    }
    double spread = n > 0 ? MAD_TO_SD * median(deviations, n) : 1;
    return spread > 1 ? spread : 1;
}

static double day_spread(double spread, double middle) {
    double wide = spread * sqrt(middle > 1 ? middle : 1), least = LEAST_SPREAD * middle;
    return wide > least ? wide : least;
}

static patron_status judge_volume(comparison *c, report *r) {
    double spread = past_spread(c), expected = 0, scale = 0, oddest = 0, odd_usual = (double)NAN;
    int64_t n = 0, events = 0, odd_day = 0;
    for (int64_t i = 0; i < c->n_days; i++) {
        const int64_t *counts = i == 0 ? c->head_counts : i == c->n_days - 1 ? c->tail_counts : c->past_counts;
        double middle = usual(c, counts, c->first_day + i);
        if (middle != middle) continue;
        double wide = day_spread(spread, middle), score = ((double)c->counts[i] - middle) / wide;
        if (n++ == 0 || fabs(score) > fabs(oddest)) {
            oddest = score;
            odd_day = c->first_day + i;
            odd_usual = middle;
        }
        expected += middle;
        scale += wide;
        events += c->counts[i];
    }
    if (n == 0) {
        int64_t all = 0;
        for (int64_t i = 0; i < c->n_days; i++) all += c->counts[i];
        return note(r, "volume", NULL, (double)all / (double)c->n_days, (double)NAN, OK,
                    "Too few earlier weeks to say how many events a day to expect.");
    }
    c->expected = expected / (double)n;
    double daily = (double)events / (double)n, score = ((double)events - expected) / scale;
    bool far = score < -BAND_ALARM || (score < 0 && daily < VOLUME_ALARM * c->expected);
    const char *verdict = fabs(score) <= BAND_WATCH ? OK : far ? ALARM : WATCH;
    patron_status status =
        note(r, "volume", NULL, daily, c->expected, verdict,
             "Events a day over %lld days are %s robust deviations %s what the same weekdays brought before.", (long long)n,
             decimal(fabs(score)).text, score < 0 ? "below" : "above");
    if (status != PATRON_OK) return status;
    verdict = fabs(oddest) <= DAY_WATCH ? OK : oddest < -DAY_ALARM ? ALARM : WATCH;
    return note(r, "volume_day", NULL, (double)c->counts[odd_day - c->first_day], odd_usual, verdict,
                "The oddest day is %s, %s robust deviations %s earlier ones of that weekday.", date(odd_day).text,
                decimal(fabs(oddest)).text, oddest < 0 ? "below" : "above");
}

/* ---- time ---- */

/* The longest stretch of days without events, and how far apart days with events usually are. */
static int64_t longest_gap(const int64_t *counts, int64_t n) {
    int64_t longest = 0, gap = 0;
    for (int64_t i = 0; i < n; i++) {
        gap = counts[i] > 0 ? 0 : gap + 1;
        longest = gap > longest ? gap : longest;
    }
    return longest;
}

static double usual_distance(const int64_t *counts, int64_t n) {
    double distances[VOLUME_DAYS];
    int64_t last = -1;
    int found = 0;
    for (int64_t i = 0; i < n; i++) {
        if (counts[i] == 0) continue;
        if (last >= 0) distances[found++] = (double)(i - last);
        last = i;
    }
    return found > 0 ? median(distances, found) : (double)NAN;
}

static patron_status judge_time(const comparison *c, report *r) {
    patron_status status;
    const patron_log *log = c->log;
    double span = ((double)patron_log_end(log) - (double)patron_log_start(log)) / (double)PT_DAY;
    double before = ((double)patron_log_end(c->base) - (double)patron_log_start(c->base)) / (double)PT_DAY;
    PT_TRY(note(r, "span", NULL, span, c->has_previous ? before : (double)NAN, OK, "Days from the first event to the last."));
    if (c->has_previous) {
        double days = ((double)patron_log_end(log) - (double)c->base_end) / (double)PT_DAY;
        double typical = c->newer ? usual_distance(c->past_counts, c->n_past) : (double)NAN;
        PT_TRY(note(r, "freshness", NULL, days, typical, c->newer ? OK : ALARM,
                    c->newer
                        ? "Days by which the last event is newer than the last one before; days between active days before."
                        : "Nothing is newer than the last event of the load before."));
    }
    if (!c->has_base || !c->newer) goto cleanup;
    int64_t seam = c->has_previous; /* the last day before had events */
    int64_t gap = longest_gap(c->counts + seam, c->n_days - seam), past = longest_gap(c->past_counts, c->n_past);
    const char *verdict = gap <= past || gap < 2 || c->n_past == 0      ? OK
                          : (double)gap > GAP_FACTOR * (double)past + 2 ? ALARM
                                                                        : WATCH;
    PT_TRY(note(r, "gap", NULL, (double)gap, c->n_past > 0 ? (double)past : (double)NAN, verdict,
                "The longest stretch of whole days without any event."));
cleanup:
    return status;
}

/* ---- shares ---- */

/* Whether two shares differ by more than `least`, and by more than chance explains. */
static bool differs(double now, int64_t n, double before, int64_t n_before, double least) {
    if (!(fabs(now - before) > least)) return false;
    double both = (now * (double)n + before * (double)n_before) / ((double)n + (double)n_before);
    double error = sqrt(both * (1 - both) * (1 / (double)n + 1 / (double)n_before));
    return fabs(now - before) > CHANCE * error;
}

static const char *judge_share(double now, int64_t n, double before, int64_t n_before, double watch, double alarm) {
    if (!differs(now, n, before, n_before, watch)) return OK;
    return fabs(now - before) > alarm ? ALARM : WATCH;
}

static patron_status judge_users(const comparison *c, report *r) {
    const pt_window_counts *fresh = &c->fresh, *past = &c->past;
    if (fresh->n == 0) return PATRON_OK;
    const pt_timezone *zone = c->log->zone;
    int64_t n_days = pt_local_day(zone, c->fresh_end - 1) - pt_local_day(zone, c->fresh_start) + 1;
    double daily = (double)fresh->user_days / (double)n_days, expected = (double)NAN;
    if (c->has_base && past->n > 0) expected = c->expected * (double)past->user_days / (double)past->n;
    double ratio = daily / expected;
    bool enough = past->user_days >= MIN_USER_DAYS;
    const char *verdict = !enough || !(ratio < USERS_WATCH_LOW || ratio > USERS_WATCH_HIGH) ? OK
                          : ratio < USERS_ALARM                                             ? ALARM
                                                                                            : WATCH;
    patron_status status = note(r, "users", NULL, daily, expected, verdict,
                                "Users a day; expected are those that the usual number of events brings.");
    if (status != PATRON_OK) return status;
    double now = share(fresh->new_users, fresh->user_days);
    /* a base at the very start of its log has only new users */
    bool has_past = c->has_base && past->user_days > 0 && c->base_start > c->base->first_time;
    double before = has_past ? share(past->new_users, past->user_days) : (double)NAN;
    verdict = has_past ? judge_share(now, fresh->user_days, before, past->user_days, NEW_USERS_WATCH, NEW_USERS_ALARM) : OK;
    return note(r, "new_users_share", NULL, now, before, verdict, "%s %% of the users of a day were not seen before.",
                percent(now).text);
}

static patron_status judge_returns(const comparison *c, report *r) {
    const int64_t *now = c->fresh.kinds, *before = c->past.kinds;
    int64_t n = now[PATRON_KIND_PURCHASE] + now[PATRON_KIND_RETURN];
    int64_t n_before = c->has_base ? before[PATRON_KIND_PURCHASE] + before[PATRON_KIND_RETURN] : 0;
    if (n == 0) return PATRON_OK;
    double value = share(now[PATRON_KIND_RETURN], n);
    double past = n_before > 0 ? share(before[PATRON_KIND_RETURN], n_before) : (double)NAN;
    const char *verdict = n_before > 0 ? judge_share(value, n, past, n_before, RETURNS_WATCH, RETURNS_ALARM) : OK;
    return note(r, "return_share", NULL, value, past, verdict, "%s %% of purchases and returns are returns.",
                percent(value).text);
}

/* ---- columns ---- */

static const char *const store_names[] = {"names", "numbers", "integers", "numbers", "times", "booleans"};

static const char *column_type(const pt_log_column *column) {
    bool integers = column->store == PT_CODES && column->dictionary->kind != PT_IDS_TEXT && column->dictionary->n > 0;
    return integers ? "integer ids" : store_names[column->store];
}

static bool same_type(const pt_log_column *a, const pt_log_column *b) {
    if (a->store != b->store) return false;
    return a->store != PT_CODES || a->dictionary->n == 0 || b->dictionary->n == 0 ||
           (a->dictionary->kind == PT_IDS_TEXT) == (b->dictionary->kind == PT_IDS_TEXT);
}

static patron_status judge_column(const comparison *c, int64_t i, report *r) {
    const pt_log_column *column = &c->log->columns[i], *other = c->has_base ? pt_log_find(c->base, column->name) : NULL;
    const pt_window_counts *fresh = &c->fresh, *past = &c->past;
    patron_status status;
    if (c->has_base && other == NULL)
        return note(r, "column_came", column->name, 1, 0, WATCH, "The load before did not have this column.");
    if (other != NULL && !same_type(column, other))
        return note(r, "column_type", column->name, (double)NAN, (double)NAN, ALARM, "It holds %s; before it held %s.",
                    column_type(column), column_type(other));
    int64_t j = other != NULL ? other - c->base->columns : 0;
    bool has_past = other != NULL && past->n > 0;
    double now = share(fresh->missing[i], fresh->n), before = has_past ? share(past->missing[j], past->n) : (double)NAN;
    const char *verdict =
        has_past && now > before ? judge_share(now, fresh->n, before, past->n, MISSING_WATCH, MISSING_ALARM) : OK;
    PT_TRY(
        note(r, "missing_share", column->name, now, before, verdict, "%s %% of the events have no value.", percent(now).text));
    if (column->store != PT_CODES) return PATRON_OK;
    double distinct = (double)fresh->distinct[i], earlier = has_past ? (double)past->distinct[j] : (double)NAN;
    bool more = has_past && fresh->n <= past->n && distinct > 2 * earlier + 10;
    bool fewer = has_past && fresh->n >= past->n && distinct < earlier / 2 - 10;
    status = note(r, "distinct_values", column->name, distinct, earlier, more || fewer ? WATCH : OK,
                  more    ? "More than twice the values of before, in no more events."
                  : fewer ? "Less than half the values of before, in no fewer events."
                          : "Different values among these events.");
cleanup:
    return status;
}

static patron_status judge_columns(const comparison *c, report *r) {
    patron_status status;
    const pt_dictionary *users = c->log->users, *before = c->base->users;
    if (c->has_previous && users->n > 0 && (users->kind == PT_IDS_TEXT) != (before->kind == PT_IDS_TEXT))
        PT_TRY(note(r, "column_type", "user", (double)NAN, (double)NAN, ALARM, "Users are %s; before they were %s.",
                    users->kind == PT_IDS_TEXT ? "text" : "integers", before->kind == PT_IDS_TEXT ? "text" : "integers"));
    for (int64_t i = 0; i < c->log->n_columns; i++)
        if (strcmp(c->log->columns[i].name, "amount_raw") != 0) PT_TRY(judge_column(c, i, r));
    for (int64_t i = 0; c->has_previous && i < c->base->n_columns; i++) {
        const char *name = c->base->columns[i].name;
        if (strcmp(name, "amount_raw") != 0 && pt_log_find(c->log, name) == NULL)
            PT_TRY(note(r, "column_went", name, 0, 1, ALARM, "The load before had this column."));
    }
    status = PATRON_OK;
cleanup:
    return status;
}

/* ---- kinds ---- */

static patron_status judge_kind(const comparison *c, const char *name, int64_t now, int64_t before, report *r) {
    int64_t n = c->fresh.n, n_before = c->has_base ? c->past.n : 0;
    double value = share(now, n), past = share(before, n_before);
    if (n_before == 0 || n == 0) {
        if (now == 0 || value < RARE_KIND) return PATRON_OK;
        return note(r, "kind_share", name, value, (double)NAN, OK, "%s %% of the events.", percent(value).text);
    }
    if (before == 0 && now > 0)
        return note(r, "kind_came", name, value, 0, WATCH, "There were no such events before; now %lld.", (long long)now);
    if (now == 0 && before > 0) {
        double expected = past * (double)n;
        return note(r, "kind_went", name, 0, past,
                    expected >= GONE_ALARM   ? ALARM
                    : expected >= GONE_WATCH ? WATCH
                                             : OK,
                    "There are no such events any more; about %s were to be expected.", decimal(expected).text);
    }
    if (now == 0 || (value < RARE_KIND && past < RARE_KIND)) return PATRON_OK;
    return note(r, "kind_share", name, value, past, differs(value, n, past, n_before, KIND_WATCH) ? WATCH : OK,
                "%s %% of the events, before %s %%.", percent(value).text, percent(past).text);
}

/* The known kinds, then the others of both logs in the order of their names. */
static patron_status judge_kinds(const comparison *c, report *r) {
    patron_status status = PATRON_OK;
    const patron_log *log = c->log, *base = c->base;
    const int64_t *now = c->fresh.kinds, *before = c->past.kinds;
    for (int kind = 0; kind < PATRON_KIND_OTHER && status == PATRON_OK; kind++)
        if (pt_known_kind(kind) != NULL)
            status = judge_kind(c, pt_known_kind(kind), now[kind], c->has_base ? before[kind] : 0, r);
    int64_t i = 0, j = 0, n_base = c->has_base ? base->n_kind_names : 0;
    while ((i < log->n_kind_names || j < n_base) && status == PATRON_OK) {
        int order = i == log->n_kind_names ? 1 : j == n_base ? -1 : strcmp(log->kind_names[i], base->kind_names[j]);
        const char *name = order <= 0 ? log->kind_names[i] : base->kind_names[j];
        status =
            judge_kind(c, name, order <= 0 ? now[PATRON_KIND_OTHER + i] : 0, order >= 0 ? before[PATRON_KIND_OTHER + j] : 0, r);
        i += order <= 0;
        j += order >= 0;
    }
    return status;
}

/* ---- what cleaning found ---- */

static double audit_share(const patron_log *log, const char *const *rules, int n_rules) {
    int64_t read = 0, found = 0;
    for (int64_t i = 0; i < log->audit.n; i++) {
        const pt_audit_row *row = &log->audit.rows[i];
        if (strcmp(row->rule, "rows read") == 0) read = pt_add_saturating(read, row->rows);
        for (int k = 0; k < n_rules; k++)
            if (strcmp(row->rule, rules[k]) == 0) found = pt_add_saturating(found, row->rows);
    }
    return share(found, read);
}

static patron_status judge_audit(const comparison *c, report *r) {
    static const char *const dropped[] = {"missing user", "missing time", "unreadable time", "time outside the range"};
    static const char *const duplicates[] = {"exact duplicate", "repeated event_id"};
    static const char *const outliers[] = {"outlying amount"};
    static const struct {
        const char *check, *note;
        const char *const *rules;
        int n;
    } checks[] = {{"dropped_share", "of the rows that were read lacked a user or a usable time", dropped, 4},
                  {"duplicates_share", "of the rows that were read repeat another", duplicates, 2},
                  {"outliers_share", "of the rows that were read have an outlying amount", outliers, 1}};
    for (int i = 0; i < 3; i++) {
        double now = audit_share(c->log, checks[i].rules, checks[i].n), before = (double)NAN;
        if (c->has_previous) before = audit_share(c->base, checks[i].rules, checks[i].n);
        double more = now - (before == before ? before : 0), least = before == before ? AUDIT_WATCH : AUDIT_ALONE;
        patron_status status = note(r, checks[i].check, NULL, now, before,
                                    more > AUDIT_ALARM ? ALARM
                                    : more > least     ? WATCH
                                                       : OK,
                                    "%s %% %s.", percent(now).text, checks[i].note);
        if (status != PATRON_OK) return status;
    }
    return PATRON_OK;
}

/* ---- the table ---- */

static patron_status add_numbers(const report *r, const char *name, bool previous, patron_table *table, patron_error *error) {
    patron_ctx *ctx = r->ctx;
    patron_status status;
    double *values = NULL;
    uint8_t *valid = NULL, *validity = NULL;
    PT_TRY(pt_alloc(ctx, &values, r->n, sizeof *values, error));
    PT_TRY(pt_alloc(ctx, &valid, r->n, 1, error));
    for (int64_t i = 0; i < r->n; i++) {
        values[i] = previous ? r->findings[i].previous : r->findings[i].value;
        valid[i] = values[i] == values[i];
    }
    PT_TRY(pt_validity_pack(ctx, r->n, valid, &validity, error));
    status = pt_table_take(table, name, &(patron_column){.type = PATRON_TYPE_FLOAT64}, values, NULL, validity, error);
    values = NULL;
cleanup:
    pt_free(ctx, values);
    pt_free(ctx, valid);
    return status;
}

static patron_status make_table(const report *r, patron_table **out, patron_error *error) {
    patron_status status;
    patron_table *table = NULL;
    const char **texts = NULL;
    static const char *const names[] = {"check", "column", "value", "previous", "status", "note"};
    PT_TRY(patron_table_create(r->ctx, r->n, &table, error));
    PT_TRY(pt_alloc(r->ctx, &texts, r->n, sizeof *texts, error));
    for (int column = 0; column < 6; column++) {
        for (int64_t i = 0; i < r->n; i++) {
            const finding *f = &r->findings[i];
            texts[i] = column == 0 ? f->check : column == 1 ? f->column : column == 4 ? f->status : f->note;
        }
        if (column == 2 || column == 3)
            PT_TRY(add_numbers(r, names[column], column == 3, table, error));
        else
            PT_TRY(pt_table_add_texts(table, names[column], r->n, texts, error));
    }
    *out = table;
    table = NULL;
cleanup:
    patron_table_destroy(table);
    pt_free(r->ctx, texts);
    return status;
}

patron_status patron_log_quality(const patron_log *log, const patron_log *previous, patron_table **out, patron_error *error) {
    patron_ctx *ctx = log->ctx;
    patron_status status;
    comparison c = {.expected = (double)NAN};
    report r = {.ctx = ctx, .error = error};
    choose(&c, log, previous);
    PT_TRY(count_both(&c, error));
    if (c.has_base && c.newer) PT_TRY(count_days(&c, error));
    PT_TRY(judge_time(&c, &r));
    if (c.has_base && c.newer) PT_TRY(judge_volume(&c, &r));
    PT_TRY(judge_users(&c, &r));
    PT_TRY(judge_returns(&c, &r));
    PT_TRY(judge_columns(&c, &r));
    PT_TRY(judge_kinds(&c, &r));
    PT_TRY(judge_audit(&c, &r));
    PT_TRY(make_table(&r, out, error));
cleanup:
    pt_window_counts_fini(ctx, &c.fresh);
    pt_window_counts_fini(ctx, &c.past);
    pt_free(ctx, c.counts);
    pt_free(ctx, c.past_counts);
    pt_free(ctx, c.head_counts);
    pt_free(ctx, c.tail_counts);
    pt_free(ctx, r.findings);
    return status;
}
