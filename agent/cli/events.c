/* sekisho events: what was recorded, as the chain has it (--json) or as a person reads it. */
#include "command.h"
#include "pages.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "record/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *title_of(struct json_object *event)
{
    const char *kind = member_text(event, "unmapped.sekisho.kind");
    for (enum event_kind i = 0; i < EVENT_KIND_COUNT; i++)
        if (strcmp(event_kind_row(i)->name, kind) == 0)
            return speaks_japanese() ? event_kind_row(i)->title_ja : event_kind_row(i)->title;
    return member_text(event, "message");
}

static void print_device(struct json_object *event)
{
    struct json_object *device = member(event, "peripheral_device");
    if (!device)
        return;
    char name[160];
    const char *model = member_text(device, "name");
    text_make_printable(name, sizeof(name), model, strlen(model));
    printf("  %s  %s", name, member_text(device, "uid"));
}

static int print_event(const char *line)
{
    struct json_object *event = json_tokener_parse(line);
    if (!event)
        return -EBADMSG;
    char when[32];
    struct json_object *pruned = member(event, "pruned");
    if (pruned) {
        printf("%6lld  %s\n", (long long)member_number(pruned, "sequence"),
            _("(kept only as a link of the chain)"));
    } else {
        print_time(member_number(event, "time"), when);
        printf("%6lld  %s  %s", (long long)member_number(event, "metadata.sequence"), when, title_of(event));
        const char *reason = member_text(event, "status_code");
        if (*reason)
            printf(" [%s]", reason);
        print_device(event);
        putchar('\n');
    }
    json_object_put(event);
    return 0;
}

static int each_event(void *context, const char *line, size_t size)
{
    const struct invocation *invocation = context;
    if (!invocation->json)
        return print_event(line);
    fwrite(line, 1, size, stdout);
    putchar('\n');
    return 0;
}

static int since_parse(const char *text, struct page_reader *reader)
{
    if (text_integer(text, &reader->from) >= 0)
        return reader->from > 0 ? 0 : -EINVAL;
    int64_t ms;
    if (strlen(text) == 10) { /* a date: its beginning, in local time, is the end of the day before */
        char first[32];
        snprintf(first, sizeof(first), "%s", text);
        int error = clock_parse(first, &ms);
        if (error < 0)
            return error;
        reader->since_ms = ms - INT64_C(86400000) + 1;
        return 0;
    }
    return clock_parse(text, &reader->since_ms);
}

int command_events(const struct invocation *invocation)
{
    struct page_reader reader = {.from = 1, .each = each_event, .context = (void *)invocation};
    for (int i = 0; i < invocation->argc; i++) {
        if (strcmp(invocation->argv[i], "--follow") == 0) {
            reader.follow = true;
        } else if (strcmp(invocation->argv[i], "--since") == 0 && i + 1 < invocation->argc) {
            reader.from = 0;
            if (since_parse(invocation->argv[++i], &reader) < 0) {
                fprintf(stderr,
                    _("sekisho: --since %s: expected a sequence number, 2026-11-24 or "
                      "2026-11-24T17:00:00+09:00\n"),
                    invocation->argv[i]);
                return EXIT_USAGE;
            }
        } else {
            return EXIT_USAGE;
        }
    }
    return pages_read(invocation, &reader);
}
