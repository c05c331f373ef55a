#include "eventdoc/place.h"

#include "record/event.h"

#include <string.h>

#define UUID    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
#define SHA256  "^[0-9a-f]{64}$"
#define VERSION "^[0-9A-Za-z.+~-]{1,64}$"

static const struct place PLACES[] = {
    {"time", PLACE_NUMBER, .meaning = "When it was recorded, milliseconds since 1970 UTC."},
    {"metadata.uid", PLACE_TEXT, .pattern = UUID,
        .meaning = "The event's own UUIDv7, given once; the same however often it is sent."},
    {"metadata.sequence", PLACE_NUMBER, .minimum = 1,
        .meaning = "Number of the event in its chain, from 1, without gaps."},
    {"metadata.product.version", PLACE_TEXT, .pattern = VERSION, .meaning = "Version of the agent."},
    {"app.version", PLACE_TEXT, .pattern = VERSION, .meaning = "Version of the agent."},
    {"device.uid", PLACE_TEXT, .maximum = EVENT_TEXT_MAX,
        .meaning = "The terminal: `terminal.id` of agent.json."},
    {"device.hostname", PLACE_TEXT, .maximum = EVENT_TEXT_MAX, .meaning = "The same."},
    {"device.groups", PLACE_NAMES, .maximum = EVENT_TEXT_MAX,
        .meaning = "The terminal's section: `terminal.section` of agent.json, if set."},
    {"finding_info.uid", PLACE_TEXT, .pattern = UUID, .meaning = "The finding; the same as metadata.uid."},
    {"peripheral_device.name", PLACE_TEXT, .maximum = 512,
        .meaning = "The product's name, or else vendor and product id."},
    {"peripheral_device.uid", PLACE_TEXT, .maximum = 522,
        .meaning = "VENDOR:PRODUCT:SERIAL, or VENDOR:PRODUCT where it has no serial."},
    {"peripheral_device.vendor_id_list", PLACE_TEXTS, .pattern = "^[0-9a-f]{4}$",
        .meaning = "The vendor id again, where OCSF looks for it."},
    {"unmapped.sekisho.chain_uid", PLACE_TEXT, .pattern = UUID,
        .meaning = "The chain that the event stands in."},
    {"unmapped.sekisho.prev_hash", PLACE_TEXT, .pattern = SHA256,
        .meaning = "`hash` of the event before; zeros in the first of a chain."},
    {"unmapped.sekisho.hash", PLACE_TEXT, .pattern = SHA256,
        .meaning = "SHA-256 over the canonical JSON (RFC 8785) of the event without this member."},
    {"unmapped.sekisho.boot_id", PLACE_TEXT, .pattern = UUID, .meaning = "The kernel's id of this boot."},
    {"unmapped.sekisho.boottime_ms", PLACE_NUMBER,
        .meaning = "Milliseconds since this boot, suspension included: a clock that nobody sets."},
    {0},
};

const struct place *place_list(void)
{
    return PLACES;
}

const struct place *place_find(const char *path)
{
    for (const struct place *place = PLACES; place->path; place++)
        if (strcmp(place->path, path) == 0)
            return place;
    return NULL;
}
