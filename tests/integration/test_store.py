"""The store: whole, altered, cut, rolled back, damaged; read from the agent and without it."""
import hashlib
import json
import shutil
import sqlite3

import usb
from bed import wait_for

PRINTER = {"label": "printer", "vendor_id": "04b8", "product_id": "0881", "serial": "L4DZ001", "interfaces": ["07:01:02"]}


def fill(bed):
    """Some events; the daemon is stopped afterwards."""
    for port in range(1, 6):
        bed.bus.plug(usb.stick(serial=b"V%d" % port), str(port))
    bed.wait_event("device_refused", count=5)
    bed.stop()


def verify(bed, store=None):
    done = bed.sekisho("verify", "--store", str(store or bed.store), "--json")
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def faults(bed, store=None):
    status, result = verify(bed, store)
    assert status == 1 and not result["complete"], result
    return {(fault["sequence"], fault["fault"]) for fault in result["faults"]}


def edit(bed, *statements):
    database = sqlite3.connect(bed.store / "spool.db")
    for statement in statements:
        assert database.execute(statement).rowcount > 0, statement
    database.commit()
    database.close()


def test_whole_chain_is_complete_with_the_agent_and_without(bed):
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    online = bed.ask("verify")
    assert online["complete"] and online["events"] == online["last_sequence"] == len(bed.events())
    text = bed.sekisho("verify").stdout
    assert "complete: nothing is missing" in text
    busy = bed.sekisho("verify", "--store", str(bed.store))
    assert busy.returncode == 1 and "stop sekishod" in busy.stderr, busy
    bed.stop()
    status, offline = verify(bed)
    assert status == 0 and offline["complete"] and offline["events"] == online["events"] + 1


def test_events_of_a_stopped_agent_can_be_read(bed):
    fill(bed)
    done = bed.sekisho("events", "--store", str(bed.store), "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and events[-1]["unmapped"]["sekisho"]["kind"] == "agent_stopped"
    part = bed.sekisho("events", "--store", str(bed.store), "--json", "--since", "3").stdout.splitlines()
    assert [json.loads(line)["metadata"]["sequence"] for line in part] == [e["metadata"]["sequence"] for e in events][2:]
    assert "USB" in bed.sekisho("events", "--store", str(bed.store)).stdout
    missing = bed.sekisho("events", "--store", "/nowhere")
    assert missing.returncode == 1 and "/nowhere" in missing.stderr


def test_reading_offline_changes_nothing(bed):
    fill(bed)
    before = {path.name: path.read_bytes() for path in bed.store.iterdir()}
    verify(bed)
    assert {path.name: path.read_bytes() for path in bed.store.iterdir()} == before


def test_edited_event_is_named(bed):
    fill(bed)
    edit(bed, "UPDATE link SET body = replace(CAST(body AS TEXT), 'device_refused', 'device_allowed') WHERE sequence = 3")
    assert (3, "edited") in faults(bed)
    assert "was altered" in bed.sekisho("verify", "--store", str(bed.store)).stdout


def test_removed_event_is_named(bed):
    fill(bed)
    edit(bed, "DELETE FROM link WHERE sequence = 3")
    assert any(sequence == 4 and fault in ("gap", "broken") for sequence, fault in faults(bed))


def test_event_whose_hash_was_made_anew_breaks_the_next(bed):
    """A forger who knows how hashes are made: what follows does not follow from it any more."""
    fill(bed)
    database = sqlite3.connect(bed.store / "spool.db")
    [(body,)] = database.execute("SELECT CAST(body AS TEXT) FROM link WHERE sequence = 3").fetchall()
    event = json.loads(body.replace("device_refused", "device_allowed"))
    del event["unmapped"]["sekisho"]["hash"]
    digest = hashlib.sha256(canonical(event))
    event["unmapped"]["sekisho"]["hash"] = digest.hexdigest()
    database.execute("UPDATE link SET body = ?, hash = ? WHERE sequence = 3", (canonical(event), digest.digest()))
    database.commit()
    database.close()
    assert faults(bed) == {(4, "broken")}


def canonical(value):
    """RFC 8785, of what our events hold: ASCII keys, integers, strings, booleans."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_exchanged_events_are_named(bed):
    fill(bed)
    edit(bed, "UPDATE link SET sequence = 1003 WHERE sequence = 3", "UPDATE link SET sequence = 3 WHERE sequence = 4",
         "UPDATE link SET sequence = 4 WHERE sequence = 1003")
    assert {sequence for sequence, _ in faults(bed)} >= {3, 4}


def test_end_that_was_cut_off_is_named(bed):
    fill(bed)
    edit(bed, "DELETE FROM link WHERE sequence >= 4")
    assert any(fault == "rolled back" for _, fault in faults(bed))


def test_spool_rolled_back_alone_is_named_and_said_by_the_agent(bed):
    stick = bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    bed.stop()
    old = bed.root / "old"
    shutil.copytree(bed.store, old)
    bed.start()
    bed.bus.unplug(stick)
    bed.wait_event("device_disconnected")
    bed.stop()
    for name in ("spool.db", "spool.db-wal"):
        (bed.store / name).unlink(missing_ok=True)
        if (old / name).exists():
            shutil.copy(old / name, bed.store / name)
    assert any(fault == "rolled back" for _, fault in faults(bed))


def test_missing_spool_begins_a_new_chain_and_says_so(bed):
    fill(bed)
    for path in bed.store.glob("spool.db*"):
        path.unlink()
    bed.start()
    reset = bed.wait_event("spool_reset")
    assert reset["unmapped"]["sekisho"]["old_sequence"] >= 6
    assert bed.ask("verify")["complete"]


def damage(path):
    """A byte in every sector; the log of a database counts like the database itself."""
    for part in path.parent.glob(path.name + "*"):
        content = bytearray(part.read_bytes())
        for at in range(0, len(content), 512):
            content[at] ^= 0xFF
        part.write_bytes(content)


def test_damaged_spool_is_set_aside_and_the_agent_works_on(bed):
    fill(bed)
    damage(bed.store / "spool.db")
    bed.start()
    reset = bed.wait_event("spool_reset")
    aside = reset["unmapped"]["sekisho"]["set_aside_as"]
    assert (bed.store / aside).exists(), aside
    bed.bus.plug(usb.stick(serial=b"after"), "7")
    bed.wait_event("device_refused", lambda e: e["peripheral_device"]["serial_number"] == "after")
    assert bed.ask("verify")["complete"]


def test_damaged_state_admits_nothing_until_it_is_mended(bed):
    bed.policy(devices={"allow": [PRINTER]})
    bed.stop()
    good = {path: path.read_bytes() for path in bed.store.glob("state.db*")}
    damage(bed.store / "state.db")
    bad = {path: path.read_bytes() for path in good}
    keyboard, printer, stick = (bed.bus.plug(make(), port) for make, port in
                                ((usb.keyboard, "1"), (usb.printer, "2"), (usb.stick, "3")))
    bed.start()
    assert bed.ask("status")["store"]["error"]
    assert bed.shown(printer)["reason"] == "M-17" and not printer.drivers_seen and not stick.drivers_seen
    assert keyboard.drivers == ["usbhid"]
    bed.stop()
    assert {path: path.read_bytes() for path in bad} == bad, "never set aside, never made anew"
    for path, content in good.items():
        path.write_bytes(content)
    bed.start()
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])


def test_store_is_for_root_alone(bed):
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    for path in bed.store.iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path.name}: {oct(path.stat().st_mode)}"
