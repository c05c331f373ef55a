json_bind.o: agent/base/json_bind.h agent/base/json_scan.h
agent/base/json_scan.h:
