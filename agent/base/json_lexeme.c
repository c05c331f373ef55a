/* What a token of the scanner means: text unescaped, numbers as integers. */
#include "base/json_scan.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* Four hexadecimal digits that the scan has found good. */
static uint32_t hex_quad(const char *bytes)
{
    uint8_t value[2] = {0};
    char digits[5] = "";
    memcpy(digits, bytes, 4);
    text_unhex(value, 2, digits);
    return (uint32_t)value[0] << 8 | value[1];
}

static size_t put_utf8(char target[static 4], uint32_t code)
{
    if (code < 0x80) {
        target[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        target[i] = (char)(0x80 | (code & 0x3f));
    target[0] = (char)(0xf00 >> length | code);
    return length;
}

/* The escape at *at, which the scan has found good, as a code point; *at moves past it. */
static uint32_t take_escape(const char **at)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
    const char *from = *at;
    if (from[1] != 'u') {
        *at += 2;
        return (uint8_t)MEANT[strchr(NAMES, from[1]) - NAMES];
    }
    uint32_t unit = hex_quad(from + 2);
    *at += 6;
    if (unit < 0xd800 || unit > 0xdbff)
        return unit;
    *at += 6;
    return 0x10000 + ((unit - 0xd800) << 10) + (hex_quad(from + 8) - 0xdc00);
}

ssize_t json_lexeme_text(const struct json_lexeme *lexeme, char *target, size_t capacity)
{
    const char *at = lexeme->raw, *end = lexeme->raw + lexeme->raw_size;
    size_t length = 0;
    while (at < end) {
        char character[4] = {*at};
        size_t width = 1;
        if (*at == '\\')
            width = put_utf8(character, take_escape(&at));
        else
            at++;
        if (length + width >= capacity)
            return -ENOBUFS;
        memcpy(target + length, character, width);
        length += width;
    }
    if (capacity == 0)
        return -ENOBUFS;
    target[length] = '\0';
    return (ssize_t)length;
}

int json_lexeme_integer(const struct json_lexeme *lexeme, int64_t *ret_number)
{
    const int64_t most = (INT64_C(1) << 53) - 1;
    char digits[24];
    int64_t number;
    if (memchr(lexeme->raw, '.', lexeme->raw_size) || memchr(lexeme->raw, 'e', lexeme->raw_size) ||
        memchr(lexeme->raw, 'E', lexeme->raw_size))
        return -EINVAL;
    if (lexeme->raw_size >= sizeof(digits))
        return -ERANGE;
    memcpy(digits, lexeme->raw, lexeme->raw_size);
    digits[lexeme->raw_size] = '\0';
    int error = text_integer(digits, &number);
    if (error < 0)
        return error;
    if (number < -most || number > most)
        return -ERANGE;
    *ret_number = number;
    return 0;
}
