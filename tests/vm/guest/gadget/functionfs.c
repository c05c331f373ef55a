#include "functionfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTS "/run/gadget"

static void mount_point(char path[static 96], const char *name)
{
    snprintf(path, 96, MOUNTS "/%s", name);
}

static bool write_descriptors(int endpoint, const struct part *part)
{
    static uint8_t message[SPEED_COUNT * PIECE_BYTES + 64];
    struct {
        struct usb_functionfs_descs_head_v2 head;
        __le32 counts[SPEED_COUNT];
    } __attribute__((packed)) head = {
        .head = {.magic = FUNCTIONFS_DESCRIPTORS_MAGIC_V2,
            .flags = FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC | FUNCTIONFS_HAS_SS_DESC},
    };
    size_t used = sizeof(head);
    for (enum speed speed = 0; speed < SPEED_COUNT; speed++) {
        head.counts[speed] = part->pieces[speed].count;
        memcpy(message + used, part->pieces[speed].bytes, part->pieces[speed].size);
        used += part->pieces[speed].size;
    }
    head.head.length = (__le32)used;
    memcpy(message, &head, sizeof(head));
    return write(endpoint, message, used) == (ssize_t)used;
}

static bool write_no_strings(int endpoint)
{
    const struct usb_functionfs_strings_head none = {
        .magic = FUNCTIONFS_STRINGS_MAGIC, .length = sizeof(none)};
    return write(endpoint, &none, sizeof(none)) == (ssize_t)sizeof(none);
}

int functionfs_open(const char *name, const struct part *part, const char **ret_wrong)
{
    char path[96], file[112];
    mount_point(path, name);
    mkdir(MOUNTS, 0755);
    mkdir(path, 0755);
    if (mount(name, path, "functionfs", 0, NULL) < 0) {
        *ret_wrong = "functionfs is not mounted";
        return -1;
    }
    snprintf(file, sizeof(file), "%s/ep0", path);
    int endpoint = open(file, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (endpoint >= 0 && write_descriptors(endpoint, part) && write_no_strings(endpoint))
        return endpoint;
    *ret_wrong = "the kernel takes no such descriptors";
    functionfs_close(endpoint, name);
    return -1;
}

void functionfs_close(int endpoint, const char *name)
{
    char path[96];
    mount_point(path, name);
    if (endpoint >= 0)
        close(endpoint);
    umount2(path, MNT_DETACH);
    rmdir(path);
}

static void answer_request(int endpoint, const struct usb_ctrlrequest *request)
{
    bool asks = request->bRequestType & USB_DIR_IN;
    uint8_t nothing[256];
    ssize_t done;
    if (asks && request->bRequest == USB_REQ_GET_DESCRIPTOR && request->wValue >> 8 == 0x22)
        done = write(endpoint, keyboard_report,
            request->wLength < keyboard_report_size ? request->wLength : keyboard_report_size);
    else if (asks)
        done = read(endpoint, nothing, 0); /* the wrong way round: a stall */
    else
        done =
            read(endpoint, nothing, request->wLength < sizeof(nothing) ? request->wLength : sizeof(nothing));
    (void)done;
}

void functionfs_answer(int endpoint)
{
    struct usb_functionfs_event event;
    if (read(endpoint, &event, sizeof(event)) == (ssize_t)sizeof(event) && event.type == FUNCTIONFS_SETUP)
        answer_request(endpoint, &event.u.setup);
}
