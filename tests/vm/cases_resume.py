"""Across suspend and resume: what was admitted stays so, what was not too, and a stick that is swapped meanwhile is a new stick."""

import time

import gadget
from case import case, check, none_of
from device import Keyboard, Stick

# How long the kernel stays suspended in its own test mode, and when in that the stick is swapped.
ASLEEP_SECONDS = 9
SWAP_AFTER_SECONDS = 4


def suspend(terminal, meanwhile=None):
    """Suspends all devices for a while, and comes back. The mark before it."""
    terminal.run(f"echo {ASLEEP_SECONDS} > /sys/module/suspend/parameters/pm_test_delay; echo devices > /sys/power/pm_test")
    mark = terminal.record.mark()
    number = terminal.machine.commands.begin("echo freeze > /sys/power/state")
    if meanwhile:
        time.sleep(SWAP_AFTER_SECONDS)
        meanwhile()
    status, output = terminal.machine.commands.finish(number, 120)
    check(status == 0, f"the machine does not suspend: {output}")
    terminal.settle()
    log = "\n".join(terminal.record.log_since(mark))
    check(f"Waiting for {ASLEEP_SECONDS} second" in log, "it was not suspended")
    return mark


def log_time(terminal, mark, text):
    """When the kernel's log first says this after mark, in milliseconds."""
    terminal.record.read()
    return next((ms for ms, line in terminal.record.log[mark[1]:] if text in line), None)


def events_of(terminal, port):
    return [event["unmapped"]["sekisho"]["kind"] for event in terminal.events(port=port)]


@case("gadgets", "resume: the stick stays refused, the keyboard works, and no event is told twice")
def resume_changes_nothing(terminal):
    gadget.stop_controllers(terminal)  # dummy_hcd does not come back from suspend
    keyboard, stick = Keyboard(port="3"), Stick(port="1", serial="S1")
    with terminal.plugged(keyboard, stick) as mark:
        terminal.expect_usable([keyboard], mark)
        terminal.wait_event(kind="device_refused", port="1")
        terminal.wait_event(kind="device_connected", port="3")
        before = {port: events_of(terminal, port) for port in ("1", "3")}
        suspend(terminal)
        terminal.expect_refused([stick], mark)
        check(any("usbhid" in line for line in terminal.drivers([keyboard])), "the keyboard has lost its driver")
        after = {port: events_of(terminal, port) for port in ("1", "3")}
        check(after == before, f"events before: {before}, and after: {after}")


@case("gadgets", "resume: a stick swapped for another one meanwhile is refused, and so recorded; the keyboard works")
def swapped_during_suspend(terminal):
    keyboard, first, second = Keyboard(port="3"), Stick(port="1", serial="S2"), Stick(port="1", serial="S3")
    mark = terminal.plug(keyboard, first)
    terminal.wait_event(kind="device_refused", serial="S2")
    before = len(terminal.events())

    def swap():
        terminal.machine.unplug(first)
        time.sleep(0.5)
        terminal.machine.plug(second)

    asleep = suspend(terminal, swap)
    terminal.wait_event(kind="device_refused", serial="S3")
    terminal.wait_event(kind="device_disconnected", serial="S2")
    terminal.expect_refused([second], mark)
    check(any("usbhid" in line for line in terminal.drivers([keyboard])), "the keyboard has lost its driver")
    again = log_time(terminal, asleep, "USB disconnect")
    check(again is not None, "the kernel did not see the first stick go")
    fresh = len(terminal.events()) - before
    check(fresh <= 4, f"{fresh} events for one stick swapped for another")
    terminal.unplug(keyboard, second)
    none_of(terminal.record.forbidden(mark))
