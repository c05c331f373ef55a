/* The store's directory and what may stand in it: regular files of ours, 0600, one name each. */
#ifndef SEKISHO_CORE_STORE_FILES_H
#define SEKISHO_CORE_STORE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#define STORE_SPOOL "spool.db"
#define STORE_STATE "state.db"
#define STORE_KEY   "chain.key"

/* Opens the directory. -ENOENT: it is missing; -ENOTDIR; -EPERM: not ours, or others may write in it. Said in the log. */
int store_directory_open(const char *path);

/* Everything the store will open, SQLite's own companions included. -EPERM: a symlink, FIFO, second hard link, another's file
 * or one that others may read stands there; said in the log. What is missing is fine. */
int store_files_check(int directory);

/* 1: there, and a regular file; 0: not there. */
int store_file_exists(int directory, const char *name);

/* An empty file 0600 where none is, so that SQLite never chooses a mode. */
int store_file_make(int directory, const char *name);

/* Removes NAME and its companions: only for what was never in use. */
void store_file_remove(int directory, const char *name);

/* Renames spool.db and its companions to spool-WHY-DATE.db…; ret_name is a file name. Of those set aside before only the newest
 * few stay, since whoever can damage a file can do it again and again. */
#define STORE_ASIDE_NAME_SIZE 64
#define STORE_ASIDE_KEPT      8
int store_spool_set_aside(
    int directory, const char *why, int64_t time_ms, char ret_name[static STORE_ASIDE_NAME_SIZE]);

#endif
