/* base/options.h: options structs that grow: `struct_size` first, new fields only at the end.
 *
 *     caller, compiled earlier    | struct_size | a | b |              the fields it does not know keep their defaults
 *     library                     | struct_size | a | b | c |
 *     caller, compiled later      | struct_size | a | b | c | d |      refused unless what the library does not know is zero
 */
#ifndef PT_BASE_OPTIONS_H
#define PT_BASE_OPTIONS_H

#include "patron/base.h"

/* The caller's struct of caller_size bytes becomes the defaults; what the library does not know becomes zero. */
void pt_options_init(void *caller, size_t caller_size, const void *defaults, size_t size);

/* `options` holds the defaults and takes what the caller set; caller NULL: nothing. `type` is for the message. */
patron_status pt_options_read(const char *type, const void *caller, void *options, size_t size, patron_error *error);

#endif
