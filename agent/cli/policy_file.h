/* A policy's text on its way from a person to /etc/sekisho: read once, judged by the daemon's own reader, put whole. */
#ifndef SEKISHO_CLI_POLICY_FILE_H
#define SEKISHO_CLI_POLICY_FILE_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

#define POLICY_NAME_MAX 64

struct policy_file {
    char *bytes; /* owned; NULL: there is no file */
    size_t size;
};

void policy_file_clear(struct policy_file *file);
#define cleanup_policy_file_ cleanup_(policy_file_clear)

/* path "-": standard input. Negative errno. */
int policy_file_read(const char *path, struct policy_file *ret_file);

/* Runs `sekishod --check` over these very bytes, as the caller: as a whole policy, or as a part for policy.d. 0; or -EBADMSG
 * with one line of its words, in which the file is called by its path. */
struct policy_checker {
    const char *daemon_program, *path; /* borrowed */
    bool part;
};
int policy_file_check(
    const struct policy_file *file, const struct policy_checker *checker, char *said, size_t capacity);

/* Below the open configuration directory: what stands there now (no file: bytes NULL), and the new in its place, whole. */
int policy_file_get(int directory, const char *target, struct policy_file *ret_file);
int policy_file_put(int directory, const char *target, const struct policy_file *file);

bool policy_file_is_same(const struct policy_file *left, const struct policy_file *right);
/* May a file in policy.d be called this, without ".json"? */
bool policy_file_is_name(const char *name);

#endif
