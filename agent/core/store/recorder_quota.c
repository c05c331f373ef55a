#include "core/store/recorder_quota.h"

static int64_t ordinary_bytes(const struct quota_limits *limits)
{
    return limits->bytes - limits->reserve_bytes;
}

bool quota_presses(const struct quota_limits *limits, int64_t used_bytes)
{
    return used_bytes >= ordinary_bytes(limits) / 4 * 3;
}

enum quota_verdict quota_decide(const struct quota_limits *limits, const struct quota_question *question)
{
    int64_t room = question->weight == EVENT_RESERVED ? limits->bytes : ordinary_bytes(limits);
    if (question->used_bytes + QUOTA_EVENT_BYTES > room)
        return QUOTA_LOSE;
    bool early = question->since_heartbeat_ms >= 0 && question->since_heartbeat_ms < QUOTA_HEARTBEAT_MS;
    if (question->heartbeat && early && quota_presses(limits, question->used_bytes))
        return QUOTA_MERGE;
    return QUOTA_KEEP;
}
