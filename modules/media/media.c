#include "media/media.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "media/account.h"
#include "media/enforce.h"
#include "media/in_use.h"
#include "media/known.h"
#include "media/nodes.h"
#include "media/own_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* --- what the kernel says ---------------------------------------------------------------------------------------------- */

static void settle_arrival(struct media *media, const struct present *present)
{
    if (present->recorded)
        (void)arrivals_take(&media->arrivals, present->facts->name, present->facts->devnum);
}

static int record_unseen(
    struct media *media, const struct arrival *arrival, enum event_kind kind, enum reason why)
{
    cleanup_free_ struct facts *facts = calloc(1, sizeof(*facts));
    if (!facts)
        return -ENOMEM;
    memcpy(facts->name, arrival->name, sizeof(facts->name));
    facts->devnum = arrival->devnum;
    facts->vendor = arrival->vendor;
    facts->product = arrival->product;
    const struct present present = {.facts = facts};
    return account_record(media->host, kind, &present, why);
}

void media_arrived(struct media *media, const struct arrival *arrival)
{
    const struct present *present = inventory_find(&media->inventory, arrival->name);
    if (present && present->recorded && present->facts->devnum == arrival->devnum)
        return;
    if (arrivals_add(&media->arrivals, arrival) < 0)
        (void)record_unseen(media, arrival, EVENT_DEVICE_REFUSED, REASON_TOO_MANY);
}

/* As if the kernel had said it: a device that was there before the agent, and that waits for udev. */
static void arrive(struct media *media, const struct facts *facts)
{
    struct arrival arrival = {.devnum = facts->devnum, .vendor = facts->vendor, .product = facts->product};
    memcpy(arrival.name, facts->name, sizeof(arrival.name));
    media_arrived(media, &arrival);
}

/* --- reading ---------------------------------------------------------------------------------------------------------- */

/* -EAGAIN: udev has not looked yet, and whether this is a listed reader depends on it; its event will come. */
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
    if (media->marks.reader && decide_asks_for_reader(facts)) {
        enum monitor_reader mark = media->marks.reader(media->marks.context, name);
        if (mark == MONITOR_READER_UNKNOWN) {
            arrive(media, facts);
            return -EAGAIN;
        }
        facts->reader = mark == MONITOR_READER_YES;
    }
    *ret_fd = take_fd(&fd);
    *ret_facts = take_pointer(facts);
    return 0;
}

/* --- coming and going ------------------------------------------------------------------------------------------------- */

/* Twins are refused together, and one that is left alone is decided again. */
static void mark_twins(struct media *media, const struct facts *facts)
{
    unsigned from = 0;
    struct present *twin;
    while ((twin = inventory_next_twin(&media->inventory, facts, &from)))
        twin->look_again = true;
}

static void forget(struct media *media, struct present *present)
{
    nodes_take(media->root, -1, present->facts);
    if (present->recorded)
        (void)account_record(media->host, EVENT_DEVICE_DISCONNECTED, present, present->decision.reason);
    cleanup_free_ struct facts *facts = take_pointer(present->facts);
    inventory_remove(&media->inventory, present);
    media->inventory.changed = true;
    mark_twins(media, facts);
}

/* What was there before this moment is found out once, when the device is met. */
static void look_back(struct media *media, struct present *present)
{
    const struct facts *facts = present->facts;
    bool kept = false;
    bool known = media->starting && known_find(media->root, facts->name, facts->devnum, &kept);
    present->was_there = media->starting;
    present->known_as_kept = known && kept;
    present->unattended = media->starting && media->host->was_running && !known;
    present->in_use = in_use_has(media->root, facts->name, facts->devnum);
}

static int meet(struct media *media, struct facts *facts, struct present **ret_present)
{
    struct present *present;
    int r = inventory_add(&media->inventory, facts, &present);
    if (r < 0)
        return r;
    look_back(media, present);
    mark_twins(media, facts);
    *ret_present = present;
    return 0;
}

/* Past the limit nothing is followed: closed and recorded each time it is looked at. */
static void refuse_untracked(struct media *media, int device, struct facts *facts)
{
    struct present present = {.facts = facts, .was_there = media->starting};
    enforce(media, device, &present);
    settle_arrival(media, &present);
}

/* A name and devnum taken over by another device between two looks would be another unit. */
static bool is_same_unit(const struct facts *left, const struct facts *right)
{
    return left->devnum == right->devnum && left->vendor == right->vendor &&
           left->product == right->product && strcmp(left->serial, right->serial) == 0;
}

static bool has_same_interfaces(const struct facts *left, const struct facts *right)
{
    for (unsigned i = 0; i < left->bound_count && left->bound_count == right->bound_count; i++) {
        if (strcmp(left->bound[i].name, right->bound[i].name) != 0)
            return false;
    }
    return left->bound_count == right->bound_count;
}

static void look_at_facts(struct media *media, int device, struct present *present)
{
    if (!present->own_disk && facts_has_class(present->facts, USB_CLASS_STORAGE))
        present->own_disk = own_disk_is_on(media->root, media->sys, present->facts->name);
    present->seen = true;
    enforce(media, device, present);
    settle_arrival(media, present);
}

static void update(struct present *present, struct facts *facts)
{
    if (!has_same_interfaces(present->facts, facts))
        present->attempts_left = enforce_attempts(facts); /* another configuration */
    free(present->facts);
    present->facts = facts;
}

static bool is_gone(int error)
{
    return error == -ENOENT || error == -ENODEV || error == -ENOTDIR;
}

static void look_one(struct media *media, const char *name)
{
    cleanup_fd_ int device = -1;
    cleanup_free_ struct facts *facts = NULL;
    int r = read_device(media, name, &device, &facts);
    struct present *present = inventory_find(&media->inventory, name);
    if (r < 0 && !is_gone(r)) {
        if (r != -EAGAIN)
            log_error(r, "media: %s cannot be read", name);
        if (present)
            present->seen = true;
        return;
    }
    if (present && (r < 0 || !is_same_unit(present->facts, facts))) {
        forget(media, present);
        present = NULL;
    }
    if (r < 0)
        return;
    if (present) {
        update(present, take_pointer(facts));
    } else if (meet(media, facts, &present) < 0) {
        refuse_untracked(media, device, facts);
        return;
    } else {
        take_pointer(facts);
    }
    look_at_facts(media, device, present);
}

/* The name is copied: the entry may be gone after the look. */
static void look_at_present(struct media *media, struct present *present)
{
    char name[FACTS_NAME_MAX];
    memcpy(name, present->facts->name, sizeof(name));
    look_one(media, name);
}

/* Each of them is marked once a coming or going, so this ends. */
static void look_again(struct media *media)
{
    unsigned i = 0;
    while (i < media->inventory.count) {
        struct present *present = media->inventory.entries[i];
        if (!present->look_again) {
            i++;
            continue;
        }
        present->look_again = false;
        look_at_present(media, present);
        i = 0; /* places may have moved */
    }
}

static void note_known(struct media *media)
{
    if (!media->inventory.changed)
        return;
    int r = known_write(media->root, &media->inventory);
    if (r < 0 && r != -ENOENT)
        log_error(r, "media: what is present could not be noted in /run/sekisho");
    media->inventory.changed = false;
}

void media_look(struct media *media, const char *name)
{
    if (!facts_is_device_name(name))
        return;
    look_one(media, name);
    look_again(media);
    note_known(media);
}

static void look_at_folder(struct media *media)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(media->sys, "bus/usb/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (facts_is_device_name(entry->d_name))
            look_one(media, entry->d_name);
    }
}

void media_look_all(struct media *media)
{
    for (unsigned i = 0; i < media->inventory.count; i++)
        media->inventory.entries[i]->seen = false;
    look_at_folder(media);
    for (unsigned i = media->inventory.count; i-- > 0;) {
        if (!media->inventory.entries[i]->seen)
            look_at_present(media, media->inventory.entries[i]);
        if (i > media->inventory.count)
            i = media->inventory.count;
    }
    look_again(media);
    note_known(media);
}

/* --- gone, and missed ------------------------------------------------------------------------------------------------- */

/* A device that was looked at is forgotten at once: the next one with its name and number is another. */
void media_gone(struct media *media, const struct arrival *arrival)
{
    struct present *present = inventory_find(&media->inventory, arrival->name);
    if (arrivals_take(&media->arrivals, arrival->name, arrival->devnum))
        (void)record_unseen(media, arrival, EVENT_DEVICE_DISCONNECTED, REASON_GONE);
    if (!present || present->facts->devnum != arrival->devnum)
        return;
    forget(media, present);
    look_again(media);
    note_known(media);
}

static bool record_gap(struct media *media)
{
    struct event gap = EVENT(EVENT_UNOBSERVED_INTERVAL);
    int64_t now_ms = clock_realtime_ms(media->host->clock);
    event_set_number(&gap, EVENT_INTERVAL_FROM_MS, media->watched_ms);
    event_set_number(&gap, EVENT_INTERVAL_TO_MS, now_ms > media->watched_ms ? now_ms : media->watched_ms);
    event_set_boolean(&gap, EVENT_INTERVAL_CLEAN, false);
    return host_record(media->host, &gap) == 0;
}

void media_missed(struct media *media)
{
    log_warning("media: the kernel's events came faster than they could be read");
    arrivals_clear(&media->arrivals);
    media_look_all(media);
    media->gap_owed = !record_gap(media);
}

bool media_has_caught_up(struct media *media, int64_t now_ms)
{
    media->gap_owed = media->gap_owed && !record_gap(media);
    if (media->gap_owed || media->arrivals.count > 0)
        return false;
    media->watched_ms = now_ms;
    return true;
}

/* --- policy and time -------------------------------------------------------------------------------------------------- */

static int on_observe_timer(sd_event_source *source, uint64_t usec, void *context);

/* What was only observed is taken back before its end is recorded. */
static void observe_turn(struct media *media, bool look)
{
    if (observe_update(&media->observe, media->host, media->policy) || look)
        media_look_all(media);
    observe_settle(&media->observe, media->host);
    int r = media->host->loop ? observe_arm(&media->observe, media->host, on_observe_timer, media) : 0;
    if (r < 0)
        log_error(r, "media: the end of observe mode has no timer; each heartbeat looks");
}

static int on_observe_timer(sd_event_source *source, uint64_t usec, void *context)
{
    observe_turn(context, false);
    return 0;
}

static void replace_policy(struct media *media, struct media_policy *policy)
{
    struct media_policy *old = media->policy;
    media->policy = policy;
    /* Labels and groups are borrowed from the old policy: no decision may outlive it. */
    for (unsigned i = 0; i < media->inventory.count; i++) {
        media->inventory.entries[i]->decision.label = NULL;
        media->inventory.entries[i]->decision.group = NULL;
    }
    media_policy_destroy(old);
}

void media_set_policy(struct media *media, struct media_policy *policy)
{
    replace_policy(media, policy);
    observe_turn(media, true);
}

void media_start(struct media *media, struct media_policy *policy)
{
    media->starting = true;
    media_set_policy(media, policy);
    media->starting = false;
    nodes_prune(media->root, &media->inventory);
}

void media_check(struct media *media)
{
    drift_check(&media->drift, media->host, media->root, media->sys);
    for (unsigned i = 0; i < media->inventory.count; i++)
        media->inventory.entries[i]->attempts_left = enforce_attempts(media->inventory.entries[i]->facts);
    observe_turn(media, true);
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
    media->watched_ms = clock_realtime_ms(host->clock);
    media->sys = sys;
    media->root = root;
    *ret_media = media;
    return 0;
}

void media_destroy(struct media *media)
{
    if (!media)
        return;
    observe_close(&media->observe, media->host);
    monitor_close(media->monitor);
    inventory_clear(&media->inventory);
    arrivals_clear(&media->arrivals);
    media_policy_destroy(media->policy);
    fd_close(&media->sys);
    fd_close(&media->root);
    free(media);
}
