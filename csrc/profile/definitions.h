/* profile/definitions.h: every column of a profile, written down once. */
#ifndef PT_PROFILE_DEFINITIONS_H
#define PT_PROFILE_DEFINITIONS_H

#include "base/ctx.h"
#include "patron/profile.h"

/* What a cell holds. */
typedef enum pt_form { PT_COUNT = 0, PT_NUMBER = 1, PT_TIMESTAMP = 2 } pt_form;
/* Whether a measure is also taken for each window. */
typedef enum pt_reach { PT_TOTAL = 0, PT_WINDOWED = 1 } pt_reach;
/* Whether it merges over any split of the events, or needs a user's events in one place. */
typedef enum pt_merge { PT_ORDER_FREE = 0, PT_SEQUENTIAL = 1 } pt_merge;
/* When a cell is null. */
typedef enum pt_null_rule {
    PT_NULL_NEVER = 0,
    PT_NULL_NO_EVENTS = 1,
    PT_NULL_NO_ORDERS = 2,
    PT_NULL_NO_REVENUE = 3,
    PT_NULL_UNDER_2_ORDERS = 4,
    PT_NULL_UNDER_3_ORDERS = 5
} pt_null_rule;

/* Measures in the order of columns. X(name, family, form, reach, merge, role it needs ("": none), unit, null rule, meaning) */
#define PT_MEASURES(X)                                                                                                         \
    X(events, activity, PT_COUNT, PT_WINDOWED, PT_ORDER_FREE, "", "events", NEVER, "Events of every kind")                     \
    X(first_event, activity, PT_TIMESTAMP, PT_TOTAL, PT_ORDER_FREE, "", "timestamp", NO_EVENTS, "Time of the first event")     \
    X(last_event, activity, PT_TIMESTAMP, PT_TOTAL, PT_ORDER_FREE, "", "timestamp", NO_EVENTS, "Time of the last event")       \
    X(tenure_days, activity, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "", "days", NO_EVENTS,                                        \
      "Time from the first event to as_of, in days of 24 hours")                                                               \
    X(active_days, activity, PT_COUNT, PT_WINDOWED, PT_ORDER_FREE, "", "days", NEVER, "Local days with an event of any kind")  \
    X(orders, purchases, PT_COUNT, PT_WINDOWED, PT_ORDER_FREE, "", "orders", NEVER,                                            \
      "Distinct baskets bought: by order id where there is one, else purchases of one instant")                                \
    X(first_purchase, purchases, PT_TIMESTAMP, PT_TOTAL, PT_ORDER_FREE, "", "timestamp", NO_ORDERS,                            \
      "Time of the first purchase")                                                                                            \
    X(last_purchase, purchases, PT_TIMESTAMP, PT_TOTAL, PT_ORDER_FREE, "", "timestamp", NO_ORDERS,                             \
      "Time of the last purchase")                                                                                             \
    X(recency_days, purchases, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "", "days", NO_ORDERS,                                      \
      "Time from the last purchase to as_of, in days of 24 hours")                                                             \
    X(purchase_days, purchases, PT_COUNT, PT_TOTAL, PT_ORDER_FREE, "", "days", NEVER, "Local days with a purchase")            \
    X(revenue, purchases, PT_NUMBER, PT_WINDOWED, PT_ORDER_FREE, "amount", "money", NEVER,                                     \
      "Amounts of all purchases together, gross of returns; a missing amount counts as 0")                                     \
    X(avg_basket, purchases, PT_NUMBER, PT_WINDOWED, PT_ORDER_FREE, "amount", "money", NO_ORDERS, "Revenue divided by orders") \
    X(max_basket, purchases, PT_NUMBER, PT_WINDOWED, PT_ORDER_FREE, "amount", "money", NO_ORDERS,                              \
      "Amount of the largest order")                                                                                           \
    X(quantity, purchases, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "quantity", "units", NEVER,                                     \
      "Units bought; a missing quantity counts as 0")                                                                          \
    X(discount, purchases, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "discount", "money", NEVER,                                     \
      "Discounts on purchases; a missing discount counts as 0")                                                                \
    X(distinct_items, purchases, PT_COUNT, PT_WINDOWED, PT_ORDER_FREE, "item", "items", NEVER, "Distinct items bought")        \
    X(returns, returns, PT_COUNT, PT_WINDOWED, PT_ORDER_FREE, "", "events", NEVER, "Return events")                            \
    X(returned, returns, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "amount", "money", NEVER,                                         \
      "Amounts of all returns together, as a positive number; a missing amount counts as 0")                                   \
    X(return_share, returns, PT_NUMBER, PT_TOTAL, PT_ORDER_FREE, "amount", "share", NO_REVENUE, "Returned divided by revenue") \
    X(net_revenue, returns, PT_NUMBER, PT_WINDOWED, PT_ORDER_FREE, "amount", "money", NEVER, "Revenue less what was returned") \
    X(gap_mean_days, rhythm, PT_NUMBER, PT_TOTAL, PT_SEQUENTIAL, "", "days", UNDER_2_ORDERS,                                   \
      "Mean time between consecutive orders, each taken at its first event, in days of 24 hours")                              \
    X(gap_sd_days, rhythm, PT_NUMBER, PT_TOTAL, PT_SEQUENTIAL, "", "days", UNDER_3_ORDERS,                                     \
      "Standard deviation (divisor n - 1) of the times between consecutive orders, in days of 24 hours")

typedef enum pt_measure {
#define PT_MEASURE_NUMBER(name, ...) PT_##name,
    PT_MEASURES(PT_MEASURE_NUMBER)
#undef PT_MEASURE_NUMBER
        PT_N_MEASURES
} pt_measure;

typedef struct pt_definition {
    const char *name, *family;
    pt_form form;
    pt_reach reach;
    pt_merge merge;
    const char *needs; /* a role, "" for none */
    const char *unit;
    pt_null_rule null_rule;
    const char *meaning;
} pt_definition;

extern const pt_definition pt_definitions[PT_N_MEASURES];

/* Windows as the caller named them. A window is `days` local days, or if that is 0 `micros` microseconds. */
enum { PT_MAX_WINDOWS = 256, PT_WINDOW_TEXT = 24, PT_COLUMN_NAME = 64 };
typedef struct pt_window {
    int64_t days, micros;
    char text[PT_WINDOW_TEXT]; /* in lower case */
} pt_window;

/* The options with defaults for what a caller of an older version does not know, and their windows, checked (a fresh block). */
patron_status pt_profile_options_read(patron_ctx *ctx, const patron_profile_options *options, patron_profile_options *out,
                                      pt_window **windows, patron_error *error);

/* The name of a column: of the totals (window NULL), or of a window. */
void pt_column_title(pt_measure measure, const pt_window *window, char out[PT_COLUMN_NAME]);

#endif
