/* The scanner takes RFC 8259 and nothing else, and says where and why it does not. */
#include "base/json_bind.h"
#include "base/json_scan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy of exactly size bytes on the heap, so that the sanitizer sees a byte too many being read. */
static int scan_all(const char *bytes, size_t size, struct json_error *ret_error, unsigned *ret_count)
{
    char *copy = malloc(size ? size : 1);
    struct json_scan scan;
    struct json_lexeme lexeme = {0};
    unsigned count = 0;
    int error = 0;
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    json_scan_begin(&scan, copy, size);
    do {
        error = json_scan_next(&scan, &lexeme, ret_error);
        count++;
    } while (error == 0 && lexeme.token != JSON_TOKEN_END);
    if (error < 0) {
        struct json_error again = {0};
        assert_int_equal(json_scan_next(&scan, &lexeme, &again), error);
        assert_string_equal(again.message, ret_error->message);
    }
    free(copy);
    *ret_count = count;
    return error;
}

#define TEXT(literal) (literal), sizeof(literal) - 1

struct good {
    const char *bytes;
    size_t size;
    unsigned tokens; /* with the END */
};

static const struct good GOOD[] = {
    {TEXT("{}"), 3},
    {TEXT(" \t\r\n[ ] \n"), 3},
    {TEXT("0"), 2},
    {TEXT("-0"), 2},
    {TEXT("-0.0e-0"), 2},
    {TEXT("1234567890123456789012345678901234567890"), 2},
    {TEXT("1e3"), 2},
    {TEXT("1E+400"), 2},
    {TEXT("0.5"), 2},
    {TEXT("true"), 2},
    {TEXT("false"), 2},
    {TEXT("null"), 2},
    {TEXT("\"\""), 2},
    {TEXT("\"\x7f\""), 2},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""), 2},
    {TEXT("\"\\ud83d\\udcbe\""), 2},
    {TEXT("\"\\uD7FF\\uE000\\uFFFF\""), 2},
    {TEXT("\"\xf4\x8f\xbf\xbf\""), 2},
    {TEXT("[1,2,[3,{}]]"), 10},
    {TEXT("{\"a\":1,\"a\":2}"), 7}, /* duplicates are the binder's to find */
    {TEXT("{\"\":\"\"}"), 5},
    {TEXT("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), 33},
};

static void test_json_scan_takes_the_grammar(void **state)
{
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        struct json_error error = {0};
        unsigned count;
        int result = scan_all(GOOD[i].bytes, GOOD[i].size, &error, &count);
        if (result < 0)
            print_message("%s: %s\n", GOOD[i].bytes, error.message);
        assert_int_equal(result, 0);
        assert_int_equal(count, GOOD[i].tokens);
    }
}

struct bad {
    const char *bytes;
    size_t size;
    const char *message;
};

