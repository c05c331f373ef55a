own_disk.o: modules/media/own_disk.h
