#include "policy_file.h"

#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define POLICY_MAX ((size_t)64 << 20)

static const char STANDARD_INPUT[] = "standard input";

void policy_file_clear(struct policy_file *file)
{
    free(file->bytes);
    *file = (struct policy_file){0};
}

int policy_file_read(const char *path, struct policy_file *ret_file)
{
    cleanup_fd_ int opened = -1;
    int fd = STDIN_FILENO;
    if (strcmp(path, "-") != 0) {
        opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (opened < 0)
            return -errno;
        fd = opened;
    }
    return file_read_fd(fd, POLICY_MAX, &ret_file->bytes, &ret_file->size);
}

/* The text as a file that has no name: the checker reads it as its standard input. */
static int text_open(const struct policy_file *file)
{
    cleanup_fd_ int fd = memfd_create("policy", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < file->size;) {
        ssize_t done = write(fd, file->bytes + at, file->size - at);
        if (done < 0)
            return -errno;
        at += (size_t)done;
    }
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return take_fd(&fd);
}

static pid_t checker_start(int text, const int ends[2], const struct policy_checker *checker)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (dup2(text, STDIN_FILENO) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
        _exit(127);
    execl(
        checker->daemon_program, "sekishod", "--check", checker->part ? "part" : "policy", "-", (char *)NULL);
    fprintf(stderr, "%s: %s", checker->daemon_program, strerror(errno));
    _exit(127);
}

/* Its first line; the rest is drained, so that it never writes to a closed pipe. */
static void words_read(int fd, char *said, size_t capacity)
{
    char rest[512];
    size_t size = 0;
    ssize_t count;
    while (size < capacity - 1 && (count = read(fd, said + size, capacity - 1 - size)) > 0)
        size += (size_t)count;
    while (read(fd, rest, sizeof(rest)) > 0)
        continue;
    said[size] = '\0';
    said[strcspn(said, "\n")] = '\0';
}

/* "standard input:3:9: ..." → "scanner.json:3:9: ..." */
static void words_name(const char *path, char *said, size_t capacity)
{
    size_t head = sizeof(STANDARD_INPUT) - 1;
    if (strcmp(path, "-") == 0 || strncmp(said, STANDARD_INPUT, head) != 0)
        return;
    cleanup_free_ char *tail = strdup(said + head);
    if (tail)
        snprintf(said, capacity, "%s%s", path, tail);
}

int policy_file_check(
    const struct policy_file *file, const struct policy_checker *checker, char *said, size_t capacity)
{
    int ends[2], status = 0;
    cleanup_fd_ int text = text_open(file);
    said[0] = '\0';
    if (text < 0)
        return text;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = checker_start(text, ends, checker);
    close(ends[1]);
    if (pid > 0)
        words_read(ends[0], said, capacity);
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -ECHILD;
    words_name(checker->path, said, capacity);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBADMSG;
}

int policy_file_get(int directory, const char *target, struct policy_file *ret_file)
{
    int error = file_read(directory, target, POLICY_MAX, &ret_file->bytes, &ret_file->size);
    return error == -ENOENT ? 0 : error;
}

int policy_file_put(int directory, const char *target, const struct policy_file *file)
{
    if (file->bytes)
        return file_write_atomic(directory, target, file->bytes, file->size, 0644);
    return unlinkat(directory, target, 0) < 0 ? -errno : 0;
}

bool policy_file_is_same(const struct policy_file *left, const struct policy_file *right)
{
    return left->bytes && right->bytes && left->size == right->size &&
           memcmp(left->bytes, right->bytes, left->size) == 0;
}

bool policy_file_is_name(const char *name)
{
    static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= POLICY_NAME_MAX && name[0] != '.' && strspn(name, ALLOWED) == length;
}
