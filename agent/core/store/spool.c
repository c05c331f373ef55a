#include "core/store/spool.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/store/database.h"
#include "core/store/spool_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_LINKS 8 /* looked at when opening */

static const struct store_database_options OPTIONS = {
    .page_size = 4096, .cache_kibibytes = 64, .checkpoint_pages = 1000};

/* peak_ms is the largest time up to this link. It never falls, so a time is found by halving even where the clock was
 * set back: the first event at or after T is the first whose peak is. */
static const char *const SCHEMA[] = {"CREATE TABLE chain(uid TEXT NOT NULL)",
    "CREATE TABLE link(sequence INTEGER PRIMARY KEY, class_uid INTEGER NOT NULL, time_ms INTEGER NOT NULL, "
    "peak_ms INTEGER NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL, body BLOB)",
    NULL};

static const char *const STATEMENTS[SPOOL_STATEMENT_COUNT] = {
    [SPOOL_APPEND] = "INSERT INTO link(sequence, class_uid, time_ms, peak_ms, prev_hash, hash, body) "
                     "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SPOOL_EACH] = "SELECT sequence, class_uid, prev_hash, hash, body, time_ms, peak_ms FROM link "
                   "WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2",
    [SPOOL_HASH] = "SELECT hash FROM link WHERE sequence = ?1",
    [SPOOL_PEAK] = "SELECT peak_ms FROM link WHERE sequence = ?1",
    [SPOOL_PAGES] = "PRAGMA page_count",
    [SPOOL_FREE_PAGES] = "PRAGMA freelist_count",
    [SPOOL_PRUNE_FROM] = "SELECT sequence FROM link WHERE body IS NOT NULL ORDER BY sequence LIMIT 1",
    [SPOOL_PRUNE_TO] =
        "SELECT max(sequence) FROM link WHERE sequence >= ?1 AND sequence < ?2 AND time_ms < ?3",
    [SPOOL_REMOVE] = "DELETE FROM link WHERE sequence >= ?1 AND sequence <= ?2",
};

int spool_error(const struct store_spool *spool)
{
    int error = store_database_error(sqlite3_extended_errcode(spool->database));
    return error < 0 ? error : -EUCLEAN;
}

int spool_number_read(struct store_spool *spool, enum spool_statement which, int64_t *ret_number)
{
    sqlite3_stmt *statement = spool->statements[which];
    int code = sqlite3_step(statement), error = -ENOENT;
    if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_INTEGER) {
        *ret_number = sqlite3_column_int64(statement, 0);
        error = 0;
    } else if (code == SQLITE_ROW ? sqlite3_column_type(statement, 0) != SQLITE_NULL : code != SQLITE_DONE) {
        error = spool_error(spool);
    }
    sqlite3_reset(statement);
    return error;
}

static bool hash_read(sqlite3_stmt *statement, int column, uint8_t ret_hash[static CHAIN_HASH_SIZE])
{
    const void *bytes = sqlite3_column_blob(statement, column);
    if (!bytes || sqlite3_column_bytes(statement, column) != CHAIN_HASH_SIZE)
        return false;
    memcpy(ret_hash, bytes, CHAIN_HASH_SIZE);
    return true;
}

bool spool_link_read(sqlite3_stmt *statement, struct chain_link *ret_link)
{
    *ret_link = (struct chain_link){
        .sequence = sqlite3_column_int64(statement, 0),
        .class_uid = (unsigned)sqlite3_column_int64(statement, 1),
        .body = sqlite3_column_blob(statement, 4),
        .body_size = (size_t)sqlite3_column_bytes(statement, 4),
    };
    return hash_read(statement, 2, ret_link->prev_hash) && hash_read(statement, 3, ret_link->hash);
}

int store_spool_each(struct store_spool *spool, int64_t from, unsigned limit,
    int (*each)(void *context, const struct chain_link *link), void *context)
{
    sqlite3_stmt *statement = spool->statements[SPOOL_EACH];
    sqlite3_bind_int64(statement, 1, from);
    sqlite3_bind_int64(statement, 2, limit);
    int result = 0, code = SQLITE_DONE;
    while (result == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct chain_link link;
        result = spool_link_read(statement, &link) ? each(context, &link) : -EUCLEAN;
    }
    if (result == 0 && code != SQLITE_DONE)
        result = spool_error(spool);
    sqlite3_reset(statement);
    return result;
}

