/* Canonical JSON (RFC 8785, JCS) of the part of JSON that Sekisho uses: what is hashed, signed, stored and sent. */
#ifndef SEKISHO_RECORD_CANONICAL_H
#define SEKISHO_RECORD_CANONICAL_H

#include <json-c/json.h>
#include <stddef.h>

#define CANONICAL_DEPTH_MAX   16 /* as the scanner's JSON_DEPTH_MAX */
#define CANONICAL_MEMBERS_MAX 64 /* of one object */

/* Objects, arrays, strings, booleans and integers within ±(2⁵³ − 1). Keys must be ASCII (their order is then that of
 * RFC 8785 3.2.3). *ret_text is malloc'ed and ends in a NUL that *ret_size does not count.
 * -EINVAL: a double, a null, a key that is not ASCII, text that is not UTF-8; -ERANGE: an integer out of bounds;
 * -E2BIG: nested too deep, or an object with too many members; -ENOMEM. */
int canonical_json(struct json_object *value, char **ret_text, size_t *ret_size);

#endif
