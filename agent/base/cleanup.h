/* Cleanup by attribute: what a function opens it closes on every way out. */
#ifndef SEKISHO_BASE_CLEANUP_H
#define SEKISHO_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup_(function) __attribute__((cleanup(function)))

/* Closes *fd if it is one; keeps errno, so that it may run between a fault and its report. */
static inline void fd_close(int *fd)
{
    int kept = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = kept;
}

static inline void memory_free(void *pointer)
{
    free(*(void **)pointer);
    *(void **)pointer = NULL;
}

static inline void stream_close(FILE **stream)
{
    if (*stream)
        fclose(*stream);
    *stream = NULL;
}

static inline void directory_close(DIR **directory)
{
    if (*directory)
        closedir(*directory);
    *directory = NULL;
}

/* Hands a pointer or descriptor over to the caller: the cleanup then finds nothing. */
#define take_pointer(pointer)                                                                                \
    ({                                                                                                       \
        __auto_type taken_ = (pointer);                                                                      \
        (pointer) = NULL;                                                                                    \
        taken_;                                                                                              \
    })

static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define cleanup_fd_     cleanup_(fd_close)
#define cleanup_free_   cleanup_(memory_free)
#define cleanup_stream_ cleanup_(stream_close)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
