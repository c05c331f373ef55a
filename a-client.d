client.o: agent/cli/client.h
