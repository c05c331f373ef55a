/* Repeats of an event within a minute: counted here, told by one second event. Pure: no clock, no store.
 *
 * The same kind, device identity and reason is a repeat. The window opens with the first event, which is recorded at once;
 * when it ends, one event with the count follows if there was any repeat. */
#ifndef SEKISHO_CORE_RECORDER_REPEAT_H
#define SEKISHO_CORE_RECORDER_REPEAT_H

#include "record/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPEAT_WINDOW_MS   60000
#define REPEAT_SLOTS       64 /* whoever plugs more different devices a minute gets an event for each */
#define REPEAT_BYTES       (128 * 1024) /* of copied texts in all */
#define REPEAT_DIGEST_SIZE 16

struct repeat {
    uint8_t digest[REPEAT_DIGEST_SIZE];
    int64_t end_ms;         /* CLOCK_BOOTTIME */
    int64_t from_ms, to_ms; /* since 1970 UTC: first and last repeat */
    int64_t since_ms;       /* a moment before what the first repeat is about */
    int64_t count;
    struct event event; /* its texts and lists are in memory */
    size_t size;
    _Alignas(char *) char memory[];
};

struct repeat_table {
    struct repeat *slots[REPEAT_SLOTS]; /* in the order of their windows' end */
    unsigned count;
    size_t bytes;
};

/* True: it is a repeat and has been counted. since_ms: a moment before what it is about came (see repeat_untold_since). */
bool repeat_count(struct repeat_table *table, const struct event *event, int64_t now_ms, int64_t since_ms);

/* Opens a window for an event that was just recorded; boottime_ms is its begin. -ENOBUFS: take the first one, then again;
 * -E2BIG: too large to keep, -ENOMEM: then its repeats are events of their own. */
int repeat_open(struct repeat_table *table, const struct event *event, int64_t boottime_ms);

/* Takes the first window if it has ended by boottime_ms (INT64_MAX: in any case). NULL: none; else the caller frees it. */
struct repeat *repeat_take(struct repeat_table *table, int64_t boottime_ms);

/* The second event; texts are borrowed from the repeat. Only for count > 0. */
void repeat_event(const struct repeat *repeat, struct event *ret_event);

/* The earliest since_ms of repeats that no event tells yet; INT64_MAX: there are none. */
int64_t repeat_untold_since(const struct repeat_table *table);

/* When the first window ends that has something to tell; INT64_MAX: none. */
int64_t repeat_next_end(const struct repeat_table *table);

#endif
