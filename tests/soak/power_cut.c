/* The power fails at a random operation of a store's life, again and again: is what was promised still true?
 *
 * Promises: each event whose record returned 0 is in the chain; the chain verifies; the head in state.db is at most one
 * behind what was acknowledged and never ahead of the chain; a value that state_put took is there; the next start knows that
 * the stop was not clean, and since when; and whatever came before that moment is in the chain, or counted in it. */
#include "../support/random_source.h"
#include "../support/soak_options.h"
#include "../support/store_place.h"
#include "../support/torn_vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTS_A_STORE 25
#define DEVICES      65536

/* What the store owes, as long as it lives. */
struct ledger {
    unsigned next_device;
    bool kept[DEVICES];          /* record returned 0 */
    bool used_since_stop;        /* something was recorded after the last clean stop */
    bool any;                    /* ever */
    int64_t marked_ms;           /* when a mark was tried last; one that a cut took back is earlier */
    int64_t counted_ms[DEVICES]; /* the last repeat of each device that was counted */
    int64_t last_sequence;       /* and its number */
    int64_t put, put_tried;      /* the value that state_put took last, and the one that may have been cut */
};

struct trial {
    struct store_place place;
    struct ledger ledger;
    uint64_t seed;
    int64_t number, broken, events, cuts_in_open, cuts_in_close;
};

static void broken(struct trial *trial, const char *what, int64_t a, int64_t b)
{
    printf("BROKEN PROMISE in trial %lld: %s (%lld, %lld)\n", (long long)trial->number, what, (long long)a,
        (long long)b);
    trial->broken++;
}

/* --- a store at work ----------------------------------------------------------------------------------------------------- */

static void sequence_note(struct trial *trial)
{
    struct chain_head head;
    recorder_head(trial->place.recorder, &head);
    trial->ledger.last_sequence = head.sequence;
}

static void act_record(struct trial *trial, enum event_kind kind)
{
    struct ledger *ledger = &trial->ledger;
    unsigned device = ledger->next_device++;
    int error = store_place_record(&trial->place, kind, device);
    if (error < 0) {
        if (!torn_vfs_is_cut())
            broken(trial, "an event was not kept though the power was on", error, device);
        return;
    }
    ledger->kept[device] = ledger->used_since_stop = ledger->any = true;
    sequence_note(trial);
    trial->events++;
}

static void act_put(struct trial *trial)
{
    char text[32];
    struct ledger *ledger = &trial->ledger;
    snprintf(text, sizeof(text), "%lld", (long long)++ledger->put_tried);
    if (recorder_state_put(trial->place.recorder, "trial.value", text) >= 0)
        ledger->put = ledger->put_tried;
    else if (!torn_vfs_is_cut())
        broken(trial, "a value was not kept though the power was on", 0, 0);
}

/* came_ms: before it the last mark was made. */
static void act_repeat(struct trial *trial, int64_t came_ms)
{
    unsigned device = trial->ledger.next_device - 1;
    if (store_place_record(&trial->place, EVENT_DEVICE_REFUSED, device) >= 0)
        trial->ledger.counted_ms[device] = came_ms;
}

static void act_mark(struct trial *trial)
{
    trial->ledger.marked_ms = trial->place.realtime_ms;
    recorder_mark_watched(trial->place.recorder, trial->place.realtime_ms);
}

static int act_restart(struct trial *trial)
{
    store_place_close(&trial->place);
    trial->ledger.used_since_stop = false;
    if (torn_vfs_is_cut())
        return -EIO;
    int error = store_place_open(&trial->place);
    if (error >= 0 && !trial->place.past.clean)
        broken(trial, "a clean stop was not seen as one", 0, 0);
    return error;
}

static void act(struct trial *trial)
{
    unsigned chance = random_below(&trial->seed, 100);
    int64_t came_ms = trial->place.realtime_ms;
    store_place_pass(&trial->place, random_below(&trial->seed, 20000));
    if (chance < 60)
        act_record(trial, EVENT_DEVICE_ALLOWED);
    else if (chance < 75)
        act_record(trial, EVENT_DEVICE_REFUSED);
    else if (chance < 82 && trial->ledger.next_device > 0) /* perhaps a repeat: counted, or an event */
        act_repeat(trial, came_ms);
    else if (chance < 86)
        store_place_record(&trial->place, EVENT_HEARTBEAT, 0);
    else if (chance < 90)
        act_mark(trial);
    else if (chance < 97)
        act_put(trial);
    else
        act_restart(trial);
}

static void live(struct trial *trial)
{
    unsigned steps = random_below(&trial->seed, 80);
    if (store_place_open(&trial->place) < 0) {
        trial->cuts_in_open++;
        if (!torn_vfs_is_cut())
            broken(trial, "the store does not open though the power is on", 0, 0);
        return;
    }
    for (unsigned i = 0; i < steps && trial->place.recorder && !torn_vfs_is_cut(); i++)
        act(trial);
    bool in_order = trial->place.recorder && !torn_vfs_is_cut() && random_below(&trial->seed, 4) == 0;
    if (!in_order)
        torn_vfs_cut(); /* at the latest now */
    store_place_close(&trial->place);
    if (in_order) /* cut or not: the mark may be there, and then nothing came after it */
        trial->ledger.used_since_stop = false;
    trial->cuts_in_close += in_order && torn_vfs_is_cut();
}

/* --- what is left ---------------------------------------------------------------------------------------------------------- */

