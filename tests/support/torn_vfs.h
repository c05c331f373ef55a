/* A SQLite VFS over the machine's own that cuts the power at a chosen operation: what was not flushed by then is kept, dropped
 * or torn, sector by sector, as a seed says. And a disk that is full.
 *
 * The model. A write is in the page cache until its file is synced; sync_file_range(2) with a wait moves it to the device's
 * cache; any flush (a sync of any file) makes all that is in the device's cache durable. At the cut each 512-byte sector that has
 * unflushed writes holds some state between the durable one and the newest, or a mixture of two next to each other. A file's new
 * length may or may not survive. That a file was made, renamed or deleted does survive: SQLite and the store sync the directory.
 * After the cut every operation fails until torn_vfs_begin(). */
#ifndef SEKISHO_TESTS_TORN_VFS_H
#define SEKISHO_TESTS_TORN_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define TORN_NEVER INT64_MAX

/* Becomes SQLite's default; sync_file_range() and fdatasync() of this program are seen too (torn_vfs.c defines them). */
void torn_vfs_install(void);
void torn_vfs_remove(void);

/* All that is in the files now is durable; the power fails at the n-th operation (write, truncate, sync, push) from here. */
void torn_vfs_begin(int64_t cut_at);
bool torn_vfs_is_cut(void);
int64_t torn_vfs_operations(void); /* since begin */

void torn_vfs_cut(void); /* now */

/* Cuts now if it has not happened, and writes what survived into the files. Every connection must be closed; once a cut. */
void torn_vfs_settle(uint64_t seed);

/* While true, no file gets longer: SQLITE_FULL. Blocks that a file has can be written again. */
void torn_vfs_fill(bool full);

/* Syncs of the files whose name holds `part` are claimed to be done, but are not: a lying disk. NULL: none. */
void torn_vfs_lie(const char *part);

#endif
