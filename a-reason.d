reason.o: agent/record/reason.h
