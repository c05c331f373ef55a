/* Observe mode, for pilots: what would be refused is admitted and recorded, and that ends by itself.
 *
 * It ends on the wall clock, or when its seconds are used up: those are counted on CLOCK_BOOTTIME and kept in state.db, so
 * that neither a reboot nor a clock set back lengthens it. What has ended stays ended; a later `until` begins anew. */
#ifndef SEKISHO_MEDIA_OBSERVE_H
#define SEKISHO_MEDIA_OBSERVE_H

#include "contract/host.h"
#include "media/media_policy.h"

/* One observation, as it is kept. */
struct observe_span {
    int64_t until_ms;    /* the policy's; 0: there is none */
    int64_t allotted_ms; /* what was left until then when it began, at most OBSERVE_DAYS_MAX days */
    int64_t used_ms;
    bool begun; /* its beginning is in the chain */
    bool ended;
};

#define OBSERVE_TEXT_MAX 96

struct observe_span observe_span_begin(int64_t until_ms, int64_t now_ms);
bool observe_span_is_over(const struct observe_span *span, int64_t now_ms);
/* How often the count is kept, and how much of it is charged before it is used: a crash then gives nothing back. */
int64_t observe_span_step_ms(const struct observe_span *span);
void observe_span_format(const struct observe_span *span, char text[static OBSERVE_TEXT_MAX]);
/* 0 or -EBADMSG. */
int observe_span_parse(const char *text, struct observe_span *ret_span);

struct observe {
    struct observe_span span;
    int64_t counted_to_ms; /* boottime up to which span.used_ms counts, while in force */
    int64_t kept_ms;       /* used_ms as state.db has it: never less than what is used */
    bool in_force;
    bool end_owed; /* it ended, and the chain does not say so yet */
    sd_event_source *timer;
};

/* What the policy and the clocks say now. True when `in_force` changed: the caller then decides all devices again and calls
 * observe_settle(). Where state.db or the chain cannot be written, nothing is observed. */
bool observe_update(struct observe *observe, struct host *host, const struct media_policy *policy);
/* Records the end, once what was only observed is taken back. */
void observe_settle(struct observe *observe, struct host *host);

/* Sets the timer so that the end is on time; call is called then. context is borrowed. */
int observe_arm(struct observe *observe, struct host *host, sd_event_time_handler_t call, void *context);
/* Keeps the exact count. The observation goes on when an agent starts again. */
void observe_close(struct observe *observe, struct host *host);

#endif
