/* profile/returns.c: what came back, and what that leaves of the revenue.
 *
 * Amounts of returns are not negative here, however the shop noted them: cleaning has taken the minus away. */
#include "profile/walk.h"

static patron_status begin(pt_walk *walk, patron_error *error) {
    (void)error;
    walk->returns = (pt_returns){0};
    return PATRON_OK;
}

static void add(pt_walk *walk, int64_t low, int64_t high) {
    const pt_plan *plan = walk->plan;
    for (int64_t i = low; i < high; i++) {
        if (plan->kinds[i] != PATRON_KIND_RETURN) continue;
        walk->returns.n++;
        if (plan->amount != NULL && plan->amount[i] != PT_MISSING) walk->returns.returned += plan->amount[i];
    }
}

static void emit(pt_walk *walk) {
    pt_put_integer(walk, PT_returns, walk->returns.n);
    pt_put_ratio(walk, PT_net_revenue, walk->purchases.revenue - walk->returns.returned, PT_MILLION);
}

static patron_status finish(pt_walk *walk, patron_error *error) {
    (void)error;
    const __int128 revenue = walk->purchases.revenue, returned = walk->returns.returned;
    pt_put_ratio(walk, PT_returned, returned, PT_MILLION);
    if (revenue <= 0)
        pt_put_null(walk, PT_return_share);
    else
        pt_put_number(walk, PT_return_share, pt_ratio(returned, (unsigned __int128)revenue));
    return PATRON_OK;
}

const pt_family pt_family_returns = {"returns", begin, add, emit, finish, NULL};
