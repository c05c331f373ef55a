/* What must not be opened: a damaged state.db or chain.key is never made anew, and nothing but the store's own files is followed. */
#include "../support/store_place.h"

#include "base/file.h"

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

/* A store that was in use: three events, stopped in order. */
static int place_make(void **state)
{
    store_place_make(&place, NULL);
    if (store_place_open(&place) < 0)
        return -1;
    for (unsigned i = 0; i < 3; i++)
        if (store_place_record(&place, EVENT_DEVICE_ALLOWED, i) < 0)
            return -1;
    store_place_close(&place);
    return 0;
}

static int place_remove(void **state)
{
    store_place_remove(&place);
    return 0;
}

static const char *at(const char *name)
{
    static char path[2][300];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", place.path, name);
    return path[turn];
}

static void write_over(const char *name, off_t offset, const void *bytes, size_t size)
{
    int fd = open(at(name), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, offset), (ssize_t)size);
    close(fd);
}

/* It stays refused: no second try makes it good. */
static void refuses(int error)
{
    assert_int_equal(store_place_open(&place), error);
    assert_int_equal(store_place_open(&place), error);
    assert_null(place.recorder);
}

static void test_recorder_denies_where_state_is_damaged(void **state)
{
    char noise[8192];
    memset(noise, 0x5a, sizeof(noise));
    unlink(at("state.db-wal"));
    write_over("state.db", 0, noise, 512);
    refuses(-EUCLEAN);
}

static void test_recorder_denies_where_state_is_cut_short_or_empty(void **state)
{
    assert_int_equal(truncate(at("state.db"), 1500), 0);
    assert_int_equal(truncate(at("state.db-wal"), 0), 0);
    refuses(-EUCLEAN);
    assert_int_equal(truncate(at("state.db"), 0), 0);
    refuses(-EUCLEAN);
}

static void test_recorder_denies_where_state_or_key_is_gone(void **state)
{
    assert_int_equal(rename(at("state.db"), at("elsewhere")), 0);
    refuses(-EUCLEAN);
    assert_int_equal(rename(at("elsewhere"), at("state.db")), 0);
    assert_int_equal(rename(at("chain.key"), at("elsewhere")), 0);
    refuses(-EUCLEAN);
    assert_int_equal(rename(at("elsewhere"), at("chain.key")), 0);
    assert_int_equal(store_place_open(&place), 0);
}

/* As a killed agent leaves it. */
static void leave_running(void)
{
    char command[1100];
    assert_int_equal(store_place_open(&place), 0);
    snprintf(command, sizeof(command), "cp -a %s %s.kept", place.path, place.path);
    assert_int_equal(system(command), 0);
    store_place_close(&place);
    snprintf(command, sizeof(command), "rm -rf %s; mv %s.kept %s", place.path, place.path, place.path);
    assert_int_equal(system(command), 0);
}

/* A value that SQLite finds nothing wrong with; then one of the store's own is missing. */
static void test_recorder_denies_where_a_value_is_damaged_or_gone(void **state)
{
    static const char *const damages[] = {"UPDATE state SET value = 'x' WHERE key = 'core.head'",
        "UPDATE state SET value = replace(value, 'running', 'stopped') WHERE key = 'core.run'",
        "DELETE FROM state WHERE key = 'core.next_chain'", "DELETE FROM state WHERE key = 'core.chain_key'"};
    leave_running();
    for (unsigned i = 0; i < 4; i++) {
        char command[1100];
        snprintf(command, sizeof(command), "cp -a %s %s.kept", place.path, place.path);
        assert_int_equal(system(command), 0);
        assert_int_equal(store_place_sql(&place, "state.db", damages[i]), 0);
        refuses(-EUCLEAN);
        snprintf(command, sizeof(command), "rm -rf %s; mv %s.kept %s", place.path, place.path, place.path);
        assert_int_equal(system(command), 0);
    }
    assert_int_equal(store_place_open(&place), 0);
}

/* One hex digit of the secret, then a whole key that is sound but not this chain's. */
static void test_recorder_denies_where_the_key_is_damaged_or_another(void **state)
{
    char *line, digit;
    size_t size;
    assert_int_equal(file_read(AT_FDCWD, at("chain.key"), 4096, &line, &size), 0);
    digit = line[40] == '0' ? '1' : '0';
    write_over("chain.key", 40, &digit, 1);
    refuses(-EUCLEAN);
    free(line);

    struct store_place other;
    char command[1100];
    store_place_make(&other, NULL);
    assert_int_equal(store_place_open(&other), 0);
    snprintf(command, sizeof(command), "cp %s/chain.key %s/chain.key", other.path, place.path);
    assert_int_equal(system(command), 0);
    store_place_remove(&other);
    refuses(-EUCLEAN);
}

