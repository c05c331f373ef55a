store_database.o: agent/core/store_database.h
