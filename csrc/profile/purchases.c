/* profile/purchases.c: what was bought: baskets, money, items.
 *
 * A basket is an order id where the log has them; purchases without an id, and all purchases of a log without ids, make one
 * basket for each instant. Events come from the last to the first, so the purchases of one instant come together and one open
 * basket is enough for them, while order ids may come back later and are looked up. A basket that reaches across the start of a
 * window counts in the window with what lies inside it.
 *
 * Purchase amounts are not negative (cleaning has made returns of those that were), so a basket only grows while we walk, and
 * the largest total so far is the largest of the totals so far. Sums are exact: millionths in 128 bits, made a floating-point
 * number once, at the end. */
#include "profile/walk.h"

static patron_status begin(pt_walk *walk, patron_error *error) {
    patron_status status = PATRON_OK;
    const pt_plan *plan = walk->plan;
    patron_ctx *ctx = plan->log->ctx;
    pt_purchases *sums = &walk->purchases;
    const int64_t n = walk->end - walk->first;
    PT_TRY(pt_grow(ctx, &sums->basket_time, 0, &sums->time_capacity, n, sizeof *sums->basket_time, error));
    PT_TRY(pt_grow(ctx, &sums->basket_total, 0, &sums->total_capacity, n, sizeof *sums->basket_total, error));
    if (plan->order != NULL) PT_TRY(pt_code_set_begin(ctx, &sums->orders, n < plan->n_orders ? n : plan->n_orders, error));
    if (plan->item != NULL) PT_TRY(pt_code_set_begin(ctx, &sums->items, n < plan->n_items ? n : plan->n_items, error));
    if (sums->cursor.zone == NULL) sums->cursor = pt_zone_cursor_at(plan->log->zone);
    sums->days.n = 0;
    sums->n = sums->n_items = sums->n_baskets = 0;
    sums->has_instant = false;
    sums->revenue = sums->quantity = sums->discount = sums->largest = 0;
cleanup:
    return status;
}

/* The basket of event i, which is opened if need be. */
static uint32_t basket_of(pt_purchases *sums, const int32_t *order, int64_t i, int64_t time) {
    const uint32_t fresh = (uint32_t)sums->n_baskets;
    uint32_t basket;
    if (order != NULL && order[i] >= 0) {
        basket = pt_code_set_add(&sums->orders, order[i], fresh);
    } else if (sums->has_instant && sums->instant == time) {
        basket = sums->instant_basket;
    } else {
        sums->has_instant = true;
        sums->instant = time;
        basket = sums->instant_basket = fresh;
    }
    if (basket == fresh) {
        sums->n_baskets++;
        sums->basket_total[basket] = 0;
    }
    return basket;
}

static inline int64_t present(const int64_t *column, int64_t i) {
    return column == NULL || column[i] == PT_MISSING ? 0 : column[i];
}

static void add(pt_walk *walk, int64_t low, int64_t high) {
    const pt_plan *plan = walk->plan;
    pt_purchases *sums = &walk->purchases;
    pt_zone_cursor cursor = sums->cursor; /* in registers */
    pt_day_count days = sums->days;
    __int128 revenue = sums->revenue;
    for (int64_t i = high; i-- > low;) {
        if (plan->kinds[i] != PATRON_KIND_PURCHASE) continue;
        const int64_t time = plan->time[i], amount = present(plan->amount, i);
        if (sums->n++ == 0) sums->last = time;
        sums->first = time;
        pt_day_count_add(&days, pt_cursor_local_day(&cursor, time));
        const uint32_t basket = basket_of(sums, plan->order, i, time);
        sums->basket_time[basket] = time;
        const __int128 total = sums->basket_total[basket] += amount;
        if (total > sums->largest) sums->largest = total;
        revenue += amount;
        if (plan->quantity != NULL) sums->quantity += present(plan->quantity, i);
        if (plan->discount != NULL) sums->discount += present(plan->discount, i);
        if (plan->item != NULL && plan->item[i] >= 0)
            sums->n_items += pt_code_set_add(&sums->items, plan->item[i], (uint32_t)sums->n_items) == sums->n_items;
    }
    sums->cursor = cursor;
    sums->days = days;
    sums->revenue = revenue;
}

static void emit(pt_walk *walk) {
    const pt_purchases *sums = &walk->purchases;
    pt_put_integer(walk, PT_orders, sums->n_baskets);
    pt_put_integer(walk, PT_distinct_items, sums->n_items);
    pt_put_ratio(walk, PT_revenue, sums->revenue, PT_MILLION);
    if (sums->n_baskets == 0) {
        pt_put_null(walk, PT_avg_basket);
        pt_put_null(walk, PT_max_basket);
    } else {
        pt_put_ratio(walk, PT_avg_basket, sums->revenue, (unsigned __int128)sums->n_baskets * PT_MILLION);
        pt_put_ratio(walk, PT_max_basket, sums->largest, PT_MILLION);
    }
}

static patron_status finish(pt_walk *walk, patron_error *error) {
    (void)error;
    const pt_purchases *sums = &walk->purchases;
    pt_put_integer(walk, PT_purchase_days, sums->days.n);
    pt_put_ratio(walk, PT_quantity, sums->quantity, PT_MILLION);
    pt_put_ratio(walk, PT_discount, sums->discount, PT_MILLION);
    if (sums->n == 0) {
        pt_put_null(walk, PT_first_purchase);
        pt_put_null(walk, PT_last_purchase);
        pt_put_null(walk, PT_recency_days);
    } else {
        pt_put_integer(walk, PT_first_purchase, sums->first);
        pt_put_integer(walk, PT_last_purchase, sums->last);
        pt_put_ratio(walk, PT_recency_days, (__int128)walk->plan->as_of - sums->last, PT_DAY);
    }
    return PATRON_OK;
}

static void fini(patron_ctx *ctx, pt_walk *walk) {
    pt_purchases *sums = &walk->purchases;
    pt_code_set_fini(ctx, &sums->orders);
    pt_code_set_fini(ctx, &sums->items);
    pt_free(ctx, sums->basket_time);
    pt_free(ctx, sums->basket_total);
}

const pt_family pt_family_purchases = {"purchases", begin, add, emit, finish, fini};
