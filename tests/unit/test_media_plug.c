/* What becomes of a device that is plugged in: the office's own, and an enemy's. */
#include "../support/media_scene.h"

#include "media/enforce.h"
#include "record/reason.h"

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

/* --- shapes ----------------------------------------------------------------------------------------------------------- */

struct shape_row {
    const struct fake_device *device;
    enum verdict verdict;
    const char *code;
    const char *open; /* a digit for each interface: may it be used? */
    enum event_kind kind;
};

static const struct shape_row SHAPES[] = {
    {&DEVICE_KEYBOARD, VERDICT_SHAPE, "M-01", "1", EVENT_DEVICE_CONNECTED},
    {&DEVICE_MOUSE, VERDICT_SHAPE, "M-01", "1", EVENT_DEVICE_CONNECTED},
    {&DEVICE_HUB, VERDICT_SHAPE, "M-01", "11", EVENT_DEVICE_CONNECTED},
    {&DEVICE_BARCODE_HID, VERDICT_SHAPE, "M-01", "1", EVENT_DEVICE_CONNECTED},
    {&DEVICE_TABLET, VERDICT_SHAPE, "M-01", "10", EVENT_DEVICE_CONNECTED},
    {&DEVICE_READER, VERDICT_SHAPE, "M-02", "1", EVENT_DEVICE_CONNECTED},
    {&DEVICE_VENDOR_READER, VERDICT_SHAPE, "M-02", "1", EVENT_DEVICE_CONNECTED},
    {&DEVICE_UNKNOWN_READER, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_STICK, VERDICT_REFUSED, "M-03", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_STICK_NAMELESS, VERDICT_REFUSED, "M-04", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_UAS, VERDICT_REFUSED, "M-03", "00", EVENT_DEVICE_REFUSED},
    {&DEVICE_PHONE, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_NETWORK, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_SERIAL, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_PRINTER, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_SCANNER, VERDICT_REFUSED, "M-07", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_BARCODE_SERIAL, VERDICT_REFUSED, "M-07", "00", EVENT_DEVICE_REFUSED},
    {&DEVICE_CAMERA, VERDICT_REFUSED, "M-07", "00", EVENT_DEVICE_REFUSED},
    {&DEVICE_HEADSET, VERDICT_REFUSED, "M-08", "000", EVENT_DEVICE_REFUSED},
    {&DEVICE_KEYBOARD_WITH_STORAGE, VERDICT_REFUSED, "M-08", "00", EVENT_DEVICE_REFUSED},
    {&DEVICE_SECOND_CONFIGURATION, VERDICT_REFUSED, "M-08", "0", EVENT_DEVICE_REFUSED},
    {&DEVICE_NOTHING, VERDICT_REFUSED, "M-15", "", EVENT_DEVICE_REFUSED},
};

static void require_open(const struct scene *scene, const char *name, const char *open)
{
    for (unsigned i = 0; open[i]; i++) {
        char interface[64];
        snprintf(interface, sizeof(interface), "%s:1.%u", name, i);
        if (fake_bus_is_authorized(scene->bus, interface) != (open[i] == '1'))
            fail_msg("%s is %s", interface, open[i] == '1' ? "closed" : "open");
        if (open[i] == '0')
            assert_string_equal(fake_bus_driver(scene->bus, interface), "");
    }
}

static void test_media_decides_each_office_device_by_its_shape(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    for (size_t i = 0; i < sizeof(SHAPES) / sizeof(SHAPES[0]); i++) {
        const struct shape_row *row = &SHAPES[i];
        scene_plug(scene, "2-1", row->device);
        const struct present *present = scene_present(scene, "2-1");
        assert_non_null(present);
        if (present->decision.verdict != row->verdict)
            fail_msg("%04x:%04x: verdict %s", row->device->vendor, row->device->product,
                verdict_name(present->decision.verdict));
        const struct fake_event *event = fake_host_last(&scene->host, row->kind, "2-1");
        assert_non_null(event);
        assert_string_equal(event->reason, row->code);
        assert_int_equal(scene->host.count, 1);
        require_open(scene, "2-1", row->open);
        scene_unplug(scene, "2-1");
        assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
        fake_host_forget(&scene->host);
    }
}

static void test_media_refuses_stick_behind_hub(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_HUB);
    scene_plug(scene, "2-1.4", &DEVICE_HUB);
    scene_plug(scene, "2-1.4.2", &DEVICE_STICK);
    require_open(scene, "2-1.4.2", "0");
    assert_non_null(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1.4.2"));
    require_open(scene, "2-1", "11");
    require_open(scene, "2-1.4", "11");
}

static void test_media_refuses_storage_of_a_second_configuration_when_it_is_chosen(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_SECOND_CONFIGURATION);
    fake_bus_configure(scene->bus, "2-1", 2);
    media_look(scene->media, "2-1");
    scene_settle(scene);
    assert_false(fake_bus_is_authorized(scene->bus, "2-1:2.0"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:2.0"), "");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 1);
}

/* kernel-facts 16: the rules' bind fails, the interface stays open for a moment, and usb-storage takes it by its id. */
static void test_media_takes_back_a_disk_that_calls_itself_a_keyboard(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_DISGUISED_DISK);
    fake_bus_authorize(scene->bus, "2-1:1.0", true);
    fake_bus_write(scene->bus, "sys/bus/usb/drivers_probe", "2-1:1.0");
    fake_bus_settle(scene->bus);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usb-storage");
    media_look(scene->media, "2-1");
    scene_settle(scene);
    require_open(scene, "2-1", "0");
    const struct fake_event *event = fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1");
    assert_non_null(event);
    assert_string_equal(event->reason, "M-10");
    /* It stays refused until it is unplugged, whatever is bound later. */
    media_check(scene->media);
    assert_int_equal(scene_present(scene, "2-1")->decision.verdict, VERDICT_REFUSED);
}

