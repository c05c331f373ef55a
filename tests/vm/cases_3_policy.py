"""What the agent adds and takes back, and what it writes down about it."""

import contextlib
import datetime
import json

from case import case, check
from cases_1_states import admitted_devices, refused_devices
from device import Keyboard, Mouse, NetworkAdapter, SerialAdapter, Stick

POLICY = "/run/vm-policy.json"
# QEMU's FTDI adapter, as `sekisho devices --suggest` would name it.
SERIAL_ENTRY = {"label": "serial adapter", "vendor_id": "0403", "product_id": "6001", "interfaces": ["ff:ff:ff"]}


def apply_policy(terminal, **parts):
    """Puts a whole policy in force; what was there before comes back with restore_policy()."""
    terminal.run("[ -e /run/vm-policy.before ] || cp -a /etc/sekisho/policy.json /run/vm-policy.before")
    terminal.policy_version = getattr(terminal, "policy_version", 1000) + 1
    text = json.dumps({"version": terminal.policy_version, **parts})
    terminal.run(f"cat > {POLICY} <<'EOF'\n{text}\nEOF\nchmod 0644 {POLICY}; sekisho policy apply {POLICY}")


def restore_policy(terminal):
    terminal.run("sekisho policy apply /run/vm-policy.before && rm /run/vm-policy.before")


@contextlib.contextmanager
def policy(terminal, **parts):
    apply_policy(terminal, **parts)
    try:
        yield
    finally:
        restore_policy(terminal)


