/* Which files are read, whose they may be, how policy.d is merged, and what is in force when they are refused. */
#include "../support/settings_place.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define EMPTY "{\"version\":1}"
#define MEDIUM(serial)                                                                                       \
    "{\"media\":{\"registered\":[{\"label\":\"a\",\"vendor_id\":\"46f4\",\"product_id\":\"0001\","           \
    "\"serial\":\"" serial "\"}]}}"

static int open_place(void **state)
{
    static struct settings_place place;
    settings_place_open(&place);
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    settings_place_close(*state);
    return 0;
}

static const char *path_of(const struct settings_place *place, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", place->configuration, name);
    return path;
}

static const char *in_store(const struct settings_place *place, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", place->store, name);
    return path;
}

static void assert_policy(const struct settings_place *place, const char *expected)
{
    assert_string_equal(settings_place_load(place, SETTINGS_POLICY), expected);
}

/* --- whose they are -------------------------------------------------------------------------------------------------- */

static void test_settings_of_another_owner_are_refused(void **state)
{
    struct settings_place *place = *state;
    char expected[256];
    settings_place_text(place, "policy.json", EMPTY);
    place->source.owner = getuid() + 1;
    snprintf(expected, sizeof(expected), "%s: expected owner uid %u, found %u", place->configuration,
        getuid() + 1, getuid());
    assert_policy(place, expected);
    place->source.owner = getuid();
    assert_int_equal(chown(path_of(place, "policy.json"), 12345, (gid_t)-1), 0);
    snprintf(expected, sizeof(expected), "policy.json: expected owner uid %u, found 12345", getuid());
    assert_policy(place, expected);
    assert_int_equal(chown(path_of(place, "policy.json"), getuid(), 12345), 0);
    assert_policy(place, "policy.json: expected group gid 0, found 12345");
}

static void test_settings_that_others_may_write_are_refused(void **state)
{
    struct settings_place *place = *state;
    char expected[256];
    settings_place_text(place, "policy.json", EMPTY);
    assert_int_equal(chmod(path_of(place, "policy.json"), 0664), 0);
    assert_policy(place, "policy.json: expected a mode that only its owner may write, found 0664");
    assert_int_equal(chmod(path_of(place, "policy.json"), 0646), 0);
    assert_policy(place, "policy.json: expected a mode that only its owner may write, found 0646");
    assert_int_equal(chmod(path_of(place, "policy.json"), 0600), 0);
    assert_policy(place, "accepted");
    assert_int_equal(chmod(place->configuration, 0777), 0);
    snprintf(expected, sizeof(expected), "%s: expected a mode that only its owner may write, found 0777",
        place->configuration);
    assert_policy(place, expected);
    assert_int_equal(chmod(place->configuration, 0755), 0);
    settings_place_text(place, "policy.d/1.json", "{}");
    assert_int_equal(chmod(path_of(place, "policy.d"), 0775), 0);
    assert_policy(place, "policy.d: expected a mode that only its owner may write, found 0775");
    assert_int_equal(chmod(path_of(place, "policy.d"), 0755), 0);
    assert_int_equal(chmod(path_of(place, "policy.d/1.json"), 0622), 0);
    assert_policy(place, "policy.d/1.json: expected a mode that only its owner may write, found 0622");
}

static void test_settings_that_are_no_plain_file_are_refused(void **state)
{
    struct settings_place *place = *state;
    char target[256];
    settings_place_text(place, "real.json", EMPTY);
    strcpy(target, path_of(place, "real.json"));
    assert_int_equal(symlink(target, path_of(place, "policy.json")), 0);
    assert_policy(place, "policy.json: expected a regular file, found a symbolic link");
    settings_place_remove(place, "policy.json");
    assert_int_equal(link(target, path_of(place, "policy.json")), 0);
    assert_policy(place, "policy.json: expected a file with one name, found 2 hard links");
    settings_place_remove(place, "policy.json");
    assert_int_equal(mkfifo(path_of(place, "policy.json"), 0644), 0);
    assert_policy(place, "policy.json: expected a regular file");
    settings_place_remove(place, "policy.json");
    assert_int_equal(mkdir(path_of(place, "policy.json"), 0755), 0);
    assert_policy(place, "policy.json: expected a regular file");
    settings_place_remove(place, "policy.json");
    settings_place_text(place, "policy.d", "{}");
    assert_policy(place, "policy.d: expected a directory");
    settings_place_remove(place, "policy.d");
    assert_int_equal(symlink(place->store, path_of(place, "policy.d")), 0);
    assert_policy(place, "policy.d: expected a directory");
}

static void test_settings_larger_than_their_limit_are_refused(void **state)
{
    const struct settings_place *place = *state;
    const size_t limit = 1024 * 1024;
    cleanup_free_ char *large = malloc(limit + 1);
    assert_non_null(large);
    memset(large, ' ', limit + 1);
    memcpy(large, "{}", 2);
    settings_place_write(place, "agent.json", large, limit);
    assert_string_equal(settings_place_load(place, SETTINGS_AGENT), "accepted");
    settings_place_write(place, "agent.json", large, limit + 1);
    assert_string_equal(settings_place_load(place, SETTINGS_AGENT),
        "agent.json: expected at most 1048576 bytes left of the document's limit");
}

/* --- policy.d -------------------------------------------------------------------------------------------------------- */

static void test_settings_parts_are_merged_in_the_order_of_their_names(void **state)
{
    const struct settings_place *place = *state;
    settings_place_text(place, "policy.json", EMPTY);
    settings_place_text(place, "policy.d/20-b.json", MEDIUM("B"));
    settings_place_text(place, "policy.d/10-a.json", MEDIUM("A"));
    assert_policy(place, "accepted");
    /* Told by who is blamed: the later name. */
    settings_place_text(place, "policy.d/9-z.json", MEDIUM("A"));
    assert_policy(place,
        "policy.d/9-z.json:1:25: media.registered[0]: a medium with vendor 46f4, product 0001 "
        "and this serial is registered already");
    settings_place_remove(place, "policy.d/9-z.json");
    settings_place_text(place, "policy.d/00-z.json", MEDIUM("A"));
    assert_policy(place,
        "policy.d/10-a.json:1:25: media.registered[0]: a medium with vendor 46f4, product 0001 "
        "and this serial is registered already");
}

static void test_settings_parts_that_contradict_are_refused(void **state)
{
    const struct settings_place *place = *state;
    settings_place_text(place, "policy.json", "{\"version\":1,\n\"media\":{\"mode\":\"enforce\"}}");
    settings_place_text(place, "policy.d/1.json", "{\"media\":{\n  \"mode\":\"enforce\"}}");
    assert_policy(place, "policy.d/1.json:2:3: media.mode: already set in policy.json, line 2");
    settings_place_text(place, "policy.d/1.json", "{\"version\":2}");
    assert_policy(place, "policy.d/1.json:1:2: version: already set in policy.json, line 1");
    settings_place_text(place, "policy.d/1.json", "{\"devices\":{\"input\":\"any\"}}");
    settings_place_text(place, "policy.d/2.json", "{\"devices\":{\"input\":\"listed\"}}");
    assert_policy(place, "policy.d/2.json:1:13: devices.input: already set in policy.d/1.json, line 1");
    settings_place_remove(place, "policy.d/1.json");
    assert_policy(place, "accepted");
}

static void test_settings_parts_with_strange_names(void **state)
{
    const struct settings_place *place = *state;
    char name[200] = "policy.d/";
    settings_place_text(place, "policy.json", EMPTY);
    /* What editors and dpkg leave is not read at all. */
    settings_place_text(place, "policy.d/a.json~", "broken");
    settings_place_text(place, "policy.d/.a.json", "broken");
    settings_place_text(place, "policy.d/a.json.dpkg-old", "broken");
    settings_place_text(place, "policy.d/.json", "broken");
    assert_policy(place, "accepted");
    settings_place_text(place, "policy.d/a b.json", "{}");
    assert_policy(place,
        "policy.d: expected file names of at most 128 letters, digits, '.', '_' and '-', found "
        "\"a b.json\"");
    settings_place_remove(place, "policy.d/a b.json");
    memset(name + 9, 'n', 124);
    strcpy(name + 9 + 124, ".json");
    settings_place_text(place, name, "{}");
    assert_non_null(strstr(settings_place_load(place, SETTINGS_POLICY), "at most 128 letters"));
}

static void test_settings_parts_are_counted(void **state)
{
    const struct settings_place *place = *state;
    char name[64];
    settings_place_text(place, "policy.json", EMPTY);
    for (int i = 0; i < 256; i++) {
        snprintf(name, sizeof(name), "policy.d/%d.json", i);
        settings_place_text(place, name, "{}");
    }
    assert_policy(place, "accepted");
    settings_place_text(place, "policy.d/256.json", "{}");
    assert_policy(place, "policy.d: expected at most 256 files, found 257");
}

/* --- what is in force ------------------------------------------------------------------------------------------------- */

static struct settings_document *load(const struct settings_place *place)
{
    struct settings_document *document = NULL;
    struct json_error error = {0};
    assert_int_equal(settings_load(&place->source, SETTINGS_POLICY, &document, &error), 0);
    return document;
}

static int load_accepted(
    const struct settings_place *place, int64_t *ret_version, struct json_error *ret_error)
{
    struct settings_document *document = NULL;
    int error = settings_load_accepted(&place->source, SETTINGS_POLICY, &document, ret_error);
    if (error == 0)
        *ret_version = document->version;
    settings_document_destroy(&place->source, document);
    return error;
}

static void test_settings_no_file_means_the_defaults(void **state)
{
    const struct settings_place *place = *state;
    struct settings_document *document = load(place), *defaults = NULL;
    assert_int_equal(settings_defaults(&place->source, SETTINGS_POLICY, &defaults), 0);
    assert_int_equal(document->version, 0);
    assert_string_equal(document->sha256, defaults->sha256);
    settings_document_destroy(&place->source, document);
    settings_document_destroy(&place->source, defaults);
}

