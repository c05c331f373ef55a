#include "base/uuid.h"

#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int uuid_make(int64_t time_ms, char ret_text[static UUID_TEXT_SIZE])
{
    static const unsigned char GROUPS[] = {4, 2, 2, 2, 6};
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return -EIO;
    for (unsigned i = 0; i < 6; i++)
        bytes[i] = (uint8_t)((uint64_t)time_ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f));
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));

    const uint8_t *from = bytes;
    char *to = ret_text;
    for (unsigned i = 0; i < sizeof(GROUPS); i++) {
        text_hex(to, from, GROUPS[i]);
        from += GROUPS[i];
        to += 2 * GROUPS[i];
        *to++ = '-';
    }
    to[-1] = '\0';
    return 0;
}
