from __future__ import annotations

from pathlib import Path

from tests.rehearsal.aws.journal import entries


def test_entries_leaves_out_a_line_that_is_still_being_written(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    before = entries(journal)
    journal.write_text('{"a": 1}\n{"b": "unfin')

    during = entries(journal)

    assert before == []
    assert during == [{"a": 1}]
