/* What a USB device says it is: the interfaces of all its configurations, from the raw bytes of sysfs `descriptors`. */
#ifndef SEKISHO_MEDIA_DESCRIPTORS_H
#define SEKISHO_MEDIA_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* USB 2.0 table 9-12: bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol. */
struct usb_class {
    uint8_t class, subclass, protocol;
};

enum usb_class_code {
    USB_CLASS_AUDIO = 0x01,
    USB_CLASS_INPUT = 0x03,
    USB_CLASS_STORAGE = 0x08,
    USB_CLASS_HUB = 0x09,
    USB_CLASS_READER = 0x0b,
    USB_CLASS_VENDOR = 0xff,
};

struct usb_interface {
    uint8_t configuration; /* its place among the configurations, from 0 */
    uint8_t number;
    struct usb_class kind;
};

#define USB_CLASS_TEXT         9 /* "08:06:50" and a NUL */
#define DESCRIPTORS_INTERFACES 128
#define DESCRIPTORS_BYTES_MAX  ((size_t)128 * 1024)

struct descriptors {
    unsigned count;
    struct usb_interface
        interfaces[DESCRIPTORS_INTERFACES]; /* alternate settings of another kind count as their own */
    bool
        malformed; /* bytes that make no descriptor, or more interfaces than we keep: what is here is not all */
    bool short_one; /* a descriptor of length 2: legal to the kernel, the end of the list to udev's usb_id */
};

/* Reads the bytes as the kernel does (drivers/usb/core/config.c): every interface descriptor that it would take, in any
 * configuration. -EBADMSG when there is not even a device descriptor. No I/O. */
int descriptors_parse(const uint8_t *bytes, size_t size, struct descriptors *ret_descriptors);

void usb_class_format(struct usb_class kind, char text[static USB_CLASS_TEXT]);
/* "08:06:50", two hexadecimal digits each, either case. 0 or -EINVAL. */
int usb_class_parse(const char *text, struct usb_class *ret_kind);
/* By class, subclass, protocol: <0, 0, >0. */
int usb_class_compare(struct usb_class left, struct usb_class right);

#endif
