"""The package: built, checked by lintian, installed, upgraded, removed and purged where it must touch nothing but files."""
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# Making an initramfs and copying a Debian take their time where others work too.
LONG_SECONDS = 1500
EXPOSURE_MAX = 2.0

# What a purge may leave: logs, dpkg's and systemd's own books, and the group, since files of its members may live on.
LEFT_BEHIND = re.compile(
    r"^/(boot/|proc/|sys/|dev/|run/|tmp/|var/log/|var/cache/|var/lib/(dpkg|systemd|initramfs-tools)/|etc/(group|gshadow)-?$"
    r"|usr/bin/udevadm|udevadm-calls$)")
CLEAN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-4000:]}"
    return done.stdout


def built_package():
    run("make", "-C", TOP, "deb")
    [package] = (TOP / "build").glob("sekisho_*.deb")
    return package


def debian():
    """The VM tests' Debian, made once and kept: systemd, udev, initramfs-tools and a kernel, without our package."""
    path = TOP / "tests/vm/root.py"
    spec = importlib.util.spec_from_file_location("vm_root", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.base()


class Chroot:
    """A copy of that Debian whose /sys is a builder's: writable files that show whoever writes to them."""

    def __enter__(self):
        self.tree = Path(tempfile.mkdtemp(prefix="sekisho-chroot-"))
        run("cp", "-a", "--reflink=auto", f"{debian()}/.", self.tree)
        run("mount", "-t", "proc", "proc", self.tree / "proc")
        (self.tree / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        self.sys = {
            "module/usbcore/parameters/authorized_default": "-1\n",
            "bus/usb/devices/usb1/authorized_default": "1\n",
            "bus/usb/devices/usb1/interface_authorized_default": "1\n",
            "bus/usb/devices/1-1/authorized": "0\n",
            "bus/usb/devices/1-1:1.0/authorized": "0\n",
            "bus/usb/drivers_probe": "",
        }
        for name, text in self.sys.items():
            (self.tree / "sys" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.tree / "sys" / name).write_text(text)
        udevadm = self.tree / "usr/bin/udevadm"
        udevadm.unlink()
        udevadm.write_text('#!/bin/sh\necho "$*" >>/udevadm-calls\n')
        udevadm.chmod(0o755)
        return self

    def __exit__(self, *_):
        run("umount", self.tree / "proc")
        run("rm", "-rf", "--one-file-system", self.tree)

    def run(self, *command):
        return run("chroot", self.tree, *command, env=CLEAN_ENVIRONMENT)

    def install(self, package):
        shutil.copy(package, self.tree / "tmp/sekisho.deb")
        return self.run("dpkg", "--install", "/tmp/sekisho.deb")

    def initramfs(self):
        [image] = (self.tree / "boot").glob("initrd.img-*")
        return self.run("lsinitramfs", f"/boot/{image.name}").split()

    def files(self):
        found = self.run("find", "/", "-xdev", "-printf", "%p\n").splitlines()
        return {name for name in found if not LEFT_BEHIND.search(name)}

    def expect_builder_untouched(self):
        for name, text in self.sys.items():
            found = (self.tree / "sys" / name).read_text()
            assert found == text, f"/sys/{name} became {found!r}"
        calls = self.tree / "udevadm-calls"
        assert not calls.exists(), f"udevadm was called: {calls.read_text()}"


def repacked(package, folder, version):
    """The same package under another version."""
    run("dpkg-deb", "--raw-extract", package, folder / "tree")
    control = folder / "tree/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    run("dpkg-deb", "-Znone", "--root-owner-group", "--build", folder / "tree", folder / "next.deb")
    return folder / "next.deb"


def test_lintian_finds_no_error_in_the_package():
    signal.alarm(LONG_SECONDS)
    found = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", built_package()], capture_output=True, text=True)
    print("".join(f"  {line}\n" for line in found.stdout.splitlines()), end="")
    assert found.returncode == 0, found.stdout + found.stderr


def test_unit_is_confined():
    unit = TOP / "install/systemd/sekishod.service"
    report = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
    [exposure] = re.findall(r"Overall exposure level for sekishod.service: ([0-9.]+)", report)
    print(f"  systemd-analyze security: {exposure}")
    assert float(exposure) <= EXPOSURE_MAX, report
    lines = unit.read_text().splitlines()
    for line in (
            "CapabilityBoundingSet=", "IPAddressDeny=any", "RestrictAddressFamilies=AF_UNIX AF_NETLINK", "NotifyAccess=main",
            "WatchdogSec=60", "Restart=always", "StartLimitIntervalSec=0", "ReadOnlyPaths=/run /sys /proc/sys"):
        assert line in lines, f"the unit has no {line}"
    assert any(line.startswith("InaccessiblePaths=") and "/run/dbus" in line and "/run/systemd/private" in line for line in lines)


def udev_complaints(rules):
    """What udev says of rules files while it reads them: it names the file and the line of each that it ignores."""
    place = Path("/run/udev/rules.d")
    place.mkdir(parents=True, exist_ok=True)
    for path in rules:
        shutil.copy(path, place)
    try:
        done = subprocess.run(["udevadm", "test", "--action=add", "/sys/class/mem/null"], capture_output=True, text=True)
    finally:
        for path in rules:
            (place / Path(path).name).unlink()
    names = [Path(path).name for path in rules]
    said = (done.stdout + done.stderr).splitlines()
    read = [name for name in names if any("Reading rules file" in line and name in line for line in said)]
    assert read == names, f"udev did not read {set(names) - set(read)}:\n{done.stderr[-2000:]}"
    usual = ("Reading rules file", "Skipping overridden file")
    return [line for line in said if any(name in line for name in names) and not any(word in line for word in usual)]


def test_udev_takes_every_line_of_the_rules():
    complaints = udev_complaints(sorted((TOP / "install/udev").glob("*.rules")))
    assert not complaints, "\n".join(complaints)


def test_udev_would_name_a_broken_line():
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / "59-broken.rules"
        broken.write_text((TOP / "install/udev/59-sekisho.rules").read_text() + 'ATTR{authorized}=="0", GOTO="nowhere"\nATTRX="1"\n')
        assert len(udev_complaints([broken])) >= 2


ALIASES = """\
# Aliases extracted from modules themselves.
alias usb:v1FC9p0117d0100dc*dsc*dp*ic*isc*ip*in* usb_storage
alias usb:v0D46p*d*dc*dsc*dp*ic*isc*ip*in* some_modem
alias usb:v0A5Cp*d*dc*dsc*dp*icFFisc01ip01in* btusb
alias usb:v08E6p3437d*dc*dsc*dp*ic08isc*ip*in* usb_storage
alias usb:v076Bp3021d*dc*dsc*dp*ic0Bisc*ip*in* some_reader_driver
alias pci:v00008086d00001234sv*sd*bc*sc*i* nothing_of_usb
"""


def test_readers_are_without_ids_that_a_module_claims():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for place, text in (("lib/modules/6.1.0-1/modules.alias", ALIASES),
                            ("lib/modules/6.1.0-2/modules.alias", "alias usb:v04E6p5116d*dc*dsc*dp*ic*isc*ip*in* later\n")):
            (root / place).parent.mkdir(parents=True)
            (root / place).write_text(text)
        (root / "ids").write_text("# a comment\n1fc9:0117\n0d46:4081\n0a5c:5800\n08e6:3437\n076b:3021\n04e6:5116\n072f:90cc\n")
        environment = {**CLEAN_ENVIRONMENT, "SEKISHO_LIB": TOP / "install/lib", "SEKISHO_READERS": root / "ids"}
        run(TOP / "install/lib/readers", root, env=environment)
        rules = (root / "etc/udev/rules.d/58-sekisho-readers.rules").read_text()
        admitted = {":".join(pair): "SEKISHO_READER_VENDOR" in rest for *pair, rest in re.findall(
            r'^ATTR\{idVendor\}=="(\w+)", ATTR\{idProduct\}=="(\w+)", ENV\{SEKISHO_READER\}="1"(.*)$', rules, re.MULTILINE)}
        # A driver of its vendor's interfaces takes those alone; one of another class than a reader's takes nothing.
        assert admitted == {"0a5c:5800": False, "08e6:3437": True, "072f:90cc": True}, admitted


def test_package_in_a_chroot_leaves_the_builder_alone_and_nothing_behind():
    signal.alarm(LONG_SECONDS)
    package = built_package()
    with Chroot() as chroot, tempfile.TemporaryDirectory() as folder:
        before = chroot.files()
        chroot.install(package)
        chroot.expect_builder_untouched()
        readers = (chroot.tree / "etc/udev/rules.d/58-sekisho-readers.rules").read_text()
        assert readers.count("SEKISHO_READER") > 500 and '"1fc9", ATTR{idProduct}=="0117"' not in readers
        for unit in ("sockets.target.wants/sekishod.socket", "multi-user.target.wants/sekishod.service"):
            assert os.path.lexists(chroot.tree / "etc/systemd/system" / unit), f"{unit} is not enabled"
        assert "sekisho-operator:" in (chroot.tree / "etc/group").read_text()
        held = chroot.initramfs()
        for name in ("59-sekisho.rules", "58-sekisho-readers.rules", "modprobe.d/sekisho.conf", "usbhid.ko", "hid-generic.ko"):
            assert any(path.endswith(name) for path in held), f"the initramfs has no {name}"

        spool = chroot.tree / "var/lib/sekisho/spool.db"
        spool.write_bytes(b"kept")
        chroot.install(repacked(package, Path(folder), "999"))
        chroot.expect_builder_untouched()
        assert spool.read_bytes() == b"kept", "an upgrade lost the store"

        chroot.run("dpkg", "--remove", "sekisho")
        chroot.expect_builder_untouched()
        assert spool.read_bytes() == b"kept", "a removal lost the store"
        assert not [path for path in chroot.initramfs() if "sekisho" in path], "the gate stays in the initramfs"
        assert not list((chroot.tree / "lib/modprobe.d").glob("*sekisho*")), "the kernel's default stays closed"

        chroot.run("dpkg", "--purge", "sekisho")
        chroot.expect_builder_untouched()
        left = chroot.files() - before - {"/tmp/sekisho.deb"}
        assert not left, f"left behind: {sorted(left)}"


def test_package_configures_a_foreign_root_from_outside():
    """DPKG_ROOT: an image builder's dpkg runs the scripts outside the image."""
    signal.alarm(LONG_SECONDS)
    package = built_package()
    with tempfile.TemporaryDirectory() as folder:
        scripts, calls, shim, root = (Path(folder) / name for name in ("scripts", "calls", "bin", "root"))
        run("dpkg-deb", "--extract", package, root)
        run("dpkg-deb", "--control", package, scripts)
        shim.mkdir()
        (shim / "udevadm").write_text(f'#!/bin/sh\necho "$*" >>{calls}\n')
        (shim / "udevadm").chmod(0o755)
        environment = {**CLEAN_ENVIRONMENT, "PATH": f"{shim}:{CLEAN_ENVIRONMENT['PATH']}", "DPKG_ROOT": str(root)}
        run(scripts / "postinst", "configure", "", env=environment)
        readers = root / "etc/udev/rules.d/58-sekisho-readers.rules"
        assert "SEKISHO_READER" in readers.read_text()
        assert "sekisho-operator" in (root / "etc/group").read_text()
        run(scripts / "postrm", "remove", env=environment)
        assert not readers.exists()
        run(scripts / "postrm", "purge", env=environment)
        assert not (root / "var/lib/sekisho").exists()
        assert not calls.exists(), f"udevadm was called: {calls.read_text()}"
