#include "eventdoc/schema.h"

#include "eventdoc/place.h"
#include "eventdoc/sample.h"
#include "record/reason.h"

#include <errno.h>
#include <string.h>

#define PATH_MAX_HERE 96
#define INTEGER_MAX   ((INT64_C(1) << 53) - 1)

/* The schema of a kind is read off two events that the encoder made of the table: one with all fields, one with those required. A
 * leaf is a field's, a known place's, or else a constant of the kind. */

static void add(struct json_object *object, const char *key, struct json_object *value)
{
    json_object_object_add(object, key, value);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    add(object, key, json_object_new_string(text));
}

static struct json_object *typed(const char *type)
{
    struct json_object *schema = json_object_new_object();
    add_text(schema, "type", type);
    return schema;
}

static struct json_object *text_schema(unsigned maximum, const char *pattern)
{
    struct json_object *schema = typed("string");
    if (pattern) {
        add_text(schema, "pattern", pattern);
        return schema;
    }
    add(schema, "minLength", json_object_new_int(1));
    add(schema, "maxLength", json_object_new_int((int)maximum));
    return schema;
}

static struct json_object *number_schema(int64_t minimum)
{
    struct json_object *schema = typed("integer");
    add(schema, "minimum", json_object_new_int64(minimum));
    add(schema, "maximum", json_object_new_int64(INTEGER_MAX));
    return schema;
}

static struct json_object *list_schema(struct json_object *item)
{
    struct json_object *schema = typed("array");
    add(schema, "items", item);
    add(schema, "maxItems", json_object_new_int(EVENT_LIST_MAX));
    return schema;
}

static struct json_object *names_schema(unsigned maximum)
{
    struct json_object *item = typed("object"), *members = json_object_new_object();
    struct json_object *required = json_object_new_array();
    add(members, "name", text_schema(maximum, NULL));
    json_object_array_add(required, json_object_new_string("name"));
    add(item, "properties", members);
    add(item, "required", required);
    add(item, "additionalProperties", json_object_new_boolean(false));
    return list_schema(item);
}

static struct json_object *choice_schema(const char *const *choices)
{
    struct json_object *schema = typed("string"), *list = json_object_new_array();
    for (; *choices; choices++)
        json_object_array_add(list, json_object_new_string(*choices));
    add(schema, "enum", list);
    return schema;
}

static struct json_object *reason_schema(void)
{
    const char *codes[REASON_COUNT + 1] = {NULL};
    for (enum reason reason = 0; reason < REASON_COUNT; reason++)
        codes[reason] = reason_row(reason)->code;
    return choice_schema(codes);
}

static struct json_object *field_text_schema(const struct event_field_row *row)
{
    char pattern[32];
    if (row->field == EVENT_REASON)
        return reason_schema();
    if (row->choices)
        return choice_schema(row->choices);
    snprintf(pattern, sizeof(pattern), "^[0-9a-f]{%u}$", row->hex_digits);
    return text_schema(row->maximum, row->hex_digits ? pattern : NULL);
}

static struct json_object *field_schema(const struct event_field_row *row)
{
    switch (row->type) {
    case EVENT_VALUE_TEXT:
        return field_text_schema(row);
    case EVENT_VALUE_NUMBER:
        return row->as_text ? text_schema(0, "^(0|-?[1-9][0-9]{0,15})$") : number_schema(-INTEGER_MAX);
    case EVENT_VALUE_BOOLEAN:
        return typed("boolean");
    case EVENT_VALUE_LIST:
        return list_schema(text_schema(row->maximum, NULL));
    case EVENT_VALUE_NONE:
        return NULL;
    }
    return NULL;
}

static struct json_object *place_schema(const struct place *place)
{
    switch (place->type) {
    case PLACE_TEXT:
        return text_schema(place->maximum, place->pattern);
    case PLACE_NUMBER:
        return number_schema(place->minimum);
    case PLACE_TEXTS:
        return list_schema(text_schema(place->maximum, place->pattern));
    case PLACE_NAMES:
        return names_schema(place->maximum);
    }
    return NULL;
}

static const struct event_field_row *field_at(const struct event_kind_row *kind, const char *path)
{
    for (enum event_field field = 0; field < EVENT_FIELD_COUNT; field++)
        if (event_kind_has(kind, field) && strcmp(event_field_row(field)->path, path) == 0)
            return event_field_row(field);
    return NULL;
}

static struct json_object *leaf_schema(
    const struct event_kind_row *kind, const char *path, struct json_object *value)
{
    const struct event_field_row *field = field_at(kind, path);
    const struct place *place = place_find(path);
    struct json_object *schema = field   ? field_schema(field)
                                 : place ? place_schema(place)
                                         : json_object_new_object();
    if (field || place)
        add_text(schema, "description", field ? field->meaning : place->meaning);
    else
        add(schema, "const", json_object_get(value));
    return schema;
}

/* A member must be there when the smallest event has it; and, where that has not even the object around it, when it is neither a
 * field nor left out for want of one. */
static bool is_required(
    const struct event_kind_row *kind, const char *path, const char *key, struct json_object *least)
{
    struct json_object *found;
    return least ? json_object_object_get_ex(least, key, &found) : !field_at(kind, path) && !place_find(path);
}

static struct json_object *object_schema(
    const struct event_kind_row *kind, const char *path, struct json_object *most, struct json_object *least)
{
    struct json_object *schema = typed("object"), *members = json_object_new_object();
    struct json_object *required = json_object_new_array();
    json_object_object_foreach(most, key, value)
    {
        char inner[PATH_MAX_HERE];
        struct json_object *least_value = NULL;
        snprintf(inner, sizeof(inner), "%s%s%s", path, *path ? "." : "", key);
        json_object_object_get_ex(least, key, &least_value);
        bool is_object = json_object_is_type(value, json_type_object);
        add(members, key,
            is_object ? object_schema(kind, inner, value, least_value) : leaf_schema(kind, inner, value));
        if (is_required(kind, inner, key, least))
            json_object_array_add(required, json_object_new_string(key));
    }
    add(schema, "properties", members);
    add(schema, "required", required);
    add(schema, "additionalProperties", json_object_new_boolean(false));
    return schema;
}

static int kind_schema(const struct event_kind_row *kind, struct json_object **ret_schema)
{
    struct json_object *most = NULL, *least = NULL;
    int error = sample_event(kind->kind, SAMPLE_MAXIMAL, 0, &most);
    if (error >= 0)
        error = sample_event(kind->kind, SAMPLE_MINIMAL, 0, &least);
    if (error >= 0) {
        *ret_schema = object_schema(kind, "", most, least);
        add_text(*ret_schema, "description", kind->title);
    }
    json_object_put(most);
    json_object_put(least);
    return error;
}

/* {"properties": {"unmapped": {"properties": {"sekisho": {"properties": {"kind": WHAT}}}}}}, each of them required */
static struct json_object *about_kind(struct json_object *what)
{
    static const char *const WAY[] = {"kind", "sekisho", "unmapped"};
    for (size_t i = 0; i < sizeof(WAY) / sizeof(WAY[0]); i++) {
        struct json_object *outer = json_object_new_object(), *members = json_object_new_object();
        struct json_object *required = json_object_new_array();
        add(members, WAY[i], what);
        json_object_array_add(required, json_object_new_string(WAY[i]));
        add(outer, "properties", members);
        add(outer, "required", required);
        what = outer;
    }
    return what;
}

/* A rule a kind rather than one oneOf: a validator then names the member that is wrong. */
static struct json_object *kind_rule(const struct event_kind_row *kind)
{
    struct json_object *rule = json_object_new_object(), *constant = json_object_new_object();
    struct json_object *reference = json_object_new_object();
    char target[64];
    snprintf(target, sizeof(target), "#/definitions/%s", kind->name);
    add_text(constant, "const", kind->name);
    add_text(reference, "$ref", target);
    add(rule, "if", about_kind(constant));
    add(rule, "then", reference);
    return rule;
}

static int whole_schema(struct json_object *whole)
{
    struct json_object *rules = json_object_new_array(), *definitions = json_object_new_object();
    const char *names[EVENT_KIND_COUNT + 1] = {NULL};
    int error = 0;
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT && error >= 0; kind++) {
        const struct event_kind_row *row = event_kind_row(kind);
        struct json_object *schema = NULL;
        names[kind] = row->name;
        error = kind_schema(row, &schema);
        add(definitions, row->name, schema);
        json_object_array_add(rules, kind_rule(row));
    }
    struct json_object *first = about_kind(choice_schema(names));
    add_text(whole, "$schema", "http://json-schema.org/draft-07/schema#");
    add_text(whole, "title", "Events of Sekisho: OCSF 1.8.0 objects as they are stored and sent");
    add_text(whole, "type", "object");
    json_object_array_put_idx(rules, EVENT_KIND_COUNT, first);
    add(whole, "allOf", rules);
    add(whole, "definitions", definitions);
    return error;
}

int schema_write(FILE *stream)
{
    struct json_object *whole = json_object_new_object();
    int error = whole_schema(whole);
    if (error >= 0)
        fprintf(stream, "%s\n",
            json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(whole);
    return error;
}
