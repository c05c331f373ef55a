/* sekisho policy check FILE, sekisho policy apply [--as NAME] FILE */
#include "command.h"
#include "policy_file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int say(const struct invocation *invocation, const char *result, const char *message, int status)
{
    if (invocation->json) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "result", json_object_new_string(result));
        if (*message)
            json_object_object_add(object, "message", json_object_new_string(message));
        print_json(object);
        json_object_put(object);
        return status;
    }
    puts(_(result));
    if (*message) {
        columns_print_safe(stderr, message);
        fputc('\n', stderr);
    }
    return status;
}

static int judge(const struct invocation *invocation, const char *path, bool part,
    const struct policy_file *file, char *said, size_t capacity)
{
    const struct policy_checker checker = {invocation->daemon_program, path, part};
    return policy_file_check(file, &checker, said, capacity);
}

/* Without a version it can still be a part: what `sekisho devices --suggest` prints. */
static int policy_check(const struct invocation *invocation, const char *path)
{
    cleanup_policy_file_ struct policy_file file = {0};
    char said[2048], ignored[2048];
    int error = policy_file_read(path, &file);
    if (error < 0)
        return command_fail_file(path, error);
    if (judge(invocation, path, false, &file, said, sizeof(said)) >= 0)
        return say(invocation, N_("valid"), "", EXIT_DONE);
    if (judge(invocation, path, true, &file, ignored, sizeof(ignored)) >= 0)
        return say(invocation, N_("valid"),
            _("as a part, for policy.d: it has no \"version\" (sekisho policy apply --as NAME)"), EXIT_DONE);
    return say(invocation, N_("refused"), said, EXIT_NEGATIVE);
}

/* Tells the agent; EXIT_NEGATIVE with its words when it refuses what the files now say. */
static int agent_reload(const struct invocation *invocation, char *said, size_t capacity)
{
    struct json_object *reply = NULL;
    int status = command_ask(invocation, "reload", NULL, &reply);
    said[0] = '\0';
    if (status == EXIT_DONE && strcmp(member_text(reply, "policy"), "refused") == 0) {
        size_t count = member_count(reply, "refused_settings");
        if (count > 0)
            snprintf(said, capacity, "%s",
                json_object_get_string(
                    json_object_array_get_idx(member(reply, "refused_settings"), count - 1)));
        status = EXIT_NEGATIVE;
    }
    json_object_put(reply);
    return status;
}

/* The agent keeps what was in force when it refuses; so do the files. */
static int replace_and_reload(const struct invocation *invocation, int directory, const char *target,
    const struct policy_file *old, const struct policy_file *new)
{
    int error = policy_file_put(directory, target, new);
    if (error < 0)
        return command_fail_file(target, error);
    char said[2048], ignored[2048];
    int status = agent_reload(invocation, said, sizeof(said));
    if (status == EXIT_DONE)
        return say(invocation, N_("changed"), "", EXIT_DONE);
    if (status == EXIT_NO_AGENT)
        return say(invocation, N_("changed"), _("the file stands; the agent will read it when it starts"),
            EXIT_NO_AGENT);
    error = policy_file_put(directory, target, old);
    if (error < 0)
        return command_fail_file(target, error);
    agent_reload(invocation, ignored, sizeof(ignored));
    return say(invocation, N_("refused"), said, status);
}

static int policy_apply(const struct invocation *invocation, const char *target, bool part, const char *path)
{
    cleanup_policy_file_ struct policy_file old = {0}, new = {0};
    char said[2048];
    int error = policy_file_read(path, &new);
    if (error < 0)
        return command_fail_file(path, error);
    if (judge(invocation, path, part, &new, said, sizeof(said)) < 0)
        return say(invocation, N_("refused"), said, EXIT_NEGATIVE);
    cleanup_fd_ int directory = open(invocation->configuration_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return command_fail_file(invocation->configuration_directory, -errno);
    error = policy_file_get(directory, target, &old);
    if (error < 0)
        return command_fail_file(target, error);
    if (policy_file_is_same(&old, &new))
        return say(invocation, N_("unchanged"), "", EXIT_DONE);
    return replace_and_reload(invocation, directory, target, &old, &new);
}

int command_policy(const struct invocation *invocation)
{
    char target[sizeof("policy.d/.json") + POLICY_NAME_MAX] = "policy.json";
    int argc = invocation->argc;
    char **argv = invocation->argv;
    if (argc == 2 && strcmp(argv[0], "check") == 0)
        return policy_check(invocation, argv[1]);
    if (argc == 2 && strcmp(argv[0], "apply") == 0)
        return policy_apply(invocation, target, false, argv[1]);
    if (argc != 4 || strcmp(argv[0], "apply") != 0 || strcmp(argv[1], "--as") != 0)
        return EXIT_USAGE;
    if (!policy_file_is_name(argv[2])) {
        fprintf(stderr, _("sekisho: --as %s: expected at most %d letters, digits, '.', '_' and '-'\n"),
            argv[2], POLICY_NAME_MAX);
        return EXIT_USAGE;
    }
    snprintf(target, sizeof(target), "policy.d/%s.json", argv[2]);
    return policy_apply(invocation, target, true, argv[3]);
}