static void test_settings_hash_tells_every_change(void **state)
{
    const struct settings_place *place = *state;
    char before[65];
    settings_place_text(place, "policy.json", EMPTY);
    struct settings_document *document = load(place);
    strcpy(before, document->sha256);
    settings_document_destroy(&place->source, document);
    static const char *const changes[][2] = {{"policy.json", EMPTY " "}, {"policy.json", "{\"version\":2}"},
        {"policy.d/1.json", "{}"}, {"policy.d/0.json", "{}"}};
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        settings_place_text(place, changes[i][0], changes[i][1]);
        document = load(place);
        assert_string_not_equal(document->sha256, before);
        strcpy(before, document->sha256);
        settings_document_destroy(&place->source, document);
    }
}

static void test_settings_accepted_copy_stands_when_the_files_are_refused(void **state)
{
    const struct settings_place *place = *state;
    struct json_error error = {0};
    int64_t version = 0;
    assert_int_equal(load_accepted(place, &version, &error), -ENOENT);
    settings_place_text(place, "policy.json", "{\"version\":7}");
    settings_place_text(place, "policy.d/1.json", MEDIUM("A"));
    assert_policy(place, "accepted");
    settings_place_text(place, "policy.json", "{\"version\":8,}");
    assert_non_null(strstr(settings_place_load(place, SETTINGS_POLICY), "expected a key"));
    assert_int_equal(load_accepted(place, &version, &error), 0);
    assert_int_equal(version, 7);
    struct stat status;
    assert_int_equal(stat(in_store(place, "policy.accepted"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void flip(const char *path, off_t at)
{
    char byte;
    cleanup_fd_ int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)(byte ^ 1);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Whichever bit of it is wrong, it is refused, and the next good load writes it anew. */
static void test_settings_damaged_accepted_copy_is_refused_and_mended(void **state)
{
    const struct settings_place *place = *state;
    struct json_error error = {0};
    struct stat status;
    int64_t version = 0;
    settings_place_text(place, "policy.json", "{\"version\":7}");
    assert_policy(place, "accepted");
    assert_int_equal(stat(in_store(place, "policy.accepted"), &status), 0);
    for (off_t at = 0; at < status.st_size; at++) {
        flip(in_store(place, "policy.accepted"), at);
        assert_int_equal(load_accepted(place, &version, &error), -EBADMSG);
        assert_string_equal(error.message, "the last accepted copy is damaged");
        assert_policy(place, "accepted");
        assert_int_equal(load_accepted(place, &version, &error), 0);
    }
    for (off_t size = 0; size < status.st_size; size++) {
        assert_int_equal(truncate(in_store(place, "policy.accepted"), size), 0);
        assert_int_equal(load_accepted(place, &version, &error), -EBADMSG);
        assert_policy(place, "accepted");
    }
}

static void test_settings_accepted_copy_of_another_is_refused(void **state)
{
    const struct settings_place *place = *state;
    struct json_error error = {0};
    int64_t version = 0;
    settings_place_text(place, "policy.json", "{\"version\":7}");
    assert_policy(place, "accepted");
    assert_int_equal(chown(in_store(place, "policy.accepted"), 12345, (gid_t)-1), 0);
    assert_int_equal(load_accepted(place, &version, &error), -EBADMSG);
    assert_non_null(strstr(error.message, "expected owner"));
    assert_int_equal(chown(in_store(place, "policy.accepted"), getuid(), (gid_t)-1), 0);
    assert_int_equal(chmod(in_store(place, "policy.accepted"), 0602), 0);
    assert_int_equal(load_accepted(place, &version, &error), -EBADMSG);
}

/* A start that changes nothing writes nothing. */
static void test_settings_accepted_copy_is_not_written_again(void **state)
{
    const struct settings_place *place = *state;
    struct stat before, after;
    settings_place_text(place, "policy.json", EMPTY);
    assert_policy(place, "accepted");
    assert_int_equal(stat(in_store(place, "policy.accepted"), &before), 0);
    assert_policy(place, "accepted");
    assert_int_equal(stat(in_store(place, "policy.accepted"), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

/* What cannot be kept is in force all the same: a store without room does not undo a good policy. */
static void test_settings_are_accepted_without_a_store(void **state)
{
    struct settings_place *place = *state;
    settings_place_text(place, "policy.json", EMPTY);
    place->source.store_directory = "/nonexistent";
    assert_policy(place, "accepted");
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_settings_of_another_owner_are_refused),
        test(test_settings_that_others_may_write_are_refused),
        test(test_settings_that_are_no_plain_file_are_refused),
        test(test_settings_larger_than_their_limit_are_refused),
        test(test_settings_parts_are_merged_in_the_order_of_their_names),
        test(test_settings_parts_that_contradict_are_refused),
        test(test_settings_parts_with_strange_names),
        test(test_settings_parts_are_counted),
        test(test_settings_no_file_means_the_defaults),
        test(test_settings_hash_tells_every_change),
        test(test_settings_accepted_copy_stands_when_the_files_are_refused),
        test(test_settings_damaged_accepted_copy_is_refused_and_mended),
        test(test_settings_accepted_copy_of_another_is_refused),
        test(test_settings_accepted_copy_is_not_written_again),
        test(test_settings_are_accepted_without_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
