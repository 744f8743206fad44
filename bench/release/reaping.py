"""Runs a command, and waits for all that it leaves in the background, too: so its processor time counts.

    python reaping.py COMMAND...

It ends as the command did. Linux only. Source: prctl(2), PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> int:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "orphans cannot be adopted")
    started = os.posix_spawnp(command[0], command, os.environ)
    result = 1
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return result
        if pid == started:
            code = os.waitstatus_to_exitcode(status)
            result = code if code >= 0 else 128 - code  # as a shell has it for one that a signal ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
