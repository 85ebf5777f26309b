/* Times as text, in and out, and spans. The slow twin of the ISO reader is a regular expression. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/calendar.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR (3600 * PT_SECOND)
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t at(int64_t year, int month, int day, int hour, int minute) {
    return pt_days_from_civil(year, month, day) * PT_DAY + (hour * 60 + minute) * 60 * PT_SECOND;
}

/* ---- reading text --------------------------------------------------------------------------------------------------- */

typedef struct reading {
    bool ok, has_offset;
    int64_t local;
    int32_t offset;
} reading;

/* Parses a copy that ends where its block ends, so that the sanitiser sees one byte too many. */
static reading read_text(const char *format, const char *text, size_t length) {
    char *copy = malloc(length + (length == 0));
    memcpy(copy, text, length);
    reading r = {.local = 77, .offset = 77};
    r.ok = format != NULL ? pt_parse_format(format, copy, (int64_t)length, &r.local, &r.has_offset, &r.offset)
                          : pt_parse_iso(copy, (int64_t)length, &r.local, &r.has_offset, &r.offset);
    if (!r.ok) assert_true(r.local == 77 && r.offset == 77 && !r.has_offset);
    free(copy);
    return r;
}

static void assert_reads(const char *format, const char *text, int64_t local, bool has_offset, int32_t offset) {
    reading r = read_text(format, text, strlen(text));
    if (!r.ok || r.local != local || r.has_offset != has_offset || r.offset != offset)
        fail_msg("'%s' by %s: ok %d, local %lld, zone %d %d; expected %lld, %d %d", text, format ? format : "ISO 8601", r.ok,
                 (long long)r.local, r.has_offset, r.offset, (long long)local, has_offset, offset);
    if (format != NULL) assert_int_equal(pt_check_format(format, NULL), PATRON_OK);
}

static void assert_refuses(const char *format, const char *text) {
    reading r = read_text(format, text, strlen(text));
    if (r.ok) fail_msg("'%s' by %s is read as %lld", text, format ? format : "ISO 8601", (long long)r.local);
}

static void iso_text_is_read(void **state) {
    (void)state;
    int64_t day = at(2024, 1, 5, 0, 0), minute = at(2024, 1, 5, 10, 20);
    assert_reads(NULL, "2024-01-05", day, false, 0);
    assert_reads(NULL, "2024/01/05", day, false, 0);
    assert_reads(NULL, "2024/1/5", day, false, 0);
    assert_reads(NULL, "2024-1-05", day, false, 0);
    assert_reads(NULL, "2024/10/15", at(2024, 10, 15, 0, 0), false, 0);
    assert_reads(NULL, "2024/1/5 9:05", at(2024, 1, 5, 9, 5), false, 0);
    assert_reads(NULL, "2024/1/5 9:05:07.25+08:00", at(2024, 1, 5, 9, 5) + 7250000, true, 28800);
    assert_reads(NULL, "2024-01-05T10:20", minute, false, 0);
    assert_reads(NULL, "2024/01/05 10:20", minute, false, 0);
    assert_reads(NULL, "2024-01-05 10:20:30", minute + 30 * PT_SECOND, false, 0);
    assert_reads(NULL, "2024-01-05 10:20:30.5", minute + 30500000, false, 0);
    assert_reads(NULL, "2024-01-05 10:20:30.123456", minute + 30123456, false, 0);
    assert_reads(NULL, "2024-01-05 10:20:30.123456999", minute + 30123456, false, 0);
    assert_reads(NULL, "1969-12-31 23:59:59.9999999", -1, false, 0);
    assert_reads(NULL, "2024-01-05T10:20Z", minute, true, 0);
    assert_reads(NULL, "2024-01-05T10:20+08:00", minute, true, 28800);
    assert_reads(NULL, "2024-01-05T10:20:00-0330", minute, true, -12600);
    assert_reads(NULL, "2024-01-05T10:20:00.000+08", minute, true, 28800);
    assert_reads(NULL, "2024-01-05T10:20+00:00", minute, true, 0);
    assert_reads(NULL, "2024-01-05T10:20-23:59", minute, true, -86340);
    assert_reads(NULL, "0001-01-01", INT64_C(-719162) * PT_DAY, false, 0);
    assert_reads(NULL, "9999-12-31T23:59:59.999999", INT64_C(2932897) * PT_DAY - 1, false, 0);
    assert_reads(NULL, "2024-02-29", at(2024, 2, 29, 0, 0), false, 0);
    assert_reads(NULL, "2000-02-29", at(2000, 2, 29, 0, 0), false, 0);
}

