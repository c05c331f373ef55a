store_spool_rows.o: agent/core/store_spool_rows.h \
 agent/core/store_database.h agent/core/store_spool.h \
 agent/record/chain.h
agent/core/store_database.h:
agent/core/store_spool.h:
agent/record/chain.h:
