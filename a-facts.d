facts.o: modules/media/facts.h modules/media/descriptors.h
modules/media/descriptors.h:
