#include "record/chain.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "record/canonical.h"

#include <openssl/evp.h>
#include <string.h>

static int hash_of(struct json_object *value, uint8_t ret_hash[static CHAIN_HASH_SIZE])
{
    cleanup_free_ char *text = NULL;
    size_t size;
    int error = canonical_json(value, &text, &size);
    if (error < 0)
        return error;
    return EVP_Digest(text, size, ret_hash, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

static struct json_object *own_part(struct json_object *event)
{
    struct json_object *unmapped, *own;
    if (json_object_object_get_ex(event, "unmapped", &unmapped) &&
        json_object_object_get_ex(unmapped, "sekisho", &own) && json_object_is_type(own, json_type_object))
        return own;
    return NULL;
}

int chain_seal(
    struct json_object *event, uint8_t ret_hash[static CHAIN_HASH_SIZE], char **ret_body, size_t *ret_size)
{
    uint8_t hash[CHAIN_HASH_SIZE];
    char hex[2 * CHAIN_HASH_SIZE + 1];
    struct json_object *own = own_part(event);
    if (!own)
        return -EINVAL;
    json_object_object_del(own, "hash");
    int error = hash_of(event, hash);
    if (error < 0)
        return error;
    text_hex(hex, hash, sizeof(hash));
    struct json_object *value = json_object_new_string(hex);
    if (!value)
        return -ENOMEM;
    json_object_object_add(own, "hash", value);
    error = canonical_json(event, ret_body, ret_size);
    if (error >= 0)
        memcpy(ret_hash, hash, sizeof(hash));
    return error;
}

/* --- walking ---------------------------------------------------------------------------------------------------------- */

const char *chain_fault_name(enum chain_fault fault)
{
    switch (fault) {
    case CHAIN_OK:
        return "ok";
    case CHAIN_GAP:
        return "gap";
    case CHAIN_REORDERED:
        return "reordered";
    case CHAIN_BROKEN:
        return "broken";
    case CHAIN_EDITED:
        return "edited";
    case CHAIN_FOREIGN:
        return "foreign";
    case CHAIN_ROLLED_BACK:
        return "rolled back";
    }
    return "unknown";
}

static void object_put(struct json_object **object)
{
    json_object_put(*object);
}
#define cleanup_object_ cleanup_(object_put)

static struct json_object *parse(const char *bytes, size_t size)
{
    struct json_tokener *tokener = size <= INT32_MAX ? json_tokener_new_ex(CANONICAL_DEPTH_MAX + 1) : NULL;
    if (!tokener)
        return NULL;
    struct json_object *value = json_tokener_parse_ex(tokener, bytes, (int)size);
    json_tokener_free(tokener);
    return value;
}

static const char *text_at(struct json_object *object, const char *key)
{
    struct json_object *value;
    if (json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string))
        return json_object_get_string(value);
    return "";
}

static int64_t sequence_in(struct json_object *event)
{
    struct json_object *metadata, *value;
    if (json_object_object_get_ex(event, "metadata", &metadata) &&
        json_object_object_get_ex(metadata, "sequence", &value) && json_object_is_type(value, json_type_int))
        return json_object_get_int64(value);
    return -1;
}

static bool is_hash(const char *text, const uint8_t hash[static CHAIN_HASH_SIZE])
{
    char hex[2 * CHAIN_HASH_SIZE + 1];
    text_hex(hex, hash, CHAIN_HASH_SIZE);
    return strcmp(text, hex) == 0;
}

/* Sealed again, the event must give the very bytes: json-c reads more than canonical JSON, so that alone shows no byte changed. */
static bool is_sealed(struct json_object *event, const struct chain_link *link)
{
    uint8_t hash[CHAIN_HASH_SIZE];
    cleanup_free_ char *text = NULL;
    size_t size;
    if (chain_seal(event, hash, &text, &size) < 0)
        return false;
    return memcmp(hash, link->hash, sizeof(hash)) == 0 && size == link->body_size &&
           memcmp(text, link->body, size) == 0;
}

static enum chain_fault body_check(struct chain_walk *walk, const struct chain_link *link)
{
    struct json_object *event cleanup_object_ = parse(link->body, link->body_size);
    struct json_object *own = own_part(event);
    if (!own || sequence_in(event) != link->sequence ||
        !is_hash(text_at(own, "prev_hash"), link->prev_hash) || !is_sealed(event, link))
        return CHAIN_EDITED;
    const char *chain = text_at(own, "chain_uid");
    if (!walk->head.chain_uid[0] && strlen(chain) < sizeof(walk->head.chain_uid))
        strcpy(walk->head.chain_uid, chain);
    return strcmp(chain, walk->head.chain_uid) == 0 ? CHAIN_OK : CHAIN_FOREIGN;
}

static enum chain_fault place_check(const struct chain_walk *walk, const struct chain_link *link)
{
    if (link->sequence <= walk->head.sequence)
        return CHAIN_REORDERED;
    if (link->sequence != walk->head.sequence + 1)
        return CHAIN_GAP;
    return memcmp(link->prev_hash, walk->head.hash, CHAIN_HASH_SIZE) == 0 ? CHAIN_OK : CHAIN_BROKEN;
}

static void step(struct chain_walk *walk, const struct chain_link *link)
{
    walk->head.sequence = link->sequence;
    memcpy(walk->head.hash, link->hash, CHAIN_HASH_SIZE);
    if (walk->known && walk->known->sequence == link->sequence &&
        memcmp(walk->known->hash, link->hash, CHAIN_HASH_SIZE) != 0)
        walk->strayed = true;
}

enum chain_fault chain_walk_next(struct chain_walk *walk, const struct chain_link *link)
{
    enum chain_fault fault = link->body ? body_check(walk, link) : CHAIN_OK;
    enum chain_fault place = place_check(walk, link);
    if (fault == CHAIN_OK)
        fault = place;
    /* A number that an edited or foreign body gives itself must not carry the walk away; past a gap it goes on. */
    if (link->sequence == walk->head.sequence + 1 || fault == CHAIN_GAP)
        step(walk, link);
    return fault;
}

enum chain_fault chain_walk_end(const struct chain_walk *walk, const struct chain_head *known)
{
    if (known->sequence > 0 && walk->head.chain_uid[0] && strcmp(walk->head.chain_uid, known->chain_uid) != 0)
        return CHAIN_FOREIGN;
    if (walk->strayed || walk->head.sequence < known->sequence)
        return CHAIN_ROLLED_BACK;
    if (walk->head.sequence == known->sequence && memcmp(walk->head.hash, known->hash, CHAIN_HASH_SIZE) != 0)
        return CHAIN_ROLLED_BACK;
    return CHAIN_OK;
}
