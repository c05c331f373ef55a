/* docs/events.schema.json: a draft-07 JSON Schema of every kind of event. */
#ifndef SEKISHO_EVENTDOC_SCHEMA_H
#define SEKISHO_EVENTDOC_SCHEMA_H

#include <stdio.h>

/* 0 or negative errno. */
int schema_write(FILE *stream);

#endif
