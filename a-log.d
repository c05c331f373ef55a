log.o: agent/base/log.h
