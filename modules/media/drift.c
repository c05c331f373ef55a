#include "media/drift.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#define RULES_BYTES_MAX (256 * 1024)
#define PARAMETER       "module/usbcore/parameters/authorized_default"
#define PLACE_MAX       512

/* --- what was found --------------------------------------------------------------------------------------------------- */

static struct drift_item *item_of(struct drift *drift, const char *what)
{
    for (unsigned i = 0; i < drift->count; i++) {
        if (strcmp(drift->items[i].what, what) == 0)
            return &drift->items[i];
    }
    if (drift->count == DRIFT_MAX)
        return NULL;
    struct drift_item *item = &drift->items[drift->count++];
    *item = (struct drift_item){0};
    snprintf(item->what, sizeof(item->what), "%s", what);
    return item;
}

static void note(struct drift *drift, const char *what, const char *found, const char *expected, bool mended)
{
    char shown[DRIFT_VALUE_MAX];
    struct drift_item *item = item_of(drift, what);
    if (!item)
        return;
    text_make_printable(shown, sizeof(shown), found, strlen(found));
    /* Mended and wrong again is another drift; wrong as before is the same one. */
    if (item->mended || strcmp(item->found, shown) != 0)
        item->recorded = false;
    memcpy(item->found, shown, sizeof(shown));
    snprintf(item->expected, sizeof(item->expected), "%s", expected);
    item->mended = mended;
    item->seen = true;
}

static void record_items(struct drift *drift, struct host *host)
{
    for (unsigned i = 0; i < drift->count; i++) {
        struct drift_item *item = &drift->items[i];
        if (item->recorded)
            continue;
        struct event event = EVENT(EVENT_DRIFT_FOUND);
        event_set_text(&event, EVENT_DRIFT_WHAT, item->what);
        event_set_text(&event, EVENT_DRIFT_FOUND_VALUE, item->found);
        event_set_text(&event, EVENT_DRIFT_EXPECTED, item->expected);
        event_set_boolean(&event, EVENT_DRIFT_MENDED, item->mended);
        item->recorded = host_record(host, &event) == 0;
    }
}

/* What is right again is forgotten, once it was told. */
static void forget_settled(struct drift *drift)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < drift->count; i++) {
        if (drift->items[i].seen || !drift->items[i].recorded)
            drift->items[kept++] = drift->items[i];
    }
    drift->count = kept;
}

/* --- sysfs ------------------------------------------------------------------------------------------------------------ */

/* An attribute that must be "0"; where the kernel has it not, there is nothing to ask. */
static void check_zero(struct drift *drift, int sys, const char *attribute)
{
    char found[16], now[16];
    ssize_t length = file_peek(sys, attribute, found, sizeof(found));
    if (length < 0 || strcmp(found, "0") == 0)
        return;
    bool mended = file_poke(sys, attribute, "0") == 0 && file_peek(sys, attribute, now, sizeof(now)) >= 0 &&
                  strcmp(now, "0") == 0;
    char what[PLACE_MAX];
    snprintf(what, sizeof(what), "/sys/%s", attribute);
    note(drift, what, found, "0", mended);
}

static bool is_root_hub(const char *name)
{
    return strncmp(name, "usb", 3) == 0 && isdigit((unsigned char)name[3]);
}

static void check_root_hubs(struct drift *drift, int sys)
{
    cleanup_(directory_close) DIR *directory = NULL;
    int fd = openat(sys, "bus/usb/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        char attribute[PLACE_MAX];
        snprintf(
            attribute, sizeof(attribute), "bus/usb/devices/%s/interface_authorized_default", entry->d_name);
        if (is_root_hub(entry->d_name))
            check_zero(drift, sys, attribute);
    }
}

/* --- rules ------------------------------------------------------------------------------------------------------------ */

static void hash_rules(int root, const char *path, char found[static DRIFT_VALUE_MAX])
{
    cleanup_free_ char *bytes = NULL;
    size_t size = 0;
    unsigned char hash[32];
    int r = file_read(root, path, RULES_BYTES_MAX, &bytes, &size);
    if (r < 0)
        snprintf(found, DRIFT_VALUE_MAX, "%s", r == -ENOENT ? "missing" : strerror(-r));
    else if (EVP_Digest(bytes, size, hash, NULL, EVP_sha256(), NULL) != 1)
        snprintf(found, DRIFT_VALUE_MAX, "cannot be hashed");
    else
        text_hex(found, hash, sizeof(hash));
}

/* A file of the same name in one of these takes the place of ours (udev(7)). */
static void check_overrides(struct drift *drift, int root)
{
    static const char *const folders[] = {"etc/udev/rules.d", "run/udev/rules.d"};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        char path[PLACE_MAX], what[PLACE_MAX + 1];
        struct stat status;
        snprintf(path, sizeof(path), "%s/%s", folders[i], drift->rules.name);
        snprintf(what, sizeof(what), "/%s", path);
        if (fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
            note(drift, what, "overrides the gate's rules", "no such file", false);
    }
}

static void check_rules(struct drift *drift, int root)
{
    char path[PLACE_MAX], what[PLACE_MAX + 1], found[DRIFT_VALUE_MAX];
    snprintf(path, sizeof(path), "%s/%s", drift->rules.folder, drift->rules.name);
    snprintf(what, sizeof(what), "/%s", path);
    hash_rules(root, path, found);
    if (strcmp(found, drift->rules.sha256) != 0)
        note(drift, what, found, drift->rules.sha256, false);
    check_overrides(drift, root);
}

void drift_check(struct drift *drift, struct host *host, int root, int sys)
{
    for (unsigned i = 0; i < drift->count; i++)
        drift->items[i].seen = false;
    check_zero(drift, sys, PARAMETER);
    check_root_hubs(drift, sys);
    if (drift->rules.name)
        check_rules(drift, root);
    for (unsigned i = 0; i < drift->count; i++) {
        if (!drift->items[i].recorded)
            log_warning("media: %s is \"%s\", not \"%s\"%s", drift->items[i].what, drift->items[i].found,
                drift->items[i].expected, drift->items[i].mended ? "; mended" : "");
    }
    record_items(drift, host);
    forget_settled(drift);
}
