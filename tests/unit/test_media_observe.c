/* Observe mode: admitted and recorded with the true reason; ended by the wall clock or by its counted seconds, never lengthened. */
#include "../support/media_scene.h"

#include "media/verbs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

/* The fake clock begins at 2026-11-30T00:53:20Z: these are two hours, and 30 days less an hour, later. */
#define OBSERVE(until) "{\"media\":{\"mode\":\"observe\",\"until\":\"" until "\"}}"
#define TWO_HOURS      OBSERVE("2026-11-30T02:53:20Z")
#define THIRTY_DAYS    OBSERVE("2026-12-29T23:53:20Z")

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

static bool is_open(const struct scene *scene)
{
    return fake_bus_is_authorized(scene->bus, "2-1:1.0");
}

static void check(struct scene *scene)
{
    media_check(scene->media);
    scene_settle(scene);
}

/* --- the span: pure --------------------------------------------------------------------------------------------------- */

static void test_observe_span_is_over_by_clock_by_count_and_for_good(void **state)
{
    struct observe_span span = observe_span_begin(1000 + 2 * HOUR_MS, 1000);
    assert_int_equal(span.allotted_ms, 2 * HOUR_MS);
    assert_false(observe_span_is_over(&span, 1000));
    assert_true(observe_span_is_over(&span, 1000 + 2 * HOUR_MS));
    span.used_ms = 2 * HOUR_MS;
    assert_true(observe_span_is_over(&span, 0));
    span.used_ms = 0;
    span.ended = true;
    assert_true(observe_span_is_over(&span, 0));
    span = observe_span_begin(400 * DAY_MS, 0);
    assert_int_equal(span.allotted_ms, 30 * DAY_MS);
    span = observe_span_begin(0, DAY_MS);
    assert_int_equal(span.allotted_ms, 0);
    assert_true(observe_span_is_over(&span, 0));
}

static void test_observe_span_outlives_being_written_down(void **state)
{
    char text[OBSERVE_TEXT_MAX];
    struct observe_span back, span = {INT64_C(1796000000000), 30 * DAY_MS, 12345678, true, false};
    observe_span_format(&span, text);
    assert_int_equal(observe_span_parse(text, &back), 0);
    char again[OBSERVE_TEXT_MAX];
    observe_span_format(&back, again);
    assert_string_equal(again, text);
    assert_int_equal(back.used_ms, 12345678);
    assert_true(back.begun && !back.ended);
    static const char *const bad[] = {"", "1", "2 1 1 1 1 1", "1 1 1 1 1", "1 1 1 1 1 1 ", "1 1 -1 1 1 1",
        "1 1 1 -1 1 1", "1 1 9999999999999 1 1 1", "x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(observe_span_parse(bad[i], &back), -EBADMSG);
}

/* --- in force --------------------------------------------------------------------------------------------------------- */

static void test_observe_admits_and_records_the_true_reason(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    scene_plug(scene, "2-2", &DEVICE_KEYBOARD);
    assert_string_equal(fake_bus_driver(scene->bus, "2-1:1.0"), "usb-storage");
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_OBSERVED, "2-1")->reason, "M-03");
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_CONNECTED, "2-2"), 1);
    const struct fake_event *begun = fake_host_last(&scene->host, EVENT_OBSERVE_STARTED, NULL);
    assert_int_equal(begun->until_ms, scene->host.realtime_ms + 2 * HOUR_MS);
    struct json_object *status = json_object_new_object();
    media_status(scene->media, status);
    assert_string_equal(json_object_get_string(json_object_object_get(status, "enforcement")), "observe");
    assert_string_equal(
        json_object_get_string(json_object_object_get(status, "until")), "2026-11-30T02:53:20.000Z");
    json_object_put(status);
}

/* Taken back first, then the end is recorded. */
struct witness {
    const struct scene *scene;
    bool was_open;
};

static void watch(void *context, const struct event *event)
{
    struct witness *witness = context;
    if (event->kind == EVENT_OBSERVE_ENDED)
        witness->was_open = is_open(witness->scene);
}

static void test_observe_ends_by_the_clock_and_takes_back(void **state)
{
    struct scene *scene = *state;
    struct witness witness = {scene, true};
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    fake_host_turn(&scene->host, 2 * HOUR_MS - 1000);
    check(scene);
    assert_true(is_open(scene));
    scene->host.on_record = watch;
    scene->host.context = &witness;
    fake_host_turn(&scene->host, 1000);
    check(scene);
    assert_false(is_open(scene));
    assert_false(witness.was_open);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_TAKEN_BACK, "2-1")->reason, "M-03");
    check(scene);
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_ENDED, NULL), 1);
    scene_plug(scene, "2-2", &DEVICE_STICK_OTHER);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-2"), 1);
}

static void test_observe_is_not_lengthened_by_a_clock_set_back(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    scene->host.realtime_ms -= 10 * DAY_MS;
    fake_host_turn(&scene->host, 2 * HOUR_MS - 60000);
    check(scene);
    assert_true(is_open(scene));
    fake_host_turn(&scene->host, 60000);
    check(scene);
    assert_false(is_open(scene));
    /* And what has ended stays ended, whatever the clock says. */
    scene->host.realtime_ms -= 30 * DAY_MS;
    check(scene);
    scene_stop(scene);
    scene_start(scene, TWO_HOURS);
    assert_false(is_open(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_STARTED, NULL), 1);
}

