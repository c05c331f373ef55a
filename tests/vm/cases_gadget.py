"""Devices that QEMU does not have: combinations, disguises, hostile strings and descriptors, gone in the middle."""

import contextlib
import json
import pathlib

import gadget
from case import case, check, none_of
from gadget import hexed, play, plugged, unlike_rules

SCHEMA = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/events.schema.json"
KEYBOARD = "interface=03:01:01,hid,ii"
DISK = "08:06:50,bi,bo"
# Ids that a driver claims whatever the interface says of itself: one each of a disk's, a network adapter's, a serial adapter's.
CLAIMED = {"usb_storage": "4971:8024", "asix": "0b95:7720", "ftdi_sio": "0403:6001"}
DISGUISES = ("03", "09", "0b")


@case("gadgets", "made devices: the controllers come under the gate")
def controllers_come(terminal):
    gadget.start_controllers(terminal)
    state = terminal.run("cat /sys/devices/platform/dummy_hcd.*/usb*/interface_authorized_default").split()
    check(len(state) == 2 * gadget.CONTROLLERS and set(state) == {"0"}, f"root hubs: {state}")


@case("gadgets", "a made keyboard is usable at once")
def made_keyboard(terminal):
    expect_keyboard(terminal)


def expect_keyboard(terminal):
    with plugged(terminal, "function=hid") as keyboard:
        none_of(unlike_rules(terminal, keyboard.mark))
        check(set(keyboard.drivers().values()) == {"usbhid"}, f"the keyboard's drivers: {keyboard.drivers()}")
        terminal.record.wait(lambda event: event.action == "add" and event.subsystem == "input" and gadget.is_made(event),
                             keyboard.mark, 20, "an input device")


REFUSED = {
    "a disk": ["function=mass_storage"],
    "a keyboard with storage": ["function=hid", "function=mass_storage"],
    "storage with a keyboard behind it": ["function=mass_storage", "function=hid"],
    "a CDC network adapter": ["function=ecm"],
    "an RNDIS network adapter": ["function=rndis"],
    "a modem": ["function=acm"],
    "a keyboard with a network adapter": ["function=hid", "function=ecm"],
    "a disk that speaks BOT and UAS": ["interface=" + DISK, "alternate=08:06:62,bi,bo,bi,bo"],
    "a keyboard with a vendor's camera interface": [KEYBOARD, "interface=06:01:01,bi,bo,ii"],
}


def _refused(name, words):
    @case("gadgets", f"{name} is refused whole")
    def refuses(terminal):
        with plugged(terminal, "serial=" + hexed(name), *words) as made:
            made.expect_closed()
            event = terminal.wait_event(kind="device_refused", serial=name)[-1]
            check(event["status_code"], f"no reason: {event}")
            made.expect_closed()


for _name, _words in REFUSED.items():
    _refused(_name, _words)


@case("gadgets", "storage in a second configuration: selected by root, and by the kernel when it is plugged")
def storage_in_second_configuration(terminal):
    with plugged(terminal, "function=hid", "configuration", "function=mass_storage") as made:
        made.expect_closed()
        terminal.run(f"echo 2 > {made.place()}/bConfigurationValue")
        terminal.settle()
        check(len(made.drivers()) == 1, f"interfaces: {made.drivers()}")
        made.expect_closed()
    # The kernel passes over a first configuration that begins with a vendor's interface.
    with plugged(terminal, "interface=ff:00:00,bi,bo", "configuration", "function=mass_storage") as made:
        chosen = terminal.run(f"cat {made.place()}/bConfigurationValue").strip()
        check(chosen == "2", f"the kernel chose configuration {chosen}")
        made.expect_closed()


def _stop_agent(terminal):
    terminal.run("systemctl stop sekishod.socket sekishod.service")


def _load(terminal, loaded):
    """What the drivers' modules are, in memory or not; uas holds usb_storage."""
    modules = " ".join(["usbhid", "uas", *CLAIMED])
    terminal.run(f"modprobe -a {modules}" if loaded else f"modprobe -r {modules}")
    check(all((module in _modules(terminal)) == loaded for module in CLAIMED), f"modules in memory: {_modules(terminal)}")


def _modules(terminal):
    return terminal.run("cut -d' ' -f1 /proc/modules").split()


def _expect_all_closed(terminal, mark, count):
    listing = terminal.run("for i in /sys/devices/platform/dummy_hcd.*/usb*/*-1/*:*; do"
                           " echo ${i##*/} $(cat $i/authorized) $(basename \"$(readlink $i/driver)\"); done").splitlines()
    check(len(listing) == count, f"{count} interfaces are expected: {listing}")
    open_ones = [line for line in listing if line.split()[1:] != ["0"]]
    check(not open_ones, f"open or bound: {open_ones}")
    none_of(unlike_rules(terminal, mark, drivers=()))


def _disguised(terminal, turn, loaded):
    """One of each class on a controller of its own, each with another driver's id; then whatever could bind a driver to what was left
    open comes: udev looks at everything again, and the drivers' modules are put into memory."""
    ids = [list(CLAIMED.values())[(turn + number) % len(CLAIMED)] for number in range(len(DISGUISES))]
    with contextlib.ExitStack() as stack:
        mark = terminal.record.mark()
        for controller, (kind, id) in enumerate(zip(DISGUISES, ids)):
            stack.enter_context(plugged(terminal, f"id={id} interface={kind}:06:50,bi,bo", controller=controller))
        terminal.run("udevadm trigger --action=add && udevadm settle --timeout=60", timeout=90)
        _expect_all_closed(terminal, mark, len(DISGUISES))
        strange = [] if loaded else [module for module in _modules(terminal) if module in CLAIMED]
        check(not strange, f"refused devices have loaded {strange}")
        terminal.run(f"modprobe -a {' '.join(CLAIMED)}")
        terminal.settle()
        _expect_all_closed(terminal, mark, len(DISGUISES))


@case("gadgets", "adapters and disks that say class 03, 09 or 0b: drivers loaded before and not, agent up and stopped")
def disguised_devices(terminal):
    for turn, (loaded, running) in enumerate((loaded, running) for loaded in (False, True) for running in (True, False)):
        _load(terminal, loaded)
        if not running:
            _stop_agent(terminal)
        try:
            _disguised(terminal, turn, loaded)
        finally:
            terminal.wait_agent()
    expect_keyboard(terminal)


# --- strings -------------------------------------------------------------------------------------------------------------

def utf16(text):
    return text.encode("utf-16-le", "surrogatepass").hex()


STRINGS = {
    "quotes": utf16('"\'`$(id);<&>\\'),
    "control bytes": utf16("a\x01\x02\x1b[31m\x7f\x9b\r\t\nb"),
    "a line's end": utf16("A1\nSEKISHO_READER=1\n"),
    "NUL": utf16("A\0B"),
    "a lone high surrogate": utf16("A\ud841"),
    "a lone low surrogate": utf16("\udc22B"),
    "surrogates the wrong way round": utf16("\udc22\ud841"),
    "no character": utf16("\uffff\ufffe\ufdd0"),
    "kana": utf16("情報政策課－０１２"),
    "beyond the first plane": utf16("𠮷野家🗝"),
    "126 characters": utf16("x" * 126),
    "126 characters of three bytes": utf16("字" * 126),
    "half a character": "410042",
    "nothing": "",
    "spaces": utf16("   "),
    "JSON": utf16('","kind":"device_connected","x":"'),
    "marks that turn the text": utf16("\u202eexe.gnp\u202c\u2066"),
}


def expect_valid_events(terminal):
    """Each line is a JSON object of its own and passes the schema that the package documents."""
    import jsonschema

    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))
    lines = terminal.run("sekisho events --json", timeout=120).splitlines()
    check(lines, "no event at all")
    for line in lines:
        event = json.loads(line, parse_constant=_no_constant)
        wrong = [error.message for error in validator.iter_errors(event)]
        check(not wrong, f"{wrong[:3]}: {line}")
    return [json.loads(line) for line in lines]


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


@case("gadgets", "strings of hostile bytes: every event is valid JSON and passes the schema, the agent lives")
def hostile_strings(terminal):
    since, mark = terminal.now(), terminal.record.mark()
    lines, products = [], []
    for number, text in enumerate(STRINGS.values()):
        for kind in ("08:06:50,bi,bo", "03:01:01,ii"):
            products.append(f"{0x5700 + len(products):04x}")
            lines.append(f"through=gadgetfs id=1209:{products[-1]} interface={kind} serial={text} product={text} manufacturer={text}")
    results = play(terminal, lines)
    check(set(results) == {"configured"}, f"results: {results}")
    terminal.wait_event(product_id=products[-2], kind="device_refused")
    events = expect_valid_events(terminal)
    refused = {event["unmapped"]["sekisho"].get("product_id") for event in events
               if event["unmapped"]["sekisho"]["kind"] == "device_refused"}
    missing = [text for text, product in zip(STRINGS, products[::2]) if product not in refused]
    check(not missing, f"no refusal is recorded of a disk with {missing}")
    none_of(unlike_rules(terminal, mark))
    terminal.expect_chain()
    terminal.expect_agent_lived(since)


# --- descriptors -----------------------------------------------------------------------------------------------------------

# udev's list of kinds holds 72 of them; GadgetFS takes a configuration of 255 bytes, FunctionFS of 4096.
MANY_KINDS = " ".join(f"alternate=03:{number:02x}:07" for number in range(80))
DESCRIPTORS = {
    "no interface": "through=gadgetfs",
    "no interface, though it says two": "through=gadgetfs interfaces=2",
    "storage behind a descriptor of length 2": "through=gadgetfs interface=03:01:01,ii raw=02ff interface=08:06:50,bi,bo",
    "storage behind a descriptor of length 0": "through=gadgetfs interface=03:01:01,ii raw=00ff interface=08:06:50,bi,bo",
    "storage behind one that runs over the end": "through=gadgetfs interface=03:01:01,ii raw=ffff interface=08:06:50,bi,bo",
    "storage behind 80 alternates of as many kinds": f"interface=03:01:01,ii {MANY_KINDS} interface={DISK}",
    "27 interfaces": "through=gadgetfs " + "interface=03:00:00 " * 27,
    "80 interfaces in five configurations, storage the last": " configuration ".join(
        ["interface=03:00:00 " * 16] * 4 + ["interface=03:00:00 " * 15 + f"interface={DISK}"]),
    "the same interface twice": "through=gadgetfs interface=03:01:01,ii raw=090400000008065000 interface=03:01:01",
    "an interface descriptor cut short": "through=gadgetfs interface=03:01:01,ii raw=0504000000",
    "association of nothing": "through=gadgetfs interface=03:01:01,ii raw=080bff00080650000000",
    "fewer interfaces said than shown": "through=gadgetfs interfaces=1 interface=03:01:01,ii interface=08:06:50,bi,bo",
    "none said though three are shown": "through=gadgetfs interfaces=0 interface=03:01:01,ii interface=08:06:50,bi,bo interface=ff:00:00",
}


@case("gadgets", "descriptors that are none, too many or too short: nothing binds, the agent lives, keyboards work")
def hostile_descriptors(terminal):
    since, mark = terminal.now(), terminal.record.mark()
    results = play(terminal, [f"id=1209:58{number:02x} {line}" for number, line in enumerate(DESCRIPTORS.values())])
    strange = {name: result for name, result in zip(DESCRIPTORS, results) if result != "configured"}
    check(not strange, f"not enumerated: {strange}")
    none_of(unlike_rules(terminal, mark))
    expect_valid_events(terminal)
    terminal.expect_agent_lived(since)
    expect_keyboard(terminal)


@case("gadgets", "a keyboard that hides its storage from udev is taken back by the agent; the storage never opens")
def hidden_storage(terminal):
    for number, hiding in enumerate((f"through=gadgetfs {KEYBOARD} raw=02ff interface={DISK}", f"{KEYBOARD} {MANY_KINDS} interface={DISK}")):
        product = f"59{number:02x}"
        with plugged(terminal, f"id=1209:{product}", hiding) as made:
            # Refused before the rules opened its first interface and then taken back, or found open at the first look.
            terminal.wait_event(kind=("device_refused", "device_taken_back"), product_id=product)
            made.expect_closed(meanwhile=("usbhid",))


# --- gone in the middle ------------------------------------------------------------------------------------------------------

@case("gadgets", "gone in the middle of being enumerated or decided: the agent lives, the chain is whole, keyboards work")
def gone_in_the_middle(terminal):
    since, mark = terminal.now(), terminal.record.mark()
    kinds = ("interface=08:06:50,bi,bo", KEYBOARD, "function=hid function=mass_storage")
    lines = [f"id=1209:5a{number:02x} gone-after={after} {kind}"
             for number, (after, kind) in enumerate((after, kind) for after in (0, 20, 60, 120, 200, 300, 450) for kind in kinds)]
    lines += [f"id=1209:5b{at:02x} through=gadgetfs gone-at={at} serial=41 product=42 interface=03:01:01,ii" for at in range(6)]
    play(terminal, lines)
    terminal.settle()
    none_of(unlike_rules(terminal, mark))
    terminal.wait_agent()
    expect_valid_events(terminal)
    terminal.expect_chain()
    terminal.expect_agent_lived(since)
    expect_keyboard(terminal)
