/* A strict RFC 8259 scanner that hands out one token at a time with its place, allocates nothing and keeps no tree.
 *
 * Refused, each with line, column and what was expected: anything outside the grammar, invalid UTF-8, unpaired surrogate
 * escapes, U+0000 in a string, nesting over JSON_DEPTH_MAX, a byte order mark, bytes after the value.
 * Duplicate keys are the caller's to find (json_bind does): the scanner does not remember keys. */
#ifndef SEKISHO_BASE_JSON_SCAN_H
#define SEKISHO_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define JSON_DEPTH_MAX 16

enum json_token {
    JSON_TOKEN_OBJECT_OPEN,
    JSON_TOKEN_OBJECT_CLOSE,
    JSON_TOKEN_ARRAY_OPEN,
    JSON_TOKEN_ARRAY_CLOSE,
    JSON_TOKEN_KEY, /* a member's name; its colon has been read */
    JSON_TOKEN_TEXT,
    JSON_TOKEN_NUMBER,
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
    JSON_TOKEN_END, /* the one value and nothing but blanks after it */
};

struct json_place {
    unsigned line;   /* from 1 */
    unsigned column; /* from 1, in characters (code points), not bytes */
};

/* A fault as a person reads it: "policy.json:12:17: media.registered[3].serial: expected ..., found ...". */
struct json_error {
    char file[256];
    struct json_place place; /* line 0: the file as a whole */
    char message[512];
};

struct json_lexeme {
    enum json_token token;
    struct json_place place; /* where the token begins */
    const char *raw; /* KEY, TEXT: between the quotes, still escaped; NUMBER: its characters. Borrowed. */
    size_t raw_size;
    bool escaped; /* raw holds at least one backslash */
};

struct json_scan {
    const char *at, *end;
    struct json_place place;
    unsigned depth;
    uint8_t stack[JSON_DEPTH_MAX]; /* what is open: '{' or '[' */
    int expect;                    /* private to json_scan.c */
};

/* bytes are borrowed for as long as the scan and its lexemes are used; they need no NUL. */
void json_scan_begin(struct json_scan *scan, const char *bytes, size_t size);

/* 0 and the next lexeme, or -EBADMSG with place and message in ret_error (file is left untouched). */
int json_scan_next(struct json_scan *scan, struct json_lexeme *ret_lexeme, struct json_error *ret_error);

/* Unescapes a KEY or TEXT into target as UTF-8 with a NUL. Returns its length, or -ENOBUFS. */
ssize_t json_lexeme_text(const struct json_lexeme *lexeme, char *target, size_t capacity);

/* A NUMBER that is an integer within ±(2⁵³ − 1), written without fraction or exponent. 0, or -ERANGE / -EINVAL. */
int json_lexeme_integer(const struct json_lexeme *lexeme, int64_t *ret_number);

#endif
