/* What the parts of json_bind share: where the binder stands, and how its faults are worded. Private to base/json_bind*.c. */
#ifndef SEKISHO_BASE_JSON_BINDER_H
#define SEKISHO_BASE_JSON_BINDER_H

#include "base/json_bind.h"

/* Where in the document the binder is: a key, or the index in an array where key is NULL. */
struct binder_step {
    const char *key;
    unsigned index;
};

struct binder {
    struct json_scan scan;
    const char *name;
    struct json_merge *merge; /* NULL inside an array's element, and for a text that stands alone */
    struct json_error *error;
    struct binder_step path[JSON_DEPTH_MAX + 1];
    unsigned depth;
};

/* Both fill the error, led by the path, and return -EBADMSG. */
int binder_fault(struct binder *binder, struct json_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "expected ..., found" and what lexeme is. */
int binder_fault_expected(struct binder *binder, const struct json_lexeme *lexeme, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* TEXT, INTEGER, BOOLEAN, CHOICE and PARSED. */
int binder_bind_value(
    struct binder *binder, const struct bind_field *field, void *place, const struct json_lexeme *lexeme);

#endif
