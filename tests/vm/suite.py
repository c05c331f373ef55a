#!/usr/bin/env python3
"""make vm: boots guests that hold the built package, runs the cases, says what held. One machine at a time."""

import argparse
import glob
import importlib
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

import boots
from case import CASES, Terminal
from device import Stick
from machine import Failed

CASE_FILES = tuple(sorted(path.stem for path in pathlib.Path(__file__).resolve().parent.glob("cases_*.py")))
EXPECTED = (Failed, TimeoutError, OSError, KeyError, ValueError, AttributeError, IndexError)


class Score:
    """Counts, and says a line a case."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, title, function, machine=None):
        started = time.monotonic()
        print(f"  … {title}", end="", flush=True)
        try:
            function()
        except EXPECTED as error:
            self.failed += 1
            self._say("FAILED", title, started)
            self._explain(error, machine)
            return False
        self.passed += 1
        self._say("ok", title, started)
        return True

    @staticmethod
    def _say(word, title, started):
        print(f"\r  {word:6} {time.monotonic() - started:6.1f} s  {title}", flush=True)

    @staticmethod
    def _explain(error, machine):
        text = str(error) if isinstance(error, (Failed, TimeoutError)) else "".join(traceback.format_exception(error))
        print("    " + text.strip().replace("\n", "\n    "), flush=True)
        if machine:
            print("    --- the guest's log ends:\n      " + machine.tail(25).replace("\n", "\n      "), flush=True)


def built_package():
    found = sorted(glob.glob("build/sekisho_*.deb"))
    if not found:
        sys.exit("no build/sekisho_*.deb: make deb")
    return found[-1]


def whole_boot(terminal):
    """Nothing but what cases permitted was ever there, from the kernel's first uevent on."""
    incomplete = terminal.record.complete()
    if incomplete:
        raise Failed(incomplete)
    terminal.record.read()
    allowed_events = {id(event) for begin, end in terminal.permitted for event in terminal.record.events[begin[0]:end[0]]}
    allowed_log = {id(text) for begin, end in terminal.permitted for _, text in terminal.record.log[begin[1]:end[1]]}
    found = terminal.record.forbidden(permitted=lambda seen: id(seen) in allowed_events or id(seen) in allowed_log)
    if found:
        raise Failed("\n".join(found[:12]))


def shut_down(terminal):
    """Sticks come while services, udev and the agent are being stopped, until the machine is off."""
    machine, mark = terminal.machine, terminal.record.mark()
    machine.unplug_all()
    machine.power_off(lambda round_: machine.plug(Stick(port=str(1 + round_ % 15), serial=f"D{round_}")), rounds=15)
    found = terminal.record.forbidden(mark)
    if found:
        raise Failed("\n".join(found[:12]))
    came = [event for event in terminal.record.since(mark) if event.action == "add" and event.keys.get("DEVTYPE") == "usb_device"]
    if not came:
        raise Failed("no stick came before the machine was off")


def run_boot(boot, cases, score, work, image_of, before):
    """One boot and its cases. before: the machine of the boot it goes on from, or None."""
    print(f"{boot.title}", flush=True)
    directory = work / boot.name
    machine = boot.machine(directory, image_of, before)
    terminal = Terminal(machine)
    try:
        if not score.run("boots", lambda: boot.boot(machine), machine):
            score.failed += len(cases)
            print(f"  FAILED          {len(cases)} cases could not run", flush=True)
            return machine
        for one in cases:
            if not score.run(one.title, lambda: one.function(terminal), machine if machine.process else None) and machine.process:
                machine.unplug_all()
        if boot.gated:
            score.run("nothing else, from the first uevent to the last", lambda: whole_boot(terminal), machine)
        if boot.goes_on and machine.process:
            machine.power_off()
        if boot.shuts_down and machine.process:
            score.run("plugged while it shuts down: nothing comes of them", lambda: shut_down(terminal))
    finally:
        machine.kill()
    return machine


def chosen(arguments):
    for name in CASE_FILES:
        importlib.import_module(name)
    known = {boot.name for boot in boots.BOOTS}
    strays = {one.boot for one in CASES} - known
    if strays:
        sys.exit(f"cases for unknown boots: {strays}")
    return [one for one in CASES if arguments.only in f"{one.boot}: {one.title}"]


def needed_boots(cases):
    """The boots with cases, and those which they go on from."""
    names = {one.boot for one in cases}
    needed = []
    for boot in reversed(boots.BOOTS):
        if boot.name in names:
            needed.insert(0, boot)
            names |= {boot.after} if boot.after else set()
    return needed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="cases whose 'boot: title' holds TEXT")
    parser.add_argument("--list", action="store_true", help="names the cases")
    parser.add_argument("--keep", metavar="DIRECTORY", help="works there and leaves consoles, records and disks")
    parser.add_argument("--images", metavar="DIRECTORY", help="takes images made there by an earlier run with --keep")
    arguments = parser.parse_args()
    cases = chosen(arguments)
    if arguments.list:
        return print("\n".join(f"{one.boot}: {one.title}" for one in cases))
    work = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="sekisho-vm-"))
    work.mkdir(parents=True, exist_ok=True)
    score, started = Score(), time.monotonic()
    try:
        images = boots.Images(pathlib.Path(arguments.images or work), built_package(), reuse=bool(arguments.images))
        machines = {}
        for boot in needed_boots(cases):
            own = [one for one in cases if one.boot == boot.name]
            machines[boot.name] = run_boot(boot, own, score, work, images.of, machines.get(boot.after))
    finally:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
    print(f"{score.passed} passed, {score.failed} failed, {time.monotonic() - started:.0f} s")
    return sys.exit(1 if score.failed or not score.passed else 0)


if __name__ == "__main__":
    main()
