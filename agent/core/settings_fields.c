/* The core's tables: keys, types, bounds, places; and their defaults. */
#include "core/settings_fields.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROW(key_, type_, structure_, member_, minimum_, maximum_)                                            \
    {                                                                                                        \
        .key = (key_), .type = (type_), .offset = offsetof(structure_, member_), .minimum = (minimum_),      \
        .maximum = (maximum_), .plain = true                                                                 \
    }

static const struct bind_field TERMINAL_FIELDS[] = {
    ROW("id", BIND_TEXT, struct agent_settings, terminal_id, 1, 64),
    ROW("section", BIND_TEXT, struct agent_settings, terminal_section, 0, 128),
    BIND_COMMENT,
    {0},
};

static const struct bind_field RECORD_FIELDS[] = {
    ROW("heartbeat_seconds", BIND_INTEGER, struct agent_settings, heartbeat_seconds, 60, 3600),
    ROW("spool_mebibytes", BIND_INTEGER, struct agent_settings, spool_mebibytes, 16, 65536),
    ROW("spool_reserve_mebibytes", BIND_INTEGER, struct agent_settings, spool_reserve_mebibytes, 1, 16384),
    ROW("keep_days", BIND_INTEGER, struct agent_settings, keep_days, 1, 3650),
    BIND_COMMENT,
    {0},
};

const struct bind_field settings_agent_fields[] = {
    {.key = "$schema", .type = BIND_IGNORED},
    BIND_COMMENT,
    {.key = "terminal", .type = BIND_OBJECT, .fields = TERMINAL_FIELDS},
    ROW("contact", BIND_TEXT, struct agent_settings, contact, 0, 256),
    {.key = "record", .type = BIND_OBJECT, .fields = RECORD_FIELDS},
    {0},
};

/* version is required of policy.json alone, not of the files in policy.d: settings.c sees to that. */
const struct bind_field settings_policy_fields[] = {
    {.key = "$schema", .type = BIND_IGNORED},
    BIND_COMMENT,
    ROW("version", BIND_INTEGER, struct settings_document, version, 1, (INT64_C(1) << 53) - 1),
    {0},
};

void settings_agent_defaults(struct agent_settings *agent)
{
    char name[65] = "";
    *agent = (struct agent_settings){
        .heartbeat_seconds = 300,
        .spool_mebibytes = 256,
        .spool_reserve_mebibytes = 16,
        .keep_days = 400,
    };
    if (gethostname(name, sizeof(name) - 1) < 0 || name[0] == '\0')
        strcpy(name, "localhost");
    text_make_printable(agent->terminal_id, sizeof(agent->terminal_id), name, strlen(name));
}

int settings_agent_finish(const struct agent_settings *agent, char message[static 256])
{
    if (agent->spool_reserve_mebibytes * 2 <= agent->spool_mebibytes)
        return 0;
    snprintf(message, 256,
        "record.spool_reserve_mebibytes: expected at most half of record.spool_mebibytes (%" PRId64
        "), found %" PRId64,
        agent->spool_mebibytes, agent->spool_reserve_mebibytes);
    return -EINVAL;
}
