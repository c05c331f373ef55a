/* The media module as the daemon sees it. */
#include "media/module.h"

#include "base/cleanup.h"
#include "media/media.h"
#include "media/verbs.h"

#include <fcntl.h>

static void on_device(void *context, const char *name)
{
    media_look(context, name);
}

static void on_overrun(void *context)
{
    media_look_all(context);
}

static void on_arrived(void *context, const struct arrival *arrival)
{
    media_arrived(context, arrival);
}

static void on_gone(void *context, const struct arrival *arrival)
{
    media_gone(context, arrival);
}

static void on_missed(void *context)
{
    media_missed(context);
}

static void on_turn_over(void *context)
{
    struct media *media = context;
    host_caught_up(media->host);
}

static enum monitor_reader reader_mark(void *context, const char *name)
{
    return monitor_reader(context, name);
}

static int media_module_open(struct host *host, void **ret_self)
{
    static const struct monitor_calls calls = {
        .device = on_device,
        .overrun = on_overrun,
        .arrived = on_arrived,
        .gone = on_gone,
        .missed = on_missed,
        .turn_over = on_turn_over,
    };
    cleanup_fd_ int sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cleanup_fd_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sys < 0 || root < 0)
        return -errno;
    struct media *media = NULL;
    int r = media_create(host, take_fd(&sys), take_fd(&root), &media);
    if (r == 0)
        r = monitor_open(&calls, media, &media->monitor);
    if (r < 0) {
        media_destroy(media);
        return r;
    }
    media->marks = (struct media_marks){reader_mark, media->monitor};
    media->drift.rules = (struct drift_rules){SEKISHO_RULES_FOLDER, SEKISHO_RULES_NAME, SEKISHO_RULES_SHA256};
    *ret_self = media;
    return 0;
}

/* The monitor has been listening since open(): what is plugged during the first look is looked at again. */
static int media_module_start(void *self, void *agent, void *policy)
{
    struct media *media = self;
    media_start(media, policy);
    return monitor_start(media->monitor, media->host->loop);
}

static void media_module_reload(void *self, void *agent, void *policy)
{
    if (policy)
        media_set_policy(self, policy);
}

static void media_module_check(void *self)
{
    media_check(self);
}

static bool media_module_caught_up(void *self)
{
    struct media *media = self;
    int64_t now_ms = clock_realtime_ms(media->host->clock);
    return monitor_is_drained(media->monitor) && media_has_caught_up(media, now_ms);
}

static void media_module_status(void *self, struct json_object *into)
{
    media_status(self, into);
}

static void media_module_close(void *self)
{
    media_destroy(self);
}

const struct module media_module = {
    .name = "media",
    .policy =
        {
            .fields = media_policy_fields,
            .create = media_policy_create,
            .finish = media_policy_finish,
            .destroy = media_policy_destroy,
        },
    .verbs = media_verbs,
    .open = media_module_open,
    .start = media_module_start,
    .reload = media_module_reload,
    .check = media_module_check,
    .caught_up = media_module_caught_up,
    .status = media_module_status,
    .close = media_module_close,
};