static void text_that_is_no_iso_time_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "2024",
                                        "2024-01",
                                        "2024-1/5",
                                        "2024/001/5",
                                        "2024/1/",
                                        "2024/1/5 ",
                                        "2024/1/5 9",
                                        "2024/1/5 9:5",
                                        "24/1/5",
                                        "1/5/2024",
                                        "2023/2/29",
                                        "20240105",
                                        "2024-01/05",
                                        "2024.01.05",
                                        " 2024-01-05",
                                        "2024-01-05 ",
                                        "0000-01-01",
                                        "2024-00-05",
                                        "2024-13-05",
                                        "2024-01-00",
                                        "2024-01-32",
                                        "2023-02-29",
                                        "1900-02-29",
                                        "2024-04-31",
                                        "-024-01-05",
                                        "2o24-01-05",
                                        "2024-01-05T",
                                        "2024-01-05Z",
                                        "2024-01-05+08:00",
                                        "2024-01-05T10",
                                        "2024-01-05T10:2",
                                        "2024-01-05t10:20",
                                        "2024-01-05  10:20",
                                        "2024-01-05T24:00",
                                        "2024-01-05T24:00:00",
                                        "2024-01-05T10:60",
                                        "2024-01-05T23:59:60",
                                        "2024-01-05T10:20:",
                                        "2024-01-05T10:20:3",
                                        "2024-01-05T10:20:30.",
                                        "2024-01-05T10:20:30,5",
                                        "2024-01-05T10:20:30.1234567890",
                                        "2024-01-05T10:20.5",
                                        "2024-01-05T10:20:30z",
                                        "2024-01-05T10:20:30 Z",
                                        "2024-01-05T10:20:30ZZ",
                                        "2024-01-05T10:20:30+8",
                                        "2024-01-05T10:20:30+08:",
                                        "2024-01-05T10:20:30+08:0",
                                        "2024-01-05T10:20:30+080",
                                        "2024-01-05T10:20:30+24:00",
                                        "2024-01-05T10:20:30+08:60",
                                        "2024-01-05T10:20:30+08:00:00",
                                        "2024-01-05T10:20:30 UTC",
                                        "2024年01月"};
    for (size_t i = 0; i < LENGTH(texts); i++) assert_refuses(NULL, texts[i]);
    assert_false(read_text(NULL, "2024-01-05\0", 11).ok);
    assert_false(read_text(NULL, "2024-01-05T10:20:30", 18).ok);
}

static void formats_read_their_text(void **state) {
    (void)state;
    int64_t day = at(2024, 1, 5, 0, 0), minute = at(2024, 1, 5, 10, 20);
    assert_reads("%Y年%m月%d日 %H:%M", "2024年01月05日 10:20", minute, false, 0);
    assert_reads("%Y年%m月%d日 %H时%M分", "2024年1月5日\u300010时20分", minute, false, 0);
    assert_reads("%Y%m%d", "20240105", day, false, 0);
    assert_reads("%Y%m%d%H%M%S", "20240105102030", minute + 30 * PT_SECOND, false, 0);
    assert_reads("%Y%m%d%H%M%S%f", "20240105102030123", minute + 30123000, false, 0);
    assert_reads("%m/%d/%Y %H:%M", "1/5/2024 10:20", minute, false, 0);
    assert_reads("%m/%d/%y", "01/05/24", day, false, 0);
    assert_reads("%y-%m-%d", "68-01-01", at(2068, 1, 1, 0, 0), false, 0);
    assert_reads("%y-%m-%d", "69-01-01", at(1969, 1, 1, 0, 0), false, 0);
    assert_reads("%F", "2024-01-05", day, false, 0);
    assert_reads("%FT%T", "2024-01-05T10:20:30", minute + 30 * PT_SECOND, false, 0);
    assert_reads("%F %T.%f%z", "2024-01-05 10:20:30.25+0800", minute + 30250000, true, 28800);
    assert_reads("%F%H", "2024-01-0510", minute - 20 * 60 * PT_SECOND, false, 0);
    assert_reads("%FT%T%z", "2024-01-05T10:20:00Z", minute, true, 0);
    assert_reads("%FT%T %z", "2024-01-05T10:20:00 -03:30", minute, true, -12600);
    assert_reads("%FT%T %z", "2024-01-05T10:20:00 +08", minute, true, 28800);
    assert_reads("%d %b %Y", "5 Jan 2024", day, false, 0);
    assert_reads("%d-%B-%Y", "5-jaNUARY-2024", day, false, 0);
    assert_reads("%b. %d, %Y", "JAN. 5, 2024", day, false, 0);
    assert_reads("%B %Y", "May 2024", at(2024, 5, 1, 0, 0), false, 0);
    assert_reads("%b%Y", "september2024", at(2024, 9, 1, 0, 0), false, 0);
    assert_reads("%Y-%j", "2024-366", at(2024, 12, 31, 0, 0), false, 0);
    assert_reads("%Y%j", "2024005", day, false, 0);
    assert_reads("%Y-%j", "2023-60", at(2023, 3, 1, 0, 0), false, 0);
    assert_reads("%F %I:%M %p", "2024-01-05 10:20 am", minute, false, 0);
    assert_reads("%F %I:%M %p", "2024-01-05 10:20\u202fPM", minute + 12 * HOUR, false, 0);
    assert_reads("%F %I%p", "2024-01-05 12AM", day, false, 0);
    assert_reads("%p %F %I", "pm 2024-01-05 12", day + 12 * HOUR, false, 0);
    assert_reads("%d%%%m%%%Y", "05%01%2024", day, false, 0);
    assert_reads("%F  %H:%M", "2024-01-05 \t\u00a0 10:20", minute, false, 0);
    assert_reads("%Y", "2024", at(2024, 1, 1, 0, 0), false, 0);
}

static void formats_refuse_what_is_not_their_text(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"%Y-%m-%d", "2024-01-05 "},
                                           {"%Y-%m-%d", "2024-01-"},
                                           {"%Y-%m-%d", "2024-02-30"},
                                           {"%Y-%m-%d", "2024-1-005"},
                                           {"%Y-%m-%d", "24-01-05"},
                                           {"%Y-%m-%d", "0000-01-05"},
                                           {"%Y-%m-%d", ""},
                                           {"%Y%m%d", "2024115"},
                                           {"%Y%m%d", "2024015"},
                                           {"%F%H", "2024-01-110"},
                                           {"%Y%j", "202460"},
                                           {"%Y-%j", "2023-366"},
                                           {"%Y-%j", "2023-0"},
                                           {"%Y-%j", "2024-367"},
                                           {"%F %H:%M", "2024-01-0510:20"},
                                           {"%F %H:%M", "2024-01-05 24:00"},
                                           {"%F %H:%M", "2024-01-05 10:60"},
                                           {"%F %T", "2024-01-05 23:59:60"},
                                           {"%F %T.%f", "2024-01-05 23:59:59."},
                                           {"%F %T.%f", "2024-01-05 23:59:59.0123456789"},
                                           {"%F %T%z", "2024-01-05 23:59:59"},
                                           {"%F %T%z", "2024-01-05 23:59:59+"},
                                           {"%F %T%z", "2024-01-05 23:59:59+08:"},
                                           {"%F %I %p", "2024-01-05 13 PM"},
                                           {"%F %I %p", "2024-01-05 0 AM"},
                                           {"%F %I %p", "2024-01-05 10 xm"},
                                           {"%d %b %Y", "5 Jx 2024"},
                                           {"%d %b %Y", "5 Ja"},
                                           {"%d %b %Y", "5 Januar 2024"},
                                           {"%Y年%m月%d日", "2024年01月05"},
                                           {"%Y年%m月%d日", "2024月01月05日"},
                                           {"%H:%M", "10:20"},
                                           {"%F %I", "2024-01-05 10"},
                                           {"%F %H %p", "2024-01-05 10 PM"},
                                           {"%F %p", "2024-01-05 PM"},
                                           {"%F %q", "2024-01-05 q"},
                                           {"%F%", "2024-01-05%"}};
    for (size_t i = 0; i < LENGTH(pairs); i++) assert_refuses(pairs[i][0], pairs[i][1]);
}

