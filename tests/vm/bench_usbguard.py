#!/usr/bin/env python3
"""make bench, the VM's part: Sekisho beside Debian's usbguard in one run of one machine, as ratios against design.md's bars."""

import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import root
import suite
from case import Terminal
from device import Keyboard
from machine import Machine

ROUNDS = 3
PLUGS = 5  # a round and a state; the first one warms up and does not count
FEW, MANY = 10, 100_000
USBGUARD_RULES = 10_000
IDLE_SECONDS = 300
ASIDE = "/run/vm-aside"
RULES = "/usr/lib/udev/rules.d/*sekisho*.rules /etc/udev/rules.d/*sekisho*.rules"
USBGUARD_HID = "allow with-interface one-of { 03:*:* 09:*:* }"


# --- the states a machine is measured in -----------------------------------------------------------------------------------

def set_gate(terminal, closed):
    """How the kernel treats what is plugged from now on."""
    interfaces, devices = ("0", "0") if closed else ("1", "1")
    terminal.run(f"echo {devices} > /sys/module/usbcore/parameters/authorized_default; for h in /sys/bus/usb/devices/usb*; do"
                 f" echo {interfaces} > $h/interface_authorized_default; echo 1 > $h/authorized_default; done")


def stop_sekisho(terminal):
    terminal.run("systemctl stop sekishod.socket sekishod.service")


def take_sekisho_away(terminal):
    """As if it had never been installed: no rules, the kernel's own defaults, no agent."""
    stop_sekisho(terminal)
    terminal.run(f"mkdir -p {ASIDE}; for f in {RULES}; do [ -e $f ] && mkdir -p {ASIDE}$(dirname $f) && mv $f {ASIDE}$f; done;"
                 " udevadm control --reload; udevadm settle --timeout=30")
    set_gate(terminal, closed=False)


def put_sekisho_back(terminal):
    terminal.run(f"cp -a {ASIDE}/. / && rm -r {ASIDE}; udevadm control --reload; udevadm settle --timeout=30")
    set_gate(terminal, closed=True)


def write_policy(terminal, count):
    """A policy of so many registered media, written in the guest: 15 MB do not go through the channel."""
    terminal.run(
        "awk 'BEGIN { printf \"{\\\"version\\\":1,\\\"media\\\":{\\\"registered\\\":[\"; for (i = 0; i < " + str(count) + "; i++)"
        " printf \"%s{\\\"label\\\":\\\"L-%06d\\\",\\\"vendor_id\\\":\\\"0951\\\",\\\"product_id\\\":\\\"1666\\\",\\\"serial\\\":\\\"S%012d\\\","
        "\\\"access\\\":\\\"read-only\\\"}\\n\", i ? \",\" : \"\", i, i; print \"]}}\" }' > /etc/sekisho/policy.json", timeout=120)


def start_sekisho(terminal, media):
    write_policy(terminal, media)
    terminal.run("systemctl start sekishod.socket sekishod.service", timeout=120)
    expect_media(terminal, media)


def expect_media(terminal, count, timeout=120):
    """Until the agent answers, and has so many media in force."""
    terminal.machine.wait_until(f"timeout 20 sekisho status --json | tr -d ' ' | grep -q '\"registered\":{count}[,}}]'", timeout)


def no_control(terminal):
    take_sekisho_away(terminal)
    return lambda: put_sekisho_back(terminal)


def usbguard_running(terminal):
    take_sekisho_away(terminal)
    terminal.run(f"echo '{USBGUARD_HID}' > /etc/usbguard/rules.conf; chmod 0600 /etc/usbguard/rules.conf; systemctl start usbguard", timeout=90)

    def leave():
        terminal.run("systemctl stop usbguard")
        put_sekisho_back(terminal)

    return leave


def sekisho_with(media):
    def enter(terminal):
        stop_sekisho(terminal)
        start_sekisho(terminal, media)
        return lambda: None

    return enter


def sekisho_stopped(terminal):
    stop_sekisho(terminal)
    return lambda: None


def sekisho_hung(terminal):
    start_sekisho(terminal, FEW)
    pid = agent(terminal)
    terminal.run(f"kill -STOP {pid}")
    return lambda: terminal.attempt_quietly(f"kill -CONT {pid}")


STATES = {
    "no control at all": no_control,
    "usbguard running": usbguard_running,
    "sekisho running": sekisho_with(FEW),
    "sekisho stopped": sekisho_stopped,
    "sekisho hung": sekisho_hung,
    "sekisho, 100,000 media": sekisho_with(MANY),
}


