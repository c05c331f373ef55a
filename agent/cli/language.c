#include "language.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* POSIX 8.2: the first of these that is set and not empty counts for messages. */
static const char *locale_asked(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return NULL;
}

bool language_of_locale_is_japanese(const char *locale, const char *terminal)
{
    if (terminal && strcmp(terminal, "linux") == 0)
        return false;
    return locale && strncmp(locale, "ja", 2) == 0 && (locale[2] == '\0' || strchr("_.@", locale[2]));
}

bool language_is_japanese(void)
{
    return language_of_locale_is_japanese(locale_asked(), getenv("TERM"));
}

const char *language_word(const char *word)
{
    return *word ? gettext(word) : word;
}

void language_begin(void)
{
    /* C.UTF-8 is in every Debian: characters and their widths are known, and gettext follows LANGUAGE. */
    if (!setlocale(LC_ALL, ""))
        setlocale(LC_ALL, "C.UTF-8");
    setenv("LANGUAGE", language_is_japanese() ? "ja" : "en", 1);
    bindtextdomain("sekisho", "/usr/share/locale");
    bind_textdomain_codeset("sekisho", "UTF-8");
    textdomain("sekisho");
}
