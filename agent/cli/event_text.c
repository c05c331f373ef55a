#include "event_text.h"

#include "command.h"

#include "record/event.h"
#include "record/reason.h"

#include <string.h>

#define INDENT "        "

static const char *title_of(struct json_object *event)
{
    const char *kind = member_text(event, "unmapped.sekisho.kind");
    for (enum event_kind i = 0; i < EVENT_KIND_COUNT; i++)
        if (strcmp(event_kind_row(i)->name, kind) == 0)
            return language_is_japanese() ? event_kind_row(i)->title_ja : event_kind_row(i)->title;
    return member_text(event, "message");
}

static void print_headline(struct json_object *event)
{
    char when[32];
    const char *reason = member_text(event, "status_code");
    time_format(member_number(event, "time"), when);
    printf("%6lld  %s  ", (long long)member_number(event, "metadata.sequence"), when);
    columns_print_safe(stdout, title_of(event));
    if (*reason) {
        fputs("  [", stdout);
        columns_print_safe(stdout, reason);
        putchar(']');
    }
    putchar('\n');
}

static void print_part(const char *before, const char *text)
{
    if (!*text)
        return;
    fputs(before, stdout);
    columns_print_safe(stdout, text);
}

/* "SanDisk Cruzer Blade  0781:5567  serial 4C53…  at 1-1" */
static void print_device(struct json_object *event)
{
    if (!member(event, "peripheral_device"))
        return;
    fputs(INDENT, stdout);
    const char *maker = member_text(event, "peripheral_device.vendor_name");
    const char *model = member_text(event, "peripheral_device.model");
    print_part("", maker);
    print_part(*maker ? " " : "", model);
    print_part(*maker || *model ? "  " : "", member_text(event, "unmapped.sekisho.vendor_id"));
    print_part(":", member_text(event, "unmapped.sekisho.product_id"));
    print_part(_("  serial "), member_text(event, "peripheral_device.serial_number"));
    print_part(_("  at "), member_text(event, "unmapped.sekisho.device"));
    print_part(_("  label "), member_text(event, "unmapped.sekisho.label"));
    putchar('\n');
}

static const char *reason_in_japanese(const char *code)
{
    for (enum reason reason = 0; reason < REASON_COUNT; reason++)
        if (strcmp(reason_row(reason)->code, code) == 0)
            return reason_row(reason)->japanese;
    return NULL;
}

/* The sentence of a reason; or, of a refused file, its place and what was wrong. */
static void print_detail(struct json_object *event)
{
    const char *file = member_text(event, "unmapped.sekisho.file");
    const char *detail = member_text(event, "status_detail");
    const char *japanese = reason_in_japanese(member_text(event, "status_code"));
    if (!*detail || strcmp(member_text(event, "unmapped.sekisho.kind"), "device_disconnected") == 0)
        return; /* why it was refused was said when it came */
    fputs(INDENT, stdout);
    print_part("", file);
    if (member_number(event, "unmapped.sekisho.line") > 0)
        printf(":%lld:%lld", (long long)member_number(event, "unmapped.sekisho.line"),
            (long long)member_number(event, "unmapped.sekisho.column"));
    print_part(*file ? ": " : "", language_is_japanese() && japanese ? japanese : detail);
    putchar('\n');
}

static void print_drift(struct json_object *event)
{
    const char *what = member_text(event, "unmapped.sekisho.drift_what");
    if (!*what)
        return;
    print_part(INDENT, what);
    print_part(_(": found "), member_text(event, "unmapped.sekisho.drift_found"));
    print_part(_(", expected "), member_text(event, "unmapped.sekisho.drift_expected"));
    bool mended = json_object_get_boolean(member(event, "unmapped.sekisho.drift_mended"));
    puts(mended ? _("; mended") : _("; NOT mended"));
}

static void print_policy(struct json_object *event)
{
    const char *hash = member_text(event, "policy.uid");
    if (!*hash)
        return;
    print_part(INDENT, _("policy version "));
    print_part("", member_text(event, "policy.version"));
    printf(", %.16s…\n", hash);
}

static void print_interval(struct json_object *event)
{
    char from[32], to[32];
    if (member_number(event, "end_time") == 0)
        return;
    time_format(member_number(event, "start_time"), from);
    time_format(member_number(event, "end_time"), to);
    printf(INDENT "%s – %s", from, to);
    struct json_object *clean = member(event, "unmapped.sekisho.clean");
    if (clean)
        fputs(json_object_get_boolean(clean)
                  ? _(": the agent had been stopped in order")
                  : _(": the agent ended without a word (crash, kill or power cut)"),
            stdout);
    if (member_number(event, "count") > 0)
        printf(_(": %lld times more"), (long long)member_number(event, "count"));
    putchar('\n');
}

static void print_numbers(struct json_object *event)
{
    char until[32];
    if (member_number(event, "unmapped.sekisho.until_ms") > 0) {
        time_format(member_number(event, "unmapped.sekisho.until_ms"), until);
        printf(INDENT "%s %s\n", _("until"), until);
    }
    if (member(event, "unmapped.sekisho.lost"))
        printf(INDENT "%s %lld\n", _("lost:"), (long long)member_number(event, "unmapped.sekisho.lost"));
    const char *aside = member_text(event, "unmapped.sekisho.set_aside_as");
    if (*aside) {
        print_part(INDENT, _("set aside as "));
        print_part("", aside);
        putchar('\n');
    }
}

void event_print(struct json_object *event)
{
    static void (*const parts[])(struct json_object * event) = {
        print_headline, print_device, print_detail, print_drift, print_policy, print_interval, print_numbers};
    struct json_object *pruned = member(event, "pruned");
    if (pruned) {
        printf("%6lld  %s\n", (long long)member_number(pruned, "sequence"),
            _("(its text is no longer kept, only its link of the chain)"));
        return;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        parts[i](event);
}
