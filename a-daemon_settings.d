daemon_settings.o: agent/core/daemon_settings.h agent/core/daemon.h \
 agent/core/control.h agent/contract/module.h agent/base/json_bind.h \
 agent/base/json_scan.h agent/contract/host.h agent/base/clock.h \
 agent/record/event.h agent/core/recorder.h agent/record/chain.h \
 agent/core/registry.h agent/core/settings.h
agent/core/daemon.h:
agent/core/control.h:
agent/contract/module.h:
agent/base/json_bind.h:
agent/base/json_scan.h:
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
agent/core/recorder.h:
agent/record/chain.h:
agent/core/registry.h:
agent/core/settings.h:
