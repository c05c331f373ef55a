"""A USB bus that does not exist: sysfs as files, and beside it a small kernel with the rules of 59-sekisho.rules.

It stands in for the kernel and udev so that the *agent's* logic can be tried quickly and without hardware: what the
daemon reads, decides, writes and records. It does not prove that a kernel obeys: tests/vm does that, on a real one.

What of the kernel is imitated: interfaces are born unauthorized; `1` in `authorized` binds nothing; `0` unbinds; a name
in drivers_probe asks all drivers in memory, but only for an authorized interface; `add` in `uevent` makes udev look
again. Of the rules: input, hub and listed reader interfaces of a device that has nothing else are admitted and bound by
driver name, and closed again where another driver claims the device; what is not authorized loads no driver; a node
takes the group that /run/sekisho/nodes names.
"""
import ctypes
import os
import re
import select
import shutil
import struct
import threading
from pathlib import Path

from uevents import UeventQueue

CONTROLLER = "devices/pci0000:00/0000:00:14.0"
# Which driver takes a class once it is in memory. Classes not here have none: programs use them through usbfs.
DRIVER_OF_CLASS = {0x01: "snd-usb-audio", 0x02: "cdc_ether", 0x03: "usbhid", 0x07: "usblp", 0x08: "usb-storage",
                   0x09: "hub", 0x0E: "uvcvideo"}
RULE_DRIVERS = {0x03: "usbhid", 0x09: "hub"}
IN_CLOSE_WRITE = 0x08


class Interface:
    def __init__(self, device, name, kind):
        self.device, self.name, self.kind, self.driver = device, name, kind, ""

    @property
    def path(self):
        return self.device.path / self.name

    @property
    def authorized(self):
        return _read(self.path / "authorized").startswith("1")


class Plugged:
    """One device from its plug to its unplug. drivers_seen: every driver that was ever bound to it."""

    def __init__(self, what, name, path, devnum):
        self.what, self.name, self.path, self.devnum = what, name, path, devnum
        self.interfaces, self.drivers_seen, self.node_group = [], set(), None

    @property
    def drivers(self):
        return sorted({interface.driver for interface in self.interfaces if interface.driver})


