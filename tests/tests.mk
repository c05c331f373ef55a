# The tests' part of the Makefile: unit, integration, VM, fuzzers, soak, bench, lint.

SUPPORT := $(wildcard tests/support/*.c)

# What a test may link: every source but the mains, in one archive a flavour. The linker takes from it what a test names.
TESTED := $(CORE) $(MODULES) agent/module_table.c $(RECORD) $(BASE) $(filter-out agent/cli/main.c,$(CLI)) $(SUPPORT)

# programs FLAVOUR,COMPILER,PROGRAMS,LIBRARIES: each is made of the one source that bears its name
define programs
$(3): build/$(1)/%: build/$(1)/%.o build/$(1)/tested.a
	$$(call say,LINK,$$@)
	$$(Q)$(2) $$(LDFLAGS_$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) $(4)
endef

# archive FLAVOUR: made anew, so that a source that is gone leaves nothing behind
define archive
build/$(1)/tested.a: $$(call objects,$(1),$$(TESTED))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(eval $(call archive,release))
$(eval $(call archive,sanitize))
$(eval $(call archive,fuzz))

# --- unit: tests/unit/test_*.c, each a cmocka program of its own under ASan and UBSan ---------------------------------
UNIT := $(patsubst %.c,build/sanitize/%,$(wildcard tests/unit/test_*.c))
$(eval $(call programs,sanitize,$(CC),$(UNIT),-lcmocka))

# Memory runs out in this one: what our own code asks for goes through tests/support/failing_memory.c.
WRAPPED := malloc calloc realloc strdup strndup json_object_new_object json_object_new_array json_object_new_string \
    json_object_new_int64 json_object_new_boolean
build/sanitize/tests/unit/test_memory: LDFLAGS += $(WRAPPED:%=-Wl,--wrap=%)

check: $(UNIT)
	$(Q)tests/unit/run.sh $(UNIT)

# --- integration: python and shell programs over the built daemon on an emulated bus ----------------------------------
integration: build/sanitize/sekishod build/sanitize/sekisho build/sanitize/eventdoc
	$(Q)tests/integration/run.py

# --- VM ------------------------------------------------------------------------------------------------------------------
vm: deb
	$(Q)python3 tests/vm/suite.py

# --- fuzzers: tests/fuzz/fuzz_NAME.c, corpus in tests/fuzz/corpus/NAME ------------------------------------------------
FUZZ := $(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 0
$(eval $(call programs,fuzz,$(CLANG),$(FUZZ)))

fuzz: $(FUZZ)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh $(FUZZ)

# --- soak: for a time, not a count. tests/soak/*.c are its programs ----------------------------------------------------
SOAK := $(patsubst %.c,build/sanitize/%,$(wildcard tests/soak/*.c))
SOAK_SECONDS ?= 900
$(eval $(call programs,sanitize,$(CC),$(SOAK)))

soak: deb $(FUZZ) $(SOAK)
	$(Q)SOAK_SECONDS=$(SOAK_SECONDS) tests/soak.sh

# --- bench: tests/bench/bench_*.c in the release build -----------------------------------------------------------------
BENCH := $(patsubst %.c,build/release/%,$(wildcard tests/bench/bench_*.c))
$(eval $(call programs,release,$(CC),$(BENCH)))

bench: all $(BENCH)
	$(Q)tests/bench/run.sh $(BENCH)

# --- lint: each module is also linked with base, record and a fake host alone ------------------------------------------
MODULE_NAMES := $(notdir $(patsubst %/,%,$(wildcard modules/*/)))
ALONE := $(MODULE_NAMES:%=build/sanitize/alone/%)

define alone
build/sanitize/alone/$(1).o: tests/lint/module_alone.c
	@mkdir -p $$(@D)
	$$(Q)$(CC) $$(CFLAGS_COMMON) $$(CFLAGS_sanitize) -DMODULE_NAME='"$(1)"' -DMODULE=$(1)_module -c -o $$@ $$<
build/sanitize/alone/$(1): build/sanitize/alone/$(1).o \
    $$(call objects,sanitize,$$(wildcard modules/$(1)/*.c) $$(wildcard tests/support/fake_host*.c) $$(RECORD) $$(BASE))
	$$(call say,LINK,$$@)
	$$(Q)$(CC) $$(LDFLAGS_sanitize) -o $$@ $$^ $$(LIBS)
endef
$(foreach module,$(MODULE_NAMES),$(eval $(call alone,$(module))))

.PHONY: alone lint-flags
alone: $(ALONE)
	$(Q)for program in $(ALONE); do ./$$program || exit 1; done

lint-flags:
	@:$(info $(filter-out -MMD -MP,$(CFLAGS_COMMON)))

lint:
	$(Q)tests/lint.sh
