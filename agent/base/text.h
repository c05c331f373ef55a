/* Bytes from strangers made safe to store and to show. */
#ifndef SEKISHO_BASE_TEXT_H
#define SEKISHO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1–4) of the well-formed UTF-8 character that size bytes begin with, its code point in *ret_code; 0 when
 * they begin with none (RFC 3629: no surrogates, no overlong forms, ≤ U+10FFFF). */
size_t text_character(const char *bytes, size_t size, uint32_t *ret_code);

/* C0, DEL, C1, U+2028/9 and the bidirectional controls: what must not reach a terminal or hide in a label. */
bool text_is_control(uint32_t code);

/* True when size bytes are well-formed UTF-8 (as above). */
bool text_is_utf8(const char *bytes, size_t size);

/* Copies bytes into target as well-formed UTF-8, each offending byte replaced by U+FFFD, cut at a character's
 * border so that it fits capacity with its NUL. NUL bytes inside become U+FFFD too. Returns the length. */
size_t text_make_utf8(char *target, size_t capacity, const char *bytes, size_t size);

/* As above, and control characters (C0, DEL, C1, U+2028/9, bidirectional controls) also become U+FFFD: for terminals. */
size_t text_make_printable(char *target, size_t capacity, const char *bytes, size_t size);

/* size bytes to 2 × size lower-case hex digits and a NUL. */
void text_hex(char *target, const void *bytes, size_t size);

/* 2 × size hex digits (either case) to bytes. 0, or -EINVAL when text is not exactly that. */
int text_unhex(void *bytes, size_t size, const char *text);

/* A decimal integer, whole text, no sign but '-', no leading zeros. 0, or -EINVAL / -ERANGE. */
int text_integer(const char *text, int64_t *ret_number);

#endif
