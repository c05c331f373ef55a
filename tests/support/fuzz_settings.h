/* What the fuzzers of both documents share: texts are read as the daemon would, and what it says must hold. */
#ifndef SEKISHO_TESTS_FUZZ_SETTINGS_H
#define SEKISHO_TESTS_FUZZ_SETTINGS_H

#include "core/settings.h"

/* bytes: up to eight files, divided by zero bytes; the first is agent.json or policy.json, the others stand in policy.d. Aborts when
 * a refusal is not worded, or stands outside the text; when text is accepted that json-c's strict parser refuses; or when the
 * same bytes are judged twice and not alike. */
void fuzz_settings_texts(enum settings_which which, const uint8_t *bytes, size_t size);

#endif
