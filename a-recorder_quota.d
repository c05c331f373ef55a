recorder_quota.o: agent/core/recorder_quota.h agent/record/event.h
agent/record/event.h:
