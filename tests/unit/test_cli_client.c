/* `sekisho`'s end of control.sock, against servers that answer as they should and against such that do not. */
#include "base/cleanup.h"
#include "cli/client.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    char last[64];
};

static int hear(void *context, const char *packet, size_t size)
{
    struct heard *heard = context;
    heard->count++;
    assert_int_equal(strlen(packet), size);
    snprintf(heard->last, sizeof(heard->last), "%s", packet);
    return 0;
}

/* Takes one request and sends these packets (NULL ends them); then hangs up. */
static pid_t serve(int listener, const char *const *packets)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    char request[4096];
    int client = accept(listener, NULL, NULL);
    if (client < 0 || recv(client, request, sizeof(request), 0) <= 0)
        _exit(1);
    for (; *packets; packets++)
        if (send(client, *packets, strlen(*packets), MSG_NOSIGNAL) < 0)
            _exit(1);
    _exit(0);
}

struct answer {
    const char *packets[5];
    int result;
    unsigned heard;
    const char *last;
    const char *error; /* in the reply that is handed out; NULL: no reply */
};

static void ask_once(const struct answer *answer)
{
    char path[] = "/tmp/sekisho-client-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client client;
    struct heard heard = {0};
    struct json_object *reply = NULL, *error = NULL, *arguments = json_object_new_object();
    assert_non_null(mkdtemp(path));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", path);
    cleanup_fd_ int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t server = serve(listener, answer->packets);
    assert_int_equal(client_open(&client, address.sun_path), 0);
    assert_int_equal(client_ask(&client, "events", arguments, &reply, hear, &heard), answer->result);
    assert_int_equal(heard.count, answer->heard);
    assert_string_equal(heard.last, answer->last ? answer->last : "");
    json_object_object_get_ex(reply, "error", &error);
    assert_string_equal(error ? json_object_get_string(error) : "", answer->error ? answer->error : "");
    json_object_put(reply);
    client_close(&client);
    kill(server, SIGKILL);
    assert_int_equal(waitpid(server, NULL, 0), server);
    assert_int_equal(unlink(address.sun_path) + rmdir(path), 0);
}

static void test_client_takes_replies_as_they_are(void **state)
{
    static const struct answer answers[] = {
        {.packets = {"{\"next\":1}"}, .result = 0},
        {.packets = {"{\"packets\":2,\"next\":3}", "one", "two"}, .result = 0, .heard = 2, .last = "two"},
        {.packets = {"{\"error\":\"unknown verb\",\"code\":\"ENOTSUP\"}"},
            .result = -ENOTSUP,
            .error = "unknown verb"},
        {.packets = {"{\"error\":\"no\",\"code\":\"EPERM\"}"}, .result = -EPERM, .error = "no"},
        {.packets = {"{\"error\":\"strange\",\"code\":\"ENOWAY\"}"}, .result = -EIO, .error = "strange"},
        {.packets = {"{\"error\":\"bare\"}"}, .result = -EIO, .error = "bare"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ask_once(&answers[i]);
}

static void test_client_survives_replies_that_are_none(void **state)
{
    static const struct answer answers[] = {
        {.packets = {NULL}, .result = -ECONNRESET},
        {.packets = {"garbage"}, .result = -EPROTO},
        {.packets = {"[]"}, .result = -EPROTO},
        {.packets = {"{\"packets\":3}", "one"}, .result = -ECONNRESET, .heard = 1, .last = "one"},
        {.packets = {"{\"packets\":-1}", "one"}, .result = 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ask_once(&answers[i]);
}

static void test_client_says_when_no_agent_is_there(void **state)
{
    struct client client;
    char path[200];
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(client_open(&client, "/nonexistent/control.sock"), -ENOENT);
    assert_int_equal(client_open(&client, path), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_takes_replies_as_they_are),
        cmocka_unit_test(test_client_survives_replies_that_are_none),
        cmocka_unit_test(test_client_says_when_no_agent_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
