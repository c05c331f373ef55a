/* Events that could not be kept: counted, and told as "lost n" once there is room. */
#include "core/store/recorder_parts.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

/* While only the reserve has room, "lost n" is told no more often than this: it must not eat what is kept for denials. */
#define SAY_EVERY_MS (60 * 60 * 1000)

/* Without a sync of its own: on a full disk that may be all there is, and a cut right now leaves an interval that is stated. */
static void lost_store(struct recorder *recorder)
{
    char text[128];
    const struct recorder_tally *lost = &recorder->lost;
    snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, recorder->lost_total,
        lost->count, lost->from_ms, lost->to_ms);
    int error = store_state_put_lazily(recorder->state, STATE_LOST, text);
    if (error < 0 && lost->count == 1) /* one line, not one an event */
        log_error(error, "store: lost events are counted in memory only");
}

void recorder_lost_load(struct recorder *recorder)
{
    cleanup_free_ char *text = NULL;
    int64_t total, count, from_ms, to_ms;
    if (store_state_get(recorder->state, STATE_LOST, &text) < 0 ||
        sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &total, &count, &from_ms, &to_ms) != 4)
        return;
    recorder->lost_total = total;
    recorder->lost = (struct recorder_tally){count, from_ms, to_ms};
}

void recorder_lost_add(struct recorder *recorder, int64_t count)
{
    int64_t now_ms = clock_realtime_ms(recorder->clock);
    if (count <= 0)
        return;
    if (recorder->lost.count == 0)
        recorder->lost.from_ms = now_ms;
    recorder->lost.to_ms = now_ms;
    recorder->lost.count += count;
    recorder->lost_total += count;
    lost_store(recorder);
}

/* An ordinary event would fit too; or it is long since it was told. */
static bool may_say(const struct recorder *recorder, int64_t used_bytes)
{
    struct quota_limits limits = {recorder->settings.quota_bytes, recorder->settings.reserve_bytes};
    struct quota_question ordinary = {
        .weight = EVENT_ORDINARY, .used_bytes = used_bytes + QUOTA_EVENT_BYTES, .since_heartbeat_ms = -1};
    return quota_decide(&limits, &ordinary) == QUOTA_KEEP || recorder->lost_said_ms < 0 ||
           clock_boottime_ms(recorder->clock) - recorder->lost_said_ms >= SAY_EVERY_MS;
}

void recorder_lost_say(struct recorder *recorder, int64_t used_bytes)
{
    if (recorder->lost.count == 0 || !may_say(recorder, used_bytes))
        return;
    struct event event = EVENT(EVENT_EVENTS_LOST);
    event_set_number(&event, EVENT_LOST_COUNT, recorder->lost.count);
    event_set_number(&event, EVENT_INTERVAL_FROM_MS, recorder->lost.from_ms);
    event_set_number(&event, EVENT_INTERVAL_TO_MS, recorder->lost.to_ms);
    if (recorder_write(recorder, &event) < 0)
        return;
    recorder->lost = (struct recorder_tally){0};
    recorder->lost_said_ms = clock_boottime_ms(recorder->clock);
    lost_store(recorder);
}
