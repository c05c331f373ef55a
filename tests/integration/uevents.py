"""Messages of udev's monitor, from the emulated bus to the daemon."""
import socket
import struct
import threading
from collections import deque


class UeventQueue:
    """udev's monitor messages to whoever listens, in order; a listener that sleeps finds them when it wakes.
    umockdev's library makes each netlink socket of the daemon a Unix socket named event<N> in the bed's root."""

    def __init__(self, root):
        self.root, self.queue, self.sequence = root, deque(), 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(0.05)
        self.some, self.open = threading.Condition(), True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def send(self, properties):
        with self.some:
            self.sequence += 1
            message = monitor_message({**properties, "SEQNUM": str(self.sequence)})
            for listener in self.root.glob("event[0-9]*"):
                self.queue.append((str(listener), message))
            self.some.notify()

    def _run(self):
        while True:
            with self.some:
                self.some.wait_for(lambda: self.queue or not self.open)
                if not self.open:
                    return
                listener, message = self.queue[0]
            self._deliver(listener, message)
            with self.some:
                self.queue.popleft()

    def is_idle(self):
        with self.some:
            return not self.queue

    def _deliver(self, listener, message):
        while self.open:
            try:
                self.socket.sendto(message, listener)
                return
            except (TimeoutError, BlockingIOError):
                continue  # its queue is full: it sleeps, or is busy
            except OSError:
                return  # it is gone

    def close(self):
        with self.some:
            self.open = False
            self.some.notify()
        self.thread.join()
        self.socket.close()


def monitor_message(properties):
    """A message as systemd's sd-device monitor expects it: its header, then NUL-terminated properties."""
    body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in properties.items())
    header = struct.pack("=8s", b"libudev") + struct.pack(">I", 0xFEEDCAFE) + struct.pack("=III", 40, 40, len(body))
    hashes = (murmur2(properties["SUBSYSTEM"].encode()), murmur2(properties["DEVTYPE"].encode()), 0, 0)
    return header + struct.pack(">IIII", *hashes) + body


def murmur2(data):
    """MurmurHash2 with seed 0, which the monitors' socket filters compare (Appleby's public-domain function)."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    value = len(data) & mask
    for at in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        value = (value * m & mask) ^ ((k ^ k >> 24) * m & mask)
    tail = data[len(data) - len(data) % 4:]
    if tail:
        value = (value ^ int.from_bytes(tail, "little")) * m & mask
    value = (value ^ value >> 13) * m & mask
    return value ^ value >> 15
