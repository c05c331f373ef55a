language.o: agent/cli/language.h
