/* The control socket's server in a test's own process. */
#include "control_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int must(int result, const char *what)
{
    if (result >= 0)
        return result;
    perror(what);
    abort();
}

void control_place_open(struct control_place *place, const struct control_settings *settings)
{
    *place = (struct control_place){.address = {.sun_family = AF_UNIX}};
    place->address_size = sizeof(place->address);
    int listener = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    /* A family and nothing more: the kernel gives it an abstract name. */
    must(bind(listener, (struct sockaddr *)&place->address, sizeof(sa_family_t)), "bind");
    must(getsockname(listener, (struct sockaddr *)&place->address, &place->address_size), "getsockname");
    must(listen(listener, 128), "listen");
    must(sd_event_new(&place->loop), "sd_event_new");
    must(control_open(place->loop, listener, settings, &place->control), "control_open");
}

void control_place_close(struct control_place *place)
{
    control_close(place->control);
    sd_event_unref(place->loop);
}

void control_place_turn(struct control_place *place)
{
    while (must(sd_event_run(place->loop, 0), "sd_event_run") > 0)
        ;
}

int control_place_connect(const struct control_place *place)
{
    int client = must(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    must(connect(client, (const struct sockaddr *)&place->address, place->address_size), "connect");
    return client;
}

ssize_t control_place_receive(int client, char *bytes, size_t capacity)
{
    ssize_t size = recv(client, bytes, capacity - 1, MSG_DONTWAIT);
    if (size < 0)
        return errno == ECONNRESET ? 0 : -errno;
    bytes[size] = '\0';
    return size;
}
