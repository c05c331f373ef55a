"""The daemon's life: started, stopped, killed, hung, reloaded, watched by systemd, at rest."""
import os
import signal
import socket
import subprocess
import time
from collections import Counter

import usb
from bed import NotifySocket, wait_for


def own(event):
    return event["unmapped"]["sekisho"]


def test_clean_stop_and_start_leave_a_stated_interval(bed):
    bed.stop()
    stick, keyboard = bed.bus.plug(usb.stick(), "1"), bed.bus.plug(usb.keyboard(), "2")
    bed.start()
    interval = bed.wait_event("unobserved_interval")
    assert own(interval)["clean"] is True and interval["start_time"] <= interval["end_time"]
    assert len(bed.events("agent_stopped")) == 1 and len(bed.events("agent_started")) == 2
    refused = bed.wait_event("device_refused")
    assert own(refused)["while_absent"] is True and not stick.drivers_seen
    assert own(bed.wait_event("input_unattended"))["device"] == keyboard.name and keyboard.drivers == ["usbhid"]


def test_killed_agent_states_what_nobody_watched(bed):
    bed.bus.plug(usb.keyboard(), "1")
    bed.wait_event("device_connected")
    bed.kill()
    stick = bed.bus.plug(usb.stick(), "2")
    bed.start()
    interval = bed.wait_event("unobserved_interval")
    assert own(interval)["clean"] is False
    assert not bed.events("agent_stopped")
    assert own(bed.wait_event("device_refused"))["device"] == stick.name and not stick.drivers_seen
    assert bed.ask("verify")["complete"]


def test_plug_that_is_gone_before_the_agent_looks_is_recorded_all_the_same(bed):
    bed.kill(signal.SIGSTOP)
    stick = bed.bus.plug(usb.stick(), "1")
    bed.bus.unplug(stick)
    bed.kill(signal.SIGCONT)
    unseen = bed.wait_event("device_disconnected")
    assert own(unseen)["device"] == stick.name and unseen["status_code"] == "M-19"
    assert (own(unseen)["vendor_id"], own(unseen)["product_id"]) == (f"{stick.what.vendor:04x}", f"{stick.what.product:04x}")
    assert not stick.drivers_seen and not bed.events("device_refused")


def test_interval_after_a_kill_begins_where_all_was_recorded(bed):
    """Not with the last event: what came before that one may have been waiting for its turn."""
    bed.bus.plug(usb.keyboard(), "1")
    bed.wait_event("device_connected")
    bed.settled()
    bed.kill(signal.SIGSTOP)
    before = time.time() * 1000
    bed.bus.plug(usb.stick(), "2")
    bed.kill()
    bed.start()
    interval = bed.wait_event("unobserved_interval")
    connected = bed.wait_event("device_connected")
    assert connected["time"] <= interval["start_time"] <= before


def test_killed_again_and_again_the_chain_stays_whole(bed):
    end, kills = time.monotonic() + 20, 0
    while time.monotonic() < end:
        stick = bed.bus.plug(usb.stick(serial=b"K%03d" % kills), str(1 + kills % 20))
        time.sleep((kills * 37 % 100) / 1000)
        bed.kill()
        bed.bus.unplug(stick)
        bed.start()
        kills += 1
    print(f"     {kills} kills")
    assert bed.ask("verify")["complete"]
    assert len(bed.events("agent_started")) == kills + 1 and len(bed.events("unobserved_interval")) == kills


def test_devices_of_before_are_no_news_after_a_restart_but_keep_their_verdict(bed):
    keyboard = bed.bus.plug(usb.keyboard(), "1")
    bed.wait_event("device_connected")
    bed.stop()
    bed.start()
    assert bed.shown(keyboard)["verdict"] == "admitted by shape"
    bed.settled()
    assert not bed.events("input_unattended"), "it was watched when it came"


def test_hung_agent_opens_nothing_closes_no_keyboard_and_catches_up(bed):
    bed.daemon.send_signal(signal.SIGSTOP)
    stick, keyboard = bed.bus.plug(usb.stick(), "1"), bed.bus.plug(usb.keyboard(), "2")
    assert keyboard.drivers == ["usbhid"] and not stick.drivers_seen
    began = time.monotonic()
    asked = bed.sekisho("status", patience=60)
    assert asked.returncode == 3 and "does not answer in time" in asked.stderr, asked.stderr
    assert 10 < time.monotonic() - began < 40
    bed.daemon.send_signal(signal.SIGCONT)
    assert own(bed.wait_event("device_refused"))["device"] == stick.name
    bed.wait_event("device_connected")
    assert not stick.drivers_seen


