/* See media_scene.h. */
#include "media_scene.h"

#include "base/json_bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum monitor_reader reader_mark(void *context, const char *name)
{
    return fake_bus_is_reader(context, name) ? MONITOR_READER_YES : MONITOR_READER_NO;
}

void scene_open(struct scene *scene)
{
    scene->bus = fake_bus_create();
    scene->media = NULL;
    fake_host_open(&scene->host, NULL);
}

void scene_close(struct scene *scene)
{
    media_destroy(scene->media);
    fake_bus_destroy(scene->bus);
}

struct media_policy *scene_read_policy(const struct scene *scene, const char *text)
{
    char message[256] = "";
    struct json_error error = {0};
    struct media_policy *policy = media_policy_create();
    struct json_merge merge = {0};
    const struct bind_part parts[] = {{media_policy_fields, policy}, {0}};
    if (text && json_bind_parts(parts, "policy.json", text, strlen(text), &merge, &error) < 0) {
        fprintf(stderr, "%u:%u: %s\n", error.place.line, error.place.column, error.message);
        abort();
    }
    if (media_policy_finish(policy, &scene->host.clock, message) < 0) {
        fprintf(stderr, "%s\n", message);
        abort();
    }
    return policy;
}

void scene_start(struct scene *scene, const char *policy)
{
    if (media_create(&scene->host.host, fake_bus_sys(scene->bus), fake_bus_root(scene->bus), &scene->media) <
        0)
        abort();
    scene->media->marks = (struct media_marks){reader_mark, scene->bus};
    media_start(scene->media, scene_read_policy(scene, policy));
    scene_settle(scene);
}

void scene_stop(struct scene *scene)
{
    media_destroy(scene->media);
    scene->media = NULL;
}

void scene_policy(struct scene *scene, const char *policy)
{
    media_set_policy(scene->media, scene_read_policy(scene, policy));
    scene_settle(scene);
}

void scene_settle(struct scene *scene)
{
    for (unsigned i = 0; i < 20 && fake_bus_settle(scene->bus); i++) {
        if (scene->media)
            media_look_all(scene->media);
    }
}

void scene_plug(struct scene *scene, const char *name, const struct fake_device *device)
{
    fake_bus_plug(scene->bus, name, device);
    if (scene->media)
        media_look(scene->media, name);
    scene_settle(scene);
}

void scene_unplug(struct scene *scene, const char *name)
{
    fake_bus_unplug(scene->bus, name);
    if (scene->media)
        media_look(scene->media, name);
    scene_settle(scene);
}

const struct present *scene_present(const struct scene *scene, const char *name)
{
    return inventory_find(&scene->media->inventory, name);
}

/* --- devices ---------------------------------------------------------------------------------------------------------- */

const struct fake_device DEVICE_KEYBOARD = {
    0x04d9, 0x1702, NULL, "HOLTEK", "USB Keyboard", false, 1, {{1, 0x03, 1, 1, "usbhid"}}};
const struct fake_device DEVICE_MOUSE = {
    0x046d, 0xc077, NULL, "Logitech", "USB Optical Mouse", false, 1, {{1, 0x03, 1, 2, "usbhid"}}};
const struct fake_device DEVICE_HUB = {0x05e3, 0x0610, NULL, "GenesysLogic", "USB2.1 Hub", false, 2,
    {{1, 0x09, 0, 1, "hub"}, {1, 0x09, 0, 2, "hub"}}};
const struct fake_device DEVICE_READER = {
    0x04e6, 0x5816, "53312119", "Identiv", "SmartCard Reader", true, 1, {{1, 0x0b, 0, 0, NULL}}};
