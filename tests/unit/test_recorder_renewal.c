/* A spool that is damaged, missing, rolled back or another's: set aside, and the new chain's first event says so. */
#include "../support/store_place.h"

#include "core/store/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS 40

static struct store_place place;
static struct chain_head old;

static int place_make(void **state)
{
    store_place_make(&place, NULL);
    if (store_place_open(&place) < 0)
        return -1;
    for (unsigned i = 0; i < EVENTS; i++)
        if (store_place_record(&place, EVENT_DEVICE_ALLOWED, i) < 0)
            return -1;
    recorder_head(place.recorder, &old);
    store_place_close(&place);
    return 0;
}

static int place_remove(void **state)
{
    store_place_remove(&place);
    return 0;
}

static void shell(const char *format)
{
    char command[1024];
    snprintf(command, sizeof(command), "cd %s && %s", place.path, format);
    assert_int_equal(system(command), 0);
}

static unsigned files_aside(const char *part)
{
    unsigned count = 0;
    DIR *entries = opendir(place.path);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        size_t length = strlen(entry->d_name);
        count += strncmp(entry->d_name, "spool-", 6) == 0 && strstr(entry->d_name, part) &&
                 strcmp(entry->d_name + length - 3, ".db") == 0;
    }
    closedir(entries);
    return count;
}

/* The new chain: its first event names the old one's last known event and, where there is one, the file. */
static void renewed(const char *why)
{
    struct store_story story;
    char expected[128];
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 100), 0);
    assert_int_equal(store_place_story(&place, &story), 0);
    assert_int_equal(story.faults, 0);
    assert_int_equal(story.end_fault, CHAIN_OK);
    assert_int_equal(story.links, 2);
    assert_string_equal(story.kinds, "spool_reset device_allowed ");
    assert_string_not_equal(story.head.chain_uid, old.chain_uid);
    char *body = store_place_body(&place, 1);
    snprintf(expected, sizeof(expected), "\"old_chain_uid\":\"%s\"", old.chain_uid);
    assert_non_null(strstr(body, expected));
    snprintf(expected, sizeof(expected), "\"old_sequence\":%d", EVENTS);
    assert_non_null(strstr(body, expected));
    snprintf(expected, sizeof(expected), "\"set_aside_as\":\"spool-%s-2026", why ? why : "");
    assert_true(!strstr(body, expected) == !why);
    assert_int_equal(files_aside(why ? why : ""), why ? 1 : 0);
    free(body);
    store_place_close(&place); /* and from now on it is an ordinary store */
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.spool_set_aside);
    assert_true(place.past.clean);
}

static void opens_renewed(const char *why)
{
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.spool_set_aside);
    assert_false(place.past.first);
    renewed(why);
}

static void test_recorder_sets_a_damaged_spool_aside(void **state)
{
    shell("rm -f spool.db-wal; dd if=/dev/urandom of=spool.db bs=1 count=100 conv=notrunc status=none");
    opens_renewed("damaged");
}

static void test_recorder_sets_a_spool_without_its_tables_aside(void **state)
{
    assert_int_equal(store_place_sql(&place, "spool.db", "DROP TABLE chain"), 0);
    opens_renewed("damaged");
}

static void test_recorder_sets_an_emptied_spool_aside_with_its_log(void **state)
{
    shell("truncate -s 0 spool.db");
    opens_renewed("damaged");
    shell("test -s spool-damaged-*.db-wal");
}

static void test_recorder_names_a_missing_spool(void **state)
{
    shell("rm spool.db*");
    opens_renewed(NULL);
}

/* Damage in the middle is met when it is read, or when an event is to be written beside it. */
static void test_recorder_meets_damage_while_it_runs(void **state)
{
    struct store_story story;
    shell("rm -f spool.db-wal; "
          "dd if=/dev/zero of=spool.db bs=4096 seek=4 count=4 conv=notrunc status=none");
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.spool_set_aside);
    assert_true(store_place_story(&place, &story) < 0);
    renewed("damaged");
}

/* Nothing that is read is damaged: the list of free pages is, which only a new page is taken from. */
static void test_recorder_meets_damage_while_it_writes(void **state)
{
    struct store_story story;
    shell("rm -f spool.db-wal; "
          "printf '\\0\\377\\377\\377\\0\\0\\0\\5' | dd of=spool.db bs=1 seek=32 conv=notrunc status=none");
    assert_int_equal(store_place_open(&place), 0);
    assert_false(place.past.spool_set_aside);
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 200 + i), 0);
    assert_int_equal(store_place_story(&place, &story), 0);
    assert_int_equal(story.faults, 0);
    assert_memory_equal(story.kinds, "spool_reset device_allowed ", strlen("spool_reset device_allowed "));
    assert_true(store_story_has(&story, 211));
    assert_int_equal(files_aside("damaged"), 1);
}

