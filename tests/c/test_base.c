/* The numeric half of base, and the spike: the same bits at every thread count, vector width and side of a fork. Twins: qsort
 * for the radix sort, mpmath's values (tests/golden/elementary.csv) for the functions, published vectors for Philox. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/elementary.h"
#include "base/exact.h"
#include "base/random.h"
#include "base/reduce.h"
#include "base/sort.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
__attribute__((visibility("default"))) const char *
__tsan_default_options(void); /* threads in the child of a fork are what is tested here */
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

static const char *golden_path; /* from the command line */

static patron_ctx *context(const char *cpu, int threads) {
    if (cpu != NULL) setenv("PATRON_CPU", cpu, 1);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = threads;
    patron_ctx *ctx = NULL;
    patron_error error = {0};
    if (patron_ctx_create(&options, &ctx, &error) != PATRON_OK) fail_msg("%s", error.message);
    unsetenv("PATRON_CPU");
    return ctx;
}

static void *new_array(int64_t n, size_t size) {
    void *array = malloc((size_t)n * size + 1);
    assert_non_null(array);
    return array;
}

static double from_bits(uint64_t u) {
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* ---- the same bits ---- */

enum { N_VALUES = 70001, N_SUM = 200003, N_KEYS = 150000 };

static const int64_t sum_lengths[] = {0, 1, 15, 16, 17, 65535, 65536, 65537, N_SUM};

typedef struct outcome {
    double exp[N_VALUES], log[N_VALUES], log_gamma[N_VALUES], uniform[N_VALUES], sums[LENGTH(sum_lengths)];
    int64_t order[N_KEYS];
} outcome;

typedef struct inputs {
    double x[N_VALUES], terms[N_SUM];
    int64_t keys[N_KEYS];
} inputs;

static inputs *make_inputs(void) {
    static const double special[] = {0.0,     -0.0,    INFINITY, -INFINITY, NAN, -NAN, 1.0,    2.0,    5e-324,
                                     -5e-324, 1e-310,  1e305,    2.56e305,  8.5, 1.5,  -745.1, -745.2, 709.78,
                                     709.79,  -708.39, -708.40,  0.5,       2.5, -1e9, 1e9,    -0.5,   1e300};
    inputs *in = new_array(1, sizeof *in);
    for (int i = 0; i < N_VALUES; i++) {
        uint64_t word = pt_random_u64(1, 0, (uint64_t)i);
        double u = pt_random_to_double(word);
        in->x[i] = i < (int)LENGTH(special) ? special[i]
                   : i % 4 == 0             ? from_bits(pt_random_u64(1, 1, (uint64_t)i))
                   : i % 4 == 1             ? 20.0 * u - 5.0
                   : i % 4 == 2             ? 1.0 + (u - 0.5) * 1e-3
                                            : 1600.0 * u - 800.0;
    }
    for (int i = 0; i < N_SUM; i++) /* of any sign and size: no two orders of addition agree */
        in->terms[i] = ldexp(pt_random_double(2, 0, (uint64_t)i) - 0.5, (int)(pt_random_u64(2, 1, (uint64_t)i) % 40));
    for (int i = 0; i < N_KEYS; i++) { /* a large bucket of ties, a crowded range and a wide one */
        uint64_t word = pt_random_u64(3, 0, (uint64_t)i);
        in->keys[i] = i % 2 == 0 ? (int64_t)(word % 5) : i % 4 == 1 ? (int64_t)(word % 100000) : (int64_t)word;
    }
    return in;
}

/* Everything through the public doors; NULL or what failed. */
static const char *compute(patron_ctx *ctx, const inputs *in, outcome *out) {
    patron_error error = {0};
    patron_status status = patron_math_exp(ctx, N_VALUES, in->x, out->exp, &error);
    if (status == PATRON_OK) status = patron_math_log(ctx, N_VALUES, in->x, out->log, &error);
    memcpy(out->log_gamma, in->x, sizeof out->log_gamma); /* in place */
    if (status == PATRON_OK) status = patron_math_log_gamma(ctx, N_VALUES, out->log_gamma, out->log_gamma, &error);
    for (size_t i = 0; status == PATRON_OK && i < LENGTH(sum_lengths); i++)
        status = patron_math_sum(ctx, sum_lengths[i], in->terms, &out->sums[i], &error);
    if (status == PATRON_OK) status = patron_sort_order(ctx, N_KEYS, in->keys, out->order, &error);
    if (status == PATRON_OK) status = patron_random_uniform(ctx, 4, 5, 7, N_VALUES, out->uniform, &error);
    return status == PATRON_OK ? NULL : patron_status_name(status);
}

static const char *difference(const outcome *a, const outcome *b) {
    if (memcmp(a->exp, b->exp, sizeof a->exp) != 0) return "exp";
    if (memcmp(a->log, b->log, sizeof a->log) != 0) return "log";
    if (memcmp(a->log_gamma, b->log_gamma, sizeof a->log_gamma) != 0) return "log_gamma";
    if (memcmp(a->sums, b->sums, sizeof a->sums) != 0) return "sum";
    if (memcmp(a->order, b->order, sizeof a->order) != 0) return "order";
    if (memcmp(a->uniform, b->uniform, sizeof a->uniform) != 0) return "uniform";
    return NULL;
}

typedef struct visitor {
    patron_ctx *ctx;
    const inputs *in;
    const outcome *expected;
    outcome *out;
    const char *wrong;
} visitor;

static void *visit(void *arg) {
    visitor *v = arg;
    v->wrong = compute(v->ctx, v->in, v->out);
    if (v->wrong == NULL) v->wrong = difference(v->out, v->expected);
    return NULL;
}

/* The same in a child process; what differs there, NULL if nothing. */
static const char *visit_in_child(visitor *v) {
    static const char *const parts[] = {NULL, "exp", "log", "log_gamma", "sum", "order", "uniform"};
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        visit(v);
        for (int i = 1; v->wrong != NULL && i < (int)LENGTH(parts); i++)
            if (strcmp(v->wrong, parts[i]) == 0) _exit(i);
        _exit(v->wrong == NULL ? 0 : 99);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (!WIFEXITED(how) || (unsigned)WEXITSTATUS(how) >= LENGTH(parts)) return "(the child did not end by itself)";
    return parts[WEXITSTATUS(how)];
}

static void the_bits_do_not_depend_on_threads_or_vector_width_or_fork(void **state) {
    (void)state;
    enum { VISITORS = 3 };
    static const int threads[] = {1, 2, 3, 7, 16};
    static const char *const levels[] = {"generic", "avx2", "avx512"};
    inputs *in = make_inputs();
    outcome *expected = new_array(1, sizeof *expected);
    visitor visitors[VISITORS];
    patron_ctx *plain = context("generic", 1);
    assert_null(compute(plain, in, expected));
    patron_ctx_destroy(plain);
    for (int i = 0; i < VISITORS; i++) visitors[i].out = new_array(1, sizeof(outcome));
    int n_levels = 0;
    for (size_t l = 0; l < LENGTH(levels); l++) {
        bool available = true;
        for (size_t t = 0; available && t < LENGTH(threads); t++) {
            patron_ctx *ctx = context(levels[l], threads[t]);
            available = strcmp(patron_ctx_cpu(ctx), levels[l]) == 0;
            assert_int_equal(patron_ctx_threads(ctx), threads[t]);
            for (int i = 0; i < VISITORS; i++) {
                visitors[i].ctx = ctx;
                visitors[i].in = in;
                visitors[i].expected = expected;
                memset(visitors[i].out, 0, sizeof(outcome));
            }
            visit(&visitors[0]);
            const char *where = "in the parent", *wrong = visitors[0].wrong;
            if (wrong == NULL) {
                where = "in the child of a fork";
                wrong = visit_in_child(&visitors[0]);
            }
            pthread_t guests[VISITORS];
            for (int i = 0; i < VISITORS; i++) assert_int_equal(pthread_create(&guests[i], NULL, visit, &visitors[i]), 0);
            for (int i = 0; i < VISITORS; i++) {
                assert_int_equal(pthread_join(guests[i], NULL), 0);
                if (wrong == NULL && visitors[i].wrong != NULL) {
                    where = "with three threads calling at once";
                    wrong = visitors[i].wrong;
                }
            }
            patron_ctx_destroy(ctx);
            if (wrong != NULL) fail_msg("%s differs at %d threads, %s, %s", wrong, threads[t], levels[l], where);
        }
        n_levels += available;
    }
    if (n_levels < 3) print_message("only %d of 3 vector widths on this machine\n", n_levels);
    for (int i = 0; i < VISITORS; i++) free(visitors[i].out);
    free(expected);
    free(in);
}

static int never(void *callback_state) {
    (void)callback_state;
    return 0;
}

static void uncancelled_work_gives_the_same_with_a_cancel_callback(void **state) {
    (void)state;
    inputs *in = make_inputs();
    outcome *a = new_array(1, sizeof *a), *b = new_array(1, sizeof *b);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 2;
    options.cancelled = never;
    patron_ctx *plain = context(NULL, 1), *ctx = NULL;
    assert_int_equal(patron_ctx_create(&options, &ctx, NULL), PATRON_OK);
    assert_null(compute(plain, in, a));
    assert_null(compute(ctx, in, b));
    assert_null(difference(a, b));
    patron_ctx_destroy(ctx);
    patron_ctx_destroy(plain);
    free(b);
    free(a);
    free(in);
}

static void scalar_functions_give_the_bits_of_the_arrays(void **state) {
    (void)state;
    inputs *in = make_inputs();
    outcome *out = new_array(1, sizeof *out);
    patron_ctx *ctx = context(NULL, 1);
    assert_null(compute(ctx, in, out));
    for (int i = 0; i < N_VALUES; i++) {
        double e = pt_exp(in->x[i]), l = pt_log(in->x[i]), g = pt_log_gamma(in->x[i]);
        if (memcmp(&e, &out->exp[i], 8) != 0 || memcmp(&l, &out->log[i], 8) != 0 || memcmp(&g, &out->log_gamma[i], 8) != 0)
            fail_msg("x = %a", in->x[i]);
    }
    for (size_t i = 0; sum_lengths[i] <= PT_SUM_CHUNK; i++) {
        double sum = pt_sum(PT_CPU_GENERIC, sum_lengths[i], in->terms);
        assert_memory_equal(&sum, &out->sums[i], sizeof sum);
    }
    patron_ctx_destroy(ctx);
    free(out);
    free(in);
}

/* ---- the functions ---- */

static FILE *open_golden(void) {
    const char *path = golden_path != NULL ? golden_path : getenv("PATRON_GOLDEN");
    if (path != NULL) return fopen(path, "r");
    char guess[256] = "tests/golden/elementary.csv"; /* the build folder may lie anywhere below the root */
    for (int depth = 0; depth < 8; depth++) {
        FILE *file = fopen(guess, "r");
        if (file != NULL) return file;
        memmove(guess + 3, guess, strlen(guess) + 1);
        memcpy(guess, "../", 3);
    }
    return NULL;
}

static double last_place(double x) {
    int exponent;
    frexp(x, &exponent);
    return ldexp(1.0, exponent - 53 < -1074 ? -1074 : exponent - 53);
}

static void functions_are_as_accurate_as_they_say(void **state) {
    (void)state;
    static const char *const names[] = {"exp", "log", "log_gamma"};
    static double (*const functions[])(double) = {pt_exp, pt_log, pt_log_gamma};
    static const double allowed[] = {1.0, 1.0, 1e-15}; /* ulp, ulp, relative */
    int rows[3] = {0};
    FILE *file = open_golden();
    if (file == NULL) fail_msg("No elementary.csv; name it in PATRON_GOLDEN");
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        char *fields[4], *rest = line;
        for (int i = 0; i < 4; i++) fields[i] = strsep(&rest, ",\n");
        size_t f = 0;
        while (f < LENGTH(names) && strcmp(fields[0], names[f]) != 0) f++;
        assert_true(f < LENGTH(names));
        rows[f]++;
        double x = strtod(fields[1], NULL), value = strtod(fields[2], NULL), y = functions[f](x);
        double error = fabs((y - value) - strtod(fields[3], NULL));
        if (f == 2 && value != 0) error /= fabs(value);
        if (f != 2) error /= last_place(value);
        if (!(error <= allowed[f])) fail_msg("%s(%a) is %a, expected %a: error %g", names[f], x, y, value, error);
    }
    fclose(file);
    for (size_t f = 0; f < LENGTH(names); f++) assert_true(rows[f] >= 300);
}