def test_stopping_takes_nothing_back_and_opens_nothing(bed):
    bed.policy(devices={"allow": [{"label": "printer", "vendor_id": "04b8", "product_id": "0881", "serial": "L4DZ001",
                                   "interfaces": ["07:01:02"]}]})
    bed.daemon.send_signal(signal.SIGHUP)
    stick, printer = bed.bus.plug(usb.stick(), "1"), bed.bus.plug(usb.printer(), "2")
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    bed.stop()
    time.sleep(0.3)
    assert printer.drivers == ["usblp"] and not stick.drivers_seen


def test_readiness_comes_after_the_first_look_and_the_watchdog_is_fed(bare):
    bed = bare
    stick = bed.bus.plug(usb.stick(), "1")
    with NotifySocket(bed.root / "notify") as notify:
        bed.spawn("--control", bed.control, environment={"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"})
        bed.environment = {}
        ready = notify.wait_ready(bed)
        assert "STATUS=" in ready
        assert bed.device(stick)["verdict"] == "refused"
        pings, end = 0, time.monotonic() + 4
        while time.monotonic() < end:
            pings += "WATCHDOG=1" in (notify.receive(0.5) or "")
        assert 3 <= pings <= 12, f"{pings} pings in 4 s for a limit of 1 s"
        bed.daemon.send_signal(signal.SIGHUP)
        said = [notify.receive(2) or "" for _ in range(6)]
        assert any("RELOADING=1" in line for line in said) and any("READY=1" in line for line in said), said
        bed.daemon.send_signal(signal.SIGTERM)
        assert wait_for("its word that it stops", lambda: "STOPPING=1" in (notify.receive(1) or ""))


def test_control_socket_handed_over_by_systemd_is_used_and_left_in_place(bare):
    bed = bare
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(bed.control)
    os.chmod(bed.control, 0o666)
    listener.listen(64)
    # The client asks before the daemon runs: systemd would start it now, and the answer comes.
    with NotifySocket(bed.root / "notify") as notify:
        activated = ("import os,sys\nos.dup2(int(sys.argv[1]), 3)\nos.environ['LISTEN_PID'] = str(os.getpid())\n"
                     "os.environ['LISTEN_FDS'] = '1'\nos.execv(sys.argv[2], sys.argv[2:])")
        environment = {**bed.preload_environment(), "NOTIFY_SOCKET": notify.path}
        bed.daemon = subprocess.Popen(
            ["/usr/bin/env", "-u", "LD_PRELOAD", "/usr/bin/python3", "-c", activated, str(listener.fileno()),
             "/usr/bin/env", f"LD_PRELOAD={environment['LD_PRELOAD']}", *bed.command()],
            env=environment, pass_fds=[listener.fileno()], stdout=open(bed.log, "ab"), stderr=subprocess.STDOUT, cwd="/")
        notify.wait_ready(bed)
    assert bed.status()["terminal"] == "T-0001"
    bed.stop()
    assert os.path.exists(bed.control)
    listener.close()


