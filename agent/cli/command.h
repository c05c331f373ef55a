/* The commands of `sekisho` and what they share. */
#ifndef SEKISHO_CLI_COMMAND_H
#define SEKISHO_CLI_COMMAND_H

#include "client.h"

#include <libintl.h>
#include <stdbool.h>

#define _(text)  gettext(text)
#define N_(text) (text)

/* The exit status, in --help and sekisho(1). */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_NEGATIVE = 1, /* the answer is no: refused, not valid, something missing */
    EXIT_USAGE = 2,
    EXIT_NO_AGENT = 3, /* the agent does not answer */
    EXIT_NOT_PERMITTED = 4,
};

struct invocation {
    const char *control_path;   /* --control, default /run/sekisho/control.sock */
    const char *daemon_program; /* --daemon: where sekishod is, for checks; default /usr/sbin/sekishod */
    const char *configuration_directory;
    bool json;
    int argc; /* what follows the command's name */
    char **argv;
};

struct command {
    const char *name;
    const char *usage;   /* arguments, not translated */
    const char *summary; /* one line, N_() */
    const char *help;    /* the rest of its --help, N_() */
    int (*run)(const struct invocation *invocation);
};

int command_status(const struct invocation *invocation);
int command_devices(const struct invocation *invocation);
int command_adopt(const struct invocation *invocation);
int command_events(const struct invocation *invocation);
int command_policy(const struct invocation *invocation);
int command_verify(const struct invocation *invocation);

/* Connects, asks once and prints a fault in words on stderr. EXIT_DONE with *ret_reply the caller's; else the exit status. */
int command_ask(const struct invocation *invocation, const char *verb, struct json_object *arguments,
    struct json_object **ret_reply);

/* The exit status of an error of client_open or client_ask, said in words on stderr. reply may be NULL. */
int command_fail(int error, struct json_object *reply);

/* One line of compact JSON. */
void print_json(struct json_object *object);

/* Members by name; "" or 0 where there is none. path: "policy.sha256". */
const char *member_text(struct json_object *object, const char *path);
int64_t member_number(struct json_object *object, const char *path);
struct json_object *member(struct json_object *object, const char *path);

/* Local time of the machine, "2026-11-24 17:10:03". */
void print_time(int64_t ms, char buffer[static 32]);

/* True where people read Japanese: by the locale of messages. */
bool speaks_japanese(void);

#endif
