"""What the guest's kernel said since boot: its uevents and its log, as the recorder in the first initramfs sends them."""

import re
import threading
import time

from qmp import PATIENCE

# What a refused device must never have given the kernel.
DISK = re.compile(r"/(sd[a-z]+|sr\d+)$")
TTY = re.compile(r"/tty(USB|ACM)\d+$")
USB_NAME = re.compile(r"\d+-[\d.]+(:\d+\.\d+)?$")
# Drivers of interfaces that the rules give without the agent.
INPUT_DRIVERS = {"usbhid", "hub"}


class Uevent:
    """One uevent: action, devpath, and its keys."""

    __slots__ = ("ms", "action", "path", "keys")

    def __init__(self, ms, head, keys):
        self.ms = ms
        self.action, _, self.path = head.partition("@")
        self.keys = keys

    def __repr__(self):
        return f"[{self.ms / 1000:.3f}] {self.action} {self.path} {self.keys.get('DRIVER', '')}"

    @property
    def subsystem(self):
        return self.keys.get("SUBSYSTEM", "")

    @property
    def is_usb(self):
        return "/usb" in self.path

    @property
    def usb_name(self):
        """The USB device or interface it is about or lies under: "2-5" of …/usb2/2-5/2-5:1.0/host0."""
        names = [part for part in self.path.split("/") if USB_NAME.match(part)]
        return names[-1].partition(":")[0] if names else ""

    @property
    def usb_port(self):
        """Its port path without the bus: QEMU's "5" or "4.1"."""
        return self.usb_name.partition("-")[2]


def _kind_of_forbidden(event):
    """Why this uevent must not be, or None: a disk, a SCSI host, a tty, a network interface, a driver."""
    if event.action == "bind" and event.keys.get("DEVTYPE") == "usb_interface":
        driver = event.keys.get("DRIVER", "?")
        return None if driver in INPUT_DRIVERS else f"driver {driver}"
    if event.action != "add" or not event.is_usb:
        return None
    if event.subsystem == "block" and DISK.search(event.path):
        return "disk"
    if event.subsystem in ("scsi", "scsi_host"):
        return "SCSI host"
    if event.subsystem == "tty" and TTY.search(event.path):
        return "tty"
    if event.subsystem == "net":
        return "network interface"
    return None


class Record:
    """Follows the recorder's file while the guest writes it. A mark is a place in it; a slice from a mark on is what came after."""

    def __init__(self, path):
        self._path = path
        self.events, self.log = [], []
        self._rest = b""
        self._offset = 0
        self._lock = threading.Lock()
        self.lost = False
        self.began = False

    def read(self):
        """Takes in what came since the last call."""
        with self._lock:
            try:
                with open(self._path, "rb") as stream:
                    stream.seek(self._offset)
                    fresh = stream.read()
            except FileNotFoundError:
                return
            self._offset += len(fresh)
            lines = (self._rest + fresh).split(b"\n")
            self._rest = lines.pop()
            for line in lines:
                self._take(line.decode("ascii", "replace"))

    def _take(self, line):
        if line == "BEGIN":
            self.began = True
        elif line == "LOST":
            self.lost = True
        elif line.startswith("U\t"):
            _, ms, head, *pairs = line.split("\t")
            keys = dict(pair.partition("=")[::2] for pair in pairs)
            self.events.append(Uevent(int(ms), head, keys))
        elif line.startswith("K\t"):
            _, ms, text = line.split("\t", 2)
            self.log.append((int(ms), text.partition(";")[2].partition("\\x0a")[0]))

    def complete(self):
        """None, or why "never" cannot be said."""
        self.read()
        if not self.began:
            return "the recorder did not begin"
        if self.lost:
            return "the recorder lost events"
        numbers = {int(event.keys["SEQNUM"]) for event in self.events if "SEQNUM" in event.keys}
        missing = set(range(min(numbers), max(numbers) + 1)) - numbers if numbers else {0}
        if missing:
            return f"uevents {sorted(missing)[:5]} are missing"
        if not any(event.keys.get("DEVPATH") == "/module/usbcore" and event.action == "add" for event in self.events):
            return "the recorder began after usbcore was loaded"
        return None

    def mark(self):
        self.read()
        return len(self.events), len(self.log)

    def since(self, mark=(0, 0)):
        self.read()
        return self.events[mark[0]:]

    def log_since(self, mark=(0, 0)):
        self.read()
        return [text for _, text in self.log[mark[1]:]]

    def forbidden(self, mark=(0, 0), end=None, permitted=lambda event: False):
        """All that a refused device must never have made, as sentences; empty when all is well."""
        self.read()
        found = []
        for event in self.events[mark[0]:end[0] if end else None]:
            kind = _kind_of_forbidden(event)
            if kind and not permitted(event):
                found.append(f"{kind}: {event}")
        for _, text in self.log[mark[1]:end[1] if end else None]:
            if re.match(r"scsi host\d+: (usb-storage|uas)", text) and not permitted(text):
                found.append(f"log: {text}")
        return found

    def wait(self, test, mark=(0, 0), timeout=20, what="the uevent"):
        """The first uevent after mark that passes the test. TimeoutError after so many seconds."""
        end, at = time.monotonic() + PATIENCE * timeout, mark[0]
        while True:
            self.read()
            while at < len(self.events):
                if test(self.events[at]):
                    return self.events[at]
                at += 1
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {PATIENCE * timeout} s")
            time.sleep(0.02)

    def wait_log(self, text, timeout=30):
        """Until a line of the kernel's log begins so."""
        end = time.monotonic() + PATIENCE * timeout
        while True:
            self.read()
            if any(line.startswith(text) for _, line in self.log):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"the log does not say '{text}' within {PATIENCE * timeout} s")
            time.sleep(0.02)
