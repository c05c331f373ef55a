/* The module's part of policy.json: the top-level keys "media" and "devices". */
#ifndef SEKISHO_MEDIA_MEDIA_POLICY_H
#define SEKISHO_MEDIA_MEDIA_POLICY_H

#include "contract/module.h"
#include "media/allow.h"
#include "media/register.h"

enum media_mode { MEDIA_ENFORCE, MEDIA_OBSERVE };
enum media_input { MEDIA_INPUT_ANY, MEDIA_INPUT_LISTED };

#define OBSERVE_DAYS_MAX 30

struct media_policy {
    int mode;         /* enum media_mode */
    int64_t until_ms; /* observe only: when it ends; 0 when not given */
    int input;        /* enum media_input */
    struct media_register media;
    struct allow_list allow;
};

extern const struct bind_field media_policy_fields[];

/* With defaults: enforce, any input device, nothing registered, nothing listed. NULL when out of memory. */
void *media_policy_create(void);
void media_policy_destroy(void *policy);
/* Cross-checks; see module_settings.finish. */
int media_policy_finish(void *policy, const struct clock *clock, char message[static 256]);

#endif
