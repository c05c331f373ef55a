"""Plugging and unplugging: what is admitted, what is not, and what of it is recorded."""
import json
import time

import usb
from bed import kind_of, wait_for


def own(event):
    return event["unmapped"]["sekisho"]


def is_of(device):
    return lambda event: own(event)["device"] == device.name


def is_closed(device):
    return not device.drivers_seen and not any(interface.authorized for interface in device.interfaces)


def test_stick_is_refused_and_the_refusal_says_what_it_was(bed):
    stick = bed.bus.plug(usb.stick(), "1")
    event = bed.wait_event("device_refused")
    assert is_closed(stick)
    assert event["status_code"] == "M-03" and event["action_id"] == 2 and event["class_uid"] == 1010
    assert event["peripheral_device"]["serial_number"] == "4C530001230914106593"
    assert event["peripheral_device"]["vendor_name"] == "SanDisk"
    assert (own(event)["vendor_id"], own(event)["product_id"]) == ("0781", "5567")
    assert own(event)["interfaces"] == ["08:06:50"]
    assert event["device"]["uid"] == "T-0001" and event["device"]["groups"] == [{"name": "市民課"}]


def test_no_driver_ever_meets_a_device_that_carries_data(bed):
    makes = [usb.stick, usb.uas_disk, usb.phone, usb.network_adapter, usb.printer, usb.keyboard_with_storage,
             usb.hidden_storage, usb.disguised_disk]
    devices = [bed.bus.plug(make(), str(port)) for port, make in enumerate(makes, 1)]
    for device in devices:
        assert bed.shown(device)["verdict"] in ("refused", "admitted by shape"), device.what.name
    bed.settled()
    for device in devices:
        assert is_closed(device), f"{device.what.name}: {device.drivers_seen}"
    refused = {own(event)["device"] for event in bed.events("device_refused")}
    assert refused >= {device.name for device in devices if device.what.name != usb.disguised_disk().name}


def test_keyboard_with_storage_gets_neither(bed):
    device = bed.bus.plug(usb.keyboard_with_storage(), "1")
    assert bed.wait_event("device_refused")["status_code"] == "M-08"
    assert is_closed(device)


def test_storage_in_a_second_configuration_counts(bed):
    device = bed.bus.plug(usb.hidden_storage(), "1")
    assert bed.wait_event("device_refused")["status_code"] == "M-08"
    assert is_closed(device)


def test_input_devices_hubs_and_readers_work_and_are_recorded(bed):
    for port, (make, driver) in enumerate([(usb.keyboard, "usbhid"), (usb.mouse, "usbhid"), (usb.hub, "hub"),
                                           (usb.reader, None)], 1):
        device = bed.bus.plug(make(), str(port))
        event = bed.wait_event("device_connected", is_of(device))
        assert event["status_code"] == ("M-02" if make is usb.reader else "M-01"), device.what.name
        assert all(interface.authorized for interface in device.interfaces), device.what.name
        assert device.drivers == ([driver] if driver else [])


def test_unlisted_reader_stays_closed(bed):
    reader = usb.reader()
    reader.reader = False
    device = bed.bus.plug(reader, "1")
    bed.shown(device)
    bed.settled()
    assert is_closed(device)


def test_stick_behind_hub_is_refused(bed):
    bed.bus.plug(usb.hub(), "1")
    stick = bed.bus.plug(usb.stick(), "1.4")
    event = bed.wait_event("device_refused")
    assert own(event)["device"] == "1-1.4" and own(event)["port"].endswith("/1.4")
    assert is_closed(stick)


def test_unplugging_is_recorded_and_a_replug_is_another_device(bed):
    stick = bed.bus.plug(usb.stick(), "1")
    first = bed.wait_event("device_refused")
    bed.bus.unplug(stick)
    bed.wait_event("device_disconnected")
    wait_for("an empty list", lambda: bed.request("devices")[0]["devices"] == [])
    again = bed.bus.plug(usb.stick(), "1")
    assert bed.shown(again)["verdict"] == "refused"
    assert own(first)["device_number"] != again.devnum and is_closed(again)


def test_disk_disguised_as_a_keyboard_never_binds_and_is_closed_when_opened_by_hand(bed):
    device = bed.bus.plug(usb.disguised_disk(), "1")
    bed.shown(device)
    bed.settled()
    assert is_closed(device)
    bed.bus.open_by_hand(device)
    event = bed.wait_event("device_taken_back")
    assert event["status_code"] == "M-10" and own(event)["drivers"] == ["usb-storage"]
    wait_for("the disk to be closed", lambda: not device.drivers and not device.interfaces[0].authorized)


def test_stick_opened_by_somebody_else_is_closed_and_recorded(bed):
    stick = bed.bus.plug(usb.stick(), "1")
    bed.wait_event("device_refused")
    bed.bus.open_by_hand(stick)
    event = bed.wait_event("device_taken_back")
    assert own(event)["drivers"] == ["usb-storage"]
    wait_for("the stick to be closed", lambda: not stick.drivers and not stick.interfaces[0].authorized)


def test_same_serial_twice_is_told_as_such(bed):
    first, second = bed.bus.plug(usb.stick(), "1"), bed.bus.plug(usb.stick(), "2")
    wait_for("both to be known as twins",
             lambda: [bed.device(device)["reason"] for device in (first, second) if bed.device(device)] == ["M-04"] * 2)
    bed.bus.unplug(second)
    wait_for("the one that is left", lambda: bed.device(first)["reason"] == "M-03")


def test_stick_without_serial_cannot_be_registered(bed):
    bed.bus.plug(usb.stick(serial=b""), "1")
    assert bed.wait_event("device_refused")["status_code"] == "M-04"


def test_second_keyboard_is_an_event_of_its_own(bed):
    bed.bus.plug(usb.keyboard(), "1")
    bed.wait_event("device_connected")
    assert not bed.events("input_second_keyboard")
    second = bed.bus.plug(usb.keyboard(), "2")
    assert own(bed.wait_event("input_second_keyboard"))["device"] == second.name
    assert second.drivers == ["usbhid"]


def test_thirty_devices_at_once_are_refused_and_the_keyboard_among_them_works(bed):
    sticks = [bed.bus.plug(usb.stick(serial=b"S%03d" % port), str(port)) for port in range(1, 16)]
    keyboard = bed.bus.plug(usb.keyboard(), "16")
    sticks += [bed.bus.plug(usb.stick(serial=b"S%03d" % port), str(port)) for port in range(17, 32)]
    bed.wait_event("device_refused", count=30)
    assert {own(event)["device"] for event in bed.events("device_refused")} == {stick.name for stick in sticks}
    assert all(is_closed(stick) for stick in sticks) and keyboard.drivers == ["usbhid"]
    assert len(bed.request("devices")[0]["devices"]) == 31
    assert bed.ask("verify")["complete"]


def test_device_that_is_gone_at_once_does_no_harm(bed):
    end, cycles = time.monotonic() + 5, 0
    while time.monotonic() < end:
        bed.bus.unplug(bed.bus.plug(usb.stick(serial=b"G%04d" % cycles), "1"))
        cycles += 1
    bed.settled()
    print(f"     {cycles} cycles")
    assert bed.request("devices")[0]["devices"] == []
    last = bed.bus.plug(usb.stick(), "1")
    assert bed.shown(last)["verdict"] == "refused" and is_closed(last)
    assert bed.ask("verify")["complete"]


def test_device_without_interfaces_is_refused(bed):
    bed.bus.plug(usb.Device("nothing", 0x1234, 0x0001, [], b"N1"), "1")
    assert bed.wait_event("device_refused")["status_code"] == "M-15"


def test_descriptors_that_make_no_sense_are_refused(bed):
    device = usb.keyboard()
    device.descriptors += b"\x01\x04"
    plugged = bed.bus.plug(device, "1")
    # The rules see a keyboard and open it; whether the agent looks before or after them, it ends closed, and the reason is told.
    told = wait_for("its event", lambda: bed.events("device_refused", "device_taken_back"))
    assert told[-1]["status_code"] == "M-11"
    assert bed.shown(plugged)["verdict"] == "refused"
    wait_for("closed", lambda: not any(interface.authorized for interface in plugged.interfaces))


HOSTILE = [b'quote " and \\ and \'', b"\x1b[2J\x1b]0;owned\x07", b"tab\tand\rreturn", b"line\nbreak", b"\xff\xfe\x80",
           b"\xe2\x80\xaegnp.exe", b"\xc2\x9b31m", "髙﨑①".encode(), b"x" * 126, "関".encode() * 126, b"%s%n%d", b"</script>"]


def test_strings_of_a_device_stay_valid_json_and_reach_no_terminal(bed):
    for port, text in enumerate(HOSTILE, 1):
        bed.bus.plug(usb.Device("hostile", 0x0781, 0x5567, [[usb.STORAGE]], text, text, text), str(port))
    bed.wait_event("device_refused", count=len(HOSTILE))
    raw = bed.sekisho("events", "--json").stdout
    assert raw.encode().isascii() or raw.encode("utf-8")
    shown = [json.loads(line) for line in raw.splitlines()]
    serials = {event["peripheral_device"]["serial_number"] for event in shown if kind_of(event) == "device_refused"}
    assert serials >= {'quote " and \\ and \'', "tab\tand\rreturn", "line\nbreak", "髙﨑①", "x" * 126, "関" * 126}
    assert json.loads(bed.sekisho("devices", "--json").stdout)
    for command in ("events", "devices"):
        for line in bed.sekisho(command).stdout.split("\n"):
            bad = [c for c in line if ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or ord(c) in (0x202E, 0xDCFF)]
            assert not bad, f"sekisho {command} lets {bad} through: {line!r}"
    assert bed.ask("verify")["complete"]
