#include "core/control.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/control_reply.h"
#include "core/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define PRIORITY_COMMANDS (SD_EVENT_PRIORITY_NORMAL + 10)

enum client_state { CLIENT_ASKING, CLIENT_WAITING, CLIENT_READING };

struct client {
    struct control *control;
    struct client *next;
    sd_event_source *source;
    int socket;
    struct peer peer;
    enum client_state state;
    char request[CONTROL_REQUEST_MAX + 1]; /* kept while WAITING, so that it can be run again */
    size_t request_size;
    struct control_reply reply;
};

struct control {
    sd_event *loop;
    sd_event_source *listener_source;
    sd_event_source *wake_source; /* looks at waiting clients once the present work is done */
    int listener;
    struct control_settings settings;
    struct client *clients;
    uint64_t silent_until_us; /* CLOCK_BOOTTIME: nobody fills the journal by what is refused to him */
};

/* The verb first, its arguments by the verb's own table after: two passes over at most 4 KiB. */
struct arguments_scratch {
    char verb[33];
    _Alignas(max_align_t) char arguments[CONTROL_REQUEST_MAX];
};

static const struct bind_field request_fields[] = {
    {.key = "verb",
        .type = BIND_TEXT,
        .offset = offsetof(struct control_request, verb),
        .required = true,
        .minimum = 1,
        .maximum = sizeof(((struct control_request *)0)->verb) - 1},
    {.key = "arguments", .type = BIND_IGNORED},
    {0},
};

int control_request_parse(
    const char *bytes, size_t size, struct control_request *ret_request, struct json_error *ret_error)
{
    struct control_request request = {0};
    int error = json_bind(request_fields, &request, "request", bytes, size, NULL, ret_error);
    if (error < 0)
        return error;
    *ret_request = request;
    return 0;
}

static bool any_required(const struct bind_field *fields)
{
    for (; fields && fields->key; fields++)
        if (fields->required)
            return true;
    return false;
}

static int arguments_bind(const struct client *client, const struct bind_field *fields, size_t size,
    struct arguments_scratch *ret_scratch, struct json_error *ret_error)
{
    static const struct bind_field none[] = {{0}};
    if (size > sizeof(ret_scratch->arguments))
        return -EINVAL;
    const struct bind_field whole[] = {
        {.key = "verb", .type = BIND_TEXT, .offset = offsetof(struct arguments_scratch, verb), .maximum = 32},
        {.key = "arguments",
            .type = BIND_OBJECT,
            .offset = offsetof(struct arguments_scratch, arguments),
            .required = any_required(fields),
            .fields = fields ? fields : none},
        {0},
    };
    return json_bind(whole, ret_scratch, "request", client->request, client->request_size, NULL, ret_error);
}

static const struct control_verb *core_verb(const struct control *control, const char *name)
{
    for (const struct control_verb *verb = control->settings.verbs; verb->name; verb++)
        if (strcmp(verb->name, name) == 0)
            return verb;
    return NULL;
}

static int refuse(struct client *client, int error, const char *sentence)
{
    control_reply_fail(&client->reply, error, sentence);
    return 0;
}

static int role_check(const struct client *client, enum module_role needed)
{
    return client->peer.role >= needed ? 0 : -EPERM;
}

/* Runs what the client asked. 0: the reply is complete; CONTROL_LATER: it waits for the next event. */
static int answer(struct client *client)
{
    struct control *control = client->control;
    struct json_error fault = {0};
    struct control_request request;
    struct arguments_scratch scratch = {0};
    if (control_request_parse(client->request, client->request_size, &request, &fault) < 0)
        return refuse(client, -EBADMSG, fault.message);

    const struct control_verb *own = core_verb(control, request.verb);
    void *self = NULL;
    const struct module_verb *theirs =
        own ? NULL : control->settings.find(control->settings.context, request.verb, &self);
    if (!own && !theirs)
        return refuse(client, -ENOTSUP, "unknown verb");
    if (role_check(client, own ? own->role : theirs->role) < 0)
        return refuse(client, -EPERM, "not permitted for this user");
    if (arguments_bind(client, own ? own->arguments : theirs->arguments,
            own ? own->arguments_size : theirs->arguments_size, &scratch, &fault) < 0)
        return refuse(client, -EBADMSG, fault.message);

    int result = own ? own->run(control->settings.context, scratch.arguments, &client->reply)
                     : theirs->run(self, scratch.arguments, client->reply.object);
    return result < 0 ? refuse(client, result, NULL) : result;
}

static void client_destroy(struct client *client)
{
    struct client **link = &client->control->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    sd_event_source_disable_unref(client->source);
    fd_close(&client->socket);
    control_reply_clear(&client->reply);
    free(client);
}

static void client_turn(struct client *client, enum client_state state, uint32_t events)
{
    client->state = state;
    sd_event_source_set_io_events(client->source, events);
}

/* Sends on; once all is out the client may ask again. */
static void client_send(struct client *client)
{
    int sent = control_reply_send(&client->reply, client->socket);
    if (sent < 0) {
        client_destroy(client);
    } else if (sent == 0) {
        client_turn(client, CLIENT_READING, EPOLLOUT);
    } else {
        control_reply_clear(&client->reply);
        client_turn(client, CLIENT_ASKING, EPOLLIN);
    }
}

