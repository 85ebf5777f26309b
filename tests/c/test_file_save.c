/* tests/c/test_file_save.c: whatever happens during a save, the old file or the new one is there, whole, and nothing else. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file_samples.h"

/* ---- file operations that can be made to fail ---------------------------------------------------------------------------- */

typedef struct saboteur {
    int64_t calls;
    int64_t fail_at;  /* the number of the call that fails, from 1; 0: none */
    int error;        /* its errno */
    int64_t at_most;  /* bytes a write takes; 0: all */
    bool discard;     /* writes go nowhere */
    int64_t open_fds; /* descriptors given out and not closed */
    int64_t kill_at;  /* the number of the call before which the process is killed; 0: none */
    int64_t maps;
    int64_t syncs;
    char last[16];       /* the operation that failed */
    char temporary[512]; /* the path opened last for writing */
} saboteur;

static bool fails(saboteur *s, const char *what) {
    s->calls++;
    if (s->kill_at == s->calls) kill(getpid(), SIGKILL);
    if (s->fail_at != s->calls) return false;
    snprintf(s->last, sizeof s->last, "%s", what);
    return true;
}

static int bad_open_write(void *state, const char *path) {
    saboteur *s = state;
    snprintf(s->temporary, sizeof s->temporary, "%s", path);
    if (fails(s, "open_write")) return -s->error;
    int fd = pt_file_ops_posix.open_write(NULL, path);
    s->open_fds += fd >= 0;
    return fd;
}

static int bad_open_read(void *state, const char *path) {
    saboteur *s = state;
    if (fails(s, "open_read")) return -s->error;
    int fd = pt_file_ops_posix.open_read(NULL, path);
    s->open_fds += fd >= 0;
    return fd;
}

static int64_t bad_write(void *state, int fd, const void *data, size_t n) {
    saboteur *s = state;
    if (fails(s, "write")) return s->error == 0 ? 0 : -s->error;
    if (s->discard) return (int64_t)n;
    if (s->at_most > 0 && n > (size_t)s->at_most) n = (size_t)s->at_most;
    return pt_file_ops_posix.write(NULL, fd, data, n);
}

static int64_t bad_length(void *state, int fd) {
    saboteur *s = state;
    return fails(s, "length") ? -s->error : pt_file_ops_posix.length(NULL, fd);
}

static int bad_sync(void *state, int fd) {
    saboteur *s = state;
    s->syncs++;
    (void)fd; /* a process that dies loses nothing that it wrote: the disk is left in peace */
    return fails(s, "sync") ? -s->error : 0;
}

static int bad_close(void *state, int fd) { /* closes in any case, as close() does */
    saboteur *s = state;
    s->open_fds--;
    int result = pt_file_ops_posix.close(NULL, fd);
    return fails(s, "close") ? -s->error : result;
}

static int bad_rename(void *state, const char *from, const char *to) {
    saboteur *s = state;
    return fails(s, "rename") ? -s->error : pt_file_ops_posix.rename(NULL, from, to);
}

static int bad_remove(void *state, const char *path) {
    (void)state;
    return pt_file_ops_posix.remove(NULL, path);
}

static int bad_sync_folder(void *state, const char *path) {
    saboteur *s = state;
    (void)path;
    return fails(s, "sync_folder") ? -s->error : 0;
}

static int bad_map(void *state, int fd, size_t n, const void **out) {
    saboteur *s = state;
    if (fails(s, "map")) return -s->error;
    int result = pt_file_ops_posix.map(NULL, fd, n, out);
    s->maps += result == 0;
    return result;
}

static void bad_unmap(void *state, const void *data, size_t n) {
    ((saboteur *)state)->maps--;
    pt_file_ops_posix.unmap(NULL, data, n);
}

/* ---- set-up -------------------------------------------------------------------------------------------------------------- */

typedef struct fixture {
    patron_ctx *ctx; /* its files are the saboteur's */
    saboteur s;
    int cancel_after; /* polls; -1: never */
    char folder[128], path[160];
} fixture;

static int cancelled(void *state) {
    fixture *f = state;
    atomic_store(&f->ctx->last_poll, 0); /* asks again at once, not in 20 ms */
    return f->cancel_after >= 0 && f->cancel_after-- == 0;
}

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    patron_file_ops ops = {.state = &f->s,
                           .open_write = bad_open_write,
                           .open_read = bad_open_read,
                           .write = bad_write,
                           .length = bad_length,
                           .sync = bad_sync,
                           .close = bad_close,
                           .rename = bad_rename,
                           .remove = bad_remove,
                           .sync_folder = bad_sync_folder,
                           .map = bad_map,
                           .unmap = bad_unmap};
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
    assert_int_equal(f->s.open_fds, 0);
    assert_int_equal(f->s.maps, 0);
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

static void each_failing_operation_leaves_the_old_file_or_the_new(void **state) {
    fixture *f = *state;
    const int errors[] = {ENOSPC, EIO};
    for (int k = 0; k < 2; k++) {
        int64_t saved = 0, fail_at = 1;
        for (;; fail_at++) {
            patron_error error = {0};
            f->s = (saboteur){0};
            assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_OK);
            f->s = (saboteur){.fail_at = fail_at, .error = errors[k]};
            patron_status status = sample_save(f->ctx, 2, f->path, &error);
            bool failed = f->s.last[0] != '\0', in_place = strcmp(f->s.last, "sync_folder") == 0;
            assert_int_equal(f->s.open_fds, 0);
            f->s.fail_at = 0;
            assert_only(f, "shop.patron");
            if (!failed) {
                assert_int_equal(status, PATRON_OK);
                assert_int_equal(variant_of(f, 2, 2), 2);
                break;
            }
            assert_int_equal(status, PATRON_ERR_IO);
            assert_int_equal(error.os_error, errors[k]);
            assert_non_null(strstr(error.message, f->path));
            assert_non_null(strstr(error.message, strerror(errors[k])));
            saved += in_place;
            variant_of(f, in_place ? 2 : 1, in_place ? 2 : 1);
        }
        assert_int_equal(saved, 1);
        assert_true(fail_at > 15); /* open, writes, sync, close, rename, sync of the folder */
    }
}

static void a_failed_first_save_leaves_nothing(void **state) {
    fixture *f = *state;
    int temporary;
    f->s = (saboteur){.fail_at = 4, .error = ENOSPC};
    assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_ERR_IO);
    assert_int_equal(files_in(f, "", &temporary), 0);
}

static void a_write_that_takes_nothing_is_an_error(void **state) {
    fixture *f = *state;
    int temporary;
    patron_error error = {0};
    f->s = (saboteur){.fail_at = 3, .error = 0};
    assert_int_equal(sample_save(f->ctx, 1, f->path, &error), PATRON_ERR_IO);
    assert_int_equal(error.os_error, EIO);
    assert_int_equal(files_in(f, "", &temporary), 0);
}

static void short_writes_are_continued(void **state) {
    fixture *f = *state;
    for (int64_t at_most = 1; at_most < 200; at_most += 33) {
        f->s = (saboteur){.at_most = at_most};
        assert_int_equal(sample_save(f->ctx, at_most, f->path, NULL), PATRON_OK);
        variant_of(f, at_most, at_most);
        assert_only(f, "shop.patron");
    }
}

static void each_failing_operation_of_a_load_is_reported(void **state) {
    fixture *f = *state;
    patron_file_info *info = NULL;
    pt_reader *reader = NULL;
    assert_int_equal(sample_save(f->ctx, 1, f->path, NULL), PATRON_OK);
    for (int64_t fail_at = 1; fail_at <= 3; fail_at++) { /* open, length, map */
        patron_error error = {0};
        f->s = (saboteur){.fail_at = fail_at, .error = EIO};
        assert_int_equal(pt_reader_open(f->ctx, f->path, "log", 2, &reader, &error), PATRON_ERR_IO);
        assert_int_equal(error.os_error, EIO);
        assert_non_null(strstr(error.message, f->path));
        f->s = (saboteur){.fail_at = fail_at, .error = EIO};
        assert_int_equal(patron_file_inspect(f->ctx, f->path, &info, NULL), PATRON_ERR_IO);
        assert_null(reader);
        assert_null(info);
        assert_int_equal(f->s.open_fds, 0);
    }
    f->s = (saboteur){.fail_at = 4, .error = EIO}; /* close: all has been read */
    assert_int_equal(patron_file_verify(f->ctx, f->path, NULL), PATRON_OK);
    assert_string_equal(f->s.last, "close");
}

