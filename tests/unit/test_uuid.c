/* UUID version 7: the time is in front, the rest is chance, and the text's order is that of time. */
#include "base/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_uuid_has_time_version_and_variant(void **state)
{
    char text[UUID_TEXT_SIZE];
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(uuid_make(INT64_C(0x0123456789ab), text), 0);
        assert_int_equal(strlen(text), 36);
        assert_memory_equal(text, "01234567-89ab-7", 15);
        assert_non_null(memchr("89ab", text[19], 4)); /* the variant's two bits are 10 */
        assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
        assert_true(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-');
    }
}

static void test_uuid_never_comes_twice_and_grows_with_time(void **state)
{
    char before[UUID_TEXT_SIZE], now[UUID_TEXT_SIZE];
    assert_int_equal(uuid_make(1000, before), 0);
    assert_int_equal(uuid_make(1000, now), 0);
    assert_string_not_equal(before, now);
    for (int64_t ms = 1001; ms < 1300; ms++) {
        assert_int_equal(uuid_make(ms, now), 0);
        assert_true(strcmp(before, now) < 0);
        strcpy(before, now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_has_time_version_and_variant),
        cmocka_unit_test(test_uuid_never_comes_twice_and_grows_with_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
