/* The event encoder under arbitrary texts: what it lets out is canonical JSON in UTF-8 that our own scanner reads and whose hash
 * verifies, and no bit of it can be changed unseen.
 *
 * Input: kind, what to leave out, a place and a bit to change; then the texts, each ended by a NUL. */
#include "base/cleanup.h"
#include "base/json_scan.h"
#include "base/text.h"
#include "record/chain.h"
#include "record/event.h"
#include "record/reason.h"

#include <string.h>

#define TEXTS_MAX 24

static const char UUID[] = "01930000-0000-7000-8000-00000000000a";
static const char DIGITS[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const char ZEROS[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* What the fuzzer said, cut into texts; taken in turn, from the first again when they run out. */
struct script {
    uint8_t kind, left_out, bit;
    uint16_t place;
    char *texts[TEXTS_MAX + 1];
    unsigned count, next;
};

#define must(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            abort();                                                                                         \
    } while (0)

static const char *text_next(struct script *script)
{
    return script->count ? script->texts[script->next++ % script->count] : "";
}

static bool script_read(struct script *script, const uint8_t *data, size_t size, char *copy)
{
    if (size < 5)
        return false;
    *script = (struct script){.kind = data[0] % EVENT_KIND_COUNT,
        .left_out = data[1],
        .place = (uint16_t)(data[2] << 8 | data[3]),
        .bit = data[4] % 8};
    memcpy(copy, data + 5, size - 5);
    copy[size - 5] = '\0';
    for (size_t at = 0; at < size - 5 && script->count < TEXTS_MAX; at += strlen(copy + at) + 1)
        script->texts[script->count++] = copy + at;
    return true;
}

/* Where the row asks for digits, a choice or a code, a text of the fuzzer's would nearly always be refused. */
static void fill_text(struct event *event, const struct event_field_row *row, struct script *script)
{
    const char *text = text_next(script);
    uint8_t first = (uint8_t)text[0];
    bool raw = script->left_out & 1;
    if (row->hex_digits && !raw)
        text = DIGITS + 128 - row->hex_digits;
    if (row->choices && !raw)
        text = row->choices[first % 2];
    if (row->field == EVENT_REASON && !raw)
        text = reason_row((enum reason)(first % REASON_COUNT))->code;
    event_set_text(event, row->field, text);
}

static void fill(struct event *event, const struct event_field_row *row, struct script *script)
{
    int64_t number = 0;
    const char *text = "";
    switch (row->type) {
    case EVENT_VALUE_TEXT:
        fill_text(event, row, script);
        return;
    case EVENT_VALUE_NUMBER:
        text = text_next(script);
        memcpy(&number, text, strnlen(text, sizeof(number)));
        event_set_number(event, row->field, number);
        return;
    case EVENT_VALUE_BOOLEAN:
        event_set_boolean(event, row->field, text_next(script)[0] & 1);
        return;
    case EVENT_VALUE_LIST:
        event_set_list(event, row->field, (const char *const *)script->texts);
        return;
    case EVENT_VALUE_NONE:
        return;
    }
}

static int event_make(struct script *script, struct json_object **ret_object)
{
    const struct event_kind_row *kind = event_kind_row(script->kind);
    struct event event = EVENT(kind->kind);
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++) {
        bool optional = event_kind_has(kind, field) && !event_kind_requires(kind, field);
        if (event_kind_requires(kind, field) || (optional && !(script->left_out >> (1 + field % 7) & 1)))
            fill(&event, event_field_row(field), script);
    }
    const struct event_origin origin = {
        .terminal_id = text_next(script),
        .section = text_next(script),
        .product_version = text_next(script),
        .uid = UUID,
        .chain_uid = UUID,
        .boot_id = UUID,
        .sequence = 1,
        .prev_hash = ZEROS,
    };
    return event_encode(&event, &origin, ret_object);
}

static void scan_whole(const char *text, size_t size)
{
    struct json_scan scan;
    struct json_lexeme lexeme;
    struct json_error error;
    json_scan_begin(&scan, text, size);
    do
        must(json_scan_next(&scan, &lexeme, &error) >= 0);
    while (lexeme.token != JSON_TOKEN_END);
}

static void check(const struct script *script, const struct chain_link *link, char *body)
{
    struct chain_walk walk = {0};
    must(text_is_utf8(body, link->body_size) && body[link->body_size] == '\0');
    scan_whole(body, link->body_size);
    must(chain_walk_next(&walk, link) == CHAIN_OK);
    size_t place = script->place % link->body_size;
    walk = (struct chain_walk){0};
    strcpy(walk.head.chain_uid, UUID);
    body[place] = (char)(body[place] ^ 1 << script->bit);
    must(chain_walk_next(&walk, link) != CHAIN_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script;
    cleanup_free_ char *copy = malloc(size + 1), *body = NULL;
    struct json_object *object = NULL;
    struct chain_link link = {.sequence = 1};
    must(copy);
    if (!script_read(&script, data, size, copy) || event_make(&script, &object) < 0)
        return 0;
    must(chain_seal(object, link.hash, &body, &link.body_size) >= 0);
    json_object_put(object);
    link.body = body;
    check(&script, &link, body);
    return 0;
}