static void a_writer_saves_again_after_a_failure(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    assert_int_equal(sample_writer(f->ctx, 5, false, &w, NULL), PATRON_OK);
    f->s = (saboteur){.fail_at = 5, .error = ENOSPC};
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_ERR_IO);
    f->s = (saboteur){0};
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
        atomic_store(&f->ctx->last_poll, 0);
        patron_error error = {0};
        patron_status status = sample_save(f->ctx, 2, f->path, &error);
        f->cancel_after = -1;
        assert_only(f, "shop.patron");
        if (status == PATRON_OK) break;
        assert_int_equal(status, PATRON_ERR_CANCELLED);
        variant_of(f, 1, 1);
    }
    variant_of(f, 2, 2);
    assert_true(after > 10);
}

static void long_files_are_flushed_on_the_way(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    enum { N = 130 << 20 };
    char *zeros = calloc(1, N); /* never touched for writing: costs no memory */
    assert_non_null(zeros);
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    assert_int_equal(pt_writer_add(w, "zeros", PATRON_SECTION_UINT8, zeros, N, NULL), PATRON_OK);
    f->s = (saboteur){.discard = true};
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_OK);
    assert_int_equal(f->s.syncs, 3);
    f->s = (saboteur){.discard = true, .fail_at = 20, .error = EIO}; /* open, head, 16 writes, padding none: a sync, writes */
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_ERR_IO);
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
        snprintf(taken, sizeof taken, "%s/.shop.patron.%d-%d.tmp", f->folder, (int)getpid(), i);
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

