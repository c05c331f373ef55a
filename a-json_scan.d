json_scan.o: agent/base/json_scan.h
