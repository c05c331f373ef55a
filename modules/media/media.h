/* The module's heart: which devices are present, looked at as they come, change and go. module.c and monitor.c drive it; tests
 * do too. What is done about one device is enforce.c's. */
#ifndef SEKISHO_MEDIA_MEDIA_H
#define SEKISHO_MEDIA_MEDIA_H

#include "contract/host.h"
#include "media/arrivals.h"
#include "media/drift.h"
#include "media/inventory.h"
#include "media/media_policy.h"
#include "media/monitor.h"
#include "media/observe.h"

/* What udev's rules, and not the device's bytes, say of it. */
struct media_marks {
    enum monitor_reader (*reader)(void *context, const char *name);
    void *context;
};

struct media {
    struct host *host;           /* borrowed */
    struct media_policy *policy; /* owned; never NULL once started */
    struct monitor *monitor;     /* owned; NULL in tests */
    struct media_marks marks;
    int sys, root; /* open /sys and /; owned */
    bool starting; /* the first look: what is found was already there */
    struct inventory inventory;
    struct arrivals arrivals; /* not in the chain yet */
    int64_t watched_ms;       /* when there were none the last time */
    bool gap_owed; /* words of the kernel were missed since then, and the chain does not say so yet */
    struct observe observe;
    struct drift drift;
};

/* Takes over both descriptors, also when it fails. */
int media_create(struct host *host, int sys, int root, struct media **ret_media);
void media_destroy(struct media *media);

/* The first look, with the first policy, which it takes over. */
void media_start(struct media *media, struct media_policy *policy);
/* Looks at one device afresh: reads, decides, acts, records. Gone: records that. Safe to call at any time, any number of times. */
void media_look(struct media *media, const char *name);
/* The kernel says that a device came, or went: one that goes before it was recorded is recorded then. */
void media_arrived(struct media *media, const struct arrival *arrival);
void media_gone(struct media *media, const struct arrival *arrival);
/* Some of the kernel's words were lost: says since when, and looks at everything. */
void media_missed(struct media *media);
/* Is there no arrival that the chain does not tell of? All that the kernel said until now_ms has been handed on. */
bool media_has_caught_up(struct media *media, int64_t now_ms);
/* At every device, and at what has gone. */
void media_look_all(struct media *media);
/* Looks again at the same devices under a new policy, which it takes over. */
void media_set_policy(struct media *media, struct media_policy *policy);
/* Each heartbeat: everything again, what could not be done is tried again, and drift is looked for. */
void media_check(struct media *media);

#endif
