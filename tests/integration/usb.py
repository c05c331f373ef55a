"""USB devices as their descriptors describe them (USB 2.0 chapter 9): what the emulated bus plugs."""
import struct
from dataclasses import dataclass, field

# Class, subclass, protocol of the interfaces that office devices show.
KEYBOARD = (0x03, 0x01, 0x01)
MOUSE = (0x03, 0x01, 0x02)
HID = (0x03, 0x00, 0x00)
HUB = (0x09, 0x00, 0x00)
READER = (0x0B, 0x00, 0x00)
STORAGE = (0x08, 0x06, 0x50)
UAS = (0x08, 0x06, 0x62)
STILL_IMAGE = (0x06, 0x01, 0x01)
PRINTER = (0x07, 0x01, 0x02)
NETWORK = (0x02, 0x06, 0x00)
NETWORK_DATA = (0x0A, 0x00, 0x00)
VENDOR = (0xFF, 0xFF, 0xFF)


@dataclass
class Device:
    """configurations: of each, the kinds of its interfaces in order. claimed_by: a driver that takes the device by its
    id whatever its interfaces say (kernel-facts: the class does not choose the driver). reader: udev's list knows it."""

    name: str
    vendor: int
    product: int
    configurations: list
    serial: bytes = b""
    manufacturer: bytes = b""
    product_name: bytes = b""
    claimed_by: str = ""
    reader: bool = False
    descriptors: bytes = field(default=b"", repr=False)

    def __post_init__(self):
        self.descriptors = self.descriptors or self._describe()

    @property
    def interfaces(self):
        """Those of the configuration that the kernel chooses: the first."""
        return self.configurations[0] if self.configurations else []

    def kinds(self):
        return [kind for configuration in self.configurations for kind in configuration]

    def _describe(self):
        head = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, self.vendor, self.product, 0x0100, 1, 2, 3,
                           len(self.configurations))
        return head + b"".join(_configuration(number, kinds) for number, kinds in enumerate(self.configurations, 1))


def _configuration(number, kinds):
    body = b""
    for index, (cls, sub, protocol) in enumerate(kinds):
        body += struct.pack("<BBBBBBBBB", 9, 4, index, 0, 1, cls, sub, protocol, 0)
        body += struct.pack("<BBBBHB", 7, 5, 0x81 + index, 3 if cls in (3, 9) else 2, 8 if cls == 3 else 512, 10)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(kinds), number, 0, 0x80, 50) + body


def stick(serial=b"4C530001230914106593", **changes):
    return Device(**{**dict(name="USB stick", vendor=0x0781, product=0x5567, configurations=[[STORAGE]], serial=serial,
                            manufacturer=b"SanDisk", product_name=b"Cruzer Blade"), **changes})


def uas_disk():
    return Device("UAS disk", 0x04E8, 0x61F5, [[UAS]], b"S5SXNS0R700159H", b"Samsung", b"Portable SSD T5")


def phone():
    return Device("phone (MTP)", 0x18D1, 0x4EE1, [[STILL_IMAGE]], b"8BNX1ABCD", b"Google", b"Pixel 7")


def keyboard(serial=b"", **changes):
    return Device(**{**dict(name="keyboard", vendor=0x04D9, product=0x1702, configurations=[[KEYBOARD, HID]],
                            serial=serial, manufacturer=b"Holtek", product_name=b"USB Keyboard"), **changes})


def mouse():
    return Device("mouse", 0x046D, 0xC077, [[MOUSE]], b"", b"Logitech", b"USB Optical Mouse")


def hub():
    return Device("hub", 0x05E3, 0x0608, [[HUB]], b"", b"", b"USB2.0 Hub")


def reader():
    return Device("card reader", 0x04E6, 0x5116, [[READER]], b"55121234200123", b"SCM", b"SCR3310 Smart Card Reader",
                  reader=True)


def keyboard_with_storage():
    return Device("keyboard with storage", 0x1B4F, 0x9208, [[KEYBOARD, STORAGE]], b"RD0001", b"", b"HID Keyboard")


def hidden_storage():
    """Storage in a second configuration, to be selected once the keyboard is trusted."""
    return Device("keyboard, storage in configuration 2", 0x1209, 0x0002, [[KEYBOARD], [STORAGE]], b"C2")


def disguised_disk():
    """A disk that says it is a keyboard, under an id that usb-storage claims."""
    return Device("disk disguised as a keyboard", 0x4971, 0x8024, [[(0x03, 0x06, 0x50)]], b"SIMPLE1",
                  claimed_by="usb-storage")


def network_adapter():
    return Device("network adapter", 0x0B95, 0x1790, [[NETWORK, NETWORK_DATA]], b"0000A1", b"ASIX", b"AX88179")


def printer():
    return Device("printer", 0x04B8, 0x0881, [[PRINTER]], b"L4DZ001", b"EPSON", b"PX-M885F")
