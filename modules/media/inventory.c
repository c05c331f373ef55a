#include "media/inventory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct present *inventory_find(const struct inventory *inventory, const char *name)
{
    for (unsigned i = 0; i < inventory->count; i++) {
        if (strcmp(inventory->entries[i]->facts->name, name) == 0)
            return inventory->entries[i];
    }
    return NULL;
}

struct present *inventory_find_number(const struct inventory *inventory, int64_t number)
{
    for (unsigned i = 0; i < inventory->count; i++) {
        if (inventory->entries[i]->number == number)
            return inventory->entries[i];
    }
    return NULL;
}

int inventory_add(struct inventory *inventory, struct facts *facts, struct present **ret_present)
{
    if (inventory->count == INVENTORY_MAX)
        return -ENOSPC;
    struct present *present = calloc(1, sizeof(*present));
    if (!present)
        return -ENOMEM;
    present->facts = facts;
    present->number = ++inventory->last_number;
    inventory->entries[inventory->count++] = present;
    *ret_present = present;
    return 0;
}

static void present_destroy(struct present *present)
{
    free(present->facts);
    free(present);
}

void inventory_remove(struct inventory *inventory, struct present *present)
{
    for (unsigned i = 0; i < inventory->count; i++) {
        if (inventory->entries[i] != present)
            continue;
        inventory->entries[i] = inventory->entries[--inventory->count];
        present_destroy(present);
        return;
    }
}

void inventory_clear(struct inventory *inventory)
{
    while (inventory->count > 0)
        present_destroy(inventory->entries[--inventory->count]);
}

static bool is_same_device(const struct facts *left, const struct facts *right)
{
    return left->devnum == right->devnum && strcmp(left->name, right->name) == 0;
}

struct present *inventory_next_twin(
    const struct inventory *inventory, const struct facts *facts, unsigned *from)
{
    if (facts->serial[0] == '\0')
        return NULL;
    while (*from < inventory->count) {
        struct present *other = inventory->entries[(*from)++];
        if (other->facts->vendor == facts->vendor && other->facts->product == facts->product &&
            strcmp(other->facts->serial, facts->serial) == 0 && !is_same_device(other->facts, facts))
            return other;
    }
    return NULL;
}

bool inventory_has_other_keyboard(const struct inventory *inventory, const struct facts *facts)
{
    for (unsigned i = 0; i < inventory->count; i++) {
        const struct present *other = inventory->entries[i];
        if (other->decided && other->decision.verdict != VERDICT_REFUSED &&
            facts_has_keyboard(other->facts) && !is_same_device(other->facts, facts))
            return true;
    }
    return false;
}