static void check_head(struct trial *trial)
{
    struct recorder *offline = NULL;
    struct chain_head head, known;
    int error = recorder_open_offline(trial->place.path, &offline);
    if (error < 0) {
        if (trial->ledger.any)
            broken(trial, "the store cannot be read as it was left", error, 0);
        return;
    }
    recorder_head(offline, &head);
    recorder_known_head(offline, &known);
    if (known.sequence > head.sequence)
        broken(trial, "the head in state.db is ahead of the spool", known.sequence, head.sequence);
    /* Behind what was acknowledged: the event in flight may have survived on top of it. */
    if (known.sequence < trial->ledger.last_sequence - 1)
        broken(trial, "the head in state.db is more than one behind", known.sequence,
            trial->ledger.last_sequence);
    recorder_close(offline);
}

static void check_past(struct trial *trial)
{
    const struct recorder_past *past = &trial->place.past;
    const struct ledger *ledger = &trial->ledger;
    if (past->spool_set_aside)
        broken(trial, "a spool that was only cut was set aside", 0, 0);
    if (past->first && ledger->any)
        broken(trial, "the past was forgotten", 0, 0);
    if (past->clean && ledger->used_since_stop)
        broken(trial, "the stop is called clean", 0, 0);
    if (past->watched_ms > ledger->marked_ms)
        broken(trial, "the unobserved interval begins later than the last mark", past->watched_ms,
            ledger->marked_ms);
}

static void check_value(struct trial *trial)
{
    char *text = NULL;
    int error = recorder_state_get(trial->place.recorder, "trial.value", &text);
    int64_t value = error >= 0 ? atoll(text) : 0;
    if (value != trial->ledger.put && value != trial->ledger.put_tried)
        broken(trial, "a value that was put is not there", value, trial->ledger.put);
    trial->ledger.put = trial->ledger.put_tried = value;
    free(text);
}

static void check_story(struct trial *trial)
{
    static struct store_story story;
    int error = store_place_story(&trial->place, &story);
    if (error < 0)
        broken(trial, "the chain cannot be read", error, 0);
    if (story.faults > 0)
        broken(trial, chain_fault_name(story.fault), story.fault_sequence, story.faults);
    if (story.end_fault != CHAIN_OK)
        broken(trial, chain_fault_name(story.end_fault), story.head.sequence, 0);
    for (unsigned device = 0; device < trial->ledger.next_device; device++)
        if (trial->ledger.kept[device] && !store_story_has(&story, device))
            broken(trial, "an event that was recorded is not in the chain", device, story.head.sequence);
    for (unsigned device = 0; device < trial->ledger.next_device; device++)
        if (trial->ledger.counted_ms[device] < trial->place.past.watched_ms &&
            story.told_until_ms[device] < trial->ledger.counted_ms[device])
            broken(trial, "a repeat is neither in the chain nor in the unobserved interval", device,
                trial->ledger.counted_ms[device]);
}

static void check(struct trial *trial)
{
    check_head(trial);
    store_place_pass(&trial->place, 60000);
    int error = store_place_open(&trial->place);
    if (error < 0) {
        broken(trial, "the store does not open after the cut", error, 0);
        return;
    }
    check_past(trial);
    check_value(trial);
    check_story(trial);
    struct event interval = EVENT(EVENT_UNOBSERVED_INTERVAL);
    event_set_number(&interval, EVENT_INTERVAL_FROM_MS, trial->place.past.watched_ms);
    event_set_number(&interval, EVENT_INTERVAL_TO_MS, trial->place.realtime_ms);
    event_set_boolean(&interval, EVENT_INTERVAL_CLEAN, trial->place.past.clean);
    if (recorder_record(trial->place.recorder, &interval) < 0)
        broken(trial, "the unobserved interval cannot be stated", 0, 0);
    memset(trial->ledger.counted_ms, 0, sizeof(trial->ledger.counted_ms)); /* stated */
    trial->ledger.any = true;
    sequence_note(trial);
    store_place_close(&trial->place);
    trial->ledger.used_since_stop = false;
}

static void one_trial(struct trial *trial)
{
    static const unsigned spans[] = {12, 60, 300, 1500};
    unsigned span = spans[random_below(&trial->seed, 4)];
    torn_vfs_begin(random_below(&trial->seed, span));
    live(trial);
    torn_vfs_settle(trial->seed);
    torn_vfs_begin(TORN_NEVER);
    check(trial);
}

int main(int argc, char **argv)
{
    static struct trial trial;
    struct soak_options options;
    soak_options_parse(argc, argv, "power_cut", &options);
    soak_log_open("power_cut");
    torn_vfs_install();
    for (int64_t done = 0; trial.broken == 0 && soak_goes_on(&options, done); done++) {
        trial.number = done;
        if (done % CUTS_A_STORE == 0) {
            if (done > 0)
                store_place_remove(&trial.place);
            store_place_make(&trial.place, options.directory);
            memset(&trial.ledger, 0, sizeof(trial.ledger));
            trial.ledger.marked_ms = trial.place.realtime_ms - trial.place.boottime_ms;
        }
        trial.seed = options.seed * UINT64_C(1000003) + (uint64_t)done;
        soak_log_begin();
        one_trial(&trial);
    }
    if (trial.broken > 0)
        soak_log_show();
    store_place_remove(&trial.place);
    torn_vfs_remove();
    soak_log_close();
    printf("power_cut: %lld trials (%lld cut while opening, %lld while closing), %lld events recorded, %lld "
           "promises "
           "broken\n",
        (long long)trial.number + 1, (long long)trial.cuts_in_open, (long long)trial.cuts_in_close,
        (long long)trial.events, (long long)trial.broken);
    return trial.broken > 0;
}
