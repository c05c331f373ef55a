/* What the kernel says of a plug before udev lets anybody look: every plug ends in the chain, also one that is gone by then. */
#include "../support/media_scene.h"

#include "media/enforce.h"

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
    scene_start(*state, NULL);
    return 0;
}

static int close_scene(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static struct arrival arrival_of(const char *name, unsigned devnum)
{
    struct arrival arrival = {.devnum = devnum, .vendor = 0x46f4, .product = 1};
    snprintf(arrival.name, sizeof(arrival.name), "%s", name);
    return arrival;
}

static bool has_caught_up(struct scene *scene)
{
    return media_has_caught_up(scene->media, scene->host.realtime_ms);
}

static void test_arrival_gone_before_the_look_is_recorded(void **state)
{
    struct scene *scene = *state;
    const struct arrival stick = arrival_of("2-1", 7);
    media_arrived(scene->media, &stick);
    assert_false(has_caught_up(scene));
    assert_int_equal(scene->host.count, 0);
    media_gone(scene->media, &stick);
    assert_true(has_caught_up(scene));
    assert_int_equal(scene->host.count, 1);
    const struct fake_event *event = fake_host_last(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1");
    assert_non_null(event);
    assert_string_equal(event->reason, "M-19");
    assert_int_equal(event->number, 7);
}

static void test_arrival_that_was_looked_at_is_told_once(void **state)
{
    struct scene *scene = *state;
    unsigned devnum = fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    const struct arrival stick = arrival_of("2-1", devnum);
    media_arrived(scene->media, &stick);
    media_look(scene->media, "2-1");
    assert_true(has_caught_up(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 1);
    /* The kernel's word read late. */
    media_arrived(scene->media, &stick);
    assert_true(has_caught_up(scene));
    scene_unplug(scene, "2-1");
    media_gone(scene->media, &stick);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
    assert_int_equal(scene->host.count, 2);
}

/* A dock pulled and put back: the same name and the same number, and udev has told of neither. */
static void test_replug_under_the_same_name_and_number_is_another_plug(void **state)
{
    struct scene *scene = *state;
    unsigned devnum = fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    const struct arrival stick = arrival_of("2-1", devnum);
    media_arrived(scene->media, &stick);
    media_look(scene->media, "2-1");
    media_gone(scene->media, &stick);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
    media_arrived(scene->media, &stick);
    assert_false(has_caught_up(scene));
    media_look(scene->media, "2-1");
    assert_true(has_caught_up(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 2);
}

/* Out and in again while udev is busy: the first plug was never looked at, the second is. */
static void test_arrival_replugged_before_the_look_is_two_plugs(void **state)
{
    struct scene *scene = *state;
    unsigned devnum = fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    const struct arrival first = arrival_of("2-1", devnum - 1), second = arrival_of("2-1", devnum);
    media_arrived(scene->media, &first);
    media_gone(scene->media, &first);
    media_arrived(scene->media, &second);
    assert_false(has_caught_up(scene));
    media_look(scene->media, "2-1");
    assert_true(has_caught_up(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_DISCONNECTED, "2-1"), 1);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 1);
}

static void test_arrival_that_cannot_be_recorded_holds_the_mark_back(void **state)
{
    struct scene *scene = *state;
    scene->host.record_error = -ENOSPC;
    const struct arrival stick = arrival_of("2-1", fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK));
    media_arrived(scene->media, &stick);
    media_look(scene->media, "2-1");
    assert_false(has_caught_up(scene));
    scene->host.record_error = 0;
    media_look_all(scene->media);
    assert_true(has_caught_up(scene));
}

static enum monitor_reader not_seen_by_udev(void *context, const char *name)
{
    return MONITOR_READER_UNKNOWN;
}

/* It was there before the kernel's word could be heard. */
static void test_reader_that_waits_for_udev_holds_the_mark_back(void **state)
{
    struct scene *scene = *state;
    const struct media_marks marks = scene->media->marks;
    scene->media->marks.reader = not_seen_by_udev;
    fake_bus_plug(scene->bus, "2-1", &DEVICE_READER);
    media_look_all(scene->media);
    media_look_all(scene->media);
    assert_false(has_caught_up(scene));
    assert_int_equal(scene->media->arrivals.count, 1);
    scene->media->marks = marks;
    media_look_all(scene->media);
    assert_true(has_caught_up(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_CONNECTED, "2-1"), 1);
}

static void test_arrivals_without_end_are_recorded_without_end(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < ARRIVALS_MAX + 3; i++) {
        const struct arrival stick = arrival_of("2-1", i);
        media_arrived(scene->media, &stick);
    }
    assert_int_equal(scene->media->arrivals.count, ARRIVALS_MAX);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 3);
    assert_string_equal(fake_host_last(&scene->host, EVENT_DEVICE_REFUSED, "2-1")->reason, "M-16");
}

static void test_words_of_the_kernel_that_were_missed_are_stated_as_an_interval(void **state)
{
    struct scene *scene = *state;
    assert_true(has_caught_up(scene));
    int64_t watched_ms = scene->host.realtime_ms;
    fake_host_turn(&scene->host, 5000);
    const struct arrival stick = arrival_of("2-2", 9);
    media_arrived(scene->media, &stick);
    fake_bus_plug(scene->bus, "2-1", &DEVICE_STICK);
    media_missed(scene->media);
    const struct fake_event *gap = fake_host_last(&scene->host, EVENT_UNOBSERVED_INTERVAL, NULL);
    assert_non_null(gap);
    assert_int_equal(gap->from_ms, watched_ms);
    assert_int_equal(gap->to_ms, scene->host.realtime_ms);
    assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-1"), 1);
    assert_true(has_caught_up(scene));
    assert_int_equal(fake_host_count(&scene->host, EVENT_UNOBSERVED_INTERVAL, NULL), 1);
}

static void test_interval_that_cannot_be_recorded_holds_the_mark_back_and_is_stated_later(void **state)
{
    struct scene *scene = *state;
    assert_true(has_caught_up(scene));
    int64_t watched_ms = scene->host.realtime_ms;
    fake_host_turn(&scene->host, 5000);
    scene->host.record_error = -ENOSPC;
    media_missed(scene->media);
    assert_false(has_caught_up(scene));
    scene->host.record_error = 0;
    fake_host_turn(&scene->host, 5000);
    assert_true(has_caught_up(scene));
    const struct fake_event *gap = fake_host_last(&scene->host, EVENT_UNOBSERVED_INTERVAL, NULL);
    assert_non_null(gap);
    assert_int_equal(gap->from_ms, watched_ms);
    assert_int_equal(gap->to_ms, scene->host.realtime_ms);
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(test_arrival_gone_before_the_look_is_recorded),
        SCENE_TEST(test_arrival_that_was_looked_at_is_told_once),
        SCENE_TEST(test_replug_under_the_same_name_and_number_is_another_plug),
        SCENE_TEST(test_arrival_replugged_before_the_look_is_two_plugs),
        SCENE_TEST(test_arrival_that_cannot_be_recorded_holds_the_mark_back),
        SCENE_TEST(test_reader_that_waits_for_udev_holds_the_mark_back),
        SCENE_TEST(test_arrivals_without_end_are_recorded_without_end),
        SCENE_TEST(test_words_of_the_kernel_that_were_missed_are_stated_as_an_interval),
        SCENE_TEST(test_interval_that_cannot_be_recorded_holds_the_mark_back_and_is_stated_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
