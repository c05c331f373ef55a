/* Facts in, verdict out: every reason is reached, and what comes before what. */
#include "media/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1796000000000)

/* --- a policy with one of each ---------------------------------------------------------------------------------------- */

static int make_policy(void **state)
{
    struct media_policy *policy = media_policy_create();
    const struct medium media[] = {
        {.vendor = 0x1111, .product = 1, .label = "registered", .serial = "R1"},
        {.vendor = 0x1111, .product = 1, .label = "ended", .serial = "R2", .not_after_ms = NOW - 1},
        {.vendor = 0x1111, .product = 1, .label = "last day", .serial = "R3", .not_after_ms = NOW},
    };
    const struct allow_entry entries[] = {
        {.label = "any unit",
            .vendor = 0x2222,
            .product = 1,
            .interface_count = 1,
            .interfaces = {{7, 1, 2}}},
        {.label = "one unit",
            .vendor = 0x2222,
            .product = 2,
            .serial = "S",
            .interface_count = 1,
            .interfaces = {{8, 6, 80}}},
        {.label = "at a port",
            .vendor = 0x2222,
            .product = 3,
            .port = "c/1",
            .interface_count = 1,
            .interfaces = {{7, 1, 2}}},
        {.label = "over",
            .vendor = 0x2222,
            .product = 4,
            .not_after_ms = NOW - 1,
            .interface_count = 1,
            .interfaces = {{7, 1, 2}}},
        {.label = "both",
            .vendor = 0x2222,
            .product = 5,
            .group = "g",
            .interface_count = 2,
            .interfaces = {{8, 6, 80}, {3, 1, 1}}},
    };
    for (size_t i = 0; i < sizeof(media) / sizeof(media[0]); i++)
        assert_int_equal(media_register_add(&policy->media, &media[i]), 0);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        assert_int_equal(allow_list_add(&policy->allow, &entries[i]), 0);
    allow_list_finish(&policy->allow);
    *state = policy;
    return 0;
}

static int destroy_policy(void **state)
{
    media_policy_destroy(*state);
    return 0;
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

enum circumstance {
    PLAIN = 0,
    OBSERVING = 1,
    OWN_DISK = 2,
    IN_USE = 4,
    TWIN = 8,
    FOREIGN = 16,
    TOO_MANY = 32,
    INPUT_LISTED = 64,
    READER = 128,
    MALFORMED = 256,
};

struct row {
    uint16_t vendor, product;
    const char *serial;
    unsigned circumstances;
    unsigned count;
    struct usb_class shown[3];
    enum verdict verdict;
    enum reason reason;
    const char *label;
};

#define STICK                                                                                                \
    {                                                                                                        \
        8, 6, 80                                                                                             \
    }
#define KEYBOARD                                                                                             \
    {                                                                                                        \
        3, 1, 1                                                                                              \
    }
#define PRINTER                                                                                              \
    {                                                                                                        \
        7, 1, 2                                                                                              \
    }
#define HUB                                                                                                  \
    {                                                                                                        \
        9, 0, 1                                                                                              \
    }
#define CARD                                                                                                 \
    {                                                                                                        \
        11, 0, 0                                                                                             \
    }
#define VENDOR                                                                                               \
    {                                                                                                        \
        255, 0, 0                                                                                            \
    }

static const struct row ROWS[] = {
    /* by shape */
    {9, 9, "", PLAIN, 1, {KEYBOARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "", PLAIN, 1, {HUB}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "", PLAIN, 3, {HUB, KEYBOARD, VENDOR}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "", PLAIN, 2, {KEYBOARD, CARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "", READER, 1, {CARD}, VERDICT_SHAPE, REASON_READER, NULL},
    {9, 9, "", READER, 1, {VENDOR}, VERDICT_SHAPE, REASON_READER, NULL},
    {9, 9, "", PLAIN, 1, {CARD}, VERDICT_REFUSED, REASON_DEVICE_NOT_LISTED, NULL},
    {9, 9, "", PLAIN, 1, {VENDOR}, VERDICT_REFUSED, REASON_DEVICE_NOT_LISTED, NULL},
    {9, 9, "S", READER, 2, {CARD, STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {9, 9, "", INPUT_LISTED, 1, {KEYBOARD}, VERDICT_REFUSED, REASON_INPUT_NOT_LISTED, NULL},
    {9, 9, "", INPUT_LISTED, 1, {HUB}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "", INPUT_LISTED | READER, 1, {CARD}, VERDICT_SHAPE, REASON_READER, NULL},
    /* data */
    {9, 9, "", PLAIN, 1, {PRINTER}, VERDICT_REFUSED, REASON_DEVICE_NOT_LISTED, NULL},
    {9, 9, "S", PLAIN, 1, {{0, 0, 0}}, VERDICT_REFUSED, REASON_DEVICE_NOT_LISTED, NULL},
    {9, 9, "S", PLAIN, 2, {STICK, KEYBOARD}, VERDICT_REFUSED, REASON_DATA_BESIDE_INPUT, NULL},
    {9, 9, "S", PLAIN, 2, {STICK, HUB}, VERDICT_REFUSED, REASON_DATA_BESIDE_INPUT, NULL},
    /* media */
    {9, 9, "S", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {9, 9, "", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_NOT_DISTINGUISHABLE, NULL},
    {9, 9, "S", TWIN, 1, {STICK}, VERDICT_REFUSED, REASON_NOT_DISTINGUISHABLE, NULL},
    {9, 9, "S", PLAIN, 1, {{6, 1, 1}}, VERDICT_REFUSED, REASON_DEVICE_NOT_LISTED, NULL},
    {0x1111, 1, "R1", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_MOUNTABLE, "registered"},
    {0x1111, 1, "R1", TWIN, 1, {STICK}, VERDICT_REFUSED, REASON_NOT_DISTINGUISHABLE, "registered"},
    {0x1111, 1, "R2", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_ENDED, "ended"},
    {0x1111, 1, "R3", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_MOUNTABLE, "last day"},
    {0x1111, 1, "r1", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {0x1111, 1, "R1x", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {0x1111, 2, "R1", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    /* entries, and near misses */
    {0x2222, 1, "x", PLAIN, 1, {PRINTER}, VERDICT_LISTED, REASON_LISTED, "any unit"},
    {0x2222, 1, "", PLAIN, 2, {PRINTER, STICK}, VERDICT_REFUSED, REASON_OTHER_INTERFACES, "any unit"},
    {0x2222, 1, "", PLAIN, 2, {PRINTER, KEYBOARD}, VERDICT_REFUSED, REASON_OTHER_INTERFACES, "any unit"},
    {0x2222, 1, "", PLAIN, 1, {KEYBOARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {0x2222, 2, "S", PLAIN, 1, {STICK}, VERDICT_LISTED, REASON_LISTED, "one unit"},
    {0x2222, 2, "S", TWIN, 1, {STICK}, VERDICT_REFUSED, REASON_NOT_DISTINGUISHABLE, "one unit"},
    {0x2222, 2, "T", PLAIN, 1, {STICK}, VERDICT_REFUSED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {0x2222, 3, "", PLAIN, 1, {PRINTER}, VERDICT_REFUSED, REASON_OTHER_PORT, "at a port"},
    {0x2222, 4, "", PLAIN, 1, {PRINTER}, VERDICT_REFUSED, REASON_ENTRY_ENDED, "over"},
    {0x2222, 5, "", PLAIN, 2, {KEYBOARD, STICK}, VERDICT_LISTED, REASON_LISTED, "both"},
    {0x2222, 5, "", PLAIN, 2, {STICK, KEYBOARD}, VERDICT_LISTED, REASON_LISTED, "both"},
    {0x2222, 5, "", PLAIN, 2, {STICK, STICK}, VERDICT_REFUSED, REASON_OTHER_INTERFACES, "both"},
    /* what comes first */
    {9, 9, "", FOREIGN, 1, {KEYBOARD}, VERDICT_REFUSED, REASON_FOREIGN_DRIVER, NULL},
    {0x2222, 1, "", FOREIGN, 1, {PRINTER}, VERDICT_LISTED, REASON_LISTED, "any unit"},
    {9, 9, "", MALFORMED, 1, {KEYBOARD}, VERDICT_REFUSED, REASON_DESCRIPTORS, NULL},
    {0x2222, 1, "", MALFORMED, 1, {PRINTER}, VERDICT_REFUSED, REASON_DESCRIPTORS, NULL},
    {9, 9, "", PLAIN, 0, {{0}}, VERDICT_REFUSED, REASON_NO_INTERFACE, NULL},
    {9, 9, "", TOO_MANY, 1, {KEYBOARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {0x2222, 1, "", TOO_MANY, 1, {PRINTER}, VERDICT_REFUSED, REASON_TOO_MANY, NULL},
    {9, 9, "S", IN_USE, 1, {STICK}, VERDICT_KEPT, REASON_IN_USE, NULL},
    {9, 9, "S", IN_USE, 1, {KEYBOARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
    {9, 9, "S", IN_USE | OBSERVING, 1, {STICK}, VERDICT_KEPT, REASON_IN_USE, NULL},
    {9, 9, "S", OWN_DISK | MALFORMED | TWIN | FOREIGN, 1, {STICK}, VERDICT_KEPT, REASON_OWN_DISK, NULL},
    {9, 9, "S", OBSERVING, 1, {STICK}, VERDICT_OBSERVED, REASON_MEDIUM_NOT_REGISTERED, NULL},
    {0x1111, 1, "R1", OBSERVING, 1, {STICK}, VERDICT_OBSERVED, REASON_MEDIUM_NOT_MOUNTABLE, "registered"},
    {9, 9, "", OBSERVING | INPUT_LISTED, 1, {KEYBOARD}, VERDICT_OBSERVED, REASON_INPUT_NOT_LISTED, NULL},
    {9, 9, "", OBSERVING, 1, {KEYBOARD}, VERDICT_SHAPE, REASON_INPUT, NULL},
};

static struct facts facts_of(const struct row *row)
{
    struct facts facts = {.name = "2-1", .port = "c/2", .vendor = row->vendor, .product = row->product};
    snprintf(facts.serial, sizeof(facts.serial), "%s", row->serial);
    facts.reader = row->circumstances & READER;
    facts.descriptors.count = row->count;
    facts.descriptors.malformed = row->circumstances & MALFORMED;
    for (unsigned i = 0; i < row->count; i++)
        facts.descriptors.interfaces[i] = (struct usb_interface){.number = (uint8_t)i, .kind = row->shown[i]};
    return facts;
}

static struct decision decide_row(const struct row *row, struct media_policy *policy)
{
    const struct facts facts = facts_of(row);
    const unsigned on = row->circumstances;
    const struct circumstances circumstances = {
        .now_ms = NOW,
        .observing = on & OBSERVING,
        .own_disk = on & OWN_DISK,
        .in_use = on & IN_USE,
        .twin = on & TWIN,
        .foreign_driver = on & FOREIGN,
        .too_many = on & TOO_MANY,
    };
    policy->input = on & INPUT_LISTED ? MEDIA_INPUT_LISTED : MEDIA_INPUT_ANY;
    return decide(&facts, policy, &circumstances);
}

static void test_decide_gives_verdict_reason_and_label(void **state)
{
    bool reached[REASON_COUNT] = {[REASON_NOT_RECORDED] = true,
        [REASON_FOUND_OPEN] = true, /* enforce.c's */
        [REASON_GONE] = true};      /* media.c's */
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct decision found = decide_row(&ROWS[i], *state);
        const char *label = found.label ? found.label : "", *expected = ROWS[i].label ? ROWS[i].label : "";
        reached[found.reason] = true;
        if (found.verdict != ROWS[i].verdict || found.reason != ROWS[i].reason ||
            strcmp(label, expected) != 0)
            fail_msg("row %zu: %s, %s, \"%s\"", i, verdict_name(found.verdict),
                reason_row(found.reason)->code, label);
    }
    for (unsigned reason = 0; reason < REASON_COUNT; reason++)
        if (!reached[reason])
            fail_msg("no row reaches %s", reason_row(reason)->code);
}

/* --- interfaces ------------------------------------------------------------------------------------------------------- */

struct act_row {
    enum verdict verdict;
    bool data_beside, reader; /* is there a data-carrying interface; is it a listed reader */
    struct usb_class kind;
    enum gate_act closed, open; /* what is done to it when found closed, and when found open */
};

static const struct act_row ACTS[] = {
    {VERDICT_REFUSED, false, false, KEYBOARD, GATE_LEAVE, GATE_CLOSE},
    {VERDICT_REFUSED, true, false, STICK, GATE_LEAVE, GATE_CLOSE},
    {VERDICT_KEPT, true, false, STICK, GATE_LEAVE, GATE_LEAVE},
    {VERDICT_SHAPE, false, false, KEYBOARD, GATE_ASK_RULES, GATE_LEAVE},
    {VERDICT_SHAPE, false, false, HUB, GATE_ASK_RULES, GATE_LEAVE},
    {VERDICT_SHAPE, false, false, VENDOR, GATE_LEAVE, GATE_CLOSE},
    {VERDICT_SHAPE, false, false, CARD, GATE_LEAVE, GATE_CLOSE},
    {VERDICT_SHAPE, false, true, CARD, GATE_ASK_RULES, GATE_LEAVE},
    {VERDICT_SHAPE, false, true, VENDOR, GATE_ASK_RULES, GATE_LEAVE},
    {VERDICT_LISTED, false, false, KEYBOARD, GATE_ASK_RULES, GATE_LEAVE},
    {VERDICT_LISTED, false, false, VENDOR, GATE_OPEN, GATE_LEAVE},
    {VERDICT_LISTED, true, false, KEYBOARD, GATE_OPEN, GATE_LEAVE},
    {VERDICT_LISTED, true, false, STICK, GATE_OPEN, GATE_LEAVE},
    {VERDICT_OBSERVED, true, false, STICK, GATE_OPEN, GATE_LEAVE},
};

static void test_decide_says_what_becomes_of_each_interface(void **state)
{
    for (size_t i = 0; i < sizeof(ACTS) / sizeof(ACTS[0]); i++) {
        struct facts facts = {.reader = ACTS[i].reader};
        facts.descriptors.count = ACTS[i].data_beside ? 2 : 1;
        facts.descriptors.interfaces[0].kind = ACTS[i].kind;
        facts.descriptors.interfaces[1].kind = (struct usb_class)STICK;
        const struct decision decision = {.verdict = ACTS[i].verdict};
        const struct bound_interface closed = {.kind = ACTS[i].kind, .has_gate = true},
                                     open = {.kind = ACTS[i].kind, .has_gate = true, .authorized = true},
                                     none = {.kind = ACTS[i].kind};
        if (decide_interface(&facts, &decision, &closed) != ACTS[i].closed ||
            decide_interface(&facts, &decision, &open) != ACTS[i].open)
            fail_msg("row %zu", i);
        assert_int_equal(decide_interface(&facts, &decision, &none), GATE_LEAVE);
    }
}

struct driver_row {
    struct usb_class kind;
    const char *driver;
    bool reader, foreign;
};

static void test_decide_knows_drivers_that_the_shape_does_not_give(void **state)
{
    static const struct driver_row rows[] = {{KEYBOARD, "", false, false}, {KEYBOARD, "usbhid", false, false},
        {KEYBOARD, "usb-storage", false, true}, {KEYBOARD, "hub", false, true}, {HUB, "hub", false, false},
        {HUB, "usbhid", false, true}, {CARD, "usbfs", true, false}, {CARD, "ftdi_sio", true, true},
        {VENDOR, "asix", false, false}, {VENDOR, "asix", true, true}, {STICK, "usb-storage", false, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct facts facts = {.reader = rows[i].reader, .bound_count = 2};
        facts.bound[0] = (struct bound_interface){.kind = KEYBOARD, .driver = "usbhid"};
        facts.bound[1].kind = rows[i].kind;
        strcpy(facts.bound[1].driver, rows[i].driver);
        if (decide_has_foreign_driver(&facts) != rows[i].foreign)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_decide_gives_verdict_reason_and_label, make_policy, destroy_policy),
        cmocka_unit_test(test_decide_says_what_becomes_of_each_interface),
        cmocka_unit_test(test_decide_knows_drivers_that_the_shape_does_not_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
