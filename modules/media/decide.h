/* Facts, policy and circumstances in; a verdict and its reason out. No I/O, no memory, no clock of its own. */
#ifndef SEKISHO_MEDIA_DECIDE_H
#define SEKISHO_MEDIA_DECIDE_H

#include "record/reason.h"

#include "media/media_policy.h"

enum verdict {
    VERDICT_SHAPE,    /* input, hub or reader: the kernel's rules admit it without us */
    VERDICT_LISTED,   /* we admit it */
    VERDICT_KEPT,     /* never touched: the system's own disk, or in use at installation */
    VERDICT_OBSERVED, /* would be refused; observe mode admits and records it */
    VERDICT_REFUSED,
};

const char *verdict_name(enum verdict verdict);

/* What the device's own bytes do not say. */
struct circumstances {
    int64_t now_ms;
    bool observing;
    bool own_disk;       /* carries /, /boot, /usr or swap */
    bool in_use;         /* was there at installation, and not re-plugged since */
    bool twin;           /* another present device has the same VID, PID and serial */
    bool foreign_driver; /* was seen bound by a driver that its shape does not give it */
    bool too_many;       /* more devices than the agent keeps track of */
};

struct decision {
    enum verdict verdict;
    enum reason reason; /* of a VERDICT_OBSERVED: why it would be refused */
    const char *label;  /* of the policy's entry; borrowed from the policy; may be NULL */
    const char *group;  /* of its nodes, with VERDICT_LISTED; borrowed; may be NULL or "" */
};

struct decision decide(
    const struct facts *facts, const struct media_policy *policy, const struct circumstances *circumstances);

/* Does the decision depend on udev's mark for card readers? */
bool decide_asks_for_reader(const struct facts *facts);
/* Is every interface of every configuration input, hub, reader or the vendor's own? The same as install/udev's rule. */
bool decide_has_rule_shape(const struct facts *facts);
/* A driver that rules do not give, on a device that rules admit. */
bool decide_has_foreign_driver(const struct facts *facts);

enum gate_act {
    GATE_LEAVE,
    GATE_CLOSE,
    GATE_OPEN,      /* any driver may take it */
    GATE_ASK_RULES, /* the rules open it and bind it by the driver's name */
};

/* What must happen to one interface for the decision to be true. */
enum gate_act decide_interface(
    const struct facts *facts, const struct decision *decision, const struct bound_interface *interface);

#endif
