text.o: agent/base/text.h
