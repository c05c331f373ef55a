/* Facts of one present USB device, read from sysfs through one directory descriptor: when the device goes, the descriptor
 * is dead, and never another device that took its place. */
#ifndef SEKISHO_MEDIA_FACTS_H
#define SEKISHO_MEDIA_FACTS_H

#include "media/descriptors.h"

#define FACTS_NAME_MAX   32  /* "2-1.3.4:1.0" */
#define FACTS_TEXT_MAX   384 /* 126 UTF-16 units make at most 378 bytes of UTF-8 */
#define FACTS_PORT_MAX   96
#define FACTS_DRIVER_MAX 32
#define FACTS_BOUND_MAX  32 /* the kernel's USB_MAXINTERFACES */

/* An interface of the configuration now chosen, as the kernel shows it. */
struct bound_interface {
    char name[FACTS_NAME_MAX];
    struct usb_class kind;
    bool has_gate; /* the kernel shows `authorized` */
    bool authorized;
    char driver[FACTS_DRIVER_MAX]; /* "" for none */
};

struct facts {
    char name[FACTS_NAME_MAX]; /* sysfs name, "2-1.3" */
    char port
        [FACTS_PORT_MAX]; /* controller and port path, "0000:00:14.0/1.3": the same whatever number the bus has */
    unsigned devnum;
    uint16_t vendor, product;
    char serial[FACTS_TEXT_MAX], manufacturer[FACTS_TEXT_MAX],
        product_name[FACTS_TEXT_MAX]; /* any bytes but NUL */
    struct descriptors descriptors;
    unsigned bound_count;
    struct bound_interface bound[FACTS_BOUND_MAX];
    bool has_letters; /* the kernel made an input device of it that has all letters */
    bool reader;      /* udev's rules know it as a card reader by its id; filled by the caller */
};

/* True for names of devices that plug: not root hubs ("usb2"), not interfaces ("2-1:1.0"), no slashes. */
bool facts_is_device_name(const char *name);

/* Shows a boot keyboard (HID 1.11, 4.2 and 4.3: subclass 1, protocol 1) in any configuration, or is one to the kernel. */
bool facts_has_keyboard(const struct facts *facts);
bool facts_has_class(const struct facts *facts, uint8_t class);

/* Opens the directory of a present device below the open /sys, and says at which port it is.
 * *ret_fd is the caller's. -ENOENT when it has gone. */
int facts_open(int sys, const char *name, int *ret_fd, char ret_port[static FACTS_PORT_MAX]);

/* Reads everything anew. device: from facts_open(). -ENOENT, -ENODEV when it goes meanwhile. What makes no sense (no
 * descriptors, more interfaces than the kernel has) is marked in descriptors.malformed and is for decide() to refuse. */
int facts_read(int device, const char *name, const char *port, struct facts *ret_facts);

#endif