static void client_answer(struct client *client)
{
    if (control_reply_begin(&client->reply) < 0) {
        client_destroy(client);
        return;
    }
    if (answer(client) == CONTROL_LATER) {
        control_reply_clear(&client->reply);
        client_turn(client, CLIENT_WAITING, EPOLLIN); /* EPOLLIN: it may go away, or ask something else */
        return;
    }
    if (control_reply_seal(&client->reply) < 0) {
        control_reply_fail(&client->reply, -EMSGSIZE, "the answer is too large");
        if (control_reply_seal(&client->reply) < 0) {
            client_destroy(client);
            return;
        }
    }
    client_send(client);
}

/* One line a minute at most. */
static void log_refusal(struct control *control, uid_t uid, const char *why)
{
    uint64_t now_us = 0;
    if (sd_event_now(control->loop, CLOCK_BOOTTIME, &now_us) < 0 || now_us < control->silent_until_us)
        return;
    control->silent_until_us = now_us + UINT64_C(60000000);
    log_line(LOG_INFO, "control: refused uid %u: %s (others within a minute are not logged)", uid, why);
}

static void client_receive(struct client *client)
{
    ssize_t size = recv(client->socket, client->request, CONTROL_REQUEST_MAX + 1, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0) {
        client_destroy(client);
        return;
    }
    if (size > CONTROL_REQUEST_MAX) {
        log_refusal(client->control, client->peer.uid, "its request is too large");
        client_destroy(client);
        return;
    }
    client->request_size = (size_t)size;
    client->request[size] = '\0';
    client_answer(client);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct client *client = context;
    if (client->state == CLIENT_READING && (events & EPOLLOUT))
        client_send(client);
    else if (events & EPOLLIN)
        client_receive(client);
    else
        client_destroy(client);
    return 0;
}

static bool has_room(const struct control *control, const struct peer *peer)
{
    unsigned all = 0, own = 0;
    for (const struct client *client = control->clients; client; client = client->next) {
        all++;
        own += client->peer.uid == peer->uid;
    }
    /* Ordinary users together never take the last places: the administrator gets in. */
    if (peer->uid == 0)
        return all < CONTROL_CLIENTS_MAX;
    return all < CONTROL_CLIENTS_MAX - CONTROL_CLIENTS_USER && own < CONTROL_CLIENTS_USER;
}

static int client_create(struct control *control, int *socket)
{
    struct peer peer;
    int error = peer_identify(*socket, &peer);
    if (error < 0)
        return error;
    if (!has_room(control, &peer)) {
        log_refusal(control, peer.uid, "too many connections");
        return -EUSERS;
    }
    struct client *client = calloc(1, sizeof(*client));
    if (!client)
        return -ENOMEM;
    client->control = control;
    client->peer = peer;
    error = sd_event_add_io(control->loop, &client->source, *socket, EPOLLIN, on_client, client);
    if (error >= 0)
        error = sd_event_source_set_priority(client->source, PRIORITY_COMMANDS);
    if (error < 0) {
        sd_event_source_disable_unref(client->source);
        free(client);
        return error;
    }
    client->socket = take_fd(socket);
    client->next = control->clients;
    control->clients = client;
    return 0;
}

static int on_listener(sd_event_source *source, int fd, uint32_t events, void *context)
{
    struct control *control = context;
    cleanup_fd_ int socket = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0)
        return 0;
    int error = client_create(control, &socket);
    if (error < 0 && error != -EUSERS)
        log_line(LOG_INFO, "control: connection refused: %s", strerror(-error));
    return 0;
}

static int on_wake(sd_event_source *source, void *context)
{
    struct control *control = context;
    struct client *next;
    for (struct client *client = control->clients; client; client = next) {
        next = client->next; /* an answer destroys at most its own client */
        if (client->state == CLIENT_WAITING)
            client_answer(client);
    }
    return 0;
}

static int sources_add(struct control *control, int listener)
{
    int error =
        sd_event_add_io(control->loop, &control->listener_source, listener, EPOLLIN, on_listener, control);
    if (error >= 0)
        error = sd_event_add_defer(control->loop, &control->wake_source, on_wake, control);
    if (error >= 0)
        error = sd_event_source_set_enabled(control->wake_source, SD_EVENT_OFF);
    /* Devices come first: commands are answered when nothing of the gate waits. */
    if (error >= 0)
        error = sd_event_source_set_priority(control->listener_source, PRIORITY_COMMANDS);
    if (error >= 0)
        error = sd_event_source_set_priority(control->wake_source, PRIORITY_COMMANDS);
    return error;
}

int control_open(
    sd_event *loop, int listener, const struct control_settings *settings, struct control **ret_control)
{
    cleanup_fd_ int owned = listener;
    cleanup_free_ struct control *control = calloc(1, sizeof(*control));
    if (!control)
        return -ENOMEM;
    control->loop = loop;
    control->settings = *settings;
    int error = sources_add(control, owned);
    if (error < 0) {
        sd_event_source_disable_unref(control->listener_source);
        sd_event_source_disable_unref(control->wake_source);
        return error;
    }
    control->listener = take_fd(&owned);
    *ret_control = take_pointer(control);
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    while (control->clients)
        client_destroy(control->clients);
    sd_event_source_disable_unref(control->wake_source);
    sd_event_source_disable_unref(control->listener_source);
    fd_close(&control->listener);
    free(control);
}

void control_wake(struct control *control)
{
    sd_event_source_set_enabled(control->wake_source, SD_EVENT_ONESHOT);
}
