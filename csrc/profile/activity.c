/* profile/activity.c: that someone was there: events of every kind, first and last, local days. */
#include "profile/walk.h"

static patron_status begin(pt_walk *walk, patron_error *error) {
    (void)error;
    if (walk->activity.cursor.zone == NULL) walk->activity.cursor = pt_zone_cursor_at(walk->plan->log->zone);
    walk->activity.days.n = 0;
    return PATRON_OK;
}

static void add(pt_walk *walk, int64_t low, int64_t high) {
    const int64_t *time = walk->plan->time;
    pt_zone_cursor cursor = walk->activity.cursor; /* in registers */
    pt_day_count days = walk->activity.days;
    for (int64_t i = high; i-- > low;) pt_day_count_add(&days, pt_cursor_local_day(&cursor, time[i]));
    walk->activity.cursor = cursor;
    walk->activity.days = days;
}

static void emit(pt_walk *walk) {
    pt_put_integer(walk, PT_events, walk->end - walk->low);
    pt_put_integer(walk, PT_active_days, walk->activity.days.n);
}

static patron_status finish(pt_walk *walk, patron_error *error) {
    (void)error;
    const int64_t *time = walk->plan->time;
    if (walk->end == walk->first) {
        pt_put_null(walk, PT_first_event);
        pt_put_null(walk, PT_last_event);
        pt_put_null(walk, PT_tenure_days);
        return PATRON_OK;
    }
    pt_put_integer(walk, PT_first_event, time[walk->first]);
    pt_put_integer(walk, PT_last_event, time[walk->end - 1]);
    pt_put_ratio(walk, PT_tenure_days, (__int128)walk->plan->as_of - time[walk->first], PT_DAY);
    return PATRON_OK;
}

const pt_family pt_family_activity = {"activity", begin, add, emit, finish, NULL};
