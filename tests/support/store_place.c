#include "store_place.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t place_realtime(void *context)
{
    return ((struct store_place *)context)->realtime_ms;
}

static int64_t place_boottime(void *context)
{
    return ((struct store_place *)context)->boottime_ms;
}

void store_place_make(struct store_place *place, const char *parent)
{
    *place = (struct store_place){
        .realtime_ms = INT64_C(1795565000000),
        .boottime_ms = 100000,
        .settings = {.terminal_id = "T-0001",
            .section = "税務課",
            .quota_bytes = INT64_C(64) << 20,
            .reserve_bytes = INT64_C(4) << 20,
            .keep_days = 400},
    };
    place->clock = (struct clock){place_realtime, place_boottime, place};
    snprintf(place->path, sizeof(place->path), "%s/sekisho-store-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(place->path)) {
        perror(place->path);
        exit(2);
    }
}

void store_place_remove(struct store_place *place)
{
    char command[300];
    store_place_close(place);
    snprintf(command, sizeof(command), "rm -rf %s", place->path);
    if (system(command) != 0)
        fprintf(stderr, "%s stays\n", place->path);
}

int store_place_open(struct store_place *place)
{
    return recorder_open(place->path, &place->settings, &place->clock, NULL, &place->recorder, &place->past);
}

void store_place_close(struct store_place *place)
{
    recorder_close(place->recorder);
    place->recorder = NULL;
}

void store_place_pass(struct store_place *place, int64_t ms)
{
    place->realtime_ms += ms;
    place->boottime_ms += ms;
}

/* The texts live as long as the process: the event borrows them. */
void store_place_event(enum event_kind kind, unsigned device, struct event *ret_event)
{
    static char serial[32];
    const struct event_kind_row *row = event_kind_row(kind);
    *ret_event = EVENT(kind);
    snprintf(serial, sizeof(serial), "S%05u", device);
    if (event_kind_has(row, EVENT_DEVICE_NAME)) {
        event_set_text(ret_event, EVENT_REASON, "M-03");
        event_set_text(ret_event, EVENT_REASON_TEXT, "storage that is not registered");
        event_set_text(ret_event, EVENT_DEVICE_NAME, "2-1");
        event_set_text(ret_event, EVENT_DEVICE_PORT, "usb2/1");
        event_set_number(ret_event, EVENT_DEVICE_NUMBER, device % 127);
        event_set_text(ret_event, EVENT_VENDOR_ID, "46f4");
        event_set_text(ret_event, EVENT_PRODUCT_ID, "0001");
        event_set_text(ret_event, EVENT_SERIAL, serial);
        static const char *const interfaces[] = {"08:06:50", "08:06:62", NULL};
        event_set_list(ret_event, EVENT_INTERFACES, interfaces);
    }
}

int store_place_record(struct store_place *place, enum event_kind kind, unsigned device)
{
    struct event event;
    store_place_event(kind, device, &event);
    if (kind == EVENT_HEARTBEAT) {
        event_set_text(&event, EVENT_ENFORCEMENT, "enforce");
        recorder_fill_heartbeat(place->recorder, &event);
    }
    return recorder_record(place->recorder, &event);
}

struct reading {
    struct store_story *story;
    struct chain_walk walk;
};

static const char *text_of(struct json_object *event, const char *part, const char *key)
{
    struct json_object *value = event;
    if (json_object_object_get_ex(value, part, &value) &&
        (strcmp(part, "unmapped") != 0 || json_object_object_get_ex(value, "sekisho", &value)) &&
        json_object_object_get_ex(value, key, &value))
        return json_object_get_string(value);
    return "";
}

static void body_note(struct store_story *story, struct json_object *event)
{
    unsigned device;
    struct json_object *end;
    size_t length = strlen(story->kinds);
    snprintf(story->kinds + length, sizeof(story->kinds) - length, "%s ", text_of(event, "unmapped", "kind"));
    if (sscanf(text_of(event, "peripheral_device", "serial_number"), "S%05u", &device) == 1 &&
        device < 65536) {
        story->devices_seen[device / 32] |= 1u << (device % 32);
        if (json_object_object_get_ex(event, "end_time", &end) ||
            json_object_object_get_ex(event, "time", &end))
            story->told_until_ms[device] = json_object_get_int64(end);
    }
}

static int link_note(void *context, const struct chain_link *link)
{
    struct reading *reading = context;
    struct store_story *story = reading->story;
    enum chain_fault fault = chain_walk_next(&reading->walk, link);
    if (fault != CHAIN_OK && story->faults++ == 0) {
        story->fault = fault;
        story->fault_sequence = link->sequence;
    }
    story->links++;
    story->pruned += !link->body;
    if (link->body) {
        char *text = strndup(link->body, link->body_size);
        struct json_object *event = json_tokener_parse(text);
        body_note(story, event);
        json_object_put(event);
        free(text);
    }
    return 0;
}

int store_place_story(struct store_place *place, struct store_story *ret_story)
{
    struct chain_head known;
    struct reading reading = {.story = ret_story, .walk = {.known = &known}};
    memset(ret_story, 0, sizeof(*ret_story));
    recorder_known_head(place->recorder, &known);
    int error = recorder_read(place->recorder, 1, UINT32_MAX, link_note, &reading);
    ret_story->head = reading.walk.head;
    ret_story->end_fault = chain_walk_end(&reading.walk, &known);
    return error;
}

bool store_story_has(const struct store_story *story, unsigned device)
{
    return device < 65536 && (story->devices_seen[device / 32] >> (device % 32) & 1);
}

static int body_take(void *context, const struct chain_link *link)
{
    *(char **)context = link->body ? strndup(link->body, link->body_size) : NULL;
    return 1;
}

char *store_place_body(struct store_place *place, int64_t sequence)
{
    char *body = NULL;
    recorder_read(place->recorder, sequence, 1, body_take, &body);
    return body;
}

int store_place_sql(const struct store_place *place, const char *file, const char *sql)
{
    char path[300];
    sqlite3 *database = NULL;
    snprintf(path, sizeof(path), "%s/%s", place->path, file);
    int code = sqlite3_open(path, &database);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", file, sqlite3_errmsg(database));
    sqlite3_close(database);
    return code == SQLITE_OK ? 0 : -EIO;
}
