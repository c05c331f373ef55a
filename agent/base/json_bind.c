/* JSON text bound to C structs by tables; see json_bind.h. */
#include "base/json_bind.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where in the document the binder is: a key, or the index in an array where key is NULL. */
struct step {
    const char *key;
    unsigned index;
};

struct binder {
    struct json_scan scan;
    const char *name;
    struct json_merge *merge; /* NULL inside an array's element, and for a text that stands alone */
    struct json_error *error;
    struct step path[JSON_DEPTH_MAX + 1];
    unsigned depth;
};

/* The lines on which the members of one object were set, to find duplicates and name the first. */
struct seen {
    unsigned line[BIND_PARTS_MAX][BIND_FIELDS_MAX];
};

static int bind_value(struct binder *binder, const struct bind_field *field, void *place,
    const struct json_lexeme *lexeme, struct json_merged *merged);

/* --- messages -------------------------------------------------------------------------------------------------------- */

struct writer {
    char *at;
    size_t left;
};

static void put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(writer->at, writer->left, format, arguments);
    va_end(arguments);
    size_t done = length < 0 ? 0 : (size_t)length;
    if (done >= writer->left)
        done = writer->left ? writer->left - 1 : 0;
    writer->at += done;
    writer->left -= done;
}

static void put_path(struct writer *writer, const struct binder *binder)
{
    for (unsigned i = 0; i < binder->depth; i++)
        if (binder->path[i].key)
            put(writer, "%s%s", i ? "." : "", binder->path[i].key);
        else
            put(writer, "[%u]", binder->path[i].index);
    if (binder->depth)
        put(writer, ": ");
}

static struct writer begin_fault(struct binder *binder, struct json_place place)
{
    struct writer writer = {binder->error->message, sizeof(binder->error->message)};
    snprintf(binder->error->file, sizeof(binder->error->file), "%s", binder->name);
    binder->error->place = place;
    put_path(&writer, binder);
    return writer;
}

/* The value that was found, short enough for a message. */
static void put_found(struct writer *writer, const struct json_lexeme *lexeme)
{
    char raw[40], shown[120];
    size_t size = lexeme->raw_size < sizeof(raw) ? lexeme->raw_size : sizeof(raw);
    switch (lexeme->token) {
    case JSON_TOKEN_OBJECT_OPEN:
        put(writer, "an object");
        return;
    case JSON_TOKEN_ARRAY_OPEN:
        put(writer, "an array");
        return;
    case JSON_TOKEN_TEXT:
        text_make_printable(shown, sizeof(shown), lexeme->raw, size);
        put(writer, "\"%s%s\"", shown, size < lexeme->raw_size ? "…" : "");
        return;
    case JSON_TOKEN_NUMBER:
    case JSON_TOKEN_TRUE:
    case JSON_TOKEN_FALSE:
    case JSON_TOKEN_NULL:
        put(writer, "%.*s%s", (int)size, lexeme->raw, size < lexeme->raw_size ? "…" : "");
        return;
    case JSON_TOKEN_OBJECT_CLOSE:
    case JSON_TOKEN_ARRAY_CLOSE:
    case JSON_TOKEN_KEY:
    case JSON_TOKEN_END:
        return;
    }
}

static int fault_expected(struct binder *binder, const struct json_lexeme *lexeme, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fault_expected(struct binder *binder, const struct json_lexeme *lexeme, const char *format, ...)
{
    char expected[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    struct writer writer = begin_fault(binder, lexeme->place);
    put(&writer, "expected %s, found ", expected);
    put_found(&writer, lexeme);
    return -EBADMSG;
}

static int next(struct binder *binder, struct json_lexeme *lexeme)
{
    int error = json_scan_next(&binder->scan, lexeme, binder->error);
    if (error < 0)
        snprintf(binder->error->file, sizeof(binder->error->file), "%s", binder->name);
    return error;
}

/* --- single values --------------------------------------------------------------------------------------------------- */

static bool has_control(const char *text, size_t size)
{
    uint32_t code;
    for (size_t at = 0; at < size; at += text_character(text + at, size - at, &code))
        if (text_character(text + at, size - at, &code) == 0 || text_is_control(code))
            return true;
    return false;
}

static int bind_text(
    struct binder *binder, const struct bind_field *field, char *place, const struct json_lexeme *lexeme)
{
    ssize_t length = -EINVAL;
    if (lexeme->token == JSON_TOKEN_TEXT)
        length = json_lexeme_text(lexeme, place, (size_t)field->maximum + 1);
    if (length < 0 || length < field->minimum)
        return fault_expected(
            binder, lexeme, "text of %" PRId64 " to %" PRId64 " bytes", field->minimum, field->maximum);
    if (field->plain && has_control(place, (size_t)length))
        return fault_expected(binder, lexeme, "text without control characters");
    return 0;
}

static int bind_integer(
    struct binder *binder, const struct bind_field *field, int64_t *place, const struct json_lexeme *lexeme)
{
    int64_t number;
    if (lexeme->token != JSON_TOKEN_NUMBER || json_lexeme_integer(lexeme, &number) < 0 ||
        number < field->minimum || number > field->maximum)
        return fault_expected(
            binder, lexeme, "an integer from %" PRId64 " to %" PRId64, field->minimum, field->maximum);
    *place = number;
    return 0;
}

static int bind_boolean(struct binder *binder, bool *place, const struct json_lexeme *lexeme)
{
    if (lexeme->token != JSON_TOKEN_TRUE && lexeme->token != JSON_TOKEN_FALSE)
        return fault_expected(binder, lexeme, "true or false");
    *place = lexeme->token == JSON_TOKEN_TRUE;
    return 0;
}

static int bind_choice(
    struct binder *binder, const struct bind_field *field, int *place, const struct json_lexeme *lexeme)
{
    char text[64], list[240] = "";
    if (lexeme->token == JSON_TOKEN_TEXT && json_lexeme_text(lexeme, text, sizeof(text)) >= 0)
        for (int i = 0; field->choices[i]; i++)
            if (strcmp(field->choices[i], text) == 0) {
                *place = i;
                return 0;
            }
    struct writer writer = {list, sizeof(list)};
    for (int i = 0; field->choices[i]; i++)
        put(&writer, "%s\"%s\"", i == 0 ? "" : field->choices[i + 1] ? ", " : " or ", field->choices[i]);
    return fault_expected(binder, lexeme, "%s", list);
}

static int bind_parsed(
    struct binder *binder, const struct bind_field *field, void *place, const struct json_lexeme *lexeme)
{
    char text[BIND_PARSED_MAX + 1];
    if (lexeme->token != JSON_TOKEN_TEXT || json_lexeme_text(lexeme, text, sizeof(text)) < 0 ||
        field->parse(text, place) < 0)
        return fault_expected(binder, lexeme, "%s", field->expected);
    return 0;
}

/* Reads to the end of the value that lexeme begins. */
static int skip_value(struct binder *binder, struct json_lexeme lexeme)
{
    unsigned open = lexeme.token == JSON_TOKEN_OBJECT_OPEN || lexeme.token == JSON_TOKEN_ARRAY_OPEN;
    unsigned outside = binder->scan.depth - open;
    while (binder->scan.depth > outside) {
        int error = next(binder, &lexeme);
        if (error < 0)
            return error;
    }
    return 0;
}

/* --- arrays ---------------------------------------------------------------------------------------------------------- */

static int append_element(struct binder *binder, const struct bind_field *field, void *target,
    const void *element, struct json_place place)
{
    char message[256] = "";
    int error = field->append(target, element, message);
    if (error < 0) {
        struct writer writer = begin_fault(binder, place);
        put(&writer, "%s", message[0] ? message : strerror(-error));
        return -EBADMSG;
    }
    return 0;
}

static int bind_element(
    struct binder *binder, const struct bind_field *field, void *target, const struct json_lexeme *lexeme)
{
    _Alignas(max_align_t) char element[BIND_ELEMENT_MAX];
    struct json_merge *outer = binder->merge;
    if (field->element_size > sizeof(element))
        return -EINVAL;
    memset(element, 0, field->element_size);
    binder->merge = NULL;
    int error = bind_value(binder, field->fields, element, lexeme, NULL);
    binder->merge = outer;
    return error < 0 ? error : append_element(binder, field, target, element, lexeme->place);
}

static int fault_elements(
    struct binder *binder, const struct bind_field *field, struct json_place place, int64_t found)
{
    bool many = found > field->maximum;
    struct writer writer = begin_fault(binder, place);
    put(&writer, "expected at %s %" PRId64 " elements, found %s", many ? "most" : "least",
        many ? field->maximum : field->minimum, many ? "more" : "fewer");
    return -EBADMSG;
}

static int bind_array(struct binder *binder, const struct bind_field *field, void *target,
    const struct json_lexeme *opening, struct json_merged *merged)
{
    struct json_lexeme lexeme;
    int64_t before = merged ? merged->elements : 0, count = before;
    if (opening->token != JSON_TOKEN_ARRAY_OPEN)
        return fault_expected(binder, opening, "an array");
    for (;; count++) {
        int error = next(binder, &lexeme);
        if (error < 0)
            return error;
        if (lexeme.token == JSON_TOKEN_ARRAY_CLOSE)
            break;
        if (count == field->maximum)
            return fault_elements(binder, field, lexeme.place, count + 1);
        binder->path[binder->depth++] = (struct step){.index = (unsigned)(count - before)};
        error = bind_element(binder, field, target, &lexeme);
        if (error < 0)
            return error;
        binder->depth--;
    }
    if (merged)
        merged->elements = count;
    return count < field->minimum ? fault_elements(binder, field, opening->place, count) : 0;
}

/* --- objects --------------------------------------------------------------------------------------------------------- */

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
    bool joins = field->type == BIND_OBJECT || field->type == BIND_ARRAY;
    if (merged && !joins) {
        struct writer writer = begin_fault(binder, key->place);
        put(&writer, "already set in %s, line %u", merged->name, merged->line);
        return -EBADMSG;
    }
    if (!merged && merge->count == ARRAY_SIZE(merge->set)) {
        struct writer writer = begin_fault(binder, key->place);
        put(&writer, "more than %zu keys are set in all", ARRAY_SIZE(merge->set));
        return -EBADMSG;
    }
    if (!merged) {
        merged = &merge->set[merge->count++];
        *merged = (struct json_merged){field, place, binder->name, key->place.line, 0};
    }
    *ret_merged = merged;
    return 0;
}

static int fault_unknown(
    struct binder *binder, const struct bind_part *parts, const char *text, struct json_place place)
{
    char shown[120];
    const char *before = "";
    text_make_printable(shown, sizeof(shown), text, strnlen(text, 64));
    struct writer writer = begin_fault(binder, place);
    put(&writer, "unknown key \"%s\"; expected one of ", shown);
    for (; parts->fields; parts++)
        for (const struct bind_field *field = parts->fields; field->key; field++)
            if (field->type != BIND_IGNORED) {
                put(&writer, "%s\"%s\"", before, field->key);
                before = ", ";
            }
    return -EBADMSG;
}

/* Finds the row that a key names; -ENOENT when none does. */
static int find_field(const struct bind_part *parts, const char *key, unsigned *ret_part, unsigned *ret_field)
{
    for (unsigned part = 0; parts[part].fields; part++)
        for (unsigned field = 0; parts[part].fields[field].key; field++)
            if (strcmp(parts[part].fields[field].key, key) == 0) {
                *ret_part = part;
                *ret_field = field;
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
    binder->path[binder->depth++] = (struct step){.key = field->key};
    if (error == 0 && binder->merge && field->type != BIND_IGNORED)
        error = enter_merge(binder, field, place, key, &merged);
    if (error == 0)
        error = bind_value(binder, field, place, &lexeme, merged);
    binder->depth--;
    return error;
}

static int bind_key(
    struct binder *binder, const struct bind_part *parts, struct seen *seen, const struct json_lexeme *key)
{
    char text[128];
    unsigned part, row;
    if (json_lexeme_text(key, text, sizeof(text)) < 0)
        snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, key->raw);
    if (find_field(parts, text, &part, &row) < 0)
        return fault_unknown(binder, parts, text, key->place);
    if (part >= BIND_PARTS_MAX || row >= BIND_FIELDS_MAX)
        return -EINVAL;
    if (seen->line[part][row]) {
        struct writer writer = begin_fault(binder, key->place);
        put(&writer, "duplicate key \"%s\"; it stands in line %u already", text, seen->line[part][row]);
        return -EBADMSG;
    }
    seen->line[part][row] = key->place.line;
    return bind_member(binder, &parts[part].fields[row], parts[part].target, key);
}

static int fault_missing(struct binder *binder, const char *key, struct json_place place)
{
    struct writer writer = begin_fault(binder, place);
    put(&writer, "missing key \"%s\"", key);
    return -EBADMSG;
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
        return fault_expected(binder, opening, "an object");
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

static int bind_value(struct binder *binder, const struct bind_field *field, void *place,
    const struct json_lexeme *lexeme, struct json_merged *merged)
{
    switch (field->type) {
    case BIND_TEXT:
        return bind_text(binder, field, place, lexeme);
    case BIND_INTEGER:
        return bind_integer(binder, field, place, lexeme);
    case BIND_BOOLEAN:
        return bind_boolean(binder, place, lexeme);
    case BIND_CHOICE:
        return bind_choice(binder, field, place, lexeme);
    case BIND_PARSED:
        return bind_parsed(binder, field, place, lexeme);
    case BIND_OBJECT:
        return bind_object(binder, (struct bind_part[]){{field->fields, place}, {0}}, lexeme);
    case BIND_ARRAY:
        return bind_array(binder, field, place, lexeme, merged);
    case BIND_IGNORED:
        return skip_value(binder, *lexeme);
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

static int finish_fields(struct binder *binder, const struct bind_field *fields, char *target)
{
    for (const struct bind_field *field = fields; field->key; field++) {
        void *place = target + field->offset;
        bool set = find_merged(binder->merge, field, place);
        if (!set && field->required)
            return fault_missing(binder, field->key, (struct json_place){0});
        if (!set || field->type != BIND_OBJECT)
            continue;
        binder->path[binder->depth++] = (struct step){.key = field->key};
        int error = finish_fields(binder, field->fields, place);
        if (error < 0)
            return error;
        binder->depth--;
    }
    return 0;
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

void json_error_format(const struct json_error *error, char *buffer, size_t capacity)
{
    if (error->place.line == 0)
        snprintf(buffer, capacity, "%s: %s", error->file, error->message);
    else
        snprintf(buffer, capacity, "%s:%u:%u: %s", error->file, error->place.line, error->place.column,
            error->message);
}
