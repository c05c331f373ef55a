/* The texts of one document: read from /etc/sekisho, or from the last accepted copy. Private to core/settings*.c. */
#ifndef SEKISHO_CORE_SETTINGS_BUNDLE_H
#define SEKISHO_CORE_SETTINGS_BUNDLE_H

#include "core/settings.h"

#define SETTINGS_FILES_MAX 257 /* policy.json and 256 in policy.d */

struct settings_text {
    char *name; /* "policy.d/10-media.json": as messages and the accepted copy show it */
    char *bytes;
    size_t size;
};

/* Begins as zeros. The texts are the bundle's own, or stand inside whole when that is not NULL. */
struct settings_bundle {
    unsigned count;
    struct settings_text texts[SETTINGS_FILES_MAX];
    char *whole;
};

void settings_bundle_clear(struct settings_bundle *bundle);

/* Takes a copy of name and takes bytes over (also on a fault). -ENOMEM, -E2BIG. */
int settings_bundle_add(struct settings_bundle *bundle, const char *name, char *bytes, size_t size);

/* SHA-256 in hex over "NAME LENGTH\n" and the bytes of each text in turn. */
int settings_bundle_hash(const struct settings_bundle *bundle, char ret_sha256[static 65]);

/* The accepted copy is one file, "agent.accepted" or "policy.accepted": a line with the hash, then what the hash is over. It is
 * written only when it differs from (or is damaged against) what stands there. */
int settings_bundle_keep(const struct settings_bundle *bundle, const char *store_directory,
    enum settings_which which, const char *sha256);

/* -ENOENT when there is none; -EBADMSG with ret_error filled when it is damaged or not ours. */
int settings_bundle_load(struct settings_bundle *bundle, const char *store_directory,
    enum settings_which which, uid_t owner, char ret_sha256[static 65], struct json_error *ret_error);

/* A fault of a file as a whole: fills ret_error, returns -EBADMSG. */
int settings_fault(struct json_error *ret_error, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
