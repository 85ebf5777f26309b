/* tests/fuzz/fuzz_rfm.c: an RFM model's door for bytes: refused, or it scores whatever it is given without leaving the range of
 * its bins, says what it holds, and its bytes load again to the same bytes. */
#include "file_repair.h"

enum { N = 9 };

static void ask(const patron_rfm *rfm) {
    static const char *const which[] = {"recency", "frequency", "monetary", "none"};
    static const double recency[N] = {0, 1, 30, -5, 1e300, (double)NAN, 365, 12, 0},
                        frequency[N] = {1, 2, 100, 1e18, 0.5, 3, 0, 4, 1},
                        monetary[N] = {0, -3, 1e-300, 7, 1e308, 5, 6, (double)NAN, -0.0};
    uint8_t scores[3][N], segment[N];
    int most = 0;
    for (int i = 0; i < 4; i++) {
        const double *cuts = NULL;
        const char *column = patron_rfm_column(rfm, which[i]);
        int n = 0;
        if (patron_rfm_thresholds(rfm, which[i], &cuts, &n, NULL) != PATRON_OK) continue;
        FUZZ_ASSERT(i < 3 && n >= 1 && n <= 99);
        for (int k = 0; k < n; k++) FUZZ_ASSERT(isfinite(cuts[k]) && (k == 0 || cuts[k - 1] <= cuts[k]));
        FUZZ_ASSERT(column == NULL || pt_utf8_check(column, (int64_t)strlen(column)) < 0);
        if (n + 1 > most) most = n + 1;
    }
    FUZZ_ASSERT(patron_rfm_bins(rfm) >= 2 && patron_rfm_bins(rfm) <= 100);
    FUZZ_ASSERT(patron_rfm_predict(rfm, N, recency, frequency, monetary, scores[0], scores[1], scores[2], segment, NULL) ==
                PATRON_OK);
    for (int i = 0; i < N; i++) {
        bool bought = segment[i] != PATRON_RFM_NONE;
        FUZZ_ASSERT(patron_rfm_segment_name(segment[i]) != NULL);
        for (int k = 0; k < 3; k++) FUZZ_ASSERT(scores[k][i] <= most && (scores[k][i] != 0) == bought);
    }
}

static void ask_bytes(patron_ctx *ctx, const patron_rfm *rfm) {
    patron_bytes *bytes = NULL, *again = NULL;
    patron_rfm *back = NULL;
    FUZZ_ASSERT(patron_rfm_to_bytes(rfm, &bytes, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_rfm_from_bytes(ctx, patron_bytes_data(bytes), patron_bytes_size(bytes), &back, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_rfm_to_bytes(back, &again, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_bytes_size(bytes) == patron_bytes_size(again));
    FUZZ_ASSERT(memcmp(patron_bytes_data(bytes), patron_bytes_data(again), (size_t)patron_bytes_size(bytes)) == 0);
    patron_bytes_destroy(bytes);
    patron_bytes_destroy(again);
    patron_rfm_destroy(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    patron_ctx *ctx = fuzz_begin(data, size);
    patron_rfm *rfm = NULL;
    patron_error error = {0};
    patron_status status = fuzz_choice(data, size) % 2 ? patron_rfm_load(ctx, "input", &rfm, &error)
                                                       : patron_rfm_from_bytes(ctx, data, (int64_t)size, &rfm, &error);
    if (status != PATRON_OK) {
        FUZZ_ASSERT(rfm == NULL);
        fuzz_refused(status, &error, PATRON_ERR_FORMAT);
    } else {
        fuzz_welcome();
        ask(rfm);
        ask_bytes(ctx, rfm);
        patron_rfm_destroy(rfm);
    }
    fuzz_end();
    return 0;
}

/* Thresholds of customers, or by hand, with names of columns or without. */
static size_t first_file(uint8_t *data, size_t max_size, unsigned int seed) {
    static const double x[N] = {3, 1, 4, 1, 5, 9, 2, 6, 5}, cuts[] = {-1, 2.5, 1e9};
    patron_ctx *ctx = fuzz_begin(data, 0);
    patron_rfm_options o;
    patron_rfm_options_init(&o);
    o.bins = 2 + (int)(seed % 5);
    if (seed & 8) {
        o.monetary_cuts = cuts;
        o.n_monetary_cuts = 3;
    }
    if (seed & 16) {
        o.recency_column = "recency_days";
        o.monetary_column = "\xe9\x87\x91\xe9\xa2\x9d";
    }
    patron_rfm *rfm = NULL;
    patron_bytes *bytes = NULL;
    FUZZ_ASSERT(patron_rfm_fit(ctx, N, x, x, x, &o, &rfm, NULL) == PATRON_OK);
    FUZZ_ASSERT(patron_rfm_to_bytes(rfm, &bytes, NULL) == PATRON_OK);
    patron_rfm_destroy(rfm);
    size_t size = file_take(bytes, data, max_size);
    fuzz_end();
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    return size < sizeof(pt_file_head) ? first_file(data, max_size, seed) : file_mutate(data, size, max_size, seed);
}
