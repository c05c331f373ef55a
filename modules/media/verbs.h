/* What people ask over control.sock: devices, suggest, adopt; and the module's part of `status`. */
#ifndef SEKISHO_MEDIA_VERBS_H
#define SEKISHO_MEDIA_VERBS_H

#include "contract/module.h"
#include "media/media.h"

extern const struct module_verb media_verbs[];

void media_status(struct media *media, struct json_object *into);

#endif
