/* A device that is there: made through configfs and FunctionFS, or through GadgetFS, on one of dummy_hcd's controllers. */
#ifndef VM_GADGET_MADE_H
#define VM_GADGET_MADE_H

#include "description.h"

/* A message of what failed, or NULL. Every way leaves nothing behind once configfs_unmake() or gadgetfs_unmake() ran. */
const char *configfs_make(const struct description *description, unsigned controller);
void configfs_unmake(unsigned controller);
/* Waits at most so long for questions of the host and answers what has come. */
void configfs_serve(int milliseconds);

const char *gadgetfs_make(const struct description *description);
void gadgetfs_unmake(void);
void gadgetfs_serve(const struct description *description, int milliseconds);
bool gadgetfs_is_configured(void);

#endif
