event_text.o: agent/cli/event_text.h
