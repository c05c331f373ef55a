/* The kernel's own word: every uevent and every line of its log since boot, sent to the host as it comes.
 *
 * It is the kernel's rdinit: it forks before anything of Debian ran, so that "never" can be said of the whole boot, and
 * the parent goes on as the image's own /init. It lives on in the first root after the real one was mounted over it, has
 * no path to the world but the nodes that it makes itself, and keeps what it heard until the host's port is there. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PORT_SUFFIX  "p1" /* the first port of the virtio console is ours */
#define SOCKET_BYTES (256 * 1024 * 1024)
#define LINE_BYTES   (128 * 1024)

struct recorder {
    int uevents, log, port;
    char *pending; /* what the host has not had yet */
    size_t used, size;
};

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void keep(struct recorder *recorder, const char *bytes, size_t size)
{
    if (recorder->used + size > recorder->size) {
        recorder->size = 2 * (recorder->used + size);
        recorder->pending = realloc(recorder->pending, recorder->size);
        if (!recorder->pending)
            _exit(1);
    }
    memcpy(recorder->pending + recorder->used, bytes, size);
    recorder->used += size;
}

static void send_pending(struct recorder *recorder)
{
    size_t sent = 0;
    while (recorder->port >= 0 && sent < recorder->used) {
        ssize_t n = write(recorder->port, recorder->pending + sent, recorder->used - sent);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    memmove(recorder->pending, recorder->pending + sent, recorder->used - sent);
    recorder->used -= sent;
}

/* Bytes of an enemy's device stand as \xNN, so that a line is a line and a tab parts fields. */
static void keep_escaped(struct recorder *recorder, const char *bytes, size_t size)
{
    char line[LINE_BYTES];
    size_t used = 0;
    for (size_t i = 0; i < size && used + 5 < sizeof(line); i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (isprint(byte) && byte != '\\')
            line[used++] = (char)byte;
        else
            used += (size_t)sprintf(line + used, "\\x%02x", byte);
    }
    keep(recorder, line, used);
}

static void keep_head(struct recorder *recorder, char kind)
{
    char head[48];
    int size = snprintf(head, sizeof(head), "%c\t%lld", kind, now_ms());
    keep(recorder, head, (size_t)size);
}

static const char *value_of(const char *message, size_t size, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = message; at < message + size; at += strlen(at) + 1) {
        if (strncmp(at, key, length) == 0)
            return at + length;
    }
    return NULL;
}

static void open_port(struct recorder *recorder, const char *message, size_t size)
{
    const char *subsystem = value_of(message, size, "SUBSYSTEM="),
               *name = value_of(message, size, "DEVNAME=");
    const char *major_text = value_of(message, size, "MAJOR="),
               *minor_text = value_of(message, size, "MINOR=");
    if (recorder->port >= 0 || !subsystem || strcmp(subsystem, "virtio-ports") != 0 || !name || !major_text ||
        !minor_text)
        return;
    size_t length = strlen(name);
    if (length < 2 || strcmp(name + length - 2, PORT_SUFFIX) != 0)
        return;
    unlink("/recorder-port");
    if (mknod("/recorder-port", S_IFCHR | 0600,
            makedev((unsigned)atoi(major_text), (unsigned)atoi(minor_text))) == 0)
        recorder->port = open("/recorder-port", O_WRONLY | O_CLOEXEC);
}

static void on_uevent(struct recorder *recorder)
{
    static char message[64 * 1024];
    for (;;) {
        ssize_t size = recv(recorder->uevents, message, sizeof(message) - 1, MSG_DONTWAIT);
        if (size < 0 && errno == ENOBUFS) {
            keep(recorder, "LOST\n", 5); /* the host fails the case: "never" can no longer be said */
            continue;
        }
        if (size <= 0)
            return;
        message[size] = '\0';
        keep_head(recorder, 'U');
        for (char *at = message; at < message + size; at += strlen(at) + 1) {
            keep(recorder, "\t", 1);
            keep_escaped(recorder, at, strlen(at));
        }
        keep(recorder, "\n", 1);
        open_port(recorder, message, (size_t)size);
    }
}

static void on_log(struct recorder *recorder)
{
    char line[8192];
    for (;;) {
        ssize_t size = read(recorder->log, line, sizeof(line));
        if (size < 0 && errno == EPIPE) {
            keep(recorder, "LOST\n", 5);
            continue;
        }
        if (size <= 0)
            return;
        while (size > 0 && line[size - 1] == '\n')
            size--;
        keep_head(recorder, 'K');
        keep(recorder, "\t", 1);
        keep_escaped(recorder, line, (size_t)size);
        keep(recorder, "\n", 1);
    }
}

static int open_uevents(void)
{
    int size = SOCKET_BYTES;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        return -1;
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static void record_for_ever(int ready)
{
    struct recorder recorder = {.port = -1};
    mknod("/recorder-log", S_IFCHR | 0600, makedev(1, 11));
    recorder.uevents = open_uevents();
    recorder.log = open("/recorder-log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    keep(&recorder, "BEGIN\n", 6);
    close(ready);
    struct pollfd polls[2] = {
        {.fd = recorder.uevents, .events = POLLIN}, {.fd = recorder.log, .events = POLLIN}};
    for (;;) {
        if (poll(polls, 2, recorder.port < 0 ? -1 : recorder.used ? 100 : -1) < 0 && errno != EINTR)
            _exit(1);
        on_uevent(&recorder);
        on_log(&recorder);
        send_pending(&recorder);
    }
}

int main(int count, char **arguments)
{
    int ready[2];
    char byte;
    arguments[0][0] = '@'; /* systemd leaves such a process alone at shutdown */
    if (pipe2(ready, O_CLOEXEC) == 0 && fork() == 0) {
        close(ready[0]);
        setsid();
        record_for_ever(ready[1]);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) < 0) /* returns when the recorder hears */
        return 1;
    arguments[0] = (char *)"/init";
    execv("/init", arguments);
    return 1;
}
