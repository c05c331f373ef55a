/* Opening a store, what it says about the past, and closing it in order. */
#include "core/store/recorder_parts.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

static int boot_id_read(char ret_id[static UUID_TEXT_SIZE])
{
    sd_id128_t id;
    int error = sd_id128_get_boot(&id);
    if (error < 0)
        return log_error(error, "store: the kernel does not tell its boot id");
    snprintf(ret_id, UUID_TEXT_SIZE, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
    return 0;
}

static int path_make(const char *directory, const char *name, char ret_path[static PATH_MAX])
{
    return snprintf(ret_path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* --- state.db and chain.key: they are made together, once ---------------------------------------------------------------- */

/* Whether anything says that this store was in use: then a state.db that is gone or damaged must not be made anew. */
static bool was_in_use(int directory)
{
    return store_file_exists(directory, STORE_KEY) || store_file_exists(directory, STORE_SPOOL);
}

static int state_open(struct recorder *recorder, const char *directory)
{
    char path[PATH_MAX];
    int error = path_make(directory, STORE_STATE, path);
    if (error < 0)
        return error;
    bool in_use = was_in_use(recorder->directory);
    if (in_use && !store_file_exists(recorder->directory, STORE_STATE))
        return log_error(-EUCLEAN, "store: " STORE_STATE " is gone");
    error = store_file_make(recorder->directory, STORE_STATE);
    if (error >= 0)
        error = store_state_open(path, in_use ? STORE_STATE_IN_USE : STORE_STATE_MAKE, &recorder->state);
    if (error == -EUCLEAN && !in_use) { /* cut while it was made */
        store_file_remove(recorder->directory, STORE_STATE);
        error = store_file_make(recorder->directory, STORE_STATE);
        if (error >= 0)
            error = store_state_open(path, STORE_STATE_MAKE, &recorder->state);
    }
    return error < 0 ? log_error(error, "store: " STORE_STATE) : 0;
}

static int keys_make(struct recorder *recorder)
{
    char hex[2 * CHAIN_PUBLIC_SIZE + 1];
    int error = store_keys_read(recorder->directory, &recorder->keys);
    if (error == -ENOENT)
        error = store_keys_make(recorder->directory, &recorder->keys);
    if (error < 0)
        return error;
    text_hex(hex, recorder->keys.public_key, CHAIN_PUBLIC_SIZE);
    return store_state_put(recorder->state, STATE_CHAIN_KEY, hex);
}

static int keys_open(struct recorder *recorder)
{
    cleanup_free_ char *hex = NULL;
    uint8_t expected[CHAIN_PUBLIC_SIZE];
    int error = store_state_get(recorder->state, STATE_CHAIN_KEY, &hex);
    if (error == -ENOENT && !store_file_exists(recorder->directory, STORE_SPOOL))
        error = keys_make(recorder);
    else if (error >= 0 && (error = store_keys_read(recorder->directory, &recorder->keys)) >= 0 &&
             (text_unhex(expected, sizeof(expected), hex) < 0 ||
                 memcmp(expected, recorder->keys.public_key, sizeof(expected)) != 0))
        error = -EUCLEAN;
    if (error == -ENOENT)
        error = -EUCLEAN; /* it was there */
    return error < 0 ? log_error(error, "store: " STORE_KEY) : 0;
}

/* --- the past ------------------------------------------------------------------------------------------------------------ */

static int run_mark(struct recorder *recorder, const char *how,
    int (*put)(struct store_state *state, const char *key, const char *text))
{
    char text[UUID_TEXT_SIZE + 48];
    snprintf(text, sizeof(text), "%s %" PRId64 " %s", recorder->boot_id, recorder->watched_ms, how);
    return put(recorder->state, STATE_RUN, text);
}

int recorder_mark_watched(struct recorder *recorder, int64_t time_ms)
{
    if (recorder->state_error < 0)
        return recorder->state_error;
    int64_t untold_ms = repeat_untold_since(&recorder->repeats);
    recorder->watched_ms = untold_ms < time_ms ? untold_ms : time_ms;
    int error = run_mark(recorder, "running", store_state_put_lazily);
    store_state_start(recorder->state);
    return error;
}

static int past_read(struct recorder *recorder, struct recorder_past *past)
{
    cleanup_free_ char *text = NULL;
    char boot_id[UUID_TEXT_SIZE], how[16];
    int error = store_state_get(recorder->state, STATE_RUN, &text);
    if (error == -ENOENT) {
        past->first = true;
        return 0;
    }
    if (error < 0)
        return error;
    if (sscanf(text, "%36s %" SCNd64 " %15s", boot_id, &past->watched_ms, how) != 3)
        return -EUCLEAN;
    past->clean = strcmp(how, "stopped") == 0;
    past->same_boot = strcmp(boot_id, recorder->boot_id) == 0;
    return 0;
}

/* Until the first look at what is present, nobody has watched: the mark stays where the last agent left it; for the first agent of
 * all, where this boot began. */
static int run_begin(struct recorder *recorder, const struct recorder_past *past)
{
    recorder->watched_ms = past->first ? recorder->clock_offset_ms : past->watched_ms;
    return run_mark(recorder, "running", store_state_put);
}

/* --- open, configure, close ---------------------------------------------------------------------------------------------- */

static int store_open(struct recorder *recorder, const char *directory, struct recorder_past *past)
{
    recorder->directory = store_directory_open(directory);
    if (recorder->directory < 0)
        return recorder->directory;
    int error = store_files_check(recorder->directory);
    if (error >= 0)
        error = path_make(directory, STORE_SPOOL, recorder->spool_path);
    if (error >= 0)
        error = boot_id_read(recorder->boot_id);
    if (error >= 0)
        error = state_open(recorder, directory);
    if (error >= 0)
        error = keys_open(recorder);
    if (error >= 0)
        error = past_read(recorder, past);
    if (error < 0)
        return error;
    recorder_lost_load(recorder);
    error = recorder_spool_open(recorder, &past->spool_set_aside);
    if (error < 0)
        return log_error(error, "store: " STORE_SPOOL);
    return run_begin(recorder, past);
}

static void recorder_free(struct recorder *recorder)
{
    struct repeat *repeat;
    sd_event_source_disable_unref(recorder->timer);
    while ((repeat = repeat_take(&recorder->repeats, INT64_MAX)))
        free(repeat);
    store_spool_close(recorder->spool, false);
    store_state_close(recorder->state);
    store_keys_wipe(&recorder->keys);
    fd_close(&recorder->directory);
    free(recorder);
}

int recorder_open(const char *directory, const struct recorder_settings *settings, const struct clock *clock,
    sd_event *loop, struct recorder **ret_recorder, struct recorder_past *ret_past)
{
    struct recorder_past past = {0};
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder)
        return -ENOMEM;
    recorder->settings = *settings;
    recorder->clock = clock;
    recorder->loop = loop;
    recorder->lost_said_ms = recorder->heartbeat_ms = -1;
    recorder->clock_offset_ms = clock_realtime_ms(clock) - clock_boottime_ms(clock);
    int error = store_open(recorder, directory, &past);
    if (error < 0) {
        recorder_free(recorder);
        return error;
    }
    *ret_recorder = recorder;
    *ret_past = past;
    return 0;
}

int recorder_open_offline(const char *directory, struct recorder **ret_recorder)
{
    char state_path[PATH_MAX];
    struct recorder *recorder = calloc(1, sizeof(*recorder));
    if (!recorder)
        return -ENOMEM;
    recorder->offline = true;
    recorder->clock = &clock_system;
    recorder->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = recorder->directory < 0 ? -errno : path_make(directory, STORE_SPOOL, recorder->spool_path);
    if (error >= 0)
        error = path_make(directory, STORE_STATE, state_path);
    if (error >= 0)
        error = store_state_open(state_path, STORE_STATE_OFFLINE, &recorder->state);
    if (error >= 0)
        error = store_keys_read(recorder->directory, &recorder->keys);
    if (error >= 0 && (error = store_state_get_head(recorder->state, &recorder->known)) == -ENOENT)
        error = 0;
    if (error >= 0) {
        recorder_lost_load(recorder);
        error = store_spool_open(recorder->spool_path, "", true, &recorder->spool);
    }
    if (error < 0) {
        recorder_free(recorder);
        return error;
    }
    *ret_recorder = recorder;
    return 0;
}

void recorder_configure(struct recorder *recorder, const struct recorder_settings *settings)
{
    recorder->settings = *settings;
}

void recorder_close(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (!recorder->offline && recorder->state_error >= 0) {
        recorder_flush(recorder, INT64_MAX);
        int error = run_mark(recorder, "stopped", store_state_put);
        if (error < 0)
            log_error(error, "store: the clean stop could not be noted");
    }
    recorder_free(recorder);
}
