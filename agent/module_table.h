/* The modules that sekishod runs. */
#ifndef SEKISHO_MODULE_TABLE_H
#define SEKISHO_MODULE_TABLE_H

#include "contract/module.h"

/* In the order of starting; NULL ends it. */
extern const struct module *const module_table[];

#endif
