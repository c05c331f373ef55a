store_place.o: tests/support/store_place.h agent/core/recorder.h \
 agent/base/clock.h agent/record/chain.h agent/record/event.h
agent/core/recorder.h:
agent/base/clock.h:
agent/record/chain.h:
agent/record/event.h:
