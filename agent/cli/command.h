/* The commands of `sekisho` and what they share. */
#ifndef SEKISHO_CLI_COMMAND_H
#define SEKISHO_CLI_COMMAND_H

#include "client.h"
#include "columns.h"
#include "language.h"

#include <stdint.h>

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
int command_fail(const struct invocation *invocation, int error, struct json_object *reply);
/* The same of an error with a file. */
int command_fail_file(const char *path, int error);

/* One line of compact JSON. */
void print_json(struct json_object *object);
/* "label     text", the label translated by the caller and filled up so that texts stand below each other. */
void print_row(const char *label, const char *text);

/* Members by name; "" or 0 where there is none. path: "policy.sha256". */
const char *member_text(struct json_object *object, const char *path);
int64_t member_number(struct json_object *object, const char *path);
struct json_object *member(struct json_object *object, const char *path);
/* Elements of an array; 0 where there is none. */
size_t member_count(struct json_object *object, const char *path);

/* Local time of the machine, "2026-11-24 17:10:03"; "" for what is no time. */
void time_format(int64_t ms, char buffer[static 32]);

#endif
