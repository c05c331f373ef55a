columns.o: agent/cli/columns.h
