#include "pages.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct json_object *page_arguments(const struct page_reader *reader)
{
    struct json_object *arguments = json_object_new_object();
    if (reader->from > 0)
        json_object_object_add(arguments, "from", json_object_new_int64(reader->from));
    else if (reader->since_ms > 0)
        json_object_object_add(arguments, "since_ms", json_object_new_int64(reader->since_ms));
    if (reader->follow)
        json_object_object_add(arguments, "wait", json_object_new_boolean(true));
    return arguments;
}

/* One page. *ret_more: ask for the next. */
static int page_read(
    const struct invocation *invocation, struct client *client, struct page_reader *reader, bool *ret_more)
{
    struct json_object *reply = NULL;
    int status = EXIT_DONE;
    int error = client_ask(client, "events", page_arguments(reader), &reply, reader->each, reader->context);
    int64_t next = member_number(reply, "next"), last = member_number(reply, "last");
    /* An agent that gives nothing and says that there is more would be asked for ever. */
    if (error >= 0 && next <= last && next <= reader->from && member_number(reply, "packets") == 0)
        error = -EPROTO;
    if (error < 0)
        status = command_fail(invocation, error, reply);
    reader->from = next;
    *ret_more = status == EXIT_DONE && (reader->follow || next <= last);
    json_object_put(reply);
    return status;
}

int pages_read(const struct invocation *invocation, struct page_reader *reader)
{
    struct client client;
    int error = client_open(&client, invocation->control_path);
    if (error < 0)
        return command_fail(invocation, error, NULL);
    bool more = true;
    int status = EXIT_DONE;
    while (more && !ferror(stdout)) {
        status = page_read(invocation, &client, reader, &more);
        fflush(stdout);
    }
    client_close(&client);
    return status;
}

static int export_start(const struct invocation *invocation, const char *directory, pid_t *ret_pid)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(ends[1], STDOUT_FILENO) < 0)
            _exit(127);
        execl(invocation->daemon_program, "sekishod", "--export", directory, (char *)NULL);
        fprintf(stderr, "sekisho: %s: %s\n", invocation->daemon_program, strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -errno;
    }
    *ret_pid = pid;
    return ends[0];
}

static void lines_read(FILE *stream, struct page_reader *reader, struct json_object **ret_store)
{
    cleanup_free_ char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stream)) > 0) {
        if (line[size - 1] == '\n')
            line[--size] = '\0';
        if (!*ret_store) {
            *ret_store = json_tokener_parse(line);
            if (reader->begin)
                reader->begin(reader->context, member(*ret_store, "store"));
        } else if (reader->each(reader->context, line, (size_t)size) != 0) {
            return;
        }
    }
}

int pages_read_store(const struct invocation *invocation, const char *directory, struct page_reader *reader,
    struct json_object **ret_store)
{
    pid_t pid = -1;
    int fd = export_start(invocation, directory, &pid);
    if (fd < 0)
        return command_fail_file(invocation->daemon_program, fd);
    cleanup_stream_ FILE *stream = fdopen(fd, "r");
    *ret_store = NULL;
    if (stream)
        lines_read(stream, reader, ret_store);
    int result = 0;
    stream_close(&stream);
    waitpid(pid, &result, 0);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0 && *ret_store ? EXIT_DONE : EXIT_NEGATIVE;
}
