/* A device in words: what the command line or a line of standard input says that it is.
 *
 *   id=VVVV:PPPP release=BCDS class=CC:SS:PP
 *   serial=HEX product=HEX manufacturer=HEX     bytes as they go out: UTF-8, or UTF-16LE by gadgetfs
 *   configuration                                                         the next one begins (the first is there already)
 *   interface=CC:SS:PP[,END...]   alternate=CC:SS:PP[,END...]               END: bi bo ii io si so (bulk, interrupt, isochronous;
 *                                                                         in, out), hid (with a keyboard's report descriptor)
 *   function=mass_storage|hid|ecm|rndis|acm                               the kernel's own, with its descriptors
 *   raw=HEX interfaces=N                                                  by gadgetfs: bytes as they are; what bNumInterfaces says
 *   through=functionfs|gadgetfs                                           gadgetfs: one configuration, any bytes
 *   gone-after=MS gone-at=N                                               pulled out so long after, or at the Nth request (gadgetfs) */
#ifndef VM_GADGET_DESCRIPTION_H
#define VM_GADGET_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIGURATIONS_MAX 8
#define PARTS_MAX          8
#define PIECE_BYTES        12288
#define STRING_BYTES       512

enum speed { SPEED_FULL, SPEED_HIGH, SPEED_SUPER, SPEED_COUNT };
enum string { STRING_SERIAL, STRING_PRODUCT, STRING_MANUFACTURER, STRING_COUNT };

struct piece {
    uint8_t bytes[PIECE_BYTES];
    size_t size;
    unsigned count; /* descriptors */
};

/* Either one of the kernel's functions, or interfaces of our own: those of one FunctionFS instance. */
struct part {
    char function[24]; /* "" for our own */
    struct piece pieces[SPEED_COUNT];
    unsigned interfaces, endpoints;
    uint8_t alternate;
};

struct configuration {
    unsigned count;
    struct part parts[PARTS_MAX];
    int claimed_interfaces; /* -1: what is true */
};

struct text {
    bool set;
    uint8_t bytes[STRING_BYTES];
    size_t size;
};

struct description {
    uint16_t vendor, product, release;
    uint8_t class[3];
    struct text strings[STRING_COUNT];
    unsigned count;
    struct configuration configurations[CONFIGURATIONS_MAX];
    bool through_gadgetfs;
    int gone_after_ms, gone_at_request; /* -1: never */
};

void description_begin(struct description *description);
/* One word. NULL, or what is wrong with it. */
const char *description_take(struct description *description, const char *word);

/* The report descriptor of a keyboard, for whatever says that it is HID. */
extern const uint8_t keyboard_report[];
extern const size_t keyboard_report_size;

#endif
