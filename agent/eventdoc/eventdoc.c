/* Prints what is documented of the event table, so that documents and schema cannot differ from the code. Not installed. */
#include "eventdoc/markdown.h"
#include "eventdoc/sample.h"
#include "eventdoc/schema.h"

#include "base/cleanup.h"
#include "record/canonical.h"

#include <string.h>

static int sample_print(enum event_kind kind, enum sample_size size, unsigned voice)
{
    struct json_object *object = NULL;
    cleanup_free_ char *text = NULL;
    size_t text_size;
    int error = sample_event(kind, size, voice, &object);
    if (error >= 0)
        error = canonical_json(object, &text, &text_size);
    if (error >= 0)
        puts(text);
    json_object_put(object);
    return error;
}

/* Every kind, minimal and maximal, in every voice; each on a line as it would be stored. */
static int samples_print(void)
{
    for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++)
        for (unsigned voice = 0; voice < SAMPLE_VOICES; voice++)
            for (enum sample_size size = SAMPLE_MINIMAL; size <= SAMPLE_MAXIMAL; size++) {
                int error = sample_print(kind, size, voice);
                if (error < 0)
                    return error;
            }
    return 0;
}

static int run(const char *mode)
{
    if (strcmp(mode, "--schema") == 0)
        return schema_write(stdout);
    if (strcmp(mode, "--samples") == 0)
        return samples_print();
    if (strcmp(mode, "--markdown") != 0)
        return -EINVAL;
    markdown_write(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    int error = argc == 2 ? run(argv[1]) : -EINVAL;
    if (error < 0 || fflush(stdout) == EOF) {
        fprintf(stderr, "usage: eventdoc --markdown | --schema | --samples (%s)\n", strerror(-error));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
