"""A machine that runs from a USB disk: QEMU's usb-storage holds the root."""

from machine import Machine

PORT = "14"
SERIAL = "ROOT-1"
RULES_PATH = "etc/udev/rules.d/57-sekisho-own-disk.rules"
# What the package's own-disk makes of that disk. It is in the image already, since the initramfs is made on the host; the cases
# let own-disk make it on the machine itself, and compare.
RULE = ('ACTION!="remove", SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="46f4", ATTR{idProduct}=="0001", '
        f'ATTR{{serial}}=="{SERIAL}", ENV{{SEKISHO_OWN_DISK}}="1"\n')


class UsbRootMachine(Machine):
    """The same machine, its root disk on a USB port."""

    def _command(self):
        words = super()._command()
        at = words.index("virtio-blk-pci,drive=root")
        del words[at - 1:at + 1]
        words[words.index("-append") + 1] = words[words.index("-append") + 1].replace("root=/dev/vda", "root=/dev/sda")
        return [*words, "-device", f"usb-storage,bus=usb.0,port={PORT},drive=root,serial={SERIAL},removable=off"]


def prepare(tree):
    """What the tree says of its own disk."""
    (tree / "etc/fstab").write_text("/dev/sda / ext4 defaults 0 1\n")
    (tree / RULES_PATH).write_text(RULE)
