"""Controllers that appear while nobody looks, storms of plugs, crowds, an upgrade: the kernel still refuses."""

import contextlib
import time

from case import case, check
from cases_1_states import a_round
from device import Controller, Hub, Keyboard, Mouse, OldController, Stick, UasDisk


# --- controllers that appear ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def udev_hangs(terminal):
    terminal.run("systemctl kill --signal=STOP systemd-udevd.service")
    try:
        yield
    finally:
        terminal.run("systemctl kill --signal=CONT systemd-udevd.service")


@contextlib.contextmanager
def agent_hangs(terminal):
    terminal.run("systemctl kill --signal=STOP sekishod.service")
    try:
        yield
    finally:
        terminal.run("systemctl kill --signal=CONT sekishod.service")


def a_dock(terminal, hanging, patience):
    """A controller with disks and a keyboard on it comes while something hangs; the disks stay closed during and after, the
    keyboard works afterwards at the latest."""
    dock = Controller()
    stick, disk = Stick(port="12", bus=dock.bus), UasDisk(port="13", bus=dock.bus)
    keyboard = Keyboard(port="14", bus=dock.bus)
    with hanging(terminal):
        mark = terminal.record.mark()
        for device in (dock, stick, disk, keyboard):
            terminal.machine.plug(device)
        terminal.record.wait(lambda event: event.action == "add" and event.usb_port == "12", mark, 60, "the stick on the new controller")
        time.sleep(patience)
        terminal.expect_refused([stick, disk], mark)
    terminal.expect_usable([keyboard], mark, 60)
    terminal.settle()
    terminal.expect_refused([stick, disk], mark)
    terminal.unplug(stick, disk, keyboard)
    terminal.machine.unplug(dock)
    terminal.record.wait(lambda event: event.action == "remove" and event.keys.get("SUBSYSTEM") == "pci", mark, 60, "the controller gone")


@case("installed", "a controller appears: its stick and UAS disk refused, its keyboard works")
def refuses_on_new_controller(terminal):
    a_dock(terminal, contextlib.nullcontext, 0)


@case("installed", "a controller appears while udev hangs: its disks are refused meanwhile and afterwards")
def refuses_on_new_controller_while_udev_hangs(terminal):
    a_dock(terminal, udev_hangs, 3)


@case("installed", "a controller appears while the agent hangs: its disks are refused, its keyboard works")
def refuses_on_new_controller_while_agent_hangs(terminal):
    a_dock(terminal, agent_hangs, 3)


@case("installed", "the controller is unbound and bound again while udev hangs: what is plugged in stays refused")
def refuses_on_rebound_controller(terminal):
    stick, keyboard = Stick(port="12"), Keyboard(port="13")
    with terminal.plugged(stick, keyboard):
        address = terminal.run("for d in /sys/bus/pci/drivers/xhci_hcd/0000:*; do echo ${d##*/}; done").split()[0]
        with udev_hangs(terminal):
            mark = terminal.record.mark()
            terminal.run(f"cd /sys/bus/pci/drivers/xhci_hcd; echo {address} > unbind; sleep 1; echo {address} > bind", timeout=60)
            terminal.record.wait(lambda event: event.action == "add" and event.usb_port == "12", mark, 60, "the stick again")
            time.sleep(3)
            terminal.expect_refused([stick], mark)
        terminal.expect_usable([keyboard], mark, 60)
        terminal.settle()
        terminal.expect_refused([stick], mark)


# --- storms and crowds ---------------------------------------------------------------------------------------------------


@case("installed", "200 plugs and unplugs without pause: nothing comes of them, the agent lives, the chain is whole")
def storm(terminal):
    """On an EHCI controller: pulled in the middle of an answer, QEMU's xHCI lets the kernel wait five seconds for it."""
    since, mark = terminal.now(), terminal.record.mark()
    dock = OldController()
    terminal.machine.plug(dock)
    terminal.record.wait(lambda event: event.action == "bind" and "/usb3" in event.path, mark, 40, "the controller")
    for cycle in range(200):
        stick = Stick(port=str(1 + cycle % 6), bus=dock.bus, serial=f"Z{cycle}")
        terminal.plug(stick)
        terminal.machine.unplug(stick)
    keyboard = Keyboard(port="14")
    with terminal.plugged(keyboard) as came:
        terminal.expect_usable([keyboard], came)
    terminal.settle()
    terminal.expect_refused([], mark)
    terminal.machine.unplug(dock)
    terminal.expect_agent_lived(since)
    terminal.expect_chain()


@case("installed", "30 devices at once: 24 sticks and disks refused, keyboards, a mouse and hubs work")
def crowd(terminal):
    hubs = [Hub(port=str(port)) for port in range(1, 4)]
    with terminal.plugged(*hubs) as mark:
        terminal.expect_usable(hubs, mark)
        places = [f"{hub}.{port}" for hub in range(1, 4) for port in range(1, 8)]
        refused = [Stick(port=place, serial=f"K{place}") for place in places] + [UasDisk(port=str(port)) for port in range(4, 7)]
        admitted = [Keyboard(port="7"), Keyboard(port="8"), Mouse(port="9")]
        with terminal.plugged(*refused, *admitted, timeout=120) as at:
            terminal.expect_usable(admitted, at, 60)
            terminal.settle()
            terminal.expect_refused(refused, mark)
            terminal.wait_agent()
            listed = terminal.run("sekisho devices --json")
            missing = [device for device in refused if f"/{device.port}\"" not in listed]
            check(not missing, f"sekisho devices does not list {missing[:5]}")


# --- upgrade -------------------------------------------------------------------------------------------------------------


@case("installed", "upgraded by dpkg while devices come and go: refused and admitted as ever, the store is kept")
def upgrade(terminal):
    before = terminal.expect_chain()
    mark = terminal.record.mark()
    number = terminal.machine.commands.begin("dpkg --install /opt/vm/following.deb")
    rounds = 0
    while True:
        try:
            status, output = terminal.machine.commands.finish(number, 0)
            break
        except TimeoutError:
            pass
        stick, disk, keyboard = Stick(port="1"), UasDisk(port="2"), Keyboard(port="3")
        with terminal.plugged(stick, disk, keyboard) as came:
            terminal.expect_usable([keyboard], came)
            terminal.expect_refused([stick, disk], mark)
        rounds += 1
        check(rounds < 300, "dpkg did not end")
        time.sleep(1)  # dpkg must come to its end too
    check(status == 0, f"dpkg: exit {status}: {output.decode(errors='replace')[-2000:]}")
    check(rounds >= 2, f"only {rounds} rounds during the upgrade")
    terminal.wait_agent()
    check("+vm1" in terminal.run("dpkg-query --show sekisho"), "the higher version is not installed")
    after = terminal.expect_chain()
    check(after["events"] > before["events"], f"the chain did not go on: {before} then {after}")
    a_round(terminal)
