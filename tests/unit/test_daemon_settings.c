/* What is in force: at start the files, else the last accepted copy, else the defaults; after a reload the new policy once its change
 * is in the chain, else the old one. */
#include "../support/settings_place.h"
#include "../support/store_place.h"
#include "core/daemon_settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct settings_place place;
    struct store_place store;
    struct daemon daemon;
};

static int open_scene(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    settings_place_open(&scene.place);
    store_place_make(&scene.store, NULL);
    assert_int_equal(store_place_open(&scene.store), 0);
    scene.daemon.source = scene.place.source;
    scene.daemon.recorder = scene.store.recorder;
    struct settings_document *agent = NULL;
    const char *origin = NULL;
    assert_int_equal(daemon_settings_first(&scene.daemon, SETTINGS_AGENT, &agent, &origin), 0);
    daemon_settings_adopt_agent(&scene.daemon, agent);
    settings_document_destroy(&scene.daemon.source, agent);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    store_place_close(&scene->store);
    store_place_remove(&scene->store);
    settings_place_close(&scene->place);
    return 0;
}

/* A start: whence the policy in force came, and its version. */
static const char *start(struct scene *scene)
{
    static char said[64];
    struct settings_document *document = NULL;
    const char *origin = NULL;
    assert_int_equal(daemon_settings_first(&scene->daemon, SETTINGS_POLICY, &document, &origin), 0);
    daemon_settings_adopt_policy(&scene->daemon, document, origin);
    snprintf(said, sizeof(said), "%s, version %d", origin, (int)document->version);
    settings_document_destroy(&scene->daemon.source, document);
    return said;
}

static const char *kinds(struct scene *scene)
{
    static struct store_story story;
    assert_int_equal(store_place_story(&scene->store, &story), 0);
    assert_int_equal(story.faults, 0);
    return story.kinds;
}

static void test_daemon_starts_with_files_then_copy_then_defaults(void **state)
{
    struct scene *scene = *state;
    assert_string_equal(start(scene), "files, version 0");
    settings_place_text(&scene->place, "policy.json", "{\"version\":3,}");
    char *refusal = scene->daemon.refused[SETTINGS_POLICY].message;
    /* No file at all was accepted before: that is what the last accepted copy says. */
    assert_string_equal(start(scene), "last accepted copy, version 0");
    assert_string_equal(refusal, "expected a key in double quotes, found '}'");
    settings_place_text(&scene->place, "policy.json", "{\"version\":4}");
    assert_string_equal(start(scene), "files, version 4");
    settings_place_text(&scene->place, "policy.json", "{\"version\":5,}");
    assert_string_equal(start(scene), "last accepted copy, version 4");
    scene->daemon.source.store_directory = "/nonexistent";
    assert_string_equal(start(scene), "defaults, version 0");
}

static void test_daemon_reload_swaps_what_is_good_and_keeps_what_is_not(void **state)
{
    struct scene *scene = *state;
    struct daemon *daemon = &scene->daemon;
    settings_place_text(&scene->place, "policy.json", "{\"version\":1}");
    assert_string_equal(start(scene), "files, version 1");
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_UNCHANGED);
    assert_string_equal(kinds(scene), "");
    settings_place_text(&scene->place, "policy.json", "{\"version\":2}");
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_CHANGED);
    assert_int_equal(daemon->policy_version, 2);
    assert_string_equal(kinds(scene), "policy_changed ");
    char in_force[65];
    strcpy(in_force, daemon->policy_sha256);
    settings_place_text(&scene->place, "policy.json", "{\"version\":3,\"extra\":1}");
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_REFUSED);
    assert_int_equal(daemon->policy_version, 2);
    assert_string_equal(daemon->policy_sha256, in_force);
    assert_string_equal(kinds(scene), "policy_changed settings_refused ");
    assert_int_equal(daemon->refused[SETTINGS_POLICY].place.column, 14);
    settings_place_text(&scene->place, "policy.json", "{\"version\":2}");
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_UNCHANGED);
    assert_string_equal(daemon->refused[SETTINGS_POLICY].message, "");
}

/* No commit, no change. */
static void test_daemon_reload_that_cannot_be_recorded_changes_nothing(void **state)
{
    struct scene *scene = *state;
    struct daemon *daemon = &scene->daemon;
    settings_place_text(&scene->place, "policy.json", "{\"version\":1}");
    assert_string_equal(start(scene), "files, version 1");
    daemon->recorder = NULL;
    daemon->recorder_error = -ENOSPC;
    settings_place_text(&scene->place, "policy.json", "{\"version\":2}");
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_REFUSED);
    assert_int_equal(daemon->policy_version, 1);
    assert_string_equal(daemon->refused[SETTINGS_POLICY].message,
        "the change could not be recorded (No space left on device): the policy in force stays");
    daemon->recorder = scene->store.recorder;
    assert_int_equal(daemon_reload(daemon).policy, RELOAD_CHANGED);
    assert_int_equal(daemon->policy_version, 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_daemon_starts_with_files_then_copy_then_defaults),
        test(test_daemon_reload_swaps_what_is_good_and_keeps_what_is_not),
        test(test_daemon_reload_that_cannot_be_recorded_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
