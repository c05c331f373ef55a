/* Events made up from the table: every field that a kind may have, or only those it must; for the schema and its tests. */
#ifndef SEKISHO_EVENTDOC_SAMPLE_H
#define SEKISHO_EVENTDOC_SAMPLE_H

#include "record/event.h"

enum sample_size { SAMPLE_MINIMAL, SAMPLE_MAXIMAL };

#define SAMPLE_VOICES 6

/* What a device may say of itself: voice 0 is plain, the others are nasty (quotes, control bytes, no UTF-8, 126 characters).
 * Borrowed from static memory. */
const char *sample_voice(unsigned voice);

/* An event as it is stored, hash and all. *ret_object is to be put; NULL and -errno when the table contradicts itself. */
int sample_event(
    enum event_kind kind, enum sample_size size, unsigned voice, struct json_object **ret_object);

#endif
