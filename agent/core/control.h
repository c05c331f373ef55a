/* control.sock: the one door for commands. SOCK_SEQPACKET; a request is one packet of JSON, a reply one packet of JSON
 * and then as many raw packets as it announces. Who asks is SO_PEERCRED and SO_PEERGROUPS.
 *
 *   → {"verb":"events","arguments":{"from":17,"limit":2}}
 *   ← {"packets":2,"next":19,"last":40}   ← event 17, canonical bytes   ← event 18
 *   → {"verb":"evnts"}
 *   ← {"error":"unknown verb","code":"ENOTSUP"} */
#ifndef SEKISHO_CORE_CONTROL_H
#define SEKISHO_CORE_CONTROL_H

#include "contract/module.h"

#define CONTROL_REQUEST_MAX  4096
#define CONTROL_PACKETS_MAX  64                   /* raw packets behind one reply */
#define CONTROL_REPLY_MAX    ((size_t)128 * 1024) /* bytes of one packet, and of all raw packets of one reply */
#define CONTROL_CLIENTS_MAX  64
#define CONTROL_CLIENTS_USER 8 /* of one uid that is not 0 */

struct control;
struct control_reply;

/* A verb of the core itself: like a module's, and it may add raw packets or ask to be called again at the next event. */
struct control_verb {
    const char *name; /* NULL ends the table */
    enum module_role role;
    const struct bind_field *arguments;
    size_t arguments_size;
    /* 0: answered. CONTROL_LATER: call again after the next recorded event (long poll). Negative errno with "error" in
     * control_reply_object(): refused. */
    int (*run)(void *context, const void *arguments, struct control_reply *reply);
};

#define CONTROL_LATER 1

struct json_object *control_reply_object(struct control_reply *reply); /* borrowed */
/* Adds a raw packet (a copy). -ENOBUFS when the reply is full: stop there. */
int control_reply_packet(struct control_reply *reply, const void *bytes, size_t size);

struct control_settings {
    const struct control_verb *verbs; /* the core's */
    void *context;
    /* A verb of a module, or NULL. */
    const struct module_verb *(*find)(void *context, const char *name, void **ret_self);
};

/* Serves a listening SOCK_SEQPACKET socket; takes the descriptor in any case. */
int control_open(
    sd_event *loop, int listener, const struct control_settings *settings, struct control **ret_control);
void control_close(struct control *control);

/* An event was recorded: whoever waits is looked at again. */
void control_wake(struct control *control);

/* Parses one request; for the fuzzer too. -EBADMSG with error filled. The verb's own arguments are bound by control_arguments. */
struct control_request {
    char verb[33];
};
int control_request_parse(
    const char *bytes, size_t size, struct control_request *ret_request, struct json_error *ret_error);

#endif
