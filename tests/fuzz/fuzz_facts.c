/* A device that says anything: its descriptors are parsed, decided, put into an event, shown, and a policy that would admit it is
 * printed and read again. Whatever it says, nothing with a data-carrying interface is admitted by its shape, and the printed
 * policy admits this device.
 *
 * Input: flags, length and bytes of serial, length and bytes of product name, then descriptors as in sysfs. */
#include "../support/fake_host.h"
#include "media/account.h"
#include "media/suggest.h"
#include "media/verbs.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum flag {
    FLAG_READER = 1,
    FLAG_OBSERVING = 2,
    FLAG_TWIN = 4,
    FLAG_FOREIGN = 8,
    FLAG_LISTED = 16,
    FLAG_TOO_MANY = 32
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* As sysfs would show it: no NUL, at most 378 bytes. */
static void take_text(const uint8_t **data, size_t *size, char *text)
{
    size_t length = *size > 0 ? **data : 0, used = 0;
    if (*size > 0) {
        (*data)++;
        (*size)--;
    }
    if (length > *size)
        length = *size;
    for (size_t i = 0; i < length; i++)
        if ((*data)[i])
            text[used++] = (char)(*data)[i];
    text[used] = '\0';
    *data += length;
    *size -= length;
}

static bool has_data_interface(const struct descriptors *descriptors)
{
    for (unsigned i = 0; i < descriptors->count; i++)
        if (!strchr("\x03\x09\x0b\xff", descriptors->interfaces[i].kind.class) ||
            !descriptors->interfaces[i].kind.class)
            return true;
    return false;
}

static void bind_all(struct facts *facts)
{
    for (unsigned i = 0; i < facts->descriptors.count && i < FACTS_BOUND_MAX; i++) {
        struct bound_interface *bound = &facts->bound[facts->bound_count++];
        *bound = (struct bound_interface){.kind = facts->descriptors.interfaces[i].kind, .has_gate = true};
        bound->authorized = i % 2;
    }
}

/* Closed means: nothing that may not be open stays so, and nothing more is opened. */
static void check_gate(const struct facts *facts, const struct decision *decision)
{
    for (unsigned i = 0; i < facts->bound_count; i++) {
        enum gate_act act = decide_interface(facts, decision, &facts->bound[i]);
        if (decision->verdict == VERDICT_REFUSED)
            require(act == (facts->bound[i].authorized ? GATE_CLOSE : GATE_LEAVE));
        if (decision->verdict == VERDICT_SHAPE)
            require(act != GATE_OPEN);
    }
}

/* The printed policy, read by the policy's own tables, admits the device. */
static void check_suggestion(
    const struct inventory *inventory, const struct present *present, struct clock *clock)
{
    struct json_object *list = NULL, *entry = NULL;
    if (suggest_entry(inventory, present, &entry) < 0)
        return;
    struct json_object *whole = suggest_policy(&list);
    json_object_array_add(list, entry);
    size_t size = 0;
    const char *text = json_object_to_json_string_length(whole, JSON_C_TO_STRING_PRETTY, &size);
    struct json_error error = {0};
    struct media_policy *policy = media_policy_create();
    const struct bind_part parts[] = {{media_policy_fields, policy}, {0}};
    char message[256] = "";
    require(json_bind_parts(parts, "policy.json", text, size, NULL, &error) == 0);
    require(media_policy_finish(policy, clock, message) == 0);
    const struct circumstances circumstances = {.now_ms = 1};
    require(decide(present->facts, policy, &circumstances).verdict == VERDICT_LISTED);
    media_policy_destroy(policy);
    json_object_put(whole);
}

static void check_device(struct fake_host *fake, struct present *present, unsigned flags)
{
    static struct media_policy any, listed = {.input = MEDIA_INPUT_LISTED};
    const struct facts *facts = present->facts;
    const struct circumstances circumstances = {
        .now_ms = 1,
        .observing = flags & FLAG_OBSERVING,
        .twin = flags & FLAG_TWIN,
        .foreign_driver = flags & FLAG_FOREIGN,
        .too_many = flags & FLAG_TOO_MANY,
    };
    present->decision = decide(facts, flags & FLAG_LISTED ? &listed : &any, &circumstances);
    if (facts->descriptors.malformed || facts->descriptors.count == 0 ||
        has_data_interface(&facts->descriptors))
        require(present->decision.verdict == (circumstances.observing ? VERDICT_OBSERVED : VERDICT_REFUSED));
    check_gate(facts, &present->decision);
    require(account_record(&fake->host, EVENT_DEVICE_REFUSED, present, present->decision.reason) == 0);
    fake_host_forget(fake);
}

static void check_verbs(struct media *media)
{
    struct json_object *reply = json_object_new_object();
    for (const struct module_verb *verb = media_verbs; verb->name; verb++)
        if (!verb->arguments)
            require(verb->run(media, NULL, reply) == 0);
    media_status(media, reply);
    require(json_object_to_json_string(reply) != NULL);
    json_object_put(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake_host fake;
    struct media media = {.host = &fake.host};
    if (size == 0)
        return 0;
    fake_host_open(&fake, NULL);
    struct facts *facts = calloc(1, sizeof(*facts));
    struct present *present = NULL;
    unsigned flags = *data++;
    size--;
    strcpy(facts->name, "2-1");
    strcpy(facts->port, "0000:00:14.0/1");
    take_text(&data, &size, facts->serial);
    take_text(&data, &size, facts->product_name);
    facts->reader = flags & FLAG_READER;
    if (descriptors_parse(data, size, &facts->descriptors) < 0)
        facts->descriptors.malformed = true;
    bind_all(facts);
    require(inventory_add(&media.inventory, facts, &present) == 0);
    check_device(&fake, present, flags);
    check_suggestion(&media.inventory, present, &fake.clock);
    present->decided = true;
    check_verbs(&media);
    inventory_clear(&media.inventory);
    return 0;
}