const struct fake_device DEVICE_STICK = {
    0x46f4, 0x0001, "A1", "QEMU", "USB DISK", false, 1, {{1, 0x08, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_STICK_OTHER = {
    0x46f4, 0x0001, "B2", "QEMU", "USB DISK", false, 1, {{1, 0x08, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_STICK_NAMELESS = {
    0x090c, 0x1000, NULL, NULL, "Flash Disk", false, 1, {{1, 0x08, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_UAS = {0x0bc2, 0xab38, "NA7", "Seagate", "Backup+", false, 2,
    {{1, 0x08, 6, 0x50, "usb-storage"}, {1, 0x08, 6, 0x62, "uas"}}};
const struct fake_device DEVICE_PHONE = {
    0x18d1, 0x4ee1, "PH0NE", "Google", "Pixel", false, 1, {{1, 0x06, 1, 1, NULL}}};
const struct fake_device DEVICE_NETWORK = {
    0x0b95, 0x7720, "000001", "ASIX", "AX88772", false, 1, {{1, 0xff, 0xff, 0, "asix"}}};
const struct fake_device DEVICE_SERIAL = {
    0x0403, 0x6001, "FT1", "FTDI", "FT232R USB UART", false, 1, {{1, 0xff, 0xff, 0xff, "ftdi_sio"}}};
const struct fake_device DEVICE_KEYBOARD_WITH_STORAGE = {0x16c0, 0x27db, "T1", "Teensyduino", "Keyboard",
    false, 2, {{1, 0x03, 1, 1, "usbhid"}, {1, 0x08, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_DISGUISED_DISK = {
    0x4971, 0x8024, "D1", "SimpleTech", "External HDD", false, 1, {{1, 0x03, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_PRINTER = {
    0x04a9, 0x1909, "P1", "Canon", "LBP", false, 1, {{1, 0x07, 1, 2, "usblp"}}};
const struct fake_device DEVICE_SCANNER = {
    0x04c5, 0x132e, NULL, "Fujitsu", "fi-7160", false, 1, {{1, 0xff, 0xff, 0xff, NULL}}};
const struct fake_device DEVICE_BARCODE_HID = {
    0x0c2e, 0x0b61, NULL, "Honeywell", "Scanner", false, 1, {{1, 0x03, 0, 0, "usbhid"}}};
const struct fake_device DEVICE_BARCODE_SERIAL = {0x0c2e, 0x0b6a, "S1", "Honeywell", "Scanner", false, 2,
    {{1, 0x02, 2, 1, "cdc_acm"}, {1, 0x0a, 0, 0, "cdc_acm"}}};
const struct fake_device DEVICE_CAMERA = {0x046d, 0x0825, "C1", "Logitech", "Webcam C270", false, 2,
    {{1, 0x0e, 1, 0, "uvcvideo"}, {1, 0x0e, 2, 0, "uvcvideo"}}};
const struct fake_device DEVICE_HEADSET = {0x047f, 0xc025, "H1", "Plantronics", "C320-M", false, 3,
    {{1, 0x01, 1, 0, "snd-usb-audio"}, {1, 0x01, 2, 0, "snd-usb-audio"}, {1, 0x03, 0, 0, "usbhid"}}};
const struct fake_device DEVICE_VENDOR_READER = {
    0x0dc3, 0x0802, NULL, "Athena", "IDProtect Key", true, 1, {{1, 0xff, 0, 0, NULL}}};
const struct fake_device DEVICE_UNKNOWN_READER = {
    0x1234, 0x5678, NULL, "Nobody", "Reader", false, 1, {{1, 0x0b, 0, 0, NULL}}};
const struct fake_device DEVICE_SECOND_CONFIGURATION = {0x0525, 0xa4a5, "G1", "Gadget", "Two faces", false, 2,
    {{1, 0x03, 1, 1, "usbhid"}, {2, 0x08, 6, 0x50, "usb-storage"}}};
const struct fake_device DEVICE_TABLET = {0x056a, 0x0374, "W1", "Wacom", "Intuos S", false, 2,
    {{1, 0x03, 0, 0, "usbhid"}, {1, 0xff, 0, 0, "wacom_bulk"}}};
const struct fake_device DEVICE_NOTHING = {0x1d6b, 0x0104, NULL, NULL, NULL, false, 0, {{0}}};
