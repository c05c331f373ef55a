/* devices.allow: the exact interfaces, whatever their order; the nearest entry is named. */
#include "media/allow.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct facts facts_of(uint16_t product, const char *serial, const char *port, unsigned count)
{
    static const struct usb_class kinds[] = {{8, 6, 80}, {3, 1, 1}, {3, 1, 1}, {1, 1, 0}};
    struct facts facts = {.vendor = 1, .product = product};
    snprintf(facts.serial, sizeof(facts.serial), "%s", serial);
    snprintf(facts.port, sizeof(facts.port), "%s", port);
    facts.descriptors.count = count;
    for (unsigned i = 0; i < count; i++)
        facts.descriptors.interfaces[i].kind = kinds[i];
    return facts;
}

static enum allow_match find(const struct allow_list *list, const struct facts *facts, const char **ret_label)
{
    const struct allow_entry *entry;
    enum allow_match match = allow_list_find(list, facts, 1000, &entry);
    *ret_label = entry ? entry->label : "";
    return match;
}

static void test_allow_names_the_nearest_entry(void **state)
{
    const struct allow_entry entries[] = {
        {.label = "other", .vendor = 1, .product = 2, .interface_count = 1, .interfaces = {{8, 6, 80}}},
        {.label = "three",
            .vendor = 1,
            .product = 1,
            .interface_count = 3,
            .interfaces = {{3, 1, 1}, {8, 6, 80}, {3, 1, 1}}},
        {.label = "here",
            .vendor = 1,
            .product = 1,
            .port = "c/1",
            .interface_count = 2,
            .interfaces = {{3, 1, 1}, {8, 6, 80}}},
        {.label = "ended",
            .vendor = 1,
            .product = 1,
            .port = "c/2",
            .not_after_ms = 999,
            .interface_count = 2,
            .interfaces = {{8, 6, 80}, {3, 1, 1}}},
        {.label = "unit",
            .vendor = 1,
            .product = 1,
            .serial = "S",
            .interface_count = 2,
            .interfaces = {{8, 6, 80}, {3, 1, 1}}},
        {.label = "first", .vendor = 0, .product = 9, .interface_count = 1, .interfaces = {{8, 6, 80}}},
        {.label = "last", .vendor = 9, .product = 0, .interface_count = 1, .interfaces = {{8, 6, 80}}},
    };
    static const struct {
        uint16_t product;
        const char *serial, *port;
        unsigned count;
        enum allow_match match;
        const char *label;
    } rows[] = {
        {1, "", "c/1", 2, ALLOW_MATCH, "here"},
        {1, "S", "c/9", 2, ALLOW_MATCH, "unit"},
        {1, "", "c/2", 2, ALLOW_ENDED, "ended"},
        {1, "", "c/3", 2, ALLOW_OTHER_PORT, NULL},
        {1, "T", "c/3", 1, ALLOW_OTHER_INTERFACES, NULL},
        {1, "", "c/1", 3, ALLOW_MATCH, "three"},
        {1, "", "c/1", 4, ALLOW_OTHER_INTERFACES, NULL},
        {2, "", "c/1", 1, ALLOW_MATCH, "other"},
        {3, "", "c/1", 1, ALLOW_UNKNOWN, ""},
    };
    struct allow_list list = {0};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        assert_int_equal(allow_list_add(&list, &entries[i]), 0);
    allow_list_finish(&list);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct facts facts = facts_of(rows[i].product, rows[i].serial, rows[i].port, rows[i].count);
        const char *label;
        if (find(&list, &facts, &label) != rows[i].match ||
            (rows[i].label && strcmp(label, rows[i].label) != 0))
            fail_msg("row %zu: %s", i, label);
    }
    allow_list_clear(&list);
}

static void test_allow_takes_no_entry_twice_and_has_a_limit(void **state)
{
    struct allow_list list = {0};
    struct allow_entry entry = {
        .label = "a", .vendor = 1, .product = 1, .interface_count = 2, .interfaces = {{1, 0, 0}, {2, 0, 0}}};
    assert_int_equal(allow_list_add(&list, &entry), 0);
    const struct allow_entry turned = {
        .label = "b", .vendor = 1, .product = 1, .interface_count = 2, .interfaces = {{2, 0, 0}, {1, 0, 0}}};
    assert_int_equal(allow_list_add(&list, &turned), -EEXIST);
    strcpy(entry.serial, "S");
    assert_int_equal(allow_list_add(&list, &entry), 0);
    strcpy(entry.port, "c/1");
    assert_int_equal(allow_list_add(&list, &entry), 0);
    while (list.count < ALLOW_MAX) {
        snprintf(entry.serial, sizeof(entry.serial), "%zu", list.count);
        assert_int_equal(allow_list_add(&list, &entry), 0);
    }
    strcpy(entry.serial, "one more");
    assert_int_equal(allow_list_add(&list, &entry), -ENOSPC);
    allow_list_clear(&list);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allow_names_the_nearest_entry),
        cmocka_unit_test(test_allow_takes_no_entry_twice_and_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
