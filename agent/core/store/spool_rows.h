/* The rows of spool.db: for store_spool*.c alone. */
#ifndef SEKISHO_CORE_STORE_SPOOL_ROWS_H
#define SEKISHO_CORE_STORE_SPOOL_ROWS_H

#include "core/store/database.h"
#include "core/store/spool.h"

enum spool_statement {
    SPOOL_APPEND,
    SPOOL_EACH,
    SPOOL_HASH,
    SPOOL_PEAK,
    SPOOL_PAGES,
    SPOOL_FREE_PAGES,
    SPOOL_PRUNE_FROM,
    SPOOL_PRUNE_TO,
    SPOOL_REMOVE,
    SPOOL_STATEMENT_COUNT
};

struct store_spool {
    sqlite3 *database;
    sqlite3_stmt *statements[SPOOL_STATEMENT_COUNT];
    struct chain_head head;
    int64_t peak_ms;
    int64_t prune_from; /* no link before it has a body; 0: not looked yet */
};

/* What SQLite said last, as negative errno; what says nothing is damage too. */
int spool_error(const struct store_spool *spool);

/* One number out of a statement whose parameters are bound. -ENOENT: no row, or NULL. */
int spool_number_read(struct store_spool *spool, enum spool_statement which, int64_t *ret_number);

/* A row of SPOOL_EACH: its link, body borrowed until the next step; columns 5 and 6 are time_ms and peak_ms. False: it is none. */
bool spool_link_read(sqlite3_stmt *statement, struct chain_link *ret_link);

int spool_row_insert(
    struct store_spool *spool, const struct chain_link *link, int64_t time_ms, int64_t peak_ms);

#endif
