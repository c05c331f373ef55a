cleanup.o: agent/base/cleanup.h
