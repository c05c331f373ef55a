#include "functionfs.h"
#include "made.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIGFS  "/sys/kernel/config"
#define DISK      "/run/gadget/disk.img"
#define PATH_SIZE 256

struct instance {
    int endpoint;
    char name[64];
};

/* What this process has made; one device at a time. */
static struct instance instances[CONFIGURATIONS_MAX * PARTS_MAX];
static unsigned instance_count;

static const char *const string_names[STRING_COUNT] = {"serialnumber", "product", "manufacturer"};

__attribute__((format(printf, 3, 4))) static void place(
    char path[static PATH_SIZE], unsigned controller, const char *format, ...)
{
    int used = snprintf(path, PATH_SIZE, CONFIGFS "/usb_gadget/g%u", controller);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + used, PATH_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
}

static bool put(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
    if (fd >= 0)
        close(fd);
    return done;
}

__attribute__((format(printf, 3, 4))) static bool put_attribute(
    unsigned controller, const char *attribute, const char *format, ...)
{
    char path[PATH_SIZE], value[64];
    place(path, controller, "/%s", attribute);
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    return put(path, value, (size_t)size);
}

/* --- making ------------------------------------------------------------------------------------------------------------- */

static const char *make_device(const struct description *description, unsigned controller)
{
    char path[PATH_SIZE];
    place(path, controller, "%s", "");
    if (mkdir(path, 0755) < 0)
        return "configfs takes no gadget";
    put_attribute(controller, "idVendor", "0x%04x", description->vendor);
    put_attribute(controller, "idProduct", "0x%04x", description->product);
    put_attribute(controller, "bcdDevice", "0x%04x", description->release);
    put_attribute(controller, "bDeviceClass", "0x%02x", description->class[0]);
    put_attribute(controller, "bDeviceSubClass", "0x%02x", description->class[1]);
    put_attribute(controller, "bDeviceProtocol", "0x%02x", description->class[2]);
    place(path, controller, "/strings/0x409");
    mkdir(path, 0755);
    for (enum string which = 0; which < STRING_COUNT; which++) {
        const struct text *text = &description->strings[which];
        place(path, controller, "/strings/0x409/%s", string_names[which]);
        if (text->set && !put(path, text->bytes, text->size))
            return "configfs takes no such string";
    }
    return NULL;
}

static const char *fill_storage(unsigned controller, const char *name)
{
    char attribute[64];
    mkdir("/run/gadget", 0755);
    int disk = open(DISK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (disk < 0 || ftruncate(disk, 8 << 20) < 0)
        return "no file for the disk";
    close(disk);
    snprintf(attribute, sizeof(attribute), "functions/%s/lun.0/file", name);
    return put_attribute(controller, attribute, "%s", DISK) ? NULL : "mass_storage takes no file";
}

static const char *fill_keyboard(unsigned controller, const char *name)
{
    static const char *const values[][2] = {{"protocol", "1"}, {"subclass", "1"}, {"report_length", "8"}};
    char attribute[64], path[PATH_SIZE];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(attribute, sizeof(attribute), "functions/%s/%s", name, values[i][0]);
        if (!put_attribute(controller, attribute, "%s", values[i][1]))
            return "hid takes no setting";
    }
    place(path, controller, "/functions/%s/report_desc", name);
    return put(path, keyboard_report, keyboard_report_size) ? NULL : "hid takes no report descriptor";
}

/* The gadget's own end of the wire is named so that nobody takes it for the host's. */
static const char *fill_network(unsigned controller, const char *name)
{
    char attribute[64];
    snprintf(attribute, sizeof(attribute), "functions/%s/ifname", name);
    return put_attribute(controller, attribute, "gadget%%d") ? NULL : "the network function takes no name";
}

static const struct filler {
    const char *function;
    const char *(*fill)(unsigned controller, const char *name);
} fillers[] = {
    {"mass_storage", fill_storage},
    {"hid", fill_keyboard},
    {"ecm", fill_network},
    {"rndis", fill_network},
};

