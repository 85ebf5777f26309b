/* profile/rhythm.c: how regularly someone orders: the times between consecutive orders.
 *
 * An order stands where its first event does. With n orders at times t_1 <= ... <= t_n there are m = n - 1 gaps, whose sum is
 * S = t_n - t_1 and whose squares sum to Q; both are exact integers (of microseconds), and
 *
 *     mean = S / m          sd = sqrt((m Q - S^2) / (m (m - 1)))
 *
 * are rounded from them: no cancellation. Q fits 128 bits because S fits 64 and Q <= S^2. m Q may not; only then is the
 * difference taken in floating point. Within a thousand years that needs a million gaps of which a few hold nearly all the
 * time, so S^2 / m is small beside Q and nothing cancels there either. */
#include "base/merge_sort.h"
#include "profile/walk.h"

#include <math.h>

static int compare(const void *state, uint64_t a, uint64_t b) {
    (void)state;
    return a > b ? -1 : a < b;
}

/* Makes the basket times fall. They do already, unless orders overlap. */
static patron_status sort_times(pt_walk *walk, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_ctx *ctx = walk->plan->log->ctx;
    int64_t *time = walk->purchases.basket_time, n = walk->purchases.n_baskets, i = 1;
    pt_rhythm *room = &walk->rhythm;
    while (i < n && time[i] <= time[i - 1]) i++;
    if (i >= n) return PATRON_OK;
    PT_TRY(pt_grow(ctx, &room->sorted, 0, &room->sorted_capacity, n, sizeof *room->sorted, error));
    PT_TRY(pt_grow(ctx, &room->scratch, 0, &room->scratch_capacity, n, sizeof *room->scratch, error));
    for (i = 0; i < n; i++) room->sorted[i] = (uint64_t)time[i] ^ UINT64_C(1) << 63;
    (void)pt_merge_sort(NULL, n, room->sorted, room->scratch, compare, NULL, error); /* fails only when cancelled */
    for (i = 0; i < n; i++) time[i] = (int64_t)(room->sorted[i] ^ UINT64_C(1) << 63);
cleanup:
    return status;
}

static double deviation(unsigned __int128 squares, uint64_t sum, int64_t m) {
    const unsigned __int128 square = (unsigned __int128)sum * sum, pairs = (unsigned __int128)m * (uint64_t)(m - 1);
    unsigned __int128 scaled;
    double variance;
    if (!__builtin_mul_overflow(squares, (unsigned __int128)m, &scaled) && (scaled - square) >> 127 == 0)
        variance = pt_ratio((__int128)(scaled - square), pairs);
    else
        variance = ((double)squares - (double)square / (double)m) / (double)(m - 1);
    return sqrt(variance > 0 ? variance : 0) / (double)PT_DAY;
}

static patron_status finish(pt_walk *walk, patron_error *error) {
    const int64_t n = walk->purchases.n_baskets;
    if (n < 2) pt_put_null(walk, PT_gap_mean_days);
    if (n < 3) pt_put_null(walk, PT_gap_sd_days);
    if (n < 2) return PATRON_OK;
    patron_status status = sort_times(walk, error);
    if (status != PATRON_OK) return status;
    const int64_t *time = walk->purchases.basket_time;
    unsigned __int128 squares = 0;
    for (int64_t i = 1; i < n; i++) {
        const uint64_t gap = (uint64_t)time[i - 1] - (uint64_t)time[i];
        squares += (unsigned __int128)gap * gap;
    }
    const uint64_t sum = (uint64_t)time[0] - (uint64_t)time[n - 1];
    pt_put_ratio(walk, PT_gap_mean_days, (__int128)sum, (unsigned __int128)PT_DAY * (uint64_t)(n - 1));
    if (n >= 3) pt_put_number(walk, PT_gap_sd_days, deviation(squares, sum, n - 1));
    return PATRON_OK;
}

static void fini(patron_ctx *ctx, pt_walk *walk) {
    pt_free(ctx, walk->rhythm.sorted);
    pt_free(ctx, walk->rhythm.scratch);
}

const pt_family pt_family_rhythm = {"rhythm", NULL, NULL, NULL, finish, fini};
