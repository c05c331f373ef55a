#include "record/event.h"

#include <stddef.h>

static void set(struct event *event, enum event_field field, struct event_value value)
{
    event->values[field] = value;
}

void event_set_text(struct event *event, enum event_field field, const char *text)
{
    if (!text || !*text)
        set(event, field, (struct event_value){.type = EVENT_VALUE_NONE});
    else
        set(event, field, (struct event_value){.type = EVENT_VALUE_TEXT, .text = text});
}

void event_set_number(struct event *event, enum event_field field, int64_t number)
{
    set(event, field, (struct event_value){.type = EVENT_VALUE_NUMBER, .number = number});
}

void event_set_boolean(struct event *event, enum event_field field, bool boolean)
{
    set(event, field, (struct event_value){.type = EVENT_VALUE_BOOLEAN, .boolean = boolean});
}

void event_set_list(struct event *event, enum event_field field, const char *const *list)
{
    if (!list)
        set(event, field, (struct event_value){.type = EVENT_VALUE_NONE});
    else
        set(event, field, (struct event_value){.type = EVENT_VALUE_LIST, .list = list});
}
