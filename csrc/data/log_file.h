/* data/log_file.h: the parts of a log in its file, for whoever saves one of them. */
#ifndef PT_DATA_LOG_FILE_H
#define PT_DATA_LOG_FILE_H

#include "base/file.h"
#include "data/log.h"

/* Everything that is added is borrowed: it must stay until the writer has saved. A loader checks all that it will index with.
 */
void pt_dictionary_save(const pt_dictionary *dictionary, const char *name, pt_writer *writer);
patron_status pt_dictionary_load(patron_ctx *ctx, pt_reader *reader, const char *name, pt_dictionary **out,
                                 patron_error *error);

void pt_log_column_save(const pt_log_column *column, int64_t n, const char *name, int64_t index, pt_writer *writer);
/* Fills *out, which is to be ended with pt_log_column_fini; untouched after a failure. */
patron_status pt_log_column_load(patron_ctx *ctx, pt_reader *reader, const char *name, int64_t index, int64_t n,
                                 pt_log_column *out, patron_error *error);

/* data/recipe_file.c */
void pt_recipe_save(const patron_log_options *recipe, pt_writer *writer);
patron_status pt_recipe_load(patron_ctx *ctx, pt_reader *reader, patron_log_options **out, patron_error *error);
void pt_timezone_save(const pt_timezone *zone, pt_writer *writer);
patron_status pt_timezone_load(patron_ctx *ctx, pt_reader *reader, pt_timezone **out, patron_error *error);
void pt_audit_save(const pt_audit *audit, pt_writer *writer);
patron_status pt_audit_load(patron_ctx *ctx, pt_reader *reader, pt_audit *out, patron_error *error);

/* data/attributes_file.c; side: "user" or "item"; NULL is saved as nothing and loaded as NULL */
void pt_attributes_save(const pt_attributes *attributes, const char *side, pt_writer *writer);
patron_status pt_attributes_load(patron_ctx *ctx, pt_reader *reader, const char *side, pt_attributes **out,
                                 patron_error *error);

/* Text of a file that must be UTF-8. */
patron_status pt_reader_utf8(const pt_reader *reader, const char *name, const char **out, patron_error *error);
/* The same copied; NULL where there is no such section. */
patron_status pt_reader_copy_utf8(patron_ctx *ctx, const pt_reader *reader, const char *name, char **out, patron_error *error);

#endif
