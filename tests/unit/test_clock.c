/* RFC 3339 date-times, and the end of a day where the machine stands. */
#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_clock_parses_rfc3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } CASES[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-24T17:30:00+09:00", 1795509000000},
        {"2026-11-24T08:30:00Z", 1795509000000},
        {"2026-11-24t08:30:00z", 1795509000000},
        {"2026-11-24T08:30:00-00:00", 1795509000000},
        {"2026-11-24T03:00:00-05:30", 1795509000000},
        {"2026-11-24T08:30:00.1Z", 1795509000100},
        {"2026-11-24T08:30:00.123456789Z", 1795509000123},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2017-01-01T08:59:60+09:00", 1483228800000},
        {"9999-12-31T23:59:59Z", 253402300799000},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        int64_t ms = -1;
        assert_int_equal(clock_parse(CASES[i].text, &ms), 0);
        assert_int_equal(ms, CASES[i].ms);
    }
}

static void test_clock_refuses_what_is_no_date(void **state)
{
    static const char *const WRONG[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-24 08:30:00Z",
        "2026-11-24T08:30:00",
        "2026-11-24T08:30Z",
        "2026-11-24T8:30:00Z",
        "2026-11-31",
        "2025-02-29",
        "2100-02-29",
        "2026-00-10",
        "2026-13-10",
        "2026-10-00",
        "2026-11-24T24:00:00Z",
        "2026-11-24T08:60:00Z",
        "2026-11-24T08:30:61Z",
        "2026-11-24T08:30:60Z",
        "2026-11-24T08:30:00.Z",
        "2026-11-24T08:30:00.1234567890Z",
        "2026-11-24T08:30:00+24:00",
        "2026-11-24T08:30:00+0900",
        "2026-11-24T08:30:00+09:60",
        "2026-11-24T08:30:00Zz",
        "2026-11-24T08:30:00Z ",
        " 2026-11-24",
        "2026-11-24Z",
        "2026/11/24",
        "26-11-24",
        "1969-12-31T23:59:59Z",
        "+2026-11-24",
        "2026-1-24",
        "２０２６-11-24",
    };
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
        int64_t ms = -1;
        assert_int_equal(clock_parse(WRONG[i], &ms), -EINVAL);
        assert_int_equal(ms, -1);
    }
}

static void test_clock_date_alone_is_the_days_end_in_the_machines_zone(void **state)
{
    int64_t ms;
    setenv("TZ", "JST-9", 1);
    tzset();
    assert_int_equal(clock_parse("2027-03-31", &ms), 0);
    assert_int_equal(ms, 1806505199999); /* 2027-03-31T14:59:59.999Z */
    assert_int_equal(clock_parse("2026-12-31", &ms), 0);
    assert_int_equal(ms, 1798729199999);
    /* A day of 23 hours ends at midnight all the same. */
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_int_equal(clock_parse("2026-03-29", &ms), 0);
    assert_int_equal(ms, 1774821599999); /* 2026-03-29T21:59:59.999Z */
    setenv("TZ", "UTC0", 1);
    tzset();
    assert_int_equal(clock_parse("1970-01-01", &ms), 0);
    assert_int_equal(ms, 86399999);
}

static void test_clock_formats_utc(void **state)
{
    char text[25];
    clock_format_utc(1795509000123, text);
    assert_string_equal(text, "2026-11-24T08:30:00.123Z");
    clock_format_utc(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format_utc(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format_utc(253402300799999, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format_utc(INT64_MAX, text);
    assert_string_equal(text, "invalid");
    clock_format_utc(INT64_MIN, text);
    assert_string_equal(text, "invalid");
}

static void test_clock_what_is_formatted_parses_back(void **state)
{
    char text[25];
    for (int64_t ms = 0; ms < 253402300799999; ms += 86399999 * INT64_C(997)) {
        int64_t back;
        clock_format_utc(ms, text);
        assert_int_equal(clock_parse(text, &back), 0);
        assert_int_equal(back, ms);
    }
}

static void test_clock_system_runs(void **state)
{
    assert_true(clock_realtime_ms(&clock_system) > 1600000000000);
    int64_t before = clock_boottime_ms(&clock_system);
    assert_true(before > 0 && clock_boottime_ms(&clock_system) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_parses_rfc3339),
        cmocka_unit_test(test_clock_refuses_what_is_no_date),
        cmocka_unit_test(test_clock_date_alone_is_the_days_end_in_the_machines_zone),
        cmocka_unit_test(test_clock_formats_utc),
        cmocka_unit_test(test_clock_what_is_formatted_parses_back),
        cmocka_unit_test(test_clock_system_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
