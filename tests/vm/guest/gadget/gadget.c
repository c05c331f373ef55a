/* USB devices of any kind, made in the guest itself on dummy_hcd: its own host meets them as if they had been plugged.
 *
 *   gadget --stay CONTROLLER WORD...   plugs one, goes to the background once the host has configured it (or 3 s are over), and prints
 *                                      its process id; SIGTERM to that pulls it out
 *   gadget --play CONTROLLER           plugs each device that a line of standard input describes, one after the other, and pulls it out
 *                                      once the host and udev are done with it; a line of output each
 *
 * The words are in description.h. */
#include "made.h"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONFIGURED_MS 3000
#define SETTLED_MS    10000
#define SERVE_MS      10
#define PAUSE_MS      120 /* from the last uevent until udev has noticed that it has something to do */

static volatile sig_atomic_t ended;
static struct description described;

static long long clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void on_signal(int number)
{
    ended = 1;
}

static const char *make(unsigned controller)
{
    return described.through_gadgetfs ? gadgetfs_make(&described) : configfs_make(&described, controller);
}

/* A short while of answering the host. */
static void serve(void)
{
    if (described.through_gadgetfs)
        gadgetfs_serve(&described, SERVE_MS);
    else
        configfs_serve(SERVE_MS);
}

/* --- what the host has of it: its own tree, since a gadget's state is not put back when it is pulled out ------------ */

/* Looks at names alone: an attribute is read under the device's lock, which the host holds while it waits for our answer. */
static bool host_has(unsigned controller, const char *name)
{
    char pattern[128];
    glob_t found = {0};
    snprintf(pattern, sizeof(pattern), "/sys/devices/platform/dummy_hcd.%u/usb*/%s", controller, name);
    bool has = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
    globfree(&found);
    return has;
}

static bool is_configured(unsigned controller)
{
    return described.through_gadgetfs ? gadgetfs_is_configured() : host_has(controller, "*-1/*-1:*");
}

static bool serve_until_configured(unsigned controller)
{
    long long end = clock_ms() + CONFIGURED_MS;
    while (!is_configured(controller) && !ended && clock_ms() < end)
        serve();
    return is_configured(controller);
}

/* Until udev has nothing to do, for a while. */
static void serve_until_settled(void)
{
    long long end = clock_ms() + SETTLED_MS;
    unsigned idle = 0;
    while (idle < PAUSE_MS / SERVE_MS && !ended && clock_ms() < end) {
        serve();
        idle = access("/run/udev/queue", F_OK) == 0 ? 0 : idle + 1;
    }
}

static void unmake(unsigned controller)
{
    long long end = clock_ms() + CONFIGURED_MS;
    if (described.through_gadgetfs)
        gadgetfs_unmake();
    else
        configfs_unmake(controller);
    while (host_has(controller, "*-1") && clock_ms() < end)
        poll(NULL, 0, SERVE_MS);
}

/* --- one after the other ------------------------------------------------------------------------------------------------ */

static const char *describe(char *line)
{
    const char *wrong = NULL;
    description_begin(&described);
    for (char *word, *rest = line; !wrong && (word = strsep(&rest, " \n"));)
        wrong = *word ? description_take(&described, word) : NULL;
    return wrong;
}

static const char *play(unsigned controller)
{
    const char *wrong = make(controller), *result = wrong;
    if (!wrong && described.gone_after_ms >= 0) {
        for (long long end = clock_ms() + described.gone_after_ms; clock_ms() < end;)
            serve();
        result = "gone";
    } else if (!wrong) {
        result = serve_until_configured(controller) ? "configured" : "seen";
        serve_until_settled();
    }
    unmake(controller);
    return result;
}

static int play_lines(unsigned controller)
{
    char *line = NULL;
    size_t size = 0;
    while (!ended && getline(&line, &size, stdin) > 0) {
        const char *wrong = describe(line);
        printf("%s\n", wrong ? wrong : play(controller));
        fflush(stdout);
    }
    free(line);
    return 0;
}

/* --- one that stays ------------------------------------------------------------------------------------------------------ */

static int stay(unsigned controller, char **words, int report)
{
    const char *wrong = NULL;
    description_begin(&described);
    for (; *words && !wrong; words++)
        wrong = description_take(&described, *words);
    if (!wrong)
        wrong = make(controller);
    if (!wrong) {
        serve_until_configured(controller);
        dprintf(report, "%d\n", getpid());
        close(report);
        while (!ended)
            serve();
    }
    unmake(controller);
    if (wrong)
        dprintf(report, "gadget: %s\n", wrong);
    return wrong ? 1 : 0;
}

static int stay_in_background(unsigned controller, char **words)
{
    int ends[2];
    char report[128] = "";
    if (pipe2(ends, O_CLOEXEC) < 0)
        return 1;
    if (fork() == 0) {
        setsid();
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int fd = 0; fd < 3; fd++)
            dup2(nowhere, fd);
        _exit(stay(controller, words, ends[1]));
    }
    close(ends[1]);
    ssize_t size = read(ends[0], report, sizeof(report) - 1);
    fputs(report, stdout);
    return size > 0 && report[0] != 'g' ? 0 : 1;
}

int main(int count, char **words)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (count >= 3 && strcmp(words[1], "--stay") == 0)
        return stay_in_background((unsigned)atoi(words[2]), words + 3);
    if (count == 3 && strcmp(words[1], "--play") == 0)
        return play_lines((unsigned)atoi(words[2]));
    fputs("gadget --stay CONTROLLER WORD... | gadget --play CONTROLLER < LINES\n", stderr);
    return 2;
}
