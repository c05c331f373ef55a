/* Small files, read and written whole. */
#ifndef SEKISHO_BASE_FILE_H
#define SEKISHO_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Reads a file of at most limit bytes; *ret_bytes is malloc'ed and ends in a NUL that *ret_size does not count.
 * -EFBIG when larger; -EISDIR, or -EINVAL when it is no regular file (a FIFO never makes us wait). directory: an open
 * directory or AT_FDCWD. Symlinks in the last part are refused (-ELOOP). */
int file_read(int directory, const char *name, size_t limit, char **ret_bytes, size_t *ret_size);

/* The same from a descriptor at its present offset; sysfs attributes and pipes too. */
int file_read_fd(int fd, size_t limit, char **ret_bytes, size_t *ret_size);

/* Writes name.tmp, fsync, renames over name, fsync of the directory. A reader sees the old or the new, never half. */
int file_write_atomic(int directory, const char *name, const void *bytes, size_t size, mode_t mode);

/* The same for bytes that lie in several places, so that a large document is not copied together first. */
int file_write_atomic_parts(
    int directory, const char *name, const struct iovec *parts, size_t count, mode_t mode);

/* One write(2) of text to an existing file (a sysfs attribute), never creating or truncating it. */
int file_poke(int directory, const char *name, const char *text);

/* First line of a small text file (a sysfs attribute, ≤ 4,096 bytes) without its newline, cut at capacity − 1.
 * Returns its length or negative errno. The bytes may be anything; a NUL ends them. */
ssize_t file_peek(int directory, const char *name, char *buffer, size_t capacity);

#endif
