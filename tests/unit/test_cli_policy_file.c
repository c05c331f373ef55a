/* A policy on its way into force: names in policy.d, and what counts as no change. */
#include "cli/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_policy_file_takes_names_that_the_daemon_takes(void **state)
{
    static const char *const good[] = {"scanner", "20-scanner", "A.b_c-9"};
    static const char *const bad[] = {"", ".hidden", "..", "../policy", "a/b", "a b", "Drucker\n", "棚卸"};
    char longest[POLICY_NAME_MAX + 2];
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(policy_file_is_name(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(policy_file_is_name(bad[i]));
    memset(longest, 'a', sizeof(longest));
    longest[POLICY_NAME_MAX + 1] = '\0';
    assert_false(policy_file_is_name(longest));
    longest[POLICY_NAME_MAX] = '\0';
    assert_true(policy_file_is_name(longest));
}

static void test_policy_file_is_the_same_only_byte_for_byte(void **state)
{
    const struct policy_file none = {0}, empty = {"", 0}, one = {"{}", 2}, other = {"{ }", 3},
                             third = {"[]", 2};
    assert_true(policy_file_is_same(&one, &one));
    assert_false(policy_file_is_same(&one, &other));
    assert_false(policy_file_is_same(&one, &third));
    assert_false(policy_file_is_same(&none, &one));
    assert_false(policy_file_is_same(&none, &none)); /* no file: what is put there is a change */
    assert_false(policy_file_is_same(&none, &empty));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_file_takes_names_that_the_daemon_takes),
        cmocka_unit_test(test_policy_file_is_the_same_only_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
