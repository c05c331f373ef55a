#include "core/export.h"

#include "base/cleanup.h"
#include "core/daemon.h"

#include <stdio.h>

static int line_write(void *context, const struct chain_link *link)
{
    if (link->body) {
        fwrite(link->body, 1, link->body_size, stdout);
    } else {
        cleanup_free_ char *bytes = NULL;
        size_t size = 0;
        int error = daemon_link_packet(link, &bytes, &size);
        if (error < 0)
            return error;
        fwrite(bytes, 1, size, stdout);
    }
    return fputc('\n', stdout) == EOF ? -EIO : 0;
}

int export_store(const char *directory)
{
    struct recorder *recorder = NULL;
    int error = recorder_open_offline(directory, &recorder);
    if (error < 0)
        return error;
    struct json_object *whole = json_object_new_object(), *store = json_object_new_object();
    daemon_store_describe(recorder, store);
    json_object_object_add(whole, "store", store);
    printf("%s\n", json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PLAIN));
    json_object_put(whole);
    error = recorder_read(recorder, 1, UINT32_MAX, line_write, NULL);
    recorder_close(recorder);
    return fflush(stdout) == EOF ? -EIO : error;
}