static void check_special(double (*f)(double), double x, double expected) {
    double y = f(x);
    if (memcmp(&y, &expected, sizeof y) != 0) fail_msg("f(%a) is %a; expected %a", x, y, expected);
}

static void functions_of_special_values_are_those_of_c(void **state) {
    (void)state;
    const double nan = __builtin_nan("");
    check_special(pt_exp, INFINITY, INFINITY);
    check_special(pt_exp, -INFINITY, 0.0);
    check_special(pt_exp, NAN, nan);
    check_special(pt_exp, -NAN, nan);
    check_special(pt_exp, 0.0, 1.0);
    check_special(pt_exp, -0.0, 1.0);
    check_special(pt_exp, 5e-324, 1.0);
    check_special(pt_exp, 0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023); /* the last finite one */
    check_special(pt_exp, 0x1.62e42fefa39f0p+9, INFINITY);
    check_special(pt_exp, -0x1.74910d52d3051p+9, 5e-324); /* the last above zero */
    check_special(pt_exp, -0x1.74910d52d3052p+9, 0.0);
    check_special(pt_exp, 1.7e308, INFINITY);
    check_special(pt_exp, -1.7e308, 0.0);
    check_special(pt_log, 0.0, -INFINITY);
    check_special(pt_log, -0.0, -INFINITY);
    check_special(pt_log, 1.0, 0.0);
    check_special(pt_log, INFINITY, INFINITY);
    check_special(pt_log, -INFINITY, nan);
    check_special(pt_log, -5e-324, nan);
    check_special(pt_log, -1.0, nan);
    check_special(pt_log, -NAN, nan);
    check_special(pt_log_gamma, 0.0, INFINITY);
    check_special(pt_log_gamma, -0.0, INFINITY);
    check_special(pt_log_gamma, 1.0, 0.0);
    check_special(pt_log_gamma, 2.0, 0.0);
    check_special(pt_log_gamma, INFINITY, INFINITY);
    check_special(pt_log_gamma, 2.6e305, INFINITY);
    check_special(pt_log_gamma, -5e-324, nan);
    check_special(pt_log_gamma, -1.5, nan);
    check_special(pt_log_gamma, -INFINITY, nan);
    check_special(pt_log_gamma, -NAN, nan);
}

