random_source.o: tests/support/random_source.h
