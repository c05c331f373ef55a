/* How long one decision takes with ten and with 100,000 registered media: the bar is 2 µs, and that they cost the same.
 * The same program times registering them, and says what the register weighs. */
#include "media/decide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define ASKED  200000
#define BAR_NS 2000.0

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void serial_of(unsigned number, char serial[static 32])
{
    snprintf(serial, 32, "0123456789AB%08u", number);
}

static struct media_policy *make_policy(unsigned media)
{
    struct media_policy *policy = media_policy_create();
    for (unsigned i = 0; policy && i < media; i++) {
        char label[32], serial[32];
        snprintf(label, sizeof(label), "情-%05u", i);
        serial_of(i, serial);
        const struct medium medium = {.vendor = 0x46f4,
            .product = (uint16_t)i,
            .label = label,
            .serial = serial,
            .users = "staff01",
            .users_size = sizeof("staff01")};
        if (media_register_add(&policy->media, &medium) < 0)
            abort();
    }
    if (!policy)
        abort();
    media_register_trim(&policy->media);
    return policy;
}

static void make_facts(struct facts *facts, unsigned number)
{
    *facts = (struct facts){
        .name = "2-1", .port = "0000:00:14.0/1", .vendor = 0x46f4, .product = (uint16_t)number};
    serial_of(number, facts->serial);
    facts->descriptors.count = 1;
    facts->descriptors.interfaces[0].kind = (struct usb_class){USB_CLASS_STORAGE, 6, 0x50};
}

/* Sticks that are registered and sticks that are not, by turns, spread over the whole register. */
static double time_decisions(const struct media_policy *policy, struct facts *facts, unsigned count)
{
    const struct circumstances circumstances = {.now_ms = 1};
    unsigned registered = 0;
    double begin = now_ns();
    for (unsigned i = 0; i < ASKED; i++)
        registered += decide(&facts[i % count], policy, &circumstances).reason == REASON_MEDIUM_NOT_MOUNTABLE;
    double each = (now_ns() - begin) / ASKED;
    if (registered != ASKED / 2)
        abort();
    return each;
}

/* The best of some rounds: what the machine's other work adds is not the decision's. */
static double measure(unsigned media)
{
    enum { FACTS = 64 };
    struct media_policy *policy = make_policy(media);
    struct facts *facts = calloc(FACTS, sizeof(*facts));
    double best = 1e12;
    for (unsigned i = 0; facts && i < FACTS; i++)
        make_facts(&facts[i], i % 2 ? media + i : (unsigned)((uint64_t)i * media / FACTS));
    for (unsigned round = 0; facts && round < ROUNDS; round++) {
        double each = time_decisions(policy, facts, FACTS);
        best = each < best ? each : best;
    }
    free(facts);
    media_policy_destroy(policy);
    return best;
}

int main(void)
{
    double few = measure(10), many = measure(100000);
    struct media_policy *policy = make_policy(100000);
    printf("decision, 10 registered media: %.0f ns\n", few);
    printf("decision, 100,000 registered media: %.0f ns (bar: %.0f ns: %s); %.2f of ten\n", many, BAR_NS,
        many < BAR_NS ? "held" : "missed", many / few);
    printf("register of 100,000 media: %.1f MB\n",
        (double)(policy->media.arena_size + policy->media.slot_count * sizeof(uint32_t)) / 1e6);
    media_policy_destroy(policy);
    return many < BAR_NS ? 0 : 1;
}
