/* control.sock: who may ask what, and what clients cannot do to the daemon or to one another. */
#include "../support/control_place.h"
#include "base/cleanup.h"
#include "core/peer.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define OPERATORS 61234
#define NOBODY    65534

/* The machine's own groups do not matter here: this stands in front of libc's. */
struct group *getgrnam(const char *name)
{
    static char operators[] = PEER_OPERATOR_GROUP;
    static struct group group = {.gr_name = operators, .gr_gid = OPERATORS};
    return strcmp(name, operators) == 0 ? &group : NULL;
}

struct scene {
    struct control_place place;
    bool event; /* one was recorded: who waits has an answer */
    char packet[CONTROL_REPLY_MAX + 1];
};

/* --- verbs ------------------------------------------------------------------------------------------------------------ */

struct echo {
    int64_t number;
};
static const struct bind_field echo_fields[] = {{.key = "number",
                                                    .type = BIND_INTEGER,
                                                    .offset = offsetof(struct echo, number),
                                                    .required = true,
                                                    .minimum = 0,
                                                    .maximum = 100},
    {0}};

static int run_echo(void *context, const void *arguments, struct control_reply *reply)
{
    const struct echo *echo = arguments;
    json_object_object_add(control_reply_object(reply), "number", json_object_new_int64(echo->number));
    return 0;
}

static int run_plain(void *context, const void *arguments, struct control_reply *reply)
{
    json_object_object_add(control_reply_object(reply), "plain", json_object_new_boolean(true));
    return 0;
}

/* As many packets as a reply holds, and one more, which it must refuse. */
static int run_packets(void *context, const void *arguments, struct control_reply *reply)
{
    char bytes[2000];
    memset(bytes, 'p', sizeof(bytes));
    for (unsigned i = 0; i < CONTROL_PACKETS_MAX; i++)
        assert_int_equal(control_reply_packet(reply, bytes, sizeof(bytes)), 0);
    assert_int_equal(control_reply_packet(reply, bytes, 1), -ENOBUFS);
    return 0;
}

static int run_large(void *context, const void *arguments, struct control_reply *reply)
{
    static char text[CONTROL_REPLY_MAX];
    memset(text, 'x', sizeof(text) - 1);
    json_object_object_add(control_reply_object(reply), "text", json_object_new_string(text));
    return 0;
}

static int run_wait(void *context, const void *arguments, struct control_reply *reply)
{
    const struct scene *scene = context;
    if (!scene->event)
        return CONTROL_LATER;
    json_object_object_add(control_reply_object(reply), "waited", json_object_new_boolean(true));
    return 0;
}

static int run_module(void *self, const void *arguments, struct json_object *reply)
{
    json_object_object_add(reply, "error", json_object_new_string("device 9 is not there"));
    return -ENODEV;
}

static const struct control_verb verbs[] = {
    {.name = "echo",
        .role = ROLE_ANYONE,
        .arguments = echo_fields,
        .arguments_size = sizeof(struct echo),
        .run = run_echo},
    {.name = "plain", .role = ROLE_ANYONE, .run = run_plain},
    {.name = "packets", .role = ROLE_ANYONE, .run = run_packets},
    {.name = "large", .role = ROLE_ANYONE, .run = run_large},
    {.name = "wait", .role = ROLE_ANYONE, .run = run_wait},
    {.name = "operate", .role = ROLE_OPERATOR, .run = run_plain},
    {.name = "administer", .role = ROLE_ADMINISTRATOR, .run = run_plain},
    {0},
};

static const struct module_verb *find(void *context, const char *name, void **ret_self)
{
    static const struct module_verb module = {.name = "module", .role = ROLE_ANYONE, .run = run_module};
    *ret_self = context;
    return strcmp(name, module.name) == 0 ? &module : NULL;
}

static int open_scene(void **state)
{
    static struct scene scene;
    scene = (struct scene){0};
    const struct control_settings settings = {.verbs = verbs, .context = &scene, .find = find};
    control_place_open(&scene.place, &settings);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    control_place_close(&scene->place);
    return 0;
}

/* --- clients ---------------------------------------------------------------------------------------------------------- */

/* A client of this user, in this group besides his own. The server sees who connected, not who holds the socket now. */
static int connect_as(struct scene *scene, uid_t uid, gid_t group)
{
    assert_int_equal(getuid(), 0); /* these tests need root: nobody else can be somebody else */
    assert_int_equal(setgroups(group ? 1 : 0, &group), 0);
    assert_int_equal(seteuid(uid), 0);
    int client = control_place_connect(&scene->place);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setgroups(0, NULL), 0);
    control_place_turn(&scene->place);
    return client;
}

