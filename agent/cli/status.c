/* sekisho status */
#include "command.h"

#include <stdio.h>
#include <string.h>

static void print_refused(struct json_object *list)
{
    for (size_t i = 0; list && i < json_object_array_length(list); i++)
        printf(
            "  %s %s\n", _("refused settings:"), json_object_get_string(json_object_array_get_idx(list, i)));
}

static void print_module(const char *name, struct json_object *state)
{
    printf("%s:\n", name);
    json_object_object_foreach(state, key, value)
    {
        printf("  %-18s %s\n", key, json_object_get_string(value));
    }
}

static void print_store(struct json_object *store)
{
    const char *error = member_text(store, "error");
    if (*error) {
        printf("%s %s. %s\n", _("store:   cannot be used:"), error, _("Nothing is admitted until it can."));
        return;
    }
    printf(_("store:   %lld events, %lld bytes, %lld lost; chain %s at %lld\n"),
        (long long)member_number(store, "events"), (long long)member_number(store, "bytes"),
        (long long)member_number(store, "lost"), member_text(store, "head.chain_uid"),
        (long long)member_number(store, "head.sequence"));
}

static void print_status(struct json_object *status)
{
    char since[32];
    print_time(member_number(status, "started_ms"), since);
    printf(
        "%s %s %s, %s %s\n", _("agent:  "), member_text(status, "version"), _("running"), _("since"), since);
    printf("%s %s %s\n", _("terminal:"), member_text(status, "terminal"), member_text(status, "section"));
    printf("%s %lld (%s) %.16s…\n", _("policy:  version"), (long long)member_number(status, "policy.version"),
        member_text(status, "policy.origin"), member_text(status, "policy.sha256"));
    print_refused(member(status, "refused_settings"));
    print_store(member(status, "store"));
    struct json_object *modules = member(status, "modules");
    if (!modules)
        return;
    json_object_object_foreach(modules, name, state)
    {
        print_module(name, state);
    }
}

int command_status(const struct invocation *invocation)
{
    struct json_object *status = NULL;
    if (invocation->argc > 0)
        return EXIT_USAGE;
    int exit = command_ask(invocation, "status", NULL, &status);
    if (exit != EXIT_DONE)
        return exit;
    if (invocation->json)
        print_json(status);
    else
        print_status(status);
    json_object_put(status);
    return EXIT_DONE;
}
