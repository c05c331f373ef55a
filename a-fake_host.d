fake_host.o: tests/support/fake_host.h agent/contract/host.h \
 agent/base/clock.h agent/record/event.h
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
