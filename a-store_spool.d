store_spool.o: agent/core/store_spool.h agent/record/chain.h
agent/record/chain.h:
