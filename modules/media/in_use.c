#include "media/in_use.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <string.h>

#define IN_USE_FILE      "run/sekisho/in-use"
#define IN_USE_BYTES_MAX (64 * 1024)

/* "2-1 5 network adapter with the default route (enx0)" */
static bool line_has(const char *line, const char *name, unsigned devnum)
{
    char found[32];
    unsigned number;
    return sscanf(line, "%31s %u", found, &number) == 2 && strcmp(found, name) == 0 && number == devnum;
}

bool in_use_has(int root, const char *name, unsigned devnum)
{
    cleanup_free_ char *bytes = NULL;
    size_t size;
    char *kept = NULL;
    if (file_read(root, IN_USE_FILE, IN_USE_BYTES_MAX, &bytes, &size) < 0)
        return false;
    for (char *line = strtok_r(bytes, "\n", &kept); line; line = strtok_r(NULL, "\n", &kept)) {
        if (line_has(line, name, devnum))
            return true;
    }
    return false;
}
