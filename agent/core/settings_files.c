/* Reads the files of a document, refusing any that somebody else could have written. */
#include "core/settings_files.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

size_t settings_limit(enum settings_which which)
{
    return which == SETTINGS_AGENT ? SETTINGS_AGENT_LIMIT : SETTINGS_POLICY_LIMIT;
}

const char *settings_file_name(enum settings_which which)
{
    return which == SETTINGS_AGENT ? "agent.json" : "policy.json";
}

/* Who could change it besides its owner? The same questions for files and for the folders they stand in. */
static int check_owner(
    const struct stat *status, const char *shown, uid_t owner, struct json_error *ret_error)
{
    if (status->st_uid != owner)
        return settings_fault(ret_error, shown, "expected owner uid %u, found %u", owner, status->st_uid);
    if (status->st_gid != 0 && status->st_gid != getegid())
        return settings_fault(ret_error, shown, "expected group gid 0, found %u", status->st_gid);
    if (status->st_mode & 022)
        return settings_fault(ret_error, shown, "expected a mode that only its owner may write, found %04o",
            status->st_mode & 07777);
    return 0;
}

static int check_file(const struct stat *status, const char *shown, uid_t owner, struct json_error *ret_error)
{
    if (!S_ISREG(status->st_mode))
        return settings_fault(ret_error, shown, "expected a regular file");
    if (status->st_nlink != 1)
        return settings_fault(ret_error, shown, "expected a file with one name, found %lu hard links",
            (unsigned long)status->st_nlink);
    return check_owner(status, shown, owner, ret_error);
}

static int fault_open(struct json_error *ret_error, const char *shown, int error)
{
    if (error == -ELOOP)
        return settings_fault(ret_error, shown, "expected a regular file, found a symbolic link");
    return settings_fault(ret_error, shown, "cannot be read: %s", strerror(-error));
}

int settings_directory_open(
    int directory, const char *name, const char *shown, uid_t owner, struct json_error *ret_error)
{
    struct stat status;
    cleanup_fd_ int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return settings_fault(ret_error, shown, "expected a directory");
    if (fd < 0 || fstat(fd, &status) < 0)
        return fault_open(ret_error, shown, -errno);
    int error = check_owner(&status, shown, owner, ret_error);
    return error < 0 ? error : take_fd(&fd);
}

int settings_file_read(int directory, const char *name, const char *shown, uid_t owner, size_t limit,
    char **ret_bytes, size_t *ret_size, struct json_error *ret_error)
{
    struct stat status;
    /* O_NONBLOCK: a FIFO in the file's place must not hang us before it is refused. */
    cleanup_fd_ int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0 || fstat(fd, &status) < 0)
        return fault_open(ret_error, shown, -errno);
    int error = check_file(&status, shown, owner, ret_error);
    if (error < 0)
        return error;
    error = file_read_fd(fd, limit, ret_bytes, ret_size);
    if (error == -EFBIG)
        return settings_fault(
            ret_error, shown, "expected at most %zu bytes left of the document's limit", limit);
    return error < 0 && error != -ENOMEM ? fault_open(ret_error, shown, error) : error;
}

/* Adds a file to the bundle and takes its size off what is left of the document's limit. */
static int add_file(const struct settings_source *source, int directory, const char *name, const char *shown,
    size_t *left, struct settings_bundle *bundle, struct json_error *ret_error)
{
    char *bytes = NULL;
    size_t size = 0;
    int error = settings_file_read(directory, name, shown, source->owner, *left, &bytes, &size, ret_error);
    if (error < 0)
        return error;
    *left -= size;
    return settings_bundle_add(bundle, shown, bytes, size);
}

/* --- policy.d -------------------------------------------------------------------------------------------------------- */

/* Hidden files and what editors and dpkg leave beside a file ("a.json~", "a.json.dpkg-old") are not ours to read. */
static int is_part(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int compare_names(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

/* Names go into messages, events and the accepted copy's framing. */
static int check_name(const char *name, struct json_error *ret_error)
{
    static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (name[strspn(name, ALLOWED)] != '\0' || strlen(name) > 128)
        return settings_fault(ret_error, "policy.d",
            "expected file names of at most 128 letters, digits, '.', '_' and '-', found \"%s\"", name);
    return 0;
}

static int add_part(const struct settings_source *source, int directory, const char *name, size_t *left,
    struct settings_bundle *bundle, struct json_error *ret_error)
{
    char shown[sizeof("policy.d/") + NAME_MAX];
    int error = check_name(name, ret_error);
    if (error < 0)
        return error;
    snprintf(shown, sizeof(shown), "policy.d/%s", name);
    error = add_file(source, directory, name, shown, left, bundle, ret_error);
    /* Gone between listing and reading: half an edit is no policy. */
    return error == -ENOENT ? fault_open(ret_error, shown, error) : error;
}

static int add_parts(const struct settings_source *source, int configuration, size_t *left,
    struct settings_bundle *bundle, struct json_error *ret_error)
{
    struct dirent **entries;
    cleanup_fd_ int directory =
        settings_directory_open(configuration, "policy.d", "policy.d", source->owner, ret_error);
    if (directory < 0)
        return directory == -ENOENT ? 0 : directory;
    int count = scandirat(directory, ".", &entries, is_part, compare_names);
    if (count < 0)
        return fault_open(ret_error, "policy.d", -errno);
    int error = 0;
    if (count > SETTINGS_FILES_MAX - 1)
        error = settings_fault(
            ret_error, "policy.d", "expected at most %d files, found %d", SETTINGS_FILES_MAX - 1, count);
    for (int i = 0; i < count; i++) {
        if (error == 0)
            error = add_part(source, directory, entries[i]->d_name, left, bundle, ret_error);
        free(entries[i]);
    }
    free(entries);
    return error;
}

int settings_files_read(const struct settings_source *source, enum settings_which which,
    struct settings_bundle *bundle, struct json_error *ret_error)
{
    const char *name = settings_file_name(which);
    size_t left = settings_limit(which);
    cleanup_fd_ int configuration = settings_directory_open(
        AT_FDCWD, source->configuration_directory, source->configuration_directory, source->owner, ret_error);
    if (configuration < 0)
        return configuration == -ENOENT ? 0 : configuration;
    int error = add_file(source, configuration, name, name, &left, bundle, ret_error);
    if (error < 0 && error != -ENOENT)
        return error;
    return which == SETTINGS_POLICY ? add_parts(source, configuration, &left, bundle, ret_error) : 0;
}
