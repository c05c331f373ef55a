#include "media/arrivals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct arrival *find(const struct arrivals *arrivals, const char *name, unsigned devnum)
{
    for (unsigned i = 0; i < arrivals->count; i++) {
        if (arrivals->entries[i].devnum == devnum && strcmp(arrivals->entries[i].name, name) == 0)
            return &arrivals->entries[i];
    }
    return NULL;
}

int arrivals_add(struct arrivals *arrivals, const struct arrival *arrival)
{
    if (find(arrivals, arrival->name, arrival->devnum))
        return 0;
    if (arrivals->count == ARRIVALS_MAX)
        return -ENOSPC;
    struct arrival *entries = reallocarray(arrivals->entries, arrivals->count + 1, sizeof(*entries));
    if (!entries)
        return -ENOMEM;
    arrivals->entries = entries;
    entries[arrivals->count++] = *arrival;
    return 0;
}

bool arrivals_take(struct arrivals *arrivals, const char *name, unsigned devnum)
{
    struct arrival *found = find(arrivals, name, devnum);
    if (!found)
        return false;
    *found = arrivals->entries[--arrivals->count];
    return true;
}

void arrivals_clear(struct arrivals *arrivals)
{
    free(arrivals->entries);
    *arrivals = (struct arrivals){0};
}