int store_spool_hash(struct store_spool *spool, int64_t sequence, uint8_t ret_hash[static CHAIN_HASH_SIZE])
{
    sqlite3_stmt *statement = spool->statements[SPOOL_HASH];
    sqlite3_bind_int64(statement, 1, sequence);
    int code = sqlite3_step(statement), error = 0;
    if (code == SQLITE_ROW)
        error = hash_read(statement, 0, ret_hash) ? 0 : -EUCLEAN;
    else
        error = code == SQLITE_DONE ? -ENOENT : spool_error(spool);
    sqlite3_reset(statement);
    return error;
}

static int chain_begin(struct store_spool *spool, const char *chain_uid)
{
    sqlite3_stmt *insert = NULL;
    int error = store_database_run(spool->database, "BEGIN");
    for (unsigned i = 0; SCHEMA[i] && error >= 0; i++)
        error = store_database_run(spool->database, SCHEMA[i]);
    if (error >= 0)
        error = store_database_prepare(spool->database, "INSERT INTO chain(uid) VALUES(?1)", &insert);
    if (error >= 0) {
        sqlite3_bind_text(insert, 1, chain_uid, -1, SQLITE_STATIC);
        error = store_database_finish(insert);
        sqlite3_finalize(insert);
    }
    return error >= 0 ? store_database_run(spool->database, "COMMIT") : error;
}

static int chain_read(struct store_spool *spool)
{
    sqlite3_stmt *select = NULL;
    int error = store_database_prepare(spool->database, "SELECT uid FROM chain", &select);
    if (error < 0)
        return error;
    int code = sqlite3_step(select);
    const char *uid = code == SQLITE_ROW ? (const char *)sqlite3_column_text(select, 0) : NULL;
    if (uid && strlen(uid) == CHAIN_UID_SIZE - 1)
        strcpy(spool->head.chain_uid, uid);
    else /* what cannot be read just now is not corrupt */
        error = code == SQLITE_ROW || code == SQLITE_DONE ? -EUCLEAN : spool_error(spool);
    sqlite3_finalize(select);
    return error;
}

struct tail {
    struct chain_walk walk;
    int64_t from; /* the first that must be there */
};

/* The last links must be a chain; whether their bodies are what was hashed is for the walk to say. */
static int tail_check(void *context, const struct chain_link *link)
{
    struct tail *tail = context;
    struct chain_walk *walk = &tail->walk;
    if (walk->head.sequence == 0 && tail->from > 1) {
        walk->head.sequence = tail->from - 1;
        memcpy(walk->head.hash, link->prev_hash, CHAIN_HASH_SIZE);
    }
    /* Asked here, since the walk names an altered body first, and that one alone is no reason to leave the chain. */
    bool follows = link->sequence == walk->head.sequence + 1 &&
                   memcmp(link->prev_hash, walk->head.hash, CHAIN_HASH_SIZE) == 0;
    enum chain_fault fault = chain_walk_next(walk, link);
    if (fault != CHAIN_OK)
        log_warning("spool: event %lld: %s", (long long)link->sequence, chain_fault_name(fault));
    if (!follows || fault == CHAIN_FOREIGN)
        return -EUCLEAN;
    walk->head.sequence = link->sequence;
    memcpy(walk->head.hash, link->hash, CHAIN_HASH_SIZE);
    return 0;
}

static int tail_read(struct store_spool *spool)
{
    sqlite3_stmt *last = NULL;
    int error = store_database_prepare(
        spool->database, "SELECT sequence, peak_ms FROM link ORDER BY sequence DESC LIMIT 1", &last);
    if (error < 0)
        return error;
    int code = sqlite3_step(last);
    int64_t sequence = code == SQLITE_ROW ? sqlite3_column_int64(last, 0) : 0;
    spool->peak_ms = code == SQLITE_ROW ? sqlite3_column_int64(last, 1) : 0;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        error = spool_error(spool);
    sqlite3_finalize(last);
    if (error < 0 || code == SQLITE_DONE)
        return error;
    if (sequence < 1)
        return -EUCLEAN;
    struct tail tail = {
        .walk = {.head = spool->head}, .from = sequence > TAIL_LINKS ? sequence - TAIL_LINKS + 1 : 1};
    error = store_spool_each(spool, tail.from, TAIL_LINKS, tail_check, &tail);
    if (error >= 0 && tail.walk.head.sequence != sequence)
        error = -EUCLEAN;
    spool->head = tail.walk.head;
    return error;
}

static int spool_load(struct store_spool *spool, const char *chain_uid, bool offline)
{
    int error = store_database_match(spool->database, SCHEMA);
    if (error == -ENODATA)
        error = offline ? -EUCLEAN : chain_begin(spool, chain_uid);
    for (unsigned i = 0; i < SPOOL_STATEMENT_COUNT && error >= 0; i++)
        error = store_database_prepare(spool->database, STATEMENTS[i], &spool->statements[i]);
    if (error >= 0)
        error = chain_read(spool);
    return error;
}

int store_spool_open(const char *path, const char *chain_uid, bool offline, struct store_spool **ret_spool)
{
    struct store_spool *spool = calloc(1, sizeof(*spool));
    if (!spool)
        return -ENOMEM;
    struct store_database_options options = OPTIONS;
    options.offline = offline;
    int error = store_database_open(path, &options, &spool->database);
    if (error >= 0)
        error = spool_load(spool, chain_uid, offline);
    if (error >= 0) {
        error = tail_read(spool);
        /* Offline it is looked at because something is wrong: the walk names what, so it must get to see it. */
        if (offline && error == -EUCLEAN)
            error = 0;
    }
    if (error < 0) {
        store_spool_close(spool, true);
        return error;
    }
    *ret_spool = spool;
    return 0;
}

void store_spool_close(struct store_spool *spool, bool damaged)
{
    if (!spool)
        return;
    for (unsigned i = 0; i < SPOOL_STATEMENT_COUNT; i++)
        sqlite3_finalize(spool->statements[i]);
    store_database_close(spool->database, damaged);
    free(spool);
}

void store_spool_head(const struct store_spool *spool, struct chain_head *ret_head)
{
    *ret_head = spool->head;
}

int spool_row_insert(
    struct store_spool *spool, const struct chain_link *link, int64_t time_ms, int64_t peak_ms)
{
    sqlite3_stmt *append = spool->statements[SPOOL_APPEND];
    sqlite3_bind_int64(append, 1, link->sequence);
    sqlite3_bind_int64(append, 2, link->class_uid);
    sqlite3_bind_int64(append, 3, time_ms);
    sqlite3_bind_int64(append, 4, peak_ms);
    sqlite3_bind_blob(append, 5, link->prev_hash, CHAIN_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(append, 6, link->hash, CHAIN_HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(append, 7, link->body, (int)link->body_size, SQLITE_STATIC); /* NULL: pruned */
    int error = store_database_finish(append);
    sqlite3_clear_bindings(append);
    return error;
}

int store_spool_append(struct store_spool *spool, const struct chain_link *link, int64_t time_ms)
{
    int64_t peak_ms = time_ms > spool->peak_ms ? time_ms : spool->peak_ms;
    int error = spool_row_insert(spool, link, time_ms, peak_ms);
    if (error < 0)
        return error;
    spool->head.sequence = link->sequence;
    memcpy(spool->head.hash, link->hash, CHAIN_HASH_SIZE);
    spool->peak_ms = peak_ms;
    return 0;
}

int store_spool_find_time(struct store_spool *spool, int64_t time_ms, int64_t *ret_sequence)
{
    int64_t low = 1, high = spool->head.sequence + 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, peak_ms;
        sqlite3_bind_int64(spool->statements[SPOOL_PEAK], 1, middle);
        int error = spool_number_read(spool, SPOOL_PEAK, &peak_ms);
        if (error < 0)
            return error == -ENOENT ? -EUCLEAN : error;
        if (peak_ms >= time_ms)
            high = middle;
        else
            low = middle + 1;
    }
    *ret_sequence = low;
    return 0;
}

int store_spool_bytes(struct store_spool *spool, int64_t *ret_bytes)
{
    int64_t pages, free_pages;
    int error = spool_number_read(spool, SPOOL_PAGES, &pages);
    if (error >= 0)
        error = spool_number_read(spool, SPOOL_FREE_PAGES, &free_pages);
    if (error >= 0)
        *ret_bytes = (pages - free_pages) * OPTIONS.page_size;
    return error;
}
