/* segment/rfm_file.c: an RFM model as a file of kind "rfm".
 *
 *   bins                                          int64
 *   recency  frequency  monetary                  float64: the cut points
 *   columns.recency? .frequency? .monetary?       text: where the figures come from
 *
 * Loading checks what scoring relies on: how many bins and cuts there are, and that cuts are finite and do not fall. */
#include "base/file.h"
#include "data/column.h"
#include "data/log_file.h"
#include "segment/rfm.h"

#include <string.h>

enum { VERSION = 1 };

static void write_rfm(const patron_rfm *rfm, pt_writer *writer) {
    pt_writer_add_int64(writer, "bins", rfm->bins);
    for (int f = 0; f < RFM_FIGURES; f++)
        pt_writer_add(writer, pt_rfm_figures[f], PATRON_SECTION_FLOAT64, rfm->cuts[f], rfm->n_cuts[f]);
    pt_writer_enter(writer, "columns", -1);
    for (int f = 0; f < RFM_FIGURES; f++) pt_writer_add_text(writer, pt_rfm_figures[f], rfm->columns[f]);
    pt_writer_leave(writer);
}

patron_status patron_rfm_save(const patron_rfm *rfm, const char *path, patron_error *error) {
    pt_writer *writer;
    patron_status status = pt_writer_create(rfm->ctx, "rfm", VERSION, &writer, error);
    if (status != PATRON_OK) return status;
    write_rfm(rfm, writer);
    status = pt_writer_save(writer, path, error);
    pt_writer_destroy(writer);
    return status;
}

patron_status patron_rfm_to_bytes(const patron_rfm *rfm, patron_bytes **out, patron_error *error) {
    pt_writer *writer;
    patron_status status = pt_writer_create(rfm->ctx, "rfm", VERSION, &writer, error);
    if (status != PATRON_OK) return status;
    write_rfm(rfm, writer);
    status = pt_writer_to_bytes(writer, out, error);
    pt_writer_destroy(writer);
    return status;
}

static patron_status read_cuts(const pt_reader *reader, patron_rfm *rfm, int figure, patron_error *error) {
    const char *name = pt_rfm_figures[figure];
    const double *cuts;
    char shown[PT_DOUBLE_TEXT];
    int64_t n;
    int at;
    patron_status status = pt_reader_section(reader, name, PATRON_SECTION_FLOAT64, &cuts, &n, error);
    if (status != PATRON_OK) return status;
    if (n < 1 || n > RFM_MAX_CUTS)
        return pt_reader_refuse(reader, name, error, "has %lld cut points; expected 1 to %d", (long long)n, RFM_MAX_CUTS);
    const char *fault = pt_rfm_find_fault((int)n, cuts, true, &at);
    if (fault != NULL)
        return pt_reader_refuse(reader, name, error, "has cut point %d at %s; %s", at, pt_show_double(cuts[at], shown), fault);
    memcpy(rfm->cuts[figure], cuts, (size_t)n * sizeof *cuts);
    rfm->n_cuts[figure] = (int)n;
    return PATRON_OK;
}

/* Takes over the reader. */
static patron_status read_rfm(patron_ctx *ctx, pt_reader *reader, patron_rfm **out, patron_error *error) {
    patron_status status = PATRON_OK;
    patron_rfm *rfm = NULL;
    int64_t bins;
    PT_TRY(pt_rfm_create(ctx, &rfm, error));
    PT_TRY(pt_reader_int64(reader, "bins", RFM_MIN_BINS, RFM_MAX_BINS, &bins, error));
    rfm->bins = (int)bins;
    for (int f = 0; f < RFM_FIGURES; f++) PT_TRY(read_cuts(reader, rfm, f, error));
    pt_reader_enter(reader, "columns", -1);
    for (int f = 0; f < RFM_FIGURES; f++) PT_TRY(pt_reader_copy_utf8(ctx, reader, pt_rfm_figures[f], &rfm->columns[f], error));
    *out = rfm;
    rfm = NULL;
cleanup:
    patron_rfm_destroy(rfm);
    pt_reader_destroy(reader);
    return status;
}

patron_status patron_rfm_load(patron_ctx *ctx, const char *path, patron_rfm **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_open(ctx, path, "rfm", VERSION, &reader, error);
    return status == PATRON_OK ? read_rfm(ctx, reader, out, error) : status;
}

patron_status patron_rfm_from_bytes(patron_ctx *ctx, const void *data, int64_t size, patron_rfm **out, patron_error *error) {
    pt_reader *reader = NULL;
    patron_status status = pt_reader_from_bytes(ctx, data, size, "rfm", VERSION, &reader, error);
    return status == PATRON_OK ? read_rfm(ctx, reader, out, error) : status;
}
