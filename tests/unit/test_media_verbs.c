/* What people ask: the list of devices, and policies that would admit them, whatever the devices call themselves. */
#include "../support/media_scene.h"

#include "base/text.h"
#include "core/settings.h"
#include "media/module.h"
#include "media/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* The reply is the caller's. */
static struct json_object *ask(struct scene *scene, const char *verb, const void *arguments, int expected)
{
    struct json_object *reply = json_object_new_object();
    const struct module_verb *row = media_verbs;
    while (row->name && strcmp(row->name, verb) != 0)
        row++;
    assert_non_null(row->name);
    assert_int_equal(row->run(scene->media, arguments, reply), expected);
    return reply;
}

static struct json_object *suggest(struct scene *scene, int64_t number, int expected)
{
    return ask(scene, "suggest", &number, expected);
}

static const char *text_of(struct json_object *object, const char *key)
{
    return json_object_get_string(json_object_object_get(object, key));
}

static struct json_object *device_at(struct json_object *reply, size_t index)
{
    return json_object_array_get_idx(json_object_object_get(reply, "devices"), index);
}

static void test_verbs_list_devices_with_verdict_and_reason(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_STICK);
    scene_unplug(scene, "2-1");
    scene_plug(scene, "2-3", &DEVICE_MOUSE);
    struct json_object *reply = ask(scene, "devices", NULL, 0);
    assert_int_equal(json_object_array_length(json_object_object_get(reply, "devices")), 2);
    struct json_object *stick = device_at(reply, 0);
    assert_int_equal(json_object_get_int64(json_object_object_get(stick, "number")), 2);
    assert_string_equal(text_of(stick, "name"), "2-2");
    assert_string_equal(text_of(stick, "port"), "0000:00:14.0/2");
    assert_string_equal(text_of(stick, "vendor_id"), "46f4");
    assert_string_equal(text_of(stick, "product_id"), "0001");
    assert_string_equal(text_of(stick, "serial"), "A1");
    assert_string_equal(text_of(stick, "verdict"), "refused");
    assert_string_equal(text_of(stick, "reason"), "M-03");
    assert_non_null(strstr(text_of(stick, "text_ja"), "登録されていない"));
    assert_string_equal(
        json_object_to_json_string_ext(json_object_object_get(stick, "interfaces"), JSON_C_TO_STRING_PLAIN),
        "[\"08:06:50\"]");
    struct json_object *mouse = device_at(reply, 1);
    assert_int_equal(json_object_get_int64(json_object_object_get(mouse, "number")), 3);
    assert_string_equal(text_of(mouse, "verdict"), "admitted by shape");
    assert_string_equal(text_of(reply, "contact"), "情報政策課 内線2345");
    json_object_put(reply);
}

static void test_verbs_say_what_does_not_fit_one_reply(void **state)
{
    struct scene *scene = *state;
    char name[16];
    scene_start(scene, NULL);
    for (unsigned i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "%u-%u", 2 + i / 127, 1 + i % 127);
        fake_bus_plug(scene->bus, name, &DEVICE_STICK_NAMELESS);
    }
    media_look_all(scene->media);
    struct json_object *reply = ask(scene, "devices", NULL, 0);
    size_t listed = json_object_array_length(json_object_object_get(reply, "devices"));
    int64_t missing = json_object_get_int64(json_object_object_get(reply, "missing"));
    assert_true(missing > 0);
    assert_int_equal(listed + (size_t)missing, 400);
    assert_true(strlen(json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN)) < (size_t)128 * 1024);
    json_object_put(reply);
}

