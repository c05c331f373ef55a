/* Settings files in a folder of a test's own. */
#include "settings_place.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "module_table.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static int64_t standing_ms(void *context)
{
    return INT64_C(1795564800000);
}

void settings_place_open(struct settings_place *place)
{
    *place = (struct settings_place){.clock = {.realtime_ms = standing_ms, .boottime_ms = standing_ms}};
    strcpy(place->path, "/tmp/sekisho-settings-XXXXXX");
    must(mkdtemp(place->path), "mkdtemp");
    snprintf(place->configuration, sizeof(place->configuration), "%s/etc", place->path);
    snprintf(place->store, sizeof(place->store), "%s/store", place->path);
    must(mkdir(place->configuration, 0755) == 0 && mkdir(place->store, 0700) == 0, "mkdir");
    place->source = (struct settings_source){
        .configuration_directory = place->configuration,
        .store_directory = place->store,
        .owner = getuid(),
        .modules = module_table,
        .clock = &place->clock,
    };
}

void settings_place_close(struct settings_place *place)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", place->path);
    must(system(command) == 0, command);
}

void settings_place_write(
    const struct settings_place *place, const char *name, const char *bytes, size_t size)
{
    char path[256];
    if (strncmp(name, "policy.d/", 9) == 0) {
        snprintf(path, sizeof(path), "%s/policy.d", place->configuration);
        must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
    }
    snprintf(path, sizeof(path), "%s/%s", place->configuration, name);
    must(file_write_atomic(AT_FDCWD, path, bytes, size, 0644) == 0, path);
}

void settings_place_text(const struct settings_place *place, const char *name, const char *text)
{
    settings_place_write(place, name, text, strlen(text));
}

void settings_place_remove(const struct settings_place *place, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", place->configuration, name);
    must(remove(path) == 0, path);
}

const char *settings_place_load(const struct settings_place *place, enum settings_which which)
{
    static char message[1024];
    struct json_error error = {0};
    struct settings_document *document = NULL;
    int result = settings_load(&place->source, which, &document, &error);
    if (result == 0) {
        settings_document_destroy(&place->source, document);
        return "accepted";
    }
    must(document == NULL, "a refused document is given out");
    must(result == -EBADMSG || result == -ENOMEM, "a refusal's errno");
    json_error_format(&error, message, sizeof(message));
    return message;
}
