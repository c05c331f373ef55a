#include "core/control_reply.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct json_object *control_reply_object(struct control_reply *reply)
{
    return reply->object;
}

int control_reply_begin(struct control_reply *reply)
{
    *reply = (struct control_reply){.object = json_object_new_object()};
    return reply->object ? 0 : -ENOMEM;
}

void control_reply_clear(struct control_reply *reply)
{
    for (unsigned i = 0; i < ARRAY_SIZE(reply->packets); i++)
        free(reply->packets[i].bytes);
    json_object_put(reply->object);
    *reply = (struct control_reply){0};
}

int control_reply_packet(struct control_reply *reply, const void *bytes, size_t size)
{
    if (reply->count == CONTROL_PACKETS_MAX || reply->bytes + size > CONTROL_REPLY_MAX)
        return -ENOBUFS;
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, bytes, size);
    reply->packets[++reply->count] = (struct control_packet){copy, size};
    reply->bytes += size;
    return 0;
}

void control_reply_fail(struct control_reply *reply, int error, const char *sentence)
{
    struct json_object *said = NULL;
    if (reply->object && json_object_object_get_ex(reply->object, "error", &said))
        json_object_get(said);
    else
        said = json_object_new_string(sentence ? sentence : strerror(-error));
    control_reply_clear(reply);
    if (control_reply_begin(reply) < 0) {
        json_object_put(said);
        return;
    }
    json_object_object_add(reply->object, "error", said);
    /* One number with two names in Linux; the protocol has the shorter one. */
    const char *code = error == -ENOTSUP ? "ENOTSUP" : strerrorname_np(-error);
    json_object_object_add(reply->object, "code", json_object_new_string(code ? code : "EIO"));
}

int control_reply_seal(struct control_reply *reply)
{
    if (!reply->object)
        return -ENOMEM;
    if (reply->count > 0)
        json_object_object_add(reply->object, "packets", json_object_new_int((int)reply->count));
    size_t size = 0;
    const char *text = json_object_to_json_string_length(reply->object, JSON_C_TO_STRING_PLAIN, &size);
    if (!text)
        return -ENOMEM;
    if (size > CONTROL_REPLY_MAX)
        return -EMSGSIZE;
    reply->packets[0].bytes = strndup(text, size);
    reply->packets[0].size = size;
    return reply->packets[0].bytes ? 0 : -ENOMEM;
}

int control_reply_send(struct control_reply *reply, int socket)
{
    while (reply->sent <= reply->count) {
        const struct control_packet *packet = &reply->packets[reply->sent];
        if (send(socket, packet->bytes, packet->size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            if (errno == EAGAIN || errno == EINTR)
                return 0;
            return -errno;
        }
        reply->sent++;
    }
    return 1;
}