static void say(struct scene *scene, int client, const char *bytes, size_t size)
{
    assert_int_equal(send(client, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    control_place_turn(&scene->place);
}

static const char *hear(struct scene *scene, int client)
{
    ssize_t size = control_place_receive(client, scene->packet, sizeof(scene->packet));
    if (size > 0)
        return scene->packet;
    return size == 0 ? "hung up" : "nothing";
}

static const char *ask(struct scene *scene, int client, const char *request)
{
    say(scene, client, request, strlen(request));
    return hear(scene, client);
}

#define PERMITTED "{\"plain\":true}"
#define DENIED    "{\"error\":\"not permitted for this user\",\"code\":\"EPERM\"}"

static void test_control_answers_by_role(void **state)
{
    static const struct {
        uid_t uid;
        gid_t group;
        const char *plain, *operate, *administer;
    } rows[] = {
        {NOBODY, 0, PERMITTED, DENIED, DENIED},
        {NOBODY, OPERATORS + 1, PERMITTED, DENIED, DENIED},
        {NOBODY, OPERATORS, PERMITTED, PERMITTED, DENIED},
        {0, 0, PERMITTED, PERMITTED, PERMITTED},
    };
    struct scene *scene = *state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int client = connect_as(scene, rows[i].uid, rows[i].group);
        assert_string_equal(ask(scene, client, "{\"verb\":\"plain\"}"), rows[i].plain);
        assert_string_equal(ask(scene, client, "{\"verb\":\"operate\"}"), rows[i].operate);
        assert_string_equal(ask(scene, client, "{\"verb\":\"administer\"}"), rows[i].administer);
        close(client);
    }
}

struct request {
    const char *text, *answer;
};

static void test_control_refuses_what_it_does_not_understand_and_goes_on(void **state)
{
    static const struct request rows[] = {
        {"garbage", "{\"error\":\"expected a value, found \\\"garbage\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"plain\"",
            "{\"error\":\"expected ',' or '}', found the end of the text\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"plain\"}{\"verb\":\"plain\"}",
            "{\"error\":\"expected the end of the text, found '{'\",\"code\":\"EBADMSG\"}"},
        {"[]", "{\"error\":\"expected an object, found an array\",\"code\":\"EBADMSG\"}"},
        {"{}", "{\"error\":\"missing key \\\"verb\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"\"}",
            "{\"error\":\"verb: expected text of 1 to 32 bytes, found \\\"\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":7}",
            "{\"error\":\"verb: expected text of 1 to 32 bytes, found 7\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"evnts\"}", "{\"error\":\"unknown verb\",\"code\":\"ENOTSUP\"}"},
        {"{\"verb\":\"plain\",\"verb\":\"plain\"}",
            "{\"error\":\"duplicate key \\\"verb\\\"; it stands in line 1 already\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"plain\",\"role\":\"root\"}",
            "{\"error\":\"unknown key \\\"role\\\"; expected one of \\\"verb\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"plain\",\"arguments\":{\"number\":1}}",
            "{\"error\":\"arguments: unknown key \\\"number\\\"; none is expected "
            "here\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"echo\"}", "{\"error\":\"missing key \\\"arguments\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"echo\",\"arguments\":{}}",
            "{\"error\":\"arguments: missing key \\\"number\\\"\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"echo\",\"arguments\":{\"number\":101}}",
            "{\"error\":\"arguments.number: expected an integer from 0 to 100, found "
            "101\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"echo\",\"arguments\":{\"number\":1,\"number\":1}}",
            "{\"error\":\"arguments: duplicate key \\\"number\\\"; it stands in line 1 "
            "already\",\"code\":\"EBADMSG\"}"},
        {"{\"verb\":\"module\"}", "{\"error\":\"device 9 is not there\",\"code\":\"ENODEV\"}"},
        {"{\"verb\":\"large\"}", "{\"error\":\"the answer is too large\",\"code\":\"EMSGSIZE\"}"},
        {"{\"arguments\":{\"number\":7},\"verb\":\"echo\"}", "{\"number\":7}"},
    };
    struct scene *scene = *state;
    int client = control_place_connect(&scene->place);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(scene, client, rows[i].text), rows[i].answer);
    close(client);
}

static void test_control_ends_an_oversized_request_and_nothing_else(void **state)
{
    struct scene *scene = *state;
    char large[CONTROL_REQUEST_MAX + 1];
    memset(large, ' ', sizeof(large));
    memcpy(large, "{\"verb\":\"plain\"}", 16);
    int client = control_place_connect(&scene->place), other = control_place_connect(&scene->place);
    say(scene, client, large, sizeof(large) - 1);
    assert_string_equal(hear(scene, client), PERMITTED);
    say(scene, client, large, sizeof(large));
    assert_string_equal(hear(scene, client), "hung up");
    assert_string_equal(ask(scene, other, "{\"verb\":\"plain\"}"), PERMITTED);
    close(client);
    close(other);
}

static unsigned connect_many(struct scene *scene, uid_t uid, int *clients, unsigned count)
{
    unsigned served = 0;
    for (unsigned i = 0; i < count; i++) {
        clients[i] = connect_as(scene, uid, 0);
        if (send(clients[i], "{\"verb\":\"plain\"}", 16, MSG_NOSIGNAL) == 16)
            control_place_turn(&scene->place);
        served += strcmp(hear(scene, clients[i]), PERMITTED) == 0;
    }
    return served;
}

