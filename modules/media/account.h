/* Events of devices: what the chain says of a plug, an admission, a refusal. */
#ifndef SEKISHO_MEDIA_ACCOUNT_H
#define SEKISHO_MEDIA_ACCOUNT_H

#include "contract/host.h"
#include "media/inventory.h"

/* Records one event of this kind about the device as it now stands in the inventory. 0 when it is durable. */
int account_record(struct host *host, enum event_kind kind, const struct present *present, enum reason why);

#endif
