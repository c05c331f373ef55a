/* USB devices and media: refused by the kernel, decided here, recorded. */
#ifndef SEKISHO_MEDIA_MODULE_H
#define SEKISHO_MEDIA_MODULE_H

#include "contract/module.h"

extern const struct module media_module;

#endif
