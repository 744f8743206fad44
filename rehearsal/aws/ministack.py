"""The embedded AWS: one MiniStack process behind a socket in a folder that only this user may enter.

Nobody but the run reaches it: to the emulator, whoever does not sign owns everything. Every file of it is under one
folder. It must not know what the rest of the local cloud adds to it.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rehearsal.errors import BadInput, EngineError
from rehearsal.machine.guardian import GuardedProcess, Guardian
from rehearsal.machine.unix_socket import UnixConnection, socket_path

LOOPBACK = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 3.0
_LOG_TAIL_LINES = 20
_OWNER_ONLY = 0o600
# MiniStack brings Hypercorn, whose parser takes as long for a request as all that is then done for it.
_SERVER = (
    *("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--lifespan", "on", "--timeout-keep-alive", "75"),
    *("--no-server-header", "--no-date-header", "--no-access-log", "--log-level", "warning"),
)


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


class MiniStack:
    """See the module. `edge_port` is where AWS answers: addresses that MiniStack hands out lead there.

    `root_secret` is the secret key of every account's root; `variables` are added to its environment, which functions
    that MiniStack runs itself inherit. `BadInput` where the folder's name is too long for a socket.
    """

    def __init__(
        self,
        guardian: Guardian,
        home: Path,
        *,
        root_secret: str,
        edge_port: int,
        variables: Mapping[str, str],
        log_file: Path | None = None,
    ) -> None:
        self._guardian = guardian
        self._home = home
        self._root_secret = root_secret
        self._edge_port = edge_port
        self._variables = variables
        self.socket = socket_path(home, "aws.sock")
        self.log_file = log_file or home / "ministack.log"
        self._process: GuardedProcess | None = None

    def start(self, *, deadline_seconds: float = _READY_SECONDS) -> None:
        """Start it and wait until it answers. `EngineError` with the end of its log where it does not."""
        folders = {"TMPDIR": "tmp", "S3_DATA_DIR": "s3", "HOME": "home", "STATE_DIR": "state"}
        for folder in folders.values():
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        arguments = ["ministack.app:app", "--uds", str(self.socket), *_SERVER]
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("wb") as log:
            self._process = self._guardian.popen(
                [sys.executable, "-m", "uvicorn", *arguments],
                env=self._environment({name: str(self._home / folder) for name, folder in folders.items()}),
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        self._wait_until_ready(deadline_seconds)
        self.socket.chmod(_OWNER_ONLY)  # the server opens it to all; the folder, which nobody else enters, comes first

    def stop(self) -> None:
        if self._process is not None:
            self._guardian.kill(self._process, grace_seconds=_STOP_SECONDS)

    def wait(self) -> str:
        """Waits until MiniStack has ended: how, with the end of its log."""
        assert self._process is not None
        code = self._process.wait()
        how = f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        return self._failure(f"has ended in the middle of the run ({how})")

    def _environment(self, folders: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            **self._variables,
            **folders,
            "AUTH": "true",
            "AWS_SECRET_ACCESS_KEY": self._root_secret,
            "GATEWAY_PORT": str(self._edge_port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # A socket that is not there: no container is ever started, nor another program's removed.
            "DOCKER_HOST": f"unix://{self._home}/no-docker.sock",
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }

    def _wait_until_ready(self, deadline_seconds: float) -> None:
        assert self._process is not None
        deadline = time.monotonic() + deadline_seconds
        while not self.is_answering():
            if self._process.poll() is not None:
                raise EngineError(self._failure(f"ended with exit code {self._process.returncode}"))
            if time.monotonic() > deadline:
                self.stop()
                raise EngineError(self._failure(f"did not answer within {deadline_seconds:.0f} s"))
            time.sleep(0.05)

    def is_answering(self) -> bool:
        """Whether it does, now."""
        try:
            return self.get("/_ministack/ready")[0] == http.client.OK
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one of MiniStack's own pages. Raises OSError where it does not answer."""
        connection = UnixConnection(self.socket, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as exc:
            raise ConnectionError(str(exc)) from exc
        finally:
            connection.close()

    def _failure(self, what: str) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        log = f"The end of its log, {self.log_file}:" if lines else f"Its log is empty: {self.log_file}"
        return "\n".join([f"The local AWS (MiniStack) {what}. {log}", *lines])
