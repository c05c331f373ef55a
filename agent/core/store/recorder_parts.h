/* What a recorder is made of: for recorder*.c alone. */
#ifndef SEKISHO_CORE_RECORDER_PARTS_H
#define SEKISHO_CORE_RECORDER_PARTS_H

#include "base/uuid.h"
#include "core/store/files.h"
#include "core/store/keys.h"
#include "core/store/recorder.h"
#include "core/store/recorder_quota.h"
#include "core/store/recorder_repeat.h"
#include "core/store/spool.h"
#include "core/store/state.h"

#include <limits.h>

/* The recorder's own rows in state.db, beside the head. */
#define STATE_NEXT_CHAIN                                                                                     \
    "core.next_chain" /* uid that a new spool begins with; written before that spool is made */
#define STATE_CHAIN_KEY "core.chain_key" /* public half of chain.key, hex */
#define STATE_RUN       "core.run"       /* "BOOT-ID WATCHED-MS running|stopped" */
#define STATE_LOST      "core.lost"      /* "TOTAL UNSAID FROM-MS TO-MS" */

/* Events that could not be kept, and heartbeats merged while the quota presses. */
struct recorder_tally {
    int64_t count, from_ms, to_ms;
};

struct recorder {
    struct recorder_settings settings;
    const struct clock *clock;
    sd_event *loop;
    sd_event_source *timer; /* flushes repeats */

    int directory;
    char spool_path[PATH_MAX];
    struct store_state *state;
    struct store_spool *spool; /* NULL: could not be made anew, tried again with each event */
    struct store_keys keys;
    struct chain_head known; /* as state.db has it */
    int state_error;         /* state.db turned out damaged: nothing is recorded any more */
    bool offline;

    struct {
        bool due; /* the spool's first event is still to be written: which chain went before */
        struct chain_head old;
        char set_aside_as[STORE_ASIDE_NAME_SIZE];
    } reset;

    char boot_id[UUID_TEXT_SIZE];
    int64_t clock_offset_ms; /* realtime − boottime at open */
    int64_t watched_ms;      /* the mark as it was last written */

    struct repeat_table repeats;
    struct recorder_tally lost, merged;
    int64_t lost_total;
    int64_t lost_said_ms, heartbeat_ms; /* boottime of the last "lost n" and heartbeat; negative: none yet */

    char head_hash[2 * CHAIN_HASH_SIZE + 1],
        head_signature[2 * CHAIN_SIGNATURE_SIZE + 1]; /* of a heartbeat */
    void (*on_event)(void *context);
    void *on_event_context;
};

/* Number, seal, commit, head: the event as the chain's next link, quota and repeats aside. */
int recorder_write(struct recorder *recorder, const struct event *event);

/* The spool is closed and set aside as spool-WHY-DATE.db (where there is one) and a new chain begins, whose first event says
 * so. In recorder_renew.c. */
int recorder_renew(struct recorder *recorder, const char *why);

/* Writes a new chain's first event where that is still due: nothing else may come before it. */
int recorder_reset_say(struct recorder *recorder);

/* Opens the spool that is there, judges it by what state.db knows, renews it where it must. In recorder_renew.c. */
int recorder_spool_open(struct recorder *recorder, bool *ret_set_aside);

/* Events that could not be kept. In recorder_lost.c. */
void recorder_lost_add(struct recorder *recorder, int64_t count);
void recorder_lost_load(struct recorder *recorder);
void recorder_lost_say(struct recorder *recorder, int64_t used_bytes);

/* Takes the windows that have ended by boottime_ms and writes their counts; sets the timer to the next. In recorder_flush.c. */
void recorder_flush(struct recorder *recorder, int64_t boottime_ms);
/* The first window, whether it has ended or not. */
void recorder_flush_first(struct recorder *recorder);
void recorder_timer_set(struct recorder *recorder);

/* Quota, then write. */
int recorder_admit(struct recorder *recorder, const struct event *event);

#endif
