/* UTF-8, hex digits and decimal integers: bytes from strangers made safe to store and to show. */
#include "base/text.h"

#include <errno.h>
#include <string.h>

/* RFC 3629 section 4: the second byte's range depends on the first; the others are 80..BF. */
struct utf8_lead {
    uint8_t from, to, length, second_from, second_to;
};

static const struct utf8_lead UTF8_LEADS[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf},
    {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f},
    {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf},
    {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct utf8_lead *find_lead(uint8_t byte)
{
    for (size_t i = 0; i < sizeof(UTF8_LEADS) / sizeof(UTF8_LEADS[0]); i++)
        if (byte >= UTF8_LEADS[i].from && byte <= UTF8_LEADS[i].to)
            return &UTF8_LEADS[i];
    return NULL;
}

size_t text_character(const char *bytes, size_t size, uint32_t *ret_code)
{
    const uint8_t *at = (const uint8_t *)bytes;
    if (size == 0)
        return 0;
    if (at[0] < 0x80) {
        *ret_code = at[0];
        return 1;
    }
    const struct utf8_lead *lead = find_lead(at[0]);
    if (!lead || size < lead->length || at[1] < lead->second_from || at[1] > lead->second_to)
        return 0;
    uint32_t code = at[0] & (0x7fU >> lead->length);
    for (size_t i = 1; i < lead->length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    *ret_code = code;
    return lead->length;
}

bool text_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool text_is_utf8(const char *bytes, size_t size)
{
    uint32_t code;
    for (size_t at = 0, length; at < size; at += length) {
        length = text_character(bytes + at, size - at, &code);
        if (length == 0)
            return false;
    }
    return true;
}

static bool is_nul(uint32_t code)
{
    return code == 0;
}

static size_t make_clean(
    char *target, size_t capacity, const char *bytes, size_t size, bool (*is_offending)(uint32_t code))
{
    static const char REPLACEMENT[] = "\xef\xbf\xbd";
    size_t length = 0, step;
    if (capacity == 0)
        return 0;
    for (size_t at = 0; at < size; at += step) {
        uint32_t code;
        const char *from = bytes + at;
        size_t width = step = text_character(from, size - at, &code);
        if (step == 0 || is_offending(code)) {
            from = REPLACEMENT;
            width = sizeof(REPLACEMENT) - 1;
            step = step ? step : 1;
        }
        if (width > capacity - 1 - length)
            break;
        memcpy(target + length, from, width);
        length += width;
    }
    target[length] = '\0';
    return length;
}

size_t text_make_utf8(char *target, size_t capacity, const char *bytes, size_t size)
{
    return make_clean(target, capacity, bytes, size, is_nul);
}

size_t text_make_printable(char *target, size_t capacity, const char *bytes, size_t size)
{
    return make_clean(target, capacity, bytes, size, text_is_control);
}

void text_hex(char *target, const void *bytes, size_t size)
{
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i++) {
        target[2 * i] = DIGITS[from[i] >> 4];
        target[2 * i + 1] = DIGITS[from[i] & 15];
    }
    target[2 * size] = '\0';
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

int text_unhex(void *bytes, size_t size, const char *text)
{
    uint8_t *to = bytes;
    if (strnlen(text, 2 * size + 1) != 2 * size)
        return -EINVAL;
    for (size_t i = 0; i < 2 * size; i++)
        if (hex_digit(text[i]) < 0)
            return -EINVAL;
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)((unsigned)hex_digit(text[2 * i]) << 4 | (unsigned)hex_digit(text[2 * i + 1]));
    return 0;
}

int text_integer(const char *text, int64_t *ret_number)
{
    bool negative = *text == '-';
    const char *digits = text + negative;
    int64_t number = 0;
    if (*digits == '\0' || (*digits == '0' && (digits[1] != '\0' || negative)))
        return -EINVAL;
    if (digits[strspn(digits, "0123456789")] != '\0')
        return -EINVAL;
    /* Counted downwards, because INT64_MIN has no positive twin. */
    for (; *digits; digits++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, *digits - '0', &number))
            return -ERANGE;
    if (!negative && __builtin_mul_overflow(number, -1, &number))
        return -ERANGE;
    *ret_number = number;
    return 0;
}
