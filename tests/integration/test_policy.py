"""Policies: suggested, checked, applied, refused; what changes on the bus, and what stays."""
import json
import os
import signal
import time

import usb
from bed import wait_for

PRINTER = {"label": "printer", "vendor_id": "04b8", "product_id": "0881", "serial": "L4DZ001", "interfaces": ["07:01:02"]}


def own(event):
    return event["unmapped"]["sekisho"]


def lists(*entries, **devices):
    return {"devices": {"allow": list(entries), **devices}}


def reload(bed):
    bed.daemon.send_signal(signal.SIGHUP)
    bed.status()


def wait_refused(bed, count=1):
    return wait_for("a refused settings file", lambda: bed.status()["refused_settings"][count - 1:])


def test_suggested_policy_admits_the_device_once_it_is_applied(bed):
    printer = bed.bus.plug(usb.printer(), "1")
    number = bed.shown(printer)["number"]
    suggestion = bed.sekisho("devices", "--suggest", str(number)).stdout
    checked = bed.sekisho("policy", "check", "-", standard_input=suggestion)
    assert (checked.returncode, checked.stdout) == (0, "valid\n") and "--as NAME" in checked.stderr
    applied = bed.sekisho("policy", "apply", "--as", "printer", "-", standard_input=suggestion)
    assert (applied.returncode, applied.stdout) == (0, "changed\n"), applied.stderr
    assert (bed.configuration / "policy.d/printer.json").read_text() == suggestion
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    assert bed.device(printer)["verdict"] == "admitted by policy"
    again = bed.sekisho("policy", "apply", "--as", "printer", "-", standard_input=suggestion)
    assert (again.returncode, again.stdout) == (0, "unchanged\n")
    assert len(bed.events("policy_changed")) == 1 and len(bed.events("device_allowed")) == 1


def test_listed_device_is_opened_by_the_daemon_and_by_nothing_else(bed):
    bed.policy(**lists(PRINTER))
    reload(bed)
    bed.daemon.send_signal(signal.SIGSTOP)
    printer = bed.bus.plug(usb.printer(), "1")
    time.sleep(0.3)
    assert not printer.interfaces[0].authorized
    bed.daemon.send_signal(signal.SIGCONT)
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    assert own(bed.wait_event("device_allowed"))["label"] == "printer"


def test_taking_an_entry_away_closes_the_device(bed):
    bed.policy(**lists(PRINTER))
    reload(bed)
    printer = bed.bus.plug(usb.printer(), "1")
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    bed.policy()
    reload(bed)
    bed.wait_event("device_taken_back")
    wait_for("the printer to be closed", lambda: not printer.drivers and not printer.interfaces[0].authorized)


def test_apply_replaces_policy_json_whole_or_not_at_all(bed):
    first = json.dumps({"version": 1, **lists(PRINTER)})
    assert bed.sekisho("policy", "apply", "-", standard_input=first).stdout == "changed\n"
    assert (bed.configuration / "policy.json").read_text() == first
    assert oct((bed.configuration / "policy.json").stat().st_mode & 0o7777) == "0o644"
    bad = bed.sekisho("policy", "apply", "-", standard_input='{"version": 2,\n "devices": {"alow": []}}')
    assert (bad.returncode, bad.stdout) == (1, "refused\n")
    assert bad.stderr.startswith("standard input:2:14: "), bad.stderr
    assert (bed.configuration / "policy.json").read_text() == first
    assert bed.status()["policy"]["version"] == 1 and not bed.events("settings_refused")


def test_check_names_the_file_as_it_was_named(bed):
    path = bed.root / "mine.json"
    path.write_text('{"version": 1, "media": {"mode": "off"}}')
    checked = bed.sekisho("policy", "check", str(path))
    assert checked.returncode == 1 and checked.stderr.startswith(f"{path}:1:34: "), checked.stderr
    asked = bed.sekisho("policy", "check", str(path), "--json")
    assert json.loads(asked.stdout)["result"] == "refused" and json.loads(asked.stdout)["message"].startswith(str(path))
    missing = bed.sekisho("policy", "check", "/nowhere/policy.json")
    assert missing.returncode == 1 and "/nowhere/policy.json: No such file" in missing.stderr


