sample.o: agent/eventdoc/sample.h agent/record/event.h
agent/record/event.h:
