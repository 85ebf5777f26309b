/* base/merge_sort.c: insertion sort on runs of eight, then merges from the bottom up between items and scratch. */
#include "base/merge_sort.h"

#include <string.h>

enum { RUN = 8, POLL_EVERY = 4096 };

static void sort_run(uint64_t *items, int64_t n, pt_compare compare, const void *state) {
    for (int64_t i = 1; i < n; i++) {
        uint64_t item = items[i];
        int64_t j = i;
        for (; j > 0 && compare(state, items[j - 1], item) > 0; j--) items[j] = items[j - 1];
        items[j] = item;
    }
}

static void merge(const uint64_t *a, int64_t n_a, const uint64_t *b, int64_t n_b, uint64_t *out, pt_compare compare,
                  const void *state) {
    while (n_a > 0 && n_b > 0) {
        if (compare(state, *a, *b) <= 0) {
            *out++ = *a++;
            n_a--;
        } else {
            *out++ = *b++;
            n_b--;
        }
    }
    memcpy(out, a, (size_t)n_a * sizeof *a);
    memcpy(out + n_a, b, (size_t)n_b * sizeof *b);
}

patron_status pt_merge_sort(patron_ctx *poll, int64_t n, uint64_t *items, uint64_t *scratch, pt_compare compare,
                            const void *state, patron_error *error) {
    for (int64_t first = 0; first < n; first += RUN) sort_run(items + first, n - first < RUN ? n - first : RUN, compare, state);
    uint64_t *from = items, *to = scratch;
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t first = 0; first < n; first += 2 * width) {
            int64_t n_a = n - first < width ? n - first : width;
            int64_t n_b = n - first - n_a < width ? n - first - n_a : width;
            merge(from + first, n_a, from + first + n_a, n_b, to + first, compare, state);
            if (poll != NULL && (first & (POLL_EVERY - 1)) == 0) {
                patron_status status = pt_poll(poll, error);
                if (status != PATRON_OK) return status;
            }
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) memcpy(items, from, (size_t)n * sizeof *items);
    return PATRON_OK;
}
