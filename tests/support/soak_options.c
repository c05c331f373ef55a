#include "soak_options.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static char log_path[64];

static void usage(const char *name)
{
    printf("%s --seconds N | --trials N [--seed S]\n", name);
    exit(2);
}

void soak_options_parse(int argc, char **argv, const char *name, struct soak_options *ret_options)
{
    static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
        {"trials", required_argument, NULL, 't'}, {"seed", required_argument, NULL, 'r'}, {0}};
    *ret_options = (struct soak_options){.directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"};
    if (getrandom(&ret_options->seed, sizeof(ret_options->seed), 0) != (ssize_t)sizeof(ret_options->seed))
        exit(2);
    ret_options->seed &= UINT32_MAX; /* short enough to be typed again */
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code == 's')
            ret_options->end_ms = clock_boottime_ms(&clock_system) + atoll(optarg) * 1000;
        else if (code == 't')
            ret_options->trials = atoll(optarg);
        else if (code == 'r')
            ret_options->seed = strtoull(optarg, NULL, 10);
        else
            usage(name);
    }
    if (ret_options->trials <= 0 && ret_options->end_ms == 0)
        usage(name);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s: seed %llu\n", name, (unsigned long long)ret_options->seed);
}

bool soak_goes_on(const struct soak_options *options, int64_t done)
{
    return options->trials > 0 ? done < options->trials : clock_boottime_ms(&clock_system) < options->end_ms;
}

void soak_log_open(const char *name)
{
    snprintf(log_path, sizeof(log_path), "/tmp/sekisho-%.20s.%d.log", name, (int)getpid());
    cleanup_fd_ int fd = open(log_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
        perror(log_path);
        exit(2);
    }
    printf("%s: what the store logs goes to %s\n", name, log_path);
}

void soak_log_begin(void)
{
    if (ftruncate(STDERR_FILENO, 0) < 0)
        exit(2);
}

void soak_log_show(void)
{
    char line[1024];
    cleanup_stream_ FILE *stream = fopen(log_path, "re");
    while (stream && fgets(line, sizeof(line), stream))
        printf("    %s", line);
}

void soak_log_close(void)
{
    unlink(log_path);
}
