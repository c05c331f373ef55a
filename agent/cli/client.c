#include "client.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* How long an agent may take: longer than its slowest verb, shorter than a person's patience. A long poll waits on. */
#define CLIENT_PATIENCE_S 20

int client_open(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* Of an agent that hangs the queue of connections may be full. */
    struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    *client = (struct client){.socket = take_fd(&fd), .path = path};
    return 0;
}

void client_close(struct client *client)
{
    fd_close(&client->socket);
}

static int request_send(struct client *client, const char *verb, struct json_object *arguments)
{
    struct json_object *request = json_object_new_object();
    json_object_object_add(request, "verb", json_object_new_string(verb));
    if (arguments)
        json_object_object_add(request, "arguments", arguments);
    size_t size = 0;
    const char *text = json_object_to_json_string_length(request, JSON_C_TO_STRING_PLAIN, &size);
    int error = send(client->socket, text, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
    json_object_put(request);
    return error;
}

static ssize_t packet_receive(struct client *client, char *packet)
{
    ssize_t size = recv(client->socket, packet, CLIENT_PACKET_MAX, MSG_TRUNC);
    if (size < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (size == 0)
        return -ECONNRESET;
    if (size > (ssize_t)CLIENT_PACKET_MAX)
        return -EMSGSIZE;
    packet[size] = '\0';
    return size;
}

static const struct {
    const char *code;
    int error;
} known_codes[] = {
    {"EPERM", -EPERM},
    {"ENOTSUP", -ENOTSUP},
    {"EBADMSG", -EBADMSG},
    {"ENOENT", -ENOENT},
};

static int reply_error(struct json_object *reply)
{
    struct json_object *said, *code;
    if (!json_object_object_get_ex(reply, "error", &said))
        return 0;
    if (json_object_object_get_ex(reply, "code", &code))
        for (size_t i = 0; i < ARRAY_SIZE(known_codes); i++)
            if (strcmp(json_object_get_string(code), known_codes[i].code) == 0)
                return known_codes[i].error;
    return -EIO;
}

static int packets_receive(struct client *client, char *packet, int count,
    int (*each)(void *context, const char *packet, size_t size), void *context)
{
    int result = 0;
    for (int i = 0; i < count; i++) {
        ssize_t size = packet_receive(client, packet);
        if (size < 0)
            return (int)size;
        if (each && result >= 0)
            result = each(context, packet, (size_t)size);
    }
    return result;
}

int client_ask(struct client *client, const char *verb, struct json_object *arguments,
    struct json_object **ret_reply, int (*each)(void *context, const char *packet, size_t size),
    void *context)
{
    struct timeval patience = {
        .tv_sec = arguments && json_object_object_get(arguments, "wait") ? 0 : CLIENT_PATIENCE_S};
    if (setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0) {
        json_object_put(arguments);
        return -errno;
    }
    int error = request_send(client, verb, arguments);
    if (error < 0)
        return error;
    cleanup_free_ char *packet = malloc(CLIENT_PACKET_MAX + 1);
    if (!packet)
        return -ENOMEM;
    ssize_t size = packet_receive(client, packet);
    if (size < 0)
        return (int)size;
    struct json_object *reply = json_tokener_parse(packet), *count = NULL;
    if (!reply || !json_object_is_type(reply, json_type_object)) {
        json_object_put(reply);
        return -EPROTO;
    }
    *ret_reply = reply;
    error = reply_error(reply);
    if (error < 0)
        return error;
    return json_object_object_get_ex(reply, "packets", &count)
               ? packets_receive(client, packet, json_object_get_int(count), each, context)
               : 0;
}
