pages.o: agent/cli/pages.h agent/cli/command.h agent/cli/client.h \
 agent/cli/columns.h agent/cli/language.h
agent/cli/command.h:
agent/cli/client.h:
agent/cli/columns.h:
agent/cli/language.h:
