#include "media/monitor.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <libudev.h>
#include <string.h>

/* A few hundred uevents; as much as the kernel's limit lets a daemon without capabilities have. */
#define BUFFER_BYTES (1024 * 1024)
/* So that a storm of events cannot keep the watchdog's ping from its turn. */
#define EVENTS_A_TURN 64
#define NAME_SIZE     32

struct monitor {
    struct udev *udev;
    struct udev_monitor *source;
    sd_event_source *watch;
    const struct monitor_calls *calls;
    void *context;
};

static void device_unref(struct udev_device **device)
{
    udev_device_unref(*device);
}

/* Devices that events of one turn were about, each once: a plug makes several events. */
struct turn {
    char names[EVENTS_A_TURN][NAME_SIZE];
    unsigned count;
    bool overrun;
};

/* What an input device belongs to is its parent's business: the event tells that a driver has looked at its keys. */
static const char *name_of_usb(struct udev_device *device)
{
    const char *subsystem = udev_device_get_subsystem(device);
    if (subsystem && strcmp(subsystem, "usb") != 0)
        device = udev_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device");
    return device ? udev_device_get_sysname(device) : NULL;
}

/* The usb_device that the event is about, itself or the interface's parent by name: "2-1:1.0" → "2-1". */
static void note(struct turn *turn, struct udev_device *device)
{
    const char *sysname = name_of_usb(device);
    size_t length = sysname ? strcspn(sysname, ":") : 0;
    if (length == 0 || length >= NAME_SIZE)
        return;
    for (unsigned i = 0; i < turn->count; i++) {
        if (strncmp(turn->names[i], sysname, length) == 0 && turn->names[i][length] == '\0')
            return;
    }
    memcpy(turn->names[turn->count], sysname, length);
    turn->names[turn->count++][length] = '\0';
}

static void gather(struct monitor *monitor, struct turn *turn)
{
    for (unsigned i = 0; i < EVENTS_A_TURN; i++) {
        errno = 0;
        cleanup_(device_unref) struct udev_device *device = udev_monitor_receive_device(monitor->source);
        if (device)
            note(turn, device);
        else if (errno == ENOBUFS)
            turn->overrun = true;
        else
            return;
    }
}

static int on_event(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct monitor *monitor = context;
    struct turn turn = {0};
    gather(monitor, &turn);
    if (turn.overrun) {
        log_warning(
            "media: udev's events came faster than they could be read; looking at every device again");
        monitor->calls->overrun(monitor->context);
        return 0;
    }
    for (unsigned i = 0; i < turn.count; i++)
        monitor->calls->device(monitor->context, turn.names[i]);
    return 0;
}

static int open_source(struct monitor *monitor)
{
    monitor->udev = udev_new();
    if (!monitor->udev)
        return -ENOMEM;
    monitor->source = udev_monitor_new_from_netlink(monitor->udev, "udev");
    if (!monitor->source)
        return errno ? -errno : -ENOMEM;
    int r = udev_monitor_filter_add_match_subsystem_devtype(monitor->source, "usb", NULL);
    if (r == 0)
        r = udev_monitor_filter_add_match_subsystem_devtype(monitor->source, "input", NULL);
    if (r < 0)
        return r;
    (void)udev_monitor_set_receive_buffer_size(monitor->source, BUFFER_BYTES);
    return udev_monitor_enable_receiving(monitor->source);
}

int monitor_open(const struct monitor_calls *calls, void *context, struct monitor **ret_monitor)
{
    struct monitor *monitor = calloc(1, sizeof(*monitor));
    if (!monitor)
        return -ENOMEM;
    monitor->calls = calls;
    monitor->context = context;
    int r = open_source(monitor);
    if (r < 0) {
        monitor_close(monitor);
        return r;
    }
    *ret_monitor = monitor;
    return 0;
}

int monitor_start(struct monitor *monitor, sd_event *loop)
{
    return sd_event_add_io(
        loop, &monitor->watch, udev_monitor_get_fd(monitor->source), EPOLLIN, on_event, monitor);
}

void monitor_close(struct monitor *monitor)
{
    if (!monitor)
        return;
    sd_event_source_disable_unref(monitor->watch);
    udev_monitor_unref(monitor->source);
    udev_unref(monitor->udev);
    free(monitor);
}

enum monitor_reader monitor_reader(struct monitor *monitor, const char *name)
{
    cleanup_(device_unref) struct udev_device *device =
        udev_device_new_from_subsystem_sysname(monitor->udev, "usb", name);
    if (!device || udev_device_get_is_initialized(device) <= 0)
        return MONITOR_READER_UNKNOWN;
    const char *mark = udev_device_get_property_value(device, "SEKISHO_READER");
    return mark && strcmp(mark, "1") == 0 ? MONITOR_READER_YES : MONITOR_READER_NO;
}
