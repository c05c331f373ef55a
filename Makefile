# Sekisho. `make` builds the release programs in build/release; `make help` lists the rest. V=1 shows the commands.

VERSION := $(or $(shell awk 'NR == 1 { gsub(/[()]/, "", $$2); print $$2 }' install/deb/changelog 2>/dev/null),0)
DESTDIR ?=
PREFIX  ?= /usr

CC    := gcc
CLANG := clang
Q     := $(if $(V),,@)
say    = $(if $(V),,@printf '  %-8s %s\n' $(1) $(2))

# The gate's rules as they are built in: the daemon looks whether the installed ones are these.
RULES := install/udev/59-sekisho.rules
RULES_FOLDER := usr/lib/udev/rules.d
RULES_FLAGS := -DSEKISHO_RULES_FOLDER='"$(RULES_FOLDER)"' -DSEKISHO_RULES_NAME='"$(notdir $(RULES))"' \
    -DSEKISHO_RULES_SHA256='"$(firstword $(shell sha256sum $(RULES)))"'

LIBRARIES := libudev libsystemd json-c sqlite3 libcrypto
CFLAGS_COMMON := -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wno-unused-parameter -fno-common -g -MMD -MP -Iagent -Imodules \
    -DSEKISHO_VERSION='"$(VERSION)"' $(RULES_FLAGS) $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
CFLAGS_release  := -O2 -D_FORTIFY_SOURCE=3 -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection \
    -ffunction-sections -fdata-sections
LDFLAGS_release := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed
CFLAGS_sanitize  := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_sanitize := -fsanitize=address,undefined
CFLAGS_fuzz  := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined
LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)

# Every program is a folder; what it is made of is said here.
BASE    := $(wildcard agent/base/*.c)
RECORD  := $(wildcard agent/record/*.c)
CORE    := $(wildcard agent/core/*.c agent/core/store/*.c)
MODULES := $(wildcard modules/*/*.c)
CLI     := $(wildcard agent/cli/*.c)
EVENTDOC := $(wildcard agent/eventdoc/*.c)
CATALOGUES := $(patsubst agent/cli/po/%.po,build/locale/%/LC_MESSAGES/sekisho.mo,$(wildcard agent/cli/po/*.po))
DAEMON  := agent/sekishod.c agent/module_table.c $(CORE) $(MODULES) $(RECORD) $(BASE)

# objects FLAVOUR,SOURCES
objects = $(patsubst %.c,build/$(1)/%.o,$(2))

.PHONY: all help check lint integration vm fuzz soak bench deb install docs clean
all: build/release/sekishod build/release/sekisho $(CATALOGUES)

help:
	@echo 'all          release build (build/release/sekishod, sekisho)'
	@echo 'check        unit tests under ASan and UBSan'
	@echo 'integration  the daemon on an emulated bus (umockdev)'
	@echo 'vm           the kernel obeys: real hot-plug in QEMU'
	@echo 'lint         format, clang-tidy, cppcheck, shellcheck, include rules, headers, modules alone'
	@echo 'fuzz         builds the fuzzers; FUZZ_SECONDS=n runs each (default 0: corpus only)'
	@echo 'soak         fuzzers, power cuts and corruption for a time'
	@echo 'bench        the figures of docs/performance.md'
	@echo 'docs         docs/events.md and docs/events.schema.json from the event table'
	@echo 'deb          build/sekisho_*.deb'
	@echo 'install      into DESTDIR'

# --- objects, one rule a flavour ---------------------------------------------------------------------------------------
define flavour
build/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$$(Q)$(2) $$(CFLAGS_COMMON) $$(CFLAGS_$(1)) $$(CFLAGS) -c -o $$@ $$<
build/$(1)/sekishod: $$(call objects,$(1),$(DAEMON))
	$$(call say,LINK,$$@)
	$$(Q)$(2) $$(LDFLAGS_$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
build/$(1)/sekisho: $$(call objects,$(1),$(CLI) $(RECORD) $(BASE))
	$$(call say,LINK,$$@)
	$$(Q)$(2) $$(LDFLAGS_$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
build/$(1)/eventdoc: $$(call objects,$(1),$(EVENTDOC) $(RECORD) $(BASE))
	$$(call say,LINK,$$@)
	$$(Q)$(2) $$(LDFLAGS_$(1)) $$(LDFLAGS) -o $$@ $$^ $$(LIBS)
endef
$(eval $(call flavour,release,$(CC)))
$(eval $(call flavour,sanitize,$(CC)))
$(eval $(call flavour,fuzz,$(CLANG)))

# What is built in from other files is built again with them.
$(foreach flavour,release sanitize fuzz,build/$(flavour)/modules/media/module.o): $(RULES)

build/locale/%/LC_MESSAGES/sekisho.mo: agent/cli/po/%.po
	@mkdir -p $(@D)
	$(call say,MSGFMT,$<)
	$(Q)msgfmt --check -o $@ $<

docs: build/release/eventdoc
	$(Q)build/release/eventdoc --markdown >docs/events.md
	$(Q)build/release/eventdoc --schema >docs/events.schema.json

build/release/modules/media/module.o build/sanitize/modules/media/module.o build/fuzz/modules/media/module.o: $(RULES)

-include $(shell find build -type f -name '*.d' 2>/dev/null)

include tests/tests.mk
include install/install.mk

clean:
	rm -rf build
