#include "core/store/files.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* SQLite's companions of a database: the log, and what only its first moments and other openers would make. */
static const char *const COMPANIONS[] = {"", "-wal", "-journal", "-shm"};

#define ASIDE_PREFIX "spool-"
#define ASIDE_SUFFIX ".db"

int store_directory_open(const char *path)
{
    struct stat status;
    cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        return log_error(-errno, "store directory %s", path);
    if (status.st_uid != geteuid() || (status.st_mode & 022))
        return log_error(-EPERM,
            "store directory %s: expected to be uid %u's, and nobody else to write in it", path,
            (unsigned)geteuid());
    return take_fd(&fd);
}

static const char *file_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "is no regular file";
    if (status->st_uid != geteuid())
        return "belongs to somebody else";
    if (status->st_mode & 077)
        return "is open to others (expected mode 0600)";
    if (status->st_nlink != 1)
        return "has a second name (hard link)";
    return NULL;
}

static int file_check(int directory, const char *name)
{
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    const char *fault = file_fault(&status);
    return fault ? log_error(-EPERM, "store: %s %s", name, fault) : 0;
}

int store_files_check(int directory)
{
    int error = file_check(directory, STORE_KEY);
    for (unsigned i = 0; i < ARRAY_SIZE(COMPANIONS) && error >= 0; i++) {
        char name[32];
        snprintf(name, sizeof(name), STORE_SPOOL "%s", COMPANIONS[i]);
        error = file_check(directory, name);
        snprintf(name, sizeof(name), STORE_STATE "%s", COMPANIONS[i]);
        if (error >= 0)
            error = file_check(directory, name);
    }
    return error;
}

int store_file_exists(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_file_make(int directory, const char *name)
{
    cleanup_fd_ int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    return fchmod(fd, 0600) < 0 || fsync(directory) < 0 ? -errno : 0;
}

void store_file_remove(int directory, const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(COMPANIONS); i++) {
        char whole[64];
        snprintf(whole, sizeof(whole), "%s%s", name, COMPANIONS[i]);
        unlinkat(directory, whole, 0);
    }
}

static bool is_aside(const char *name)
{
    size_t length = strlen(name), tail = strlen(ASIDE_SUFFIX);
    return strncmp(name, ASIDE_PREFIX, strlen(ASIDE_PREFIX)) == 0 && length < STORE_ASIDE_NAME_SIZE &&
           strcmp(name + length - tail, ASIDE_SUFFIX) == 0;
}

/* Names end in their date, so that age is the order of what follows the last word. */
static const char *aside_date(const char *name)
{
    return name + strlen(name) - strlen("20261125T012345678Z" ASIDE_SUFFIX);
}

/* Finds the oldest of those set aside and says how many there are. */
static int aside_oldest(int directory, char oldest[static STORE_ASIDE_NAME_SIZE])
{
    cleanup_fd_ int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_(directory_close) DIR *entries = again < 0 ? NULL : fdopendir(again);
    if (!entries)
        return -errno;
    take_fd(&again);
    int count = 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        if (!is_aside(entry->d_name) || strlen(entry->d_name) < 30)
            continue;
        if (count++ == 0 || strcmp(aside_date(entry->d_name), aside_date(oldest)) < 0)
            strcpy(oldest, entry->d_name);
    }
    return count;
}

static void aside_trim(int directory)
{
    char oldest[STORE_ASIDE_NAME_SIZE] = "";
    while (aside_oldest(directory, oldest) > STORE_ASIDE_KEPT) {
        log_notice("store: %s, the oldest of more than %d set aside, is removed", oldest, STORE_ASIDE_KEPT);
        store_file_remove(directory, oldest);
    }
}

/* "2026-11-25T01:23:45.678Z" without its marks. */
static void aside_name(const char *why, int64_t time_ms, char name[static STORE_ASIDE_NAME_SIZE])
{
    char date[25], plain[25];
    clock_format_utc(time_ms, date);
    size_t length = 0;
    for (const char *c = date; *c; c++)
        if (!strchr("-:.", *c))
            plain[length++] = *c;
    plain[length] = '\0';
    snprintf(name, STORE_ASIDE_NAME_SIZE, ASIDE_PREFIX "%s-%s" ASIDE_SUFFIX, why, plain);
}

int store_spool_set_aside(
    int directory, const char *why, int64_t time_ms, char ret_name[static STORE_ASIDE_NAME_SIZE])
{
    char name[STORE_ASIDE_NAME_SIZE];
    aside_name(why, time_ms, name);
    while (store_file_exists(directory, name)) /* the same millisecond, or a clock set back */
        aside_name(why, ++time_ms, name);
    /* The log first: a main file alone is a store some events short, a log alone is nothing. */
    for (unsigned i = ARRAY_SIZE(COMPANIONS); i-- > 0;) {
        char from[32], to[STORE_ASIDE_NAME_SIZE + 16];
        snprintf(from, sizeof(from), STORE_SPOOL "%s", COMPANIONS[i]);
        snprintf(to, sizeof(to), "%s%s", name, COMPANIONS[i]);
        if (renameat(directory, from, directory, to) < 0 && errno != ENOENT)
            return -errno;
    }
    if (fsync(directory) < 0)
        return -errno;
    strcpy(ret_name, name);
    aside_trim(directory);
    return 0;
}