/* --- somebody else's hand --------------------------------------------------------------------------------------------- */

static void test_media_closes_again_what_somebody_else_opened(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    fake_bus_authorize(scene->bus, "2-1:1.0", true);
    fake_bus_write(scene->bus, "sys/bus/usb/drivers_probe", "2-1:1.0");
    fake_bus_settle(scene->bus);
    media_look(scene->media, "2-1");
    scene_settle(scene);
    require_open(scene, "2-1", "0");
    const struct fake_event *event = fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1");
    assert_non_null(event);
    assert_string_equal(event->reason, "M-03");
}

static void test_media_closes_a_vendor_interface_beside_input_and_keeps_the_input(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_TABLET);
    fake_bus_authorize(scene->bus, "2-1:1.1", true);
    fake_bus_write(scene->bus, "sys/bus/usb/drivers_probe", "2-1:1.1");
    fake_bus_settle(scene->bus);
    media_look(scene->media, "2-1");
    scene_settle(scene);
    require_open(scene, "2-1", "10");
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usbhid");
    const struct fake_event *event = fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1");
    assert_non_null(event);
    assert_string_equal(event->reason, "M-18");
    assert_int_equal(scene_present(scene, "2-1")->decision.verdict, VERDICT_SHAPE);
}

/* --- order ------------------------------------------------------------------------------------------------------------ */

struct witness {
    const struct fake_bus *bus;
    enum event_kind kind;
    unsigned calls;
    bool was_open;
};

static void watch(void *context, const struct event *event)
{
    struct witness *witness = context;
    if (event->kind != witness->kind)
        return;
    witness->calls++;
    witness->was_open = fake_bus_is_authorized(witness->bus, "2-1:1.0");
}

static const char LISTED[] =
    "{\"devices\":{\"allow\":[{\"label\":\"scanner\",\"vendor_id\":\"04c5\",\"product_id\":"
    "\"132e\",\"interfaces\":[\"ff:ff:ff\"]}]}}";

static void test_media_closes_before_it_records(void **state)
{
    struct scene *scene = *state;
    struct witness witness = {.bus = scene->bus, .kind = EVENT_DEVICE_TAKEN_BACK};
    scene_start(scene, LISTED);
    scene_plug(scene, "2-1", &DEVICE_SCANNER);
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
    scene->host.on_record = watch;
    scene->host.context = &witness;
    scene_policy(scene, NULL);
    assert_int_equal(witness.calls, 1);
    assert_false(witness.was_open);
}

static void test_media_records_before_it_opens(void **state)
{
    struct scene *scene = *state;
    struct witness witness = {.bus = scene->bus, .kind = EVENT_DEVICE_ALLOWED};
    scene->host.on_record = watch;
    scene->host.context = &witness;
    scene_start(scene, LISTED);
    scene_plug(scene, "2-1", &DEVICE_SCANNER);
    assert_int_equal(witness.calls, 1);
    assert_false(witness.was_open);
    assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_ALLOWED, "2-1")->label, "scanner");
}

static void test_media_leaves_closed_what_it_cannot_record(void **state)
{
    struct scene *scene = *state;
    scene->host.record_error = -ENOSPC;
    scene_start(scene, LISTED);
    scene_plug(scene, "2-1", &DEVICE_SCANNER);
    require_open(scene, "2-1", "0");
    struct decision shown = enforce_shown(scene_present(scene, "2-1"));
    assert_int_equal(shown.verdict, VERDICT_REFUSED);
    assert_string_equal(reason_row(shown.reason)->code, "M-17");
    media_check(scene->media);
    require_open(scene, "2-1", "0");

    /* The disk has room again: with the next heartbeat it is recorded, and then opened. */
    scene->host.record_error = 0;
    media_check(scene->media);
    scene_settle(scene);
    require_open(scene, "2-1", "1");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_ALLOWED, "2-1"), 1);
}

static void test_media_refuses_though_it_cannot_record(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, LISTED);
    scene_plug(scene, "2-1", &DEVICE_SCANNER);
    scene->host.record_error = -EIO;
    scene_policy(scene, NULL);
    require_open(scene, "2-1", "0");
    scene->host.record_error = 0;
    media_check(scene->media);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1"), 1);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 0);
}

/* A keyboard works before it is recorded, and without: the rules have opened it. */
static void test_media_never_closes_a_keyboard_because_it_cannot_record(void **state)
{
    struct scene *scene = *state;
    scene->host.record_error = -ENOSPC;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    media_check(scene->media);
    require_open(scene, "2-1", "1");
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usbhid");
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_media_decides_each_office_device_by_its_shape),
        SCENE_TEST(test_media_refuses_stick_behind_hub),
        SCENE_TEST(test_media_refuses_storage_of_a_second_configuration_when_it_is_chosen),
        SCENE_TEST(test_media_takes_back_a_disk_that_calls_itself_a_keyboard),
        SCENE_TEST(test_media_closes_again_what_somebody_else_opened),
        SCENE_TEST(test_media_closes_a_vendor_interface_beside_input_and_keeps_the_input),
        SCENE_TEST(test_media_closes_before_it_records),
        SCENE_TEST(test_media_records_before_it_opens),
        SCENE_TEST(test_media_leaves_closed_what_it_cannot_record),
        SCENE_TEST(test_media_refuses_though_it_cannot_record),
        SCENE_TEST(test_media_never_closes_a_keyboard_because_it_cannot_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
