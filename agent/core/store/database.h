/* One SQLite file as the store opens it: one connection, locked for itself, WAL, little memory. */
#ifndef SEKISHO_CORE_STORE_DATABASE_H
#define SEKISHO_CORE_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_database_options {
    bool offline; /* must exist; nothing is written, not even a checkpoint */
    bool lazy;    /* commits are not synced by themselves (synchronous=NORMAL); otherwise each one is */
    int page_size, cache_kibibytes, checkpoint_pages;
};

/* Opens path, makes it where it is missing (not offline), and takes its lock for as long as it is open.
 * -EBUSY: somebody else has it open. -EUCLEAN: it is no database, or a damaged one. -ENOENT: offline, and not there. */
int store_database_open(
    const char *path, const struct store_database_options *options, sqlite3 **ret_database);

/* untouched: the file is known to be damaged and stays as it was found, without a last checkpoint. */
void store_database_close(sqlite3 *database, bool untouched);

int store_database_run(sqlite3 *database, const char *sql);
int store_database_prepare(sqlite3 *database, const char *sql, sqlite3_stmt **ret_statement);

/* Steps a statement that gives no row to its end and resets it. */
int store_database_finish(sqlite3_stmt *statement);

/* True when the schema is exactly these tables: a damaged one must not be read as an empty store. -ENODATA: no table at all. */
int store_database_match(sqlite3 *database, const char *const *schema);

/* SQLite's code as negative errno: -ENOSPC, -EBUSY, -EUCLEAN (damage in any of its guises), -ENOMEM, -EIO; 0 for success. */
int store_database_error(int code);

#endif
