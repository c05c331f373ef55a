/* state.db: small values that outlive everything, and the head of the chain. Never set aside: damaged means deny.
 *
 * The head is durable at most one behind the last acknowledged event, without an fsync of its own. The spool's commit of
 * event N is synced; then head N is written here unsynced and its way to the device begins. Before the commit of event N + 1
 * it is pushed: its pages are awaited (sync_file_range), in blocks that the log already owns. The flush of the device's cache
 * that ends the commit of N + 1 covers them too, both files being on one device. Head N is never here before event N is
 * durable there, so a spool that is behind this head has been rolled back, whatever was cut. A process that is killed loses
 * neither. Where the log still grows, the push is an fdatasync. On a file system that copies on write (btrfs) a power cut may
 * leave an older head: then a spool rolled back to no earlier than that head goes unnoticed here (not at the desk). */
#ifndef SEKISHO_CORE_STORE_STATE_H
#define SEKISHO_CORE_STORE_STATE_H

#include "record/chain.h"

struct store_state;

#define STATE_KEY_MAX   128
#define STATE_VALUE_MAX 65536

enum store_state_how {
    STORE_STATE_MAKE,   /* a file without tables is a new one */
    STORE_STATE_IN_USE, /* it is a damaged one */
    STORE_STATE_OFFLINE /* the same, and nothing is written */
};

/* path must be in a checked directory (store_files.h). -EBUSY: a second opener; -EUCLEAN: damaged. */
int store_state_open(const char *path, enum store_state_how how, struct store_state **ret_state);
void store_state_close(struct store_state *state);

/* ret_text is malloc'ed. -ENOENT: no such key. */
int store_state_get(struct store_state *state, const char *key, char **ret_text);

/* Durable when it returns, and so is whatever was written before it. -E2BIG: key or text longer than the limits above. */
int store_state_put(struct store_state *state, const char *key, const char *text);

/* Written, not yet durable: see above. */
int store_state_put_lazily(struct store_state *state, const char *key, const char *text);
int store_state_put_head(struct store_state *state, const struct chain_head *head);

/* Begins to write out what was written lazily, without waiting. */
void store_state_start(struct store_state *state);

/* Waits until what was written lazily is at the device: its next flush makes it durable. Does nothing when all is there. */
int store_state_push(struct store_state *state);

/* -ENOENT: a store without a chain yet; -EUCLEAN: not a head. */
int store_state_get_head(struct store_state *state, struct chain_head *ret_head);

#endif
