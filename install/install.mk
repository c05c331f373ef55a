# What goes where: `make install` and `make deb`.

# install MODE,FILES,FOLDER: a folder of no file is not made
define place
$(if $(strip $(2)),$(Q)install -d $(DESTDIR)$(3) && install -m $(1) -t $(DESTDIR)$(3) $(2))
endef

UDEV_RULES := $(wildcard install/udev/*.rules)
MANUALS    := $(wildcard docs/man/*.[1-8])
MANUALS_JA := $(wildcard docs/man/ja/*.[1-8])
GUIDES     := $(wildcard docs/*.md docs/events.schema.json)
SETTINGS   := $(filter-out %.schema.json,$(wildcard config/*.json))
SCHEMAS    := $(wildcard config/*.schema.json)

install: all
	$(call say,INSTALL,$(or $(DESTDIR),/))
	$(call place,0755,build/release/sekishod,$(PREFIX)/sbin)
	$(call place,0755,build/release/sekisho,$(PREFIX)/bin)
	$(call place,0755,$(filter-out %/functions,$(wildcard install/lib/*)),$(PREFIX)/lib/sekisho)
	$(call place,0644,install/lib/functions,$(PREFIX)/lib/sekisho)
	$(call place,0644,install/readers.ids,$(PREFIX)/share/sekisho)
	$(call place,0644,$(UDEV_RULES),/$(RULES_FOLDER))
	$(call place,0644,install/modprobe.d/sekisho.conf,/lib/modprobe.d)
	$(call place,0755,install/initramfs/sekisho,$(PREFIX)/share/initramfs-tools/hooks)
	$(call place,0755,install/kernel/sekisho,/etc/kernel/postinst.d)
	$(call place,0644,$(wildcard install/systemd/*),/lib/systemd/system)
	$(call place,0644,install/sysusers.d/sekisho.conf,$(PREFIX)/lib/sysusers.d)
	$(call place,0644,install/tmpfiles.d/sekisho.conf,$(PREFIX)/lib/tmpfiles.d)
	$(call place,0644,$(SETTINGS),/etc/sekisho)
	$(Q)install -d $(DESTDIR)/etc/sekisho/policy.d
	$(call place,0644,$(SCHEMAS),$(PREFIX)/share/sekisho)
	$(call place,0644,$(wildcard install/completion/sekisho),$(PREFIX)/share/bash-completion/completions)
	$(Q)for catalogue in $(CATALOGUES:build/locale/%=%); do \
	    install -D -m 0644 build/locale/$$catalogue $(DESTDIR)$(PREFIX)/share/locale/$$catalogue; done
	$(call place,0644,$(GUIDES) NEWS.md,$(PREFIX)/share/doc/sekisho)
	$(Q)for page in $(MANUALS); do install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	$(Q)for page in $(MANUALS_JA); do install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/ja/man$${page##*.}/$${page##*/}; done

# The top level has no debian/: the packaging is staged below build/, where its tools leave what they make.
STAGE := build/deb/sekisho-$(VERSION)

deb: all
	$(call say,DEB,build/sekisho_$(VERSION)_$$(dpkg --print-architecture).deb)
	$(Q)rm -rf build/deb build/sekisho_*.deb && mkdir -p $(STAGE) && cp -r install/deb $(STAGE)/debian
	$(Q)cd $(STAGE) && SEKISHO_TOP=$(CURDIR) SOURCE_DATE_EPOCH=$$(dpkg-parsechangelog -S Timestamp) \
	    dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes >../build.log 2>&1 || { tail -30 ../build.log; exit 1; }
	$(Q)cp build/deb/sekisho_*.deb build/
