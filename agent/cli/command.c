#include "command.h"

#include "base/cleanup.h"

#include <string.h>
#include <time.h>

#define LABEL_WIDTH 12

static int fail_no_agent(const struct invocation *invocation)
{
    fprintf(stderr, _("sekisho: the agent does not answer at %s\n"), invocation->control_path);
    fprintf(stderr, "%s\n",
        _("  To start it:                     systemctl start sekishod.socket sekishod.service\n"
          "  To read a stopped agent's store: sekisho events --store /var/lib/sekisho"));
    return EXIT_NO_AGENT;
}

int command_fail(const struct invocation *invocation, int error, struct json_object *reply)
{
    const char *said = reply ? member_text(reply, "error") : "";
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        if (!reply)
            return fail_no_agent(invocation);
        break;
    case ETIMEDOUT:
    case EAGAIN:
        fprintf(stderr, "%s\n", _("sekisho: the agent is there, but does not answer in time"));
        return EXIT_NO_AGENT;
    case ECONNRESET:
    case EPIPE:
        fprintf(stderr, "%s\n", _("sekisho: the agent closed the connection (it stopped, or has too many)"));
        return EXIT_NO_AGENT;
    case EACCES:
    case EPERM:
        fprintf(stderr, "%s\n", _("sekisho: not permitted for this user (try as root)"));
        return EXIT_NOT_PERMITTED;
    }
    fputs("sekisho: ", stderr);
    columns_print_safe(stderr, *said ? said : strerror(-error));
    fputc('\n', stderr);
    return EXIT_NEGATIVE;
}

int command_fail_file(const char *path, int error)
{
    fprintf(stderr, "sekisho: %s: %s\n", path, strerror(-error));
    return error == -EACCES || error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_NEGATIVE;
}

int command_ask(const struct invocation *invocation, const char *verb, struct json_object *arguments,
    struct json_object **ret_reply)
{
    struct client client;
    struct json_object *reply = NULL;
    int error = client_open(&client, invocation->control_path);
    if (error < 0) {
        json_object_put(arguments);
        return command_fail(invocation, error, NULL);
    }
    error = client_ask(&client, verb, arguments, &reply, NULL, NULL);
    client_close(&client);
    if (error < 0) {
        int status = command_fail(invocation, error, reply);
        json_object_put(reply);
        return status;
    }
    *ret_reply = reply;
    return EXIT_DONE;
}

void print_json(struct json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_row(const char *label, const char *text)
{
    columns_print_padded(stdout, label, LABEL_WIDTH);
    columns_print_safe(stdout, text);
    putchar('\n');
}

struct json_object *member(struct json_object *object, const char *path)
{
    while (object && *path) {
        size_t length = strcspn(path, ".");
        cleanup_free_ char *key = strndup(path, length);
        struct json_object *next = NULL;
        if (!key || !json_object_is_type(object, json_type_object) ||
            !json_object_object_get_ex(object, key, &next))
            return NULL;
        object = next;
        path += length + (path[length] == '.');
    }
    return object;
}

const char *member_text(struct json_object *object, const char *path)
{
    struct json_object *found = member(object, path);
    return found && json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "";
}

int64_t member_number(struct json_object *object, const char *path)
{
    struct json_object *found = member(object, path);
    return found ? json_object_get_int64(found) : 0;
}

size_t member_count(struct json_object *object, const char *path)
{
    struct json_object *found = member(object, path);
    return found && json_object_is_type(found, json_type_array) ? json_object_array_length(found) : 0;
}

void time_format(int64_t ms, char buffer[static 32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    if (!localtime_r(&seconds, &local) || strftime(buffer, 32, "%Y-%m-%d %H:%M:%S", &local) == 0)
        buffer[0] = '\0';
}
