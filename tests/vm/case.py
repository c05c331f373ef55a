"""What a case is, and what every case can ask of the terminal under test."""

import contextlib
import json
import time

from machine import USER, Failed
from qmp import PATIENCE

CASES = []

# From the interface's uevent to the driver's: that it waits for nobody. How quick it is, is the bench's to say; this machine is
# emulated in software, and its host has other work.
AT_ONCE_SECONDS = 25


class Case:
    def __init__(self, boot, title, function):
        self.boot, self.title, self.function = boot, title, function


def case(boot, title):
    """Registers a case: it runs in that boot (suite.BOOTS), in the order of registration."""

    def register(function):
        CASES.append(Case(boot, title, function))
        return function

    return register


def check(condition, sentence):
    if not condition:
        raise Failed(sentence)


def none_of(sentences):
    """Fails with what was found."""
    if sentences:
        raise Failed("\n".join(map(str, sentences[:12])))


class Terminal:
    """The machine under test, with the questions that cases ask. Devices given to it need a port of their own."""

    def __init__(self, machine):
        self.machine = machine
        self.permitted = []  # (from, to): events between these marks were meant to be

    @property
    def record(self):
        return self.machine.record

    def run(self, text, **options):
        return self.machine.run(text, **options)

    # --- plugging ----------------------------------------------------------------------------------------------------------

    def wait_enumerated(self, device, mark, timeout=40):
        """Until the kernel has shown the device and its first interface."""
        return self.record.wait(
            lambda event: event.action == "add" and event.usb_port == device.port and event.keys.get("DEVTYPE") == "usb_interface",
            mark, timeout, f"{device}: an interface of port {device.port}")

    def plug(self, *devices, timeout=40):
        """Plugs, and waits until all are enumerated. The mark before it."""
        mark = self.record.mark()
        for device in devices:
            self.machine.plug(device)
        for device in devices:
            self.wait_enumerated(device, mark, timeout)
        return mark

    def unplug(self, *devices):
        """Pulls out, the last one first, and waits until the kernel has noticed."""
        mark = self.record.mark()
        for device in reversed(devices):
            self.machine.unplug(device)
        for device in devices:
            self.record.wait(
                lambda event: event.action == "remove" and event.usb_port == device.port and event.keys.get("DEVTYPE") == "usb_device",
                mark, 40, f"{device} gone")

    @contextlib.contextmanager
    def plugged(self, *devices, **options):
        mark = self.plug(*devices, **options)
        try:
            yield mark
        finally:
            self.unplug(*devices)

    def settle(self, pause=1.0):
        """Until udev has nothing left to do, and a driver that would bind late has had its time."""
        self.run("udevadm settle --timeout=60", timeout=70)
        time.sleep(pause)

    # --- what is seen ------------------------------------------------------------------------------------------------------

    def permit(self, begin):
        """From this mark until now disks, drivers and the like were meant to be: the whole boot's last check passes over them."""
        self.permitted.append((begin, self.record.mark()))

    def expect_refused(self, devices, mark):
        """None of these has ever given the kernel anything since mark, nor can a user open its node."""
        none_of(self.record.forbidden(mark))
        none_of(self.drivers(devices))
        self.expect_nodes_closed()

    def drivers(self, devices):
        """Drivers now bound to interfaces of these devices, as the kernel's own tree has it."""
        listing = self.run("for i in /sys/bus/usb/devices/*:*; do "
                           "[ -e $i/driver ] && echo ${i##*/} $(basename $(readlink $i/driver)); done; true")
        bound = [line.split() for line in listing.splitlines()]
        ports = {device.port: device for device in devices}
        return [f"{ports[name.partition('-')[2].partition(':')[0]]}: {driver} is bound to {name}" for name, driver in bound
                if name.partition("-")[2].partition(":")[0] in ports]

    def expect_usable(self, devices, mark, timeout=30):
        """Each has its driver (or, a card reader, its interface open), soon after it came."""
        for device in devices:
            self._expect_driver(device, mark, timeout) if device.binds else self._expect_authorized(device, timeout)

    def _expect_driver(self, device, mark, timeout):
        came = self.wait_enumerated(device, mark)
        bound = self.record.wait(
            lambda event: event.action == "bind" and event.usb_port == device.port and event.keys.get("DRIVER") == device.binds,
            mark, timeout, f"{device}: driver {device.binds}")
        seconds = (bound.ms - came.ms) / 1000
        check(seconds <= AT_ONCE_SECONDS, f"{device} was usable after {seconds:.1f} s only")

    def _expect_authorized(self, device, timeout):
        self.machine.wait_until(f"grep -q 1 /sys/bus/usb/devices/[0-9]*-{device.port}:1.0/authorized", timeout)

    def expect_nodes_closed(self):
        """A user can open no node of a USB device, in no way."""
        output = self.run(
            "for n in /dev/bus/usb/*/* /dev/hidraw* /dev/sg* /dev/sd* /dev/sr* /dev/usb/* /dev/ttyUSB* /dev/ttyACM*; do"
            " [ -c $n ] || [ -b $n ] || continue; ( : < $n ) 2>/dev/null && echo $n can be read;"
            " ( : >> $n ) 2>/dev/null && echo $n can be written; done; true", uid=USER)
        none_of(output.splitlines())

    # --- the store ---------------------------------------------------------------------------------------------------------

    def events(self, **matching):
        """What `sekisho events --json` shows; matching: kind=, port= (the end of the path), serial=, or any of Sekisho's own. A tuple
        matches any of its values."""
        lines = self.run("sekisho events --json", timeout=90).splitlines()
        return [event for event in map(json.loads, lines) if self._matches(event, matching)]

    def _matches(self, event, matching):
        own = {**event.get("unmapped", {}).get("sekisho", {}), "serial": event.get("peripheral_device", {}).get("serial_number")}
        return all(
            str(own.get("port", "")).endswith(f"/{value}") if key == "port" else own.get(key) in (value if isinstance(value, tuple) else (value,))
            for key, value in matching.items())

    def wait_event(self, timeout=30, count=1, **matching):
        end = time.monotonic() + PATIENCE * timeout
        while True:
            found = self.events(**matching)
            if len(found) >= count:
                return found
            check(time.monotonic() < end, f"no event {matching} within {PATIENCE * timeout} s")
            time.sleep(0.3)

    def expect_chain(self):
        status, output = self.machine.attempt("sekisho verify --json", timeout=90)
        check(status == 0, f"sekisho verify: exit {status}: {output[-1500:]}")
        return json.loads(output)

    def now(self):
        """The guest's clock, in seconds."""
        return int(self.run("date +%s"))

    def expect_agent_lived(self, since):
        """The agent neither crashed nor hung since then."""
        falls = self.run(
            f"journalctl -b -u sekishod.service --since @{since} -o cat | grep -E 'code=dumped|code=exited, status=[1-9]|code=killed|Watchdog timeout'; true")
        none_of(falls.splitlines())

    def wait_agent(self, timeout=60):
        """Until the agent answers."""
        self.machine.wait_until("systemctl start sekishod.socket; timeout 10 sekisho status --json >/dev/null", timeout)
