#!/usr/bin/python3
"""A demonstration: the real agent on an emulated USB bus. What is plugged, what is decided, what staff would read, what is
recorded, and how an altered record is found. Exit status 0: everything came as it should.

    ./install/bootstrap.sh demo [--ja | --en]          Japanese also by LANG=ja_JP.UTF-8

The bus is imitated (emulated_bus.py), so this shows what the agent decides and records. That a real kernel obeys is
shown by `make vm`."""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import usb  # noqa: E402
from bed import TOP, Bed, BedError, bind_over, enter_private_namespace, kind_of, wait_for  # noqa: E402

WIDTH = 78
CONTACT = "情報政策課 内線2345"

TEXTS = {
    "en": {
        "title": "Sekisho (関所): what happens when something is plugged in",
        "about": "The agent is the real one, as it is built and packaged. The USB bus is imitated, so that this runs on any "
                 "machine; whether a real kernel obeys is tested in a virtual machine (make vm).",
        "building": "Building the agent ...",
        "starting": "The agent starts",
        "status": "what `sekisho status` says",
        "plugged": "Plugged in", "shows": "shows", "decided": "decided", "read": "staff read", "bus": "on the bus",
        "ask": "Contact: ", "recorded": "recorded",
        "open": "{open} of {all} interfaces open, driver: {drivers}",
        "closed": "{open} of {all} interfaces open, no driver has ever seen it",
        "event": "event {sequence}, hash {hash}…",
        "listing": "Admitting an odd device: the office's printer",
        "listing_about": "It is refused like everything that nobody listed. An administrator looks it over and adds it:",
        "command": "$ {command}",
        "now": "The printer may be used now; the stick is as closed as before.",
        "pulled": "The stick is pulled out again",
        "events": "What was recorded (sekisho events)",
        "verify": "Is the record complete? (sekisho verify)",
        "tamper": "Somebody alters a copy of the record: the phone was \"admitted\"",
        "summary": "{good} of {all} checks held", "held": "held", "failed": "FAILED",
        "check": "{verdict}, {reason}, driver: {drivers}", "none": "none",
        "check_events": "every decision is recorded, in order, each event chained to the one before",
        "check_verify": "the chain is complete", "check_tamper": "the altered event is found: number {sequence}",
        "storage": "storage", "image": "pictures and files (MTP)", "input": "input", "keyboard": "keyboard keys",
        "printer": "printer",
        "stick": "a USB stick", "phone": "a telephone, as MTP", "kbd": "a keyboard",
        "badusb": "a keyboard that hides a disk", "print": "a printer",
    },
    "ja": {
        "title": "関所（Sekisho）：USB機器を差し込むと何が起きるか",
        "about": "動いているエージェントは、製品としてビルドされる本物です。USBバスは模擬なので、どの端末でも実行できます。実際のカーネルが"
                 "従うことは、仮想マシンの試験で確かめます。",
        "building": "エージェントをビルドしています ...",
        "starting": "エージェントを起動します",
        "status": "sekisho status の表示",
        "plugged": "差し込み", "shows": "機能", "decided": "判定", "read": "職員への表示", "bus": "バスの状態",
        "ask": "問合せ: ", "recorded": "記録",
        "open": "{all}個のうち{open}個のインターフェースを開放、ドライバー: {drivers}",
        "closed": "{all}個のうち{open}個のインターフェースを開放、ドライバーは一度も付いていません",
        "event": "{sequence}番の記録、ハッシュ {hash}…",
        "listing": "特殊な機器を許可する：課のプリンター",
        "listing_about": "許可されていない機器は、すべて止まります。管理者が内容を確かめて許可します。",
        "command": "$ {command}",
        "now": "プリンターは使えるようになり、USBメモリは閉じたままです。",
        "pulled": "USBメモリを抜きます",
        "events": "記録された内容（sekisho events）",
        "verify": "記録に欠けはないか（sekisho verify）",
        "tamper": "記録の写しを書き換えてみる：スマートフォンを「許可した」ことにする",
        "summary": "{all}項目のうち{good}項目が正しく動作しました", "held": "確認", "failed": "失敗",
        "check": "{verdict}、{reason}、ドライバー: {drivers}", "none": "なし",
        "check_events": "すべての判定が順に記録され、前の記録と鎖でつながっています",
        "check_verify": "記録の鎖に欠けはありません", "check_tamper": "書き換えた記録を見つけました: {sequence}番",
        "storage": "記録装置", "image": "写真・ファイル転送（MTP）", "input": "入力", "keyboard": "キー入力",
        "printer": "印刷",
        "stick": "USBメモリ", "phone": "スマートフォン（MTP）", "kbd": "キーボード",
        "badusb": "記録装置を隠したキーボード", "print": "プリンター",
    },
}

FUNCTION = {usb.STORAGE: "storage", usb.STILL_IMAGE: "image", usb.KEYBOARD: "keyboard", usb.HID: "input",
            usb.PRINTER: "printer"}

