/* The modules while they run: opened and started in the table's order, closed in reverse. */
#ifndef SEKISHO_CORE_REGISTRY_H
#define SEKISHO_CORE_REGISTRY_H

#include "contract/module.h"
#include "core/settings.h"

struct registry {
    const struct module *const *modules; /* borrowed; NULL-terminated */
    void *selves[SETTINGS_MODULES_MAX];
    unsigned opened; /* how many of them hold resources */
};

/* All or none: when one cannot open or start, those before it are closed and the error is returned. The parts of both
 * documents go to the modules. */
int registry_open(struct registry *registry, const struct module *const *modules, struct host *host);
int registry_start(
    struct registry *registry, struct settings_document *agent, struct settings_document *policy);

/* Hands new parts over; either document may be NULL: unchanged. */
void registry_reload(
    struct registry *registry, struct settings_document *agent, struct settings_document *policy);

void registry_check(struct registry *registry);
bool registry_caught_up(struct registry *registry);                        /* each of them */
void registry_status(struct registry *registry, struct json_object *into); /* one member a module */
void registry_close(struct registry *registry);

/* The verb and the module that answers it, or NULL. */
const struct module_verb *registry_verb(struct registry *registry, const char *name, void **ret_self);

#endif