def test_without_any_control_socket_it_says_what_to_do(bare):
    done = subprocess.run(bare.command(), env=bare.preload_environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "--control" in done.stderr, done.stderr


def test_wrong_usage_is_refused_with_help(bare):
    program = str(bare.build / "sekishod")
    for wrong in (["--nonsense"], ["surplus"], ["--check"], ["--check", "nothing", "/dev/null"], ["--check", "policy"],
                  ["--store"]):
        done = subprocess.run([program, *wrong], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        assert done.returncode == 2 and "--configuration" in done.stderr, f"{wrong}: {done.returncode} {done.stderr}"
    good = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30)
    assert good.returncode == 0 and "Exit status" in good.stdout
    version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    assert version.returncode == 0 and version.stdout.startswith("sekishod ")


def test_store_that_cannot_be_used_admits_nothing_and_is_said(bare):
    bed = bare
    bed.policy(devices={"allow": [{"label": "printer", "vendor_id": "04b8", "product_id": "0881", "serial": "L4DZ001",
                                   "interfaces": ["07:01:02"]}]})
    bed.store.rmdir()
    bed.store.write_text("a file where the folder should be")
    keyboard, printer = bed.bus.plug(usb.keyboard(), "1"), bed.bus.plug(usb.printer(), "2")
    bed.start()
    status = bed.status()
    assert status["store"]["error"], status
    assert bed.shown(printer) and not printer.drivers_seen and keyboard.drivers == ["usbhid"]
    assert "CANNOT BE USED" in bed.sekisho("status").stdout
    assert bed.sekisho("events").returncode == 1
    bed.stop()


def test_heartbeat_signs_the_head_mends_drift_and_tries_the_store_again(bare):
    bed = bare
    bed.settings(record={"heartbeat_seconds": 60})
    bed.policy(devices={"allow": [{"label": "printer", "vendor_id": "04b8", "product_id": "0881", "serial": "L4DZ001",
                                   "interfaces": ["07:01:02"]}]})
    bed.store.rmdir()
    bed.store.write_text("a file where the folder should be")
    printer = bed.bus.plug(usb.printer(), "1")
    bed.start()
    assert bed.status()["store"]["error"] and bed.shown(printer) and not printer.drivers_seen
    bed.store.unlink()
    bed.store.mkdir(mode=0o700)
    default = bed.root / "sys/module/usbcore/parameters/authorized_default"
    default.write_text("1\n")
    wait_for("the heartbeat", lambda: bed.status()["store"].get("events", 0) >= 4, patience=90)
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    drift = bed.wait_event("drift_found")
    assert own(drift)["drift_mended"] is True and own(drift)["drift_what"].endswith("authorized_default")
    assert default.read_text().startswith("0")
    beat = bed.wait_event("heartbeat")
    assert own(beat)["enforcement"] == "enforce" and own(beat)["head_sequence"] == beat["metadata"]["sequence"] - 1
    checked = bed.ask("verify")
    assert checked["complete"] and checked["signed_heads"] == 1


def test_second_daemon_does_not_touch_the_store_of_the_first(bed):
    # umockdev names a daemon's sockets by their numbers: the second one's must be others than the first one's.
    others = 'for number in {3..40}; do eval "exec $number</dev/null"; done; exec "$@"'
    environment = [f"{key}={value}" for key, value in bed.preload_environment().items() if os.environ.get(key) != value]
    second = subprocess.Popen(["bash", "-c", others, "bash", "env", *environment, *bed.command("--control", "/run/sekisho/second.sock")],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/")
    try:
        wait_for("the second socket", lambda: os.path.exists("/run/sekisho/second.sock"))
        time.sleep(0.5)
        first, bed.control = bed.control, "/run/sekisho/second.sock"
        status = bed.status()
        bed.control = first
        assert "busy" in status["store"]["error"].lower(), status["store"]
    finally:
        second.terminate()
        said = second.communicate(timeout=30)[1]
    assert second.returncode == 0, said
    bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    assert bed.ask("verify")["complete"]


def wakeups(pid):
    """Times that the process went to sleep by itself."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])


def test_daemon_at_rest_does_not_wake_up(bed):
    for port, make in enumerate((usb.stick, usb.keyboard, usb.mouse), 1):
        bed.bus.plug(make(), str(port))
    bed.settled()
    time.sleep(1)
    before = wakeups(bed.daemon.pid)
    time.sleep(8)
    assert wakeups(bed.daemon.pid) - before == 0


def test_follower_costs_no_wakeups_either(bed):
    follower = subprocess.Popen([str(bed.build / "sekisho"), "events", "--control", bed.control, "--follow"],
                                stdout=subprocess.PIPE, text=True)
    try:
        follower.stdout.readline()
        time.sleep(1)
        before = wakeups(bed.daemon.pid)
        time.sleep(5)
        assert wakeups(bed.daemon.pid) - before == 0
    finally:
        follower.terminate()
        follower.wait()


def test_descriptors_do_not_leak_over_plugs_reloads_and_clients(bed):
    def opened():
        folder = f"/proc/{bed.daemon.pid}/fd"
        return Counter(os.readlink(f"{folder}/{fd}").partition(":")[0] for fd in os.listdir(folder))

    for turn in range(20):
        if turn == 2:  # what is opened with the first event or client and kept, is open by now
            before = opened()
        stick = bed.bus.plug(usb.stick(serial=b"L%02d" % turn), "1")
        bed.shown(stick)
        bed.bus.unplug(stick)
        bed.policy(devices={"input": "any", "comment": str(turn)})
        bed.daemon.send_signal(signal.SIGHUP)
    bed.settled()
    time.sleep(0.5)
    assert not opened() - before, f"left open: {opened() - before}"
