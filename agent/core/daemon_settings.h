/* How the daemon comes to its settings; see daemon.h. */
#ifndef SEKISHO_CORE_DAEMON_SETTINGS_H
#define SEKISHO_CORE_DAEMON_SETTINGS_H

#include "core/daemon.h"

/* The files, else the last accepted copy, else the defaults; ret_origin says which. The refusal is kept, for
 * daemon_refusal_record once the store is open. */
int daemon_settings_first(struct daemon *daemon, enum settings_which which,
    struct settings_document **ret_document, const char **ret_origin);

void daemon_refusal_record(struct daemon *daemon, enum settings_which which);
void daemon_settings_adopt_agent(struct daemon *daemon, struct settings_document *document);
void daemon_settings_adopt_policy(
    struct daemon *daemon, const struct settings_document *document, const char *origin);

#endif
