/* spool.db: the events, each a link of one chain. A commit is durable when append returns. The file knows nothing of
 * quotas, keys or state.db; whoever finds it damaged (-EUCLEAN from any call here) sets it aside. */
#ifndef SEKISHO_CORE_STORE_SPOOL_H
#define SEKISHO_CORE_STORE_SPOOL_H

#include "record/chain.h"

#include <stdbool.h>

struct store_spool;

/* A new or empty file begins the chain `chain_uid`; an existing one keeps its own (see store_spool_head). offline: must
 * exist, is read alone, chain_uid is not used.
 * What opening looks at does not grow with the spool: schema, head, and the last few links. Damage elsewhere is met when it is
 * read; an altered body is for the walk of the chain (`sekisho verify`) to name. -EUCLEAN: damaged. */
int store_spool_open(const char *path, const char *chain_uid, bool offline, struct store_spool **ret_spool);

/* damaged: closes without touching the file, so that it is set aside as it was found. */
void store_spool_close(struct store_spool *spool, bool damaged);

/* The last link, from memory. */
void store_spool_head(const struct store_spool *spool, struct chain_head *ret_head);

/* The time of the last link, ms since 1970 UTC; 0: none. */

/* Appends link.sequence = head's + 1 with link.prev_hash = head's. Durable when it returns 0; otherwise not in the chain. */
int store_spool_append(struct store_spool *spool, const struct chain_link *link, int64_t time_ms);

/* Links from a sequence on, at most limit; each() returning non-zero stops it and is returned. The link is borrowed. */
int store_spool_each(struct store_spool *spool, int64_t from, unsigned limit,
    int (*each)(void *context, const struct chain_link *link), void *context);

/* The hash of one link. -ENOENT: there is no such link. */
int store_spool_hash(struct store_spool *spool, int64_t sequence, uint8_t ret_hash[static CHAIN_HASH_SIZE]);

/* First sequence whose event has a time at or after time_ms; one past the last when there is none. */
int store_spool_find_time(struct store_spool *spool, int64_t time_ms, int64_t *ret_sequence);

/* Pages in use, in bytes; what pruning freed is used again and does not count. */
int store_spool_bytes(struct store_spool *spool, int64_t *ret_bytes);

/* Takes the bodies of old events, from the front on and at most a few hundred at once, leaving their links. Old: the event, or
 * one after it, is from before before_ms. *ret_pruned may be 0. */
int store_spool_prune(struct store_spool *spool, int64_t before_ms, int64_t *ret_pruned);

#endif
