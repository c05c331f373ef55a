/* Bundles of settings texts, their hash, and the last accepted copy of them in the store. */
#include "core/settings_bundle.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "core/settings_files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

#define HEAD_FORMAT "sekisho-accepted 1 "
#define HEAD_SIZE   (sizeof(HEAD_FORMAT) - 1 + 64 + 1) /* with the hash and a newline */
#define FRAME_MAX   192                                /* "NAME LENGTH\n" */

int settings_fault(struct json_error *ret_error, const char *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_error->message, sizeof(ret_error->message), format, arguments);
    va_end(arguments);
    snprintf(ret_error->file, sizeof(ret_error->file), "%s", file);
    ret_error->place = (struct json_place){0};
    return -EBADMSG;
}

void settings_bundle_clear(struct settings_bundle *bundle)
{
    for (unsigned i = 0; i < bundle->count && !bundle->whole; i++) {
        free(bundle->texts[i].name);
        free(bundle->texts[i].bytes);
    }
    free(bundle->whole);
    bundle->whole = NULL;
    bundle->count = 0;
}

int settings_bundle_add(struct settings_bundle *bundle, const char *name, char *bytes, size_t size)
{
    char *copy = bundle->count < SETTINGS_FILES_MAX ? strdup(name) : NULL;
    if (!copy) {
        free(bytes);
        return bundle->count < SETTINGS_FILES_MAX ? -ENOMEM : -E2BIG;
    }
    bundle->texts[bundle->count++] = (struct settings_text){copy, bytes, size};
    return 0;
}

/* --- hash ------------------------------------------------------------------------------------------------------------ */

static void digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}
#define cleanup_digest_ cleanup_(digest_free)

static EVP_MD_CTX *digest_begin(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        digest_free(&digest);
    return digest;
}

static int digest_end(EVP_MD_CTX *digest, char ret_sha256[static 65])
{
    unsigned char hash[32];
    if (EVP_DigestFinal_ex(digest, hash, NULL) != 1)
        return -EIO;
    text_hex(ret_sha256, hash, sizeof(hash));
    return 0;
}

static size_t frame(const struct settings_text *text, char buffer[static FRAME_MAX])
{
    return (size_t)snprintf(buffer, FRAME_MAX, "%s %zu\n", text->name, text->size);
}

int settings_bundle_hash(const struct settings_bundle *bundle, char ret_sha256[static 65])
{
    char line[FRAME_MAX];
    cleanup_digest_ EVP_MD_CTX *digest = digest_begin();
    if (!digest)
        return -ENOMEM;
    for (unsigned i = 0; i < bundle->count; i++) {
        const struct settings_text *text = &bundle->texts[i];
        if (EVP_DigestUpdate(digest, line, frame(text, line)) != 1 ||
            EVP_DigestUpdate(digest, text->bytes, text->size) != 1)
            return -EIO;
    }
    return digest_end(digest, ret_sha256);
}

/* --- the accepted copy ----------------------------------------------------------------------------------------------- */

static const char *accepted_name(enum settings_which which)
{
    return which == SETTINGS_AGENT ? "agent.accepted" : "policy.accepted";
}

static void write_head(char head[static HEAD_SIZE + 1], const char *sha256)
{
    snprintf(head, HEAD_SIZE + 1, HEAD_FORMAT "%s\n", sha256);
}

static int hash_rest(int fd, char ret_sha256[static 65])
{
    char bytes[16384];
    ssize_t got;
    cleanup_digest_ EVP_MD_CTX *digest = digest_begin();
    if (!digest)
        return -ENOMEM;
    while ((got = read(fd, bytes, sizeof(bytes))) > 0)
        if (EVP_DigestUpdate(digest, bytes, (size_t)got) != 1)
            return -EIO;
    return got < 0 ? -errno : digest_end(digest, ret_sha256);
}

/* Does this very document stand there already, undamaged? Read in pieces: it may be large, and is read at each start. */
static bool stands_already(int store, const char *name, const char *sha256)
{
    char head[HEAD_SIZE + 1], expected[HEAD_SIZE + 1], found[65];
    cleanup_fd_ int fd = openat(store, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || read(fd, head, HEAD_SIZE) != (ssize_t)HEAD_SIZE)
        return false;
    write_head(expected, sha256);
    return memcmp(head, expected, HEAD_SIZE) == 0 && hash_rest(fd, found) == 0 && strcmp(found, sha256) == 0;
}

int settings_bundle_keep(const struct settings_bundle *bundle, const char *store_directory,
    enum settings_which which, const char *sha256)
{
    char head[HEAD_SIZE + 1];
    struct iovec parts[1 + 2 * SETTINGS_FILES_MAX];
    cleanup_free_ char(*frames)[FRAME_MAX] = calloc(SETTINGS_FILES_MAX, FRAME_MAX);
    cleanup_fd_ int store = open(store_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store < 0 || !frames)
        return frames ? -errno : -ENOMEM;
    if (stands_already(store, accepted_name(which), sha256))
        return 0;
    size_t count = 0;
    write_head(head, sha256);
    parts[count++] = (struct iovec){head, HEAD_SIZE};
    for (unsigned i = 0; i < bundle->count; i++) {
        const struct settings_text *text = &bundle->texts[i];
        parts[count++] = (struct iovec){frames[i], frame(text, frames[i])};
        parts[count++] = (struct iovec){text->bytes, text->size};
    }
    return file_write_atomic_parts(store, accepted_name(which), parts, count, 0600);
}

/* Takes one "NAME LENGTH\n" and its bytes off *at; the name's NUL is put in place of the blank. */
static int take_text(char **at, const char *end, struct settings_text *ret_text)
{
    int64_t size;
    char *newline = memchr(*at, '\n', (size_t)(end - *at));
    char *blank = newline ? memchr(*at, ' ', (size_t)(newline - *at)) : NULL;
    if (!blank)
        return -EBADMSG;
    *blank = *newline = '\0';
    if (text_integer(blank + 1, &size) < 0 || size < 0 || size > end - (newline + 1))
        return -EBADMSG;
    *ret_text = (struct settings_text){*at, newline + 1, (size_t)size};
    *at = newline + 1 + size;
    return 0;
}

static int parse_accepted(struct settings_bundle *bundle, char *bytes, size_t size)
{
    char *at = bytes + HEAD_SIZE, *end = bytes + size;
    while (at < end) {
        if (bundle->count == SETTINGS_FILES_MAX || take_text(&at, end, &bundle->texts[bundle->count]) < 0)
            return -EBADMSG;
        bundle->count++;
    }
    return 0;
}

/* The hash is checked before a byte of what it covers is parsed. */
static int check_head(const char *bytes, size_t size, char ret_sha256[static 65])
{
    char head[HEAD_SIZE + 1];
    unsigned char hash[32];
    if (size < HEAD_SIZE ||
        EVP_Digest(bytes + HEAD_SIZE, size - HEAD_SIZE, hash, NULL, EVP_sha256(), NULL) != 1)
        return -EBADMSG;
    text_hex(ret_sha256, hash, sizeof(hash));
    write_head(head, ret_sha256);
    return memcmp(head, bytes, HEAD_SIZE) == 0 ? 0 : -EBADMSG;
}

int settings_bundle_load(struct settings_bundle *bundle, const char *store_directory,
    enum settings_which which, uid_t owner, char ret_sha256[static 65], struct json_error *ret_error)
{
    const char *name = accepted_name(which);
    size_t size;
    cleanup_fd_ int store = open(store_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store < 0)
        return errno == ENOENT ? -ENOENT : settings_fault(ret_error, store_directory, "cannot be read: %m");
    int error = settings_file_read(store, name, name, owner,
        settings_limit(which) + HEAD_SIZE + (size_t)SETTINGS_FILES_MAX * FRAME_MAX, &bundle->whole, &size,
        ret_error);
    if (error < 0)
        return error;
    if (check_head(bundle->whole, size, ret_sha256) < 0 || parse_accepted(bundle, bundle->whole, size) < 0)
        return settings_fault(ret_error, name, "the last accepted copy is damaged");
    return 0;
}
