/* From a struct event to its OCSF object. */
#include "record/event.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "record/reason.h"

#include <inttypes.h>
#include <string.h>

#define OCSF_VERSION    "1.8.0"
#define TERMINAL_TYPE   99 /* device.type_id: Other, since a terminal is a desktop as often as a laptop */
#define CLASS_DEVICE    1010
#define CLASS_LOG       1008
#define CLASS_FINDING   2004
#define CLASS_LIFECYCLE 6002
#define INTEGER_MAX     ((INT64_C(1) << 53) - 1)

static void object_put(struct json_object **object)
{
    json_object_put(*object);
}
#define cleanup_object_ cleanup_(object_put)

/* An object under construction; the first fault sticks. */
struct encoder {
    struct json_object *root;
    int error;
};

/* --- putting values at paths ------------------------------------------------------------------------------------------ */

static struct json_object *child(struct encoder *encoder, struct json_object *parent, const char *key)
{
    struct json_object *found;
    if (json_object_object_get_ex(parent, key, &found))
        return found;
    found = json_object_new_object();
    if (!found || json_object_object_add(parent, key, found) < 0)
        encoder->error = -ENOMEM;
    return found;
}

/* Takes value over. */
static void put(struct encoder *encoder, const char *path, struct json_object *value)
{
    char key[32];
    struct json_object *parent = encoder->root;
    const char *dot;
    for (; (dot = strchr(path, '.')) && encoder->error >= 0; path = dot + 1) {
        snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
        parent = child(encoder, parent, key);
    }
    if (!value && encoder->error >= 0)
        encoder->error = -ENOMEM;
    if (encoder->error < 0 || json_object_object_add(parent, path, value) < 0) {
        json_object_put(value);
        encoder->error = encoder->error < 0 ? encoder->error : -ENOMEM;
    }
}

/* At most maximum bytes are kept. */
static struct json_object *text_value(const char *text, size_t maximum)
{
    char clean[EVENT_TEXT_MAX + 1];
    size_t capacity = (maximum < EVENT_TEXT_MAX ? maximum : EVENT_TEXT_MAX) + 1;
    size_t length = text_make_utf8(clean, capacity, text, strlen(text));
    return json_object_new_string_len(clean, (int)length);
}

static void put_text(struct encoder *encoder, const char *path, const char *text)
{
    put(encoder, path, text_value(text, EVENT_TEXT_MAX));
}

static void put_number(struct encoder *encoder, const char *path, int64_t number)
{
    if (number > INTEGER_MAX || number < -INTEGER_MAX)
        encoder->error = -EINVAL;
    put(encoder, path, json_object_new_int64(number));
}

/* A list of one. Takes value over. */
static void put_alone(struct encoder *encoder, const char *path, struct json_object *value)
{
    struct json_object *list = json_object_new_array();
    if (!list || !value || json_object_array_add(list, value) < 0) {
        json_object_put(value);
        json_object_put(list);
        list = NULL;
    }
    put(encoder, path, list);
}

/* --- the event's own fields ------------------------------------------------------------------------------------------- */

static bool is_hex(const char *text, size_t digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static bool is_choice(const char *const *choices, const char *text)
{
    for (; *choices; choices++)
        if (strcmp(*choices, text) == 0)
            return true;
    return false;
}

static void encode_text(struct encoder *encoder, const struct event_field_row *row, const char *text)
{
    if ((row->hex_digits && !is_hex(text, row->hex_digits)) ||
        (row->choices && !is_choice(row->choices, text)) ||
        (row->field == EVENT_REASON && !reason_is_code(text)))
        encoder->error = -EINVAL;
    put(encoder, row->path, text_value(text, row->maximum));
}

static void encode_number(struct encoder *encoder, const struct event_field_row *row, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRId64, number);
    if (row->as_text)
        put_text(encoder, row->path, digits);
    else
        put_number(encoder, row->path, number);
}

