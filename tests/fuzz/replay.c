/* tests/fuzz/replay.c: runs a fuzz target without a fuzzing engine.
 *
 *     replay PATH...                          the target over each file, and each file in each folder
 *     replay --mutate N --seed S [PATH...]    and over N mutations of them; the same ones for the same S
 *     replay --plain ...                      mutations of bytes only, even if the target knows better
 *
 * Link it with one target (LLVMFuzzerTestOneInput). If the target has LLVMFuzzerCustomMutator, mutations go through it, and
 * what it makes of nothing joins the files. A mutation is 1 to 8 steps: bits, bytes, small and boundary integers of 1 to 8
 * bytes, copied and erased blocks, another length, a block of another file. Three times in four it is of an input that the
 * target did not refuse, if there are such, and a mutation that is not refused is mutated again, up to some dozens of times.
 *
 * Before each run the input is kept in memory at `replay_input`; it is written to `replay-crash-<process>` when the process
 * dies on a signal or by a sanitizer, and when one input takes a second of processor time, which is a finding too. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
extern __attribute__((weak)) int fuzz_accepted; /* set by a target that did not refuse its input */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

enum { MAX_SIZE = 1 << 16, FIRST_FILES = 8, CHAIN = 64, TICK_US = 250000, TICKS = 5 };

/* UBSan's own exit would pass the handlers by. */
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }

typedef struct input {
    uint8_t *data;
    size_t size;
    int accepted;
} input;

static input replay_input;
static volatile unsigned long long n_runs; /* begun */
static uint64_t random_state;
static input *inputs;
static size_t n_inputs;
static int plain;

static uint64_t draw(void) { /* splitmix64 */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(size_t n) { return n == 0 ? 0 : (size_t)(draw() % n); }

static char crash_name[40];

static void leave_input(void) {
    int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) return;
    ssize_t written = write(fd, replay_input.data, replay_input.size);
    static const char message[] = "replay: the input is in ";
    if (written == (ssize_t)replay_input.size) {
        (void)!write(2, message, sizeof message - 1);
        (void)!write(2, crash_name, strlen(crash_name));
        (void)!write(2, "\n", 1);
    }
    close(fd);
}

static void on_signal(int number) {
    leave_input();
    signal(number, SIG_DFL);
    raise(number);
}

/* Every quarter of a second of processor time: is it still the same run? */
static void on_tick(int number) {
    static unsigned long long seen;
    static int ticks;
    (void)number;
    ticks = seen == n_runs ? ticks + 1 : 1;
    seen = n_runs;
    if (ticks < TICKS) return;
    static const char message[] = "replay: this input takes more than a second\n";
    (void)!write(2, message, sizeof message - 1);
    abort();
}

static void run(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size == 0 ? 1 : size); /* of the exact size, so that a sanitizer sees a step too far */
    if (copy == NULL) exit(2);
    if (size > 0) memcpy(copy, data, size);
    replay_input = (input){copy, size, 0};
    n_runs++;
    if (&fuzz_accepted) fuzz_accepted = 0;
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int accepted(void) { return &fuzz_accepted != NULL && fuzz_accepted; }

/* An integer of `width` bytes: small, at a power of two, at a limit, or anything. */
static uint64_t telling_integer(size_t width) {
    uint64_t limit = width == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * width)) - 1;
    switch (below(5)) {
    case 0:
        return draw() % 130;
    case 1:
        return ((uint64_t)1 << below(8 * width)) - draw() % 3 + 1;
    case 2:
        return limit - draw() % 66;
    case 3:
        return limit / 2 + draw() % 3 - 1;
    default:
        return draw();
    }
}

static size_t mutate_once(uint8_t *data, size_t size, size_t max_size) {
    if (size == 0) {
        data[0] = (uint8_t)draw();
        return 1;
    }
    size_t at = below(size), n, from;
    switch (below(10)) {
    case 0:
        data[at] ^= (uint8_t)(1u << below(8));
        return size;
    case 1:
        data[at] = (uint8_t)draw();
        return size;
    case 2:
    case 3:
    case 4: {
        n = (size_t)1 << below(4);
        if (below(4) != 0) at &= ~(n - 1); /* fields are aligned more often than not */
        if (n > size - at) n = size - at;
        uint64_t value = telling_integer(n);
        if (below(3) == 0) { /* near what is there */
            uint64_t old = 0;
            memcpy(&old, data + at, n);
            value = old + draw() % 129 - 64;
        }
        memcpy(data + at, &value, n);
        return size;
    }
    case 5:
        from = below(size);
        n = 1 + below(128);
        if (n > size - at) n = size - at;
        if (n > size - from) n = size - from;
        memmove(data + at, data + from, n);
        return size;
    case 6:
        n = 1 + below(64);
        if (n > size - at) n = size - at;
        memset(data + at, below(2) ? 0 : 0xff, n);
        return size;
    case 7: { /* a block of another file, at the same place or elsewhere */
        const input *other = &inputs[below(n_inputs)];
        if (other->size == 0) return size;
        from = below(2) && at < other->size ? at : below(other->size);
        n = 1 + below(below(2) ? 16 : 256);
        if (n > size - at) n = size - at;
        if (n > other->size - from) n = other->size - from;
        memcpy(data + at, other->data + from, n);
        return size;
    }
    case 8: /* shorter: the end goes, or a block in the middle */
        if (below(2)) return at;
        n = below(2) ? 64 : 1 + below(64);
        if (n > size - at) n = size - at;
        memmove(data + at, data + at + n, size - at - n);
        return size - n;
    default: /* longer: a block that is there is said again */
        n = below(2) ? 64 : 1 + below(64);
        if (n > size - at) n = size - at;
        if (n > max_size - size) return size;
        memmove(data + at + n, data + at, size - at);
        return size + n;
    }
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) {
    for (size_t steps = 1 + below(below(4) == 0 ? 8 : 2); steps > 0; steps--) size = mutate_once(data, size, max_size);
    return size;
}