static void test_recorder_refuses_what_is_no_file_of_its_own(void **state)
{
    static const char *const names[] = {"spool.db", "spool.db-wal", "spool.db-journal", "state.db",
        "state.db-wal", "state.db-journal", "state.db-shm", "chain.key"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        bool there = rename(at(names[i]), at("elsewhere")) == 0;
        assert_int_equal(symlink("elsewhere", at(names[i])), 0);
        refuses(-EPERM);
        unlink(at(names[i]));
        assert_int_equal(mkfifo(at(names[i]), 0600), 0);
        refuses(-EPERM);
        unlink(at(names[i]));
        assert_int_equal(mkdir(at(names[i]), 0700), 0);
        refuses(-EPERM);
        rmdir(at(names[i]));
        if (!there)
            continue;
        assert_int_equal(link(at("elsewhere"), at(names[i])), 0);
        refuses(-EPERM);
        unlink(at("elsewhere"));
        assert_int_equal(chmod(at(names[i]), 0640), 0);
        refuses(-EPERM);
        assert_int_equal(chmod(at(names[i]), 0600), 0);
        if (geteuid() == 0) {
            assert_int_equal(chown(at(names[i]), 65534, (gid_t)-1), 0);
            refuses(-EPERM);
            assert_int_equal(chown(at(names[i]), 0, (gid_t)-1), 0);
        }
    }
    struct store_story story;
    assert_int_equal(store_place_open(&place), 0); /* nothing was harmed by any of it */
    assert_int_equal(store_place_story(&place, &story), 0);
    assert_int_equal(story.links, 3);
    assert_int_equal(story.faults, 0);
}

static void test_recorder_refuses_a_directory_that_is_missing_or_others_may_write(void **state)
{
    char command[1100];
    assert_int_equal(chmod(place.path, 0770), 0);
    refuses(-EPERM);
    assert_int_equal(chmod(place.path, 0700), 0);
    snprintf(command, sizeof(command), "rm -rf %s", place.path);
    assert_int_equal(system(command), 0);
    refuses(-ENOENT);
    assert_int_equal(access(place.path, F_OK), -1); /* and it is not made */
    assert_int_equal(mkdir(place.path, 0700), 0);
}

/* Cut during the very first start: nothing was ever in use, so it is simply made. */
static void test_recorder_begins_where_the_first_start_was_cut(void **state)
{
    static const char *const leave[] = {"", "state.db", "state.db chain.key"};
    for (unsigned i = 0; i < 3; i++) {
        struct store_place fresh;
        char command[1100];
        store_place_make(&fresh, NULL);
        assert_int_equal(store_place_open(&fresh), 0);
        store_place_close(&fresh);
        snprintf(command, sizeof(command),
            "cd %s && mkdir keep && for f in %s; do mv $f* keep/; done; rm -f *.*; mv keep/* . "
            "2>/dev/null; rmdir keep",
            fresh.path, leave[i]);
        assert_int_equal(system(command), 0);
        if (i > 0)
            assert_int_equal(
                store_place_sql(&fresh, "state.db",
                    i == 1 ? "DELETE FROM state"
                           : "DELETE FROM state WHERE key IN ('core.run', 'core.head', 'core.next_chain')"),
                0);
        assert_int_equal(store_place_open(&fresh), 0);
        assert_true(fresh.past.first);
        assert_false(fresh.past.spool_set_aside);
        assert_int_equal(store_place_record(&fresh, EVENT_DEVICE_ALLOWED, 1), 0);
        store_place_remove(&fresh);
    }
}

static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    TEST(test_recorder_denies_where_state_is_damaged),
    TEST(test_recorder_denies_where_state_is_cut_short_or_empty),
    TEST(test_recorder_denies_where_state_or_key_is_gone),
    TEST(test_recorder_denies_where_a_value_is_damaged_or_gone),
    TEST(test_recorder_denies_where_the_key_is_damaged_or_another),
    TEST(test_recorder_refuses_what_is_no_file_of_its_own),
    TEST(test_recorder_refuses_a_directory_that_is_missing_or_others_may_write),
    TEST(test_recorder_begins_where_the_first_start_was_cut),
};

int main(void)
{
    return cmocka_run_group_tests(tests, NULL, NULL);
}