static void test_verbs_count_by_verdict_in_status(void **state)
{
    struct scene *scene = *state;
    scene_start(scene,
        "{\"devices\":{\"allow\":[{\"label\":\"x\",\"vendor_id\":\"04c5\",\"product_id\":\"132e\","
        "\"interfaces\":[\"ff:ff:ff\"]}]}}");
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_STICK);
    scene_plug(scene, "2-3", &DEVICE_SCANNER);
    struct json_object *status = json_object_new_object();
    media_status(scene->media, status);
    assert_string_equal(text_of(status, "enforcement"), "enforce");
    assert_string_equal(text_of(status, "input"), "any");
    static const struct {
        const char *key;
        int64_t count;
    } rows[] = {{"admitted by shape", 1}, {"admitted by policy", 1}, {"kept", 0}, {"observed", 0},
        {"refused", 1}, {"registered", 0}, {"listed", 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(json_object_get_int64(json_object_object_get(status, rows[i].key)), rows[i].count);
    json_object_put(status);
}

/* --- what is printed must be accepted --------------------------------------------------------------------------------- */

/* As `sekisho policy check FILE` does, with the daemon's own reader. folder: "" or "policy.d/". */
static void require_accepted(const struct scene *scene, struct json_object *policy, const char *folder)
{
    static const struct module *const modules[] = {&media_module, NULL};
    const struct settings_source source = {
        .owner = getuid(), .modules = modules, .clock = &scene->host.clock};
    char path[128], place[64] = "/tmp/sekisho-verbs-XXXXXX";
    struct json_error error = {0};
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof(path), "%s/policy.d", place);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/%s50-new.json", place, folder);
    assert_int_equal(json_object_to_file_ext(path, policy,
                         JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE),
        0);
    if (settings_check_file(&source, SETTINGS_POLICY, folder[0] != '\0', path, &error) < 0)
        fail_msg("%u:%u: %s\n%s", error.place.line, error.place.column, error.message,
            json_object_to_json_string(policy));
    unlink(path);
    snprintf(path, sizeof(path), "%s/policy.d", place);
    rmdir(path);
    rmdir(place);
}

static const char LONG_TEXT[] = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほあいうえおかきく"
                                "けこさしすせそたちつてとなにぬねのはひふへほ"
                                "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほあいうえおかきく"
                                "けこさしすせそたちつてとなにぬねのはひふへほ"
                                "あいうえおか"; /* 126 characters, 378 bytes */

#define PRINTER(serial, name)                                                                                \
    {                                                                                                        \
        0x04a9, 0x1909, serial, "x", name, false, 1,                                                         \
        {                                                                                                    \
            {                                                                                                \
                1, 0x07, 1, 2, "usblp"                                                                       \
            }                                                                                                \
        }                                                                                                    \
    }

static const struct fake_device STRANGE[] = {
    PRINTER("P1", "plain"),
    PRINTER("quote\"back\\slash/", "quote\"back\\slash"),
    PRINTER("line\nbreak\ttab\x01\x1b[31m\x7f", "line\nbreak\ttab\x01\x1b[31m\x7f"),
    PRINTER("\xff\xfe\x80", "\xff\xfe\x80"),
    PRINTER("\xed\xa0\x80", "\xc0\xaf"),
    PRINTER("\xe2\x80\xae", "\xe2\x80\xae\xe2\x80\xa8"),
    PRINTER(" ", "   "),
    PRINTER("", ""),
    PRINTER(NULL, NULL),
    PRINTER(LONG_TEXT, LONG_TEXT),
};

/* Not only accepted: the very device is admitted by it, and its twin in every other way but the serial is not. */
static void test_verbs_suggest_a_policy_that_admits_exactly_this_device(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    for (size_t i = 0; i < sizeof(STRANGE) / sizeof(STRANGE[0]); i++) {
        scene_plug(scene, "2-1", &STRANGE[i]);
        assert_false(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
        struct json_object *reply = suggest(scene, scene_present(scene, "2-1")->number, 0);
        struct json_object *policy = json_object_object_get(reply, "policy");
        require_accepted(scene, policy, "policy.d/");
        scene_policy(scene, json_object_to_json_string_ext(policy, JSON_C_TO_STRING_PLAIN));
        if (!fake_bus_is_authorized(scene->bus, "2-1:1.0"))
            fail_msg("strange device %zu stays refused", i);
        struct fake_device other = STRANGE[i];
        other.serial = "another";
        scene_plug(scene, "2-2", &other);
        assert_false(fake_bus_is_authorized(scene->bus, "2-2:1.0"));
        scene_unplug(scene, "2-2");
        scene_unplug(scene, "2-1");
        scene_policy(scene, NULL);
        json_object_put(reply);
    }
}

static void test_verbs_suggest_the_port_where_the_serial_is_not_its_own(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &STRANGE[0]);
    scene_plug(scene, "2-2", &STRANGE[0]);
    struct json_object *reply = suggest(scene, scene_present(scene, "2-2")->number, 0);
    struct json_object *policy = json_object_object_get(reply, "policy");
    scene_policy(scene, json_object_to_json_string(policy));
    assert_false(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
    assert_true(fake_bus_is_authorized(scene->bus, "2-2:1.0"));
    json_object_put(reply);
}

static void test_verbs_suggest_nothing_for_what_no_entry_can_name(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_NOTHING);
    struct json_object *reply = suggest(scene, 1, -ENOTSUP);
    assert_non_null(text_of(reply, "error"));
    json_object_put(reply);
    reply = suggest(scene, 99, -ENOENT);
    assert_non_null(text_of(reply, "error"));
    json_object_put(reply);
}

