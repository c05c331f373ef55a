/* Old events lose their bodies and keep their links. */
#include "base/cleanup.h"
#include "core/store/spool_rows.h"

#include <errno.h>

#define PRUNE_WINDOW 256 /* links that one call goes through at most */

struct pruned_row {
    struct chain_link link;
    int64_t time_ms, peak_ms;
};

/* The rows of a window, without their bodies; *pruned counts those that had one. */
static int rows_read(struct store_spool *spool, int64_t from, int64_t to, struct pruned_row *rows,
    unsigned *ret_count, int64_t *pruned)
{
    sqlite3_stmt *each = spool->statements[SPOOL_EACH];
    unsigned count = 0;
    int code = SQLITE_DONE, error = 0;
    sqlite3_bind_int64(each, 1, from);
    sqlite3_bind_int64(each, 2, PRUNE_WINDOW);
    while (error == 0 && count < PRUNE_WINDOW && (code = sqlite3_step(each)) == SQLITE_ROW) {
        struct pruned_row *row = &rows[count];
        if (!spool_link_read(each, &row->link))
            error = -EUCLEAN;
        if (row->link.sequence > to)
            break;
        *pruned += row->link.body != NULL;
        row->link.body = NULL;
        row->link.body_size = 0;
        row->time_ms = sqlite3_column_int64(each, 5);
        row->peak_ms = sqlite3_column_int64(each, 6);
        count++;
    }
    if (error == 0 && code != SQLITE_ROW && code != SQLITE_DONE)
        error = spool_error(spool);
    sqlite3_reset(each);
    *ret_count = count;
    return error;
}

/* Removed and inserted again rather than updated: only then does SQLite give the emptied pages back. */
static int rows_shorten(struct store_spool *spool, int64_t from, int64_t to, int64_t *ret_pruned)
{
    cleanup_free_ struct pruned_row *rows = calloc(PRUNE_WINDOW, sizeof(*rows));
    unsigned count = 0;
    int64_t pruned = 0;
    if (!rows)
        return -ENOMEM;
    int error = rows_read(spool, from, to, rows, &count, &pruned);
    if (error < 0 || pruned == 0)
        return error;
    error = store_database_run(spool->database, "BEGIN");
    if (error >= 0) {
        sqlite3_bind_int64(spool->statements[SPOOL_REMOVE], 1, from);
        sqlite3_bind_int64(spool->statements[SPOOL_REMOVE], 2, to);
        error = store_database_finish(spool->statements[SPOOL_REMOVE]);
    }
    for (unsigned i = 0; i < count && error >= 0; i++)
        error = spool_row_insert(spool, &rows[i].link, rows[i].time_ms, rows[i].peak_ms);
    if (error >= 0)
        error = store_database_run(spool->database, "COMMIT");
    if (error < 0)
        sqlite3_exec(spool->database, "ROLLBACK", NULL, NULL, NULL); /* no transaction: nothing to do */
    else
        *ret_pruned = pruned;
    return error;
}

int store_spool_prune(struct store_spool *spool, int64_t before_ms, int64_t *ret_pruned)
{
    int64_t to = 0, pruned = 0;
    int error = 0;
    if (spool->prune_from == 0)
        error = spool_number_read(spool, SPOOL_PRUNE_FROM, &spool->prune_from);
    if (error >= 0) {
        sqlite3_bind_int64(spool->statements[SPOOL_PRUNE_TO], 1, spool->prune_from);
        sqlite3_bind_int64(spool->statements[SPOOL_PRUNE_TO], 2, spool->prune_from + PRUNE_WINDOW);
        sqlite3_bind_int64(spool->statements[SPOOL_PRUNE_TO], 3, before_ms);
        error = spool_number_read(spool, SPOOL_PRUNE_TO, &to);
    }
    if (error >= 0)
        error = rows_shorten(spool, spool->prune_from, to, &pruned);
    if (error < 0 && error != -ENOENT) /* -ENOENT: nothing is old */
        return error;
    if (error >= 0)
        spool->prune_from = to + 1;
    *ret_pruned = pruned;
    return 0;
}