static void test_control_no_user_takes_all_places(void **state)
{
    struct scene *scene = *state;
    int clients[10 * 12], roots[20];
    assert_int_equal(connect_many(scene, 2000, clients, 12), CONTROL_CLIENTS_USER);
    unsigned served = 0;
    for (unsigned i = 1; i < 10; i++)
        served += connect_many(scene, 2000 + i, clients + (size_t)12 * i, 12);
    assert_int_equal(served, CONTROL_CLIENTS_MAX - 2 * CONTROL_CLIENTS_USER);
    /* The last places are the administrator's. */
    assert_int_equal(connect_many(scene, 0, roots, 20), CONTROL_CLIENTS_USER);
    /* Who goes makes room. */
    close(clients[0]);
    control_place_turn(&scene->place);
    assert_int_equal(connect_many(scene, 0, clients, 1), 1);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        close(clients[i]);
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
        close(roots[i]);
}

/* It asks and does not read: its answers wait in a buffer that is bounded, and others are served meanwhile. */
static void test_control_slow_reader_holds_nobody_up(void **state)
{
    struct scene *scene = *state;
    int slow = control_place_connect(&scene->place), other = control_place_connect(&scene->place);
    unsigned sent = 0, packets = 0;
    while (sent < 64 && send(slow, "{\"verb\":\"packets\"}", 18, MSG_NOSIGNAL | MSG_DONTWAIT) == 18) {
        sent++;
        control_place_turn(&scene->place);
        assert_string_equal(ask(scene, other, "{\"verb\":\"plain\"}"), PERMITTED);
    }
    assert_true(sent > 1);
    for (ssize_t size; (size = control_place_receive(slow, scene->packet, sizeof(scene->packet))) > 0;
         packets++) {
        assert_string_equal(packets % (CONTROL_PACKETS_MAX + 1) == 0 ? scene->packet : "{\"packets\":64}",
            "{\"packets\":64}");
        control_place_turn(&scene->place);
    }
    assert_int_equal(packets, sent * (CONTROL_PACKETS_MAX + 1));
    assert_string_equal(ask(scene, slow, "{\"verb\":\"plain\"}"), PERMITTED);
    close(slow);
    close(other);
}

static void record(struct scene *scene, bool event)
{
    scene->event = event;
    control_wake(scene->place.control);
    control_place_turn(&scene->place);
    scene->event = false;
}

static void test_control_waiting_clients_are_answered_at_the_next_event(void **state)
{
    struct scene *scene = *state;
    int clients[3];
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        clients[i] = control_place_connect(&scene->place);
        assert_string_equal(ask(scene, clients[i], "{\"verb\":\"wait\"}"), "nothing");
    }
    record(scene, false);
    assert_string_equal(hear(scene, clients[0]), "nothing");
    /* One goes away while it waits, one asks for something else instead. */
    close(clients[1]);
    assert_string_equal(ask(scene, clients[2], "{\"verb\":\"plain\"}"), PERMITTED);
    record(scene, true);
    assert_string_equal(hear(scene, clients[0]), "{\"waited\":true}");
    assert_string_equal(hear(scene, clients[2]), "nothing");
    record(scene, true);
    assert_string_equal(hear(scene, clients[0]), "nothing");
    close(clients[0]);
    close(clients[2]);
}

static void test_control_clients_may_go_at_any_moment(void **state)
{
    struct scene *scene = *state;
    static const char *const requests[] = {"", "{\"verb\":\"wait\"}", "{\"verb\":\"packets\"}", "half"};
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        int client = control_place_connect(&scene->place);
        if (i % 2 == 0)
            control_place_turn(&scene->place);
        assert_int_equal(
            send(client, requests[i], strlen(requests[i]), MSG_NOSIGNAL), (ssize_t)strlen(requests[i]));
        close(client);
        control_place_turn(&scene->place);
    }
    record(scene, true);
    int client = control_place_connect(&scene->place);
    assert_string_equal(ask(scene, client, "{\"verb\":\"plain\"}"), PERMITTED);
    /* The server closes while clients wait and have not read: nothing of theirs is left. */
    say(scene, client, "{\"verb\":\"packets\"}", 18);
    close(client);
    client = control_place_connect(&scene->place);
    assert_string_equal(ask(scene, client, "{\"verb\":\"wait\"}"), "nothing");
    close(client);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_control_answers_by_role),
        test(test_control_refuses_what_it_does_not_understand_and_goes_on),
        test(test_control_ends_an_oversized_request_and_nothing_else),
        test(test_control_no_user_takes_all_places),
        test(test_control_slow_reader_holds_nobody_up),
        test(test_control_waiting_clients_are_answered_at_the_next_event),
        test(test_control_clients_may_go_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
