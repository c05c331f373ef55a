fuzz_settings.o: tests/support/fuzz_settings.h agent/core/settings.h \
 agent/contract/module.h agent/base/json_bind.h agent/base/json_scan.h \
 agent/contract/host.h agent/base/clock.h agent/record/event.h
agent/core/settings.h:
agent/contract/module.h:
agent/base/json_bind.h:
agent/base/json_scan.h:
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
