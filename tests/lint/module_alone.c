/* A module linked with base, record and a fake host alone: it links, so it needs no other part. Built once for each folder under
 * modules/ with MODULE and MODULE_NAME; the program checks that the module keeps its side of contract/module.h. */
#include "base/cleanup.h"
#include "contract/module.h"

#include <stdio.h>
#include <string.h>

extern const struct module MODULE;

static int faults;

static void require(bool holds, const char *sentence)
{
    if (holds)
        return;
    printf("%s: %s\n", MODULE_NAME, sentence);
    faults++;
}

/* Defaults alone must make settings that finish() accepts: that is what a machine without files runs on. */
static void check_settings(const struct module_settings *settings)
{
    char message[256] = "";
    if (!settings->fields) {
        require(!settings->create && !settings->finish && !settings->destroy,
            "settings without fields have no functions either");
        return;
    }
    require(settings->create && settings->destroy, "settings with fields need create and destroy");
    if (!settings->create || !settings->destroy)
        return;
    void *defaults = settings->create();
    require(defaults != NULL, "create() gives defaults");
    if (defaults && settings->finish)
        require(settings->finish(defaults, &clock_system, message) == 0, "finish() accepts the defaults");
    if (defaults)
        settings->destroy(defaults);
}

static void check_verb(const struct module_verb *verb)
{
    require(verb->run != NULL, "every verb runs something");
    require(verb->arguments_size <= 4096, "a verb's arguments take at most 4,096 bytes");
    require(
        !verb->arguments == !verb->arguments_size, "a verb has a table of arguments and a size, or neither");
}

int main(void)
{
    require(MODULE.name && strcmp(MODULE.name, MODULE_NAME) == 0, "the module is named as its folder");
    require(MODULE.open && MODULE.start && MODULE.status && MODULE.close,
        "open, start, status and close are there");
    require(MODULE.reload || (!MODULE.agent.fields && !MODULE.policy.fields),
        "a module with settings takes new ones by reload");
    check_settings(&MODULE.agent);
    check_settings(&MODULE.policy);
    for (const struct module_verb *verb = MODULE.verbs; verb && verb->name; verb++)
        check_verb(verb);
    return faults > 0;
}
