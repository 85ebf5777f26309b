/* profile/walk.h: one user's way through a profile, and what a family of measures has to bring.
 *
 *            start of 365D        start of 30D     as_of
 *     ──●──●──────┼───●────●───●──────┼────●──●──────┼───▶ time
 *       └ step 3 ─┘└───── step 2 ─────┘└── step 1 ───┘
 *       then totals    then _365d        then _30d           what is emitted after the step
 *
 * Every window ends at as_of, so windows are nested, and a user's events are walked once, from the last to the first: after the
 * step that reaches the start of a window, the running sums are that window's; at the end they are the totals. This holds for
 * sums and counts, and for distinct counts as well (a thing counts when it is met for the first time).
 *
 * A family is a file that keeps running sums of its own in pt_walk and has up to five functions. To add one: its measures in
 * definitions.h, its state here, its functions in a file, a line in the list of profile.c. A family may read the state of one
 * that stands before it in the list. */
#ifndef PT_PROFILE_WALK_H
#define PT_PROFILE_WALK_H

#include "base/exact.h"
#include "data/log.h"
#include "profile/code_set.h"
#include "profile/definitions.h"

/* What a profile is computed from. Columns that the log lacks are NULL. */
typedef struct pt_plan {
    const patron_log *log;
    int64_t as_of;
    const int64_t *time;
    const uint16_t *kinds;
    const int32_t *item, *order;
    const int64_t *amount, *quantity, *discount;
    int64_t n_items, n_orders; /* codes there are */
    int64_t n_windows;
    int64_t *starts;   /* of windows, falling: the shortest window first */
    int32_t *columns;  /* [1 + n_windows][PT_N_MEASURES]: where a measure goes; totals first, then windows as in starts */
    int64_t n_columns; /* also the column that takes what nobody asked for */
} pt_plan;

/* Distinct local days of instants met from the last to the first. Where clocks are set back across midnight a day comes a
 * second time, so the days from the least one on are remembered. Two offsets are less than two days apart, and so is that. */
typedef struct pt_day_count {
    int64_t n, least;
    uint64_t seen; /* bit i: day least + i was counted */
} pt_day_count;

static inline void pt_day_count_add(pt_day_count *count, int64_t day) {
    if (count->n == 0) {
        *count = (pt_day_count){1, day, 1};
    } else if (day < count->least) {
        int64_t by = count->least - day;
        count->seen = (by < 64 ? count->seen << by : 0) | 1;
        count->least = day;
        count->n++;
    } else if (day > count->least) {
        uint64_t bit = UINT64_C(1) << ((day - count->least) & 63);
        count->n += (count->seen & bit) == 0;
        count->seen |= bit;
    }
}

typedef struct pt_activity {
    pt_zone_cursor cursor;
    pt_day_count days;
} pt_activity;

typedef struct pt_purchases {
    pt_zone_cursor cursor;
    pt_day_count days;
    int64_t n; /* purchase events */
    int64_t first, last;
    pt_code_set orders, items;
    int64_t n_items;
    int64_t n_baskets;
    int64_t *basket_time; /* of its first event; in the order of last events, the latest first */
    __int128 *basket_total;
    int64_t time_capacity, total_capacity;
    bool has_instant; /* a basket without order id is open, */
    int64_t instant;  /* of this time, */
    uint32_t instant_basket;
    __int128 revenue, quantity, discount, largest;
} pt_purchases;

typedef struct pt_returns {
    int64_t n;
    __int128 returned;
} pt_returns;

typedef struct pt_rhythm {
    uint64_t *sorted, *scratch;
    int64_t sorted_capacity, scratch_capacity;
} pt_rhythm;

/* One cell of a result; integers also hold instants. */
typedef union pt_cell {
    int64_t integer;
    double number;
} pt_cell;

/* Rows are gathered in a tile, column after column, and copied out PT_TILE rows at a time. */
enum { PT_TILE = 64 };

typedef struct pt_walk {
    const pt_plan *plan;
    int64_t first, end;     /* events of this user before as_of: [first, end) */
    int64_t low;            /* those added so far: [low, end) */
    const int32_t *columns; /* of the scope that is emitted */
    pt_cell *tile;          /* [n_columns + 1][PT_TILE] */
    uint64_t *valid;        /* [n_columns + 1]: bit i for row i of the tile */
    int row;                /* in the tile */
    pt_activity activity;
    pt_purchases purchases;
    pt_returns returns;
    pt_rhythm rhythm;
} pt_walk;

/* Any may be NULL. */
typedef struct pt_family {
    const char *name;
    patron_status (*begin)(pt_walk *walk, patron_error *error); /* a new user: makes room for end - first events, clears sums */
    void (*add)(pt_walk *walk, int64_t low, int64_t high);      /* adds events [low, high), which precede those added so far */
    void (*emit)(pt_walk *walk);                                /* windowed measures, for a window or the totals */
    patron_status (*finish)(pt_walk *walk, patron_error *error); /* the other measures: all events have been added */
    void (*fini)(patron_ctx *ctx, pt_walk *walk);                /* frees its scratch */
} pt_family;

extern const pt_family pt_family_activity, pt_family_purchases, pt_family_returns, pt_family_rhythm;

static inline pt_cell *pt_cell_of(pt_walk *walk, pt_measure measure) {
    return &walk->tile[(int64_t)walk->columns[measure] * PT_TILE + walk->row];
}

static inline void pt_put_integer(pt_walk *walk, pt_measure measure, int64_t value) {
    pt_cell_of(walk, measure)->integer = value;
}

static inline void pt_put_number(pt_walk *walk, pt_measure measure, double value) { pt_cell_of(walk, measure)->number = value; }

static inline void pt_put_null(pt_walk *walk, pt_measure measure) {
    pt_cell_of(walk, measure)->integer = 0;
    walk->valid[walk->columns[measure]] &= ~(UINT64_C(1) << walk->row);
}

static inline void pt_put_ratio(pt_walk *walk, pt_measure measure, __int128 numerator, unsigned __int128 denominator) {
    pt_put_number(walk, measure, pt_ratio(numerator, denominator));
}

#endif