static void names_as_long_as_the_system_allows_are_saved(void **state) {
    fixture *f = *state;
    char name[256], path[400];
    for (int i = 0; i < 83; i++) memcpy(name + 3 * i, "\xe9\x87\x91", 3);
    memcpy(name + 249, ".p", 3); /* 251 bytes: no room for a suffix */
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    assert_int_equal(sample_save(f->ctx, 3, path, NULL), PATRON_OK);
    assert_int_equal(patron_file_verify(f->ctx, path, NULL), PATRON_OK);
    assert_only(f, name);
    const char *temporary = strrchr(f->s.temporary, '/') + 1; /* 66 whole characters of the name, not half of one more */
    assert_int_equal(temporary[0], '.');
    assert_memory_equal(temporary + 1, name, 198);
    assert_int_equal(temporary[199], '.');
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
    assert_int_equal(sample_save(f->ctx, 1, "", &error), PATRON_ERR_INVALID);
    snprintf(path, sizeof path, "%s/", f->folder);
    assert_int_equal(sample_save(f->ctx, 1, path, &error), PATRON_ERR_INVALID);
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
            f->s = (saboteur){.kill_at = at, .at_most = 100};
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

/* ---- writers that are used wrongly
 * -------------------------------------------------------------------------------------------- */

static void a_writer_refuses_what_is_no_section(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    patron_error error = {0};
    char name[200];
    int64_t one = 1, offsets[] = {1, 2};
    assert_int_equal(pt_writer_create(f->ctx, "", 1, &w, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_create(f->ctx, "a kind", 1, &w, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_create(f->ctx, "sixteen-letters.", 1, &w, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_create(f->ctx, "log", 0, &w, NULL), PATRON_ERR_INVALID);
    assert_null(w);
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    assert_int_equal(pt_writer_add_int64(w, "n", 1, NULL), PATRON_OK);
    assert_int_equal(pt_writer_add_int64(w, "n", 2, &error), PATRON_ERR_INVALID);
    assert_non_null(strstr(error.message, "Section \"n\" is there already"));
    assert_int_equal(pt_writer_add_int64(w, "", 2, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add_int64(w, "a b", 2, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add(w, "m", PATRON_SECTION_INT64, &one, -1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add(w, "m", PATRON_SECTION_INT64, NULL, 1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add_copy(w, "m", PATRON_SECTION_INT64, NULL, 1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add(w, "m", (patron_section_type)14, &one, 1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add_copy(w, "m", (patron_section_type)0, &one, 1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add(w, "m", PATRON_SECTION_INT64, &one, INT64_MAX / 8, NULL), PATRON_ERR_LIMIT);
    assert_int_equal(pt_writer_add_strings(w, "m", 1, offsets, "ab", NULL), PATRON_ERR_INVALID);
    memset(name, 'x', sizeof name);
    name[96] = '\0';
    assert_int_equal(pt_writer_add_int64(w, name, 1, NULL), PATRON_ERR_INVALID);
    name[95] = '\0';
    assert_int_equal(pt_writer_add_int64(w, name, 1, NULL), PATRON_OK);
    assert_int_equal(pt_writer_enter(w, name, -1, NULL), PATRON_ERR_INVALID);
    for (int depth = 0; depth < 47; depth++) assert_int_equal(pt_writer_enter(w, "a", -1, NULL), PATRON_OK);
    assert_int_equal(pt_writer_enter(w, "a", -1, NULL), PATRON_ERR_INVALID);
    assert_int_equal(pt_writer_add_int64(w, "b", 1, NULL), PATRON_OK);
    for (int depth = 0; depth < 47; depth++) pt_writer_leave(w);
    assert_int_equal(pt_writer_add_int64(w, "b", 1, NULL), PATRON_OK);
    assert_int_equal(pt_writer_save(w, f->path, NULL), PATRON_OK);
    assert_int_equal(patron_file_verify(f->ctx, f->path, NULL), PATRON_OK);
    pt_writer_destroy(w);
    pt_writer_destroy(NULL);
    pt_reader_destroy(NULL);
}

static void sections_that_add_up_to_too_much_are_refused(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    int64_t one = 1;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    assert_int_equal(pt_writer_add(w, "a", PATRON_SECTION_INT64, &one, INT64_MAX / 16 - 100, NULL), PATRON_OK);
    assert_int_equal(pt_writer_add(w, "b", PATRON_SECTION_INT64, &one, INT64_MAX / 16 - 100, NULL), PATRON_OK);
    assert_int_equal(pt_writer_to_bytes(w, &bytes, NULL), PATRON_ERR_LIMIT);
    assert_null(bytes);
    pt_writer_destroy(w);
}

static void one_section_more_than_a_file_holds_is_refused(void **state) {
    fixture *f = *state;
    pt_writer *w = NULL;
    pt_buffer *bytes = NULL;
    pt_reader *r = NULL;
    char name[16];
    int64_t value = 5;
    assert_int_equal(pt_writer_create(f->ctx, "log", 1, &w, NULL), PATRON_OK);
    for (int i = 0; i < 65536; i++) {
        snprintf(name, sizeof name, "s%05d", i);
        assert_int_equal(pt_writer_add(w, name, PATRON_SECTION_INT64, &value, 1, NULL), PATRON_OK);
    }
    assert_int_equal(pt_writer_add(w, "t", PATRON_SECTION_INT64, &value, 1, NULL), PATRON_ERR_LIMIT);
    assert_int_equal(pt_writer_to_bytes(w, &bytes, NULL), PATRON_OK);
    assert_int_equal(pt_reader_from_buffer(f->ctx, bytes, "log", 1, &r, NULL), PATRON_OK);
    value = 0;
    assert_int_equal(pt_reader_int64(r, "s65535", 0, 9, &value, NULL), PATRON_OK);
    assert_int_equal(value, 5);
    pt_reader_destroy(r);
    pt_buffer_release(bytes);
    pt_writer_destroy(w);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_failing_operation_leaves_the_old_file_or_the_new),
        TEST(a_failed_first_save_leaves_nothing),
        TEST(a_write_that_takes_nothing_is_an_error),
        TEST(short_writes_are_continued),
        TEST(each_failing_operation_of_a_load_is_reported),
        TEST(a_writer_saves_again_after_a_failure),
        TEST(saving_can_be_cancelled_at_any_point),
        TEST(long_files_are_flushed_on_the_way),
        TEST(a_temporary_name_that_is_taken_is_passed_over),
        TEST(names_as_long_as_the_system_allows_are_saved),
        TEST(the_folder_of_any_path_is_flushed),
        TEST(paths_that_name_no_file_are_refused),
        TEST(two_writers_of_one_path_leave_one_whole_file),
        TEST(a_process_killed_at_any_moment_leaves_a_whole_file),
        TEST(a_process_killed_between_any_two_steps_leaves_the_old_file_or_the_new),
        TEST(a_writer_refuses_what_is_no_section),
        TEST(sections_that_add_up_to_too_much_are_refused),
        TEST(one_section_more_than_a_file_holds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
