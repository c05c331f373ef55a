#include "media/known.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <string.h>

#define KNOWN_FILE      "run/sekisho/known"
#define KNOWN_LINE_MAX  (FACTS_NAME_MAX + 24)
#define KNOWN_BYTES_MAX (INVENTORY_MAX * KNOWN_LINE_MAX)

bool known_find(int root, const char *name, unsigned devnum, bool *ret_kept)
{
    cleanup_free_ char *bytes = NULL;
    size_t size;
    char *kept = NULL;
    if (file_read(root, KNOWN_FILE, KNOWN_BYTES_MAX, &bytes, &size) < 0)
        return false;
    for (char *line = strtok_r(bytes, "\n", &kept); line; line = strtok_r(NULL, "\n", &kept)) {
        char found[FACTS_NAME_MAX], verdict[16];
        unsigned number;
        if (sscanf(line, "%31s %u %15s", found, &number, verdict) != 3 || strcmp(found, name) != 0 ||
            number != devnum)
            continue;
        *ret_kept = strcmp(verdict, "kept") == 0;
        return true;
    }
    return false;
}

int known_write(int root, const struct inventory *inventory)
{
    cleanup_free_ char *text = malloc(KNOWN_BYTES_MAX + 1);
    size_t size = 0;
    if (!text)
        return -ENOMEM;
    for (unsigned i = 0; i < inventory->count; i++) {
        const struct present *present = inventory->entries[i];
        if (present->recorded)
            size += (size_t)snprintf(text + size, KNOWN_LINE_MAX, "%s %u %s\n", present->facts->name,
                present->facts->devnum, present->decision.verdict == VERDICT_KEPT ? "kept" : "seen");
    }
    return file_write_atomic(root, KNOWN_FILE, text, size, 0644);
}
