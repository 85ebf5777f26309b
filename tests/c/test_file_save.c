/* tests/c/test_file_save.c: whatever happens during a save, the old file or the new one is there, whole, and nothing else. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "file_samples.h"

/* ---- set-up -------------------------------------------------------------------------------------------------------------- */

typedef struct fixture {
    patron_ctx *ctx; /* its files are these */
    file_faults s;
    int cancel_after; /* polls; -1: never */
    char folder[128], path[160];
} fixture;

static int cancelled(void *state) {
    fixture *f = state;
    ask_at_once(f->ctx);
    return f->cancel_after >= 0 && f->cancel_after-- == 0;
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    patron_file_ops ops = file_faults_ops(&f->s);
    patron_ctx_options options;
    patron_ctx_options_init(&options);
    options.threads = 1;
    options.file_ops = &ops;
    options.cancelled = cancelled;
    options.callback_state = f;
    f->cancel_after = -1;
    snprintf(f->folder, sizeof f->folder, "patron-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/shop.patron", f->folder);
    assert_int_equal(patron_ctx_create(&options, &f->ctx, NULL), PATRON_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    char command[160];
    assert_int_equal(patron_ctx_memory(f->ctx), 0);
    assert_int_equal(f->s.open_files, 0);
    assert_int_equal(f->s.open_maps, 0);
    patron_ctx_destroy(f->ctx);
    snprintf(command, sizeof command, "rm -r '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Files in the folder; *temporary of them end in ".tmp" and begin with a dot, all others must be `expected`. */
static int files_in(const fixture *f, const char *expected, int *temporary) {
    DIR *folder = opendir(f->folder);
    assert_non_null(folder);
    int n = 0;
    *temporary = 0;
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        size_t length = strlen(e->d_name);
        n++;
        if (e->d_name[0] == '.' && length > 4 && strcmp(e->d_name + length - 4, ".tmp") == 0)
            ++*temporary;
        else
            assert_string_equal(e->d_name, expected);
    }
    closedir(folder);
    return n;
}

static void assert_only(const fixture *f, const char *name) {
    int temporary;
    assert_int_equal(files_in(f, name, &temporary), 1);
    assert_int_equal(temporary, 0);
}

/* The content of the file: its variant, after a check of everything. */
static int64_t variant_of(const fixture *f, int64_t a, int64_t b) {
    pt_reader *r = NULL;
    patron_error error = {0};
    int64_t variant = -1;
    if (pt_reader_open(f->ctx, f->path, "log", 2, &r, &error) != PATRON_OK) fail_msg("%s", error.message);
    assert_int_equal(pt_reader_int64(r, "variant", INT64_MIN, INT64_MAX, &variant, NULL), PATRON_OK);
    assert_true(variant == a || variant == b);
    assert_int_equal(sample_check(f->ctx, r, variant, NULL), PATRON_OK);
    pt_reader_destroy(r);
    return variant;
}

/* ---- failures --------------------------------------------------------------------------------------------------------------
 */

static void short_writes_are_continued(void **state) {
    fixture *f = *state;
    for (int64_t at_most = 1; at_most < 200; at_most += 33) {
        f->s = (file_faults){.at_most = at_most};
        assert_int_equal(sample_save(f->ctx, at_most, f->path, NULL), PATRON_OK);
        variant_of(f, at_most, at_most);
        assert_only(f, "shop.patron");
    }
}

static void a_writer_saves_again_after_a_failure(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    assert_int_equal(sample_writer(f->ctx, 5, false, &w, NULL), PATRON_OK);
    f->s = (file_faults){.at = 5, .error = ENOSPC};
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_ERR_IO);
    f->s = (file_faults){0};
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_OK);
    pt_writer_destroy(w);
    variant_of(f, 5, 5);
    assert_only(f, "shop.patron");
}

static void saving_can_be_cancelled_at_any_point(void **state) {
    fixture *f = *state;
    int after = 0;
    for (;; after++) {
        assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_OK);
        f->cancel_after = after;
        ask_at_once(f->ctx);
        patron_error error = {0};
        patron_status status = sample_save(f->ctx, 2, f->path, &error);
        const bool stopped = f->cancel_after < 0;
        f->cancel_after = -1;
        assert_only(f, "shop.patron");
        if (status == PATRON_OK && !stopped) break;
        assert_int_equal(status, PATRON_ERR_CANCELLED);
        variant_of(f, 1, 1);
    }
    variant_of(f, 2, 2);
    assert_true(after > 10);
}

static void bytes_in_memory_can_be_cancelled_at_any_point(void **state) {
    fixture *f = *state;
    pt_buffer *bytes = NULL;
    int after = 0;
    for (;; after++) {
        patron_error error = {0};
        f->cancel_after = after;
        ask_at_once(f->ctx);
        patron_status status = sample_bytes(f->ctx, 2, false, &bytes, &error);
        const bool stopped = f->cancel_after < 0;
        f->cancel_after = -1;
        if (status == PATRON_OK && !stopped) break;
        assert_int_equal(status, PATRON_ERR_CANCELLED);
        assert_int_equal(error.status, PATRON_ERR_CANCELLED);
        assert_null(bytes);
    }
    pt_buffer_release(bytes);
    assert_true(after > 10);
}

static void long_files_are_flushed_on_the_way(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    enum { N = 130 << 20 };
    char *zeros = calloc(1, N); /* never touched for writing: costs no memory */
    assert_non_null(zeros);
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    pt_writer_add(w, "zeros", PATRON_SECTION_UINT8, zeros, N);
    f->s = (file_faults){.discard = true};
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_OK);
    assert_int_equal(f->s.syncs, 3);
    patron_error error = {0};
    char expected[256];
    f->s = (file_faults){.discard = true, .at = 19, .error = EIO}; /* open, head, 16 writes, a sync */
    assert_int_equal(pt_writer_save(w, f->path, &error), PATRON_ERR_IO);
    assert_int_equal(f->s.first, SYNC);
    snprintf(expected, sizeof expected, "Cannot save \"%s\": flushing it to the disk failed: %s", f->path, strerror(EIO));
    assert_string_equal(error.message, expected);
    pt_writer_destroy(w);
    free(zeros);
    assert_only(f, "shop.patron");
}

/* ---- paths ------------------------------------------------------------------------------------------------------------------
 */

static void a_temporary_name_that_is_taken_is_passed_over(void **state) {
    fixture *f = *state;
    char taken[224];
    int temporary;
    for (int i = 0; i < 3; i++) {
        snprintf(taken, sizeof taken, "%s/.shop.patron.patron-%d-%d.tmp", f->folder, (int)getpid(), i);
        FILE *file = fopen(taken, "w");
        assert_non_null(file);
        fputs("left by a crash", file);
        fclose(file);
    }
    assert_int_equal(sample_save(f->ctx, 3, f->path, NULL), PATRON_OK);
    variant_of(f, 3, 3);
    assert_int_equal(files_in(f, "shop.patron", &temporary), 4);
    assert_int_equal(temporary, 3);
}

static void a_folder_where_every_temporary_name_is_taken_is_an_error(void **state) {
    fixture *f = *state;
    int temporary;
    patron_error error = {0};
    char expected[400];
    f->s = (file_faults){.at = 1, .onwards = true, .error = EEXIST};
    assert_int_equal(sample_save(f->ctx, 1, f->path, &error), PATRON_ERR_IO);
    assert_int_equal(f->s.asked, 1000);
    assert_int_equal(error.os_error, EEXIST);
    snprintf(expected, sizeof expected,
             "Cannot save \"%s\": creating the temporary file \"%s/.shop.patron.patron-%d-999.tmp\" failed: %s", f->path,
             f->folder, (int)getpid(), strerror(EEXIST));
    assert_string_equal(error.message, expected);
    assert_int_equal(files_in(f, "", &temporary), 0);
}

static void a_long_name_without_a_whole_character_is_saved(void **state) {
    fixture *f = *state;
    char name[256], path[400];
    memset(name, 0x80, 255);
    name[255] = '\0';
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(sample_save(f->ctx, 3, path, NULL), PATRON_OK);
    assert_int_equal(patron_file_verify(f->ctx, path, NULL), PATRON_OK);
    assert_only(f, name);
    assert_memory_equal(strrchr(f->s.temporary, '/'), "/..", 3); /* nothing of the name is in it */
}

static void names_as_long_as_the_system_allows_are_saved(void **state) {
    fixture *f = *state;
    char name[256], path[400];
    for (int i = 0; i < 83; i++) memcpy(name + 3 * i, "\xe9\x87\x91", 3);
    memcpy(name + 249, ".p", 3); /* 251 bytes: no room for a suffix */
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(sample_save(f->ctx, 3, path, NULL), PATRON_OK);
    assert_int_equal(patron_file_verify(f->ctx, path, NULL), PATRON_OK);
    assert_only(f, name);
    const char *temporary = strrchr(f->s.temporary, '/') + 1; /* 64 whole characters of the name, not half of one more */
    assert_int_equal(temporary[0], '.');
    assert_memory_equal(temporary + 1, name, 192);
    assert_int_equal(temporary[193], '.');
}

static void the_folder_of_any_path_is_flushed(void **state) {
    fixture *f = *state;
    char before[4096], path[200];
    int (*flush)(void *, const char *) = pt_file_ops_posix.sync_folder;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->folder), 0);
    patron_status status = sample_save(f->ctx, 4, "shop.patron", NULL);
    int result = flush(NULL, "shop.patron");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(status, PATRON_OK);
    assert_int_equal(result, 0);
    variant_of(f, 4, 4);
    assert_only(f, "shop.patron");
    assert_int_equal(flush(NULL, f->path), 0);
    assert_int_equal(flush(NULL, "/shop.patron"), 0);
    snprintf(path, sizeof path, "%s/nowhere/shop.patron", f->folder);
    assert_int_equal(flush(NULL, path), -ENOENT);
}

static void paths_that_name_no_file_are_refused(void **state) {
    fixture *f = *state;
    char path[200];
    int temporary;
    patron_error error = {0};
    char expected[300], *endless = malloc((1 << 20) + 2);
    assert_non_null(endless);
    memset(endless, 'x', (1 << 20) + 1);
    endless[(1 << 20) + 1] = '\0';
    assert_int_equal(sample_save(f->ctx, 1, endless, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "xxx\"; expected the path of a file"));
    free(endless);
    assert_int_equal(sample_save(f->ctx, 1, "", &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "Cannot save to \"\"; expected the path of a file");
    snprintf(path, sizeof path, "%s/", f->folder);
    assert_int_equal(sample_save(f->ctx, 1, path, &error), PATRON_ERR_INVALID);
    snprintf(expected, sizeof expected, "Cannot save to \"%s\"; expected the path of a file", path);
    assert_string_equal(error.message, expected);
    snprintf(path, sizeof path, "%s/nowhere/shop.patron", f->folder);
    assert_int_equal(sample_save(f->ctx, 1, path, &error), PATRON_ERR_IO);
    assert_int_equal(error.os_error, ENOENT);
    assert_int_equal(sample_save(f->ctx, 1, f->folder, &error), PATRON_ERR_IO); /* a folder cannot be replaced */
    assert_int_equal(files_in(f, "", &temporary), 0);
}

static void two_writers_of_one_path_leave_one_whole_file(void **state) {
    fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 30; i++)
            if (sample_save(f->ctx, 1, f->path, NULL) != PATRON_OK) _exit(1);
        _exit(0);
    }
    for (int i = 0; i < 30; i++) {
        assert_int_equal(sample_save(f->ctx, 2, f->path, NULL), PATRON_OK);
        variant_of(f, 1, 2);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    variant_of(f, 1, 2);
    assert_only(f, "shop.patron");
}

/* ---- a process that is killed -----------------------------------------------------------------------------------------------
 */

static void assert_killed(pid_t child) {
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
}

static void a_process_killed_at_any_moment_leaves_a_whole_file(void **state) {
    fixture *f = *state;
    int temporary;
    assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_OK);
    for (int number = 0; number < 100; number++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            f->s.at_most = 40; /* many steps to be killed in */
            for (int64_t i = 0;; i++)
                if (sample_save(f->ctx, 1 + i % 2, f->path, NULL) != PATRON_OK) _exit(1);
        }
        struct timespec moment = {0, 300000 + (number * 7919 % 100) * 20000};
        nanosleep(&moment, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_killed(child);
        variant_of(f, 1, 2);
        int n = files_in(f, "shop.patron", &temporary);
        assert_int_equal(n, temporary + 1);
    }
}

static void a_process_killed_between_any_two_steps_leaves_the_old_file_or_the_new(void **state) {
    fixture *f = *state;
    int temporary, result;
    int64_t at = 1, n_old = 0, n_new = 0;
    for (;; at++) {
        assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_OK);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            f->s = (file_faults){.kill_at = at, .at_most = 100};
            _exit(sample_save(f->ctx, 2, f->path, NULL) == PATRON_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &result, 0), child);
        if (WIFEXITED(result)) break;
        int64_t variant = variant_of(f, 1, 2);
        int n = files_in(f, "shop.patron", &temporary);
        n_old += variant == 1;
        n_new += variant == 2;
        if (variant == 1 && n_new != 0) fail_msg("Killed before step %lld, the old file; earlier the new one", (long long)at);
        assert_int_equal(n, temporary + 1);
        assert_int_equal(temporary, n_old - 1); /* none is left before the first step, and none once it is renamed */
    }
    assert_int_equal(WEXITSTATUS(result), 0);
    assert_int_equal(n_new, 1); /* before the folder is flushed */
    assert_true(n_old > 30);
}

static void make_old(const fixture *f, const char *name, bool folder, time_t seconds) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    int fd = folder ? mkdir(path, 0700) : open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    if (!folder) close(fd);
    struct timespec then[2] = {{time(NULL) - seconds, 0}, {time(NULL) - seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
}

static void leftovers_of_an_hour_ago_go_with_the_next_save_to_their_path(void **state) {
    enum { DAY = 86400 };
    static const struct {
        const char *name;
        bool folder, goes;
        time_t age;
    } entries[] = {
        {".shop.patron.patron-1-0.tmp", false, true, 3700},
        {".shop.patron.patron-4194304-999.tmp", false, true, DAY},
        {".shop.patron.patron-1-1.tmp", false, false, 3400},
        {".shop.patron.patron-1-2.tmp", false, false, 0},
        {".shop.patron.patron-1-3.tmp", false, false, -DAY},
        {".shop.patron.patron-1-4.tmp", true, false, DAY},
        {".shop.patro.patron-1-0.tmp", false, false, DAY}, /* of other paths */
        {".shop.patron.b.patron-1-0.tmp", false, false, DAY},
        {".shop.patron.patron-1-0.tmp.patron-1-0.tmp", false, false, DAY},
        {".shop.patron.patron-1-.tmp", false, false, DAY}, /* of nobody we know */
        {".shop.patron.patron--1.tmp", false, false, DAY},
        {".shop.patron.patron-10.tmp", false, false, DAY},
        {".shop.patron.patron-1-0x.tmp", false, false, DAY},
        {".shop.patron.patron-1-0.tm", false, false, DAY},
        {".shop.patron.2024-01.tmp", false, false, DAY},
        {".shop.patron.other--1-0.tmp", false, false, DAY},
        {".a-1-0.tmp", false, false, DAY},
        {"shop.patron.1-0.tmp", false, false, DAY},
        {".1-0.tmp", false, false, DAY},
        {"1-0.tmp", false, false, DAY},
        {".tmp", false, false, DAY},
        {"x", false, false, DAY},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        make_old(f, entries[i].name, entries[i].folder, entries[i].age);
    for (int64_t variant = 1; variant <= 2; variant++) {
        assert_int_equal(sample_save(f->ctx, variant, f->path, NULL), PATRON_OK);
        variant_of(f, variant, variant);
        for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", f->folder, entries[i].name);
            if ((access(path, F_OK) == 0) == entries[i].goes)
                fail_msg("%s is %s", entries[i].name, entries[i].goes ? "still there" : "gone");
        }
    }
}

/* ---- writers that are used wrongly
 * -------------------------------------------------------------------------------------------- */

/* Saving what `add` made of a fresh writer fails with that status and message; what follows the first failure is passed over.
 */
static void assert_not_saved(const fixture *f, void (*add)(pt_writer *), patron_status expected, const char *message) {
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    patron_error error = {0};
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    pt_writer_add_int64(w, "n", 1);
    add(w);
    pt_writer_add(w, "n", PATRON_SECTION_INT64, sample_time, 1); /* would be refused, for another reason */
    pt_writer_add_copy(w, "later", PATRON_SECTION_TEXT, "x", 1);
    pt_writer_add_names(w, "names", 3, sample_names);
    pt_writer_add_strings(w, "strings", -1, sample_offsets, "");
    assert_int_equal(pt_writer_to_bytes(w, &bytes, &error), expected);
    assert_int_equal(error.status, expected);
    assert_string_equal(error.message, message);
    assert_null(bytes);
    assert_int_equal(pt_writer_save(w, f->path, NULL), expected); /* and again */
    assert_int_equal(access(f->path, F_OK), -1);
    pt_writer_destroy(w);
}

static const char longest_name[] =
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

static void add_twice(pt_writer *w) { pt_writer_add_int64(w, "n", 2); }
static void add_nameless(pt_writer *w) { pt_writer_add_int64(w, "", 2); }
static void add_with_blank(pt_writer *w) { pt_writer_add_int64(w, "a b", 2); }
static void add_too_long(pt_writer *w) {
    pt_writer_add_int64(w, longest_name, 1);
    pt_writer_enter(w, "y", -1);
    pt_writer_add_int64(w, longest_name, 1);
    pt_writer_leave(w);
}
static void add_beyond_all_names(pt_writer *w) {
    pt_writer_enter(w, longest_name, -1); /* no name has room behind it */
    pt_writer_enter(w, "a", 3);
    pt_writer_add_int64(w, "m", 1);
    pt_writer_leave(w);
    pt_writer_leave(w);
}
static void add_less_than_nothing(pt_writer *w) { pt_writer_add(w, "m", PATRON_SECTION_INT64, sample_time, -1); }
static void copy_less_than_nothing(pt_writer *w) { pt_writer_add_copy(w, "m", PATRON_SECTION_INT64, sample_time, -1); }
static void add_without_data(pt_writer *w) { pt_writer_add(w, "m", PATRON_SECTION_INT64, NULL, 1); }
static void copy_without_data(pt_writer *w) { pt_writer_add_copy(w, "m", PATRON_SECTION_INT64, NULL, 1); }
static void add_of_no_type(pt_writer *w) { pt_writer_add(w, "m", (patron_section_type)14, sample_time, 1); }
static void copy_of_no_type(pt_writer *w) { pt_writer_add_copy(w, "m", (patron_section_type)0, sample_time, 1); }
static void add_too_much(pt_writer *w) { pt_writer_add(w, "m", PATRON_SECTION_INT64, sample_time, INT64_MAX / 8); }
static void copy_too_much(pt_writer *w) { pt_writer_add_copy(w, "m", PATRON_SECTION_INT64, sample_time, INT64_MAX); }
static void add_late_strings(pt_writer *w) { pt_writer_add_strings(w, "m", 1, sample_time, "ab"); }
static void add_fewer_strings(pt_writer *w) { pt_writer_add_strings(w, "m", -2, sample_offsets, "ab"); }

static void what_is_no_section_is_refused_when_saving(void **state) {
    fixture *f = *state;
    assert_not_saved(f, add_twice, PATRON_ERR_INVALID, "Section \"n\" is there already; expected another name");
    assert_not_saved(f, add_nameless, PATRON_ERR_INVALID,
                     "The name of a section is \"\"; expected at most 95 letters, digits, _ - . +");
    assert_not_saved(f, add_with_blank, PATRON_ERR_INVALID,
                     "The name of a section is \"a b\"; expected at most 95 letters, digits, _ - . +");
    char message[400];
    snprintf(message, sizeof message, "The name of a section is \"y.%s\"; expected at most 95 letters, digits, _ - . +",
             longest_name);
    assert_not_saved(f, add_too_long, PATRON_ERR_INVALID, message);
    assert_not_saved(f, add_beyond_all_names, PATRON_ERR_INVALID,
                     "The name of a section is \"...m\"; expected at most 95 letters, digits, _ - . +");
    assert_not_saved(f, add_less_than_nothing, PATRON_ERR_INVALID, "Section \"m\" has -1 elements; expected 0 or more");
    assert_not_saved(f, copy_less_than_nothing, PATRON_ERR_INVALID, "Section \"m\" has -1 elements; expected 0 or more");
    assert_not_saved(f, add_without_data, PATRON_ERR_INVALID, "Section \"m\" has 1 elements and no data; expected an array");
    assert_not_saved(f, copy_without_data, PATRON_ERR_INVALID, "Section \"m\" has 1 elements and no data; expected an array");
    assert_not_saved(f, add_of_no_type, PATRON_ERR_INVALID, "Section \"m\" has type number 14; expected a section type");
    assert_not_saved(f, copy_of_no_type, PATRON_ERR_INVALID, "Section \"m\" has type number 0; expected a section type");
    assert_not_saved(f, add_too_much, PATRON_ERR_LIMIT,
                     "Section \"m\" has 1152921504606846975 elements; expected at most 576460752303423487");
    assert_not_saved(f, copy_too_much, PATRON_ERR_LIMIT,
                     "Section \"m\" has 9223372036854775807 elements; expected at most 576460752303423487");
    assert_not_saved(f, add_late_strings, PATRON_ERR_INVALID,
                     "Strings \"m\": 1 of them; expected 0 or more, the first at offset 0");
    assert_not_saved(f, add_fewer_strings, PATRON_ERR_INVALID,
                     "Strings \"m\": -2 of them; expected 0 or more, the first at offset 0");
}

static void a_kind_that_is_no_name_is_refused(void **state) {
    fixture *f = *state;
    static const char *const kinds[] = {"", "a kind", "sixteen-letters."};
    pt_writer *w = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        patron_error error = {0};
        char message[200];
        snprintf(message, sizeof message, "The kind of a file is \"%s\"; expected 1 to 15 letters, digits, _ - .", kinds[i]);
        assert_int_equal(pt_writer_create(f->ctx, kinds[i], 1, &w, &error), PATRON_ERR_INVALID);
        assert_string_equal(error.message, message);
    }
    patron_error error = {0};
    assert_int_equal(pt_writer_create(f->ctx, "log", 0, &w, &error), PATRON_ERR_INVALID);
    assert_string_equal(error.message, "The version of kind \"log\" is 0; expected 1 or more");
    assert_null(w);
}

static void levels_go_as_deep_as_names_are_long(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    pt_reader *r = NULL;
    int64_t number = 0;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    for (int depth = 0; depth < 47; depth++) pt_writer_enter(w, "a", -1);
    pt_writer_add_int64(w, "b", 47);
    pt_writer_enter(w, "a", -1); /* too deep: there and back again is no harm */
    pt_writer_enter(w, "a", 12345);
    pt_writer_leave(w);
    pt_writer_leave(w);
    pt_writer_add_int64(w, "c", 48);
    for (int depth = 0; depth < 47; depth++) pt_writer_leave(w);
    pt_writer_add_int64(w, "b", 1);
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_OK);
    pt_writer_destroy(w);
    assert_int_equal(pt_reader_open(f->ctx, f->path, "log", 1, &r, NULL), PATRON_OK);
    for (int depth = 0; depth < 47; depth++) pt_reader_enter(r, "a", -1);
    assert_int_equal(pt_reader_int64(r, "b", 47, 47, &number, NULL), PATRON_OK);
    pt_reader_enter(r, "a", -1);
    assert_false(pt_reader_has(r, "b"));
    patron_error error = {0};
    assert_int_equal(pt_reader_int64(r, "b", 47, 47, &number, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "...b\"; expected at most 95 letters"));
    pt_reader_leave(r);
    assert_int_equal(pt_reader_int64(r, "c", 48, 48, &number, NULL), PATRON_OK);
    for (int depth = 0; depth < 47; depth++) pt_reader_leave(r);
    assert_int_equal(pt_reader_int64(r, "b", 1, 1, &number, NULL), PATRON_OK);
    pt_reader_destroy(r);
    pt_writer_destroy(NULL);
    pt_reader_destroy(NULL);
}

