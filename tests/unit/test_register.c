/* Registered media: found by VID, PID and serial, whole and exactly, however many there are. */
#include "media/register.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char USERS[] = "staff01\0staff02", GROUPS[] = "zone";

static struct medium medium_of(const char *serial)
{
    return (struct medium){.vendor = 0x46f4,
        .product = 1,
        .access = MEDIA_READ_WRITE,
        .not_after_ms = 77,
        .label = "情-0012",
        .serial = serial,
        .users = USERS,
        .groups = GROUPS,
        .users_size = sizeof(USERS),
        .groups_size = sizeof(GROUPS)};
}

static void test_register_gives_back_what_was_put_in(void **state)
{
    struct media_register reg = {0};
    struct medium in = medium_of("A1"), out;
    assert_false(media_register_find(&reg, 0x46f4, 1, "A1", &out));
    assert_int_equal(media_register_add(&reg, &in), 0);
    media_register_trim(&reg);
    assert_true(media_register_find(&reg, 0x46f4, 1, "A1", &out));
    assert_string_equal(out.label, "情-0012");
    assert_string_equal(out.serial, "A1");
    assert_int_equal(out.access, MEDIA_READ_WRITE);
    assert_int_equal(out.not_after_ms, 77);
    assert_int_equal(out.users_size, sizeof(USERS));
    assert_memory_equal(out.users, USERS, sizeof(USERS));
    assert_memory_equal(out.groups, GROUPS, sizeof(GROUPS));
    media_register_clear(&reg);
}

static void test_register_finds_no_other_unit(void **state)
{
    struct media_register reg = {0};
    struct medium in = medium_of("A1"), out;
    assert_int_equal(media_register_add(&reg, &in), 0);
    assert_false(media_register_find(&reg, 0x46f4, 2, "A1", &out));
    assert_false(media_register_find(&reg, 0x46f5, 1, "A1", &out));
    static const char *const others[] = {"", "A", "a1", "A1 ", "A11", "A1\n"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(media_register_find(&reg, 0x46f4, 1, others[i], &out));
    assert_int_equal(media_register_add(&reg, &in), -EEXIST);
    assert_int_equal(reg.count, 1);
    media_register_clear(&reg);
}

static void test_register_holds_a_hundred_thousand(void **state)
{
    struct media_register reg = {0};
    char serial[32];
    struct medium out;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(serial, sizeof(serial), "%08u", i);
        struct medium in = medium_of(serial);
        in.product = (uint16_t)i;
        assert_int_equal(media_register_add(&reg, &in), 0);
    }
    media_register_trim(&reg);
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(serial, sizeof(serial), "%08u", i);
        assert_true(media_register_find(&reg, 0x46f4, (uint16_t)i, serial, &out));
        assert_false(media_register_find(&reg, 0x46f4, (uint16_t)(i + 1), serial, &out));
    }
    assert_true(reg.arena_size + reg.slot_count * sizeof(uint32_t) < 12000000);
    media_register_clear(&reg);
}

/* The longest that a policy may say; and what is longer is no entry. */
static void test_register_takes_the_longest_and_refuses_longer(void **state)
{
    struct media_register reg = {0};
    char serial[MEDIA_SERIAL_MAX + 2], label[MEDIA_LABEL_MAX + 2];
    struct medium out, in = medium_of(serial);
    in.label = label;
    memset(serial, 's', sizeof(serial));
    memset(label, 'l', sizeof(label));
    serial[MEDIA_SERIAL_MAX] = label[MEDIA_LABEL_MAX] = '\0';
    assert_int_equal(media_register_add(&reg, &in), 0);
    assert_true(media_register_find(&reg, 0x46f4, 1, serial, &out));
    assert_string_equal(out.label, label);
    serial[MEDIA_SERIAL_MAX] = 's';
    serial[MEDIA_SERIAL_MAX + 1] = '\0';
    assert_int_equal(media_register_add(&reg, &in), -EINVAL);
    media_register_clear(&reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register_gives_back_what_was_put_in),
        cmocka_unit_test(test_register_finds_no_other_unit),
        cmocka_unit_test(test_register_holds_a_hundred_thousand),
        cmocka_unit_test(test_register_takes_the_longest_and_refuses_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
