/* A USB bus in a temporary folder: a tree like sysfs, and a tiny kernel with the gate's rules that reacts to what is written there.
 *
 * It knows what the module depends on: interfaces are born unauthorized; rules open input, hub and reader ones by driver name; a
 * driver binds only to what is authorized; taking the authorization away unbinds. Events are names to be looked at. */
#ifndef SEKISHO_TESTS_FAKE_BUS_H
#define SEKISHO_TESTS_FAKE_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_INTERFACES_MAX 8

struct fake_interface {
    unsigned configuration; /* from 1 */
    uint8_t class, subclass, protocol;
    const char *driver; /* which module claims it by its id or class; NULL: none */
};

struct fake_device {
    uint16_t vendor, product;
    const char *serial, *manufacturer, *product_name; /* NULL: none */
    bool reader;                                      /* on the readers' list */
    unsigned count;
    struct fake_interface interfaces[FAKE_INTERFACES_MAX];
};

struct fake_bus;

/* Makes the folder with sys/ and root/. Ends the test on a fault of its own. */
struct fake_bus *fake_bus_create(void);
void fake_bus_destroy(struct fake_bus *bus);
int fake_bus_sys(const struct fake_bus *bus);  /* a new descriptor */
int fake_bus_root(const struct fake_bus *bus); /* a new descriptor */

/* Plugs (in configuration 1) and lets the rules run. name: "2-1", "2-1.3"; what hangs on a hub has its own folder below it. The device
 * gets the bus's next devnum, which is returned. device is borrowed until it is unplugged. */
unsigned fake_bus_plug(struct fake_bus *bus, const char *name, const struct fake_device *device);
void fake_bus_unplug(struct fake_bus *bus, const char *name);
/* Another configuration: its interfaces come, the others go; born unauthorized. */
void fake_bus_configure(struct fake_bus *bus, const char *name, unsigned configuration);
bool fake_bus_is_reader(const struct fake_bus *bus, const char *name);

/* The kernel and the rules do what was asked by writes since the last time. True when something changed: look again. */
bool fake_bus_settle(struct fake_bus *bus);

/* Of one interface, "2-1:1.0". */
bool fake_bus_is_authorized(const struct fake_bus *bus, const char *interface);
const char *fake_bus_driver(
    const struct fake_bus *bus, const char *interface); /* "" for none; valid until the next call */
void fake_bus_authorize(
    struct fake_bus *bus, const char *interface, bool authorized); /* by somebody else's hand */

/* Any file below sys/ or root/, its folders made as needed: "sys/module/usbcore/parameters/authorized_default". */
void fake_bus_write(struct fake_bus *bus, const char *path, const char *text);
void fake_bus_link(struct fake_bus *bus, const char *path, const char *target);
bool fake_bus_read(
    const struct fake_bus *bus, const char *path, char *buffer, unsigned capacity); /* false: none */
void fake_bus_remove(struct fake_bus *bus, const char *path);
/* The device's own folder, below sys/: "devices/pci0000:00/0000:00:14.0/usb2/2-1". Valid until the next call. */
const char *fake_bus_folder(const struct fake_bus *bus, const char *name);

#endif
