/* tests/c/faults_sweep.h: every allocation and every file operation of a public function failed in turn, and the call cancelled
 * at every place where it asks whether to stop.
 *
 * A scenario calls one function once. The table of scenarios of a header (tests/c/test_faults_*.c) has at least one for each
 * function that returns a patron_status: tests/lint/test_sweeps.py sees to that.
 *
 *     static patron_status merging(world *w, patron_error *error) {
 *         const logs *in = w->in;                                            // made by `make`, below
 *         return patron_log_merge(in->log, in->later, &w->out.log, error);   // writes into w->out, and into w->values
 *     }
 *     static const scenario scenarios[] = {{.function = "patron_log_merge", .call = merging}, ...};
 *     int main(void) { return SWEEP("patron/log.h", scenarios, make, end); }
 *
 * For N = 1, 2, ... until nothing is refused any more, once with number N refused and once with N and all that follow, first
 * for allocations, then for file operations, these in each way that they can fail; then, on one thread and each once, for
 * polls, which then say stop:
 *
 *     ready ─▶ poison outputs ─▶ call, with faults ─▶ check ─▶ call again, without ─▶ compare ─▶ end outputs ─▶ clear
 *
 * After the failed call: the status fits, and the message names what was wanted (the bytes; the path, the operation and the
 * system's own words); outputs have every byte of the poison; every byte of every block of the context is as it was (where the
 * call changes an object: its content is); no descriptor and no map is open that was not; every file of the folder has the
 * bytes that it had, and there is no other (only where removing the temporary file was refused may that be there, and only
 * where flushing the folder was refused is the new file in place). After the second one: results and files are those of a run
 * that never failed.
 *
 * A call may get over a refusal where the scenario says how often (`optional`, a thread pool that could not be made), where
 * closing a file that was read fails, and where a write is merely short: then the results are those of an unfailing run. */
#ifndef PATRON_TESTS_FAULTS_SWEEP_H
#define PATRON_TESTS_FAULTS_SWEEP_H

#include "faults.h"
#include "file_samples.h"
#include "patron.h"

#include <dirent.h>
#include <stdarg.h>
#include <unistd.h>

/* Where calls put their results. What still is poison was not written. */
typedef struct outputs {
    patron_ctx *ctx;
    patron_log *log;
    patron_table *table;
    patron_rfm *rfm;
    patron_bytes *bytes;
    patron_file_info *info;
    patron_id id;
    const double *cuts;
    int n_cuts;
    const char *text;
    int64_t length;
    struct ArrowSchema schema;
    struct ArrowArray array;
    struct ArrowArrayStream stream;
} outputs;

typedef struct world {
    patron_ctx *ctx; /* two threads; its allocator and file operations are those below */
    faults memory;
    file_faults files;
    char folder[128], path[192]; /* the file that the call reads or writes */
    outputs out;
    size_t n_values; /* bytes of arrays that the call fills */
    unsigned char *values;
    void *in;               /* what calls are made with */
    int64_t polls, stop_at; /* how often the context asked whether to stop; which of them is told so, 0: none */
} world;

typedef struct scenario {
    const char *function;
    patron_status (*call)(world *w, patron_error *error);
    const char *what;              /* tells several scenarios of one function apart */
    void (*ready)(world *w);       /* before a call: makes what it changes or uses up */
    void (*clear)(world *w);       /* after it: ends that */
    uint64_t (*subject)(world *w); /* a number made of the content of what the call changes */
    size_t least;                  /* only allocations of so many bytes are refused, where the others are met elsewhere */
    int64_t optional;              /* allocations that the call can do without */
    bool once_only;                /* the call uses up what `ready` made, also when it fails */
    bool nothing;                  /* it neither allocates nor touches files */
} scenario;

enum { POISON = 0xc3, SWEEP_MAX = 100000 };

/* ---- one run ---------------------------------------------------------------------------------------------------------------
 */

typedef struct sweep {
    const scenario *s;
    world *w;
    char point[128];                            /* what is being refused, for messages */
    uint64_t results, folder;                   /* of a run that never failed */
    uint64_t at_first;                          /* what is held before a call */
    bool has_files;                             /* the call touches some */
    int64_t survived;                           /* refused allocations that the call got over */
    int64_t n_allocations, n_file_ops, n_polls; /* of an unfailing run */
    int64_t n_runs;
} sweep;

static inline void wrong(const sweep *self, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static inline void wrong(const sweep *self, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fail_msg("%s%s%s, %s: %s", self->s->function, self->s->what ? ", " : "", self->s->what ? self->s->what : "", self->point,
             text);
    abort();
}

static inline bool poisoned(const void *data, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (((const unsigned char *)data)[i] != POISON) return false;
    return true;
}
#define WRITTEN(member) (!poisoned(&(member), sizeof(member)))

static inline void outputs_poison(world *w) {
    memset(&w->out, POISON, sizeof w->out);
    if (w->n_values > 0) memset(w->values, POISON, w->n_values);
}

static inline uint64_t digest_text(uint64_t hash, const char *text) {
    return text == NULL ? faults_hash(hash, "\xff", 1) : faults_hash(hash, text, strlen(text) + 1);
}

static inline uint64_t digest_bytes(uint64_t hash, patron_status status, patron_bytes *bytes) {
    assert_int_equal(status, PATRON_OK);
    hash = faults_hash(hash, patron_bytes_data(bytes), (size_t)patron_bytes_size(bytes));
    patron_bytes_destroy(bytes);
    return hash;
}

static inline uint64_t digest_cell(uint64_t hash, const patron_table *table, int64_t column, int64_t row) {
    const char *text;
    int64_t number;
    double real;
    uint8_t valid;
    if (patron_table_get_string(table, column, row, &text, &number, NULL) == PATRON_OK)
        return text == NULL ? digest_text(hash, text) : faults_hash(hash + 1, text, (size_t)number);
    if (patron_table_get_int64(table, column, row, 1, &number, &valid, NULL) == PATRON_OK)
        return faults_hash(hash + valid, &number, sizeof number);
    if (patron_table_get_float64(table, column, row, 1, &real, &valid, NULL) == PATRON_OK)
        return faults_hash(hash + valid, &real, sizeof real);
    return hash;
}

static inline uint64_t digest_table(uint64_t hash, const patron_table *table) {
    const int64_t n = patron_table_n_rows(table);
    for (int64_t c = 0; c < patron_table_n_columns(table); c++) {
        const int64_t facts[] = {n, (int64_t)patron_table_column_type(table, c), patron_table_null_count(table, c)};
        hash = digest_text(hash, patron_table_column_name(table, c));
        hash = digest_text(hash, patron_table_column_timezone(table, c));
        hash = faults_hash(hash, facts, sizeof facts);
        for (int64_t i = 0; i < n; i++) hash = digest_cell(hash, table, c, i);
    }
    return hash;
}

static inline uint64_t digest_imported(uint64_t hash, patron_status status, patron_table *table) {
    assert_int_equal(status, PATRON_OK);
    hash = digest_table(hash, table);
    patron_table_destroy(table);
    return hash;
}

/* Of everything that a call put into w->out and w->values; ends it. */
static inline uint64_t outputs_take(world *w, uint64_t hash) {
    outputs *o = &w->out;
    patron_bytes *bytes = NULL;
    patron_table *table = NULL;
    patron_status status;
    if (WRITTEN(o->ctx)) {
        hash = digest_text(hash + (uint64_t)patron_ctx_threads(o->ctx), patron_ctx_cpu(o->ctx));
        patron_ctx_destroy(o->ctx);
    }
    if (WRITTEN(o->log)) {
        status = patron_log_to_bytes(o->log, &bytes, NULL);
        hash = digest_bytes(hash, status, bytes);
        patron_log_destroy(o->log);
    }
    if (WRITTEN(o->table)) hash = digest_imported(hash, PATRON_OK, o->table);
    if (WRITTEN(o->rfm)) {
        status = patron_rfm_to_bytes(o->rfm, &bytes, NULL);
        hash = digest_bytes(hash, status, bytes);
        patron_rfm_destroy(o->rfm);
    }
    if (WRITTEN(o->bytes)) hash = digest_bytes(hash, PATRON_OK, o->bytes);
    if (WRITTEN(o->info)) {
        hash = digest_text(faults_hash(hash, &o->info->length, 2 * sizeof(int64_t)), o->info->kind);
        for (int64_t i = 0; i < o->info->n_sections; i++) {
            const patron_file_section *section = patron_file_info_section(o->info, i);
            hash = digest_text(hash + section->checksum, section->name);
        }
        patron_file_info_destroy(o->info);
    }
    if (WRITTEN(o->id)) hash = faults_hash(hash + (uint64_t)o->id.number, o->id.text, (size_t)o->id.length);
    if (WRITTEN(o->cuts)) hash = faults_hash(hash, o->cuts, (size_t)o->n_cuts * sizeof *o->cuts);
    if (WRITTEN(o->text)) hash = faults_hash(hash, o->text, (size_t)o->length);
    if (WRITTEN(o->stream)) {
        status = patron_table_import_stream(w->ctx, &o->stream, &table, NULL);
        hash = digest_imported(hash, status, table);
    }
    if (WRITTEN(o->array)) {
        status = patron_table_import_array(w->ctx, &o->schema, &o->array, &table, NULL);
        hash = digest_imported(hash, status, table);
    }
    return faults_hash(hash, w->values, w->n_values);
}

static inline uint64_t results_take(const scenario *s, world *w) { return outputs_take(w, s->subject ? s->subject(w) : 1); }

/* Of every file in the folder; *strays of them are temporary ones, which are removed when that is asked for. */
static inline uint64_t folder_digest(const world *w, bool remove_strays, int64_t *strays) {
    static char content[1 << 20];
    uint64_t sum = 0;
    DIR *folder = opendir(w->folder);
    assert_non_null(folder);
    *strays = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", w->folder, entry->d_name);
        size_t n = strlen(entry->d_name);
        if (n > 4 && entry->d_name[0] == '.' && strcmp(entry->d_name + n - 4, ".tmp") == 0) {
            ++*strays;
            if (remove_strays) assert_int_equal(unlink(path), 0);
            continue;
        }
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(content, 1, sizeof content, file);
        assert_true(size < sizeof content);
        fclose(file);
        sum += faults_hash(digest_text(7, entry->d_name), content, size);
    }
    closedir(folder);
    return sum;
}

/* What the context holds apart from itself; its thread pool goes, to be made again by whoever needs it. */
static inline uint64_t held(world *w) {
    pt_pool_destroy(atomic_exchange(&w->ctx->pool, NULL));
    return faults_digest(&w->memory, w->ctx);
}

static inline void refuse_nothing(world *w) {
    w->memory.at = 0;
    w->files.at = 0;
    w->stop_at = 0;
}

/* ---- checks ----------------------------------------------------------------------------------------------------------------
 */

static inline void check_memory_failure(const sweep *self, patron_status status, const patron_error *error) {
    char wanted[64];
    if (status != PATRON_ERR_NO_MEMORY)
        wrong(self, "the status is '%s': %s", patron_status_name(status), error != NULL ? error->message : "");
    if (error == NULL) return;
    snprintf(wanted, sizeof wanted, " %llu bytes", (unsigned long long)self->w->memory.wanted);
    if (error->status != status || error->os_error != 0 ||
        (strstr(error->message, "No memory for a context") == NULL && strstr(error->message, wanted) == NULL))
        wrong(self, "the message does not name the%s that were wanted: %s", wanted, error->message);
}

static inline void check_file_failure(const sweep *self, patron_status status, const patron_error *error) {
    static const char *const words[N_FILE_OPERATIONS] = {
        [OPEN_WRITE] = "creating the temporary file",
        [OPEN_READ] = "Cannot open",
        [WRITE] = "writing failed after",
        [LENGTH] = "Cannot read",
        [SYNC] = "flushing it",
        [CLOSE] = "closing",
        [RENAME] = "renaming the temporary file",
        [SYNC_FOLDER] = "flushing its folder",
        [MAP] = "Cannot map",
    };
    const file_faults *f = &self->w->files;
    if (status != PATRON_ERR_IO || error->status != status) wrong(self, "the status is '%s'", patron_status_name(status));
    if (error->os_error != f->first_error)
        wrong(self, "os_error is %d, not the %d of what failed first: %s", error->os_error, f->first_error, error->message);
    const char *const parts[] = {self->w->path, words[f->first], strerror(f->first_error)};
    for (int i = 0; i < 3; i++)
        if (parts[i] == NULL || strstr(error->message, parts[i]) == NULL)
            wrong(self, "the message lacks '%s': %s", parts[i] != NULL ? parts[i] : "(removing)", error->message);
}

