#include "eventdoc/sample.h"

#include "base/cleanup.h"
#include "record/chain.h"
#include "record/reason.h"

/* 126 characters are what a USB string descriptor holds: 14 times 9, the last of them a quote. */
#define NINE "税務課のUSBメ\""
static const char *const VOICES[SAMPLE_VOICES] = {
    "plain",
    "\"quoted\" \\ and {\"a\":1}, </script> %s %n",
    "\x01\x02\x1b[31mred\x1b[0m\x7f\r\n\t",
    "\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe3\x81 cut: \xf0\x9f\x92",
    "\xe2\x80\xae"
    "gnp.exe\xe2\x80\xa8\xe2\x81\xa6\xef\xbb\xbf",
    NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE,
};

const char *sample_voice(unsigned voice)
{
    return VOICES[voice % SAMPLE_VOICES];
}

static const char DIGITS[2][129] = {
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
};

static const char *digits(unsigned voice, unsigned count)
{
    return &DIGITS[voice % 2][128 - count];
}

static void fill_text(struct event *event, const struct event_field_row *row, unsigned voice)
{
    const char *text = sample_voice(voice);
    if (row->hex_digits)
        text = digits(voice, row->hex_digits);
    if (row->choices)
        text = row->choices[voice % 2];
    if (row->field == EVENT_REASON)
        text = reason_row((enum reason)(voice % REASON_COUNT))->code;
    event_set_text(event, row->field, text);
}

static void fill(
    struct event *event, const struct event_field_row *row, unsigned voice, const char *const *list)
{
    switch (row->type) {
    case EVENT_VALUE_TEXT:
        fill_text(event, row, voice);
        return;
    case EVENT_VALUE_NUMBER:
        event_set_number(event, row->field, voice);
        return;
    case EVENT_VALUE_BOOLEAN:
        event_set_boolean(event, row->field, voice % 2 == 0);
        return;
    case EVENT_VALUE_LIST:
        event_set_list(event, row->field, list);
        return;
    case EVENT_VALUE_NONE:
        return;
    }
}

/* Neighbouring voices share no value, so that a schema which takes one sample's for a constant refuses the other's. */
static struct event_origin origin_of(enum sample_size size, unsigned voice)
{
    static const char *const UIDS[] = {
        "01930000-0000-7000-8000-000000000001", "01940000-0000-7000-9000-00000000000a"};
    return (struct event_origin){
        .terminal_id = sample_voice(voice),
        .section = size == SAMPLE_MAXIMAL ? sample_voice(voice + 1) : NULL,
        .product_version = voice % 2 ? "1.2.3" : "0.1",
        .uid = UIDS[voice % 2],
        .chain_uid = UIDS[(voice + 1) % 2],
        .boot_id = UIDS[voice % 2],
        .sequence = 1 + voice,
        .time_ms = INT64_C(1795000000000) + voice,
        .boottime_ms = 100 * (int64_t)voice,
        .prev_hash = digits(voice, 64),
    };
}

int sample_event(enum event_kind kind, enum sample_size size, unsigned voice, struct json_object **ret_object)
{
    const struct event_kind_row *row = event_kind_row(kind);
    const struct event_origin origin = origin_of(size, voice);
    const char *const list[] = {sample_voice(voice), sample_voice(voice + 1), NULL};
    struct event event = EVENT(kind);
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++)
        if (size == SAMPLE_MAXIMAL ? event_kind_has(row, field) : event_kind_requires(row, field))
            fill(&event, event_field_row(field), voice, list);
    struct json_object *object = NULL;
    uint8_t hash[CHAIN_HASH_SIZE];
    cleanup_free_ char *body = NULL;
    size_t body_size;
    int error = event_encode(&event, &origin, &object);
    if (error >= 0)
        error = chain_seal(object, hash, &body, &body_size);
    if (error < 0)
        json_object_put(object);
    else
        *ret_object = object;
    return error;
}
