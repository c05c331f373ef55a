"""What is done to the store behind the daemon's back: `sekisho verify` names it, and a full disk is survived and said."""
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from bed import wait_for

EVENTS = 5


def record_some(bed, count, first=1):
    """Policy changes: each is one event."""
    for version in range(first, first + count):
        bed.policy(media={"registered": [{"label": f"label-{version}", "vendor_id": "46f4", "product_id": "0001",
                                          "serial": f"S{version}", "access": "read-only", "users": ["staff01"]}]})
        before = len(bed.events("policy_changed"))
        bed.kill(signal.SIGHUP)
        wait_for("policy change", lambda: len(bed.events("policy_changed")) > before)


def store_with_events(bed, count=EVENTS):
    bed.start()
    record_some(bed, count)
    bed.stop()


def verify(bed, store):
    done = bed.sekisho("verify", "--json", "--store", str(store))
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def tampered(bed, *statements):
    """A copy of the store with SQL run on its spool."""
    copy = Path(tempfile.mkdtemp(prefix="sk.", dir=bed.root)) / "store"
    shutil.copytree(bed.store, copy)
    database = sqlite3.connect(copy / "spool.db")
    for statement in statements:
        database.execute(*statement) if isinstance(statement, tuple) else database.execute(statement)
    database.commit()
    database.close()
    return copy


def names(bed, store, *expected):
    """verify says no, and each expected (fault, sequence) is among what it names."""
    status, result = verify(bed, store)
    assert status == 1, f"verify gave {status}: {result}"
    found = [(fault["fault"], fault["sequence"]) for fault in result["faults"]]
    for fault in expected:
        assert fault in found, f"{fault} is not named: {found}"


def bodies(store):
    database = sqlite3.connect(store / "spool.db")
    rows = database.execute("SELECT sequence, body FROM link ORDER BY sequence").fetchall()
    database.close()
    return {sequence: json.loads(body) for sequence, body in rows}


def sealed(event):
    """(hash, canonical bytes), as the terminal computes them: written down a second time, independently."""
    own = event["unmapped"]["sekisho"]
    own.pop("hash", None)
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    own["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
    return own["hash"], json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_verify_says_complete_of_a_store_that_nobody_touched(bare):
    store_with_events(bare)
    status, result = verify(bare, bare.store)
    assert status == 0 and result["complete"] and result["faults"] == [], result
    assert result["events"] == result["last_sequence"] == result["known_sequence"] > EVENTS, result


def test_verify_computes_the_same_hash_as_another_implementation(bare):
    store_with_events(bare, 2)
    for sequence, event in bodies(bare.store).items():
        claimed = event["unmapped"]["sekisho"]["hash"]
        assert sealed(event)[0] == claimed, f"event {sequence}"


def test_verify_names_edited_events(bare):
    store_with_events(bare)
    names(bare, tampered(bare, "UPDATE link SET body = replace(body, 'T-0001', 'T-0002') WHERE sequence = 3"), ("edited", 3))
    names(bare, tampered(bare, "UPDATE link SET body = body || ' ' WHERE sequence = 3"), ("edited", 3))
    names(bare, tampered(bare, "UPDATE link SET body = 'no JSON' WHERE sequence = 3"), ("unreadable", 3))


def test_verify_names_events_that_were_cut_out(bare):
    store_with_events(bare)
    last = max(bodies(bare.store))
    names(bare, tampered(bare, "DELETE FROM link WHERE sequence = 4"), ("gap", 5))
    names(bare, tampered(bare, "DELETE FROM link WHERE sequence < 4"), ("gap", 4))
    names(bare, tampered(bare, f"DELETE FROM link WHERE sequence > {last - 2}"), ("rolled back", last))
    names(bare, tampered(bare, "DELETE FROM link"), ("rolled back", last))


def test_verify_names_reordered_events(bare):
    store_with_events(bare)
    names(bare, tampered(bare, "UPDATE link SET sequence = -1 WHERE sequence = 3",
                         "UPDATE link SET sequence = 3 WHERE sequence = 4",
                         "UPDATE link SET sequence = 4 WHERE sequence = -1"), ("reordered", 3))


def test_verify_names_an_event_forged_with_its_hash(bare):
    store_with_events(bare)
    event = bodies(bare.store)[4]
    event["message"] = "nothing happened"
    digest, body = sealed(event)
    forged = ("UPDATE link SET body = ?, hash = ? WHERE sequence = 4", (body, bytes.fromhex(digest)))
    names(bare, tampered(bare, forged), ("broken", 5))


def test_verify_names_a_chain_forged_to_its_end(bare):
    store_with_events(bare)
    statements, previous = [], None
    for sequence, event in bodies(bare.store).items():
        if sequence == 4:
            event["message"] = "nothing happened"
        if previous:
            event["unmapped"]["sekisho"]["prev_hash"] = previous
        previous, body = sealed(event)
        statements.append(("UPDATE link SET body = ?, hash = ?, prev_hash = ? WHERE sequence = ?",
                           (body, bytes.fromhex(previous), bytes.fromhex(event["unmapped"]["sekisho"]["prev_hash"]), sequence)))
    names(bare, tampered(bare, *statements), ("rolled back", max(bodies(bare.store))))


def test_verify_names_a_spool_rolled_back_alone_before_and_after_the_agent_starts(bare):
    store_with_events(bare, 3)
    before = bare.root / "before"
    shutil.copytree(bare.store, before)
    bare.start()
    record_some(bare, 2, first=10)
    bare.stop()
    known = max(bodies(bare.store))
    for name in ("spool.db", "spool.db-wal"):
        shutil.copy(before / name, bare.store / name)
    names(bare, bare.store, ("rolled back", known))

    bare.start()
    reset = bare.events("spool_reset")
    assert len(reset) == 1, reset
    own = reset[0]["unmapped"]["sekisho"]
    assert own["old_sequence"] == known and own["set_aside_as"].startswith("spool-rolled-back-"), own
    assert (bare.store / own["set_aside_as"]).exists()
    done = bare.sekisho("verify", "--json")
    faults = [fault["fault"] for fault in json.loads(done.stdout)["faults"]]
    assert done.returncode == 1 and faults == ["reset"], done.stdout


def test_agent_denies_and_stays_alive_where_state_is_damaged(bare):
    store_with_events(bare, 2)
    (bare.store / "state.db").write_bytes(b"\x5a" * 4096)
    (bare.store / "state.db-wal").unlink()
    bare.start()
    status = bare.ask("status")
    assert status["store"] == {"error": os.strerror(117)}, status["store"]
    assert (bare.store / "state.db").read_bytes() == b"\x5a" * 4096


def test_agent_killed_keeps_every_event_it_told_of(bare):
    bare.start()
    for round_number in range(3):
        record_some(bare, 2, first=10 * round_number + 1)
        told = bare.events()
        bare.kill()
        bare.start()
        again = bare.events()
        assert again[:len(told)] == told, f"round {round_number}"
        assert bare.events("unobserved_interval")[-1]["unmapped"]["sekisho"]["clean"] is False
    assert bare.sekisho("verify").returncode == 0


def test_full_disk_is_survived_and_what_was_lost_is_said(bare):
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", bare.store], check=True)
    try:
        bare.start()
        record_some(bare, 2)
        ballast = bare.store / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        told = bare.events()
        for version in range(100, 116):
            bare.policy(media={"registered": [{"label": f"label-{version}", "vendor_id": "46f4", "product_id": "0001",
                                               "serial": f"S{version}", "access": "read-only", "users": ["staff01"]}]})
            bare.kill(signal.SIGHUP)
            bare.settled()
        lost = bare.ask("status")["store"]["lost"]
        assert lost > 0, "the disk never got full"
        ballast.unlink()
        record_some(bare, 1, first=200)
        said = bare.events("events_lost")
        assert sum(event["unmapped"]["sekisho"]["lost"] for event in said) == lost, said
        assert bare.events()[:len(told)] == told
        assert bare.sekisho("verify").returncode == 0
        bare.stop()
    finally:
        if bare.daemon:
            bare.stop(check=False)
        subprocess.run(["umount", bare.store], check=True)
