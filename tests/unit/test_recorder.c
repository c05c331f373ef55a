/* The recorder: what it promises of an event, of a stop, and of what it finds when it opens. */
#include "../support/store_place.h"

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
    assert_int_equal(place.past.last_alive_ms, 0);
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

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    TEST(test_recorder_first_start_makes_three_private_files),
    TEST(test_recorder_events_form_a_chain_that_goes_on_after_a_restart),
    TEST(test_recorder_second_opener_is_refused),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
