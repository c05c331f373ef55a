#include "media/register.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the arena, at multiples of 8: this head, then label NUL serial NUL users groups. */
struct packed {
    int64_t not_after_ms;
    uint32_t hash;
    uint16_t vendor, product;
    uint16_t serial_size, users_size, groups_size;
    uint8_t label_size; /* sizes count the NUL */
    uint8_t access;
    char texts[];
};

enum { UNIT = 8, FIRST_SLOTS = 64, FIRST_ARENA = 4096 };

/* FNV-1a. Serials in the register come from the office's own policy, so nobody can choose collisions. */
static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 16777619U;
    return hash;
}

static uint32_t hash_unit(uint16_t vendor, uint16_t product, const char *serial, size_t serial_size)
{
    const uint8_t ids[] = {
        (uint8_t)(vendor >> 8), (uint8_t)vendor, (uint8_t)(product >> 8), (uint8_t)product};
    return hash_bytes(hash_bytes(2166136261U, ids, sizeof(ids)), serial, serial_size);
}

static const struct packed *packed_at(const struct media_register *reg, uint32_t slot)
{
    return (const struct packed *)(reg->arena + (size_t)(slot - 1) * UNIT);
}

static const struct packed *find(const struct media_register *reg, uint32_t hash, uint16_t vendor,
    uint16_t product, const char *serial, size_t serial_size)
{
    if (reg->slot_count == 0)
        return NULL;
    for (size_t i = hash & (reg->slot_count - 1); reg->slots[i]; i = (i + 1) & (reg->slot_count - 1)) {
        const struct packed *packed = packed_at(reg, reg->slots[i]);
        if (packed->hash == hash && packed->vendor == vendor && packed->product == product &&
            packed->serial_size == serial_size &&
            memcmp(packed->texts + packed->label_size, serial, serial_size) == 0)
            return packed;
    }
    return NULL;
}

static void put_slot(uint32_t *slots, size_t slot_count, uint32_t hash, uint32_t slot)
{
    size_t i = hash & (slot_count - 1);
    while (slots[i])
        i = (i + 1) & (slot_count - 1);
    slots[i] = slot;
}

/* At most two thirds full: short walks, also for what is not there, which is the usual case. */
static int grow_slots(struct media_register *reg)
{
    if ((reg->count + 1) * 3 <= reg->slot_count * 2)
        return 0;
    size_t slot_count = reg->slot_count ? reg->slot_count * 2 : FIRST_SLOTS;
    uint32_t *slots = calloc(slot_count, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (size_t i = 0; i < reg->slot_count; i++) {
        if (reg->slots[i])
            put_slot(slots, slot_count, packed_at(reg, reg->slots[i])->hash, reg->slots[i]);
    }
    free(reg->slots);
    reg->slots = slots;
    reg->slot_count = slot_count;
    return 0;
}

static int grow_arena(struct media_register *reg, size_t more)
{
    if (reg->arena_used + more <= reg->arena_size)
        return 0;
    size_t size = reg->arena_size ? reg->arena_size + reg->arena_size / 2 : FIRST_ARENA;
    if (size < reg->arena_used + more)
        size = reg->arena_used + more;
    char *arena = realloc(reg->arena, size);
    if (!arena)
        return -ENOMEM;
    reg->arena = arena;
    reg->arena_size = size;
    return 0;
}

static void pack(struct packed *packed, const struct medium *medium, uint32_t hash)
{
    *packed = (struct packed){
        .not_after_ms = medium->not_after_ms,
        .hash = hash,
        .vendor = medium->vendor,
        .product = medium->product,
        .serial_size = (uint16_t)(strlen(medium->serial) + 1),
        .users_size = (uint16_t)medium->users_size,
        .groups_size = (uint16_t)medium->groups_size,
        .label_size = (uint8_t)(strlen(medium->label) + 1),
        .access = (uint8_t)medium->access,
    };
    char *at = packed->texts;
    at = mempcpy(at, medium->label, packed->label_size);
    at = mempcpy(at, medium->serial, packed->serial_size);
    if (medium->users_size)
        at = mempcpy(at, medium->users, medium->users_size);
    if (medium->groups_size)
        memcpy(at, medium->groups, medium->groups_size);
}

int media_register_add(struct media_register *reg, const struct medium *medium)
{
    size_t serial_size = strlen(medium->serial) + 1, label_size = strlen(medium->label) + 1;
    uint32_t hash = hash_unit(medium->vendor, medium->product, medium->serial, serial_size);
    if (label_size > MEDIA_LABEL_MAX + 1 || serial_size > MEDIA_SERIAL_MAX + 1 ||
        medium->users_size > UINT16_MAX || medium->groups_size > UINT16_MAX)
        return -EINVAL;
    if (find(reg, hash, medium->vendor, medium->product, medium->serial, serial_size))
        return -EEXIST;
    if (reg->count == MEDIA_MAX)
        return -ENOSPC;

    size_t size = sizeof(struct packed) + label_size + serial_size + medium->users_size + medium->groups_size;
    size = (size + UNIT - 1) / UNIT * UNIT;
    int r = grow_slots(reg);
    if (r == 0)
        r = grow_arena(reg, size);
    if (r < 0)
        return r;
    pack((struct packed *)(reg->arena + reg->arena_used), medium, hash);
    put_slot(reg->slots, reg->slot_count, hash, (uint32_t)(reg->arena_used / UNIT) + 1);
    reg->arena_used += size;
    reg->count++;
    return 0;
}

bool media_register_find(const struct media_register *reg, uint16_t vendor, uint16_t product,
    const char *serial, struct medium *ret_medium)
{
    size_t serial_size = strlen(serial) + 1;
    uint32_t hash = hash_unit(vendor, product, serial, serial_size);
    const struct packed *packed = find(reg, hash, vendor, product, serial, serial_size);
    if (!packed)
        return false;
    const char *users = packed->texts + packed->label_size + packed->serial_size;
    *ret_medium = (struct medium){
        .vendor = packed->vendor,
        .product = packed->product,
        .access = packed->access,
        .not_after_ms = packed->not_after_ms,
        .label = packed->texts,
        .serial = packed->texts + packed->label_size,
        .users = users,
        .groups = users + packed->users_size,
        .users_size = packed->users_size,
        .groups_size = packed->groups_size,
    };
    return true;
}

void media_register_trim(struct media_register *reg)
{
    char *arena = reg->arena_used ? realloc(reg->arena, reg->arena_used) : NULL;
    if (!arena)
        return;
    reg->arena = arena;
    reg->arena_size = reg->arena_used;
}

void media_register_clear(struct media_register *reg)
{
    free(reg->arena);
    free(reg->slots);
    *reg = (struct media_register){0};
}
