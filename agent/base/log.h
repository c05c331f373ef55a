/* Log lines for the journal: standard error with the priority prefix of sd-daemon(3). Never a secret, never raw device bytes. */
#ifndef SEKISHO_BASE_LOG_H
#define SEKISHO_BASE_LOG_H

#include <syslog.h>

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG. One line, no newline at its end. */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Logs "...: strerror" and returns error (negative errno) unchanged, so that it can be returned at once. */
int log_error(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)  log_line(LOG_NOTICE, __VA_ARGS__)

#endif
