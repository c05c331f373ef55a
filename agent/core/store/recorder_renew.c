/* Which chain goes on: the spool that is there is judged by what state.db knows, and where they do not fit a new chain begins. */
#include "core/store/recorder_parts.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

enum spool_standing {
    SPOOL_FITS,
    SPOOL_BEGUN, /* the chain that was to follow the known one; the cut came before its head was noted */
    SPOOL_ROLLED_BACK, /* the known chain, but the known event is not in it */
    SPOOL_FOREIGN,     /* a chain that was not begun here */
};

/* Pure. found: the hash in the spool at the known head's sequence, NULL when there is no such link. */
static enum spool_standing spool_judge(const struct chain_head *spool, const struct chain_head *known,
    const char *next_chain, const uint8_t *found)
{
    if (known->chain_uid[0] && strcmp(spool->chain_uid, known->chain_uid) == 0) {
        if (known->sequence == 0)
            return SPOOL_FITS;
        return found && memcmp(found, known->hash, CHAIN_HASH_SIZE) == 0 ? SPOOL_FITS : SPOOL_ROLLED_BACK;
    }
    return strcmp(spool->chain_uid, next_chain) == 0 ? SPOOL_BEGUN : SPOOL_FOREIGN;
}

/* A new chain's uid is durable in state.db before the spool that carries it exists: so a cut in between leaves no chain that
 * nobody knows. */
static int chain_next(struct recorder *recorder, char uid[static UUID_TEXT_SIZE])
{
    int error = uuid_make(clock_realtime_ms(recorder->clock), uid);
    return error < 0 ? error : store_state_put(recorder->state, STATE_NEXT_CHAIN, uid);
}

static int spool_begin(struct recorder *recorder)
{
    char uid[UUID_TEXT_SIZE];
    int error = chain_next(recorder, uid);
    if (error >= 0)
        error = store_file_make(recorder->directory, STORE_SPOOL);
    if (error >= 0)
        error = store_spool_open(recorder->spool_path, uid, false, &recorder->spool);
    return error;
}

/* The chain's first event: which one went before, as far as state.db knew it, and where its file is. */
int recorder_reset_say(struct recorder *recorder)
{
    char hash[2 * CHAIN_HASH_SIZE + 1];
    const struct chain_head *old = &recorder->reset.old;
    struct event event = EVENT(EVENT_SPOOL_RESET);
    if (!recorder->reset.due)
        return 0;
    if (old->chain_uid[0]) {
        text_hex(hash, old->hash, CHAIN_HASH_SIZE);
        event_set_text(&event, EVENT_OLD_CHAIN, old->chain_uid);
        event_set_number(&event, EVENT_OLD_SEQUENCE, old->sequence);
        event_set_text(&event, EVENT_OLD_HASH, hash);
    }
    event_set_text(&event, EVENT_SET_ASIDE_AS, recorder->reset.set_aside_as);
    int error = recorder_write(recorder, &event);
    recorder->reset.due = error < 0;
    return error;
}

int recorder_renew(struct recorder *recorder, const char *why)
{
    store_spool_close(recorder->spool, true);
    recorder->spool = NULL;
    if (!recorder->reset.due)
        recorder->reset.set_aside_as[0] = '\0';
    recorder->reset.due = true;
    recorder->reset.old = recorder->known;
    if (store_file_exists(recorder->directory, STORE_SPOOL)) {
        int64_t now_ms = clock_realtime_ms(recorder->clock);
        int error = store_spool_set_aside(recorder->directory, why, now_ms, recorder->reset.set_aside_as);
        if (error < 0)
            return log_error(error, "store: " STORE_SPOOL " (%s) could not be set aside", why);
        log_warning("store: " STORE_SPOOL " is %s and set aside as %s", why, recorder->reset.set_aside_as);
    } else {
        log_warning("store: " STORE_SPOOL " is %s", why);
    }
    int error = spool_begin(recorder);
    return error < 0 ? log_error(error, "store: no new chain could begin") : recorder_reset_say(recorder);
}

static int known_load(struct recorder *recorder)
{
    int error = store_state_get_head(recorder->state, &recorder->known);
    return error == -ENOENT ? 0 : error < 0 ? log_error(error, "store: the head in " STORE_STATE) : 0;
}

static int spool_settle(struct recorder *recorder, const char *next_chain, bool *ret_set_aside)
{
    struct chain_head head;
    uint8_t hash[CHAIN_HASH_SIZE];
    store_spool_head(recorder->spool, &head);
    int error = store_spool_hash(recorder->spool, recorder->known.sequence, hash);
    if (error < 0 && error != -ENOENT)
        return error;
    switch (spool_judge(&head, &recorder->known, next_chain, error < 0 ? NULL : hash)) {
    case SPOOL_FITS:
        *ret_set_aside = false;
        return 0;
    case SPOOL_BEGUN:
        *ret_set_aside = recorder->known.chain_uid[0];
        recorder->reset.due = *ret_set_aside && head.sequence == 0;
        recorder->reset.old = recorder->known;
        return recorder_reset_say(recorder);
    case SPOOL_ROLLED_BACK:
        *ret_set_aside = true;
        return recorder_renew(recorder, "rolled-back");
    case SPOOL_FOREIGN:
        *ret_set_aside = true;
        return recorder_renew(recorder, "foreign");
    }
    return -EINVAL;
}

int recorder_spool_open(struct recorder *recorder, bool *ret_set_aside)
{
    cleanup_free_ char *next_chain = NULL;
    int error = known_load(recorder);
    if (error >= 0)
        error = store_state_get(recorder->state, STATE_NEXT_CHAIN, &next_chain);
    bool there = store_file_exists(recorder->directory, STORE_SPOOL);
    if (error == -ENOENT && !there) { /* nothing was ever begun here */
        *ret_set_aside = false;
        return spool_begin(recorder);
    }
    if (error == -ENOENT) /* a chain's uid stands in state.db before its spool is made */
        return log_error(-EUCLEAN, "store: " STORE_STATE " knows of no chain, yet " STORE_SPOOL " is there");
    if (error < 0)
        return error;                              /* of state.db: it denies */
    if (!there && !recorder->known.chain_uid[0]) { /* the cut came during the very first start */
        *ret_set_aside = false;
        return spool_begin(recorder);
    }
    error = there ? store_spool_open(recorder->spool_path, next_chain, false, &recorder->spool) : -EUCLEAN;
    if (error >= 0)
        error = spool_settle(recorder, next_chain, ret_set_aside);
    if (error != -EUCLEAN)
        return error;
    *ret_set_aside = true;
    return recorder_renew(recorder, there ? "damaged" : "missing");
}
