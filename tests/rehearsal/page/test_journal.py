from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from rehearsal.page.journal import Journal
from rehearsal.run_events import (
    ActionOutput,
    AlarmChanged,
    ApprovalRequested,
    ExecutionEnded,
    ExecutionStarted,
    Notice,
    RunEvent,
    StageStarted,
    Status,
    UpStarted,
)


def _execution(number: int) -> RunEvent:
    return ExecutionStarted(execution_id=f"e{number}", pipeline="P", commit="c", trigger="WebhookV2")


def _seqs(journal: Journal) -> list[int]:
    return [entry.seq for entry in journal.after(0, most=10_000)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history" / "events.jsonl"


def test_journal_goes_on_where_the_last_run_ended(file: Path) -> None:
    first = Journal(file)
    first(_execution(1))
    first.close()

    second = Journal(file)
    second(Notice(text="two"))

    assert _seqs(second) == [1, 2]
    assert second.executions() == ["e1"]
    assert second.damaged == 0
    second.close()


def test_journal_keeps_no_output_and_is_its_users_alone(file: Path) -> None:
    journal = Journal(file)

    journal(ActionOutput(execution_id="e1", stage="S", action="A", line="secret"))

    assert file.read_bytes() == b""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    journal.close()


def test_torn_last_line_is_left_out(file: Path) -> None:
    journal = Journal(file)
    journal(_execution(1))
    journal.close()
    with file.open("ab") as opened:
        opened.write(b'{"schema":1,"seq":2,"type":"Noti')

    again = Journal(file)
    again(Notice(text="after"))

    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == [1, 2]
    assert again.damaged == 1
    assert not file.with_name("events.jsonl.damaged").exists()
    again.close()


@pytest.mark.parametrize(
    "damage",
    [
        b"\x00\xff\xfe\n",
        b"[]\n",
        b'{"seq":"x","type":1}\n',
        b'{"seq":1,"type":"Notice"}\n',
        b'{"seq":1e3,"type":"Notice"}\n',
        b'{"seq":true,"type":"Notice"}\n',
        b'{"seq":' + b"9" * 40 + b',"type":"Notice"}\n',
    ],
)
def test_damaged_lines_are_left_out_and_the_file_stays_beside(file: Path, damage: bytes) -> None:
    journal = Journal(file)
    for number in (1, 2):
        journal(_execution(number))
    journal.close()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + damage + lines[1])

    again = Journal(file)

    assert again.executions() == ["e1", "e2"]
    assert again.damaged == 1
    assert damage in file.with_name("events.jsonl.damaged").read_bytes()
    again.close()


def test_oldest_executions_are_forgotten_and_what_is_needed_is_kept(file: Path) -> None:
    journal = Journal(file, most_executions=4)
    journal(UpStarted(project="p", branch="main", run_id="r"))
    journal(AlarmChanged(account="1", alarm="a", old_state="OK", new_state="INSUFFICIENT_DATA"))
    journal(AlarmChanged(account="1", alarm="a", old_state="INSUFFICIENT_DATA", new_state="ALARM"))

    for number in range(1, 6):
        journal(_execution(number))
        journal(StageStarted(execution_id=f"e{number}", stage="S"))
        journal(ExecutionEnded(execution_id=f"e{number}", status=Status.SUCCEEDED))

    assert journal.executions() == ["e3", "e4", "e5"]
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [item["type"] for item in kept[:3]] == ["UpStarted", "AlarmChanged", "ExecutionStarted"]
    assert kept[1]["new_state"] == "ALARM"
    journal.close()


def test_execution_that_still_runs_is_kept_however_many_come_and_go(file: Path) -> None:
    journal = Journal(file, most_executions=4)
    journal(_execution(0))
    journal(UpStarted(project="p", branch="main", run_id="r"))
    journal(_execution(1))
    waits = ApprovalRequested(execution_id="e1", stage="Approve", action="Ask", token="t")
    journal(waits)
    for number in range(2, 20):
        journal(_execution(number))
        journal(ExecutionEnded(execution_id=f"e{number}", status=Status.SUCCEEDED))

    assert journal.executions()[0] == "e1"
    assert [entry.execution_id for entry in journal.of_type("ApprovalRequested", "e1")] == ["e1"]
    assert len(journal.executions()) <= 6
    journal.close()


def test_file_is_bounded_at_whole_events(file: Path) -> None:
    journal = Journal(file, most_bytes=10_000)

    for number in range(200):
        journal(Notice(text=f"{number} {'x' * 400}"))

    assert file.stat().st_size <= 10_000
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == _seqs(journal)
    assert _seqs(journal)[-1] == 200
    journal.close()


def test_half_a_character_ends_no_run(file: Path) -> None:
    journal = Journal(file)

    journal(Notice(text="cut off in the middle: \ud83d"))

    assert json.loads(file.read_text())["text"] == "cut off in the middle: ?"
    journal.close()


def test_file_that_cannot_be_written_anew_is_written_on(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(file, most_executions=2)
    in_the_way = file.with_name("events.jsonl.new")
    in_the_way.mkdir()

    for number in range(1, 5):
        journal(_execution(number))

    assert "cannot be written" in caplog.text
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == [1, 2, 3, 4]
    in_the_way.rmdir()
    for number in range(5, 8):
        journal(_execution(number))
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == _seqs(journal)
    journal.close()


def test_line_that_a_full_disk_has_torn_does_not_tear_the_next(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, write = Journal(file), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:10]))
    journal(Notice(text="torn"))
    monkeypatch.undo()

    journal(Notice(text="whole"))
    journal.close()

    again = Journal(file)
    assert (_seqs(again), again.damaged) == ([2], 1)
    again.close()


def test_what_is_told_after_the_end_is_not_written(file: Path) -> None:
    journal = Journal(file, most_executions=1)
    journal.close()

    for number in (1, 2, 3):
        journal(_execution(number))
    journal.close()

    assert file.read_bytes() == b""
