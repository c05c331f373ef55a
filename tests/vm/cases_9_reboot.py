"""The last of a boot, and what comes of it in the next: observe mode is set, the machine restarts, the mode ends on time."""

import json

from case import case, check
from cases_3_policy import apply_policy, in_utc


@case("installed", "observe is set again, to end after the next boot began")
def observe_over_reboot(terminal):
    # Time to shut down and to start again, on this host and under its present load.
    until = in_utc(terminal, int(60 + 1.5 * terminal.machine.boot_seconds))
    apply_policy(terminal, media={"mode": "observe", "until": until})
    terminal.wait_event(kind="observe_started", count=2)
    terminal.run("sync")


@case("rebooted", "observe goes on after the reboot and ends on time by itself")
def observe_ends_after_reboot(terminal):
    stick = terminal.machine.present[0]
    status = json.loads(terminal.run("sekisho status --json"))["modules"]["media"]
    check(status.get("enforcement") == "observe", f"observe mode did not go on: {status}")
    terminal.record.wait(lambda event: event.action == "add" and event.path.endswith("/block/sda"), timeout=40, what="the disk")
    terminal.record.wait(lambda event: event.action == "remove" and event.path.endswith("/block/sda"), timeout=200, what="the disk taken back")
    terminal.wait_event(kind="observe_ended", count=2)
    terminal.permit((0, 0))
    mark = terminal.record.mark()
    terminal.settle()
    terminal.expect_refused([stick], mark)
    terminal.expect_chain()
