/* What stays: the system's own disk, what was in use at installation, what only went to sleep; and what comes and goes. */
#include "../support/media_scene.h"

#include "media/own_disk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int open_scene(void **state)
{
    *state = calloc(1, sizeof(struct scene));
    scene_open(*state);
    return 0;
}

static int close_scene(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

/* A disk that somebody has opened before the agent came: with its block device and partition 2. */
static void attach_disk(struct scene *scene, const char *name, const char *disk)
{
    char interface[64], path[256], target[256];
    snprintf(interface, sizeof(interface), "%s:1.0", name);
    fake_bus_authorize(scene->bus, interface, true);
    fake_bus_write(scene->bus, "sys/bus/usb/drivers_probe", interface);
    fake_bus_settle(scene->bus);
    snprintf(target, sizeof(target), "../../%s/%s/host0/target0:0:0/0:0:0:0/block/%s/%s2",
        fake_bus_folder(scene->bus, name), interface, disk, disk);
    snprintf(path, sizeof(path), "sys/class/block/%s2", disk);
    fake_bus_link(scene->bus, path, target);
    fake_bus_link(scene->bus, "sys/dev/block/8:2", target);
}

/* --- own disk --------------------------------------------------------------------------------------------------------- */

struct own_row {
    const char *what, *mountinfo, *swaps;
    bool own;
};

static const struct own_row OWN[] = {
    {"root on the partition", "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n", "", true},
    {"/usr on it", "22 1 9:9 / / rw - ext4 /dev/vda1 rw\n30 22 8:2 / /usr ro - ext4 /dev/sda2 ro\n", "",
        true},
    {"/boot/efi on it", "22 1 9:9 / / rw - ext4 /dev/vda1 rw\n30 22 8:2 / /boot/efi rw - vfat /dev/sda2 rw\n",
        "", true},
    {"btrfs, whose number is no disk's", "22 1 0:27 /@ / rw shared:1 - btrfs /dev/sda2 rw,subvol=/@\n", "",
        true},
    {"root in LVM in LUKS on it", "22 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw\n", "", true},
    {"mapped, by its name alone", "22 1 0:30 / / rw - btrfs /dev/mapper/vg-root rw\n", "", true},
    {"swap on it", "22 1 9:9 / / rw - ext4 /dev/vda1 rw\n",
        "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2  partition\t1048572\t0\t-2\n", true},
    {"only mounted by a user",
        "22 1 9:9 / / rw - ext4 /dev/vda1 rw\n31 22 8:2 / /media/x rw - vfat /dev/sda2 rw\n",
        "Filename\tType\n", false},
    {"a folder that begins like /usr", "31 22 8:2 / /usr2 rw - vfat /dev/sda2 rw\n", "", false},
    {"lines that make no sense", "x\n\n - \n22 1 8:2\n", "\n\n", false},
};

static void test_media_knows_its_own_disk_by_mounts_and_swap(void **state)
{
    struct scene *scene = *state;
    fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    attach_disk(scene, "2-1", "sda");
    /* vg-root (dm-1) on the opened LUKS volume (dm-0) on sda2 */
    fake_bus_link(scene->bus, "sys/dev/block/253:1", "../../devices/virtual/block/dm-1");
    fake_bus_link(scene->bus, "sys/class/block/dm-1", "../../devices/virtual/block/dm-1");
    fake_bus_link(scene->bus, "sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
    fake_bus_write(scene->bus, "sys/devices/virtual/block/dm-1/dm/name", "vg-root\n");
    fake_bus_write(scene->bus, "sys/devices/virtual/block/dm-1/slaves/dm-0", "");
    fake_bus_write(scene->bus, "sys/devices/virtual/block/dm-0/slaves/sda2", "");
    int root = fake_bus_root(scene->bus), sys = fake_bus_sys(scene->bus);
    for (size_t i = 0; i < sizeof(OWN) / sizeof(OWN[0]); i++) {
        fake_bus_write(scene->bus, "root/proc/self/mountinfo", OWN[i].mountinfo);
        fake_bus_write(scene->bus, "root/proc/swaps", OWN[i].swaps);
        if (own_disk_is_on(root, sys, "2-1") != OWN[i].own)
            fail_msg("%s", OWN[i].what);
        assert_false(own_disk_is_on(root, sys, "2-2"));
        assert_false(own_disk_is_on(root, sys, "12-1"));
    }
    close(root);
    close(sys);
}

static void test_media_takes_no_neighbour_for_its_own_disk(void **state)
{
    struct scene *scene = *state;
    fake_bus_plug(scene->bus, "2-10", &DEVICE_STICK);
    attach_disk(scene, "2-10", "sda");
    fake_bus_write(scene->bus, "root/proc/self/mountinfo", OWN[0].mountinfo);
    int root = fake_bus_root(scene->bus), sys = fake_bus_sys(scene->bus);
    assert_true(own_disk_is_on(root, sys, "2-10"));
    assert_false(own_disk_is_on(root, sys, "2-1"));
    assert_false(own_disk_is_on(root, sys, "2-10.1"));
    close(root);
    close(sys);
}

static void test_media_ends_where_block_devices_stand_on_each_other_in_a_ring(void **state)
{
    struct scene *scene = *state;
    fake_bus_link(scene->bus, "sys/dev/block/253:0", "../../devices/virtual/block/dm-0");
    fake_bus_link(scene->bus, "sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
    fake_bus_write(scene->bus, "sys/devices/virtual/block/dm-0/slaves/dm-0", "");
    fake_bus_write(scene->bus, "root/proc/self/mountinfo", "22 1 253:0 / / rw - ext4 /dev/dm-0 rw\n");
    int root = fake_bus_root(scene->bus), sys = fake_bus_sys(scene->bus);
    assert_false(own_disk_is_on(root, sys, "2-1"));
    close(root);
    close(sys);
}

static void test_media_never_touches_its_own_disk_and_still_refuses_another(void **state)
{
    struct scene *scene = *state;
    fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    attach_disk(scene, "2-1", "sda");
    fake_bus_write(scene->bus, "root/proc/self/mountinfo", OWN[0].mountinfo);
    scene_start(scene, NULL);
    scene_plug(scene, "2-2", &DEVICE_STICK_OTHER);
    media_check(scene->media);
    scene_policy(scene, "{\"devices\":{\"input\":\"listed\"}}");
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usb-storage");
    assert_false(fake_bus_is_authorized(scene->bus, "2-2:1.0"));
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_KEPT, "2-1")->reason, "M-22");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_KEPT, NULL), 1);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-2"), 1);
    /* Not even while its mount cannot be seen. */
    fake_bus_write(scene->bus, "root/proc/self/mountinfo", "");
    media_check(scene->media);
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
}

