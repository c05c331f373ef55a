descriptors.o: modules/media/descriptors.h
