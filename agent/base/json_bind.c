/* JSON text bound to C structs by tables: objects, arrays, and what several texts have set together. */
#include "base/json_bind.h"
#include "base/cleanup.h"
#include "base/json_binder.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The lines on which the members of one object were set, to find duplicates and name the first. */
struct seen {
    unsigned line[BIND_PARTS_MAX][BIND_FIELDS_MAX];
};

static int bind_any(struct binder *binder, const struct bind_field *field, void *place,
    const struct json_lexeme *lexeme, struct json_merged *merged);

static int next(struct binder *binder, struct json_lexeme *lexeme)
{
    int error = json_scan_next(&binder->scan, lexeme, binder->error);
    if (error < 0)
        snprintf(binder->error->file, sizeof(binder->error->file), "%s", binder->name);
    return error;
}

/* Reads to the end of the value that lexeme begins. */
static int skip_value(struct binder *binder, struct json_lexeme lexeme)
{
    unsigned opened = lexeme.token == JSON_TOKEN_OBJECT_OPEN || lexeme.token == JSON_TOKEN_ARRAY_OPEN;
    unsigned outside = binder->scan.depth - opened;
    while (binder->scan.depth > outside) {
        int error = next(binder, &lexeme);
        if (error < 0)
            return error;
    }
    return 0;
}

/* --- arrays ---------------------------------------------------------------------------------------------------------- */

/* An element stands alone: what it lacks is seen at once, and no other text can add to it. */
static int bind_element(
    struct binder *binder, const struct bind_field *field, void *target, const struct json_lexeme *lexeme)
{
    _Alignas(max_align_t) char element[BIND_ELEMENT_MAX];
    char message[256] = "";
    struct json_merge *outer = binder->merge;
    if (field->element_size > sizeof(element))
        return -EINVAL;
    memset(element, 0, field->element_size);
    binder->merge = NULL;
    int error = bind_any(binder, field->fields, element, lexeme, NULL);
    binder->merge = outer;
    if (error < 0)
        return error;
    error = field->append(target, element, message);
    if (error < 0)
        return binder_fault(binder, lexeme->place, "%s", message[0] ? message : strerror(-error));
    return 0;
}

static int bind_elements(struct binder *binder, const struct bind_field *field, void *target, int64_t *count)
{
    struct json_lexeme lexeme;
    for (unsigned index = 0;; index++) {
        int error = next(binder, &lexeme);
        if (error < 0 || lexeme.token == JSON_TOKEN_ARRAY_CLOSE)
            return error;
        if (*count == field->maximum)
            return binder_fault(
                binder, lexeme.place, "expected at most %" PRId64 " elements, found more", field->maximum);
        binder->path[binder->depth++] = (struct binder_step){.index = index};
        error = bind_element(binder, field, target, &lexeme);
        if (error < 0)
            return error;
        binder->depth--;
        (*count)++;
    }
}

static int bind_array(struct binder *binder, const struct bind_field *field, void *target,
    const struct json_lexeme *opening, struct json_merged *merged)
{
    int64_t count = merged ? merged->elements : 0;
    if (opening->token != JSON_TOKEN_ARRAY_OPEN)
        return binder_fault_expected(binder, opening, "an array");
    int error = bind_elements(binder, field, target, &count);
    if (error < 0)
        return error;
    if (merged)
        merged->elements = count;
    if (count < field->minimum)
        return binder_fault(binder, opening->place, "expected at least %" PRId64 " elements, found %" PRId64,
            field->minimum, count);
    return 0;
}

/* --- several texts --------------------------------------------------------------------------------------------------- */

static struct json_merged *find_merged(
    struct json_merge *merge, const struct bind_field *field, const void *place)
{
    for (unsigned i = 0; i < merge->count; i++)
        if (merge->set[i].field == field && merge->set[i].place == place)
            return &merge->set[i];
    return NULL;
}

/* Enters place into the merge; a single value that an earlier text has set is a conflict. */
static int enter_merge(struct binder *binder, const struct bind_field *field, const void *place,
    const struct json_lexeme *key, struct json_merged **ret_merged)
{
    struct json_merge *merge = binder->merge;
    struct json_merged *merged = find_merged(merge, field, place);
    if (merged && field->type != BIND_OBJECT && field->type != BIND_ARRAY)
        return binder_fault(binder, key->place, "already set in %s, line %u", merged->name, merged->line);
    if (!merged) {
        if (merge->count == ARRAY_SIZE(merge->set))
            return binder_fault(
                binder, key->place, "more than %zu keys are set in all", ARRAY_SIZE(merge->set));
        merged = &merge->set[merge->count++];
        *merged = (struct json_merged){field, place, binder->name, key->place.line, 0};
    }
    *ret_merged = merged;
    return 0;
}

static int fault_missing(struct binder *binder, const char *key, struct json_place place)
{
    return binder_fault(binder, place, "missing key \"%s\"", key);
}

static int finish_fields(struct binder *binder, const struct bind_field *fields, char *target)
{
    for (const struct bind_field *field = fields; field->key; field++) {
        void *place = target + field->offset;
        bool set = find_merged(binder->merge, field, place);
        if (!set && field->required)
            return fault_missing(binder, field->key, (struct json_place){0});
        if (!set || field->type != BIND_OBJECT)
            continue;
        binder->path[binder->depth++] = (struct binder_step){.key = field->key};
        int error = finish_fields(binder, field->fields, place);
        if (error < 0)
            return error;
        binder->depth--;
    }
    return 0;
}

/* --- objects --------------------------------------------------------------------------------------------------------- */

static int fault_unknown(
    struct binder *binder, const struct bind_part *parts, const char *key, struct json_place place)
{
    char shown[120], list[384] = "";
    size_t at = 0;
    text_make_printable(shown, sizeof(shown), key, strnlen(key, 64));
    for (; parts->fields; parts++)
        for (const struct bind_field *field = parts->fields; field->key; field++)
            if (field->type != BIND_IGNORED && at < sizeof(list))
                at += (size_t)snprintf(list + at, sizeof(list) - at, "%s\"%s\"", at ? ", " : "", field->key);
    return binder_fault(binder, place, "unknown key \"%s\"; %s%s", shown,
        list[0] ? "expected one of " : "none is expected here", list);
}

/* Finds the row that a key names; -ENOENT when none does. */
static int find_row(const struct bind_part *parts, const char *key, unsigned *ret_part, unsigned *ret_row)
{
    for (unsigned part = 0; parts[part].fields; part++)
        for (unsigned row = 0; parts[part].fields[row].key; row++)
            if (strcmp(parts[part].fields[row].key, key) == 0) {
                *ret_part = part;
                *ret_row = row;
                return 0;
            }
    return -ENOENT;
}

static int bind_member(
    struct binder *binder, const struct bind_field *field, char *target, const struct json_lexeme *key)
{
    struct json_lexeme lexeme;
    struct json_merged *merged = NULL;
    void *place = target + field->offset;
    int error = next(binder, &lexeme);
    binder->path[binder->depth++] = (struct binder_step){.key = field->key};
    if (error == 0 && binder->merge && field->type != BIND_IGNORED)
        error = enter_merge(binder, field, place, key, &merged);
    if (error == 0)
        error = bind_any(binder, field, place, &lexeme, merged);
    binder->depth--;
    return error;
}

static int bind_key(
    struct binder *binder, const struct bind_part *parts, struct seen *seen, const struct json_lexeme *key)
{
    char text[128];
    unsigned part, row;
    /* Keys are compared as what they mean: "a" and "\u0061" are one. One too long for the buffer is in no table. */
    if (json_lexeme_text(key, text, sizeof(text)) < 0)
        snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, key->raw);
    if (find_row(parts, text, &part, &row) < 0)
        return fault_unknown(binder, parts, text, key->place);
    if (part >= BIND_PARTS_MAX || row >= BIND_FIELDS_MAX)
        return -EINVAL;
    if (seen->line[part][row])
        return binder_fault(binder, key->place, "duplicate key \"%s\"; it stands in line %u already", text,
            seen->line[part][row]);
    seen->line[part][row] = key->place.line;
    return bind_member(binder, &parts[part].fields[row], parts[part].target, key);
}

static int check_required(struct binder *binder, const struct bind_part *parts, const struct seen *seen,
    const struct json_lexeme *opening)
{
    for (unsigned part = 0; parts[part].fields; part++)
        for (unsigned row = 0; parts[part].fields[row].key; row++)
            if (parts[part].fields[row].required && !seen->line[part][row])
                return fault_missing(binder, parts[part].fields[row].key, opening->place);
    return 0;
}

static int bind_object(
    struct binder *binder, const struct bind_part *parts, const struct json_lexeme *opening)
{
    struct seen seen = {0};
    struct json_lexeme lexeme;
    if (opening->token != JSON_TOKEN_OBJECT_OPEN)
        return binder_fault_expected(binder, opening, "an object");
    for (;;) {
        int error = next(binder, &lexeme);
        if (error == 0 && lexeme.token == JSON_TOKEN_OBJECT_CLOSE)
            break;
        if (error == 0)
            error = bind_key(binder, parts, &seen, &lexeme);
        if (error < 0)
            return error;
    }
    return binder->merge ? 0 : check_required(binder, parts, &seen, opening);
}

static int bind_any(struct binder *binder, const struct bind_field *field, void *place,
    const struct json_lexeme *lexeme, struct json_merged *merged)
{
    switch (field->type) {
    case BIND_OBJECT:
        return bind_object(binder, (struct bind_part[]){{field->fields, place}, {0}}, lexeme);
    case BIND_ARRAY:
        return bind_array(binder, field, place, lexeme, merged);
    case BIND_IGNORED:
        return skip_value(binder, *lexeme);
    case BIND_TEXT:
    case BIND_INTEGER:
    case BIND_BOOLEAN:
    case BIND_CHOICE:
    case BIND_PARSED:
        return binder_bind_value(binder, field, place, lexeme);
    }
    return -EINVAL;
}

/* --- whole texts ----------------------------------------------------------------------------------------------------- */

int json_bind_parts(const struct bind_part *parts, const char *name, const char *bytes, size_t size,
    struct json_merge *merge, struct json_error *ret_error)
{
    struct binder binder = {.name = name, .merge = merge, .error = ret_error};
    struct json_lexeme lexeme;
    json_scan_begin(&binder.scan, bytes, size);
    int error = next(&binder, &lexeme);
    if (error == 0)
        error = bind_object(&binder, parts, &lexeme);
    return error < 0 ? error : next(&binder, &lexeme);
}

int json_bind(const struct bind_field *fields, void *target, const char *name, const char *bytes, size_t size,
    struct json_merge *merge, struct json_error *ret_error)
{
    return json_bind_parts((struct bind_part[]){{fields, target}, {0}}, name, bytes, size, merge, ret_error);
}

int json_bind_finish(const struct bind_part *parts, const struct json_merge *merge, const char *name,
    struct json_error *ret_error)
{
    struct binder binder = {.name = name, .merge = (struct json_merge *)merge, .error = ret_error};
    for (; parts->fields; parts++) {
        int error = finish_fields(&binder, parts->fields, parts->target);
        if (error < 0)
            return error;
    }
    return 0;
}
