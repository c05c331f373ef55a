/* Allocators in front of the real ones; see failing_memory.h. The linker puts them there (--wrap). */
#include "failing_memory.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct {
    bool armed, all_after, failed;
    unsigned nth, count;
} memory;

void failing_memory_begin(unsigned nth, bool all_after)
{
    memory.armed = true;
    memory.all_after = all_after;
    memory.failed = false;
    memory.nth = nth;
    memory.count = 0;
}

bool failing_memory_end(void)
{
    memory.armed = false;
    return memory.failed;
}

static bool fails(void)
{
    if (!memory.armed)
        return false;
    memory.count++;
    bool now = memory.count == memory.nth || (memory.all_after && memory.count > memory.nth);
    memory.failed |= now;
    return now;
}

/* WRAP(type, name, parameters, arguments): NULL when the request is to fail. */
#define WRAP(type, name, parameters, arguments)                                                              \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        return fails() ? NULL : __real_##name arguments;                                                     \
    }

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *bytes, size_t size), (bytes, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))
WRAP(struct json_object *, json_object_new_object, (void), ())
WRAP(struct json_object *, json_object_new_array, (void), ())
WRAP(struct json_object *, json_object_new_string, (const char *text), (text))
WRAP(struct json_object *, json_object_new_int64, (int64_t number), (number))
WRAP(struct json_object *, json_object_new_boolean, (json_bool boolean), (boolean))
