/* segment/rfm.h: the inside of an RFM model, for scoring (rfm.c) and for its file (rfm_file.c). */
#ifndef PT_SEGMENT_RFM_H
#define PT_SEGMENT_RFM_H

#include "base/ctx.h"
#include "patron/segment.h"

enum {
    RFM_RECENCY = 0,
    RFM_FREQUENCY = 1,
    RFM_MONETARY = 2,
    RFM_FIGURES = 3,
    RFM_MIN_BINS = 2,
    RFM_MAX_BINS = 100,
    RFM_MAX_CUTS = RFM_MAX_BINS - 1
};

extern const char *const pt_rfm_figures[RFM_FIGURES];

struct patron_rfm {
    patron_ctx *ctx;
    int bins;
    int n_cuts[RFM_FIGURES]; /* 1 .. RFM_MAX_CUTS */
    double cuts[RFM_FIGURES][RFM_MAX_CUTS];
    char *columns[RFM_FIGURES]; /* NULL: not said */
};

/* Without cuts. */
patron_status pt_rfm_create(patron_ctx *ctx, patron_rfm **out, patron_error *error);
/* NULL: all is well; else what is wrong with cut *at. Fitted cuts may repeat, those given by hand may not. */
const char *pt_rfm_find_fault(int n, const double *cuts, bool may_repeat, int *at);

#endif
