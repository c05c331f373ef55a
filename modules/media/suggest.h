/* Policy stanzas that would admit a device as it is: `sekisho devices --suggest N` and `sekisho adopt`. No I/O. */
#ifndef SEKISHO_MEDIA_SUGGEST_H
#define SEKISHO_MEDIA_SUGGEST_H

#include "media/inventory.h"

#include <json-c/json.h>

/* An entry of devices.allow for exactly this device: its ids, its serial where it has one of its own, else its port, its exact
 * interfaces, a label made of its name. *ret_entry is the caller's. -ENOTSUP when no entry can name it: what it says makes no
 * sense, or it shows no interface, or more than an entry holds. -ENOMEM. */
int suggest_entry(
    const struct inventory *inventory, const struct present *present, struct json_object **ret_entry);

/* {"devices":{"allow":[]}}; *ret_list, where entries go, is borrowed from it. NULL when out of memory. */
struct json_object *suggest_policy(struct json_object **ret_list);

/* Would `adopt` name it? Not what the policy lists already, nor the system's own disk, hubs and readers. */
bool suggest_adopts(const struct present *present);

#endif
