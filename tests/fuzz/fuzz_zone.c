/* tests/fuzz/fuzz_zone.c: tables of transitions, sound or not, and instants and local times asked of them. A zone that is
 * accepted answers as a scan of all its intervals does, and a cursor as the plain calls do. */
#include "data/calendar.h"
#include "target.h"

enum { MOST = 40, ASKED = 12 };

typedef struct table {
    int64_t n, from[MOST];
    int32_t offset[MOST], before;
} table;

static int32_t slow_offset(const table *t, int64_t instant) {
    int32_t offset = t->before;
    for (int64_t i = 0; i < t->n && t->from[i] <= instant; i++) offset = t->offset[i];
    return offset;
}

/* Instants with this local time: how many intervals have one, and the first. */
static int slow_instant(const table *t, int64_t local, int64_t *first) {
    int fits = 0;
    int32_t offset = t->before;
    for (int64_t i = -1; i < t->n; i++) {
        int64_t end = i + 1;
        if (i >= 0 && t->offset[i] == offset) continue; /* changes nothing */
        if (i >= 0) offset = t->offset[i];
        while (end < t->n && t->offset[end] == offset) end++;
        int64_t instant = pt_add_saturating(local, -(int64_t)offset * PT_SECOND);
        if ((i >= 0 && instant < t->from[i]) || (end < t->n && instant >= t->from[end])) continue;
        if (fits++ == 0) *first = instant;
    }
    return fits;
}

static int64_t some_instant(fuzz_recipe *r, const table *t) {
    const int64_t base = t->n > 0 && fuzz_below(r, 4) != 0 ? t->from[fuzz_below(r, MOST) % t->n] : fuzz_whole(r);
    static const int64_t units[] = {0, 1, PT_SECOND, 3600 * PT_SECOND, PT_DAY};
    return pt_add_saturating(base, (fuzz_below(r, 61) - 30) * units[fuzz_below(r, 5)]);
}

static void ask(const pt_timezone *zone, const table *t, fuzz_recipe *r) {
    pt_zone_cursor cursor = pt_zone_cursor_at(zone);
    for (int k = 0; k < ASKED; k++) {
        const int64_t x = some_instant(r, t);
        const int32_t offset = slow_offset(t, x);
        FUZZ_ASSERT(pt_utc_offset(zone, x) == offset);
        FUZZ_ASSERT(pt_local_time(zone, x) == pt_add_saturating(x, offset * PT_SECOND));
        FUZZ_ASSERT(pt_cursor_local_time(&cursor, x) == pt_local_time(zone, x));
        FUZZ_ASSERT(pt_cursor_local_day(&cursor, x) == pt_local_day(zone, x));
        bool doubtful = false, same_doubt = true;
        int64_t first = 0, year;
        int month, day;
        const int64_t instant = pt_instant(zone, x, &doubtful);
        FUZZ_ASSERT(pt_cursor_instant(&cursor, x, &same_doubt) == instant && same_doubt == doubtful);
        const int fits = slow_instant(t, x, &first);
        FUZZ_ASSERT(doubtful == (fits != 1) && (fits == 0 || instant == first));
        FUZZ_ASSERT(pt_add_days(zone, x, 0) == x);
        (void)pt_add_days(zone, x, fuzz_whole(r));
        (void)pt_day_start(zone, x);
        pt_civil_from_days(x, &year, &month, &day);
        FUZZ_ASSERT(pt_days_from_civil(year, month, day) == x);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_recipe r = {data, size, 0};
    patron_ctx *ctx = fuzz_begin(data, size);
    table t = {.n = fuzz_below(&r, MOST + 1)};
    const bool rising = !fuzz_rarely(&r, 4), small = !fuzz_rarely(&r, 8);
    int64_t at = fuzz_whole(&r);
    t.before = small ? (int32_t)(fuzz_below(&r, 256) - 128) * 600 : (int32_t)fuzz_whole(&r);
    for (int64_t i = 0; i < t.n; i++) {
        at = rising ? pt_add_saturating(at, (1 + fuzz_below(&r, 256)) * (fuzz_rarely(&r, 3) ? 1 : 1800 * PT_SECOND))
                    : fuzz_whole(&r);
        t.from[i] = at;
        t.offset[i] = small ? (int32_t)(fuzz_below(&r, 256) - 128) * 600 : (int32_t)fuzz_whole(&r);
    }
    /* arrays of the exact size */
    int64_t *from = fuzz_scratch((size_t)t.n * sizeof *from);
    int32_t *offset = fuzz_scratch((size_t)t.n * sizeof *offset);
    memcpy(from, t.from, (size_t)t.n * sizeof *from);
    memcpy(offset, t.offset, (size_t)t.n * sizeof *offset);
    size_t n;
    const patron_timezone given = {fuzz_text(&r, 20, &n), t.n, from, offset, t.before};
    pt_timezone *zone = NULL;
    patron_error error = {0};
    patron_status status = pt_timezone_create(ctx, &given, &zone, &error);
    FUZZ_ASSERT((status == PATRON_OK) == (zone != NULL));
    if (status == PATRON_OK) {
        fuzz_welcome();
        for (int64_t i = 1; i < zone->n; i++) FUZZ_ASSERT(zone->from[i - 1] < zone->from[i]);
        ask(zone, &t, &r);
    } else {
        FUZZ_ASSERT(status == PATRON_ERR_INVALID && error.status == status && error.message[0] != '\0');
    }
    pt_timezone_release(zone);
    fuzz_end();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return fuzz_mutate_recipe(data, size, 400, max_size, seed);
}
