/* Small files, read and written whole. */
#include "base/file.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* O_NONBLOCK: a FIFO in a file's place must not hang us. O_NOCTTY: nor may a terminal adopt us. */
#define OPEN_FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static ssize_t read_some(int fd, char *bytes, size_t size)
{
    ssize_t got;
    do
        got = read(fd, bytes, size);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* How much to ask for at first: a regular file's size and one byte more, so that its end is seen without growing. */
static size_t first_capacity(int fd, size_t limit)
{
    struct stat status;
    size_t capacity = 4096;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        capacity = (size_t)status.st_size;
    return (capacity < limit ? capacity : limit) + 1;
}

int file_read_fd(int fd, size_t limit, char **ret_bytes, size_t *ret_size)
{
    cleanup_free_ char *bytes = NULL;
    if (limit >= SIZE_MAX / 4)
        return -EINVAL;
    size_t capacity = 0, size = 0, wanted = first_capacity(fd, limit);
    for (;;) {
        if (size == capacity) {
            char *grown = realloc(bytes, wanted + 1);
            if (!grown)
                return -ENOMEM;
            bytes = grown;
            capacity = wanted;
            wanted = capacity * 2 < limit + 1 ? capacity * 2 : limit + 1;
        }
        ssize_t got = read_some(fd, bytes + size, capacity - size);
        if (got < 0)
            return (int)got;
        if (got == 0)
            break;
        size += (size_t)got;
        if (size > limit)
            return -EFBIG;
    }
    bytes[size] = '\0';
    *ret_bytes = take_pointer(bytes);
    *ret_size = size;
    return 0;
}

static int open_regular(int directory, const char *name)
{
    struct stat status;
    cleanup_fd_ int fd = openat(directory, name, O_RDONLY | OPEN_FLAGS);
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    return take_fd(&fd);
}

int file_read(int directory, const char *name, size_t limit, char **ret_bytes, size_t *ret_size)
{
    cleanup_fd_ int fd = open_regular(directory, name);
    return fd < 0 ? fd : file_read_fd(fd, limit, ret_bytes, ret_size);
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        bytes += done;
        size -= (size_t)done;
    }
    return 0;
}

/* The folder that name stands in, opened, so that its entry can be fsynced; *ret_base is the part after the last slash. */
static int open_parent(int directory, const char *name, const char **ret_base)
{
    char path[PATH_MAX];
    const char *slash = strrchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) + 1 : 0;
    if (length >= sizeof(path) - 1)
        return -ENAMETOOLONG;
    memcpy(path, name, length);
    strcpy(path + length, ".");
    int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_base = name + length;
    return fd;
}

/* A leftover of a crash stands in the way once; somebody who keeps putting it there gets -EEXIST. */
static int create_fresh(int directory, const char *name, mode_t mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | OPEN_FLAGS;
    int fd = openat(directory, name, flags, mode);
    if (fd < 0 && errno == EEXIST && unlinkat(directory, name, 0) == 0)
        fd = openat(directory, name, flags, mode);
    return fd < 0 ? -errno : fd;
}

static int write_parts(int directory, const char *name, const struct iovec *parts, size_t count, mode_t mode)
{
    cleanup_fd_ int fd = create_fresh(directory, name, mode);
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < count; i++) {
        int error = write_all(fd, parts[i].iov_base, parts[i].iov_len);
        if (error < 0)
            return error;
    }
    /* The umask has had its say at open; the caller's mode is the one that counts. */
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

int file_write_atomic_parts(
    int directory, const char *name, const struct iovec *parts, size_t count, mode_t mode)
{
    char temporary[NAME_MAX + 1];
    const char *base;
    cleanup_fd_ int parent = open_parent(directory, name, &base);
    if (parent < 0)
        return parent;
    if (strlen(base) + sizeof(".tmp") > sizeof(temporary))
        return -ENAMETOOLONG;
    stpcpy(stpcpy(temporary, base), ".tmp");

    int error = write_parts(parent, temporary, parts, count, mode);
    if (error == 0 && renameat(parent, temporary, parent, base) < 0)
        error = -errno;
    if (error < 0) {
        unlinkat(parent, temporary, 0);
        return error;
    }
    return fsync(parent) < 0 ? -errno : 0;
}

int file_write_atomic(int directory, const char *name, const void *bytes, size_t size, mode_t mode)
{
    struct iovec whole = {.iov_base = (void *)bytes, .iov_len = size};
    return file_write_atomic_parts(directory, name, &whole, 1, mode);
}

int file_poke(int directory, const char *name, const char *text)
{
    cleanup_fd_ int fd = openat(directory, name, O_WRONLY | OPEN_FLAGS);
    size_t length = strlen(text);
    if (fd < 0)
        return -errno;
    /* One write and no second try: an attribute acts on each. */
    ssize_t done = write(fd, text, length);
    if (done < 0)
        return -errno;
    return (size_t)done == length ? 0 : -EIO;
}

ssize_t file_peek(int directory, const char *name, char *buffer, size_t capacity)
{
    char bytes[4096];
    cleanup_fd_ int fd = open_regular(directory, name);
    if (fd < 0)
        return fd;
    if (capacity == 0)
        return -EINVAL;
    ssize_t got = read_some(fd, bytes, sizeof(bytes));
    if (got < 0)
        return got;
    size_t length = 0;
    while (length < (size_t)got && length < capacity - 1 && bytes[length] != '\n' && bytes[length] != '\0')
        length++;
    memcpy(buffer, bytes, length);
    buffer[length] = '\0';
    return (ssize_t)length;
}
