/* The recorder: what it promises of an event, of a stop, and of what it finds when it opens. */
#include "../support/store_place.h"

#include "base/text.h"
#include "core/store/recorder_repeat.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct store_place place;

static int place_make(void **state)
{
    store_place_make(&place, NULL);
    return 0;
}

static int place_remove(void **state)
{
    store_place_remove(&place);
    return 0;
}

static const char *at(const char *name)
{
    static char path[300];
    snprintf(path, sizeof(path), "%s/%s", place.path, name);
    return path;
}

static void story_read(struct store_story *story)
{
    assert_int_equal(store_place_story(&place, story), 0);
}

static void story_is_whole(struct store_story *story, int64_t links)
{
    story_read(story);
    assert_int_equal(story->links, links);
    assert_int_equal(story->faults, 0);
    assert_int_equal(story->end_fault, CHAIN_OK);
}

static void test_recorder_first_start_makes_three_private_files(void **state)
{
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.first);
    assert_false(place.past.spool_set_aside);
    assert_int_equal(place.past.watched_ms, 0);
    static const char *const names[] = {"spool.db", "spool.db-wal", "state.db", "state.db-wal", "chain.key"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct stat status;
        assert_int_equal(stat(at(names[i]), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
    struct stat status;
    assert_int_equal(stat(at("spool.db-shm"), &status), -1);
}

static void test_recorder_events_form_a_chain_that_goes_on_after_a_restart(void **state)
{
    struct store_story story;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    struct chain_head before, after;
    recorder_head(place.recorder, &before);
    assert_int_equal(before.sequence, 20);
    store_place_close(&place);
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.first);
    assert_true(place.past.clean);
    assert_true(place.past.same_boot);
    recorder_head(place.recorder, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 20), 0);
    story_is_whole(&story, 21);
    for (unsigned i = 0; i <= 20; i++)
        assert_true(store_story_has(&story, i));
}

static void test_recorder_second_opener_is_refused(void **state)
{
    struct recorder *second = NULL;
    struct recorder_past past;
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(recorder_open(place.path, &place.settings, &place.clock, NULL, &second, &past), -EBUSY);
    assert_int_equal(recorder_open_offline(place.path, &second), -EBUSY);
    assert_null(second);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 1), 0);
}

/* --- past ---------------------------------------------------------------------------------------------------------------- */

/* What a killed agent leaves: the files as they are while it is open. */
static void leave_unclean(void)
{
    char command[1024];
    snprintf(command, sizeof(command), "cp -a %s %s.copy", place.path, place.path);
    assert_int_equal(system(command), 0);
    store_place_close(&place);
    snprintf(command, sizeof(command), "rm -rf %s && mv %s.copy %s", place.path, place.path, place.path);
    assert_int_equal(system(command), 0);
}

static void mark(void)
{
    assert_int_equal(recorder_mark_watched(place.recorder, place.realtime_ms), 0);
}

static void test_recorder_knows_since_when_nobody_watched(void **state)
{
    assert_int_equal(store_place_open(&place), 0);
    store_place_pass(&place, 300000);
    mark();
    int64_t marked_ms = place.realtime_ms;
    store_place_pass(&place, 1000);
    leave_unclean();
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.clean);
    assert_true(place.past.same_boot);
    assert_int_equal(place.past.watched_ms, marked_ms);

    /* An event says nothing of what came before it and was still waiting; nor does a start. */
    store_place_pass(&place, 7000);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 1), 0);
    store_place_pass(&place, 1000);
    leave_unclean();
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(place.past.watched_ms, marked_ms);

    store_place_pass(&place, 5000);
    mark();
    int64_t stopped_ms = place.realtime_ms;
    store_place_close(&place);
    store_place_pass(&place, 5000);
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.clean);
    assert_int_equal(place.past.watched_ms, stopped_ms);
}

static void test_recorder_before_the_first_mark_has_watched_nothing_of_this_boot(void **state)
{
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.first);
    int64_t boot_ms = place.realtime_ms - place.boottime_ms;
    leave_unclean();
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(place.past.watched_ms, boot_ms);
}

/* A cut would take the count away: what it stands for came after the mark before, and must lie in the interval. */
static void test_recorder_mark_is_held_back_by_repeats_that_no_event_tells(void **state)
{
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    mark();
    int64_t before_ms = place.realtime_ms;
    store_place_pass(&place, 10000);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    store_place_pass(&place, 10000);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    mark();
    leave_unclean();
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(place.past.watched_ms, before_ms);
}

static void test_recorder_head_in_state_is_at_most_one_behind_after_a_kill(void **state)
{
    struct recorder *offline;
    struct chain_head head, known;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    leave_unclean();
    assert_int_equal(recorder_open_offline(place.path, &offline), 0);
    recorder_head(offline, &head);
    recorder_known_head(offline, &known);
    assert_int_equal(head.sequence, 7);
    assert_in_range(known.sequence, 6, 7);
    recorder_close(offline);
}

/* --- repeats ------------------------------------------------------------------------------------------------------------- */

static void test_recorder_refusal_is_recorded_at_once_and_its_repeats_as_one(void **state)
{
    struct store_story story;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned i = 0; i < 5; i++, store_place_pass(&place, 10000))
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    story_is_whole(&story, 1);
    store_place_pass(&place, 10000);
    assert_int_equal(
        store_place_record(&place, EVENT_DEVICE_ALLOWED, 2), 0); /* no loop here: the next event brings it */
    story_is_whole(&story, 3);
    assert_string_equal(story.kinds, "device_refused device_refused device_allowed ");
    char *body = store_place_body(&place, 2);
    assert_non_null(strstr(body, "\"count\":4"));
    free(body);
    assert_int_equal(
        store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0); /* a new minute, at once again */
    story_is_whole(&story, 4);
}

static void test_recorder_close_tells_the_repeats_so_far(void **state)
{
    struct store_story story;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    store_place_close(&place);
    assert_int_equal(store_place_open(&place), 0);
    story_is_whole(&story, 2);
}

static int on_end(sd_event_source *source, uint64_t usec, void *context)
{
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* The machine's own clock from 59.9 s into the window on. */
static void test_recorder_timer_tells_repeats_without_another_event(void **state)
{
    struct store_story story;
    sd_event *loop = NULL;
    place.boottime_ms = clock_boottime_ms(&clock_system) - 59900;
    assert_true(sd_event_new(&loop) >= 0);
    assert_int_equal(
        recorder_open(place.path, &place.settings, &place.clock, loop, &place.recorder, &place.past), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    place.boottime_ms += 60000;
    assert_true(sd_event_add_time_relative(loop, NULL, CLOCK_BOOTTIME, 3000000, 0, on_end, NULL) >= 0);
    assert_true(sd_event_loop(loop) >= 0);
    story_is_whole(&story, 2);
    store_place_close(&place);
    sd_event_unref(loop);
}

static void test_recorder_many_devices_a_minute_are_each_recorded(void **state)
{
    static struct store_story story;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 2 * REPEAT_SLOTS; i++)
            assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, i), 0);
    store_place_close(&place);
    assert_int_equal(store_place_open(&place), 0);
    story_read(&story);
    assert_int_equal(story.faults, 0);
    for (unsigned i = 0; i < 2 * REPEAT_SLOTS; i++)
        assert_true(store_story_has(&story, i));
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static void test_recorder_finds_the_first_event_at_a_time_though_the_clock_went_back(void **state)
{
    static const int64_t steps_ms[] = {0, 1000, 1000, -5000, 1000, 10000, 0, 1000};
    int64_t times_ms[8], sequence;
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(recorder_find_time(place.recorder, 0, &sequence), 0);
    assert_int_equal(sequence, 1);
    for (unsigned i = 0; i < 8; i++) {
        place.realtime_ms += steps_ms[i];
        times_ms[i] = place.realtime_ms;
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    }
    for (int64_t asked = times_ms[0] - 6000; asked < times_ms[7] + 2000; asked += 500) {
        int64_t expected = 1;
        while (expected <= 8 && times_ms[expected - 1] < asked)
            expected++;
        assert_int_equal(recorder_find_time(place.recorder, asked, &sequence), 0);
        assert_int_equal(sequence, expected);
    }
}

static int count_two(void *context, const struct chain_link *link)
{
    return ++*(int *)context == 2 ? 77 : 0;
}

static void test_recorder_reads_from_a_place_so_many_until_told_to_stop(void **state)
{
    int count = -100;
    assert_int_equal(store_place_open(&place), 0);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, i), 0);
    assert_int_equal(recorder_read(place.recorder, 4, 3, count_two, &count), 0);
    assert_int_equal(count, -97);
    count = 0;
    assert_int_equal(recorder_read(place.recorder, 1, 9, count_two, &count), 77);
    count = 0;
    assert_int_equal(recorder_read(place.recorder, 10, 9, count_two, &count), 0);
    assert_int_equal(count, 0);
}

