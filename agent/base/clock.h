/* The two clocks. Code that decides by time takes a struct clock, so that tests can turn it. */
#ifndef SEKISHO_BASE_CLOCK_H
#define SEKISHO_BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*realtime_ms)(void *context); /* milliseconds since 1970 UTC; can jump either way */
    int64_t (*boottime_ms)(void *context); /* CLOCK_BOOTTIME: milliseconds since boot, suspend included */
    void *context;
};

/* The machine's own clocks. */
extern const struct clock clock_system;

static inline int64_t clock_realtime_ms(const struct clock *clock)
{
    return clock->realtime_ms(clock->context);
}

static inline int64_t clock_boottime_ms(const struct clock *clock)
{
    return clock->boottime_ms(clock->context);
}

/* RFC 3339 date-time ("2026-11-24T17:30:00+09:00", "...Z") or a date alone ("2027-03-31": the day's end in
 * the machine's time zone) to milliseconds since 1970 UTC. 0, or -EINVAL. */
int clock_parse(const char *text, int64_t *ret_ms);

/* Milliseconds since 1970 to "2026-11-24T08:30:00.123Z" ("invalid" outside the years 1000 to 9999). */
void clock_format_utc(int64_t ms, char buffer[static 25]);

#endif
