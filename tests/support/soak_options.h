/* What every soak program takes: --seconds N or --trials N, --seed S. */
#ifndef SEKISHO_TESTS_SOAK_OPTIONS_H
#define SEKISHO_TESTS_SOAK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct soak_options {
    int64_t trials; /* 0: for a time */
    int64_t end_ms; /* CLOCK_BOOTTIME */
    uint64_t seed;
    const char
        *directory; /* for stores: in memory where there is such a place, since syncs are the model's */
};

/* Exits with 2 on wrong usage. Prints the seed. */
void soak_options_parse(int argc, char **argv, const char *name, struct soak_options *ret_options);

bool soak_goes_on(const struct soak_options *options, int64_t done);

/* Standard error to a file that is begun anew with each trial: the store says much about the faults it is given. What a trial
 * left there is shown when it breaks a promise, and stays when the program crashes. */
void soak_log_open(const char *name);
void soak_log_begin(void);
void soak_log_show(void);
void soak_log_close(void);

#endif
