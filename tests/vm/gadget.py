"""USB devices that the guest makes itself, on dummy_hcd: any descriptors, any bytes. The words are in guest/gadget/description.h."""

import contextlib
import pathlib
import subprocess

from case import check, none_of

SOURCES = pathlib.Path(__file__).resolve().parent / "guest/gadget"
PROGRAM = "/opt/vm/gadget"
CONTROLLERS = 4


def compile_program(target):
    """The guest's program, static, since the guest has no compiler."""
    subprocess.run(["gcc", "-static", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
                    "-o", str(target), *map(str, sorted(SOURCES.glob("*.c")))], check=True)
    return target


def start_controllers(terminal):
    """The controllers are there, and whoever looks at root hubs has looked."""
    terminal.run(f"modprobe dummy_hcd is_super_speed=1 num={CONTROLLERS}; modprobe -a libcomposite gadgetfs", timeout=240)
    terminal.settle()


def stop_controllers(terminal):
    terminal.run("modprobe -r gadgetfs dummy_hcd")


def is_made(event):
    """Is this uevent about a made device, or about what hangs on it, seen from the host?"""
    return "/dummy_hcd." in event.path


def unlike_rules(terminal, mark, drivers=("usbhid", "hub", "usbfs")):
    """Every bind since mark of a made device's interface to another driver, as sentences; and all else that must never be."""
    wrong = [f"driver {event.keys.get('DRIVER')}: {event}" for event in terminal.record.since(mark)
             if event.action == "bind" and event.keys.get("DEVTYPE") == "usb_interface" and is_made(event) and not is_root_hub(event)
             and event.keys.get("DRIVER") not in drivers]
    # usbfs is a program of root's that claims an interface: pcscd, with a reader known by its id.
    return wrong + terminal.record.forbidden(
        mark, permitted=lambda seen: getattr(seen, "keys", {}).get("DRIVER") == "usbfs" and "usbfs" in drivers)


def is_root_hub(event):
    return event.path.rstrip("/").rsplit("/", 1)[-1].partition(":")[0].endswith("-0")


class Gadget:
    """One made device that is plugged now."""

    def __init__(self, terminal, controller, mark):
        self.terminal, self.controller, self.mark = terminal, controller, mark

    def place(self):
        """Its directory in the host's tree."""
        found = self.terminal.run(f"ls -d /sys/devices/platform/dummy_hcd.{self.controller}/usb*/*-1").split()
        check(len(found) == 1, f"one device is expected on controller {self.controller}, not {found}")
        return found[0]

    def drivers(self):
        """{interface: driver} of its interfaces, "" for none."""
        listing = self.terminal.run(
            f"for i in {self.place()}/*:*; do echo ${{i##*/}} $(basename \"$(readlink $i/driver)\"); done").splitlines()
        return {line.split()[0]: (line.split() + [""])[1] for line in listing}

    def expect_closed(self, meanwhile=()):
        """Nothing of it was ever bound (but to `meanwhile`), no interface is open, and no user opens its node."""
        none_of(unlike_rules(self.terminal, self.mark, drivers=meanwhile))
        bound = {name: driver for name, driver in self.drivers().items() if driver}
        check(not bound, f"bound: {bound}")
        state = self.terminal.run(f"cat {self.place()}/*:*/authorized").split()
        check(state and set(state) == {"0"}, f"authorized: {state}")
        self.terminal.expect_nodes_closed()


@contextlib.contextmanager
def plugged(terminal, *words, controller=0):
    """Plugs a made device; pulled out at the end."""
    mark = terminal.record.mark()
    pid = terminal.run(f"{PROGRAM} --stay {controller} {' '.join(words)}", timeout=90).strip()
    try:
        terminal.settle(pause=0.3)
        yield Gadget(terminal, controller, mark)
    finally:
        terminal.run(f"kill {pid}; timeout 60 tail --pid={pid} -f /dev/null", timeout=90)


def play(terminal, lines):
    """Plugs one after the other, each out before the next one. What came of each: "configured", "seen" (not configured by the
    kernel), "gone", or why it could not be made."""
    return _finish(terminal, [_begin(terminal, lines, 0)])


def play_side_by_side(terminal, lines):
    """The same on all controllers at once, in no order. GadgetFS takes the first that is free: those lines go to one controller."""
    first = [line for line in lines if "through=gadgetfs" in line]
    others = [line for line in lines if "through=gadgetfs" not in line]
    shares = [first, *(others[number::CONTROLLERS - 1] for number in range(CONTROLLERS - 1))]
    return _finish(terminal, [_begin(terminal, share, controller) for controller, share in enumerate(shares) if share])


def _begin(terminal, lines, controller):
    text = "\n".join(lines)
    return terminal.machine.commands.begin(f"{PROGRAM} --play {controller} <<'EOF'\n{text}\nEOF"), len(lines)


def _finish(terminal, begun):
    results = []
    for number, count in begun:
        status, output = terminal.machine.commands.finish(number, 60 + 15 * count)
        fresh = output.decode(errors="replace").splitlines()
        check(status == 0 and len(fresh) == count, f"{count} devices, {len(fresh)} results, exit {status}: {fresh[-3:]}")
        results += fresh
    return results


def hexed(text):
    """A string for a made device, as UTF-8 (FunctionFS)."""
    return (text.encode() if isinstance(text, str) else text).hex()