static void a_format_that_cannot_be_meant_is_refused_with_the_place(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"%Y-%q-%d", "%q at character 4 of the time format %Y-%q-%d"},
                                           {"%Y年%m月%号", "%号 at character 7 "},
                                           {"%Y-%m-%", "(character 7)"},
                                           {"%Y%\xf0\x9f\x98\x80%q", "%\xf0\x9f\x98\x80 at character 3 of"},
                                           {"%Y%\xf0\x9f\x98\x80\x80\x80", "%\xf0\x9f\x98\x80 at character 3 of"},
                                           {"", "empty"},
                                           {"%m-%d", "a year"},
                                           {"%H:%M", "a year"},
                                           {"%Y %d", "a month"},
                                           {"%F %y", "%y at character 4"},
                                           {"%j %F", "%F at character 4"},
                                           {"%F %H %I %p", "%I at character 7"},
                                           {"%F %I:%M", "%p with %I"},
                                           {"%F %H:%M %p", "%I, not %H"},
                                           {"%Y-%m %H", "a day"},
                                           {"%F %M", "an hour"},
                                           {"%F %H %S", "a minute"},
                                           {"%F %H:%M.%f", "seconds"},
                                           {"%F%z", "an hour"},
                                           {"no date", "a year"}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        patron_error error = {0};
        assert_int_equal(pt_check_format(cases[i][0], &error), PATRON_ERR_INVALID);
        assert_int_equal(error.status, PATRON_ERR_INVALID);
        if (strstr(error.message, cases[i][1]) == NULL) fail_msg("'%s' lacks '%s'", error.message, cases[i][1]);
        assert_int_equal(pt_check_format(cases[i][0], NULL), PATRON_ERR_INVALID);
    }
    assert_int_equal(pt_check_format(NULL, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_check_format("%d.%m.%Y %I:%M:%S.%f %p %z %%", NULL), PATRON_OK);
}

/* ---- writing text --------------------------------------------------------------------------------------------------- */

static void instants_are_written(void **state) {
    (void)state;
    const struct {
        int64_t instant;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00Z"},
                 {at(2024, 1, 5, 10, 20) + 30123456, "2024-01-05T10:20:30.123456Z"},
                 {at(2024, 1, 5, 10, 20) + 500, "2024-01-05T10:20:00.000500Z"},
                 {-1, "1969-12-31T23:59:59.999999Z"},
                 {at(1, 1, 1, 0, 0), "0001-01-01T00:00:00Z"},
                 {at(0, 12, 31, 0, 0), "0000-12-31T00:00:00Z"},
                 {at(9999, 12, 31, 23, 59), "9999-12-31T23:59:00Z"},
                 {at(10000, 1, 1, 0, 0), "+010000-01-01T00:00:00Z"},
                 {at(-1, 1, 1, 0, 0), "-000001-01-01T00:00:00Z"},
                 {INT64_MAX, "+294247-01-10T04:00:54.775807Z"},
                 {INT64_MIN, "-290308-12-21T19:59:05.224192Z"}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char *out = malloc(32);
        pt_format_instant(cases[i].instant, out, 32);
        assert_string_equal(out, cases[i].text);
        free(out);
    }
    char small[11] = "0123456789";
    pt_format_instant(0, small, 5);
    assert_string_equal(small, "1970");
    assert_string_equal(small + 5, "56789");
    pt_format_instant(0, small, 0);
    assert_string_equal(small, "1970");
}

