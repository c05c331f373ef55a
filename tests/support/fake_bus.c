/* See fake_bus.h. */
#include "fake_bus.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEVICES_MAX 600

struct plugged {
    char name[32];
    unsigned devnum, configuration;
    const struct fake_device *device;
};

struct fake_bus {
    char top[64];
    int fd;
    unsigned last_devnum, count;
    struct plugged plugged[DEVICES_MAX];
    char scratch[PATH_MAX];
};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static char *format(char buffer[static PATH_MAX], const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    require(vsnprintf(buffer, PATH_MAX, text, arguments) < PATH_MAX, text);
    va_end(arguments);
    return buffer;
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

static void make_folders(struct fake_bus *bus, const char *path, bool last_too)
{
    char part[PATH_MAX];
    for (const char *slash = strchr(path, '/');; slash = strchr(slash + 1, '/')) {
        if (!slash && !last_too)
            return;
        format(part, "%.*s", slash ? (int)(slash - path) : (int)strlen(path), path);
        (void)mkdirat(bus->fd, part, 0755);
        if (!slash)
            return;
    }
}

static void write_bytes(struct fake_bus *bus, const char *path, const void *bytes, size_t size)
{
    make_folders(bus, path, false);
    cleanup_fd_ int fd = openat(bus->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, path);
}

void fake_bus_write(struct fake_bus *bus, const char *path, const char *text)
{
    write_bytes(bus, path, text, strlen(text));
}

void fake_bus_link(struct fake_bus *bus, const char *path, const char *target)
{
    make_folders(bus, path, false);
    (void)unlinkat(bus->fd, path, 0);
    require(symlinkat(target, bus->fd, path) == 0, path);
}

bool fake_bus_read(const struct fake_bus *bus, const char *path, char *buffer, unsigned capacity)
{
    cleanup_fd_ int fd = openat(bus->fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, buffer, capacity - 1);
    require(got >= 0, path);
    buffer[got] = '\0';
    return true;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    return remove(path);
}

void fake_bus_remove(struct fake_bus *bus, const char *path)
{
    char whole[PATH_MAX];
    nftw(format(whole, "%s/%s", bus->top, path), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- descriptors ------------------------------------------------------------------------------------------------------- */

static unsigned configurations_of(const struct fake_device *device)
{
    unsigned count = 0;
    for (unsigned i = 0; i < device->count; i++)
        count = device->interfaces[i].configuration > count ? device->interfaces[i].configuration : count;
    return count;
}

static size_t put_interface(uint8_t *at, const struct fake_interface *interface, unsigned number)
{
    const uint8_t bytes[] = {9, 4, (uint8_t)number, 0, 1, interface->class, interface->subclass,
        interface->protocol, 0, 7, 5, 0x81, 3, 8, 0, 10};
    memcpy(at, bytes, sizeof(bytes));
    return sizeof(bytes);
}

/* USB 2.0, 9.6: the device's own, then each configuration with its interfaces, one endpoint each. */
static void write_descriptors(struct fake_bus *bus, const char *folder, const struct fake_device *device)
{
    char path[PATH_MAX];
    uint8_t bytes[18 + 9 * 8 + 16 * FAKE_INTERFACES_MAX] = {18, 1, 0, 2};
    size_t size = 18;
    bytes[17] = (uint8_t)configurations_of(device);
    for (unsigned configuration = 1; configuration <= configurations_of(device); configuration++) {
        uint8_t *head = bytes + size;
        unsigned number = 0;
        size += 9;
        for (unsigned i = 0; i < device->count; i++) {
            if (device->interfaces[i].configuration == configuration)
                size += put_interface(bytes + size, &device->interfaces[i], number++);
        }
        const uint8_t own[] = {
            9, 2, (uint8_t)(bytes + size - head), 0, (uint8_t)number, (uint8_t)configuration, 0, 0x80, 50};
        memcpy(head, own, sizeof(own));
    }
    write_bytes(bus, format(path, "%s/descriptors", folder), bytes, size);
}

/* --- devices ----------------------------------------------------------------------------------------------------------- */

static struct plugged *find(const struct fake_bus *bus, const char *name)
{
    for (unsigned i = 0; i < bus->count; i++) {
        if (strcmp(bus->plugged[i].name, name) == 0)
            return (struct plugged *)&bus->plugged[i];
    }
    return NULL;
}

/* "2-1.3" → "devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1.3" */
static void path_of(const char *name, char path[static PATH_MAX])
{
    char part[PATH_MAX];
    format(path, "devices/pci0000:00/0000:00:14.0/usb%.*s", (int)strcspn(name, "-"), name);
    for (const char *at = strchr(name, '-'); at; at = strchr(at + 1, '.')) {
        const char *dot = strchr(at + 1, '.');
        format(part, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
        strcat(strcat(path, "/"), part);
    }
}

const char *fake_bus_folder(const struct fake_bus *bus, const char *name)
{
    path_of(name, (char *)bus->scratch);
    return bus->scratch;
}

/* "2-1:1.0" → ".../2-1/2-1:1.0" below sys/ */
static void path_of_interface(const char *interface, char path[static PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(interface, ":"), interface);
    path_of(name, path);
    strcat(strcat(path, "/"), interface);
}

static void put_text(struct fake_bus *bus, const char *folder, const char *attribute, const char *text)
{
    char path[PATH_MAX], line[1024];
    if (!text)
        return;
    snprintf(line, sizeof(line), "%s\n", text);
    fake_bus_write(bus, format(path, "%s/%s", folder, attribute), line);
}

static void put_hex(
    struct fake_bus *bus, const char *folder, const char *attribute, unsigned digits, unsigned number)
{
    char text[16];
    snprintf(text, sizeof(text), "%0*x", (int)digits, number);
    put_text(bus, folder, attribute, text);
}

static void add_interfaces(struct fake_bus *bus, const struct plugged *plugged)
{
    unsigned number = 0;
    for (unsigned i = 0; i < plugged->device->count; i++) {
        const struct fake_interface *interface = &plugged->device->interfaces[i];
        char below[PATH_MAX], folder[PATH_MAX], name[64];
        if (interface->configuration != plugged->configuration)
            continue;
        snprintf(name, sizeof(name), "%s:%u.%u", plugged->name, plugged->configuration, number++);
        path_of_interface(name, below);
        format(folder, "sys/%s", below);
        put_hex(bus, folder, "bInterfaceClass", 2, interface->class);
        put_hex(bus, folder, "bInterfaceSubClass", 2, interface->subclass);
        put_hex(bus, folder, "bInterfaceProtocol", 2, interface->protocol);
        put_text(bus, folder, "authorized", "0");
        put_text(bus, folder, "uevent", "");
    }
}

static const struct fake_interface *interface_of(const struct plugged *plugged, unsigned number)
{
    for (unsigned i = 0; i < plugged->device->count; i++) {
        if (plugged->device->interfaces[i].configuration == plugged->configuration && number-- == 0)
            return &plugged->device->interfaces[i];
    }
    return NULL;
}

static unsigned interfaces_now(const struct plugged *plugged)
{
    unsigned count = 0;
    while (interface_of(plugged, count))
        count++;
    return count;
}

/* --- kernel and rules --------------------------------------------------------------------------------------------------- */

static bool has_rule_shape(const struct fake_device *device)
{
    for (unsigned i = 0; i < device->count; i++) {
        if (!strchr("\x03\x09\x0b\xff", device->interfaces[i].class))
            return false;
    }
    return device->count > 0;
}

static void bind_driver(struct fake_bus *bus, const char *folder, const char *driver)
{
    char path[PATH_MAX], target[PATH_MAX];
    fake_bus_link(bus, format(path, "%s/driver", folder), format(target, "../drivers/%s", driver));
}

static bool file_says(const struct fake_bus *bus, const char *folder, const char *attribute, const char *text)
{
    char path[PATH_MAX], found[256];
    return fake_bus_read(bus, format(path, "%s/%s", folder, attribute), found, sizeof(found)) &&
           strncmp(found, text, strlen(text)) == 0;
}

/* What 59-sekisho.rules does with an interface that is still closed. */
static bool run_rules(struct fake_bus *bus, const struct plugged *plugged,
    const struct fake_interface *interface, const char *folder)
{
    const char *by_name = interface->class == 0x03 ? "usbhid" : interface->class == 0x09 ? "hub" : NULL;
    if (!has_rule_shape(plugged->device))
        return false;
    if (by_name && interface->driver && strcmp(interface->driver, by_name) == 0) {
        put_text(bus, folder, "authorized", "1");
        bind_driver(bus, folder, by_name);
        return true;
    }
    if (!by_name && plugged->device->reader) {
        put_text(bus, folder, "authorized", "1");
        return true;
    }
    return false;
}

/* asked: `add` was written to its uevent, or it was just born. */
static bool settle_interface(struct fake_bus *bus, const struct plugged *plugged, unsigned number, bool born)
{
    const struct fake_interface *interface = interface_of(plugged, number);
    char name[64], below[PATH_MAX], folder[PATH_MAX], path[PATH_MAX], driver[PATH_MAX];
    snprintf(name, sizeof(name), "%s:%u.%u", plugged->name, plugged->configuration, number);
    path_of_interface(name, below);
    format(folder, "sys/%s", below);
    bool asked = born || file_says(bus, folder, "uevent", "add");
    bool probed = file_says(bus, "sys/bus/usb", "drivers_probe", name);
    bool bound = readlinkat(bus->fd, format(path, "%s/driver", folder), driver, sizeof(driver)) >= 0;
    bool authorized = file_says(bus, folder, "authorized", "1");
    put_text(bus, folder, "uevent", "");
    if (bound && !authorized)
        return unlinkat(bus->fd, path, 0) == 0;
    if (!authorized && asked)
        return run_rules(bus, plugged, interface, folder);
    if (authorized && !bound && (asked || probed) && interface->driver) {
        bind_driver(bus, folder, interface->driver);
        return true;
    }
    return false;
}

bool fake_bus_settle(struct fake_bus *bus)
{
    bool changed = false;
    for (unsigned i = 0; i < bus->count; i++) {
        for (unsigned number = 0; number < interfaces_now(&bus->plugged[i]); number++)
            changed |= settle_interface(bus, &bus->plugged[i], number, false);
    }
    fake_bus_write(bus, "sys/bus/usb/drivers_probe", "\n");
    return changed;
}

static void let_rules_run(struct fake_bus *bus, const struct plugged *plugged)
{
    for (unsigned number = 0; number < interfaces_now(plugged); number++)
        (void)settle_interface(bus, plugged, number, true);
}

unsigned fake_bus_plug(struct fake_bus *bus, const char *name, const struct fake_device *device)
{
    char below[PATH_MAX], folder[PATH_MAX], path[PATH_MAX], target[PATH_MAX], text[16];
    require(bus->count < DEVICES_MAX && !find(bus, name), "fake_bus_plug");
    struct plugged *plugged = &bus->plugged[bus->count++];
    *plugged = (struct plugged){.devnum = ++bus->last_devnum, .configuration = 1, .device = device};
    snprintf(plugged->name, sizeof(plugged->name), "%s", name);
    path_of(name, below);
    format(folder, "sys/%s", below);
    snprintf(text, sizeof(text), "%u", plugged->devnum);
    put_text(bus, folder, "devnum", text);
    put_hex(bus, folder, "idVendor", 4, device->vendor);
    put_hex(bus, folder, "idProduct", 4, device->product);
    put_text(bus, folder, "serial", device->serial);
    put_text(bus, folder, "manufacturer", device->manufacturer);
    put_text(bus, folder, "product", device->product_name);
    put_text(bus, folder, "uevent", "");
    write_descriptors(bus, folder, device);
    add_interfaces(bus, plugged);
    fake_bus_link(bus, format(path, "sys/bus/usb/devices/%s", name), format(target, "../../../%s", below));
    let_rules_run(bus, plugged);
    return plugged->devnum;
}

void fake_bus_unplug(struct fake_bus *bus, const char *name)
{
    char below[PATH_MAX], path[PATH_MAX];
    struct plugged *plugged = find(bus, name);
    require(plugged != NULL, name);
    path_of(name, below);
    fake_bus_remove(bus, format(path, "sys/%s", below));
    fake_bus_remove(bus, format(path, "sys/bus/usb/devices/%s", name));
    *plugged = bus->plugged[--bus->count];
}

void fake_bus_configure(struct fake_bus *bus, const char *name, unsigned configuration)
{
    struct plugged *plugged = find(bus, name);
    require(plugged != NULL, name);
    for (unsigned number = 0; number < interfaces_now(plugged); number++) {
        char interface[64], below[PATH_MAX], path[PATH_MAX];
        snprintf(interface, sizeof(interface), "%s:%u.%u", name, plugged->configuration, number);
        path_of_interface(interface, below);
        fake_bus_remove(bus, format(path, "sys/%s", below));
    }
    plugged->configuration = configuration;
    add_interfaces(bus, plugged);
    let_rules_run(bus, plugged);
}

bool fake_bus_is_reader(const struct fake_bus *bus, const char *name)
{
    const struct plugged *plugged = find(bus, name);
    return plugged && plugged->device->reader;
}

bool fake_bus_is_authorized(const struct fake_bus *bus, const char *interface)
{
    char below[PATH_MAX], folder[PATH_MAX];
    path_of_interface(interface, below);
    return file_says(bus, format(folder, "sys/%s", below), "authorized", "1");
}

const char *fake_bus_driver(const struct fake_bus *bus, const char *interface)
{
    char below[PATH_MAX], path[PATH_MAX];
    char *target = (char *)bus->scratch;
    path_of_interface(interface, below);
    ssize_t length = readlinkat(bus->fd, format(path, "sys/%s/driver", below), target, PATH_MAX - 1);
    target[length > 0 ? length : 0] = '\0';
    return length > 0 ? strrchr(target, '/') + 1 : target;
}

void fake_bus_authorize(struct fake_bus *bus, const char *interface, bool authorized)
{
    char below[PATH_MAX], folder[PATH_MAX];
    path_of_interface(interface, below);
    put_text(bus, format(folder, "sys/%s", below), "authorized", authorized ? "1" : "0");
}

/* --- the whole --------------------------------------------------------------------------------------------------------- */

struct fake_bus *fake_bus_create(void)
{
    struct fake_bus *bus = calloc(1, sizeof(*bus));
    require(bus != NULL, "fake_bus_create");
    const char *folder = getenv("TMPDIR");
    snprintf(bus->top, sizeof(bus->top), "%.40s/sekisho-bus-XXXXXX", folder ? folder : "/tmp");
    require(mkdtemp(bus->top) != NULL, bus->top);
    bus->fd = open(bus->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(bus->fd >= 0, bus->top);
    make_folders(bus, "sys/bus/usb/devices", true);
    make_folders(bus, "root/run/sekisho/nodes", true);
    fake_bus_write(bus, "sys/bus/usb/drivers_probe", "\n");
    return bus;
}

void fake_bus_destroy(struct fake_bus *bus)
{
    fd_close(&bus->fd);
    nftw(bus->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(bus);
}

int fake_bus_sys(const struct fake_bus *bus)
{
    int fd = openat(bus->fd, "sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(fd >= 0, "sys");
    return fd;
}

int fake_bus_root(const struct fake_bus *bus)
{
    int fd = openat(bus->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(fd >= 0, "root");
    return fd;
}
