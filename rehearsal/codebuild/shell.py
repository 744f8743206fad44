r"""The one shell of a build: a command goes in, its output comes out line by line, and then its exit code.

Variables, functions, options and the working directory stay from command to command. A command that ends the shell
itself (`exit`, a syntax error, a failure after `set -e`) ends only its own turn: the next one gets a new shell with the
environment and folder of the old. It must not know phases, and no line is lost: output and exit codes come through
one pipe, in order.
"""

from __future__ import annotations

import os
import re
import selectors
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from rehearsal.codebuild.last_words import LastWords

_POLL_SECONDS = 0.1
_LEFT_BEHIND_SECONDS = 2.0

# Descriptor 8 brings the next command's file, 9 takes its exit code; commands see neither. What a command sets is
# exported: AWS's pages do not say it, but CDK's own ConfirmPermissionsBroadening, whose build sets ARN in one command
# and reads it with Node.js in the next, would always fail on AWS if it were not.
_DRIVER = r"""
codebuild_keep_state() {{
  {dump}
}}
exec 8<&0 9>&1 </dev/null
trap 'codebuild_keep_state 8<&- 9>&-' EXIT
while IFS= read -r CODEBUILD_NEXT_COMMAND <&8; do
  set -a
  . "$CODEBUILD_NEXT_COMMAND" </dev/null 8<&- 9>&-
  printf '\036%s %s\n' {token} "$?" >&9
  set +a
done
"""
_DUMP = r"""
import os, sys
with open(sys.argv[1], "wb") as file:
    file.write(b"\0".join([os.getcwdb(), *(name + b"=" + value for name, value in os.environb.items())]))
"""


class StartProcess(Protocol):
    """`subprocess.Popen`, or the guardian's."""

    def __call__(self, args: list[str], **options: Any) -> subprocess.Popen[bytes]: ...


class BuildShell:
    """`watch` is called several times a second while a command runs; what it raises ends the command and the shell.

    `folder` is an empty folder for the shell's own files.
    """

    def __init__(
        self,
        *,
        program: str,
        folder: Path,
        cwd: Path,
        environment: Mapping[str, str],
        start: StartProcess,
        on_line: Callable[[str], None],
        watch: Callable[[], None],
        has_subshells: bool = False,
    ) -> None:
        self._program, self._folder, self._cwd = program, folder, cwd
        self._environment = dict(environment)
        self._start, self._on_line, self._watch = start, on_line, watch
        self._has_subshells = has_subshells
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = b""
        self._exit_codes: list[int] = []
        self._last_words = LastWords()
        self._count = 0
        token = uuid.uuid4().hex
        self._mark = re.compile(rb"\x1e" + token.encode() + rb" (\d+)$")
        self._state = folder / "state"
        dump = shlex.join([sys.executable, "-I", "-S", str(folder / "dump.py"), str(self._state)])
        (folder / "dump.py").write_text(_DUMP)
        (folder / "driver.sh").write_text(_DRIVER.format(dump=dump, token=token))

    @property
    def last_line(self) -> str:
        """What tells most of why the last command failed."""
        return self._last_words.line

    @property
    def failing_tests(self) -> str:
        """Which tests of the last command failed, in words; "" when it told of none."""
        return self._last_words.failing_tests.words

    def run(self, command: str) -> int:
        """The command's exit code; 128 + n when signal n ended the shell."""
        return self._run(f"(\n{command}\n)" if self._has_subshells else command)

    def export(self, name: str, value: str) -> None:
        """Set a variable for all commands to come, though each ran in a subshell."""
        self._run(f"export {name}={shlex.quote(value)}")

    def _run(self, script_text: str) -> int:
        process = self._process or self._start_shell()
        self._last_words = LastWords()
        self._count += 1
        script = self._folder / f"command-{self._count}.sh"
        script.write_text(f"{script_text}\n")
        assert process.stdin is not None
        try:
            process.stdin.write(f"{script}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            return self._after_end(process)  # something killed the shell between two commands
        while self._read(process):
            if self._exit_codes:
                return self._exit_codes.pop()
        return self._after_end(process)

    def environment(self) -> dict[str, str]:
        """The exported variables as they are now."""
        self._state.unlink(missing_ok=True)
        self.run("codebuild_keep_state")
        self._take_state()
        return dict(self._environment)

    def close(self) -> None:
        """End the shell and all that its commands left running."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def _start_shell(self) -> subprocess.Popen[bytes]:
        self._state.unlink(missing_ok=True)
        self._process = self._start(
            [self._program, str(self._folder / "driver.sh")],
            cwd=self._cwd,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return self._process

    def _read(self, process: subprocess.Popen[bytes]) -> bool:
        """Read what there is; False when the shell has ended."""
        try:
            self._watch()
        except BaseException:
            self.close()
            raise
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if selector.select(_POLL_SECONDS):
                data = os.read(process.stdout.fileno(), 65536)
                self._feed(data)
                return bool(data)
        return process.poll() is None

    def _feed(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            found = self._mark.search(line)
            if found is None:
                self._emit(line)
                continue
            self._exit_codes.append(int(found.group(1)))
            if found.start() > 0:  # the command's last line had no line end
                self._emit(line[: found.start()])

    def _emit(self, line: bytes) -> None:
        """A line; a progress bar's carriage returns make lines too."""
        for part in line.rstrip(b"\r").split(b"\r"):
            text = part.decode("utf-8", "replace")
            self._last_words.hear(text)
            self._on_line(text)

    def _after_end(self, process: subprocess.Popen[bytes]) -> int:
        """The shell has ended with its command: read the rest, and keep its environment for the next shell."""
        code = process.wait()
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + _LEFT_BEHIND_SECONDS
        while time.monotonic() < deadline:
            data = process.stdout.read(65536)
            if data == b"":
                break
            if data:
                self._feed(data)
            else:
                time.sleep(0.01)
        if self._buffer:
            self._emit(self._buffer)
            self._buffer = b""
        self.close()
        self._take_state()
        return code if code >= 0 else 128 - code

    def _take_state(self) -> None:
        if not self._state.exists():
            return
        folder, *variables = self._state.read_bytes().split(b"\0")
        if Path(os.fsdecode(folder)).is_dir():
            self._cwd = Path(os.fsdecode(folder))
        self._environment = dict(os.fsdecode(variable).split("=", 1) for variable in variables)
