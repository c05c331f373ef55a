register.o: modules/media/register.h
