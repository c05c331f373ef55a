#include "media/enforce.h"

#include "base/log.h"
#include "media/account.h"
#include "media/gate.h"
#include "media/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ATTEMPTS_AN_INTERFACE 4

static bool is_admitted(enum verdict verdict)
{
    return verdict != VERDICT_REFUSED;
}

static bool is_gone(int error)
{
    return error == -ENOENT || error == -ENODEV;
}

static struct circumstances circumstances_of(struct media *media, const struct present *present)
{
    unsigned from = 0;
    return (struct circumstances){
        .now_ms = clock_realtime_ms(media->host->clock),
        .observing = media->observe.in_force,
        .own_disk = present->own_disk,
        .in_use = present->in_use,
        .twin = inventory_next_twin(&media->inventory, present->facts, &from) != NULL,
        .foreign_driver = present->foreign_driver,
        .too_many = present->number == 0,
    };
}

/* --- acting ----------------------------------------------------------------------------------------------------------- */

/* Closes what must be closed. True when something had been open. */
static bool close_interfaces(struct media *media, int device, struct present *present)
{
    bool found_open = false;
    for (unsigned i = 0; i < present->facts->bound_count; i++) {
        struct bound_interface *interface = &present->facts->bound[i];
        if (decide_interface(present->facts, &present->decision, interface) != GATE_CLOSE)
            continue;
        int r = gate_carry_out(media->sys, device, GATE_CLOSE, interface);
        if (r < 0 && !is_gone(r))
            log_error(r, "media: %s could not be closed", interface->name);
        found_open |= !is_gone(r);
    }
    return found_open;
}

static void open_interfaces(struct media *media, int device, struct present *present)
{
    for (unsigned i = 0; i < present->facts->bound_count && present->attempts_left > 0; i++) {
        struct bound_interface *interface = &present->facts->bound[i];
        enum gate_act act = decide_interface(present->facts, &present->decision, interface);
        if (act != GATE_OPEN && !(act == GATE_ASK_RULES && present->ask_rules))
            continue;
        present->attempts_left--;
        int r = gate_carry_out(media->sys, device, act, interface);
        if (r < 0 && !is_gone(r))
            log_error(r, "media: %s could not be opened", interface->name);
    }
}

static void take_node(struct media *media, int device, struct present *present)
{
    nodes_take(media->root, device, present->facts);
    present->group[0] = '\0';
}

static bool wants_group(const struct present *present)
{
    return present->decision.verdict == VERDICT_LISTED && present->decision.group &&
           present->decision.group[0];
}

static void give_node(struct media *media, int device, struct present *present)
{
    const char *group = present->decision.group;
    if (!wants_group(present) || strcmp(present->group, group) == 0)
        return;
    int r = nodes_give(media->root, device, present->facts, group);
    if (r < 0 && !is_gone(r))
        log_error(r, "media: the node of %s could not be given to group %s", present->facts->name, group);
    snprintf(present->group, sizeof(present->group), "%s", r == 0 ? group : "");
}

/* --- recording -------------------------------------------------------------------------------------------------------- */

static enum event_kind kind_of_first(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_SHAPE:
        return EVENT_DEVICE_CONNECTED;
    case VERDICT_LISTED:
        return EVENT_DEVICE_ALLOWED;
    case VERDICT_KEPT:
        return EVENT_DEVICE_KEPT;
    case VERDICT_OBSERVED:
        return EVENT_DEVICE_OBSERVED;
    case VERDICT_REFUSED:
        return EVENT_DEVICE_REFUSED;
    }
    return EVENT_DEVICE_REFUSED;
}

static bool record(struct media *media, const struct present *present, enum event_kind kind, enum reason why)
{
    return account_record(media->host, kind, present, why) == 0;
}

/* A second keyboard, or an input device that came while nobody watched: said once, beside the plug itself. That something is a
 * keyboard may show only after its driver has looked at it. */
static void record_input(struct media *media, struct present *present)
{
    const struct facts *facts = present->facts;
    enum reason why = present->decision.reason;
    if (!present->keyboard_told && facts_has_keyboard(facts))
        present->keyboard_told = present->was_there ||
                                 !inventory_has_other_keyboard(&media->inventory, facts) ||
                                 record(media, present, EVENT_INPUT_SECOND_KEYBOARD, why);
    if (!present->input_told && facts_has_class(facts, USB_CLASS_INPUT))
        present->input_told = !present->unattended || record(media, present, EVENT_INPUT_UNATTENDED, why);
}

