/* Settings under arbitrary bytes. */
#include "fuzz_settings.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "core/settings_bundle.h"
#include "module_table.h"

#include <string.h>

#define TEXTS_MAX 8

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int64_t standing_ms(void *context)
{
    return INT64_C(1795564800000);
}

static const struct clock standing = {.realtime_ms = standing_ms, .boottime_ms = standing_ms};

/* Each text in memory of its own size, so that a byte read past its end is seen. */
static void divide(const uint8_t *bytes, size_t size, struct settings_bundle *bundle)
{
    static const char *const NAMES[TEXTS_MAX] = {NULL, "policy.d/1.json", "policy.d/2.json",
        "policy.d/3.json", "policy.d/4.json", "policy.d/5.json", "policy.d/6.json", "policy.d/7.json"};
    while (bundle->count < TEXTS_MAX) {
        const uint8_t *end = memchr(bytes, '\0', size);
        bool last = !end || bundle->count == TEXTS_MAX - 1;
        size_t length = last ? size : (size_t)(end - bytes);
        char *copy = malloc(length ? length : 1);
        require(copy != NULL);
        memcpy(copy, bytes, length);
        require(
            settings_bundle_add(bundle, bundle->count ? NAMES[bundle->count] : "first", copy, length) == 0);
        if (last)
            break;
        bytes += length + 1;
        size -= length + 1;
    }
}

/* A sentence that can be shown, at a place that is there: lines are counted by their newlines. */
static void check_refusal(const struct settings_bundle *bundle, const struct json_error *error)
{
    uint32_t code;
    require(error->message[0] != '\0' && error->file[0] != '\0');
    for (size_t at = 0, left = strlen(error->message), width; left > 0; at += width, left -= width) {
        width = text_character(error->message + at, left, &code);
        /* A message that is longer than its place may be cut in the middle of a character. */
        require(width > 0 || strlen(error->message) == sizeof(error->message) - 1);
        require(width == 0 || !text_is_control(code));
        if (width == 0)
            break;
    }
    for (unsigned i = 0; error->place.line > 0 && i < bundle->count; i++) {
        unsigned lines = 1;
        if (strcmp(bundle->texts[i].name, error->file) != 0)
            continue;
        for (size_t at = 0; at < bundle->texts[i].size; at++)
            lines += bundle->texts[i].bytes[at] == '\n';
        require(error->place.line <= lines && error->place.column >= 1);
        require(error->place.column <= bundle->texts[i].size + 1);
    }
}

static void check_other_parser(const struct settings_text *text)
{
    struct json_tokener *parser = json_tokener_new();
    require(parser != NULL);
    json_tokener_set_flags(parser, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(parser, text->bytes, (int)text->size);
    if (json_tokener_get_error(parser) == json_tokener_continue)
        object = json_tokener_parse_ex(parser, " ", 1);
    require(json_object_is_type(object, json_type_object));
    json_object_put(object);
    json_tokener_free(parser);
}

void fuzz_settings_texts(enum settings_which which, const uint8_t *bytes, size_t size)
{
    const struct settings_source source = {.modules = module_table, .clock = &standing};
    struct settings_bundle bundle = {0};
    struct json_error errors[2] = {0};
    char hashes[2][65] = {""};
    int results[2];
    divide(bytes, size, &bundle);
    for (int i = 0; i < 2; i++) {
        struct settings_document *document = NULL;
        results[i] = settings_accept(&source, which, &bundle, "whole", &document, &errors[i]);
        require((results[i] == 0) == (document != NULL));
        if (document)
            memcpy(hashes[i], document->sha256, sizeof(hashes[i]));
        settings_document_destroy(&source, document);
    }
    require(results[0] == results[1] && strcmp(hashes[0], hashes[1]) == 0);
    require(strcmp(errors[0].message, errors[1].message) == 0);
    require(results[0] == 0 || results[0] == -EBADMSG);
    for (unsigned i = 0; results[0] == 0 && i < bundle.count; i++)
        check_other_parser(&bundle.texts[i]);
    if (results[0] < 0)
        check_refusal(&bundle, &errors[0]);
    settings_bundle_clear(&bundle);
}
