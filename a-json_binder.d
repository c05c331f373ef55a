json_binder.o: agent/base/json_binder.h agent/base/json_bind.h \
 agent/base/json_scan.h
agent/base/json_bind.h:
agent/base/json_scan.h:
