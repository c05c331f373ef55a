keys.o: modules/media/keys.h
