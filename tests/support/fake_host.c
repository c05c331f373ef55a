/* See fake_host.h. */
#include "fake_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_host *fake_of(struct host *host)
{
    return (struct fake_host *)host;
}

static void copy_text(char *target, size_t capacity, const struct event *event, enum event_field field)
{
    const struct event_value *value = &event->values[field];
    if (value->type == EVENT_VALUE_TEXT)
        snprintf(target, capacity, "%s", value->text);
}

static int64_t number_of(const struct event *event, enum event_field field)
{
    const struct event_value *value = &event->values[field];
    return value->type == EVENT_VALUE_NUMBER ? value->number : 0;
}

static bool boolean_of(const struct event *event, enum event_field field)
{
    const struct event_value *value = &event->values[field];
    return value->type == EVENT_VALUE_BOOLEAN && value->boolean;
}

/* What the table does not allow would be refused by the real recorder: a fault of the module, not of the test. Memory that a
 * test makes fail is nobody's fault: then the event is not recorded. */
static int require_encodable(const struct event *event)
{
    static const struct event_origin origin = {
        .terminal_id = "T-01",
        .product_version = "0",
        .uid = "019aaaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa",
        .chain_uid = "019aaaaa-aaaa-7aaa-8aaa-aaaaaaaaaaab",
        .boot_id = "6ad9e6ee-2c46-4b3c-9d8e-000000000000",
        .sequence = 1,
        .time_ms = 1,
        .boottime_ms = 1,
        .prev_hash = "0000000000000000000000000000000000000000000000000000000000000000",
    };
    struct json_object *object = NULL;
    int error = event_encode(event, &origin, &object);
    if (error == -ENOMEM)
        return error;
    if (error < 0) {
        fprintf(stderr, "an event %s cannot be encoded\n", event_kind_row(event->kind)->name);
        abort();
    }
    json_object_put(object);
    return 0;
}

static int fake_record(struct host *host, const struct event *event)
{
    struct fake_host *fake = fake_of(host);
    if (require_encodable(event) < 0)
        return -ENOMEM;
    if (fake->on_record)
        fake->on_record(fake->context, event);
    if (fake->record_error < 0)
        return fake->record_error;
    if (fake->count == FAKE_EVENTS_MAX)
        abort();
    struct fake_event *kept = &fake->events[fake->count++];
    *kept = (struct fake_event){.kind = event->kind};
    copy_text(kept->reason, sizeof(kept->reason), event, EVENT_REASON);
    copy_text(kept->name, sizeof(kept->name), event, EVENT_DEVICE_NAME);
    copy_text(kept->serial, sizeof(kept->serial), event, EVENT_SERIAL);
    copy_text(kept->label, sizeof(kept->label), event, EVENT_LABEL);
    copy_text(kept->what, sizeof(kept->what), event, EVENT_DRIFT_WHAT);
    copy_text(kept->value, sizeof(kept->value), event, EVENT_DRIFT_FOUND_VALUE);
    kept->number = number_of(event, EVENT_DEVICE_NUMBER);
    kept->until_ms = number_of(event, EVENT_UNTIL_MS);
    kept->from_ms = number_of(event, EVENT_INTERVAL_FROM_MS);
    kept->to_ms = number_of(event, EVENT_INTERVAL_TO_MS);
    kept->while_absent = boolean_of(event, EVENT_WHILE_ABSENT);
    kept->mended = boolean_of(event, EVENT_DRIFT_MENDED);
    return 0;
}

static int fake_get(struct host *host, const char *key, char **ret_text)
{
    struct fake_host *fake = fake_of(host);
    if (fake->get_error < 0)
        return fake->get_error;
    if (strcmp(fake->state_key, key) != 0)
        return -ENOENT;
    *ret_text = strdup(fake->state_text);
    return *ret_text ? 0 : -ENOMEM;
}

static int fake_put(struct host *host, const char *key, const char *text)
{
    struct fake_host *fake = fake_of(host);
    if (fake->put_error < 0)
        return fake->put_error;
    snprintf(fake->state_key, sizeof(fake->state_key), "%s", key);
    snprintf(fake->state_text, sizeof(fake->state_text), "%s", text);
    return 0;
}

static int64_t fake_realtime(void *context)
{
    return ((struct fake_host *)context)->realtime_ms;
}

static int64_t fake_boottime(void *context)
{
    return ((struct fake_host *)context)->boottime_ms;
}

static void fake_caught_up(struct host *host)
{
    fake_of(host)->caught_up++;
}

static const struct host_operations operations = {
    .record = fake_record,
    .caught_up = fake_caught_up,
    .state_get = fake_get,
    .state_put = fake_put,
};

void fake_host_open(struct fake_host *fake, sd_event *loop)
{
    memset(fake, 0, offsetof(struct fake_host, events));
    fake->realtime_ms = INT64_C(1796000000000); /* 2026-11-30 */
    fake->boottime_ms = 60000;
    fake->clock = (struct clock){fake_realtime, fake_boottime, fake};
    fake->host = (struct host){
        .operations = &operations, .loop = loop, .clock = &fake->clock, .contact = "情報政策課 内線2345"};
}

void fake_host_turn(struct fake_host *fake, int64_t ms)
{
    fake->realtime_ms += ms;
    fake->boottime_ms += ms;
}

void fake_host_forget(struct fake_host *fake)
{
    fake->count = 0;
}

static bool is_it(const struct fake_event *event, enum event_kind kind, const char *name)
{
    return event->kind == kind && (!name || strcmp(event->name, name) == 0);
}

unsigned fake_host_count(const struct fake_host *fake, enum event_kind kind, const char *name)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fake->count; i++)
        count += is_it(&fake->events[i], kind, name);
    return count;
}

const struct fake_event *fake_host_last(const struct fake_host *fake, enum event_kind kind, const char *name)
{
    for (unsigned i = fake->count; i-- > 0;) {
        if (is_it(&fake->events[i], kind, name))
            return &fake->events[i];
    }
    return NULL;
}
