/* The devices that are present, and what was said about each. */
#ifndef SEKISHO_MEDIA_INVENTORY_H
#define SEKISHO_MEDIA_INVENTORY_H

#include "media/decide.h"

#define INVENTORY_MAX 1024

/* One device from its plug to its unplug; by name and devnum, so that a re-plug is another device. */
struct present {
    struct facts *facts; /* as last read; owned */
    struct decision decision;
    bool decided;        /* decision is set */
    bool recorded;       /* the decision's event is durable */
    bool open;           /* its admission was recorded, so its interfaces may be opened */
    bool ask_rules;      /* it was closed by us before: the rules must be asked to open it again */
    bool foreign_driver; /* was once seen with a driver that its shape does not give: until it is unplugged */
    bool was_there;      /* already present when the agent started */
    bool unattended;     /* and plugged while no agent ran */
    bool seen;           /* in the present look at everything */
    unsigned
        attempts_left; /* to open interfaces, so that a device which does not obey costs no endless work */
    int64_t since_ms;
};

struct inventory {
    struct present *entries[INVENTORY_MAX];
    unsigned count;
};

struct present *inventory_find(const struct inventory *inventory, const char *name);
/* Takes over facts. -ENOSPC when INVENTORY_MAX are present; -ENOMEM. */
int inventory_add(struct inventory *inventory, struct facts *facts, struct present **ret_present);
/* Frees the entry; the last one takes its place. */
void inventory_remove(struct inventory *inventory, struct present *present);
void inventory_clear(struct inventory *inventory);

/* Another present device with the same VID, PID and serial; NULL for a device without a serial. from: 0, or where to go on
 * (updated). */
struct present *inventory_next_twin(
    const struct inventory *inventory, const struct facts *facts, unsigned *from);
/* Is a keyboard present that is not this device and may be used? */
bool inventory_has_other_keyboard(const struct inventory *inventory, const struct facts *facts);

#endif
