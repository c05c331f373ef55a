/* sekisho verify: walks the chain link by link and names what is missing or altered. */
#include "command.h"
#include "pages.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "record/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FAULTS_SHOWN 100

struct verification {
    struct chain_walk walk;
    struct chain_head known; /* what state.db knew before the walk */
    int64_t events, pruned, first_time_ms, last_time_ms;
    int64_t heartbeats, bad_signatures;
    uint8_t key[CHAIN_PUBLIC_SIZE];
    bool has_key;
    struct json_object *faults; /* [{"sequence","fault"}] */
    int64_t fault_count;
};

static void fault_add(struct verification *verification, int64_t sequence, const char *name)
{
    if (verification->fault_count++ >= FAULTS_SHOWN)
        return;
    struct json_object *fault = json_object_new_object();
    json_object_object_add(fault, "sequence", json_object_new_int64(sequence));
    json_object_object_add(fault, "fault", json_object_new_string(name));
    json_object_array_add(verification->faults, fault);
}

static int link_read(struct json_object *event, const char *line, size_t size, struct chain_link *ret_link)
{
    struct json_object *pruned = member(event, "pruned");
    struct json_object *own = pruned ? pruned : member(event, "unmapped.sekisho");
    *ret_link = (struct chain_link){
        .sequence = pruned ? member_number(pruned, "sequence") : member_number(event, "metadata.sequence"),
        .class_uid = (unsigned)member_number(pruned ? pruned : event, "class_uid"),
        .body = pruned ? NULL : line,
        .body_size = pruned ? 0 : size,
    };
    int error = text_unhex(ret_link->prev_hash, CHAIN_HASH_SIZE, member_text(own, "prev_hash"));
    return error < 0 ? error : text_unhex(ret_link->hash, CHAIN_HASH_SIZE, member_text(own, "hash"));
}

/* A heartbeat carries the head before it, signed: a forger of the chain would need the chain key too. */
static void signature_check(
    struct verification *verification, struct json_object *event, const struct chain_head *before)
{
    const char *text = member_text(event, "unmapped.sekisho.head_signature");
    uint8_t signature[CHAIN_SIGNATURE_SIZE], hash[CHAIN_HASH_SIZE];
    if (!*text || !verification->has_key)
        return;
    struct chain_head head = *before;
    head.sequence = member_number(event, "unmapped.sekisho.head_sequence");
    verification->heartbeats++;
    if (text_unhex(signature, sizeof(signature), text) >= 0 &&
        text_unhex(hash, sizeof(hash), member_text(event, "unmapped.sekisho.head_hash")) >= 0) {
        memcpy(head.hash, hash, sizeof(hash));
        if (chain_head_verify(&head, verification->key, signature) >= 0 &&
            (head.sequence != before->sequence || memcmp(hash, before->hash, sizeof(hash)) == 0))
            return;
    }
    verification->bad_signatures++;
    fault_add(verification, member_number(event, "metadata.sequence"), "signature");
}

static int each_link(void *context, const char *line, size_t size)
{
    struct verification *verification = context;
    struct chain_link link;
    struct json_object *event = json_tokener_parse(line);
    if (!event || link_read(event, line, size, &link) < 0) {
        fault_add(verification, verification->walk.head.sequence + 1, "unreadable");
        json_object_put(event);
        return 0;
    }
    struct chain_head before = verification->walk.head;
    enum chain_fault fault = chain_walk_next(&verification->walk, &link);
    if (fault != CHAIN_OK)
        fault_add(verification, link.sequence, chain_fault_name(fault));
    signature_check(verification, event, &before);
    verification->events++;
    verification->pruned += !link.body;
    json_object_put(event);
    return 0;
}

static void known_read(struct json_object *store, struct chain_head *ret_known)
{
    *ret_known = (struct chain_head){.sequence = member_number(store, "known_head.sequence")};
    snprintf(
        ret_known->chain_uid, sizeof(ret_known->chain_uid), "%s", member_text(store, "known_head.chain_uid"));
    text_unhex(ret_known->hash, CHAIN_HASH_SIZE, member_text(store, "known_head.hash"));
}

static int verification_end(
    const struct invocation *invocation, struct verification *verification, struct json_object *store)
{
    const struct chain_head *known = &verification->known;
    enum chain_fault fault = chain_walk_end(&verification->walk, known);
    if (fault != CHAIN_OK)
        fault_add(verification, known->sequence, chain_fault_name(fault));
    int64_t lost = member_number(store, "lost");
    bool whole = verification->fault_count == 0;
    struct json_object *result = json_object_new_object();
    json_object_object_add(result, "complete", json_object_new_boolean(whole));
    json_object_object_add(result, "chain_uid", json_object_new_string(verification->walk.head.chain_uid));
    json_object_object_add(result, "events", json_object_new_int64(verification->events));
    json_object_object_add(result, "pruned", json_object_new_int64(verification->pruned));
    json_object_object_add(result, "lost", json_object_new_int64(lost));
    json_object_object_add(result, "last_sequence", json_object_new_int64(verification->walk.head.sequence));
    json_object_object_add(result, "known_sequence", json_object_new_int64(known->sequence));
    json_object_object_add(result, "signed_heads", json_object_new_int64(verification->heartbeats));
    json_object_object_add(result, "fault_count", json_object_new_int64(verification->fault_count));
    json_object_object_add(result, "faults", json_object_get(verification->faults));
    if (invocation->json) {
        print_json(result);
    } else {
        printf(_("chain %s: %lld events, last %lld, %lld kept only as links, %lld counted as lost, %lld "
                 "signed heads\n"),
            verification->walk.head.chain_uid, (long long)verification->events,
            (long long)verification->walk.head.sequence, (long long)verification->pruned, (long long)lost,
            (long long)verification->heartbeats);
        for (size_t i = 0; i < json_object_array_length(verification->faults); i++) {
            struct json_object *found = json_object_array_get_idx(verification->faults, i);
            printf(
                "  %lld: %s\n", (long long)member_number(found, "sequence"), _(member_text(found, "fault")));
        }
        puts(whole ? _("complete: nothing is missing and nothing was altered") : _("NOT complete"));
    }
    json_object_put(result);
    return whole ? EXIT_DONE : EXIT_NEGATIVE;
}

static void store_read(void *context, struct json_object *store)
{
    struct verification *verification = context;
    verification->has_key =
        text_unhex(verification->key, sizeof(verification->key), member_text(store, "chain_key")) >= 0;
    known_read(store, &verification->known);
    verification->walk.known = &verification->known;
}

static int verify_agent(const struct invocation *invocation, struct verification *verification)
{
    struct json_object *status = NULL;
    int exit = command_ask(invocation, "status", NULL, &status);
    if (exit != EXIT_DONE)
        return exit;
    struct json_object *store = member(status, "store");
    store_read(verification, store);
    struct page_reader reader = {
        .from = member_number(store, "first_sequence"), .each = each_link, .context = verification};
    exit = pages_read(invocation, &reader);
    if (exit == EXIT_DONE)
        exit = verification_end(invocation, verification, store);
    json_object_put(status);
    return exit;
}

static int verify_store(
    const struct invocation *invocation, struct verification *verification, const char *directory)
{
    struct json_object *whole = NULL;
    struct page_reader reader = {.each = each_link, .begin = store_read, .context = verification};
    int exit = pages_read_store(invocation, directory, &reader, &whole);
    if (exit == EXIT_DONE)
        exit = verification_end(invocation, verification, member(whole, "store"));
    json_object_put(whole);
    return exit;
}

int command_verify(const struct invocation *invocation)
{
    struct verification verification = {.faults = json_object_new_array()};
    int exit = EXIT_USAGE;
    if (invocation->argc == 0)
        exit = verify_agent(invocation, &verification);
    else if (invocation->argc == 2 && strcmp(invocation->argv[0], "--store") == 0)
        exit = verify_store(invocation, &verification, invocation->argv[1]);
    json_object_put(verification.faults);
    return exit;
}
