#include "core/daemon.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "core/daemon_settings.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
    struct daemon *daemon = context;
    sd_notifyf(0, "RELOADING=1");
    daemon_reload(daemon);
    sd_notifyf(0, "READY=1");
    return 0;
}

static int signals_watch(struct daemon *daemon)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    int error = sd_event_add_signal(daemon->loop, NULL, SIGTERM, on_stop, daemon);
    if (error >= 0)
        error = sd_event_add_signal(daemon->loop, NULL, SIGINT, on_stop, daemon);
    if (error >= 0)
        error = sd_event_add_signal(daemon->loop, NULL, SIGHUP, on_hangup, daemon);
    return error;
}

int daemon_open(
    struct daemon *daemon, const struct daemon_options *options, const struct module *const *modules)
{
    *daemon = (struct daemon){
        .options = *options,
        .source =
            {
                .configuration_directory = options->configuration_directory,
                .store_directory = options->store_directory,
                .owner = geteuid(),
                .modules = modules,
                .clock = &clock_system,
            },
        .recorder_error = -ENODATA,
        .started_ms = clock_realtime_ms(&clock_system),
    };
    int error = sd_event_default(&daemon->loop);
    if (error >= 0)
        error = signals_watch(daemon);
    if (error < 0)
        return log_error(error, "cannot open the event loop");
    daemon->host = (struct host){
        .operations = &daemon_host_operations,
        .loop = daemon->loop,
        .clock = &clock_system,
        .contact = daemon->settings.contact,
    };
    return 0;
}

static int socket_from_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    cleanup_fd_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0 ||
        listen(fd, 64) < 0)
        return -errno;
    return take_fd(&fd);
}

static int socket_from_systemd(void)
{
    int count = sd_listen_fds(1);
    if (count < 0)
        return count;
    if (count != 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, NULL, 0) <= 0)
        return -ENOTSOCK;
    return SD_LISTEN_FDS_START;
}

static const struct module_verb *find_verb(void *context, const char *name, void **ret_self)
{
    struct daemon *daemon = context;
    return registry_verb(&daemon->registry, name, ret_self);
}

static int control_start(struct daemon *daemon)
{
    int fd =
        daemon->options.control_path ? socket_from_path(daemon->options.control_path) : socket_from_systemd();
    if (fd < 0)
        return log_error(fd, "control socket: started by hand? then name one with --control");
    struct control_settings settings = {.verbs = daemon_verbs, .context = daemon, .find = find_verb};
    return control_open(daemon->loop, fd, &settings, &daemon->control);
}

/* Both documents first: the store's limits are among them. A store that cannot be used does not stop the daemon: it
 * still takes back what must not be admitted. */
static int settings_start(
    struct daemon *daemon, struct settings_document **ret_agent, struct settings_document **ret_policy)
{
    const char *origin;
    int error = daemon_settings_first(daemon, SETTINGS_AGENT, ret_agent, &origin);
    if (error < 0)
        return error;
    daemon_settings_adopt_agent(daemon, *ret_agent);
    error = daemon_settings_first(daemon, SETTINGS_POLICY, ret_policy, &origin);
    if (error < 0)
        return error;
    daemon_settings_adopt_policy(daemon, *ret_policy, origin);
    return 0;
}

int daemon_start(struct daemon *daemon)
{
    struct settings_document *agent = NULL, *policy = NULL;
    int error = settings_start(daemon, &agent, &policy);
    if (error >= 0) /* they listen before the interval until now is stated */
        error = registry_open(&daemon->registry, daemon->source.modules, &daemon->host);
    if (error >= 0) {
        daemon_store_open(daemon);
        for (enum settings_which which = SETTINGS_AGENT; which <= SETTINGS_POLICY; which++)
            if (daemon->refused[which].message[0])
                daemon_refusal_record(daemon, which);
        error = registry_start(&daemon->registry, agent, policy);
    }
    settings_document_destroy(&daemon->source, agent);
    settings_document_destroy(&daemon->source, policy);
    if (error >= 0)
        error = control_start(daemon);
    if (error >= 0)
        error = heartbeat_start(daemon);
    if (error < 0)
        return error;
    registry_check(&daemon->registry);
    daemon->started = true;
    daemon_mark_watched(daemon);
    sd_event_set_watchdog(daemon->loop, 1);
    sd_notifyf(0, "READY=1\nSTATUS=policy: %s", daemon->policy_origin);
    return 0;
}

int daemon_run(struct daemon *daemon)
{
    return sd_event_loop(daemon->loop);
}

void daemon_close(struct daemon *daemon)
{
    sd_notify(0, "STOPPING=1");
    daemon_mark_watched(daemon);
    registry_close(&daemon->registry);
    if (daemon->recorder) {
        struct event stopped = EVENT(EVENT_AGENT_STOPPED);
        daemon_record(daemon, &stopped);
    }
    control_close(daemon->control);
    daemon->control = NULL;
    recorder_close(daemon->recorder);
    sd_event_source_disable_unref(daemon->heartbeat);
    sd_event_unref(daemon->loop);
}
