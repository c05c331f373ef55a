"""A machine that runs from a USB disk lives under the gate: its own disk is admitted, no other one is."""

import usbroot
from case import case, check, none_of
from device import Stick


def is_own_disk(seen):
    """Uevents and log lines of the disk that holds the root."""
    return seen.startswith("scsi host") if isinstance(seen, str) else seen.usb_port == usbroot.PORT


def expect_only_own_disk(terminal):
    incomplete = terminal.record.complete()
    check(not incomplete, incomplete)
    none_of(terminal.record.forbidden(permitted=is_own_disk))
    hosts = {event.path for event in terminal.record.events
             if event.action == "add" and event.subsystem == "scsi_host" and event.is_usb}
    check(len(hosts) == 1, f"SCSI hosts: {hosts}")
    check(terminal.run("ls /sys/block | grep ^sd").split() == ["sda"], "there is another disk")


def expect_root_lives(terminal):
    check(terminal.run("findmnt -n -o SOURCE /").strip() == "/dev/sda", "the root is not on the USB disk")
    terminal.run("echo 3 > /proc/sys/vm/drop_caches; ls -lR /usr/lib/udev > /dev/null; echo lives > /root/lives && sync")


@case("usbroot", "boots from its USB disk under the gate, and refuses a second stick that is present at power-on")
def boots_under_the_gate(terminal):
    check(terminal.run("cat /sys/module/usbcore/parameters/authorized_default").strip() == "0", "the kernel's default is not ours")
    terminal.wait_agent()
    expect_root_lives(terminal)
    terminal.wait_event(kind="device_refused", serial="U2")
    terminal.wait_event(kind="device_kept", serial=usbroot.SERIAL)
    keyboard = terminal.machine.present[1]
    check(any("usbhid" in line for line in terminal.drivers([keyboard])), "the keyboard does not work")
    expect_only_own_disk(terminal)


@case("usbroot", "a stick plugged later is refused too, with usb-storage in memory; udev may start again and look at everything")
def refuses_stick_plugged_later(terminal):
    with terminal.plugged(Stick(port="2", serial="U3")):
        terminal.wait_event(kind="device_refused", serial="U3")
        terminal.settle()
        expect_only_own_disk(terminal)
        terminal.run("udevadm trigger && udevadm settle --timeout=60", timeout=90)
        terminal.run("systemctl restart systemd-udevd && udevadm settle --timeout=60", timeout=90)
        expect_only_own_disk(terminal)
    expect_root_lives(terminal)


@case("usbroot", "purged, and installed again while it runs from its USB disk: the disk stays, its rule is the same, a stick is refused")
def installs_on_usb_root(terminal):
    terminal.unplug(*terminal.machine.plugged)
    terminal.run("DEBIAN_FRONTEND=noninteractive dpkg --purge sekisho", timeout=240)
    status, _ = terminal.machine.attempt(f"test -e /{usbroot.RULES_PATH}")
    check(status != 0, "the own disk's rule is left behind")
    terminal.run("DEBIAN_FRONTEND=noninteractive dpkg --install /opt/vm/sekisho.deb", timeout=240)
    made = terminal.run(f"grep -v '^#' /{usbroot.RULES_PATH}")
    check(made == usbroot.RULE, f"the own disk's rule: {made}")
    terminal.wait_agent()
    stick = Stick(port="1", serial="U4")
    with terminal.plugged(stick) as mark:
        terminal.wait_event(kind="device_refused", serial="U4")
        terminal.expect_refused([stick], mark)
    expect_root_lives(terminal)
