fake_bus.o: tests/support/fake_bus.h
