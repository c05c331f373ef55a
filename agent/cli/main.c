/* sekisho: what a person asks the agent. One table of commands; each has its file. */
#include "command.h"

#include "base/cleanup.h"

#include <locale.h>
#include <string.h>

#define COMMON_OPTIONS                                                                                       \
    N_("Each command takes --json (for programs), --help, and --control PATH (another agent's socket).")

static const struct command commands[] = {
    {"status", "", N_("what the agent is doing: policy in force, mode, store, devices"),
        N_("Prints what holds now, and what was refused of the settings."), command_status},
    {"devices", "[--suggest N]", N_("what is plugged in, and why it is admitted or not"),
        N_("--suggest N prints the policy stanza that would admit device N; put it into\n"
           "/etc/sekisho/policy.json or a file of its own in policy.d, or give it to `sekisho policy "
           "apply`."),
        command_devices},
    {"adopt", "", N_("prints a policy that admits all that is plugged in now"),
        N_("For a pilot: look it over, then `sekisho policy apply`. Changes nothing by itself. "
           "Administrators only."),
        command_adopt},
    {"events", "[--since WHEN|SEQUENCE] [--follow]", N_("what was recorded"),
        N_("--since takes a sequence number, a date (2026-11-24) or a time (2026-11-24T17:00:00+09:00).\n"
           "--follow waits for what comes. With --json: one OCSF event a line, the very bytes that are "
           "chained.\n"
           "For root and members of the group sekisho-operator."),
        command_events},
    {"policy", "check FILE | apply FILE", N_("checks a policy file, or puts one in force"),
        N_("check reads FILE as the agent would and names file, line and column of a fault (FILE - : "
           "standard input).\n"
           "apply checks, replaces /etc/sekisho/policy.json whole and tells the agent; prints changed or "
           "unchanged.\n"
           "What the agent refuses (a conflict with policy.d) is put back as it was. Root only."),
        command_policy},
    {"verify", "[--store DIR]", N_("walks the chain of events and says what is missing"),
        N_("Recomputes every hash and signature from the first event to the last and compares the end with "
           "what the\n"
           "agent's other store knows. --store reads a store of a stopped agent, or a copy of one."),
        command_verify},
};

static void help_print(FILE *stream)
{
    fprintf(stream, "%s\n\n", _("sekisho: keeps this terminal's data inside it"));
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(
            stream, "  sekisho %-8s %-34s %s\n", commands[i].name, commands[i].usage, _(commands[i].summary));
    fprintf(stream, "\n%s\n%s\n", _(COMMON_OPTIONS),
        _("Exit status: 0 done, 1 the answer is no, 2 wrong usage, 3 the agent does not answer, 4 not "
          "permitted."));
}

static void command_help_print(const struct command *command)
{
    printf("sekisho %s %s\n  %s\n\n%s\n\n%s\n", command->name, command->usage, _(command->summary),
        _(command->help), _(COMMON_OPTIONS));
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

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    bindtextdomain("sekisho", "/usr/share/locale");
    bind_textdomain_codeset("sekisho", "UTF-8");
    textdomain("sekisho");

    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        help_print(argc > 1 ? stdout : stderr);
        return argc > 1 ? EXIT_DONE : EXIT_USAGE;
    }
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
        fprintf(stderr, _("usage: sekisho %s %s\n"), command->name, command->usage);
    return status;
}
