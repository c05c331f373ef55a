/* UUID version 7 (RFC 9562 section 5.7): a time in its front, chance in the rest. */
#ifndef SEKISHO_BASE_UUID_H
#define SEKISHO_BASE_UUID_H

#include <stdint.h>

#define UUID_TEXT_SIZE 37 /* 36 characters and a NUL */

/* time_ms: since 1970 UTC. 0, or -EIO when the kernel has no random bytes to give. */
int uuid_make(int64_t time_ms, char ret_text[static UUID_TEXT_SIZE]);

#endif
