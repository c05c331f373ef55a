/* An event of the chain as a person reads it. */
#ifndef SEKISHO_CLI_EVENT_TEXT_H
#define SEKISHO_CLI_EVENT_TEXT_H

#include <json-c/json.h>

/* A headline with sequence, time and what happened, and below it what is known more. event: borrowed; what a device said of
 * itself is made safe. A pruned link is told as such. */
void event_print(struct json_object *event);

#endif
