/* The event table and its encoder: each kind as small and as large as it may be, and what is refused. */
#include "record/event.h"

#include "base/json_scan.h"
#include "base/text.h"
#include "record/canonical.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char HEX128[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                             "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static const struct event_origin ORIGIN = {
    .terminal_id = "zei-0012",
    .section = "税務課",
    .product_version = "1.0",
    .uid = "01930000-0000-7000-8000-000000000001",
    .chain_uid = "01930000-0000-7000-8000-000000000000",
    .boot_id = "6f1f2c5e-0000-4000-8000-000000000000",
    .sequence = 7,
    .time_ms = 1795000000000,
    .boottime_ms = 123456,
    .prev_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
};

static void fill(struct event *event, enum event_field field, const char *text)
{
    static const char *const LIST[] = {"08:06:50", "03:01:01", NULL};
    const struct event_field_row *row = event_field_row(field);
    switch (row->type) {
    case EVENT_VALUE_TEXT:
        if (row->hex_digits)
            text = HEX128 + 128 - row->hex_digits;
        if (row->choices)
            text = row->choices[0];
        event_set_text(event, field, field == EVENT_REASON ? "M-03" : text);
        return;
    case EVENT_VALUE_NUMBER:
        event_set_number(event, field, 42);
        return;
    case EVENT_VALUE_BOOLEAN:
        event_set_boolean(event, field, true);
        return;
    case EVENT_VALUE_LIST:
        event_set_list(event, field, LIST);
        return;
    case EVENT_VALUE_NONE:
        fail_msg("field %d has no type", field);
    }
}

static struct event filled(enum event_kind kind, bool whole, const char *text)
{
    struct event event = EVENT(kind);
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++)
        if (whole ? event_kind_has(event_kind_row(kind), field)
                  : event_kind_requires(event_kind_row(kind), field))
            fill(&event, field, text);
    return event;
}

static struct json_object *encoded(const struct event *event)
{
    struct json_object *object = NULL;
    assert_int_equal(event_encode(event, &ORIGIN, &object), 0);
    return object;
}

static struct json_object *at(struct json_object *object, const char *path)
{
    char key[64];
    while (object && *path) {
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)length, path);
        if (!json_object_object_get_ex(object, key, &object))
            return NULL;
        path += length + (path[length] == '.');
    }
    return object;
}

static const char *text_at(struct json_object *object, const char *path)
{
    struct json_object *found = at(object, path);
    return found ? json_object_get_string(found) : "(missing)";
}

static void assert_scanned(const char *text, size_t size)
{
    struct json_scan scan;
    struct json_lexeme lexeme;
    struct json_error error = {0};
    json_scan_begin(&scan, text, size);
    do {
        if (json_scan_next(&scan, &lexeme, &error) < 0)
            fail_msg("%u:%u: %s in %s", error.place.line, error.place.column, error.message, text);
    } while (lexeme.token != JSON_TOKEN_END);
}

static void assert_canonical(struct json_object *object)
{
    char *text = NULL;
    size_t size;
    assert_int_equal(canonical_json(object, &text, &size), 0);
    assert_true(text_is_utf8(text, size));
    assert_scanned(text, size);
    free(text);
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

static void test_event_table_is_whole(void **state)
{
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        const struct event_kind_row *row = event_kind_row(kind);
        assert_int_equal(row->kind, kind);
        assert_non_null(row->name);
        assert_non_null(row->title);
        assert_true(text_is_utf8(row->title_ja, strlen(row->title_ja)));
        assert_true(row->class_uid > 0 && row->activity_id > 0 && row->severity_id > 0 && row->status_id > 0);
        for (enum event_kind other = 0; other < kind; other++)
            assert_string_not_equal(row->name, event_kind_row(other)->name);
        for (const enum event_field *field = row->required; *field != EVENT_FIELD_COUNT; field++)
            for (const enum event_field *other = row->optional; *other != EVENT_FIELD_COUNT; other++)
                assert_int_not_equal(*field, *other);
    }
}

static void test_event_fields_have_a_place_of_their_own(void **state)
{
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++) {
        const struct event_field_row *row = event_field_row(field);
        assert_int_equal(row->field, field);
        assert_non_null(row->path);
        assert_non_null(row->meaning);
        assert_int_not_equal(row->type, EVENT_VALUE_NONE);
        assert_true(row->maximum <= EVENT_TEXT_MAX && row->hex_digits <= row->maximum);
        bool is_text = row->type == EVENT_VALUE_TEXT || row->type == EVENT_VALUE_LIST;
        assert_int_equal(is_text, row->maximum > 0);
    }
    /* Two fields may share a path (status_detail) only where no kind has both. */
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++)
        for (enum event_field one = 0; one < EVENT_FIELD_COUNT; one++)
            for (enum event_field other = 0; other < one; other++)
                if (event_kind_has(event_kind_row(kind), one) && event_kind_has(event_kind_row(kind), other))
                    assert_string_not_equal(event_field_row(one)->path, event_field_row(other)->path);
}

/* --- encoding --------------------------------------------------------------------------------------------------------- */

static void test_event_encodes_each_kind_with_all_and_with_required_fields(void **state)
{
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (int whole = 0; whole < 2; whole++) {
            struct event event = filled(kind, whole, "text");
            struct json_object *object = encoded(&event);
            for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++)
                if (event.values[field].type != EVENT_VALUE_NONE)
                    assert_non_null(at(object, event_field_row(field)->path));
            assert_string_equal(text_at(object, "unmapped.sekisho.kind"), event_kind_row(kind)->name);
            assert_string_equal(text_at(object, "message"), event_kind_row(kind)->title);
            assert_null(at(object, "unmapped.sekisho.hash"));
            assert_canonical(object);
            json_object_put(object);
        }
    }
}

static void test_event_refuses_each_missing_field(void **state)
{
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (const enum event_field *field = event_kind_row(kind)->required; *field != EVENT_FIELD_COUNT;
             field++) {
            struct event event = filled(kind, true, "text");
            struct json_object *object = NULL;
            event.values[*field].type = EVENT_VALUE_NONE;
            assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
            assert_null(object);
        }
    }
}

static void test_event_refuses_each_field_that_the_kind_does_not_have(void **state)
{
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++) {
            if (event_kind_has(event_kind_row(kind), field))
                continue;
            struct event event = filled(kind, true, "text");
            struct json_object *object = NULL;
            fill(&event, field, "text");
            assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
            assert_null(object);
        }
    }
}

static void test_event_refuses_wrong_type_digits_and_numbers(void **state)
{
    struct json_object *object = NULL;
    struct event event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event_set_number(&event, EVENT_SERIAL, 5);
    assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    static const char *const BAD_IDS[] = {"46F4", "46f", "46f4a", "46 4", "zzzz"};
    for (size_t i = 0; i < sizeof(BAD_IDS) / sizeof(BAD_IDS[0]); i++) {
        event = filled(EVENT_DEVICE_REFUSED, true, "text");
        event_set_text(&event, EVENT_VENDOR_ID, BAD_IDS[i]);
        assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    }
    event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event_set_text(&event, EVENT_REASON, "M-99");
    assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    event = filled(EVENT_HEARTBEAT, true, "text");
    event_set_text(&event, EVENT_ENFORCEMENT, "off");
    assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event_set_number(&event, EVENT_DEVICE_NUMBER, INT64_C(1) << 53);
    assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event.kind = EVENT_KIND_COUNT;
    assert_int_equal(event_encode(&event, &ORIGIN, &object), -EINVAL);
    assert_null(object);
}

static void test_event_takes_empty_text_as_left_out(void **state)
{
    struct event event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event_set_text(&event, EVENT_SERIAL, "");
    event_set_text(&event, EVENT_PRODUCT, NULL);
    event_set_list(&event, EVENT_DRIVERS, NULL);
    struct json_object *object = encoded(&event);
    assert_null(at(object, "peripheral_device.serial_number"));
    assert_null(at(object, "peripheral_device.model"));
    assert_null(at(object, "unmapped.sekisho.drivers"));
    assert_string_equal(text_at(object, "peripheral_device.name"), "eeff:eeff");
    assert_string_equal(text_at(object, "peripheral_device.uid"), "eeff:eeff");
    json_object_put(object);
}

static void test_event_names_the_device_for_ocsf(void **state)
{
    struct event event = filled(EVENT_DEVICE_REFUSED, false, "text");
    event_set_text(&event, EVENT_VENDOR_ID, "46f4");
    event_set_text(&event, EVENT_PRODUCT_ID, "0001");
    event_set_text(&event, EVENT_PRODUCT, "QEMU USB HARDDRIVE");
    event_set_text(&event, EVENT_SERIAL, "A1");
    struct json_object *object = encoded(&event);
    assert_string_equal(text_at(object, "peripheral_device.name"), "QEMU USB HARDDRIVE");
    assert_string_equal(text_at(object, "peripheral_device.uid"), "46f4:0001:A1");
    assert_string_equal(text_at(object, "device.uid"), "zei-0012");
    assert_string_equal(text_at(object, "type_uid"), "101001");
    assert_string_equal(text_at(object, "action_id"), "2");
    assert_string_equal(text_at(object, "disposition_id"), "2");
    json_object_put(object);
}

/* --- texts of strangers ----------------------------------------------------------------------------------------------- */

static void test_event_stays_valid_json_whatever_a_device_says(void **state)
{
    static const char LONG[] = "\xe7\xa8\x8e\xe7\xa8\x8e\xe7\xa8\x8e\xe7\xa8\x8e\xe7\xa8\x8e\xe7\xa8\x8e";
    char controls[32], every[256], long_text[127 * 18 + 1] = "";
    for (int i = 1; i < 32; i++)
        controls[i - 1] = (char)i;
    controls[31] = '\0';
    for (int i = 1; i < 256; i++)
        every[i - 1] = (char)i;
    every[255] = '\0';
    for (int i = 0; i < 127; i++)
        strcat(long_text, LONG);
    const char *const nasty[] = {"\"", "\\", "\"},{\"a\":\"", "\xff\xfe", "\xed\xa0\x80", "\xc0\x80",
        "\xf4\x90\x80\x80", "\xe2\x80\xa8\xe2\x80\xae", "</script>", "\x7f\x1b[31m", controls, every,
        long_text};
    for (size_t i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
        for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
            struct event event = filled(kind, true, nasty[i]);
            struct json_object *object = encoded(&event);
            assert_canonical(object);
            json_object_put(object);
        }
    }
}

static void test_event_keeps_126_characters_and_marks_what_is_no_text(void **state)
{
    char serial[127];
    memset(serial, 'S', 126);
    serial[126] = '\0';
    struct event event = filled(EVENT_DEVICE_REFUSED, true, "text");
    event_set_text(&event, EVENT_SERIAL, serial);
    event_set_text(&event, EVENT_PRODUCT,
        "a\xff"
        "b");
    struct json_object *object = encoded(&event);
    assert_string_equal(text_at(object, "peripheral_device.serial_number"), serial);
    assert_string_equal(text_at(object, "peripheral_device.model"), "a\xef\xbf\xbd"
                                                                    "b");
    json_object_put(object);
}

static void test_event_cuts_texts_and_lists_at_their_limits(void **state)
{
    char text[4 * EVENT_TEXT_MAX];
    const char *list[EVENT_LIST_MAX + 2];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < EVENT_LIST_MAX + 1; i++)
        list[i] = text;
    list[EVENT_LIST_MAX + 1] = NULL;
    struct event event = filled(EVENT_DEVICE_REFUSED, true, text);
    event_set_list(&event, EVENT_DRIVERS, list);
    struct json_object *object = encoded(&event);
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++)
        if (event.values[field].type == EVENT_VALUE_TEXT && field != EVENT_REASON)
            assert_int_equal(json_object_get_string_len(at(object, event_field_row(field)->path)),
                event_field_row(field)->maximum);
    struct json_object *drivers = at(object, "unmapped.sekisho.drivers");
    assert_int_equal(json_object_array_length(drivers), EVENT_LIST_MAX);
    assert_int_equal(json_object_get_string_len(json_object_array_get_idx(drivers, 0)),
        event_field_row(EVENT_DRIVERS)->maximum);
    json_object_put(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_table_is_whole),
        cmocka_unit_test(test_event_fields_have_a_place_of_their_own),
        cmocka_unit_test(test_event_encodes_each_kind_with_all_and_with_required_fields),
        cmocka_unit_test(test_event_refuses_each_missing_field),
        cmocka_unit_test(test_event_refuses_each_field_that_the_kind_does_not_have),
        cmocka_unit_test(test_event_refuses_wrong_type_digits_and_numbers),
        cmocka_unit_test(test_event_takes_empty_text_as_left_out),
        cmocka_unit_test(test_event_names_the_device_for_ocsf),
        cmocka_unit_test(test_event_stays_valid_json_whatever_a_device_says),
        cmocka_unit_test(test_event_keeps_126_characters_and_marks_what_is_no_text),
        cmocka_unit_test(test_event_cuts_texts_and_lists_at_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
