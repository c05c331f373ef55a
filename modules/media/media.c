#include "media/media.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "media/account.h"
#include "media/gate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Each interface may be opened, or asked for, this often a decision. */
#define ATTEMPTS_AN_INTERFACE 4

static bool is_admitted(enum verdict verdict)
{
    return verdict != VERDICT_REFUSED;
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

static int read_device(struct media *media, const char *name, int *ret_fd, struct facts **ret_facts)
{
    char port[FACTS_PORT_MAX];
    cleanup_fd_ int fd = -1;
    int r = facts_open(media->sys, name, &fd, port);
    if (r < 0)
        return r;
    cleanup_free_ struct facts *facts = calloc(1, sizeof(*facts));
    if (!facts)
        return -ENOMEM;
    r = facts_read(fd, name, port, facts);
    if (r < 0)
        return r;
    facts->reader = media->monitor && monitor_is_reader(media->monitor, name);
    *ret_fd = take_fd(&fd);
    *ret_facts = take_pointer(facts);
    return 0;
}

static struct circumstances circumstances_of(struct media *media, const struct present *present)
{
    unsigned from = 0;
    return (struct circumstances){
        .now_ms = clock_realtime_ms(media->host->clock),
        .twin = inventory_next_twin(&media->inventory, present->facts, &from) != NULL,
        .foreign_driver = present->foreign_driver,
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
        found_open = true;
        int r = gate_carry_out(media->sys, device, GATE_CLOSE, interface);
        if (r < 0 && r != -ENOENT && r != -ENODEV)
            log_error(r, "media: %s could not be closed", interface->name);
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
        if (r < 0 && r != -ENOENT && r != -ENODEV)
            log_error(r, "media: %s could not be opened", interface->name);
    }
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

/* A second keyboard, or an input device that came while nobody watched: said beside the plug itself. */
static void record_input(struct media *media, const struct present *present)
{
    const struct facts *facts = present->facts;
    if (facts_has_keyboard(facts) && !present->was_there &&
        inventory_has_other_keyboard(&media->inventory, facts))
        (void)account_record(media->host, EVENT_INPUT_SECOND_KEYBOARD, present);
    if (facts_has_class(facts, USB_CLASS_INPUT) && present->unattended)
        (void)account_record(media->host, EVENT_INPUT_UNATTENDED, present);
}

/* Refusals act first and are recorded next. */
static void refuse(struct media *media, int device, struct present *present, bool was_admitted)
{
    bool found_open = close_interfaces(media, device, present);
    present->open = false;
    present->ask_rules = true;
    bool taken_back = was_admitted || found_open;
    if (!taken_back && present->recorded)
        return;
    enum event_kind kind = taken_back ? EVENT_DEVICE_TAKEN_BACK : EVENT_DEVICE_REFUSED;
    present->recorded = account_record(media->host, kind, present) == 0;
}

/* Admissions are recorded first and act next; what could not be recorded is not admitted, and check() tries again. */
static void admit(struct media *media, int device, struct present *present, bool was_refused)
{
    if (!present->recorded) {
        enum event_kind kind = kind_of_first(present->decision.verdict);
        if (kind == EVENT_DEVICE_CONNECTED && was_refused)
            kind = EVENT_DEVICE_ALLOWED;
        present->recorded = account_record(media->host, kind, present) == 0;
        if (present->recorded && present->decision.verdict == VERDICT_SHAPE && !was_refused)
            record_input(media, present);
    }
    present->open |= present->recorded;
    if (present->open)
        open_interfaces(media, device, present);
    (void)close_interfaces(media, device, present);
}

/* --- deciding --------------------------------------------------------------------------------------------------------- */

/* From one decision to the next: is there something new to say? */
static bool is_news(const struct present *present, const struct decision *next)
{
    enum verdict before = present->decision.verdict, after = next->verdict;
    if (!present->decided || is_admitted(before) != is_admitted(after))
        return true;
    return before != after && (after == VERDICT_LISTED || after == VERDICT_OBSERVED) &&
           before != VERDICT_SHAPE;
}

static void decide_present(struct media *media, int device, struct present *present)
{
    present->foreign_driver |=
        decide_has_rule_shape(present->facts) && decide_has_foreign_driver(present->facts);
    const struct circumstances circumstances = circumstances_of(media, present);
    struct decision next = decide(present->facts, media->policy, &circumstances);
    bool was_decided = present->decided;
    bool was_admitted = was_decided && is_admitted(present->decision.verdict) && present->open;
    bool was_refused = was_decided && present->decision.verdict == VERDICT_REFUSED;
    if (is_news(present, &next)) {
        present->recorded = false;
        present->attempts_left = ATTEMPTS_AN_INTERFACE * (present->facts->bound_count + 1);
    }
    present->decision = next;
    present->decided = true;
    if (next.verdict == VERDICT_REFUSED)
        refuse(media, device, present, was_admitted);
    else
        admit(media, device, present, was_refused);
}

/* --- coming and going ------------------------------------------------------------------------------------------------- */

static void look_one(struct media *media, const char *name);

/* Twins are refused together, and what is left alone is decided again. */
static void look_at_twins(struct media *media, const struct facts *facts)
{
    unsigned from = 0;
    for (;;) {
        struct present *twin = inventory_next_twin(&media->inventory, facts, &from);
        if (!twin)
            return;
        char name[FACTS_NAME_MAX];
        memcpy(name, twin->facts->name, sizeof(name));
        look_one(media, name);
    }
}

static void forget(struct media *media, struct present *present)
{
    if (present->recorded)
        (void)account_record(media->host, EVENT_DEVICE_DISCONNECTED, present);
    cleanup_free_ struct facts *facts = take_pointer(present->facts);
    inventory_remove(&media->inventory, present);
    look_at_twins(media, facts);
}

static int meet(struct media *media, struct facts *facts, struct present **ret_present)
{
    int r = inventory_add(&media->inventory, facts, ret_present);
    if (r < 0)
        return r;
    (*ret_present)->since_ms = clock_realtime_ms(media->host->clock);
    (*ret_present)->was_there = media->starting;
    (*ret_present)->unattended = media->starting && media->host->was_running;
    return 0;
}

static void look_one(struct media *media, const char *name)
{
    cleanup_fd_ int device = -1;
    cleanup_free_ struct facts *facts = NULL;
    int r = read_device(media, name, &device, &facts);
    struct present *present = inventory_find(&media->inventory, name);
    if (present && (r < 0 || facts->devnum != present->facts->devnum)) {
        forget(media, present);
        present = NULL;
    }
    if (r < 0)
        return;
    if (present) {
        free(present->facts);
        present->facts = take_pointer(facts);
    } else {
        r = meet(media, facts, &present);
        if (r < 0) {
            log_error(r, "media: %s is not followed", name);
            return;
        }
        take_pointer(facts);
    }
    present->seen = true;
    decide_present(media, device, present);
}

void media_look(struct media *media, const char *name)
{
    if (!facts_is_device_name(name))
        return;
    look_one(media, name);
    struct present *present = inventory_find(&media->inventory, name);
    if (present)
        look_at_twins(media, present->facts);
}

void media_look_all(struct media *media)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(media->sys, "bus/usb/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        directory = fdopendir(fd);
    for (unsigned i = 0; i < media->inventory.count; i++)
        media->inventory.entries[i]->seen = false;
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        media_look(media, entry->d_name);
    for (unsigned i = media->inventory.count; i-- > 0;) {
        if (i < media->inventory.count && !media->inventory.entries[i]->seen)
            media_look(media, media->inventory.entries[i]->facts->name);
    }
}

void media_set_policy(struct media *media, struct media_policy *policy)
{
    struct media_policy *old = media->policy;
    media->policy = policy;
    /* Labels are borrowed from the old policy: no decision may outlive it. */
    for (unsigned i = 0; i < media->inventory.count; i++)
        media->inventory.entries[i]->decision.label = NULL;
    media_policy_destroy(old);
    media_look_all(media);
}

int media_create(struct host *host, int sys, int root, struct media **ret_media)
{
    struct media *media = calloc(1, sizeof(*media));
    if (!media) {
        fd_close(&sys);
        fd_close(&root);
        return -ENOMEM;
    }
    media->host = host;
    media->sys = sys;
    media->root = root;
    *ret_media = media;
    return 0;
}

void media_destroy(struct media *media)
{
    if (!media)
        return;
    monitor_close(media->monitor);
    inventory_clear(&media->inventory);
    media_policy_destroy(media->policy);
    fd_close(&media->sys);
    fd_close(&media->root);
    free(media);
}
