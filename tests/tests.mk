# The tests' part of the Makefile: unit, integration, VM, fuzzers, soak, bench, lint.

# --- unit: tests/unit/test_*.c, each a cmocka program of its own under ASan and UBSan ---------------------------------
UNIT := $(wildcard tests/unit/test_*.c)
UNIT_PROGRAMS := $(patsubst tests/unit/%.c,build/sanitize/tests/unit/%,$(UNIT))
SUPPORT := $(wildcard tests/support/*.c)

$(UNIT_PROGRAMS): build/sanitize/tests/unit/%: build/sanitize/tests/unit/%.o \
    $(call objects,sanitize,$(SUPPORT) $(CORE) $(MODULES) agent/module_table.c $(RECORD) $(BASE))
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_sanitize) -o $@ $^ $(LIBS) -lcmocka

check: $(UNIT_PROGRAMS)
	$(Q)failed=0; for test in $(UNIT_PROGRAMS); do \
	    echo "# $$(basename $$test)"; ./$$test || failed=1; done; exit $$failed

# --- integration: python and shell programs over the built daemon on an emulated bus ----------------------------------
integration: build/sanitize/sekishod build/sanitize/sekisho build/sanitize/eventdoc
	$(Q)python3 tests/integration/run.py

# --- VM ------------------------------------------------------------------------------------------------------------------
vm: deb
	$(Q)python3 tests/vm/suite.py

# --- fuzzers: tests/fuzz/fuzz_*.c, corpus in tests/fuzz/corpus/NAME ---------------------------------------------------
FUZZ := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_PROGRAMS := $(patsubst tests/fuzz/%.c,build/fuzz/tests/fuzz/%,$(FUZZ))
FUZZ_SECONDS ?= 0

$(FUZZ_PROGRAMS): build/fuzz/tests/fuzz/%: build/fuzz/tests/fuzz/%.o \
    $(call objects,fuzz,$(CORE) $(MODULES) agent/module_table.c $(RECORD) $(BASE))
	$(call say,LINK,$@)
	$(Q)$(CLANG) $(LDFLAGS_fuzz) -o $@ $^ $(LIBS)

fuzz: $(FUZZ_PROGRAMS)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(FUZZ_PROGRAMS)

# --- soak: for a time, not a count ---------------------------------------------------------------------------------------
soak:
	$(Q)tests/soak.sh

bench: all
	$(Q)tests/bench/run.sh

# --- lint ------------------------------------------------------------------------------------------------------------------
lint:
	$(Q)tests/lint.sh
