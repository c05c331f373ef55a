recorder_parts.o: agent/core/recorder_parts.h agent/base/uuid.h \
 agent/core/recorder.h agent/base/clock.h agent/record/chain.h \
 agent/record/event.h agent/core/recorder_quota.h \
 agent/core/recorder_repeat.h agent/core/store_files.h \
 agent/core/store_keys.h agent/core/store_spool.h \
 agent/core/store_state.h
agent/base/uuid.h:
agent/core/recorder.h:
agent/base/clock.h:
agent/record/chain.h:
agent/record/event.h:
agent/core/recorder_quota.h:
agent/core/recorder_repeat.h:
agent/core/store_files.h:
agent/core/store_keys.h:
agent/core/store_spool.h:
agent/core/store_state.h:
