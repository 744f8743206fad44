from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rehearsal.page.action_logs import ActionLogs, ActionPath
from rehearsal.run_events import ActionEnded, ActionOutput, ActionStarted, ExecutionEnded, Status

PATH = ActionPath("e1", "Build", "Synth")
STARTED = ActionStarted(execution_id="e1", stage="Build", action="Synth", provider="CodeBuild")
ENDED = ActionEnded(
    execution_id="e1", stage="Build", action="Synth", provider="CodeBuild", status=Status.SUCCEEDED, seconds=1.0
)


def _says(line: str) -> ActionOutput:
    return ActionOutput(execution_id="e1", stage="Build", action="Synth", line=line)


@pytest.fixture
def logs(tmp_path: Path) -> ActionLogs:
    return ActionLogs(tmp_path / "logs")


def test_log_is_read_from_any_byte_while_it_grows(logs: ActionLogs) -> None:
    logs(STARTED)
    logs(_says("one"))
    first = logs.read(PATH, 0)
    logs(_says("two"))
    second = logs.read(PATH, first.next)
    logs(ENDED)

    assert (first.text, first.is_ended) == ("one\n", False)
    assert (second.text, second.next) == ("two\n", 8)
    assert logs.read(PATH, 8).is_ended


def test_piece_ends_with_a_whole_character(logs: ActionLogs) -> None:
    logs(STARTED)
    logs(_says("aé€😀z"))
    whole = "aé€😀z\n".encode()

    for most in range(4, len(whole) + 1):
        text, start = "", 0
        while (piece := logs.read(PATH, start, most=most)).text:
            assert "\N{REPLACEMENT CHARACTER}" not in piece.text
            text, start = text + piece.text, piece.next
        assert text.encode() == whole


def test_retry_goes_on_in_the_same_file(logs: ActionLogs) -> None:
    for event in (STARTED, _says("one"), ENDED, STARTED, _says("two"), ENDED):
        logs(event)

    assert logs.read(PATH, 0).text == "one\ntwo\n"


def test_log_is_bounded_and_says_so(tmp_path: Path) -> None:
    logs = ActionLogs(tmp_path, most_bytes=100)
    logs(STARTED)

    for number in range(50):
        logs(_says(f"line {number}"))

    text = logs.read(PATH, 0).text
    assert text.endswith("It is whole among the logs of the run.\n")
    assert len(text.encode()) < 250


def test_what_ends_an_execution_ends_its_logs(logs: ActionLogs) -> None:
    logs(STARTED)
    logs(ExecutionEnded(execution_id="e1", status=Status.ERRORED))

    assert logs.read(PATH, 0).is_ended


def test_logs_of_forgotten_executions_go(logs: ActionLogs, tmp_path: Path) -> None:
    logs(STARTED)
    logs(_says("one"))
    logs(ENDED)

    logs.keep_only(["e2"])

    assert list((tmp_path / "logs").iterdir()) == []


def test_logs_of_all_executions_are_bounded_and_the_oldest_go(logs: ActionLogs, tmp_path: Path) -> None:
    for execution in ("e1", "e2", "e3"):
        logs(ActionStarted(execution_id=execution, stage="Build", action="Synth", provider="CodeBuild"))
        logs(ActionOutput(execution_id=execution, stage="Build", action="Synth", line="x" * 99))

    logs.keep_only(["e1", "e2", "e3"], most_bytes=250)

    assert sorted(folder.name for folder in (tmp_path / "logs").iterdir()) == ["e2", "e3"]


def test_logs_are_their_users_alone(logs: ActionLogs, tmp_path: Path) -> None:
    logs(STARTED)

    (file,) = (tmp_path / "logs").rglob("*.log")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "names", [("..", "Build", "Synth"), ("e1", "a/b", "Synth"), ("e1", "Build", ""), ("e 1", "B", "S")]
)
def test_path_that_leads_elsewhere_is_none(names: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="There is no action"):
        ActionPath(*names)
