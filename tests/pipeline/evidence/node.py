"""The program that compares templates, started once for all tests of a process: loading AWS's library takes longer than
any of them."""

from __future__ import annotations

import atexit
import subprocess

from pipeline.evidence.runtime.changes import DIFF


class _Node:
    def __init__(self) -> None:
        self._program: subprocess.Popen[str] | None = None

    def __call__(self, asked: str) -> str:
        if self._program is None:
            self._program = subprocess.Popen(
                ["node", str(DIFF)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            atexit.register(self._end, self._program)
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(f"{asked}\n")
        self._program.stdin.flush()
        return self._program.stdout.readline()

    @staticmethod
    def _end(program: subprocess.Popen[str]) -> None:
        program.communicate()


node = _Node()
