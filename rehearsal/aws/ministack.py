"""The embedded AWS: one MiniStack process, reachable from this machine only, with every file of it under one folder.

It must not know what the rest of the local cloud adds to it.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from pathlib import Path

from rehearsal.errors import BadInput, EngineError
from rehearsal.machine.guardian import GuardedProcess, Guardian

LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 3.0
_LOG_TAIL_LINES = 20
_PORT_TAKEN = "already in use"


def listen(port: int = 0) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one. `BadInput` where the port is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(1024)
    except OSError as exc:
        listener.close()
        raise BadInput(
            f"Port {port} of {LOOPBACK} cannot be used ({exc.strerror}). "
            "End the program that has it, or let the run choose a free port."
        ) from exc
    return listener


def free_port() -> int:
    """A port that nobody listens on now."""
    with listen() as listener:
        return int(listener.getsockname()[1])


class MiniStack:
    """See the module. `edge_url` is where functions that MiniStack runs itself find AWS."""

    def __init__(self, guardian: Guardian, home: Path, *, root_secret: str, edge_url: str = "", port: int = 0) -> None:
        self._guardian = guardian
        self._home = home
        self._edge_url = edge_url
        self._root_secret = root_secret
        self._is_port_ours_to_choose = port == 0
        self.port = port or free_port()
        self.log_file = home / "ministack.log"
        self._process: GuardedProcess | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, *, deadline_seconds: float = _READY_SECONDS) -> None:
        """Start it and wait until it answers. `EngineError` with the end of its log where it does not."""
        folders = {"TMPDIR": self._home / "tmp", "S3_DATA_DIR": self._home / "s3", "HOME": self._home / "home"}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        self._launch(folders)
        try:
            self._wait_until_ready(deadline_seconds)
        except EngineError as exc:
            if not (self._is_port_ours_to_choose and _PORT_TAKEN in str(exc)):
                raise
            self.port = free_port()  # another program took it in the moment since it was found free
            self._launch(folders)
            self._wait_until_ready(deadline_seconds)

    def _launch(self, folders: dict[str, Path]) -> None:
        with self.log_file.open("wb") as log:
            self._process = self._guardian.popen(
                [sys.executable, "-m", "ministack"],
                env=self._environment(folders),
                cwd=self._home,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        if self._process is not None:
            self._guardian.kill(self._process, grace_seconds=_STOP_SECONDS)

    def _environment(self, folders: dict[str, Path]) -> dict[str, str]:
        ours = {
            "AUTH": "true",
            "AWS_SECRET_ACCESS_KEY": self._root_secret,
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # A socket that is not there: no container is ever started, nor another program's removed.
            "DOCKER_HOST": f"unix://{self._home}/no-docker.sock",
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
            "PATH": os.environ.get("PATH", os.defpath),
            **{name: str(folder) for name, folder in folders.items()},
        }
        return {**ours, "AWS_ENDPOINT_URL": self._edge_url} if self._edge_url else ours

    def _wait_until_ready(self, deadline_seconds: float) -> None:
        assert self._process is not None
        deadline = time.monotonic() + deadline_seconds
        while not self._is_ready():
            if self._process.poll() is not None:
                raise EngineError(self._failure(f"ended with exit code {self._process.returncode}"))
            if time.monotonic() > deadline:
                self.stop()
                raise EngineError(self._failure(f"did not answer on {self.url} within {deadline_seconds:.0f} s"))
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _failure(self, what: str) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join([f"The local AWS (MiniStack) {what}. The end of its log, {self.log_file}:", *lines])
