schema.o: agent/eventdoc/schema.h
