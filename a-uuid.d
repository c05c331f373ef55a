uuid.o: agent/base/uuid.h
