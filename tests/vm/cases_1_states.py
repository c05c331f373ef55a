"""The kernel refuses, and admits keyboards, in every state of the agent and of udev."""

import contextlib

from case import case, check
from device import Cdrom, Hub, Keyboard, Mouse, NetworkAdapter, Phone, Reader, SerialAdapter, Stick, Tablet, UasDisk


def refused_devices():
    """One of each kind; the stick at 3.1 needs the hub at 3."""
    return [
        Stick(port="1"), UasDisk(port="2"), Stick(port="3.1", serial="C3"), Cdrom(port="4"), Phone(port="5"),
        NetworkAdapter(port="6"), SerialAdapter(port="7"),
    ]


def admitted_devices():
    return [Hub(port="3"), Keyboard(port="8"), Mouse(port="9"), Tablet(port="10"), Reader(port="11")]


def a_round(terminal, pause=1.0):
    """Plugs one of each at once; asserts all that must be; pulls them out."""
    admitted, refused = admitted_devices(), refused_devices()
    with terminal.plugged(*admitted[:1]):
        with terminal.plugged(*admitted[1:], *refused) as mark:
            terminal.expect_usable(admitted[1:], mark)
            terminal.settle(pause)
            terminal.expect_refused(refused, mark)


# --- at power-on ---------------------------------------------------------------------------------------------------------


@case("installed", "at power-on: stick, UAS disk, stick behind a hub, phone, network and serial adapter refused")
def refuses_at_power_on(terminal):
    refused = [device for device in terminal.machine.present if not device.binds and not isinstance(device, Reader)]
    for device in refused:
        terminal.wait_enumerated(device, (0, 0))
    terminal.settle()
    terminal.expect_refused(refused, (0, 0))


@case("installed", "at power-on: keyboard, mouse and hub work in the initramfs, before the root disk is there")
def admits_at_power_on(terminal):
    systemd_ms = min(ms for ms, text in terminal.record.log if text.startswith("systemd[1]:"))
    for device in terminal.machine.present:
        if not device.binds:
            continue
        bound = terminal.record.wait(
            lambda event: event.action == "bind" and event.usb_port == device.port and event.keys.get("DRIVER") == device.binds,
            timeout=1, what=f"{device}: driver {device.binds}")
        check(bound.ms < systemd_ms, f"{device} was bound at {bound.ms} ms, systemd began at {systemd_ms} ms")
    terminal.expect_usable([device for device in terminal.machine.present if isinstance(device, Reader)], (0, 0))


@case("installed", "while it starts: sticks, a UAS disk, an adapter refused whether a udev runs or none; keyboards work")
def refuses_while_starting(terminal):
    came = terminal.machine.came_while_starting
    keyboards = [device for device in came if device.binds]
    refused = [device for device in came if not device.binds]
    for device in came:
        terminal.wait_enumerated(device, (0, 0))
    terminal.settle()
    terminal.expect_refused(refused, (0, 0))
    missing = [device for device in keyboards if not terminal.drivers([device])]
    check(not missing, f"without a driver: {missing}")
    terminal.unplug(*came)


@case("installed", "the seat's user is logged in, and gets no access list on any node of a USB device")
def gives_the_seat_nothing(terminal):
    terminal.machine.wait_until("loginctl show-user staff01 --property=State | grep -qE 'active|online'", 60)
    terminal.settle(0)
    terminal.expect_nodes_closed()
    nodes = "/dev/bus/usb/*/* $(ls /dev/hidraw* 2>/dev/null)"
    open_to_others = terminal.run(f"find {nodes} -type c -perm /077; true")
    check(not open_to_others, f"nodes that are not root's alone: {open_to_others}")


@case("installed", "the card reader is open to pcscd")
def reader_serves_pcscd(terminal):
    said = terminal.run("systemctl stop pcscd.socket pcscd.service; timeout 15 pcscd --foreground --debug 2>&1; systemctl start pcscd.socket")
    check("RFAddReader" in said and "failed" not in said.lower().partition("rfaddreader")[2][:200], f"pcscd: {said[-1500:]}")


