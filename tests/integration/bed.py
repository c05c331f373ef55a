"""A terminal in a folder: the real, built sekishod on the emulated bus, with a store, settings and /run of its own.

What this proves is the agent's own logic; whether a kernel obeys is for tests/vm (see emulated_bus.py).

The process goes into a mount namespace of its own first, where /run is the bed's and /etc/group has the operators'
group, so that neither this machine's agent nor its files are touched, and the paths are those of a real terminal."""
import atexit
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from emulated_bus import EmulatedBus

TOP = Path(__file__).resolve().parents[2]
OPERATOR_GROUP, OPERATOR_GID = "sekisho-operator", 59990
NOBODY = 65534
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 0x1000, 0x4000, 0x40000
PATIENCE_S = 20  # for what takes milliseconds: sanitizers on a busy machine


class BedError(Exception):
    pass


def mount(source, target, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), None, flags, None) < 0:
        raise BedError(f"mount on {target}: {os.strerror(ctypes.get_errno())}")


def bind_over(folder, target):
    """folder in target's place, for this process and its children; it is removed at the end."""
    os.makedirs(target, exist_ok=True)
    mount(folder, target, MS_BIND)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def enter_private_namespace():
    """Once a process, before any thread. Nothing that is mounted after this is seen outside; the gate's rules are installed
    in it, as the daemon looks for them."""
    if os.geteuid() != 0:
        raise BedError("the emulated bus needs root (mount namespace, a socket owned by root): run as root or by sudo")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) < 0:
        raise BedError(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    mount("none", "/", MS_REC | MS_PRIVATE)
    private = Path(tempfile.mkdtemp(prefix="sekisho-bed-"))
    private.chmod(0o755)
    for folder, target in (("rules", "/usr/lib/udev/rules.d"), ("no-rules", "/etc/udev/rules.d"), ("run", "/run")):
        (private / folder).mkdir()
        bind_over(private / folder, target)
    shutil.copy(TOP / "install/udev/59-sekisho.rules", private / "rules")
    group = private / "group"
    lines = [line for line in Path("/etc/group").read_text().splitlines() if not line.startswith(OPERATOR_GROUP + ":")]
    group.write_text("\n".join([*lines, f"{OPERATOR_GROUP}:x:{OPERATOR_GID}:"]) + "\n")
    mount(group, "/etc/group", MS_BIND)
    atexit.register(shutil.rmtree, private, ignore_errors=True)


def wait_for(what, condition, patience=PATIENCE_S):
    """Returns the condition's first true value; what: for the message when it never comes."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        time.sleep(0.02)


class Bed:
    """flavour: "sanitize" or "release". Used as a context: what was started is ended on the way out."""

    def __init__(self, flavour="sanitize", environment=None):
        self.build = TOP / "build" / flavour
        self.root = Path(tempfile.mkdtemp(prefix="sk."))
        self.root.chmod(0o755)
        self.configuration, self.store = self.root / "etc", self.root / "store"
        for folder in (self.configuration, self.configuration / "policy.d", self.store):
            folder.mkdir()
        self.store.chmod(0o700)
        for leftover in ("sekisho", "udev"):
            shutil.rmtree(f"/run/{leftover}", ignore_errors=True)
        for folder in ("/run/sekisho", "/run/sekisho/nodes", "/run/udev"):
            os.mkdir(folder)
        self.control = "/run/sekisho/control.sock"
        self.environment, self.daemon, self.log = environment or {}, None, self.root / "log"
        self.bus = EmulatedBus(self.root, "/run")
        self.settings(terminal={"id": "T-0001", "section": "市民課"}, contact="情報政策課 内線2345")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if self.daemon:
                self.kill(signal.SIGCONT)
                self.stop(check=kind is None)
        finally:
            self.bus.close()
            shutil.rmtree(self.root, ignore_errors=True)

    # --- settings ------------------------------------------------------------------------------------------------------

    def settings(self, **agent):
        self.write("agent.json", agent)

    def policy(self, **policy):
        self.write("policy.json", {"version": 1, **policy})

    def write(self, name, content):
        """content: an object, or text as it is (for what must be refused)."""
        path = self.configuration / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
        path.chmod(0o644)

    # --- the daemon ----------------------------------------------------------------------------------------------------

    def preload_environment(self):
        """The sanitizer's runtime has to come before any other library that replaces functions."""
        libraries = ["libumockdev-preload.so.0"]
        if self.build.name == "sanitize":
            name = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
            libraries.insert(0, os.path.realpath(name.stdout.strip()))
        return {**os.environ, "LD_PRELOAD": ":".join(libraries), "UMOCKDEV_DIR": str(self.root),
                "UBSAN_OPTIONS": "print_stacktrace=1", **self.environment}

    def command(self, *more):
        return [str(self.build / "sekishod"), "--configuration", str(self.configuration), "--store", str(self.store), *more]

    def spawn(self, *more, **how):
        """Starts the daemon without waiting for anything."""
        log = open(self.log, "ab")
        environment = {**self.preload_environment(), **how.pop("environment", {})}
        self.daemon = subprocess.Popen(self.command(*more), env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, **how)
        log.close()
        return self.daemon

    def start(self):
        """Starts the daemon and waits for its word that it is ready (sd_notify), as systemd does."""
        with NotifySocket(self.root / "notify") as notify:
            self.spawn("--control", self.control, environment={"NOTIFY_SOCKET": notify.path})
            notify.wait_ready(self)
        return self

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self, number=signal.SIGKILL):
        os.kill(self.daemon.pid, number)
        if number == signal.SIGKILL:
            self.daemon.wait()
            self.daemon = None

    def stop(self, check=True):
        """In order. A leak or another finding of the sanitizers is a non-zero status, and fails the test."""
        self.daemon.terminate()
        try:
            status = self.daemon.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
            status = "it did not stop"
        self.daemon = None
        if check and status != 0:
            raise AssertionError(f"sekishod ended with {status}:\n{self.said()[-4000:]}")
        return status

    # --- the command ---------------------------------------------------------------------------------------------------

    def sekisho(self, *arguments, uid=0, gid=0, groups=(), language="C.UTF-8", standard_input=None, patience=PATIENCE_S):
        """Runs `sekisho` as somebody; returns the finished process with text in stdout and stderr."""
        programs = self.programs_for_all() if uid else self.build
        command = [str(programs / "sekisho"), arguments[0], "--control", self.control,
                   "--configuration", str(self.configuration), "--daemon", str(programs / "sekishod"), *arguments[1:]]
        environment = {**os.environ, "LC_ALL": language, **self.environment}
        who = {"user": uid, "group": gid, "extra_groups": list(groups)} if uid else {}
        return subprocess.run(command, env=environment, capture_output=True, text=True, errors="surrogateescape",
                              timeout=patience, input=standard_input, **who)

    def programs_for_all(self):
        """Copies where any user gets at them: the checkout may lie in root's home."""
        folder = self.root / "bin"
        if not folder.exists():
            folder.mkdir()
            for program in ("sekisho", "sekishod"):
                shutil.copy(self.build / program, folder)
        return folder

    def ask(self, *arguments, **how):
        """The --json answer of a command that must do."""
        done = self.sekisho(*arguments, "--json", **how)
        assert done.returncode == 0, f"sekisho {' '.join(arguments)}: status {done.returncode}: {done.stderr}{done.stdout}"
        return json.loads(done.stdout)

    def request(self, verb, **arguments):
        """Asks the daemon itself, as root: the answer, and the packets behind it. Much cheaper than a command."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.settimeout(PATIENCE_S)
            door.connect(self.control)
            door.send(json.dumps({"verb": verb, "arguments": arguments}).encode())
            answer = json.loads(door.recv(1 << 18))
            assert "error" not in answer, f"{verb}: {answer}"
            return answer, [door.recv(1 << 18) for _ in range(answer.get("packets", 0))]

    def status(self):
        return self.request("status")[0]

    def events(self, *kinds):
        """All events so far, as objects; kinds: only these."""
        events, following = [], 1
        while True:
            answer, packets = self.request("events", **{"from": following})
            events += [json.loads(packet) for packet in packets]
            following = answer["next"]
            if following > answer["last"]:
                return [event for event in events if not kinds or kind_of(event) in kinds]

    def wait_event(self, kind, where=lambda event: True, count=1):
        """The count-th event of that kind that fits."""
        found = wait_for(f"event {kind}", lambda: [e for e in self.events(kind) if where(e)][count - 1:])
        return found[0]

    def talk(self, *packets, uid=0):
        """Sends packets over one connection of control.sock; the first packet of each answer (None: closed), as bytes."""
        program = ("import socket,sys\n"
                   "s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.settimeout(10); s.connect(sys.argv[1])\n"
                   "for packet in sys.argv[2:]:\n"
                   "  try: s.send(bytes.fromhex(packet)); print(s.recv(200000).hex() or 'closed')\n"
                   "  except OSError: print('closed')\n")
        who = {"user": uid, "group": uid, "extra_groups": []} if uid else {}
        done = subprocess.run(["/usr/bin/python3", "-c", program, self.control, *(packet.hex() for packet in packets)],
                              capture_output=True, text=True, check=True, **who)
        return [None if line == "closed" else bytes.fromhex(line) for line in done.stdout.split()]

    def shown(self, plugged, patience=PATIENCE_S):
        """What `sekisho devices` says of a device once it was looked at, and not of one that was at its place before."""
        self.settled()
        return wait_for(f"{plugged.what.name} in sekisho devices", lambda: self.device(plugged), patience)

    def device(self, plugged):
        """The same now, or None."""
        return next((d for d in self.request("devices")[0]["devices"] if d["name"] == plugged.name), None)

    def settled(self):
        """Every event of the bus so far was delivered and worked on: the daemon answers commands after devices."""
        for _ in range(3):  # what it writes makes further events
            wait_for("delivery of udev's events", self.bus.uevents.is_idle)
            self.status()


def kind_of(event):
    return event["unmapped"]["sekisho"]["kind"]


class NotifySocket:
    """What systemd would listen on (sd_notify(3))."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self.socket.bind(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.socket.close()
        os.unlink(self.path)

    def receive(self, patience):
        self.socket.settimeout(patience)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None

    def wait_ready(self, bed):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            message = self.receive(0.2)
            if message and "READY=1" in message.splitlines():
                return message
            if bed.daemon.poll() is not None:
                status, bed.daemon = bed.daemon.returncode, None
                raise AssertionError(f"sekishod ended with {status} before it was ready:\n{bed.said()[-4000:]}")
        raise AssertionError(f"sekishod was not ready within {PATIENCE_S} s:\n{bed.said()[-4000:]}")
