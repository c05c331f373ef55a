#include "core/store/database.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Damage makes SQLite say many things besides CORRUPT and NOTADB: ERROR for a lost table or a page size that cannot be,
 * CONSTRAINT for a sequence that is there already, PROTOCOL, TOOBIG, MISMATCH. So the machine's own troubles are listed
 * here and all the rest is damage. */
int store_database_error(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_IOERR:
        return code == SQLITE_IOERR_CORRUPTFS || code == SQLITE_IOERR_SHORT_READ ? -EUCLEAN : -EIO;
    case SQLITE_CANTOPEN:
        return -EIO;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
        return -EACCES;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return -EINVAL;
    default:
        return -EUCLEAN;
    }
}

int store_database_run(sqlite3 *database, const char *sql)
{
    sqlite3_exec(database, sql, NULL, NULL, NULL);
    return store_database_error(sqlite3_extended_errcode(database));
}

int store_database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    int error = store_database_error(sqlite3_extended_errcode(database));
    if (error < 0)
        return error;
    *ret_statement = statement;
    return 0;
}

int store_database_finish(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        code = sqlite3_extended_errcode(sqlite3_db_handle(statement));
    sqlite3_reset(statement);
    return store_database_error(code);
}

int store_database_match(sqlite3 *database, const char *const *schema)
{
    sqlite3_stmt *statement = NULL;
    int error = store_database_prepare(database, "SELECT sql FROM sqlite_schema ORDER BY rowid", &statement);
    if (error < 0)
        return error;
    unsigned found = 0;
    bool same = true;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(statement, 0);
        same = same && sql && schema[found] && strcmp(sql, schema[found]) == 0;
        found += same;
    }
    error = code == SQLITE_DONE ? 0 : store_database_error(sqlite3_extended_errcode(database));
    sqlite3_finalize(statement);
    if (error < 0)
        return error;
    if (same && found == 0)
        return -ENODATA;
    return same && !schema[found] ? 0 : -EUCLEAN;
}

/* A main file emptied while its log still holds frames: SQLite would take it for new and throw the log away.
 * (By stat alone: to close a descriptor of a locked file of ours would drop the lock, fcntl(2).) */
static bool is_emptied(const char *path)
{
    char log[PATH_MAX];
    struct stat main_status, log_status;
    if (snprintf(log, sizeof(log), "%s-wal", path) >= (int)sizeof(log))
        return false;
    return stat(path, &main_status) == 0 && main_status.st_size == 0 && stat(log, &log_status) == 0 &&
           log_status.st_size > 0;
}

/* The order matters: exclusive before WAL keeps the index of the log in our memory, and no -shm file exists. */
static int settle(sqlite3 *database, const struct store_database_options *options)
{
    char sql[512];
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, options->offline, NULL);
    snprintf(sql, sizeof(sql),
        "PRAGMA page_size=%d; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
        "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-%d;",
        options->page_size, options->cache_kibibytes);
    int error = store_database_run(database, sql);
    if (error < 0)
        return error;
    if (options->offline)
        return store_database_run(database, "PRAGMA query_only=ON; SELECT count(*) FROM sqlite_schema");
    snprintf(sql, sizeof(sql),
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=%d;"
        "BEGIN EXCLUSIVE; COMMIT",
        options->lazy ? "NORMAL" : "FULL", options->checkpoint_pages);
    error = store_database_run(database, sql);
    /* The log's blocks stay allocated from one run to the next: a commit into them needs no new metadata on disk. */
    int persist = 1;
    sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    return error;
}

int store_database_open(
    const char *path, const struct store_database_options *options, sqlite3 **ret_database)
{
    if (options->offline && access(path, F_OK) < 0)
        return -errno;
    if (is_emptied(path))
        return -EUCLEAN;
    sqlite3 *database = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (options->offline ? 0 : SQLITE_OPEN_CREATE);
    int error = store_database_error(sqlite3_open_v2(path, &database, flags, NULL));
    if (error >= 0)
        error = settle(database, options);
    if (error == -EROFS && access(path, W_OK) == 0)
        error = -EUCLEAN; /* the file system would let us write: it is the header that says otherwise */
    if (error < 0) {
        store_database_close(database, true);
        return error;
    }
    *ret_database = database;
    return 0;
}

void store_database_close(sqlite3 *database, bool untouched)
{
    if (!database)
        return;
    if (untouched)
        sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(database);
}
