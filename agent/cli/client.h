/* The other end of control.sock: one request, one reply and the raw packets behind it. */
#ifndef SEKISHO_CLI_CLIENT_H
#define SEKISHO_CLI_CLIENT_H

#include <json-c/json.h>
#include <stddef.h>

#define CLIENT_PACKET_MAX ((size_t)128 * 1024)

struct client {
    int socket;
    const char *path;
};

/* 0 or negative errno; -ECONNREFUSED and -ENOENT mean that no agent is there. */
int client_open(struct client *client, const char *path);
void client_close(struct client *client);

/* arguments: consumed; may be NULL. *ret_reply is the caller's. An "error" in the reply is returned as the negative errno its
 * "code" names, with the reply set all the same. Each raw packet is handed to each() (NUL-terminated, borrowed). */
int client_ask(struct client *client, const char *verb, struct json_object *arguments,
    struct json_object **ret_reply, int (*each)(void *context, const char *packet, size_t size),
    void *context);

#endif
