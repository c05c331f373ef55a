/* A module: what is loaded into sekishod. Started in the table's order, closed in reverse. See docs/add-a-module.md. */
#ifndef SEKISHO_CONTRACT_MODULE_H
#define SEKISHO_CONTRACT_MODULE_H

#include "base/json_bind.h"
#include "contract/host.h"

#include <json-c/json.h>

/* A module's part of agent.json or policy.json: its keys at the document's top level, bound into a struct of its own. */
struct module_settings {
    const struct bind_field *fields; /* NULL: no part in this document */
    void *(*create)(void);           /* with defaults; NULL when out of memory */
    /* Cross-checks and indexes, after all files are bound. Negative errno with message filled: the document is refused. */
    int (*finish)(void *settings, const struct clock *clock, char message[static 256]);
    void (*destroy)(void *settings);
};

/* A command over control.sock. */
enum module_role { ROLE_ANYONE, ROLE_OPERATOR /* group sekisho-operator */, ROLE_ADMINISTRATOR /* uid 0 */ };

struct module_verb {
    const char *name; /* NULL ends the table */
    enum module_role role;
    const struct bind_field
        *arguments; /* bound into a zeroed scratch struct of arguments_size ≤ 4,096 bytes; may be NULL */
    size_t arguments_size;
    /* Fills reply (an object, borrowed). 0; or negative errno and a sentence for the caller under "error" in reply. */
    int (*run)(void *self, const void *arguments, struct json_object *reply);
};

struct module {
    const char *name;
    struct module_settings agent, policy;
    const struct module_verb *verbs; /* may be NULL */

    /* Takes resources; nothing happens to the world yet. host is borrowed until close. */
    int (*open)(struct host *host, void **ret_self);
    /* Begins the work with these settings (own structs, or NULL where the module has no part); it now owns them. */
    int (*start)(void *self, void *agent, void *policy);
    /* New settings, already checked: takes them over, destroys the old ones, decides again. Cannot fail. NULL: unchanged. */
    void (*reload)(void *self, void *agent, void *policy);
    /* Once a heartbeat (and once after start): looks whether the world still is as it should be. May be NULL. */
    void (*check)(void *self);
    /* Is all that this module was told until now in the chain? May be NULL: always. */
    bool (*caught_up)(void *self);
    /* Adds its state to `sekisho status` (an object of its own, borrowed) and names what the heartbeat tells. */
    void (*status)(void *self, struct json_object *into);
    /* Gives back everything, in any state after open. Never opens the gate, never closes a keyboard. */
    void (*close)(void *self);
};

#endif
