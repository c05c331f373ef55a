#include "media/decide.h"

#include <string.h>

/* What a device's interfaces are, over all its configurations. */
struct shape {
    bool input, hub, reader, vendor, storage, data; /* data: anything but the first four */
};

static struct shape shape_of(const struct facts *facts)
{
    struct shape shape = {0};
    for (unsigned i = 0; i < facts->descriptors.count; i++) {
        switch (facts->descriptors.interfaces[i].kind.class) {
        case USB_CLASS_INPUT:
            shape.input = true;
            break;
        case USB_CLASS_HUB:
            shape.hub = true;
            break;
        case USB_CLASS_READER:
            shape.reader = true;
            break;
        case USB_CLASS_VENDOR:
            shape.vendor = true;
            break;
        case USB_CLASS_STORAGE:
            shape.storage = true;
            shape.data = true;
            break;
        default:
            shape.data = true;
        }
    }
    return shape;
}

bool decide_asks_for_reader(const struct facts *facts)
{
    const struct shape shape = shape_of(facts);
    return shape.reader || shape.vendor;
}

bool decide_has_rule_shape(const struct facts *facts)
{
    return facts->descriptors.count > 0 && !facts->descriptors.malformed && !shape_of(facts).data;
}

/* Rules give usbhid and hub by name, and nothing to readers; usbfs is a program of root's on this terminal. A vendor's own
 * interface beside an input one is not opened by the rules: a driver on it says nothing of the others. */
static bool is_rule_driver(const struct facts *facts, const struct bound_interface *interface)
{
    if (interface->driver[0] == '\0' || strcmp(interface->driver, "usbfs") == 0)
        return true;
    switch (interface->kind.class) {
    case USB_CLASS_INPUT:
        return strcmp(interface->driver, "usbhid") == 0;
    case USB_CLASS_HUB:
        return strcmp(interface->driver, "hub") == 0;
    case USB_CLASS_VENDOR:
        return !facts->reader;
    default:
        return false;
    }
}

bool decide_has_foreign_driver(const struct facts *facts)
{
    for (unsigned i = 0; i < facts->bound_count; i++) {
        if (!is_rule_driver(facts, &facts->bound[i]))
            return true;
    }
    return false;
}

/* What the whole device is admitted for by its shape, or why not; false when its shape has nothing to say. */
static bool decide_by_shape(const struct facts *facts, const struct media_policy *policy, struct shape shape,
    struct decision *ret_decision)
{
    if (shape.data || !(shape.input || shape.hub || facts->reader))
        return false;
    if (shape.input && policy->input == MEDIA_INPUT_LISTED)
        *ret_decision = (struct decision){.verdict = VERDICT_REFUSED, .reason = REASON_INPUT_NOT_LISTED};
    else if (shape.input || shape.hub)
        *ret_decision = (struct decision){.verdict = VERDICT_SHAPE, .reason = REASON_INPUT};
    else
        *ret_decision = (struct decision){.verdict = VERDICT_SHAPE, .reason = REASON_READER};
    return true;
}

/* VID, PID and serial name one unit, or none: without a serial, or with the same one twice, nobody knows which. */
static struct decision decide_medium(
    const struct facts *facts, const struct media_policy *policy, const struct circumstances *circumstances)
{
    struct medium medium = {0};
    struct decision decision = {.verdict = VERDICT_REFUSED, .reason = REASON_MEDIUM_NOT_REGISTERED};
    if (media_register_find(&policy->media, facts->vendor, facts->product, facts->serial, &medium))
        decision.label = medium.label;
    if (facts->serial[0] == '\0' || circumstances->twin)
        decision.reason = REASON_NOT_DISTINGUISHABLE;
    else if (decision.label && medium.not_after_ms && circumstances->now_ms > medium.not_after_ms)
        decision.reason = REASON_MEDIUM_ENDED;
    else if (decision.label)
        decision.reason = REASON_MEDIUM_NOT_MOUNTABLE;
    return decision;
}

static struct decision decide_unlisted(const struct facts *facts, const struct media_policy *policy,
    const struct circumstances *circumstances, struct shape shape)
{
    struct decision decision = {.verdict = VERDICT_REFUSED, .reason = REASON_DEVICE_NOT_LISTED};
    if (circumstances->foreign_driver && !shape.data) {
        decision.reason = REASON_FOREIGN_DRIVER;
        return decision;
    }
    if (decide_by_shape(facts, policy, shape, &decision))
        return decision;
    if (shape.data && (shape.input || shape.hub))
        decision.reason = REASON_DATA_BESIDE_INPUT;
    else if (shape.storage)
        decision = decide_medium(facts, policy, circumstances);
    return decision;
}