# What is plugged, and what must come of it: verdict, reason code, drivers.
CASES = [
    ("stick", usb.stick, "refused", "M-03", []),
    ("phone", usb.phone, "refused", "M-07", []),
    ("kbd", usb.keyboard, "admitted by shape", "M-01", ["usbhid"]),
    ("badusb", usb.keyboard_with_storage, "refused", "M-08", []),
]


EXPECTED_EVENTS = ["agent_started", "device_refused", "device_refused", "device_connected", "device_refused",
                   "device_refused", "policy_changed", "device_allowed", "device_disconnected"]


class Screen:
    """Words in one of two languages; bold and colour only where a terminal is, and never as the only sign."""

    def __init__(self, language):
        self.texts, self.language = TEXTS[language], language
        self.styled = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.good = self.all = 0

    def text(self, key, **values):
        return self.texts[key].format(**values)

    def style(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.styled else text

    def heading(self, text):
        print(f"\n{self.style('1', '── ' + text + ' ' + '─' * max(2, WIDTH - 4 - columns(text)))}\n", flush=True)

    def paragraph(self, text, indent="  "):
        for line in wrapped(text, WIDTH - len(indent)):
            print(indent + line, flush=True)

    def row(self, key, text, code=None):
        label = self.texts[key]
        lines = wrapped(text, WIDTH - 17)
        print(f"  {label}{' ' * (15 - columns(label))}{self.style(code, lines[0]) if code else lines[0]}")
        for line in lines[1:]:
            print(" " * 17 + (self.style(code, line) if code else line))

    def output(self, text):
        for line in text.rstrip().splitlines():
            print("  " + line)
        sys.stdout.flush()

    def check(self, what, holds):
        """A promise, and whether it held."""
        self.all += 1
        self.good += bool(holds)
        sign = self.style("32", "✔ " + self.texts["held"]) if holds else self.style("1;31", "✘ " + self.texts["failed"])
        print(f"  {sign}  {what}", flush=True)


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text, width):
    """Lines of at most width columns: broken at blanks, and before any Japanese character but a closing one."""
    lines, line = [], ""
    for token in re.findall(r"[!-~]+|.[。、）」]*", text):
        if columns(line + token) > width and line.strip():
            lines.append(line.rstrip())
            line = ""
        line += token if line or token != " " else ""
    return [*lines, line.rstrip()]


class Demonstration:
    def __init__(self, bed, screen):
        self.bed, self.screen = bed, screen
        self.locale = "ja_JP.UTF-8" if screen.language == "ja" else "C.UTF-8"

    def run(self):
        self.start()
        plugged = {case[0]: self.plug(port, *case) for port, case in enumerate(CASES, 1)}
        self.admit_printer(plugged["stick"])
        self.unplug(plugged["stick"])
        self.show("events", "events")
        events = self.bed.events()
        links = [event["unmapped"]["sekisho"] for event in events]
        self.screen.check(self.screen.text("check_events"), [kind_of(event) for event in events] == EXPECTED_EVENTS and
                          all(link["prev_hash"] == before["hash"] for before, link in zip(links, links[1:])))
        self.show("verify", "verify")
        self.screen.check(self.screen.text("check_verify"), self.bed.ask("verify")["complete"])
        self.bed.stop()
        self.tamper()

    def sekisho(self, *arguments, **how):
        return self.bed.sekisho(*arguments, language=self.locale, **how)

    def show(self, heading, *arguments):
        self.screen.heading(self.screen.text(heading))
        done = self.sekisho(*arguments)
        self.screen.output(done.stdout + done.stderr)

    def start(self):
        self.screen.heading(self.screen.text("starting"))
        self.bed.start()
        self.screen.output(self.sekisho("status").stdout)

    def plug(self, port, key, make, verdict, reason, drivers):
        screen, what = self.screen, make()
        screen.heading(f"{screen.text('plugged')}: {screen.text(key)}")
        device = self.bed.bus.plug(what, str(port))
        said = self.bed.shown(device)
        event = self.bed.wait_event("device_refused" if verdict == "refused" else "device_connected",
                                    lambda e: e["unmapped"]["sekisho"]["device"] == device.name)
        self.account(device, said, event)
        screen.check(screen.text("check", verdict=VERDICTS[screen.language][verdict], reason=reason,
                                 drivers=", ".join(drivers) or screen.text("none")),
                     said["verdict"] == verdict and said["reason"] == reason and
                     sorted(device.drivers_seen) == drivers and
                     all(interface.authorized == bool(drivers) for interface in device.interfaces))
        return device

    def account(self, device, said, event):
        """What a person would want to know of one decision."""
        screen, what = self.screen, device.what
        name = b" ".join(filter(None, (what.manufacturer, what.product_name))).decode()
        kinds = [f"{screen.text(FUNCTION[kind])} ({'%02x:%02x:%02x' % kind})" for kind in what.kinds()]
        refused = said["verdict"] == "refused"
        screen.row("plugged", f"{name}  {what.vendor:04x}:{what.product:04x}")
        screen.row("shows", ", ".join(kinds))
        screen.row("decided", f"{VERDICTS[screen.language][said['verdict']]} [{said['reason']}]",
                   "1;31" if refused else "1;32")
        sentence = said["text_ja" if screen.language == "ja" else "text"]
        screen.row("read", f"{sentence} {screen.text('ask')}{CONTACT}" if refused else sentence)
        opened = sum(interface.authorized for interface in device.interfaces)
        key = "open" if opened or device.drivers_seen else "closed"
        screen.row("bus", screen.text(key, open=opened, all=len(device.interfaces), drivers=", ".join(device.drivers)))
        own = event["unmapped"]["sekisho"]
        screen.row("recorded", screen.text("event", sequence=event["metadata"]["sequence"], hash=own["hash"][:16]))

    def admit_printer(self, stick):
        screen, bed = self.screen, self.bed
        screen.heading(screen.text("listing"))
        screen.paragraph(screen.text("listing_about"))
        printer = bed.bus.plug(usb.printer(), "5")
        bed.wait_event("device_refused", lambda e: e["unmapped"]["sekisho"]["device"] == printer.name)
        number = str(bed.device(printer)["number"])
        print(f"\n  $ sekisho devices --suggest {number} > printer.json")
        suggestion = self.sekisho("devices", "--suggest", number).stdout
        screen.output(suggestion)
        print("\n  $ sekisho policy apply --as printer printer.json")
        applied = self.sekisho("policy", "apply", "--as", "printer", "-", standard_input=suggestion)
        screen.output(applied.stdout + applied.stderr)
        bed.wait_event("device_allowed", lambda e: e["unmapped"]["sekisho"]["device"] == printer.name)
        wait_for("the printer's driver", lambda: printer.drivers)
        print()
        screen.check(screen.text("now"), printer.drivers == ["usblp"] and not stick.drivers_seen and
                     not any(interface.authorized for interface in stick.interfaces))

    def unplug(self, stick):
        self.bed.bus.unplug(stick)
        self.bed.wait_event("device_disconnected", lambda e: e["unmapped"]["sekisho"]["device"] == stick.name)

    def tamper(self):
        """In a copy, by somebody who may write the file but has not the chain's key."""
        screen, copy = self.screen, self.bed.root / "copy"
        screen.heading(screen.text("tamper"))
        shutil.copytree(self.bed.store, copy)
        sequence = rewrite_refusal(copy / "spool.db", b"18d1")
        done = self.sekisho("verify", "--store", str(copy))
        screen.output(done.stdout + done.stderr)
        faults = self.sekisho("verify", "--store", str(copy), "--json").stdout
        screen.check(screen.text("check_tamper", sequence=sequence),
                     done.returncode == 1 and f'"sequence":{sequence}' in faults.replace(" ", ""))