/* A reboot every hour, with the clock set back each time: 30 days of counted time, not a day more. */
static void test_observe_is_not_lengthened_by_reboots(void **state)
{
    struct scene *scene = *state;
    int64_t began = scene->host.realtime_ms, counted = 0;
    scene_start(scene, THIRTY_DAYS);
    while (scene->media->observe.in_force) {
        fake_host_turn(&scene->host, HOUR_MS);
        counted += HOUR_MS;
        check(scene);
        assert_true(counted <= 30 * DAY_MS);
        scene_stop(scene);
        scene->host.boottime_ms = 5000;
        scene->host.realtime_ms = began;
        scene_start(scene, THIRTY_DAYS);
    }
    assert_true(counted >= 29 * DAY_MS);
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_STARTED, NULL), 1);
}

/* Killed without a word: what was not written down had been charged before it was used. */
static void test_observe_is_not_lengthened_by_power_cuts(void **state)
{
    struct scene *scene = *state;
    int64_t began = scene->host.realtime_ms, counted = 0;
    scene_start(scene, TWO_HOURS);
    while (scene->media->observe.in_force) {
        char kept[sizeof(scene->host.state_text)];
        fake_host_turn(&scene->host, 29000);
        counted += 29000;
        check(scene);
        strcpy(kept, scene->host.state_text);
        fake_host_turn(&scene->host, 29000);
        counted += 29000;
        assert_true(counted <= 2 * HOUR_MS);
        scene_stop(scene);                    /* writes the exact count … */
        strcpy(scene->host.state_text, kept); /* … which the cut unwrites */
        scene->host.boottime_ms = 5000;
        scene->host.realtime_ms = began;
        scene_start(scene, TWO_HOURS);
    }
    assert_true(counted >= HOUR_MS / 2);
}

static void test_observe_goes_on_after_a_restart_and_begins_anew_with_another_end(void **state)
{
    struct scene *scene = *state;
    scene_start(scene, TWO_HOURS);
    fake_host_turn(&scene->host, HOUR_MS);
    check(scene);
    scene_stop(scene);
    scene_start(scene, TWO_HOURS);
    assert_true(scene->media->observe.in_force);
    assert_int_equal(scene->media->observe.span.used_ms, HOUR_MS);
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_STARTED, NULL), 1);
    scene_policy(scene, OBSERVE("2026-12-03T00:00:00Z"));
    assert_true(scene->media->observe.in_force);
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_STARTED, NULL), 2);
    scene_policy(scene, NULL);
    assert_false(scene->media->observe.in_force);
    assert_int_equal(fake_host_count(&scene->host, EVENT_OBSERVE_ENDED, NULL), 1);
}

static void test_observe_admits_nothing_that_cannot_be_kept_or_recorded(void **state)
{
    struct scene *scene = *state;
    scene->host.put_error = -EUCLEAN;
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_false(is_open(scene));
    scene->host.put_error = 0;
    scene->host.get_error = -EUCLEAN;
    scene_stop(scene);
    scene_start(scene, TWO_HOURS);
    assert_false(is_open(scene));
    scene->host.get_error = 0;
    scene->host.record_error = -ENOSPC;
    check(scene);
    assert_false(is_open(scene));
    scene->host.record_error = 0;
    check(scene);
    assert_true(is_open(scene));
    /* The store breaks while it is in force. */
    scene->host.put_error = -EIO;
    fake_host_turn(&scene->host, HOUR_MS / 2);
    check(scene);
    assert_false(is_open(scene));
}

static void test_observe_takes_a_damaged_count_for_one_that_is_used_up(void **state)
{
    struct scene *scene = *state;
    strcpy(scene->host.state_key, "media.observe");
    strcpy(scene->host.state_text, "1 zero");
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_false(is_open(scene));
}

/* With a dead battery the clock says 1970: the seconds that are counted still end it. */
static void test_observe_ends_though_the_clock_is_dead(void **state)
{
    struct scene *scene = *state;
    scene->host.realtime_ms = 1000;
    scene_start(scene, THIRTY_DAYS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_true(is_open(scene));
    for (unsigned day = 0; day < 31; day++) {
        fake_host_turn(&scene->host, DAY_MS);
        check(scene);
    }
    assert_false(is_open(scene));
}

/* By its own timer, without a heartbeat or an event. */
static void test_observe_ends_on_time_by_its_timer(void **state)
{
    struct scene *scene = *state;
    sd_event *loop = NULL;
    assert_int_equal(sd_event_new(&loop), 0);
    scene->host.host.loop = loop;
    scene->host.realtime_ms += 2 * HOUR_MS - 200;
    scene_start(scene, TWO_HOURS);
    scene_plug(scene, "2-1", &DEVICE_STICK);
    assert_true(is_open(scene));
    fake_host_turn(&scene->host, 200);
    for (unsigned i = 0; i < 50 && is_open(scene); i++)
        assert_true(sd_event_run(loop, 100000) >= 0);
    assert_false(is_open(scene));
    scene_stop(scene);
    sd_event_unref(loop);
    scene->host.host.loop = NULL;
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_observe_span_is_over_by_clock_by_count_and_for_good),
        cmocka_unit_test(test_observe_span_outlives_being_written_down),
        SCENE_TEST(test_observe_admits_and_records_the_true_reason),
        SCENE_TEST(test_observe_ends_by_the_clock_and_takes_back),
        SCENE_TEST(test_observe_is_not_lengthened_by_a_clock_set_back),
        SCENE_TEST(test_observe_is_not_lengthened_by_reboots),
        SCENE_TEST(test_observe_is_not_lengthened_by_power_cuts),
        SCENE_TEST(test_observe_goes_on_after_a_restart_and_begins_anew_with_another_end),
        SCENE_TEST(test_observe_admits_nothing_that_cannot_be_kept_or_recorded),
        SCENE_TEST(test_observe_takes_a_damaged_count_for_one_that_is_used_up),
        SCENE_TEST(test_observe_ends_though_the_clock_is_dead),
        SCENE_TEST(test_observe_ends_on_time_by_its_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
