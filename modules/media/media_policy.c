#include "media/media_policy.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names in a row, each with its NUL: as the register keeps them. */
struct name_row {
    size_t used;
    char names[MEDIA_NAMES_MAX * (MEDIA_NAME_MAX + 1)];
};

/* One entry of media.registered while it is being read. */
struct medium_draft {
    char label[MEDIA_LABEL_MAX + 1];
    uint16_t vendor, product;
    char serial[MEDIA_SERIAL_MAX + 1];
    int access;
    struct name_row users, groups;
    int64_t not_after_ms;
};
_Static_assert(sizeof(struct medium_draft) <= BIND_ELEMENT_MAX, "a medium fits the scratch struct");
_Static_assert(sizeof(struct allow_entry) <= BIND_ELEMENT_MAX, "an entry fits the scratch struct");

static int parse_id(const char *text, void *place)
{
    uint8_t bytes[2];
    if (text_unhex(bytes, sizeof(bytes), text) < 0)
        return -EINVAL;
    *(uint16_t *)place = (uint16_t)(bytes[0] << 8 | bytes[1]);
    return 0;
}

static int parse_time(const char *text, void *place)
{
    return clock_parse(text, place);
}

static int parse_class(const char *text, void *place)
{
    return usb_class_parse(text, place);
}

/* As useradd(8) has them by default: the name goes into a file that udev reads. */
static int parse_group(const char *text, void *place)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz_";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(text);
    if (length == 0 || length > ALLOW_GROUP_MAX || !strchr(first, text[0]) ||
        text[strspn(text, others)] != '\0')
        return -EINVAL;
    memcpy(place, text, length + 1);
    return 0;
}

static int append_name(void *target, const void *element, char message[static 256])
{
    struct name_row *row = target;
    size_t size = strlen(element) + 1;
    if (row->used + size > sizeof(row->names))
        return -ENOSPC;
    memcpy(row->names + row->used, element, size);
    row->used += size;
    return 0;
}

static int append_medium(void *target, const void *element, char message[static 256])
{
    struct media_policy *policy = target;
    const struct medium_draft *draft = element;
    const struct medium medium = {
        .vendor = draft->vendor,
        .product = draft->product,
        .access = (enum media_access)draft->access,
        .not_after_ms = draft->not_after_ms,
        .label = draft->label,
        .serial = draft->serial,
        .users = draft->users.names,
        .groups = draft->groups.names,
        .users_size = draft->users.used,
        .groups_size = draft->groups.used,
    };
    int r = media_register_add(&policy->media, &medium);
    if (r == -EEXIST)
        snprintf(message, 256,
            "a medium with vendor %04x, product %04x and this serial is registered already", draft->vendor,
            draft->product);
    if (r == -ENOSPC)
        snprintf(message, 256, "more than %d registered media", MEDIA_MAX);
    return r;
}

static int append_interface(void *target, const void *element, char message[static 256])
{
    struct allow_entry *entry = target;
    if (entry->interface_count == ALLOW_INTERFACES_MAX)
        return -ENOSPC;
    entry->interfaces[entry->interface_count++] = *(const struct usb_class *)element;
    return 0;
}

static int append_allow(void *target, const void *element, char message[static 256])
{
    struct media_policy *policy = target;
    const struct allow_entry *entry = element;
    if (entry->interface_count == 0) {
        snprintf(
            message, 256, "at least one interface is expected: `sekisho devices --suggest N` prints them");
        return -EINVAL;
    }
    int r = allow_list_add(&policy->allow, entry);
    if (r == -EEXIST)
        snprintf(message, 256,
            "a device with vendor %04x, product %04x and the same serial, port and interfaces is listed "
            "already",
            entry->vendor, entry->product);
    if (r == -ENOSPC)
        snprintf(message, 256, "more than %d listed devices", ALLOW_MAX);
    return r;
}

static const char *const mode_choices[] = {"enforce", "observe", NULL};
static const char *const input_choices[] = {"any", "listed", NULL};
static const char *const access_choices[] = {"read-only", "read-write", NULL};

#define EXPECTED_ID "four hexadecimal digits, such as \"46f4\""
#define EXPECTED_TIME                                                                                        \
    "a date or a date and time with its zone, such as \"2027-03-31\" or \"2026-11-24T17:30:00+09:00\""

static const struct bind_field name_field[] = {
    {.key = "", .type = BIND_TEXT, .minimum = 1, .maximum = MEDIA_NAME_MAX},
    {0},
};

static const struct bind_field class_field[] = {
    {.key = "",
        .type = BIND_PARSED,
        .parse = parse_class,
        .expected = "class, subclass and protocol in hexadecimal, such as \"08:06:50\""},
    {0},
};

#define AT(member) .offset = offsetof(struct medium_draft, member)
static const struct bind_field medium_fields[] = {
    {.key = "label",
        .type = BIND_TEXT,
        AT(label),
        .required = true,
        .minimum = 1,
        .maximum = MEDIA_LABEL_MAX},
    {.key = "vendor_id",
        .type = BIND_PARSED,
        AT(vendor),
        .required = true,
        .parse = parse_id,
        .expected = EXPECTED_ID},
    {.key = "product_id",
        .type = BIND_PARSED,
        AT(product),
        .required = true,
        .parse = parse_id,
        .expected = EXPECTED_ID},
    {.key = "serial",
        .type = BIND_TEXT,
        AT(serial),
        .required = true,
        .minimum = 1,
        .maximum = MEDIA_SERIAL_MAX},
    {.key = "access", .type = BIND_CHOICE, AT(access), .choices = access_choices},
    {.key = "users",
        .type = BIND_ARRAY,
        AT(users),
        .maximum = MEDIA_NAMES_MAX,
        .fields = name_field,
        .element_size = MEDIA_NAME_MAX + 1,
        .append = append_name},
    {.key = "groups",
        .type = BIND_ARRAY,
        AT(groups),
        .maximum = MEDIA_NAMES_MAX,
        .fields = name_field,
        .element_size = MEDIA_NAME_MAX + 1,
        .append = append_name},
    {.key = "not_after",
        .type = BIND_PARSED,
        AT(not_after_ms),
        .parse = parse_time,
        .expected = EXPECTED_TIME},
    {.key = "comment", .type = BIND_IGNORED},
    {0},
};
#undef AT

static const struct bind_field medium_field[] = {
    {.key = "", .type = BIND_OBJECT, .fields = medium_fields}, {0}};

#define AT(member) .offset = offsetof(struct allow_entry, member)
static const struct bind_field allow_fields[] = {
    {.key = "label",
        .type = BIND_TEXT,
        AT(label),
        .required = true,
        .minimum = 1,
        .maximum = MEDIA_LABEL_MAX},
    {.key = "vendor_id",
        .type = BIND_PARSED,
        AT(vendor),
        .required = true,
        .parse = parse_id,
        .expected = EXPECTED_ID},
    {.key = "product_id",
        .type = BIND_PARSED,
        AT(product),
        .required = true,
        .parse = parse_id,
        .expected = EXPECTED_ID},
    {.key = "serial", .type = BIND_TEXT, AT(serial), .minimum = 1, .maximum = MEDIA_SERIAL_MAX},
    {.key = "interfaces",
        .type = BIND_ARRAY,
        .offset = 0,
        .required = true,
        .maximum = ALLOW_INTERFACES_MAX,
        .fields = class_field,
        .element_size = sizeof(struct usb_class),
        .append = append_interface},
    {.key = "port", .type = BIND_TEXT, AT(port), .minimum = 1, .maximum = FACTS_PORT_MAX - 1},
    {.key = "group",
        .type = BIND_PARSED,
        AT(group),
        .parse = parse_group,
        .expected = "a group's name: at most 32 of a-z, 0-9, '_' and '-', no digit first"},
    {.key = "not_after",
        .type = BIND_PARSED,
        AT(not_after_ms),
        .parse = parse_time,
        .expected = EXPECTED_TIME},
    {.key = "comment", .type = BIND_IGNORED},
    {0},
};
#undef AT

static const struct bind_field allow_field[] = {
    {.key = "", .type = BIND_OBJECT, .fields = allow_fields}, {0}};

#define AT(member) .offset = offsetof(struct media_policy, member)
static const struct bind_field media_fields[] = {
    {.key = "mode", .type = BIND_CHOICE, AT(mode), .choices = mode_choices},
    {.key = "until", .type = BIND_PARSED, AT(until_ms), .parse = parse_time, .expected = EXPECTED_TIME},
    {.key = "registered",
        .type = BIND_ARRAY,
        .offset = 0,
        .maximum = MEDIA_MAX,
        .fields = medium_field,
        .element_size = sizeof(struct medium_draft),
        .append = append_medium},
    {.key = "comment", .type = BIND_IGNORED},
    {0},
};

static const struct bind_field devices_fields[] = {
    {.key = "input", .type = BIND_CHOICE, AT(input), .choices = input_choices},
    {.key = "allow",
        .type = BIND_ARRAY,
        .offset = 0,
        .maximum = ALLOW_MAX,
        .fields = allow_field,
        .element_size = sizeof(struct allow_entry),
        .append = append_allow},
    {.key = "comment", .type = BIND_IGNORED},
    {0},
};
#undef AT

/* Both objects are bound at offset 0: their arrays' append() is handed the whole policy. */
const struct bind_field media_policy_fields[] = {
    {.key = "media", .type = BIND_OBJECT, .fields = media_fields},
    {.key = "devices", .type = BIND_OBJECT, .fields = devices_fields},
    {0},
};

void *media_policy_create(void)
{
    return calloc(1, sizeof(struct media_policy));
}

void media_policy_destroy(void *policy_)
{
    struct media_policy *policy = policy_;
    if (!policy)
        return;
    media_register_clear(&policy->media);
    allow_list_clear(&policy->allow);
    free(policy);
}

/* A clock before this day (2026-11-01) is a dead battery's: then `until` cannot be judged, and the 30 days are kept by counted
 * seconds alone (observe.h), rather than refusing the whole policy at boot. */
#define CLOCK_PLAUSIBLE_FROM_MS INT64_C(1793491200000)
#define DAY_MS                  INT64_C(86400000)

int media_policy_finish(void *policy_, const struct clock *clock, char message[static 256])
{
    struct media_policy *policy = policy_;
    int64_t now_ms = clock_realtime_ms(clock);
    if (policy->mode == MEDIA_OBSERVE && policy->until_ms == 0) {
        snprintf(message, 256, "media.until: observe mode needs its end, at most %d days from now",
            OBSERVE_DAYS_MAX);
        return -EINVAL;
    }
    if (policy->mode == MEDIA_OBSERVE && now_ms >= CLOCK_PLAUSIBLE_FROM_MS &&
        policy->until_ms > now_ms + OBSERVE_DAYS_MAX * DAY_MS) {
        snprintf(
            message, 256, "media.until: observe mode may last at most %d days from now", OBSERVE_DAYS_MAX);
        return -EINVAL;
    }
    media_register_trim(&policy->media);
    allow_list_finish(&policy->allow);
    return 0;
}
