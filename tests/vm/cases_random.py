#!/usr/bin/env python3
"""Random devices through FunctionFS (and some of arbitrary bytes through GadgetFS): no driver but usbhid and hub ever binds.

By hand: cases_random.py --count 5000 [--seed N] [--images DIRECTORY of suite.py --keep]"""

import os
import random
import re
import time

import gadget
from case import case, check, none_of
from gadget import play_side_by_side, unlike_rules

# In the suite: at least so many, and no longer than so many seconds once these are done.
COUNT = 150
SECONDS = 100
BATCH = 60

# What the ids that are taken from the guest's modules.alias belong to.
FAMILIES = re.compile(
    r"^(usb_storage|uas|ums_\w+"
    r"|asix|ax88179_178a|pegasus|kaweth|rtl8150|r8152|smsc\w+|cdc_\w+|rndis_\w+|qmi_wwan|hso|sierra_net|zaurus|net1080|plusb|mcs7830|dm9601"
    r"|sr9\w+|rt\w+usb|rtl8\w+|carl9170|zd1211rw|ath9k_htc"
    r"|ftdi_sio|cp210x|pl2303|option|qcserial|sierra|usb_serial_simple|ti_usb_3410_5052|io_ti|io_edgeport|keyspan\w*|mos7\w+|ch341|visor|ipaq"
    r"|ark3116|belkin_sa|cyberjack|garmin_gps|mct_u232|oti6858|spcp8x5)$")
ALIAS = re.compile(r"^alias usb:v([0-9A-F]{4})p([0-9A-F]{4})d(\*|[0-9*\[\]-]+)dc\S* (\w+)$")

# The gate's own classes come often: there a driver could slip in.
CLASSES = ["03"] * 8 + ["09"] * 4 + ["0b"] * 4 + ["ff"] * 4 + ["08"] * 4 + [
    "01", "02", "05", "06", "07", "0a", "0d", "0e", "0f", "10", "11", "dc", "e0", "ef", "fe", "00"]
SUBCLASSES = {"08": ["06", "04", "05", "02"], "03": ["00", "01", "06"], "02": ["02", "06", "0a", "0d"], "06": ["01"], "e0": ["01", "03"]}
PROTOCOLS = {"08": ["50", "62", "00", "01"], "03": ["00", "01", "02", "50"], "09": ["00", "01", "02"], "e0": ["01", "03"]}
ENDS = ["bi", "bo", "ii", "io", "bi,bo", "bi,bo", "bi,bo,ii", "bi,bo,bi,bo", "ii", "ii,io", "si", ""]
ENDPOINTS_MAX = 8


def known_ids(terminal):
    """(vendor, product, release) of what the guest's kernel has drivers for."""
    text = terminal.run("grep '^alias usb:v' /lib/modules/$(uname -r)/modules.alias")
    found = [match.groups() for match in map(ALIAS.match, text.splitlines()) if match and FAMILIES.match(match.group(4))]
    check(len(found) > 1000, f"only {len(found)} ids of drivers in modules.alias")
    return [(vendor, product, release_of(pattern)) for vendor, product, pattern, _ in found]


def release_of(pattern):
    """One that matches: of "*" any, of a digit itself, of "[0-3]" its first."""
    return (re.sub(r"\[(.)[^\]]*\]", r"\1", pattern).replace("*", "0") + "0000")[:4]


class Maker:
    """Devices by chance, the same for the same seed."""

    def __init__(self, seed, ids):
        self._random, self._ids = random.Random(seed), ids

    def device(self):
        chance = self._random
        words = [self._id(), f"serial={chance.randbytes(4).hex().encode().hex()}"]
        if chance.random() < 0.3:
            words.append(f"class={chance.choice(['00', '03', '09', 'ef', 'ff', '02', '08', '0b'])}:{chance.choice(['00', '02', '06'])}:00")
        if chance.random() < 0.15:
            return " ".join([*words, "through=gadgetfs", *self._bytes()])
        configurations = chance.choice([1, 1, 1, 1, 2, 3])
        return " ".join(words + " configuration ".join(self._configuration() for _ in range(configurations)).split())

    def _id(self):
        vendor, product, release = self._random.choice(self._ids)
        if self._random.random() < 0.2:
            vendor, product = f"{self._random.randrange(1, 0xffff):04x}", f"{self._random.randrange(0xffff):04x}"
        return f"id={vendor}:{product} release={release}"

    def _configuration(self):
        chance, room, words = self._random, ENDPOINTS_MAX, []
        # Half are of the gate's classes alone, so that what is admitted is tried as often as what is not.
        classes = CLASSES if chance.random() < 0.5 else ["03", "03", "09", "0b", "ff"]
        for number in range(chance.choice([1, 1, 1, 2, 2, 3, 5])):
            kind, ends = self._interface(classes)
            room -= len(ends.split(","))
            if room < 0:
                ends = "hid" if kind.startswith("03") else ""
            words.append(f"interface={kind}{',' + ends if ends else ''}")
            if chance.random() < 0.15:
                words.append(f"alternate={self._interface(classes)[0]}")
        return " ".join(words)

    def _interface(self, classes):
        chance = self._random
        kind = chance.choice(classes)
        subclass = chance.choice(SUBCLASSES.get(kind, ["00", "01", "06", "ff"]))
        protocol = chance.choice(PROTOCOLS.get(kind, ["00", "01", "50", "ff"]))
        ends = chance.choice(ENDS)
        if kind == "03" and chance.random() < 0.5:
            ends = "hid,ii"
        return f"{kind}:{subclass}:{protocol}", ends

    def _bytes(self):
        """Interfaces with bytes of any kind before, between and behind them; seldom well formed."""
        chance, words = self._random, []
        for _ in range(chance.choice([1, 1, 2, 3, 8, 40])):
            if chance.random() < 0.4:
                size = chance.choice([0, 1, 2, 2, 3, 7, 9, 9, chance.randrange(256)])
                head = bytes([size, chance.choice([2, 4, 4, 5, 0x0b, 0x21, 0xff])])
                words.append(f"raw={(head + chance.randbytes(max(0, size - 2))).hex()}")
            kind = chance.choice(CLASSES)
            words.append(f"{chance.choice(['interface', 'interface', 'alternate']) if words else 'interface'}={kind}:06:50")
        if chance.random() < 0.3:
            words.append(f"interfaces={chance.choice([0, 1, 2, 8, 32, 33, 255])}")
        # An alternate before any interface is none.
        first = next(at for at, word in enumerate(words) if not word.startswith("raw="))
        words[first] = words[first].replace("alternate=", "interface=")
        return words


def is_over(done, began, count, seconds):
    return done >= count and (seconds is None or time.monotonic() - began >= seconds)


def run_random(terminal, seed, count, seconds):
    """Plugs random devices until `count` are done and `seconds` are over. (done, configured)."""
    maker, began = Maker(seed, known_ids(terminal)), time.monotonic()
    tried = done = configured = 0
    while not is_over(done, began, count, seconds):
        mark = terminal.record.mark()
        lines = [maker.device() for _ in range(BATCH)]
        results = play_side_by_side(terminal, lines)
        wrong = unlike_rules(terminal, mark)
        if wrong:
            none_of([f"seed {seed}, after device {tried}:", *wrong, *lines])
        # The kernel's own count: some of arbitrary bytes it does not take for a device at all.
        came = sum(1 for event in terminal.record.since(mark)
                   if event.action == "add" and event.keys.get("DEVTYPE") == "usb_device" and gadget.is_made(event))
        check(came >= max(results.count("configured"), BATCH // 2), f"{came} devices came: {results}")
        tried += BATCH
        done += came
        configured += results.count("configured")
    return done, configured


@case("gadgets", f"random devices, at least {COUNT}: no driver but usbhid and hub binds to any")
def random_devices(terminal):
    from cases_gadget import expect_keyboard, expect_valid_events

    seed = int(os.environ.get("SEKISHO_SEED") or random.randrange(1 << 31))
    print(f"\n    seed {seed} (SEKISHO_SEED={seed} makes the same devices)", flush=True)
    since, began, mark = terminal.now(), time.monotonic(), terminal.record.mark()
    done, configured = run_random(terminal, seed, COUNT, SECONDS)
    bound = [event.keys["DRIVER"] for event in terminal.record.since(mark)
             if event.action == "bind" and event.keys.get("DEVTYPE") == "usb_interface" and gadget.is_made(event)]
    print(f"    {done} devices ({configured} configured) in {time.monotonic() - began:.0f} s; "
          f"usbhid took {bound.count('usbhid')} interfaces, hub {bound.count('hub')}", flush=True)
    check(bound.count("usbhid") > 0, "not one keyboard among them: this shows nothing")
    terminal.wait_agent()
    expect_valid_events(terminal)
    terminal.expect_agent_lived(since)
    expect_keyboard(terminal)


def main():
    import argparse
    import pathlib
    import tempfile

    import boots
    import suite
    from case import Terminal

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--images", metavar="DIRECTORY", help="the directory of an earlier suite.py --keep")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.images or tempfile.mkdtemp(prefix="sekisho-random-"))
    image = boots.Images(work, suite.built_package(), reuse=bool(arguments.images)).of("installed")
    boot = next(boot for boot in boots.BOOTS if boot.name == "gadgets")
    machine = boot.machine(work / "random", lambda name: image, None)
    began = time.monotonic()
    with machine:
        terminal = Terminal(machine)
        gadget.start_controllers(terminal)
        since, done = terminal.now(), 0
        while done < arguments.count:
            seed = arguments.seed + done
            done += run_random(terminal, seed, min(300, arguments.count - done), None)[0]
            terminal.wait_agent()
            terminal.expect_agent_lived(since)
            print(f"{done} devices, {time.monotonic() - began:.0f} s, last seed {seed}", flush=True)
        suite.whole_boot(terminal)


if __name__ == "__main__":
    main()
