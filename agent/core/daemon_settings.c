/* Both documents: at start the files, else the last accepted copy, else the defaults; on reload the files or nothing. */
#include "core/daemon_settings.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const which_name[] = {[SETTINGS_AGENT] = "agent.json", [SETTINGS_POLICY] = "policy.json"};

static void refusal_keep(struct daemon *daemon, enum settings_which which, const struct json_error *fault)
{
    char line[1024];
    json_error_format(fault, line, sizeof(line));
    log_line(LOG_ERR, "refused: %s", line);
    daemon->refused[which] = *fault;
}

void daemon_refusal_record(struct daemon *daemon, enum settings_which which)
{
    const struct json_error *fault = &daemon->refused[which];
    struct event event = EVENT(EVENT_SETTINGS_REFUSED);
    event_set_text(&event, EVENT_FILE, fault->file[0] ? fault->file : which_name[which]);
    if (fault->place.line > 0) {
        event_set_number(&event, EVENT_LINE, fault->place.line);
        event_set_number(&event, EVENT_COLUMN, fault->place.column);
    }
    event_set_text(&event, EVENT_MESSAGE, fault->message);
    daemon_record(daemon, &event);
}

int daemon_settings_first(struct daemon *daemon, enum settings_which which,
    struct settings_document **ret_document, const char **ret_origin)
{
    struct json_error fault = {0};
    *ret_origin = "files";
    if (settings_load(&daemon->source, which, ret_document, &fault) >= 0)
        return 0;
    refusal_keep(daemon, which, &fault);
    *ret_origin = "last accepted copy";
    struct json_error old = {0};
    if (settings_load_accepted(&daemon->source, which, ret_document, &old) >= 0)
        return 0;
    *ret_origin = "defaults";
    return settings_defaults(&daemon->source, which, ret_document);
}

void daemon_settings_adopt_agent(struct daemon *daemon, struct settings_document *document)
{
    daemon->settings = document->agent;
    daemon->host.contact = daemon->settings.contact;
    snprintf(daemon->agent_sha256, sizeof(daemon->agent_sha256), "%s", document->sha256);
}

void daemon_settings_adopt_policy(
    struct daemon *daemon, const struct settings_document *document, const char *origin)
{
    daemon->policy_version = document->version;
    daemon->policy_origin = origin;
    snprintf(daemon->policy_sha256, sizeof(daemon->policy_sha256), "%s", document->sha256);
}

/* The change is in the chain before it holds; where it cannot be recorded, what was in force stays. */
static int change_record(struct daemon *daemon, const struct settings_document *document)
{
    struct event event = EVENT(EVENT_POLICY_CHANGED);
    event_set_text(&event, EVENT_POLICY_SHA256, document->sha256);
    event_set_text(&event, EVENT_OLD_POLICY_SHA256, daemon->policy_sha256);
    event_set_number(&event, EVENT_POLICY_VERSION, document->version);
    return daemon_record(daemon, &event);
}

static enum reload_result adopt(
    struct daemon *daemon, enum settings_which which, struct settings_document *document)
{
    const char *old = which == SETTINGS_AGENT ? daemon->agent_sha256 : daemon->policy_sha256;
    if (strcmp(old, document->sha256) == 0)
        return RELOAD_UNCHANGED;
    if (which == SETTINGS_POLICY) {
        int error = change_record(daemon, document);
        if (error < 0) {
            snprintf(daemon->refused[which].message, sizeof(daemon->refused[which].message),
                "the change could not be recorded (%s): the policy in force stays", strerror(-error));
            return RELOAD_REFUSED;
        }
        daemon_settings_adopt_policy(daemon, document, "files");
        registry_reload(&daemon->registry, NULL, document);
    } else {
        daemon_settings_adopt_agent(daemon, document);
        daemon_store_open(daemon);
        registry_reload(&daemon->registry, document, NULL);
    }
    return RELOAD_CHANGED;
}

static enum reload_result reload(struct daemon *daemon, enum settings_which which)
{
    struct settings_document *document = NULL;
    struct json_error fault = {0};
    if (settings_load(&daemon->source, which, &document, &fault) < 0) {
        refusal_keep(daemon, which, &fault);
        daemon_refusal_record(daemon, which);
        return RELOAD_REFUSED;
    }
    daemon->refused[which] = (struct json_error){0};
    enum reload_result result = adopt(daemon, which, document);
    settings_document_destroy(&daemon->source, document);
    return result;
}

struct reload_results daemon_reload(struct daemon *daemon)
{
    return (struct reload_results){
        .agent = reload(daemon, SETTINGS_AGENT),
        .policy = reload(daemon, SETTINGS_POLICY),
    };
}
