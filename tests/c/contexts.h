/* tests/c/contexts.h: a context as most tests want it. Include it after cmocka.h. */
#ifndef PATRON_TESTS_CONTEXTS_H
#define PATRON_TESTS_CONTEXTS_H

#include "patron/base.h"

/* With exactly so many threads; 0: as many as there may be. */
static inline patron_ctx *new_ctx(int threads) {
    patron_ctx *ctx = NULL;
    assert_int_equal(patron_ctx_create(NULL, &ctx, NULL), PATRON_OK);
    assert_int_equal(patron_ctx_set_threads(ctx, threads, NULL), PATRON_OK);
    return ctx;
}

#endif
