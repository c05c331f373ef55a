/* The chain read page after page, from the agent or from a store that no agent has open. */
#ifndef SEKISHO_CLI_PAGES_H
#define SEKISHO_CLI_PAGES_H

#include "command.h"

struct page_reader {
    int64_t from, since_ms; /* where to begin; since_ms counts where from is 0 */
    bool follow;            /* wait for what comes */
    int (*each)(void *context, const char *line, size_t size); /* non-zero ends the reading */
    void (*begin)(void *context,
        struct json_object *store); /* what the store says of itself, before its links; may be NULL */
    void *context;
};

/* EXIT_DONE, or the exit status of a fault that was said on stderr. */
int pages_read(const struct invocation *invocation, struct page_reader *reader);

/* Runs `sekishod --export directory`. *ret_store is what it says of the store: the caller's. */
int pages_read_store(const struct invocation *invocation, const char *directory, struct page_reader *reader,
    struct json_object **ret_store);

#endif
