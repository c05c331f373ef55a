#include "media/own_disk.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "media/facts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#define LIST_BYTES_MAX (1024 * 1024) /* of mountinfo: some thousands of mounts */
#define DEPTH_MAX      8             /* LVM on LUKS on md on a partition is four */
#define LINE_MAX_BYTES 4096

/* Is this USB device among the folders of a block device's path: ".../usb2/2-1/2-1:1.0/host2/.../block/sda/sda2"? */
static bool path_is_on(const char *path, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = strstr(path, name); at; at = strstr(at + 1, name)) {
        if (at > path && at[-1] == '/' && (at[length] == '/' || at[length] == ':'))
            return true;
    }
    return false;
}

/* link: below /sys, to a block device's folder; such as "dev/block/8:2" or "class/block/dm-0". */
static bool block_is_on(int sys, const char *link, const char *name, unsigned depth)
{
    char target[PATH_MAX], folder[PATH_MAX];
    ssize_t length = readlinkat(sys, link, target, sizeof(target) - 1);
    if (length < 0 || depth == DEPTH_MAX)
        return false;
    target[length] = '\0';
    if (path_is_on(target, name))
        return true;

    /* A stacked one: dm and md show what they stand on, each of those under its own name. */
    if (snprintf(folder, sizeof(folder), "%s/slaves", link) >= (int)sizeof(folder))
        return false;
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(sys, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char slave[sizeof("class/block/") + NAME_MAX];
        snprintf(slave, sizeof(slave), "class/block/%s", entry->d_name);
        if (entry->d_name[0] != '.' && block_is_on(sys, slave, name, depth + 1))
            return true;
    }
    return false;
}

/* "/dev/mapper/vg-root" → the dm-N that bears this name. */
static bool mapped_is_on(int sys, const char *mapped, const char *name)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(sys, "class/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char path[sizeof("class/block//dm/name") + NAME_MAX], found[256];
        snprintf(path, sizeof(path), "class/block/%s/dm/name", entry->d_name);
        if (strncmp(entry->d_name, "dm-", 3) != 0 || file_peek(sys, path, found, sizeof(found)) < 0 ||
            strcmp(found, mapped) != 0)
            continue;
        snprintf(path, sizeof(path), "class/block/%s", entry->d_name);
        if (block_is_on(sys, path, name, 0))
            return true;
    }
    return false;
}

/* A source as mountinfo and swaps name it: "/dev/sda2", "/dev/mapper/vg-root". */
static bool source_is_on(int sys, const char *source, const char *name)
{
    static const char mapper[] = "/dev/mapper/";
    char link[sizeof("class/block/") + NAME_MAX];
    if (strncmp(source, mapper, sizeof(mapper) - 1) == 0)
        return mapped_is_on(sys, source + sizeof(mapper) - 1, name);
    if (strncmp(source, "/dev/", 5) != 0 || strchr(source + 5, '/') || strlen(source + 5) > NAME_MAX)
        return false;
    snprintf(link, sizeof(link), "class/block/%s", source + 5);
    return block_is_on(sys, link, name, 0);
}

static bool is_system_place(const char *place)
{
    return strcmp(place, "/") == 0 || strcmp(place, "/usr") == 0 || strcmp(place, "/boot") == 0 ||
           strncmp(place, "/boot/", 6) == 0;
}

/* proc(5): "36 35 8:2 / /boot rw,noatime master:1 - ext4 /dev/sda2 rw". Some file systems (btrfs) have a number that is no block
 * device's: then the source's name leads to it. */
static bool mount_is_on(int sys, char *line, const char *name)
{
    char number[32], place[LINE_MAX_BYTES], source[LINE_MAX_BYTES], link[64];
    const char *rest = strstr(line, " - ");
    if (strlen(line) >= LINE_MAX_BYTES || !rest ||
        sscanf(line, "%*s %*s %31s %*s %4095s", number, place) != 2 ||
        sscanf(rest, " - %*s %4095s", source) != 1 || !is_system_place(place))
        return false;
    snprintf(link, sizeof(link), "dev/block/%s", number);
    return block_is_on(sys, link, name, 0) || source_is_on(sys, source, name);
}

/* proc(5): "/dev/sda3 partition 1048572 0 -2"; a swap file lies on a file system that is looked at anyhow. */
static bool swap_is_on(int sys, char *line, const char *name)
{
    line[strcspn(line, " \t")] = '\0';
    return source_is_on(sys, line, name);
}

static bool any_line_is_on(int root, const char *file, int sys, const char *name,
    bool (*line_is_on)(int sys, char *line, const char *name))
{
    cleanup_free_ char *bytes = NULL;
    size_t size;
    char *kept = NULL;
    if (file_read(root, file, LIST_BYTES_MAX, &bytes, &size) < 0)
        return false;
    for (char *line = strtok_r(bytes, "\n", &kept); line; line = strtok_r(NULL, "\n", &kept)) {
        if (line_is_on(sys, line, name))
            return true;
    }
    return false;
}

bool own_disk_is_on(int root, int sys, const char *name)
{
    return any_line_is_on(root, "proc/self/mountinfo", sys, name, mount_is_on) ||
           any_line_is_on(root, "proc/swaps", sys, name, swap_is_on);
}
