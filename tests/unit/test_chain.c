/* The chain: what was edited, cut, reordered, brought in from elsewhere or rolled back is named. */
#include "record/chain.h"

#include "base/text.h"
#include "record/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINKS 8

static const char CHAIN_A[] = "01930000-0000-7000-8000-00000000000a";
static const char CHAIN_B[] = "01930000-0000-7000-8000-00000000000b";

struct chain {
    struct chain_link links[LINKS];
    struct chain_head heads[LINKS + 1]; /* heads[n]: after n links */
};

static void link_make(struct chain_link *link, const struct chain_head *before, const char *serial)
{
    char prev_hash[2 * CHAIN_HASH_SIZE + 1], *body;
    text_hex(prev_hash, before->hash, CHAIN_HASH_SIZE);
    const struct event_origin origin = {
        .terminal_id = "zei-0012",
        .product_version = "1",
        .uid = CHAIN_A,
        .chain_uid = before->chain_uid,
        .boot_id = CHAIN_A,
        .sequence = before->sequence + 1,
        .time_ms = 1795000000000 + before->sequence,
        .prev_hash = prev_hash,
    };
    struct event event = EVENT(EVENT_DEVICE_REFUSED);
    event_set_text(&event, EVENT_REASON, "M-03");
    event_set_text(&event, EVENT_REASON_TEXT, "This USB medium is not registered.");
    event_set_text(&event, EVENT_DEVICE_NAME, "2-1");
    event_set_text(&event, EVENT_VENDOR_ID, "46f4");
    event_set_text(&event, EVENT_PRODUCT_ID, "0001");
    event_set_text(&event, EVENT_SERIAL, serial);
    struct json_object *object = NULL;
    *link = (struct chain_link){.sequence = before->sequence + 1, .class_uid = 1010};
    memcpy(link->prev_hash, before->hash, CHAIN_HASH_SIZE);
    assert_int_equal(event_encode(&event, &origin, &object), 0);
    assert_int_equal(chain_seal(object, link->hash, &body, &link->body_size), 0);
    link->body = body;
    json_object_put(object);
}

static void chain_make(struct chain *chain, const char *uid)
{
    chain->heads[0] = (struct chain_head){0};
    strcpy(chain->heads[0].chain_uid, uid);
    for (unsigned i = 0; i < LINKS; i++) {
        struct chain_head *next = &chain->heads[i + 1];
        link_make(&chain->links[i], &chain->heads[i], "A\"1\x1b\xff");
        *next = chain->heads[i];
        next->sequence++;
        memcpy(next->hash, chain->links[i].hash, CHAIN_HASH_SIZE);
    }
}

static void chain_free(struct chain *chain)
{
    for (unsigned i = 0; i < LINKS; i++)
        free((char *)chain->links[i].body);
}

/* Both chains are made once: a[] is walked, b is another terminal's. */
struct chains {
    struct chain a, b;
};

static int chains_make(void **state)
{
    struct chains *chains = calloc(1, sizeof(*chains));
    chain_make(&chains->a, CHAIN_A);
    chain_make(&chains->b, CHAIN_B);
    *state = chains;
    return 0;
}

static int chains_free(void **state)
{
    struct chains *chains = *state;
    chain_free(&chains->a);
    chain_free(&chains->b);
    free(chains);
    return 0;
}

/* Walks links; the fault of each is compared with expected[], 0 meaning none. */
static struct chain_head assert_walk(
    const struct chain_link *links, unsigned count, const enum chain_fault *expected)
{
    struct chain_walk walk = {0};
    for (unsigned i = 0; i < count; i++) {
        enum chain_fault fault = chain_walk_next(&walk, &links[i]);
        if (fault != expected[i])
            fail_msg("link %u: %s, expected %s", i, chain_fault_name(fault), chain_fault_name(expected[i]));
    }
    return walk.head;
}

static void test_chain_that_nobody_touched_is_whole(void **state)
{
    struct chains *chains = *state;
    const enum chain_fault none[LINKS] = {0};
    struct chain_head head = assert_walk(chains->a.links, LINKS, none);
    assert_int_equal(head.sequence, LINKS);
    assert_string_equal(head.chain_uid, CHAIN_A);
    assert_memory_equal(head.hash, chains->a.heads[LINKS].hash, CHAIN_HASH_SIZE);
    struct chain_walk walk = {.head = head};
    assert_int_equal(chain_walk_end(&walk, &chains->a.heads[LINKS]), CHAIN_OK);
    assert_int_equal(chain_walk_end(&walk, &chains->a.heads[LINKS - 1]), CHAIN_OK);
    assert_int_equal(chain_walk_end(&walk, &chains->a.heads[0]), CHAIN_OK);
}

static void test_chain_finds_every_changed_byte_of_an_event(void **state)
{
    struct chains *chains = *state;
    struct chain_link link = chains->a.links[2];
    char *body = strdup(link.body);
    link.body = body;
    for (size_t i = 0; i < link.body_size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct chain_walk walk = {.head = chains->a.heads[2]};
            body[i] = (char)(chains->a.links[2].body[i] ^ (1 << bit));
            if (chain_walk_next(&walk, &link) == CHAIN_OK)
                fail_msg("byte %zu bit %u of %s", i, bit, chains->a.links[2].body);
        }
        body[i] = chains->a.links[2].body[i];
    }
    struct chain_walk walk = {.head = chains->a.heads[2]};
    assert_int_equal(chain_walk_next(&walk, &link), CHAIN_OK);
    free(body);
}

static void test_chain_finds_bytes_that_mean_the_same(void **state)
{
    struct chains *chains = *state;
    struct chain_link link = chains->a.links[0];
    char *padded = malloc(link.body_size + 2);
    memcpy(padded, link.body, link.body_size);
    strcpy(padded + link.body_size, " ");
    link.body = padded;
    link.body_size++;
    struct chain_walk walk = {0};
    assert_int_equal(chain_walk_next(&walk, &link), CHAIN_EDITED);
    link.body_size = 20; /* and one that was cut */
    walk = (struct chain_walk){0};
    assert_int_equal(chain_walk_next(&walk, &link), CHAIN_EDITED);
    link.body_size = 0;
    walk = (struct chain_walk){0};
    assert_int_equal(chain_walk_next(&walk, &link), CHAIN_EDITED);
    free(padded);
}

static void test_chain_names_an_edited_event_even_with_a_new_hash(void **state)
{
    struct chains *chains = *state;
    struct chain_link links[LINKS];
    memcpy(links, chains->a.links, sizeof(links));
    struct chain_link forged;
    link_make(&forged, &chains->a.heads[3], "another serial"); /* hash computed anew, as a forger would */
    links[3] = forged;
    const enum chain_fault expected[LINKS] = {[4] = CHAIN_BROKEN};
    assert_walk(links, LINKS, expected);
    links[3] = chains->a.links[3]; /* the hash beside the body alone */
    links[3].hash[0] ^= 1;
    const enum chain_fault beside[LINKS] = {[3] = CHAIN_EDITED, [4] = CHAIN_BROKEN};
    assert_walk(links, LINKS, beside);
    links[3] = chains->a.links[3];
    links[3].prev_hash[31] ^= 1;
    const enum chain_fault previous[LINKS] = {[3] = CHAIN_EDITED};
    assert_walk(links, LINKS, previous);
    links[3] = chains->a.links[3];
    links[3].sequence = 1000;
    const enum chain_fault numbered[LINKS] = {[3] = CHAIN_EDITED, [4] = CHAIN_GAP};
    assert_walk(links, LINKS, numbered);
    free((char *)forged.body);
}

static void test_chain_names_a_cut(void **state)
{
    struct chains *chains = *state;
    struct chain_link links[LINKS];
    memcpy(links, chains->a.links, sizeof(links));
    memmove(&links[3], &links[5], 3 * sizeof(links[0])); /* 4 and 5 are gone */
    const enum chain_fault expected[LINKS] = {[3] = CHAIN_GAP};
    assert_walk(links, LINKS - 2, expected);
    const enum chain_fault front[LINKS] = {[0] = CHAIN_GAP};
    assert_walk(chains->a.links + 1, LINKS - 1, front);
}

