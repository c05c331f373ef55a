monitor.o: modules/media/monitor.h
