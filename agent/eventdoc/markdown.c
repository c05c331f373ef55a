#include "eventdoc/markdown.h"

#include "eventdoc/place.h"
#include "record/event.h"
#include "record/reason.h"

static const char INTRODUCTION[] =
    "# Events\n"
    "\n"
    "<!-- Made by `make docs` from the table in agent/record: do not edit. -->\n"
    "\n"
    "What the agent records, one OCSF 1.8.0 object an event (profiles `host` and `security_control`); "
    "`sekisho events "
    "--json`\n"
    "prints one a line, byte for byte as it is stored. The machine's view of this page is "
    "[events.schema.json](events.schema.json)\n"
    "(JSON Schema, draft-07).\n"
    "\n"
    "- Numbers are integers within ±(2⁵³ − 1); a time is in milliseconds since 1970 UTC.\n"
    "- Texts that a device gives are bytes from a stranger: they come out as well-formed UTF-8, what was "
    "none "
    "as U+FFFD, cut\n"
    "  at the length given here (bytes). They may hold control characters, escaped as JSON does.\n"
    "- A member that is unknown is left out; none is null or empty.\n"
    "- An event is never changed. Repeats of a *coalesced* kind within 60 seconds become one second event "
    "with `count`.\n"
    "- *Reserved* kinds may still be stored when the quota is used up but for the reserve.\n";

static const char *class_name(unsigned class_uid)
{
    switch (class_uid) {
    case 1008:
        return "Event Log Activity";
    case 1010:
        return "Peripheral Activity";
    case 2004:
        return "Detection Finding";
    case 5001:
        return "Device Inventory Info";
    case 6002:
        return "Application Lifecycle";
    }
    return "?";
}

static void write_type(FILE *stream, const struct event_field_row *row)
{
    switch (row->type) {
    case EVENT_VALUE_TEXT:
        if (row->hex_digits)
            fprintf(stream, "%u hexadecimal digits", row->hex_digits);
        else
            fprintf(stream, "text, %u", row->maximum);
        return;
    case EVENT_VALUE_NUMBER:
        fputs(row->as_text ? "number, as text" : "number", stream);
        return;
    case EVENT_VALUE_BOOLEAN:
        fputs("true or false", stream);
        return;
    case EVENT_VALUE_LIST:
        fprintf(stream, "list of texts, %u each, %d at most", row->maximum, EVENT_LIST_MAX);
        return;
    case EVENT_VALUE_NONE:
        return;
    }
}

static void write_fields(FILE *stream, const enum event_field *fields, const char *required)
{
    for (; *fields != EVENT_FIELD_COUNT; fields++) {
        const struct event_field_row *row = event_field_row(*fields);
        fprintf(stream, "| `%s` | ", row->path);
        write_type(stream, row);
        fprintf(stream, " | %s | %s |\n", required, row->meaning);
    }
}

static void write_constant(FILE *stream, const char *name, unsigned value)
{
    if (value)
        fprintf(stream, ", `%s` %u", name, value);
}

static void write_kind(FILE *stream, const struct event_kind_row *row)
{
    fprintf(stream, "\n### %s\n\n%s. %s\n\n", row->name, row->title, row->title_ja);
    fprintf(stream, "`class_uid` %u (%s), `activity_id` %u", row->class_uid, class_name(row->class_uid),
        row->activity_id);
    write_constant(stream, "severity_id", row->severity_id);
    write_constant(stream, "action_id", row->action_id);
    write_constant(stream, "disposition_id", row->disposition_id);
    write_constant(stream, "status_id", row->status_id);
    fprintf(stream, "%s%s%s.\n", row->alert ? ", `is_alert` true" : "",
        row->weight == EVENT_RESERVED ? "; reserved" : "", row->coalesce ? "; coalesced" : "");
    if (*row->required == EVENT_FIELD_COUNT && *row->optional == EVENT_FIELD_COUNT)
        return;
    fputs("\n| member | holds | always | meaning |\n|---|---|---|---|\n", stream);
    write_fields(stream, row->required, "yes");
    write_fields(stream, row->optional, "");
}

static void write_overview(FILE *stream)
{
    fputs("\n## Kinds\n\n| `unmapped.sekisho.kind` | what happened | 日本語 |\n|---|---|---|\n", stream);
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        const struct event_kind_row *row = event_kind_row(kind);
        fprintf(stream, "| [%s](#%s) | %s | %s |\n", row->name, row->name, row->title, row->title_ja);
    }
}

static void write_places(FILE *stream)
{
    fputs("\n## In every event, or where its class has the member\n\n| member | meaning |\n|---|---|\n",
        stream);
    for (const struct place *place = place_list(); place->path; place++)
        fprintf(stream, "| `%s` | %s |\n", place->path, place->meaning);
}

static void write_reasons(FILE *stream)
{
    fputs("\n## Reason codes\n\n`status_code`; a code never changes its meaning.\n\n"
          "| code | reason | 職員等への表示 |\n|---|---|---|\n",
        stream);
    for (enum reason reason = 0; reason < REASON_COUNT; reason++) {
        const struct reason_row *row = reason_row(reason);
        fprintf(stream, "| %s | %s | %s |\n", row->code, row->english, row->japanese);
    }
}

void markdown_write(FILE *stream)
{
    fputs(INTRODUCTION, stream);
    write_overview(stream);
    write_places(stream);
    fputs("\n## Each kind\n", stream);
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++)
        write_kind(stream, event_kind_row(kind));
    write_reasons(stream);
}
