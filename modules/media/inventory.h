/* The devices that are present, and what was said about each. */
#ifndef SEKISHO_MEDIA_INVENTORY_H
#define SEKISHO_MEDIA_INVENTORY_H

#include "media/decide.h"

#define INVENTORY_MAX 512 /* 127 on each of four controllers */

/* One device from its plug to its unplug; by name and devnum, so that a re-plug is another device. */
struct present {
    struct facts *facts; /* as last read; owned */
    struct decision decision;
    unsigned number;     /* what people call it: given once, never again to another */
    bool decided;        /* decision is set */
    bool recorded;       /* the decision's event is durable */
    bool take_back_owed; /* something was closed that had been open; the chain does not say so yet */
    bool open;           /* its admission was recorded, so its interfaces may be opened */
    bool ask_rules;      /* it was closed by us before: the rules must be asked to open it again */
    bool foreign_driver; /* was once seen with a driver that its shape does not give: until it is unplugged */
    bool was_there;      /* already present when the agent started */
    bool unattended;     /* and plugged while no agent ran */
    bool keyboard_told;  /* looked at once as a keyboard beside another */
    bool input_told;     /* and as input that came unattended */
    bool own_disk;       /* the system itself runs from it */
    bool in_use;         /* was there at installation */
    bool known_as_kept;  /* an agent before us in this boot recorded that it is kept */
    bool seen;           /* in the present look at everything */
    bool look_again;     /* a device like it came or went */
    char group[ALLOW_GROUP_MAX + 1]; /* that its node was given to; "": none */
    unsigned
        attempts_left; /* to open interfaces, so that a device which does not obey costs no endless work */
};

struct inventory {
    struct present *entries[INVENTORY_MAX];
    unsigned count;
    unsigned last_number;
    bool changed; /* since it was last written down */
};

struct present *inventory_find(const struct inventory *inventory, const char *name);
struct present *inventory_find_number(const struct inventory *inventory, int64_t number);
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
