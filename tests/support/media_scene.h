/* The media module on a fake bus with a fake host: what a test of it begins with. */
#ifndef SEKISHO_TESTS_MEDIA_SCENE_H
#define SEKISHO_TESTS_MEDIA_SCENE_H

#include "fake_bus.h"
#include "fake_host.h"
#include "media/media.h"

struct scene {
    struct fake_bus *bus;
    struct fake_host host;
    struct media *media;
};

/* A bus and a host, no agent yet. */
void scene_open(struct scene *scene);
void scene_close(struct scene *scene);

/* The agent starts with this policy.json (NULL: the defaults), looks, and the bus settles. Stops: what it knew stays in run/. */
void scene_start(struct scene *scene, const char *policy);
void scene_stop(struct scene *scene);
void scene_policy(struct scene *scene, const char *policy);

/* The bus's own doing, then the agent's looks until nothing changes. */
void scene_plug(struct scene *scene, const char *name, const struct fake_device *device);
void scene_unplug(struct scene *scene, const char *name);
void scene_settle(struct scene *scene);

/* NULL when it is not present. */
const struct present *scene_present(const struct scene *scene, const char *name);
/* The policy this JSON makes; ends the test where it is refused. */
struct media_policy *scene_read_policy(const struct scene *scene, const char *text);

/* Devices of an office. */
extern const struct fake_device DEVICE_KEYBOARD, DEVICE_MOUSE, DEVICE_HUB, DEVICE_READER, DEVICE_STICK,
    DEVICE_STICK_OTHER, DEVICE_STICK_NAMELESS, DEVICE_UAS, DEVICE_PHONE, DEVICE_NETWORK, DEVICE_SERIAL,
    DEVICE_KEYBOARD_WITH_STORAGE, DEVICE_DISGUISED_DISK, DEVICE_PRINTER, DEVICE_SCANNER, DEVICE_BARCODE_HID,
    DEVICE_BARCODE_SERIAL, DEVICE_CAMERA, DEVICE_HEADSET, DEVICE_VENDOR_READER, DEVICE_UNKNOWN_READER,
    DEVICE_SECOND_CONFIGURATION, DEVICE_TABLET, DEVICE_NOTHING;

#endif
