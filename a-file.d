file.o: agent/base/file.h
