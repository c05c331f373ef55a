/* From an event to a durable link of the chain: quota and coalescing first, then number, hash, commit, head.
 *
 * What a power cut at any instant leaves (store_state.h says how, at one flush of the disk an event): every event whose
 * recorder_record() returned 0, and the head in state.db at most one behind it. The next recorder_open() says that the stop was
 * not clean and since when nobody watched. */
#ifndef SEKISHO_CORE_RECORDER_H
#define SEKISHO_CORE_RECORDER_H

#include "base/clock.h"
#include "record/chain.h"
#include "record/event.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct recorder;

struct recorder_settings {
    const char *terminal_id, *section; /* borrowed; section may be NULL */
    int64_t quota_bytes;               /* whole spool */
    int64_t reserve_bytes;             /* of it kept for EVENT_RESERVED kinds */
    int64_t keep_days;                 /* older events are pruned to their links once the quota presses */
};

/* What the first start after something is told. */
struct recorder_past {
    bool first;     /* no state.db before: a new terminal */
    bool clean;     /* the last agent stopped in order */
    bool same_boot; /* and in this very boot */
    int64_t
        watched_ms; /* realtime up to which all that came is in the chain (recorder_mark_watched); 0 when first */
    bool
        spool_set_aside; /* the spool was damaged, missing, another's or rolled back: a new chain began (its event is recorded) */
};

/* Opens (makes) directory/spool.db, state.db and chain.key, mode 0600. loop may be NULL (then repeats are flushed by the next
 * record or at close). clock, loop, and the texts in settings are borrowed.
 * A spool that is damaged, missing, of another chain or behind the head in state.db is set aside and a new chain begins with
 * EVENT_SPOOL_RESET, which names the old one and its last known event; damage met later has the same end. A damaged or missing
 * state.db or chain.key: -EUCLEAN, and nothing is opened; what depends on it denies. -EPERM: something else, or somebody
 * else's, stands in a file's place. -ENOENT: no directory. A second opener: -EBUSY. */
int recorder_open(const char *directory, const struct recorder_settings *settings, const struct clock *clock,
    sd_event *loop, struct recorder **ret_recorder, struct recorder_past *ret_past);

/* Flushes counted repeats, marks the stop as clean, closes. */
void recorder_close(struct recorder *recorder);

void recorder_configure(struct recorder *recorder, const struct recorder_settings *settings);

/* Durable when it returns 0. A coalesced repeat returns 0 without a commit of its own: its first event is durable and the
 * count follows within 60 s (or at close). Otherwise it is not in the chain and is counted as lost: -ENOSPC (quota or
 * disk), -EIO, -EROFS, -ENOMEM; -EUCLEAN: state.db is damaged, nothing is recorded any more. -EINVAL: no such event can be
 * (event_encode); it is not counted. */
int recorder_record(struct recorder *recorder, const struct event *event);

/* All that came up to time_ms (since 1970 UTC) was recorded: there the unobserved interval begins if the agent stops in any way.
 * Repeats that are counted and not yet told hold the mark back. It has no flush of its own; the next event's takes it along,
 * and a mark that a power cut takes back only makes the interval longer. */
int recorder_mark_watched(struct recorder *recorder, int64_t time_ms);

/* Fills EVENT_HEAD_*, EVENT_SPOOL_*, EVENT_CLOCK_OFFSET_MS of a heartbeat and signs the head. */
int recorder_fill_heartbeat(struct recorder *recorder, struct event *event);

void recorder_head(const struct recorder *recorder, struct chain_head *ret_head); /* the spool's last link */
void recorder_known_head(
    const struct recorder *recorder, struct chain_head *ret_head); /* what state.db knows */
void recorder_public_key(const struct recorder *recorder, uint8_t ret_key[static CHAIN_PUBLIC_SIZE]);

struct recorder_depth {
    int64_t events, bytes;
    int64_t lost; /* ever counted, also those that an EVENT_EVENTS_LOST tells of */
    int64_t first_sequence, last_sequence;
};
void recorder_depth(const struct recorder *recorder, struct recorder_depth *ret_depth);

/* Reads links from sequence `from` on, at most limit, calling each(); stops when it returns non-zero and returns that. */
int recorder_read(struct recorder *recorder, int64_t from, unsigned limit,
    int (*each)(void *context, const struct chain_link *link), void *context);

/* First sequence at or after a time; past the end when none. */
int recorder_find_time(struct recorder *recorder, int64_t time_ms, int64_t *ret_sequence);

/* Calls back after each durable event (control socket's followers); one listener. */
void recorder_on_event(struct recorder *recorder, void (*call)(void *context), void *context);

/* Small values in state.db; see host.h. Keys that begin with "core." are the recorder's own: -EPERM. */
int recorder_state_get(struct recorder *recorder, const char *key, char **ret_text);
int recorder_state_put(struct recorder *recorder, const char *key, const char *text);

/* Offline, read-only, for `sekisho verify --store DIR`: copies nothing, writes nothing. -EBUSY while a daemon has it open. */
int recorder_open_offline(const char *directory, struct recorder **ret_recorder);

#endif
