/* A control socket of a test's own: a loop, a listener, and a server over the verbs that a test hands in. */
#ifndef SEKISHO_TESTS_CONTROL_PLACE_H
#define SEKISHO_TESTS_CONTROL_PLACE_H

#include "core/control.h"

#include <sys/un.h>

struct control_place {
    sd_event *loop;
    struct control *control;
    struct sockaddr_un address; /* abstract: no file to clean up */
    socklen_t address_size;
};

/* Ends the program on a fault. */
void control_place_open(struct control_place *place, const struct control_settings *settings);
void control_place_close(struct control_place *place);

/* Lets the server do all that it can do now. */
void control_place_turn(struct control_place *place);

/* A client, connected and not yet accepted. Non-blocking. */
int control_place_connect(const struct control_place *place);

/* What has come: bytes of one packet with a NUL behind them, 0 when the server has hung up, -EAGAIN when nothing is there. */
ssize_t control_place_receive(int client, char *bytes, size_t capacity);

#endif
