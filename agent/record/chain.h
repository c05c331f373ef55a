/* The hash chain that events stand in: hash = SHA-256 over the canonical JSON of the event without its `hash`. Both ends
 * compute it with this code. Pure: no file, no clock. */
#ifndef SEKISHO_RECORD_CHAIN_H
#define SEKISHO_RECORD_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH_SIZE      32
#define CHAIN_SIGNATURE_SIZE 64 /* Ed25519 */
#define CHAIN_PUBLIC_SIZE    32
#define CHAIN_SECRET_SIZE    32
#define CHAIN_UID_SIZE       37 /* UUID text and NUL */

struct chain_head {
    char chain_uid[CHAIN_UID_SIZE];
    int64_t sequence; /* 0: no event yet */
    uint8_t hash[CHAIN_HASH_SIZE];
};

/* One link as it is stored: the whole event, or after pruning only its {sequence, prev_hash, hash, class}. */
struct chain_link {
    int64_t sequence;
    unsigned class_uid;
    uint8_t prev_hash[CHAIN_HASH_SIZE], hash[CHAIN_HASH_SIZE];
    const char *body; /* canonical JSON with `hash` in it; NULL when pruned */
    size_t body_size;
};

enum chain_fault {
    CHAIN_OK,
    CHAIN_GAP,       /* sequence jumps */
    CHAIN_REORDERED, /* sequence does not grow */
    CHAIN_BROKEN,    /* prev_hash is not the hash before */
    CHAIN_EDITED,    /* the body does not hash to its hash, or disagrees with its own sequence or prev_hash */
    CHAIN_FOREIGN,   /* another chain_uid inside */
    CHAIN_ROLLED_BACK /* the chain ends before the head that state.db knows, or has another event in its place */
};

const char *chain_fault_name(enum chain_fault fault);

/* Walks link after link. Starts from zeros; an already pruned front may start from a known head. Each fault is named once, and
 * the walk goes on from what it can still trust. */
struct chain_walk {
    struct chain_head head;
    const struct chain_head
        *known;   /* may be NULL; borrowed: also compared when the walk passes its sequence, so that a chain
                                       rolled back and grown again is found out */
    bool strayed; /* another event stood in its place */
};

enum chain_fault chain_walk_next(struct chain_walk *walk, const struct chain_link *link);

/* After the last link: is the walk's head at or past what was known, and of the same chain? CHAIN_FOREIGN, CHAIN_ROLLED_BACK. */
enum chain_fault chain_walk_end(const struct chain_walk *walk, const struct chain_head *known);

/* Adds unmapped.sekisho.hash to an encoded event and gives the canonical bytes that are stored and sent. *ret_body is malloc'ed.
 * -EINVAL when there is no unmapped.sekisho; canonical_json()'s errors; -EIO when libcrypto fails. */
struct json_object;
int chain_seal(
    struct json_object *event, uint8_t ret_hash[static CHAIN_HASH_SIZE], char **ret_body, size_t *ret_size);

/* The signed head: Ed25519 over "sekisho/head/v1\0" and canonical {"chain_uid","hash","sequence"}. */
int chain_head_sign(const struct chain_head *head, const uint8_t secret[static CHAIN_SECRET_SIZE],
    uint8_t ret_signature[static CHAIN_SIGNATURE_SIZE]);
int chain_head_verify(const struct chain_head *head, const uint8_t public_key[static CHAIN_PUBLIC_SIZE],
    const uint8_t signature[static CHAIN_SIGNATURE_SIZE]); /* 0, or -EKEYREJECTED */

#endif