static size_t mutate(uint8_t *data, size_t size) {
    unsigned seed = (unsigned)draw();
    return LLVMFuzzerCustomMutator && !plain ? LLVMFuzzerCustomMutator(data, size, MAX_SIZE, seed)
                                             : LLVMFuzzerMutate(data, size, MAX_SIZE);
}

/* ---- inputs ----------------------------------------------------------------------------------------------------------- */

static void fail(const char *what, const char *path) {
    fprintf(stderr, "replay: %s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

/* A new input, empty. */
static input *add_input(void) {
    inputs = realloc(inputs, (n_inputs + 1) * sizeof *inputs);
    if (inputs == NULL) exit(2);
    inputs[n_inputs] = (input){malloc(MAX_SIZE), 0, 0};
    if (inputs[n_inputs].data == NULL) exit(2);
    return &inputs[n_inputs++];
}

static void read_path(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        FILE *file = fopen(path, "rb");
        if (file == NULL) fail("cannot read", path);
        input *in = add_input();
        in->size = fread(in->data, 1, MAX_SIZE, file);
        if (getc(file) != EOF) fail("is too large", path);
        fclose(file);
        return;
    }
    char name[4096];
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name) exit(2);
        read_path(name);
    }
    closedir(folder);
}

/* Whatever order the folder has: the same mutations for the same seed. */
static int compare(const void *a, const void *b) {
    const input *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->size < y->size ? x->size : y->size);
    return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* What is mutated next. */
static const input *choose(void) {
    const input *in = &inputs[below(n_inputs)];
    if (below(4) == 0) return in;
    for (int tries = 0; tries < 100 && !in->accepted; tries++) in = &inputs[below(n_inputs)];
    return in;
}

static long long number(const char *text) {
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0) {
        fprintf(stderr, "replay: \"%s\"; expected a number, 0 or more\n", text);
        exit(2);
    }
    return value;
}

static void watch(void) {
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    const struct itimerval tick = {{0, TICK_US}, {0, TICK_US}};
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    snprintf(crash_name, sizeof crash_name, "replay-crash-%ld", (long)getpid());
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(leave_input);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &tick, NULL);
}

int main(int argc, char **argv) {
    long long mutations = 0;
    uint8_t *work = malloc(MAX_SIZE);
    if (work == NULL) return 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc)
            mutations = number(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            random_state = (uint64_t)number(argv[++i]);
        else if (strcmp(argv[i], "--plain") == 0)
            plain = 1;
        else
            read_path(argv[i]);
    }
    const size_t files = n_inputs;
    if (files > 0) qsort(inputs, files, sizeof *inputs, compare);
    watch();
    if (LLVMFuzzerCustomMutator)
        for (unsigned i = 0; i < FIRST_FILES; i++) {
            input *in = add_input();
            in->size = LLVMFuzzerCustomMutator(in->data, 0, MAX_SIZE, i);
        }
    if (n_inputs == 0) (void)add_input();
    long long taken = 0;
    for (size_t i = 0; i < n_inputs; i++) {
        run(inputs[i].data, inputs[i].size);
        inputs[i].accepted = accepted();
    }
    size_t size = 0;
    const clock_t began = clock();
    for (long long i = 0, again = 0; i < mutations; i++, again--) {
        if (again <= 0 || !accepted()) {
            const input *from = choose();
            size = from->size;
            if (size > 0) memcpy(work, from->data, size);
            again = (long long)(1 + below(CHAIN));
        }
        size = mutate(work, size);
        run(work, size);
        taken += accepted();
    }
    const double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    for (size_t i = 0; i < n_inputs; i++) free(inputs[i].data);
    free(inputs);
    free(work);
    printf("replay: %zu files and %lld mutations (%lld accepted), no finding; %.0f a second\n", files, mutations, taken,
           seconds > 0 ? (double)mutations / seconds : 0.0);
    return 0;
}
