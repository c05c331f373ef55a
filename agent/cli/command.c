#include "command.h"

#include "base/cleanup.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int command_fail(int error, struct json_object *reply)
{
    switch (-error) {
    case ENOENT:
    case ECONNREFUSED:
        if (!reply) {
            fprintf(stderr, "%s\n", _("sekisho: the agent does not answer (is sekishod.socket running?)"));
            return EXIT_NO_AGENT;
        }
        break;
    case ETIMEDOUT:
    case ECONNRESET:
        fprintf(stderr, "%s\n", _("sekisho: the agent does not answer in time"));
        return EXIT_NO_AGENT;
    case EACCES:
    case EPERM:
        fprintf(stderr, "%s\n", _("sekisho: not permitted for this user (try as root)"));
        return EXIT_NOT_PERMITTED;
    }
    const char *said = reply ? member_text(reply, "error") : "";
    fprintf(stderr, "sekisho: %s\n", *said ? said : strerror(-error));
    return EXIT_NEGATIVE;
}

int command_ask(const struct invocation *invocation, const char *verb, struct json_object *arguments,
    struct json_object **ret_reply)
{
    struct client client;
    struct json_object *reply = NULL;
    int error = client_open(&client, invocation->control_path);
    if (error < 0) {
        json_object_put(arguments);
        return command_fail(error, NULL);
    }
    error = client_ask(&client, verb, arguments, &reply, NULL, NULL);
    client_close(&client);
    if (error < 0) {
        int status = command_fail(error, reply);
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

void print_time(int64_t ms, char buffer[static 32])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm local;
    if (!localtime_r(&seconds, &local) || strftime(buffer, 32, "%Y-%m-%d %H:%M:%S", &local) == 0)
        buffer[0] = '\0';
}

bool speaks_japanese(void)
{
    const char *locale = setlocale(LC_MESSAGES, NULL);
    return locale && strncmp(locale, "ja", 2) == 0;
}
