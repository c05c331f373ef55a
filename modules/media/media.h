/* The module's heart: looks at devices, decides, acts, records. module.c and monitor.c drive it; tests do too. */
#ifndef SEKISHO_MEDIA_MEDIA_H
#define SEKISHO_MEDIA_MEDIA_H

#include "contract/host.h"
#include "media/inventory.h"
#include "media/media_policy.h"
#include "media/monitor.h"

struct media {
    struct host *host;           /* borrowed */
    struct media_policy *policy; /* owned; never NULL once started */
    struct monitor *monitor;     /* owned; NULL in tests */
    int sys, root;               /* open /sys and /; owned */
    bool starting;               /* the first look: what is found was already there */
    struct inventory inventory;
};

/* Takes over both descriptors, also when it fails. */
int media_create(struct host *host, int sys, int root, struct media **ret_media);
void media_destroy(struct media *media);

/* Looks at one device afresh: reads, decides, acts, records. Gone: records that. Safe to call at any time, any number of times. */
void media_look(struct media *media, const char *name);
/* At every device, and at what has gone. */
void media_look_all(struct media *media);
/* Looks again at the same devices under a new policy, which it takes over. */
void media_set_policy(struct media *media, struct media_policy *policy);

#endif
