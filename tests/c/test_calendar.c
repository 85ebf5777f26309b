/* Civil dates and zones, against slow twins: a calendar turned page by page for dates, a scan of instants for zones. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contexts.h"
#include "data/calendar.h"

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

/* Any int64, with small and extreme ones as likely as large ones. */
static int64_t random_int64(uint64_t *state) {
    uint64_t bits = next_random(state), shift = next_random(state) % 64, kind = next_random(state) % 8;
    if (kind == 0) return INT64_MAX - (int64_t)(bits >> 40);
    if (kind == 1) return INT64_MIN + (int64_t)(bits >> 40);
    return (int64_t)bits >> shift;
}

static int64_t at(int64_t year, int month, int day, int hour, int minute) {
    return pt_days_from_civil(year, month, day) * PT_DAY + (hour * 60 + minute) * 60 * PT_SECOND;
}

/* ---- dates ---------------------------------------------------------------------------------------------------------- */

static void known_dates_have_their_day_numbers(void **state) {
    (void)state;
    assert_int_equal(pt_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(pt_days_from_civil(1969, 12, 31), -1);
    assert_int_equal(pt_days_from_civil(2000, 2, 29), 11016);
    assert_int_equal(pt_days_from_civil(2024, 1, 5), 19727);
    assert_int_equal(pt_days_from_civil(1, 1, 1), -719162);
    assert_int_equal(pt_days_from_civil(9999, 12, 31), 2932896);
    assert_int_equal(pt_days_from_civil(2024, 14, 0), pt_days_from_civil(2025, 1, 31));
    assert_int_equal(pt_days_from_civil(2024, -11, 1), pt_days_from_civil(2023, 1, 1));
    assert_int_equal(pt_days_from_civil(2023, 1, 366), pt_days_from_civil(2024, 1, 1));
    assert_int_equal(pt_days_in_month(1900, 2), 28);
    assert_int_equal(pt_days_in_month(2000, 2), 29);
    assert_int_equal(pt_days_in_month(2024, 2), 29);
    assert_int_equal(pt_days_in_month(2024, 12), 31);
}

/* A calendar that only knows how to turn its page. */
typedef struct page {
    int64_t year;
    int month, day;
} page;

static int length_of_month(const page *p) {
    if (p->month == 2) return (p->year % 4 == 0) - (p->year % 100 == 0) + (p->year % 400 == 0) + 28;
    return p->month == 4 || p->month == 6 || p->month == 9 || p->month == 11 ? 30 : 31;
}

static void turn(page *p) {
    if (++p->day <= length_of_month(p)) return;
    p->day = 1;
    if (++p->month <= 12) return;
    p->month = 1;
    p->year++;
}

static void turn_back(page *p) {
    if (--p->day >= 1) return;
    if (--p->month < 1) {
        p->month = 12;
        p->year--;
    }
    p->day = length_of_month(p);
}

static void assert_page(int64_t number, const page *p) {
    int64_t year;
    int month, day;
    pt_civil_from_days(number, &year, &month, &day);
    if (year != p->year || month != p->month || day != p->day || pt_days_from_civil(p->year, p->month, p->day) != number)
        fail_msg("Day %lld is %lld-%d-%d; expected %lld-%d-%d", (long long)number, (long long)year, month, day,
                 (long long)p->year, p->month, p->day);
}

static void every_day_from_minus_400_to_2800_agrees_with_a_calendar_turned_page_by_page(void **state) {
    (void)state;
    page p = {1970, 1, 1};
    for (int64_t n = 0; p.year <= 2800; n++, turn(&p)) assert_page(n, &p);
    p = (page){1970, 1, 1};
    int64_t n = 0;
    for (; p.year >= -400; n--, turn_back(&p)) assert_page(n, &p);
    assert_int_equal(n, pt_days_from_civil(-400, 1, 1) - 1);
}

static void every_int64_is_a_date_and_comes_back(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 1000000; i++) {
        int64_t number = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : random_int64(&seed), year;
        int month, day;
        pt_civil_from_days(number, &year, &month, &day);
        assert_in_range(month, 1, 12);
        assert_in_range(day, 1, pt_days_in_month(year, month));
        assert_int_equal(pt_days_from_civil(year, month, day), number);
    }
}

static void dates_beyond_int64_stay_at_its_ends(void **state) {
    (void)state;
    assert_int_equal(pt_days_from_civil(INT64_MAX, 12, 31), INT64_MAX);
    assert_int_equal(pt_days_from_civil(INT64_MIN, 1, 1), INT64_MIN);
    assert_int_equal(pt_days_from_civil(INT64_MAX, INT32_MAX, INT32_MAX), INT64_MAX);
    assert_int_equal(pt_days_from_civil(INT64_MIN, INT32_MIN, INT32_MIN), INT64_MIN);
}

/* ---- zones ---------------------------------------------------------------------------------------------------------- */

static pt_timezone *zone_of(patron_ctx *ctx, const char *name, int32_t first, int64_t n, const int64_t *from,
                            const int32_t *offset) {
    patron_error error = {0};
    pt_timezone *zone = NULL;
    patron_timezone in = {name, n, from, offset, first};
    if (pt_timezone_create(ctx, &in, &zone, &error) != PATRON_OK) fail_msg("%s", error.message);
    return zone;
}

static pt_timezone *berlin(patron_ctx *ctx) {
    int64_t from[] = {at(2023, 3, 26, 1, 0), at(2023, 10, 29, 1, 0), at(2024, 3, 31, 1, 0), at(2024, 10, 27, 1, 0)};
    int32_t offset[] = {7200, 3600, 7200, 3600};
    return zone_of(ctx, "Europe/Berlin", 3600, 4, from, offset);
}

static void summer_time_begins_and_ends_at_its_instant(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    pt_timezone *zone = berlin(ctx);
    assert_int_equal(pt_utc_offset(zone, INT64_MIN), 3600);
    assert_int_equal(pt_utc_offset(zone, at(2023, 3, 26, 1, 0) - 1), 3600);
    assert_int_equal(pt_utc_offset(zone, at(2023, 3, 26, 1, 0)), 7200);
    assert_int_equal(pt_utc_offset(zone, at(2023, 10, 29, 1, 0) - 1), 7200);
    assert_int_equal(pt_utc_offset(zone, at(2023, 10, 29, 1, 0)), 3600);
    assert_int_equal(pt_utc_offset(zone, at(2024, 7, 1, 0, 0)), 7200);
    assert_int_equal(pt_utc_offset(zone, INT64_MAX), 3600);
    assert_int_equal(pt_local_time(zone, at(2024, 7, 1, 22, 30)), at(2024, 7, 2, 0, 30));
    assert_int_equal(pt_local_day(zone, at(2024, 7, 1, 22, 0) - 1), pt_days_from_civil(2024, 7, 1));
    assert_int_equal(pt_local_day(zone, at(2024, 7, 1, 22, 0)), pt_days_from_civil(2024, 7, 2));
    assert_int_equal(pt_local_day(zone, at(1960, 1, 1, 22, 59)), pt_days_from_civil(1960, 1, 1));
    assert_int_equal(pt_local_day(zone, at(1960, 1, 1, 23, 0)), pt_days_from_civil(1960, 1, 2));
    pt_timezone_release(zone);
    patron_ctx_destroy(ctx);
}

static void a_time_that_happens_twice_is_the_first_and_a_skipped_one_moves_on(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    pt_timezone *zone = berlin(ctx);
    bool doubtful = true;
    assert_int_equal(pt_instant(zone, at(2024, 7, 1, 12, 0), &doubtful), at(2024, 7, 1, 10, 0));
    assert_false(doubtful);
    assert_int_equal(pt_instant(zone, at(2024, 10, 27, 2, 30), &doubtful), at(2024, 10, 27, 0, 30));
    assert_true(doubtful);
    assert_int_equal(pt_instant(zone, at(2024, 10, 27, 3, 0), &doubtful), at(2024, 10, 27, 2, 0));
    assert_false(doubtful);
    int64_t moved = pt_instant(zone, at(2024, 3, 31, 2, 30), &doubtful);
    assert_true(doubtful);
    assert_int_equal(moved, at(2024, 3, 31, 1, 30));
    assert_int_equal(pt_local_time(zone, moved), at(2024, 3, 31, 3, 30));
    assert_int_equal(pt_instant(zone, at(2024, 3, 31, 3, 0), &doubtful), at(2024, 3, 31, 1, 0));
    assert_false(doubtful);
    assert_int_equal(pt_instant(zone, at(2024, 3, 31, 2, 30), NULL), moved);
    pt_timezone_release(zone);
    patron_ctx_destroy(ctx);
}

static void adding_days_keeps_the_clock_over_a_change_of_offset(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    pt_timezone *zone = berlin(ctx);
    int64_t noon = at(2024, 3, 30, 11, 0); /* 12:00 local */
    assert_int_equal(pt_add_days(zone, noon, 1), noon + PT_DAY - HOUR);
    assert_int_equal(pt_add_days(zone, noon + PT_DAY - HOUR, -1), noon);
    assert_int_equal(pt_add_days(zone, noon, 365), noon + 365 * PT_DAY);
    assert_int_equal(pt_add_days(zone, at(2024, 3, 30, 1, 30), 1), at(2024, 3, 31, 1, 30)); /* 02:30, skipped */
    int64_t second = at(2024, 10, 27, 1, 30);                                               /* 02:30 for the second time */
    assert_int_equal(pt_add_days(zone, second, 0), second);
    assert_int_equal(pt_add_days(zone, INT64_MAX, INT64_MAX), INT64_MAX - HOUR);
    assert_int_equal(pt_add_days(zone, INT64_MIN, INT64_MIN), INT64_MIN);
    assert_int_equal(pt_add_days(zone, 0, INT64_MAX), INT64_MAX - HOUR);
    assert_int_equal(pt_add_days(zone, 0, INT64_MIN), INT64_MIN);
    assert_int_equal(pt_day_start(zone, INT64_MAX), INT64_MAX - HOUR);
    assert_int_equal(pt_day_start(zone, INT64_MIN), INT64_MIN);
    assert_int_equal(pt_day_start(zone, pt_days_from_civil(2024, 7, 1)), at(2024, 6, 30, 22, 0));
    /* Sao Paulo skipped midnight: the day begins at 01:00. */
    int64_t from[] = {at(2018, 11, 4, 3, 0)};
    int32_t offset[] = {-7200};
    pt_timezone *sao_paulo = zone_of(ctx, "America/Sao_Paulo", -10800, 1, from, offset);
    int64_t start = pt_day_start(sao_paulo, pt_days_from_civil(2018, 11, 4));
    assert_int_equal(start, from[0]);
    assert_int_equal(pt_local_day(sao_paulo, start), pt_local_day(sao_paulo, start - 1) + 1);
    pt_timezone_release(sao_paulo);
    pt_timezone_release(zone);
    patron_ctx_destroy(ctx);
}

/* Zones with changes every few hours, in quarters of an hour, so that a scan of quarters sees everything. */
static void random_zones_agree_with_a_scan_of_all_instants(void **state) {
    (void)state;
    enum { STEPS = 400, CHANGES = 12 };
    const int64_t quarter = 15 * 60 * PT_SECOND;
    patron_ctx *ctx = new_ctx(0);
    uint64_t seed = 2;
    int64_t twice = 0, skipped = 0;
    for (int round = 0; round < 150; round++) {
        int64_t from[CHANGES];
        int32_t offset[CHANGES];
        int64_t instant = -STEPS / 4 * quarter;
        int64_t n = (int64_t)(next_random(&seed) % (CHANGES + 1));
        int span = round % 3 == 0 ? 190 : 12;
        for (int64_t i = 0; i < n; i++) {
            from[i] = instant += (1 + (int64_t)(next_random(&seed) % 40)) * quarter;
            offset[i] = ((int32_t)(next_random(&seed) % (uint64_t)span) - span / 2) * 900;
        }
        pt_timezone *zone = zone_of(ctx, "Test/Random", ((int32_t)(next_random(&seed) % 9) - 4) * 900, n, from, offset);
        for (int step = -STEPS; step < STEPS; step++) {
            int64_t local = step * quarter + 7, first = 0, moved = 0;
            int fits = 0, gaps = 0;
            for (int64_t t = local - PT_DAY; t <= local + PT_DAY; t += quarter) {
                int64_t reads = t + pt_utc_offset(zone, t) * PT_SECOND;
                int64_t before = t - quarter + pt_utc_offset(zone, t - quarter) * PT_SECOND;
                if (reads == local && fits++ == 0) first = t;
                if (before < local && local < reads && gaps++ == 0) moved = t - quarter + (local - before);
            }
            bool doubtful;
            int64_t found = pt_instant(zone, local, &doubtful);
            assert_int_equal(found, fits > 0 ? first : moved);
            assert_int_equal(doubtful, fits != 1);
            twice += fits > 1;
            skipped += fits == 0;
        }
        pt_timezone_release(zone);
    }
    assert_true(twice > 100 && skipped > 100);
    patron_ctx_destroy(ctx);
}

static void a_cursor_gives_what_the_plain_calls_give(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    pt_timezone *zones[] = {berlin(ctx), NULL, NULL};
    int64_t ends[] = {INT64_MIN, INT64_MAX};
    int32_t offset[] = {86399, -86399};
    zones[1] = zone_of(ctx, "Test/Ends", 60, 2, ends, offset);
    assert_int_equal(pt_timezone_create(ctx, NULL, &zones[2], NULL), PATRON_OK);
    uint64_t seed = 3;
    for (size_t z = 0; z < LENGTH(zones); z++) {
        pt_zone_cursor cursor = pt_zone_cursor_at(zones[z]);
        int64_t base = at(2023, 1, 1, 0, 0);
        for (int i = 0; i < 300000; i++) {
            int64_t t =
                i % 3 == 0 ? random_int64(&seed) : base + (int64_t)(next_random(&seed) % 730) * PT_DAY + i % 48 * (HOUR / 2);
            assert_int_equal(pt_cursor_local_time(&cursor, t), pt_local_time(zones[z], t));
            assert_int_equal(pt_cursor_local_day(&cursor, t), pt_local_day(zones[z], t));
            bool a, b;
            assert_int_equal(pt_cursor_instant(&cursor, t, &a), pt_instant(zones[z], t, &b));
            assert_int_equal(a, b);
            (void)pt_add_days(zones[z], t, random_int64(&seed));
            (void)pt_day_start(zones[z], t);
        }
        pt_timezone_release(zones[z]);
    }
    patron_ctx_destroy(ctx);
}

static void a_cursor_gives_what_the_plain_calls_give_where_time_ends(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    for (int64_t hours = 0; hours < 60; hours++) {
        const int64_t from[] = {INT64_MIN + hours * HOUR, INT64_MAX - hours * HOUR};
        const int32_t offset[] = {15600, -31200};
        pt_timezone *zone = zone_of(ctx, "Test/Ends", -72600, 2, from, offset);
        for (int64_t away = 0; away < 60; away++) {
            const int64_t times[] = {INT64_MIN + away * HOUR, INT64_MAX - away * HOUR};
            for (size_t i = 0; i < LENGTH(times); i++) {
                pt_zone_cursor cursor = pt_zone_cursor_at(zone);
                (void)pt_cursor_local_time(&cursor, times[i]);
                bool a, b;
                assert_int_equal(pt_cursor_instant(&cursor, times[i], &a), pt_instant(zone, times[i], &b));
                assert_int_equal(a, b);
            }
        }
        pt_timezone_release(zone);
    }
    patron_ctx_destroy(ctx);
}

static void a_zone_keeps_its_own_copy_and_drops_changes_that_change_nothing(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    char name[] = "Asia/Shanghai";
    int64_t from[] = {10, 20, 30};
    int32_t offset[] = {3600, 3600, 7200};
    pt_timezone *zone = zone_of(ctx, name, 3600, 3, from, offset);
    memset(name, 'x', sizeof name - 1);
    from[2] = 5;
    assert_string_equal(zone->name, "Asia/Shanghai");
    assert_int_equal(zone->n, 1);
    assert_int_equal(zone->from[0], 30);
    assert_int_equal(pt_utc_offset(zone, 29), 3600);
    assert_int_equal(pt_utc_offset(zone, 30), 7200);
    pt_timezone *same = pt_timezone_retain(zone);
    pt_timezone_release(zone);
    patron_ctx_destroy(ctx); /* the zone holds a reference */
    assert_int_equal(pt_utc_offset(same, 30), 7200);
    pt_timezone_release(same);
    pt_timezone_release(NULL);
}

/* Zones drawn from so few instants and offsets that many pairs agree for long: found by asking at every instant. */
static void two_zones_part_at_the_first_instant_at_which_their_offsets_differ(void **state) {
    (void)state;
    enum { PAIRS = 20000, INSTANTS = 8 };
    patron_ctx *ctx = new_ctx(0);
    uint64_t random = 5;
    int64_t met[3] = {0}; /* never, at an instant, from the beginning on */
    for (int pair = 0; pair < PAIRS; pair++) {
        pt_timezone *zones[2];
        for (int z = 0; z < 2; z++) {
            int64_t from[INSTANTS], n = 0;
            int32_t offsets[INSTANTS];
            for (int64_t t = 0; t < INSTANTS; t++) {
                if (next_random(&random) % 4 != 0) continue;
                from[n] = t;
                offsets[n++] = (int32_t)(next_random(&random) % 3) * 3600;
            }
            patron_timezone zone = {"Test/Z", n, from, offsets, next_random(&random) % 8 == 0 ? 3600 : 0};
            assert_int_equal(pt_timezone_create(ctx, &zone, &zones[z], NULL), PATRON_OK);
        }
        int64_t expected = -2, found = 77;
        for (int64_t t = INSTANTS; t >= -1; t--)
            if (pt_utc_offset(zones[0], t) != pt_utc_offset(zones[1], t)) expected = t;
        assert_int_equal(pt_timezone_part(zones[0], zones[1], &found), expected != -2);
        if (expected != -2) assert_int_equal(found, expected == -1 ? INT64_MIN : expected);
        met[expected == -2 ? 0 : expected == -1 ? 2 : 1]++;
        pt_timezone_release(zones[0]);
        pt_timezone_release(zones[1]);
    }
    for (int i = 0; i < 3; i++) assert_true(met[i] > PAIRS / 50);
    patron_ctx_destroy(ctx);
}

static void zones_that_make_no_sense_are_refused(void **state) {
    (void)state;
    patron_ctx *ctx = new_ctx(0);
    int64_t falling[] = {20, 20}, rising[] = {10, 20};
    int32_t good[] = {3600, 7200}, bad[] = {3600, 86400};
    const struct {
        patron_timezone zone;
        const char *says;
    } cases[] = {{{"Test/A", 2, falling, good, 0}, "transition 1 at 20 after one at 20"},
                 {{"Test/B", 2, rising, bad, 0}, "86400 seconds"},
                 {{"Test/C", 0, NULL, NULL, -86400}, "-86400 seconds"},
                 {{"Test/D", -1, NULL, NULL, 0}, "n_transitions -1"},
                 {{"Test/E", 1, NULL, good, 0}, "no arrays"},
                 {{"Test/F", 1, rising, NULL, 0}, "no arrays"},
                 {{"Test/\xff", 0, NULL, NULL, 0}, "The name of the time zone is 'Test/?', which is not valid UTF-8"},
                 {{"Test\n", -1, NULL, NULL, 0}, "The time zone Test? has n_transitions -1"},
                 {{NULL, 0, NULL, NULL, 3600}, "no name"},
                 {{"", 0, NULL, NULL, 3600}, "no name"}};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        patron_error error = {0};
        pt_timezone *zone = NULL;
        assert_int_equal(pt_timezone_create(ctx, &cases[i].zone, &zone, &error), PATRON_ERR_INVALID);
        assert_null(zone);
        if (strstr(error.message, cases[i].says) == NULL) fail_msg("'%s' lacks '%s'", error.message, cases[i].says);
        assert_int_equal(pt_timezone_create(ctx, &cases[i].zone, &zone, NULL), PATRON_ERR_INVALID);
    }
    patron_ctx_destroy(ctx);
}

/* ---- speed, printed for whoever looks -------------------------------------------------------------------------------- */

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void cursor_and_plain_calls_agree_over_two_years_and_their_cost_is_printed(void **state) {
    (void)state;
    enum { N = 4096, ROUNDS = 200 };
    patron_ctx *ctx = new_ctx(0);
    pt_timezone *zone = berlin(ctx);
    int64_t *instants = malloc(N * sizeof *instants);
    for (int i = 0; i < N; i++) instants[i] = at(2023, 1, 1, 0, 0) + i * 4 * HOUR;
    static const char *const what[] = {"pt_local_day", "pt_cursor_local_day", "pt_instant", "pt_cursor_instant"};
    uint64_t sum[4] = {0};
    for (int kind = 0; kind < 4; kind++) {
        double begin = cpu_seconds();
        for (int round = 0; round < ROUNDS; round++) {
            pt_zone_cursor cursor = pt_zone_cursor_at(zone);
            for (int i = 0; i < N; i++) {
                int64_t t = instants[i];
                sum[kind] = sum[kind] * 31 + (uint64_t)(kind == 0   ? pt_local_day(zone, t)
                                                        : kind == 1 ? pt_cursor_local_day(&cursor, t)
                                                        : kind == 2 ? pt_instant(zone, t, NULL)
                                                                    : pt_cursor_instant(&cursor, t, NULL));
            }
        }
        print_message("%-20s %6.1f ns\n", what[kind], (cpu_seconds() - begin) * 1e9 / ((double)N * ROUNDS));
    }
    assert_true(sum[0] == sum[1]);
    assert_true(sum[2] == sum[3]);
    free(instants);
    pt_timezone_release(zone);
    patron_ctx_destroy(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates_have_their_day_numbers),
        cmocka_unit_test(every_day_from_minus_400_to_2800_agrees_with_a_calendar_turned_page_by_page),
        cmocka_unit_test(every_int64_is_a_date_and_comes_back),
        cmocka_unit_test(dates_beyond_int64_stay_at_its_ends),
        cmocka_unit_test(summer_time_begins_and_ends_at_its_instant),
        cmocka_unit_test(a_time_that_happens_twice_is_the_first_and_a_skipped_one_moves_on),
        cmocka_unit_test(adding_days_keeps_the_clock_over_a_change_of_offset),
        cmocka_unit_test(random_zones_agree_with_a_scan_of_all_instants),
        cmocka_unit_test(a_cursor_gives_what_the_plain_calls_give),
        cmocka_unit_test(a_cursor_gives_what_the_plain_calls_give_where_time_ends),
        cmocka_unit_test(a_zone_keeps_its_own_copy_and_drops_changes_that_change_nothing),
        cmocka_unit_test(two_zones_part_at_the_first_instant_at_which_their_offsets_differ),
        cmocka_unit_test(zones_that_make_no_sense_are_refused),
        cmocka_unit_test(cursor_and_plain_calls_agree_over_two_years_and_their_cost_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
