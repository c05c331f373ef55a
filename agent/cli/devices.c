/* sekisho devices, sekisho devices --suggest N, sekisho adopt */
#include "command.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static void print_list(const char *title, struct json_object *list)
{
    if (!list || json_object_array_length(list) == 0)
        return;
    printf("     %-12s", title);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        printf(" %s", json_object_get_string(json_object_array_get_idx(list, i)));
    putchar('\n');
}

static void print_device(struct json_object *device)
{
    const char *text = speaks_japanese() ? member_text(device, "text_ja") : member_text(device, "text");
    printf("%3lld  %s:%s  %s %s\n", (long long)member_number(device, "number"),
        member_text(device, "vendor_id"), member_text(device, "product_id"),
        member_text(device, "manufacturer"), member_text(device, "product"));
    printf("     %s [%s] %s\n", member_text(device, "verdict"), member_text(device, "reason"), text);
    const char *serial = member_text(device, "serial");
    printf(
        "     %-12s %s %s%s\n", _("port"), member_text(device, "name"), *serial ? _("serial ") : "", serial);
    print_list(_("interfaces"), member(device, "interfaces"));
    print_list(_("drivers"), member(device, "drivers"));
}

static int print_devices(const struct invocation *invocation)
{
    struct json_object *reply = NULL;
    int exit = command_ask(invocation, "devices", NULL, &reply);
    if (exit != EXIT_DONE)
        return exit;
    struct json_object *devices = member(reply, "devices");
    if (invocation->json)
        print_json(reply);
    else if (!devices || json_object_array_length(devices) == 0)
        puts(_("no devices"));
    else
        for (size_t i = 0; i < json_object_array_length(devices); i++)
            print_device(json_object_array_get_idx(devices, i));
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
