/* sekisho policy check FILE, sekisho policy apply FILE */
#include "command.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLICY_MAX ((size_t)64 << 20)

struct bytes {
    char *at;
    size_t size;
};

/* The daemon's own reader judges, as the caller and in a process of its own; its words go to stderr or are captured. */
static int check_run(const struct invocation *invocation, const char *file, char *said, size_t capacity)
{
    int ends[2];
    said[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        execl(invocation->daemon_program, "sekishod", "--check", "policy", file, (char *)NULL);
        fprintf(stderr, "%s: %s", invocation->daemon_program, strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t count;
    while (size < capacity - 1 && (count = read(ends[0], said + size, capacity - 1 - size)) > 0)
        size += (size_t)count;
    said[size] = '\0';
    said[strcspn(said, "\n")] = '\0';
    close(ends[0]);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return -ECHILD;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBADMSG;
}

static int say(const struct invocation *invocation, const char *result, const char *message, int status)
{
    if (invocation->json) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "result", json_object_new_string(result));
        if (*message)
            json_object_object_add(object, "message", json_object_new_string(message));
        print_json(object);
        json_object_put(object);
    } else {
        puts(_(result));
        if (*message)
            fprintf(stderr, "%s\n", message);
    }
    return status;
}

static int policy_check(const struct invocation *invocation, const char *file)
{
    char said[2048];
    if (check_run(invocation, file, said, sizeof(said)) < 0)
        return say(invocation, N_("refused"), said, EXIT_NEGATIVE);
    return say(invocation, N_("valid"), "", EXIT_DONE);
}

/* Tells the agent; EXIT_NEGATIVE with its words when it refuses what the files now say. */
static int agent_reload(const struct invocation *invocation, char *said, size_t capacity)
{
    struct json_object *reply = NULL;
    int status = command_ask(invocation, "reload", NULL, &reply);
    said[0] = '\0';
    if (status == EXIT_DONE && strcmp(member_text(reply, "policy"), "refused") == 0) {
        struct json_object *list = member(reply, "refused_settings");
        size_t count = list ? json_object_array_length(list) : 0;
        if (count > 0)
            snprintf(
                said, capacity, "%s", json_object_get_string(json_object_array_get_idx(list, count - 1)));
        status = EXIT_NEGATIVE;
    }
    json_object_put(reply);
    return status;
}

static int policy_put(int directory, const struct bytes *policy)
{
    if (policy->at)
        return file_write_atomic(directory, "policy.json", policy->at, policy->size, 0644);
    return unlinkat(directory, "policy.json", 0) < 0 ? -errno : 0;
}

static int replace_and_reload(
    const struct invocation *invocation, int directory, const struct bytes *old, const struct bytes *new)
{
    int error = policy_put(directory, new);
    if (error < 0)
        return command_fail(error, NULL);
    char said[2048], ignored[2048];
    int status = agent_reload(invocation, said, sizeof(said));
    if (status == EXIT_DONE)
        return say(invocation, N_("changed"), "", EXIT_DONE);
    if (status == EXIT_NO_AGENT)
        return say(invocation, N_("changed"),
            _("the agent does not run; it will read the policy when it starts"), EXIT_NO_AGENT);
    /* The agent keeps what was in force; so do the files. */
    policy_put(directory, old);
    agent_reload(invocation, ignored, sizeof(ignored));
    return say(invocation, N_("refused"), said, status);
}

static int policy_apply(const struct invocation *invocation, const char *file)
{
    cleanup_free_ char *new_bytes = NULL, *old_bytes = NULL;
    struct bytes old = {0}, new = {0};
    char said[2048];
    if (check_run(invocation, file, said, sizeof(said)) < 0)
        return say(invocation, N_("refused"), said, EXIT_NEGATIVE);
    int error = file_read(AT_FDCWD, file, POLICY_MAX, &new_bytes, &new.size);
    if (error < 0)
        return command_fail(error, NULL);
    new.at = new_bytes;
    cleanup_fd_ int directory = open(invocation->configuration_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return command_fail(-errno, NULL);
    error = file_read(directory, "policy.json", POLICY_MAX, &old_bytes, &old.size);
    if (error < 0 && error != -ENOENT)
        return command_fail(error, NULL);
    old.at = error < 0 ? NULL : old_bytes;
    if (old.at && old.size == new.size &&memcmp(old.at, new.at, old.size) == 0)
        return say(invocation, N_("unchanged"), "", EXIT_DONE);
    return replace_and_reload(invocation, directory, &old, &new);
}

int command_policy(const struct invocation *invocation)
{
    static const struct {
        const char *name;
        int (*run)(const struct invocation *invocation, const char *file);
    } verbs[] = {{"check", policy_check}, {"apply", policy_apply}};
    if (invocation->argc != 2)
        return EXIT_USAGE;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(invocation->argv[0], verbs[i].name) == 0)
            return verbs[i].run(invocation, invocation->argv[1]);
    return EXIT_USAGE;
}
