#include "media/verbs.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "media/enforce.h"
#include "media/suggest.h"
#include "record/reason.h"

#include <errno.h>
#include <string.h>

/* One reply is one packet of 128 KiB; what does not fit is said to be missing. */
#define LIST_BYTES_MAX (112 * 1024)

static void add_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *key, int64_t number)
{
    json_object_object_add(object, key, json_object_new_int64(number));
}

/* --- devices ---------------------------------------------------------------------------------------------------------- */

/* Bytes from a stranger, on their way to a terminal. */
static void add_printable(struct json_object *object, const char *key, const char *bytes)
{
    char text[3 * FACTS_TEXT_MAX];
    if (bytes[0] == '\0')
        return;
    text_make_printable(text, sizeof(text), bytes, strlen(bytes));
    add_text(object, key, text);
}

static void add_id(struct json_object *object, const char *key, uint16_t id)
{
    char text[5];
    snprintf(text, sizeof(text), "%04x", id);
    add_text(object, key, text);
}

static struct json_object *list_interfaces(const struct descriptors *descriptors)
{
    struct json_object *list = json_object_new_array();
    for (unsigned i = 0; i < descriptors->count; i++) {
        char text[USB_CLASS_TEXT];
        usb_class_format(descriptors->interfaces[i].kind, text);
        json_object_array_add(list, json_object_new_string(text));
    }
    return list;
}

static struct json_object *list_drivers(const struct facts *facts)
{
    struct json_object *list = json_object_new_array();
    for (unsigned i = 0; i < facts->bound_count; i++) {
        if (facts->bound[i].driver[0])
            json_object_array_add(list, json_object_new_string(facts->bound[i].driver));
    }
    return list;
}

static struct json_object *describe(const struct present *present)
{
    const struct facts *facts = present->facts;
    const struct decision shown = enforce_shown(present);
    const struct reason_row *reason = reason_row(shown.reason);
    struct json_object *device = json_object_new_object();
    add_number(device, "number", present->number);
    add_text(device, "name", facts->name);
    add_text(device, "port", facts->port);
    add_id(device, "vendor_id", facts->vendor);
    add_id(device, "product_id", facts->product);
    add_printable(device, "serial", facts->serial);
    add_printable(device, "manufacturer", facts->manufacturer);
    add_printable(device, "product", facts->product_name);
    json_object_object_add(device, "interfaces", list_interfaces(&facts->descriptors));
    json_object_object_add(device, "drivers", list_drivers(facts));
    add_text(device, "verdict", verdict_name(shown.verdict));
    add_text(device, "reason", reason->code);
    add_text(device, "text", reason->english);
    add_text(device, "text_ja", reason->japanese);
    if (shown.label)
        add_printable(device, "label", shown.label);
    return device;
}

static int compare_numbers(const void *left, const void *right)
{
    const struct present *const *a = left, *const *b = right;
    return (*a)->number < (*b)->number ? -1 : (*a)->number > (*b)->number;
}

static int run_devices(void *self, const void *arguments, struct json_object *reply)
{
    struct media *media = self;
    struct present *sorted[INVENTORY_MAX];
    size_t bytes = 0;
    memcpy(sorted, media->inventory.entries, media->inventory.count * sizeof(sorted[0]));
    qsort(sorted, media->inventory.count, sizeof(sorted[0]), compare_numbers);
    struct json_object *list = json_object_new_array();
    json_object_object_add(reply, "devices", list);
    for (unsigned i = 0; i < media->inventory.count; i++) {
        size_t size = 0;
        struct json_object *device = describe(sorted[i]);
        json_object_to_json_string_length(device, JSON_C_TO_STRING_PLAIN, &size);
        bytes += size + 1;
        if (bytes > LIST_BYTES_MAX) {
            json_object_put(device);
            add_number(reply, "missing", media->inventory.count - i);
            break;
        }
        json_object_array_add(list, device);
    }
    if (media->host->contact && media->host->contact[0])
        add_text(reply, "contact", media->host->contact);
    return 0;
}

/* --- suggest, adopt --------------------------------------------------------------------------------------------------- */

struct suggest_arguments {
    int64_t number;
};

static const struct bind_field suggest_fields[] = {
    {.key = "number",
        .type = BIND_INTEGER,
        .offset = offsetof(struct suggest_arguments, number),
        .required = true,
        .minimum = 1,
        .maximum = UINT32_MAX},
    {0},
};

static int refuse(struct json_object *reply, int error, const char *sentence)
{
    add_text(reply, "error", sentence);
    return error;
}

static int run_suggest(void *self, const void *arguments, struct json_object *reply)
{
    struct media *media = self;
    const struct suggest_arguments *asked = arguments;
    struct json_object *entry = NULL, *list = NULL;
    const struct present *present = inventory_find_number(&media->inventory, asked->number);
    if (!present)
        return refuse(reply, -ENOENT, "no present device has this number; `sekisho devices` lists them");
    int r = suggest_entry(&media->inventory, present, &entry);
    if (r == -ENOTSUP)
        return refuse(reply, r,
            "no entry can admit this device: what it says about itself makes no sense, or it shows no "
            "interface or "
            "too many");
    if (r < 0)
        return r;
    struct json_object *policy = suggest_policy(&list);
    if (!policy) {
        json_object_put(entry);
        return -ENOMEM;
    }
    json_object_array_add(list, entry);
    json_object_object_add(reply, "policy", policy);
    return 0;
}

/* A whole policy.json, since `sekisho policy apply` puts it in that one's place. */
static int run_adopt(void *self, const void *arguments, struct json_object *reply)
{
    struct media *media = self;
    struct json_object *list = NULL;
    struct json_object *policy = suggest_policy(&list);
    if (!policy)
        return -ENOMEM;
    add_number(policy, "version", 1);
    for (unsigned i = 0; i < media->inventory.count; i++) {
        const struct present *present = media->inventory.entries[i];
        struct json_object *entry = NULL;
        if (suggest_adopts(present) && suggest_entry(&media->inventory, present, &entry) == 0)
            json_object_array_add(list, entry);
    }
    json_object_object_add(reply, "policy", policy);
    return 0;
}

const struct module_verb media_verbs[] = {
    {.name = "devices", .role = ROLE_ANYONE, .run = run_devices},
    {.name = "suggest",
        .role = ROLE_ANYONE,
        .arguments = suggest_fields,
        .arguments_size = sizeof(struct suggest_arguments),
        .run = run_suggest},
    {.name = "adopt", .role = ROLE_ANYONE, .run = run_adopt},
    {0},
};

/* --- status ----------------------------------------------------------------------------------------------------------- */

static void add_counts(const struct inventory *inventory, struct json_object *into)
{
    static const enum verdict order[] = {
        VERDICT_SHAPE, VERDICT_LISTED, VERDICT_KEPT, VERDICT_OBSERVED, VERDICT_REFUSED};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        int64_t count = 0;
        for (unsigned j = 0; j < inventory->count; j++)
            count += enforce_shown(inventory->entries[j]).verdict == order[i];
        add_number(into, verdict_name(order[i]), count);
    }
}

static void add_drift(const struct drift *drift, struct json_object *into)
{
    struct json_object *list = json_object_new_array();
    for (unsigned i = 0; i < drift->count; i++) {
        const struct drift_item *item = &drift->items[i];
        struct json_object *found = json_object_new_object();
        add_text(found, "what", item->what);
        add_text(found, "found", item->found);
        add_text(found, "expected", item->expected);
        json_object_object_add(found, "mended", json_object_new_boolean(item->mended));
        json_object_array_add(list, found);
    }
    json_object_object_add(into, "drift", list);
}

void media_status(struct media *media, struct json_object *into)
{
    const struct media_policy *policy = media->policy;
    add_text(into, "enforcement", media->observe.in_force ? "observe" : "enforce");
    if (media->observe.in_force) {
        char until[25];
        clock_format_utc(media->observe.span.until_ms, until);
        add_text(into, "until", until);
    }
    add_counts(&media->inventory, into);
    add_text(into, "input", policy && policy->input == MEDIA_INPUT_LISTED ? "listed" : "any");
    add_number(into, "registered", policy ? (int64_t)policy->media.count : 0);
    add_number(into, "listed", policy ? (int64_t)policy->allow.count : 0);
    add_drift(&media->drift, into);
}
