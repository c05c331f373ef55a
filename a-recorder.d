recorder.o: agent/core/recorder.h agent/base/clock.h agent/record/chain.h \
 agent/record/event.h
agent/base/clock.h:
agent/record/chain.h:
agent/record/event.h:
