/* What others read of a recorder: heads, depth, links, small values; and a heartbeat's part of it. */
#include "core/store/recorder_parts.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

void recorder_head(const struct recorder *recorder, struct chain_head *ret_head)
{
    if (recorder->spool)
        store_spool_head(recorder->spool, ret_head);
    else
        *ret_head = (struct chain_head){0};
}

void recorder_known_head(const struct recorder *recorder, struct chain_head *ret_head)
{
    *ret_head = recorder->known;
}

void recorder_public_key(const struct recorder *recorder, uint8_t ret_key[static CHAIN_PUBLIC_SIZE])
{
    memcpy(ret_key, recorder->keys.public_key, CHAIN_PUBLIC_SIZE);
}

void recorder_depth(const struct recorder *recorder, struct recorder_depth *ret_depth)
{
    struct chain_head head;
    recorder_head(recorder, &head);
    *ret_depth = (struct recorder_depth){
        .events = head.sequence, /* links are never taken away */
        .lost = recorder->lost_total,
        .first_sequence = head.sequence > 0,
        .last_sequence = head.sequence,
    };
    if (recorder->spool)
        store_spool_bytes(recorder->spool, &ret_depth->bytes);
}

/* Damage that a reader meets is dealt with at once: the next event must not be the one to find out. */
static int damage_meet(struct recorder *recorder, int error)
{
    if (error != -EUCLEAN || recorder->offline)
        return error;
    int renewed = recorder_renew(recorder, "damaged");
    if (renewed < 0)
        log_error(renewed, "store: no new chain could begin");
    return error;
}

int recorder_read(struct recorder *recorder, int64_t from, unsigned limit,
    int (*each)(void *context, const struct chain_link *link), void *context)
{
    if (!recorder->spool)
        return -EUCLEAN;
    return damage_meet(recorder, store_spool_each(recorder->spool, from, limit, each, context));
}

int recorder_find_time(struct recorder *recorder, int64_t time_ms, int64_t *ret_sequence)
{
    if (!recorder->spool)
        return -EUCLEAN;
    return damage_meet(recorder, store_spool_find_time(recorder->spool, time_ms, ret_sequence));
}

void recorder_on_event(struct recorder *recorder, void (*call)(void *context), void *context)
{
    recorder->on_event = call;
    recorder->on_event_context = context;
}

static bool is_own_key(const char *key)
{
    return strncmp(key, "core.", strlen("core.")) == 0;
}

int recorder_state_get(struct recorder *recorder, const char *key, char **ret_text)
{
    int error = is_own_key(key) ? -EPERM : store_state_get(recorder->state, key, ret_text);
    if (error == -EUCLEAN)
        recorder->state_error = error;
    return error;
}

int recorder_state_put(struct recorder *recorder, const char *key, const char *text)
{
    if (recorder->state_error < 0)
        return recorder->state_error;
    return is_own_key(key) ? -EPERM : store_state_put(recorder->state, key, text);
}

int recorder_fill_heartbeat(struct recorder *recorder, struct event *event)
{
    struct chain_head head;
    struct recorder_depth depth;
    uint8_t signature[CHAIN_SIGNATURE_SIZE];
    recorder_head(recorder, &head);
    recorder_depth(recorder, &depth);
    int error = chain_head_sign(&head, recorder->keys.secret, signature);
    if (error < 0)
        return error;
    text_hex(recorder->head_hash, head.hash, CHAIN_HASH_SIZE);
    text_hex(recorder->head_signature, signature, CHAIN_SIGNATURE_SIZE);
    event_set_number(event, EVENT_HEAD_SEQUENCE, head.sequence);
    event_set_text(event, EVENT_HEAD_HASH, recorder->head_hash);
    event_set_text(event, EVENT_HEAD_SIGNATURE, recorder->head_signature);
    event_set_number(event, EVENT_SPOOL_EVENTS, depth.events);
    event_set_number(event, EVENT_SPOOL_BYTES, depth.bytes);
    int64_t offset_ms = clock_realtime_ms(recorder->clock) - clock_boottime_ms(recorder->clock);
    event_set_number(event, EVENT_CLOCK_OFFSET_MS, offset_ms - recorder->clock_offset_ms);
    return 0;
}
