/* A configuration folder and a store of a test's own, and the daemon's reader over them. */
#ifndef SEKISHO_TESTS_SETTINGS_PLACE_H
#define SEKISHO_TESTS_SETTINGS_PLACE_H

#include "core/settings.h"

struct settings_place {
    char path[64];
    char configuration[96], store[96];
    struct clock clock; /* stands at 2026-11-25T00:00:00Z */
    struct settings_source source;
};

/* The module table is the daemon's own unless a test puts another into source. Ends the test on a fault. */
void settings_place_open(struct settings_place *place);
void settings_place_close(struct settings_place *place);

/* Writes etc/NAME ("policy.d/10-a.json" too), mode 0644. */
void settings_place_write(
    const struct settings_place *place, const char *name, const char *bytes, size_t size);
void settings_place_text(const struct settings_place *place, const char *name, const char *text);
void settings_place_remove(const struct settings_place *place, const char *name);

/* "accepted", or the message with file, line and column; valid until the next call. */
const char *settings_place_load(const struct settings_place *place, enum settings_which which);

#endif
