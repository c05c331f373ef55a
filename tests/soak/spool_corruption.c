/* The spool is damaged at random offsets and lengths: it opens, or is set aside and a new chain says so; never a crash, and never
 * a chain that calls itself whole though an event of it is not what was recorded. */
#include "../support/random_source.h"
#include "../support/soak_options.h"
#include "../support/store_place.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EVENTS 120

enum outcome { OUTCOME_WHOLE, OUTCOME_NAMED, OUTCOME_SET_ASIDE, OUTCOME_SET_ASIDE_LATER, OUTCOME_COUNT };

struct trial {
    struct store_place place;
    uint64_t seed;
    int64_t number, broken, outcomes[OUTCOME_COUNT];
};

static void broken(struct trial *trial, const char *what, int64_t detail)
{
    printf("BROKEN PROMISE in trial %lld: %s (%lld)\n", (long long)trial->number, what, (long long)detail);
    trial->broken++;
}

static void shell(const char *command)
{
    if (system(command) != 0) {
        printf("%s failed\n", command);
        exit(2);
    }
}

static void copy(const char *from, const char *to)
{
    char command[1200];
    snprintf(command, sizeof(command), "rm -rf %s && cp -a %s %s", to, from, to);
    shell(command);
}

static void record_some(struct trial *trial, unsigned from, unsigned to)
{
    if (store_place_open(&trial->place) < 0)
        exit(2);
    for (unsigned i = from; i < to; i++)
        if (store_place_record(&trial->place, EVENT_DEVICE_ALLOWED, i) < 0)
            exit(2);
}

/* Two stores, made once: one as a killed agent leaves it, its last third in the log alone; one that was closed in order, all in
 * the main file and without its log, which would hide what is damaged beneath it. */
static void originals_make(struct trial *trial, const char *killed, const char *closed)
{
    char command[400];
    record_some(trial, 0, EVENTS * 2 / 3);
    store_place_close(&trial->place);
    record_some(trial, EVENTS * 2 / 3, EVENTS);
    copy(trial->place.path, killed);
    store_place_close(&trial->place);
    copy(trial->place.path, closed);
    snprintf(command, sizeof(command), "rm %s/spool.db-wal", closed);
    shell(command);
}

static void bytes_damage(struct trial *trial, uint8_t *bytes, size_t size)
{
    switch (random_below(&trial->seed, 4)) {
    case 0:
        memset(bytes, 0, size);
        break;
    case 1:
        bytes[random_below(&trial->seed, (unsigned)size)] ^= (uint8_t)(1u << random_below(&trial->seed, 8));
        break;
    case 2:
        for (size_t i = 0; i < size; i++)
            bytes[i] ^= (uint8_t)random_next(&trial->seed);
        break;
    default:
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)random_next(&trial->seed);
    }
}

static void file_damage(struct trial *trial, const char *name)
{
    char path[300];
    struct stat status;
    uint8_t bytes[16384];
    snprintf(path, sizeof(path), "%s/%s", trial->place.path, name);
    cleanup_fd_ int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) < 0)
        exit(2);
    if (random_below(&trial->seed, 10) == 0) {
        if (ftruncate(fd, (off_t)random_below(&trial->seed, (unsigned)status.st_size)) < 0)
            exit(2);
        return;
    }
    static const unsigned lengths[] = {1, 4, 64, 512, 4096, 16384};
    size_t size = 1 + random_below(&trial->seed, lengths[random_below(&trial->seed, 6)]);
    /* Often near the front: headers are where most can go wrong. */
    unsigned span = random_below(&trial->seed, 3) == 0 ? 4096 : (unsigned)status.st_size;
    off_t offset = (off_t)random_below(&trial->seed, span);
    ssize_t got = pread(fd, bytes, size, offset);
    if (got <= 0)
        return;
    bytes_damage(trial, bytes, (size_t)got);
    if (pwrite(fd, bytes, (size_t)got, offset) != got)
        exit(2);
}

