/* Little room: the quota, its reserve, pruning, a full disk, and what is said of events that could not be kept. */
#include "../support/store_place.h"
#include "../support/torn_vfs.h"

#include "core/store/recorder_quota.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS INT64_C(86400000)
#define KIB    INT64_C(1024)

static struct store_place place;

/* In memory, and small: 400 KiB, of which 100 for reserved kinds. */
static int place_make(void **state)
{
    store_place_make(&place, "/dev/shm");
    torn_vfs_install();
    place.settings.quota_bytes = 400 * KIB;
    place.settings.reserve_bytes = 100 * KIB;
    return store_place_open(&place);
}

static int place_remove(void **state)
{
    torn_vfs_fill(false);
    store_place_remove(&place);
    torn_vfs_remove();
    return 0;
}

static int64_t used(void)
{
    struct recorder_depth depth;
    recorder_depth(place.recorder, &depth);
    return depth.bytes;
}

static int64_t lost(void)
{
    struct recorder_depth depth;
    recorder_depth(place.recorder, &depth);
    return depth.lost;
}

/* Ordinary events until one is lost; returns how many were kept. */
static unsigned fill(unsigned device)
{
    for (unsigned count = 0; count < 1000; count++) {
        int error = store_place_record(&place, EVENT_DEVICE_ALLOWED, device + count);
        if (error == -ENOSPC)
            return count;
        assert_int_equal(error, 0);
    }
    fail_msg("the quota never ended");
    return 0;
}

static void story_read(struct store_story *story)
{
    assert_int_equal(store_place_story(&place, story), 0);
    assert_int_equal(story->faults, 0);
    assert_int_equal(story->end_fault, CHAIN_OK);
}

static void body_says(int64_t sequence, const char *text)
{
    char *body = store_place_body(&place, sequence);
    if (!body || !strstr(body, text))
        fail_msg("event %lld: %s; expected in it: %s", (long long)sequence, body, text);
    free(body);
}

static void test_recorder_keeps_the_reserve_for_refusals(void **state)
{
    struct store_story story;
    unsigned kept = fill(0);
    assert_true(used() <= 300 * KIB);
    assert_int_equal(lost(), 1);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_OBSERVED, 5), -ENOSPC);
    unsigned refusals = 0;
    while (store_place_record(&place, EVENT_DEVICE_REFUSED, 5000 + refusals) == 0)
        refusals++;
    assert_true(refusals > 20);
    assert_true(used() <= 400 * KIB);
    story_read(&story);
    assert_int_equal(story.links, kept + refusals + 1);
    assert_non_null(
        strstr(story.kinds, "events_lost device_refused ")); /* what was lost is said first, once */
    body_says(kept + 1, "\"lost\":2");
    assert_int_equal(lost(), 3);
}

static void test_recorder_says_what_was_lost_once_there_is_room(void **state)
{
    struct store_story story;
    unsigned kept = fill(0);
    for (unsigned i = 0; i < 4; i++, store_place_pass(&place, 1000))
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_OBSERVED, i), -ENOSPC);
    store_place_close(&place); /* the count outlives a restart */
    place.settings.quota_bytes = 800 * KIB;
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 999), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 998), 0);
    story_read(&story);
    assert_int_equal(story.links, kept + 3);
    assert_string_equal(
        story.kinds + strlen(story.kinds) - strlen("events_lost device_allowed device_allowed "),
        "events_lost device_allowed device_allowed ");
    body_says(kept + 1, "\"lost\":5");
    assert_int_equal(lost(), 5);
}

