#include "core/registry.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>

static void *part_take(struct settings_document *document, unsigned index)
{
    if (!document)
        return NULL;
    void *part = document->parts[index];
    document->parts[index] = NULL;
    return part;
}

int registry_open(struct registry *registry, const struct module *const *modules, struct host *host)
{
    *registry = (struct registry){.modules = modules};
    for (unsigned i = 0; modules[i]; i++) {
        int error = i < SETTINGS_MODULES_MAX ? modules[i]->open(host, &registry->selves[i]) : -E2BIG;
        if (error < 0) {
            log_error(error, "module %s cannot open", modules[i]->name);
            registry_close(registry);
            return error;
        }
        registry->opened = i + 1;
    }
    return 0;
}

int registry_start(
    struct registry *registry, struct settings_document *agent, struct settings_document *policy)
{
    for (unsigned i = 0; i < registry->opened; i++) {
        const struct module *module = registry->modules[i];
        int error = module->start(registry->selves[i], part_take(agent, i), part_take(policy, i));
        if (error < 0)
            return log_error(error, "module %s cannot start", module->name);
    }
    return 0;
}

void registry_reload(
    struct registry *registry, struct settings_document *agent, struct settings_document *policy)
{
    for (unsigned i = 0; i < registry->opened; i++)
        if (registry->modules[i]->reload)
            registry->modules[i]->reload(registry->selves[i], part_take(agent, i), part_take(policy, i));
}

void registry_check(struct registry *registry)
{
    for (unsigned i = 0; i < registry->opened; i++)
        if (registry->modules[i]->check)
            registry->modules[i]->check(registry->selves[i]);
}

bool registry_caught_up(struct registry *registry)
{
    for (unsigned i = 0; i < registry->opened; i++)
        if (registry->modules[i]->caught_up && !registry->modules[i]->caught_up(registry->selves[i]))
            return false;
    return true;
}

void registry_status(struct registry *registry, struct json_object *into)
{
    for (unsigned i = 0; i < registry->opened; i++) {
        struct json_object *own = json_object_new_object();
        registry->modules[i]->status(registry->selves[i], own);
        json_object_object_add(into, registry->modules[i]->name, own);
    }
}

void registry_close(struct registry *registry)
{
    while (registry->opened > 0) {
        registry->opened--;
        registry->modules[registry->opened]->close(registry->selves[registry->opened]);
        registry->selves[registry->opened] = NULL;
    }
}

const struct module_verb *registry_verb(struct registry *registry, const char *name, void **ret_self)
{
    for (unsigned i = 0; i < registry->opened; i++) {
        const struct module_verb *verb = registry->modules[i]->verbs;
        for (; verb && verb->name; verb++)
            if (strcmp(verb->name, name) == 0) {
                *ret_self = registry->selves[i];
                return verb;
            }
    }
    return NULL;
}
