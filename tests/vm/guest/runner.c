/* Runs the host's commands in the guest: a line "ID UID HEX" comes over a virtio port, "ID STATUS HEX" goes back with all
 * that /bin/sh printed. Commands run side by side, so one that hangs holds up nobody. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMANDS_MAX 256
#define LINE_BYTES   (8 * 1024 * 1024)

struct command {
    pid_t pid;
    int output;
    char id[32];
};

static struct command commands[COMMANDS_MAX];
static char line[LINE_BYTES], text[LINE_BYTES / 2];

static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd polled = {.fd = fd, .events = POLLOUT};
            poll(&polled, 1, 100);
            continue;
        }
        if (n <= 0)
            return;
        bytes += n;
        size -= (size_t)n;
    }
}

static int digit(char character)
{
    return character <= '9' ? character - '0' : character - 'a' + 10;
}

/* The host's own hexadecimal digits: none is wrong. (sscanf would measure the rest of the line for each of them.) */
static size_t unhex(char *target, const char *hex)
{
    size_t used = 0;
    for (; hex[0] && hex[1]; hex += 2)
        target[used++] = (char)(digit(hex[0]) << 4 | digit(hex[1]));
    target[used] = '\0';
    return used;
}

static void become(uid_t uid)
{
    if (uid == 0)
        return;
    /* No group but the user's own: what the seat's user would have beyond that comes from ACLs, by uid. */
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        _exit(126);
}

static void start(const char *id, uid_t uid, int port)
{
    struct command *command = commands;
    while (command < commands + COMMANDS_MAX && command->pid)
        command++;
    if (command == commands + COMMANDS_MAX)
        return;
    int output = memfd_create("output", MFD_CLOEXEC);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(output, 1);
        dup2(output, 2);
        become(uid);
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(127);
    }
    command->pid = pid;
    command->output = output;
    snprintf(command->id, sizeof(command->id), "%s", id);
}

static void answer(int port, struct command *command, int status)
{
    struct stat about;
    fstat(command->output, &about);
    size_t size = (size_t)about.st_size;
    char *reply = malloc(2 * size + 128), *bytes = malloc(size + 1);
    int used = sprintf(
        reply, "%s %d ", command->id, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    if (pread(command->output, bytes, size, 0) != (ssize_t)size)
        size = 0;
    for (size_t i = 0; i < size; i++) {
        static const char digits[] = "0123456789abcdef";
        reply[used++] = digits[(unsigned char)bytes[i] >> 4];
        reply[used++] = digits[bytes[i] & 15];
    }
    reply[used++] = '\n';
    write_all(port, reply, (size_t)used);
    free(reply);
    free(bytes);
    close(command->output);
    command->pid = 0;
}

static void reap(int port)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (struct command *command = commands; command < commands + COMMANDS_MAX; command++) {
            if (command->pid == pid)
                answer(port, command, status);
        }
    }
}

static void on_line(const char *whole, int port)
{
    static char hex[LINE_BYTES];
    char id[32];
    unsigned uid;
    if (sscanf(whole, "%31s %u %s", id, &uid, hex) != 3)
        return;
    unhex(text, hex);
    start(id, uid, port);
}

static int open_port(const char *path)
{
    int fd;
    while ((fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)) < 0)
        usleep(50000);
    return fd;
}

int main(int count, char **arguments)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), port = open_port(arguments[1]);
    write_all(port, "ready 0 \n", 9);
    size_t used = 0;
    for (;;) {
        struct pollfd polls[2] = {{.fd = port, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        poll(polls, 2, -1);
        struct signalfd_siginfo ignored;
        while (read(signals, &ignored, sizeof(ignored)) > 0)
            ;
        reap(port);
        ssize_t n = read(port, line + used, sizeof(line) - used - 1);
        if (n == 0)
            usleep(50000); /* the host has hung up */
        if (n <= 0)
            continue;
        used += (size_t)n;
        line[used] = '\0';
        char *newline;
        while ((newline = strchr(line, '\n'))) {
            *newline = '\0';
            on_line(line, port);
            used -= (size_t)(newline + 1 - line);
            memmove(line, newline + 1, used + 1);
        }
    }
}
