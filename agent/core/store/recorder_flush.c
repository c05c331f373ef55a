/* The second events that stand for counted repeats, and the timer that brings them. */
#include "core/store/recorder_parts.h"

#include "base/log.h"

#include <stdlib.h>

static void repeat_tell(struct recorder *recorder, struct repeat *repeat)
{
    struct event event;
    if (repeat->count > 0) {
        repeat_event(repeat, &event);
        /* The one event that failed was counted as lost there; it stood for this many. */
        if (recorder_admit(recorder, &event) < 0)
            recorder_lost_add(recorder, repeat->count - 1);
    }
    free(repeat);
}

void recorder_flush_first(struct recorder *recorder)
{
    struct repeat *repeat = repeat_take(&recorder->repeats, INT64_MAX);
    if (repeat)
        repeat_tell(recorder, repeat);
}

void recorder_flush(struct recorder *recorder, int64_t boottime_ms)
{
    struct repeat *repeat;
    while ((repeat = repeat_take(&recorder->repeats, boottime_ms)))
        repeat_tell(recorder, repeat);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
    struct recorder *recorder = context;
    recorder_flush(recorder, clock_boottime_ms(recorder->clock));
    recorder_timer_set(recorder);
    return 0;
}

void recorder_timer_set(struct recorder *recorder)
{
    int64_t end_ms = repeat_next_end(&recorder->repeats);
    if (!recorder->loop || end_ms == INT64_MAX)
        return;
    int error;
    if (recorder->timer) {
        error = sd_event_source_set_time(recorder->timer, (uint64_t)end_ms * 1000);
        if (error >= 0)
            error = sd_event_source_set_enabled(recorder->timer, SD_EVENT_ONESHOT);
    } else {
        error = sd_event_add_time(recorder->loop, &recorder->timer, CLOCK_BOOTTIME, (uint64_t)end_ms * 1000,
            1000000, on_timer, recorder);
    }
    if (error < 0)
        log_error(error, "store: no timer for repeats; they are told with the next event");
}
