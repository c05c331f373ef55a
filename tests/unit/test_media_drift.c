/* Drift of kernel and rules: found, recorded once a change, mended where it lies in sysfs. */
#include "../support/media_scene.h"

#include "base/text.h"
#include "media/verbs.h"

#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PARAMETER "module/usbcore/parameters/authorized_default"
#define HUB       "bus/usb/devices/usb2/interface_authorized_default"
#define RULES     "usr/lib/udev/rules.d/59-sekisho.rules"

static const char RULES_TEXT[] = "# the gate\n";

struct drift_scene {
    struct scene scene;
    char sha256[65];
};

static int open_scene(void **state)
{
    struct drift_scene *drifting = calloc(1, sizeof(*drifting));
    struct scene *scene = &drifting->scene;
    unsigned char hash[32];
    scene_open(scene);
    EVP_Digest(RULES_TEXT, sizeof(RULES_TEXT) - 1, hash, NULL, EVP_sha256(), NULL);
    text_hex(drifting->sha256, hash, sizeof(hash));
    fake_bus_write(scene->bus, "sys/" PARAMETER, "0\n");
    fake_bus_write(scene->bus, "sys/" HUB, "0\n");
    fake_bus_write(scene->bus, "root/" RULES, RULES_TEXT);
    scene_start(scene, NULL);
    scene->media->drift.rules =
        (struct drift_rules){"usr/lib/udev/rules.d", "59-sekisho.rules", drifting->sha256};
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static unsigned found(const struct scene *scene)
{
    return fake_host_count(&scene->host, EVENT_DRIFT_FOUND, NULL);
}

static void test_drift_is_silent_where_all_is_as_it_should_be(void **state)
{
    struct scene *scene = *state;
    media_check(scene->media);
    assert_int_equal(scene->host.count, 0);
    assert_int_equal(scene->media->drift.count, 0);
    /* A kernel without the parameter, a machine without USB. */
    fake_bus_remove(scene->bus, "sys/" PARAMETER);
    fake_bus_remove(scene->bus, "sys/bus/usb");
    media_check(scene->media);
    assert_int_equal(scene->host.count, 0);
}

static void test_drift_in_sysfs_is_mended_and_recorded_each_time(void **state)
{
    struct scene *scene = *state;
    static const char *const places[] = {PARAMETER, HUB};
    for (size_t i = 0; i < 2; i++) {
        char path[128], value[16], what[128];
        snprintf(path, sizeof(path), "sys/%s", places[i]);
        snprintf(what, sizeof(what), "/sys/%s", places[i]);
        for (unsigned time = 1; time <= 2; time++) {
            fake_bus_write(scene->bus, path, "1\n");
            media_check(scene->media);
            assert_true(fake_bus_read(scene->bus, path, value, sizeof(value)));
            assert_int_equal(value[0], '0');
            const struct fake_event *event = fake_host_last(&scene->host, EVENT_DRIFT_FOUND, NULL);
            assert_string_equal(event->what, what);
            assert_string_equal(event->value, "1");
            assert_true(event->mended);
            assert_int_equal(found(scene), 2 * i + time);
            media_check(scene->media);
            assert_int_equal(found(scene), 2 * i + time);
            assert_int_equal(scene->media->drift.count, 0);
        }
    }
}

static void test_drift_of_the_rules_is_recorded_once_a_change(void **state)
{
    struct scene *scene = *state;
    fake_bus_write(scene->bus, "root/" RULES, "# another gate\n");
    media_check(scene->media);
    media_check(scene->media);
    assert_int_equal(found(scene), 1);
    assert_false(fake_host_last(&scene->host, EVENT_DRIFT_FOUND, NULL)->mended);
    fake_bus_remove(scene->bus, "root/" RULES);
    media_check(scene->media);
    media_check(scene->media);
    assert_int_equal(found(scene), 2);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DRIFT_FOUND, NULL)->value, "missing");
    struct json_object *status = json_object_new_object();
    media_status(scene->media, status);
    assert_int_equal(json_object_array_length(json_object_object_get(status, "drift")), 1);
    json_object_put(status);

    fake_bus_write(scene->bus, "root/" RULES, RULES_TEXT);
    media_check(scene->media);
    assert_int_equal(scene->media->drift.count, 0);
    fake_bus_remove(scene->bus, "root/" RULES);
    media_check(scene->media);
    assert_int_equal(found(scene), 3);
}

static void test_drift_names_what_overrides_the_rules(void **state)
{
    struct scene *scene = *state;
    fake_bus_link(scene->bus, "root/etc/udev/rules.d/59-sekisho.rules", "/dev/null");
    media_check(scene->media);
    assert_string_equal(
        fake_host_last(&scene->host, EVENT_DRIFT_FOUND, NULL)->what, "/etc/udev/rules.d/59-sekisho.rules");
    fake_bus_write(scene->bus, "root/run/udev/rules.d/59-sekisho.rules", "");
    media_check(scene->media);
    assert_string_equal(
        fake_host_last(&scene->host, EVENT_DRIFT_FOUND, NULL)->what, "/run/udev/rules.d/59-sekisho.rules");
    assert_int_equal(found(scene), 2);
}

/* Mended at once all the same, and said when it can be. */
static void test_drift_is_mended_though_it_cannot_be_recorded(void **state)
{
    struct scene *scene = *state;
    char value[16];
    scene->host.record_error = -ENOSPC;
    fake_bus_write(scene->bus, "sys/" HUB, "1\n");
    media_check(scene->media);
    assert_true(fake_bus_read(scene->bus, "sys/" HUB, value, sizeof(value)));
    assert_int_equal(value[0], '0');
    scene->host.record_error = 0;
    media_check(scene->media);
    assert_int_equal(found(scene), 1);
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_drift_is_silent_where_all_is_as_it_should_be),
        SCENE_TEST(test_drift_in_sysfs_is_mended_and_recorded_each_time),
        SCENE_TEST(test_drift_of_the_rules_is_recorded_once_a_change),
        SCENE_TEST(test_drift_names_what_overrides_the_rules),
        SCENE_TEST(test_drift_is_mended_though_it_cannot_be_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
