store_keys.o: agent/core/store_keys.h agent/record/chain.h
agent/record/chain.h:
