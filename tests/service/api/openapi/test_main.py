"""`python -m service.api.openapi`: what breaks the contract is refused, and changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.api.openapi import __main__ as command
from service.api.openapi import document


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The document and the contract, and a code that has lost `DELETE /cars/{car_id}`."""
    found = tmp_path / "document.json", tmp_path / "contract.json"
    for file, name in zip(found, ("DOCUMENT", "CONTRACT"), strict=True):
        file.write_text(document.text())
        monkeypatch.setattr(command, name, file)
    less = document.document()
    del less["paths"]["/cars/{car_id}"]["delete"]
    monkeypatch.setattr(document, "text", lambda: json.dumps(less))
    return found


def test_break_is_refused_and_changes_nothing(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [file.read_text() for file in files]
    monkeypatch.setattr("sys.argv", ["openapi"])

    assert command.main() == 1

    assert [file.read_text() for file in files] == before
    assert "delete" in capsys.readouterr().err.lower()


def test_break_that_is_meant_is_the_new_contract(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["openapi", "--accept-breaking-changes"])

    assert command.main() == 0

    assert [file.read_text() for file in files] == [document.text()] * 2