/* ---- random text ---------------------------------------------------------------------------------------------------- */

static const char *const SAMPLES[] = {"2024-01-05",
                                      "2024/01/05 10:20",
                                      "2024-02-29T23:59:59",
                                      "1969-12-31T23:59:59.999999Z",
                                      "2024-01-05 10:20:30.123456789+08:00",
                                      "0001-01-01T00:00-0330",
                                      "9999-12-31T23:59:59+23",
                                      "2024年01月05日 10:20",
                                      "5 January 2024 10:20:30 PM",
                                      "20240105102030123",
                                      "1/5/24 10:20 am +0800",
                                      "2023-365"};
static const char *const FORMATS[] = {"%Y年%m月%d日 %H:%M",
                                      "%d %B %Y %I:%M:%S %p",
                                      "%Y%m%d%H%M%S%f",
                                      "%m/%d/%y %I:%M %p %z",
                                      "%Y-%j",
                                      "%F",
                                      "%F %T.%f%z",
                                      "%FT%T"};

static size_t random_text(uint64_t *seed, char *text) {
    static const char alphabet[] = "00112233445566778899--//::..TZ+ %amJn\xe5\xb9\xb4\xff";
    const char *sample = SAMPLES[next_random(seed) % LENGTH(SAMPLES)];
    size_t length = strlen(sample);
    memcpy(text, sample, length);
    for (uint64_t edits = next_random(seed) % 4; edits > 0; edits--) {
        uint64_t draw = next_random(seed);
        size_t place = (size_t)(draw >> 8) % (length + 1);
        char c = alphabet[(draw >> 32) % (sizeof alphabet - 1)];
        if (draw % 4 == 0 && place < length) { /* takes one out */
            memmove(text + place, text + place + 1, length - place - 1);
            length--;
        } else if (draw % 4 == 1 && length < 60) { /* puts one in */
            memmove(text + place + 1, text + place, length - place);
            text[place] = c;
            length++;
        } else if (draw % 16 == 2) { /* cuts */
            length = place;
        } else if (place < length) {
            text[place] = text[place] >= '0' && text[place] <= '9' ? (char)('0' + (draw >> 40) % 10) : c;
        }
    }
    return length;
}

/* What was read, written and read again is the same instant. */
static void assert_comes_back(const reading *r) {
    char text[32];
    int64_t instant = r->local - r->offset * PT_SECOND, year;
    int month, day;
    pt_format_instant(instant, text, sizeof text);
    pt_civil_from_days(pt_day_of(instant), &year, &month, &day);
    if (year < 1 || year > 9999) return; /* an offset led out of the years that are read */
    reading again = read_text(NULL, text, strlen(text));
    if (!again.ok || !again.has_offset || again.offset != 0 || again.local != instant)
        fail_msg("%lld is written %s and read as %lld", (long long)instant, text, (long long)again.local);
}

static void two_million_random_texts_are_read_to_the_same_instant_again_or_refused(void **state) {
    (void)state;
    uint64_t seed = 4;
    int64_t accepted = 0;
    char text[64];
    for (int i = 0; i < 2000000; i++) {
        size_t length = random_text(&seed, text);
        uint64_t kind = next_random(&seed) % (2 * LENGTH(FORMATS));
        reading r = read_text(kind < LENGTH(FORMATS) ? FORMATS[kind] : NULL, text, length);
        accepted += r.ok;
        if (r.ok) assert_comes_back(&r);
    }
    assert_true(accepted > 200000);
}

static void random_formats_never_crash(void **state) {
    (void)state;
    static const char letters[] = "YmdHMSfzybBjpITF%q";
    uint64_t seed = 5;
    char text[64], format[32];
    int64_t passed = 0;
    for (int i = 0; i < 300000; i++) {
        size_t n = 0;
        for (uint64_t parts = next_random(&seed) % 8; parts > 0; parts--) {
            uint64_t draw = next_random(&seed);
            if (draw % 8 != 0) format[n++] = '%';
            format[n++] = letters[(draw >> 8) % (sizeof letters - 1)];
            if (draw % 3 == 0) format[n++] = "- :/"[(draw >> 16) % 4];
        }
        format[n] = '\0';
        patron_error error = {0};
        passed += pt_check_format(format, &error) == PATRON_OK;
        reading r = read_text(format, text, random_text(&seed, text));
        if (r.ok) assert_comes_back(&r);
    }
    assert_true(passed > 300);
}

static void iso_text_is_read_exactly_where_a_regular_expression_reads_it(void **state) {
    (void)state;
    regex_t pattern;
    assert_int_equal(
        regcomp(&pattern,
                "^([0-9]{4})([-/])([0-9]{1,2})([-/])([0-9]{1,2})([T ]([0-9]{1,2}):([0-9]{2})(:([0-9]{2})(\\.[0-9]{1,9})?)?"
                "(Z|[+-]([0-9]{2})(:?([0-9]{2}))?)?)?$",
                REG_EXTENDED),
        0);
    static const bool plain[16] = {
        [1] = true, [3] = true, [5] = true, [7] = true, [8] = true, [10] = true, [13] = true, [15] = true};
    uint64_t seed = 6;
    char text[64];
    int64_t accepted = 0;
    for (int i = 0; i < 100000; i++) {
        size_t length = random_text(&seed, text);
        text[length] = '\0';
        regmatch_t m[16];
        bool ok = regexec(&pattern, text, LENGTH(m), m, 0) == 0 && text[m[2].rm_so] == text[m[4].rm_so];
        int part[16] = {0}; /* the numbers; groups that hold more than digits stay 0 */
        for (size_t g = 1; ok && g < LENGTH(m); g++)
            for (regoff_t c = m[g].rm_so; plain[g] && c >= 0 && c < m[g].rm_eo; c++) part[g] = part[g] * 10 + (text[c] - '0');
        ok = ok && part[1] >= 1 && part[3] >= 1 && part[3] <= 12 && part[5] >= 1 &&
             part[5] <= pt_days_in_month(part[1], part[3]) && part[7] < 24 && part[8] < 60 && part[10] < 60 && part[13] < 24 &&
             part[15] < 60;
        reading r = read_text(NULL, text, length);
        if (r.ok != ok) fail_msg("'%s' is %s", text, r.ok ? "read" : "refused");
        if (!ok) continue;
        accepted++;
        int64_t local = at(part[1], part[3], part[5], part[7], part[8]) + part[10] * PT_SECOND;
        if (m[11].rm_so >= 0) {
            char digits[7] = "000000";
            size_t n = (size_t)(m[11].rm_eo - m[11].rm_so) - 1;
            memcpy(digits, text + m[11].rm_so + 1, n < 6 ? n : 6);
            local += atoi(digits);
        }
        int32_t offset = (part[13] * 60 + part[15]) * 60;
        if (m[12].rm_so >= 0 && text[m[12].rm_so] == '-') offset = -offset;
        assert_int_equal(r.local, local);
        assert_int_equal(r.offset, offset);
        assert_int_equal(r.has_offset, m[12].rm_so >= 0);
    }
    assert_true(accepted > 10000);
    regfree(&pattern);
}

/* ---- spans ---------------------------------------------------------------------------------------------------------- */

static void spans_are_days_or_microseconds(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t days, micros;
    } cases[] = {{"7D", 7, 0},
                 {"12W", 84, 0},
                 {"365d", 365, 0},
                 {"0D", 0, 0},
                 {"36H", 0, 36 * HOUR},
                 {"36h", 0, 36 * HOUR},
                 {"90min", 0, 90 * 60 * PT_SECOND},
                 {"30s", 0, 30 * PT_SECOND},
                 {"250ms", 0, 250000},
                 {"1us", 0, 1},
                 {"3652425D", 3652425, 0},
                 {"0000000000000000000000007D", 7, 0}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        int64_t days = -1, micros = -1;
        assert_int_equal(pt_parse_span(cases[i].text, &days, &micros, NULL), PATRON_OK);
        assert_int_equal(days, cases[i].days);
        assert_int_equal(micros, cases[i].micros);
    }
}

static void spans_without_a_fixed_length_or_a_meaning_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"3M", "expected days"},
        {"3m", "\"min\""},
        {"2months", "expected days"},
        {"1Y", "365D"},
        {"1Q", "expected days"},
        {"", "whole number and a unit"},
        {"D", "whole number"},
        {"7", "whole number"},
        {"M", "whole number"},
        {"-7D", "whole number"},
        {"+7D", "whole number"},
        {"1.5H", "whole number"},
        {"7 D", "whole number"},
        {"7D ", "whole number"},
        {"7DD", "whole number"},
        {"7天", "The span '7天' is not"},
        {"7D\xff\n", "The span '7D?\?' is not"},
        {"99999999999999999999999999999999999999999999999999999999999999999999D", "999999999' is longer than 10,000 years"},
        {"3652426D", "10,000 years"},
        {"521776W", "10,000 years"},
        {"87658201H", "10,000"},
        {"99999999999999999999D", "10,000 years"},
        {"18446744073709551617us", "10,000 years"}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        patron_error error = {0};
        int64_t days = -1, micros = -1;
        assert_int_equal(pt_parse_span(cases[i][0], &days, &micros, &error), PATRON_ERR_INVALID);
        assert_true(days == -1 && micros == -1);
        if (strstr(error.message, cases[i][1]) == NULL) fail_msg("'%s' lacks '%s'", error.message, cases[i][1]);
    }
    int64_t days, micros;
    assert_int_equal(pt_parse_span(NULL, &days, &micros, NULL), PATRON_ERR_INVALID);
}

/* ---- speed, printed for whoever looks -------------------------------------------------------------------------------- */

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void iso_and_format_agree_and_their_cost_is_printed(void **state) {
    (void)state;
    enum { TEXTS = 4096, ROUNDS = 200, STRIDE = 32 };
    char *texts = malloc((size_t)TEXTS * STRIDE);
    uint64_t seed = 7, sum[2] = {0};
    for (int i = 0; i < TEXTS; i++) {
        pt_format_instant((int64_t)(next_random(&seed) % 2000000000) * PT_SECOND, texts + i * STRIDE, STRIDE);
        texts[i * STRIDE + 10] = ' ';
    }
    for (int kind = 0; kind < 2; kind++) {
        double begin = cpu_seconds();
        for (int i = 0; i < TEXTS * ROUNDS; i++) {
            int64_t local = 0;
            bool has_offset;
            int32_t offset;
            const char *text = texts + i % TEXTS * STRIDE;
            bool ok = kind == 0 ? pt_parse_iso(text, 19, &local, &has_offset, &offset)
                                : pt_parse_format("%Y-%m-%d %H:%M:%S", text, 19, &local, &has_offset, &offset);
            sum[kind] = sum[kind] * 31 + (uint64_t)local + ok;
        }
        print_message("%-20s %6.1f ns\n", kind == 0 ? "pt_parse_iso" : "pt_parse_format",
                      (cpu_seconds() - begin) * 1e9 / ((double)TEXTS * ROUNDS));
    }
    assert_true(sum[0] == sum[1]);
    free(texts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_text_is_read),
        cmocka_unit_test(text_that_is_no_iso_time_is_refused),
        cmocka_unit_test(formats_read_their_text),
        cmocka_unit_test(formats_refuse_what_is_not_their_text),
        cmocka_unit_test(a_format_that_cannot_be_meant_is_refused_with_the_place),
        cmocka_unit_test(instants_are_written),
        cmocka_unit_test(two_million_random_texts_are_read_to_the_same_instant_again_or_refused),
        cmocka_unit_test(random_formats_never_crash),
        cmocka_unit_test(iso_text_is_read_exactly_where_a_regular_expression_reads_it),
        cmocka_unit_test(spans_are_days_or_microseconds),
        cmocka_unit_test(spans_without_a_fixed_length_or_a_meaning_are_refused),
        cmocka_unit_test(iso_and_format_agree_and_their_cost_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
