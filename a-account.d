account.o: modules/media/account.h agent/contract/host.h \
 agent/base/clock.h agent/record/event.h modules/media/inventory.h \
 modules/media/decide.h agent/record/reason.h \
 modules/media/media_policy.h agent/contract/module.h \
 agent/base/json_bind.h agent/base/json_scan.h modules/media/allow.h \
 modules/media/facts.h modules/media/descriptors.h \
 modules/media/register.h
agent/contract/host.h:
agent/base/clock.h:
agent/record/event.h:
modules/media/inventory.h:
modules/media/decide.h:
agent/record/reason.h:
modules/media/media_policy.h:
agent/contract/module.h:
agent/base/json_bind.h:
agent/base/json_scan.h:
modules/media/allow.h:
modules/media/facts.h:
modules/media/descriptors.h:
modules/media/register.h:
