/* base/cpu.c: which vector width a context uses. The levels give the same bits; PATRON_CPU=generic|avx2|avx512 lowers it. */
#include "base/ctx.h"

#include <stdlib.h>
#include <string.h>

pt_cpu pt_cpu_detect(void) {
    pt_cpu best = PT_CPU_GENERIC;
#if defined(__x86_64__)   /* NEON takes its place here */
    __builtin_cpu_init(); /* also asks whether the operating system saves the registers */
#define HAS(feature) (__builtin_cpu_supports(feature) != 0)
    unsigned avx2 = HAS("avx2") & HAS("fma");
    unsigned avx512 = avx2 & HAS("avx512f") & HAS("avx512dq") & HAS("avx512vl") & HAS("avx512bw");
    best = (pt_cpu)(avx2 + avx512);
#undef HAS
#endif
    const char *wanted = getenv("PATRON_CPU");
    if (wanted == NULL) return best;
    pt_cpu limit = strcmp(wanted, "generic") == 0 ? PT_CPU_GENERIC : strcmp(wanted, "avx2") == 0 ? PT_CPU_AVX2 : PT_CPU_AVX512;
    return limit < best ? limit : best;
}
