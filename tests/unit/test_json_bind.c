/* What the binder puts where, what it leaves alone, and how texts are merged. (What it refuses: test_settings_refused.) */
#include "../support/fake_settings.h"
#include "base/json_bind.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *bind(
    struct shelf_policy *policy, const char *name, const char *text, struct json_merge *merge)
{
    static char message[900];
    struct json_error error = {0};
    if (json_bind(fake_shelf.policy.fields, policy, name, text, strlen(text), merge, &error) == 0)
        return "accepted";
    json_error_format(&error, message, sizeof(message));
    return message;
}

static void test_json_bind_puts_every_type_in_its_place(void **state)
{
    struct shelf_policy policy = {.limit = 7};
    static const char TEXT[] =
        "{\"shelf\": {\"comment\": [\"any\", {\"thing\": null}], \"mode\": \"locked\", \"limit\": 100, "
        "\"strict\": true,\n"
        " \"owner\": {\"name\": \"\\u95a2所\", \"since\": \"1970-01-01T00:00:01Z\"},\n"
        " \"books\": [\n"
        "  {\"title\": \"One\", \"id\": \"00ff\", \"tags\": [\"a\", \"bcde\"], \"grid\": [[\"1\", \"2\"], "
        "[\"34\"]]},\n"
        "  {\"id\": \"ABCD\", \"\\u0074itle\": \"Two\", \"kind\": \"atlas\", \"copies\": -1}]}}";
    assert_string_equal(bind(&policy, "p", TEXT, NULL), "accepted");
    assert_int_equal(policy.mode, 2);
    assert_int_equal(policy.limit, 100);
    assert_true(policy.strict);
    assert_string_equal(policy.owner, "関所");
    assert_int_equal(policy.since_ms, 1000);
    assert_int_equal(policy.book_count, 2);
    const struct shelf_book *one = &policy.books[0], *two = &policy.books[1];
    assert_string_equal(one->title, "One");
    assert_int_equal(one->id, 0x00ff);
    assert_int_equal(one->tag_count, 2);
    assert_string_equal(one->tags[1], "bcde");
    assert_int_equal(one->grid.rows, 2);
    assert_int_equal(one->grid.cells, 3);
    assert_string_equal(one->grid.text, "1234");
    /* The scratch of one element leaves nothing in the next. */
    assert_string_equal(two->title, "Two");
    assert_int_equal(two->kind, 1);
    assert_int_equal(two->copies, -1);
    assert_int_equal(two->tag_count, 0);
    assert_int_equal(two->grid.rows, 0);
}

static void test_json_bind_leaves_defaults_where_nothing_is_said(void **state)
{
    struct shelf_policy policy = {.limit = 7, .mode = 1};
    assert_string_equal(bind(&policy, "p", "{}", NULL), "accepted");
    assert_string_equal(bind(&policy, "p", "{\"shelf\":{\"books\":[]}}", NULL), "accepted");
    assert_int_equal(policy.limit, 7);
    assert_int_equal(policy.mode, 1);
    assert_int_equal(policy.book_count, 0);
}

static void test_json_bind_joins_objects_and_arrays_of_several_texts(void **state)
{
    struct shelf_policy policy = {.limit = 7};
    struct json_merge merge = {0};
    struct json_error error = {0};
    const struct bind_part parts[] = {{fake_shelf.policy.fields, &policy}, {0}};
    assert_string_equal(bind(&policy, "one",
                            "{\"shelf\":{\"mode\":\"closed\",\"comment\":1,\"owner\":{\"since\":"
                            "\"1970-01-01T00:00:01Z\"},\"books\":[{\"title\":\"A\",\"id\":\"0001\"}]}}",
                            &merge),
        "accepted");
    /* The owner's name is required, and may stand in another file. */
    assert_int_equal(json_bind_finish(parts, &merge, "policy.json", &error), -EBADMSG);
    assert_string_equal(error.message, "shelf.owner: missing key \"name\"");
    assert_int_equal(error.place.line, 0);
    assert_string_equal(bind(&policy, "two",
                            "{\"shelf\":{\"strict\":true,\"comment\":2,\"owner\":{\"name\":\"me\"},"
                            "\"books\":[{\"title\":\"B\",\"id\":\"0002\"}]}}",
                            &merge),
        "accepted");
    assert_int_equal(json_bind_finish(parts, &merge, "policy.json", &error), 0);
    assert_int_equal(policy.mode, 1);
    assert_true(policy.strict);
    assert_string_equal(policy.owner, "me");
    assert_int_equal(policy.since_ms, 1000);
    assert_int_equal(policy.book_count, 2);
}

static void test_json_bind_names_conflicts_of_several_texts(void **state)
{
    struct shelf_policy policy = {.limit = 7};
    struct json_merge merge = {0};
    static const char BOOKS[] =
        "{\"shelf\":{\"books\":[{\"title\":\"A\",\"id\":\"000%u\"},{\"title\":\"A\",\"id\":\"001%u\"}]}}";
    char text[256];
    assert_string_equal(
        bind(&policy, "one", "{\"shelf\":{\n\"mode\":\"closed\",\n\"owner\":{\"name\":\"me\"}}}", &merge),
        "accepted");
    assert_string_equal(bind(&policy, "two", "{\"shelf\": {\"mode\":\"closed\"}}", &merge),
        "two:1:12: shelf.mode: already set in one, line 2");
    assert_string_equal(bind(&policy, "three", "{\"shelf\":{\n \"owner\":{\"name\":\"you\"}}}", &merge),
        "three:2:11: shelf.owner.name: already set in one, line 3");
    /* The bound of an array holds for all files together. */
    for (unsigned i = 0; i < 2; i++) {
        snprintf(text, sizeof(text), BOOKS, i, i);
        assert_string_equal(bind(&policy, "four", text, &merge), "accepted");
    }
    assert_string_equal(
        bind(&policy, "five", "{\"shelf\":{\"books\":[{\"title\":\"A\",\"id\":\"0009\"}]}}", &merge),
        "five:1:20: shelf.books: expected at most 4 elements, found more");
}

/* Elements of different books are not one place: the same key in each is no conflict under a merge. */
static void test_json_bind_elements_are_no_conflict_under_a_merge(void **state)
{
    struct shelf_policy policy = {.limit = 7};
    struct json_merge merge = {0};
    assert_string_equal(bind(&policy, "one",
                            "{\"shelf\":{\"books\":[{\"title\":\"A\",\"id\":\"0001\",\"copies\":1},"
                            "{\"title\":\"B\",\"id\":\"0002\",\"copies\":2}]}}",
                            &merge),
        "accepted");
    assert_string_equal(bind(&policy, "two", "{\"shelf\":{\"books\":[{\"title\":\"C\"}]}}", &merge),
        "two:1:20: shelf.books[0]: missing key \"id\"");
}

static void test_json_bind_several_tables_stand_side_by_side(void **state)
{
    struct shelf_policy policy = {.limit = 7};
    bool tray = false;
    struct json_error error = {0};
    static const char GOOD[] = "{\"tray\":true,\"shelf\":{\"limit\":3}}",
                      BAD[] = "{\"tray\":true,\"trai\":true}", TWICE[] = "{\"tray\":true,\n\"tray\":true}";
    const struct bind_part parts[] = {
        {fake_shelf.policy.fields, &policy}, {fake_tray.policy.fields, &tray}, {0}};
    assert_int_equal(json_bind_parts(parts, "p", GOOD, sizeof(GOOD) - 1, NULL, &error), 0);
    assert_true(tray);
    assert_int_equal(policy.limit, 3);
    assert_int_equal(json_bind_parts(parts, "p", BAD, sizeof(BAD) - 1, NULL, &error), -EBADMSG);
    assert_string_equal(error.message, "unknown key \"trai\"; expected one of \"shelf\", \"tray\"");
    assert_int_equal(json_bind_parts(parts, "p", TWICE, sizeof(TWICE) - 1, NULL, &error), -EBADMSG);
    assert_string_equal(error.message, "duplicate key \"tray\"; it stands in line 1 already");
}

/* A table as long as it may be, and messages that would not fit: cut, never over the end. */
static void test_json_bind_messages_are_cut_to_fit(void **state)
{
    static char keys[BIND_FIELDS_MAX][40];
    static struct bind_field fields[BIND_FIELDS_MAX + 1];
    struct json_error error = {0};
    char text[2048], target = 0;
    for (unsigned i = 0; i < BIND_FIELDS_MAX; i++) {
        snprintf(keys[i], sizeof(keys[i]), "a-rather-long-name-of-a-key-number-%u", i);
        fields[i] = (struct bind_field){.key = keys[i], .type = BIND_BOOLEAN};
    }
    snprintf(text, sizeof(text), "{\"%0200d\":1}", 0);
    assert_int_equal(json_bind(fields, &target, "p", text, strlen(text), NULL, &error), -EBADMSG);
    assert_true(strlen(error.message) < sizeof(error.message));
    assert_non_null(strstr(error.message, "key-number-0\""));
    snprintf(text, sizeof(text), "{\"%s\":true,\"%s\":\"%01500d\"}", keys[31], keys[0], 0);
    assert_int_equal(json_bind(fields, &target, "p", text, strlen(text), NULL, &error), -EBADMSG);
    assert_non_null(strstr(error.message, "expected true or false, found \"0000"));
}

static void test_json_error_says_line_and_column_only_when_known(void **state)
{
    struct json_error error = {.file = "a.json", .place = {12, 7}, .message = "wrong"};
    char text[64], small[8];
    json_error_format(&error, text, sizeof(text));
    assert_string_equal(text, "a.json:12:7: wrong");
    json_error_format(&error, small, sizeof(small));
    assert_string_equal(small, "a.json:");
    error.place.line = 0;
    json_error_format(&error, text, sizeof(text));
    assert_string_equal(text, "a.json: wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_bind_puts_every_type_in_its_place),
        cmocka_unit_test(test_json_bind_leaves_defaults_where_nothing_is_said),
        cmocka_unit_test(test_json_bind_joins_objects_and_arrays_of_several_texts),
        cmocka_unit_test(test_json_bind_names_conflicts_of_several_texts),
        cmocka_unit_test(test_json_bind_elements_are_no_conflict_under_a_merge),
        cmocka_unit_test(test_json_bind_several_tables_stand_side_by_side),
        cmocka_unit_test(test_json_bind_messages_are_cut_to_fit),
        cmocka_unit_test(test_json_error_says_line_and_column_only_when_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
