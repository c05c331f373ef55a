chain.o: agent/record/chain.h
