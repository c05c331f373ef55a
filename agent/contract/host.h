/* What the daemon offers to its modules. A module sees this, module.h, record/ and base/, and nothing else. */
#ifndef SEKISHO_CONTRACT_HOST_H
#define SEKISHO_CONTRACT_HOST_H

#include "base/clock.h"
#include "record/event.h"

#include <systemd/sd-event.h>

struct host;

struct host_operations {
    /* Writes the event to the spool and returns once it is durable. 0, or negative errno: then the event is not in the chain
     * (it is counted as lost), and an admission must not happen. */
    int (*record)(struct host *host, const struct event *event);

    /* Says that this module has caught up. When every module has (module.h), this moment is noted: an interval that nobody watched
     * begins at the last such note. Cheap; call it after each turn of work. */
    void (*caught_up)(struct host *host);

    /* Small values in state.db that outlive a restart; key is "MODULE.name". put is durable when it returns.
     * get: malloc'ed text, -ENOENT when there is none. */
    int (*state_get)(struct host *host, const char *key, char **ret_text);
    int (*state_put)(struct host *host, const char *key, const char *text);
};

struct host {
    const struct host_operations *operations;
    sd_event *loop;            /* borrowed */
    const struct clock *clock; /* borrowed */
    const char *
        contact; /* whom staff ask: "情報政策課 内線2345"; from agent.json; borrowed, changes with a reload */
    bool was_running; /* an agent ran in this boot before: what is present may have come while none watched */
};

static inline int host_record(struct host *host, const struct event *event)
{
    return host->operations->record(host, event);
}

static inline void host_caught_up(struct host *host)
{
    host->operations->caught_up(host);
}

static inline int host_state_get(struct host *host, const char *key, char **ret_text)
{
    return host->operations->state_get(host, key, ret_text);
}

static inline int host_state_put(struct host *host, const char *key, const char *text)
{
    return host->operations->state_put(host, key, text);
}

#endif
