/* sekisho devices, sekisho devices --suggest N, sekisho adopt */
#include "command.h"

#include "base/text.h"

#include <string.h>

/* What the media module says of a device, for the catalogue of translations. */
static const char *const verdicts[] __attribute__((unused)) = {
    N_("admitted by shape"), N_("admitted by policy"), N_("kept"), N_("observed"), N_("refused")};

#define INDENT      "     "
#define TITLE_WIDTH 12

static void print_line(const char *title, const char *text)
{
    if (!*text)
        return;
    fputs(INDENT, stdout);
    columns_print_padded(stdout, title, TITLE_WIDTH);
    columns_print_safe(stdout, text);
    putchar('\n');
}

static void print_list(const char *title, struct json_object *device, const char *key, bool once)
{
    size_t count = member_count(device, key);
    if (count == 0)
        return;
    fputs(INDENT, stdout);
    columns_print_padded(stdout, title, TITLE_WIDTH);
    for (size_t i = 0; i < count; i++) {
        fputs(i > 0 ? " " : "", stdout);
        columns_print_safe(stdout, json_object_get_string(json_object_array_get_idx(member(device, key), i)));
    }
    putchar('\n');
}

static void print_device(struct json_object *device)
{
    const char *manufacturer = member_text(device, "manufacturer");
    printf("%3lld  ", (long long)member_number(device, "number"));
    columns_print_safe(stdout, language_word(member_text(device, "verdict")));
    printf(" [%s]  %s:%s  ", member_text(device, "reason"), member_text(device, "vendor_id"),
        member_text(device, "product_id"));
    columns_print_safe(stdout, manufacturer);
    fputs(*manufacturer ? " " : "", stdout);
    columns_print_safe(stdout, member_text(device, "product"));
    fputs("\n" INDENT, stdout);
    columns_print_safe(stdout, member_text(device, language_is_japanese() ? "text_ja" : "text"));
    putchar('\n');
    print_line(_("device"), member_text(device, "name"));
    print_line(_("port"), member_text(device, "port"));
    print_line(_("serial"), member_text(device, "serial"));
    print_line(_("label"), member_text(device, "label"));
    print_list(_("interfaces"), device, "interfaces", false);
    print_list(_("drivers"), device, "drivers", true);
}

static void print_list_of_devices(struct json_object *reply)
{
    size_t count = member_count(reply, "devices");
    if (count == 0)
        puts(_("no devices"));
    for (size_t i = 0; i < count; i++)
        print_device(json_object_array_get_idx(member(reply, "devices"), i));
    if (member_number(reply, "missing") > 0)
        printf(_("%lld more are not shown\n"), (long long)member_number(reply, "missing"));
    const char *contact = member_text(reply, "contact");
    if (count > 0 && *contact) {
        putchar('\n');
        print_row(_("contact"), contact);
    }
}

static int print_devices(const struct invocation *invocation)
{
    struct json_object *reply = NULL;
    int exit = command_ask(invocation, "devices", NULL, &reply);
    if (exit != EXIT_DONE)
        return exit;
    if (invocation->json)
        print_json(reply);
    else
        print_list_of_devices(reply);
    json_object_put(reply);
    return EXIT_DONE;
}

/* A policy is printed indented, since a person reads it over before it counts. */
static int print_policy(const struct invocation *invocation, const char *verb, struct json_object *arguments)
{
    struct json_object *reply = NULL;
    int exit = command_ask(invocation, verb, arguments, &reply);
    if (exit != EXIT_DONE)
        return exit;
    struct json_object *policy = member(reply, "policy");
    if (invocation->json)
        print_json(policy ? policy : reply);
    else
        puts(json_object_to_json_string_ext(policy ? policy : reply,
            JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(reply);
    return EXIT_DONE;
}

int command_devices(const struct invocation *invocation)
{
    if (invocation->argc == 0)
        return print_devices(invocation);
    int64_t number;
    if (invocation->argc != 2 || strcmp(invocation->argv[0], "--suggest") != 0 ||
        text_integer(invocation->argv[1], &number) < 0)
        return EXIT_USAGE;
    struct json_object *arguments = json_object_new_object();
    json_object_object_add(arguments, "number", json_object_new_int64(number));
    return print_policy(invocation, "suggest", arguments);
}

int command_adopt(const struct invocation *invocation)
{
    return invocation->argc > 0 ? EXIT_USAGE : print_policy(invocation, "adopt", NULL);
}
