/* For the static analyser alone. It does not know that a call which failed has left a positive errno, nor what the minus of an
 * unknown number is; so it follows paths on which `return -errno` gives 0, and calls every output of the function garbage. Here
 * errno is one of the values that the code tells apart, or EIO. */
#ifndef SEKISHO_TESTS_LINT_ERRNO_MODEL_H
#define SEKISHO_TESTS_LINT_ERRNO_MODEL_H

#include <errno.h>

static inline int *errno_model(void)
{
    int *place = __errno_location();
    if (*place != ENOENT && *place != EAGAIN)
        *place = EIO;
    return place;
}

#undef errno
#define errno (*errno_model())

#endif
