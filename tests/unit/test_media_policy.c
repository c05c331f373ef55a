/* What a policy changes: at a reload what is present is decided again, given its node, or taken back. */
#include "../support/media_scene.h"

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

#define ALLOW(entries) "{\"devices\":{\"allow\":[" entries "]}}"
#define SCANNER(more)                                                                                        \
    "{\"label\":\"scanner\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\",\"interfaces\":[\"ff:ff:"         \
    "ff\"]" more "}"

static bool is_open(const struct scene *scene, const char *interface)
{
    return fake_bus_is_authorized(scene->bus, interface);
}

static void test_media_admits_and_takes_back_with_the_policy(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_NETWORK);
    scene_plug(scene, "2-2", &DEVICE_KEYBOARD);
    scene_policy(scene,
        ALLOW("{\"label\":\"lan\",\"vendor_id\":\"0B95\",\"product_id\":\"7720\",\"serial\":\"000001\","
              "\"interfaces\":[\"FF:ff:00\"]}"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "asix");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_ALLOWED, "2-1"), 1);
    scene_policy(scene, NULL);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1")->reason, "M-07");
    assert_string_equal(fake_bus_driver(scene->bus, "2-2:1.0"), "usbhid");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_TAKEN_BACK, NULL), 1);
}

struct near_row {
    const char *what, *entry, *code;
};

static const struct near_row NEAR[] = {
    {"another serial",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"serial\":\"2\",\"interfaces\":["
        "\"ff:ff:00\"]}",
        "M-07"},
    {"another product",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7721\",\"interfaces\":[\"ff:ff:00\"]}",
        "M-07"},
    {"one interface more",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"interfaces\":[\"ff:ff:00\","
        "\"ff:ff:00\"]}",
        "M-12"},
    {"another interface",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"interfaces\":[\"ff:ff:01\"]}",
        "M-12"},
    {"another port",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"interfaces\":[\"ff:ff:00\"],"
        "\"port\":\"0000:00:14.0/2\"}",
        "M-13"},
    {"yesterday",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"interfaces\":[\"ff:ff:00\"],"
        "\"not_after\":\"2026-11-23T00:00:00Z\"}",
        "M-14"},
    {"this very one",
        "{\"label\":\"a\",\"vendor_id\":\"0b95\",\"product_id\":\"7720\",\"serial\":\"000001\","
        "\"interfaces\":["
        "\"ff:ff:00\"],\"port\":\"0000:00:14.0/1\",\"not_after\":\"2027-03-31\"}",
        "M-20"},
};

static void test_media_admits_exactly_what_the_entry_says(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    for (size_t i = 0; i < sizeof(NEAR) / sizeof(NEAR[0]); i++) {
        char policy[1024];
        snprintf(policy, sizeof(policy), ALLOW("%s"), NEAR[i].entry);
        scene_policy(scene, policy);
        scene_plug(scene, "2-1", &DEVICE_NETWORK);
        bool admitted = strcmp(NEAR[i].code, "M-20") == 0;
        const struct fake_event *event =
            fake_host_last(&scene->host, admitted ? EVENT_DEVICE_ALLOWED : EVENT_DEVICE_REFUSED, "2-1");
        if (!event || strcmp(event->reason, NEAR[i].code) != 0 || is_open(scene, "2-1:1.0") != admitted)
            fail_msg("%s", NEAR[i].what);
        scene_unplug(scene, "2-1");
        fake_host_forget(&scene->host);
    }
}

static void test_media_ends_an_entry_while_the_device_is_plugged_in(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, ALLOW(SCANNER(",\"not_after\":\"2026-12-01T00:00:00Z\"")));
    scene_plug(scene, "2-1", &DEVICE_SCANNER);
    assert_true(is_open(scene, "2-1:1.0"));
    fake_host_turn(&scene->host, INT64_C(3) * 86400000);
    media_check(scene->media);
    assert_false(is_open(scene, "2-1:1.0"));
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1")->reason, "M-14");
}

static void test_media_ends_a_registration(void **state)
{
    struct scene *scene = *state;
    scene_start(scene,
        "{\"media\":{\"registered\":[{\"label\":\"a\",\"vendor_id\":\"46f4\",\"product_id\":\"0001\","
        "\"serial\":\"A1\",\"not_after\":\"2026-11-01\"}]}}");
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->reason, "M-06");
}

