/* Carries out a decision on one interface, through its device's directory only: a device swapped meanwhile is a dead
 * descriptor, never another device. Needs uid 0 and no capability. */
#ifndef SEKISHO_MEDIA_GATE_H
#define SEKISHO_MEDIA_GATE_H

#include "media/decide.h"

/* sys: the open /sys. device: from facts_open(). 0, or negative errno when the kernel did not obey. */
int gate_carry_out(int sys, int device, enum gate_act act, const struct bound_interface *interface);

#endif
