"""QEMU's monitor protocol."""

import json
import socket
import time


# Time-outs are written for a machine that has nothing else to do, and multiplied by this: they end what hangs, they judge nothing.
PATIENCE = 4


class Failed(Exception):
    """A command in the guest did not do what the case needs."""


class Qmp:
    """QEMU's monitor: one command at a time, events are thrown away."""

    def __init__(self, path):
        self._socket = connect(path, 20)
        self._stream = self._socket.makefile("rwb")
        self._stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, execute, **arguments):
        request = {"execute": execute, "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}
        self._stream.write(json.dumps(request).encode() + b"\n")
        self._stream.flush()
        while True:
            answer = json.loads(self._stream.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Failed(f"QMP {execute} {arguments}: {answer['error']['desc']}")

    def close(self):
        self._socket.close()


def connect(path, timeout):
    end = time.monotonic() + timeout
    while True:
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(path))
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
