export.o: agent/core/export.h