static void encode_list(struct encoder *encoder, const struct event_field_row *row, const char *const *list)
{
    struct json_object *array = json_object_new_array();
    for (size_t i = 0; array && list[i] && i < EVENT_LIST_MAX; i++)
        json_object_array_add(array, text_value(list[i], row->maximum));
    put(encoder, row->path, array);
}

static void encode_field(struct encoder *encoder, enum event_field field, const struct event_value *value)
{
    const struct event_field_row *row = event_field_row(field);
    if (value->type != row->type) {
        encoder->error = -EINVAL;
        return;
    }
    switch (value->type) {
    case EVENT_VALUE_TEXT:
        encode_text(encoder, row, value->text);
        return;
    case EVENT_VALUE_NUMBER:
        encode_number(encoder, row, value->number);
        return;
    case EVENT_VALUE_BOOLEAN:
        put(encoder, row->path, json_object_new_boolean(value->boolean));
        return;
    case EVENT_VALUE_LIST:
        encode_list(encoder, row, value->list);
        return;
    case EVENT_VALUE_NONE:
        return;
    }
}

static void encode_fields(
    struct encoder *encoder, const struct event_kind_row *kind, const struct event *event)
{
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++) {
        const struct event_value *value = &event->values[field];
        if (value->type == EVENT_VALUE_NONE ? event_kind_requires(kind, field) : !event_kind_has(kind, field))
            encoder->error = -EINVAL;
        else if (value->type != EVENT_VALUE_NONE)
            encode_field(encoder, field, value);
    }
}

/* --- what the class adds ---------------------------------------------------------------------------------------------- */

static void encode_app(struct encoder *encoder, const char *path, const struct event_origin *origin)
{
    struct json_object *app = json_object_new_object();
    put(encoder, path, app);
    if (encoder->error < 0)
        return;
    struct encoder inner = {.root = app};
    put_text(&inner, "name", "Sekisho");
    put_text(&inner, "vendor_name", "Sekisho");
    put_text(&inner, "version", origin->product_version);
    encoder->error = inner.error;
}

static const char *text_of(const struct event *event, enum event_field field)
{
    const struct event_value *value = &event->values[field];
    return value->type == EVENT_VALUE_TEXT ? value->text : NULL;
}

/* OCSF wants a name and may have a uid: the product, or else the ids; and the ids with the serial. */
static void encode_peripheral(struct encoder *encoder, const struct event *event)
{
    char ids[16], uid[EVENT_TEXT_MAX];
    const char *vendor = text_of(event, EVENT_VENDOR_ID), *product = text_of(event, EVENT_PRODUCT_ID);
    const char *serial = text_of(event, EVENT_SERIAL), *name = text_of(event, EVENT_PRODUCT);
    if (!vendor || !product)
        return;
    snprintf(ids, sizeof(ids), "%.4s:%.4s", vendor, product);
    snprintf(uid, sizeof(uid), "%s%s%s", ids, serial ? ":" : "", serial ? serial : "");
    put(encoder, "peripheral_device.name",
        text_value(name ? name : ids, event_field_row(EVENT_PRODUCT)->maximum));
    put(encoder, "peripheral_device.uid",
        text_value(uid, strlen(ids) + 1 + event_field_row(EVENT_SERIAL)->maximum));
    put_text(encoder, "peripheral_device.class", "USB");
    put_alone(encoder, "peripheral_device.vendor_id_list", text_value(vendor, 4));
    put_text(encoder, "actor.app_name", "sekishod");
}

static void encode_class(struct encoder *encoder, const struct event_kind_row *kind,
    const struct event *event, const struct event_origin *origin)
{
    switch (kind->class_uid) {
    case CLASS_DEVICE:
        encode_peripheral(encoder, event);
        return;
    case CLASS_LOG:
        put_text(encoder, "log_name", "sekisho");
        return;
    case CLASS_FINDING:
        put_text(encoder, "finding_info.uid", origin->uid);
        put_text(encoder, "finding_info.title", kind->title);
        return;
    case CLASS_LIFECYCLE:
        encode_app(encoder, "app", origin);
        return;
    }
}

/* --- what every event has --------------------------------------------------------------------------------------------- */

static void encode_kind(struct encoder *encoder, const struct event_kind_row *kind)
{
    const struct {
        const char *path;
        unsigned id;
    } constants[] = {
        {"action_id", kind->action_id},
        {"disposition_id", kind->disposition_id},
        {"status_id", kind->status_id},
        {"severity_id", kind->severity_id},
        {"activity_id", kind->activity_id},
        {"class_uid", kind->class_uid},
        {"category_uid", kind->class_uid / 1000},
        {"type_uid", kind->class_uid * 100 + kind->activity_id},
    };
    for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
        if (constants[i].id)
            put_number(encoder, constants[i].path, constants[i].id);
    if (kind->alert)
        put(encoder, "is_alert", json_object_new_boolean(true));
    put_text(encoder, "message", kind->title);
    put_text(encoder, "unmapped.sekisho.kind", kind->name);
}

static void encode_metadata(struct encoder *encoder, const struct event_origin *origin)
{
    put_text(encoder, "metadata.version", OCSF_VERSION);
    put_text(encoder, "metadata.uid", origin->uid);
    put_number(encoder, "metadata.sequence", origin->sequence);
    encode_app(encoder, "metadata.product", origin);
    put_alone(encoder, "metadata.profiles", json_object_new_string("host"));
    struct json_object *metadata, *profiles;
    if (json_object_object_get_ex(encoder->root, "metadata", &metadata) &&
        json_object_object_get_ex(metadata, "profiles", &profiles))
        json_object_array_add(profiles, json_object_new_string("security_control"));
}

static void encode_terminal(struct encoder *encoder, const struct event_origin *origin)
{
    put_number(encoder, "device.type_id", TERMINAL_TYPE);
    put_text(encoder, "device.type", "Terminal");
    put_text(encoder, "device.uid", origin->terminal_id);
    put_text(encoder, "device.hostname", origin->terminal_id);
    if (!origin->section || !*origin->section)
        return;
    struct json_object *group = json_object_new_object();
    if (group)
        json_object_object_add(group, "name", text_value(origin->section, EVENT_TEXT_MAX));
    put_alone(encoder, "device.groups", group);
}

static void encode_origin(struct encoder *encoder, const struct event_origin *origin)
{
    put_number(encoder, "time", origin->time_ms);
    put_text(encoder, "unmapped.sekisho.chain_uid", origin->chain_uid);
    put_text(encoder, "unmapped.sekisho.boot_id", origin->boot_id);
    put_number(encoder, "unmapped.sekisho.boottime_ms", origin->boottime_ms);
    put_text(encoder, "unmapped.sekisho.prev_hash", origin->prev_hash);
}

/* OCSF asks a policy for a name or a uid, and the hash may be missing. */
static void encode_policy_name(struct encoder *encoder, const struct event *event)
{
    if (event->values[EVENT_POLICY_SHA256].type != EVENT_VALUE_NONE ||
        event->values[EVENT_POLICY_VERSION].type != EVENT_VALUE_NONE)
        put_text(encoder, "policy.name", "policy.json");
}

int event_encode(
    const struct event *event, const struct event_origin *origin, struct json_object **ret_object)
{
    if ((unsigned)event->kind >= EVENT_KIND_COUNT)
        return -EINVAL;
    const struct event_kind_row *kind = event_kind_row(event->kind);
    struct json_object *root cleanup_object_ = json_object_new_object();
    if (!root)
        return -ENOMEM;
    struct encoder encoder = {.root = root};
    encode_kind(&encoder, kind);
    encode_metadata(&encoder, origin);
    encode_terminal(&encoder, origin);
    encode_origin(&encoder, origin);
    encode_fields(&encoder, kind, event);
    encode_class(&encoder, kind, event, origin);
    encode_policy_name(&encoder, event);
    if (encoder.error < 0)
        return encoder.error;
    *ret_object = take_pointer(root);
    return 0;
}
