/* Device nodes of admitted devices whose entry names a group: a file for udev's rule, which gives the node to that group. */
#ifndef SEKISHO_MEDIA_NODES_H
#define SEKISHO_MEDIA_NODES_H

#include "media/inventory.h"

/* root: the open /; device: from facts_open(). Writes /run/sekisho/nodes/BBB-DDD and asks udev to look at the device again.
 * 0 or negative errno. */
int nodes_give(int root, int device, const struct facts *facts, const char *group);
/* Removes the file and, where the device is still there (device ≥ 0), has the node given back to root. */
void nodes_take(int root, int device, const struct facts *facts);
/* Removes what an agent before us left for devices that are gone or no longer have a group. */
void nodes_prune(int root, const struct inventory *inventory);

#endif
