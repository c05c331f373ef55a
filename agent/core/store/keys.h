/* chain.key: the Ed25519 key that signs heads of the chain. Made on this terminal at the first start, never shipped. */
#ifndef SEKISHO_CORE_STORE_KEYS_H
#define SEKISHO_CORE_STORE_KEYS_H

#include "record/chain.h"

struct store_keys {
    uint8_t secret[CHAIN_SECRET_SIZE], public_key[CHAIN_PUBLIC_SIZE];
};

/* One line, "sekisho/chain-key/v1 SECRET PUBLIC" in hex. The public half is there to notice damage: it must be the secret's.
 * (A key bound to machine-id and root file system will be a v2 of this line.)
 * -ENOENT: no file; -EUCLEAN: not that line, or the halves do not belong together. */
int store_keys_read(int directory, struct store_keys *ret_keys);

/* A new one from the kernel's random bytes, on disk when it returns. */
int store_keys_make(int directory, struct store_keys *ret_keys);

void store_keys_wipe(struct store_keys *keys);

#endif
