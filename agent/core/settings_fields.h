/* The core's own keys of agent.json and policy.json. Private to core/settings*.c. */
#ifndef SEKISHO_CORE_SETTINGS_FIELDS_H
#define SEKISHO_CORE_SETTINGS_FIELDS_H

#include "core/settings.h"

extern const struct bind_field settings_agent_fields[];  /* into struct agent_settings */
extern const struct bind_field settings_policy_fields[]; /* into struct settings_document */

void settings_agent_defaults(struct agent_settings *agent);

/* What no single value shows. -EINVAL with message filled. */
int settings_agent_finish(const struct agent_settings *agent, char message[static 256]);

#endif
