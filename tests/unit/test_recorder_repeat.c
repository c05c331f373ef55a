/* Repeats within a minute are counted together, by who, where and why, and within bounds. */
#include "core/store/recorder_repeat.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct event refusal(const char *serial, const char *reason)
{
    static const char *const interfaces[] = {"08:06:50", "03:01:01", NULL};
    struct event event = EVENT(EVENT_DEVICE_REFUSED);
    event_set_text(&event, EVENT_REASON, reason);
    event_set_text(&event, EVENT_DEVICE_PORT, "usb2/1");
    event_set_text(&event, EVENT_VENDOR_ID, "46f4");
    event_set_text(&event, EVENT_PRODUCT_ID, "0001");
    event_set_text(&event, EVENT_SERIAL, serial);
    event_set_number(&event, EVENT_DEVICE_NUMBER, 7);
    event_set_list(&event, EVENT_INTERFACES, interfaces);
    return event;
}

static void table_empty(struct repeat_table *table)
{
    struct repeat *repeat;
    while ((repeat = repeat_take(table, INT64_MAX)))
        free(repeat);
    assert_int_equal(table->bytes, 0);
}

static void test_repeat_counts_what_is_the_same_and_nothing_else(void **state)
{
    struct repeat_table table = {0};
    struct event first = refusal("A1", "M-03"), other = refusal("A2", "M-03"), why = refusal("A1", "M-04");
    struct event where = first, name = first, kind = first, number = first;
    event_set_text(&where, EVENT_DEVICE_PORT, "usb2/2");
    event_set_text(&name, EVENT_DEVICE_NAME, "4-2"); /* what is never looked at has a name alone */
    kind.kind = EVENT_DEVICE_DISCONNECTED;
    event_set_number(&number, EVENT_DEVICE_NUMBER, 8);
    assert_false(repeat_count(&table, &first, 1000, 0));
    assert_int_equal(repeat_open(&table, &first, 50), 0);
    assert_false(repeat_count(&table, &other, 1000, 0));
    assert_false(repeat_count(&table, &why, 1000, 0));
    assert_false(repeat_count(&table, &where, 1000, 0));
    assert_false(repeat_count(&table, &name, 1000, 0));
    assert_false(repeat_count(&table, &kind, 1000, 0));
    assert_true(repeat_count(&table, &first, 1000, 0));
    assert_true(repeat_count(&table, &number, 1000, 0)); /* plugged again: the same device */
    assert_int_equal(table.slots[0]->count, 2);
    table_empty(&table);
}

/* "ab" + "c" must not be "a" + "bc". */
static void test_repeat_keeps_fields_apart(void **state)
{
    struct repeat_table table = {0};
    struct event first = refusal("A", "M-03"), moved = refusal("A", "M-03");
    event_set_text(&first, EVENT_LABEL, "BC");
    event_set_text(&moved, EVENT_SERIAL, "AB");
    event_set_text(&moved, EVENT_LABEL, "C");
    assert_int_equal(repeat_open(&table, &first, 0), 0);
    assert_false(repeat_count(&table, &moved, 0, 0));
    table_empty(&table);
}

static void test_repeat_second_event_has_count_and_times_and_outlives_its_texts(void **state)
{
    struct repeat_table table = {0};
    char serial[] = "A1";
    struct event first = refusal(serial, "M-03"), second;
    assert_int_equal(repeat_open(&table, &first, 50), 0);
    for (int64_t ms = 1000; ms <= 5000; ms += 1000)
        assert_true(repeat_count(&table, &first, ms, 0));
    memset(serial, 'x', 2);
    assert_null(repeat_take(&table, 50 + REPEAT_WINDOW_MS - 1));
    struct repeat *repeat = repeat_take(&table, 50 + REPEAT_WINDOW_MS);
    assert_non_null(repeat);
    repeat_event(repeat, &second);
    assert_int_equal(second.kind, EVENT_DEVICE_REFUSED);
    assert_string_equal(second.values[EVENT_SERIAL].text, "A1");
    assert_string_equal(second.values[EVENT_INTERFACES].list[1], "03:01:01");
    assert_null(second.values[EVENT_INTERFACES].list[2]);
    assert_int_equal(second.values[EVENT_COUNT_REPEATED].number, 5);
    assert_int_equal(second.values[EVENT_INTERVAL_FROM_MS].number, 1000);
    assert_int_equal(second.values[EVENT_INTERVAL_TO_MS].number, 5000);
    assert_int_equal(second.values[EVENT_DEVICE_NUMBER].type, EVENT_VALUE_NONE);
    free(repeat);
    assert_int_equal(table.count, 0);
    assert_int_equal(table.bytes, 0);
}

static void test_repeat_table_has_a_limit_of_slots_and_bytes(void **state)
{
    struct repeat_table table = {0};
    char serial[16], *large = malloc(REPEAT_BYTES / 3);
    for (unsigned i = 0; i < REPEAT_SLOTS; i++) {
        snprintf(serial, sizeof(serial), "S%u", i);
        struct event event = refusal(serial, "M-03");
        assert_int_equal(repeat_open(&table, &event, i), 0);
    }
    struct event more = refusal("one more", "M-03");
    assert_int_equal(repeat_open(&table, &more, 100), -ENOBUFS);
    struct repeat *oldest = repeat_take(&table, INT64_MAX);
    assert_string_equal(oldest->event.values[EVENT_SERIAL].text, "S0");
    free(oldest);
    assert_int_equal(repeat_open(&table, &more, 100), 0);
    table_empty(&table);

    memset(large, 'a', REPEAT_BYTES / 3);
    large[REPEAT_BYTES / 3 - 1] = '\0';
    for (unsigned i = 0; i < 3; i++) {
        large[0] = (char)('a' + i);
        struct event event = refusal(large, "M-03");
        assert_int_equal(repeat_open(&table, &event, i), i < 2 ? 0 : -ENOBUFS);
    }
    table_empty(&table);
    free(large);
}

static void test_repeat_next_end_is_of_the_first_window_with_something_to_tell(void **state)
{
    struct repeat_table table = {0};
    struct event quiet = refusal("A1", "M-03"), busy = refusal("A2", "M-03");
    assert_int_equal(repeat_next_end(&table), INT64_MAX);
    repeat_open(&table, &quiet, 10);
    repeat_open(&table, &busy, 20);
    assert_int_equal(
        repeat_next_end(&table), INT64_MAX); /* nothing wakes the daemon for a window without repeats */
    repeat_count(&table, &busy, 0, 0);
    assert_int_equal(repeat_next_end(&table), 20 + REPEAT_WINDOW_MS);
    table_empty(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeat_counts_what_is_the_same_and_nothing_else),
        cmocka_unit_test(test_repeat_keeps_fields_apart),
        cmocka_unit_test(test_repeat_second_event_has_count_and_times_and_outlives_its_texts),
        cmocka_unit_test(test_repeat_table_has_a_limit_of_slots_and_bytes),
        cmocka_unit_test(test_repeat_next_end_is_of_the_first_window_with_something_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
