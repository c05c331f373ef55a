"""The boots of the suite: which disk, what is plugged when the machine is switched on, what goes on from what."""

import pathlib
import re
import subprocess

import gadget
import root
import usbroot
from device import Hub, Keyboard, Mouse, NetworkAdapter, Phone, Reader, SerialAdapter, Stick, UasDisk, WritableStick
from machine import Machine


class Boot:
    """name: what cases say. image: which disk. after: the boot whose disk it goes on from. gated: nothing forbidden may
    ever be seen but what cases permit. plugged(): the devices present at power-on. starting: (text of the kernel's log, device)
    pairs, plugged when that is said. goes_on: it is shut down in order, for the next boot; shuts_down: sticks are
    plugged meanwhile."""

    def __init__(self, name, title, image, after=None, gated=True, plugged=list, starting=tuple, goes_on=False, shuts_down=False, kind=Machine, **options):
        self.name, self.title, self.image, self.after = name, title, image, after
        self.gated, self.goes_on, self.shuts_down = gated, goes_on, shuts_down
        self.starting = starting
        self.plugged, self.kind, self.options = plugged, kind, options

    def machine(self, directory, image_of, before):
        devices = self.plugged()
        machine = self.kind(image_of(self.image), directory, disk=before.disk if before else None, boot_devices=devices, **self.options)
        machine.present = devices
        return machine

    def boot(self, machine):
        """Switches on, and plugs what comes while it starts."""
        machine.start()
        machine.came_while_starting = []
        for said, device in self.starting():
            machine.record.wait_log(said, timeout=120)
            machine.plug(device)
            machine.came_while_starting.append(device)
        machine.wait_ready()


def everything_at_power_on():
    return [
        Stick(port="1"), UasDisk(port="2"), Keyboard(port="3"), Mouse(port="4"), Reader(port="5"), Hub(port="6"),
        Stick(port="6.1", serial="B2"), Phone(port="7"), NetworkAdapter(port="8"), SerialAdapter(port="9"),
    ]


def while_starting():
    """In the initramfs; when its udev has stopped and the next one is not there yet; when that one begins."""
    return [
        ("usbcore: registered new interface driver usbfs", Stick(port="10", serial="W1")),
        ("EXT4-fs (vda): mounted filesystem", UasDisk(port="11")),
        ("EXT4-fs (vda): mounted filesystem", Keyboard(port="12")),
        ("systemd[1]: systemd 252", Stick(port="13", serial="W2")),
        ("systemd[1]: systemd 252", Keyboard(port="14")),
        ("systemd[1]: Started systemd-journald.service", SerialAdapter(port="15")),
    ]


def a_stick():
    return [Stick(port="1", serial="O3")]


def in_use_at_installation():
    return [Keyboard(port="3"), WritableStick(port="1", serial="U1"), NetworkAdapter(port="8"), Phone(port="7")]


def beside_usb_root():
    return [Stick(port="1", serial="U2"), Keyboard(port="3")]


BOOTS = (
    Boot("installed", "The package installed; ten devices present at power-on", "installed",
         plugged=everything_at_power_on, starting=while_starting, goes_on=True),
    Boot("rebooted", "The same disk again, observe mode in force, a stick present at power-on", "installed", after="installed",
         plugged=a_stick, shuts_down=True),
    Boot("gadgets", "The package installed; devices that the guest makes itself", "installed"),
    Boot("usbroot", "A machine that runs from a USB disk, a stick and a keyboard present at power-on", "usbroot", gated=False,
         plugged=beside_usb_root, kind=usbroot.UsbRootMachine),
    Boot("running", "A Debian without the package, which is installed while it runs", "bare", gated=False,
         plugged=in_use_at_installation),
    Boot("purged", "A disk from which the package was purged", "purged", gated=False, plugged=everything_at_power_on),
)


class Images:
    """Makes each disk when it is first asked for."""

    def __init__(self, directory, deb, reuse):
        self._directory, self._deb, self._reuse = directory, pathlib.Path(deb), reuse
        self._made = {}

    def of(self, name):
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name):
        directory = self._directory / f"image-{name}"
        if self._reuse and (directory / "disk.img").exists():
            return root.Image(directory)
        print(f"  the disk '{name}' is made", flush=True)
        directory.mkdir(parents=True, exist_ok=True)
        following = following_version(self._deb, directory)
        files = {"/opt/vm/following.deb": following}
        files[gadget.PROGRAM] = gadget.compile_program(directory / "gadget")
        if name == "bare":
            return root.build_image(directory, files={**files, "/opt/vm/sekisho.deb": self._deb})
        prepare = usbroot.prepare if name == "usbroot" else None
        return root.build_image(directory, deb=self._deb, files=files, prepare=prepare, purge=name == "purged")


def following_version(deb, directory):
    """The same package under a higher version, for the upgrade."""
    tree, target = directory / "following", directory / "following.deb"
    subprocess.run(["rm", "-rf", tree], check=True)
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+vm1", control.read_text(), flags=re.MULTILINE))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, target], check=True, stdout=subprocess.DEVNULL)
    return target
