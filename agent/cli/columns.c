#include "columns.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>
#include <wchar.h>

int columns_width(const char *text)
{
    int width = 0;
    uint32_t code;
    for (size_t size = strlen(text), length; size > 0; text += length, size -= length) {
        length = text_character(text, size, &code);
        int own = length > 0 ? wcwidth((wchar_t)code) : 1;
        width += own < 0 ? 1 : own; /* what the C library does not know takes one */
        length = length > 0 ? length : 1;
    }
    return width;
}

/* Never longer than three times the bytes: each becomes at most U+FFFD. malloc'ed; NULL when out of memory. */
static char *make_safe(const char *text)
{
    size_t size = strlen(text), capacity = 3 * size + 1;
    char *safe = malloc(capacity);
    if (safe)
        text_make_printable(safe, capacity, text, size);
    return safe;
}

void columns_print_safe(FILE *stream, const char *text)
{
    cleanup_free_ char *safe = make_safe(text);
    if (safe)
        fputs(safe, stream);
}

void columns_print_padded(FILE *stream, const char *text, int width)
{
    cleanup_free_ char *safe = make_safe(text);
    if (!safe)
        return;
    fputs(safe, stream);
    for (int at = columns_width(safe); at < width; at++)
        fputc(' ', stream);
}
