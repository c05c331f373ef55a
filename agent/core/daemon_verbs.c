/* The core's own verbs on control.sock: status, events, reload. Modules bring theirs. */
#include "base/text.h"
#include "core/daemon.h"

#include <errno.h>
#include <string.h>

static void add_text(struct json_object *object, const char *key, const char *text)
{
    if (text && *text)
        json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_hash(struct json_object *object, const char *key, const uint8_t hash[static CHAIN_HASH_SIZE])
{
    char hex[2 * CHAIN_HASH_SIZE + 1];
    text_hex(hex, hash, CHAIN_HASH_SIZE);
    add_text(object, key, hex);
}

static struct json_object *head_object(const struct chain_head *head)
{
    struct json_object *object = json_object_new_object();
    add_text(object, "chain_uid", head->chain_uid);
    add_number(object, "sequence", head->sequence);
    add_hash(object, "hash", head->hash);
    return object;
}

static struct json_object *refusals_object(const struct daemon *daemon)
{
    struct json_object *list = json_object_new_array();
    for (unsigned i = 0; i < 2; i++) {
        if (!daemon->refused[i].message[0])
            continue;
        char line[1024];
        json_error_format(&daemon->refused[i], line, sizeof(line));
        json_object_array_add(list, json_object_new_string(line));
    }
    return list;
}

void daemon_store_describe(struct recorder *recorder, struct json_object *into)
{
    struct recorder_depth depth;
    struct chain_head head, known;
    uint8_t key[CHAIN_PUBLIC_SIZE];
    recorder_depth(recorder, &depth);
    recorder_head(recorder, &head);
    recorder_known_head(recorder, &known);
    recorder_public_key(recorder, key);
    add_number(into, "events", depth.events);
    add_number(into, "bytes", depth.bytes);
    add_number(into, "lost", depth.lost);
    add_number(into, "first_sequence", depth.first_sequence);
    json_object_object_add(into, "head", head_object(&head));
    json_object_object_add(into, "known_head", head_object(&known));
    char hex[2 * CHAIN_PUBLIC_SIZE + 1];
    text_hex(hex, key, CHAIN_PUBLIC_SIZE);
    add_text(into, "chain_key", hex);
}

static struct json_object *policy_object(const struct daemon *daemon)
{
    struct json_object *policy = json_object_new_object();
    add_number(policy, "version", daemon->policy_version);
    add_text(policy, "sha256", daemon->policy_sha256);
    add_text(policy, "origin", daemon->policy_origin);
    return policy;
}

static int run_status(void *context, const void *arguments, struct control_reply *reply)
{
    struct daemon *daemon = context;
    struct json_object *into = control_reply_object(reply);
    add_text(into, "version", SEKISHO_VERSION);
    add_text(into, "terminal", daemon->settings.terminal_id);
    add_text(into, "section", daemon->settings.terminal_section);
    add_text(into, "contact", daemon->settings.contact);
    add_number(into, "started_ms", daemon->started_ms);
    json_object_object_add(into, "policy", policy_object(daemon));
    json_object_object_add(into, "refused_settings", refusals_object(daemon));
    struct json_object *store = json_object_new_object();
    if (daemon->recorder)
        daemon_store_describe(daemon->recorder, store);
    else
        add_text(store, "error", strerror(-daemon->recorder_error));
    json_object_object_add(into, "store", store);
    struct json_object *modules = json_object_new_object();
    registry_status(&daemon->registry, modules);
    json_object_object_add(into, "modules", modules);
    return 0;
}

struct events_arguments {
    int64_t from, since_ms, limit;
    bool wait;
};

static const struct bind_field events_fields[] = {
    {.key = "from",
        .type = BIND_INTEGER,
        .offset = offsetof(struct events_arguments, from),
        .maximum = INT64_C(9007199254740991)},
    {.key = "since_ms",
        .type = BIND_INTEGER,
        .offset = offsetof(struct events_arguments, since_ms),
        .maximum = INT64_C(9007199254740991)},
    {.key = "limit",
        .type = BIND_INTEGER,
        .offset = offsetof(struct events_arguments, limit),
        .minimum = 1,
        .maximum = CONTROL_PACKETS_MAX},
    {.key = "wait", .type = BIND_BOOLEAN, .offset = offsetof(struct events_arguments, wait)},
    {0},
};

struct events_page {
    struct control_reply *reply;
    int64_t next;
};

/* A link whose body is gone is told by what is left of it. */
int daemon_link_packet(const struct chain_link *link, char **ret_bytes, size_t *ret_size)
{
    struct json_object *whole = json_object_new_object(), *pruned = json_object_new_object();
    add_number(pruned, "sequence", link->sequence);
    add_number(pruned, "class_uid", link->class_uid);
    add_hash(pruned, "prev_hash", link->prev_hash);
    add_hash(pruned, "hash", link->hash);
    json_object_object_add(whole, "pruned", pruned);
    const char *text = json_object_to_json_string_length(whole, JSON_C_TO_STRING_PLAIN, ret_size);
    *ret_bytes = text ? strdup(text) : NULL;
    json_object_put(whole);
    return *ret_bytes ? 0 : -ENOMEM;
}

static int page_add(void *context, const struct chain_link *link)
{
    struct events_page *page = context;
    int error;
    if (link->body) {
        error = control_reply_packet(page->reply, link->body, link->body_size);
    } else {
        char *bytes = NULL;
        size_t size = 0;
        error = daemon_link_packet(link, &bytes, &size);
        if (error >= 0)
            error = control_reply_packet(page->reply, bytes, size);
        free(bytes);
    }
    if (error < 0)
        return error;
    page->next = link->sequence + 1;
    return 0;
}

static int run_events(void *context, const void *arguments, struct control_reply *reply)
{
    struct daemon *daemon = context;
    const struct events_arguments *asked = arguments;
    struct events_page page = {.reply = reply, .next = asked->from > 0 ? asked->from : 1};
    if (!daemon->recorder)
        return daemon->recorder_error;
    if (asked->since_ms > 0) {
        int error = recorder_find_time(daemon->recorder, asked->since_ms, &page.next);
        if (error < 0)
            return error;
    }
    struct recorder_depth depth;
    recorder_depth(daemon->recorder, &depth);
    if (asked->wait && page.next > depth.last_sequence)
        return CONTROL_LATER;
    unsigned limit = asked->limit > 0 ? (unsigned)asked->limit : CONTROL_PACKETS_MAX;
    int error = recorder_read(daemon->recorder, page.next, limit, page_add, &page);
    if (error < 0 && error != -ENOBUFS)
        return error;
    struct json_object *into = control_reply_object(reply);
    add_number(into, "next", page.next);
    add_number(into, "last", depth.last_sequence);
    return 0;
}

static int run_reload(void *context, const void *arguments, struct control_reply *reply)
{
    static const char *const names[] = {
        [RELOAD_UNCHANGED] = "unchanged", [RELOAD_CHANGED] = "changed", [RELOAD_REFUSED] = "refused"};
    struct daemon *daemon = context;
    struct reload_results results = daemon_reload(daemon);
    struct json_object *into = control_reply_object(reply);
    add_text(into, "agent", names[results.agent]);
    add_text(into, "policy", names[results.policy]);
    json_object_object_add(into, "refused_settings", refusals_object(daemon));
    return 0;
}

const struct control_verb daemon_verbs[] = {
    {.name = "status", .role = ROLE_ANYONE, .run = run_status},
    {.name = "events",
        .role = ROLE_OPERATOR,
        .arguments = events_fields,
        .arguments_size = sizeof(struct events_arguments),
        .run = run_events},
    {.name = "reload", .role = ROLE_ADMINISTRATOR, .run = run_reload},
    {0},
};
