/* A strict RFC 8259 scanner: one token at a time, with its place, and nothing kept but what is open. */
#include "base/json_scan.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What the grammar allows next. Zero is the beginning, where a byte order mark is looked for. */
enum expect {
    EXPECT_BEGINNING,
    EXPECT_VALUE,
    EXPECT_VALUE_OR_CLOSE, /* after '[' */
    EXPECT_KEY_OR_CLOSE,   /* after '{' */
    EXPECT_COMMA_OR_CLOSE,
    EXPECT_END,
};

void json_scan_begin(struct json_scan *scan, const char *bytes, size_t size)
{
    *scan = (struct json_scan){.at = bytes, .end = bytes + size, .place = {1, 1}, .expect = EXPECT_BEGINNING};
}

static int fault(const struct json_scan *scan, struct json_error *ret_error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fault(const struct json_scan *scan, struct json_error *ret_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, arguments);
    va_end(arguments);
    ret_error->place = scan->place;
    return -EBADMSG;
}

/* What stands at the scan's place, in words. */
static void describe(const struct json_scan *scan, char text[static 64])
{
    size_t left = (size_t)(scan->end - scan->at), length = 0;
    static const char *const WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-";
    uint32_t code;
    while (length < left && length < 32 && scan->at[length] != '\0' && strchr(WORD, scan->at[length]))
        length++;
    size_t width = text_character(scan->at, left, &code);
    if (left == 0)
        strcpy(text, "the end of the text");
    else if (length > 1)
        snprintf(text, 64, "\"%.*s\"", (int)length, scan->at);
    else if (width == 0)
        snprintf(text, 64, "byte 0x%02x, which is not UTF-8", (uint8_t)*scan->at);
    else if (text_is_control(code))
        snprintf(text, 64, "the control character U+%04X", code);
    else if (width > 1) /* a full-width blank does not show by itself */
        snprintf(text, 64, "'%.*s' (U+%04X)", (int)width, scan->at, code);
    else
        snprintf(text, 64, "'%.*s'", (int)width, scan->at);
}

static int fault_expected(const struct json_scan *scan, struct json_error *ret_error, const char *expected)
{
    char found[64];
    describe(scan, found);
    return fault(scan, ret_error, "expected %s, found %s", expected, found);
}

/* Moves over size bytes that are ASCII and hold no newline. */
static void advance(struct json_scan *scan, size_t size)
{
    scan->at += size;
    scan->place.column += (unsigned)size;
}

static void skip_blanks(struct json_scan *scan)
{
    for (; scan->at < scan->end; scan->at++) {
        switch (*scan->at) {
        case '\n':
            scan->place.line++;
            scan->place.column = 1;
            break;
        case ' ':
        case '\t':
        case '\r':
            scan->place.column++;
            break;
        default:
            return;
        }
    }
}

static bool at_character(const struct json_scan *scan, const char *allowed)
{
    return scan->at < scan->end && *scan->at != '\0' && strchr(allowed, *scan->at);
}

/* Four hexadecimal digits at bytes, or -1. */
static int hex_quad(const char *bytes, const char *end)
{
    uint8_t value[2];
    char digits[5] = "";
    if (end - bytes < 4)
        return -1;
    memcpy(digits, bytes, 4);
    return text_unhex(value, 2, digits) < 0 ? -1 : value[0] << 8 | value[1];
}

/* The place is at the backslash: RFC 8259 section 7, and pairs as RFC 2781 has them. */
static int scan_unicode_escape(struct json_scan *scan, struct json_error *ret_error)
{
    int unit = hex_quad(scan->at + 2, scan->end);
    if (unit < 0)
        return fault(scan, ret_error, "expected four hexadecimal digits after \\u");
    if (unit == 0)
        return fault(scan, ret_error, "\\u0000 is not allowed in text");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fault(
            scan, ret_error, "\\u%04x is the second half of a pair without its first", (unsigned)unit);
    if (unit >= 0xd800 && unit <= 0xdbff) {
        bool more = scan->end - scan->at >= 12 && scan->at[6] == '\\' && scan->at[7] == 'u';
        int low = more ? hex_quad(scan->at + 8, scan->end) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return fault(
                scan, ret_error, "\\u%04x is the first half of a pair without its second", (unsigned)unit);
        advance(scan, 6);
    }
    advance(scan, 6);
    return 0;
}

static int scan_escape(struct json_scan *scan, struct json_error *ret_error)
{
    if (scan->end - scan->at >= 2) {
        if (scan->at[1] == 'u')
            return scan_unicode_escape(scan, ret_error);
        if (scan->at[1] != '\0' && strchr("\"\\/bfnrt", scan->at[1])) {
            advance(scan, 2);
            return 0;
        }
    }
    return fault(scan, ret_error, "unknown escape: after a backslash one of \" \\ / b f n r t u is expected");
}

/* One character of a string that is neither its end nor an escape. */
static int scan_plain(struct json_scan *scan, struct json_error *ret_error)
{
    uint32_t code;
    if ((uint8_t)*scan->at < 0x20)
        return fault(
            scan, ret_error, "a control character in text must be written \\u%04x", (unsigned)*scan->at);
    size_t width = text_character(scan->at, (size_t)(scan->end - scan->at), &code);
    if (width == 0)
        return fault(scan, ret_error, "byte 0x%02x is not UTF-8", (uint8_t)*scan->at);
    scan->at += width;
    scan->place.column++;
    return 0;
}

static int scan_string(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    struct json_scan opening = *scan;
    lexeme->escaped = false;
    advance(scan, 1);
    lexeme->raw = scan->at;
    while (scan->at < scan->end && *scan->at != '"') {
        bool escape = *scan->at == '\\';
        int error = escape ? scan_escape(scan, ret_error) : scan_plain(scan, ret_error);
        if (error < 0)
            return error;
        lexeme->escaped |= escape;
    }
    if (scan->at == scan->end)
        return fault(&opening, ret_error, "text without its closing quote");
    lexeme->raw_size = (size_t)(scan->at - lexeme->raw);
    advance(scan, 1);
    return 0;
}

static int scan_digits(struct json_scan *scan, struct json_error *ret_error)
{
    if (!at_character(scan, "0123456789"))
        return fault_expected(scan, ret_error, "a digit");
    while (at_character(scan, "0123456789"))
        advance(scan, 1);
    return 0;
}

/* number = [ minus ] int [ frac ] [ exp ], RFC 8259 section 6. */
static int scan_number(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    struct json_scan beginning = *scan;
    int error = 0;
    lexeme->token = JSON_TOKEN_NUMBER;
    lexeme->raw = scan->at;
    if (at_character(scan, "-"))
        advance(scan, 1);
    if (at_character(scan, "0")) {
        advance(scan, 1);
        if (at_character(scan, "0123456789"))
            return fault(&beginning, ret_error, "a number must not begin with zeros");
    } else {
        error = scan_digits(scan, ret_error);
    }
    if (error == 0 && at_character(scan, ".")) {
        advance(scan, 1);
        error = scan_digits(scan, ret_error);
    }
    if (error == 0 && at_character(scan, "eE")) {
        advance(scan, 1);
        if (at_character(scan, "+-"))
            advance(scan, 1);
        error = scan_digits(scan, ret_error);
    }
    lexeme->raw_size = (size_t)(scan->at - lexeme->raw);
    return error;
}

static int scan_word(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    static const struct {
        const char *word;
        enum json_token token;
    } WORDS[] = {{"true", JSON_TOKEN_TRUE}, {"false", JSON_TOKEN_FALSE}, {"null", JSON_TOKEN_NULL}};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        size_t length = strlen(WORDS[i].word);
        if ((size_t)(scan->end - scan->at) >= length && memcmp(scan->at, WORDS[i].word, length) == 0) {
            lexeme->token = WORDS[i].token;
            lexeme->raw = scan->at;
            lexeme->raw_size = length;
            advance(scan, length);
            return 0;
        }
    }
    return fault_expected(scan, ret_error, "a value");
}

static int scan_open(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    bool object = *scan->at == '{';
    if (scan->depth == JSON_DEPTH_MAX)
        return fault(scan, ret_error, "nested deeper than %d levels", JSON_DEPTH_MAX);
    scan->stack[scan->depth++] = (uint8_t)*scan->at;
    lexeme->token = object ? JSON_TOKEN_OBJECT_OPEN : JSON_TOKEN_ARRAY_OPEN;
    scan->expect = object ? EXPECT_KEY_OR_CLOSE : EXPECT_VALUE_OR_CLOSE;
    advance(scan, 1);
    return 0;
}

static void after_value(struct json_scan *scan)
{
    scan->expect = scan->depth ? EXPECT_COMMA_OR_CLOSE : EXPECT_END;
}

static int scan_close(struct json_scan *scan, struct json_lexeme *lexeme)
{
    lexeme->token = *scan->at == '}' ? JSON_TOKEN_OBJECT_CLOSE : JSON_TOKEN_ARRAY_CLOSE;
    scan->depth--;
    advance(scan, 1);
    after_value(scan);
    return 0;
}

static int scan_value(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    int error;
    if (at_character(scan, "{["))
        return scan_open(scan, lexeme, ret_error);
    if (at_character(scan, "\"")) {
        lexeme->token = JSON_TOKEN_TEXT;
        error = scan_string(scan, lexeme, ret_error);
    } else if (at_character(scan, "-0123456789")) {
        error = scan_number(scan, lexeme, ret_error);
    } else {
        error = scan_word(scan, lexeme, ret_error);
    }
    after_value(scan);
    return error;
}

static int scan_key(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    if (!at_character(scan, "\""))
        return fault_expected(scan, ret_error, "a key in double quotes");
    lexeme->token = JSON_TOKEN_KEY;
    int error = scan_string(scan, lexeme, ret_error);
    if (error < 0)
        return error;
    skip_blanks(scan);
    if (!at_character(scan, ":"))
        return fault_expected(scan, ret_error, "':' after the key");
    advance(scan, 1);
    scan->expect = EXPECT_VALUE;
    return 0;
}

/* After a member or an element: the bracket that closes, or a comma and the next one. */
static int scan_rest(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    bool object = scan->stack[scan->depth - 1] == '{';
    if (at_character(scan, object ? "}" : "]"))
        return scan_close(scan, lexeme);
    if (!at_character(scan, ","))
        return fault_expected(scan, ret_error, object ? "',' or '}'" : "',' or ']'");
    advance(scan, 1);
    skip_blanks(scan);
    lexeme->place = scan->place;
    return object ? scan_key(scan, lexeme, ret_error) : scan_value(scan, lexeme, ret_error);
}

static int scan_beginning(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    if (scan->end - scan->at >= 3 && memcmp(scan->at, "\xef\xbb\xbf", 3) == 0)
        return fault(scan, ret_error, "a byte order mark is not allowed: save the file as UTF-8 without one");
    skip_blanks(scan);
    lexeme->place = scan->place;
    return scan_value(scan, lexeme, ret_error);
}

static int scan_token(struct json_scan *scan, struct json_lexeme *lexeme, struct json_error *ret_error)
{
    if (scan->expect == EXPECT_BEGINNING)
        return scan_beginning(scan, lexeme, ret_error);
    skip_blanks(scan);
    lexeme->place = scan->place;
    switch ((enum expect)scan->expect) {
    case EXPECT_BEGINNING:
    case EXPECT_VALUE:
        return scan_value(scan, lexeme, ret_error);
    case EXPECT_VALUE_OR_CLOSE:
        return at_character(scan, "]") ? scan_close(scan, lexeme) : scan_value(scan, lexeme, ret_error);
    case EXPECT_KEY_OR_CLOSE:
        return at_character(scan, "}") ? scan_close(scan, lexeme) : scan_key(scan, lexeme, ret_error);
    case EXPECT_COMMA_OR_CLOSE:
        return scan_rest(scan, lexeme, ret_error);
    case EXPECT_END:
        lexeme->token = JSON_TOKEN_END;
        return scan->at == scan->end ? 0 : fault_expected(scan, ret_error, "the end of the text");
    }
    return -EBADMSG;
}

int json_scan_next(struct json_scan *scan, struct json_lexeme *ret_lexeme, struct json_error *ret_error)
{
    /* Work on a copy: after a fault the scan stands where it stood, and says the same again. */
    struct json_scan ahead = *scan;
    struct json_lexeme lexeme = {0};
    int error = scan_token(&ahead, &lexeme, ret_error);
    if (error < 0)
        return error;
    *scan = ahead;
    *ret_lexeme = lexeme;
    return 0;
}
