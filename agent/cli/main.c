/* sekisho: what a person asks the agent. One table of commands; each has its file. */
#include "command.h"

#include "base/cleanup.h"

#include <string.h>

#define COMMON_OPTIONS                                                                                       \
    N_("Every command takes --help, --json (for programs) and --control PATH (the\n"                         \
       "agent's socket). Options stand after the command.")
#define EXIT_STATUSES                                                                                        \
    N_("Exit status: 0 done; 1 the answer is no (refused, not valid, something missing);\n"                  \
       "2 wrong usage; 3 the agent does not answer; 4 not permitted for this user.")

static const struct command commands[] = {
    {"status", "", N_("what the agent is doing: policy in force, mode, store"),
        N_("Prints what holds now, and which settings were refused and why."), command_status},
    {"devices", "[--suggest N]", N_("what is plugged in, and why it may be used or not"),
        N_("--suggest N prints a policy that admits device N and nothing else.\n"
           "Look it over, then add it to what is there:\n"
           "  sekisho devices --suggest N | sekisho policy apply --as scanner -"),
        command_devices},
    {"adopt", "", N_("prints a policy that admits all that is plugged in now"),
        N_("For a pilot: look it over, then `sekisho policy apply`.\n"
           "Changes nothing by itself."),
        command_adopt},
    {"events", "[--since WHEN] [--follow | --store DIR]", N_("what was recorded"),
        N_("--since WHEN  a sequence number, now, a date (2026-11-24) or a time\n"
           "              (2026-11-24T17:00:00+09:00)\n"
           "--follow      goes on with what comes\n"
           "--store DIR   reads the store of a stopped agent, or a copy of one\n"
           "With --json: one OCSF event a line, the very bytes that are chained.\n"
           "For root and members of the group sekisho-operator."),
        command_events},
    {"policy", "check FILE | apply [--as NAME] FILE", N_("checks a policy, or puts one in force"),
        N_("check   reads FILE as the agent would; names file, line and column of a fault\n"
           "apply   checks, replaces /etc/sekisho/policy.json whole and tells the agent;\n"
           "        prints changed or unchanged. With --as NAME it writes\n"
           "        /etc/sekisho/policy.d/NAME.json instead, beside what is there. What\n"
           "        the agent refuses (a conflict between files) is put back as it was.\n"
           "FILE - is the standard input. apply is for root only."),
        command_policy},
    {"verify", "[--store DIR]", N_("walks the chain of events and says what is missing"),
        N_("Recomputes every hash and checks every signature from the first event to the\n"
           "last, and compares the end with what the agent's other store knows.\n"
           "--store DIR   reads the store of a stopped agent, or a copy of one"),
        command_verify},
};

static void help_print(FILE *stream)
{
    fprintf(stream, "%s\n\n", _("sekisho: keeps this terminal's data inside it"));
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(stream, "  sekisho %-8s  %s\n", commands[i].name, _(commands[i].summary));
    fprintf(stream, "\n%s\n%s\n", _(COMMON_OPTIONS), _(EXIT_STATUSES));
}

static void command_help_print(const struct command *command)
{
    printf("sekisho %s %s\n  %s\n\n%s\n\n%s\n%s\n", command->name, command->usage, _(command->summary),
        _(command->help), _(COMMON_OPTIONS), _(EXIT_STATUSES));
}

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Takes an option out of argv, with its value where it has one; what is left are the command's own. */
static const char *option_take(
    struct invocation *invocation, const char *name, bool has_value, bool *ret_found)
{
    *ret_found = false;
    for (int i = 0; i < invocation->argc; i++) {
        if (strcmp(invocation->argv[i], name) != 0 || (has_value && i + 1 >= invocation->argc))
            continue;
        const char *value = has_value ? invocation->argv[i + 1] : NULL;
        int width = has_value ? 2 : 1;
        memmove(&invocation->argv[i], &invocation->argv[i + width],
            (size_t)(invocation->argc - i - width + 1) * sizeof(char *));
        invocation->argc -= width;
        *ret_found = true;
        return value;
    }
    return NULL;
}

static bool common_options_take(struct invocation *invocation)
{
    const struct {
        const char *name, **place;
    } values[] = {
        {"--control", &invocation->control_path},
        {"--daemon", &invocation->daemon_program},
        {"--configuration", &invocation->configuration_directory},
    };
    bool found, help;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        const char *value = option_take(invocation, values[i].name, true, &found);
        if (found)
            *values[i].place = value;
    }
    option_take(invocation, "--json", false, &invocation->json);
    option_take(invocation, "--help", false, &help);
    return help;
}

/* `sekisho help`, `sekisho help events`; without anything at all it is wrong usage. */
static int run_help(int argc, char **argv)
{
    const struct command *command = argc > 2 ? command_find(argv[2]) : NULL;
    if (command)
        command_help_print(command);
    else
        help_print(argc > 1 ? stdout : stderr);
    return argc > 1 ? EXIT_DONE : EXIT_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct invocation invocation = {
        .control_path = "/run/sekisho/control.sock",
        .daemon_program = "/usr/sbin/sekishod",
        .configuration_directory = "/etc/sekisho",
        .argc = argc - 2,
        .argv = argv + 2,
    };
    if (common_options_take(&invocation)) {
        command_help_print(command);
        return EXIT_DONE;
    }
    int status = command->run(&invocation);
    if (status == EXIT_USAGE)
        fprintf(stderr, _("usage: sekisho %s %s\n(more: sekisho %s --help)\n"), command->name, command->usage,
            command->name);
    if (fflush(stdout) == EOF || ferror(stdout)) {
        fprintf(stderr, "%s\n", _("sekisho: the output could not be written"));
        return EXIT_NEGATIVE;
    }
    return status;
}

int main(int argc, char **argv)
{
    language_begin();
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return run_help(argc, argv);
    if (strcmp(name, "--version") == 0) {
        puts("sekisho " SEKISHO_VERSION);
        return EXIT_DONE;
    }
    const struct command *command = command_find(name);
    if (!command) {
        fprintf(stderr, _("sekisho: there is no command \"%s\"\n\n"), name);
        help_print(stderr);
        return EXIT_USAGE;
    }
    return run_command(command, argc, argv);
}
