/* Which USB device carries the system itself: /, /boot, /usr or swap. It is never touched, whatever else is true of it. */
#ifndef SEKISHO_MEDIA_OWN_DISK_H
#define SEKISHO_MEDIA_OWN_DISK_H

#include <stdbool.h>

/* root: the open /, for proc/self/mountinfo and proc/swaps; sys: the open /sys. name: sysfs name, "2-1". Follows partitions,
 * device mapper (LVM, LUKS), md and what else shows `slaves`. Names of block devices are looked up in sysfs, never in
 * /dev, which the daemon's unit does not have. */
bool own_disk_is_on(int root, int sys, const char *name);

#endif
