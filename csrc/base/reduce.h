/* base/reduce.h: sums whose bits do not depend on vector width or thread count. The rule is in reduce.c. */
#ifndef PT_BASE_REDUCE_H
#define PT_BASE_REDUCE_H

#include "base/ctx.h"

enum { PT_SUM_CHUNK = 1 << 16 };

/* The sum of n values on the calling thread: the bits of patron_math_sum for n <= PT_SUM_CHUNK, and the part that one chunk
 * contributes for a task that sums its own chunk and leaves the parts, in chunk order, to a second pt_sum. */
double pt_sum(pt_cpu cpu, int64_t n, const double *x);

#endif