def test_what_conflicts_with_policy_d_is_put_back(bed):
    bed.write("policy.d/10-printer.json", lists(PRINTER))
    reload(bed)
    twice = json.dumps({"version": 3, **lists(PRINTER)})
    applied = bed.sekisho("policy", "apply", "-", standard_input=twice)
    assert (applied.returncode, applied.stdout) == (1, "refused\n") and "10-printer.json" in applied.stderr, applied.stderr
    assert not (bed.configuration / "policy.json").exists()
    status = bed.status()
    assert status["refused_settings"] == [] and status["policy"]["version"] == 0
    assert len(bed.events("settings_refused")) == 1


def test_bad_policy_is_refused_whole_and_what_was_in_force_stays(bed):
    bed.policy(**lists(PRINTER))
    reload(bed)
    printer = bed.bus.plug(usb.printer(), "1")
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    before = bed.status()["policy"]
    bed.write("policy.json", '{"version": 2, "devices": {"allow": [], "input": "al"}}')
    reload(bed)
    said = wait_refused(bed)[0]
    assert said.startswith("policy.json:1:50: devices.input"), said
    event = bed.wait_event("settings_refused")
    assert own(event)["file"] == "policy.json" and (own(event)["line"], own(event)["column"]) == (1, 50)
    assert bed.status()["policy"] == before and printer.drivers == ["usblp"]
    bed.policy(**lists(PRINTER))
    reload(bed)
    wait_for("the refusal to be gone", lambda: bed.status()["refused_settings"] == [])


def test_refusals_of_both_files_are_kept_apart(bed):
    bed.write("agent.json", '{"contact": 5}')
    bed.write("policy.json", '{"version": "one"}')
    reload(bed)
    both = wait_refused(bed, 2) and bed.status()["refused_settings"]
    assert both[0].startswith("agent.json:1:13: ") and both[1].startswith("policy.json:1:13: "), both
    bed.policy()
    reload(bed)
    left = wait_for("one to be mended", lambda: [r for r in [bed.status()["refused_settings"]] if len(r) == 1])[0]
    assert left[0].startswith("agent.json:")
    assert bed.status()["contact"] == "情報政策課 内線2345"


def test_file_that_others_may_write_is_refused(bed):
    bed.policy(**lists(PRINTER))
    (bed.configuration / "policy.json").chmod(0o666)
    reload(bed)
    assert "expected a mode that only its owner may write, found 0666" in wait_refused(bed)[0]
    (bed.configuration / "policy.json").chmod(0o644)
    os.chown(bed.configuration / "policy.json", 1000, 0)
    reload(bed)
    wait_for("its owner to be named", lambda: "expected owner uid 0, found 1000" in bed.status()["refused_settings"][0])


def test_start_with_a_refused_file_means_the_last_accepted_copy(bare):
    bed = bare
    bed.policy(**lists(PRINTER))
    bed.start()
    bed.stop()
    bed.write("policy.json", "{")
    printer = bed.bus.plug(usb.printer(), "1")
    bed.start()
    assert bed.status()["policy"]["origin"] == "last accepted copy"
    assert bed.status()["policy"]["version"] == 1
    wait_for("the printer's driver", lambda: printer.drivers == ["usblp"])
    bed.wait_event("settings_refused")


def test_start_with_a_refused_file_and_no_copy_means_input_devices_only(bare):
    bare.write("policy.json", "{")
    printer, keyboard = bare.bus.plug(usb.printer(), "1"), bare.bus.plug(usb.keyboard(), "2")
    bare.start()
    assert bare.status()["policy"]["origin"] == "defaults"
    assert bare.shown(printer)["verdict"] == "refused" and keyboard.drivers == ["usbhid"]


