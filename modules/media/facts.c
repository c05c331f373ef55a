#include "media/facts.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "media/keys.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

bool facts_is_device_name(const char *name)
{
    size_t length = strlen(name);
    if (length >= FACTS_NAME_MAX - 8 || !isdigit((unsigned char)name[0]) || !strchr(name, '-'))
        return false;
    return strspn(name, "0123456789-.") == length;
}

bool facts_has_keyboard(const struct facts *facts)
{
    if (facts->has_letters)
        return true;
    for (unsigned i = 0; i < facts->descriptors.count; i++) {
        if (usb_class_compare(
                facts->descriptors.interfaces[i].kind, (struct usb_class){USB_CLASS_INPUT, 1, 1}) == 0)
            return true;
    }
    return false;
}

bool facts_has_class(const struct facts *facts, uint8_t class)
{
    for (unsigned i = 0; i < facts->descriptors.count; i++) {
        if (facts->descriptors.interfaces[i].kind.class == class)
            return true;
    }
    return false;
}

/* ".../0000:00:14.0/usb2/2-1/2-1.3" → "0000:00:14.0/1.3" */
static void describe_port(const char *path, const char *name, char port[static FACTS_PORT_MAX])
{
    const char *bus = strstr(path, "/usb");
    while (bus && !isdigit((unsigned char)bus[4]))
        bus = strstr(bus + 1, "/usb");
    const char *controller = bus;
    while (controller && controller > path && controller[-1] != '/')
        controller--;
    int length = bus ? (int)(bus - controller) : 0;
    snprintf(port, FACTS_PORT_MAX, "%.*s/%s", length, controller ? controller : "", strchr(name, '-') + 1);
}

int facts_open(int sys, const char *name, int *ret_fd, char ret_port[static FACTS_PORT_MAX])
{
    char link[64 + FACTS_NAME_MAX], target[PATH_MAX];
    if (!facts_is_device_name(name))
        return -EINVAL;
    snprintf(link, sizeof(link), "bus/usb/devices/%s", name);
    ssize_t length = readlinkat(sys, link, target, sizeof(target) - 1);
    if (length < 0)
        return -errno;
    target[length] = '\0';

    /* "../../../devices/pci...": the path is opened as it was read, so that port and directory are one device's. */
    const char *path = strstr(target, "devices/");
    if (!path)
        return -EBADMSG;
    int fd = openat(sys, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    describe_port(path, name, ret_port);
    *ret_fd = fd;
    return 0;
}

/* A device's string is whatever the device says, newlines included: all of it counts, so that "A1\nx" is never "A1". */
static int read_text(int device, const char *name, void *place)
{
    char *text = place;
    cleanup_free_ char *bytes = NULL;
    size_t size = 0;
    int r = file_read(device, name, 4096, &bytes, &size);
    if (r == -ENOENT || r == -ENODATA) {
        text[0] = '\0';
        return 0;
    }
    if (r < 0)
        return r;
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size >= FACTS_TEXT_MAX || memchr(bytes, '\0', size))
        return -EBADMSG;
    memcpy(text, bytes, size);
    text[size] = '\0';
    return 0;
}

static int read_hex(int device, const char *name, size_t bytes_expected, uint8_t *ret_bytes)
{
    char text[16];
    ssize_t length = file_peek(device, name, text, sizeof(text));
    if (length < 0)
        return (int)length;
    return text_unhex(ret_bytes, bytes_expected, text) < 0 ? -EBADMSG : 0;
}

static int read_id(int device, const char *name, void *place)
{
    uint8_t bytes[2];
    int r = read_hex(device, name, sizeof(bytes), bytes);
    if (r < 0)
        return r;
    *(uint16_t *)place = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return 0;
}

static int read_number(int device, const char *name, void *place)
{
    char text[16];
    int64_t number;
    ssize_t length = file_peek(device, name, text, sizeof(text));
    if (length < 0)
        return (int)length;
    if (text_integer(text, &number) < 0 || number < 0 || number > UINT16_MAX)
        return -EBADMSG;
    *(unsigned *)place = (unsigned)number;
    return 0;
}