static void damage(struct trial *trial, const char *killed, const char *closed)
{
    bool logged = random_below(&trial->seed, 3) == 0;
    copy(logged ? killed : closed, trial->place.path);
    unsigned times = 1 + random_below(&trial->seed, 3);
    for (unsigned i = 0; i < times; i++)
        file_damage(trial, logged && random_below(&trial->seed, 2) ? "spool.db-wal" : "spool.db");
}

static bool is_whole(const struct store_story *story)
{
    for (unsigned i = 0; i < EVENTS; i++)
        if (!store_story_has(story, i))
            return false;
    return true;
}

/* Opens, reads, records, reads again, restarts: whatever is damaged gets its chance. */
static enum outcome check(struct trial *trial)
{
    static struct store_story story;
    struct store_place *place = &trial->place;
    struct recorder *offline = NULL;
    if (recorder_open_offline(place->path, &offline) >= 0) {
        place->recorder = offline;
        store_place_story(place, &story);
        store_place_close(place);
    }
    int error = store_place_open(place);
    if (error < 0) {
        broken(trial, "the store does not open", error);
        return OUTCOME_NAMED;
    }
    bool aside = place->past.spool_set_aside, later = false;
    for (unsigned i = 0; i < 20; i++) {
        error = store_place_record(place, EVENT_DEVICE_ALLOWED, 1000 + i);
        if (error < 0)
            broken(trial, "an event is not recorded", error);
    }
    error = store_place_story(place, &story);
    if (error == -EUCLEAN) { /* met just now: a new chain has begun */
        later = true;
        error = store_place_record(place, EVENT_DEVICE_ALLOWED, 2000);
        if (error >= 0)
            error = store_place_story(place, &story);
    }
    if (error < 0)
        broken(trial, "the chain is not readable after it was renewed", error);
    bool reset = strncmp(story.kinds, "spool_reset ", strlen("spool_reset ")) == 0;
    bool faulty = story.faults > 0 || story.end_fault != CHAIN_OK;
    store_place_close(place);
    error = store_place_open(place);
    if (error < 0)
        broken(trial, "the store does not open again", error);
    store_place_close(place);
    if (reset && faulty)
        broken(trial, "the new chain is not whole", story.fault_sequence);
    if (!reset && !faulty && !is_whole(&story))
        broken(trial, "a chain that lacks events verifies", story.links);
    return reset ? (aside && !later ? OUTCOME_SET_ASIDE : OUTCOME_SET_ASIDE_LATER)
                 : (faulty ? OUTCOME_NAMED : OUTCOME_WHOLE);
}

int main(int argc, char **argv)
{
    static struct trial trial;
    struct soak_options options;
    char killed[300], closed[300], command[700];
    soak_options_parse(argc, argv, "spool_corruption", &options);
    soak_log_open("spool_corruption");
    store_place_make(&trial.place, options.directory);
    snprintf(killed, sizeof(killed), "%s.killed", trial.place.path);
    snprintf(closed, sizeof(closed), "%s.closed", trial.place.path);
    originals_make(&trial, killed, closed);
    int64_t done = 0;
    for (; trial.broken == 0 && soak_goes_on(&options, done); done++) {
        trial.number = done;
        trial.seed = options.seed * UINT64_C(1000003) + (uint64_t)done;
        soak_log_begin();
        damage(&trial, killed, closed);
        trial.outcomes[check(&trial)]++;
    }
    if (trial.broken > 0)
        soak_log_show();
    store_place_remove(&trial.place);
    snprintf(command, sizeof(command), "rm -rf %s %s", killed, closed);
    shell(command);
    soak_log_close();
    printf("spool_corruption: %lld trials: %lld whole all the same, %lld named by the walk, %lld set aside "
           "at once, %lld "
           "when met; %lld promises broken\n",
        (long long)done, (long long)trial.outcomes[OUTCOME_WHOLE], (long long)trial.outcomes[OUTCOME_NAMED],
        (long long)trial.outcomes[OUTCOME_SET_ASIDE], (long long)trial.outcomes[OUTCOME_SET_ASIDE_LATER],
        (long long)trial.broken);
    return trial.broken > 0;
}
