/* base/levels.h: one kernel, compiled once for each vector width.
 *
 * A kernel is an always-inline body in plain C, written as loops over PT_LANES lanes that the compiler turns into vectors. The
 * wrappers below give it the instructions of a level; PT_LEVEL picks the wrapper for a context. Every multiply-add in a body
 * is an explicit fma(), which rounds once at every level, by one instruction or by the C library; so the levels differ in speed
 * and in nothing else. A NaN that a body returns must be PT_NAN: which of two NaN operands an instruction hands on, and with
 * which sign, depends on the order the compiler chose.
 *
 *     static PT_INLINE void twice_body(int64_t n, const double *x, double *y) { ... }
 *     static void twice_plain(int64_t n, const double *x, double *y) { twice_body(n, x, y); }
 *     PT_AVX2 static void twice_avx2(int64_t n, const double *x, double *y) { twice_body(n, x, y); }
 *     PT_AVX512 static void twice_avx512(int64_t n, const double *x, double *y) { twice_body(n, x, y); }
 *     ...
 *     PT_LEVEL(ctx->cpu, twice)(n, x, y);
 *
 * On other processors all three are the plain one: there is a place for NEON, where fma is part of the base and the plain
 * kernel is vectorised already. */
#ifndef PT_BASE_LEVELS_H
#define PT_BASE_LEVELS_H

#include "base/ctx.h"

enum { PT_LANES = 16 };

#define PT_NAN __builtin_nan("")

#define PT_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__)
#define PT_AVX2 __attribute__((target("avx2,fma")))
#define PT_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#else
#define PT_AVX2
#define PT_AVX512
#endif

#define PT_LEVEL(cpu, name) ((cpu) == PT_CPU_AVX512 ? name##_avx512 : (cpu) == PT_CPU_AVX2 ? name##_avx2 : name##_plain)

#endif
