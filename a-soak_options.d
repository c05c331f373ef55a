soak_options.o: tests/support/soak_options.h
