/* sekisho events: what was recorded, as the chain has it (--json) or as a person reads it. */
#include "command.h"
#include "event_text.h"
#include "pages.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

struct events_options {
    const char *store; /* NULL: ask the agent */
    struct page_reader reader;
};

static int each_event(void *context, const char *line, size_t size)
{
    const struct invocation *invocation = context;
    if (invocation->json) {
        fwrite(line, 1, size, stdout);
        putchar('\n');
        return 0;
    }
    struct json_object *event = json_tokener_parse(line);
    if (event)
        event_print(event);
    else
        puts(_("(unreadable; run sekisho verify)"));
    json_object_put(event);
    return 0;
}

/* A date means its beginning in local time, which is the end of the day before and a millisecond. */
static int since_parse(const char *text, struct page_reader *reader)
{
    if (strcmp(text, "now") == 0) {
        reader->since_ms = clock_realtime_ms(&clock_system);
        return 0;
    }
    if (text_integer(text, &reader->from) >= 0)
        return reader->from > 0 ? 0 : -EINVAL;
    int error = clock_parse(text, &reader->since_ms);
    if (error >= 0 && strlen(text) == sizeof("2026-11-24") - 1)
        reader->since_ms -= INT64_C(86400000) - 1;
    return error;
}

static int options_parse(const struct invocation *invocation, struct events_options *options)
{
    for (int i = 0; i < invocation->argc; i++) {
        const char *option = invocation->argv[i];
        const char *value = i + 1 < invocation->argc ? invocation->argv[i + 1] : NULL;
        if (strcmp(option, "--follow") == 0) {
            options->reader.follow = true;
            continue;
        }
        if (!value)
            return EXIT_USAGE;
        i++;
        if (strcmp(option, "--store") == 0) {
            options->store = value;
        } else if (strcmp(option, "--since") != 0) {
            return EXIT_USAGE;
        } else if (since_parse(value, &options->reader) < 0) {
            fprintf(stderr,
                _("sekisho: --since %s: expected a sequence number, now, 2026-11-24 or "
                  "2026-11-24T17:00:00+09:00\n"),
                value);
            return EXIT_USAGE;
        }
    }
    return options->store && options->reader.follow ? EXIT_USAGE : EXIT_DONE;
}

/* A stopped agent's store is read from its beginning: what is before the wanted place is passed over here. */
static int each_of_store(void *context, const char *line, size_t size)
{
    const struct page_reader *wanted = context;
    struct json_object *event = json_tokener_parse(line);
    struct json_object *pruned = member(event, "pruned");
    int64_t sequence = pruned ? member_number(pruned, "sequence") : member_number(event, "metadata.sequence");
    bool before =
        event && (sequence < wanted->from || (!pruned && member_number(event, "time") < wanted->since_ms));
    json_object_put(event);
    return before ? 0 : wanted->each(wanted->context, line, size);
}

int command_events(const struct invocation *invocation)
{
    struct events_options options = {.reader = {.each = each_event, .context = (void *)invocation}};
    int status = options_parse(invocation, &options);
    if (status != EXIT_DONE)
        return status;
    if (!options.store)
        return pages_read(invocation, &options.reader);
    struct json_object *whole = NULL;
    struct page_reader all = {.each = each_of_store, .context = &options.reader};
    status = pages_read_store(invocation, options.store, &all, &whole);
    json_object_put(whole);
    return status;
}
