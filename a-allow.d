allow.o: modules/media/allow.h modules/media/facts.h \
 modules/media/descriptors.h modules/media/register.h
modules/media/facts.h:
modules/media/descriptors.h:
modules/media/register.h:
