/* Do kernel and rules still say what the gate stands on? Looked at when the agent starts and with each heartbeat; what lies in
 * sysfs is mended, and each change is recorded once. */
#ifndef SEKISHO_MEDIA_DRIFT_H
#define SEKISHO_MEDIA_DRIFT_H

#include "contract/host.h"

#define DRIFT_MAX       96
#define DRIFT_WHAT_MAX  128
#define DRIFT_VALUE_MAX 72

/* The rules file as it was built in; borrowed. */
struct drift_rules {
    const char *folder, *name; /* below the open /: "usr/lib/udev/rules.d", "59-sekisho.rules" */
    const char *sha256;        /* 64 hex digits */
};

struct drift_item {
    char what[DRIFT_WHAT_MAX];
    char found[DRIFT_VALUE_MAX], expected[DRIFT_VALUE_MAX];
    bool mended;
    bool recorded;
    bool seen; /* in the present check */
};

struct drift {
    struct drift_rules rules;
    unsigned count;
    struct drift_item items[DRIFT_MAX]; /* what is (or, mended, was) not as it should be */
};

/* root, sys: the open / and /sys. */
void drift_check(struct drift *drift, struct host *host, int root, int sys);

#endif
