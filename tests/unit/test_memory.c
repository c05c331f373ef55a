/* Memory that runs out at every request in turn: nothing crashes or leaks, what was in force stays, nothing is recorded by halves, and
 * nothing is admitted that is not in the chain. Each test fails the first request, then the second, until the work needs no
 * more of them. */
#include "../support/control_place.h"
#include "../support/failing_memory.h"
#include "../support/media_scene.h"
#include "../support/settings_place.h"
#include "../support/store_place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define REQUESTS_MAX 5000 /* more than any of this needs */

#define FOREACH_FAILURE(nth, failed) for (unsigned nth = 1, failed = 1; failed && nth < REQUESTS_MAX; nth++)

/* --- settings --------------------------------------------------------------------------------------------------------- */

static const char whole[] =
    "{\"version\":7,\"media\":{\"registered\":[{\"label\":\"a\",\"vendor_id\":\"46f4\",\"product_id\":"
    "\"0001\","
    "\"serial\":\"A\",\"users\":[\"u\"]},{\"label\":\"b\",\"vendor_id\":\"46f4\",\"product_id\":\"0002\","
    "\"serial\":\"B\"}]}}";
static const char part[] =
    "{\"devices\":{\"allow\":[{\"label\":\"c\",\"vendor_id\":\"04b8\",\"product_id\":\"0142\","
    "\"interfaces\":[\"ff:ff:ff\"]}]}}";

static void test_memory_settings_are_whole_or_refused(void **state)
{
    struct settings_place place;
    settings_place_open(&place);
    settings_place_text(&place, "policy.json", whole);
    settings_place_text(&place, "policy.d/1.json", part);
    unsigned refused = 0;
    FOREACH_FAILURE(nth, failed)
    {
        struct settings_document *document = NULL;
        struct json_error error = {0};
        failing_memory_begin(nth, nth % 2);
        int result = settings_load(&place.source, SETTINGS_POLICY, &document, &error);
        failed = failing_memory_end();
        assert_int_equal(result == 0, document != NULL);
        assert_true(result == 0 || error.message[0] != '\0');
        if (document)
            assert_int_equal(document->version, 7);
        refused += result < 0;
        settings_document_destroy(&place.source, document);
    }
    assert_true(refused > 5);
    assert_string_equal(settings_place_load(&place, SETTINGS_POLICY), "accepted");
    settings_place_close(&place);
}

static void test_memory_accepted_copy_and_defaults(void **state)
{
    struct settings_place place;
    settings_place_open(&place);
    settings_place_text(&place, "policy.json", whole);
    settings_place_text(&place, "policy.d/1.json", part);
    assert_string_equal(settings_place_load(&place, SETTINGS_POLICY), "accepted");
    FOREACH_FAILURE(nth, failed)
    {
        struct settings_document *accepted = NULL, *defaults = NULL;
        struct json_error error = {0};
        failing_memory_begin(nth, nth % 2);
        int first = settings_load_accepted(&place.source, SETTINGS_POLICY, &accepted, &error);
        int second = settings_defaults(&place.source, SETTINGS_POLICY, &defaults);
        failed = failing_memory_end();
        assert_int_equal(first == 0, accepted != NULL);
        assert_int_equal(second == 0, defaults != NULL);
        settings_document_destroy(&place.source, accepted);
        settings_document_destroy(&place.source, defaults);
    }
    settings_place_close(&place);
}

/* --- control ---------------------------------------------------------------------------------------------------------- */

static int run_plain(void *context, const void *arguments, struct control_reply *reply)
{
    struct json_object *list = json_object_new_array();
    json_object_object_add(control_reply_object(reply), "list", list);
    json_object_object_add(control_reply_object(reply), "plain", json_object_new_boolean(true));
    return 0;
}

static int run_fail(void *context, const void *arguments, struct control_reply *reply)
{
    return -ENODEV;
}

static int run_packets(void *context, const void *arguments, struct control_reply *reply)
{
    int error = control_reply_packet(reply, "one", 3);
    return error < 0 ? error : control_reply_packet(reply, "two", 3);
}

static int run_wait(void *context, const void *arguments, struct control_reply *reply)
{
    return CONTROL_LATER;
}

static const struct control_verb verbs[] = {
    {.name = "plain", .role = ROLE_ANYONE, .run = run_plain},
    {.name = "fail", .role = ROLE_ANYONE, .run = run_fail},
    {.name = "packets", .role = ROLE_ANYONE, .run = run_packets},
    {.name = "wait", .role = ROLE_ANYONE, .run = run_wait},
    {0},
};

static const struct module_verb *find(void *context, const char *name, void **ret_self)
{
    return NULL;
}

static void converse(struct control_place *place, const char *request)
{
    char packet[4096];
    int client = control_place_connect(place);
    send(client, request, strlen(request), MSG_NOSIGNAL);
    control_place_turn(place);
    control_wake(place->control);
    control_place_turn(place);
    ssize_t size = control_place_receive(client, packet, sizeof(packet));
    if (size > 0)
        assert_int_equal(packet[0], '{');
    close(client);
    control_place_turn(place);
}

static void test_memory_control_serves_the_next_client(void **state)
{
    static const char *const requests[] = {"{\"verb\":\"plain\"}", "{\"verb\":\"fail\"}",
        "{\"verb\":\"packets\"}", "{\"verb\":\"wait\"}", "garbage", "{\"verb\":\"unknown\"}"};
    const struct control_settings settings = {.verbs = verbs, .find = find};
    struct control_place place;
    control_place_open(&place, &settings);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        FOREACH_FAILURE(nth, failed)
        {
            char packet[4096];
            failing_memory_begin(nth, nth % 2);
            converse(&place, requests[i]);
            failed = failing_memory_end();
            int client = control_place_connect(&place);
            assert_int_equal(
                send(client, requests[0], strlen(requests[0]), MSG_NOSIGNAL), strlen(requests[0]));
            control_place_turn(&place);
            assert_true(control_place_receive(client, packet, sizeof(packet)) > 0);
            assert_string_equal(packet, "{\"list\":[],\"plain\":true}");
            close(client);
            control_place_turn(&place);
        }
    control_place_close(&place);
}

/* --- the store -------------------------------------------------------------------------------------------------------- */

/* Each record that answers 0 is in the chain; one that does not has left no trace; the chain is whole in between. */
static void test_memory_what_is_recorded_is_in_the_chain(void **state)
{
    static struct store_story story;
    struct store_place place;
    store_place_make(&place, NULL);
    assert_int_equal(store_place_open(&place), 0);
    unsigned refused = 0;
    FOREACH_FAILURE(nth, failed)
    {
        failing_memory_begin(nth, nth % 2);
        int result = store_place_record(&place, EVENT_DEVICE_ALLOWED, nth);
        failed = failing_memory_end();
        assert_int_equal(store_place_story(&place, &story), 0);
        assert_int_equal(story.faults, 0);
        assert_int_equal(story.end_fault, CHAIN_OK);
        assert_int_equal(store_story_has(&story, nth), result == 0);
        refused += result < 0;
    }
    assert_true(refused > 5);
    store_place_close(&place);
    store_place_remove(&place);
}

static void test_memory_store_opens_or_is_left_as_it_was(void **state)
{
    static struct store_story story;
    struct store_place place;
    store_place_make(&place, NULL);
    assert_int_equal(store_place_open(&place), 0);
    assert_int_equal(store_place_record(&place, EVENT_DEVICE_ALLOWED, 1), 0);
    store_place_close(&place);
    FOREACH_FAILURE(nth, failed)
    {
        failing_memory_begin(nth, nth % 2);
        int result = store_place_open(&place);
        failed = failing_memory_end();
        if (result == 0)
            store_place_close(&place);
        assert_int_equal(store_place_open(&place), 0);
        assert_false(place.past.spool_set_aside);
        assert_int_equal(store_place_story(&place, &story), 0);
        assert_int_equal(story.faults, 0);
        assert_true(store_story_has(&story, 1));
        store_place_close(&place);
    }
    store_place_remove(&place);
}

/* --- media ------------------------------------------------------------------------------------------------------------ */

static void test_memory_nothing_is_admitted_that_is_not_recorded(void **state)
{
    static const char policy[] = "{\"devices\":{\"allow\":[{\"label\":\"lan\",\"vendor_id\":\"0b95\","
                                 "\"product_id\":\"7720\",\"interfaces\":[\"ff:ff:00\"]}]}}";
    unsigned waited = 0;
    FOREACH_FAILURE(nth, failed)
    {
        struct scene *scene = calloc(1, sizeof(*scene));
        assert_non_null(scene);
        scene_open(scene);
        scene_start(scene, policy);
        failing_memory_begin(nth, nth % 2);
        scene_plug(scene, "2-1", &DEVICE_NETWORK);
        scene_plug(scene, "2-2", &DEVICE_STICK);
        failed = failing_memory_end();
        unsigned allowed = fake_host_count(&scene->host, EVENT_DEVICE_ALLOWED, "2-1");
        assert_int_equal(fake_bus_is_authorized(scene->bus, "2-1:1.0"), allowed > 0);
        assert_false(fake_bus_is_authorized(scene->bus, "2-2:1.0"));
        assert_string_equal(fake_bus_driver(scene->bus, "2-2:1.0"), "");
        waited += allowed == 0;
        /* Once there is memory again, the next look at everything makes up for it. */
        media_look_all(scene->media);
        scene_settle(scene);
        assert_true(fake_bus_is_authorized(scene->bus, "2-1:1.0"));
        assert_int_equal(fake_host_count(&scene->host, EVENT_DEVICE_REFUSED, "2-2"), 1);
        scene_close(scene);
        free(scene);
    }
    assert_true(waited > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_settings_are_whole_or_refused),
        cmocka_unit_test(test_memory_accepted_copy_and_defaults),
        cmocka_unit_test(test_memory_control_serves_the_next_client),
        cmocka_unit_test(test_memory_what_is_recorded_is_in_the_chain),
        cmocka_unit_test(test_memory_nothing_is_admitted_that_is_not_recorded),
        cmocka_unit_test(test_memory_store_opens_or_is_left_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
