/* The file operations of POSIX as the library calls them: what was interrupted is asked for again, and whatever else fails
 * comes back as its errno. open, write, fsync and close of this program are its own, which go to the system unless they are
 * told to fail. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file_layout.h"
#include "file_samples.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const patron_file_ops *const ops = &pt_file_ops_posix;
static const char *failing; /* the call that fails; NULL: none */
static int fails_with, fails_left;

/* Makes `call` fail `times` times from now on. */
static void make_fail(const char *call, int with, int times) {
    failing = call;
    fails_with = with;
    fails_left = times;
}

static bool refused(const char *call) {
    if (failing == NULL || strcmp(failing, call) != 0 || fails_left == 0) return false;
    fails_left--;
    errno = fails_with;
    return true;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return refused("open") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t n) { return refused("write") ? -1 : (ssize_t)syscall(SYS_write, fd, data, n); }

int fsync(int fd) { return refused("fsync") ? -1 : (int)syscall(SYS_fsync, fd); }

int close(int fd) { /* closes in any case, as Linux does */
    bool told = refused("close");
    int result = (int)syscall(SYS_close, fd);
    if (told) errno = fails_with;
    return told ? -1 : result;
}

typedef struct fixture {
    char folder[128], path[160];
    int fd;
} fixture;

static int set_up(void **state) {
    static fixture f;
    make_fail(NULL, 0, 0);
    sample_folder(f.folder);
    snprintf(f.path, sizeof f.path, "%s/a.patron", f.folder);
    f.fd = ops->open_write(NULL, f.path);
    assert_true(f.fd >= 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    const fixture *f = *state;
    make_fail(NULL, 0, 0);
    assert_int_equal(close(f->fd), 0);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(rmdir(f->folder), 0);
    return 0;
}

static void what_was_interrupted_is_asked_for_again(void **state) {
    const fixture *f = *state;
    char content[8];
    make_fail("open", EINTR, 3);
    int fd = ops->open_read(NULL, f->path);
    assert_true(fd >= 0);
    assert_int_equal(fails_left, 0);
    make_fail("write", EINTR, 3);
    assert_int_equal(ops->write(NULL, f->fd, "patron", 6), 6);
    assert_int_equal(fails_left, 0);
    assert_int_equal(read(fd, content, sizeof content), 6);
    assert_memory_equal(content, "patron", 6);
    make_fail("fsync", EINTR, 3);
    assert_int_equal(ops->sync(NULL, f->fd), 0);
    assert_int_equal(fails_left, 0);
    make_fail("close", EINTR, 1); /* closed it is, and to close it again might close another's */
    assert_int_equal(ops->close(NULL, fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void what_fails_comes_back_as_its_errno(void **state) {
    const fixture *f = *state;
    char other[160];
    const void *map = NULL;
    snprintf(other, sizeof other, "%s/other", f->folder);
    assert_int_equal(ops->open_write(NULL, f->path), -EEXIST);
    assert_int_equal(ops->open_read(NULL, other), -ENOENT);
    make_fail("open", EMFILE, 1);
    assert_int_equal(ops->open_read(NULL, f->path), -EMFILE);
    assert_int_equal(fails_left, 0);
    make_fail("write", ENOSPC, 1);
    assert_int_equal(ops->write(NULL, f->fd, "patron", 6), -ENOSPC);
    make_fail("fsync", EIO, 1);
    assert_int_equal(ops->sync(NULL, f->fd), -EIO);
    assert_int_equal(ops->length(NULL, -1), -EBADF);
    assert_int_equal(ops->close(NULL, -1), -EBADF);
    assert_int_equal(ops->rename(NULL, other, f->path), -ENOENT);
    assert_int_equal(ops->remove(NULL, other), -ENOENT);
    assert_int_equal(ops->map(NULL, -1, 64, &map), -EBADF);
    assert_null(map);
}

static void a_folder_that_cannot_be_flushed_is_no_failure_unless_the_disk_fails(void **state) {
    const fixture *f = *state;
    const int harmless[] = {EINVAL, ENOTSUP};
    for (int i = 0; i < 2; i++) {
        make_fail("fsync", harmless[i], 1);
        assert_int_equal(ops->sync_folder(NULL, f->path), 0);
        assert_int_equal(fails_left, 0);
    }
    make_fail("fsync", EIO, 1);
    assert_int_equal(ops->sync_folder(NULL, f->path), -EIO);
    make_fail("open", EACCES, 1);
    assert_int_equal(ops->sync_folder(NULL, f->path), -EACCES);
    char endless[PATH_MAX + 8];
    memset(endless, 'x', sizeof endless);
    memcpy(endless + sizeof endless - 3, "/a", 3);
    assert_int_equal(ops->sync_folder(NULL, endless), -ENAMETOOLONG);
}

/* The permissions of the temporary file of a save to `name`. */
static int mode_of_a_save(const fixture *f, const char *name) {
    char path[400];
    struct stat about;
    snprintf(path, sizeof path, "%s/.%s.patron-8-0.tmp", f->folder, name);
    int fd = ops->open_write(NULL, path);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    assert_int_equal(ops->close(NULL, fd), 0);
    assert_int_equal(unlink(path), 0);
    return about.st_mode & 07777;
}

static void a_file_has_the_permissions_of_the_one_it_replaces_from_the_beginning(void **state) {
    const fixture *f = *state;
    char link[200], endless[200];
    const mode_t usual = umask(027);
    const mode_t modes[] = {0600, 0644, 0666, 0400, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(f->path, modes[i] | S_ISUID | S_ISVTX), 0); /* and no other bits */
        assert_int_equal(mode_of_a_save(f, "a.patron"), modes[i]);
    }
    snprintf(link, sizeof link, "%s/link", f->folder);
    assert_int_equal(symlink(f->path, link), 0); /* a link is replaced, and says nothing of permissions */
    assert_int_equal(mode_of_a_save(f, "link"), 0640);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(mode_of_a_save(f, "new"), 0640);
    memset(endless, 'x', sizeof endless);
    endless[PT_FILE_NAME_KEPT] = '\0';
    assert_int_equal(mode_of_a_save(f, endless), 0600); /* the name may have been cut, so the other file is not known */
    assert_int_equal(mode_of_a_save(f, ""), 0600);
    umask(usual);
}

static void what_is_no_file_is_not_replaced(void **state) {
    const fixture *f = *state;
    char pipe_path[200];
    struct stat about;
    snprintf(pipe_path, sizeof pipe_path, "%s/pipe", f->folder);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_int_equal(ops->rename(NULL, f->path, pipe_path), -ENODEV);
    assert_int_equal(lstat(pipe_path, &about), 0);
    assert_true(S_ISFIFO(about.st_mode));
    assert_int_equal(unlink(pipe_path), 0);
    assert_int_equal(ops->rename(NULL, f->path, f->folder), -EISDIR);
}

/* ---- leftovers of killed processes (tests/c/test_file_save.c has which of them go) ---- */

/* A file, or a folder, that a save of "b" would have left two hours ago. */
static void leave(const fixture *f, bool folder, char out[192]) {
    const struct timespec before[2] = {{time(NULL) - 7200, 0}, {time(NULL) - 7200, 0}};
    snprintf(out, 192, "%s/.b.patron-7-1.tmp", f->folder);
    if (folder) {
        assert_int_equal(mkdir(out, 0700), 0);
    } else {
        int fd = ops->open_write(NULL, out);
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
    }
    assert_int_equal(utimensat(AT_FDCWD, out, before, 0), 0);
}

/* Opens the temporary file of a save of "b". */
static void save_beside(const fixture *f) {
    char path[192];
    snprintf(path, sizeof path, "%s/.b.patron-8-0.tmp", f->folder);
    int fd = ops->open_write(NULL, path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

static void a_folder_that_is_named_like_a_leftover_stays(void **state) {
    const fixture *f = *state;
    char left[192];
    leave(f, true, left);
    save_beside(f);
    assert_int_equal(rmdir(left), 0);
}

static void a_save_goes_on_where_the_folder_cannot_be_looked_through(void **state) {
    const fixture *f = *state;
    struct rlimit usual, tight;
    char left[192];
    leave(f, false, left);
    int next = dup(f->fd); /* the lowest that is free */
    assert_int_equal(close(next), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    tight = usual;
    tight.rlim_cur = (rlim_t)next + 1; /* one file more, and no folder */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    save_beside(f);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(access(left, F_OK), 0);
    save_beside(f);
    assert_int_equal(access(left, F_OK), -1);
}

static void a_save_into_a_folder_of_thousands_of_files_removes_none_of_them(void **state) {
    const fixture *f = *state;
    enum { N = 4200 };
    char name[192];
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%s/%d", f->folder, i);
        assert_int_equal(link(f->path, name), 0);
    }
    save_beside(f);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "%s/%d", f->folder, i);
        assert_int_equal(unlink(name), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_has_the_permissions_of_the_one_it_replaces_from_the_beginning, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_not_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_interrupted_is_asked_for_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_comes_back_as_its_errno, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_flushed_is_no_failure_unless_the_disk_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_named_like_a_leftover_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_save_goes_on_where_the_folder_cannot_be_looked_through, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_save_into_a_folder_of_thousands_of_files_removes_none_of_them, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("file operations of POSIX", tests, NULL, NULL);
}
