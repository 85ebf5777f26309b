/* base/elementary.h: exp, log and log_gamma with the same bits on every processor.
 *
 * The scalar functions give the bits of the array functions, at the price of the C library's fma() where the compiler may not
 * assume the instruction: 15 to 90 ns a value. For more than a handful of values use the array form, which a task of
 * pt_parallel calls with ctx->cpu: one to a few ns a value. x and y may be the same array. Accuracy: see patron/base.h. */
#ifndef PT_BASE_ELEMENTARY_H
#define PT_BASE_ELEMENTARY_H

#include "base/ctx.h"

double pt_exp(double x);
double pt_log(double x);
double pt_log_gamma(double x);

void pt_exp_array(pt_cpu cpu, int64_t n, const double *x, double *y);
void pt_log_array(pt_cpu cpu, int64_t n, const double *x, double *y);
void pt_log_gamma_array(pt_cpu cpu, int64_t n, const double *x, double *y);

#endif
