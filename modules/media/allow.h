/* devices.allow: devices that policy admits by what they are, each with the exact interfaces it may show. */
#ifndef SEKISHO_MEDIA_ALLOW_H
#define SEKISHO_MEDIA_ALLOW_H

#include "media/facts.h"
#include "media/register.h"

#define ALLOW_MAX            4096
#define ALLOW_INTERFACES_MAX 64
#define ALLOW_GROUP_MAX      32

struct allow_entry {
    char label[MEDIA_LABEL_MAX + 1];
    uint16_t vendor, product;
    char serial[MEDIA_SERIAL_MAX + 1]; /* "": any */
    char port[FACTS_PORT_MAX];         /* "": any */
    char group[ALLOW_GROUP_MAX + 1];   /* "": its nodes stay root's */
    int64_t not_after_ms;              /* 0: no end */
    unsigned interface_count;
    struct usb_class
        interfaces[ALLOW_INTERFACES_MAX]; /* sorted; as often as they occur over all configurations */
};

struct allow_list {
    struct allow_entry *entries;
    size_t count, size;
};

/* How near a device comes to the list; the nearest entry is named. In the order of nearness. */
enum allow_match { ALLOW_UNKNOWN, ALLOW_OTHER_INTERFACES, ALLOW_OTHER_PORT, ALLOW_ENDED, ALLOW_MATCH };

/* Copies the entry, its interfaces sorted. -EEXIST when an entry with the same VID, PID, serial, port and interfaces is there;
 * -ENOSPC past ALLOW_MAX; -ENOMEM. */
int allow_list_add(struct allow_list *list, const struct allow_entry *entry);
/* Sorts for finding; to be called once after the last add. */
void allow_list_finish(struct allow_list *list);
/* *ret_entry is borrowed; NULL with ALLOW_UNKNOWN. */
enum allow_match allow_list_find(const struct allow_list *list, const struct facts *facts, int64_t now_ms,
    const struct allow_entry **ret_entry);
void allow_list_clear(struct allow_list *list);

#endif
