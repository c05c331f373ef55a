event.o: agent/record/event.h