/* --- in use at installation --------------------------------------------------------------------------------------------- */

static void test_media_keeps_what_was_in_use_at_installation_until_it_is_unplugged(void **state)
{
    struct scene *scene = *state;
    unsigned devnum = fake_bus_plug(scene->bus, "2-1", &DEVICE_NETWORK);
    fake_bus_authorize(scene->bus, "2-1:1.0", true);
    fake_bus_write(scene->bus, "sys/bus/usb/drivers_probe", "2-1:1.0");
    fake_bus_settle(scene->bus);
    char line[128];
    snprintf(line, sizeof(line), "9-9 1 a keyboard\n2-1 %u network adapter with the default route (enx0)\n",
        devnum);
    fake_bus_write(scene->bus, "root/run/sekisho/in-use", line);
    scene_start(scene, NULL);
    media_check(scene->media);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "asix");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_KEPT, "2-1")->reason, "M-21");

    /* Said once a boot: not again by an agent that starts later. */
    scene_stop(scene);
    scene_start(scene, NULL);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_KEPT, "2-1"), 1);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "asix");

    scene_unplug(scene, "2-1");
    scene_plug(scene, "2-1", &DEVICE_NETWORK);
    assert_false(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->reason, "M-07");
}

/* --- coming and going ------------------------------------------------------------------------------------------------- */

static void test_media_says_nothing_of_a_device_that_only_slept(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_STICK);
    unsigned before = scene->host.count;
    /* Resume: unbound and bound again, `authorized` as it was. */
    for (unsigned i = 0; i < 3; i++) {
        media_look(scene->media, "2-1");
        media_look(scene->media, "2-2");
        media_look_all(scene->media);
        media_check(scene->media);
    }
    assert_int_equal(scene->host.count, before);
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
}

static void test_media_judges_a_swapped_stick_anew(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    fake_bus_unplug(scene->bus, "2-1");
    fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    media_look_all(scene->media);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 1);
}

static void test_media_tells_two_units_apart_that_have_one_devnum(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    char path[256];
    snprintf(path, sizeof(path), "sys/%s/serial", fake_bus_folder(scene->bus, "2-1"));
    fake_bus_write(scene->bus, path, "B2\n");
    media_look(scene->media, "2-1");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->serial, "B2");
}

