/* The daemon's parts and how they are tied together. sekishod.c is the table of contents; this is the book. */
#ifndef SEKISHO_CORE_DAEMON_H
#define SEKISHO_CORE_DAEMON_H

#include "core/control.h"
#include "core/registry.h"
#include "core/settings.h"
#include "core/store/recorder.h"

struct daemon_options {
    const char *configuration_directory; /* "/etc/sekisho" */
    const char *store_directory;         /* "/var/lib/sekisho" */
    const char *control_path;            /* NULL: the socket comes from systemd (sd_listen_fds) */
};

struct daemon {
    struct daemon_options options;
    struct settings_source source;
    sd_event *loop;
    struct host host;
    struct registry registry;
    struct control *control;
    sd_event_source *heartbeat;

    /* NULL while the store cannot be used (corrupt state.db, no space): nothing can then be recorded, so nothing is admitted.
     * It is tried again with every heartbeat. */
    struct recorder *recorder;
    int recorder_error;
    struct recorder_past past;
    bool gap_owed; /* the interval since then is not in the chain yet */
    bool started;  /* every module listens and has looked */

    struct agent_settings settings; /* the core's own part, in force */
    char agent_sha256[65], policy_sha256[65];
    int64_t policy_version;
    const char *policy_origin; /* "files", "last accepted copy", "defaults": what is in force */
    struct json_error
        refused[2]; /* the last refusal of each document; message[0] = 0: none. By settings_which. */
    int64_t started_ms;
};

/* Phases, in this order. Each returns negative errno when the daemon cannot go on. */
int daemon_open(
    struct daemon *daemon, const struct daemon_options *options, const struct module *const *modules);
int daemon_start(
    struct daemon *daemon);            /* settings, store, first events, modules, control socket, readiness */
int daemon_run(struct daemon *daemon); /* until SIGTERM or SIGINT */
void daemon_close(struct daemon *daemon);

/* Reads both documents again. Each is swapped whole or stays. Returns true where it changed. */
enum reload_result { RELOAD_UNCHANGED, RELOAD_CHANGED, RELOAD_REFUSED };
struct reload_results {
    enum reload_result agent, policy;
};
struct reload_results daemon_reload(struct daemon *daemon);

/* The core's verbs, in daemon_verbs.c. */
extern const struct control_verb daemon_verbs[];

/* What `sekisho verify` needs besides the links themselves: depth, heads, public key. */
void daemon_store_describe(struct recorder *recorder, struct json_object *into);
/* A pruned link as a packet: {"pruned":{"class_uid","hash","prev_hash","sequence"}}; malloc'ed. */
int daemon_link_packet(const struct chain_link *link, char **ret_bytes, size_t *ret_size);

/* Records where the store can be used; see host.h. In daemon_store.c. */
int daemon_record(struct daemon *daemon, const struct event *event);
int daemon_store_open(struct daemon *daemon);
void daemon_mark_watched(struct daemon *daemon); /* where every module has caught up */
extern const struct host_operations daemon_host_operations;

/* The heartbeat's timer and what happens at each. In heartbeat.c. */
int heartbeat_start(struct daemon *daemon);

#endif
