"""The guest's root: Debian by mmdebstrap, kept between runs; our package and the tests' own programs on top, for each run."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
SUITE = "bookworm"
USER_ID = 1000

# What a workstation has of that which matters here; the package's own dependencies too, since it is installed without a network.
PACKAGES = (
    "dbus", "initramfs-tools", "iproute2", "kmod", "libccid", "libjson-c5", "libpam-systemd", "libsqlite3-0", "libssl3",
    "libsystemd0", "libudev1", "linux-image-amd64", "openssl", "pcscd", "procps", "sqlite3", "systemd", "systemd-sysv", "udev", "zstd",
)
# What only the bench needs beside them.
USBGUARD = ("usbguard",)

# Left out while unpacking: nobody reads it there.
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
# Work of a first boot or of a night that would only blur what is measured.
MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
    "fstrim.timer", "systemd-tmpfiles-clean.timer", "systemd-firstboot.service",
)

# The initramfs holds what boots this guest and all that a medium, an adapter or a keyboard could bind to there: with Debian's
# whole list it would take minutes to make, in the guest above all.
INITRAMFS_MODULES = (
    "virtio_pci", "virtio_blk", "virtio_console", "ext4", "xhci_pci", "ehci_pci", "uhci_hcd", "usbhid", "hid_generic", "usb_storage",
    "uas", "sd_mod", "sr_mod", "cdc_ether", "rndis_host", "asix", "usbserial", "ftdi_sio", "cdc_acm", "dm_crypt",
)

RUNNER_UNIT = """\
[Unit]
Description=Runs the host's commands
DefaultDependencies=no
After=systemd-remount-fs.service
Before=shutdown.target
Conflicts=shutdown.target

[Service]
ExecStartPre=-/sbin/modprobe virtio_console
ExecStart=/opt/vm/runner /dev/vm-command
KillMode=process
Restart=always
OOMScoreAdjust=-1000

[Install]
WantedBy=sysinit.target
"""
# The second port of the console, by its name in sysfs; udev may be stopped in a test, never before this link is made.
RUNNER_RULE = 'SUBSYSTEM=="virtio-ports", ATTR{name}=="vm.command", SYMLINK+="vm-command"\n'


def run(*command, **options):
    """Runs a command to its end; what it printed is shown when it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout.decode(errors='replace')[-6000:]}")
    return done.stdout.decode(errors="replace")


def remove_tree(tree):
    """Never across a mount."""
    run("rm", "-rf", "--one-file-system", tree)


def cache_directory():
    home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(home) / "sekisho-vm"