static enum reason near_reason(enum allow_match match, enum reason otherwise)
{
    switch (match) {
    case ALLOW_UNKNOWN:
    case ALLOW_MATCH:
        return otherwise;
    case ALLOW_OTHER_INTERFACES:
        return REASON_OTHER_INTERFACES;
    case ALLOW_OTHER_PORT:
        return REASON_OTHER_PORT;
    case ALLOW_ENDED:
        return REASON_ENTRY_ENDED;
    }
    return otherwise;
}

/* Is the better reason that of an entry which the device only nearly matches? */
static bool yields_to_entry(enum reason reason)
{
    return reason == REASON_DEVICE_NOT_LISTED || reason == REASON_MEDIUM_NOT_REGISTERED ||
           reason == REASON_INPUT_NOT_LISTED || reason == REASON_DATA_BESIDE_INPUT ||
           reason == REASON_NOT_DISTINGUISHABLE;
}

static struct decision decide_strictly(
    const struct facts *facts, const struct media_policy *policy, const struct circumstances *circumstances)
{
    const struct shape shape = shape_of(facts);
    if (facts->descriptors.malformed)
        return (struct decision){.verdict = VERDICT_REFUSED, .reason = REASON_DESCRIPTORS};
    if (facts->descriptors.count == 0)
        return (struct decision){.verdict = VERDICT_REFUSED, .reason = REASON_NO_INTERFACE};
    if (circumstances->too_many && (shape.data || !(shape.input || shape.hub)))
        return (struct decision){.verdict = VERDICT_REFUSED, .reason = REASON_TOO_MANY};

    const struct allow_entry *entry = NULL;
    enum allow_match match = allow_list_find(&policy->allow, facts, circumstances->now_ms, &entry);
    if (match == ALLOW_MATCH && entry->serial[0] && shape.storage && circumstances->twin)
        return (struct decision){VERDICT_REFUSED, REASON_NOT_DISTINGUISHABLE, entry->label, NULL};
    if (match == ALLOW_MATCH)
        return (struct decision){VERDICT_LISTED, REASON_LISTED, entry->label, entry->group};

    struct decision decision = decide_unlisted(facts, policy, circumstances, shape);
    if (entry && yields_to_entry(decision.reason)) {
        decision.reason = near_reason(match, decision.reason);
        decision.label = entry->label;
    }
    return decision;
}

struct decision decide(
    const struct facts *facts, const struct media_policy *policy, const struct circumstances *circumstances)
{
    if (circumstances->own_disk)
        return (struct decision){.verdict = VERDICT_KEPT, .reason = REASON_OWN_DISK};
    struct decision decision = decide_strictly(facts, policy, circumstances);
    if (decision.verdict != VERDICT_REFUSED)
        return decision;
    if (circumstances->in_use)
        return (struct decision){VERDICT_KEPT, REASON_IN_USE, decision.label, NULL};
    if (circumstances->observing)
        decision.verdict = VERDICT_OBSERVED;
    return decision;
}

/* Interfaces that the rules open by driver name whenever the whole device has the shape for it. */
static bool is_the_rules(const struct facts *facts, const struct bound_interface *interface)
{
    uint8_t class = interface->kind.class;
    return decide_has_rule_shape(facts) &&
           (class == USB_CLASS_INPUT || class == USB_CLASS_HUB || facts->reader);
}

static enum gate_act act_to_open(const struct facts *facts, const struct bound_interface *interface)
{
    if (interface->authorized || !interface->has_gate)
        return GATE_LEAVE;
    return is_the_rules(facts, interface) ? GATE_ASK_RULES : GATE_OPEN;
}

static enum gate_act act_to_close(const struct bound_interface *interface)
{
    return interface->authorized ? GATE_CLOSE : GATE_LEAVE;
}

enum gate_act decide_interface(
    const struct facts *facts, const struct decision *decision, const struct bound_interface *interface)
{
    switch (decision->verdict) {
    case VERDICT_KEPT:
        return GATE_LEAVE;
    case VERDICT_REFUSED:
        return act_to_close(interface);
    case VERDICT_LISTED:
    case VERDICT_OBSERVED:
        return act_to_open(facts, interface);
    case VERDICT_SHAPE:
        return is_the_rules(facts, interface) ? act_to_open(facts, interface) : act_to_close(interface);
    }
    return GATE_LEAVE;
}

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_SHAPE:
        return "admitted by shape";
    case VERDICT_LISTED:
        return "admitted by policy";
    case VERDICT_KEPT:
        return "kept";
    case VERDICT_OBSERVED:
        return "observed";
    case VERDICT_REFUSED:
        return "refused";
    }
    return "refused";
}
