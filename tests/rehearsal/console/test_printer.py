"""What is told of a run between two events, and whoever reads it may stop to: the run goes on."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from rehearsal.console.printer import Printer
from rehearsal.run_events import (
    ActionOutput,
    ActionStarted,
    AlarmChanged,
    BuildCommandStarted,
    BuildPhaseStarted,
    StageEnded,
    Status,
)
from tests.rehearsal.console.pseudo_terminal import ROOT, PseudoTerminal

SAYS_A_LOT = """
import sys
from rehearsal.console.printer import Printer
printer = Printer()
for number in range(10_000):
    printer.say(f"line {number}")
sys.exit(7)
"""


STARTED = ActionStarted(execution_id="e", stage="Build", action="Synth", provider="CodeBuild")
COMMAND = BuildCommandStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD", command="npx cdk synth")
ON_A_TERMINAL = """
import pathlib, time
from rehearsal.console.printer import Printer
from rehearsal.run_events import *
with Printer() as printer:
    printer(ActionStarted(execution_id="e", stage="Build", action="Synth", provider="CodeBuild"))
    command = "npx cdk synth " + "-" * 200
    printer(BuildCommandStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD", command=command))
    printer(ActionOutput(execution_id="e", stage="Build", action="Synth", line="Bundling"))
    while not pathlib.Path({file!r}).exists():
        time.sleep(0.01)
    printer(ActionOutput(execution_id="e", stage="Build", action="Synth", line="Bundled"))
    printer(ActionEnded(
        execution_id="e", stage="Build", action="Synth", provider="CodeBuild", status=Status.SUCCEEDED, seconds=3
    ))
"""


def test_terminal_shows_what_runs_as_long_as_it_runs(tmp_path: Path) -> None:
    script = ON_A_TERMINAL.format(file=str(tmp_path / "bundled"))
    with PseudoTerminal(script, columns=60) as terminal:
        running = terminal.until(lambda screen: screen[-1:] == ["      Bundling"])
        (tmp_path / "bundled").touch()
        assert terminal.exit_code() == 0

    assert running[0] == " 0:00    • Synth (CodeBuild) …"
    assert running[1].startswith("  ⋯ Build/Synth ")
    assert running[1].endswith("s BUILD: npx cdk synth ------------------…")
    assert len(running[1]) == 60
    assert [row[7:] for row in terminal.screen] == ["  • Synth (CodeBuild) …", "  ✔ Synth (3 s)"]


def test_pipe_gets_a_line_now_and_then_of_what_runs() -> None:
    # given
    stream = io.StringIO()
    with Printer(stream, heartbeat_seconds=0.05) as printer:
        printer(STARTED)
        printer(BuildPhaseStarted(execution_id="e", stage="Build", action="Synth", phase="BUILD"))
        printer(COMMAND)
        printer(ActionOutput(execution_id="e", stage="Build", action="Synth", line="Bundling"))
        # when
        deadline = time.monotonic() + 10
        while stream.getvalue().count("Bundling") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    # then
    assert stream.getvalue().splitlines()[1] == " 0:00      … Build/Synth 0 s BUILD: npx cdk synth | Bundling"
    assert stream.getvalue().count("Bundling") >= 2
    assert "\x1b" not in stream.getvalue()


def test_nothing_of_the_printer_goes_on_when_it_is_left() -> None:
    stream = io.StringIO()
    with Printer(stream, heartbeat_seconds=0.01) as printer:
        printer(STARTED)
        assert "printer" in {thread.name for thread in threading.enumerate()}

    assert "printer" not in {thread.name for thread in threading.enumerate()}


def test_verbose_printer_prints_every_line_with_its_action() -> None:
    stream = io.StringIO()
    printer = Printer(stream, is_verbose=True)

    printer(STARTED)
    printer(ActionOutput(execution_id="e", stage="Build", action="Synth", line="one\n"))
    printer(ActionOutput(execution_id="e", stage="Build", action="Synth", line="two"))

    assert stream.getvalue().splitlines()[1:] == [" 0:00      Synth │ one", " 0:00      Synth │ two"]


def test_printer_that_hears_no_more_prints_what_the_command_says_alone() -> None:
    stream = io.StringIO()
    printer = Printer(stream)

    printer.hear_no_more()
    printer(STARTED)
    printer.say("Ended.")

    assert stream.getvalue() == "Ended.\n"


def test_collected_alarms_are_said_when_the_stage_ends_or_the_printer_is_left() -> None:
    stream = io.StringIO()
    with Printer(stream) as printer:
        for number in range(5):
            printer(AlarmChanged(account="1", alarm=str(number), old_state="INSUFFICIENT_DATA", new_state="OK"))
        assert stream.getvalue() == ""
        printer(StageEnded(execution_id="e", stage="Prod", status=Status.SUCCEEDED, seconds=2))
        printer(AlarmChanged(account="1", alarm="late", old_state="INSUFFICIENT_DATA", new_state="OK"))

    assert [line[7:].strip() for line in stream.getvalue().splitlines()] == [
        "5 new alarms are OK",
        "✔ Prod Succeeded (2 s)",
        "1 new alarm is OK: late",
    ]


def test_question_is_a_line_of_its_own_when_the_output_is_no_terminal() -> None:
    stream = io.StringIO()
    printer = Printer(stream)

    for typed in ("", "y"):
        printer.ask("Approve Prod/Go? [y/n] ", typed)

    assert stream.getvalue() == "Approve Prod/Go? [y/n]\n"


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
