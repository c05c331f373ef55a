/* A reply of control.sock while it is made and sent: one JSON object and the raw packets behind it. */
#ifndef SEKISHO_CORE_CONTROL_REPLY_H
#define SEKISHO_CORE_CONTROL_REPLY_H

#include "core/control.h"

struct control_packet {
    char *bytes;
    size_t size;
};

struct control_reply {
    struct json_object *object;
    struct control_packet packets[CONTROL_PACKETS_MAX + 1]; /* [0] is made of the object when sealed */
    unsigned count;                                         /* raw packets, in packets[1..] */
    unsigned sent;                                          /* of the sealed ones */
    size_t bytes;                                           /* raw bytes so far */
};

int control_reply_begin(struct control_reply *reply);
void control_reply_clear(struct control_reply *reply);

/* The request failed: whatever was in the reply gives way to {"error","code"}; a sentence already there is kept. */
void control_reply_fail(struct control_reply *reply, int error, const char *sentence);

/* Turns the object into packet 0. -EMSGSIZE when it is too large for one packet. */
int control_reply_seal(struct control_reply *reply);

/* Sends what the socket takes. 1: all is out; 0: the rest waits for room; negative errno: the client is gone. */
int control_reply_send(struct control_reply *reply, int socket);

#endif