static int read_descriptors(int device, const char *name, void *place)
{
    cleanup_free_ char *bytes = NULL;
    size_t size = 0;
    int r = file_read(device, name, DESCRIPTORS_BYTES_MAX, &bytes, &size);
    if (r < 0)
        return r == -EFBIG ? -EBADMSG : r;
    return descriptors_parse((const uint8_t *)bytes, size, place);
}

static void read_driver(int device, const char *name, char driver[static FACTS_DRIVER_MAX])
{
    char link[FACTS_NAME_MAX + 8], target[PATH_MAX];
    snprintf(link, sizeof(link), "%s/driver", name);
    ssize_t length = readlinkat(device, link, target, sizeof(target) - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *base = strrchr(target, '/');
    snprintf(driver, FACTS_DRIVER_MAX, "%.*s", FACTS_DRIVER_MAX - 1, base ? base + 1 : target);
}

static int read_interface(
    int device, const char *name, struct bound_interface *ret_interface, bool *ret_has_letters)
{
    struct bound_interface interface = {0};
    cleanup_fd_ int fd = openat(device, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    memcpy(interface.name, name, strnlen(name, sizeof(interface.name) - 1));
    int r = read_hex(fd, "bInterfaceClass", 1, &interface.kind.class);
    if (r == 0)
        r = read_hex(fd, "bInterfaceSubClass", 1, &interface.kind.subclass);
    if (r == 0)
        r = read_hex(fd, "bInterfaceProtocol", 1, &interface.kind.protocol);
    if (r < 0)
        return r;

    char gate[8];
    interface.has_gate = file_peek(fd, "authorized", gate, sizeof(gate)) >= 0;
    interface.authorized = interface.has_gate && strcmp(gate, "0") != 0;
    read_driver(device, name, interface.driver);
    *ret_has_letters |= interface.driver[0] && keys_of_interface_have_letters(fd);
    *ret_interface = interface;
    return 0;
}

/* An interface that goes while we read is not there: the configuration is being changed, and its event will follow. */
static int read_interfaces(int device, const char *name, struct facts *facts)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(device, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    directory = fdopendir(fd);
    if (!directory) {
        fd_close(&fd);
        return -ENOMEM;
    }
    size_t length = strlen(name);
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (strncmp(entry->d_name, name, length) != 0 || entry->d_name[length] != ':')
            continue;
        if (strlen(entry->d_name) >= FACTS_NAME_MAX || facts->bound_count == FACTS_BOUND_MAX) {
            facts->descriptors.malformed = true;
            continue;
        }
        int r = read_interface(device, entry->d_name, &facts->bound[facts->bound_count], &facts->has_letters);
        if (r == 0)
            facts->bound_count++;
        else if (r != -ENOENT && r != -ENODEV)
            return r;
    }
    return 0;
}

int facts_read(int device, const char *name, const char *port, struct facts *ret_facts)
{
    static const struct {
        const char *attribute;
        int (*read)(int device, const char *attribute, void *place);
        size_t offset;
    } attributes[] = {
        {"devnum", read_number, offsetof(struct facts, devnum)},
        {"idVendor", read_id, offsetof(struct facts, vendor)},
        {"idProduct", read_id, offsetof(struct facts, product)},
        {"serial", read_text, offsetof(struct facts, serial)},
        {"manufacturer", read_text, offsetof(struct facts, manufacturer)},
        {"product", read_text, offsetof(struct facts, product_name)},
        {"descriptors", read_descriptors, offsetof(struct facts, descriptors)},
    };
    cleanup_free_ struct facts *facts = calloc(1, sizeof(*facts));
    if (!facts)
        return -ENOMEM;
    snprintf(facts->name, sizeof(facts->name), "%s", name);
    snprintf(facts->port, sizeof(facts->port), "%s", port);
    bool nonsense = false;
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        int r = attributes[i].read(device, attributes[i].attribute, (char *)facts + attributes[i].offset);
        if (r < 0 && r != -EBADMSG)
            return r;
        nonsense |= r < 0;
    }
    int r = read_interfaces(device, name, facts);
    if (r < 0)
        return r;
    facts->descriptors.malformed |= nonsense;
    *ret_facts = *facts;
    return 0;
}
