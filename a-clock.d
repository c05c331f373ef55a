clock.o: agent/base/clock.h
