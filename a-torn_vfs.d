torn_vfs.o: tests/support/torn_vfs.h
