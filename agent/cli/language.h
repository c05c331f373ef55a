/* In which language people are spoken to. */
#ifndef SEKISHO_CLI_LANGUAGE_H
#define SEKISHO_CLI_LANGUAGE_H

#include <libintl.h>
#include <stdbool.h>

#define _(text)  gettext(text)
#define N_(text) (text)

/* Once, before anything is printed. Japanese also where the locale itself was never generated (a minimal installation),
 * but English on a text console, which has no Japanese glyphs. */
void language_begin(void);

/* True where people read Japanese. */
bool language_is_japanese(void);

/* A word that the agent said, translated where the catalogue has it. (gettext("") would be the catalogue's own head.) */
const char *language_word(const char *word);

/* Pure: does this locale's name ("ja_JP.UTF-8", may be NULL) on this terminal ("xterm", may be NULL) mean Japanese? */
bool language_of_locale_is_japanese(const char *locale, const char *terminal);

#endif