static void test_recorder_prunes_old_bodies_to_links_and_the_chain_still_walks(void **state)
{
    struct store_story story;
    unsigned kept = fill(0);
    struct chain_head head;
    store_place_pass(&place, (place.settings.keep_days - 1) * DAY_MS);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 500), -ENOSPC); /* none is old enough */
    store_place_pass(&place, 2 * DAY_MS);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 501), 0);
    recorder_head(place.recorder, &head);
    story_read(&story);
    assert_int_equal(story.links, head.sequence);
    assert_int_equal(story.pruned, kept);
    assert_true(used() < 100 * KIB);
    store_place_close(&place);
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.spool_set_aside);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 502), 0);
    story_read(&story);
}

/* A clock that was years ahead for a while must not keep what is older from ever being pruned. */
static void test_recorder_prunes_past_events_of_a_clock_that_was_ahead(void **state)
{
    struct store_story story;
    place.realtime_ms += 30 * 365 * DAY_MS;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    place.realtime_ms -= 30 * 365 * DAY_MS;
    fill(10);
    store_place_pass(&place, (place.settings.keep_days + 1) * DAY_MS);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 501), 0);
    story_read(&story);
    assert_true(story.pruned > 3);
}

static void test_recorder_merges_heartbeats_while_the_quota_presses(void **state)
{
    struct store_story story;
    for (unsigned i = 0; used() < 230 * KIB; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    struct chain_head before, after;
    recorder_head(place.recorder, &before);
    for (unsigned i = 0; i < 25; i++, store_place_pass(&place, 300000)) /* 0, 5, 10 ... 120 minutes */
        assert_int_equal(store_place_record(&place, EVENT_HEARTBEAT, 0), 0);
    recorder_head(place.recorder, &after);
    assert_int_equal(after.sequence - before.sequence, 3);
    body_says(after.sequence, "\"count\":11");
    story_read(&story);
    assert_int_equal(lost(), 0);
}

static void test_recorder_disk_full_loses_nothing_that_was_promised(void **state)
{
    static struct store_story story;
    static bool kept[2000];
    place.settings.quota_bytes = INT64_C(64) << 20;
    recorder_configure(place.recorder, &place.settings);
    unsigned device = 0, full = 0;
    for (unsigned round = 0; round < 6; round++) {
        torn_vfs_fill(round % 2 == 1);
        for (unsigned i = 0; i < 200; i++, device++, store_place_pass(&place, 1000)) {
            int error = store_place_record(&place, EVENT_DEVICE_ALLOWED, device);
            kept[device] = error == 0;
            full += error == -ENOSPC;
            assert_true(error == 0 || error == -ENOSPC);
        }
    }
    assert_true(full > 0);
    torn_vfs_fill(false);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, device), 0);
    story_read(&story);
    for (unsigned i = 0; i < device; i++)
        assert_true(store_story_has(&story, i) == kept[i]);
    assert_int_equal(lost(), full);
    assert_non_null(strstr(story.kinds, "events_lost"));
    assert_false(place.past.spool_set_aside);
}

static void test_recorder_full_disk_at_the_start_is_an_error_and_not_a_loss(void **state)
{
    struct store_story story;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    store_place_close(&place);
    for (unsigned attempt = 0; attempt < 300; attempt++) { /* until even what the logs own is used up */
        torn_vfs_fill(true);
        int error = store_place_open(&place);
        assert_true(error == 0 || error == -ENOSPC);
        store_place_close(&place);
    }
    torn_vfs_fill(false);
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.first);
    assert_false(place.past.spool_set_aside);
    story_read(&story);
    assert_int_equal(story.links, 10);
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    TEST(test_recorder_keeps_the_reserve_for_refusals),
    TEST(test_recorder_says_what_was_lost_once_there_is_room),
    TEST(test_recorder_prunes_old_bodies_to_links_and_the_chain_still_walks),
    TEST(test_recorder_prunes_past_events_of_a_clock_that_was_ahead),
    TEST(test_recorder_merges_heartbeats_while_the_quota_presses),
    TEST(test_recorder_disk_full_loses_nothing_that_was_promised),
    TEST(test_recorder_full_disk_at_the_start_is_an_error_and_not_a_loss),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
