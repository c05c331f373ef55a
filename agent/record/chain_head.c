/* The signed head of a chain. Ed25519: RFC 8032. */
#include "record/chain.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "record/canonical.h"

#include <openssl/evp.h>
#include <string.h>

static const char PURPOSE[] = "sekisho/head/v1"; /* its NUL is signed too */

static void key_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void context_free(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}
#define cleanup_key_     cleanup_(key_free)
#define cleanup_context_ cleanup_(context_free)

static struct json_object *head_object(const struct chain_head *head)
{
    char hex[2 * CHAIN_HASH_SIZE + 1];
    text_hex(hex, head->hash, CHAIN_HASH_SIZE);
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "chain_uid", json_object_new_string(head->chain_uid));
    json_object_object_add(object, "hash", json_object_new_string(hex));
    json_object_object_add(object, "sequence", json_object_new_int64(head->sequence));
    return object;
}

/* What is signed: purpose, NUL, canonical JSON. */
static int head_message(const struct chain_head *head, char **ret_bytes, size_t *ret_size)
{
    cleanup_free_ char *text = NULL;
    size_t size;
    struct json_object *object = head_object(head);
    int error = canonical_json(object, &text, &size);
    json_object_put(object);
    if (error < 0)
        return error;
    char *bytes = malloc(sizeof(PURPOSE) + size);
    if (!bytes)
        return -ENOMEM;
    memcpy(bytes, PURPOSE, sizeof(PURPOSE));
    memcpy(bytes + sizeof(PURPOSE), text, size);
    *ret_bytes = bytes;
    *ret_size = sizeof(PURPOSE) + size;
    return 0;
}

int chain_head_sign(const struct chain_head *head, const uint8_t secret[static CHAIN_SECRET_SIZE],
    uint8_t ret_signature[static CHAIN_SIGNATURE_SIZE])
{
    cleanup_free_ char *bytes = NULL;
    size_t size, length = CHAIN_SIGNATURE_SIZE;
    uint8_t signature[CHAIN_SIGNATURE_SIZE];
    int error = head_message(head, &bytes, &size);
    if (error < 0)
        return error;
    EVP_PKEY *key cleanup_key_ =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, CHAIN_SECRET_SIZE);
    EVP_MD_CTX *context cleanup_context_ = EVP_MD_CTX_new();
    if (!key || !context || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const uint8_t *)bytes, size) != 1)
        return -EIO;
    memcpy(ret_signature, signature, sizeof(signature));
    return 0;
}

int chain_head_verify(const struct chain_head *head, const uint8_t public_key[static CHAIN_PUBLIC_SIZE],
    const uint8_t signature[static CHAIN_SIGNATURE_SIZE])
{
    cleanup_free_ char *bytes = NULL;
    size_t size;
    int error = head_message(head, &bytes, &size);
    if (error < 0)
        return error;
    EVP_PKEY *key cleanup_key_ =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, CHAIN_PUBLIC_SIZE);
    EVP_MD_CTX *context cleanup_context_ = EVP_MD_CTX_new();
    if (!key || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
        return -EKEYREJECTED;
    return EVP_DigestVerify(context, signature, CHAIN_SIGNATURE_SIZE, (const uint8_t *)bytes, size) == 1
               ? 0
               : -EKEYREJECTED;
}