static void sections_that_add_up_to_too_much_are_refused(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    patron_error error = {0};
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    pt_writer_add(w, "a", PATRON_SECTION_INT64, sample_time, INT64_MAX / 16 - 100);
    pt_writer_add(w, "b", PATRON_SECTION_INT64, sample_time, INT64_MAX / 16 - 100);
    assert_int_equal(pt_writer_to_bytes(w, &bytes, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message,
                        "Section \"b\" of 4611686018427387096 bytes makes the file longer than 4611686018427387903");
    assert_null(bytes);
    pt_writer_destroy(w);
}

static void one_section_more_than_a_file_holds_is_refused(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    pt_reader *r = NULL;
    patron_error error = {0};
    char name[16];
    int64_t value = 5;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    for (int i = 0; i < 65536; i++) {
        snprintf(name, sizeof name, "s%05d", i);
        pt_writer_add(w, name, PATRON_SECTION_INT64, &value, 1);
    }
    assert_int_equal(pt_writer_to_bytes(w, &bytes, NULL), PATRON_OK);
    assert_int_equal(pt_reader_from_buffer(f->ctx, bytes, "log", 1, &r, NULL), PATRON_OK);
    value = 0;
    assert_int_equal(pt_reader_int64(r, "s65535", 0, 9, &value, NULL), PATRON_OK);
    assert_int_equal(value, 5);
    pt_reader_destroy(r);
    pt_buffer_release(bytes);
    bytes = NULL;
    pt_writer_add(w, "t", PATRON_SECTION_INT64, &value, 1);
    assert_int_equal(pt_writer_to_bytes(w, &bytes, &error), PATRON_ERR_LIMIT);
    assert_string_equal(error.message, "Section \"t\" is one too many: a file has at most 65536");
    assert_null(bytes);
    pt_writer_destroy(w);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(short_writes_are_continued),
        TEST(a_writer_saves_again_after_a_failure),
        TEST(saving_can_be_cancelled_at_any_point),
        TEST(bytes_in_memory_can_be_cancelled_at_any_point),
        TEST(long_files_are_flushed_on_the_way),
        TEST(a_temporary_name_that_is_taken_is_passed_over),
        TEST(a_folder_where_every_temporary_name_is_taken_is_an_error),
        TEST(a_long_name_without_a_whole_character_is_saved),
        TEST(names_as_long_as_the_system_allows_are_saved),
        TEST(the_folder_of_any_path_is_flushed),
        TEST(paths_that_name_no_file_are_refused),
        TEST(two_writers_of_one_path_leave_one_whole_file),
        TEST(a_process_killed_at_any_moment_leaves_a_whole_file),
        TEST(a_process_killed_between_any_two_steps_leaves_the_old_file_or_the_new),
        TEST(leftovers_of_an_hour_ago_go_with_the_next_save_to_their_path),
        TEST(what_is_no_section_is_refused_when_saving),
        TEST(a_kind_that_is_no_name_is_refused),
        TEST(levels_go_as_deep_as_names_are_long),
        TEST(sections_that_add_up_to_too_much_are_refused),
        TEST(one_section_more_than_a_file_holds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