def _debian_sources():
    """The machine's own apt sources of Debian, as files; other people's repositories next to them are left out."""
    places = [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*"))]
    found = []
    for place in places:
        if not place.is_file() or place.suffix not in (".list", ".sources"):
            continue
        words = [word for line in place.read_text().splitlines() if not line.startswith("#") for word in line.split()]
        if SUITE in words or f"{SUITE}-security" in words:
            found.append(place)
    if not found:
        raise RuntimeError(f"no apt source of {SUITE} in /etc/apt")
    return found


def base(packages=PACKAGES):
    """The root without our package: a directory, made once for this list of packages."""
    recipe = repr((SUITE, sorted(packages), EXCLUDED, MASKED, INITRAMFS_MODULES, 1))
    key = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    root = cache_directory() / f"base-{key}"
    if root.is_dir():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    growing = pathlib.Path(tempfile.mkdtemp(prefix="growing-", dir=root.parent))
    growing.chmod(0o755)
    try:
        print("  the guest's Debian is made (once, some minutes)", flush=True)
        # In a mount namespace of its own: what it mounts in there is gone with it, also when it is killed.
        run("unshare", "--mount", "mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}",
            "--essential-hook=mkdir -p \"$1\"/etc/initramfs-tools/conf.d \"$1\"/usr/share/initramfs-tools/modules.d",
            "--essential-hook=echo MODULES=list > \"$1\"/etc/initramfs-tools/conf.d/vm",
            f"--essential-hook=printf '%s\\n' {' '.join(INITRAMFS_MODULES)} > \"$1\"/usr/share/initramfs-tools/modules.d/vm",
            "--dpkgopt=force-unsafe-io",
            *[f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED],
            "--customize-hook=rm -f \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
            "--customize-hook=rm -rf \"$1\"/var/cache/apt/* \"$1\"/var/lib/apt/lists/*",
            SUITE, growing / "root", *_debian_sources())
        _settle(growing / "root")
        os.rename(growing / "root", root)
    finally:
        remove_tree(growing)
    return root


def _settle(root):
    """What every guest has: a user, no first boot, no work of its own at night."""
    run("chroot", root, "useradd", "--create-home", "--uid", USER_ID, "--shell", "/bin/bash", "staff01")
    run("chroot", root, "systemctl", "mask", *MASKED)
    (root / "etc/hostname").write_text("terminal\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost terminal\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 1\n")
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")


def compile_static(source, target):
    """A guest's program, from tests/vm/guest: static, since the guest has no compiler."""
    run("gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-o", target, source)


class Image:
    """A bootable disk of its own directory: disk (raw), kernel, initrd. Machines boot from copy-on-write layers over it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.disk = self.directory / "disk.img"
        self.kernel = self.directory / "vmlinuz"
        self.initrd = self.directory / "initrd.img"


def build_image(directory, deb=None, files=None, packages=PACKAGES, prepare=None, purge=False, size_mib=2048):
    """Puts the package (deb, or None for a bare Debian) and files ({path in the guest: path here}) onto the base and makes
    the disk. prepare(root): a last word on the tree, before the package is installed. purge: and it is purged again. No loop
    device, no mount."""
    image = Image(directory)
    image.directory.mkdir(parents=True, exist_ok=True)
    tree = image.directory / "root"
    remove_tree(tree)
    run("cp", "-a", "--reflink=auto", base(packages), tree)
    (tree / "opt/vm").mkdir(parents=True, exist_ok=True)
    compile_static(HERE / "guest/runner.c", tree / "opt/vm/runner")
    for place, source in (files or {}).items():
        target = tree / str(place).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    (tree / "etc/systemd/system/vm-runner.service").write_text(RUNNER_UNIT)
    (tree / "etc/udev/rules.d/99-vm-runner.rules").write_text(RUNNER_RULE)
    run("chroot", tree, "systemctl", "enable", "vm-runner.service")
    _log_in(tree)
    if prepare:
        prepare(tree)
    if deb:
        shutil.copy(deb, tree / "opt/vm/sekisho.deb")
        dpkg(tree, "--install", "/opt/vm/sekisho.deb")
    if purge:
        dpkg(tree, "--purge", "sekisho")
    _keep_initramfs(tree)
    _take_out_kernel(tree, image)
    run("rm", "-f", image.disk)
    run("mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-d", tree, image.disk, f"{size_mib}M")
    remove_tree(tree)
    return image


def _log_in(tree):
    """The user sits at the terminal: what logind and udev give to the seat's user must not be given here."""
    unit = tree / "etc/systemd/system/getty@tty1.service.d/login.conf"
    unit.parent.mkdir(parents=True, exist_ok=True)
    unit.write_text("[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin staff01 --noclear %I linux\n")


def dpkg(tree, *words):
    """dpkg in the tree, as an image builder does it: its maintainer scripts must know that this is not the machine."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    run("chroot", tree, "dpkg", "--force-unsafe-io", *words, env=environment)


def _keep_initramfs(tree):
    """The one made here is what boots. Made again in the guest, whenever a package asks, it would take minutes each time."""
    settings = tree / "etc/initramfs-tools/update-initramfs.conf"
    text = settings.read_text()
    if "update_initramfs=yes" not in text:
        raise RuntimeError(f"{settings}: update_initramfs=yes is expected")
    settings.write_text(text.replace("update_initramfs=yes", "update_initramfs=no"))


def _take_out_kernel(tree, image):
    kernels = sorted((tree / "boot").glob("vmlinuz-*"))
    if len(kernels) != 1:
        raise RuntimeError(f"one kernel is expected in the guest, not {len(kernels)}")
    release = kernels[0].name.removeprefix("vmlinuz-")
    shutil.copy(kernels[0], image.kernel)
    recorder = image.directory / "recorder"
    compile_static(HERE / "guest/recorder.c", recorder)
    ahead = _archive({"vm-recorder": recorder.read_bytes()})
    image.initrd.write_bytes(ahead + (tree / f"boot/initrd.img-{release}").read_bytes())


def _archive(files):
    """A cpio archive (newc) that the kernel unpacks before the image's own, which stays untouched."""
    whole = bytearray()
    entries = [*((name, 0o100755, content) for name, content in files.items()), ("TRAILER!!!", 0, b"")]
    for number, (name, mode, content) in enumerate(entries, 1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        whole += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        whole += b"\0" * (-len(whole) % 4) + content
        whole += b"\0" * (-len(whole) % 4)
    return bytes(whole + b"\0" * (-len(whole) % 512))