class EmulatedBus:
    def __init__(self, root, run):
        """root: what umockdev's preload library shows in place of / for /sys. run: the daemon's /run."""
        self.root, self.run, self.sys = Path(root), Path(run), Path(root) / "sys"
        self.lock = threading.RLock()
        self.devices, self.next_devnum, self.drivers_in_memory = {}, 2, {"usb", "hub", "usbhid"}
        self._make_tree()
        self.uevents = UeventQueue(self.root)
        self.writes = WriteWatch(self._written)
        self._watch_drivers_probe()

    # --- plugging -----------------------------------------------------------------------------------------------------

    def plug(self, what, port):
        """The kernel enumerates, udev runs the rules, monitors are told. port: "1", or "1.3" behind a hub."""
        with self.lock:
            device = self._enumerate(what, f"1-{port}")
            self.devices[device.name] = device
            self._tell("add", device.path, "usb_device", device)
            for interface in device.interfaces:
                self._rules_on_add(interface)
            self._tell("bind", device.path, "usb_device", device)
            return device

    def unplug(self, device):
        """Gone from sysfs before udev has worked on the kernel's word, so before monitors hear of it."""
        with self.lock:
            self.writes.forget(device.path)
            for name in (device.name, *(interface.name for interface in device.interfaces)):
                (self.sys / "bus/usb/devices" / name).unlink()
            shutil.rmtree(device.path)
            (self.run / "udev/data" / f"c189:{device.devnum - 1}").unlink(missing_ok=True)
            del self.devices[device.name]
            for interface in device.interfaces:
                self._tell("remove", interface.path, "usb_interface", device)
            self._tell("remove", device.path, "usb_device", device)

    def open_by_hand(self, device):
        """Somebody else with root's rights: authorizes every interface and has its own driver bound."""
        with self.lock:
            for interface in device.interfaces:
                self._authorize(interface, "1")
                self.drivers_in_memory |= {self._own_driver(interface)} - {""}
                self._bind(interface, self._own_driver(interface))
                self._tell("change", interface.path, "usb_interface", device)

    def close(self):
        self.writes.close()
        self.uevents.close()
        os.close(self.probe)

    # --- the kernel's part ---------------------------------------------------------------------------------------------

    def _make_tree(self):
        for folder in ("bus/usb/devices", "bus/usb/drivers/usb", "class", "module/usbcore/parameters"):
            (self.sys / folder).mkdir(parents=True)
        _write(self.sys / "module/usbcore/parameters/authorized_default", "0\n")
        hub = self.sys / CONTROLLER / "usb1"
        hub.mkdir(parents=True)
        self._fill(hub, {"idVendor": "1d6b", "idProduct": "0002", "devnum": "1", "busnum": "1", "authorized": "1",
                         "authorized_default": "1", "interface_authorized_default": "0",
                         "uevent": "DEVTYPE=usb_device\nBUSNUM=001\nDEVNUM=001"})
        self._link(hub, "usb1")
        (self.run / "udev/data").mkdir(parents=True, exist_ok=True)
        for driver in ("usbhid", "hub", "usb-storage", "cdc_ether", "usblp", "snd-usb-audio", "uvcvideo"):
            (self.sys / "bus/usb/drivers" / driver).mkdir()
        os.mkfifo(self.sys / "bus/usb/drivers_probe")

    def _fill(self, folder, attributes):
        for name, text in attributes.items():
            _write(folder / name, text if isinstance(text, bytes) else text + "\n")

    def _link(self, path, name):
        (path / "subsystem").symlink_to(os.path.relpath(self.sys / "bus/usb", path))
        (self.sys / "bus/usb/devices" / name).symlink_to(
            os.path.relpath(path, self.sys / "bus/usb/devices"))

    def _enumerate(self, what, name):
        parent = self.sys / CONTROLLER / "usb1"
        parts = name.split(".")
        for depth in range(1, len(parts)):
            parent = parent / ".".join(parts[:depth])
        device = Plugged(what, name, parent / name, self.next_devnum)
        self.next_devnum += 1
        device.path.mkdir()
        self._fill(device.path, {
            "idVendor": f"{what.vendor:04x}", "idProduct": f"{what.product:04x}", "bcdDevice": "0100",
            "busnum": "1", "devnum": str(device.devnum), "devpath": name[2:], "speed": "480", "authorized": "1",
            "bConfigurationValue": "1", "bNumConfigurations": str(len(what.configurations)),
            "uevent": f"MAJOR=189\nMINOR={device.devnum - 1}\nDEVNAME=bus/usb/001/{device.devnum:03}\n"
                      "DEVTYPE=usb_device\nDRIVER=usb"})
        _write(device.path / "descriptors", what.descriptors)
        for attribute, text in (("serial", what.serial), ("manufacturer", what.manufacturer),
                                ("product", what.product_name)):
            if text:
                _write(device.path / attribute, text + b"\n")
        (device.path / "driver").symlink_to(os.path.relpath(self.sys / "bus/usb/drivers/usb", device.path))
        self._link(device.path, name)
        # udev's database: that it looked at the device, and what the rules found.
        _write(self.run / "udev/data" / f"c189:{device.devnum - 1}",
               "I:1000000\n" + ("E:SEKISHO_READER=1\n" if what.reader else ""))
        for number, kind in enumerate(what.interfaces):
            device.interfaces.append(self._make_interface(device, f"{name}:1.{number}", number, kind))
        self.writes.watch(device.path)
        return device

    def _make_interface(self, device, name, number, kind):
        interface = Interface(device, name, kind)
        interface.path.mkdir()
        self._fill(interface.path, {
            "bInterfaceClass": f"{kind[0]:02x}", "bInterfaceSubClass": f"{kind[1]:02x}",
            "bInterfaceProtocol": f"{kind[2]:02x}", "bInterfaceNumber": f"{number:02x}", "bAlternateSetting": "0",
            "authorized": "0", "uevent": "DEVTYPE=usb_interface"})
        self._link(interface.path, name)
        self.writes.watch(interface.path)
        return interface

    def _bind(self, interface, driver):
        if interface.driver or driver not in self.drivers_in_memory or not interface.authorized:
            return
        interface.driver = driver
        interface.device.drivers_seen.add(driver)
        (interface.path / "driver").symlink_to(
            os.path.relpath(self.sys / "bus/usb/drivers" / driver, interface.path))
        self._tell("bind", interface.path, "usb_interface", interface.device)

    def _unbind(self, interface):
        if not interface.driver:
            return
        interface.driver = ""
        (interface.path / "driver").unlink()
        self._tell("unbind", interface.path, "usb_interface", interface.device)

    def _authorize(self, interface, text):
        _write(interface.path / "authorized", text + "\n")

    def _own_driver(self, interface):
        return interface.device.what.claimed_by or DRIVER_OF_CLASS.get(interface.kind[0], "")

    # --- udev's part: what 59-sekisho.rules does ------------------------------------------------------------------------

    def _rules_on_add(self, interface):
        what = interface.device.what
        shape = bool(what.kinds()) and all(kind[0] in (0x03, 0x09, 0x0B, 0xFF) for kind in what.kinds())
        if not interface.authorized and shape and interface.kind[0] in RULE_DRIVERS:
            self._authorize(interface, "1")
            if not what.claimed_by:
                self._bind(interface, RULE_DRIVERS[interface.kind[0]])
            if not interface.driver:
                self._authorize(interface, "0")
        elif not interface.authorized and shape and what.reader and interface.kind[0] in (0x0B, 0xFF):
            self._authorize(interface, "1")
        elif interface.authorized:
            self._load(self._own_driver(interface))
        self._tell("add", interface.path, "usb_interface", interface.device)

    def _load(self, driver):
        """A driver that comes into memory takes what is authorized and waits for it; one that is there already does not."""
        if not driver or driver in self.drivers_in_memory:
            return
        self.drivers_in_memory.add(driver)
        for device in self.devices.values():
            for interface in device.interfaces:
                if self._own_driver(interface) == driver:
                    self._bind(interface, driver)

    def _rules_on_node(self, device):
        grant = self.run / "sekisho/nodes" / f"001-{device.devnum:03}"
        text = _read(grant) if grant.exists() else ""
        device.node_group = text.strip().partition("SEKISHO_GROUP=")[2] or None

    def _tell(self, action, path, devtype, device):
        devpath = "/" + str(path.relative_to(self.sys))
        properties = {"ACTION": action, "DEVPATH": devpath, "SUBSYSTEM": "usb", "DEVTYPE": devtype}
        if devtype == "usb_device":
            properties |= {"MAJOR": "189", "MINOR": str(device.devnum - 1),
                           "DEVNAME": f"/dev/bus/usb/001/{device.devnum:03}", "DEVNUM": f"{device.devnum:03}",
                           "PRODUCT": f"{device.what.vendor:x}/{device.what.product:x}/100"}
            if device.what.reader:
                properties["SEKISHO_READER"] = "1"
        self.uevents.send(properties)

    # --- what the daemon writes ----------------------------------------------------------------------------------------

    def _written(self, folder, attribute):
        with self.lock:
            device = next((d for d in self.devices.values() if d.path == folder), None)
            interface = next((i for d in self.devices.values() for i in d.interfaces if i.path == folder), None)
            if interface and attribute == "authorized":
                if not interface.authorized:
                    self._unbind(interface)
            elif interface and attribute == "uevent":
                _write(folder / "uevent", "DEVTYPE=usb_interface\n")
                self._rules_on_add(interface)
            elif device and attribute == "uevent":
                self._fill(folder, {"uevent": f"MAJOR=189\nMINOR={device.devnum - 1}\n"
                                              f"DEVNAME=bus/usb/001/{device.devnum:03}\nDEVTYPE=usb_device\nDRIVER=usb"})
                self._rules_on_node(device)
                self._tell("change", folder, "usb_device", device)

    def _watch_drivers_probe(self):
        # A pipe, so that no name is lost when two are written at once.
        self.probe = os.open(self.sys / "bus/usb/drivers_probe", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.writes.watch_pipe(self.probe, self._probe_written)

    def _probe_written(self, text):
        with self.lock:
            known = {i.name: i for d in self.devices.values() for i in d.interfaces}
            if not known:
                return
            pattern = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
            for name in re.findall(pattern, text):
                self._bind(known[name], self._own_driver(known[name]))


class WriteWatch:
    """Calls back for each file that somebody else closed after writing. Our own writes rename, and so pass unseen."""

    def __init__(self, call):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self.call, self.folders, self.pipes, self.open = call, {}, {}, True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def watch(self, folder):
        number = self.libc.inotify_add_watch(self.fd, os.fsencode(folder), IN_CLOSE_WRITE)
        if number < 0:
            raise OSError(ctypes.get_errno(), f"inotify on {folder}")
        self.folders[number] = folder

    def forget(self, folder):
        self.folders = {n: f for n, f in self.folders.items() if folder != f and folder not in f.parents}

    def watch_pipe(self, fd, call):
        self.pipes[fd] = call

    def _run(self):
        while self.open:
            ready, _, _ = select.select([self.fd, *self.pipes], [], [], 0.1)
            for fd in ready:
                data = os.read(fd, 65536)
                if fd in self.pipes:
                    self.pipes[fd](data.decode())
                else:
                    self._events(data)

    def _events(self, data):
        at = 0
        while at < len(data):
            number, _, _, length = struct.unpack_from("iIII", data, at)
            name = data[at + 16:at + 16 + length].rstrip(b"\0").decode()
            at += 16 + length
            if number in self.folders:
                self.call(self.folders[number], name)

    def close(self):
        self.open = False
        self.thread.join()
        os.close(self.fd)


def _read(path):
    return path.read_text(errors="replace")


def _write(path, content):
    """By rename: a reader sees the old or the new, and WriteWatch does not mistake it for the daemon's write."""
    temporary = path.parent / f".{path.name}.new"
    temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.rename(temporary, path)
