/* What happens to USB devices: from the kernel itself that one came or went, and from udev, after the rules have run, that it is time
 * to look at one. */
#ifndef SEKISHO_MEDIA_MONITOR_H
#define SEKISHO_MEDIA_MONITOR_H

#include "media/arrivals.h"

#include <systemd/sd-event.h>

struct monitor;

enum monitor_reader {
    MONITOR_READER_UNKNOWN /* udev has not seen it yet */,
    MONITOR_READER_NO,
    MONITOR_READER_YES
};

struct monitor_calls {
    void (*device)(
        void *context, const char *name); /* something happened to this device or to one of its interfaces */
    void (*overrun)(void *context); /* events were lost: look at everything again; at most once a turn */
    void (*arrived)(void *context, const struct arrival *arrival); /* the kernel's word */
    void (*gone)(void *context, const struct arrival *arrival);
    void (*missed)(void *context);    /* some of the kernel's words were lost; at most once a turn */
    void (*turn_over)(void *context); /* after the calls of a turn */
};

/* Listens from the moment it returns; calls come once monitor_start() was called. context and calls are borrowed. */
int monitor_open(const struct monitor_calls *calls, void *context, struct monitor **ret_monitor);
int monitor_start(struct monitor *monitor, sd_event *loop);
void monitor_close(struct monitor *monitor);

/* Has everything that the kernel said until now been handed on? */
bool monitor_is_drained(const struct monitor *monitor);

/* Did udev's rules mark this device as a listed card reader? */
enum monitor_reader monitor_reader(struct monitor *monitor, const char *name);

#endif