static const char *fill(unsigned controller, const char *function, const char *name)
{
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
        if (strcmp(function, fillers[i].function) == 0)
            return fillers[i].fill(controller, name);
    }
    return NULL;
}

static const char *open_instance(const struct part *part, const char *name)
{
    const char *wrong = NULL;
    struct instance *instance = &instances[instance_count];
    snprintf(instance->name, sizeof(instance->name), "%s", name + strlen("ffs."));
    instance->endpoint = functionfs_open(instance->name, part, &wrong);
    if (!wrong)
        instance_count++;
    return wrong;
}

static const char *make_part(
    const struct part *part, unsigned controller, unsigned configuration, unsigned number)
{
    char name[64], function[PATH_SIZE], link[PATH_SIZE];
    bool own = part->function[0] == '\0';
    snprintf(
        name, sizeof(name), "%s.g%uc%up%u", own ? "ffs" : part->function, controller, configuration, number);
    place(function, controller, "/functions/%s", name);
    if (mkdir(function, 0755) < 0)
        return "the kernel has no such function";
    const char *wrong = own ? open_instance(part, name) : fill(controller, part->function, name);
    if (wrong)
        return wrong;
    place(link, controller, "/configs/c.%u/%s", configuration, name);
    return symlink(function, link) == 0 ? NULL : "the configuration takes no such function";
}

static const char *make_configuration(
    const struct configuration *configuration, unsigned controller, unsigned number)
{
    char path[PATH_SIZE];
    place(path, controller, "/configs/c.%u", number);
    if (mkdir(path, 0755) < 0)
        return "the gadget takes no such configuration";
    const char *wrong = NULL;
    for (unsigned i = 0; i < configuration->count && !wrong; i++)
        wrong = make_part(&configuration->parts[i], controller, number, i);
    return wrong;
}

const char *configfs_make(const struct description *description, unsigned controller)
{
    mount("none", CONFIGFS, "configfs", 0, NULL);
    const char *wrong = make_device(description, controller);
    for (unsigned i = 0; i < description->count && !wrong; i++)
        wrong = make_configuration(&description->configurations[i], controller, i + 1);
    if (wrong)
        return wrong;
    return put_attribute(controller, "UDC", "dummy_udc.%u", controller)
               ? NULL
               : "the controller takes no such gadget";
}

/* --- unmaking: backwards, whatever there is --------------------------------------------------------------------------- */

/* Entries of a directory whose names the kernel did not put there. */
static void each(const char *path, void (*call)(const char *path))
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char inner[PATH_SIZE + 260];
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && (entry->d_type == DT_LNK || strchr(entry->d_name, '.')))
            call(inner);
    }
    if (directory)
        closedir(directory);
}

static void drop_link(const char *path)
{
    unlink(path);
}

static void drop_directory(const char *path)
{
    rmdir(path);
}

static void drop_configuration(const char *path)
{
    each(path, drop_link);
    rmdir(path);
}

void configfs_unmake(unsigned controller)
{
    char path[PATH_SIZE];
    put_attribute(controller, "UDC", "\n");
    place(path, controller, "/configs");
    each(path, drop_configuration);
    while (instance_count > 0) {
        instance_count--;
        functionfs_close(instances[instance_count].endpoint, instances[instance_count].name);
    }
    place(path, controller, "/functions");
    each(path, drop_directory);
    place(path, controller, "/strings/0x409");
    rmdir(path);
    place(path, controller, "%s", "");
    rmdir(path);
}

void configfs_serve(int milliseconds)
{
    struct pollfd polls[CONFIGURATIONS_MAX * PARTS_MAX];
    for (unsigned i = 0; i < instance_count; i++)
        polls[i] = (struct pollfd){.fd = instances[i].endpoint, .events = POLLIN};
    poll(polls, instance_count, milliseconds);
    for (unsigned i = 0; i < instance_count; i++) {
        if (polls[i].revents & POLLIN)
            functionfs_answer(instances[i].endpoint);
    }
}
