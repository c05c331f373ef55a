/* A store's links to standard output while no daemon has it open: the same lines as control.sock's packets. */
#ifndef SEKISHO_CORE_EXPORT_H
#define SEKISHO_CORE_EXPORT_H

/* First a line {"store":{…}} as in `status`, then one a link. 0 or negative errno (-EBUSY: a daemon has it open). */
int export_store(const char *directory);

#endif