static void the_sum_follows_its_rule_and_keeps_special_values(void **state) {
    (void)state;
    patron_ctx *ctx = context(NULL, 2);
    double out = 7.0, x[40];
    assert_int_equal(patron_math_sum(ctx, 0, NULL, &out, NULL), PATRON_OK);
    assert_true(out == 0.0 && !signbit(out));
    for (int i = 0; i < 40; i++) x[i] = 0.0;
    x[0] = 1e100; /* lane 0 */
    x[16] = -1e100;
    x[8] = 1.0; /* lane 8: added to lane 0 only after 1e100 is gone */
    assert_int_equal(patron_math_sum(ctx, 40, x, &out, NULL), PATRON_OK);
    assert_true(out == 1.0);
    x[16] = 0.0;
    x[1] = -1e100; /* lane 1 meets lane 0 last, so the 1 is lost */
    assert_int_equal(patron_math_sum(ctx, 40, x, &out, NULL), PATRON_OK);
    assert_true(out == 0.0);
    x[39] = INFINITY;
    assert_int_equal(patron_math_sum(ctx, 40, x, &out, NULL), PATRON_OK);
    assert_true(out == (double)INFINITY);
    x[3] = -INFINITY;
    for (pt_cpu level = PT_CPU_GENERIC; level <= ctx->cpu; level++) {
        out = pt_sum(level, 40, x);
        assert_true(isnan(out) && !signbit(out));
    }
    patron_ctx_destroy(ctx);
}

static void the_environment_lowers_the_vector_width_and_no_more(void **state) {
    (void)state;
    static const char *const names[] = {"generic", "avx2", "avx512"};
    patron_ctx *best = context(NULL, 1);
    for (pt_cpu level = PT_CPU_GENERIC; level <= PT_CPU_AVX512; level++) {
        patron_ctx *ctx = context(names[level], 1);
        assert_string_equal(patron_ctx_cpu(ctx), names[level < best->cpu ? level : best->cpu]);
        patron_ctx_destroy(ctx);
    }
    patron_ctx *other = context("fastest", 1); /* a name of nothing */
    assert_string_equal(patron_ctx_cpu(other), patron_ctx_cpu(best));
    patron_ctx_destroy(other);
    patron_ctx_destroy(best);
}

static void bad_arguments_are_named(void **state) {
    (void)state;
    patron_ctx *ctx = context(NULL, 1);
    patron_error error = {0};
    double x = 1, y = 2;
    int64_t order = 3;
    assert_int_equal(patron_math_exp(ctx, -3, &x, &y, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "-3"));
    assert_int_equal(patron_math_log(ctx, 1, NULL, &y, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "x is NULL"));
    assert_int_equal(patron_math_log_gamma(ctx, 1, &x, NULL, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "y is NULL"));
    assert_int_equal(patron_math_exp(ctx, 0, NULL, NULL, NULL), PATRON_OK); /* nothing to look at */
    assert_int_equal(patron_math_sum(ctx, -1, &x, &y, NULL), PATRON_ERR_INVALID);
    assert_int_equal(patron_math_sum(ctx, 1, NULL, &y, NULL), PATRON_ERR_INVALID);
    assert_int_equal(patron_sort_order(ctx, -1, NULL, NULL, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_sort_order(ctx, 1, &order, NULL, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "sort of 1 keys: order is NULL; expected an array");
    assert_int_equal(patron_sort_order(ctx, 1, NULL, &order, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "keys is NULL"));
    assert_int_equal(patron_random_uniform(ctx, 0, 0, UINT64_MAX, 2, &y, &error), PATRON_ERR_LIMIT);
    assert_int_equal(patron_random_uniform(ctx, 0, 0, 0, -1, &y, &error), PATRON_ERR_INVALID);
    assert_int_equal(patron_random_uniform(ctx, 0, 0, 0, 2, NULL, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "2 random numbers: out is NULL; expected an array");
    assert_int_equal(patron_random_uniform(ctx, 0, 0, UINT64_MAX, 0, NULL, NULL), PATRON_OK);
    assert_int_equal(patron_ctx_set_threads(ctx, PT_MAX_THREADS + 1, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "257"));
    assert_true(y == 2 && order == 3);
    assert_int_equal(patron_random_uniform(ctx, 0, 0, UINT64_MAX, 1, &y, NULL), PATRON_OK); /* the last one of a stream */
    patron_ctx_destroy(ctx);
}

/* ---- sorting ---- */

typedef struct numbered {
    int64_t key, position;
} numbered;

static int by_key_then_position(const void *a, const void *b) {
    const numbered *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static int64_t make_key(int shape, int64_t i, int64_t n) {
    uint64_t word = pt_random_u64(9, (uint64_t)shape, (uint64_t)i);
    double u = pt_random_to_double(word);
    switch (shape) {
    case 0:
        return (int64_t)word;
    case 1:
        return (int64_t)(word % 3) - 1;
    case 2:
        return i * 3 - n; /* in order */
    case 3:
        return -i; /* reversed */
    case 4:
        return (int64_t)(u * u * u * u * u * u * u * u * u * u * 9e18) - 4000000000000000000; /* crowded */
    case 5:
        return i % 7 == 0 ? INT64_MAX : INT64_MIN;
    case 6:
        return i == n / 2 ? INT64_MAX : (int64_t)(word % 1000000000); /* an outlier */
    case 7:
        return (int64_t)(word % 730) * 86400000000; /* days */
    case 8:
        return 42;
    case 9:
        return i % 65536; /* every chunk in order, all of them together not */
    default:
        return i < n / 2 ? i : i - n / 2 - 1; /* two sorted halves that overlap */
    }
}

static void sorting_is_stable_and_agrees_with_qsort(void **state) {
    (void)state;
    static const int64_t lengths[] = {0, 1, 2, 3, 40, 41, 1000, 2048, 65536, 65537, 200000};
    const int64_t most = 200000;
    patron_ctx *ctx = context(NULL, 3);
    int64_t *keys = new_array(most, sizeof *keys), *order = new_array(most, sizeof *order);
    numbered *twin = new_array(most, sizeof *twin);
    for (int shape = 0; shape <= 10; shape++)
        for (size_t l = 0; l < LENGTH(lengths); l++) {
            int64_t n = lengths[l];
            for (int64_t i = 0; i < n; i++) {
                keys[i] = make_key(shape, i, n);
                twin[i] = (numbered){keys[i], i};
                order[i] = -1;
            }
            qsort(twin, (size_t)n, sizeof *twin, by_key_then_position);
            assert_int_equal(patron_sort_order(ctx, n, keys, order, NULL), PATRON_OK);
            for (int64_t i = 0; i < n; i++)
                if (order[i] != twin[i].position)
                    fail_msg("shape %d, n = %lld: order[%lld] is %lld; expected %lld", shape, (long long)n, (long long)i,
                             (long long)order[i], (long long)twin[i].position);
        }
    free(twin);
    free(order);
    free(keys);
    patron_ctx_destroy(ctx);
}

static void a_local_sort_agrees_with_the_parallel_one(void **state) {
    (void)state;
    enum { N = 5000 };
    patron_ctx *ctx = context(NULL, 1);
    static uint64_t a[4][N], b[4][N];
    for (uint64_t i = 0; i < N; i++) {
        a[0][i] = b[0][i] = pt_random_u64(10, 0, i) % 777 << 40;
        a[1][i] = b[1][i] = i;
    }
    assert_int_equal(pt_sort_pairs(ctx, N, a[0], a[1], a[2], a[3], NULL), PATRON_OK);
    pt_sort_pairs_local(N, b[0], b[1], b[2], b[3]);
    assert_memory_equal(a, b, 2 * sizeof a[0]);
    for (int i = 1; i < N; i++) assert_true(a[0][i - 1] < a[0][i] || (a[0][i - 1] == a[0][i] && a[1][i - 1] < a[1][i]));
    patron_ctx_destroy(ctx);
}

/* ---- random numbers ---- */

static void philox_gives_the_published_vectors(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < LENGTH(known); i++) {
        uint32_t out[4];
        pt_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
    assert_true(pt_random_u64(0, 0, 0) == UINT64_C(0xe169c58d6627e8d5));
    assert_true(pt_random_u64(0, 0, 1) == UINT64_C(0x9b00dbd8bc57ac4c));
    /* seed: the key; stream: the upper half of the counter; index / 2: the lower */
    assert_true(pt_random_u64(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), 0x85a308d3243f6a88u * 2 + 1) !=
                pt_random_u64(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), 1));
    uint64_t pair[2];
    pt_random_pair(UINT64_C(0x299f31d0a4093822), UINT64_C(0x0370734413198a2e), UINT64_C(0x85a308d3243f6a88), pair);
    assert_true(pair[0] == UINT64_C(0x94fdccebd16cfe09) && pair[1] == UINT64_C(0x24126ea15001e420));
}

static void any_slice_of_a_random_stream_can_be_had_alone(void **state) {
    (void)state;
    enum { N = 40000 };
    static double whole[N], slice[N];
    patron_ctx *ctx = context(NULL, 2);
    assert_int_equal(patron_random_uniform(ctx, 11, 12, 0, N, whole, NULL), PATRON_OK);
    for (int64_t first = 1; first < N; first = first * 3 + 1) {
        int64_t n = N - first < 17001 ? N - first : 17001;
        assert_int_equal(patron_random_uniform(ctx, 11, 12, (uint64_t)first, n, slice, NULL), PATRON_OK);
        assert_memory_equal(slice, whole + first, (size_t)n * sizeof *slice);
    }
    double sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        assert_true(whole[i] >= 0 && whole[i] < 1 && whole[i] == pt_random_double(11, 12, (uint64_t)i));
        sum += whole[i];
        squares += whole[i] * whole[i];
        assert_true(pt_random_below(11, 12, (uint64_t)i, 10) == (uint64_t)(whole[i] * 10));
    }
    assert_true(fabs(sum / N - 0.5) < 0.01 && fabs(squares / N - 1.0 / 3) < 0.01);
    patron_ctx_destroy(ctx);
}

/* ---- exact sums ---- */

static void exact_sums_merge_and_take_back_without_a_trace(void **state) {
    (void)state;
    static const int64_t values[] = {INT64_MAX, INT64_MAX, 1, -1, INT64_MIN, 0, INT64_MIN, INT64_MIN, 999999, INT64_MAX};
    __int128 twin = 0;
    pt_sum128 all = {0}, left = {0}, right = {0};
    for (size_t i = 0; i < LENGTH(values); i++) {
        twin += values[i];
        pt_sum128_add(&all, values[i]);
        pt_sum128_add(i % 3 == 0 ? &left : &right, values[i]);
        assert_true(pt_sum128_value(all) == twin);
    }
    pt_sum128 merged = left;
    pt_sum128_merge(&merged, right);
    assert_memory_equal(&merged, &all, sizeof all);
    pt_sum128_remove(&merged, right);
    assert_memory_equal(&merged, &left, sizeof left);
    for (size_t i = 0; i < LENGTH(values); i++)
        if (i % 3 == 0) pt_sum128_subtract(&merged, values[i]);
    assert_true(merged.low == 0 && merged.high == 0);
    assert_int_equal(pt_sum128_compare(pt_sum128_from(-1), pt_sum128_from(1)), -1);
    assert_int_equal(pt_sum128_compare(pt_sum128_from((__int128)1 << 64), pt_sum128_from(-1)), 1);
    assert_int_equal(pt_sum128_compare(all, all), 0);
}

static void exact_sums_become_doubles_with_one_rounding(void **state) {
    (void)state;
    static const struct {
        pt_sum128 sum;
        uint64_t divisor;
        double expected;
    } known[] = {
        /* from Python's fractions; the first three differ from a division of doubles */
        {{UINT64_C(0xe6a16a3b0d464138), 21052228}, UINT64_C(7000000), 0x1.80f47daea9935p+65},
        {{UINT64_C(0x92edcf451a1afe87), 33464602}, UINT64_C(12345678901234567), 0x1.748bea0840b99p+35},
        {{UINT64_C(0x687c966c377b9aa2), 37511488}, UINT64_C(7000000), 0x1.56f6516930621p+66},
        {{UINT64_C(0x1), 0}, UINT64_C(1000000), 0x1.0c6f7a0b5ed8dp-20},
        {{UINT64_C(0xffffffffffffffff), -1}, UINT64_C(1000000), -0x1.0c6f7a0b5ed8dp-20},
        {{UINT64_C(0x20000000000001), 0}, UINT64_C(1), 0x1.0000000000000p+53},
        {{UINT64_C(0x20000000000003), 0}, UINT64_C(1), 0x1.0000000000002p+53},
        {{UINT64_C(0xffdfffffffffffff), -1}, UINT64_C(1), -0x1.0000000000000p+53},
        {{UINT64_C(0xffffffffffffffff), 9223372036854775807}, UINT64_C(1000000), 0x1.0c6f7a0b5ed8dp+107},
        {{UINT64_C(0x0), INT64_MIN}, UINT64_C(1000000), -0x1.0c6f7a0b5ed8dp+107},
        {{UINT64_C(0xc373e0ee4e3f0ad2), 6692605942}, UINT64_C(1000000), 0x1.a249b1f10a06dp+76},
        {{UINT64_C(0x762c71e38f34f), -5354084803}, UINT64_C(7), -0x1.6cb7d44c9240bp+93},
        {{UINT64_C(0xc0000000000007), 0}, UINT64_C(3), 0x1.0000000000001p+54},
        {{UINT64_C(0x40000000000002), 0}, UINT64_C(1), 0x1.0000000000000p+54},
        {{UINT64_C(0x800000000000), 68719476736}, UINT64_C(1), 0x1.0000000000000p+100},
        {{UINT64_C(0x800000000001), 68719476736}, UINT64_C(1), 0x1.0000000000001p+100},
        {{UINT64_C(0x7fffffffffff), 68719476736}, UINT64_C(1), 0x1.0000000000000p+100},
        {{UINT64_C(0xde0b6b3a7640000), 0}, UINT64_C(18446744073709551615), 0x1.bc16d674ec800p-5},
    };
    for (size_t i = 0; i < LENGTH(known); i++) {
        double y = pt_sum128_over(known[i].sum, known[i].divisor);
        if (y != known[i].expected) fail_msg("case %zu: %a; expected %a", i, y, known[i].expected);
    }
}

int main(int argc, char **argv) {
    golden_path = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_do_not_depend_on_threads_or_vector_width_or_fork),
        cmocka_unit_test(scalar_functions_give_the_bits_of_the_arrays),
        cmocka_unit_test(functions_are_as_accurate_as_they_say),
        cmocka_unit_test(functions_of_special_values_are_those_of_c),
        cmocka_unit_test(the_sum_follows_its_rule_and_keeps_special_values),
        cmocka_unit_test(the_environment_lowers_the_vector_width_and_no_more),
        cmocka_unit_test(bad_arguments_are_named),
        cmocka_unit_test(sorting_is_stable_and_agrees_with_qsort),
        cmocka_unit_test(a_local_sort_agrees_with_the_parallel_one),
        cmocka_unit_test(philox_gives_the_published_vectors),
        cmocka_unit_test(any_slice_of_a_random_stream_can_be_had_alone),
        cmocka_unit_test(exact_sums_merge_and_take_back_without_a_trace),
        cmocka_unit_test(exact_sums_become_doubles_with_one_rounding),
        cmocka_unit_test(uncancelled_work_gives_the_same_with_a_cancel_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