static void on_event_count(void *context)
{
    ++*(int *)context;
}

static void test_recorder_calls_back_after_each_durable_event(void **state)
{
    int called = 0;
    assert_int_equal(store_place_open(&place), 0);
    recorder_on_event(place.recorder, on_event_count, &called);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_REFUSED, 1), 0); /* a repeat */
    assert_int_equal(called, 1);
    struct event wrong = EVENT(EVENT_DEVICE_REFUSED); /* lacks what is required */
    assert_int_equal(recorder_record(place.recorder, &wrong), -EINVAL);
    assert_int_equal(called, 1);
    struct recorder_depth depth;
    recorder_depth(place.recorder, &depth);
    assert_int_equal(depth.lost, 0);
    /* Closing tells the repeat too, and by then this stack is gone. */
    recorder_on_event(place.recorder, NULL, NULL);
}

static void test_recorder_heartbeat_signs_the_head_before_it(void **state)
{
    uint8_t key[CHAIN_PUBLIC_SIZE], signature[CHAIN_SIGNATURE_SIZE];
    struct chain_head head;
    struct event event = EVENT(EVENT_HEARTBEAT);
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 1), 0);
    recorder_head(place.recorder, &head);
    recorder_public_key(place.recorder, key);
    place.realtime_ms += 4000; /* the clock was set forward */
    assert_int_equal(recorder_fill_heartbeat(place.recorder, &event), 0);
    assert_int_equal(text_unhex(signature, sizeof(signature), event.values[EVENT_HEAD_SIGNATURE].text), 0);
    assert_int_equal(chain_head_verify(&head, key, signature), 0);
    assert_int_equal(event.values[EVENT_HEAD_SEQUENCE].number, 1);
    assert_int_equal(event.values[EVENT_CLOCK_OFFSET_MS].number, 4000);
    head.sequence++;
    assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
}

/* --- small values -------------------------------------------------------------------------------------------------------- */

static void test_recorder_state_outlives_a_restart_and_guards_its_own(void **state)
{
    char *text = NULL, *large = malloc(70000);
    memset(large, 'x', 70000);
    large[69999] = '\0';
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(recorder_state_get(place.recorder, "media.observe", &text), -ENOENT);
    assert_int_equal(recorder_state_put(place.recorder, "media.observe", "until 5"), 0);
    assert_int_equal(recorder_state_put(place.recorder, "media.observe", "until 6"), 0);
    assert_int_equal(recorder_state_put(place.recorder, "core.head", "forged"), -EPERM);
    assert_int_equal(recorder_state_get(place.recorder, "core.head", &text), -EPERM);
    assert_int_equal(recorder_state_put(place.recorder, "media.large", large), -E2BIG);
    assert_null(text);
    leave_unclean();
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(recorder_state_get(place.recorder, "media.observe", &text), 0);
    assert_string_equal(text, "until 6");
    free(text);
    free(large);
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    TEST(test_recorder_first_start_makes_three_private_files),
    TEST(test_recorder_events_form_a_chain_that_goes_on_after_a_restart),
    TEST(test_recorder_second_opener_is_refused),
    TEST(test_recorder_knows_since_when_nobody_watched),
    TEST(test_recorder_before_the_first_mark_has_watched_nothing_of_this_boot),
    TEST(test_recorder_mark_is_held_back_by_repeats_that_no_event_tells),
    TEST(test_recorder_head_in_state_is_at_most_one_behind_after_a_kill),
    TEST(test_recorder_refusal_is_recorded_at_once_and_its_repeats_as_one),
    TEST(test_recorder_close_tells_the_repeats_so_far),
    TEST(test_recorder_timer_tells_repeats_without_another_event),
    TEST(test_recorder_many_devices_a_minute_are_each_recorded),
    TEST(test_recorder_finds_the_first_event_at_a_time_though_the_clock_went_back),
    TEST(test_recorder_reads_from_a_place_so_many_until_told_to_stop),
    TEST(test_recorder_calls_back_after_each_durable_event),
    TEST(test_recorder_heartbeat_signs_the_head_before_it),
    TEST(test_recorder_state_outlives_a_restart_and_guards_its_own),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
