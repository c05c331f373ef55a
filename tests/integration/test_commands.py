"""`sekisho` and the control socket: roles, limits, following, wrong usage, advice."""
import json
import os
import socket
import subprocess
import threading
import time

import usb
from bed import NOBODY, OPERATOR_GID, kind_of, wait_for


def test_roles_are_kept_apart(bed):
    for command in (("status",), ("devices",)):
        assert bed.sekisho(*command, uid=NOBODY, gid=NOBODY).returncode == 0, command
    refused = bed.sekisho("events", uid=NOBODY, gid=NOBODY)
    assert refused.returncode == 4 and "not permitted" in refused.stderr and refused.stdout == ""
    assert bed.sekisho("verify", uid=NOBODY, gid=NOBODY).returncode == 4
    for gid, groups in ((OPERATOR_GID, ()), (NOBODY, (4, OPERATOR_GID, 20))):
        assert bed.sekisho("events", uid=NOBODY, gid=gid, groups=groups).returncode == 0
        assert bed.sekisho("verify", uid=NOBODY, gid=gid, groups=groups).returncode == 0
    [answer] = bed.talk(b'{"verb":"reload"}', uid=NOBODY)
    assert json.loads(answer)["code"] == "EPERM"
    assert json.loads(bed.talk(b'{"verb":"reload"}')[0])["policy"] == "unchanged"


def test_applying_a_policy_is_for_root_alone(bed):
    policy = json.dumps({"version": 1})
    applied = bed.sekisho("policy", "apply", "-", standard_input=policy, uid=NOBODY, gid=NOBODY)
    assert applied.returncode == 4, applied
    assert os.listdir(bed.configuration) == ["agent.json", "policy.d"] or not (bed.configuration / "policy.json").exists()
    checked = bed.sekisho("policy", "check", "-", standard_input=policy, uid=NOBODY, gid=NOBODY)
    assert (checked.returncode, checked.stdout) == (0, "valid\n")


NONSENSE = [b"", b"{", b"[]", b"null", b'{"verb":5}', b'{"verb":""}', b'{"verb":"nothing"}', b'{"verb":"status","x":1}',
            b'{"verb":"status","arguments":{"a":1}}', b'{"verb":"events","arguments":{"from":-1}}',
            b'{"verb":"events","arguments":{"limit":0}}', b'{"verb":"events","arguments":{"limit":65}}',
            b'{"verb":"suggest"}', b'{"verb":"suggest","arguments":{"number":0}}',
            b'{"verb":"status","verb":"status"}', b'{"verb":"' + b"a" * 33 + b'"}', b"\xff\xfe", b"\0" * 40,
            b'{"verb":"status"}x', b"[" * 4000]


def test_nonsense_on_the_socket_is_refused_in_words(bed):
    for packet in NONSENSE:
        [answer] = bed.talk(packet) or [None]
        assert answer is None or json.loads(answer)["error"], packet
    assert bed.talk(b"x" * 5000) == [None], "a request that is too long ends the connection"
    assert json.loads(bed.talk(*NONSENSE[1:4], b'{"verb":"status"}')[-1])["terminal"] == "T-0001"


def connections(bed, count, uid):
    """A process of another user that takes so many connections and keeps them; how many live is printed."""
    program = ("import socket,sys,time\nopen_=[]\n"
               "for _ in range(int(sys.argv[2])):\n"
               "  s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.settimeout(5); s.connect(sys.argv[1])\n"
               "  try:\n    s.send(b'{\"verb\":\"status\"}'); open_ += [s] if s.recv(200000) else []\n"
               "  except OSError: pass\n"
               "print(len(open_), flush=True); time.sleep(60)\n")
    process = subprocess.Popen(["/usr/bin/python3", "-c", program, bed.control, str(count)], stdout=subprocess.PIPE, text=True,
                               user=uid, group=uid, extra_groups=[])
    return process, int(process.stdout.readline())


def test_user_who_takes_every_connection_does_not_lock_root_out(bed):
    holders = [connections(bed, 20, uid) for uid in (1001, 1002, 1003)]
    try:
        assert all(0 < alive <= 8 for _, alive in holders), [alive for _, alive in holders]
        assert bed.ask("status")["terminal"] == "T-0001"
        stick = bed.bus.plug(usb.stick(), "1")
        assert bed.shown(stick)["verdict"] == "refused"
    finally:
        for process, _ in holders:
            process.kill()
            process.wait()


def test_client_that_never_reads_holds_nobody_up(bed):
    for port in range(1, 20):
        bed.bus.plug(usb.stick(serial=b"R%02d" % port), str(port))
    bed.wait_event("device_refused", count=19)
    lazy = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    lazy.connect(bed.control)
    lazy.setblocking(False)
    try:
        for _ in range(50):
            lazy.send(b'{"verb":"events","arguments":{"from":1}}')
    except BlockingIOError:
        pass
    began = time.monotonic()
    assert bed.ask("status") and time.monotonic() - began < 5
    lazy.close()


def test_pages_bring_every_event_once_and_in_order(bed):
    for turn in range(40):
        stick = bed.bus.plug(usb.stick(serial=b"P%02d" % turn), "1")
        bed.shown(stick)
        bed.bus.unplug(stick)
    bed.wait_event("device_disconnected", count=40)
    sequences = [event["metadata"]["sequence"] for event in bed.events()]
    assert len(sequences) > 80 and sequences == list(range(1, len(sequences) + 1))
    assert bed.ask("verify")["events"] == len(sequences)


def test_since_takes_a_number_a_date_a_time_and_now(bed):
    stick = bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    all_events = bed.events()

    def since(when):
        done = bed.sekisho("events", "--json", "--since", when)
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["metadata"]["sequence"] for line in done.stdout.splitlines()]

    assert since("2") == [event["metadata"]["sequence"] for event in all_events][1:]
    assert since(time.strftime("%Y-%m-%d")) == since("1") == since("2020-01-01")
    assert since("2999-01-01") == [] and since("now") == []
    middle = all_events[1]["time"]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(middle / 1000)) + f".{middle % 1000:03}Z"
    assert since(stamp)[0] <= 2
    for wrong in ("yesterday", "0", "-1", "2026-13-01", ""):
        assert bed.sekisho("events", "--since", wrong).returncode == 2, wrong
    bed.bus.unplug(stick)


def test_follower_sees_a_plug_within_a_second(bed):
    follower = subprocess.Popen([str(bed.build / "sekisho"), "events", "--control", bed.control, "--follow", "--json",
                                 "--since", "now"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(follower.stdout.readline, "")), daemon=True)
    reader.start()
    time.sleep(1)
    assert not lines
    began = time.monotonic()
    bed.bus.plug(usb.stick(), "1")
    wait_for("the follower's line", lambda: lines, patience=5)
    assert time.monotonic() - began < 1
    assert kind_of(json.loads(lines[0])) == "device_refused"
    bed.stop()
    wait_for("the follower's end", lambda: follower.poll() is not None)
    assert follower.returncode == 3


def test_output_that_cannot_be_written_is_no_success(bed):
    with open("/dev/full", "w") as full:
        status = subprocess.run([str(bed.build / "sekisho"), "events", "--control", bed.control], stdout=full,
                                stderr=subprocess.PIPE, text=True, timeout=20)
    assert status.returncode == 1 and "could not be written" in status.stderr


def test_without_an_agent_the_advice_says_what_to_do(bare):
    for command in ("status", "devices", "events", "verify", "adopt"):
        done = bare.sekisho(command)
        assert done.returncode == 3, f"{command}: {done.returncode}"
        assert "does not answer" in done.stderr and "systemctl start" in done.stderr
        assert "sekisho events --store /var/lib/sekisho" in done.stderr


def test_wrong_usage_is_told_apart_from_a_negative_answer(bed):
    for wrong in (["status", "x"], ["status", "--nonsense"], ["devices", "--suggest"], ["devices", "--suggest", "one"],
                  ["adopt", "all"], ["events", "--since"], ["events", "--tail"], ["events", "--follow", "--store", "/x"],
                  ["policy"], ["policy", "check"], ["policy", "apply"], ["policy", "remove", "x"],
                  ["policy", "apply", "--as", "../x", "-"], ["policy", "apply", "--as", "a b", "-"], ["verify", "--deep"],
                  ["nonsense"]):
        done = bed.sekisho(*wrong, standard_input="")
        assert done.returncode == 2 and done.stdout == "" and done.stderr, wrong
    unknown = bed.sekisho("devices", "--suggest", "77")
    assert unknown.returncode == 1 and "sekisho devices" in unknown.stderr


def test_every_command_has_help_and_says_its_exit_statuses(bed):
    for command in ("status", "devices", "adopt", "events", "policy", "verify"):
        done = bed.sekisho(command, "--help")
        assert done.returncode == 0 and "Exit status" in done.stdout and "--json" in done.stdout, command
        assert max(len(line) for line in done.stdout.splitlines()) <= 82, command
    nothing = subprocess.run([str(bed.build / "sekisho")], capture_output=True, text=True)
    assert nothing.returncode == 2 and "sekisho events" in nothing.stderr


def test_json_of_every_command_is_one_object_a_line(bed):
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    for command in (["status"], ["devices"], ["adopt"], ["verify"], ["devices", "--suggest", "1"], ["events"]):
        lines = bed.sekisho(*command, "--json").stdout.splitlines()
        assert lines and all(isinstance(json.loads(line), dict) for line in lines), command
        assert command == ["events"] or len(lines) == 1, command


def test_japanese_is_spoken_where_it_can_be_shown(bed):
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    japanese = bed.sekisho("events", language="ja_JP.UTF-8").stdout
    assert "このUSBメモリは登録されていないため使えません。" in japanese
    assert "このUSBメモリは登録されていないため使えません。" in bed.sekisho("devices", language="ja_JP.UTF-8").stdout
    assert "not registered" in bed.sekisho("events", language="C.UTF-8").stdout
    bed.environment["TERM"] = "linux"
    assert "not registered" in bed.sekisho("events", language="ja_JP.UTF-8").stdout, "a text console has no such glyphs"


def test_many_devices_are_listed_within_one_answer_or_said_to_be_missing(bed):
    long = b"\xe9\x96\xa2" * 126
    for port in range(1, 121):
        bed.bus.plug(usb.Device("long", 0x0781, 0x5567, [[usb.STORAGE]], b"%03d" % port + long[:372], long, long), str(port))
    bed.wait_event("device_refused", count=120)
    answer = bed.ask("devices")
    assert len(answer["devices"]) + answer.get("missing", 0) == 120
    text = bed.sekisho("devices")
    assert text.returncode == 0 and "内線2345" in text.stdout
    assert ("more are not shown" in text.stdout) == (answer.get("missing", 0) > 0)
    assert answer.get("missing", 0) > 0, "so many long names do not fit"
