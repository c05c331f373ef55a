store_files.o: agent/core/store_files.h