def test_adopt_proposes_what_is_there_and_changes_nothing(bed):
    printer, adapter = bed.bus.plug(usb.printer(), "1"), bed.bus.plug(usb.network_adapter(), "2")
    for device in (printer, adapter):
        bed.shown(device)
    proposed = bed.sekisho("adopt").stdout
    assert {entry["product_id"] for entry in json.loads(proposed)["devices"]["allow"]} >= {"0881", "1790"}
    assert not printer.drivers and not bed.events("policy_changed")
    assert bed.sekisho("policy", "apply", "-", standard_input=proposed).stdout == "changed\n"
    wait_for("both to work", lambda: printer.drivers == ["usblp"] and adapter.drivers == ["cdc_ether"])


def test_registered_medium_is_told_as_such(bed):
    bed.policy(media={"registered": [{"label": "情-0012", "vendor_id": "0781", "product_id": "5567",
                                      "serial": "4C530001230914106593"}]})
    reload(bed)
    bed.bus.plug(usb.stick(), "1")
    event = bed.wait_event("device_refused")
    assert event["status_code"] == "M-05" and own(event)["label"] == "情-0012"


def test_entry_admits_its_exact_interfaces_alone(bed):
    bed.policy(**lists(PRINTER))
    reload(bed)
    fax = usb.printer()
    both = bed.bus.plug(usb.Device("printer with a disk", fax.vendor, fax.product, [[usb.PRINTER, usb.STORAGE]],
                                   fax.serial), "1")
    assert bed.wait_event("device_refused")["status_code"] == "M-12"
    assert not both.drivers_seen


def test_node_of_an_admitted_device_goes_to_the_group_of_its_entry(bed):
    bed.policy(**lists({**PRINTER, "group": "lp"}))
    reload(bed)
    printer = bed.bus.plug(usb.printer(), "1")
    wait_for("the node's group", lambda: printer.node_group == "lp")
    bed.policy()
    reload(bed)
    wait_for("the node to be root's again", lambda: printer.node_group is None)
    assert not os.listdir("/run/sekisho/nodes")


def test_listed_input_alone_closes_every_other_keyboard(bed):
    keyboard = bed.bus.plug(usb.keyboard(), "1")
    bed.wait_event("device_connected")
    bed.policy(**lists(input="listed"))
    reload(bed)
    assert bed.wait_event("device_taken_back")["status_code"] == "M-09"
    wait_for("the keyboard to be closed", lambda: not keyboard.drivers)
    bed.policy()
    reload(bed)
    wait_for("the keyboard to work again", lambda: keyboard.drivers == ["usbhid"])


def test_observe_mode_admits_records_and_ends_by_itself(bed):
    until = time.time() + 6
    bed.policy(media={"mode": "observe", "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))})
    reload(bed)
    bed.wait_event("observe_started")
    stick = bed.bus.plug(usb.stick(), "1")
    event = bed.wait_event("device_observed")
    assert event["status_code"] == "M-03" and event["action_id"] == 3
    wait_for("the stick's driver", lambda: stick.drivers == ["usb-storage"])
    assert bed.status()["modules"]["media"]["enforcement"] == "observe"
    bed.wait_event("observe_ended")
    assert time.time() < until + 5
    wait_for("the stick to be closed", lambda: not stick.drivers and not stick.interfaces[0].authorized)
    assert bed.events("device_taken_back") and bed.status()["modules"]["media"]["enforcement"] == "enforce"


def test_observe_mode_needs_its_end(bed):
    bed.policy(media={"mode": "observe"})
    reload(bed)
    assert "media.until" in wait_refused(bed)[0]


def test_ten_thousand_media_are_read_and_found(bed):
    media = [{"label": f"M{n:05}", "vendor_id": "0781", "product_id": "5567", "serial": f"SN{n:05}"} for n in range(10000)]
    bed.policy(media={"registered": media})
    reload(bed)
    wait_for("the register", lambda: bed.status()["modules"]["media"]["registered"] == 10000)
    bed.bus.plug(usb.stick(serial=b"SN09999"), "1")
    assert own(bed.wait_event("device_refused"))["label"] == "M09999"
