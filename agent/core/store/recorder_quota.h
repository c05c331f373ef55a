/* What the spool has room for, decided before an event gets its number. Pure. */
#ifndef SEKISHO_CORE_RECORDER_QUOTA_H
#define SEKISHO_CORE_RECORDER_QUOTA_H

#include "record/event.h"

#include <stdbool.h>
#include <stdint.h>

/* Room that one event is counted with: more than any event's body and the pages it touches. */
#define QUOTA_EVENT_BYTES 32768

/* While the quota presses, one heartbeat in this time is recorded; those between are merged into it by number. */
#define QUOTA_HEARTBEAT_MS (60 * 60 * 1000)

struct quota_limits {
    int64_t bytes, reserve_bytes; /* the whole, and what of it only EVENT_RESERVED kinds may use */
};

struct quota_question {
    enum event_weight weight;
    bool heartbeat;
    int64_t used_bytes;
    int64_t since_heartbeat_ms; /* since the last recorded one; negative: none yet */
};

enum quota_verdict {
    QUOTA_KEEP,
    QUOTA_MERGE, /* a heartbeat that the next one stands for */
    QUOTA_LOSE,  /* no room: it is counted, and "lost n" is recorded when there is */
};

/* Three quarters of what ordinary events may use: old ones are pruned, heartbeats merged. */
bool quota_presses(const struct quota_limits *limits, int64_t used_bytes);

enum quota_verdict quota_decide(const struct quota_limits *limits, const struct quota_question *question);

#endif
