/* A process that records is killed by SIGKILL at a random moment, again and again, over one store: is what it was told durable still
 * there, does the chain verify, and does the next start know that nobody stopped it in order? */
#include "../support/random_source.h"
#include "../support/soak_options.h"
#include "../support/store_place.h"
#include "base/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define KILLS_A_STORE 50

/* Shared with the child: what recorder_record() has answered for. */
struct ledger {
    volatile unsigned kept; /* devices 0 .. kept − 1 are durable */
    volatile bool open;     /* it was opened */
    bool closing, closed;   /* it began to stop in order; it has stopped */
};

struct trials {
    struct ledger *ledger;
    struct store_place place;
    uint64_t seed;
    int64_t done, killed_at_work, events, broken;
};

static void require(struct trials *trials, bool holds, const char *promise)
{
    if (holds)
        return;
    printf("BROKEN PROMISE in trial %lld: %s\n", (long long)trials->done, promise);
    trials->broken++;
}

static void work(struct store_place *place, struct ledger *ledger, unsigned at_most)
{
    if (store_place_open(place) < 0)
        _exit(2);
    ledger->open = true;
    for (unsigned i = 0; i < at_most; i++) {
        if (store_place_record(place, EVENT_DEVICE_REFUSED, ledger->kept) < 0)
            _exit(3);
        ledger->kept++;
        store_place_pass(place, 1);
    }
    ledger->closing = true;
    store_place_close(place);
    ledger->closed = true;
    _exit(0);
}

static void live(struct trials *trials)
{
    const struct timespec moment = {.tv_nsec = (long)random_below(&trials->seed, 60000) * 1000};
    unsigned before = trials->ledger->kept;
    trials->ledger->open = false;
    trials->ledger->closing = trials->ledger->closed = false;
    pid_t child = fork();
    if (child == 0)
        work(&trials->place, trials->ledger, 1 + random_below(&trials->seed, 150));
    int status = 0;
    /* Mostly at work, sometimes while it opens. */
    for (unsigned turn = 0; trials->done % 4 > 0 && !trials->ledger->open && turn < 10000; turn++)
        nanosleep(&(const struct timespec){.tv_nsec = 200000}, NULL);
    nanosleep(&moment, NULL);
    require(trials, child > 0 && kill(child, SIGKILL) == 0, "the child can be killed");
    require(trials, waitpid(child, &status, 0) == child, "the child is gone");
    require(trials, WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the store opens and records");
    trials->killed_at_work += WIFSIGNALED(status) && trials->ledger->open;
    trials->events += trials->ledger->kept - before;
}

/* A kill loses nothing that was written: the page cache stays. */
static void check_head(struct trials *trials)
{
    struct recorder *offline = NULL;
    struct chain_head head, known;
    if (recorder_open_offline(trials->place.path, &offline) < 0) {
        require(trials, trials->ledger->kept == 0, "the store can be read as it was left");
        return;
    }
    recorder_head(offline, &head);
    recorder_known_head(offline, &known);
    require(trials, known.sequence <= head.sequence && known.sequence >= head.sequence - 1,
        "the head in state.db is at most one behind");
    recorder_close(offline);
}

static void check(struct trials *trials)
{
    static struct store_story story;
    const struct ledger *ledger = trials->ledger;
    check_head(trials);
    if (store_place_open(&trials->place) < 0) {
        require(trials, false, "the store opens after a kill");
        return;
    }
    require(trials, !trials->place.past.spool_set_aside, "no spool is set aside");
    if (ledger->open && !ledger->closing)
        require(trials, !trials->place.past.clean, "a kill is no stop in order");
    if (ledger->closed)
        require(trials, trials->place.past.clean, "a stop in order is one");
    require(trials, store_place_story(&trials->place, &story) == 0, "the chain can be read");
    require(trials, story.faults == 0 && story.end_fault == CHAIN_OK, "the chain verifies");
    for (unsigned device = 0; device < ledger->kept; device++)
        require(trials, store_story_has(&story, device), "what was durable is in the chain");
    store_place_close(&trials->place);
}

int main(int argc, char **argv)
{
    static struct trials trials;
    struct soak_options options;
    soak_options_parse(argc, argv, "killed", &options);
    soak_log_open("killed");
    trials.ledger =
        mmap(NULL, sizeof(*trials.ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trials.ledger == MAP_FAILED)
        return 2;
    for (; trials.broken == 0 && soak_goes_on(&options, trials.done); trials.done++) {
        if (trials.done % KILLS_A_STORE == 0) {
            if (trials.done > 0)
                store_place_remove(&trials.place);
            store_place_make(&trials.place, options.directory);
            *trials.ledger = (struct ledger){0};
        }
        trials.seed = options.seed * UINT64_C(1000003) + (uint64_t)trials.done;
        soak_log_begin();
        live(&trials);
        check(&trials);
    }
    if (trials.broken > 0)
        soak_log_show();
    store_place_remove(&trials.place);
    soak_log_close();
    printf("killed: %lld trials, %lld of them at work, %lld events recorded, %lld promises broken\n",
        (long long)trials.done, (long long)trials.killed_at_work, (long long)trials.events,
        (long long)trials.broken);
    return trials.broken > 0;
}
