/* UTF-8, hex and integers: what is let through, and what becomes of the rest. */
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const WELL_FORMED[] = {"", "a", "関所", "é", "\x7f", "\xf0\x9f\x92\xbe", "\xed\x9f\xbf",
    "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"};

static const char *const MALFORMED[] = {
    "\x80",             /* a continuation alone */
    "\xc0\x80",         /* overlong NUL */
    "\xc1\xbf",         /* overlong */
    "\xe0\x9f\xbf",     /* overlong */
    "\xf0\x8f\xbf\xbf", /* overlong */
    "\xed\xa0\x80",     /* surrogate */
    "\xed\xbf\xbf",     /* surrogate */
    "\xf4\x90\x80\x80", /* past U+10FFFF */
    "\xf5\x80\x80\x80",
    "\xff",
    "\xe3\x81",
    "\xe3\x41\x81",
    "\xf0\x9f\x92",
    "a\xe9z",
};

static void test_text_tells_utf8_from_the_rest(void **state)
{
    for (size_t i = 0; i < sizeof(WELL_FORMED) / sizeof(WELL_FORMED[0]); i++)
        assert_true(text_is_utf8(WELL_FORMED[i], strlen(WELL_FORMED[i])));
    for (size_t i = 0; i < sizeof(MALFORMED) / sizeof(MALFORMED[0]); i++)
        assert_false(text_is_utf8(MALFORMED[i], strlen(MALFORMED[i])));
}

static void test_text_gives_code_points(void **state)
{
    uint32_t code;
    assert_int_equal(text_character("関", 3, &code), 3);
    assert_int_equal(code, 0x95a2);
    assert_int_equal(text_character("\xf0\x9f\x92\xbe", 4, &code), 4);
    assert_int_equal(code, 0x1f4be);
    assert_int_equal(text_character("é", 2, &code), 2);
    assert_int_equal(code, 0xe9);
    assert_int_equal(text_character("\xe3\x81", 2, &code), 0);
    assert_int_equal(text_character("", 0, &code), 0);
}

/* Every byte string of up to three bytes out of the borders of RFC 3629's table comes out well formed. */
static void test_text_makes_utf8_of_anything(void **state)
{
    static const unsigned char EDGES[] = {0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2,
        0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
    enum { COUNT = sizeof(EDGES) };
    for (size_t i = 0; i < (size_t)COUNT * COUNT * COUNT; i++) {
        char bytes[3] = {
            (char)EDGES[i % COUNT], (char)EDGES[i / COUNT % COUNT], (char)EDGES[i / COUNT / COUNT]};
        for (size_t capacity = 1; capacity <= 10; capacity += 3) {
            char made[10];
            size_t length = text_make_utf8(made, capacity, bytes, sizeof(bytes));
            assert_true(length < capacity);
            assert_int_equal(strlen(made), length);
            assert_true(text_is_utf8(made, length));
        }
    }
}

static void test_text_replaces_and_cuts_at_borders(void **state)
{
    char made[32];
    assert_int_equal(text_make_utf8(made, sizeof(made), "a\0b\xff", 4), 8);
    assert_string_equal(made, "a\xef\xbf\xbd"
                              "b\xef\xbf\xbd");
    assert_int_equal(text_make_utf8(made, 6, "関所", 6), 3);
    assert_string_equal(made, "関");
    assert_int_equal(text_make_utf8(made, 7, "関所", 6), 6);
    assert_int_equal(text_make_utf8(made, 0, "a", 1), 0);
    assert_int_equal(text_make_printable(made, sizeof(made), "a\x1b[31m\n", 7), 11);
    assert_string_equal(made, "a\xef\xbf\xbd[31m\xef\xbf\xbd");
    text_make_printable(made, sizeof(made),
        "\xe2\x80\xae"
        "gpj",
        6);
    assert_string_equal(made, "\xef\xbf\xbd"
                              "gpj");
    text_make_printable(made, sizeof(made), "\xc2\x9b", 2);
    assert_string_equal(made, "\xef\xbf\xbd");
}

static void test_text_hex_goes_and_comes_back(void **state)
{
    char text[9];
    unsigned char bytes[4] = {0};
    text_hex(text, "\x00\x1f\xab\xff", 4);
    assert_string_equal(text, "001fabff");
    assert_int_equal(text_unhex(bytes, 4, "001FabFF"), 0);
    assert_memory_equal(bytes, "\x00\x1f\xab\xff", 4);
    static const char *const WRONG[] = {
        "", "001fabf", "001fabff0", "001fabfg", "0x1fabff", " 01fabff", "001fab/f"};
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
        assert_int_equal(text_unhex(bytes, 4, WRONG[i]), -EINVAL);
    assert_memory_equal(bytes, "\x00\x1f\xab\xff", 4);
}

static void test_text_integers_are_whole_and_in_range(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
        int error;
    } CASES[] = {
        {"0", 0, 0},
        {"7", 7, 0},
        {"-7", -7, 0},
        {"9223372036854775807", INT64_MAX, 0},
        {"-9223372036854775808", INT64_MIN, 0},
        {"9223372036854775808", 0, -ERANGE},
        {"-9223372036854775809", 0, -ERANGE},
        {"99999999999999999999999", 0, -ERANGE},
        {"", 0, -EINVAL},
        {"-", 0, -EINVAL},
        {"-0", 0, -EINVAL},
        {"00", 0, -EINVAL},
        {"01", 0, -EINVAL},
        {"-01", 0, -EINVAL},
        {"+1", 0, -EINVAL},
        {" 1", 0, -EINVAL},
        {"1 ", 0, -EINVAL},
        {"1e3", 0, -EINVAL},
        {"0x1", 0, -EINVAL},
        {"1.0", 0, -EINVAL},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        int64_t number = 42;
        assert_int_equal(text_integer(CASES[i].text, &number), CASES[i].error);
        assert_int_equal(number, CASES[i].error ? 42 : CASES[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_tells_utf8_from_the_rest),
        cmocka_unit_test(test_text_gives_code_points),
        cmocka_unit_test(test_text_makes_utf8_of_anything),
        cmocka_unit_test(test_text_replaces_and_cuts_at_borders),
        cmocka_unit_test(test_text_hex_goes_and_comes_back),
        cmocka_unit_test(test_text_integers_are_whole_and_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