static void test_verbs_adopt_all_that_is_present_but_not_the_systems_own(void **state)
{
    struct scene *scene = *state;
    fake_bus_plug(scene->bus, "2-9", &DEVICE_UAS);
    fake_bus_link(scene->bus, "sys/dev/block/8:2",
        "../../devices/pci0000:00/0000:00:14.0/usb2/2-9/2-9:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda2");
    fake_bus_write(scene->bus, "root/proc/self/mountinfo", "22 1 8:2 / / rw - ext4 /dev/sda2 rw\n");
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &DEVICE_KEYBOARD);
    scene_plug(scene, "2-2", &DEVICE_HUB);
    scene_plug(scene, "2-3", &DEVICE_READER);
    scene_plug(scene, "2-4", &DEVICE_HEADSET);
    scene_plug(scene, "2-5", &DEVICE_NETWORK);
    scene_plug(scene, "2-6", &STRANGE[2]);
    scene_plug(scene, "2-7", &STRANGE[0]);
    scene_plug(scene, "2-8", &STRANGE[0]);
    scene_plug(scene, "3-1", &DEVICE_NOTHING);
    struct json_object *reply = ask(scene, "adopt", NULL, 0);
    struct json_object *policy = json_object_object_get(reply, "policy");
    require_accepted(scene, policy, "");
    struct json_object *list = json_object_object_get(json_object_object_get(policy, "devices"), "allow");
    assert_int_equal(json_object_array_length(list), 6);
    json_object_object_del(policy, "version"); /* the core's key */
    scene_policy(scene, json_object_to_json_string(policy));
    static const char *const open[] = {
        "2-1:1.0", "2-4:1.0", "2-4:1.2", "2-5:1.0", "2-6:1.0", "2-7:1.0", "2-8:1.0"};
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        if (!fake_bus_is_authorized(scene->bus, open[i]))
            fail_msg("%s", open[i]);
    }
    json_object_put(reply);
    /* Adopted once, there is nothing more to adopt. */
    reply = ask(scene, "adopt", NULL, 0);
    policy = json_object_object_get(reply, "policy");
    list = json_object_object_get(json_object_object_get(policy, "devices"), "allow");
    assert_int_equal(json_object_array_length(list), 0);
    json_object_put(reply);
}

static void test_verbs_show_nothing_that_could_fool_a_terminal(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, NULL);
    scene_plug(scene, "2-1", &STRANGE[2]);
    scene_plug(scene, "2-2", &STRANGE[3]);
    scene_plug(scene, "2-3", &STRANGE[5]);
    struct json_object *reply = ask(scene, "devices", NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        static const char *const keys[] = {"serial", "product", "manufacturer"};
        for (size_t k = 0; k < 3; k++) {
            const char *text = text_of(device_at(reply, i), keys[k]);
            uint32_t code;
            for (size_t left = strlen(text), width; left > 0; text += width, left -= width) {
                width = text_character(text, left, &code);
                assert_true(width > 0 && !text_is_control(code));
            }
        }
    }
    json_object_put(reply);
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_verbs_list_devices_with_verdict_and_reason),
        SCENE_TEST(test_verbs_say_what_does_not_fit_one_reply),
        SCENE_TEST(test_verbs_count_by_verdict_in_status),
        SCENE_TEST(test_verbs_suggest_a_policy_that_admits_exactly_this_device),
        SCENE_TEST(test_verbs_suggest_the_port_where_the_serial_is_not_its_own),
        SCENE_TEST(test_verbs_suggest_nothing_for_what_no_entry_can_name),
        SCENE_TEST(test_verbs_adopt_all_that_is_present_but_not_the_systems_own),
        SCENE_TEST(test_verbs_show_nothing_that_could_fool_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
