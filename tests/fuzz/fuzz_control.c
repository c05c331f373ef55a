/* control.sock under arbitrary packets, with the arguments' tables of the daemon's and the modules' own verbs. Every request is
 * answered by one JSON object and the packets it announces, or waits; one that is too large ends the connection.
 *
 * Input: packets, each ended by how it goes on: 0 the next packet, 1 another connection, 2 an event is recorded. */
#include "../support/control_place.h"
#include "core/daemon.h"
#include "module_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERBS_MAX   32
#define PACKETS_MAX 40

/* What the server calls, and what it has been told. */
struct verbs {
    struct control_verb core[VERBS_MAX];
    struct module_verb theirs[VERBS_MAX];
    bool event; /* one was recorded: who waited has an answer */
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int run_core(void *context, const void *arguments, struct control_reply *reply)
{
    struct verbs *verbs = context;
    if (!verbs->event)
        return CONTROL_LATER;
    json_object_object_add(control_reply_object(reply), "answered", json_object_new_boolean(true));
    require(control_reply_packet(reply, "{}", 2) == 0 && control_reply_packet(reply, "", 0) == 0);
    return 0;
}

static int run_theirs(void *self, const void *arguments, struct json_object *reply)
{
    json_object_object_add(reply, "error", json_object_new_string("not now"));
    return -EAGAIN;
}

static const struct module_verb *find(void *context, const char *name, void **ret_self)
{
    struct verbs *verbs = context;
    for (struct module_verb *verb = verbs->theirs; verb->name; verb++)
        if (strcmp(verb->name, name) == 0) {
            *ret_self = context;
            return verb;
        }
    return NULL;
}

/* The real tables of names, roles and arguments; what they run is replaced. */
static void fill_verbs(struct verbs *verbs)
{
    unsigned count = 0;
    *verbs = (struct verbs){0};
    for (unsigned i = 0; i < VERBS_MAX - 1 && daemon_verbs[i].name; i++) {
        verbs->core[i] = daemon_verbs[i];
        verbs->core[i].run = run_core;
    }
    for (unsigned i = 0; module_table[i]; i++)
        for (unsigned j = 0; module_table[i]->verbs && module_table[i]->verbs[j].name; j++) {
            require(count < VERBS_MAX - 1);
            verbs->theirs[count] = module_table[i]->verbs[j];
            verbs->theirs[count++].run = run_theirs;
        }
}

/* Takes an answer that is there; returns false when the server has hung up. */
static bool take_answer(int client)
{
    static char packet[CONTROL_REPLY_MAX + 1];
    struct json_object *count = NULL;
    ssize_t size = control_place_receive(client, packet, sizeof(packet));
    if (size == -EAGAIN)
        return true;
    if (size <= 0)
        return false;
    struct json_object *reply = json_tokener_parse(packet);
    require(json_object_is_type(reply, json_type_object));
    require(json_object_object_length(reply) > 0);
    json_object_object_get_ex(reply, "packets", &count);
    for (int i = json_object_get_int(count); i > 0; i--)
        require(control_place_receive(client, packet, sizeof(packet)) >= 0);
    json_object_put(reply);
    return true;
}

static int reconnect(const struct control_place *place, int client)
{
    if (client >= 0)
        close(client);
    return control_place_connect(place);
}

static void converse(struct control_place *place, struct verbs *verbs, const uint8_t *data, size_t size)
{
    int client = control_place_connect(place);
    for (unsigned i = 0; size > 0 && i < PACKETS_MAX; i++) {
        size_t length = 0;
        while (length < size && data[length] > 2)
            length++;
        int next = length < size ? data[length] : 0;
        require(send(client, data, length, MSG_NOSIGNAL) == (ssize_t)length || errno == EPIPE);
        control_place_turn(place);
        bool alive = take_answer(client);
        require(alive || length == 0 || length > CONTROL_REQUEST_MAX);
        if (next == 2) {
            verbs->event = true;
            control_wake(place->control);
            control_place_turn(place);
            verbs->event = false;
            alive = alive && take_answer(client);
        }
        if (!alive || next == 1)
            client = reconnect(place, client);
        length += length < size;
        data += length;
        size -= length;
    }
    close(client);
    control_place_turn(place);
}

/* The server lives on from input to input, as the daemon does; the connections are each input's own. */
static struct verbs server_verbs;
static struct control_place server;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fill_verbs(&server_verbs);
    const struct control_settings settings = {
        .verbs = server_verbs.core, .context = &server_verbs, .find = find};
    control_place_open(&server, &settings);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    converse(&server, &server_verbs, data, size);
    return 0;
}
