canonical.o: agent/record/canonical.h
