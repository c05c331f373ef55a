host.o: agent/contract/host.h agent/base/clock.h agent/record/event.h
agent/base/clock.h:
agent/record/event.h:
