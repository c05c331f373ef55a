#include "core/store/recorder_repeat.h"

#include "base/cleanup.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

/* What makes two events the same: who, where, why. The number on the bus changes with each plug and is left out. */
static const enum event_field IDENTITY[] = {
    EVENT_REASON,
    EVENT_DEVICE_NAME,
    EVENT_DEVICE_PORT,
    EVENT_VENDOR_ID,
    EVENT_PRODUCT_ID,
    EVENT_SERIAL,
    EVENT_LABEL,
    EVENT_WHILE_ABSENT,
    EVENT_FILE,
    EVENT_LINE,
    EVENT_COLUMN,
    EVENT_MESSAGE,
    EVENT_DRIFT_WHAT,
    EVENT_DRIFT_FOUND_VALUE,
    EVENT_DRIFT_MENDED,
};

static void digest_value(EVP_MD_CTX *context, const struct event_value *value)
{
    EVP_DigestUpdate(context, &value->type, sizeof(value->type));
    if (value->type == EVENT_VALUE_TEXT)
        EVP_DigestUpdate(context, value->text, strlen(value->text) + 1);
    else if (value->type == EVENT_VALUE_NUMBER)
        EVP_DigestUpdate(context, &value->number, sizeof(value->number));
    else if (value->type == EVENT_VALUE_BOOLEAN)
        EVP_DigestUpdate(context, &value->boolean, sizeof(value->boolean));
}

static bool digest_event(const struct event *event, uint8_t ret_digest[static REPEAT_DIGEST_SIZE])
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    if (done) {
        EVP_DigestUpdate(context, &event->kind, sizeof(event->kind));
        for (unsigned i = 0; i < ARRAY_SIZE(IDENTITY); i++)
            digest_value(context, &event->values[IDENTITY[i]]);
        done = EVP_DigestFinal_ex(context, whole, NULL) == 1;
    }
    EVP_MD_CTX_free(context);
    if (done)
        memcpy(ret_digest, whole, REPEAT_DIGEST_SIZE);
    return done;
}

bool repeat_count(struct repeat_table *table, const struct event *event, int64_t now_ms, int64_t since_ms)
{
    uint8_t digest[REPEAT_DIGEST_SIZE];
    if (table->count == 0 || !digest_event(event, digest))
        return false;
    for (unsigned i = 0; i < table->count; i++) {
        struct repeat *repeat = table->slots[i];
        if (memcmp(repeat->digest, digest, sizeof(digest)) != 0)
            continue;
        if (repeat->count++ == 0) {
            repeat->from_ms = now_ms;
            repeat->since_ms = since_ms;
        }
        repeat->to_ms = now_ms;
        return true;
    }
    return false;
}

/* --- a copy that outlives the caller's texts: pointers first, then the bytes, in one piece of memory ------------------- */

static size_t list_length(const char *const *list)
{
    size_t length = 0;
    while (length < EVENT_LIST_MAX && list[length])
        length++;
    return length;
}

static void value_size(const struct event_value *value, size_t *pointers, size_t *bytes)
{
    if (value->type == EVENT_VALUE_TEXT)
        *bytes += strlen(value->text) + 1;
    if (value->type != EVENT_VALUE_LIST)
        return;
    size_t length = list_length(value->list);
    *pointers += length + 1;
    for (size_t i = 0; i < length; i++)
        *bytes += strlen(value->list[i]) + 1;
}

static char *text_place(char **at, const char *text)
{
    char *placed = *at;
    *at = stpcpy(placed, text) + 1;
    return placed;
}

static void value_copy(struct event_value *value, const char ***list_at, char **text_at)
{
    if (value->type == EVENT_VALUE_TEXT)
        value->text = text_place(text_at, value->text);
    if (value->type != EVENT_VALUE_LIST)
        return;
    const char **list = *list_at;
    size_t length = list_length(value->list);
    for (size_t i = 0; i < length; i++)
        list[i] = text_place(text_at, value->list[i]);
    list[length] = NULL;
    value->list = list;
    *list_at += length + 1;
}

static size_t event_size(const struct event *event, size_t *ret_pointers)
{
    size_t pointers = 0, bytes = 0;
    for (unsigned i = 0; i < EVENT_FIELD_COUNT; i++)
        value_size(&event->values[i], &pointers, &bytes);
    *ret_pointers = pointers;
    return pointers * sizeof(char *) + bytes;
}

static void event_copy(const struct event *event, size_t pointers, struct repeat *repeat)
{
    const char **list_at = (const char **)repeat->memory;
    char *text_at = repeat->memory + pointers * sizeof(char *);
    repeat->event = *event;
    for (unsigned i = 0; i < EVENT_FIELD_COUNT; i++)
        value_copy(&repeat->event.values[i], &list_at, &text_at);
}

int repeat_open(struct repeat_table *table, const struct event *event, int64_t boottime_ms)
{
    size_t pointers, size = event_size(event, &pointers);
    if (size > REPEAT_BYTES)
        return -E2BIG;
    if (table->count == REPEAT_SLOTS || table->bytes + size > REPEAT_BYTES)
        return -ENOBUFS;
    struct repeat *repeat = calloc(1, sizeof(*repeat) + size);
    if (!repeat || !digest_event(event, repeat->digest)) {
        free(repeat);
        return -ENOMEM;
    }
    repeat->end_ms = boottime_ms + REPEAT_WINDOW_MS;
    repeat->size = size;
    event_copy(event, pointers, repeat);
    table->bytes += size;
    table->slots[table->count++] = repeat;
    return 0;
}

struct repeat *repeat_take(struct repeat_table *table, int64_t boottime_ms)
{
    if (table->count == 0 || table->slots[0]->end_ms > boottime_ms)
        return NULL;
    struct repeat *repeat = table->slots[0];
    table->bytes -= repeat->size;
    table->count--;
    memmove(&table->slots[0], &table->slots[1], table->count * sizeof(table->slots[0]));
    return repeat;
}

void repeat_event(const struct repeat *repeat, struct event *ret_event)
{
    *ret_event = repeat->event;
    ret_event->values[EVENT_DEVICE_NUMBER] = (struct event_value){0}; /* of the first plug alone */
    event_set_number(ret_event, EVENT_COUNT_REPEATED, repeat->count);
    event_set_number(ret_event, EVENT_INTERVAL_FROM_MS, repeat->from_ms);
    event_set_number(ret_event, EVENT_INTERVAL_TO_MS, repeat->to_ms);
}

int64_t repeat_next_end(const struct repeat_table *table)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->slots[i]->count > 0)
            return table->slots[i]->end_ms;
    return INT64_MAX;
}

int64_t repeat_untold_since(const struct repeat_table *table)
{
    int64_t since_ms = INT64_MAX;
    for (unsigned i = 0; i < table->count; i++)
        if (table->slots[i]->count > 0 && table->slots[i]->since_ms < since_ms)
            since_ms = table->slots[i]->since_ms;
    return since_ms;
}
