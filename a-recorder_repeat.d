recorder_repeat.o: agent/core/recorder_repeat.h agent/record/event.h
agent/record/event.h:
