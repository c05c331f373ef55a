/* The daemon's use of its store: what modules reach as host->record, and what holds when the store cannot be used. */
#include "base/log.h"
#include "core/daemon.h"

#include <errno.h>
#include <stddef.h>

static struct daemon *daemon_of(struct host *host)
{
    return (struct daemon *)((char *)host - offsetof(struct daemon, host));
}

int daemon_record(struct daemon *daemon, const struct event *event)
{
    if (!daemon->recorder)
        return daemon->recorder_error;
    int error = recorder_record(daemon->recorder, event);
    if (error < 0)
        log_error(error, "event %s could not be recorded", event_kind_row(event->kind)->name);
    return error;
}

static int host_operation_record(struct host *host, const struct event *event)
{
    return daemon_record(daemon_of(host), event);
}

static int host_operation_get(struct host *host, const char *key, char **ret_text)
{
    struct daemon *daemon = daemon_of(host);
    return daemon->recorder ? recorder_state_get(daemon->recorder, key, ret_text) : daemon->recorder_error;
}

static int host_operation_put(struct host *host, const char *key, const char *text)
{
    struct daemon *daemon = daemon_of(host);
    return daemon->recorder ? recorder_state_put(daemon->recorder, key, text) : daemon->recorder_error;
}

/* From the last moment that is known to be watched until now; owed until it is in the chain. */
static int record_gap(struct daemon *daemon)
{
    struct event gap = EVENT(EVENT_UNOBSERVED_INTERVAL);
    int64_t from_ms = daemon->past.watched_ms, now_ms = clock_realtime_ms(daemon->source.clock);
    event_set_number(&gap, EVENT_INTERVAL_FROM_MS, from_ms);
    event_set_number(&gap, EVENT_INTERVAL_TO_MS, now_ms > from_ms ? now_ms : from_ms);
    event_set_boolean(&gap, EVENT_INTERVAL_CLEAN, daemon->past.clean);
    int error = daemon_record(daemon, &gap);
    daemon->gap_owed = error < 0;
    return error;
}

/* The moment is taken before the modules are asked: what comes while they answer is later than it. */
void daemon_mark_watched(struct daemon *daemon)
{
    int64_t now_ms = clock_realtime_ms(daemon->source.clock);
    if (!daemon->started || !daemon->recorder || !registry_caught_up(&daemon->registry))
        return;
    if (daemon->gap_owed && record_gap(daemon) < 0)
        return;
    int error = recorder_mark_watched(daemon->recorder, now_ms);
    if (error < 0)
        log_error(error, "what was watched could not be noted");
}

static void host_operation_caught_up(struct host *host)
{
    daemon_mark_watched(daemon_of(host));
}

const struct host_operations daemon_host_operations = {
    .record = host_operation_record,
    .caught_up = host_operation_caught_up,
    .state_get = host_operation_get,
    .state_put = host_operation_put,
};

static void on_event(void *context)
{
    struct daemon *daemon = context;
    if (daemon->control)
        control_wake(daemon->control);
}

/* What nobody watched is said first. */
static void record_past(struct daemon *daemon)
{
    daemon->gap_owed = !daemon->past.first;
    if (daemon->gap_owed)
        (void)record_gap(daemon);
    struct event started = EVENT(EVENT_AGENT_STARTED);
    event_set_text(&started, EVENT_POLICY_SHA256, daemon->policy_sha256);
    event_set_number(&started, EVENT_POLICY_VERSION, daemon->policy_version);
    daemon_record(daemon, &started);
}

int daemon_store_open(struct daemon *daemon)
{
    struct recorder_settings settings = {
        .terminal_id = daemon->settings.terminal_id,
        .section = daemon->settings.terminal_section[0] ? daemon->settings.terminal_section : NULL,
        .quota_bytes = daemon->settings.spool_mebibytes << 20,
        .reserve_bytes = daemon->settings.spool_reserve_mebibytes << 20,
        .keep_days = daemon->settings.keep_days,
    };
    if (daemon->recorder) {
        recorder_configure(daemon->recorder, &settings);
        return 0;
    }
    int error = recorder_open(daemon->options.store_directory, &settings, daemon->source.clock, daemon->loop,
        &daemon->recorder, &daemon->past);
    daemon->recorder_error = error;
    if (error < 0)
        return log_error(error, "the store in %s cannot be used; nothing is admitted until it can",
            daemon->options.store_directory);
    recorder_on_event(daemon->recorder, on_event, daemon);
    daemon->host.was_running = !daemon->past.first && daemon->past.same_boot;
    record_past(daemon);
    return 0;
}
