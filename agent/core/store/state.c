#include "core/store/state.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "core/store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_HEAD "core.head"

/* Small pages: a head is one frame of the log, and a frame is what is written for each event. */
static const struct store_database_options OPTIONS = {
    .lazy = true, .page_size = 1024, .cache_kibibytes = 32, .checkpoint_pages = 256};

static const char *const SCHEMA[] = {"CREATE TABLE state(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, "
                                     "sum INTEGER NOT NULL) WITHOUT ROWID",
    NULL};

struct store_state {
    sqlite3 *database;
    sqlite3_stmt *get, *put;
    char log_path[PATH_MAX];
    int log; /* descriptor of state.db-wal, opened with the first push: SQLite takes no lock on that file */
    off_t log_size;
    bool behind; /* something is written that was neither pushed nor synced */
};

/* Against damage, not against a forger: SQLite notices what breaks its pages, this what stays inside a value. */
static int64_t sum_of(const char *key, const char *value)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    int64_t sum;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(context, key, strlen(key) + 1) == 1 &&
        EVP_DigestUpdate(context, value, strlen(value)) == 1)
        EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    memcpy(&sum, digest, sizeof(sum));
    return sum;
}

/* 1: it was a row and is sound; 0: no row is left. */
static int row_check(sqlite3_stmt *select)
{
    int code = sqlite3_step(select);
    if (code == SQLITE_DONE)
        return 0;
    if (code != SQLITE_ROW)
        return store_database_error(sqlite3_extended_errcode(sqlite3_db_handle(select)));
    const char *value = (const char *)sqlite3_column_text(select, 0);
    const char *key = (const char *)sqlite3_column_text(select, 2);
    return value && key && sqlite3_column_int64(select, 1) == sum_of(key, value) ? 1 : -EUCLEAN;
}

/* A few pages: looked through whole, each time. */
static int whole_check(sqlite3 *database)
{
    sqlite3_stmt *select = NULL;
    int error = store_database_prepare(database, "PRAGMA quick_check(1)", &select);
    if (error < 0)
        return error;
    const char *said =
        sqlite3_step(select) == SQLITE_ROW ? (const char *)sqlite3_column_text(select, 0) : NULL;
    error = said && strcmp(said, "ok") == 0 ? 0 : -EUCLEAN;
    sqlite3_finalize(select);
    if (error < 0)
        return error;
    error = store_database_prepare(database, "SELECT value, sum, key FROM state", &select);
    if (error < 0)
        return error;
    while ((error = row_check(select)) > 0)
        ;
    sqlite3_finalize(select);
    return error;
}

static int tables_make(sqlite3 *database, enum store_state_how how)
{
    int error = store_database_match(database, SCHEMA);
    if (error != -ENODATA || how != STORE_STATE_MAKE)
        return error;
    error = store_database_run(database, "PRAGMA synchronous=FULL");
    if (error >= 0)
        error = store_database_run(database, SCHEMA[0]);
    return error >= 0 ? store_database_run(database, "PRAGMA synchronous=NORMAL") : error;
}

int store_state_open(const char *path, enum store_state_how how, struct store_state **ret_state)
{
    struct store_state *state = calloc(1, sizeof(*state));
    if (!state)
        return -ENOMEM;
    state->log = -1;
    struct store_database_options options = OPTIONS;
    options.offline = how == STORE_STATE_OFFLINE;
    int error = -ENAMETOOLONG;
    if (snprintf(state->log_path, PATH_MAX, "%s-wal", path) < PATH_MAX)
        error = store_database_open(path, &options, &state->database);
    if (error >= 0)
        error = tables_make(state->database, how);
    if (error >= 0)
        error = whole_check(state->database);
    if (error >= 0)
        error = store_database_prepare(
            state->database, "SELECT value, sum, key FROM state WHERE key = ?1", &state->get);
    if (error >= 0)
        error = store_database_prepare(
            state->database, "INSERT OR REPLACE INTO state(key, value, sum) VALUES(?1, ?2, ?3)", &state->put);
    if (error < 0) {
        store_state_close(state);
        return error == -ENODATA ? -EUCLEAN : error;
    }
    *ret_state = state;
    return 0;
}

void store_state_close(struct store_state *state)
{
    if (!state)
        return;
    sqlite3_finalize(state->get);
    sqlite3_finalize(state->put);
    store_database_close(state->database, false);
    fd_close(&state->log);
    free(state);
}

int store_state_get(struct store_state *state, const char *key, char **ret_text)
{
    sqlite3_bind_text(state->get, 1, key, -1, SQLITE_STATIC);
    int error = row_check(state->get);
    char *text = error > 0 ? strdup((const char *)sqlite3_column_text(state->get, 0)) : NULL;
    sqlite3_reset(state->get);
    if (error <= 0)
        return error < 0 ? error : -ENOENT;
    if (!text)
        return -ENOMEM;
    *ret_text = text;
    return 0;
}

int store_state_put_lazily(struct store_state *state, const char *key, const char *text)
{
    if (strlen(key) > STATE_KEY_MAX || strlen(text) > STATE_VALUE_MAX)
        return -E2BIG;
    sqlite3_bind_text(state->put, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(state->put, 2, text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(state->put, 3, sum_of(key, text));
    int error = store_database_finish(state->put);
    sqlite3_clear_bindings(state->put);
    state->behind = state->behind || error >= 0;
    return error;
}

int store_state_put(struct store_state *state, const char *key, const char *text)
{
    int error = store_database_run(state->database, "PRAGMA synchronous=FULL");
    if (error >= 0)
        error = store_state_put_lazily(state, key, text);
    int restored = store_database_run(state->database, "PRAGMA synchronous=NORMAL");
    if (error >= 0)
        state->behind = false;
    return error < 0 ? error : restored;
}

void store_state_start(struct store_state *state)
{
    if (state->behind && state->log >= 0)
        sync_file_range(state->log, 0, 0, SYNC_FILE_RANGE_WRITE); /* push finds out whether it could be */
}

int store_state_push(struct store_state *state)
{
    struct stat status;
    if (!state->behind)
        return 0;
    if (state->log < 0)
        state->log = open(state->log_path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (state->log < 0 || fstat(state->log, &status) < 0)
        return -errno;
    const unsigned whole = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    /* New blocks, or no such call: then the metadata has to go too, and only an fdatasync takes it along. */
    bool same = status.st_size == state->log_size;
    if ((!same || sync_file_range(state->log, 0, 0, whole) < 0) && fdatasync(state->log) < 0)
        return -errno;
    state->log_size = status.st_size;
    state->behind = false;
    return 0;
}

int store_state_put_head(struct store_state *state, const struct chain_head *head)
{
    char hash[2 * CHAIN_HASH_SIZE + 1], text[CHAIN_UID_SIZE + 24 + sizeof(hash)];
    text_hex(hash, head->hash, CHAIN_HASH_SIZE);
    snprintf(text, sizeof(text), "%s %lld %s", head->chain_uid, (long long)head->sequence, hash);
    return store_state_put_lazily(state, KEY_HEAD, text);
}

int store_state_get_head(struct store_state *state, struct chain_head *ret_head)
{
    cleanup_free_ char *text = NULL;
    struct chain_head head = {0};
    int error = store_state_get(state, KEY_HEAD, &text);
    if (error < 0 || !text)
        return error < 0 ? error : -EUCLEAN;
    char *sequence = strchr(text, ' '), *hash = sequence ? strchr(sequence + 1, ' ') : NULL;
    if (!hash || sequence - text != CHAIN_UID_SIZE - 1)
        return -EUCLEAN;
    *sequence++ = *hash++ = '\0';
    strcpy(head.chain_uid, text);
    if (text_integer(sequence, &head.sequence) < 0 || head.sequence < 0 ||
        text_unhex(head.hash, CHAIN_HASH_SIZE, hash) < 0)
        return -EUCLEAN;
    *ret_head = head;
    return 0;
}