# --- plug to usable ------------------------------------------------------------------------------------------------------------

class Bench(Terminal):
    def attempt_quietly(self, text):
        self.machine.attempt(text)

    def kernel_lines(self):
        """(µs, text) of the kernel's own log, by its own clock."""
        for line in (self.machine.directory / "record").read_bytes().decode("ascii", "replace").split("\n"):
            fields = line.split("\t", 2)
            if line.startswith("K\t") and len(fields) == 3 and ";" in fields[2]:
                head, _, text = fields[2].partition(";")
                yield int(head.split(",")[2]), text


def plug_once(terminal):
    """(kernel's µs from the new device's line to the input device's, wall µs from the plug until the node's uevent is here)."""
    keyboard = Keyboard(port="3")
    mark, began = terminal.record.mark(), time.monotonic()
    terminal.machine.plug(keyboard)
    terminal.record.wait(lambda event: event.action == "add" and event.subsystem == "input" and "/event" in event.path
                         and event.usb_port == "3", mark, 60, "the keyboard's input node")
    wall = (time.monotonic() - began) * 1e6
    terminal.run("udevadm settle --timeout=30")
    came = done = None
    for microseconds, text in terminal.kernel_lines():
        if " USB device number " in text and "new " in text and "-3:" in text:
            came, done = microseconds, None
        elif text.startswith("input:") and came and not done:
            done = microseconds
    terminal.unplug(keyboard)
    terminal.run("udevadm settle --timeout=30")
    return done - came, wall


def measure_plugs(terminal, rounds):
    """{state: [(kernel µs, wall µs)…]}, the states in turn, so that whatever else the host does meets all of them."""
    found = {name: [] for name in STATES}
    for number in range(rounds):
        for name, enter in STATES.items():
            leave = enter(terminal)
            try:
                terminal.settle(pause=0.5)
                found[name] += [plug_once(terminal) for _ in range(PLUGS)][1:]
            finally:
                leave()
        print(f"  round {number + 1} of {rounds}", flush=True)
    return found


# --- the daemons at rest -----------------------------------------------------------------------------------------------------

def agent(terminal, unit="sekishod"):
    return terminal.run(f"systemctl show --property=MainPID --value {unit}.service").strip()


def memory(terminal, pid):
    """{field: KiB} of smaps_rollup, and the peak."""
    lines = terminal.run(f"cat /proc/{pid}/smaps_rollup; grep VmHWM /proc/{pid}/status").splitlines()[1:]
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    sizes["Private"] = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return sizes


def measure_memory(terminal):
    found = {}
    stop_sekisho(terminal)
    start_sekisho(terminal, FEW)
    time.sleep(5)
    found["sekisho"] = memory(terminal, agent(terminal))
    # As an administrator does it: the new policy is loaded while the old one is in force, and once more.
    write_policy(terminal, MANY)
    for _ in range(2):
        terminal.run("systemctl reload sekishod.service; sleep 5", timeout=90)
        expect_media(terminal, MANY)
    time.sleep(5)
    found["sekisho, 100,000 media"] = memory(terminal, agent(terminal))
    take_sekisho_away(terminal)
    for name, rules in (("usbguard", 1), ("usbguard, 10,000 rules", USBGUARD_RULES)):
        terminal.run(f"awk 'BEGIN {{ for (i = 1; i < {rules}; i++) printf \"allow id 0951:1666 serial \\\"S%012d\\\" name \\\"DataTraveler\\\""
                     f" with-interface 08:06:50\\n\", i; print \"{USBGUARD_HID}\" }}' > /etc/usbguard/rules.conf; systemctl restart usbguard", timeout=300)
        time.sleep(5)
        found[name] = memory(terminal, agent(terminal, "usbguard"))
    terminal.run("systemctl stop usbguard")
    put_sekisho_back(terminal)
    return found


def measure_idle(terminal, seconds):
    """Moments (seconds in which it ran at all) and voluntary switches of the agent with nothing to do."""
    stop_sekisho(terminal)
    start_sekisho(terminal, FEW)
    time.sleep(20)
    pid = agent(terminal)
    readings = terminal.run(
        f"for i in $(seq {seconds}); do grep -h ^voluntary /proc/{pid}/status; sleep 1; done", timeout=seconds * 2 + 60)
    counts = [int(line.split()[1]) for line in readings.splitlines()]
    elapsed = seconds
    return sum(1 for before, after in zip(counts, counts[1:]) if after > before), counts[-1] - counts[0], elapsed


