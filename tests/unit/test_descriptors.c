/* What a device says it is: descriptors read as the kernel reads them (USB 2.0, 9.6). */
#include "media/descriptors.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEVICE           18, 1, 0, 2, 0, 0, 0, 64, 0xf4, 0x46, 1, 0, 0, 1, 1, 2, 3, 1
#define CONFIGURATION(n) 9, 2, 0xff, 0xff, 1, n, 0, 0x80, 50
#define INTERFACE(number, alternate, class, subclass, protocol)                                              \
    9, 4, number, alternate, 1, class, subclass, protocol, 0
#define ENDPOINT 7, 5, 0x81, 2, 0, 2, 0
#define HID      9, 0x21, 0x11, 1, 0, 1, 0x22, 63, 0

struct row {
    const char *what;
    const char *shown; /* "configuration.number class:subclass:protocol", one after the other */
    bool malformed, short_one;
    size_t size;
    uint8_t bytes[128];
};

#define BYTES(...)                                                                                           \
    sizeof((uint8_t[]){__VA_ARGS__}),                                                                        \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static const struct row ROWS[] = {
    {"device alone", "", false, false, BYTES(DEVICE)},
    {"a stick", "0.0 08:06:50;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 8, 6, 0x50), ENDPOINT, ENDPOINT)},
    {"keyboard with its HID descriptor", "0.0 03:01:01;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), HID, ENDPOINT)},
    {"two configurations", "0.0 03:01:01;1.0 08:06:50;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), ENDPOINT, CONFIGURATION(2),
            INTERFACE(0, 0, 8, 6, 0x50), ENDPOINT)},
    {"the same kind in two configurations counts twice", "0.0 03:01:01;1.0 03:01:01;", false, false,
        BYTES(
            DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), CONFIGURATION(2), INTERFACE(0, 0, 3, 1, 1))},
    {"alternate settings of one kind are one", "0.1 01:02:00;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(1, 0, 1, 2, 0), INTERFACE(1, 1, 1, 2, 0), ENDPOINT)},
    {"an alternate setting of another kind is shown too", "0.0 03:00:00;0.0 08:06:62;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 0, 0), INTERFACE(0, 1, 8, 6, 0x62))},
    {"behind a descriptor of length 2, which stops udev", "0.0 03:01:01;0.1 08:06:50;", false, true,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), 2, 0xff, INTERFACE(1, 0, 8, 6, 0x50))},
    {"behind one of length 0, where the kernel stops too", "0.0 03:01:01;", true, false,
        BYTES(DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1), 0, 0xff, INTERFACE(1, 0, 8, 6, 0x50))},
    {"of length 1", "", true, false, BYTES(DEVICE, 1, 2, 3)},
    {"cut in the middle", "", true, false, BYTES(DEVICE, CONFIGURATION(1), 9, 4, 0, 0)},
    {"one byte left", "", true, false, BYTES(DEVICE, 9)},
    {"too short for an interface: the kernel ignores it", "", false, false,
        BYTES(DEVICE, CONFIGURATION(1), 8, 4, 0, 0, 1, 8, 6, 0x50)},
    {"longer than an interface: the kernel takes it", "0.0 08:06:50;", false, false,
        BYTES(DEVICE, CONFIGURATION(1), 10, 4, 0, 0, 1, 8, 6, 0x50, 0, 99)},
};

static void show(const struct descriptors *descriptors, char *text, size_t capacity)
{
    size_t at = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < descriptors->count; i++) {
        const struct usb_interface *interface = &descriptors->interfaces[i];
        char kind[USB_CLASS_TEXT];
        usb_class_format(interface->kind, kind);
        at += (size_t)snprintf(
            text + at, capacity - at, "%u.%u %s;", interface->configuration, interface->number, kind);
    }
}

