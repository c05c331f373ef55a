#include "core/store/keys.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "core/store/files.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define KEY_MAGIC "sekisho/chain-key/v1 "
#define HEX_SIZE  (2 * CHAIN_SECRET_SIZE)
#define LINE_SIZE (sizeof(KEY_MAGIC) - 1 + HEX_SIZE + 1 + HEX_SIZE + 1)

void store_keys_wipe(struct store_keys *keys)
{
    explicit_bzero(keys, sizeof(*keys));
}

static int public_of(
    const uint8_t secret[static CHAIN_SECRET_SIZE], uint8_t ret_key[static CHAIN_PUBLIC_SIZE])
{
    size_t size = CHAIN_PUBLIC_SIZE;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, CHAIN_SECRET_SIZE);
    bool done = key && EVP_PKEY_get_raw_public_key(key, ret_key, &size) == 1 && size == CHAIN_PUBLIC_SIZE;
    EVP_PKEY_free(key);
    return done ? 0 : -EIO;
}

static int line_parse(char *line, size_t size, struct store_keys *keys)
{
    uint8_t claimed[CHAIN_PUBLIC_SIZE];
    char *secret = line + sizeof(KEY_MAGIC) - 1, *claim = secret + HEX_SIZE + 1;
    if (size != LINE_SIZE || memcmp(line, KEY_MAGIC, sizeof(KEY_MAGIC) - 1) != 0 || claim[-1] != ' ' ||
        claim[HEX_SIZE] != '\n')
        return -EUCLEAN;
    claim[-1] = claim[HEX_SIZE] = '\0';
    if (text_unhex(keys->secret, CHAIN_SECRET_SIZE, secret) < 0 ||
        text_unhex(claimed, CHAIN_PUBLIC_SIZE, claim) < 0)
        return -EUCLEAN;
    int error = public_of(keys->secret, keys->public_key);
    if (error < 0)
        return error;
    return memcmp(claimed, keys->public_key, CHAIN_PUBLIC_SIZE) == 0 ? 0 : -EUCLEAN;
}

int store_keys_read(int directory, struct store_keys *ret_keys)
{
    struct store_keys keys;
    char *line = NULL;
    size_t size = 0;
    int error = file_read(directory, STORE_KEY, LINE_SIZE, &line, &size);
    if (error < 0)
        return error == -EFBIG ? -EUCLEAN : error;
    error = line_parse(line, size, &keys);
    if (error >= 0)
        *ret_keys = keys;
    store_keys_wipe(&keys);
    explicit_bzero(line, size);
    free(line);
    return error;
}

int store_keys_make(int directory, struct store_keys *ret_keys)
{
    struct store_keys keys;
    char line[LINE_SIZE + 1] = KEY_MAGIC;
    if (getrandom(keys.secret, sizeof(keys.secret), 0) != (ssize_t)sizeof(keys.secret))
        return -EIO;
    int error = public_of(keys.secret, keys.public_key);
    if (error >= 0) {
        char *at = line + sizeof(KEY_MAGIC) - 1;
        text_hex(at, keys.secret, CHAIN_SECRET_SIZE);
        at[HEX_SIZE] = ' ';
        text_hex(at + HEX_SIZE + 1, keys.public_key, CHAIN_PUBLIC_SIZE);
        strcpy(line + LINE_SIZE - 1, "\n");
        error = file_write_atomic(directory, STORE_KEY, line, LINE_SIZE, 0600);
    }
    if (error >= 0)
        *ret_keys = keys;
    store_keys_wipe(&keys);
    explicit_bzero(line, sizeof(line));
    return error;
}
