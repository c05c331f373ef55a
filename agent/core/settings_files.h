/* Settings files, read only after owner, mode and kind are seen to be right. Private to core/settings*.c. */
#ifndef SEKISHO_CORE_SETTINGS_FILES_H
#define SEKISHO_CORE_SETTINGS_FILES_H

#include "core/settings_bundle.h"

#define SETTINGS_AGENT_LIMIT  (1024 * 1024)
#define SETTINGS_POLICY_LIMIT (64 * 1024 * 1024)

/* Of a document as a whole, however many files it has. */
size_t settings_limit(enum settings_which which);

/* "agent.json", "policy.json" */
const char *settings_file_name(enum settings_which which);

/* A folder that only owner may change. -ENOENT, or -EBADMSG with ret_error filled. */
int settings_directory_open(
    int directory, const char *name, const char *shown, uid_t owner, struct json_error *ret_error);

/* A regular file with one name that only owner may change. shown: its name in messages. -ENOENT, -ENOMEM, -EBADMSG. */
int settings_file_read(int directory, const char *name, const char *shown, uid_t owner, size_t limit,
    char **ret_bytes, size_t *ret_size, struct json_error *ret_error);

/* All files of a document, in the order in which they are merged; no file at all is an empty bundle. */
int settings_files_read(const struct settings_source *source, enum settings_which which,
    struct settings_bundle *bundle, struct json_error *ret_error);

#endif
