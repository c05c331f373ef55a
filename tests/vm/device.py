"""Devices that QEMU plugs: what each is, and how it is put in and pulled out over QMP."""

import contextlib
import itertools
import tempfile

from qmp import Failed

_numbers = itertools.count(1)


class Device:
    """A USB device. id is QEMU's name for it; bus and port say where it goes (None: the first free port of the first bus)."""

    driver = None
    options = {}
    binds = None  # the kernel driver that the rules give it, if it is one that they admit

    def __init__(self, port=None, bus="usb.0", **options):
        self.id = f"d{next(_numbers)}"
        self.port = str(port) if port else None
        self._place = {"bus": bus, **({"port": str(port)} if port else {})}
        self._options = {**self.options, **options}

    def __repr__(self):
        return f"{type(self).__name__} at port {self.port}"

    def plug(self, qmp):
        qmp.ask("device_add", driver=self.driver, id=self.id, **self._place, **self._options)

    def unplug(self, qmp):
        qmp.ask("device_del", id=self.id)


class _Medium(Device):
    """A device with a drive behind it, all zeroes: its bytes do not matter."""

    size = 16 << 20

    def _add_drive(self, qmp):
        qmp.ask("blockdev-add", driver="null-co", node_name=f"{self.id}n", size=self.size, read_zeroes=True)

    def unplug(self, qmp):
        super().unplug(qmp)
        with contextlib.suppress(Failed):  # QEMU may still hold it for an instant; an empty drive may stay
            qmp.ask("blockdev-del", node_name=f"{self.id}n")


class Stick(_Medium):
    """A USB memory stick (bulk only)."""

    driver = "usb-storage"
    options = {"serial": "A1"}

    def plug(self, qmp):
        self._add_drive(qmp)
        qmp.ask("device_add", driver=self.driver, id=self.id, drive=f"{self.id}n", removable=True, **self._place, **self._options)


class WritableStick(Stick):
    """A stick that keeps what is written to it, until it is forgotten here."""

    def _add_drive(self, qmp):
        self._file = tempfile.NamedTemporaryFile(prefix="sekisho-stick-")
        self._file.truncate(self.size)
        qmp.ask("blockdev-add", driver="file", node_name=f"{self.id}n", filename=self._file.name)


class _ScsiHost(_Medium):
    """A transport with a SCSI device behind it: put into the port when both are there."""

    scsi = "scsi-hd"

    def plug(self, qmp):
        self._add_drive(qmp)
        super().plug(qmp)
        qmp.ask("device_add", driver=self.scsi, id=f"{self.id}s", bus=f"{self.id}.0", drive=f"{self.id}n")
        qmp.ask("qom-set", path=f"/machine/peripheral/{self.id}", property="attached", value=True)


class UasDisk(_ScsiHost):
    """A disk that speaks UAS."""

    driver = "usb-uas"


class Cdrom(_ScsiHost):
    """A USB CD-ROM drive with a disc."""

    driver = "usb-bot"
    scsi = "scsi-cd"


class Phone(Device):
    """A phone that offers its files by MTP."""

    driver = "usb-mtp"
    options = {"rootdir": "/usr/share/keyrings", "desc": "phone"}


class NetworkAdapter(Device):
    driver = "usb-net"

    def plug(self, qmp):
        qmp.ask("netdev_add", type="user", id=f"{self.id}n", restrict=True)
        qmp.ask("device_add", driver=self.driver, id=self.id, netdev=f"{self.id}n", **self._place, **self._options)

    def unplug(self, qmp):
        super().unplug(qmp)
        qmp.ask("netdev_del", id=f"{self.id}n")


class _OnChardev(Device):
    def plug(self, qmp):
        qmp.ask("chardev-add", id=f"{self.id}c", backend={"type": "null", "data": {}})
        qmp.ask("device_add", driver=self.driver, id=self.id, chardev=f"{self.id}c", **self._place, **self._options)


class SerialAdapter(_OnChardev):
    """An FTDI serial adapter, 0403:6001."""

    driver = "usb-serial"
    options = {"always-plugged": True}


class Keyboard(Device):
    driver = "usb-kbd"
    binds = "usbhid"


class Mouse(Device):
    driver = "usb-mouse"
    binds = "usbhid"


class Tablet(Device):
    """A pointing device with absolute places."""

    driver = "usb-tablet"
    binds = "usbhid"


class Hub(Device):
    driver = "usb-hub"
    binds = "hub"


class Reader(Device):
    """A CCID card reader, 08e6:4433, without a card."""

    driver = "usb-ccid"


class Sound(Device):
    driver = "usb-audio"

    def plug(self, qmp):
        qmp.ask("device_add", driver=self.driver, id=self.id, audiodev="none", **self._place, **self._options)


class Controller:
    """Another controller, hot-plugged into PCI: a dock. Its ports are bus "ID.0"."""

    driver, options = "qemu-xhci", {"p2": 15, "p3": 15}

    def __init__(self):
        self.id = f"x{next(_numbers)}"
        self.bus = f"{self.id}.0"

    def plug(self, qmp):
        qmp.ask("device_add", driver=self.driver, id=self.id, **self.options)

    def unplug(self, qmp):
        qmp.ask("device_del", id=self.id)


class OldController(Controller):
    """USB 2.0 alone (EHCI), six ports."""

    driver, options = "usb-ehci", {}