static void test_media_follows_a_kvm_switched_fifty_times(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    for (unsigned i = 0; i < 50; i++) {
        scene_plug(scene, "2-1", &DEVICE_HUB);
        scene_plug(scene, "2-1.1", &DEVICE_KEYBOARD);
        scene_plug(scene, "2-1.2", &DEVICE_MOUSE);
        assert_true(fake_bus_is_authorized(scene->bus, "2-1.1:1.0"));
        assert_true(fake_bus_is_authorized(scene->bus, "2-1.2:1.0"));
        /* The hub goes with all that hangs on it; its events come in any order. */
        fake_bus_unplug(scene->bus, "2-1.1");
        fake_bus_unplug(scene->bus, "2-1.2");
        fake_bus_unplug(scene->bus, "2-1");
        media_look(scene->media, "2-1");
        media_look(scene->media, "2-1.2");
        media_look(scene->media, "2-1.1");
        assert_int_equal(scene->media->inventory.count, 0);
    }
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_CONNECTED, NULL), 150);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, NULL), 150);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, NULL), 0);
}

static void test_media_survives_a_device_gone_in_the_middle(void **state)
{
    struct scene *scene = *state;
    static const char *const parts[] = {
        "devnum", "idVendor", "descriptors", "2-1:1.0/bInterfaceClass", "2-1:1.0/authorized", "2-1:1.0"};
    scene_start(scene, NULL);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        char path[256];
        fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
        snprintf(path, sizeof(path), "sys/%s/%s", fake_bus_folder(scene->bus, "2-1"), parts[i]);
        fake_bus_remove(scene->bus, path);
        media_look(scene->media, "2-1");
        scene_unplug(scene, "2-1");
        assert_int_equal(scene->media->inventory.count, 0);
    }
    fake_bus_write(scene->bus, "sys/bus/usb/devices/2-9", "no link");
    media_look(scene->media, "2-9");
    media_look(scene->media, "../../x");
    media_look(scene->media, "");
    media_look_all(scene->media);
    assert_int_equal(scene->media->inventory.count, 0);
}

static void test_media_refuses_twins_together_and_hears_when_one_goes(void **state)
{
    struct scene *scene = *state;
    scene_start(scene,
        "{\"media\":{\"registered\":[{\"label\":\"情-0012\",\"vendor_id\":\"46f4\",\"product_id\":"
        "\"0001\",\"serial\":\"A1\"}]}}");
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->reason, "M-05");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->label, "情-0012");
    scene_plug(scene, "2-2", &DEVICE_STICK);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-2")->reason, "M-04");
    assert_int_equal(scene_present(scene, "2-1")->decision.reason, REASON_NOT_DISTINGUISHABLE);
    scene_unplug(scene, "2-2");
    assert_int_equal(scene_present(scene, "2-1")->decision.reason, REASON_MEDIUM_NOT_MOUNTABLE);
}

/* 600 of a kind, and past the limit still refused and recorded; hubs and keyboards are not lost. */
static void test_media_refuses_what_it_has_no_place_to_follow(void **state)
{
    struct scene *scene = *state;
    static const struct fake_device stick = {
        0x090c, 0x1000, NULL, NULL, NULL, false, 1, {{1, 8, 6, 0x50, NULL}}};
    char name[32];
    scene_start(scene,
        "{\"devices\":{\"allow\":[{\"label\":\"x\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\","
        "\"interfaces\":[\"ff:ff:ff\"]}]}}");
    for (unsigned i = 0; i < INVENTORY_MAX; i++) {
        snprintf(name, sizeof(name), "%u-%u", 2 + i / 127, 1 + i % 127);
        fake_bus_plug(scene->bus, name, &stick);
        media_look(scene->media, name);
    }
    assert_int_equal(scene->media->inventory.count, INVENTORY_MAX);
    scene_plug(scene, "9-1", &DEVICE_SCANNER);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "9-1")->reason, "M-16");
    assert_false(fake_bus_is_authorized(scene->bus, "9-1:1.0"));
    scene_plug(scene, "9-2", &DEVICE_KEYBOARD);
    assert_true(fake_bus_is_authorized(scene->bus, "9-2:1.0"));
    /* One goes: there is a place again. */
    scene_unplug(scene, "2-1");
    media_look(scene->media, "9-1");
    scene_settle(scene);
    assert_true(fake_bus_is_authorized(scene->bus, "9-1:1.0"));
}

/* --- input ------------------------------------------------------------------------------------------------------------ */

