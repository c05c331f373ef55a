/* Why: a code that never changes its meaning, and what people read. Both ends must know them: the terminal to say, the desk and
 * the documents to explain. A module's codes begin with its letter (M: media). */
#ifndef SEKISHO_RECORD_REASON_H
#define SEKISHO_RECORD_REASON_H

#include <stdbool.h>

enum reason {
    REASON_INPUT,
    REASON_READER,
    REASON_MEDIUM_NOT_REGISTERED,
    REASON_NOT_DISTINGUISHABLE,
    REASON_MEDIUM_NOT_MOUNTABLE,
    REASON_MEDIUM_ENDED,
    REASON_DEVICE_NOT_LISTED,
    REASON_DATA_BESIDE_INPUT,
    REASON_INPUT_NOT_LISTED,
    REASON_FOREIGN_DRIVER,
    REASON_DESCRIPTORS,
    REASON_OTHER_INTERFACES,
    REASON_OTHER_PORT,
    REASON_ENTRY_ENDED,
    REASON_NO_INTERFACE,
    REASON_TOO_MANY,
    REASON_NOT_RECORDED,
    REASON_FOUND_OPEN,
    REASON_GONE,
    REASON_LISTED,
    REASON_IN_USE,
    REASON_OWN_DISK,
    REASON_COUNT,
};

struct reason_row {
    const char *code; /* "M-03": → status_code; in guides and on the telephone */
    const char *english, *japanese;
};

const struct reason_row *reason_row(enum reason reason);

bool reason_is_code(const char *text);

#endif
