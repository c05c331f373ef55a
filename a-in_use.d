in_use.o: modules/media/in_use.h
