/* A store of its own for a test: a directory, clocks that the test turns, events to record, and the chain walked as
 * `sekisho verify` walks it. */
#ifndef SEKISHO_TESTS_STORE_PLACE_H
#define SEKISHO_TESTS_STORE_PLACE_H

#include "core/store/recorder.h"

struct store_place {
    char path[256];
    int64_t realtime_ms, boottime_ms;
    struct clock clock;
    struct recorder_settings settings;
    struct recorder *recorder;
    struct recorder_past past;
};

/* parent: where the directory is made; NULL: /tmp. Clocks stand at 2026-11-25; quota 64 MiB. */
void store_place_make(struct store_place *place, const char *parent);
void store_place_remove(struct store_place *place);
int store_place_open(struct store_place *place);
void store_place_close(struct store_place *place);
void store_place_pass(struct store_place *place, int64_t ms); /* both clocks go on */

/* A complete event about a device that is told apart by a number. */
void store_place_event(enum event_kind kind, unsigned device, struct event *ret_event);
int store_place_record(struct store_place *place, enum event_kind kind, unsigned device);

/* All links, walked. */
struct store_story {
    int64_t links, pruned, faults;
    enum chain_fault fault; /* the first */
    int64_t fault_sequence;
    struct chain_head head;            /* the walk's end */
    enum chain_fault end_fault;        /* against state.db's head */
    unsigned devices_seen[65536 / 32]; /* bits: device numbers in events of devices */
    int64_t told_until_ms[65536];      /* of each device: when its last event was, or what that counts */
    char kinds[8192];                  /* their names in order, a space after each; cut when full */
};

int store_place_story(struct store_place *place, struct store_story *ret_story);
bool store_story_has(const struct store_story *story, unsigned device);

/* The body of one link, malloc'ed; NULL when it has none. */
char *store_place_body(struct store_place *place, int64_t sequence);

/* Runs SQL on one of the files while it is closed. */
int store_place_sql(const struct store_place *place, const char *file, const char *sql);

#endif
