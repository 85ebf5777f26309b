/* base/file_posix.c: the file operations of a context as POSIX has them. Each returns a negated errno on failure; what an
 * interrupted call did not do is asked for again. The caller loops over short writes.
 *
 * Only regular files are read: a folder, pipe or device has no length. O_NONBLOCK lets open() come back from a pipe that has
 * no writer, so that this can be found out.
 *
 * A process that is killed while it saves leaves its temporary file. Whoever opens the next one for the same file takes such
 * leftovers away, so that their number does not grow for ever. Whether the process of a file still lives cannot be told: it may
 * run in another container or on another machine that shares the folder. So only files count that nobody has written to for an
 * hour, by the clock of the file system: a save writes all the time. Should the owner of one come back after all, its rename
 * finds nothing, the save fails and says so, and the file at the path stays as it is.
 *
 * A temporary file is for the same eyes as the file whose place it will take, from its first byte on. */
#define _POSIX_C_SOURCE 200809L
#include "base/ctx.h"
#include "base/file_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_again(const char *path, int flags, mode_t mode) {
    int fd;
    do fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

/* The folder that holds `path`. */
static int folder_of(const char *path, char folder[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(folder, ".", 2);
        return 0;
    }
    size_t n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= PATH_MAX) return -ENAMETOOLONG;
    memcpy(folder, path, n);
    folder[n] = '\0';
    return 0;
}

/* Takes away what writers of the same file left long before the temporary file `name`, open as fd. In a folder of many
 * thousands of files perhaps not all: looking through those would take longer than saving. */
static void remove_leftovers(const char *folder, const char *name, size_t stem, int fd) {
    enum { SECONDS = 3600, MOST_ENTRIES = 4096 };
    struct stat own, other;
    DIR *entries = opendir(folder);
    if (entries == NULL) return;
    const bool known = fstat(fd, &own) == 0;
    struct dirent *entry;
    for (int i = 0; known && i < MOST_ENTRIES && (entry = readdir(entries)) != NULL; i++) {
        if (pt_file_temporary_stem(entry->d_name) != stem || memcmp(entry->d_name, name, stem) != 0) continue;
        if (fstatat(dirfd(entries), entry->d_name, &other, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(other.st_mode)) continue;
        if (own.st_mtim.tv_sec - other.st_mtim.tv_sec > SECONDS) (void)unlinkat(dirfd(entries), entry->d_name, 0);
    }
    (void)closedir(entries);
}

/* The permissions of the file whose place a temporary file will take; -1 where there is none. A name so long that it was cut is
 * not known: then the file is for its owner. */
static int mode_for(const char *folder, const char *name, size_t stem) {
    char path[PATH_MAX + PT_FILE_NAME_KEPT + 8];
    struct stat before;
    if (stem < 2 || stem > PT_FILE_NAME_KEPT - 4) return 0600; /* cut, or nearly: see open_temporary */
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)stem - 1, name + 1);
    return lstat(path, &before) == 0 && S_ISREG(before.st_mode) ? (int)(before.st_mode & 0777) : -1;
}

static int posix_open_write(void *state, const char *path) {
    (void)state;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    const size_t stem = pt_file_temporary_stem(name);
    const bool temporary = stem > 0 && folder_of(path, folder) == 0;
    const int mode = temporary ? mode_for(folder, name, stem) : -1;
    int fd = open_again(path, O_WRONLY | O_CREAT | O_EXCL, mode < 0 ? 0666 : mode & 0700);
    if (fd < 0 || !temporary) return fd;
    if (mode >= 0) (void)fchmod(fd, (mode_t)mode); /* past the umask; where that is refused it stays narrower */
    remove_leftovers(folder, name, stem, fd);
    return fd;
}

static int posix_open_read(void *state, const char *path) {
    (void)state;
    return open_again(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
}

static int64_t posix_write(void *state, int fd, const void *data, size_t n) {
    (void)state;
    ssize_t written;
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

/* What is no file is not replaced. */
static int posix_rename(void *state, const char *from, const char *to) {
    (void)state;
    struct stat before;
    if (lstat(to, &before) == 0 && !S_ISREG(before.st_mode) && !S_ISLNK(before.st_mode))
        return S_ISDIR(before.st_mode) ? -EISDIR : -ENODEV;
    return rename(from, to) != 0 ? -errno : 0;
}

static int posix_remove(void *state, const char *path) {
    (void)state;
    return unlink(path) != 0 ? -errno : 0;
}

static int posix_sync_folder(void *state, const char *path) {
    char folder[PATH_MAX];
    int result = folder_of(path, folder);
    if (result != 0) return result;
    int fd = open_again(folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return fd;
    result = posix_sync(state, fd);
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