# --- the table ---------------------------------------------------------------------------------------------------------------

class Table:
    def __init__(self):
        self.missed = 0

    def line(self, what, value, bar, holds):
        self.missed += not holds
        print(f"  {what:<58} {value:<26} {bar:<26} {'holds' if holds else 'MISSED'}")

    def ratio(self, what, ours, theirs, bar, unit):
        ratio = ours / theirs
        self.line(what, f"{ratio:.3f} ({ours:.1f} : {theirs:.1f} {unit})", f"≤ {bar}", ratio <= bar)


def print_plugs(table, found):
    kernel = {name: statistics.median(k for k, _ in times) / 1000 for name, times in found.items()}
    wall = {name: statistics.median(w for _, w in times) / 1000 for name, times in found.items()}
    print("  plug → usable, medians, ms:" + "".join(
        f"\n    {name:<26} kernel {kernel[name]:8.1f}  wall {wall[name]:8.1f}  ({len(found[name])} plugs)" for name in found))
    for clock, median in (("kernel's clock", kernel), ("wall", wall)):
        for state in ("running", "stopped", "hung"):
            ours = median[f"sekisho {state}"]
            table.ratio(f"keyboard, agent {state} : no control, {clock}", ours, median["no control at all"], 1.25, "ms")
            table.ratio(f"keyboard, agent {state} : usbguard, {clock}", ours, median["usbguard running"], 1.1, "ms")
        table.ratio(f"keyboard, 100,000 media : ten, {clock}", median["sekisho, 100,000 media"], median["sekisho running"], 1.02, "ms")


def print_memory(table, found):
    for name, sizes in found.items():
        print(f"    {name:<26} PSS {sizes['Pss']:6} KiB  private {sizes['Private']:6} KiB  peak {sizes['VmHWM']:6} KiB")
    table.ratio("daemon at rest, PSS : usbguard", found["sekisho"]["Pss"], found["usbguard"]["Pss"], 1, "KiB")
    table.line("daemon at rest, private", f"{found['sekisho']['Private']} KiB", "≤ 2048 KiB", found["sekisho"]["Private"] <= 2048)
    table.ratio("with 100,000 media, PSS : usbguard with 10,000 rules", found["sekisho, 100,000 media"]["Pss"],
                found["usbguard, 10,000 rules"]["Pss"], 1, "KiB")
    table.line("peak while loading 100,000 media", f"{found['sekisho, 100,000 media']['VmHWM']} KiB", "≤ 40960 KiB",
               found["sekisho, 100,000 media"]["VmHWM"] <= 40960)


def print_idle(table, moments, switches, seconds):
    # A ping each 30 s, a heartbeat each 300 s or a little less, and the second in which a count was halfway.
    allowed = seconds // 30 + 1 + seconds // 240 + 1
    table.line(f"idle: moments in which the agent ran, in {seconds} s", f"{moments} ({switches} switches)", f"≤ {allowed}", moments <= allowed)


def bench_image(directory):
    def prepare(tree):
        subprocess.run(["systemctl", "--root", str(tree), "disable", "usbguard.service", "usbguard-dbus.service"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    if (directory / "disk.img").exists():
        return root.Image(directory)
    return root.build_image(directory, deb=suite.built_package(), packages=root.PACKAGES + root.USBGUARD, prepare=prepare)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--idle", type=int, default=IDLE_SECONDS, metavar="SECONDS")
    parser.add_argument("--keep", metavar="DIRECTORY", help="works there, takes the disk it finds there")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="sekisho-bench-"))
    table = Table()
    try:
        with Machine(bench_image(work / "image"), work / "run") as machine:
            terminal = Bench(machine)
            print(f"guest: Linux {terminal.run('uname -r').strip()}, software emulation, 2 processors")
            plugs = measure_plugs(terminal, arguments.rounds)
            sizes = measure_memory(terminal)
            idle = measure_idle(terminal, arguments.idle)
        print(f"  {'what':<58} {'measured':<26} {'bar':<26}")
        print_plugs(table, plugs)
        print_memory(table, sizes)
        print_idle(table, *idle)
    finally:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
    print(f"  {table.missed} bars missed")
    return 1 if table.missed else 0


if __name__ == "__main__":
    sys.exit(main())
