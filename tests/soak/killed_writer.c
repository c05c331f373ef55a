/* A process that records is killed at a random moment, again and again: every event that it acknowledged is in the chain. */
#include "../support/random_source.h"
#include "../support/soak_options.h"
#include "../support/store_place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLS_A_STORE 20
#define DEVICES       65536

struct trial {
    struct store_place place;
    unsigned next_device;
    bool kept[DEVICES];
    int64_t acknowledged, in_this_run, broken;
};

static void broken(struct trial *trial, const char *what, int64_t a, int64_t b)
{
    printf("BROKEN PROMISE: %s (%lld, %lld)\n", what, (long long)a, (long long)b);
    trial->broken++;
}

/* Writes each device's number to the pipe once its event is durable. */
static void write_until_killed(struct trial *trial, int acknowledge)
{
    if (store_place_open(&trial->place) < 0)
        _exit(2);
    for (unsigned device = trial->next_device; device < DEVICES; device++) {
        enum event_kind kind = device % 3 ? EVENT_DEVICE_ALLOWED : EVENT_DEVICE_REFUSED;
        store_place_pass(&trial->place, 500);
        if (store_place_record(&trial->place, kind, device) < 0 ||
            write(acknowledge, &device, sizeof(device)) != (ssize_t)sizeof(device))
            _exit(2);
        if (device % 50 == 49)
            recorder_mark_alive(trial->place.recorder);
    }
    _exit(0);
}

static void pause_for(unsigned microseconds)
{
    struct timespec time = {
        .tv_sec = microseconds / 1000000, .tv_nsec = (long)(microseconds % 1000000) * 1000};
    nanosleep(&time, NULL);
}

static void acknowledge_note(struct trial *trial, unsigned device)
{
    trial->kept[device] = true;
    trial->next_device = device + 1;
    trial->acknowledged++;
    trial->in_this_run++;
}

/* at_work: from its first event on; otherwise also while it opens. */
static void run_and_kill(struct trial *trial, unsigned microseconds, bool at_work)
{
    int ends[2], status;
    unsigned device;
    trial->in_this_run = 0;
    if (pipe(ends) < 0)
        exit(2);
    pid_t child = fork();
    if (child < 0)
        exit(2);
    if (child == 0) {
        close(ends[0]);
        write_until_killed(trial, ends[1]);
    }
    close(ends[1]);
    if (at_work && read(ends[0], &device, sizeof(device)) == (ssize_t)sizeof(device))
        acknowledge_note(trial, device);
    pause_for(microseconds);
    kill(child, SIGKILL);
    while (read(ends[0], &device, sizeof(device)) == (ssize_t)sizeof(device))
        acknowledge_note(trial, device);
    close(ends[0]);
    trial->next_device++; /* the one in flight may be there or not */
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
        broken(trial, "the writer ended by itself", status, 0);
}

static void check(struct trial *trial)
{
    static struct store_story story;
    struct chain_head head, known;
    struct recorder *offline = NULL;
    if (recorder_open_offline(trial->place.path, &offline) >= 0) {
        recorder_head(offline, &head);
        recorder_known_head(offline, &known);
        if (known.sequence > head.sequence || known.sequence < head.sequence - 1)
            broken(trial, "the head in state.db is not at most one behind", known.sequence, head.sequence);
        recorder_close(offline);
    }
    int error = store_place_open(&trial->place);
    if (error < 0) {
        broken(trial, "the store does not open", error, 0);
        return;
    }
    if (trial->place.past.spool_set_aside || (trial->in_this_run > 0 && trial->place.past.clean))
        broken(trial, "the past is not told as it was", trial->place.past.spool_set_aside,
            trial->place.past.clean);
    error = store_place_story(&trial->place, &story);
    if (error < 0 || story.faults > 0 || story.end_fault != CHAIN_OK)
        broken(trial, "the chain does not verify", error, story.fault_sequence);
    for (unsigned device = 0; device < trial->next_device; device++)
        if (trial->kept[device] && !store_story_has(&story, device))
            broken(trial, "an acknowledged event is missing", device, story.head.sequence);
    store_place_close(&trial->place);
}

int main(int argc, char **argv)
{
    static struct trial trial;
    struct soak_options options;
    soak_options_parse(argc, argv, "killed_writer", &options);
    uint64_t seed = options.seed;
    int64_t done = 0;
    for (; trial.broken == 0 && soak_goes_on(&options, done); done++) {
        if (done % KILLS_A_STORE == 0) {
            if (done > 0)
                store_place_remove(&trial.place);
            store_place_make(&trial.place, options.directory);
            memset(trial.kept, 0, sizeof(trial.kept));
            trial.next_device = 0;
        }
        run_and_kill(&trial, random_below(&seed, 150000), random_below(&seed, 4) > 0);
        check(&trial);
    }
    store_place_remove(&trial.place);
    printf("killed_writer: %lld trials, %lld events acknowledged, %lld promises broken\n", (long long)done,
        (long long)trial.acknowledged, (long long)trial.broken);
    return trial.broken > 0;
}