static inline void check_cancel(const sweep *self, patron_status status, const patron_error *error) {
    if (status != PATRON_ERR_CANCELLED || error->status != status || strcmp(error->message, "Cancelled") != 0)
        wrong(self, "the status is '%s': %s", patron_status_name(status), error->message);
}

static inline void check_folder(const sweep *self, uint64_t before) {
    const file_faults *f = &self->w->files;
    int64_t strays;
    uint64_t after = folder_digest(self->w, true, &strays);
    if (strays != f->removal_refused) wrong(self, "%lld temporary files are left", (long long)strays);
    if (after != (f->refused > 0 && f->first == SYNC_FOLDER ? self->folder : before)) wrong(self, "a file is not what it was");
}

static inline void check_results(const sweep *self, patron_status status, const char *when) {
    int64_t strays;
    if (status != PATRON_OK) wrong(self, "%s the status is '%s'", when, patron_status_name(status));
    if (results_take(self->s, self->w) != self->results)
        wrong(self, "%s the results differ from those of an unfailing run", when);
    if (self->has_files && (folder_digest(self->w, true, &strays) != self->folder || strays != 0))
        wrong(self, "%s the files differ from those of an unfailing run", when);
}

/* ---- the sweep -------------------------------------------------------------------------------------------------------------
 */

enum { AGAIN = 16 }; /* polls are many: only after some of them is the call made again and compared */

enum refusal { OF_ALLOCATION, OF_FILE_OPERATION, OF_GOING_ON };

/* One call with one of w->memory, w->files and the polls set, with numbers that count from here. False: nothing was refused. */
static inline bool sweep_point(sweep *self, int64_t at, bool onwards, enum refusal what) {
    world *w = self->w;
    const scenario *s = self->s;
    const bool of_files = what == OF_FILE_OPERATION;
    int64_t strays = 0;
    const int64_t open_files = w->files.open_files, open_maps = w->files.open_maps;
    if (s->ready != NULL) s->ready(w);
    outputs_poison(w);
    const uint64_t folder = self->has_files ? folder_digest(w, false, &strays) : 0;
    const uint64_t subject = s->subject ? s->subject(w) : 0, before = s->ready ? held(w) : self->at_first;
    const int64_t maps = w->files.open_maps;

    w->memory.asked = w->memory.refused = 0;
    w->memory.at = what == OF_ALLOCATION ? at : 0;
    w->memory.onwards = onwards;
    w->files.asked = w->files.refused = 0;
    w->files.at = of_files ? at : 0;
    w->files.onwards = onwards;
    w->files.reading = -1;
    w->files.removal_refused = w->files.had_been_read = false;
    w->polls = 0;
    w->stop_at = what == OF_GOING_ON ? at : 0;
    patron_error error = {0}, *asked = onwards && !of_files ? NULL : &error; /* no error asked for is legal too */
    patron_status status = s->call(w, asked);
    refuse_nothing(w);

    const bool refused = w->memory.refused + w->files.refused > 0 || (what == OF_GOING_ON && w->polls >= at);
    const bool harmless = of_files && (w->files.how == FILE_FAULT_SHORT || (w->files.first == CLOSE && w->files.had_been_read));
    if (w->files.open_files != open_files) wrong(self, "%lld descriptors are open", (long long)w->files.open_files);
    if (refused && status == PATRON_OK && what == OF_ALLOCATION) {
        self->survived += !onwards;
        if (self->survived > s->optional || s->optional == 0) wrong(self, "the call goes on, and does not say so");
    } else if (refused && !harmless) {
        if (what == OF_GOING_ON)
            check_cancel(self, status, &error);
        else if (of_files)
            check_file_failure(self, status, asked);
        else
            check_memory_failure(self, status, asked);
        if (!poisoned(&w->out, sizeof w->out) || (w->n_values > 0 && !poisoned(w->values, w->n_values)))
            wrong(self, "an output was written");
        if (s->subject != NULL && s->subject(w) != subject) wrong(self, "what it was to change was changed in part");
        if (s->subject == NULL && !s->once_only && held(w) != before) wrong(self, "memory is lost, left or changed");
        if (w->files.open_maps > maps) wrong(self, "%lld maps are left", (long long)w->files.open_maps);
        if (self->has_files) check_folder(self, folder);
        if (s->once_only) {
            if (s->clear != NULL) s->clear(w);
            if (held(w) != self->at_first) wrong(self, "memory is lost, left or changed");
            s->ready(w);
        }
        if (what == OF_GOING_ON && !s->once_only && at % AGAIN != 0) {
            if (s->clear != NULL) s->clear(w);
            self->n_runs++;
            return true;
        }
        outputs_poison(w);
        status = s->call(w, NULL);
    }
    check_results(self, status, refused ? "then" : "without a refusal");
    if (s->clear != NULL) s->clear(w);
    if (held(w) != self->at_first) wrong(self, "memory is lost, left or changed after all was ended");
    if (w->files.open_files != open_files || w->files.open_maps != open_maps) wrong(self, "descriptors or maps are left");
    self->n_runs += refused;
    return refused;
}

