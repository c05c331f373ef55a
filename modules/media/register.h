/* Registered media in memory: found by hash, packed in one arena, so that 100,000 cost some 8 MB and are found like ten. */
#ifndef SEKISHO_MEDIA_REGISTER_H
#define SEKISHO_MEDIA_REGISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum media_access { MEDIA_READ_ONLY, MEDIA_READ_WRITE };

#define MEDIA_MAX        1000000
#define MEDIA_LABEL_MAX  128
#define MEDIA_SERIAL_MAX 378
#define MEDIA_NAME_MAX   64 /* of a user or group */
#define MEDIA_NAMES_MAX  32

/* One entry as it is written in the policy; texts borrowed, users and groups as NUL-terminated names in a row. */
struct medium {
    uint16_t vendor, product;
    enum media_access access;
    int64_t not_after_ms; /* 0: no end */
    const char *label, *serial;
    const char *users, *groups;
    size_t users_size, groups_size;
};

struct media_register {
    char *arena;
    size_t arena_used, arena_size;
    uint32_t *slots; /* open addressing: an entry's place in the arena + 1, in units of 8 bytes; 0 is empty */
    size_t slot_count, count;
};

/* Copies the medium. -EEXIST when VID, PID and serial are registered already; -ENOSPC past MEDIA_MAX; -ENOMEM. */
int media_register_add(struct media_register *reg, const struct medium *medium);
/* True and *ret_medium, borrowed until the register changes, when this very unit is registered. */
bool media_register_find(const struct media_register *reg, uint16_t vendor, uint16_t product,
    const char *serial, struct medium *ret_medium);
/* Gives back what growing left over. */
void media_register_trim(struct media_register *reg);
void media_register_clear(struct media_register *reg);

#endif
