#include "media/observe.h"

#include "base/cleanup.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define STATE_KEY   "media.observe"
#define DAY_MS      INT64_C(86400000)
#define STEP_MIN_MS INT64_C(1000)
#define STEP_MAX_MS INT64_C(60000)

/* --- the span: pure --------------------------------------------------------------------------------------------------- */

static int64_t clamp(int64_t value, int64_t minimum, int64_t maximum)
{
    return value < minimum ? minimum : value > maximum ? maximum : value;
}

struct observe_span observe_span_begin(int64_t until_ms, int64_t now_ms)
{
    return (struct observe_span){
        .until_ms = until_ms,
        .allotted_ms = clamp(until_ms - now_ms, 0, OBSERVE_DAYS_MAX * DAY_MS),
    };
}

bool observe_span_is_over(const struct observe_span *span, int64_t now_ms)
{
    return span->ended || now_ms >= span->until_ms || span->used_ms >= span->allotted_ms;
}

int64_t observe_span_step_ms(const struct observe_span *span)
{
    return clamp(span->allotted_ms / 60, STEP_MIN_MS, STEP_MAX_MS);
}

void observe_span_format(const struct observe_span *span, char text[static OBSERVE_TEXT_MAX])
{
    snprintf(text, OBSERVE_TEXT_MAX, "1 %" PRId64 " %" PRId64 " %" PRId64 " %d %d", span->until_ms,
        span->allotted_ms, span->used_ms, span->begun, span->ended);
}

int observe_span_parse(const char *text, struct observe_span *ret_span)
{
    struct observe_span span = {0};
    int begun, ended, length = 0;
    if (sscanf(text, "1 %" SCNd64 " %" SCNd64 " %" SCNd64 " %d %d%n", &span.until_ms, &span.allotted_ms,
            &span.used_ms, &begun, &ended, &length) != 5 ||
        text[length] != '\0' || span.allotted_ms < 0 || span.allotted_ms > OBSERVE_DAYS_MAX * DAY_MS ||
        span.used_ms < 0)
        return -EBADMSG;
    span.begun = begun != 0;
    span.ended = ended != 0;
    *ret_span = span;
    return 0;
}

/* --- kept in state.db, recorded in the chain -------------------------------------------------------------------------- */

static int keep(struct observe *observe, struct host *host, int64_t used_ms)
{
    char text[OBSERVE_TEXT_MAX];
    struct observe_span span = observe->span;
    span.used_ms = used_ms;
    observe_span_format(&span, text);
    int r = host_state_put(host, STATE_KEY, text);
    if (r == 0)
        observe->kept_ms = used_ms;
    return r;
}

static int record(struct host *host, enum event_kind kind, int64_t until_ms)
{
    struct event event = EVENT(kind);
    event_set_number(&event, EVENT_UNTIL_MS, until_ms);
    return host_record(host, &event);
}

/* The observation with this end goes on where it stood; another end is another observation. A text that makes no sense is
 * taken for one that has ended. */
static int load(struct observe *observe, struct host *host, int64_t until_ms)
{
    cleanup_free_ char *text = NULL;
    struct observe_span kept = {0};
    int r = host_state_get(host, STATE_KEY, &text);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == 0 && observe_span_parse(text, &kept) < 0)
        kept = (struct observe_span){.until_ms = until_ms, .ended = true};
    observe->span =
        kept.until_ms == until_ms ? kept : observe_span_begin(until_ms, clock_realtime_ms(host->clock));
    observe->kept_ms = observe->span.used_ms;
    return 0;
}

static void count(struct observe *observe, int64_t boottime_ms)
{
    if (observe->in_force && boottime_ms > observe->counted_to_ms)
        observe->span.used_ms += boottime_ms - observe->counted_to_ms;
    observe->counted_to_ms = boottime_ms;
}

/* Recorded first, then in force. Where it was in force already, its count is charged a step ahead. */
static int begin_or_go_on(struct observe *observe, struct host *host)
{
    int r = 0;
    bool new_one = !observe->span.begun;
    if (new_one)
        r = record(host, EVENT_OBSERVE_STARTED, observe->span.until_ms);
    if (r < 0)
        return r;
    observe->span.begun = true;
    int64_t step = observe_span_step_ms(&observe->span);
    if (new_one || observe->kept_ms < observe->span.used_ms + step / 2)
        r = keep(observe, host, observe->span.used_ms + step);
    return r;
}

/* May it be in force? Loads, ends and begins as need be. */
static bool may_observe(struct observe *observe, struct host *host, const struct media_policy *policy)
{
    if (policy->mode != MEDIA_OBSERVE)
        return false;
    int r = 0;
    if (observe->span.until_ms != policy->until_ms)
        r = load(observe, host, policy->until_ms);
    if (r == 0 && observe_span_is_over(&observe->span, clock_realtime_ms(host->clock))) {
        bool new_end = !observe->span.ended;
        observe->span.ended = true;
        if (new_end && keep(observe, host, observe->span.used_ms) < 0)
            log_warning("media: the end of observe mode could not be kept");
        return false;
    }
    if (r == 0)
        r = begin_or_go_on(observe, host);
    if (r < 0)
        log_error(r, "media: observe mode cannot be kept or recorded, so nothing is observed");
    return r == 0;
}

bool observe_update(struct observe *observe, struct host *host, const struct media_policy *policy)
{
    bool was_in_force = observe->in_force;
    count(observe, clock_boottime_ms(host->clock));
    observe->in_force = may_observe(observe, host, policy);
    if (was_in_force && !observe->in_force)
        observe->end_owed = true;
    return was_in_force != observe->in_force;
}

void observe_settle(struct observe *observe, struct host *host)
{
    if (observe->end_owed && record(host, EVENT_OBSERVE_ENDED, observe->span.until_ms) == 0)
        observe->end_owed = false;
}

/* --- the timer -------------------------------------------------------------------------------------------------------- */

/* Relative, on CLOCK_BOOTTIME: a wall clock that jumps is noticed within a step. */
int observe_arm(struct observe *observe, struct host *host, sd_event_time_handler_t call, void *context)
{
    if (!observe->in_force) {
        observe->timer = sd_event_source_disable_unref(observe->timer);
        return 0;
    }
    const struct observe_span *span = &observe->span;
    int64_t left = span->until_ms - clock_realtime_ms(host->clock);
    if (left > span->allotted_ms - span->used_ms)
        left = span->allotted_ms - span->used_ms;
    left = clamp(left, 1, observe_span_step_ms(span) / 2);
    uint64_t left_us = (uint64_t)left * 1000;
    if (!observe->timer)
        return sd_event_add_time_relative(
            host->loop, &observe->timer, CLOCK_BOOTTIME, left_us, 1000, call, context);
    int r = sd_event_source_set_time_relative(observe->timer, left_us);
    return r < 0 ? r : sd_event_source_set_enabled(observe->timer, SD_EVENT_ONESHOT);
}

void observe_close(struct observe *observe, struct host *host)
{
    observe->timer = sd_event_source_disable_unref(observe->timer);
    if (!observe->in_force)
        return;
    count(observe, clock_boottime_ms(host->clock));
    if (keep(observe, host, observe->span.used_ms) < 0)
        log_warning("media: what is used of observe mode could not be kept");
}