static void test_chain_names_what_was_reordered_or_repeated(void **state)
{
    struct chains *chains = *state;
    struct chain_link links[LINKS];
    memcpy(links, chains->a.links, sizeof(links));
    links[2] = chains->a.links[3];
    links[3] = chains->a.links[2];
    const enum chain_fault expected[LINKS] = {[2] = CHAIN_GAP, [3] = CHAIN_REORDERED};
    assert_walk(links, LINKS, expected);
    links[2] = chains->a.links[2];
    links[3] = chains->a.links[2]; /* 3 stands twice, 4 nowhere */
    const enum chain_fault repeated[LINKS] = {[3] = CHAIN_REORDERED, [4] = CHAIN_GAP};
    assert_walk(links, LINKS, repeated);
}

static void test_chain_names_an_event_of_another_chain(void **state)
{
    struct chains *chains = *state;
    struct chain_link links[LINKS];
    memcpy(links, chains->a.links, sizeof(links));
    links[4] = chains->b.links[4];
    const enum chain_fault expected[LINKS] = {[4] = CHAIN_FOREIGN, [5] = CHAIN_BROKEN};
    assert_walk(links, LINKS, expected);
    struct chain_walk walk = {.head = chains->b.heads[LINKS]};
    assert_int_equal(chain_walk_end(&walk, &chains->a.heads[LINKS]), CHAIN_FOREIGN);
}

static void test_chain_names_a_roll_back(void **state)
{
    struct chains *chains = *state;
    for (unsigned kept = 0; kept < LINKS; kept++) {
        struct chain_walk walk = {0};
        for (unsigned i = 0; i < kept; i++)
            assert_int_equal(chain_walk_next(&walk, &chains->a.links[i]), CHAIN_OK);
        assert_int_equal(chain_walk_end(&walk, &chains->a.heads[LINKS]), CHAIN_ROLLED_BACK);
    }
}

/* Rolled back to 4, then other events were chained on, all of them sound in themselves. */
static void test_chain_names_a_roll_back_that_has_grown_again(void **state)
{
    struct chains *chains = *state;
    struct chain_head head = chains->a.heads[4];
    const struct chain_head *known = &chains->a.heads[6];
    struct chain_walk walk = {.head = head, .known = known};
    for (unsigned i = 4; i < LINKS + 2; i++) {
        struct chain_link link;
        link_make(&link, &head, "grown again");
        assert_int_equal(chain_walk_next(&walk, &link), CHAIN_OK);
        head.sequence++;
        memcpy(head.hash, link.hash, CHAIN_HASH_SIZE);
        free((char *)link.body);
        if (i + 1 >= 6)
            assert_int_equal(chain_walk_end(&walk, known), CHAIN_ROLLED_BACK);
    }
    struct chain_walk honest = {.known = known};
    for (unsigned i = 0; i < LINKS; i++)
        assert_int_equal(chain_walk_next(&honest, &chains->a.links[i]), CHAIN_OK);
    assert_int_equal(chain_walk_end(&honest, known), CHAIN_OK);
}

static void test_chain_walks_over_pruned_links(void **state)
{
    struct chains *chains = *state;
    struct chain_link links[LINKS];
    memcpy(links, chains->a.links, sizeof(links));
    for (unsigned i = 0; i < 5; i++)
        links[i].body = NULL;
    const enum chain_fault none[LINKS] = {0};
    struct chain_head head = assert_walk(links, LINKS, none);
    assert_string_equal(head.chain_uid, CHAIN_A);
    links[2].hash[5] ^= 4;
    const enum chain_fault broken[LINKS] = {[3] = CHAIN_BROKEN};
    assert_walk(links, LINKS, broken);
    struct chain_walk walk = {.head = chains->a.heads[5]}; /* a front that is gone whole */
    assert_int_equal(chain_walk_next(&walk, &chains->a.links[5]), CHAIN_OK);
}

