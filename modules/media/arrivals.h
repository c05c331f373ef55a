/* Plugs that the kernel has announced and of which the chain does not tell yet. udev works through its queue after the kernel, and may
 * hang; a device that comes and goes meanwhile would leave no trace. Pure: no I/O, no clock. */
#ifndef SEKISHO_MEDIA_ARRIVALS_H
#define SEKISHO_MEDIA_ARRIVALS_H

#include "media/facts.h"

#include <stdbool.h>

#define ARRIVALS_MAX 512 /* as many as the inventory follows */

/* What the kernel's own event says of a device; devnum tells a re-plug at the same port from the plug before. */
struct arrival {
    char name[FACTS_NAME_MAX];
    unsigned devnum;
    uint16_t vendor, product;
};

struct arrivals {
    struct arrival *entries; /* owned; NULL until the first */
    unsigned count;
};

/* The same plug twice is one. -ENOSPC: no room, -ENOMEM. */
int arrivals_add(struct arrivals *arrivals, const struct arrival *arrival);
/* False: there is none of this name and devnum. */
bool arrivals_take(struct arrivals *arrivals, const char *name, unsigned devnum);
void arrivals_clear(struct arrivals *arrivals);

#endif