@case("installed", "at power-on: all are pulled out")
def all_pulled_out(terminal):
    terminal.unplug(*terminal.machine.present)


# --- states --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def nothing_special(terminal):
    yield


@contextlib.contextmanager
def agent_stopped(terminal):
    terminal.run("systemctl stop sekishod.socket sekishod.service")
    yield
    terminal.run("systemctl start sekishod.socket sekishod.service")
    terminal.wait_agent()


@contextlib.contextmanager
def agent_killed(terminal):
    """Killed again and again, so that it is dead at most of the instants."""
    with looping(terminal, "systemctl kill --signal=KILL sekishod.service; sleep 0.3"):
        yield
    terminal.wait_agent()


@contextlib.contextmanager
def agent_hung(terminal):
    terminal.run("systemctl kill --signal=STOP sekishod.service")
    yield
    terminal.run("systemctl kill --signal=CONT sekishod.service")
    terminal.wait_agent()


@contextlib.contextmanager
def agent_restarting(terminal):
    with looping(terminal, "systemctl restart sekishod.service"):
        yield
    terminal.wait_agent()


@contextlib.contextmanager
def agent_reading(terminal):
    """A policy of 100,000 media is read while the devices come."""
    terminal.run(
        "mkdir -p /etc/sekisho/policy.d; { printf '{\"media\":{\"registered\":['; seq 100000 | sed"
        " 's/.*/{\"label\":\"m&\",\"vendor_id\":\"0951\",\"product_id\":\"1666\",\"serial\":\"S&\"},/' | tr -d '\\n' | sed 's/,$//';"
        " printf ']}}'; } > /etc/sekisho/policy.d/50-many.json; chmod 0600 /etc/sekisho/policy.d/50-many.json", timeout=120)
    with looping(terminal, "touch /etc/sekisho/policy.d/50-many.json; systemctl reload sekishod.service; sleep 0.5"):
        yield
    terminal.run("rm /etc/sekisho/policy.d/50-many.json; systemctl reload sekishod.service")
    terminal.wait_agent()


@contextlib.contextmanager
def udev_restarting(terminal):
    with looping(terminal, "systemctl restart systemd-udevd.service; udevadm trigger; udevadm trigger --action=change; sleep 1"):
        yield
    terminal.run("udevadm settle --timeout=60", timeout=70)


@contextlib.contextmanager
def drivers_loaded(terminal):
    terminal.run("modprobe -a usbhid usb_storage uas asix ftdi_sio cdc_ether rndis_host cdc_acm sr_mod sd_mod")
    yield


@contextlib.contextmanager
def drivers_absent(terminal):
    terminal.run("for m in uas usb_storage usbhid; do modprobe -r $m || exit 1; done; "
                 "! grep -qE '^(uas|usb_storage|usbhid) ' /proc/modules")
    yield


@contextlib.contextmanager
def looping(terminal, line):
    """Runs a shell line again and again in the guest, until the end of the block."""
    terminal.run("touch /run/vm-loop")
    number = terminal.machine.commands.begin(f"while [ -e /run/vm-loop ]; do {line}; done")
    try:
        yield
    finally:
        terminal.run("rm -f /run/vm-loop")
        terminal.machine.commands.finish(number, 120)


STATES = (
    ("the agent runs", nothing_special),
    ("usbhid and usb-storage not loaded before", drivers_absent),
    ("the agent is stopped, socket and service", agent_stopped),
    ("the agent is killed again and again", agent_killed),
    ("the agent hangs (SIGSTOP)", agent_hung),
    ("the agent restarts again and again", agent_restarting),
    ("the agent reads a policy of 100,000 media again and again", agent_reading),
    ("udev restarts and is triggered again and again", udev_restarting),
    ("usbhid, usb-storage, uas, asix, ftdi_sio and others loaded before", drivers_loaded),
)


def case_of_state(name, state):
    @case("installed", f"{name}: seven kinds refused; hub, keyboard, mouse, tablet, reader work at once")
    def holds(terminal):
        with state(terminal):
            a_round(terminal)


for state_name, state_manager in STATES:
    case_of_state(state_name, state_manager)
