/* The way of an event: repeats counted, quota asked, numbered, sealed, committed, head noted. */
#include "core/store/recorder_parts.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* Who and where, when, and after which link. */
static int origin_fill(const struct recorder *recorder, const struct chain_head *head, char *uid,
    char *prev_hash, struct event_origin *ret_origin)
{
    int64_t time_ms = clock_realtime_ms(recorder->clock);
    int error = uuid_make(time_ms, uid);
    if (error < 0)
        return error;
    text_hex(prev_hash, head->hash, CHAIN_HASH_SIZE);
    *ret_origin = (struct event_origin){
        .terminal_id = recorder->settings.terminal_id,
        .section = recorder->settings.section,
        .product_version = SEKISHO_VERSION,
        .uid = uid,
        .chain_uid = head->chain_uid,
        .boot_id = recorder->boot_id,
        .sequence = head->sequence + 1,
        .time_ms = time_ms,
        .boottime_ms = clock_boottime_ms(recorder->clock),
        .prev_hash = prev_hash,
    };
    return 0;
}

static int link_seal(const struct event *event, const struct event_origin *origin,
    const struct chain_head *head, struct chain_link *ret_link, char **ret_body)
{
    struct json_object *object = NULL;
    struct chain_link link = {
        .sequence = origin->sequence, .class_uid = event_kind_row(event->kind)->class_uid};
    int error = event_encode(event, origin, &object);
    if (error < 0)
        return error;
    error = chain_seal(object, link.hash, ret_body, &link.body_size);
    json_object_put(object);
    if (error < 0)
        return error;
    memcpy(link.prev_hash, head->hash, CHAIN_HASH_SIZE);
    link.body = *ret_body;
    *ret_link = link;
    return 0;
}

/* The event is durable already: a head that cannot be noted is a fault of state.db, not of the event. */
static void head_note(struct recorder *recorder)
{
    struct chain_head head;
    store_spool_head(recorder->spool, &head);
    int error = store_state_put_head(recorder->state, &head);
    if (error >= 0) {
        recorder->known = head;
        store_state_start(recorder->state);
    } else {
        log_error(error, "store: the chain's head could not be noted in " STORE_STATE);
    }
    if (error == -EUCLEAN)
        recorder->state_error = error;
}

int recorder_write(struct recorder *recorder, const struct event *event)
{
    char uid[UUID_TEXT_SIZE], prev_hash[2 * CHAIN_HASH_SIZE + 1];
    cleanup_free_ char *body = NULL;
    struct event_origin origin;
    struct chain_head head;
    struct chain_link link;
    if (!recorder->spool)
        return -EUCLEAN;
    store_spool_head(recorder->spool, &head);
    int error = origin_fill(recorder, &head, uid, prev_hash, &origin);
    if (error >= 0)
        error = link_seal(event, &origin, &head, &link, &body);
    if (error < 0)
        return error;
    /* The head before this one must be at the device by now, so that the commit's flush takes it along. */
    int pushed = store_state_push(recorder->state);
    if (pushed < 0)
        log_error(pushed, "store: " STORE_STATE " could not be written out");
    error = store_spool_append(recorder->spool, &link, origin.time_ms);
    if (error < 0)
        return error;
    head_note(recorder);
    if (recorder->on_event)
        recorder->on_event(recorder->on_event_context);
    return 0;
}

/* Once again on a new chain, where the spool proves damaged only now. */
static int write_or_renew(struct recorder *recorder, const struct event *event)
{
    int error = recorder_reset_say(recorder);
    if (error >= 0)
        error = recorder_write(recorder, event);
    if (error != -EUCLEAN)
        return error;
    error = recorder_renew(recorder, "damaged");
    return error < 0 ? error : recorder_write(recorder, event);
}

/* What the quota looks at; old bodies make room first. */
static int64_t bytes_used(struct recorder *recorder, const struct quota_limits *limits)
{
    int64_t used = 0, pruned = 0, before_ms;
    if (!recorder->spool || store_spool_bytes(recorder->spool, &used) < 0 || !quota_presses(limits, used))
        return used;
    before_ms = clock_realtime_ms(recorder->clock) - recorder->settings.keep_days * DAY_MS;
    int error = store_spool_prune(recorder->spool, before_ms, &pruned);
    if (error < 0)
        log_error(error, "store: old events could not be pruned");
    if (error == -EUCLEAN)
        recorder_renew(recorder, "damaged");
    if (recorder->spool && (pruned > 0 || error < 0))
        store_spool_bytes(recorder->spool, &used);
    return used;
}

static int64_t since_heartbeat_ms(const struct recorder *recorder)
{
    return recorder->heartbeat_ms < 0 ? -1 : clock_boottime_ms(recorder->clock) - recorder->heartbeat_ms;
}

static void heartbeat_merge(struct recorder *recorder)
{
    int64_t now_ms = clock_realtime_ms(recorder->clock);
    if (recorder->merged.count++ == 0)
        recorder->merged.from_ms = now_ms;
    recorder->merged.to_ms = now_ms;
}

static int heartbeat_write(struct recorder *recorder, const struct event *event)
{
    struct event whole = *event;
    if (recorder->merged.count > 0) {
        event_set_number(&whole, EVENT_COUNT_REPEATED, recorder->merged.count);
        event_set_number(&whole, EVENT_INTERVAL_FROM_MS, recorder->merged.from_ms);
        event_set_number(&whole, EVENT_INTERVAL_TO_MS, recorder->merged.to_ms);
    }
    int error = write_or_renew(recorder, &whole);
    if (error >= 0) {
        recorder->merged = (struct recorder_tally){0};
        recorder->heartbeat_ms = clock_boottime_ms(recorder->clock);
    }
    return error;
}

int recorder_admit(struct recorder *recorder, const struct event *event)
{
    struct quota_limits limits = {recorder->settings.quota_bytes, recorder->settings.reserve_bytes};
    struct quota_question question = {
        .weight = event_kind_row(event->kind)->weight,
        .heartbeat = event->kind == EVENT_HEARTBEAT,
        .used_bytes = bytes_used(recorder, &limits),
        .since_heartbeat_ms = since_heartbeat_ms(recorder),
    };
    int error = -ENOSPC;
    switch (quota_decide(&limits, &question)) {
    case QUOTA_MERGE:
        heartbeat_merge(recorder);
        return 0;
    case QUOTA_LOSE:
        break;
    case QUOTA_KEEP:
        recorder_lost_say(recorder, question.used_bytes);
        error = question.heartbeat ? heartbeat_write(recorder, event) : write_or_renew(recorder, event);
        break;
    }
    if (error < 0 && error != -EINVAL)
        recorder_lost_add(recorder, 1);
    return error;
}

/* A full table gives its oldest window up early: its count is told, its next event is a first one again. */
static void window_open(struct recorder *recorder, const struct event *event)
{
    int64_t now_ms = clock_boottime_ms(recorder->clock);
    int error;
    while ((error = repeat_open(&recorder->repeats, event, now_ms)) == -ENOBUFS)
        recorder_flush_first(recorder);
    if (error < 0)
        log_error(error, "store: repeats of this event will not be counted together");
}

int recorder_record(struct recorder *recorder, const struct event *event)
{
    if (recorder->state_error < 0)
        return recorder->state_error;
    recorder_flush(recorder, clock_boottime_ms(recorder->clock));
    bool coalesce = event_kind_row(event->kind)->coalesce;
    if (coalesce &&
        repeat_count(&recorder->repeats, event, clock_realtime_ms(recorder->clock), recorder->watched_ms)) {
        recorder_timer_set(recorder);
        return 0;
    }
    int error = recorder_admit(recorder, event);
    if (error >= 0 && coalesce)
        window_open(recorder, event);
    return error;
}