static void test_descriptors_are_read_as_the_kernel_reads_them(void **state)
{
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct descriptors found;
        char text[1024];
        assert_int_equal(descriptors_parse(ROWS[i].bytes, ROWS[i].size, &found), 0);
        show(&found, text, sizeof(text));
        if (strcmp(text, ROWS[i].shown) != 0 || found.malformed != ROWS[i].malformed ||
            found.short_one != ROWS[i].short_one)
            fail_msg("%s: %s%s%s", ROWS[i].what, text, found.malformed ? " malformed" : "",
                found.short_one ? " short" : "");
    }
}

static void test_descriptors_without_a_device_are_none(void **state)
{
    static const uint8_t device[] = {DEVICE},
                         other[] = {18, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct descriptors found = {.count = 77};
    for (size_t size = 0; size < sizeof(device); size++)
        assert_int_equal(descriptors_parse(device, size, &found), -EBADMSG);
    assert_int_equal(descriptors_parse(other, sizeof(other), &found), -EBADMSG);
    assert_int_equal(found.count, 77);
}

/* 255 interfaces: what is kept is not all, and that is said. */
static void test_descriptors_past_the_limit_are_malformed(void **state)
{
    static const uint8_t head[] = {DEVICE, CONFIGURATION(1)};
    uint8_t bytes[sizeof(head) + 255 * 9];
    struct descriptors found;
    memcpy(bytes, head, sizeof(head));
    for (unsigned i = 0; i < 255; i++) {
        const uint8_t interface[] = {INTERFACE((uint8_t)i, 0, 3, 0, 0)};
        memcpy(bytes + sizeof(head) + 9 * (size_t)i, interface, 9);
        assert_int_equal(descriptors_parse(bytes, sizeof(head) + 9 * ((size_t)i + 1), &found), 0);
        assert_int_equal(found.malformed, i >= DESCRIPTORS_INTERFACES);
    }
    assert_int_equal(found.count, DESCRIPTORS_INTERFACES);
}

/* The attribute ends at 18 + 65,535 bytes: a first configuration that fills it hides the second. */
static void test_descriptors_that_fill_the_attribute_may_have_been_cut(void **state)
{
    static const uint8_t head[] = {DEVICE, CONFIGURATION(1), INTERFACE(0, 0, 3, 1, 1)};
    size_t size = 18 + 65535;
    uint8_t *bytes = malloc(size);
    struct descriptors found;
    memcpy(bytes, head, sizeof(head));
    size_t at = sizeof(head);
    while (at + 1 < size) {
        size_t left = size - at, length = left > 256 ? 255 : left > 255 ? 128 : left;
        bytes[at] = (uint8_t)length;
        bytes[at + 1] = 0x24;
        at += length;
    }
    assert_int_equal(at, size);
    assert_int_equal(descriptors_parse(bytes, size, &found), 0);
    assert_true(found.malformed);
    assert_int_equal(found.count, 1);
    free(bytes);
}

static void test_usb_class_is_read_as_it_is_written(void **state)
{
    static const char *const bad[] = {"", "08", "08:06", "08:06:5", "08:06:500", "08-06-50", "0g:06:50",
        " 8:06:50", "08:06:50 ", "+8:06:50"};
    char text[USB_CLASS_TEXT];
    struct usb_class kind;
    assert_int_equal(usb_class_parse("FF:0a:b1", &kind), 0);
    usb_class_format(kind, text);
    assert_string_equal(text, "ff:0a:b1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(usb_class_parse(bad[i], &kind), -EINVAL);
    const struct usb_class audio = {1, 9, 9}, modem = {2, 0, 0};
    assert_true(usb_class_compare(audio, modem) < 0);
    assert_true(usb_class_compare(modem, audio) > 0);
    assert_int_equal(usb_class_compare(audio, audio), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_are_read_as_the_kernel_reads_them),
        cmocka_unit_test(test_descriptors_without_a_device_are_none),
        cmocka_unit_test(test_descriptors_past_the_limit_are_malformed),
        cmocka_unit_test(test_descriptors_that_fill_the_attribute_may_have_been_cut),
        cmocka_unit_test(test_usb_class_is_read_as_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
