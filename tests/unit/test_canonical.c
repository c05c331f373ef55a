/* Canonical JSON: the vectors of RFC 8785 that apply to what Sekisho uses, and what is refused. */
#include "record/canonical.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json_object *parsed(const char *text)
{
    struct json_object *value = json_tokener_parse(text);
    assert_non_null(value);
    return value;
}

static void assert_canonical(const char *text, const char *expected)
{
    struct json_object *value = parsed(text);
    char *canonical = NULL;
    size_t size = 0;
    assert_int_equal(canonical_json(value, &canonical, &size), 0);
    assert_string_equal(canonical, expected);
    assert_int_equal(size, strlen(expected));
    free(canonical);
    json_object_put(value);
}

static void assert_refused(struct json_object *value, int error)
{
    char *canonical = NULL;
    size_t size = 77;
    assert_int_equal(canonical_json(value, &canonical, &size), error);
    assert_null(canonical);
    assert_int_equal(size, 77);
    json_object_put(value);
}

/* RFC 8785 3.2.2: "string" and "literals" of the example; its "numbers" are doubles, which we refuse. */
static void test_canonical_writes_the_strings_of_rfc8785(void **state)
{
    assert_canonical("{\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\", "
                     "\"literals\": [true, false]}",
        "{\"literals\":[true,false],\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* RFC 8785 3.2.2.2: five short escapes, the other control characters as \u00hh in lower case, nothing else escaped. */
static void test_canonical_escapes_what_must_be_and_nothing_else(void **state)
{
    assert_canonical("\"\\b\\t\\n\\f\\r\"", "\"\\b\\t\\n\\f\\r\"");
    assert_canonical("\"\\u0001\\u000b\\u001B\\u001f\"", "\"\\u0001\\u000b\\u001b\\u001f\"");
    assert_canonical("\"\\u007f\\u0080\\u2028\\/<>&\"", "\"\x7f\xc2\x80\xe2\x80\xa8/<>&\"");
    assert_canonical("\"\\ud83d\\ude02\"", "\"\xf0\x9f\x98\x82\"");
    assert_canonical("\"\"", "\"\"");
}

/* RFC 8785 3.2.3, as far as its keys are ASCII: sorted by code unit, also in objects within, arrays as they are. */
static void test_canonical_sorts_members_at_every_depth(void **state)
{
    assert_canonical(
        "{\"\\r\": \"Carriage Return\", \"1\": \"One\", \"</script>\": \"Browser Challenge\", \"\": 0}",
        "{\"\":0,\"\\r\":\"Carriage Return\",\"1\":\"One\",\"</script>\":\"Browser Challenge\"}");
    assert_canonical("{\"b\": {\"z\": 1, \"aa\": 2, \"a\": 3, \"Z\": 4}, \"a\": [{\"y\": 1, \"x\": 2}, 3, 1, "
                     "2], \"_\": {}}",
        "{\"_\":{},\"a\":[{\"x\":2,\"y\":1},3,1,2],\"b\":{\"Z\":4,\"a\":3,\"aa\":2,\"z\":1}}");
    assert_canonical("{\"10\":1,\"9\":2,\"1\":3}", "{\"1\":3,\"10\":1,\"9\":2}");
}

static void test_canonical_writes_integers_within_53_bits_only(void **state)
{
    assert_canonical("[0, -0, 1, -1, 9007199254740991, -9007199254740991]",
        "[0,0,1,-1,9007199254740991,-9007199254740991]");
    assert_refused(parsed("9007199254740992"), -ERANGE);
    assert_refused(parsed("-9007199254740992"), -ERANGE);
    assert_refused(parsed("[18446744073709551615]"), -ERANGE);
    assert_refused(parsed("99999999999999999999999"), -ERANGE);
}

static void test_canonical_refuses_what_sekisho_does_not_use(void **state)
{
    assert_refused(parsed("1.5"), -EINVAL);
    assert_refused(parsed("[1e3]"), -EINVAL);
    assert_refused(parsed("{\"a\": null}"), -EINVAL);
    assert_refused(NULL, -EINVAL);
    assert_refused(parsed("{\"\xc3\xa9\": 1}"), -EINVAL);
}

static void test_canonical_refuses_text_that_is_not_utf8(void **state)
{
    static const char *const BAD[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "a\xe3\x81", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "a", json_object_new_string(BAD[i]));
        assert_refused(object, -EINVAL);
    }
}

static struct json_object *nested(unsigned depth)
{
    struct json_object *value = json_object_new_array();
    for (unsigned i = 1; i < depth; i++) {
        struct json_object *outer = json_object_new_array();
        json_object_array_add(outer, value);
        value = outer;
    }
    return value;
}

static void test_canonical_refuses_more_depth_and_members_than_its_limits(void **state)
{
    char *text = NULL, key[16];
    size_t size;
    struct json_object *value = nested(CANONICAL_DEPTH_MAX);
    assert_int_equal(canonical_json(value, &text, &size), 0);
    free(text);
    json_object_put(value);
    assert_refused(nested(CANONICAL_DEPTH_MAX + 1), -E2BIG);
    struct json_object *wide = json_object_new_object();
    for (unsigned i = 0; i <= CANONICAL_MEMBERS_MAX; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        json_object_object_add(wide, key, json_object_new_int((int)i));
    }
    assert_refused(wide, -E2BIG);
}

static void test_canonical_text_is_its_own_canonical_form(void **state)
{
    char long_text[5000];
    memset(long_text, '"', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct json_object *value = json_object_new_object();
    json_object_object_add(value, "long", json_object_new_string(long_text));
    json_object_object_add(value, "kanji", json_object_new_string("関所\x01"));
    char *once = NULL, *twice = NULL;
    size_t once_size, twice_size;
    assert_int_equal(canonical_json(value, &once, &once_size), 0);
    struct json_object *again = parsed(once);
    assert_int_equal(canonical_json(again, &twice, &twice_size), 0);
    assert_int_equal(once_size, twice_size);
    assert_string_equal(once, twice);
    free(once);
    free(twice);
    json_object_put(value);
    json_object_put(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_writes_the_strings_of_rfc8785),
        cmocka_unit_test(test_canonical_escapes_what_must_be_and_nothing_else),
        cmocka_unit_test(test_canonical_sorts_members_at_every_depth),
        cmocka_unit_test(test_canonical_writes_integers_within_53_bits_only),
        cmocka_unit_test(test_canonical_refuses_what_sekisho_does_not_use),
        cmocka_unit_test(test_canonical_refuses_text_that_is_not_utf8),
        cmocka_unit_test(test_canonical_refuses_more_depth_and_members_than_its_limits),
        cmocka_unit_test(test_canonical_text_is_its_own_canonical_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
