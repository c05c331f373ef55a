/* Why: a code that never changes its meaning, and what people read. */
#ifndef SEKISHO_MEDIA_REASONS_H
#define SEKISHO_MEDIA_REASONS_H

#include "media/decide.h"

struct reason_row {
    const char *code; /* "M-03": → status_code; in guides and on the telephone */
    const char *english, *japanese;
};

const struct reason_row *reason_row(enum reason reason);
const char *verdict_name(enum verdict verdict);

#endif
