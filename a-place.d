place.o: agent/eventdoc/place.h