/* An unfailing run, which the others are compared with; and what it asks for. */
static inline void sweep_reference(sweep *self) {
    world *w = self->w;
    int64_t strays;
    patron_error error = {0};
    snprintf(self->point, sizeof self->point, "without a refusal");
    if (self->s->ready != NULL) self->s->ready(w);
    outputs_poison(w);
    (void)held(w);
    w->memory.asked = w->files.asked = 0;
    w->files.how = FILE_FAULT_ERRNO;
    patron_status status = self->s->call(w, &error);
    self->n_allocations = w->memory.asked;
    self->n_file_ops = w->files.asked;
    self->has_files = self->n_file_ops > 0;
    if (status != PATRON_OK) wrong(self, "%s", error.message);
    self->results = results_take(self->s, w);
    self->folder = folder_digest(w, false, &strays);
    assert_int_equal(strays, 0);
    if (self->s->clear != NULL) self->s->clear(w);
    self->at_first = held(w);
    if (self->s->nothing != (self->n_allocations + self->n_file_ops == 0))
        wrong(self, "%lld allocations and %lld file operations; `nothing` says otherwise", (long long)self->n_allocations,
              (long long)self->n_file_ops);
}

static inline void sweep_all(sweep *self) {
    static const char *const ways[] = {"", ", 0 bytes", ", too many bytes", ", short"};
    sweep_reference(self);
    for (int onwards = 0; onwards < 2; onwards++)
        for (int64_t at = 1;; at++) {
            snprintf(self->point, sizeof self->point, "allocation %lld%s refused", (long long)at,
                     onwards ? " and later ones" : "");
            if (!sweep_point(self, at, onwards, OF_ALLOCATION)) break;
            if (at > SWEEP_MAX) wrong(self, "more than %d allocations", SWEEP_MAX);
            if (at == self->n_allocations && !onwards && self->survived != self->s->optional)
                wrong(self, "%lld refused allocations were survived; expected %lld", (long long)self->survived,
                      (long long)self->s->optional);
        }
    for (int how = 0; how < N_FILE_FAULTS; how++)
        for (int onwards = 0; onwards < (how == FILE_FAULT_ERRNO ? 2 : 1); onwards++)
            for (int64_t at = 1;; at++) {
                self->w->files.how = (enum file_fault)how;
                snprintf(self->point, sizeof self->point, "file operation %lld%s refused%s", (long long)at,
                         onwards ? " and later ones" : "", ways[how]);
                if (!sweep_point(self, at, onwards, OF_FILE_OPERATION)) break;
                if (at > SWEEP_MAX) wrong(self, "more than %d operations", SWEEP_MAX);
            }
    assert_int_equal(patron_ctx_set_threads(self->w->ctx, 1, NULL), PATRON_OK); /* so that every run asks as often */
    for (int64_t at = 1;; at += self->s->least > 0 ? 1 + at / 8 : 1) {          /* long runs are not stopped at every place */
        snprintf(self->point, sizeof self->point, "stopped at poll %lld", (long long)at);
        if (!sweep_point(self, at, false, OF_GOING_ON)) break;
        self->n_polls++;
        if (at > SWEEP_MAX) wrong(self, "more than %d polls", SWEEP_MAX);
    }
}

/* ---- all scenarios of a header ---------------------------------------------------------------------------------------------
 */

static int64_t swept_functions, swept_allocations, swept_file_ops, swept_polls, swept_runs;
static void (*sweep_make)(world *w), (*sweep_end)(world *w);

static inline int count_polls(void *state) {
    world *w = state;
    ask_at_once(w->ctx); /* the next poll too, however soon */
    return ++w->polls == w->stop_at;
}

/* Puts bytes into a file, whatever is there. */
static inline void world_put(const char *path, const void *data, size_t n) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void sweep_scenario(void **state) {
    world w = {0};
    sweep self = {.s = *state, .w = &w};
    char command[192];
    patron_allocator allocator = faults_allocator(&w.memory);
    patron_file_ops ops = file_faults_ops(&w.files);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.allocator = &allocator;
    options.file_ops = &ops;
    options.threads = 2;
    options.cancelled = count_polls; /* work that can be cancelled needs room of its own */
    options.callback_state = &w;
    sample_folder(w.folder);
    assert_int_equal(patron_ctx_create(&options, &w.ctx, NULL), PATRON_OK);
    sweep_make(&w);
    w.memory.least = self.s->least;
    sweep_all(&self);
    sweep_end(&w);
    free(w.values);
    patron_ctx_destroy(w.ctx);
    if (w.memory.live_blocks != 0 || w.memory.live_bytes != 0 || w.files.open_files != 0 || w.files.open_maps != 0)
        fail_msg("%s: %lld blocks, %lld descriptors, %lld maps are left in the end", self.s->function,
                 (long long)w.memory.live_blocks, (long long)w.files.open_files, (long long)w.files.open_maps);
    snprintf(command, sizeof command, "rm -r '%s'", w.folder);
    assert_int_equal(system(command), 0);
    swept_allocations += self.n_allocations;
    swept_file_ops += self.n_file_ops;
    swept_polls += self.n_polls;
    swept_runs += self.n_runs;
    print_message("             %lld allocations, %lld file operations, %lld polls\n", (long long)self.n_allocations,
                  (long long)self.n_file_ops, (long long)self.n_polls);
}

static inline int sweep_scenarios(const char *header, const scenario *scenarios, size_t n, void (*make)(world *w),
                                  void (*end)(world *w)) {
    struct CMUnitTest *tests = calloc(n, sizeof *tests);
    char(*names)[128] = calloc(n, sizeof *names);
    sweep_make = make;
    sweep_end = end;
    for (size_t i = 0; i < n; i++) {
        const scenario *s = &scenarios[i];
        snprintf(names[i], sizeof names[i], "%s%s%s survives any fault", s->function, s->what ? ", " : "",
                 s->what ? s->what : "");
        tests[i] = (struct CMUnitTest){names[i], sweep_scenario, NULL, NULL, (void *)(uintptr_t)s};
        bool known = false;
        for (size_t j = 0; j < i && !known; j++) known = strcmp(scenarios[j].function, s->function) == 0;
        swept_functions += !known;
    }
    int failed = _cmocka_run_group_tests(header, tests, n, NULL, NULL);
    print_message("%s: %lld functions, %lld allocations, %lld file operations and %lld polls made to fail, in %lld runs\n",
                  header, (long long)swept_functions, (long long)swept_allocations, (long long)swept_file_ops,
                  (long long)swept_polls, (long long)swept_runs);
    free(names);
    free(tests);
    return failed;
}
#define SWEEP(header, scenarios, make, end)                                                                                    \
    sweep_scenarios(header, scenarios, sizeof(scenarios) / sizeof *(scenarios), make, end)

#endif
