/* Every few minutes: is the world as it should be, is the settings' fault still there, and a signed head of the chain. */
#include "base/log.h"
#include "core/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ± 20 %, so that thousands of terminals that start at 08:30 do not report together for ever. */
static uint64_t next_interval_us(const struct daemon *daemon)
{
    uint64_t whole = (uint64_t)daemon->settings.heartbeat_seconds * 1000000, random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        random = whole;
    return whole * 4 / 5 + random % (whole * 2 / 5 + 1);
}

static const char *enforcement(struct json_object *modules, const char *fallback)
{
    const char *found = fallback;
    json_object_object_foreach(modules, name, state)
    {
        struct json_object *value;
        (void)name;
        if (json_object_object_get_ex(state, "enforcement", &value) &&
            strcmp(json_object_get_string(value), "enforce") != 0)
            found = json_object_get_string(value);
    }
    return found;
}

static void heartbeat_record(struct daemon *daemon)
{
    if (!daemon->recorder)
        return;
    struct json_object *modules = json_object_new_object();
    registry_status(&daemon->registry, modules);
    struct event event = EVENT(EVENT_HEARTBEAT);
    event_set_text(&event, EVENT_ENFORCEMENT, enforcement(modules, "enforce"));
    event_set_text(&event, EVENT_POLICY_SHA256, daemon->policy_sha256);
    event_set_number(&event, EVENT_POLICY_VERSION, daemon->policy_version);
    if (recorder_fill_heartbeat(daemon->recorder, &event) >= 0)
        daemon_record(daemon, &event);
    json_object_put(modules);
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *context)
{
    struct daemon *daemon = context;
    daemon_store_open(daemon);
    registry_check(&daemon->registry);
    daemon_mark_watched(daemon); /* before the event, whose flush takes the mark along */
    heartbeat_record(daemon);
    sd_event_source_set_time_relative(source, next_interval_us(daemon));
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

int heartbeat_start(struct daemon *daemon)
{
    return sd_event_add_time_relative(daemon->loop, &daemon->heartbeat, CLOCK_BOOTTIME,
        next_interval_us(daemon), 1000000, on_heartbeat, daemon);
}
