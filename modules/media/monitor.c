#include "media/monitor.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <libudev.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A few hundred uevents; as much as the kernel's limit lets a daemon without capabilities have. */
#define BUFFER_BYTES (1024 * 1024)
/* So that a storm of events cannot keep the watchdog's ping from its turn. */
#define EVENTS_A_TURN 64
#define NAME_SIZE     32

struct monitor {
    struct udev *udev;
    struct udev_monitor *rules, *kernel;
    sd_event_source *rules_watch, *kernel_watch;
    bool rules_lost,
        kernel_lost; /* from an overrun until the queue is empty the kernel drops every message */
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

/* The next event; NULL: there is none. What was lost before it is noted. */
static struct udev_device *receive(struct udev_monitor *source, bool *lost)
{
    struct udev_device *device;
    do {
        errno = 0;
        device = udev_monitor_receive_device(source);
        *lost |= !device && errno == ENOBUFS;
    } while (!device && errno == ENOBUFS);
    return device;
}

/* Only now is an overrun over, and everything that is looked at from here on is announced again. */
static bool take_lost(bool *lost, bool drained)
{
    bool over = *lost && drained;
    *lost = *lost && !drained;
    return over;
}

static int on_rules(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct monitor *monitor = context;
    struct turn turn = {0};
    bool drained = false;
    for (unsigned i = 0; i < EVENTS_A_TURN && !drained; i++) {
        cleanup_(device_unref) struct udev_device *device = receive(monitor->rules, &monitor->rules_lost);
        drained = !device;
        if (device)
            note(&turn, device);
    }
    bool overrun = take_lost(&monitor->rules_lost, drained);
    if (overrun) {
        log_warning(
            "media: udev's events came faster than they could be read; looking at every device again");
        monitor->calls->overrun(monitor->context);
    }
    for (unsigned i = 0; i < turn.count && !overrun; i++)
        monitor->calls->device(monitor->context, turn.names[i]);
    monitor->calls->turn_over(monitor->context);
    return 0;
}

static bool read_arrival(struct udev_device *device, struct arrival *ret_arrival)
{
    const char *name = udev_device_get_sysname(device);
    const char *number = udev_device_get_property_value(device, "DEVNUM");
    const char *product = udev_device_get_property_value(device, "PRODUCT"); /* "46f4/1/100" */
    if (!name || !number || !facts_is_device_name(name) || strlen(name) >= FACTS_NAME_MAX)
        return false;
    *ret_arrival = (struct arrival){0};
    strcpy(ret_arrival->name, name);
    return sscanf(number, "%u", &ret_arrival->devnum) == 1 && product &&
           sscanf(product, "%hx/%hx", &ret_arrival->vendor, &ret_arrival->product) == 2;
}

static bool hand_on(const struct monitor *monitor, struct udev_device *device)
{
    struct arrival arrival;
    const char *action = udev_device_get_action(device);
    bool added = action && strcmp(action, "add") == 0;
    if (!action || (!added && strcmp(action, "remove") != 0) || !read_arrival(device, &arrival))
        return false;
    (added ? monitor->calls->arrived : monitor->calls->gone)(monitor->context, &arrival);
    return true;
}

static int on_kernel(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct monitor *monitor = context;
    bool drained = false, something = false;
    for (unsigned i = 0; i < EVENTS_A_TURN && !drained; i++) {
        cleanup_(device_unref) struct udev_device *device = receive(monitor->kernel, &monitor->kernel_lost);
        drained = !device;
        something |= device && hand_on(monitor, device);
    }
    bool missed = take_lost(&monitor->kernel_lost, drained);
    if (missed)
        monitor->calls->missed(monitor->context);
    if (missed || something)
        monitor->calls->turn_over(monitor->context);
    return 0;
}

/* libudev has no filter in the kernel for the kernel's own messages: each battery's `change` would wake the daemon. "add@/devices/…" and
 * "remove@/devices/…" pass, but those of virtual devices; and what is in udev's form, as an emulated bus sends it. */
static int filter_attach(int fd)
{
#define WORD(text)                                                                                           \
    ((uint32_t)(text)[0] << 24 | (uint32_t)(text)[1] << 16 | (uint32_t)(text)[2] << 8 | (uint32_t)(text)[3])
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("libu"), 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("add@"), 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("remo"), 3, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof("add@/devices") - 1),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof("remove@/devices") - 1),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("/vir"), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
#undef WORD
    const struct sock_fprog filter = {.len = ARRAY_SIZE(program), .filter = program};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ? -errno : 0;
}

static int source_open(
    struct udev *udev, const char *name, const char *const (*filter)[2], struct udev_monitor **ret_source)
{
    *ret_source = udev_monitor_new_from_netlink(udev, name);
    if (!*ret_source)
        return errno ? -errno : -ENOMEM;
    for (; (*filter)[0]; filter++) {
        int r = udev_monitor_filter_add_match_subsystem_devtype(*ret_source, (*filter)[0], (*filter)[1]);
        if (r < 0)
            return r;
    }
    (void)udev_monitor_set_receive_buffer_size(*ret_source, BUFFER_BYTES);
    return udev_monitor_enable_receiving(*ret_source);
}

static int sources_open(struct monitor *monitor)
{
    static const char *const of_rules[][2] = {{"usb", NULL}, {"input", NULL}, {NULL, NULL}};
    static const char *const of_kernel[][2] = {{"usb", "usb_device"}, {NULL, NULL}};
    monitor->udev = udev_new();
    if (!monitor->udev)
        return -ENOMEM;
    int r = source_open(monitor->udev, "kernel", of_kernel, &monitor->kernel);
    if (r == 0)
        r = filter_attach(udev_monitor_get_fd(monitor->kernel));
    return r < 0 ? r : source_open(monitor->udev, "udev", of_rules, &monitor->rules);
}

int monitor_open(const struct monitor_calls *calls, void *context, struct monitor **ret_monitor)
{
    struct monitor *monitor = calloc(1, sizeof(*monitor));
    if (!monitor)
        return -ENOMEM;
    monitor->calls = calls;
    monitor->context = context;
    int r = sources_open(monitor);
    if (r < 0) {
        monitor_close(monitor);
        return r;
    }
    *ret_monitor = monitor;
    return 0;
}

int monitor_start(struct monitor *monitor, sd_event *loop)
{
    int r = sd_event_add_io(
        loop, &monitor->kernel_watch, udev_monitor_get_fd(monitor->kernel), EPOLLIN, on_kernel, monitor);
    if (r == 0) /* what the kernel says is older than what udev says */
        r = sd_event_source_set_priority(monitor->kernel_watch, SD_EVENT_PRIORITY_NORMAL - 1);
    if (r < 0)
        return r;
    return sd_event_add_io(
        loop, &monitor->rules_watch, udev_monitor_get_fd(monitor->rules), EPOLLIN, on_rules, monitor);
}

bool monitor_is_drained(const struct monitor *monitor)
{
    struct pollfd waiting = {.fd = udev_monitor_get_fd(monitor->kernel), .events = POLLIN};
    return poll(&waiting, 1, 0) == 0;
}

void monitor_close(struct monitor *monitor)
{
    if (!monitor)
        return;
    sd_event_source_disable_unref(monitor->rules_watch);
    sd_event_source_disable_unref(monitor->kernel_watch);
    udev_monitor_unref(monitor->rules);
    udev_monitor_unref(monitor->kernel);
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
