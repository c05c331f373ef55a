/* The one place that names modules: a new module is its folder under modules/ and one line here. */
#include "module_table.h"

#include "media/module.h"

const struct module *const module_table[] = {
    &media_module,
    NULL,
};
