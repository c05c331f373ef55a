/* Text on a terminal: widths, padding, and what a device's own words cannot do to it. */
#include "cli/columns.h"

#include "base/cleanup.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int set_locale(void **state)
{
    return setlocale(LC_ALL, "C.UTF-8") ? 0 : -1;
}

static void test_columns_count_wide_characters_twice(void **state)
{
    assert_int_equal(columns_width(""), 0);
    assert_int_equal(columns_width("agent"), 5);
    assert_int_equal(columns_width("端末"), 4);
    assert_int_equal(columns_width("USB機器"), 7);
    assert_int_equal(columns_width("e\xcc\x81"), 1); /* a combining accent takes no place of its own */
}

static void test_columns_survive_bytes_that_are_no_text(void **state)
{
    assert_int_equal(columns_width("a\xff\x80z"), 4);
    assert_int_equal(columns_width("\xe3\x81"), 2);
}

static char *printed(void (*print)(FILE *stream, const char *text), const char *text)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&bytes, &size);
    assert_non_null(stream);
    print(stream, text);
    fclose(stream);
    return bytes;
}

static void print_padded_to_six(FILE *stream, const char *text)
{
    columns_print_padded(stream, text, 6);
}

static void test_columns_fill_up_to_the_width_and_never_cut(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {{"", "      "}, {"ab", "ab    "}, {"端末", "端末  "}, {"連絡先", "連絡先"},
        {"longer than six", "longer than six"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cleanup_free_ char *bytes = printed(print_padded_to_six, cases[i].text);
        assert_string_equal(bytes, cases[i].expected);
    }
}

static void test_columns_let_no_escape_sequence_of_a_device_through(void **state)
{
    static const char *const hostile[] = {"\x1b[2Jgone", "\x1b]0;title\x07", "a\rb", "a\nb",
        "\xc2\x9b"
        "31m",
        "\xe2\x80\xaegnp.exe", "\x7f", "\xff\xfe"};
    for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
        cleanup_free_ char *bytes = printed(columns_print_safe, hostile[i]);
        assert_non_null(strstr(bytes, "\xef\xbf\xbd"));
        for (const char *at = bytes; *at; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
        assert_null(strstr(bytes, "\xc2\x9b"));
        assert_null(strstr(bytes, "\xe2\x80\xae"));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_count_wide_characters_twice),
        cmocka_unit_test(test_columns_survive_bytes_that_are_no_text),
        cmocka_unit_test(test_columns_fill_up_to_the_width_and_never_cut),
        cmocka_unit_test(test_columns_let_no_escape_sequence_of_a_device_through),
    };
    return cmocka_run_group_tests(tests, set_locale, NULL);
}
