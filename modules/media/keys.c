#include "media/keys.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/input-event-codes.h>
#include <stdint.h>
#include <string.h>

#define ENTRIES_MAX 64 /* looked at in one folder */

static uint64_t bits(unsigned first, unsigned last)
{
    return (UINT64_C(2) << last) - (UINT64_C(1) << first);
}

/* The letters stand in three rows, all of them below bit 64: in the last word of a 64-bit kernel's. */
bool keys_have_letters(const char *bitmap)
{
    const uint64_t letters = bits(KEY_Q, KEY_P) | bits(KEY_A, KEY_L) | bits(KEY_Z, KEY_M);
    const char *last = strrchr(bitmap, ' ');
    char *end;
    uint64_t word = strtoull(last ? last + 1 : bitmap, &end, 16);
    return *end == '\0' && (word & letters) == letters;
}

/* Calls for each entry that begins so, until one says yes. */
static bool any_entry(int directory, const char *path, const char *prefix, bool (*is_it)(int folder))
{
    cleanup_(directory_close) DIR *stream = NULL;
    int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stream = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    for (unsigned i = 0; stream && i < ENTRIES_MAX && (entry = readdir(stream)); i++) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        cleanup_fd_ int folder = openat(dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder >= 0 && is_it(folder))
            return true;
    }
    return false;
}

static bool input_has_letters(int input)
{
    char bitmap[1024];
    return file_peek(input, "capabilities/key", bitmap, sizeof(bitmap)) >= 0 && keys_have_letters(bitmap);
}

/* A HID device, "0003:04D9:1702.0001", with its inputs: "input/input5". */
static bool hid_has_letters(int hid)
{
    return any_entry(hid, "input", "input", input_has_letters);
}

bool keys_of_interface_have_letters(int interface)
{
    return any_entry(interface, ".", "0003:", hid_has_letters);
}
