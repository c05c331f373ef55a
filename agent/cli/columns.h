/* Text for a terminal: made safe, and set in columns by the places it takes (a Japanese character takes two). */
#ifndef SEKISHO_CLI_COLUMNS_H
#define SEKISHO_CLI_COLUMNS_H

#include <stdio.h>

/* Columns that text takes on a terminal; text: UTF-8 without control characters. Needs language_begin() or setlocale(). */
int columns_width(const char *text);

/* Prints text from a stranger: control characters and what is no UTF-8 come out as U+FFFD. */
void columns_print_safe(FILE *stream, const char *text);

/* The same, filled up with blanks to width columns (longer text is not cut). */
void columns_print_padded(FILE *stream, const char *text, int width);

#endif