static void test_chain_seals_only_events(void **state)
{
    uint8_t hash[CHAIN_HASH_SIZE];
    char *body = NULL;
    size_t size;
    static const char *const BAD[] = {"{}", "{\"unmapped\":{}}", "{\"unmapped\":{\"sekisho\":1}}", "[]"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        struct json_object *object = json_tokener_parse(BAD[i]);
        assert_int_equal(chain_seal(object, hash, &body, &size), -EINVAL);
        assert_null(body);
        json_object_put(object);
    }
}

/* RFC 8032 7.1, TEST 1: secret and public key. */
static const char SECRET[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char PUBLIC[] = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

static void test_chain_head_is_signed_and_every_change_found(void **state)
{
    struct chains *chains = *state;
    struct chain_head head = chains->a.heads[5];
    uint8_t secret[CHAIN_SECRET_SIZE], key[CHAIN_PUBLIC_SIZE], signature[CHAIN_SIGNATURE_SIZE];
    assert_int_equal(text_unhex(secret, sizeof(secret), SECRET), 0);
    assert_int_equal(text_unhex(key, sizeof(key), PUBLIC), 0);
    assert_int_equal(chain_head_sign(&head, secret, signature), 0);
    assert_int_equal(chain_head_verify(&head, key, signature), 0);
    for (size_t i = 0; i < sizeof(signature); i++) {
        signature[i] ^= 1;
        assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
        signature[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(head.hash); i++) {
        head.hash[i] ^= 1;
        assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
        head.hash[i] ^= 1;
    }
    head.sequence++;
    assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
    head.sequence--;
    head.chain_uid[35] ^= 1;
    assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
    head.chain_uid[35] ^= 1;
    key[0] ^= 1;
    assert_int_equal(chain_head_verify(&head, key, signature), -EKEYREJECTED);
    key[0] ^= 1;
    assert_int_equal(chain_head_verify(&head, key, signature), 0);
}

/* The very bytes that are signed, so that another implementation can be held against this one. Made with openssl pkeyutl. */
static void test_chain_head_signature_is_over_the_documented_bytes(void **state)
{
    struct chain_head head = {.sequence = 5};
    uint8_t secret[CHAIN_SECRET_SIZE], signature[CHAIN_SIGNATURE_SIZE];
    char hex[2 * CHAIN_SIGNATURE_SIZE + 1];
    strcpy(head.chain_uid, CHAIN_A);
    memset(head.hash, 0xab, sizeof(head.hash));
    assert_int_equal(text_unhex(secret, sizeof(secret), SECRET), 0);
    assert_int_equal(chain_head_sign(&head, secret, signature), 0);
    text_hex(hex, signature, sizeof(signature));
    assert_string_equal(hex, "69779b8e1d4887cf601cc19c39694844ed328d61c022a330b3e761cce6f7bdb9"
                             "2f9d53310adb0170e2e3856f86b08feeb34f83214fc3426c5b0bac3f96166501");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain_that_nobody_touched_is_whole),
        cmocka_unit_test(test_chain_finds_every_changed_byte_of_an_event),
        cmocka_unit_test(test_chain_finds_bytes_that_mean_the_same),
        cmocka_unit_test(test_chain_names_an_edited_event_even_with_a_new_hash),
        cmocka_unit_test(test_chain_names_a_cut),
        cmocka_unit_test(test_chain_names_what_was_reordered_or_repeated),
        cmocka_unit_test(test_chain_names_an_event_of_another_chain),
        cmocka_unit_test(test_chain_names_a_roll_back),
        cmocka_unit_test(test_chain_names_a_roll_back_that_has_grown_again),
        cmocka_unit_test(test_chain_walks_over_pruned_links),
        cmocka_unit_test(test_chain_seals_only_events),
        cmocka_unit_test(test_chain_head_is_signed_and_every_change_found),
        cmocka_unit_test(test_chain_head_signature_is_over_the_documented_bytes),
    };
    return cmocka_run_group_tests(tests, chains_make, chains_free);
}
