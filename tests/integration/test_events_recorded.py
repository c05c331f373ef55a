"""What a running agent really records passes docs/events.schema.json and OCSF's schema, whatever the devices say of themselves."""
import json
import os
import pathlib
import time

import jsonschema

import usb
from bed import kind_of, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
NASTY = [b'"; {"a":"\\', b"\x01\x1b[31m\x7f\r\n", b"\xff\xfe\xc0\x80\xed\xa0\x80", "\u2028\u202e".encode(), b"S" * 126,
         "税".encode() * 126, b" "]


def validators():
    ours = jsonschema.Draft7Validator(json.loads((TOP / "docs/events.schema.json").read_text()))
    ocsf = {int(path.name.split("_")[0]): jsonschema.Draft7Validator(json.loads(path.read_text()))
            for path in (TOP / "tests/ocsf").glob("*.schema.json")}
    return ours, ocsf


def recorded(bed):
    """Every line as it was stored, and the object it holds. (A line may hold U+2028, where splitlines() would cut.)"""
    done = bed.sekisho("events", "--json")
    assert done.returncode == 0, done.stderr
    return [(line, json.loads(line)) for line in done.stdout.rstrip("\n").split("\n")]


def assert_valid(events):
    ours, ocsf = validators()
    for line, event in events:
        assert line == json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":")), line
        for checker in (ours, ocsf[event["class_uid"]]):
            faults = [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in checker.iter_errors(event)]
            assert not faults, f"{kind_of(event)}: {faults}"


def live(bed):
    """A little of all that can happen."""
    for port, words in enumerate(NASTY, 1):
        bed.bus.plug(usb.stick(serial=words, manufacturer=words, product_name=words, name=f"nasty {port}"), str(port))
    bed.bus.plug(usb.keyboard(), "8")
    bed.wait_event("device_connected")
    bed.bus.plug(usb.keyboard(), "9")
    bed.wait_event("input_second_keyboard")
    bed.write("policy.json", '{"version": 2, "media": {"mode": "\x1b"}}')
    bed.sekisho("policy", "apply", str(bed.configuration / "policy.json"))
    os.kill(bed.daemon.pid, 1)
    bed.wait_event("settings_refused")
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4))
    bed.policy(media={"mode": "observe", "until": until})
    os.kill(bed.daemon.pid, 1)
    bed.wait_event("observe_started")
    bed.wait_event("device_observed")
    bed.wait_event("observe_ended")
    bed.wait_event("device_taken_back")


def test_everything_recorded_passes_both_schemas(bed):
    live(bed)
    bed.kill()
    bed.start()
    bed.wait_event("unobserved_interval")
    events = recorded(bed)
    assert_valid(events)
    assert {kind_of(event) for _, event in events} >= {
        "agent_started", "device_refused", "device_connected", "input_second_keyboard", "settings_refused", "policy_changed",
        "observe_started", "device_observed", "observe_ended", "device_taken_back", "unobserved_interval"}
    serials = {event["peripheral_device"].get("serial_number") for _, event in events if "peripheral_device" in event}
    assert "S" * 126 in serials and "税" * 126 in serials and "\u2028\u202e" in serials
    assert bed.ask("verify")["complete"]


def test_a_store_that_was_damaged_begins_a_new_chain_with_a_valid_event(bed):
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    bed.stop()
    (bed.store / "spool.db").write_bytes(b"no database at all" * 500)
    (bed.store / "spool.db-wal").write_bytes(b"")  # a log that is whole would heal it
    bed.start()
    wait_for("the new chain", lambda: bed.events("spool_reset"))
    events = recorded(bed)
    assert_valid(events)
    assert kind_of(events[0][1]) == "spool_reset" and events[0][1]["metadata"]["sequence"] == 1
