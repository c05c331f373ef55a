/* docs/events.md: the kinds of events, their fields and the reason codes, for people. */
#ifndef SEKISHO_EVENTDOC_MARKDOWN_H
#define SEKISHO_EVENTDOC_MARKDOWN_H

#include <stdio.h>

void markdown_write(FILE *stream);

#endif
