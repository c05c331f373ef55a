/* sekishod: the terminal's daemon. Parse, open, start, run, close: read this first, then core/daemon.h, then
 * modules/media/module.c, which leads to the verdict in modules/media/decide.c. */
#include "base/cleanup.h"
#include "core/daemon.h"
#include "core/export.h"
#include "module_table.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "sekishod: keeps this terminal's data inside it\n"
    "\n"
    "  sekishod [--configuration DIR] [--store DIR] [--control PATH]\n"
    "      runs; systemd hands over the control socket unless --control names one\n"
    "  sekishod --check policy|part|agent FILE\n"
    "      reads a settings file as the daemon would and says what is wrong (FILE - : standard input;\n"
    "      part: a file for policy.d, which needs no version)\n"
    "  sekishod --export DIR\n"
    "      prints a store's chain while no daemon has it open (for sekisho verify --store)\n"
    "\n"
    "Exit status: 0 all well, 1 refused or failed, 2 wrong usage.\n";

struct command {
    struct daemon_options options;
    const char *check, *export, *file;
};

enum option_code { OPTION_CONFIGURATION = 256, OPTION_STORE, OPTION_CONTROL, OPTION_CHECK, OPTION_EXPORT };

static const struct option long_options[] = {
    {"configuration", required_argument, NULL, OPTION_CONFIGURATION},
    {"store", required_argument, NULL, OPTION_STORE},
    {"control", required_argument, NULL, OPTION_CONTROL},
    {"check", required_argument, NULL, OPTION_CHECK},
    {"export", required_argument, NULL, OPTION_EXPORT},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

/* 0: go on with the command; otherwise exit with the returned status − 1. */
static int command_parse(int argc, char **argv, struct command *command)
{
    *command = (struct command){.options = {"/etc/sekisho", "/var/lib/sekisho", NULL}};
    int code;
    while ((code = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
        switch (code) {
        case OPTION_CONFIGURATION:
            command->options.configuration_directory = optarg;
            break;
        case OPTION_STORE:
            command->options.store_directory = optarg;
            break;
        case OPTION_CONTROL:
            command->options.control_path = optarg;
            break;
        case OPTION_CHECK:
            command->check = optarg;
            break;
        case OPTION_EXPORT:
            command->export = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            return 1;
        case 'V':
            puts("sekishod " SEKISHO_VERSION);
            return 1;
        default:
            fputs(help_text, stderr);
            return 3;
        }
    }
    command->file = argv[optind];
    if (argc - optind != (command->check ? 1 : 0)) {
        fputs(help_text, stderr);
        return 3;
    }
    return 0;
}

static int run_check(const struct command *command)
{
    static const struct {
        const char *name;
        enum settings_which which;
        bool part;
    } documents[] = {{"policy", SETTINGS_POLICY, false}, {"part", SETTINGS_POLICY, true},
        {"agent", SETTINGS_AGENT, false}};
    size_t i = 0;
    while (i < ARRAY_SIZE(documents) && strcmp(command->check, documents[i].name) != 0)
        i++;
    if (i == ARRAY_SIZE(documents)) {
        fputs(help_text, stderr);
        return 2;
    }
    struct settings_source source = {.modules = module_table, .clock = &clock_system};
    struct json_error fault = {0};
    if (settings_check_file(&source, documents[i].which, documents[i].part, command->file, &fault) >= 0)
        return 0;
    char line[1024];
    json_error_format(&fault, line, sizeof(line));
    fprintf(stderr, "%s\n", line);
    return 1;
}

static int run_export(const struct command *command)
{
    int error = export_store(command->export);
    if (error < 0)
        fprintf(stderr, "sekishod: %s: %s\n", command->export,
            error == -EBUSY ? "in use: stop sekishod.socket and sekishod.service first" : strerror(-error));
    return error < 0;
}

static int run_daemon(const struct command *command)
{
    struct daemon daemon;
    if (daemon_open(&daemon, &command->options, module_table) < 0)
        return 1;
    int error = daemon_start(&daemon);
    if (error >= 0)
        error = daemon_run(&daemon);
    daemon_close(&daemon);
    return error < 0;
}

int main(int argc, char **argv)
{
    struct command command;
    int done = command_parse(argc, argv, &command);
    if (done > 0)
        return done - 1;
    if (command.check)
        return run_check(&command);
    if (command.export)
        return run_export(&command);
    return run_daemon(&command);
}
