/* The machine's clocks, and RFC 3339 date-times to and from milliseconds since 1970 UTC. */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_realtime_ms(void *context)
{
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_boottime_ms(void *context)
{
    return read_clock(CLOCK_BOOTTIME);
}

const struct clock clock_system = {.realtime_ms = system_realtime_ms, .boottime_ms = system_boottime_ms};

/* Exactly count digits at *at, their value within minimum..maximum; moves *at past them. */
static bool take_digits(const char **at, int count, int minimum, int maximum, int *ret_number)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return false;
        number = number * 10 + ((*at)[i] - '0');
    }
    if (number < minimum || number > maximum)
        return false;
    *at += count;
    *ret_number = number;
    return true;
}

static bool take_character(const char **at, const char *allowed)
{
    if (**at == '\0' || !strchr(allowed, **at))
        return false;
    (*at)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return DAYS[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **at, struct tm *ret_date)
{
    int year, month, day;
    if (!take_digits(at, 4, 1970, 9999, &year) || !take_character(at, "-") ||
        !take_digits(at, 2, 1, 12, &month) || !take_character(at, "-") || !take_digits(at, 2, 1, 31, &day) ||
        day > days_in_month(year, month))
        return false;
    *ret_date = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1};
    return true;
}

static bool take_time(const char **at, struct tm *time)
{
    return take_digits(at, 2, 0, 23, &time->tm_hour) && take_character(at, ":") &&
           take_digits(at, 2, 0, 59, &time->tm_min) && take_character(at, ":") &&
           take_digits(at, 2, 0, 60, &time->tm_sec);
}

/* ".5" and ".123456789" alike: what is finer than a millisecond is cut off. */
static bool take_fraction(const char **at, int *ret_ms)
{
    int ms = 0, digits = 0, digit;
    *ret_ms = 0;
    if (!take_character(at, "."))
        return true;
    for (; take_digits(at, 1, 0, 9, &digit); digits++)
        if (digits < 3)
            ms = ms * 10 + digit;
    if (digits == 0 || digits > 9)
        return false;
    for (; digits < 3; digits++)
        ms *= 10;
    *ret_ms = ms;
    return true;
}

static bool take_offset(const char **at, int *ret_seconds)
{
    int hours, minutes;
    *ret_seconds = 0;
    if (take_character(at, "Zz"))
        return true;
    bool west = **at == '-';
    if (!take_character(at, "+-") || !take_digits(at, 2, 0, 23, &hours) || !take_character(at, ":") ||
        !take_digits(at, 2, 0, 59, &minutes))
        return false;
    *ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
}

/* The last millisecond of the day where this machine stands: one before the next midnight, also on a day of 23 or 25 hours. */
static int end_of_day(struct tm *date, int64_t *ret_ms)
{
    date->tm_mday++;
    time_t midnight = mktime(date);
    if (midnight == (time_t)-1)
        return -EINVAL;
    *ret_ms = (int64_t)midnight * 1000 - 1;
    return 0;
}

int clock_parse(const char *text, int64_t *ret_ms)
{
    struct tm time;
    int ms, offset;
    if (!take_date(&text, &time))
        return -EINVAL;
    if (*text == '\0')
        return end_of_day(&time, ret_ms);
    if (!take_character(&text, "Tt") || !take_time(&text, &time) || !take_fraction(&text, &ms) ||
        !take_offset(&text, &offset) || *text != '\0')
        return -EINVAL;
    bool leap = time.tm_sec == 60; /* timegm makes it 0 */
    int64_t seconds = (int64_t)timegm(&time) - offset;
    /* A leap second stands at the end of a UTC day only (RFC 3339 section 5.7); it counts as the next day's first. */
    if (leap && seconds % 86400 != 0)
        return -EINVAL;
    *ret_ms = seconds * 1000 + ms;
    return 0;
}

void clock_format_utc(int64_t ms, char buffer[static 25])
{
    bool before = ms % 1000 < 0; /* 1970: rounded down, not towards zero */
    int64_t fraction = ms % 1000 + (before ? 1000 : 0);
    time_t seconds = (time_t)(ms / 1000 - before);
    struct tm time;
    /* Years of four digits: RFC 3339 has no others, and strftime does not pad those under 1000. */
    if (!gmtime_r(&seconds, &time) || time.tm_year < -900 || time.tm_year > 8099) {
        strcpy(buffer, "invalid");
        return;
    }
    size_t length = strftime(buffer, 25, "%Y-%m-%dT%H:%M:%S", &time);
    snprintf(buffer + length, 25 - length, ".%03uZ", (unsigned)fraction % 1000);
}
