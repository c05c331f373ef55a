policy_file.o: agent/cli/policy_file.h agent/base/cleanup.h
agent/base/cleanup.h:
