/* data/time_text.c: times as text, in and out, and spans such as "7D".
 *
 * ISO 8601 text comes by the ten million, so pt_parse_iso reads fields at fixed places: every character minus '0' is collected
 * into one flag that is looked at once; only what that refuses is scanned again, for fields without leading zeros. Formats in
 * the manner of strptime are rarer; they run through a small interpreter over a cursor that knows its end. Both fill the same
 * fields, and one function checks these and turns them into microseconds, so a date means the same through either door.
 *
 * Where C's and Python's strptime guess, this one refuses: "%Y%m%d" does not read 2024115 (1 November 5? 11 January?), %I
 * without %p is no hour, a format without a year is no date. The grammar of ISO text is stated in calendar.h; sources are ISO
 * 8601-1:2019 and RFC 3339 (of which leap seconds and 24:00 are left out, because an instant counts neither).
 *
 * Limits: names of months and halves of the day are English; weekday names are not read. */
#include "data/calendar.h"

#include "data/column.h"

#include <string.h>

typedef struct time_fields {
    int year, month, day, day_of_year; /* year 0: not given; day_of_year 0: month and day count */
    int hour, minute, second, micros;
    int half_hour, half; /* %I: 1..12, 0 not given; %p: 0 AM, 1 PM, -1 not given */
    bool has_offset;
    int32_t offset;
} time_fields;

typedef struct text_cursor {
    const char *at, *end;
} text_cursor;

static int digit_of(char c) { return (unsigned char)c - '0'; }
static bool is_digit(char c) { return (unsigned)digit_of(c) < 10; }
static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }
static bool at_digit(const text_cursor *in) { return in->at < in->end && is_digit(*in->at); }

/* Two digits; *wrong gathers whatever is none. */
static int two_digits(const char *text, unsigned *wrong) {
    unsigned tens = (unsigned)digit_of(text[0]), ones = (unsigned)digit_of(text[1]);
    *wrong |= (unsigned)(tens > 9) | (unsigned)(ones > 9);
    return (int)(tens * 10 + ones);
}

/* Reads a number of min to max digits, as many as there are, between low and high. */
static bool read_number(text_cursor *in, int min, int max, int low, int high, int *out) {
    int n = 0, value = 0;
    while (n < max && at_digit(in)) {
        value = value * 10 + digit_of(*in->at++);
        n++;
    }
    if (n < min || value < low || value > high) return false;
    *out = value;
    return true;
}

/* 1 to 9 digits after a decimal point, as microseconds, rounded down. */
static bool read_fraction(text_cursor *in, int *micros) {
    int n = 0, value = 0;
    for (; at_digit(in); in->at++) {
        if (++n > 9) return false;
        if (n <= 6) value = value * 10 + digit_of(*in->at);
    }
    if (n == 0) return false;
    for (; n < 6; n++) value *= 10;
    *micros = value;
    return true;
}

/* Z, or a sign, two digits, and perhaps a colon and perhaps two more digits. */
static bool read_offset(text_cursor *in, time_fields *fields) {
    if (in->at == in->end) return false;
    char sign = *in->at++;
    int hours = 0, minutes = 0;
    if (sign != 'Z') {
        if (sign != '+' && sign != '-') return false;
        if (!read_number(in, 2, 2, 0, 23, &hours)) return false;
        bool colon = in->at < in->end && *in->at == ':';
        if (colon) in->at++;
        if ((colon || at_digit(in)) && !read_number(in, 2, 2, 0, 59, &minutes)) return false;
    }
    fields->has_offset = true;
    fields->offset = (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
    return true;
}

/* Checks the fields and gives the result: the only place where text becomes a time. */
static bool finish(const time_fields *f, int64_t *local, bool *has_offset, int32_t *offset) {
    if (f->year < 1 || f->month < 1 || f->month > 12 || f->day < 1 || f->hour > 23 || f->minute > 59 || f->second > 59)
        return false;
    int64_t days;
    if (f->day_of_year > 0) {
        if (f->day_of_year > 337 + pt_days_in_month(f->year, 2)) return false;
        days = pt_days_from_civil(f->year, 1, f->day_of_year);
    } else {
        if (f->day > 28 && f->day > pt_days_in_month(f->year, f->month)) return false;
        days = pt_days_from_civil(f->year, f->month, f->day);
    }
    int hour = f->hour;
    if (f->half_hour > 0 || f->half >= 0) {
        if (f->half_hour == 0 || f->half < 0) return false;
        hour = f->half_hour % 12 + 12 * f->half;
    }
    int64_t seconds = ((days * 24 + hour) * 60 + f->minute) * 60 + f->second;
    *local = seconds * PT_SECOND + f->micros;
    *has_offset = f->has_offset;
    *offset = f->offset;
    return true;
}

/* Every field at its place. */
static bool parse_padded(const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset) {
    if (length < 10) return false;
    time_fields f = {.half = -1};
    unsigned wrong = 0;
    f.year = two_digits(text, &wrong) * 100 + two_digits(text + 2, &wrong);
    f.month = two_digits(text + 5, &wrong);
    f.day = two_digits(text + 8, &wrong);
    wrong |= (unsigned)(text[4] != text[7]) | (unsigned)(text[4] != '-' && text[4] != '/');
    if (wrong) return false;
    if (length == 10) return finish(&f, local, has_offset, offset);
    if (length < 16) return false;
    wrong |= (unsigned)(text[10] != 'T' && text[10] != ' ') | (unsigned)(text[13] != ':');
    f.hour = two_digits(text + 11, &wrong);
    f.minute = two_digits(text + 14, &wrong);
    text_cursor in = {text + 16, text + length};
    if (length >= 19 && text[16] == ':') {
        f.second = two_digits(text + 17, &wrong);
        in.at = text + 19;
        if (in.at < in.end && *in.at == '.') {
            in.at++;
            if (!read_fraction(&in, &f.micros)) return false;
        }
    }
    if (in.at < in.end && !read_offset(&in, &f)) return false;
    if (wrong || in.at != in.end) return false;
    return finish(&f, local, has_offset, offset);
}

static bool skip(text_cursor *in, char wanted) {
    if (in->at == in->end || *in->at != wanted) return false;
    in->at++;
    return true;
}

/* As spreadsheets write it: month, day and hour without leading zeros, 2024/1/5 9:05. In such a column 2024/10/15 has every
 * digit, so refusing the others would silently leave a log of the ends of years. */
static bool parse_unpadded(const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset) {
    time_fields f = {.half = -1};
    text_cursor in = {text, text + length};
    if (!read_number(&in, 4, 4, 1, 9999, &f.year) || in.at == in.end) return false;
    const char between = *in.at;
    if (between != '-' && between != '/') return false;
    in.at++;
    if (!read_number(&in, 1, 2, 1, 12, &f.month) || !skip(&in, between) || !read_number(&in, 1, 2, 1, 31, &f.day)) return false;
    if (in.at < in.end) {
        if (!skip(&in, 'T') && !skip(&in, ' ')) return false;
        if (!read_number(&in, 1, 2, 0, 23, &f.hour) || !skip(&in, ':') || !read_number(&in, 2, 2, 0, 59, &f.minute))
            return false;
        if (skip(&in, ':')) {
            if (!read_number(&in, 2, 2, 0, 59, &f.second)) return false;
            if (skip(&in, '.') && !read_fraction(&in, &f.micros)) return false;
        }
        if (in.at < in.end && !read_offset(&in, &f)) return false;
    }
    return in.at == in.end && finish(&f, local, has_offset, offset);
}

bool pt_parse_iso(const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset) {
    return parse_padded(text, length, local, has_offset, offset) || parse_unpadded(text, length, local, has_offset, offset);
}

/* ---- formats ---------------------------------------------------------------------------------------------------------- */

enum {
    YEAR = 1,
    MONTH = 2,
    DAY = 4,
    HOUR = 8,
    HALF_HOUR = 16,
    HALF = 32,
    MINUTE = 64,
    SECOND = 128,
    FRACTION = 256,
    ZONE = 512
};

/* What a directive fills, and whether it is digits that could run into its neighbours. */
typedef struct directive {
    char letter;
    bool number;
    int fields;
} directive;

static const directive DIRECTIVES[] = {{'Y', true, YEAR},
                                       {'m', true, MONTH},
                                       {'d', true, DAY},
                                       {'H', true, HOUR},
                                       {'M', true, MINUTE},
                                       {'S', true, SECOND},
                                       {'f', true, FRACTION},
                                       {'z', false, ZONE},
                                       {'y', true, YEAR},
                                       {'b', false, MONTH},
                                       {'B', false, MONTH},
                                       {'j', true, MONTH | DAY},
                                       {'p', false, HALF},
                                       {'I', true, HOUR | HALF_HOUR},
                                       {'T', true, HOUR | MINUTE | SECOND},
                                       {'F', true, YEAR | MONTH | DAY},
                                       {'%', false, 0}};

static const directive *find_directive(char letter) {
    for (size_t i = 0; i < sizeof DIRECTIVES / sizeof *DIRECTIVES; i++)
        if (DIRECTIVES[i].letter == letter) return &DIRECTIVES[i];
    return NULL;
}

static bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* White space: ASCII's, the no-break spaces U+00A0 and U+202F (which some systems write before PM), the ideographic U+3000. */
static bool skip_space(text_cursor *in) {
    const char *start = in->at;
    while (in->at < in->end) {
        int64_t left = in->end - in->at;
        if (is_ascii_space(*in->at))
            in->at++;
        else if (left >= 2 && memcmp(in->at, "\xc2\xa0", 2) == 0)
            in->at += 2;
        else if (left >= 3 && (memcmp(in->at, "\xe2\x80\xaf", 3) == 0 || memcmp(in->at, "\xe3\x80\x80", 3) == 0))
            in->at += 3;
        else
            break;
    }
    return in->at != start;
}

/* How many characters of `name` the text begins with, whatever their case. */
static int matching(const text_cursor *in, const char *name) {
    int n = 0;
    while (name[n] != '\0' && in->at + n < in->end && lower(in->at[n]) == name[n]) n++;
    return n;
}

static bool read_month_name(text_cursor *in, int *month) {
    static const char names[12][10] = {"january", "february", "march",     "april",   "may",      "june",
                                       "july",    "august",   "september", "october", "november", "december"};
    for (int i = 0; i < 12; i++) {
        int n = matching(in, names[i]);
        if (n < 3) continue;
        in->at += names[i][n] == '\0' ? n : 3;
        *month = i + 1;
        return true;
    }
    return false;
}

static bool read_half(text_cursor *in, int *half) {
    bool morning = matching(in, "am") == 2;
    if (!morning && matching(in, "pm") != 2) return false;
    in->at += 2;
    *half = !morning;
    return true;
}

static bool read_format(const char *format, text_cursor *in, bool number_before, time_fields *f);

/* After a number without anything between, every digit must be there: only then is it sure where one ends. */
static bool read_directive(char letter, text_cursor *in, bool number_before, time_fields *f) {
    int min = number_before ? 2 : 1;
    switch (letter) {
    case 'Y':
        return read_number(in, 4, 4, 1, 9999, &f->year);
    case 'y':
        if (!read_number(in, 2, 2, 0, 99, &f->year)) return false;
        f->year += f->year < 69 ? 2000 : 1900;
        return true;
    case 'm':
        return read_number(in, min, 2, 1, 12, &f->month);
    case 'b':
    case 'B':
        return read_month_name(in, &f->month);
    case 'd':
        return read_number(in, min, 2, 1, 31, &f->day);
    case 'j':
        return read_number(in, number_before ? 3 : 1, 3, 1, 366, &f->day_of_year);
    case 'H':
        return read_number(in, min, 2, 0, 23, &f->hour);
    case 'I':
        return read_number(in, min, 2, 1, 12, &f->half_hour);
    case 'p':
        return read_half(in, &f->half);
    case 'M':
        return read_number(in, min, 2, 0, 59, &f->minute);
    case 'S':
        return read_number(in, min, 2, 0, 59, &f->second);
    case 'f':
        return read_fraction(in, &f->micros);
    case 'z':
        return read_offset(in, f);
    case 'F':
        return read_format("%Y-%m-%d", in, number_before, f);
    case 'T':
        return read_format("%H:%M:%S", in, number_before, f);
    case '%':
        return in->at < in->end && *in->at++ == '%';
    default:
        return false;
    }
}

static bool read_format(const char *format, text_cursor *in, bool number_before, time_fields *f) {
    while (*format != '\0') {
        if (is_ascii_space(*format)) {
            while (is_ascii_space(*format)) format++;
            if (!skip_space(in)) return false;
            number_before = false;
        } else if (*format == '%') {
            char letter = format[1]; /* 0 at the end of the format, which is no directive */
            if (!read_directive(letter, in, number_before, f)) return false;
            number_before = find_directive(letter)->number;
            format += 2;
        } else {
            if (in->at == in->end || *in->at++ != *format++) return false;
            number_before = false;
        }
    }
    return true;
}

bool pt_parse_format(const char *format, const char *text, int64_t length, int64_t *local, bool *has_offset, int32_t *offset) {
    if (length <= 0) return false;
    time_fields f = {.month = 1, .day = 1, .half = -1};
    text_cursor in = {text, text + length};
    if (!read_format(format, &in, false, &f) || in.at != in.end) return false;
    return finish(&f, local, has_offset, offset);
}

/* Bytes of the UTF-8 character at `text`, as far as they are there. */
static int character_size(const char *text) {
    int n = 1;
    while (n < 4 && ((unsigned char)text[n] & 0xc0) == 0x80) n++;
    return n;
}

static patron_status refuse_directive(const char *format, const char *at, int character, const char *why, patron_error *error) {
    return pt_fail(error, PATRON_ERR_INVALID, "%%%.*s at character %d of the time format %s; expected %s",
                   character_size(at + 1), at + 1, character, format, why);
}

patron_status pt_check_format(const char *format, patron_error *error) {
    static const struct {
        int has, needs;
        const char *message;
    } rules[] = {{0, YEAR, "a year (%Y, %y or %F)"},
                 {DAY, MONTH, "a month (%m, %b or %B) with its day"},
                 {HALF_HOUR, HALF, "%p with %I"},
                 {HALF, HALF_HOUR, "%I, not %H, with %p"},
                 {HOUR, DAY, "a day (%d or %j) with its hour"},
                 {MINUTE, HOUR, "an hour (%H or %I) with its minute"},
                 {SECOND, MINUTE, "a minute (%M) with its second"},
                 {FRACTION, SECOND, "seconds (%S) with their fraction"},
                 {ZONE, HOUR, "an hour (%H or %I) with the offset %z"}};
    if (format == NULL || *format == '\0')
        return pt_fail(error, PATRON_ERR_INVALID, "The time format is empty; expected directives such as %%Y-%%m-%%d");
    int fields = 0, character = 1;
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%') {
            if (at[1] == '\0')
                return pt_fail(error, PATRON_ERR_INVALID,
                               "A lone %% ends the time format %s (character %d); expected a directive, or %%%% for the sign",
                               format, character);
            const directive *d = find_directive(at[1]);
            if (d == NULL)
                return pt_fail(
                    error, PATRON_ERR_INVALID,
                    "%%%.*s at character %d of the time format %s is not known; known are %%Y %%m %%d %%H %%M %%S %%f "
                    "%%z %%y %%b %%B %%j %%p %%I %%T %%F %%%%",
                    character_size(at + 1), at + 1, character, format);
            if (fields & d->fields)
                return refuse_directive(format, at, character, "each part of a time once, and this one stands there already",
                                        error);
            fields |= d->fields;
            at++;
            character++;
        }
        if (((unsigned char)at[1] & 0xc0) != 0x80) character++;
    }
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((rules[i].has == 0 || (fields & rules[i].has)) && !(fields & rules[i].needs))
            return pt_fail(error, PATRON_ERR_INVALID, "The time format %s is incomplete; expected %s", format,
                           rules[i].message);
    return PATRON_OK;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

static char *put_number(char *out, int64_t value, int digits) {
    for (int i = digits - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
    return out + digits;
}

void pt_format_instant(int64_t instant, char *out, size_t size) {
    char text[32], *at = text;
    int64_t day_number = pt_day_of(instant), year;
    int month, day;
    int64_t rest = instant % PT_DAY + (instant % PT_DAY < 0 ? PT_DAY : 0);
    pt_civil_from_days(day_number, &year, &month, &day);
    if (year < 0 || year > 9999) {
        *at++ = year < 0 ? '-' : '+';
        at = put_number(at, year < 0 ? -year : year, 6);
    } else {
        at = put_number(at, year, 4);
    }
    *at++ = '-';
    at = put_number(at, month, 2);
    *at++ = '-';
    at = put_number(at, day, 2);
    *at++ = 'T';
    int64_t seconds = rest / PT_SECOND, micros = rest % PT_SECOND;
    at = put_number(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_number(at, seconds / 60 % 60, 2);
    *at++ = ':';
    at = put_number(at, seconds % 60, 2);
    if (micros != 0) {
        *at++ = '.';
        at = put_number(at, micros, 6);
    }
    *at++ = 'Z';
    *at++ = '\0';
    size_t n = (size_t)(at - text);
    if (size == 0) return;
    if (n > size) n = size;
    memcpy(out, text, n);
    out[n - 1] = '\0';
}

/* ---- spans -------------------------------------------------------------------------------------------------------------- */

typedef struct span_unit {
    char name[4];
    int64_t days, micros;
} span_unit;

static const span_unit SPAN_UNITS[] = {
    {"d", 1, 0},     {"w", 7, 0}, {"h", 0, 3600 * PT_SECOND}, {"min", 0, 60 * PT_SECOND}, {"s", 0, PT_SECOND},
    {"ms", 0, 1000}, {"us", 0, 1}};

static const int64_t SPAN_DAYS_MAX = 3652425; /* 10,000 years */

static bool same_word(const char *text, const char *name) {
    while (*name != '\0' && lower(*text) == *name) text++, name++;
    return *name == '\0' && *text == '\0';
}

patron_status pt_parse_span(const char *text, int64_t *days, int64_t *micros, patron_error *error) {
    if (text == NULL) return pt_fail(error, PATRON_ERR_INVALID, "A span of time is missing; expected one like 30D, 12W or 36H");
    const char *at = text;
    char shown[64];
    pt_show_name(text, shown, sizeof shown);
    int64_t count = 0;
    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(count, 10, &count) || __builtin_add_overflow(count, digit_of(*at), &count))
            count = INT64_MAX / 10;
    const char *const calendar[] = {"m", "mo", "mon", "month", "months", "q", "y", "year", "years"};
    for (size_t i = 0; at != text && i < sizeof calendar / sizeof *calendar; i++)
        if (same_word(at, calendar[i]))
            return pt_fail(
                error, PATRON_ERR_INVALID,
                "The span '%s' is in months or years, which differ in length; expected days, such as 30D or 365D (minutes are "
                "\"min\")",
                shown);
    for (size_t i = 0; at != text && i < sizeof SPAN_UNITS / sizeof *SPAN_UNITS; i++) {
        const span_unit *unit = &SPAN_UNITS[i];
        if (!same_word(at, unit->name)) continue;
        int64_t size = unit->days != 0 ? unit->days : unit->micros;
        if (count > (unit->days != 0 ? SPAN_DAYS_MAX : SPAN_DAYS_MAX * PT_DAY) / size)
            return pt_fail(error, PATRON_ERR_INVALID, "The span '%s' is longer than 10,000 years; expected at most %lldD",
                           shown, (long long)SPAN_DAYS_MAX);
        *days = count * unit->days;
        *micros = count * unit->micros;
        return PATRON_OK;
    }
    return pt_fail(
        error, PATRON_ERR_INVALID,
        "The span '%s' is not a whole number and a unit; expected days or weeks (7D, 12W), or hours, min, s, ms, us (36H, "
        "90min)",
        shown);
}
