#include "media/descriptors.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* USB 2.0 tables 9-5, 9-8, 9-10, 9-12. */
enum { TYPE_DEVICE = 1, TYPE_CONFIGURATION = 2, TYPE_INTERFACE = 4 };
enum { DEVICE_SIZE = 18, CONFIGURATION_SIZE = 9, INTERFACE_SIZE = 9 };
enum { SHORTEST_TO_KERNEL = 2, SHORTEST_TO_UDEV = 3 };
/* The attribute ends here, whatever configurations are still to come: what fills it may have been cut. */
enum { CUT_SIZE = 18 + 65535 };

static bool is_known(const struct descriptors *descriptors, const struct usb_interface *interface)
{
    for (unsigned i = 0; i < descriptors->count; i++) {
        const struct usb_interface *other = &descriptors->interfaces[i];
        if (other->configuration == interface->configuration && other->number == interface->number &&
            usb_class_compare(other->kind, interface->kind) == 0)
            return true;
    }
    return false;
}

static void add_interface(struct descriptors *descriptors, const struct usb_interface *interface)
{
    if (is_known(descriptors, interface))
        return;
    if (descriptors->count == DESCRIPTORS_INTERFACES) {
        descriptors->malformed = true;
        return;
    }
    descriptors->interfaces[descriptors->count++] = *interface;
}

int descriptors_parse(const uint8_t *bytes, size_t size, struct descriptors *ret_descriptors)
{
    if (size < DEVICE_SIZE || bytes[0] < DEVICE_SIZE || bytes[1] != TYPE_DEVICE)
        return -EBADMSG;
    struct descriptors found = {.malformed = size >= CUT_SIZE};

    /* The kernel gives each configuration cut to the descriptors it could walk, whatever wTotalLength in the bytes says:
     * so lengths alone lead from one to the next, and a total length (an enemy's word) is never believed. */
    unsigned configurations = 0;
    size_t at = DEVICE_SIZE;
    while (at < size) {
        size_t length = bytes[at];
        if (size - at < SHORTEST_TO_KERNEL || length < SHORTEST_TO_KERNEL || length > size - at) {
            found.malformed = true;
            break;
        }
        uint8_t type = bytes[at + 1];
        found.short_one |= length < SHORTEST_TO_UDEV;
        if (type == TYPE_CONFIGURATION && length >= CONFIGURATION_SIZE)
            configurations++;
        if (type == TYPE_INTERFACE && length >= INTERFACE_SIZE) {
            struct usb_interface interface = {
                .configuration = configurations ? configurations - 1 : 0,
                .number = bytes[at + 2],
                .kind = {bytes[at + 5], bytes[at + 6], bytes[at + 7]},
            };
            add_interface(&found, &interface);
        }
        at += length;
    }
    *ret_descriptors = found;
    return 0;
}

void usb_class_format(struct usb_class kind, char text[static USB_CLASS_TEXT])
{
    snprintf(text, USB_CLASS_TEXT, "%02x:%02x:%02x", kind.class, kind.subclass, kind.protocol);
}

int usb_class_parse(const char *text, struct usb_class *ret_kind)
{
    if (strlen(text) != USB_CLASS_TEXT - 1 || text[2] != ':' || text[5] != ':')
        return -EINVAL;
    uint8_t parts[3];
    for (size_t i = 0; i < 3; i++) {
        char digits[3] = {text[3 * i], text[3 * i + 1], '\0'};
        if (text_unhex(&parts[i], 1, digits) < 0)
            return -EINVAL;
    }
    *ret_kind = (struct usb_class){parts[0], parts[1], parts[2]};
    return 0;
}

int usb_class_compare(struct usb_class left, struct usb_class right)
{
    if (left.class != right.class)
        return left.class - right.class;
    if (left.subclass != right.subclass)
        return left.subclass - right.subclass;
    return left.protocol - right.protocol;
}
