#include "data/log_tables.h"
patron_status patron_log_quality(const patron_log *log, const patron_log *previous, patron_table **out, patron_error *error) {
    (void)log;
    (void)previous;
    (void)out;
    return pt_fail(error, PATRON_ERR_INVALID, "not yet");
}
