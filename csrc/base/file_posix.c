/* base/file_posix.c: the file operations of a context as POSIX has them. Each returns a negated errno on failure; what an
 * interrupted call did not do is asked for again. The caller loops over short writes.
 *
 * Only regular files are read: a folder, pipe or device has no length. O_NONBLOCK lets open() come back from a pipe that has
 * no writer, so that this can be found out. */
#define _POSIX_C_SOURCE 200809L
#include "base/ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_again(const char *path, int flags) {
    int fd;
    do fd = open(path, flags | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static int posix_open_write(void *state, const char *path) {
    (void)state;
    return open_again(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int posix_open_read(void *state, const char *path) {
    (void)state;
    return open_again(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

static int64_t posix_write(void *state, int fd, const void *data, size_t n) {
    (void)state;
    ssize_t written;
    if (n > SSIZE_MAX) n = SSIZE_MAX;
    do written = write(fd, data, n);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

static int64_t posix_length(void *state, int fd) {
    (void)state;
    struct stat about;
    if (fstat(fd, &about) != 0) return -errno;
    if (S_ISDIR(about.st_mode)) return -EISDIR;
    if (!S_ISREG(about.st_mode)) return -ENODEV;
    return about.st_size;
}

static int posix_sync(void *state, int fd) {
    (void)state;
    int result;
    do result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result != 0 ? -errno : 0;
}

static int posix_close(void *state, int fd) {
    (void)state;
    if (close(fd) == 0 || errno == EINTR) return 0; /* interrupted, Linux has closed it nevertheless */
    return -errno;
}

static int posix_rename(void *state, const char *from, const char *to) {
    (void)state;
    return rename(from, to) != 0 ? -errno : 0;
}

static int posix_remove(void *state, const char *path) {
    (void)state;
    return unlink(path) != 0 ? -errno : 0;
}

static int posix_sync_folder(void *state, const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    if (slash != NULL) {
        size_t n = slash == path ? 1 : (size_t)(slash - path);
        if (n >= sizeof folder) return -ENAMETOOLONG;
        memcpy(folder, path, n);
        folder[n] = '\0';
    }
    int fd = open_again(folder, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    int result = posix_sync(state, fd);
    (void)posix_close(state, fd);
    return result == -EINVAL || result == -ENOTSUP ? 0 : result; /* a file system that cannot flush a folder */
}

static int posix_map(void *state, int fd, size_t n, const void **out) {
    (void)state;
    void *data = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return -errno;
    *out = data;
    return 0;
}

static void posix_unmap(void *state, const void *data, size_t n) {
    (void)state;
    (void)munmap((void *)(uintptr_t)data, n);
}

const patron_file_ops pt_file_ops_posix = {
    .open_write = posix_open_write,
    .open_read = posix_open_read,
    .write = posix_write,
    .length = posix_length,
    .sync = posix_sync,
    .close = posix_close,
    .rename = posix_rename,
    .remove = posix_remove,
    .sync_folder = posix_sync_folder,
    .map = posix_map,
    .unmap = posix_unmap,
};