def in_utc(terminal, seconds):
    """The guest's own clock, so many seconds from now, as a policy writes it."""
    now = int(terminal.run("date +%s"))
    return datetime.datetime.fromtimestamp(now + seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@case("installed", "each refused device stands in the store with its port, ids, interfaces and reason; the chain is whole")
def records_refusals(terminal):
    admitted, refused = admitted_devices(), refused_devices()
    for number, device in enumerate(refused):
        if "serial" in device._options:
            device._options["serial"] = f"R{number}"
    with terminal.plugged(*admitted):
        with terminal.plugged(*refused):
            for device in refused:
                event = terminal.wait_event(kind="device_refused", port=device.port)[-1]
                own = event["unmapped"]["sekisho"]
                check(event["status_code"] and own["interfaces"] and own["vendor_id"], f"{device}: {event}")
            for device in admitted:
                terminal.wait_event(kind="device_connected", port=device.port)
    terminal.wait_event(kind="device_disconnected", port=refused[0].port)
    terminal.expect_chain()


@case("installed", "a serial adapter that the policy lists is admitted, recorded before; a reload takes it away")
def admits_listed_serial_adapter(terminal):
    adapter = SerialAdapter(port="7")
    begin = terminal.record.mark()
    with terminal.plugged(adapter) as mark:
        terminal.wait_event(kind="device_refused", port="7")
        with policy(terminal, devices={"allow": [SERIAL_ENTRY]}):
            terminal.record.wait(lambda event: event.action == "add" and event.path.endswith("/tty/ttyUSB0"), mark, 30, "ttyUSB0")
            allowed = terminal.wait_event(kind="device_allowed", port="7")[-1]
            node_ms = next(event.ms for event in terminal.record.since(mark) if event.path.endswith("/tty/ttyUSB0"))
            check(allowed["unmapped"]["sekisho"]["boottime_ms"] <= node_ms, "it was admitted before it was recorded")
        terminal.record.wait(lambda event: event.action == "remove" and event.path.endswith("/tty/ttyUSB0"), mark, 30, "ttyUSB0 gone")
        terminal.wait_event(kind="device_taken_back", port="7")
        terminal.permit(begin)
        terminal.expect_refused([adapter], terminal.record.mark())


@case("installed", "a listed adapter is admitted each time it is plugged, a network adapter beside it is not")
def admits_listed_only(terminal):
    begin = terminal.record.mark()
    with policy(terminal, devices={"allow": [SERIAL_ENTRY]}):
        for _ in range(3):
            adapter, other = SerialAdapter(port="7"), NetworkAdapter(port="6")
            with terminal.plugged(adapter, other) as mark:
                terminal.record.wait(lambda event: event.action == "add" and event.path.endswith("/tty/ttyUSB0"), mark, 30, "ttyUSB0")
                terminal.settle(0.5)
                found = [event for event in terminal.record.since(mark) if event.keys.get("SUBSYSTEM") == "net" and event.is_usb]
                check(not found, f"network interface: {found}")
    terminal.permit(begin)


@case("installed", "the suggested stanza admits the device it was made for")
def suggestion_admits(terminal):
    begin = terminal.record.mark()
    adapter = SerialAdapter(port="7")
    with terminal.plugged(adapter) as mark:
        terminal.wait_event(kind="device_refused", port="7")
        listed = json.loads(terminal.run("sekisho devices --json"))["devices"]
        number = next(device["number"] for device in listed if device["vendor_id"] == "0403")
        suggested = json.loads(terminal.run(f"sekisho devices --suggest {number} --json"))
        with policy(terminal, devices=suggested["devices"]):
            terminal.record.wait(lambda event: event.action == "add" and event.path.endswith("/tty/ttyUSB0"), mark, 30, "ttyUSB0")
    terminal.permit(begin)


@case("installed", "input devices 'listed': a keyboard is taken back, a listed one stays, 'any' gives it back")
def input_listed(terminal):
    keyboard, mouse = Keyboard(port="8"), Mouse(port="9")
    with terminal.plugged(keyboard, mouse) as mark:
        terminal.expect_usable([keyboard, mouse], mark)
        listed = json.loads(terminal.run("sekisho devices --json"))["devices"]
        entry = next(device for device in listed if device["name"].endswith("-9"))
        allow = [{"label": "mouse", "vendor_id": entry["vendor_id"], "product_id": entry["product_id"],
                  "port": entry["port"], "interfaces": entry["interfaces"]}]
        with policy(terminal, devices={"input": "listed", "allow": allow}):
            terminal.record.wait(lambda event: event.action == "unbind" and event.usb_port == "8" and event.keys.get("DEVTYPE") == "usb_interface", mark, 30, "the keyboard taken back")
            terminal.settle()
            check(not terminal.drivers([keyboard]), "the keyboard still has its driver")
            check(terminal.drivers([mouse]), "the mouse has lost its driver")
            terminal.wait_event(kind="device_taken_back", port="8")
            second = Keyboard(port="10")
            with terminal.plugged(second):
                terminal.machine.wait_until("! ls /sys/bus/usb/devices/*-10:1.0/driver 2>/dev/null", 20)
                terminal.wait_event(kind="device_taken_back", port="10")
            back = terminal.record.mark()
        terminal.record.wait(lambda event: event.action == "bind" and event.usb_port == "8" and event.keys.get("DRIVER") == "usbhid", back, 30, "the keyboard given back")


@case("installed", "a second keyboard is an event of its own; a keyboard that came while no agent ran too")
def second_keyboard(terminal):
    first, second = Keyboard(port="8"), Keyboard(port="9")
    with terminal.plugged(first):
        terminal.wait_event(kind="device_connected", port="8")
        with terminal.plugged(second):
            terminal.wait_event(kind="input_second_keyboard", port="9")
    terminal.run("systemctl stop sekishod.socket sekishod.service")
    third = Keyboard(port="10")
    with terminal.plugged(third):
        terminal.run("systemctl start sekishod.socket sekishod.service")
        terminal.wait_agent()
        terminal.wait_event(kind="input_unattended", port="10")


@case("installed", "a refused policy file changes nothing, and its fault with line and column is an event")
def refused_policy_changes_nothing(terminal):
    before = json.loads(terminal.run("sekisho status --json"))["policy"]
    terminal.run("cp -a /etc/sekisho/policy.json /run/vm-policy.good; echo '{\"version\": 1, \"media\": {\"mode\": \"off\"}}' > /etc/sekisho/policy.json;"
                 " systemctl reload sekishod.service; true")
    try:
        event = terminal.wait_event(kind="settings_refused")[-1]
        check(event["unmapped"]["sekisho"].get("line") == 1, f"no line: {event}")
        check(json.loads(terminal.run("sekisho status --json"))["policy"]["sha256"] == before["sha256"], "another policy is in force")
        stick = Stick(port="1", serial="P1")
        with terminal.plugged(stick) as mark:
            terminal.settle()
            terminal.expect_refused([stick], mark)
    finally:
        terminal.run("cp -a /run/vm-policy.good /etc/sekisho/policy.json; systemctl reload sekishod.service")


@case("installed", "what drifts in the kernel is put back and recorded")
def drift_is_mended(terminal):
    terminal.run("for d in /sys/bus/usb/devices/usb*; do echo 1 > $d/interface_authorized_default; done; systemctl restart sekishod.service")
    terminal.wait_agent()
    terminal.wait_event(kind="drift_found")
    check(set(terminal.run("cat /sys/bus/usb/devices/usb*/interface_authorized_default").split()) == {"0"}, "a root hub still lets interfaces be born open")
    stick = Stick(port="1", serial="P2")
    with terminal.plugged(stick) as mark:
        terminal.settle()
        terminal.expect_refused([stick], mark)


@case("installed", "observe: a stick becomes a disk and is recorded as Observed with the true reason; ended, it is refused again")
def observe_admits_and_ends(terminal):
    begin = terminal.record.mark()
    stick = Stick(port="1", serial="O1")
    with policy(terminal, media={"mode": "observe", "until": in_utc(terminal, 45)}):
        with terminal.plugged(stick) as mark:
            terminal.record.wait(lambda event: event.action == "add" and event.path.endswith("/block/sda"), mark, 40, "the disk")
            event = terminal.wait_event(kind="device_observed", port="1")[-1]
            check(event["status_code"], f"no reason: {event}")
            # By itself, on time: nobody does anything.
            terminal.record.wait(lambda event: event.action == "remove" and event.path.endswith("/block/sda"), mark, 75, "the disk taken back at the end")
            terminal.wait_event(kind="observe_ended")
            terminal.wait_event(kind="device_taken_back", port="1")
    terminal.permit(begin)
    again = Stick(port="2", serial="O2")
    with terminal.plugged(again) as mark:
        terminal.settle()
        terminal.expect_refused([again], mark)
