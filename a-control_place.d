control_place.o: tests/support/control_place.h agent/core/control.h \
 agent/contract/module.h agent/base/json_bind.h agent/base/json_scan.h \
 agent/contract/host.h agent/base/clock.h agent/record/event.h
agent/core/control.h:
agent/contract/module.h:
agent/base/json_bind.h:
agent/base/json_scan.h:
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
