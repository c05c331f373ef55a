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
    struct chain_head known; /* what the agent's other store knows of the end */
    int64_t events, pruned, heartbeats;
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

/* A heartbeat carries the head before it, signed: a forger of the chain would need the chain's key too. */
static const char *signature_fault(
    const struct verification *verification, struct json_object *event, const struct chain_head *before)
{
    uint8_t signature[CHAIN_SIGNATURE_SIZE];
    struct chain_head head = {0};
    snprintf(head.chain_uid, sizeof(head.chain_uid), "%s", member_text(event, "unmapped.sekisho.chain_uid"));
    head.sequence = member_number(event, "unmapped.sekisho.head_sequence");
    if (text_unhex(signature, sizeof(signature), member_text(event, "unmapped.sekisho.head_signature")) < 0 ||
        text_unhex(head.hash, sizeof(head.hash), member_text(event, "unmapped.sekisho.head_hash")) < 0 ||
        chain_head_verify(&head, verification->key, signature) < 0)
        return "signature";
    if (head.sequence > before->sequence ||
        (head.sequence == before->sequence && memcmp(head.hash, before->hash, sizeof(head.hash)) != 0))
        return chain_fault_name(CHAIN_ROLLED_BACK);
    return NULL;
}

static void signature_check(
    struct verification *verification, struct json_object *event, const struct chain_head *before)
{
    if (!verification->has_key || !member(event, "unmapped.sekisho.head_signature"))
        return;
    const char *fault = signature_fault(verification, event, before);
    verification->heartbeats++;
    if (fault)
        fault_add(verification, member_number(event, "metadata.sequence"), fault);
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
    /* The walk of a new chain says nothing of the one before: what began anew must not pass for whole. */
    if (strcmp(member_text(event, "unmapped.sekisho.kind"), "spool_reset") == 0 &&
        member_number(event, "unmapped.sekisho.old_sequence") > 0)
        fault_add(verification, link.sequence, "reset");
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

/* What the store says of itself, before its links. */
static void store_read(void *context, struct json_object *store)
{
    struct verification *verification = context;
    struct chain_head *known = &verification->known;
    verification->has_key =
        text_unhex(verification->key, sizeof(verification->key), member_text(store, "chain_key")) >= 0;
    *known = (struct chain_head){.sequence = member_number(store, "known_head.sequence")};
    snprintf(known->chain_uid, sizeof(known->chain_uid), "%s", member_text(store, "known_head.chain_uid"));
    text_unhex(known->hash, sizeof(known->hash), member_text(store, "known_head.hash"));
    verification->walk.known = known;
}

static struct json_object *result_object(const struct verification *verification, struct json_object *store)
{
    const struct {
        const char *key;
        int64_t number;
    } numbers[] = {
        {"events", verification->events},
        {"pruned", verification->pruned},
        {"lost", member_number(store, "lost")},
        {"last_sequence", verification->walk.head.sequence},
        {"known_sequence", verification->known.sequence},
        {"signed_heads", verification->heartbeats},
        {"fault_count", verification->fault_count},
    };
    struct json_object *result = json_object_new_object();
    json_object_object_add(result, "complete", json_object_new_boolean(verification->fault_count == 0));
    json_object_object_add(result, "chain_uid", json_object_new_string(verification->walk.head.chain_uid));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        json_object_object_add(result, numbers[i].key, json_object_new_int64(numbers[i].number));
    json_object_object_add(result, "faults", json_object_get(verification->faults));
    return result;
}

/* The faults' names are for programs; people get a sentence. */
static const char *fault_sentence(const char *name)
{
    static const struct {
        const char *name, *sentence;
    } sentences[] = {
        {"gap", N_("events before this one are missing")},
        {"reordered", N_("this event stands in the wrong place")},
        {"broken", N_("this event does not follow from the one before it")},
        {"edited", N_("this event was altered")},
        {"foreign", N_("this event belongs to another chain")},
        {"rolled back",
            N_("events after this place were removed or replaced: the agent had recorded others")},
        {"reset", N_("a new chain began here: the one before was damaged, missing or rolled back")},
        {"signature", N_("the signature of this heartbeat is not by this terminal's key")},
        {"unreadable", N_("this event cannot be read")},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
        if (strcmp(sentences[i].name, name) == 0)
            return gettext(sentences[i].sentence);
    return name;
}

static void result_print(struct json_object *result)
{
    printf(_("chain %s: %lld events, the last is number %lld\n"
             "%lld kept only as links, %lld counted as lost, %lld signed heads\n"),
        member_text(result, "chain_uid"), (long long)member_number(result, "events"),
        (long long)member_number(result, "last_sequence"), (long long)member_number(result, "pruned"),
        (long long)member_number(result, "lost"), (long long)member_number(result, "signed_heads"));
    for (size_t i = 0; i < member_count(result, "faults"); i++) {
        struct json_object *fault = json_object_array_get_idx(member(result, "faults"), i);
        printf("  %lld: %s\n", (long long)member_number(fault, "sequence"),
            fault_sentence(member_text(fault, "fault")));
    }
    if (member_number(result, "fault_count") > FAULTS_SHOWN)
        printf(_("  ... and %lld faults more\n"),
            (long long)member_number(result, "fault_count") - FAULTS_SHOWN);
    puts(member_number(result, "fault_count") == 0 ? _("complete: nothing is missing and nothing was altered")
                                                   : _("NOT complete: something is missing or was altered"));
}

static int verification_end(
    const struct invocation *invocation, struct verification *verification, struct json_object *store)
{
    enum chain_fault fault = chain_walk_end(&verification->walk, &verification->known);
    if (fault != CHAIN_OK)
        fault_add(verification, verification->known.sequence, chain_fault_name(fault));
    struct json_object *result = result_object(verification, store);
    if (invocation->json)
        print_json(result);
    else
        result_print(result);
    json_object_put(result);
    return verification->fault_count == 0 ? EXIT_DONE : EXIT_NEGATIVE;
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
