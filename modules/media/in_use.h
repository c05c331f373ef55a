/* What was in use when the package was installed: kept until it is unplugged or the machine restarts.
 *
 * /run/sekisho/in-use is written once, by the first installation; /run is empty again after a restart. */
#ifndef SEKISHO_MEDIA_IN_USE_H
#define SEKISHO_MEDIA_IN_USE_H

#include <stdbool.h>

/* root: the open /. True while this name has this devnum: a re-plug has another. */
bool in_use_has(int root, const char *name, unsigned devnum);

#endif
