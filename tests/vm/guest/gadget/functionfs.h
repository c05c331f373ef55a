/* One FunctionFS instance: interfaces of our own within a configfs gadget. */
#ifndef VM_GADGET_FUNCTIONFS_H
#define VM_GADGET_FUNCTIONFS_H

#include "description.h"

/* Mounts the instance `name` and writes its descriptors. Its endpoint 0, or -1 with *ret_wrong saying why. */
int functionfs_open(const char *name, const struct part *part, const char **ret_wrong);
void functionfs_close(int endpoint, const char *name);
/* Takes what has come on endpoint 0: a report descriptor is given, other questions are refused. */
void functionfs_answer(int endpoint);

#endif