static void refuse(struct media *media, int device, struct present *present, bool was_admitted)
{
    bool found_open = close_interfaces(media, device, present);
    if (!present->recorded || present->group[0])
        take_node(media, device, present);
    present->open = false;
    present->ask_rules = true;
    if (was_admitted || found_open) {
        present->take_back_owed = true;
        present->recorded = false;
    }
    if (present->recorded)
        return;
    enum event_kind kind = present->take_back_owed ? EVENT_DEVICE_TAKEN_BACK : EVENT_DEVICE_REFUSED;
    present->recorded = record(media, present, kind, present->decision.reason);
    present->take_back_owed &= !present->recorded;
}

/* What could not be recorded is not admitted; the next heartbeat tries again. */
static void admit(struct media *media, int device, struct present *present, bool was_refused)
{
    if (!present->recorded) {
        enum event_kind kind = kind_of_first(present->decision.verdict);
        if (kind == EVENT_DEVICE_CONNECTED && was_refused)
            kind = EVENT_DEVICE_ALLOWED;
        present->recorded = record(media, present, kind, present->decision.reason);
        present->take_back_owed = false;
    }
    if (present->recorded)
        record_input(media, present);
    if (!wants_group(present))
        take_node(media, device, present);
    /* Beside what is admitted: a vendor's own interface that the shape does not open. */
    if (close_interfaces(media, device, present))
        present->take_back_owed = true;
    if (present->take_back_owed && record(media, present, EVENT_DEVICE_TAKEN_BACK, REASON_FOUND_OPEN))
        present->take_back_owed = false;
    present->open |= present->recorded;
    if (present->open) {
        give_node(media, device, present);
        open_interfaces(media, device, present);
    }
}

/* --- deciding --------------------------------------------------------------------------------------------------------- */

/* From one decision to the next: is there something new to say? What becomes admitted by us is; what was admitted by us and now
 * is by its shape is not. */
static bool is_news(const struct present *present, const struct decision *next)
{
    enum verdict before = present->decision.verdict, after = next->verdict;
    if (!present->decided || is_admitted(before) != is_admitted(after))
        return true;
    return before != after && (after == VERDICT_LISTED || after == VERDICT_OBSERVED);
}

unsigned enforce_attempts(const struct facts *facts)
{
    return ATTEMPTS_AN_INTERFACE * (facts->bound_count + 1);
}

/* What the agent itself, or the office, let in may have any driver. */
static bool may_have_any_driver(const struct present *present)
{
    return present->decided && is_admitted(present->decision.verdict) &&
           present->decision.verdict != VERDICT_SHAPE;
}

void enforce(struct media *media, int device, struct present *present)
{
    if (!may_have_any_driver(present) && decide_has_rule_shape(present->facts))
        present->foreign_driver |= decide_has_foreign_driver(present->facts);
    const struct circumstances circumstances = circumstances_of(media, present);
    struct decision next = decide(present->facts, media->policy, &circumstances);
    bool was_decided = present->decided;
    bool was_admitted = was_decided && is_admitted(present->decision.verdict) && present->open;
    bool was_refused = was_decided && !is_admitted(present->decision.verdict);
    bool said_in_this_boot = !was_decided && next.verdict == VERDICT_KEPT && present->known_as_kept;
    if (is_news(present, &next)) {
        present->recorded = said_in_this_boot;
        present->open = false;
        present->attempts_left = enforce_attempts(present->facts);
        media->inventory.changed = true;
    }
    present->decision = next;
    present->decided = true;
    if (is_admitted(next.verdict))
        admit(media, device, present, was_refused);
    else
        refuse(media, device, present, was_admitted);
}

struct decision enforce_shown(const struct present *present)
{
    struct decision shown = present->decision;
    bool ours = shown.verdict == VERDICT_LISTED || shown.verdict == VERDICT_OBSERVED;
    if (ours && !present->open) {
        shown.verdict = VERDICT_REFUSED;
        shown.reason = REASON_NOT_RECORDED;
    }
    return shown;
}
