/* Facts of a device, from a folder like sysfs: any bytes a device may say, and folders that make no sense. */
#include "../support/fake_bus.h"
#include "../support/media_scene.h"

#include "media/facts.h"
#include "media/keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int open_bus(void **state)
{
    *state = fake_bus_create();
    return 0;
}

static int close_bus(void **state)
{
    fake_bus_destroy(*state);
    return 0;
}

static int read_facts(const struct fake_bus *bus, const char *name, struct facts *ret_facts)
{
    int sys = fake_bus_sys(bus), device = -1;
    char port[FACTS_PORT_MAX];
    int r = facts_open(sys, name, &device, port);
    if (r == 0)
        r = facts_read(device, name, port, ret_facts);
    if (device >= 0)
        close(device);
    close(sys);
    return r;
}

static void test_facts_know_names_of_devices_that_plug(void **state)
{
    static const char *const good[] = {"1-1", "2-1.3", "12-4.1.2.3.4.7"};
    static const char *const bad[] = {
        "", "usb2", "2-1:1.0", "1", "../1-1", "1-1/..", "a-1", "-1", "1-1a", "1-1.1.1.1.1.1.1.1.1.1.1.1.1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(facts_is_device_name(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(facts_is_device_name(bad[i]));
}

static void test_facts_are_all_that_the_kernel_shows(void **state)
{
    struct fake_bus *bus = *state;
    struct facts facts = {0};
    unsigned devnum = fake_bus_plug(bus, "2-1", &DEVICE_HUB);
    assert_int_equal(fake_bus_plug(bus, "2-1.3", &DEVICE_KEYBOARD_WITH_STORAGE), devnum + 1);
    assert_int_equal(read_facts(bus, "2-1.3", &facts), 0);
    assert_string_equal(facts.name, "2-1.3");
    assert_string_equal(facts.port, "0000:00:14.0/1.3");
    assert_int_equal(facts.devnum, devnum + 1);
    assert_int_equal(facts.vendor, 0x16c0);
    assert_int_equal(facts.product, 0x27db);
    assert_string_equal(facts.serial, "T1");
    assert_string_equal(facts.manufacturer, "Teensyduino");
    assert_string_equal(facts.product_name, "Keyboard");
    assert_int_equal(facts.descriptors.count, 2);
    assert_int_equal(facts.bound_count, 2);
    assert_true(facts.bound[0].has_gate && !facts.bound[0].authorized);
    assert_true(facts_has_keyboard(&facts) && facts_has_class(&facts, USB_CLASS_STORAGE));
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_int_equal(facts.bound_count, 2); /* not the folder 2-1.3 */
    assert_string_equal(facts.bound[0].driver, "hub");
    assert_true(facts.bound[0].authorized);
    assert_false(facts_has_keyboard(&facts));
}

static void test_facts_take_a_serial_whole(void **state)
{
    struct fake_bus *bus = *state;
    struct facts facts = {0};
    char path[256], longest[FACTS_TEXT_MAX + 8];
    fake_bus_plug(bus, "2-1", &DEVICE_STICK);
    snprintf(path, sizeof(path), "sys/%s/serial", fake_bus_folder(bus, "2-1"));
    fake_bus_write(bus, path, "A1\nx\n\n");
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_string_equal(facts.serial, "A1\nx\n");
    fake_bus_write(bus, path, "\xff\xfe\x01\n");
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_string_equal(facts.serial, "\xff\xfe\x01");
    /* 378 bytes are the most that a device can say; what is longer is nonsense, never cut to another's. */
    memset(longest, 'a', sizeof(longest));
    strcpy(longest + 378, "\n");
    fake_bus_write(bus, path, longest);
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_int_equal(strlen(facts.serial), 378);
    assert_false(facts.descriptors.malformed);
    memset(longest, 'a', sizeof(longest));
    strcpy(longest + FACTS_TEXT_MAX, "\n");
    fake_bus_write(bus, path, longest);
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_true(facts.descriptors.malformed);
}

struct nonsense_row {
    const char *attribute, *text;
};

static void test_facts_mark_nonsense_for_the_decision_to_refuse(void **state)
{
    static const struct nonsense_row rows[] = {{"idVendor", "46f\n"}, {"idVendor", "\n"},
        {"idProduct", "zzzz\n"}, {"devnum", "-1\n"}, {"devnum", "99999\n"}, {"descriptors", ""},
        {"descriptors", "x"}};
    struct fake_bus *bus = *state;
    struct facts facts = {0};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[256];
        fake_bus_plug(bus, "2-1", &DEVICE_STICK);
        snprintf(path, sizeof(path), "sys/%s/%s", fake_bus_folder(bus, "2-1"), rows[i].attribute);
        fake_bus_write(bus, path, rows[i].text);
        assert_int_equal(read_facts(bus, "2-1", &facts), 0);
        if (!facts.descriptors.malformed)
            fail_msg("%s %s", rows[i].attribute, rows[i].text);
        fake_bus_unplug(bus, "2-1");
    }
}

