/* The places of an event that no field of the table fills: what the recorder and the encoder put into every one. */
#ifndef SEKISHO_EVENTDOC_PLACE_H
#define SEKISHO_EVENTDOC_PLACE_H

enum place_type { PLACE_TEXT, PLACE_NUMBER, PLACE_TEXTS, PLACE_NAMES };

struct place {
    const char *path;
    enum place_type type;
    long long minimum;   /* NUMBER */
    unsigned maximum;    /* TEXT, TEXTS: characters at most; 0: the pattern says it */
    const char *pattern; /* TEXT, TEXTS; may be NULL */
    const char *meaning;
};

/* NULL: none, so that what stands there is either a field's or a constant of the kind. */
const struct place *place_find(const char *path);

/* All of them, for the documents; path NULL ends. */
const struct place *place_list(void);

#endif
