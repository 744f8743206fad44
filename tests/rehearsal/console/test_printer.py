"""Whoever reads the progress may stop to: the run goes on."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.synthesis import ROOT

SAYS_A_LOT = """
import sys
from rehearsal.console.printer import Printer
printer = Printer()
for number in range(10_000):
    printer.say(f"line {number}")
sys.exit(7)
"""


def test_closed_pipe_silences_the_printer_and_changes_no_exit_code() -> None:
    # given a reader that takes one line and closes the pipe
    reading, writing = os.pipe()
    speaker = subprocess.Popen(
        [sys.executable, "-c", SAYS_A_LOT], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.readline() == "line 0\n"
    # when
    _, errors = speaker.communicate(timeout=60)
    # then
    assert (speaker.returncode, errors) == (7, "")
