/* A device whose every byte is ours: strings that are no UTF-16, descriptors that no gadget driver would write. */
#include "made.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usb/gadgetfs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT "/run/gadget/gadgetfs"

static int endpoint = -1;
static unsigned requests;
static bool configured; /* the host has said so */

/* --- making ------------------------------------------------------------------------------------------------------------- */

static size_t append_configuration(
    uint8_t *target, const struct configuration *configuration, enum speed speed)
{
    const struct part *part = &configuration->parts[0];
    const struct piece *piece = &part->pieces[speed];
    size_t size = 9 + piece->size;
    int interfaces = configuration->claimed_interfaces;
    const uint8_t head[9] = {9, USB_DT_CONFIG, (uint8_t)size, (uint8_t)(size >> 8),
        (uint8_t)(interfaces >= 0 ? interfaces : (int)part->interfaces), 1, 0, 0x80, 50};
    memcpy(target, head, sizeof(head));
    memcpy(target + sizeof(head), piece->bytes, piece->size);
    return size;
}

static size_t append_device(uint8_t *target, const struct description *description)
{
    const struct text *strings = description->strings;
    const struct usb_device_descriptor device = {
        .bLength = USB_DT_DEVICE_SIZE,
        .bDescriptorType = USB_DT_DEVICE,
        .bcdUSB = 0x0200,
        .bDeviceClass = description->class[0],
        .bDeviceSubClass = description->class[1],
        .bDeviceProtocol = description->class[2],
        .bMaxPacketSize0 = 64,
        .idVendor = description->vendor,
        .idProduct = description->product,
        .bcdDevice = description->release,
        .iSerialNumber = strings[STRING_SERIAL].set ? 1 + STRING_SERIAL : 0,
        .iProduct = strings[STRING_PRODUCT].set ? 1 + STRING_PRODUCT : 0,
        .iManufacturer = strings[STRING_MANUFACTURER].set ? 1 + STRING_MANUFACTURER : 0,
        .bNumConfigurations = 1,
    };
    memcpy(target, &device, USB_DT_DEVICE_SIZE);
    return USB_DT_DEVICE_SIZE;
}

/* The file's name is the controller's. */
static int open_endpoint(void)
{
    char path[300];
    DIR *directory = opendir(MOUNT);
    struct dirent *entry;
    int fd = -1;
    while (directory && fd < 0 && (entry = readdir(directory))) {
        snprintf(path, sizeof(path), MOUNT "/%s", entry->d_name);
        if (entry->d_name[0] != '.')
            fd = open(path, O_RDWR | O_CLOEXEC);
    }
    if (directory)
        closedir(directory);
    return fd;
}

const char *gadgetfs_make(const struct description *description)
{
    static uint8_t message[4 + 2 * (9 + PIECE_BYTES) + USB_DT_DEVICE_SIZE];
    size_t used = 4;
    if (description->count != 1 || description->configurations[0].count > 1)
        return "gadgetfs knows one configuration of our own interfaces";
    mkdir("/run/gadget", 0755);
    mkdir(MOUNT, 0755);
    if (mount("none", MOUNT, "gadgetfs", 0, NULL) < 0 || (endpoint = open_endpoint()) < 0)
        return "gadgetfs is not mounted";
    requests = 0;
    configured = false;
    used += append_configuration(message + used, &description->configurations[0], SPEED_FULL);
    used += append_configuration(message + used, &description->configurations[0], SPEED_HIGH);
    used += append_device(message + used, description);
    return write(endpoint, message, used) == (ssize_t)used ? NULL : "the kernel takes no such descriptors";
}

static void pull_out(void)
{
    if (endpoint >= 0)
        close(endpoint);
    endpoint = -1;
}

void gadgetfs_unmake(void)
{
    pull_out();
    umount2(MOUNT, MNT_DETACH);
}

/* --- while it is there ------------------------------------------------------------------------------------------------- */

static void give(const void *bytes, size_t size, const struct usb_ctrlrequest *request)
{
    ssize_t done = write(endpoint, bytes, size < request->wLength ? size : request->wLength);
    (void)done;
}

/* Going the wrong way round is a stall. */
static void refuse(const struct usb_ctrlrequest *request)
{
    char nothing = 0;
    ssize_t done =
        request->bRequestType & USB_DIR_IN ? read(endpoint, &nothing, 0) : write(endpoint, &nothing, 0);
    (void)done;
}

static void give_string(const struct description *description, const struct usb_ctrlrequest *request)
{
    uint8_t bytes[2 + STRING_BYTES] = {4, USB_DT_STRING, 0x09, 0x04};
    unsigned which = request->wValue & 0xff;
    if (which == 0) {
        give(bytes, 4, request);
        return;
    }
    if (which > STRING_COUNT || !description->strings[which - 1].set) {
        refuse(request);
        return;
    }
    const struct text *text = &description->strings[which - 1];
    size_t size = 2 + text->size < 255 ? 2 + text->size : 255;
    bytes[0] = (uint8_t)size;
    memcpy(bytes + 2, text->bytes, text->size);
    give(bytes, size, request);
}

static void answer(const struct description *description, const struct usb_ctrlrequest *request)
{
    bool asks = request->bRequestType & USB_DIR_IN;
    uint8_t nothing[256];
    if (asks && request->bRequest == USB_REQ_GET_DESCRIPTOR && request->wValue >> 8 == USB_DT_STRING)
        give_string(description, request);
    else if (asks && request->bRequest == USB_REQ_GET_DESCRIPTOR && request->wValue >> 8 == 0x22)
        give(keyboard_report, keyboard_report_size, request);
    else if (asks)
        refuse(request);
    else if (read(endpoint, nothing,
                 request->wLength < sizeof(nothing) ? request->wLength : sizeof(nothing)) < 0)
        return;
}

void gadgetfs_serve(const struct description *description, int milliseconds)
{
    struct pollfd polled = {.fd = endpoint, .events = POLLIN};
    struct usb_gadgetfs_event event;
    if (poll(&polled, 1, milliseconds) <= 0 ||
        read(endpoint, &event, sizeof(event)) != (ssize_t)sizeof(event) || event.type != GADGETFS_SETUP)
        return;
    if ((int)requests++ == description->gone_at_request) {
        pull_out();
        return;
    }
    answer(description, &event.u.setup);
    configured |= event.u.setup.bRequest == USB_REQ_SET_CONFIGURATION && event.u.setup.bRequestType == 0;
}

bool gadgetfs_is_configured(void)
{
    return configured;
}
