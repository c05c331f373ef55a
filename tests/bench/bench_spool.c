/* Durable events a second, beside what one fdatasync an event allows on the same disk in the same run.
 *
 * Two yardsticks: a log that grows (each fdatasync also commits the file's size), and one that overwrites blocks it owns (the
 * fewest things a disk can be asked). The bar is against the first; the second is printed beside it. */
#include "../support/store_place.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 61
#define EVENTS 40
#define BYTES  1400 /* about a refusal's body */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static double rate_of_log(const char *directory, bool grows)
{
    char path[300], bytes[BYTES];
    memset(bytes, 'x', sizeof(bytes));
    snprintf(path, sizeof(path), "%s/log", directory);
    cleanup_fd_ int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fail(path);
    for (int i = 0; !grows && i < EVENTS; i++)
        if (write(fd, bytes, BYTES) != BYTES)
            fail(path);
    if (fsync(fd) < 0 || lseek(fd, 0, SEEK_SET) != 0)
        fail(path);
    double start = seconds();
    for (int i = 0; i < EVENTS; i++)
        if (write(fd, bytes, BYTES) != BYTES || fdatasync(fd) < 0)
            fail(path);
    return EVENTS / (seconds() - start);
}

static double rate_of_recorder(struct store_place *place, unsigned *device)
{
    double start = seconds();
    for (int i = 0; i < EVENTS; i++)
        if (store_place_record(place, EVENT_DEVICE_ALLOWED, (*device)++) < 0)
            fail("record");
    return EVENTS / (seconds() - start);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), ascending);
    return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
    struct store_place place;
    double growing[ROUNDS], overwriting[ROUNDS], recorder[ROUNDS], to_growing[ROUNDS], to_overwriting[ROUNDS];
    unsigned device = 0;
    store_place_make(&place, argc > 1 ? argv[1] : "/var/tmp");
    if (store_place_open(&place) < 0)
        fail("open");
    while (device < 600) /* the logs' blocks are allocated once in a terminal's life */
        rate_of_recorder(&place, &device);
    for (int i = 0; i < ROUNDS; i++) {
        growing[i] = rate_of_log(place.path, true);
        recorder[i] = rate_of_recorder(&place, &device);
        overwriting[i] = rate_of_log(place.path, false);
        to_growing[i] = recorder[i] / growing[i];
        to_overwriting[i] = recorder[i] / overwriting[i];
    }
    store_place_remove(&place);
    double ratio = median(to_growing);
    printf("spool: %.0f durable events/s; one fdatasync an event: %.0f/s appending, %.0f/s overwriting\n",
        median(recorder), median(growing), median(overwriting));
    printf("spool: ratio %.2f (bar 0.80) to appending, %.2f to overwriting; median of %d rounds of %d\n",
        ratio, median(to_overwriting), ROUNDS, EVENTS);
    return ratio >= 0.8 ? 0 : 1;
}
