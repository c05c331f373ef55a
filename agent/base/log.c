#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_line(int priority, const char *format, va_list arguments, const char *tail)
{
    char text[1024];
    vsnprintf(text, sizeof(text), format, arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    /* The priority is for the journal (sd-daemon(3)); a person who runs a command reads words alone. */
    char prefix[8] = "";
    if (getenv("JOURNAL_STREAM"))
        snprintf(prefix, sizeof(prefix), "<%d>", priority);
    fprintf(stderr, "%s%s%s%s\n", prefix, text, tail ? ": " : "", tail ? tail : "");
}

void log_line(int priority, const char *format, ...)
{
    int kept = errno;
    va_list arguments;
    va_start(arguments, format);
    write_line(priority, format, arguments, NULL);
    va_end(arguments);
    errno = kept;
}

int log_error(int error, const char *format, ...)
{
    int kept = errno;
    va_list arguments;
    va_start(arguments, format);
    write_line(LOG_ERR, format, arguments, strerror(error < 0 ? -error : error));
    va_end(arguments);
    errno = kept;
    return error;
}
