/* sekisho status */
#include "command.h"

#include <string.h>

/* What the agent and its modules say of themselves, for the catalogue of translations. */
static const char *const words[] __attribute__((unused)) = {N_("media"), N_("files"),
    N_("last accepted copy"), N_("defaults"), N_("enforcement"), N_("enforce"), N_("observe"), N_("until"),
    N_("input"), N_("any"), N_("listed"), N_("registered")};

static void print_refused(struct json_object *status)
{
    for (size_t i = 0; i < member_count(status, "refused_settings"); i++)
        print_row(_("REFUSED"),
            json_object_get_string(json_object_array_get_idx(member(status, "refused_settings"), i)));
}

/* Kernel settings or rules that were not as they should be, one a row. */
static void print_drift(struct json_object *state)
{
    for (size_t i = 0; i < member_count(state, "drift"); i++) {
        char line[512];
        struct json_object *item = json_object_array_get_idx(member(state, "drift"), i);
        bool mended = json_object_get_boolean(member(item, "mended"));
        snprintf(line, sizeof(line), _("%s: found %s, expected %s; %s"), member_text(item, "what"),
            member_text(item, "found"), member_text(item, "expected"),
            mended ? _("mended") : _("NOT mended"));
        print_row(_("DRIFT"), line);
    }
}

/* "enforcement enforce, admitted by shape 4, refused 1, input any, ..." */
static void print_module(const char *name, struct json_object *state)
{
    char line[512] = "";
    size_t at = 0;
    json_object_object_foreach(state, key, value)
    {
        if (json_object_is_type(value, json_type_array) || json_object_is_type(value, json_type_object) ||
            (json_object_is_type(value, json_type_int) && json_object_get_int64(value) == 0))
            continue; /* of what there is none, nothing is said */
        int length = snprintf(line + at, sizeof(line) - at, "%s%s %s", at > 0 ? ", " : "", language_word(key),
            language_word(json_object_get_string(value)));
        if (length < 0 || (size_t)length >= sizeof(line) - at)
            break;
        at += (size_t)length;
    }
    print_row(language_word(name), line);
    print_drift(state);
}

static void print_store(struct json_object *store)
{
    char line[512];
    const char *error = member_text(store, "error");
    if (*error)
        snprintf(line, sizeof(line), _("CANNOT BE USED: %s. Nothing is admitted until it can."), error);
    else
        snprintf(line, sizeof(line), _("%lld events, %lld KiB, %lld lost; chain %s at %lld"),
            (long long)member_number(store, "events"),
            (long long)(member_number(store, "bytes") + 1023) / 1024, (long long)member_number(store, "lost"),
            member_text(store, "head.chain_uid"), (long long)member_number(store, "head.sequence"));
    print_row(_("store"), line);
}

static void print_policy(struct json_object *policy)
{
    char line[256];
    snprintf(line, sizeof(line), _("version %lld, from %s, %.16s…"),
        (long long)member_number(policy, "version"), language_word(member_text(policy, "origin")),
        member_text(policy, "sha256"));
    print_row(_("policy"), line);
}

static void print_status(struct json_object *status)
{
    char since[32], line[512];
    time_format(member_number(status, "started_ms"), since);
    snprintf(line, sizeof(line), _("running since %s, version %s"), since, member_text(status, "version"));
    print_row(_("agent"), line);
    snprintf(line, sizeof(line), "%s  %s", member_text(status, "terminal"), member_text(status, "section"));
    print_row(_("terminal"), line);
    if (*member_text(status, "contact"))
        print_row(_("contact"), member_text(status, "contact"));
    print_policy(member(status, "policy"));
    print_refused(status);
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