static void test_facts_of_a_device_that_has_gone_are_none(void **state)
{
    struct fake_bus *bus = *state;
    int sys = fake_bus_sys(bus), device = -1;
    char port[FACTS_PORT_MAX];
    struct facts facts = {0};
    fake_bus_plug(bus, "2-1", &DEVICE_STICK);
    assert_int_equal(facts_open(sys, "2-1", &device, port), 0);
    /* Another takes its place: the open folder is a dead one, never the other's. */
    fake_bus_unplug(bus, "2-1");
    fake_bus_plug(bus, "2-1", &DEVICE_KEYBOARD);
    assert_int_equal(facts_read(device, "2-1", port, &facts), -ENOENT);
    close(device);
    close(sys);
    assert_int_equal(read_facts(bus, "2-2", &facts), -ENOENT);
    assert_int_equal(read_facts(bus, "usb2", &facts), -EINVAL);
}

static void test_facts_refuse_more_interfaces_than_a_device_can_have(void **state)
{
    struct fake_bus *bus = *state;
    struct facts facts = {0};
    fake_bus_plug(bus, "2-1", &DEVICE_STICK);
    for (unsigned i = 1; i <= FACTS_BOUND_MAX; i++) {
        static const char *const attributes[] = {
            "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"};
        for (size_t k = 0; k < 3; k++) {
            char path[256];
            snprintf(path, sizeof(path), "sys/%s/2-1:1.%u/%s", fake_bus_folder(bus, "2-1"), i, attributes[k]);
            fake_bus_write(bus, path, "03\n");
        }
    }
    assert_int_equal(read_facts(bus, "2-1", &facts), 0);
    assert_true(facts.descriptors.malformed);
    assert_int_equal(facts.bound_count, FACTS_BOUND_MAX);
}

static void test_keys_are_letters_only_where_all_of_them_are_there(void **state)
{
    static const char *const keyboards[] = {"fffffffffffffffe",
        "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe", "0 7f07fc3ff0000"};
    static const char *const others[] = {"", "0", "1f0000 0 0 0 0", "7f07fc3ff0000 0", "7f07fc3ff0000 x",
        "7f07fc3fe0000", "3f07fc3ff0000", "7f07fc1ff0000", "7f03fc3ff0000"};
    for (size_t i = 0; i < sizeof(keyboards) / sizeof(keyboards[0]); i++)
        assert_true(keys_have_letters(keyboards[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(keys_have_letters(others[i]));
}

int main(void)
{
#define BUS_TEST(test) cmocka_unit_test_setup_teardown(test, open_bus, close_bus)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts_know_names_of_devices_that_plug),
        cmocka_unit_test(test_keys_are_letters_only_where_all_of_them_are_there),
        BUS_TEST(test_facts_are_all_that_the_kernel_shows),
        BUS_TEST(test_facts_take_a_serial_whole),
        BUS_TEST(test_facts_mark_nonsense_for_the_decision_to_refuse),
        BUS_TEST(test_facts_of_a_device_that_has_gone_are_none),
        BUS_TEST(test_facts_refuse_more_interfaces_than_a_device_can_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