static const struct bad BAD[] = {
    {TEXT(""), "1:1: expected a value, found the end of the text"},
    {TEXT(" \n"), "2:1: expected a value, found the end of the text"},
    {TEXT("{"), "1:2: expected a key in double quotes, found the end of the text"},
    {TEXT("["), "1:2: expected a value, found the end of the text"},
    {TEXT("{]"), "1:2: expected a key in double quotes, found ']'"},
    {TEXT("[}"), "1:2: expected a value, found '}'"},
    {TEXT("{\"a\""), "1:5: expected ':' after the key, found the end of the text"},
    {TEXT("{\"a\":"), "1:6: expected a value, found the end of the text"},
    {TEXT("{\"a\":1"), "1:7: expected ',' or '}', found the end of the text"},
    {TEXT("{\"a\":1,"), "1:8: expected a key in double quotes, found the end of the text"},
    {TEXT("{\"a\":1,}"), "1:8: expected a key in double quotes, found '}'"},
    {TEXT("{\"a\":1 \"b\":2}"), "1:8: expected ',' or '}', found '\"'"},
    {TEXT("{\"a\" 1}"), "1:6: expected ':' after the key, found '1'"},
    {TEXT("{\"a\"=1}"), "1:5: expected ':' after the key, found '='"},
    {TEXT("{\"a\":}"), "1:6: expected a value, found '}'"},
    {TEXT("{a:1}"), "1:2: expected a key in double quotes, found 'a'"},
    {TEXT("{'a':1}"), "1:2: expected a key in double quotes, found '''"},
    {TEXT("{1:1}"), "1:2: expected a key in double quotes, found '1'"},
    {TEXT("{null:1}"), "1:2: expected a key in double quotes, found \"null\""},
    {TEXT("{,}"), "1:2: expected a key in double quotes, found ','"},
    {TEXT("[,]"), "1:2: expected a value, found ','"},
    {TEXT("[1,]"), "1:4: expected a value, found ']'"},
    {TEXT("[1 2]"), "1:4: expected ',' or ']', found '2'"},
    {TEXT("[1,,2]"), "1:4: expected a value, found ','"},
    {TEXT("[1;2]"), "1:3: expected ',' or ']', found ';'"},
    {TEXT("['a']"), "1:2: expected a value, found '''"},
    {TEXT("\"a"), "1:1: text without its closing quote"},
    {TEXT("\"a\nb\""), "1:3: a control character in text must be written \\u000a"},
    {TEXT("\"a\tb\""), "1:3: a control character in text must be written \\u0009"},
    {TEXT("\"\\x41\""), "1:2: unknown escape: after a backslash one of \" \\ / b f n r t u is expected"},
    {TEXT("\"\\"), "1:2: unknown escape: after a backslash one of \" \\ / b f n r t u is expected"},
    {TEXT("\"\\u12\""), "1:2: expected four hexadecimal digits after \\u"},
    {TEXT("\"\\u00g0\""), "1:2: expected four hexadecimal digits after \\u"},
    {TEXT("\"\\u\""), "1:2: expected four hexadecimal digits after \\u"},
    {TEXT("\"a\\u0000b\""), "1:3: \\u0000 is not allowed in text"},
    {TEXT("\"\\ud800\""), "1:2: \\ud800 is the first half of a pair without its second"},
    {TEXT("\"\\udc00\""), "1:2: \\udc00 is the second half of a pair without its first"},
    {TEXT("\"\\ud800\\ud800\""), "1:2: \\ud800 is the first half of a pair without its second"},
    {TEXT("\"\\ud800x\""), "1:2: \\ud800 is the first half of a pair without its second"},
    {TEXT("\"\\ud800\\n\""), "1:2: \\ud800 is the first half of a pair without its second"},
    {TEXT("\"\\udc00\\ud800\""), "1:2: \\udc00 is the second half of a pair without its first"},
    {TEXT("\"関\xff\""), "1:3: byte 0xff is not UTF-8"},
    {TEXT("\"\xc0\x80\""), "1:2: byte 0xc0 is not UTF-8"},
    {TEXT("\"\xed\xa0\x80\""), "1:2: byte 0xed is not UTF-8"},
    {TEXT("\"\xe3\x81"), "1:2: byte 0xe3 is not UTF-8"},
    {TEXT("\"\xf4\x90\x80\x80\""), "1:2: byte 0xf4 is not UTF-8"},
    {TEXT("\xef\xbb\xbf{}"), "1:1: a byte order mark is not allowed: save the file as UTF-8 without one"},
    {TEXT("{}\xef\xbb\xbf"), "1:3: expected the end of the text, found '﻿' (U+FEFF)"},
    {TEXT("\xff\xfe{"), "1:1: expected a value, found byte 0xff, which is not UTF-8"},
    {TEXT("{}\xff"), "1:3: expected the end of the text, found byte 0xff, which is not UTF-8"},
    {TEXT("\xe3\x80\x80{}"), "1:1: expected a value, found '　' (U+3000)"},
    {TEXT("\xc2\xa0{}"), "1:1: expected a value, found ' ' (U+00A0)"},
    {TEXT("\"a\0"
          "b\""),
        "1:3: a control character in text must be written \\u0000"},
    {TEXT("{}\0"), "1:3: expected the end of the text, found the control character U+0000"},
    {TEXT("\0"), "1:1: expected a value, found the control character U+0000"},
    {TEXT("\f{}"), "1:1: expected a value, found the control character U+000C"},
    {TEXT("NaN"), "1:1: expected a value, found \"NaN\""},
    {TEXT("Infinity"), "1:1: expected a value, found \"Infinity\""},
    {TEXT("-Infinity"), "1:2: expected a digit, found \"Infinity\""},
    {TEXT("[+1]"), "1:2: expected a value, found \"+1\""},
    {TEXT("[.5]"), "1:2: expected a value, found \".5\""},
    {TEXT("[1.]"), "1:4: expected a digit, found ']'"},
    {TEXT("[1.e3]"), "1:4: expected a digit, found \"e3\""},
    {TEXT("[1e]"), "1:4: expected a digit, found ']'"},
    {TEXT("[1e+]"), "1:5: expected a digit, found ']'"},
    {TEXT("[-]"), "1:3: expected a digit, found ']'"},
    {TEXT("[- 1]"), "1:3: expected a digit, found ' '"},
    {TEXT("[01]"), "1:2: a number must not begin with zeros"},
    {TEXT("[-01]"), "1:2: a number must not begin with zeros"},
    {TEXT("[00]"), "1:2: a number must not begin with zeros"},
    {TEXT("[0x10]"), "1:3: expected ',' or ']', found \"x10\""},
    {TEXT("[1_000]"), "1:3: expected ',' or ']', found \"_000\""},
    {TEXT("[1,000]"), "1:4: a number must not begin with zeros"},
    {TEXT("True"), "1:1: expected a value, found \"True\""},
    {TEXT("TRUE"), "1:1: expected a value, found \"TRUE\""},
    {TEXT("tru"), "1:1: expected a value, found \"tru\""},
    {TEXT("nul"), "1:1: expected a value, found \"nul\""},
    {TEXT("truefalse"), "1:5: expected the end of the text, found \"false\""},
    {TEXT("undefined"), "1:1: expected a value, found \"undefined\""},
    {TEXT("{} {}"), "1:4: expected the end of the text, found '{'"},
    {TEXT("[] 1"), "1:4: expected the end of the text, found '1'"},
    {TEXT("{}}"), "1:3: expected the end of the text, found '}'"},
    {TEXT("// c\n{}"), "1:1: expected a value, found '/'"},
    {TEXT("/* c */{}"), "1:1: expected a value, found '/'"},
    {TEXT("{\"a\":1 /* c */}"), "1:8: expected ',' or '}', found '/'"},
    {TEXT("# c\n{}"), "1:1: expected a value, found '#'"},
    {TEXT("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), "1:17: nested deeper than 16 levels"},
    {TEXT("\n\n  [\n関]"), "4:1: expected a value, found '関' (U+95A2)"},
    {TEXT("{\"a\":{\"b\":[1,{\"c\":tru}]}}"), "1:19: expected a value, found \"tru\""},
    {TEXT("`a`"), "1:1: expected a value, found '`'"},
    {TEXT("“a”"), "1:1: expected a value, found '“' (U+201C)"},
};

static void test_json_scan_refuses_the_rest_with_its_place(void **state)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct json_error error = {0};
        char message[600] = "accepted";
        unsigned count;
        if (scan_all(BAD[i].bytes, BAD[i].size, &error, &count) < 0)
            snprintf(
                message, sizeof(message), "%u:%u: %s", error.place.line, error.place.column, error.message);
        if (strcmp(message, BAD[i].message) != 0) {
            print_error("%s\n  found    %s\n  expected %s\n", BAD[i].bytes, message, BAD[i].message);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Cut anywhere, a good text is a bad one: never a crash, never accepted. */
static void test_json_scan_refuses_every_beginning_of_a_text(void **state)
{
    static const char WHOLE[] = "{\"a\":[1.5e+3,\"\\ud83d\\udcbe関\",true,null,{\"b\":-0.1}],\"c\":\"\"}";
    struct json_error error;
    unsigned count;
    for (size_t size = 0; size < sizeof(WHOLE) - 1; size++)
        assert_int_equal(scan_all(WHOLE, size, &error, &count), -EBADMSG);
    assert_int_equal(scan_all(WHOLE, sizeof(WHOLE) - 1, &error, &count), 0);
}

static void test_json_scan_says_what_and_where_each_token_is(void **state)
{
    static const struct {
        enum json_token token;
        unsigned line, column;
        const char *raw;
    } EXPECTED[] = {
        {JSON_TOKEN_OBJECT_OPEN, 1, 2, NULL},
        {JSON_TOKEN_KEY, 2, 1, "関所"},
        {JSON_TOKEN_ARRAY_OPEN, 2, 7, NULL},
        {JSON_TOKEN_NUMBER, 2, 8, "-1"},
        {JSON_TOKEN_TEXT, 2, 12, "\\n"},
        {JSON_TOKEN_ARRAY_CLOSE, 3, 2, NULL},
        {JSON_TOKEN_KEY, 3, 4, "b"},
        {JSON_TOKEN_NULL, 4, 1, "null"},
        {JSON_TOKEN_OBJECT_CLOSE, 4, 5, NULL},
        {JSON_TOKEN_END, 5, 1, NULL},
    };
    static const char WHOLE[] = " {\n\"関所\" :[-1, \"\\n\"\r\n\t],\"b\":\nnull}\n";
    struct json_scan scan;
    struct json_error error;
    json_scan_begin(&scan, WHOLE, sizeof(WHOLE) - 1);
    for (size_t i = 0; i < sizeof(EXPECTED) / sizeof(EXPECTED[0]); i++) {
        struct json_lexeme lexeme;
        assert_int_equal(json_scan_next(&scan, &lexeme, &error), 0);
        assert_int_equal(lexeme.token, EXPECTED[i].token);
        assert_int_equal(lexeme.place.line, EXPECTED[i].line);
        assert_int_equal(lexeme.place.column, EXPECTED[i].column);
        if (EXPECTED[i].raw) {
            assert_int_equal(lexeme.raw_size, strlen(EXPECTED[i].raw));
            assert_memory_equal(lexeme.raw, EXPECTED[i].raw, lexeme.raw_size);
        }
    }
}

static struct json_lexeme first_lexeme(const char *text)
{
    struct json_scan scan;
    struct json_lexeme lexeme;
    struct json_error error;
    json_scan_begin(&scan, text, strlen(text));
    assert_int_equal(json_scan_next(&scan, &lexeme, &error), 0);
    return lexeme;
}

static void test_json_lexeme_text_is_unescaped(void **state)
{
    static const struct {
        const char *text, *meaning;
    } CASES[] = {
        {"\"\"", ""},
        {"\"abc\"", "abc"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0061\\u00e9\\u95a2\\uFFFF\"", "aé関\xef\xbf\xbf"},
        {"\"\\uD83D\\uDCBE\"", "\xf0\x9f\x92\xbe"},
        {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"},
        {"\"\\u007f\\u0080\\u07ff\\u0800\"", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct json_lexeme lexeme = first_lexeme(CASES[i].text);
        size_t length = strlen(CASES[i].meaning);
        char text[64];
        assert_int_equal(json_lexeme_text(&lexeme, text, sizeof(text)), length);
        assert_string_equal(text, CASES[i].meaning);
        assert_int_equal(json_lexeme_text(&lexeme, text, length + 1), length);
        assert_int_equal(json_lexeme_text(&lexeme, text, length), -ENOBUFS);
    }
}

static void test_json_lexeme_integers_are_exact(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
        int error;
    } CASES[] = {
        {"0", 0, 0},
        {"-1", -1, 0},
        {"9007199254740991", 9007199254740991, 0},
        {"-9007199254740991", -9007199254740991, 0},
        {"9007199254740992", 0, -ERANGE},
        {"-9007199254740992", 0, -ERANGE},
        {"18446744073709551617", 0, -ERANGE},
        {"1234567890123456789012345678901234567890", 0, -ERANGE},
        {"1.0", 0, -EINVAL},
        {"1e3", 0, -EINVAL},
        {"1E3", 0, -EINVAL},
        {"-0", 0, -EINVAL},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct json_lexeme lexeme = first_lexeme(CASES[i].text);
        int64_t number = 42;
        assert_int_equal(json_lexeme_integer(&lexeme, &number), CASES[i].error);
        assert_int_equal(number, CASES[i].error ? 42 : CASES[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_scan_takes_the_grammar),
        cmocka_unit_test(test_json_scan_refuses_the_rest_with_its_place),
        cmocka_unit_test(test_json_scan_refuses_every_beginning_of_a_text),
        cmocka_unit_test(test_json_scan_says_what_and_where_each_token_is),
        cmocka_unit_test(test_json_lexeme_text_is_unescaped),
        cmocka_unit_test(test_json_lexeme_integers_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
