/* In which language people are spoken to. */
#include "cli/language.h"

#include "base/cleanup.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_language_follows_the_locale_but_not_on_a_text_console(void **state)
{
    static const struct {
        const char *locale, *terminal;
        bool japanese;
    } cases[] = {
        {"ja_JP.UTF-8", "xterm-256color", true},
        {"ja_JP.UTF-8", NULL, true},
        {"ja", "xterm", true},
        {"ja.UTF-8", "xterm", true},
        {"ja_JP.UTF-8", "linux", false}, /* has no Japanese glyphs */
        {"C.UTF-8", "xterm", false},
        {"en_US.UTF-8", "xterm", false},
        {"jam_JM.UTF-8", "xterm", false}, /* another language */
        {"", "xterm", false},
        {NULL, "xterm", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            language_of_locale_is_japanese(cases[i].locale, cases[i].terminal), cases[i].japanese);
}

static void test_language_is_asked_for_in_the_order_of_posix(void **state)
{
    setenv("TERM", "xterm", 1);
    setenv("LANG", "ja_JP.UTF-8", 1);
    unsetenv("LC_MESSAGES");
    unsetenv("LC_ALL");
    assert_true(language_is_japanese());
    setenv("LC_MESSAGES", "C.UTF-8", 1);
    assert_false(language_is_japanese());
    setenv("LC_ALL", "ja_JP.UTF-8", 1);
    assert_true(language_is_japanese());
    setenv("LC_ALL", "", 1); /* empty is as good as unset */
    assert_false(language_is_japanese());
}

/* A minimal Debian has C.UTF-8 alone: Japanese must be shown there too, and in its right width. */
static void test_language_works_where_the_locale_was_never_generated(void **state)
{
    setenv("LC_ALL", "ja_XX.UTF-8", 1);
    language_begin();
    assert_true(language_is_japanese());
    assert_string_equal(setlocale(LC_CTYPE, NULL), "C.UTF-8");
    assert_string_equal(getenv("LANGUAGE"), "ja");
}

static void test_language_leaves_an_empty_word_empty(void **state)
{
    assert_string_equal(language_word(""), "");
    assert_string_equal(language_word("no such word in any catalogue"), "no such word in any catalogue");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_follows_the_locale_but_not_on_a_text_console),
        cmocka_unit_test(test_language_is_asked_for_in_the_order_of_posix),
        cmocka_unit_test(test_language_works_where_the_locale_was_never_generated),
        cmocka_unit_test(test_language_leaves_an_empty_word_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
