/* What the agent has seen in this boot, in /run/sekisho/known: a later agent can then tell what came while none ran, and does not
 * say again what is to be said once a boot. Nothing is admitted by it. */
#ifndef SEKISHO_MEDIA_KNOWN_H
#define SEKISHO_MEDIA_KNOWN_H

#include "media/inventory.h"

/* What an agent before us in this boot said of this device; false when none saw it. root: the open /. */
bool known_find(int root, const char *name, unsigned devnum, bool *ret_kept);
/* Writes the file anew: what is present and recorded. Gone at the next boot, so it need not be durable. 0 or negative errno. */
int known_write(int root, const struct inventory *inventory);

#endif