static void test_media_tells_of_a_second_keyboard(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_MOUSE);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, NULL), 0);
    scene_plug(scene, "2-3", &DEVICE_KEYBOARD);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, "2-3"), 1);
    /* A refused one is none. */
    scene_plug(scene, "2-4", &DEVICE_KEYBOARD_WITH_STORAGE);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, NULL), 1);
}

/* It calls itself no boot keyboard, and the kernel has read its keys only after it was admitted. */
static void test_media_tells_of_a_second_keyboard_that_does_not_say_it_is_one(void **state)
{
    struct scene *scene = *state;
    char path[256];
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_BARCODE_HID);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, NULL), 0);
    snprintf(path, sizeof(path), "sys/%s/2-2:1.0/0003:0C2E:0B61.0002/input/input7/capabilities/key",
        fake_bus_folder(scene->bus, "2-2"));
    fake_bus_write(scene->bus, path, "3f000000000000 0 0 0\n");
    media_look(scene->media, "2-2");
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, NULL), 0);
    fake_bus_write(scene->bus, path, "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n");
    media_look(scene->media, "2-2");
    media_check(scene->media);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_SECOND_KEYBOARD, "2-2"), 1);
    assert_int_equal(scene->host.count, 3);
}

static void test_media_tells_of_input_that_came_while_no_agent_ran(void **state)
{
    struct scene *scene = *state;
    fake_bus_plug(scene->bus, "2-1", &DEVICE_KEYBOARD);
    scene_start(scene, NULL);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_UNATTENDED, NULL), 0);
    assert_true(fake_host_last(&scene->host, EVENT_DEVICE_CONNECTED, "2-1")->while_absent);
    scene_stop(scene);
    scene->host.host.was_running = true;
    fake_bus_plug(scene->bus, "2-2", &DEVICE_MOUSE);
    fake_bus_plug(scene->bus, "2-3", &DEVICE_STICK);
    scene_start(scene, NULL);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_UNATTENDED, "2-2"), 1);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_UNATTENDED, NULL), 1);
    assert_true(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-3")->while_absent);
    scene_plug(scene, "2-4", &DEVICE_MOUSE);
    assert_int_equal(fake_host_count(&scene->host, EVENT_INPUT_UNATTENDED, NULL), 1);
    assert_false(fake_host_last(&scene->host, EVENT_DEVICE_CONNECTED, "2-4")->while_absent);
}

/* udev has not looked at it yet: whether it is a listed reader is not known, so nothing is said or done until it has. */
static enum monitor_reader not_yet(void *context, const char *name)
{
    return MONITOR_READER_UNKNOWN;
}

static void test_media_waits_for_udev_to_know_a_reader(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    const struct media_marks marks = scene->media->marks;
    scene->media->marks.reader = not_yet;
    scene_plug(scene, "2-1", &DEVICE_READER);
    scene_plug(scene, "2-2", &DEVICE_STICK);
    assert_null(scene_present(scene, "2-1"));
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-2"), 1);
    scene->media->marks = marks;
    media_look(scene->media, "2-1");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_CONNECTED, "2-1")->reason, "M-02");
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_media_knows_its_own_disk_by_mounts_and_swap),
        SCENE_TEST(test_media_takes_no_neighbour_for_its_own_disk),
        SCENE_TEST(test_media_ends_where_block_devices_stand_on_each_other_in_a_ring),
        SCENE_TEST(test_media_never_touches_its_own_disk_and_still_refuses_another),
        SCENE_TEST(test_media_keeps_what_was_in_use_at_installation_until_it_is_unplugged),
        SCENE_TEST(test_media_says_nothing_of_a_device_that_only_slept),
        SCENE_TEST(test_media_judges_a_swapped_stick_anew),
        SCENE_TEST(test_media_tells_two_units_apart_that_have_one_devnum),
        SCENE_TEST(test_media_follows_a_kvm_switched_fifty_times),
        SCENE_TEST(test_media_survives_a_device_gone_in_the_middle),
        SCENE_TEST(test_media_refuses_twins_together_and_hears_when_one_goes),
        SCENE_TEST(test_media_refuses_what_it_has_no_place_to_follow),
        SCENE_TEST(test_media_tells_of_a_second_keyboard),
        SCENE_TEST(test_media_tells_of_a_second_keyboard_that_does_not_say_it_is_one),
        SCENE_TEST(test_media_tells_of_input_that_came_while_no_agent_ran),
        SCENE_TEST(test_media_waits_for_udev_to_know_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
