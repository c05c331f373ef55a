#include "media/suggest.h"

#include "base/text.h"
#include "media/allow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_classes(const void *left, const void *right)
{
    return usb_class_compare(*(const struct usb_class *)left, *(const struct usb_class *)right);
}

static struct json_object *list_interfaces(const struct descriptors *descriptors)
{
    struct usb_class kinds[DESCRIPTORS_INTERFACES];
    struct json_object *list = json_object_new_array();
    for (unsigned i = 0; i < descriptors->count; i++)
        kinds[i] = descriptors->interfaces[i].kind;
    qsort(kinds, descriptors->count, sizeof(kinds[0]), compare_classes);
    for (unsigned i = 0; i < descriptors->count; i++) {
        char text[USB_CLASS_TEXT];
        usb_class_format(kinds[i], text);
        json_object_array_add(list, json_object_new_string(text));
    }
    return list;
}

/* Whatever the device calls itself, made fit for a label; else its ids. */
static void make_label(const struct facts *facts, char label[static MEDIA_LABEL_MAX + 1])
{
    size_t length =
        text_make_printable(label, MEDIA_LABEL_MAX + 1, facts->product_name, strlen(facts->product_name));
    if (length == 0 || strspn(label, " ") == length)
        snprintf(label, MEDIA_LABEL_MAX + 1, "%04x:%04x", facts->vendor, facts->product);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static void add_id(struct json_object *object, const char *key, uint16_t id)
{
    char text[5];
    snprintf(text, sizeof(text), "%04x", id);
    add_text(object, key, text);
}

/* A serial names one unit only where no other present device shows the same; and JSON can hold it only as UTF-8. */
static bool has_own_serial(const struct inventory *inventory, const struct facts *facts)
{
    unsigned from = 0;
    size_t length = strlen(facts->serial);
    return length > 0 && length <= MEDIA_SERIAL_MAX && text_is_utf8(facts->serial, length) &&
           !inventory_next_twin(inventory, facts, &from);
}

int suggest_entry(
    const struct inventory *inventory, const struct present *present, struct json_object **ret_entry)
{
    const struct facts *facts = present->facts;
    const struct descriptors *descriptors = &facts->descriptors;
    if (descriptors->malformed || descriptors->count == 0 || descriptors->count > ALLOW_INTERFACES_MAX)
        return -ENOTSUP;
    struct json_object *entry = json_object_new_object();
    if (!entry)
        return -ENOMEM;
    char label[MEDIA_LABEL_MAX + 1];
    make_label(facts, label);
    add_text(entry, "label", label);
    add_id(entry, "vendor_id", facts->vendor);
    add_id(entry, "product_id", facts->product);
    if (has_own_serial(inventory, facts))
        add_text(entry, "serial", facts->serial);
    else
        add_text(entry, "port", facts->port);
    json_object_object_add(entry, "interfaces", list_interfaces(descriptors));
    *ret_entry = entry;
    return 0;
}

struct json_object *suggest_policy(struct json_object **ret_list)
{
    struct json_object *policy = json_object_new_object();
    struct json_object *devices = json_object_new_object();
    struct json_object *list = json_object_new_array();
    if (!policy || !devices || !list || json_object_object_add(devices, "allow", list) < 0 ||
        json_object_object_add(policy, "devices", devices) < 0) {
        json_object_put(policy);
        return NULL;
    }
    *ret_list = list;
    return policy;
}

bool suggest_adopts(const struct present *present)
{
    const struct decision *decision = &present->decision;
    switch (decision->verdict) {
    case VERDICT_SHAPE:
        return facts_has_class(present->facts, USB_CLASS_INPUT);
    case VERDICT_LISTED:
        return false;
    case VERDICT_KEPT:
        return decision->reason != REASON_OWN_DISK;
    case VERDICT_OBSERVED:
    case VERDICT_REFUSED:
        return true;
    }
    return false;
}
