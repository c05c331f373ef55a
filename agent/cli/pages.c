#include "pages.h"

#include "base/cleanup.h"

#include <errno.h>
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

int pages_read(const struct invocation *invocation, struct page_reader *reader)
{
    struct client client;
    int error = client_open(&client, invocation->control_path);
    if (error < 0)
        return command_fail(error, NULL);
    bool more = true;
    int status = EXIT_DONE;
    while (more && status == EXIT_DONE) {
        struct json_object *reply = NULL;
        error = client_ask(&client, "events", page_arguments(reader), &reply, reader->each, reader->context);
        if (error < 0)
            status = command_fail(error, reply);
        reader->from = member_number(reply, "next");
        more = reader->follow || reader->from <= member_number(reply, "last");
        fflush(stdout);
        if (ferror(stdout))
            more = false;
        json_object_put(reply);
    }
    client_close(&client);
    return status;
}

static int export_start(const struct invocation *invocation, const char *directory, pid_t *ret_pid)
{
    int ends[2];
    if (pipe(ends) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
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
        return command_fail(fd, NULL);
    cleanup_stream_ FILE *stream = fdopen(fd, "r");
    *ret_store = NULL;
    if (stream)
        lines_read(stream, reader, ret_store);
    int result = 0;
    stream_close(&stream);
    waitpid(pid, &result, 0);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0 && *ret_store ? EXIT_DONE : EXIT_NEGATIVE;
}
