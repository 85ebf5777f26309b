/* A memory cap holds: every call, under caps from nothing to enough, either does its work or says that the cap is reached and
 * leaves everything as it was. The context never holds more than the cap, and the process hardly more than that. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "every_call.h"

#include <unistd.h>

enum { N_ROWS = 30000, STEPS = 24, ROOM = 3 << 20 };

/* A number of /proc/self/status in bytes; -1 where there is none. */
static int64_t status_of(const char *what) {
    char line[128];
    long long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    if (file == NULL) return -1;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, what, strlen(what)) == 0) kilobytes = strtoll(line + strlen(what) + 1, NULL, 10);
    fclose(file);
    return kilobytes < 0 ? -1 : kilobytes * 1024;
}

/* The most that the process has had in memory is from now on counted anew. */
static bool forget_most(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL) return false;
    bool ok = fputs("5", file) >= 0;
    return fclose(file) == 0 && ok;
}

static bool measures_itself(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false; /* their shadows and quarantines count too */
#else
    return forget_most();
#endif
}

typedef struct outcome {
    uint64_t found;
    patron_error error;
    int64_t resident; /* by how much the process grew at most */
} outcome;

static outcome run_under(const shared *s, int j, uint64_t cap) {
    outcome o = {0};
    patron_ctx_memory_peak_reset(s->ctx);
    patron_ctx_set_memory_cap(s->ctx, cap);
    int64_t before = measures_itself() ? status_of("VmRSS") : -1;
    o.found = jobs[j].run(s, 0, &o.error);
    if (before >= 0) o.resident = status_of("VmHWM") - before;
    patron_ctx_set_memory_cap(s->ctx, 0);
    return o;
}

static void every_call_keeps_to_the_cap(void **state) {
    (void)state;
    shared *s = shared_create(2, N_ROWS);
    int n_failed = 0, n_done = 0;
    for (int j = 0; j < N_JOBS; j++) {
        if (strcmp(jobs[j].name, "knobs") == 0) continue; /* turns the cap itself */
        outcome free_run = run_under(s, j, 0);            /* also makes what is made once: threads, buffers of the C library */
        free_run = run_under(s, j, 0);
        if (free_run.found == 0) fail_msg("%s without a cap: %s", jobs[j].name, free_run.error.message);
        const uint64_t held = patron_ctx_memory(s->ctx), need = patron_ctx_memory_peak(s->ctx) - held;
        int failed_before = 1;
        for (int step = 0; step <= STEPS; step++) {
            uint64_t cap = step == STEPS ? held + 2 * need + ROOM : held + need * (uint64_t)step * (uint64_t)step / (20 * 20);
            outcome o = run_under(s, j, cap);
            bool done = o.found != 0;
            if (done && o.found != free_run.found)
                fail_msg("%s: another result under a cap of %llu", jobs[j].name, (unsigned long long)cap);
            if (!done && (o.error.status != PATRON_ERR_NO_MEMORY || strstr(o.error.message, "memory cap") == NULL))
                fail_msg("%s under a cap of %llu: %s: %s", jobs[j].name, (unsigned long long)cap,
                         patron_status_name(o.error.status), o.error.message);
            if (patron_ctx_memory_peak(s->ctx) > cap)
                fail_msg("%s held %llu under a cap of %llu", jobs[j].name, (unsigned long long)patron_ctx_memory_peak(s->ctx),
                         (unsigned long long)cap);
            if (patron_ctx_memory(s->ctx) > held)
                fail_msg("%s under a cap of %llu keeps %llu bytes", jobs[j].name, (unsigned long long)cap,
                         (unsigned long long)(patron_ctx_memory(s->ctx) - held));
            if (o.resident > (int64_t)(cap - held) + ROOM)
                fail_msg("%s made the process %lld bytes larger with %llu left under the cap", jobs[j].name,
                         (long long)o.resident, (unsigned long long)(cap - held));
            if (!done) n_failed++, failed_before = 1;
            if (done) n_done++, failed_before = 0;
        }
        if (failed_before) fail_msg("%s failed with twice the memory it needs", jobs[j].name);
        outcome after = run_under(s, j, 0);
        assert_true(after.found == free_run.found);
    }
    assert_true(n_failed > 150 && n_done > 50);
    shared_destroy(s);
}

/* Also while others work: the sum of what all hold stays below. */
static void the_cap_may_be_lowered_below_what_is_held(void **state) {
    (void)state;
    shared *s = shared_create(2, 1000);
    const uint64_t held = patron_ctx_memory(s->ctx);
    patron_ctx_set_memory_cap(s->ctx, held / 2);
    patron_error error = {0};
    patron_log *log = NULL;
    assert_int_equal(patron_log_between(s->log, 0, INT64_MAX, &log, &error), PATRON_ERR_NO_MEMORY);
    char expected[64];
    snprintf(expected, sizeof expected, "The memory cap of %llu bytes is reached", (unsigned long long)held / 2);
    assert_memory_equal(error.message, expected, strlen(expected));
    assert_null(log);
    assert_true(patron_ctx_memory(s->ctx) == held);
    assert_true(patron_log_n_events(s->log) > 0); /* what is held is there, and readable */
    patron_ctx_set_memory_cap(s->ctx, 0);
    assert_int_equal(patron_log_between(s->log, 0, INT64_MAX, &log, NULL), PATRON_OK);
    patron_log_destroy(log);
    shared_destroy(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_keeps_to_the_cap),
        cmocka_unit_test(the_cap_may_be_lowered_below_what_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