/* --- input: listed ---------------------------------------------------------------------------------------------------- */

#define INPUT_LISTED                                                                                         \
    "{\"devices\":{\"input\":\"listed\",\"allow\":[{\"label\":\"mouse\",\"vendor_id\":\"046d\",\"product_"   \
    "id\":"                                                                                                  \
    "\"c077\",\"interfaces\":[\"03:01:02\"]}]}}"

static void test_media_takes_back_input_that_is_not_listed_and_gives_it_again(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, INPUT_LISTED);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_MOUSE);
    scene_plug(scene, "2-3", &DEVICE_HUB);
    scene_plug(scene, "2-4", &DEVICE_READER);
    assert_false(is_open(scene, "2-1:1.0"));
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1")->reason, "M-09");
    assert_string_equal(fake_bus_driver(scene->bus, "2-2:1.0"), "usbhid");
    assert_true(is_open(scene, "2-3:1.0") && is_open(scene, "2-4:1.0"));
    /* The rules are asked: they bind by the driver's name. */
    scene_policy(scene, NULL);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usbhid");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_ALLOWED, "2-1")->reason, "M-01");
}

/* A listed vendor interface is opened beside the input; when the entry goes, it alone is closed. */
static void test_media_opens_and_closes_a_vendor_interface_beside_input(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_TABLET);
    assert_false(is_open(scene, "2-1:1.1"));
    scene_policy(
        scene, ALLOW("{\"label\":\"tablet\",\"vendor_id\":\"056a\",\"product_id\":\"0374\",\"interfaces\":["
                     "\"03:00:00\",\"ff:00:00\"]}"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.1"), "wacom_bulk");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_ALLOWED, "2-1"), 1);
    scene_policy(scene, NULL);
    assert_false(is_open(scene, "2-1:1.1"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usbhid");
    assert_int_equal(scene_present(scene, "2-1")->decision.verdict, VERDICT_SHAPE);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1")->reason, "M-18");
}

static void test_media_opens_no_vendor_interface_that_it_cannot_record(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_TABLET);
    scene->host.record_error = -ENOSPC;
    scene_policy(
        scene, ALLOW("{\"label\":\"tablet\",\"vendor_id\":\"056a\",\"product_id\":\"0374\",\"interfaces\":["
                     "\"03:00:00\",\"ff:00:00\"]}"));
    assert_false(is_open(scene, "2-1:1.1"));
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usbhid");
}

/* --- nodes ------------------------------------------------------------------------------------------------------------ */

static void require_node(const struct scene *scene, const char *node, const char *group)
{
    char path[128], found[128] = "", expected[128] = "";
    snprintf(path, sizeof(path), "root/run/sekisho/nodes/%s", node);
    bool is_there = fake_bus_read(scene->bus, path, found, sizeof(found));
    if (group)
        snprintf(expected, sizeof(expected), "SEKISHO_GROUP=%s\n", group);
    assert_int_equal(is_there, group != NULL);
    assert_string_equal(found, expected);
}

static void test_media_gives_the_node_to_the_group_and_takes_it_back(void **state)
{
    struct scene *scene = *state;
    char path[256], asked[16];
    scene_start(scene, ALLOW(SCANNER(",\"group\":\"scanner\"")));
    scene_plug(scene, "2-1", &DEVICE_SCANNER); /* devnum 1 */
    require_node(scene, "002-001", "scanner");
    snprintf(path, sizeof(path), "sys/%s/uevent", fake_bus_folder(scene->bus, "2-1"));
    assert_true(fake_bus_read(scene->bus, path, asked, sizeof(asked)));
    assert_string_equal(asked, "change");
    fake_bus_write(scene->bus, path, "");
    scene_policy(scene, ALLOW(SCANNER("")));
    require_node(scene, "002-001", NULL);
    assert_true(fake_bus_read(scene->bus, path, asked, sizeof(asked)));
    assert_string_equal(asked, "change");
    scene_policy(scene, ALLOW(SCANNER(",\"group\":\"saned\"")));
    require_node(scene, "002-001", "saned");
    scene_policy(scene, ALLOW(SCANNER(",\"group\":\"scanner\"")));
    require_node(scene, "002-001", "scanner");
    scene_policy(scene, NULL);
    require_node(scene, "002-001", NULL);
    scene_policy(scene, ALLOW(SCANNER(",\"group\":\"scanner\"")));
    scene_unplug(scene, "2-1");
    require_node(scene, "002-001", NULL);
}

static void test_media_removes_nodes_that_an_agent_before_it_left(void **state)
{
    struct scene *scene = *state;
    fake_bus_write(scene->bus, "root/run/sekisho/nodes/002-009", "SEKISHO_GROUP=scanner\n");
    fake_bus_write(scene->bus, "root/run/sekisho/nodes/002-001", "SEKISHO_GROUP=scanner\n");
    fake_bus_plug(scene->bus, "2-1", &DEVICE_SCANNER);
    fake_bus_write(scene->bus, "root/run/sekisho/nodes/002-002", "SEKISHO_GROUP=scanner\n");
    fake_bus_plug(scene->bus, "2-2", &DEVICE_STICK);
    scene_start(scene, ALLOW(SCANNER(",\"group\":\"scanner\"")));
    require_node(scene, "002-009", NULL);
    require_node(scene, "002-002", NULL);
    require_node(scene, "002-001", "scanner");
}

/* --- what a policy may say -------------------------------------------------------------------------------------------- */

struct bad_row {
    const char *policy, *message;
};

static const struct bad_row BAD[] = {
    {ALLOW(SCANNER(",\"group\":\"a\\nb\"")), "group"},
    {ALLOW(SCANNER(",\"group\":\"\"")), "group"},
    {ALLOW(SCANNER(",\"group\":\"1a\"")), "group"},
    {ALLOW(SCANNER(",\"group\":\"aaaaaaaaaabbbbbbbbbbccccccccccddd\"")), "group"},
    {ALLOW(SCANNER("") "," SCANNER("")), "listed already"},
    {ALLOW("{\"label\":\"a\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\",\"interfaces\":[]}"),
        "at least one"},
    {ALLOW("{\"label\":\"a\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\"}"), "interfaces"},
    {ALLOW("{\"label\":\"a\",\"vendor_id\":\"4c5\",\"product_id\":\"132e\",\"interfaces\":[\"ff:ff:ff\"]}"),
        "four hexadecimal"},
    {ALLOW("{\"label\":\"a\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\",\"interfaces\":[\"ff:ff\"]}"),
        "08:06:50"},
    {"{\"media\":{\"mode\":\"observe\"}}", "needs its end"},
    {"{\"media\":{\"mode\":\"observe\",\"until\":\"2027-11-24\"}}", "at most 30 days"},
    {"{\"media\":{\"mode\":\"watch\"}}", "\"enforce\" or \"observe\""},
    {"{\"devices\":{\"input\":\"some\"}}", "\"any\" or \"listed\""},
    {"{\"media\":{\"registered\":[{\"label\":\"a\",\"vendor_id\":\"46f4\",\"product_id\":\"0001\"}]}}",
        "serial"},
};

static void test_media_policy_refuses_what_cannot_be_meant(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char message[256] = "";
        struct json_error error = {0};
        struct media_policy *policy = media_policy_create();
        struct json_merge merge = {0};
        const struct bind_part parts[] = {{media_policy_fields, policy}, {0}};
        int r = json_bind_parts(parts, "policy.json", BAD[i].policy, strlen(BAD[i].policy), &merge, &error);
        if (r == 0)
            r = media_policy_finish(policy, &scene->host.clock, message);
        media_policy_destroy(policy);
        if (r == 0 || (!strstr(error.message, BAD[i].message) && !strstr(message, BAD[i].message)))
            fail_msg("%s: %s%s", BAD[i].policy, error.message, message);
    }
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_media_admits_and_takes_back_with_the_policy),
        SCENE_TEST(test_media_admits_exactly_what_the_entry_says),
        SCENE_TEST(test_media_ends_an_entry_while_the_device_is_plugged_in),
        SCENE_TEST(test_media_ends_a_registration),
        SCENE_TEST(test_media_takes_back_input_that_is_not_listed_and_gives_it_again),
        SCENE_TEST(test_media_opens_and_closes_a_vendor_interface_beside_input),
        SCENE_TEST(test_media_opens_no_vendor_interface_that_it_cannot_record),
        SCENE_TEST(test_media_gives_the_node_to_the_group_and_takes_it_back),
        SCENE_TEST(test_media_removes_nodes_that_an_agent_before_it_left),
        SCENE_TEST(test_media_policy_refuses_what_cannot_be_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
