/* The daemon as a module sees it, in memory: events are kept, clocks are turned by hand, recording and state can be made to fail. */
#ifndef SEKISHO_TESTS_FAKE_HOST_H
#define SEKISHO_TESTS_FAKE_HOST_H

#include "contract/host.h"

#define FAKE_EVENTS_MAX 4096

/* An event as it was recorded. */
struct fake_event {
    enum event_kind kind;
    char reason[16], name[64], serial[400], label[200], what[200], value[200];
    int64_t number, until_ms, from_ms, to_ms; /* 0 when not set */
    bool while_absent, mended;
};

struct fake_host {
    struct host host;
    struct clock clock;
    int64_t realtime_ms, boottime_ms;
    int record_error; /* negative errno that record() gives instead of keeping the event */
    int put_error, get_error;
    unsigned caught_up;                  /* how often the module said so */
    char state_key[64], state_text[256]; /* one value is enough for what is tested */
    /* Called while an event is being recorded, so that a test sees what had been done by then. */
    void (*on_record)(void *context, const struct event *event);
    void *context;
    unsigned count;
    struct fake_event events[FAKE_EVENTS_MAX];
};

/* Every event is also encoded as OCSF: one that the table does not allow ends the test. loop may be NULL. */
void fake_host_open(struct fake_host *fake, sd_event *loop);
void fake_host_turn(struct fake_host *fake, int64_t ms); /* both clocks go on */
void fake_host_forget(struct fake_host *fake);           /* the events so far */

/* How many events of this kind; of this device when name is given. */
unsigned fake_host_count(const struct fake_host *fake, enum event_kind kind, const char *name);
/* The last event of this kind and device, or NULL. */
const struct fake_event *fake_host_last(const struct fake_host *fake, enum event_kind kind, const char *name);

#endif
