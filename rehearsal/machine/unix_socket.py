"""HTTP over sockets in the run's own folder, which nobody but this user may enter. It must not know what is said."""

from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path

from rehearsal.errors import BadInput

_LONGEST = 100  # bytes: macOS takes 103, Linux 107


class UnixConnection(http.client.HTTPConnection):
    """A connection of the standard library's client to a socket."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def socket_path(folder: Path, name: str) -> Path:
    """Where a socket goes in the folder. `BadInput` where the system takes no such long address."""
    path = folder / name
    if (length := len(os.fsencode(path))) > _LONGEST:
        raise BadInput(
            f"{path} is too long for the address of a socket: {length} bytes, and {_LONGEST} are allowed. "
            "Set TMPDIR to a folder with a shorter name, then run again."
        )
    return path