/* What state.db knows is there; but what stands around it is no chain that an event could be added to. */
static void test_recorder_adds_to_no_tail_that_is_not_a_chain(void **state)
{
    assert_int_equal(
        store_place_sql(&place, "spool.db",
            "INSERT INTO link SELECT 5000, class_uid, time_ms, peak_ms, prev_hash, hash, body FROM link "
            "WHERE sequence = 40"),
        0);
    opens_renewed("damaged");
}

static void test_recorder_names_a_spool_rolled_back_alone(void **state)
{
    shell("mkdir before && cp -a spool.db* before/");
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 90), 0);
    recorder_head(place.recorder, &old);
    store_place_close(&place);
    shell("rm spool.db* && mv before/spool.db* .");
    assert_int_equal(old.sequence, EVENTS + 1);
    struct recorder *offline;
    struct chain_head head, known;
    assert_int_equal(recorder_open_offline(place.path, &offline), 0); /* as `verify --store` sees it */
    recorder_head(offline, &head);
    recorder_known_head(offline, &known);
    assert_int_equal(head.sequence, EVENTS);
    assert_int_equal(known.sequence, EVENTS + 1);
    recorder_close(offline);
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.spool_set_aside);
    char *body = store_place_body(&place, 1);
    assert_non_null(strstr(body, "\"old_sequence\":41"));
    assert_non_null(strstr(body, "\"set_aside_as\":\"spool-rolled-back-2026"));
    free(body);
}

/* Rolled back, and grown again to the same length by another agent that had an older state.db. */
static void test_recorder_names_a_spool_that_went_another_way(void **state)
{
    shell("mkdir before && cp -a spool.db* state.db* before/");
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 90), 0);
    store_place_close(&place);
    shell("mkdir now && mv spool.db* state.db* now/ && mv before/* .");
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 91), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 92), 0);
    store_place_close(&place);
    shell("rm state.db* && mv now/state.db* .");
    assert_int_equal(store_place_open(&place), 0);
    assert_true(place.past.spool_set_aside);
    assert_int_equal(files_aside("rolled-back"), 1);
}

static void test_recorder_sets_anothers_spool_aside(void **state)
{
    struct store_place other;
    char command[1100];
    store_place_make(&other, NULL);
    assert_int_equal(store_place_open(&other), 0);
    assert_int_equal(store_place_record(&other, EVENT_DEVICE_ALLOWED, 1), 0);
    store_place_close(&other);
    snprintf(command, sizeof(command), "rm %s/spool.db*; cp -a %s/spool.db* %s/", place.path, other.path,
        place.path);
    assert_int_equal(system(command), 0);
    store_place_remove(&other);
    opens_renewed("foreign");
}

static void state_knows_the_old_head(void)
{
    char path[300];
    struct store_state *store;
    snprintf(path, sizeof(path), "%s/state.db", place.path);
    assert_int_equal(store_state_open(path, STORE_STATE_IN_USE, &store), 0);
    assert_int_equal(store_state_put_head(store, &old), 0);
    store_state_close(store);
}

/* The cut came after the new spool was made and before its first event, or before its head was noted. */
static void test_recorder_goes_on_where_a_renewal_was_cut(void **state)
{
    shell("rm spool.db*");
    assert_int_equal(store_place_open(&place), 0);
    store_place_close(&place);
    state_knows_the_old_head();
    assert_int_equal(store_place_open(&place), 0); /* its event is there, its head was not noted */
    renewed(NULL);
    store_place_close(&place);
    state_knows_the_old_head();
    assert_int_equal(store_place_sql(&place, "spool.db", "DELETE FROM link"), 0);
    assert_int_equal(store_place_open(&place), 0); /* not even its event */
    assert_true(place.past.spool_set_aside);
    renewed(NULL);
}

static void test_recorder_keeps_a_limited_number_of_spools_set_aside(void **state)
{
    for (unsigned i = 0; i < 12; i++) {
        shell("rm -f spool.db-wal; dd if=/dev/urandom of=spool.db bs=1 count=100 conv=notrunc status=none");
        store_place_pass(&place, i % 3 ? 1000 : 0);
        assert_int_equal(store_place_open(&place), 0);
        assert_true(place.past.spool_set_aside);
        store_place_close(&place);
    }
    assert_int_equal(files_aside(""), 8);
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    TEST(test_recorder_sets_a_damaged_spool_aside),
    TEST(test_recorder_sets_a_spool_without_its_tables_aside),
    TEST(test_recorder_sets_an_emptied_spool_aside_with_its_log),
    TEST(test_recorder_names_a_missing_spool),
    TEST(test_recorder_meets_damage_while_it_runs),
    TEST(test_recorder_meets_damage_while_it_writes),
    TEST(test_recorder_adds_to_no_tail_that_is_not_a_chain),
    TEST(test_recorder_names_a_spool_rolled_back_alone),
    TEST(test_recorder_names_a_spool_that_went_another_way),
    TEST(test_recorder_sets_anothers_spool_aside),
    TEST(test_recorder_goes_on_where_a_renewal_was_cut),
    TEST(test_recorder_keeps_a_limited_number_of_spools_set_aside),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
