#include "media/gate.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int poke(int device, const struct bound_interface *interface, const char *attribute, const char *text)
{
    char path[FACTS_NAME_MAX + 16];
    snprintf(path, sizeof(path), "%s/%s", interface->name, attribute);
    return file_poke(device, path, text);
}

/* The kernel unbinds the driver before the write returns. */
static int close_interface(int device, const struct bound_interface *interface)
{
    return poke(device, interface, "authorized", "0");
}

/* Authorizing binds nothing (kernel-facts 2). `add` lets the rules pass its MODALIAS, so that udev loads the driver, which then
 * binds; a driver already in memory has to be asked to look again. By the name alone: should another device have taken it
 * meanwhile, that one is unauthorized and the kernel refuses to bind it. */
static int open_interface(int sys, int device, const struct bound_interface *interface)
{
    int r = poke(device, interface, "authorized", "1");
    if (r < 0)
        return r;
    r = poke(device, interface, "uevent", "add");
    int probed = file_poke(sys, "bus/usb/drivers_probe", interface->name);
    return r < 0 ? probed : 0;
}

int gate_carry_out(int sys, int device, enum gate_act act, const struct bound_interface *interface)
{
    switch (act) {
    case GATE_LEAVE:
        return 0;
    case GATE_CLOSE:
        return close_interface(device, interface);
    case GATE_OPEN:
        return open_interface(sys, device, interface);
    case GATE_ASK_RULES:
        return poke(device, interface, "uevent", "add");
    }
    return -EINVAL;
}
