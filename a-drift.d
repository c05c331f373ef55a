drift.o: modules/media/drift.h agent/contract/host.h agent/base/clock.h \
 agent/record/event.h
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
