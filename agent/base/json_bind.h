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
    BIND_PARSED,  /* a string that parse() turns into whatever stands at offset */
    BIND_OBJECT,  /* members bound at offset */
    BIND_ARRAY,   /* 0..maximum elements, each bound and handed to append() */
    BIND_IGNORED, /* any value, checked for grammar only: "$schema", "comment" */
};

struct bind_field {
    const char *key; /* NULL ends a table; for an array's element "" */
    enum bind_type type;
    size_t offset;
    bool required;
    int64_t minimum, maximum;
    const char *expected;        /* PARSED: what was expected, in words: "four hexadecimal digits, such as \"46f4\"" */
    const char *const *choices;  /* CHOICE: NULL-terminated */
    const struct bind_field *fields; /* OBJECT: its members. ARRAY: one field, its element (key ""; offset 0) */
    size_t element_size;         /* ARRAY: bytes of the scratch struct, ≤ BIND_ELEMENT_MAX */
    int (*parse)(const char *text, void *place);              /* 0 or negative errno → expected is reported */
    /* ARRAY: target = struct + offset. Takes a copy of what it needs. On a fault returns negative errno and may write a
     * sentence to message (≤ 256 bytes), which is then reported at the element's place. */
    int (*append)(void *target, const void *element, char message[static 256]);
};

#define BIND_ELEMENT_MAX 8192

/* Which keys have been set, over several files that are merged: a scalar set twice is a conflict. */
struct json_merge {
    const char *file;     /* the name of the text now being read, for messages */
    unsigned count;       /* private */
    struct {
        const struct bind_field *field;
        char file[64];
        unsigned line;
    } set[128];
};

/* Binds one text into target. merge: NULL for a text that stands alone (required keys are then checked at its end);
 * otherwise shared by all texts of one document, and json_bind_finish() checks the required keys of the top level.
 * name: the file's name for messages. -EBADMSG with ret_error filled; target is then half written: throw it away. */
int json_bind(const struct bind_field *fields, void *target, const char *name, const char *bytes, size_t size,
    struct json_merge *merge, struct json_error *ret_error);

int json_bind_finish(const struct bind_field *fields, const struct json_merge *merge, struct json_error *ret_error);

/* "FILE:LINE:COLUMN: message" (or "FILE: message") into buffer. */
void json_error_format(const struct json_error *error, char *buffer, size_t capacity);

#endif
