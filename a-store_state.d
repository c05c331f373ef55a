store_state.o: agent/core/store_state.h agent/record/chain.h
agent/record/chain.h:
