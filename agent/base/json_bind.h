/* Binds JSON text to C structs by tables: settings, policies and control requests are all read this way.
 *
 * Faults end the whole text: unknown key, duplicate key, wrong type, value out of bounds, missing required key.
 * Elements of an array are bound one at a time in a scratch struct and handed to append(), so that a register of
 * 100,000 media never stands in memory as a tree. Nothing is allocated here. */
#ifndef SEKISHO_BASE_JSON_BIND_H
#define SEKISHO_BASE_JSON_BIND_H

#include "base/json_scan.h"

enum bind_type {
    BIND_TEXT,    /* char[maximum + 1] at offset; minimum..maximum bytes of UTF-8 */
    BIND_INTEGER, /* int64_t at offset; minimum..maximum */
    BIND_BOOLEAN, /* bool at offset */
    BIND_CHOICE,  /* int at offset: the index in choices */
    BIND_PARSED, /* a string of at most BIND_PARSED_MAX bytes that parse() turns into whatever stands at offset */
    BIND_OBJECT,  /* members bound at offset */
    BIND_ARRAY,   /* minimum..maximum elements, each bound and handed to append() */
    BIND_IGNORED, /* any value, checked for grammar only: "$schema", "comment" */
};

/* A table has at most BIND_FIELDS_MAX rows. Members that are not there leave their place as it was: put defaults there. */
struct bind_field {
    const char *key; /* NULL ends a table; for an array's element "" */
    enum bind_type type;
    size_t offset;
    bool required;
    bool plain; /* TEXT: control characters are refused too (see text_is_control) */
    int64_t minimum, maximum;
    const char
        *expected; /* PARSED: what was expected, in words: "four hexadecimal digits, such as \"46f4\"" */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const struct bind_field
        *fields;         /* OBJECT: its members. ARRAY: one field, its element (key ""; offset 0) */
    size_t element_size; /* ARRAY: bytes of the scratch struct, ≤ BIND_ELEMENT_MAX; it begins as zeros */
    int (*parse)(const char *text, void *place); /* 0 or negative errno → expected is reported */
    /* ARRAY: target = struct + offset. Takes a copy of what it needs. On a fault returns negative errno and may write a
     * sentence to message (≤ 256 bytes), which is then reported at the element's place. */
    int (*append)(void *target, const void *element, char message[static 256]);
};

#define BIND_FIELDS_MAX  32
#define BIND_PARTS_MAX   17
#define BIND_ELEMENT_MAX 8192
#define BIND_PARSED_MAX  1023

/* A row for tables whose objects may carry a remark. */
#define BIND_COMMENT                                                                                         \
    {                                                                                                        \
        .key = "comment", .type = BIND_IGNORED                                                               \
    }

/* One text may be bound by several tables at once, each with a struct of its own: the core's keys and each module's
 * stand side by side at the top level. A list of parts ends with fields NULL; at most BIND_PARTS_MAX. */
struct bind_part {
    const struct bind_field *fields;
    void *target;
};

/* Which places have been set, over several texts that are merged into one document: a single value set twice is a
 * conflict, objects are joined member by member, arrays grow. Begins as zeros. */
struct json_merge {
    unsigned count; /* private, all */
    struct json_merged {
        const struct bind_field *field;
        const void *place;
        const char *name; /* borrowed: names outlive the merge */
        unsigned line;
        int64_t elements;
    } set[256];
};

/* Binds one text into target. merge: NULL for a text that stands alone (required keys are then checked);
 * otherwise shared by all texts of one document, and json_bind_finish() checks them after the last.
 * name: the file's name for messages. -EBADMSG with ret_error filled; target is then half written: throw it away. */
int json_bind(const struct bind_field *fields, void *target, const char *name, const char *bytes, size_t size,
    struct json_merge *merge, struct json_error *ret_error);

int json_bind_parts(const struct bind_part *parts, const char *name, const char *bytes, size_t size,
    struct json_merge *merge, struct json_error *ret_error);

/* Required keys over all merged texts: at the top level, and in objects that were set. name: the document's. */
int json_bind_finish(const struct bind_part *parts, const struct json_merge *merge, const char *name,
    struct json_error *ret_error);

/* "FILE:LINE:COLUMN: message" (or "FILE: message") into buffer. */
void json_error_format(const struct json_error *error, char *buffer, size_t capacity);

#endif
