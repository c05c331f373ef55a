#include "record/canonical.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define INTEGER_MAX ((INT64_C(1) << 53) - 1)

/* Text that grows. The first fault sticks, so that an emitter need not look after each byte. */
struct output {
    char *text;
    size_t size, capacity;
    int error;
};

static void put(struct output *output, const char *bytes, size_t size)
{
    if (output->error < 0)
        return;
    if (!output->text || output->capacity - output->size <= size) {
        size_t wanted = 2 * output->capacity + size + 512;
        char *larger = realloc(output->text, wanted);
        if (!larger) {
            output->error = -ENOMEM;
            return;
        }
        output->text = larger;
        output->capacity = wanted;
    }
    memcpy(output->text + output->size, bytes, size);
    output->size += size;
    output->text[output->size] = '\0';
}

static void put_escape(struct output *output, uint8_t byte)
{
    static const char SHORT[] =
        "\bb\tt\nn\ff\rr\"\"\\\\"; /* RFC 8785 3.2.2.2: byte and its letter, in turn */
    for (size_t i = 0; i + 1 < sizeof(SHORT); i += 2) {
        if ((uint8_t)SHORT[i] == byte) {
            put(output, (char[]){'\\', SHORT[i + 1]}, 2);
            return;
        }
    }
    char escape[7] = "\\u00";
    text_hex(escape + 4, &byte, 1);
    put(output, escape, 6);
}

static void put_text(struct output *output, const char *text, size_t size)
{
    if (!text_is_utf8(text, size)) {
        output->error = output->error < 0 ? output->error : -EINVAL;
        return;
    }
    size_t plain = 0;
    put(output, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        put(output, text + plain, i - plain);
        put_escape(output, byte);
        plain = i + 1;
    }
    put(output, text + plain, size - plain);
    put(output, "\"", 1);
}

static int put_value(struct output *output, struct json_object *value, unsigned depth);

static int put_array(struct output *output, struct json_object *array, unsigned depth)
{
    put(output, "[", 1);
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        if (i > 0)
            put(output, ",", 1);
        int error = put_value(output, json_object_array_get_idx(array, i), depth);
        if (error < 0)
            return error;
    }
    put(output, "]", 1);
    return 0;
}

struct canonical_member {
    const char *key;
    struct json_object *value;
};

static int by_key(const void *left, const void *right)
{
    const struct canonical_member *one = left, *other = right;
    return strcmp(one->key, other->key);
}

static bool is_ascii(const char *key)
{
    for (; *key; key++)
        if ((uint8_t)*key >= 0x80)
            return false;
    return true;
}

static int put_object(struct output *output, struct json_object *object, unsigned depth)
{
    struct canonical_member members[CANONICAL_MEMBERS_MAX];
    size_t count = 0;
    json_object_object_foreach(object, key, value)
    {
        if (count == CANONICAL_MEMBERS_MAX)
            return -E2BIG;
        if (!is_ascii(key))
            return -EINVAL;
        members[count++] = (struct canonical_member){.key = key, .value = value};
    }
    qsort(members, count, sizeof(members[0]), by_key);
    put(output, "{", 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(output, ",", 1);
        put_text(output, members[i].key, strlen(members[i].key));
        put(output, ":", 1);
        int error = put_value(output, members[i].value, depth);
        if (error < 0)
            return error;
    }
    put(output, "}", 1);
    return 0;
}

static int put_integer(struct output *output, struct json_object *value)
{
    char digits[24];
    int64_t number =
        json_object_get_int64(value); /* json-c cuts what is larger to INT64_MAX: out of bounds too */
    if (number > INTEGER_MAX || number < -INTEGER_MAX)
        return -ERANGE;
    put(output, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number));
    return 0;
}

static int put_value(struct output *output, struct json_object *value, unsigned depth)
{
    if (depth == CANONICAL_DEPTH_MAX &&
        (json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array)))
        return -E2BIG;
    switch (json_object_get_type(value)) {
    case json_type_object:
        return put_object(output, value, depth + 1);
    case json_type_array:
        return put_array(output, value, depth + 1);
    case json_type_string:
        put_text(output, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        return output->error;
    case json_type_int:
        return put_integer(output, value);
    case json_type_boolean:
        put(output, json_object_get_boolean(value) ? "true" : "false",
            json_object_get_boolean(value) ? 4 : 5);
        return 0;
    case json_type_null:
    case json_type_double:
        return -EINVAL;
    }
    return -EINVAL;
}

int canonical_json(struct json_object *value, char **ret_text, size_t *ret_size)
{
    struct output output = {0};
    int error = put_value(&output, value, 0);
    if (error >= 0)
        error = output.error;
    if (error < 0) {
        free(output.text);
        return error;
    }
    *ret_text = output.text;
    *ret_size = output.size;
    return 0;
}
