/* Bad settings files, each with the message it must give: file, line, column, and what was expected. */
#include "../support/settings_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct bad {
    const char *name, *text, *message;
};

#define MEDIA(rest)   "{\"version\":1,\"media\":{" rest "}}"
#define DEVICES(rest) "{\"version\":1,\n \"devices\":{" rest "}}"
#define MEDIUM(rest)  MEDIA("\"registered\":[\n{" rest "}]")
#define ALLOWED(rest) DEVICES("\"allow\":[\n{" rest "}]")
#define IDS           "\"label\":\"a\",\"vendor_id\":\"46f4\",\"product_id\":\"0001\","

/* Text that is not RFC 8259, or goes past what is read. */
static const struct bad grammar[] = {
    {"agent.json", "", "agent.json:1:1: expected a value, found the end of the text"},
    {"agent.json", "  \n\n ", "agent.json:3:2: expected a value, found the end of the text"},
    {"agent.json", "[]", "agent.json:1:1: expected an object, found an array"},
    {"agent.json", "null", "agent.json:1:1: expected an object, found null"},
    {"agent.json", "\"text\"", "agent.json:1:1: expected an object, found \"text\""},
    {"agent.json", "{\"contact\":\"a\"", "agent.json:1:15: expected ',' or '}', found the end of the text"},
    {"agent.json", "{\"contact\":\"a\",}", "agent.json:1:16: expected a key in double quotes, found '}'"},
    {"agent.json", "{\"record\":{\"keep_days\":1,}}",
        "agent.json:1:26: expected a key in double quotes, found '}'"},
    {"agent.json", "{\"contact\" \"a\"}", "agent.json:1:12: expected ':' after the key, found '\"'"},
    {"agent.json", "{\"contact\":\"a\" \"record\":{}}", "agent.json:1:16: expected ',' or '}', found '\"'"},
    {"agent.json", "{'contact':\"a\"}", "agent.json:1:2: expected a key in double quotes, found '''"},
    {"agent.json", "{\"contact\":'a'}", "agent.json:1:12: expected a value, found '''"},
    {"agent.json", "{contact:\"a\"}", "agent.json:1:2: expected a key in double quotes, found \"contact\""},
    {"agent.json", "// remark\n{}", "agent.json:1:1: expected a value, found '/'"},
    {"agent.json", "{\n\t/* remark */}", "agent.json:2:2: expected a key in double quotes, found '/'"},
    {"agent.json", "{}\n# remark", "agent.json:2:1: expected the end of the text, found '#'"},
    {"agent.json", "{}{}", "agent.json:1:3: expected the end of the text, found '{'"},
    {"agent.json", "\xef\xbb\xbf{}",
        "agent.json:1:1: a byte order mark is not allowed: save the file as UTF-8 without one"},
    {"agent.json", "{\"contact\":\"a\\u0000b\"}", "agent.json:1:14: \\u0000 is not allowed in text"},
    {"agent.json", "{\"con\\u0000tact\":\"a\"}", "agent.json:1:6: \\u0000 is not allowed in text"},
    {"agent.json", "{\"contact\":\"a\tb\"}",
        "agent.json:1:14: a control character in text must be written \\u0009"},
    {"agent.json", "{\"contact\":\"a\nb\"}",
        "agent.json:1:14: a control character in text must be written \\u000a"},
    {"agent.json", "{\"contact\":\"\xc3\x28\"}", "agent.json:1:13: byte 0xc3 is not UTF-8"},
    {"agent.json", "{\"contact\":\"\xc0\xaf\"}", "agent.json:1:13: byte 0xc0 is not UTF-8"},
    {"agent.json", "{\"contact\":\"\xed\xa0\x80\"}", "agent.json:1:13: byte 0xed is not UTF-8"},
    {"agent.json", "{\"contact\":\"\xf4\x90\x80\x80\"}", "agent.json:1:13: byte 0xf4 is not UTF-8"},
    {"agent.json", "{\"contact\":\"\\ud83d\"}",
        "agent.json:1:13: \\ud83d is the first half of a pair without its second"},
    {"agent.json", "{\"contact\":\"\\udc00\\ud83d\"}",
        "agent.json:1:13: \\udc00 is the second half of a pair without its first"},
    {"agent.json", "{\"contact\":\"\\x41\"}",
        "agent.json:1:13: unknown escape: after a backslash one of \" \\ / b f n r t u is expected"},
    {"agent.json", "{\"contact\":\"\\u12g4\"}",
        "agent.json:1:13: expected four hexadecimal digits after \\u"},
    {"agent.json", "{\"contact\":\"open", "agent.json:1:12: text without its closing quote"},
    {"agent.json", "{\"record\":{\"keep_days\":NaN}}", "agent.json:1:24: expected a value, found \"NaN\""},
    {"agent.json", "{\"record\":{\"keep_days\":Infinity}}",
        "agent.json:1:24: expected a value, found \"Infinity\""},
    {"agent.json", "{\"record\":{\"keep_days\":+1}}", "agent.json:1:24: expected a value, found \"+1\""},
    {"agent.json", "{\"record\":{\"keep_days\":007}}", "agent.json:1:24: a number must not begin with zeros"},
    {"agent.json", "{\"record\":{\"keep_days\":0x10}}",
        "agent.json:1:24: record.keep_days: expected an integer from 1 to 3650, found 0"},
    {"agent.json", "{\"record\":{\"keep_days\":1.}}", "agent.json:1:26: expected a digit, found '}'"},
    {"agent.json", "{\"record\":{\"keep_days\":TRUE}}", "agent.json:1:24: expected a value, found \"TRUE\""},
    {"agent.json", "{\"comment\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}",
        "agent.json:1:27: nested deeper than 16 levels"},
    {"agent.json", "{\"contact\"：\"a\"}",
        "agent.json:1:11: expected ':' after the key, found '：' (U+FF1A)"},
    {"agent.json", "{\"comment\":1\n　,\"contact\":\"a\"}",
        "agent.json:2:1: expected ',' or '}', found '　' (U+3000)"},
};

/* agent.json: keys, types, bounds. */
static const struct bad agent[] = {
    {"agent.json", "{\"contacts\":\"a\"}",
        "agent.json:1:2: unknown key \"contacts\"; expected one of \"terminal\", \"contact\", \"record\""},
    {"agent.json", "{\"Contact\":\"a\"}",
        "agent.json:1:2: unknown key \"Contact\"; expected one of \"terminal\", \"contact\", \"record\""},
    {"agent.json", "{\"\":\"a\"}",
        "agent.json:1:2: unknown key \"\"; expected one of \"terminal\", \"contact\", \"record\""},
    {"agent.json", "{\"\\u001b[31m\":\"a\"}",
        "agent.json:1:2: unknown key \"�[31m\"; expected one of \"terminal\", \"contact\", \"record\""},
    {"agent.json", "{\"contact\":\"a\",\n\n  \"contact\":\"b\"}",
        "agent.json:3:3: duplicate key \"contact\"; it stands in line 1 already"},
    {"agent.json", "{\"contact\":\"a\",\"c\\u006fntact\":\"b\"}",
        "agent.json:1:16: duplicate key \"contact\"; it stands in line 1 already"},
    {"agent.json", "{\"contact\":5}", "agent.json:1:12: contact: expected text of 0 to 256 bytes, found 5"},
    {"agent.json", "{\"contact\":null}",
        "agent.json:1:12: contact: expected text of 0 to 256 bytes, found null"},
    {"agent.json", "{\"contact\":\"\\u0007\"}",
        "agent.json:1:12: contact: expected text without control characters, found \"\\u0007\""},
    {"agent.json", "{\"contact\":\"\\u202e\"}",
        "agent.json:1:12: contact: expected text without control characters, found \"\\u202e\""},
    {"agent.json", "{\"terminal\":\"a\"}", "agent.json:1:13: terminal: expected an object, found \"a\""},
    {"agent.json", "{\"terminal\":{\"id\":\"\"}}",
        "agent.json:1:19: terminal.id: expected text of 1 to 64 bytes, found \"\""},
    {"agent.json",
        "{\"terminal\":{\"id\":\"12345678901234567890123456789012345678901234567890123456789012345\"}}",
        "agent.json:1:19: terminal.id: expected text of 1 to 64 bytes, found "
        "\"1234567890123456789012345678901234567890...\""},
    {"agent.json", "{\"terminal\":{\"id\":[\"t\"]}}",
        "agent.json:1:19: terminal.id: expected text of 1 to 64 bytes, found an array"},
    {"agent.json", "{\"terminal\":{\"name\":\"t\"}}",
        "agent.json:1:14: terminal: unknown key \"name\"; expected one of \"id\", \"section\""},
    {"agent.json", "{\"record\":{\"heartbeat_seconds\":59}}",
        "agent.json:1:32: record.heartbeat_seconds: expected an integer from 60 to 3600, found 59"},
    {"agent.json", "{\"record\":{\"heartbeat_seconds\":3601}}",
        "agent.json:1:32: record.heartbeat_seconds: expected an integer from 60 to 3600, found 3601"},
    {"agent.json", "{\"record\":{\"heartbeat_seconds\":\"300\"}}",
        "agent.json:1:32: record.heartbeat_seconds: expected an integer from 60 to 3600, found \"300\""},
    {"agent.json", "{\"record\":{\"keep_days\":1.5}}",
        "agent.json:1:24: record.keep_days: expected an integer from 1 to 3650, found 1.5"},
    {"agent.json", "{\"record\":{\"keep_days\":1e2}}",
        "agent.json:1:24: record.keep_days: expected an integer from 1 to 3650, found 1e2"},
    {"agent.json", "{\"record\":{\"keep_days\":-0}}",
        "agent.json:1:24: record.keep_days: expected an integer from 1 to 3650, found -0"},
    {"agent.json", "{\"record\":{\"keep_days\":99999999999999999999}}",
        "agent.json:1:24: record.keep_days: expected an integer from 1 to 3650, found 99999999999999999999"},
    {"agent.json", "{\"record\":{\"spool_mebibytes\":16,\n\"spool_reserve_mebibytes\":9}}",
        "agent.json: record.spool_reserve_mebibytes: expected at most half of record.spool_mebibytes (16), "
        "found 9"},
    {"agent.json", "{\"media\":{}}",
        "agent.json:1:2: unknown key \"media\"; expected one of \"terminal\", \"contact\", \"record\""},
};

/* policy.json */
static const struct bad policy[] = {
    {"policy.json", "{}", "policy.json: missing key \"version\""},
    {"policy.json", "{\"version\":0}",
        "policy.json:1:12: version: expected an integer from 1 to 9007199254740991, found 0"},
    {"policy.json", "{\"version\":\"1\"}",
        "policy.json:1:12: version: expected an integer from 1 to 9007199254740991, found \"1\""},
    {"policy.json", "{\"version\":9007199254740992}",
        "policy.json:1:12: version: expected an integer from 1 to 9007199254740991, found 9007199254740992"},
    {"policy.json", "{\"version\":1,\"unlocks\":{}}",
        "policy.json:1:14: unknown key \"unlocks\"; expected one of \"version\", \"media\", \"devices\""},
    {"policy.json", "{\"version\":1,\"media\":[]}",
        "policy.json:1:22: media: expected an object, found an array"},
    {"policy.json", MEDIA("\"mode\":\"off\""),
        "policy.json:1:30: media.mode: expected \"enforce\" or \"observe\", found \"off\""},
    {"policy.json", MEDIA("\"mode\":true"),
        "policy.json:1:30: media.mode: expected \"enforce\" or \"observe\", found true"},
    {"policy.json", MEDIA("\"mode\":\"observe\""),
        "policy.json: media.until: observe mode needs its end, at most 30 days from now"},
    {"policy.json", MEDIA("\"mode\":\"observe\",\"until\":\"2027-01-01\""),
        "policy.json: media.until: observe mode may last at most 30 days from now"},
    {"policy.json", MEDIA("\"until\":\"2026-13-01\""),
        "policy.json:1:31: media.until: expected a date or a date and time with its zone, such as "
        "\"2027-03-31\" or \"2026-11-24T17:30:00+09:00\", found \"2026-13-01\""},
    {"policy.json", MEDIA("\"until\":\"2026-02-29\""),
        "policy.json:1:31: media.until: expected a date or a date and time with its zone, such as "
        "\"2027-03-31\" or \"2026-11-24T17:30:00+09:00\", found \"2026-02-29\""},
    {"policy.json", MEDIA("\"until\":\"2026-11-24T17:30:00\""),
        "policy.json:1:31: media.until: expected a date or a date and time with its zone, such as "
        "\"2027-03-31\" or \"2026-11-24T17:30:00+09:00\", found \"2026-11-24T17:30:00\""},
    {"policy.json", MEDIA("\"until\":1795564800"),
        "policy.json:1:31: media.until: expected a date or a date and time with its zone, such as "
        "\"2027-03-31\" or \"2026-11-24T17:30:00+09:00\", found 1795564800"},
    {"policy.json", MEDIA("\"registered\":{}"),
        "policy.json:1:36: media.registered: expected an array, found an object"},
    {"policy.json", MEDIUM(""), "policy.json:2:1: media.registered[0]: missing key \"label\""},
    {"policy.json", MEDIUM(IDS "\"serial\":\"\""),
        "policy.json:2:62: media.registered[0].serial: expected text of 1 to 378 bytes, found \"\""},
    {"policy.json", MEDIUM("\"label\":\"a\",\"vendor_id\":\"46f\",\"product_id\":\"0001\",\"serial\":\"s\""),
        "policy.json:2:26: media.registered[0].vendor_id: expected four hexadecimal digits, such as "
        "\"46f4\", found \"46f\""},
    {"policy.json",
        MEDIUM("\"label\":\"a\",\"vendor_id\":\"0x46f4\",\"product_id\":\"0001\",\"serial\":\"s\""),
        "policy.json:2:26: media.registered[0].vendor_id: expected four hexadecimal digits, such as "
        "\"46f4\", found \"0x46f4\""},
    {"policy.json", MEDIUM("\"label\":\"a\",\"vendor_id\":18164,\"product_id\":\"0001\",\"serial\":\"s\""),
        "policy.json:2:26: media.registered[0].vendor_id: expected four hexadecimal digits, such as "
        "\"46f4\", found 18164"},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"access\":\"write\""),
        "policy.json:2:75: media.registered[0].access: expected \"read-only\" or \"read-write\", found "
        "\"write\""},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"users\":\"staff01\""),
        "policy.json:2:74: media.registered[0].users: expected an array, found \"staff01\""},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"users\":[\"\"]"),
        "policy.json:2:75: media.registered[0].users[0]: expected text of 1 to 64 bytes, found \"\""},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"users\":[\"a\",7]"),
        "policy.json:2:79: media.registered[0].users[1]: expected text of 1 to 64 bytes, found 7"},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"serial\":\"t\""),
        "policy.json:2:66: media.registered[0]: duplicate key \"serial\"; it stands in line 2 already"},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\",\"not_after\":\"soon\""),
        "policy.json:2:78: media.registered[0].not_after: expected a date or a date and time with its zone, "
        "such as \"2027-03-31\" or \"2026-11-24T17:30:00+09:00\", found \"soon\""},
    {"policy.json", MEDIUM(IDS "\"serial\":\"s\"},\n {" IDS "\"serial\":\"s\""),
        "policy.json:3:2: media.registered[1]: a medium with vendor 46f4, product 0001 and this serial is "
        "registered already"},
    {"policy.json", DEVICES("\"input\":\"all\""),
        "policy.json:2:21: devices.input: expected \"any\" or \"listed\", found \"all\""},
    {"policy.json", DEVICES("\"allow\":[[]]"),
        "policy.json:2:22: devices.allow[0]: expected an object, found an array"},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[]"),
        "policy.json:3:1: devices.allow[0]: at least one interface is expected: `sekisho devices --suggest "
        "N` prints them"},
    {"policy.json", ALLOWED("\"label\":\"a\""),
        "policy.json:3:1: devices.allow[0]: missing key \"vendor_id\""},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[\"08:06\"]"),
        "policy.json:3:67: devices.allow[0].interfaces[0]: expected class, subclass and protocol in "
        "hexadecimal, such as \"08:06:50\", found \"08:06\""},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[\"08:06:50\",\"mass storage\"]"),
        "policy.json:3:78: devices.allow[0].interfaces[1]: expected class, subclass and protocol in "
        "hexadecimal, such as \"08:06:50\", found \"mass storage\""},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[\"08:06:50\"],\"group\":\"\""),
        "policy.json:3:87: devices.allow[0].group: expected a group's name: at most 32 of a-z, 0-9, '_' and "
        "'-', no digit first, found \"\""},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[\"08:06:50\"],\"wildcard\":true"),
        "policy.json:3:79: devices.allow[0]: unknown key \"wildcard\"; expected one of \"label\", "
        "\"vendor_id\", \"product_id\", \"serial\", \"interfaces\", \"port\", \"group\", \"not_after\""},
    {"policy.json", ALLOWED(IDS "\"interfaces\":[\"08:06:50\"]},\n{" IDS "\"interfaces\":[\"08:06:50\"]"),
        "policy.json:4:1: devices.allow[1]: a device with vendor 46f4, product 0001 and the same serial, "
        "port and interfaces is listed already"},
};

static unsigned check_rows(const struct settings_place *place, const struct bad *rows, unsigned count)
{
    unsigned wrong = 0;
    for (const struct bad *bad = rows; bad < rows + count; bad++) {
        settings_place_text(place, bad->name, bad->text);
        const char *message = settings_place_load(
            place, strcmp(bad->name, "agent.json") == 0 ? SETTINGS_AGENT : SETTINGS_POLICY);
        if (strcmp(message, bad->message) != 0) {
            wrong++;
            print_message("row %u: %s\n  expected: %s\n  found:    %s\n", (unsigned)(bad - rows), bad->text,
                bad->message, message);
        }
        settings_place_remove(place, bad->name);
    }
    return wrong;
}

static int open_place(void **state)
{
    static struct settings_place place;
    settings_place_open(&place);
    *state = &place;
    return 0;
}

static int close_place(void **state)
{
    settings_place_close(*state);
    return 0;
}

#define ROWS(name, table)                                                                                    \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        assert_int_equal(check_rows(*state, table, sizeof(table) / sizeof((table)[0])), 0);                  \
    }
ROWS(test_settings_text_that_is_no_json_is_refused, grammar)
ROWS(test_settings_agent_is_refused_with_its_place, agent)
ROWS(test_settings_policy_is_refused_with_its_place, policy)

static void test_settings_zero_bytes_are_refused(void **state)
{
    const struct settings_place *place = *state;
    settings_place_write(place, "agent.json", "{}\0{}", 5);
    assert_string_equal(settings_place_load(place, SETTINGS_AGENT),
        "agent.json:1:3: expected the end of the text, found the control character U+0000");
    settings_place_write(place, "agent.json", "\xff\xfe{\0}\0", 6);
    assert_string_equal(settings_place_load(place, SETTINGS_AGENT),
        "agent.json:1:1: expected a value, found byte 0xff, which is not UTF-8");
    settings_place_write(place, "agent.json", "{\"contact\":\"a\0\"}", 16);
    assert_string_equal(settings_place_load(place, SETTINGS_AGENT),
        "agent.json:1:14: a control character in text must be written \\u0000");
}

_Static_assert(
    (sizeof(grammar) + sizeof(agent) + sizeof(policy)) / sizeof(struct bad) >= 60, "at least 60 bad files");

#define test(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_settings_text_that_is_no_json_is_refused),
        test(test_settings_zero_bytes_are_refused),
        test(test_settings_agent_is_refused_with_its_place),
        test(test_settings_policy_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
