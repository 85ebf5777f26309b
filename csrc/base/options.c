/* base/options.c: options pass between a program and a library that were compiled at different times by their size alone: what
 * both know is copied, what only the library knows keeps its default, and what only the caller knows must be zero. */
#include "base/options.h"

#include "base/ctx.h"

#include <string.h>

enum { LARGEST = 1 << 16 }; /* a larger struct_size was never filled in */

void pt_options_init(void *caller, size_t caller_size, const void *defaults, size_t size) {
    memset(caller, 0, caller_size);
    memcpy(caller, defaults, caller_size < size ? caller_size : size);
    memcpy(caller, &caller_size, sizeof caller_size);
}

patron_status pt_options_read(const char *type, const void *caller, void *options, size_t size, patron_error *error) {
    if (caller == NULL) return PATRON_OK;
    size_t given;
    memcpy(&given, caller, sizeof given);
    if (given < sizeof given || given > LARGEST)
        return pt_fail(error, PATRON_ERR_INVALID, "%s.struct_size is %zu; expected %zu: fill the struct with %s_init", type,
                       given, size, type);
    for (size_t i = size; i < given; i++)
        if (((const char *)caller)[i] != 0)
            return pt_fail(error, PATRON_ERR_INVALID,
                           "%s has %zu bytes and byte %zu is set; this library, version %s, knows %zu: it is older than the "
                           "headers that the program was compiled with",
                           type, given, i, PATRON_VERSION, size);
    memcpy(options, caller, given < size ? given : size);
    memcpy(options, &size, sizeof size);
    return PATRON_OK;
}
