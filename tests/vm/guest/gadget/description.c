#include "description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint8_t keyboard_report[] = {0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7,
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x03, 0x95,
    0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x03,
    0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xc0};
const size_t keyboard_report_size = sizeof(keyboard_report);

void description_begin(struct description *description)
{
    memset(description, 0, sizeof(*description));
    description->vendor = 0x1209;
    description->product = 0x0001;
    description->release = 0x0100;
    description->count = 1;
    for (unsigned i = 0; i < CONFIGURATIONS_MAX; i++)
        description->configurations[i].claimed_interfaces = -1;
    description->gone_after_ms = description->gone_at_request = -1;
}

static const char *append(struct piece *piece, const void *bytes, size_t size)
{
    if (size > sizeof(piece->bytes) - piece->size)
        return "too many descriptors";
    memcpy(piece->bytes + piece->size, bytes, size);
    piece->size += size;
    piece->count++;
    return NULL;
}

static const char *append_everywhere(struct part *part, const void *bytes, size_t size)
{
    const char *wrong = NULL;
    for (enum speed speed = 0; speed < SPEED_COUNT && !wrong; speed++)
        wrong = append(&part->pieces[speed], bytes, size);
    return wrong;
}

static size_t unhex(uint8_t *target, size_t size, const char *hex)
{
    size_t used = 0;
    unsigned byte;
    for (; hex[0] && hex[1] && used < size && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        target[used++] = (uint8_t)byte;
    return used;
}

/* --- configurations and their parts --------------------------------------------------------------------------------- */

static struct configuration *last_configuration(struct description *description)
{
    return &description->configurations[description->count - 1];
}

/* The part that interfaces of our own go to: the last one if it is such, or a new one. */
static struct part *own_part(struct configuration *configuration)
{
    if (configuration->count > 0 && configuration->parts[configuration->count - 1].function[0] == '\0')
        return &configuration->parts[configuration->count - 1];
    return configuration->count < PARTS_MAX ? &configuration->parts[configuration->count++] : NULL;
}

static const char *take_configuration(struct description *description, const char *value)
{
    if (description->count == CONFIGURATIONS_MAX)
        return "too many configurations";
    description->count++;
    return NULL;
}

static const char *take_function(struct description *description, const char *value)
{
    struct configuration *configuration = last_configuration(description);
    if (configuration->count == PARTS_MAX)
        return "too many functions";
    snprintf(configuration->parts[configuration->count++].function, 24, "%s", value);
    return NULL;
}

/* --- interfaces ------------------------------------------------------------------------------------------------------- */

struct end {
    const char *word;
    uint8_t direction, type;
    uint16_t sizes[SPEED_COUNT];
};

static const struct end ends[] = {
    {"bi", 0x80, 2, {64, 512, 1024}},
    {"bo", 0x00, 2, {64, 512, 1024}},
    {"ii", 0x80, 3, {8, 8, 8}},
    {"io", 0x00, 3, {8, 8, 8}},
    {"si", 0x80, 1, {64, 64, 64}},
    {"so", 0x00, 1, {64, 64, 64}},
};

static const char *append_endpoint(struct part *part, const struct end *end)
{
    uint8_t address = (uint8_t)(end->direction | ++part->endpoints);
    const char *wrong = part->endpoints > 15 ? "too many endpoints" : NULL;
    for (enum speed speed = 0; speed < SPEED_COUNT && !wrong; speed++) {
        uint16_t size = end->sizes[speed];
        const uint8_t endpoint[] = {
            7, 5, address, end->type, (uint8_t)size, (uint8_t)(size >> 8), end->type == 2 ? 0 : 4};
        wrong = append(&part->pieces[speed], endpoint, sizeof(endpoint));
    }
    const uint8_t companion[] = {6, 0x30, 0, 0, end->type == 2 ? 0 : (uint8_t)end->sizes[SPEED_SUPER], 0};
    return wrong ? wrong : append(&part->pieces[SPEED_SUPER], companion, sizeof(companion));
}

static const char *append_hid(struct part *part)
{
    const uint8_t hid[] = {9, 0x21, 0x11, 0x01, 0, 1, 0x22, (uint8_t)keyboard_report_size, 0};
    return append_everywhere(part, hid, sizeof(hid));
}

static const char *append_end(struct part *part, const char *word)
{
    if (strcmp(word, "hid") == 0)
        return append_hid(part);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(word, ends[i].word) == 0)
            return append_endpoint(part, &ends[i]);
    }
    return "an endpoint is bi, bo, ii, io, si or so";
}

static const char *append_interface(struct part *part, const char *value)
{
    char words[256];
    snprintf(words, sizeof(words), "%s", value);
    char *rest = words, *kind = strsep(&rest, ",");
    unsigned class, subclass, protocol, endpoints = 0;
    if (sscanf(kind, "%2x:%2x:%2x", &class, &subclass, &protocol) != 3)
        return "an interface is CC:SS:PP";
    for (const char *at = rest; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        endpoints += strncmp(at, "hid", 3) != 0;
    const uint8_t interface[] = {9, 4, (uint8_t)(part->interfaces - 1), part->alternate, (uint8_t)endpoints,
        (uint8_t) class, (uint8_t)subclass, (uint8_t)protocol, 0};
    const char *wrong = append_everywhere(part, interface, sizeof(interface));
    for (char *word; !wrong && (word = strsep(&rest, ","));)
        wrong = append_end(part, word);
    return wrong;
}

static const char *take_interface(struct description *description, const char *value)
{
    struct part *part = own_part(last_configuration(description));
    if (!part)
        return "too many functions";
    part->interfaces++;
    part->alternate = 0;
    return append_interface(part, value);
}

static const char *take_alternate(struct description *description, const char *value)
{
    struct part *part = own_part(last_configuration(description));
    if (!part || part->interfaces == 0)
        return "an alternate of what?";
    part->alternate++;
    return append_interface(part, value);
}

static const char *take_raw(struct description *description, const char *value)
{
    static uint8_t bytes[PIECE_BYTES];
    struct part *part = own_part(last_configuration(description));
    return part ? append_everywhere(part, bytes, unhex(bytes, sizeof(bytes), value)) : "too many functions";
}

static const char *take_interfaces(struct description *description, const char *value)
{
    last_configuration(description)->claimed_interfaces = atoi(value);
    return NULL;
}

/* --- the device ------------------------------------------------------------------------------------------------------- */

static const char *take_id(struct description *description, const char *value)
{
    return sscanf(value, "%4hx:%4hx", &description->vendor, &description->product) == 2
               ? NULL
               : "an id is VVVV:PPPP";
}

static const char *take_release(struct description *description, const char *value)
{
    return sscanf(value, "%4hx", &description->release) == 1 ? NULL : "a release is four digits";
}

static const char *take_class(struct description *description, const char *value)
{
    uint8_t *class = description->class;
    return sscanf(value, "%2hhx:%2hhx:%2hhx", &class[0], &class[1], &class[2]) == 3 ? NULL
                                                                                    : "a class is CC:SS:PP";
}

static const char *take_string(struct description *description, enum string which, const char *value)
{
    struct text *text = &description->strings[which];
    text->set = true;
    text->size = unhex(text->bytes, sizeof(text->bytes) - 1, value);
    return NULL;
}

static const char *take_serial(struct description *description, const char *value)
{
    return take_string(description, STRING_SERIAL, value);
}

static const char *take_product(struct description *description, const char *value)
{
    return take_string(description, STRING_PRODUCT, value);
}

static const char *take_manufacturer(struct description *description, const char *value)
{
    return take_string(description, STRING_MANUFACTURER, value);
}

static const char *take_through(struct description *description, const char *value)
{
    description->through_gadgetfs = strcmp(value, "gadgetfs") == 0;
    return description->through_gadgetfs || strcmp(value, "functionfs") == 0 ? NULL
                                                                             : "functionfs or gadgetfs";
}

static const char *take_gone_after(struct description *description, const char *value)
{
    description->gone_after_ms = atoi(value);
    return NULL;
}

static const char *take_gone_at(struct description *description, const char *value)
{
    description->gone_at_request = atoi(value);
    return NULL;
}

static const struct word {
    const char *name;
    const char *(*take)(struct description *description, const char *value);
} words[] = {
    {"id", take_id},
    {"release", take_release},
    {"class", take_class},
    {"serial", take_serial},
    {"product", take_product},
    {"manufacturer", take_manufacturer},
    {"configuration", take_configuration},
    {"interface", take_interface},
    {"alternate", take_alternate},
    {"function", take_function},
    {"raw", take_raw},
    {"interfaces", take_interfaces},
    {"through", take_through},
    {"gone-after", take_gone_after},
    {"gone-at", take_gone_at},
};

const char *description_take(struct description *description, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : "";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].name) == length && strncmp(word, words[i].name, length) == 0)
            return words[i].take(description, value);
    }
    return "no such word";
}
