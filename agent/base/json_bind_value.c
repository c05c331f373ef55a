/* Single values bound to their places, and how a fault of the binder is worded. */
#include "base/json_binder.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* --- messages -------------------------------------------------------------------------------------------------------- */

static size_t put(char *text, size_t capacity, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds to text at `at`, cutting what does not fit; returns where the text now ends. */
static size_t put(char *text, size_t capacity, size_t at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text + at, capacity - at, format, arguments);
    va_end(arguments);
    size_t end = at + (length < 0 ? 0 : (size_t)length);
    return end < capacity ? end : capacity - 1;
}

/* "media.registered[3]: " */
static size_t put_path(const struct binder *binder, char *text, size_t capacity)
{
    size_t at = 0;
    for (unsigned i = 0; i < binder->depth; i++)
        if (binder->path[i].key)
            at = put(text, capacity, at, "%s%s", i ? "." : "", binder->path[i].key);
        else
            at = put(text, capacity, at, "[%u]", binder->path[i].index);
    return binder->depth ? put(text, capacity, at, ": ") : 0;
}

int binder_fault(struct binder *binder, struct json_place place, const char *format, ...)
{
    struct json_error *error = binder->error;
    va_list arguments;
    size_t at = put_path(binder, error->message, sizeof(error->message));
    va_start(arguments, format);
    vsnprintf(error->message + at, sizeof(error->message) - at, format, arguments);
    va_end(arguments);
    snprintf(error->file, sizeof(error->file), "%s", binder->name);
    error->place = place;
    return -EBADMSG;
}

/* The value that was found, short enough for a message. */
static void describe(const struct json_lexeme *lexeme, char text[static 160])
{
    char shown[140];
    size_t size = lexeme->raw_size < 40 ? lexeme->raw_size : 40;
    const char *more = size < lexeme->raw_size ? "..." : "";
    switch (lexeme->token) {
    case JSON_TOKEN_OBJECT_OPEN:
        strcpy(text, "an object");
        return;
    case JSON_TOKEN_ARRAY_OPEN:
        strcpy(text, "an array");
        return;
    case JSON_TOKEN_TEXT:
        /* A cut in the middle of a character must not show as a broken one. */
        while (more[0] && size > 0 && ((unsigned char)lexeme->raw[size] & 0xc0) == 0x80)
            size--;
        text_make_printable(shown, sizeof(shown), lexeme->raw, size);
        snprintf(text, 160, "\"%s%s\"", shown, more);
        return;
    case JSON_TOKEN_NUMBER:
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_FALSE:
    case JSON_TOKEN_NULL:
        snprintf(text, 160, "%.*s%s", (int)size, lexeme->raw, more);
        return;
    case JSON_TOKEN_OBJECT_CLOSE:
    case JSON_TOKEN_ARRAY_CLOSE:
    case JSON_TOKEN_KEY:
    case JSON_TOKEN_END:
        strcpy(text, "something else");
        return;
    }
}

int binder_fault_expected(struct binder *binder, const struct json_lexeme *lexeme, const char *format, ...)
{
    char expected[256], found[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    describe(lexeme, found);
    return binder_fault(binder, lexeme->place, "expected %s, found %s", expected, found);
}

void json_error_format(const struct json_error *error, char *buffer, size_t capacity)
{
    if (error->place.line == 0)
        snprintf(buffer, capacity, "%s: %s", error->file, error->message);
    else
        snprintf(buffer, capacity, "%s:%u:%u: %s", error->file, error->place.line, error->place.column,
            error->message);
}

/* --- values ---------------------------------------------------------------------------------------------------------- */

static bool has_control(const char *text)
{
    uint32_t code;
    for (size_t left = strlen(text), width; left > 0; text += width, left -= width) {
        width = text_character(text, left, &code);
        if (width == 0 || text_is_control(code))
            return true;
    }
    return false;
}

static int bind_text(
    struct binder *binder, const struct bind_field *field, char *place, const struct json_lexeme *lexeme)
{
    ssize_t length = -EINVAL;
    if (lexeme->token == JSON_TOKEN_TEXT)
        length = json_lexeme_text(lexeme, place, (size_t)field->maximum + 1);
    if (length < 0 || length < field->minimum)
        return binder_fault_expected(
            binder, lexeme, "text of %" PRId64 " to %" PRId64 " bytes", field->minimum, field->maximum);
    if (field->plain && has_control(place))
        return binder_fault_expected(binder, lexeme, "text without control characters");
    return 0;
}

static int bind_integer(
    struct binder *binder, const struct bind_field *field, int64_t *place, const struct json_lexeme *lexeme)
{
    int64_t number;
    if (lexeme->token != JSON_TOKEN_NUMBER || json_lexeme_integer(lexeme, &number) < 0 ||
        number < field->minimum || number > field->maximum)
        return binder_fault_expected(
            binder, lexeme, "an integer from %" PRId64 " to %" PRId64, field->minimum, field->maximum);
    *place = number;
    return 0;
}

static int bind_boolean(struct binder *binder, bool *place, const struct json_lexeme *lexeme)
{
    if (lexeme->token != JSON_TOKEN_TRUE && lexeme->token != JSON_TOKEN_FALSE)
        return binder_fault_expected(binder, lexeme, "true or false");
    *place = lexeme->token == JSON_TOKEN_TRUE;
    return 0;
}

static int bind_choice(
    struct binder *binder, const struct bind_field *field, int *place, const struct json_lexeme *lexeme)
{
    char text[64], list[240] = "";
    size_t at = 0;
    if (lexeme->token == JSON_TOKEN_TEXT && json_lexeme_text(lexeme, text, sizeof(text)) >= 0)
        for (int i = 0; field->choices[i]; i++)
            if (strcmp(field->choices[i], text) == 0) {
                *place = i;
                return 0;
            }
    for (int i = 0; field->choices[i]; i++)
        at = put(list, sizeof(list), at, "%s\"%s\"",
            i == 0                  ? ""
            : field->choices[i + 1] ? ", "
                                    : " or ",
            field->choices[i]);
    return binder_fault_expected(binder, lexeme, "%s", list);
}

static int bind_parsed(
    struct binder *binder, const struct bind_field *field, void *place, const struct json_lexeme *lexeme)
{
    char text[BIND_PARSED_MAX + 1];
    if (lexeme->token != JSON_TOKEN_TEXT || json_lexeme_text(lexeme, text, sizeof(text)) < 0 ||
        field->parse(text, place) < 0)
        return binder_fault_expected(binder, lexeme, "%s", field->expected);
    return 0;
}

int binder_bind_value(
    struct binder *binder, const struct bind_field *field, void *place, const struct json_lexeme *lexeme)
{
    switch (field->type) {
    case BIND_TEXT:
        return bind_text(binder, field, place, lexeme);
    case BIND_INTEGER:
        return bind_integer(binder, field, place, lexeme);
    case BIND_BOOLEAN:
        return bind_boolean(binder, place, lexeme);
    case BIND_CHOICE:
        return bind_choice(binder, field, place, lexeme);
    case BIND_PARSED:
        return bind_parsed(binder, field, place, lexeme);
    case BIND_OBJECT:
    case BIND_ARRAY:
    case BIND_IGNORED:
        break; /* json_bind.c's */
    }
    return -EINVAL;
}
