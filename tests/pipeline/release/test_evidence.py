"""The release manager sees the evidence of the question that is answered, or answers nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.release.errors import NoEvidence
from pipeline.release.evidence import asked_by
from tests.pipeline.evidence.test_page import evidence
from tests.pipeline.executions.fake_codepipeline import lists, lists_actions, stubbed
from tests.pipeline.executions.stories import source_detail, summary
from tests.pipeline.release.evidence_bucket import DIGEST, QUESTION, REGION
from tests.pipeline.release.test_cli import PUT, Releasing

SOMEBODY = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def releasing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Releasing]:
    with Releasing(tmp_path, monkeypatch, capsys) as made:
        yield made


def test_evidence_of_the_open_approval_is_fetched_where_nobody_else_reads_it(
    releasing: Releasing, tmp_path: Path
) -> None:
    releasing.push("c1")
    folder = tmp_path / "kept"

    code, out, _ = releasing.run("evidence", "--to", str(folder))

    assert code == 0
    assert "Evidence:    Nothing that was looked at stands against it." in out
    assert f"Digest:      {DIGEST}" in out
    assert out.endswith(f"The page:    file://{folder}/index.html\n")
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "index.html": 0o600,
        "evidence.json": 0o600,
        "bom.json": 0o600,
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert json.loads((folder / "evidence.json").read_text())["execution_id"] == releasing.ids()[0]
    assert releasing.bucket.regions == [REGION]
    assert releasing.statuses() == ["InProgress"]


def test_evidence_of_a_release_that_is_over_is_fetched(
    releasing: Releasing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    releasing.released("c1", "c2")

    code, out, _ = releasing.run("evidence", "--execution", releasing.ids()[0])

    assert code == 0
    (page,) = tmp_path.glob("evidence-*/index.html")
    assert out.endswith(f"The page:    {page.as_uri()}\n")
    assert page.read_text() == "<p>May I?</p>"
    assert page.parent.stat().st_mode & 0o777 == 0o700


def test_verdict_is_shown_before_the_question(releasing: Releasing) -> None:
    releasing.push("c1")

    _, out, _ = releasing.run("approve", typed="n")

    lines = evidence().verdict
    shown = [row.split(maxsplit=1) for row in out.splitlines()]
    assert lines
    for line in lines:
        assert [str(line.weight), line.text] in shown
    assert out.index(lines[-1].text) < out.index("[y/N]")


def test_what_steers_a_terminal_is_not_printed(releasing: Releasing) -> None:
    releasing.push("c1")
    line = evidence().verdict[0]
    releasing.bucket.changed = {"verdict": [{"weight": line.weight, "text": "\x1b[2JGood", "anchor": "data"}]}

    _, out, _ = releasing.run("approve", typed="n")

    assert "?[2JGood" in out


@pytest.mark.parametrize("words", [(), ("--without-evidence", "I have read it")])
@pytest.mark.parametrize("changed", [{"digest": "f" * 64}, {"execution_id": SOMEBODY}])
def test_evidence_of_something_else_refuses_the_approval_whatever_is_said(
    releasing: Releasing, changed: dict[str, str], words: tuple[str, ...]
) -> None:
    releasing.push("c1")
    releasing.bucket.changed = dict(changed)

    code, _, err = releasing.answer("approve", *words)

    assert code == 1
    assert "The evidence is not what the approval asks about" in err
    assert PUT not in releasing.client.calls


@pytest.mark.parametrize("command", ["approve", "evidence"])
@pytest.mark.parametrize(
    ("refusal", "data", "said"),
    [
        ("AccessDenied", None, "cannot be read: So it is. (AccessDenied)"),
        ("NoSuchBucket", None, "cannot be read: So it is. (NoSuchBucket)"),
        ("", b"no JSON", "no evidence that this version of the command reads (the document: "),
        ("", b'{"schema": 2}', "no evidence that this version of the command reads (schema: "),
    ],
)
def test_evidence_that_cannot_be_read_is_said_and_nothing_is_answered(
    releasing: Releasing, tmp_path: Path, command: str, refusal: str, data: bytes | None, said: str
) -> None:
    releasing.push("c1")
    releasing.bucket.refusal, releasing.bucket.data = refusal, data
    to = tmp_path / "kept"

    code, _, err = releasing.run("evidence", "--to", str(to)) if command == "evidence" else releasing.answer("approve")

    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert PUT not in releasing.client.calls
    assert not to.exists()


def test_approval_without_evidence_says_why_in_its_summary(releasing: Releasing) -> None:
    releasing.push("c1")
    releasing.bucket.refusal = "AccessDenied"

    code, out, _ = releasing.answer("approve", "--reason", "Urgent", "--without-evidence", "The bucket is gone")

    releasing.settle()
    assert code == 0
    assert "Evidence:    none. The evidence s3://" in out
    (answered,) = releasing.answers()
    assert answered.summary == "Urgent. Without evidence: The bucket is gone"
    assert releasing.statuses() == ["Succeeded"]


def test_reason_is_not_needed_where_the_evidence_can_be_read(releasing: Releasing) -> None:
    releasing.push("c1")

    releasing.answer("approve", "--reason", "Read it", "--without-evidence", "In case")

    releasing.settle()
    assert [answered.summary for answered in releasing.answers()] == ["Read it"]


@pytest.mark.parametrize(
    "changed",
    [{"CustomData": "Release it?"}, {"ExternalEntityLink": "https://example.com/evidence"}],
)
def test_approval_of_a_pipeline_that_makes_no_evidence_needs_the_flag(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, str],
) -> None:
    with Releasing(tmp_path, monkeypatch, capsys, {**QUESTION, **changed}) as releasing:
        releasing.push("c1")

        code, _, err = releasing.answer("approve")
        assert code == 2
        assert "names no evidence" in err
        assert "--without-evidence REASON approves all the same" in err

        assert releasing.answer("approve", "--without-evidence", "It makes none")[0] == 0
        releasing.settle()


def test_rejection_needs_no_evidence(releasing: Releasing) -> None:
    releasing.push("c1")
    releasing.bucket.refusal = "AccessDenied"

    assert releasing.answer("reject", "--reason", "No")[0] == 0

    releasing.settle()
    assert releasing.statuses() == ["Failed"]


def test_folder_that_holds_something_is_left_alone(releasing: Releasing, tmp_path: Path) -> None:
    releasing.push("c1")
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "index.html").write_text("mine")

    code, _, err = releasing.run("evidence", "--to", str(folder))

    assert code == 2
    assert "is not empty" in err
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]


def test_folder_that_cannot_be_made_is_said(releasing: Releasing, tmp_path: Path) -> None:
    releasing.push("c1")
    (tmp_path / "file").write_text("")

    code, _, err = releasing.run("evidence", "--to", str(tmp_path / "file"))

    assert code == 2
    assert "cannot be written to" in err


def test_execution_that_is_not_there_is_said(releasing: Releasing) -> None:
    releasing.push("c1")

    code, _, err = releasing.run("evidence", "--execution", SOMEBODY)

    assert code == 2
    assert f"has no execution {SOMEBODY}" in err


def test_no_open_approval_is_said(releasing: Releasing) -> None:
    releasing.released("c1")

    assert releasing.run("evidence") == (
        1,
        "",
        "release: No approval is open. `status` shows where the pipeline is.\n",
    )


def test_execution_that_has_not_asked_yet_has_no_evidence() -> None:
    client, stubber = stubbed()
    began = datetime.now(UTC)
    lists(stubber, [summary("e1", "InProgress", began, began)])
    lists_actions(stubber, "e1", [source_detail("c1", began, began)])

    with pytest.raises(NoEvidence, match="Execution e1 has not asked for an approval"):
        asked_by(client, "cars", "e1")
