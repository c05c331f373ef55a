markdown.o: agent/eventdoc/markdown.h
