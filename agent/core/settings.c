/* Documents: texts bound, cross-checked, accepted as a whole or refused as a whole. */
#include "core/settings.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "core/settings_bundle.h"
#include "core/settings_fields.h"
#include "core/settings_files.h"

#include <fcntl.h>
#include <malloc.h>
#include <string.h>

#define cleanup_bundle_ cleanup_(settings_bundle_clear)

/* A document that is not accepted yet, with what frees it. */
struct draft {
    const struct settings_source *source;
    enum settings_which which;
    struct settings_document *document;
    bool part; /* one file of policy.d alone */
};

static const struct module_settings *module_part(const struct module *module, enum settings_which which)
{
    return which == SETTINGS_AGENT ? &module->agent : &module->policy;
}

static void document_destroy(
    const struct settings_source *source, enum settings_which which, struct settings_document *document)
{
    for (unsigned i = 0; document && source->modules[i] && i < SETTINGS_MODULES_MAX; i++)
        if (document->parts[i])
            module_part(source->modules[i], which)->destroy(document->parts[i]);
    free(document);
}

static void draft_clear(struct draft *draft)
{
    document_destroy(draft->source, draft->which, draft->document);
    draft->document = NULL;
}
#define cleanup_draft_ cleanup_(draft_clear)

static int out_of_memory(struct json_error *ret_error, enum settings_which which)
{
    settings_fault(ret_error, settings_file_name(which), "out of memory");
    return -ENOMEM;
}

/* Defaults everywhere: the core's part and a fresh one of each module. */
static int draft_begin(struct draft *draft, struct json_error *ret_error)
{
    struct settings_document *document = calloc(1, sizeof(*document));
    if (!document)
        return out_of_memory(ret_error, draft->which);
    draft->document = document;
    document->which = draft->which;
    settings_agent_defaults(&document->agent);
    for (unsigned i = 0; draft->source->modules[i]; i++) {
        const struct module_settings *part = module_part(draft->source->modules[i], draft->which);
        if (i == SETTINGS_MODULES_MAX)
            return settings_fault(ret_error, "modules", "expected at most %d", SETTINGS_MODULES_MAX);
        if (part->fields && !(document->parts[i] = part->create()))
            return out_of_memory(ret_error, draft->which);
    }
    return 0;
}

static void list_parts(const struct draft *draft, struct bind_part parts[static BIND_PARTS_MAX + 1])
{
    struct settings_document *document = draft->document;
    unsigned count = 0;
    if (draft->which == SETTINGS_AGENT)
        parts[count++] = (struct bind_part){settings_agent_fields, &document->agent};
    else
        parts[count++] = (struct bind_part){settings_policy_fields, document};
    for (unsigned i = 0; draft->source->modules[i]; i++)
        if (document->parts[i])
            parts[count++] = (struct bind_part){
                module_part(draft->source->modules[i], draft->which)->fields, document->parts[i]};
    parts[count] = (struct bind_part){0};
}

/* policy.json must say its version; the files in policy.d need not, and without policy.json there is none. */
static int check_version(const struct draft *draft, const char *name, struct json_error *ret_error)
{
    if (draft->which != SETTINGS_POLICY || draft->part || strstr(name, "policy.d/") ||
        draft->document->version)
        return 0;
    return settings_fault(ret_error, name, "missing key \"version\"");
}

static int draft_bind(struct draft *draft, const struct settings_bundle *bundle, struct json_error *ret_error)
{
    struct bind_part parts[BIND_PARTS_MAX + 1];
    struct json_merge merge = {0};
    list_parts(draft, parts);
    for (unsigned i = 0; i < bundle->count; i++) {
        const struct settings_text *text = &bundle->texts[i];
        int error = json_bind_parts(parts, text->name, text->bytes, text->size, &merge, ret_error);
        if (error == 0)
            error = check_version(draft, text->name, ret_error);
        if (error < 0)
            return error;
    }
    return bundle->count ? json_bind_finish(parts, &merge, settings_file_name(draft->which), ret_error) : 0;
}

/* What no single value shows: each part looks at itself as a whole, and builds its indexes. */
static int draft_finish(struct draft *draft, const char *name, struct json_error *ret_error)
{
    char message[256] = "";
    int error = 0;
    if (draft->which == SETTINGS_AGENT)
        error = settings_agent_finish(&draft->document->agent, message);
    for (unsigned i = 0; error == 0 && draft->source->modules[i]; i++) {
        const struct module_settings *part = module_part(draft->source->modules[i], draft->which);
        if (draft->document->parts[i] && part->finish)
            error = part->finish(draft->document->parts[i], draft->source->clock, message);
    }
    if (error == -ENOMEM && !message[0])
        return out_of_memory(ret_error, draft->which);
    return error < 0 ? settings_fault(ret_error, name, "%s", message[0] ? message : strerror(-error)) : 0;
}

/* From texts to a document that may be put in force. name: what a fault of the whole is reported under. */
static int draft_accept(
    struct draft *draft, const struct settings_bundle *bundle, const char *name, struct json_error *ret_error)
{
    int error = draft_begin(draft, ret_error);
    if (error == 0)
        error = draft_bind(draft, bundle, ret_error);
    if (error == 0)
        error = draft_finish(draft, name, ret_error);
    if (error == 0 && settings_bundle_hash(bundle, draft->document->sha256) < 0)
        error = out_of_memory(ret_error, draft->which);
    return error;
}

int settings_accept(const struct settings_source *source, enum settings_which which,
    const struct settings_bundle *bundle, const char *name, struct settings_document **ret_document,
    struct json_error *ret_error)
{
    cleanup_draft_ struct draft draft = {source, which, NULL, false};
    int error = draft_accept(&draft, bundle, name, ret_error);
    if (error < 0)
        return error;
    *ret_document = take_pointer(draft.document);
    return 0;
}

/* A large register's text is gone again: give its pages back, so that the daemon at rest is as small as before. */
static void trim_memory(void *nothing)
{
    malloc_trim(0);
}
#define cleanup_trim_ cleanup_(trim_memory) __attribute__((unused))

int settings_load(const struct settings_source *source, enum settings_which which,
    struct settings_document **ret_document, struct json_error *ret_error)
{
    cleanup_trim_ char trim = 0;
    cleanup_bundle_ struct settings_bundle bundle = {0};
    cleanup_draft_ struct draft draft = {source, which, NULL, false};
    int error = settings_files_read(source, which, &bundle, ret_error);
    if (error == -ENOMEM)
        return out_of_memory(ret_error, which);
    if (error == 0)
        error = draft_accept(&draft, &bundle, settings_file_name(which), ret_error);
    if (error < 0)
        return error;
    if (source->store_directory) {
        /* What is accepted is in force, kept or not; only a later boot with a refused file would miss the copy. */
        error = settings_bundle_keep(&bundle, source->store_directory, which, draft.document->sha256);
        if (error < 0)
            log_error(error, "cannot keep the accepted copy of %s", settings_file_name(which));
    }
    *ret_document = take_pointer(draft.document);
    return 0;
}

int settings_load_accepted(const struct settings_source *source, enum settings_which which,
    struct settings_document **ret_document, struct json_error *ret_error)
{
    char sha256[65];
    cleanup_trim_ char trim = 0;
    cleanup_bundle_ struct settings_bundle bundle = {0};
    if (!source->store_directory)
        return -ENOENT;
    int error =
        settings_bundle_load(&bundle, source->store_directory, which, source->owner, sha256, ret_error);
    if (error == -ENOMEM)
        return out_of_memory(ret_error, which);
    if (error < 0)
        return error;
    return settings_accept(source, which, &bundle, settings_file_name(which), ret_document, ret_error);
}

/* The caller's own file: read as he may, through links and pipes too. */
static int read_any(const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
{
    cleanup_fd_ int opened = -1;
    if (strcmp(path, "-") == 0)
        return file_read_fd(STDIN_FILENO, limit, ret_bytes, ret_size);
    opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return opened < 0 ? -errno : file_read_fd(opened, limit, ret_bytes, ret_size);
}

int settings_check_file(const struct settings_source *source, enum settings_which which, bool part,
    const char *path, struct json_error *ret_error)
{
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    cleanup_bundle_ struct settings_bundle bundle = {0};
    cleanup_draft_ struct draft draft = {source, which, NULL, part};
    char *bytes;
    size_t size;
    int error = read_any(path, settings_limit(which), &bytes, &size);
    if (error < 0)
        return settings_fault(ret_error, name, "cannot be read: %s", strerror(-error));
    error = settings_bundle_add(&bundle, name, bytes, size);
    if (error < 0)
        return out_of_memory(ret_error, which);
    return draft_accept(&draft, &bundle, name, ret_error);
}

int settings_defaults(
    const struct settings_source *source, enum settings_which which, struct settings_document **ret_document)
{
    struct json_error error_found;
    static const struct settings_bundle nothing;
    return settings_accept(source, which, &nothing, settings_file_name(which), ret_document, &error_found);
}

void settings_document_destroy(const struct settings_source *source, struct settings_document *document)
{
    if (document)
        document_destroy(source, document->which, document);
}
