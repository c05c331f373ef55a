#!/usr/bin/env python3
"""Power cuts for a time: a guest is plugged and unplugged and its power cut at any instant; the next start must account for it.

After each cut: the chain is whole; what the kernel bound had been recorded before it was bound; and every plug that the kernel
enumerated is in the chain or in the interval of which it is stated that nobody observed it. Prints how many cuts there were."""

import argparse
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

import boots
import suite
from case import Terminal, check
from device import Keyboard, SerialAdapter, Stick, UasDisk
from machine import Failed, Machine
from record import Record

POLICY = {
    "version": 7,
    "devices": {"allow": [{"label": "serial adapter", "vendor_id": "0403", "product_id": "6001", "interfaces": ["ff:ff:ff"]}]},
}
KINDS = (Stick, UasDisk, SerialAdapter, SerialAdapter, Keyboard)
BOOT_SECONDS = 120
# Two clocks are read one after the other where an event says both.
SLACK_MS = 20
# Nobody logs in there: what a terminal starts beside the agent would only lengthen each life.
ARGUMENTS = "systemd.unit=basic.target systemd.wants=sekishod.service"


class Life:
    """What the kernel said in a life that ended by a cut. What had not left the guest when it went is nobody's evidence."""

    def __init__(self, record, boot_id):
        self.record, self.boot_id = record, boot_id

    def plugs(self):
        """(ms, name, number on its bus) of each device that the kernel announced."""
        return [(event.ms, event.usb_name, int(event.keys["DEVNUM"])) for event in self.record.since()
                if event.action == "add" and event.keys.get("DEVTYPE") == "usb_device" and event.usb_name]

    def admissions(self):
        return [event for event in self.record.since() if event.action == "bind" and event.keys.get("DRIVER") == "ftdi_sio"]


def own(event):
    return event["unmapped"]["sekisho"]


def gap_after(life, events):
    """When the interval that nobody observed begins, as the first start after the life says; and the life's own events."""
    before = [event for event in events if own(event)["boot_id"] == life.boot_id]
    check(before, "not one event is left of the life before the cut")
    last = before[-1]["metadata"]["sequence"]
    gaps = [event for event in events if own(event)["kind"] == "unobserved_interval" and event["metadata"]["sequence"] > last]
    check(gaps, "no unobserved interval is stated after the cut")
    check(not own(gaps[0])["clean"], f"the cut is called an orderly stop: {gaps[0]}")
    return gaps[0]["start_time"], before


def check_life(life, events):
    """events: the whole chain, as the next life's agent gives it."""
    from_ms, before = gap_after(life, events)
    for bound in life.admissions():
        recorded = [event for event in before if own(event)["kind"] == "device_allowed" and own(event)["device"] == bound.usb_name
                    and own(event)["boottime_ms"] <= bound.ms + 1]
        check(recorded, f"admitted, and not in the chain: {bound}")
    # From this life's clock that counts from its boot to the wall clock.
    offset = before[-1]["time"] - own(before[-1])["boottime_ms"]
    counted = counted_plugs(before)
    stated = 0
    for ms, name, number in life.plugs():
        if any(own(event).get("device") == name and own(event).get("device_number") == number for event in before):
            continue
        if ms + offset + SLACK_MS >= from_ms:
            stated += 1
            continue
        check(counted.get(name), f"neither in the chain nor in the interval: {name} number {number} at {ms} ms; it begins at {from_ms - offset} ms")
        counted[name] -= 1
    return stated


def counted_plugs(events):
    """{name: how many plugs are told by a count alone}."""
    counted = {}
    for event in events:
        if "count" in event and (own(event)["kind"] == "device_refused" or event.get("status_code") == "M-19"):
            counted[own(event)["device"]] = counted.get(own(event)["device"], 0) + event["count"]
    return counted


def plug_and_settle(machine, chance):
    """Three devices that udev and the agent have the time for."""
    devices = [kind_of(chance, str(port)) for port in (11, 12, 13)]
    for device in devices:
        machine.plug(device)
    terminal = Terminal(machine)
    for device in devices:
        terminal.wait_enumerated(device, (0, 0))
    terminal.settle(2)


def kind_of(chance, port):
    kind = chance.choice(KINDS)
    options = {"serial": f"{chance.getrandbits(64):016x}"} if kind is Stick else {}
    return kind(port=port, **options)


def plug_at_random(machine, chance, seconds):
    end = time.monotonic() + seconds
    plugged = {}
    while time.monotonic() < end:
        port = str(chance.randint(1, 10))
        device = plugged.pop(port, None)
        if device:
            machine.unplug(device)
        else:
            plugged[port] = kind_of(chance, port)
            machine.plug(plugged[port])
        time.sleep(chance.random())


def judge(machine, life):
    """The new life accounts for the one before."""
    terminal = Terminal(machine)
    terminal.wait_agent(120)
    verified = terminal.expect_chain()
    verified["stated"] = check_life(life, terminal.events()) if life else 0
    return verified


def one_life(image, directory, disk, life, chance):
    """Boots, judges the cut before, plugs, and is cut. The disk, and what the kernel said."""
    machine = Machine(image, directory, disk=disk, arguments=ARGUMENTS)
    try:
        machine.start()
        if chance.random() < 0.15:  # in the middle of starting
            time.sleep(chance.uniform(5, 40))
            return machine.disk, life, None
        machine.wait_ready(BOOT_SECONDS)
        verified = judge(machine, life)
        boot_id = machine.run("cat /proc/sys/kernel/random/boot_id").strip()
        if disk is None:
            machine.run(f"cat > /run/policy.json <<'EOF'\n{json.dumps(POLICY)}\nEOF\nsekisho policy apply /run/policy.json")
        plug_and_settle(machine, chance)
        plug_at_random(machine, chance, chance.uniform(0.5, 12))
    finally:
        machine.kill()
    time.sleep(0.2)
    record = Record(directory / "record")
    record.read()
    kept = directory / "record.last"
    shutil.copy(directory / "record", kept)
    last = Record(kept)
    last.read()
    return machine.disk, Life(last, boot_id), verified


def run(seconds, seed, work):
    chance = random.Random(seed)
    images = boots.Images(work, suite.built_package(), reuse=False)
    image = images.of("installed")
    disk = life = None
    cuts, judged, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end or judged == 0:
        disk, life, verified = one_life(image, work / "life", disk, life, chance)
        cuts += 1
        judged += verified is not None
        if verified:
            print(f"  cut {cuts}: {verified['events']} events, {len(life.plugs())} plugs, {len(life.admissions())} admissions;"
                  f" of the life before {verified['stated']} plugs lay in the stated interval alone", flush=True)
    # The last cut is judged too.
    machine = Machine(image, work / "life", disk=disk, arguments=ARGUMENTS)
    try:
        machine.boot(BOOT_SECONDS)
        judge(machine, life)
    finally:
        machine.kill()
    return cuts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=480)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    print(f"power cuts: seed {seed}", flush=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-power-"))
    try:
        cuts = run(arguments.seconds, seed, work)
    except (Failed, TimeoutError, OSError, KeyError, ValueError) as error:
        sys.exit(f"FAILED: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"power: {cuts} trials, each chain whole, every admission recorded before it acted, every plug recorded or in the stated interval")


if __name__ == "__main__":
    main()
