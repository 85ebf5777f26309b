/* tests/fuzz/replay.c: runs a fuzz target without a fuzzing engine.
 *
 *     replay FILE...                          the target over each file: a crash found elsewhere, seen again
 *     replay --mutate N --seed S [FILE...]    and over N mutations of them; the same ones for the same S
 *
 * Link it with one target (LLVMFuzzerTestOneInput). If the target has LLVMFuzzerCustomMutator, mutations go through it, and
 * without files they begin with what it makes of nothing. A mutation is 1 to 8 steps: bits, bytes, small and boundary
 * integers of 1 to 8 bytes, copied and erased blocks, another length. Before each run the input is kept in memory at
 * `replay_input`, and written to `replay-crash` by the handler when the process dies on a signal or by a sanitizer. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

enum { MAX_SIZE = 1 << 20 };

/* UBSan's own exit would pass the handlers by. */
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }

typedef struct input {
    uint8_t *data;
    size_t size;
} input;

static input replay_input;
static uint64_t random_state;

static uint64_t draw(void) { /* splitmix64 */
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(size_t n) { return n == 0 ? 0 : (size_t)(draw() % n); }

static void leave_input(void) {
    int fd = open("replay-crash", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) return;
    ssize_t written = write(fd, replay_input.data, replay_input.size);
    static const char message[] = "replay: the input is in replay-crash\n";
    if (written == (ssize_t)replay_input.size) (void)!write(2, message, sizeof message - 1);
    close(fd);
}

static void on_signal(int number) {
    leave_input();
    signal(number, SIG_DFL);
    raise(number);
}

static void run(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size == 0 ? 1 : size); /* of the exact size, so that a sanitizer sees a step too far */
    if (copy == NULL) exit(2);
    if (size > 0) memcpy(copy, data, size);
    replay_input = (input){copy, size};
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

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
    switch (below(9)) {
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
    case 7: /* shorter: the end goes, or a block in the middle */
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
    return LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(data, size, MAX_SIZE, seed)
                                   : LLVMFuzzerMutate(data, size, MAX_SIZE);
}

static input read_input(const char *path) {
    FILE *file = fopen(path, "rb");
    input in = {malloc(MAX_SIZE), 0};
    if (file == NULL || in.data == NULL) {
        fprintf(stderr, "replay: cannot read %s: %s\n", path, strerror(errno));
        exit(2);
    }
    in.size = fread(in.data, 1, MAX_SIZE, file);
    fclose(file);
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

int main(int argc, char **argv) {
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    long long mutations = 0;
    size_t n = 0;
    input *inputs = calloc((size_t)argc + 1, sizeof *inputs);
    uint8_t *work = malloc(MAX_SIZE);
    if (inputs == NULL || work == NULL) return 2;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--mutate") == 0 && i + 1 < argc)
            mutations = number(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            random_state = (uint64_t)number(argv[++i]);
        else
            inputs[n++] = read_input(argv[i]);
    }
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(leave_input);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
    for (size_t i = 0; i < n; i++) run(inputs[i].data, inputs[i].size);
    size_t files = n;
    if (n == 0 && mutations > 0) {
        inputs[0] = (input){calloc(MAX_SIZE, 1), 0};
        if (inputs[0].data == NULL) return 2;
        inputs[0].size = mutate(inputs[0].data, 0);
        run(inputs[0].data, inputs[0].size);
        n = 1;
    }
    for (long long i = 0; i < mutations; i++) {
        const input *from = &inputs[below(n)];
        memcpy(work, from->data, from->size);
        run(work, mutate(work, from->size));
    }
    for (size_t i = 0; i < n; i++) free(inputs[i].data);
    free(inputs);
    free(work);
    printf("replay: %zu files and %lld mutations, no finding\n", files, mutations);
    return 0;
}
