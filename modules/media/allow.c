#include "media/allow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_classes(const void *left, const void *right)
{
    return usb_class_compare(*(const struct usb_class *)left, *(const struct usb_class *)right);
}

static int compare_ids(const void *left, const void *right)
{
    const struct allow_entry *a = left, *b = right;
    if (a->vendor != b->vendor)
        return a->vendor - b->vendor;
    return a->product - b->product;
}

static bool same_interfaces(const struct usb_class *left, const struct usb_class *right, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (usb_class_compare(left[i], right[i]) != 0)
            return false;
    }
    return true;
}

static bool is_same_entry(const struct allow_entry *left, const struct allow_entry *right)
{
    return compare_ids(left, right) == 0 && strcmp(left->serial, right->serial) == 0 &&
           strcmp(left->port, right->port) == 0 && left->interface_count == right->interface_count &&
           same_interfaces(left->interfaces, right->interfaces, left->interface_count);
}

int allow_list_add(struct allow_list *list, const struct allow_entry *entry)
{
    struct allow_entry sorted = *entry;
    qsort(sorted.interfaces, sorted.interface_count, sizeof(sorted.interfaces[0]), compare_classes);
    for (size_t i = 0; i < list->count; i++) {
        if (is_same_entry(&list->entries[i], &sorted))
            return -EEXIST;
    }
    if (list->count == ALLOW_MAX)
        return -ENOSPC;
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : 8;
        struct allow_entry *entries = reallocarray(list->entries, size, sizeof(*entries));
        if (!entries)
            return -ENOMEM;
        list->entries = entries;
        list->size = size;
    }
    list->entries[list->count++] = sorted;
    return 0;
}

void allow_list_finish(struct allow_list *list)
{
    if (list->count > 0)
        qsort(list->entries, list->count, sizeof(*list->entries), compare_ids);
}

static enum allow_match match_entry(
    const struct allow_entry *entry, const struct facts *facts, const struct usb_class *shown, int64_t now_ms)
{
    if (entry->serial[0] && strcmp(entry->serial, facts->serial) != 0)
        return ALLOW_UNKNOWN;
    if (entry->interface_count != facts->descriptors.count ||
        !same_interfaces(entry->interfaces, shown, entry->interface_count))
        return ALLOW_OTHER_INTERFACES;
    if (entry->port[0] && strcmp(entry->port, facts->port) != 0)
        return ALLOW_OTHER_PORT;
    if (entry->not_after_ms && now_ms > entry->not_after_ms)
        return ALLOW_ENDED;
    return ALLOW_MATCH;
}

/* The first entry of these ids, or where it would stand. */
static size_t lower_bound(const struct allow_list *list, uint16_t vendor, uint16_t product)
{
    const struct allow_entry wanted = {.vendor = vendor, .product = product};
    size_t from = 0, to = list->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare_ids(&list->entries[middle], &wanted) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

enum allow_match allow_list_find(const struct allow_list *list, const struct facts *facts, int64_t now_ms,
    const struct allow_entry **ret_entry)
{
    struct usb_class shown[DESCRIPTORS_INTERFACES];
    for (unsigned i = 0; i < facts->descriptors.count; i++)
        shown[i] = facts->descriptors.interfaces[i].kind;
    qsort(shown, facts->descriptors.count, sizeof(shown[0]), compare_classes);

    enum allow_match nearest = ALLOW_UNKNOWN;
    const struct allow_entry *found = NULL;
    for (size_t i = lower_bound(list, facts->vendor, facts->product); i < list->count; i++) {
        const struct allow_entry *entry = &list->entries[i];
        if (entry->vendor != facts->vendor || entry->product != facts->product)
            break;
        enum allow_match match = match_entry(entry, facts, shown, now_ms);
        if (match > nearest) {
            nearest = match;
            found = entry;
        }
    }
    *ret_entry = found;
    return nearest;
}

void allow_list_clear(struct allow_list *list)
{
    free(list->entries);
    *list = (struct allow_list){0};
}
