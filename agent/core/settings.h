/* agent.json and policy.json with policy.d: read whole, checked whole, then swapped; or refused whole.
 *
 * A set of files is read into a bundle (names and bytes, after their owner and mode are checked), bound and cross-checked.
 * When that holds, the bundle is kept as the last accepted copy. At boot a refused document means the last accepted copy; none:
 * the defaults, which admit input devices only. */
#ifndef SEKISHO_CORE_SETTINGS_H
#define SEKISHO_CORE_SETTINGS_H

#include "contract/module.h"

#include <sys/types.h>

/* The core's own part of agent.json. */
struct agent_settings {
    char terminal_id[65];
    char terminal_section[129];
    char contact[257];
    int64_t heartbeat_seconds; /* ± 20 % */
    int64_t spool_mebibytes, spool_reserve_mebibytes, keep_days;
};

enum settings_which { SETTINGS_AGENT, SETTINGS_POLICY };

#define SETTINGS_MODULES_MAX 16

/* A document that was accepted: the core's part and each module's, by the table's index. */
struct settings_document {
    enum settings_which which;
    char sha256[65]; /* over names, lengths and bytes of its files; over nothing for the defaults */
    int64_t version; /* policy.json's; 0: there is none */
    struct agent_settings agent;       /* agent.json only */
    void *parts[SETTINGS_MODULES_MAX]; /* NULL where the module has none, or has taken it */
};

struct settings_source {
    const char *configuration_directory; /* "/etc/sekisho" */
    const char *store_directory; /* "/var/lib/sekisho"; NULL: nothing is kept or fallen back to (checks) */
    uid_t owner;                 /* whose the files must be: 0; tests pass their own */
    const struct module *const *modules;
    const struct clock *clock;
};

/* Reads and checks the files. 0; -EBADMSG (or -ENOMEM) with ret_error filled: line and column, or the file as a whole.
 * A missing agent.json or policy.json means the defaults. What was in force is the caller's and is not touched. */
int settings_load(const struct settings_source *source, enum settings_which which,
    struct settings_document **ret_document, struct json_error *ret_error);

/* The last accepted copy; -ENOENT when there is none, -EBADMSG with ret_error filled when it is damaged or not ours. */
int settings_load_accepted(const struct settings_source *source, enum settings_which which,
    struct settings_document **ret_document, struct json_error *ret_error);

/* One file alone, as `sekisho policy check FILE` asks; path "-" is standard input. Owner and mode are not checked. A
 * policy must say its version unless it is a part, for policy.d. Messages name the file as path does. */
int settings_check_file(const struct settings_source *source, enum settings_which which, bool part,
    const char *path, struct json_error *ret_error);

/* Texts that are already read (settings_bundle.h): bound, cross-checked, accepted as a whole; no file is touched. name: what a
 * fault of the whole is reported under. */
struct settings_bundle;
int settings_accept(const struct settings_source *source, enum settings_which which,
    const struct settings_bundle *bundle, const char *name, struct settings_document **ret_document,
    struct json_error *ret_error);

/* Defaults alone. */
int settings_defaults(
    const struct settings_source *source, enum settings_which which, struct settings_document **ret_document);

/* Frees the document and every part that no module has taken (parts[i] set to NULL by the taker). */
void settings_document_destroy(const struct settings_source *source, struct settings_document *document);

#endif