VERDICTS = {"en": {"refused": "REFUSED", "admitted by shape": "admitted"},
            "ja": {"refused": "使用不可", "admitted by shape": "使用可"}}


def rewrite_refusal(spool, vendor):
    """Turns the refusal of a device of this vendor into something milder; returns its sequence."""
    database = sqlite3.connect(spool)
    (table, column), = [(table, name) for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
                        for _, name, *_ in database.execute(f"PRAGMA table_info({table})") if name == "body"]
    for row, body in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
        body = body.encode() if isinstance(body, str) else body
        if body and b'"device_refused"' in body and vendor in body:
            milder = body.replace(b'"device_refused"', b'"device_allowed"')
            database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (milder, row))
            database.commit()
            database.close()
            return row
    raise AssertionError("no such refusal in the store")


def choose_language(arguments):
    if "--ja" in arguments:
        return "ja"
    asked = next((os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), "")
    return "ja" if asked.startswith("ja") and "--en" not in arguments else "en"


def build(screen):
    print(screen.text("building"), flush=True)
    done = subprocess.run(["make", "-C", str(TOP), f"-j{os.cpu_count()}", "all"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])


def install_translation():
    """Into this process's own mount namespace: the command finds its catalogue where the package would put it."""
    source = TOP / "agent/cli/po/ja.po"
    if not source.exists():
        return
    folder = Path(tempfile.mkdtemp(prefix="sekisho-locale-"))
    target = folder / "ja/LC_MESSAGES"
    target.mkdir(parents=True)
    subprocess.run(["msgfmt", "-o", str(target / "sekisho.mo"), str(source)], check=True)
    bind_over(folder, "/usr/share/locale")


def main():
    unknown = set(sys.argv[1:]) - {"--ja", "--en"}
    if unknown:
        sys.exit(f"usage: demo.py [--ja | --en]    (there is no {' '.join(unknown)})")
    screen = Screen(choose_language(sys.argv[1:]))
    print(f"\n{screen.style('1', screen.text('title'))}\n")
    screen.paragraph(screen.text("about"), "")
    print()
    build(screen)
    try:
        enter_private_namespace()
        if screen.language == "ja":
            install_translation()
    except BedError as fault:
        sys.exit(f"demo: {fault}")
    with Bed("release") as bed:
        Demonstration(bed, screen).run()
    screen.heading(screen.text("summary", good=screen.good, all=screen.all))
    return 0 if screen.good == screen.all else 1


if __name__ == "__main__":
    sys.exit(main())
