"""A virtual machine with real USB hot-plug: QEMU, its console, its monitor (QMP), a channel for commands, the kernel's record."""

import contextlib
import itertools
import os
import pathlib
import signal
import subprocess
import threading
import time

from qmp import PATIENCE, Failed, Qmp, connect
from record import Record

USER = 1000
KERNEL_ARGUMENTS = (
    "root=/dev/vda rw console=ttyS0 quiet loglevel=4 log_buf_len=8M mitigations=off no_timer_check "
    "audit=0 apparmor=0 systemd.show_status=no systemd.mask=modprobe@drm.service systemd.mask=modprobe@loop.service "
    "systemd.mask=modprobe@efi_pstore.service systemd.mask=modprobe@dm_mod.service rdinit=/vm-recorder"
)


class Commands:
    """The runner's other end: commands side by side, each with its own answer."""

    def __init__(self, path):
        self._socket = connect(path, 20)
        self._numbers = itertools.count(1)
        self._answers, self._changed = {}, threading.Condition()
        self.ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        rest = b""
        while True:
            try:
                fresh = self._socket.recv(1 << 20)
            except OSError:
                return
            if not fresh:
                return
            *lines, rest = (rest + fresh).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line):
        number, _, answer = line.decode("ascii", "replace").partition(" ")
        if number == "ready":
            self.ready.set()
            return
        status, _, output = answer.partition(" ")
        with self._changed:
            self._answers[number] = int(status), bytes.fromhex(output)
            self._changed.notify_all()

    def begin(self, text, uid=0):
        number = str(next(self._numbers))
        self._socket.sendall(f"{number} {uid} {text.encode().hex()}\n".encode())
        return number

    def finish(self, number, timeout):
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._answers, PATIENCE * timeout):
                raise TimeoutError(f"a command in the guest did not end within {PATIENCE * timeout} s")
            return self._answers.pop(number)

    def close(self):
        self._socket.close()


class Machine:
    """One guest. `with Machine(image, directory) as machine:` boots it and ends it; what it wrote stays in its disk's layer, and
    Machine(..., disk=machine.disk) boots that again."""

    def __init__(self, image, directory, disk=None, memory_mib=1024, arguments="", devices=(), boot_devices=()):
        """devices: QEMU's own words, appended. boot_devices: from device.py, plugged before the machine is switched on."""
        self.image, self.directory = image, pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.disk = pathlib.Path(disk) if disk else self._layer()
        self._memory, self._arguments, self._devices = memory_mib, arguments, list(devices)
        self._boot_devices = list(boot_devices)
        self.console = self.directory / "console.log"
        self.process = self.qmp = self.commands = self.record = None

    def _layer(self):
        layer = self.directory / "disk.qcow2"
        layer.unlink(missing_ok=True)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(self.image.disk.resolve()), str(layer)],
                       check=True)
        return layer

    def _command(self):
        return [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "pc,usb=off", "-accel", "tcg,thread=multi",
            "-smp", "2", "-m", str(self._memory), "-display", "none", "-S",
            "-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd),
            "-append", f"{KERNEL_ARGUMENTS} {self._arguments}",
            "-drive", f"file={self.disk},if=none,id=root,format=qcow2,cache=writeback",
            "-device", "virtio-blk-pci,drive=root", "-device", "virtio-rng-pci",
            "-serial", f"file:{self.console}", "-qmp", f"unix:{self.directory}/qmp,server=on,wait=off",
            "-device", "virtio-serial-pci,max_ports=4",
            "-chardev", f"file,id=record,path={self.directory}/record",
            "-device", "virtserialport,chardev=record,name=vm.record,nr=1",
            "-chardev", f"socket,id=command,path={self.directory}/command,server=on,wait=off",
            "-device", "virtserialport,chardev=command,name=vm.command,nr=2",
            "-device", "qemu-xhci,id=usb,p2=15,p3=15", *self._devices,
        ]

    # --- life --------------------------------------------------------------------------------------------------------------

    def start(self):
        """Switches on; does not wait for anything of the guest."""
        for name in ("qmp", "command", "record"):
            (self.directory / name).unlink(missing_ok=True)
        output = open(self.directory / "qemu.log", "wb")
        self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        output.close()
        try:
            self.qmp = Qmp(self.directory / "qmp")
        except OSError as error:
            raise Failed(f"QEMU did not start: {(self.directory / 'qemu.log').read_text()}") from error
        self.commands = Commands(self.directory / "command")
        self.record = Record(self.directory / "record")
        self.plugged = []
        for device in self._boot_devices:
            self.plug(device)
        self.qmp.ask("cont")
        self.switched_on = time.monotonic()

    def boot(self, timeout=150):
        """Switches on and waits until the guest takes commands and systemd has come to its end."""
        self.start()
        self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=150):
        if not self.commands.ready.wait(PATIENCE * timeout):
            raise TimeoutError(f"the guest takes no commands after {PATIENCE * timeout} s\n{self.tail()}")
        self.run("systemctl is-system-running --wait >/dev/null; true", timeout=timeout)
        self.boot_seconds = time.monotonic() - self.switched_on

    def kill(self):
        """The power cut: QEMU is gone at once, with whatever the guest had not flushed to its disk."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        self._hang_up()

    def power_off(self, meanwhile=None, rounds=0, timeout=90):
        """An orderly shutdown. meanwhile(round): called twice a second, so many times, as long as the machine is there."""
        self.commands.begin("systemctl poweroff")
        for number in range(rounds):
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError, ValueError):  # it may go off at any instant
                meanwhile(number)
            time.sleep(0.5)
        try:
            self.process.wait(PATIENCE * timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"the guest did not shut down\n{self.tail()}") from None
        self._hang_up()

    def reboot(self, timeout=150):
        """Orderly down, and up again from the same disk; the record begins anew."""
        self.power_off()
        self.boot(timeout)

    def _hang_up(self):
        for part in (self.qmp, self.commands):
            if part:
                part.close()
        self.process = self.qmp = self.commands = None

    def __enter__(self):
        return self if self.process else self.boot()

    def __exit__(self, *_):
        self.kill()

    # --- commands ----------------------------------------------------------------------------------------------------------

    def attempt(self, text, uid=0, timeout=60):
        """(status, output) of a shell line in the guest."""
        status, output = self.commands.finish(self.commands.begin(text, uid), timeout)
        return status, output.decode("utf-8", "surrogateescape")

    def run(self, text, uid=0, timeout=60):
        """The output of a shell line that must succeed."""
        status, output = self.attempt(text, uid, timeout)
        if status != 0:
            raise Failed(f"in the guest: {text}\nexit {status}: {output[-3000:]}")
        return output

    def push(self, source, target, mode="0644"):
        """A small file from here into the guest."""
        content = pathlib.Path(source).read_bytes() if isinstance(source, (str, os.PathLike)) else source
        target = str(target)
        self.run(f"mkdir -p $(dirname {target}); : > {target}; chmod {mode} {target}")
        for at in range(0, len(content), 48 * 1024):
            octal = "".join("\\%03o" % byte for byte in content[at:at + 48 * 1024])
            for part in range(0, len(octal), 64 * 1024):
                self.run(f"printf '{octal[part:part + 64 * 1024]}' >> {target}")

    def wait_until(self, text, timeout=30, uid=0, pause=0.2):
        """Until a shell line succeeds in the guest; its output."""
        end = time.monotonic() + PATIENCE * timeout
        while True:
            status, output = self.attempt(text, uid, timeout)
            if status == 0:
                return output
            if time.monotonic() > end:
                raise TimeoutError(f"not within {PATIENCE * timeout} s: {text}\n{output[-2000:]}")
            time.sleep(pause)

    def tail(self, lines=60):
        """The end of what the guest said, for a failed case."""
        if self.record and (log := self.record.log_since()):
            return "\n".join(log[-lines:])
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:]) if self.console.exists() else "(nothing)"

    # --- USB ---------------------------------------------------------------------------------------------------------------

    def plug(self, device):
        """Plugs a device of device.py; returns at once."""
        self.plugged.append(device)
        device.plug(self.qmp)

    def unplug(self, device):
        device.unplug(self.qmp)
        self.plugged.remove(device)

    def unplug_all(self):
        """What a failed case has left behind."""
        for device in reversed(list(self.plugged)):
            with contextlib.suppress(Failed):
                device.unplug(self.qmp)
        self.plugged.clear()
